/* model: learning, forgetting, and a file that survives what happens to it. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "learn/model.h"
#include "learn/modelfile.h"
#include "test.h"

#define SIZE MODEL_SIZE_MIN
#define KILLED_MAX 500 /* messages; no bucket overflows so soon */

static char directory[] = "/tmp/model-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* Features of an invented message: some of its class, some of its own. */
static void
invent(struct features *features, unsigned char digest[16], unsigned number,
    enum model_class class)
{
	static uint64_t list[FEATURES_MAX];

	features->list = list;
	features->count = 0;
	for (int group = 0; group < FEATURES_GROUPS; group++) {
		for (unsigned i = 0; i < 40; i++)
			list[features->count++] = (uint64_t)group << 40 |
						  (uint64_t) class << 39 |
						  (i * 7 + number) % 64;
		for (unsigned i = 0; i < 40; i++)
			list[features->count++] = (uint64_t)group << 40 |
						  1ULL << 38 |
						  ((uint64_t)number << 8 | i);
		features->ends[group] = features->count;
	}
	memset(digest, 0, 16);
	memcpy(digest, &number, sizeof(number));
}

/* Opens for training.  A new model gets a secret that is always the same, so
 * that what it learns is, too. */
static struct model *
train(const char *name)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct model *model;

	model = model_train(path_of(name), SIZE, clock_ms(), &why);
	CHECK(model != NULL);
	if (model_count(model, MODEL_HAM) + model_count(model, MODEL_SPAM) ==
	    0) {
		model->header->secret[0] = 0x243f6a8885a308d3;
		model->header->secret[1] = 0x13198a2e03707344;
	}
	buf_free(&why);
	return model;
}

static enum model_result
learn(struct model *model, unsigned number, enum model_class class)
{
	unsigned char digest[16];
	struct features features;

	invent(&features, digest, number, class);
	return model_learn(model, &features, digest, class);
}

static enum model_result
forget(struct model *model, unsigned number, enum model_class class)
{
	unsigned char digest[16];
	struct features features;

	invent(&features, digest, number, class);
	return model_forget(model, &features, digest);
}

static double
ask(const struct model *model, unsigned number, enum model_class class)
{
	unsigned char digest[16];
	struct features features;

	invent(&features, digest, number, class);
	return model_ask(model, &features, 1);
}

static void
learn_some(struct model *model, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		learn(model, i, i % 2 ? MODEL_SPAM : MODEL_HAM);
}

static void
test_what_was_learned_is_known_of_messages_like_it(void)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct model *model = train("a"), *reader;

	CHECK(ask(model, 1, MODEL_HAM) == -1);
	learn_some(model, 0, 200);
	CHECK(model_count(model, MODEL_HAM) == 100);
	CHECK(model_count(model, MODEL_SPAM) == 100);
	reader = model_open(path_of("a"), &why);
	CHECK(reader != NULL);
	CHECK(ask(reader, 1000, MODEL_HAM) < 0.1);
	CHECK(ask(reader, 1001, MODEL_SPAM) > 0.9);
	/* a reader sees what is learned while it has the model open */
	learn_some(model, 200, 300);
	CHECK(model_count(reader, MODEL_HAM) == 150);
	CHECK(model_sync(model) == 0);
	model_close(model);
	model_close(reader);
	buf_free(&why);
}

static void
test_it_says_nothing_before_it_knows_enough(void)
{
	struct model *model = train("min");
	unsigned char digest[16];
	struct features features;

	learn_some(model, 0, 20);
	invent(&features, digest, 5, MODEL_SPAM);
	CHECK(model_ask(model, &features, 10) >= 0);
	CHECK(model_ask(model, &features, 11) == -1);
	CHECK(model_ask(NULL, &features, 0) == -1);
	model_close(model);
}

static void
test_learning_twice_changes_nothing(void)
{
	struct model *model = train("twice");
	char *before = malloc(SIZE);

	CHECK(learn(model, 7, MODEL_SPAM) == MODEL_LEARNED);
	memcpy(before, model->header, SIZE);
	CHECK(learn(model, 7, MODEL_SPAM) == MODEL_KNOWN);
	CHECK(memcmp(before, model->header, SIZE) == 0);
	model_close(model);
	free(before);
}

