/*
 * model: what was learned from mail that people called spam or ham: online
 * logistic regression on hashed features (Goodman and Yih, 2006, and what did
 * best in the spam tracks of TREC 2005 to 2007), each message once and in the
 * order in which they come.
 *
 * Each group of features (features.h) is a learner of its own, which has a
 * weight for each feature; the sum of their opinions, as log odds, is the
 * model's.  A group that is sure enough and right learns nothing from a
 * message; else all weights of its features move by a step, weights that moved
 * often by less.
 *
 * To forget a message is to take its own steps back.  What was learned after it
 * was learned from a model that knew it; that stays as it is.
 *
 * A model is one file of fixed size, all of it allocated when it is made: a
 * header, a journal, what is known of the messages that were learned (so that
 * learning twice changes nothing; when there is no room the oldest give way),
 * and the weights.  The weights' places depend on a secret in the header, so
 * that a stranger cannot aim at them.
 *
 * Readers map it and are never blocked; they may see a message half learned,
 * which is as good.  One trainer at a time holds a lock.  A trainer that dies
 * at any point leaves a journal, with which the next one takes back what it has
 * not finished.  After a loss of power some of the last messages may be learned
 * in part; every weight is good by itself, so the model still is.
 */
#ifndef LEARN_MODEL_H
#define LEARN_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "learn/features.h"

#define MODEL_SIZE (8 << 20) /* octets of the file, by default */
#define MODEL_SIZE_MIN (512 << 10)
#define MODEL_SIZE_MAX (1 << 30)
#define MODEL_WHY_MAX 256

enum model_class { MODEL_HAM, MODEL_SPAM };

struct model;

/* Opens for reading.  NULL with why: not there (errno ENOENT), not a model, of
 * another version, or cut. */
struct model *model_open(const char *path, struct buf *why);

/* Opens for training, and makes a new one of size octets (0600) if it is not
 * there.  Waits for other trainers until the deadline (clock_ms()). */
struct model *model_train(
    const char *path, uint64_t size, int64_t deadline, struct buf *why);

/* Makes sure that what was learned is on the disk.  0, or -1 with errno. */
int model_sync(struct model *model);
void model_close(struct model *model);

/* How many messages of that class it has learned. */
uint64_t model_count(const struct model *model, enum model_class class);

/* How many it can know again, and the octets of its file. */
uint64_t model_capacity(const struct model *model);
uint64_t model_size(const struct model *model);

/* Its file was replaced by another one.  What is learned is seen without being
 * opened again. */
bool model_is_stale(const struct model *model, const char *path);

/* The probability that it is spam, 0 to 1.  It is calibrated by what was
 * learned; -1 while fewer than min messages of either class are known. */
double model_ask(
    const struct model *model, const struct features *features, uint64_t min);

/* The same of a user's own model over one for all; either may be NULL.  The
 * user's has the more weight the more it has learned, twice that of the other
 * in the end. */
double model_ask_both(const struct model *user, const struct model *shared,
    const struct features *features, uint64_t min);

enum model_result {
	MODEL_LEARNED,
	MODEL_KNOWN,  /* learned before, and so: nothing changed */
	MODEL_TURNED, /* learned before as the other class: turned round */
	MODEL_FORGOTTEN,
	MODEL_UNKNOWN /* to be forgotten, but not known */
};

/* Learns or forgets a message with that digest (of its octets, without the
 * fields that filters add). */
enum model_result model_learn(struct model *model,
    const struct features *features, const unsigned char digest[16],
    enum model_class class);
enum model_result model_forget(struct model *model,
    const struct features *features, const unsigned char digest[16]);

/* Whether it knows a message, and then as what. */
bool model_knows(const struct model *model, const unsigned char digest[16],
    enum model_class *class);

/* The digest of a message, of what does not change on its way through a
 * mailbox: without the fields of features_is_noise(), and with lines that end
 * in LF. */
void model_digest(const struct mail *mail, unsigned char digest[16]);

#endif
