/*
 * armor: OpenPGP messages as text (RFC 4880, 6.2), and to whom they are (5.1).
 *
 * gpg could do that, and takes longer for it than for all its cryptography.
 * The checksum is written, and is not looked at: the message's integrity check
 * says all (RFC 9580, 6.1), but without it and without a "=" at the end GnuPG
 * 2.2 does not find the end, and calls the message manipulated.
 */
#ifndef SEAL_ARMOR_H
#define SEAL_ARMOR_H

#include "mail/message.h"

#define ARMOR_BEGIN "-----BEGIN PGP MESSAGE-----"
#define ARMOR_END "-----END PGP MESSAGE-----"
#define ARMOR_DIGITS                 \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789+/"
#define ARMOR_LINE_MAX 1024 /* octets of a line; they are 64 long */
#define ARMOR_HEADERS_MAX 32
#define ARMOR_LINE_OCTETS 48  /* that become one line */
#define ARMOR_BUFFER 16384    /* octets of text */
#define ARMOR_HEAD (16 << 10) /* octets of packets that are looked at */
#define ARMOR_KEYS 16         /* keys that one message is encrypted to */

struct armor_reader {
	const struct message *message;
	uint64_t offset; /* of what is read next */
	size_t pos, len; /* of what is left in text */
	char text[ARMOR_BUFFER];
	unsigned bits, held, padding; /* of base64: what is no octet yet */
	size_t given, ready;          /* of octets */
	char octets[ARMOR_LINE_MAX];
	unsigned char values[256];
	bool begun, ended;
};

/* Text that is one message from its first line to its last, with nothing but
 * empty lines around it. */
void armor_read_init(
    struct armor_reader *reader, const struct message *message);

/* Up to len octets of what is in it.  Returns how many: 0 at the end; -1 with
 * errno EBADMSG if the text is anything else, or the message's. */
ssize_t armor_read(struct armor_reader *reader, void *p, size_t len);

struct armor_writer {
	struct message *message;
	uint32_t crc; /* its 24 bits on the left */
	size_t held;  /* of rest */
	unsigned char rest[ARMOR_LINE_OCTETS];
	size_t filled; /* of text */
	char text[ARMOR_BUFFER];
};

/* Writes a message as text.  Each 0, or -1 with the message's errno. */
int armor_write_init(struct armor_writer *writer, struct message *message);
int armor_write(struct armor_writer *writer, const void *p, size_t len);
int armor_write_end(struct armor_writer *writer);

/* The ids of the keys (0: hidden) that it is encrypted to, with an integrity
 * check.  Returns how many there are; -1 with errno EBADMSG if it is no such
 * message, or the message's. */
int armor_keys(const struct message *message, uint64_t ids[ARMOR_KEYS]);

#endif