static void
test_forgetting_takes_back_what_was_learned(void)
{
	struct model *model = train("forget");
	size_t size = model->weight_count * sizeof(model->weights[0]);
	unsigned char digest[16];
	struct features features;
	void *before = malloc(size);

	learn_some(model, 0, 50);
	memcpy(before, model->weights, size);
	/* one that it would not have thought to be spam */
	invent(&features, digest, 77, MODEL_HAM);
	CHECK(
	    model_learn(model, &features, digest, MODEL_SPAM) == MODEL_LEARNED);
	CHECK(memcmp(before, model->weights, size) != 0);
	CHECK(model_count(model, MODEL_SPAM) == 26);
	CHECK(forget(model, 77, MODEL_HAM) == MODEL_FORGOTTEN);
	CHECK(memcmp(before, model->weights, size) == 0);
	CHECK(model_count(model, MODEL_SPAM) == 25);
	CHECK(forget(model, 77, MODEL_HAM) == MODEL_UNKNOWN);
	model_close(model);
	free(before);
}

static void
test_a_message_can_be_turned_round(void)
{
	struct model *model = train("turn");
	unsigned char digest[16];
	enum model_class class;
	struct features features;
	double before;

	learn_some(model, 0, 100);
	invent(&features, digest, 500, MODEL_SPAM);
	CHECK(!model_knows(model, digest, &class));
	CHECK(
	    model_learn(model, &features, digest, MODEL_HAM) == MODEL_LEARNED);
	CHECK(model_knows(model, digest, &class) && class == MODEL_HAM);
	before = model_ask(model, &features, 1);
	CHECK(
	    model_learn(model, &features, digest, MODEL_SPAM) == MODEL_TURNED);
	CHECK(model_knows(model, digest, &class) && class == MODEL_SPAM);
	CHECK(model_ask(model, &features, 1) > before);
	CHECK(model_count(model, MODEL_HAM) == 50);
	CHECK(model_count(model, MODEL_SPAM) == 51);
	model_close(model);
}

static void
test_when_there_is_no_room_the_oldest_are_no_longer_known(void)
{
	struct model *model = train("full");
	unsigned capacity = (unsigned)model_capacity(model), known = 0;
	unsigned young = 0; /* known ones of the last quarter */
	unsigned char digest[16];
	struct features features;
	enum model_class class;

	learn_some(model, 0, 2 * capacity);
	for (unsigned i = 0; i < 2 * capacity; i++) {
		invent(&features, digest, i, MODEL_HAM);
		if (!model_knows(model, digest, &class))
			continue;
		known++;
		young += i >= 2 * capacity - capacity / 4;
	}
	CHECK(young == capacity / 4);
	CHECK(known > capacity * 4 / 5 && known <= capacity);
	CHECK(model_count(model, MODEL_HAM) == capacity);
	model_close(model);
}

static void
test_a_users_model_comes_over_that_of_all(void)
{
	struct model *shared = train("shared"), *user = train("user");
	unsigned char digest[16];
	struct features features;
	double alone, few, many;

	learn_some(shared, 0, 200);
	invent(&features, digest, 1001, MODEL_SPAM);
	alone = model_ask(shared, &features, 1);
	CHECK(model_ask_both(NULL, shared, &features, 1) == alone);
	CHECK(model_ask_both(user, shared, &features, 1) == alone);
	/* to this user it is the other way round */
	for (unsigned i = 0; i < 20; i++) {
		invent(&features, digest, i, i % 2 ? MODEL_SPAM : MODEL_HAM);
		model_learn(
		    user, &features, digest, i % 2 ? MODEL_HAM : MODEL_SPAM);
	}
	invent(&features, digest, 1001, MODEL_SPAM);
	few = model_ask_both(user, shared, &features, 1);
	CHECK(few < alone);
	for (unsigned i = 20; i < 600; i++) {
		invent(&features, digest, i, i % 2 ? MODEL_SPAM : MODEL_HAM);
		model_learn(
		    user, &features, digest, i % 2 ? MODEL_HAM : MODEL_SPAM);
	}
	invent(&features, digest, 1001, MODEL_SPAM);
	many = model_ask_both(user, shared, &features, 1);
	CHECK(many < few && many < 0.5);
	CHECK(model_ask_both(user, NULL, &features, 1) < 0.1);
	model_close(shared);
	model_close(user);
}

