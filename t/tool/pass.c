/*
 * pass: rules and learner together, once through a lot of mail.
 *
 *	pass [-n MIN] -m MODEL -c DIR ... <LIST
 *
 * LIST has lines "spam FILE" and "ham FILE".  Each message is scored with what
 * was learned from those before it, and then learned.  A line each: class,
 * probability of the learner (-1: it says nothing), score.  Until MIN messages
 * of each class were learned the scores are those without a learner, as in
 * spam-score(1).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "learn/model.h"
#include "rules/judge.h"
#include "spam/opinion.h"

#define FILE_MAX (64 << 20)
#define BYTES (256 << 10)
#define TIME 60000 /* ms for a message */

struct passing {
	struct judge *judges[2]; /* without and with the learner */
	struct model *model;
	struct features features;
	struct mail mail;
	uint64_t min;
};

static void
one(struct passing *all, const char *path, enum model_class class)
{
	struct buf octets = BUF_INIT(FILE_MAX);
	struct score score = {0};
	unsigned char digest[16];
	double probability;

	if (file_read(path, &octets) < 0)
		fatal("'%s': %s", path, strerror(errno));
	mail_reset(&all->mail);
	all->mail.now = time(NULL);
	judge_read(all->judges[0], &all->mail, buf_span(&octets), BYTES);
	features_of(&all->features, &all->mail);
	probability = model_ask(all->model, &all->features, all->min);
	judge_run(all->judges[probability >= 0], &all->mail, probability,
	    clock_ms() + TIME, &score);
	printf("%s\t%.9f\t%.3f\n", class == MODEL_SPAM ? "spam" : "ham",
	    probability, score.points + opinion_learned(probability));
	model_digest(&all->mail, digest);
	model_learn(all->model, &all->features, digest, class);
	buf_free(&octets);
}

/* A line of the list. */
static void
take(struct passing *all, struct span line)
{
	struct span class = span_word(&line);
	char path[4096];

	line = span_trim(line);
	if (line.len >= sizeof(path))
		fatal("a name is too long");
	memcpy(path, line.p, line.len);
	path[line.len] = '\0';
	one(all, path, span_is(class, "spam") ? MODEL_SPAM : MODEL_HAM);
}

int
main(int argc, char **argv)
{
	struct passing all = {.min = 20};
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct ruleset *set = ruleset_new();
	struct span line;
	struct io_in in;
	int c;

	err_init(argv[0]);
	while ((c = getopt(argc, argv, "c:m:n:")) != -1)
		if (c == 'c' && ruleset_read(set, optarg) < 0)
			fatal("'%s': %s", optarg, strerror(errno));
		else if (c == 'm')
			all.model =
			    model_train(optarg, MODEL_SIZE, CLOCK_NEVER, &why);
		else if (c == 'n')
			all.min = strtoull(optarg, NULL, 10);
	if (all.model == NULL)
		fatal("no model: %s", buf_str(&why));
	ruleset_finish(set);
	all.judges[0] = judge_new(set, 0);
	all.judges[1] = judge_new(set, 2);
	mail_init(&all.mail);
	io_in_init(&in, STDIN_FILENO);
	while (io_in_line(&in, 4200, &line) == 1)
		take(&all, line);
	io_in_free(&in);
	mail_free(&all.mail);
	features_free(&all.features);
	model_close(all.model);
	judge_free(all.judges[0]);
	judge_free(all.judges[1]);
	ruleset_free(set);
	buf_free(&why);
	return fflush(stdout) != 0;
}
