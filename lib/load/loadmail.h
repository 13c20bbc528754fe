/*
 * loadmail: the messages that smtp-load sends.
 *
 * A message is a head, made anew for each, and a text that is made once and
 * shared.  The head holds the number of the message, by which it is known
 * again in a Maildir.  There are several texts, used in turn, so that nobody
 * gets the same one every time.
 */
#ifndef LOAD_LOADMAIL_H
#define LOAD_LOADMAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define LOADMAIL_TEXTS_MAX 64           /* files, or texts made */
#define LOADMAIL_SIZE_MAX (64ULL << 20) /* of a message */
#define LOADMAIL_HEAD_SIZE 160          /* enough for any head, with the NUL */
#define LOADMAIL_RUN_SIZE 24            /* of the name of a run, with the NUL */

struct loadmail {
	char run[LOADMAIL_RUN_SIZE]; /* tells our messages from older ones */
	bool generated;              /* else from files */
	size_t texts;
	struct {
		struct buf wire; /* as client_wire makes it */
		uint64_t size;   /* of the whole message, not stuffed */
		bool eightbit;
	} text[LOADMAIL_TEXTS_MAX];
};

void loadmail_init(struct loadmail *mail);
void loadmail_free(struct loadmail *mail);

/* Makes texts so that each message has exactly size octets.  The same size
 * gives the same words.  -1 if the header alone is longer. */
int loadmail_generate(struct loadmail *mail, uint64_t size, const char *sender,
    const char *recipient);

/* Takes a file as the next text.  0, or -1 with errno (EMSGSIZE: too large;
 * E2BIG: too many). */
int loadmail_file(struct loadmail *mail, const char *path);

/* Writes the head of a message, with its CRLFs.  Returns its length. */
size_t loadmail_head(const struct loadmail *mail, uint64_t serial,
    char head[LOADMAIL_HEAD_SIZE]);

/* The number of the message that begins like this; false if it is none of this
 * run's. */
bool loadmail_serial(
    const struct loadmail *mail, struct span start, uint64_t *serial);

#endif