/* Opens it both ways; neither goes, for that reason, and the file stays as it
 * is. */
static void
check_refused(const char *name, const char *reason)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct buf before = BUF_INIT(2 * SIZE), after = BUF_INIT(2 * SIZE);

	CHECK(file_read(path_of(name), &before) == 0);
	CHECK(model_open(path_of(name), &why) == NULL);
	CHECK(strcmp(buf_str(&why), reason) == 0);
	buf_reset(&why);
	CHECK(model_train(path_of(name), SIZE, clock_ms(), &why) == NULL);
	CHECK(strcmp(buf_str(&why), reason) == 0);
	CHECK(file_read(path_of(name), &after) == 0);
	CHECK(span_eq(buf_span(&before), buf_span(&after)));
	buf_free(&why);
	buf_free(&before);
	buf_free(&after);
}

static void
put(const char *name, off_t at, const void *p, size_t len)
{
	int fd = open(path_of(name), O_RDWR | O_CREAT, 0600);

	CHECK(fd >= 0 && pwrite(fd, p, len, at) == (ssize_t)len);
	close(fd);
}

static void
test_what_is_no_model_is_refused_and_left_alone(void)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	const uint64_t huge = UINT64_MAX;
	const double nan = NAN;

	CHECK(model_open(path_of("none"), &why) == NULL && errno == ENOENT);
	put("empty", 0, "", 0);
	check_refused("empty", "not a model");
	put("mail", 0, "Subject: x\n\nhello\n", 18);
	check_refused("mail", "not a model");
	model_close(train("version"));
	put("version", 8, "\2", 1);
	check_refused("version", "a model of another version");
	model_close(train("other"));
	put("other", 12, "\7", 1);
	check_refused("other", "a model of another version");
	model_close(train("cut"));
	CHECK(truncate(path_of("cut"), SIZE - 4096) == 0);
	check_refused("cut", "a model that was cut");
	model_close(train("huge"));
	put("huge", 16, &huge, sizeof(huge));
	check_refused("huge", "a model that was cut");
	model_close(train("nan"));
	put("nan", offsetof(struct model_header, state.trust), &nan,
	    sizeof(nan));
	check_refused("nan", "a model that is damaged");
	buf_free(&why);
}

static void
test_one_trainer_at_a_time(void)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct model *model = train("lock"), *other;
	int64_t start = clock_ms();

	CHECK(model_train(path_of("lock"), SIZE, start + 60, &why) == NULL);
	CHECK(strcmp(buf_str(&why), "another one is training it") == 0);
	CHECK(clock_ms() >= start + 60);
	buf_reset(&why);
	other = model_open(path_of("lock"), &why);
	CHECK(other != NULL);
	model_close(other);
	model_close(model);
	model_close(train("lock"));
	buf_free(&why);
}

static void
test_a_file_that_was_replaced_is_stale(void)
{
	struct model *model = train("stale");

	CHECK(!model_is_stale(model, path_of("stale")));
	learn_some(model, 0, 10);
	CHECK(!model_is_stale(model, path_of("stale")));
	CHECK(unlink(path_of("stale")) == 0);
	CHECK(model_is_stale(model, path_of("stale")));
	model_close(train("stale"));
	CHECK(model_is_stale(model, path_of("stale")));
	model_close(model);
}

/* Which messages of 0..count it knows must be a beginning of them, and their
 * weights just what learning them alone gives. */
