/* Training: learning, forgetting, and the journal. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

#include "learn/modelfile.h"
#include "learn/siphash.h"

#define RATE 16     /* of a step, for an error of 1 and one feature */
#define MARGIN 0.1  /* an error below this is none */
#define SLOWING 0.2 /* how fast weights that moved often move less */
#define LISTEN 0.02 /* of a step of the trust in a group */

static uint32_t
journal_crc(const struct model_journal *journal, uint32_t count)
{
	const size_t start = offsetof(struct model_journal, record);
	size_t end = offsetof(struct model_journal, undo) +
		     count * sizeof(journal->undo[0]);

	return (uint32_t)crc32(
	    0, (const unsigned char *)journal + start, (unsigned)(end - start));
}

/* Notes all that learning or forgetting these features may change. */
static void
journal_begin(struct model *model, const struct features *features,
    const struct model_record *record)
{
	struct model_journal *journal = model->journal;
	uint32_t slot;

	journal->record = (uint64_t)(record - model->records);
	journal->was = *record;
	journal->state = model->header->state;
	for (size_t i = 0; i < features->count; i++) {
		slot = model_slot(model, features->list[i]);
		journal->undo[i] =
		    (struct model_undo){slot, model->weights[slot]};
	}
	journal->crc = journal_crc(journal, (uint32_t)features->count);
	/* From here on it counts.  What a process has stored before it is
	 * killed is there after it, in the order of the program; it is the
	 * compiler that must keep that. */
	atomic_store(&journal->count, (uint32_t)features->count + 1);
	atomic_thread_fence(memory_order_seq_cst);
}

static void
journal_end(struct model *model)
{
	atomic_thread_fence(memory_order_seq_cst);
	atomic_store(&model->journal->count, 0);
}

void
model_recover(struct model *model)
{
	struct model_journal *journal = model->journal;
	uint32_t count = atomic_load(&journal->count);
	const struct model_undo *undo;

	/* a journal that makes no sense came through a loss of power */
	if (count > 0 && count - 1 <= FEATURES_MAX &&
	    journal->record < model_capacity(model) &&
	    journal->crc == journal_crc(journal, count - 1)) {
		/* backwards, for two features may have one weight */
		for (uint32_t i = count - 1; i-- > 0;) {
			undo = &journal->undo[i];
			if (undo->slot < model->weight_count)
				model->weights[undo->slot] = undo->was;
		}
		model->records[journal->record] = journal->was;
		model->header->state = journal->state;
	}
	journal_end(model);
}

static uint64_t
key_of(const struct model *model, const unsigned char digest[16])
{
	return siphash_of(model->header->secret[0], model->header->secret[1],
	    (struct span){(const char *)digest, 16});
}

/* The record of a message; else, with *found false, the one in its bucket that
 * is free or the oldest. */
static struct model_record *
find(const struct model *model, uint64_t key, bool *found)
{
	struct model_record *bucket, *oldest;

	bucket = model->records + key % model->bucket_count * MODEL_BUCKET;
	oldest = bucket;
	*found = true;
	for (size_t i = 0; i < MODEL_BUCKET; i++) {
		if (bucket[i].serial != 0 && bucket[i].key == key)
			return &bucket[i];
		if (bucket[i].serial < oldest->serial)
			oldest = &bucket[i];
	}
	*found = false;
	return oldest;
}

static int16_t
to_weight(double value)
{
	long weight = lround(value);

	return (int16_t)(weight > INT16_MAX   ? INT16_MAX
			 : weight < INT16_MIN ? INT16_MIN
					      : weight);
}

/* By how much a weight that moved count times moves. */
static double
share(const struct model_weight *weight, double step)
{
	return step / sqrt(1 + SLOWING * weight->count);
}

/* Moves the weights of a group by a step. */
static void
move(struct model *model, const struct features *features, size_t from,
    size_t to, int16_t step)
{
	struct model_weight *weight;

	if (step == 0)
		return;
	for (size_t i = from; i < to; i++) {
		weight = &model->weights[model_slot(model, features->list[i])];
		weight->value = to_weight(weight->value + share(weight, step));
		if (weight->count < UINT16_MAX)
			weight->count++;
	}
}

