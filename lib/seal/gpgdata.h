/*
 * gpgdata: octets on their way to gpg or from it, so that no message is ever
 * in memory as a whole.
 */
#ifndef SEAL_GPGDATA_H
#define SEAL_GPGDATA_H

#include <gpgme.h>

#include "seal/armor.h"

struct gpgdata {
	gpgme_data_t data;
	/* one of these */
	struct span span;
	const struct message *from;
	struct armor_reader *reader;
	struct message *to;
	struct armor_writer *writer;
	struct buf *buf;
	uint64_t offset; /* octets that went through */
	uint64_t max;
	int error;     /* of the message's file, as errno */
	bool damaged;  /* what reader should read is no armor */
	bool too_much; /* more than max came */
};

/* The sources: all of it; the sinks: up to max octets are added.  What they
 * point at must outlive gpgdata_free(). */
void gpgdata_from_span(struct gpgdata *gpgdata, struct span span);
void gpgdata_from_message(
    struct gpgdata *gpgdata, const struct message *message);
void gpgdata_from_armor(struct gpgdata *gpgdata, struct armor_reader *reader);
void gpgdata_to_message(
    struct gpgdata *gpgdata, struct message *message, uint64_t max);
void gpgdata_to_armor(struct gpgdata *gpgdata, struct armor_writer *writer);
void gpgdata_to_buf(struct gpgdata *gpgdata, struct buf *buf);
void gpgdata_free(struct gpgdata *gpgdata);

#endif
