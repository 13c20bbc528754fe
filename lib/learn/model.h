/*
 * model: what was learned from mail that people called spam or ham: online
 * logistic regression on hashed features.
 *
 * A model is one file of fixed size: a header, a table of weights, and the
 * digests of the messages that were learned, so that learning twice changes
 * nothing and forgetting is exact enough.  Readers map it and are never
 * blocked; one trainer at a time holds a lock.  A trainer that dies at any
 * point leaves a model that is as it was before a message or after it.
 *
 * A per-user model over a shared one: both are asked, see model_ask().
 */
#ifndef LEARN_MODEL_H
#define LEARN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define MODEL_SIZE (8 << 20) /* octets of the file, by default */
#define MODEL_WHY_MAX 256

enum model_class { MODEL_HAM, MODEL_SPAM };

struct model;

/* Opens for reading.  NULL with why: not there (errno ENOENT), not a model, of
 * another version, or cut. */
struct model *model_open(const char *path, struct buf *why);

/* Opens for training, and makes a new one of size octets if it is not there.
 * Waits for other trainers. */
struct model *model_train(const char *path, uint64_t size, struct buf *why);
void model_close(struct model *model);

/* How many messages of that class it has learned. */
uint64_t model_count(const struct model *model, enum model_class class);

/* Its file was replaced by another one, or so much was learned that a reader
 * had better open it again. */
bool model_is_stale(const struct model *model, const char *path);

/* The features of a message: indices of weights, each once. */
struct features {
	uint32_t *list;
	size_t count;
	size_t cap;
};

struct mail;

/* Takes them out of a message after render(); the list is the caller's to
 * free(), and is used again. */
void features_of(struct features *features, struct mail *mail);

/* The probability that it is spam, 0 to 1.  It is calibrated by what was
 * learned; -1 while fewer than min messages of either class are known. */
double model_ask(
    const struct model *model, const struct features *features, uint64_t min);

enum model_result {
	MODEL_LEARNED,
	MODEL_KNOWN,  /* learned before, and so: nothing changed */
	MODEL_TURNED, /* learned before as the other class: turned round */
	MODEL_FORGOTTEN,
	MODEL_UNKNOWN, /* to be forgotten, but never learned */
	MODEL_FAILED   /* errno; nothing changed */
};

/* Learns or forgets a message with that digest (of its octets, without the
 * fields that filters add). */
enum model_result model_learn(struct model *model,
    const struct features *features, const unsigned char digest[16],
    enum model_class class);
enum model_result model_forget(struct model *model,
    const struct features *features, const unsigned char digest[16]);

/* The digest of a message: of what does not change on its way through a
 * mailbox: without X-Spam-*, X-Virus-*, Status, X-Status, Return-Path,
 * Delivered-To. */
void model_digest(const struct mail *mail, unsigned char digest[16]);

#endif