static void
check_prefix(struct model *model, unsigned count)
{
	struct model *fresh;
	unsigned char digest[16];
	struct features features;
	enum model_class class;
	unsigned known = 0;

	for (unsigned i = 0; i < count; i++) {
		invent(&features, digest, i, MODEL_HAM);
		if (!model_knows(model, digest, &class))
			break;
		CHECK(class == (i % 2 ? MODEL_SPAM : MODEL_HAM));
		known++;
	}
	CHECK(model_count(model, MODEL_HAM) + model_count(model, MODEL_SPAM) ==
	      known);
	fresh = train("fresh");
	memcpy(fresh->header->secret, model->header->secret,
	    sizeof(fresh->header->secret));
	learn_some(fresh, 0, known);
	CHECK(memcmp(fresh->weights, model->weights,
		  model->weight_count * sizeof(model->weights[0])) == 0);
	CHECK(memcmp(&fresh->header->state, &model->header->state,
		  sizeof(fresh->header->state)) == 0);
	model_close(fresh);
	unlink(path_of("fresh"));
}

/* A child learns as fast as it can and is killed anywhere. */
static void
test_a_trainer_that_is_killed_leaves_whole_messages(void)
{
	struct timespec pause = {0, 0};
	struct model *model;
	int status;
	pid_t pid;

	for (unsigned i = 0; i < 40; i++) {
		model_close(train("killed"));
		pid = fork();
		if (pid == 0) {
			model = train("killed");
			learn_some(model, 0, KILLED_MAX);
			_exit(0);
		}
		pause.tv_nsec = (long)i * 137911;
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, &status, 0) == pid);
		model = train("killed");
		check_prefix(model, KILLED_MAX);
		model_close(model);
		unlink(path_of("killed"));
	}
}

/* As if it had been killed after so many weights. */
static void
test_the_journal_takes_back_half_a_message(void)
{
	struct model *model = train("half");
	size_t journal_size = sizeof(struct model_journal);
	struct model_journal *journal = malloc(journal_size);
	unsigned char digest[16];
	struct features features;
	char *before = malloc(SIZE), *after = malloc(SIZE);
	const size_t tables = MODEL_PAGE + journal_size;

	learn_some(model, 0, 30);
	memcpy(before, model->header, SIZE);
	learn(model, 30, MODEL_HAM);
	/* the journal of the last message is still there, but for its count */
	memcpy(journal, model->journal, journal_size);
	invent(&features, digest, 30, MODEL_HAM);
	atomic_store(&model->journal->count, (uint32_t)features.count + 1);
	model_close(model);
	model = train("half");
	CHECK(memcmp(before + tables, (char *)model->header + tables,
		  SIZE - tables) == 0);
	CHECK(memcmp(before, model->header, sizeof(*model->header)) == 0);
	/* one that makes no sense is passed over */
	learn(model, 30, MODEL_HAM);
	memcpy(after, model->header, SIZE);
	model->journal->crc ^= 1;
	atomic_store(&model->journal->count, (uint32_t)features.count + 1);
	model_close(model);
	model = train("half");
	CHECK(memcmp(after + tables, (char *)model->header + tables,
		  SIZE - tables) == 0);
	atomic_store(&model->journal->count, UINT32_MAX);
	model_close(model);
	model = train("half");
	CHECK(atomic_load(&model->journal->count) == 0);
	model_close(model);
	free(journal);
	free(before);
	free(after);
}

int
main(void)
{
	static const char *const names[] = {"a", "min", "twice", "forget",
	    "turn", "full", "shared", "user", "empty", "mail", "version",
	    "other", "cut", "huge", "nan", "lock", "stale", "half"};

	if (mkdtemp(directory) == NULL)
		return 1;
	TEST(what_was_learned_is_known_of_messages_like_it);
	TEST(it_says_nothing_before_it_knows_enough);
	TEST(learning_twice_changes_nothing);
	TEST(forgetting_takes_back_what_was_learned);
	TEST(a_message_can_be_turned_round);
	TEST(when_there_is_no_room_the_oldest_are_no_longer_known);
	TEST(a_users_model_comes_over_that_of_all);
	TEST(what_is_no_model_is_refused_and_left_alone);
	TEST(one_trainer_at_a_time);
	TEST(a_file_that_was_replaced_is_stale);
	TEST(a_trainer_that_is_killed_leaves_whole_messages);
	TEST(the_journal_takes_back_half_a_message);
	for (size_t i = 0; i < nitems(names); i++)
		unlink(path_of(names[i]));
	CHECK(rmdir(directory) == 0);
	return test_end();
}
