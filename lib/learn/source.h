/*
 * source: messages that somebody names, to be learned as ham and as spam.
 *
 * Ham and spam are mixed in proportion: a learner that hears of one class only
 * for a thousand messages forgets how the other one sounds.
 *
 * A name is a file with a message, a file with many (mbox: "From " at the very
 * start, and again after each empty line), a Maildir (its cur/ and new/), or a
 * directory of messages.  A directory's files come in the order of their names,
 * which in a Maildir is that of their arrival.
 */
#ifndef LEARN_SOURCE_H
#define LEARN_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

#define SOURCE_LISTS 2
#define SOURCE_MESSAGE_MAX (4 << 20) /* octets of a message that are read */
#define SOURCE_MBOX_MAX (256 << 20)  /* octets of a file of many */
#define SOURCE_FILES_MAX 4000000     /* of a list */

struct source_item {
	const char *path;   /* NULL: it is there already */
	struct span octets; /* then */
	bool follows;       /* it may be a symbolic link: somebody named it */
};

/* All zero is an empty one, but for source_init(). */
struct source {
	struct arena arena; /* names */
	struct buf read;    /* pointers to what was read */
	struct buf lists[SOURCE_LISTS];
	size_t taken[SOURCE_LISTS];
};

void source_init(struct source *source);
void source_free(struct source *source);

/* Adds what a name stands for to a list.  0, or -1 with errno: EFBIG for an
 * mbox that is too long, EMSGSIZE for too many files, EINVAL for what is
 * neither a file nor a directory. */
int source_add(struct source *source, unsigned list, const char *path);

/* Adds what a descriptor gives until its end: a message, or an mbox. */
int source_add_input(struct source *source, unsigned list, int fd);

/* How many there are in all. */
size_t source_total(const struct source *source);

/* Takes the next; false at the end. */
bool source_next(
    struct source *source, struct source_item *item, unsigned *list);

/* Reads the first SOURCE_MESSAGE_MAX octets of a file in place of what is in
 * octets.  0, or -1 with errno (EINVAL: it is no file). */
int source_read(
    int directory, const char *path, bool follows, struct buf *octets);

#endif
