/*
 * message: the octets of one RFC 5322 message, bounded in memory.
 *
 * Up to memory_max octets are held in memory; a longer message goes to an
 * unlinked file as a whole, under a veil if the program uses one.  Octets are
 * opaque: nothing here looks at them.  What a filter puts on top
 * (message_prepend) is kept apart, so that the original need not be moved.
 */
#ifndef MAIL_MESSAGE_H
#define MAIL_MESSAGE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/io.h"

#define MESSAGE_MEMORY (1 << 20)      /* octets held in memory, at first */
#define MESSAGE_TOP_MAX (256 << 10)   /* octets of headers put on top */
#define MESSAGE_SIZE_MAX (1ULL << 30) /* of any message */
#define MESSAGE_VEILED_MAX (64 << 20) /* that is shared, with a veil */
#define MESSAGE_NONCE_SIZE 12         /* octets */

struct message {
	struct buf top;    /* goes before the rest */
	struct buf memory; /* the rest, while it fits */
	int file;          /* the rest, when it does not; else -1 */
	unsigned char nonce[MESSAGE_NONCE_SIZE]; /* of that file, for a veil */
	uint64_t length;                         /* of the rest */
	size_t memory_max; /* MESSAGE_MEMORY, or less; set while it is empty */
	uint64_t size_max; /* MESSAGE_SIZE_MAX, or less */
};

/* From here on all that goes to a file is hidden: veil(nonce, offset, p, len)
 * is called for len octets at that offset of a file, before they are written
 * and after they were read, and undoes what it does.  nonce is random and of
 * this file only, so that two files, of two processes too, need not be hidden
 * alike.  To be called once, before there is a message. */
void message_use_veil(
    void (*veil)(const unsigned char nonce[MESSAGE_NONCE_SIZE], uint64_t offset,
	void *p, size_t len));

void message_init(struct message *message);
void message_reset(struct message *message); /* empty; keeps small memory */
void message_free(struct message *message);

/* Puts what is in other in the place of what is there; other is empty then. */
void message_move(struct message *message, struct message *other);

/* Length of all, top included. */
uint64_t message_size(const struct message *message);

/* Adds octets at the end.  0, or -1 with errno (EFBIG past size_max,
 * or the file's). */
int message_add(struct message *message, const void *p, size_t len);

/* Puts octets before all that is there.  0, or -1 with errno EMSGSIZE. */
int message_prepend(struct message *message, struct span octets);

/* Copies up to len octets from offset into p.  Returns how many: 0 only at the
 * end.  -1 with errno. */
ssize_t message_read(
    const struct message *message, uint64_t offset, void *p, size_t len);

/* All of it in memory as two spans (top and rest), or false if the rest is in
 * a file. */
bool message_spans(const struct message *message, struct span spans[2]);

/* Writes all of it.  0, or -1 with errno. */
int message_write(const struct message *message, int fd, int64_t deadline);

/* A descriptor of a copy for another process, with the head in front: memory
 * that nobody can change any more, or an unlinked file if it is longer than
 * MESSAGE_MEMORY.  The copy is in the clear; so with a veil it is memory in any
 * case, and EFBIG if it is longer than MESSAGE_VEILED_MAX.  It is close-on-exec
 * and the caller's.  -1 with errno. */
int message_share(const struct message *message, struct span head);

/* Takes everything from in until end of file.  0, or -1 with errno. */
int message_take(struct message *message, struct io_in *in);

#endif
