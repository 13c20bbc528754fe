/*
 * modelfile: how a model lies in its file.  All numbers are of this machine; a
 * file of a machine of the other kind is not a model.
 */
#ifndef LEARN_MODELFILE_H
#define LEARN_MODELFILE_H

#include <math.h>
#include <stdatomic.h>

#include "learn/model.h"

#define MODEL_MAGIC 0x6c65646f6d6d6970 /* "pimmodel" in the lowest first */
#define MODEL_VERSION 1
#define MODEL_PAGE 4096   /* octets that the header takes */
#define MODEL_BUCKET 16   /* messages that share a bucket */
#define MODEL_UNIT 2048.0 /* a weight of 1 */
#define MODEL_TRUST 0.6   /* in a group that is not known yet */
#define MODEL_TRUST_MIN 0.1
#define MODEL_TRUST_MAX 1.5

/* What a feature has come to weigh, and how often it was learned. */
struct model_weight {
	int16_t value; /* in 1 / MODEL_UNIT */
	uint16_t count;
};

/* A message that was learned. */
struct model_record {
	uint64_t key;    /* of its digest and the secret */
	uint32_t serial; /* 0: nobody; the lowest is the oldest */
	int16_t steps[FEATURES_GROUPS]; /* as of weights */
	uint16_t class;
};

/* What changes with each message. */
struct model_state {
	uint64_t counts[2];            /* of messages, by class */
	uint64_t serial;               /* of the last record */
	double trust[FEATURES_GROUPS]; /* how much a group's opinion counts */
};

struct model_header {
	uint64_t magic;
	uint32_t version;
	uint32_t features; /* FEATURES_GROUPS and what else may change */
	uint64_t size;     /* of the file */
	uint64_t secret[2];
	struct model_state state;
};

/* One weight as it was. */
struct model_undo {
	uint32_t slot;
	struct model_weight was;
};

/* How to take back what is being learned.  It counts while count is not 0. */
struct model_journal {
	_Atomic uint32_t count; /* of undos, and one more */
	uint32_t crc;           /* of all that follows, as far as it is used */
	uint64_t record;        /* index of the one that changes */
	struct model_record was;
	struct model_state state;
	struct model_undo undo[FEATURES_MAX];
};

struct model {
	int fd;
	bool writes;
	uint64_t size;
	struct model_header *header; /* the mapping */
	struct model_journal *journal;
	struct model_record *records;
	uint64_t bucket_count;
	struct model_weight *weights;
	uint64_t weight_count;
};

/* Where a feature's weight is. */
static inline uint32_t
model_slot(const struct model *model, uint64_t feature)
{
	uint64_t x = (feature ^ model->header->secret[0]) *
		     (model->header->secret[1] | 1);

	return (uint32_t)((x >> 32) * model->weight_count >> 32);
}

/* By what the weights of a group of so many features are divided: a group of
 * many is not louder, and one of very few is quiet. */
static inline double
model_scale(size_t count)
{
	return sqrt((double)count + 20);
}

/* What one group of features says, as log odds; from and to: where it is in
 * the list. */
double model_opinion(const struct model *model, const struct features *features,
    size_t from, size_t to);

/* What all say, by the trust in each. */
double model_opinions(const struct model *model,
    const struct features *features, double opinions[FEATURES_GROUPS]);

/* Takes back what a trainer that died has not finished. */
void model_recover(struct model *model);

#endif
