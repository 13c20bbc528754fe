/*
 * trainer: learns messages with a model, one after the other, and counts.
 *
 * When standard error is a terminal, work that takes longer than a second
 * shows there how far it is.
 */
#ifndef LEARN_TRAINER_H
#define LEARN_TRAINER_H

#include "learn/model.h"
#include "learn/moves.h"
#include "learn/source.h"
#include "text/mail.h"

struct trainer {
	struct model *model;
	struct mail mail;
	struct features features;
	unsigned char digest[16];
	uint64_t results[MODEL_UNKNOWN + 1]; /* by enum model_result */
	uint64_t failed;                     /* could not be read, and said */

	/* the bar */
	bool shows;
	int64_t next; /* when it is drawn again */
	size_t done;
	size_t total;
};

/* Opens the model, see model_train(); ends the program with 111 if that cannot
 * be done. */
void trainer_open(
    struct trainer *trainer, const char *path, uint64_t size, int64_t deadline);
void trainer_free(struct trainer *trainer);

/* Learns all of a source, list 0 as ham and 1 as spam; or forgets it. */
void trainer_source(
    struct trainer *trainer, struct source *source, bool forgets);

/* Learns what was moved in a Maildir, and with all what is new. */
void trainer_moves(struct trainer *trainer, struct moves *moves, bool all);

#endif