/* Takes that back: backwards, for two features may have one weight. */
static void
move_back(struct model *model, const struct features *features, size_t from,
    size_t to, int16_t step)
{
	struct model_weight *weight;

	if (step == 0)
		return;
	for (size_t i = to; i-- > from;) {
		weight = &model->weights[model_slot(model, features->list[i])];
		if (weight->count > 0 && weight->count < UINT16_MAX)
			weight->count--;
		weight->value = to_weight(weight->value - share(weight, step));
	}
}

/* Learns how far each group can be trusted: so a group that says little of
 * worth is quiet, and the sum is neither too sure nor too timid. */
static void
trust(struct model_state *state, const double opinions[FEATURES_GROUPS],
    double error)
{
	double *group;

	for (int i = 0; i < FEATURES_GROUPS; i++) {
		group = &state->trust[i];
		*group += LISTEN * error * opinions[i];
		*group = fmin(fmax(*group, MODEL_TRUST_MIN), MODEL_TRUST_MAX);
	}
}

static void
learn(struct model *model, const struct features *features,
    struct model_record *record, uint64_t key, enum model_class class)
{
	struct model_state *state = &model->header->state;
	double opinions[FEATURES_GROUPS], odds, error;
	size_t from = 0, to;

	odds = model_opinions(model, features, opinions);
	trust(state, opinions, class - 1 / (1 + exp(-odds)));
	for (int i = 0; i < FEATURES_GROUPS; i++) {
		to = features->ends[i];
		error = class - 1 / (1 + exp(-opinions[i]));
		record->steps[i] = 0;
		if (fabs(error) > MARGIN)
			record->steps[i] = to_weight(
			    RATE * MODEL_UNIT * error / model_scale(to - from));
		move(model, features, from, to, record->steps[i]);
		from = to;
	}
	/* serials stay below 2^32; after so many, age is no longer known */
	state->serial = state->serial % UINT32_MAX + 1;
	state->counts[class]++;
	record->key = key;
	record->serial = (uint32_t)state->serial;
	record->class = (uint16_t) class;
}

static void
forget(struct model *model, const struct features *features,
    struct model_record *record)
{
	struct model_state *state = &model->header->state;

	for (int i = FEATURES_GROUPS; i-- > 0;)
		move_back(model, features, i > 0 ? features->ends[i - 1] : 0,
		    features->ends[i], record->steps[i]);
	if (record->class <= MODEL_SPAM && state->counts[record->class] > 0)
		state->counts[record->class]--;
	memset(record, 0, sizeof(*record));
}

enum model_result
model_learn(struct model *model, const struct features *features,
    const unsigned char digest[16], enum model_class class)
{
	uint64_t key = key_of(model, digest);
	struct model_record *record;
	bool found;

	record = find(model, key, &found);
	if (found && record->class == class)
		return MODEL_KNOWN;
	journal_begin(model, features, record);
	if (found)
		forget(model, features, record);
	learn(model, features, record, key, class);
	journal_end(model);
	return found ? MODEL_TURNED : MODEL_LEARNED;
}

enum model_result
model_forget(struct model *model, const struct features *features,
    const unsigned char digest[16])
{
	struct model_record *record;
	bool found;

	record = find(model, key_of(model, digest), &found);
	if (!found)
		return MODEL_UNKNOWN;
	journal_begin(model, features, record);
	forget(model, features, record);
	journal_end(model);
	return MODEL_FORGOTTEN;
}

bool
model_knows(const struct model *model, const unsigned char digest[16],
    enum model_class *class)
{
	const struct model_record *record;
	bool found;

	record = find(model, key_of(model, digest), &found);
	if (found)
		*class = record->class == MODEL_SPAM ? MODEL_SPAM : MODEL_HAM;
	return found;
}
