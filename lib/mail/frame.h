/*
 * frame: one message with its envelope and verdict, as stages hand it on;
 * see frame(5).
 *
 * A frame is text: a magic line, fields ("name: value"), an empty line, exactly
 * `size` octets of message, the verdict and a CRC-32 of all that stands before.
 * frame_read() gives a frame only when it is whole and right to the last
 * octet.  Fields that nobody here knows are kept and passed on.
 */
#ifndef MAIL_FRAME_H
#define MAIL_FRAME_H

#include <stdbool.h>

#include "base/io.h"
#include "mail/message.h"

#define FRAME_MAGIC "pimail 1"
#define FRAME_LINE_MAX 1000          /* octets of a field line, without LF */
#define FRAME_FIELDS_MAX (512 << 10) /* octets of all fields */
#define FRAME_RECIPIENTS_MAX 1000
#define FRAME_ID_MAX 64     /* [0-9A-Za-z._-] */
#define FRAME_ID_SIZE 33    /* what frame_new_id() writes */
#define FRAME_REPLY_MAX 400 /* octets of "550 5.7.1 text" */

enum verdict {
	VERDICT_PASS,   /* go on */
	VERDICT_DONE,   /* a stage took responsibility */
	VERDICT_REJECT, /* permanent no, with a reply */
	VERDICT_DEFER   /* try later, with a reply */
};

/* A mailbox and the address that led to it. */
struct frame_recipient {
	struct span mailbox; /* [0-9A-Za-z._-]+, not beginning with '.' */
	struct span address; /* local-part@domain, or postmaster */
};

struct frame {
	struct buf fields; /* the field lines, but without size */
	size_t recipients; /* how many of the fields are recipients */
	struct message message;
	enum verdict verdict;
	char reply[FRAME_REPLY_MAX + 1]; /* of reject and defer */
};

void frame_init(struct frame *frame);
void frame_reset(struct frame *frame);
void frame_free(struct frame *frame);

/* A new random id: 32 hexadecimal digits. */
void frame_new_id(char id[FRAME_ID_SIZE]);

/* Adds a field.  0; -1 with errno EINVAL if name or value cannot stand in a
 * frame (control characters, a known field with a wrong value), or EMSGSIZE if
 * a limit is passed. */
int frame_add(struct frame *frame, const char *name, struct span value);

/* Puts the fields of other in the place of those that are there; other has none
 * then. */
void frame_move_fields(struct frame *frame, struct frame *other);

/* Finds the next field of that name from *at on, which starts as 0; false if
 * there is none.  The value lives until the frame changes. */
bool frame_next(const struct frame *frame, const char *name, size_t *at,
    struct span *value);

/* The first field of that name; an empty span with p NULL if there is none. */
struct span frame_get(const struct frame *frame, const char *name);

/* Walks the recipients like frame_next(). */
bool frame_next_recipient(
    const struct frame *frame, size_t *at, struct frame_recipient *recipient);

/* Gives the verdict.  The reply of reject and defer is "550 5.7.1 text" or
 * "451 4.3.0 text" and is made printable and cut to fit; NULL or one that does
 * not match the verdict gets a general one.  Anything but pass drops the
 * message. */
void frame_verdict(
    struct frame *frame, enum verdict verdict, const char *reply);

/* The verdict as one of STATUS_*, done being STATUS_OK. */
int frame_status(const struct frame *frame);
const char *frame_verdict_name(enum verdict verdict);

/* Whether what comes next in the stream is a frame and not a raw message:
 * 1 or 0; at end of file -1 with errno 0, else -1 with the read's errno.  What
 * begins like a frame but for an octet or two, or ends inside the magic, is a
 * damaged frame and no message. */
int frame_is_next(struct io_in *in);

/* Reads the next frame.  1; 0 at end of file; -1 with errno: EBADMSG (not a
 * frame, cut or changed), EMSGSIZE (over a limit), or the read's or the
 * temporary file's.  After -1 neither frame nor stream is of any use.
 * A frame with a field that must be understood ("!name") and is not comes with
 * the verdict defer. */
int frame_read(struct frame *frame, struct io_in *in);

/* Reads the fields of the next frame, and nothing behind them: they may be
 * those of a frame that is cut or changed.  As frame_read(). */
int frame_read_fields(struct frame *frame, struct io_in *in);

/* Writes the frame.  0, or -1 with errno. */
int frame_write(const struct frame *frame, int fd, int64_t deadline);

#endif
