/*
 * spam-score: says how much a message looks like spam.
 *
 * - It marks, and rejects only if it is told to; filing is what delivers'
 *   business (the field `junk` of the frame).
 * - Fields X-Spam-* from outside go before anything is looked at.
 * - The message is looked into by a child that can do nothing else.  What it
 *   dies of is no reason to lose a message: it is deferred, or passes unmarked.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/header.h"
#include "mail/stage.h"
#include "rules/places.h"
#include "spam/opinion.h"
#include "spam/scorer.h"

#define OURS "X-Spam-*"
#define STATE "/var/lib/pimail" /* if it is there */
#define MODEL STATE "/spam-model"
#define REPUTATION STATE "/spam-reputation"
#define STALE_EVERY 100 /* messages between two looks at the files */
#define SPARE_TIME                                                \
	5000 /* ms, in which a scorer should have given up itself \
	      */

struct spam_settings {
	struct opinion_config config;
	struct opinion *opinion;
	struct scorer_work work;
	struct scorer scorer;
	double required;
	double reject; /* INFINITY: never */
	bool pass;     /* what has no score */
	bool verbose;
	uint64_t count; /* messages */
};

static void
usage(void)
{
	usage_exit("[-v] [-c rules] [-m model] [-t threshold] [-r reject-at] "
		   "[-o name=value] [file...]");
}

/* A number of points. */
static double
points_of(char option, const char *text)
{
	char *end;
	double points = strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(points))
		fatal("-%c '%s': not a number", option, text);
	return points;
}

/* The opinion in a child that can still open files sees what has changed. */
static void
refresh(struct spam_settings *settings)
{
	if (settings->opinion != NULL &&
	    (settings->count++ % STALE_EVERY != 0 ||
		!opinion_is_stale(settings->opinion)))
		return;
	scorer_stop(&settings->scorer);
	opinion_free(settings->opinion);
	settings->opinion = opinion_open(&settings->config);
	opinion_compile(settings->opinion);
	settings->work.arg = settings->opinion;
}

/* Puts the fields on top.  0, or -1 with errno. */
static int
add_fields(struct message *message, struct buf *fields)
{
	return fields->full ? (errno = EMSGSIZE, -1)
			    : message_prepend(message, buf_span(fields));
}

static void
tell(const struct frame *frame, const char *verdict, const char *text)
{
	struct span id = frame_get(frame, "id");

	if (id.p != NULL)
		event("id=%.*s verdict=%s %s", SPAN_ARG(id), verdict, text);
	else
		info("%s: %s", verdict, text);
}

/* What has no score, and why. */
static void
without_score(
    const struct spam_settings *settings, struct frame *frame, const char *why)
{
	struct buf text = BUF_INIT(1024);
	const char *line_end = header_line_end(&frame->message);

	buf_addf(&text, "reason='no score: %s'", why);
	tell(frame, settings->pass ? "pass" : "defer", buf_str(&text));
	buf_reset(&text);
	buf_addf(&text, "X-Spam-Status: Unknown, error=%s%s", why, line_end);
	if (!settings->pass || add_fields(&frame->message, &text) < 0)
		frame_verdict(
		    frame, VERDICT_DEFER, "451 4.3.0 Cannot look for spam now");
	buf_free(&text);
}

static void
mark(const struct spam_settings *settings, struct frame *frame,
    const struct score *score)
{
	struct buf fields = BUF_INIT(SCORE_FIELDS_MAX);
	const char *line_end = header_line_end(&frame->message);

	score_fields(score, settings->required, line_end, &fields);
	if (add_fields(&frame->message, &fields) < 0 ||
	    (score->points >= settings->required && frame->fields.len > 0 &&
		frame_get(frame, "junk").p == NULL &&
		frame_add(frame, "junk", span_of("yes")) < 0))
		without_score(settings, frame, strerror(errno));
	buf_free(&fields);
}

static void
work(struct frame *frame, void *arg)
{
	struct spam_settings *settings = arg;
	struct buf text = BUF_INIT(1024);
	struct score score = {0};
	const char *why;

	refresh(settings);
	if (header_remove(&frame->message, OURS) < 0)
		why = strerror(errno);
	else
		why = scorer_ask(&settings->scorer, frame, &score);
	if (why != NULL) {
		without_score(settings, frame, why);
		return;
	}
	if (score.points >= settings->reject) {
		buf_addf(&text, "spam=Yes score=%.1f", score.points);
		tell(frame, "reject", buf_str(&text));
		frame_verdict(
		    frame, VERDICT_REJECT, "550 5.7.1 Message looks like spam");
	} else
		mark(settings, frame, &score);
	buf_free(&text);
}

static void
print_score(const struct spam_settings *settings, const char *path,
    const struct score *score)
{
	struct buf line = BUF_INIT(SCORE_FIELDS_MAX);
	size_t i;

	buf_addf(&line, "%s: %.3f %s ", path, score->points,
	    score->points >= settings->required ? "Yes" : "No");
	for (i = 0; i < score->count; i++)
		buf_addf(&line, "%s%s", i > 0 ? "," : "", score->hits[i].name);
	if (score->count == 0)
		buf_adds(&line, "none");
	if (score->cut != NULL)
		buf_addf(&line, " cut=%s", score->cut);
	err_printable(line.p, line.len);
	buf_adds(&line, "\n");
	if (settings->verbose)
		score_table(score, &line);
	if (fputs(buf_str(&line), stdout) < 0 || fflush(stdout) != 0)
		fatal("cannot write: %s", strerror(errno));
	buf_free(&line);
}

/* Reads a file as a raw message.  0, or -1 with errno. */
static int
read_file(struct frame *frame, const char *path)
{
	struct io_in in;
	int rc, fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -1;
	io_in_init(&in, fd);
	rc = message_take(&frame->message, &in);
	if (rc == 0)
		rc = header_remove(&frame->message, OURS);
	io_in_free(&in);
	close(fd);
	return rc;
}

/* Scores a file and says a line about it.  Returns STATUS_*. */
static int
score_file(struct spam_settings *settings, const char *path)
{
	struct frame frame;
	struct score score = {0};
	const char *why;
	int status;

	frame_init(&frame);
	if (read_file(&frame, path) < 0)
		why = strerror(errno);
	else
		why = scorer_ask(&settings->scorer, &frame, &score);
	if (why != NULL) {
		warning("%s: %s", path, why);
		status = STATUS_DEFER;
	} else {
		print_score(settings, path, &score);
		status = score.points >= settings->required ? STATUS_STOP
							    : STATUS_OK;
	}
	frame_free(&frame);
	return status;
}

static int
score_files(struct spam_settings *settings, char **paths)
{
	int status = STATUS_OK, one;

	for (; *paths != NULL; paths++) {
		one = score_file(settings, *paths);
		status = one > status ? one : status;
	}
	if (io_close_stdout() < 0)
		fatal("cannot close standard output: %s", strerror(errno));
	return status;
}

/* -c, and what it stands for if nobody says it. */
static void
add_rules(struct opinion_config *config, const char *path)
{
	size_t i = 0;

	while (config->rules[i] != NULL)
		if (++i == OPINION_RULES_MAX - 1)
			fatal("-c '%s': too many", path);
	config->rules[i] = path;
}

static void
add_default_rules(struct opinion_config *config, struct arena *arena)
{
	const char *list[RULES_DIRECTORIES_MAX];
	size_t i, count = rules_default_directories(arena, list);

	if (count == 0)
		fatal("there are no rules: see -c");
	for (i = 0; i < count; i++)
		add_rules(config, list[i]);
}

/* -m: the second is a user's over the first; "none" is none. */
static void
add_model(struct opinion_config *config, const char *path)
{
	size_t i;

	for (i = 0; i < OPINION_MODELS_MAX && config->models[i] != NULL; i++)
		;
	if (i == OPINION_MODELS_MAX)
		fatal("-m '%s': too many", path);
	config->models[i] = path;
}

/* What is there by itself if nobody says where it is. */
static void
complete(struct spam_settings *settings, bool models, const char *reputation,
    struct arena *arena)
{
	struct opinion_config *config = &settings->config;
	bool state = access(STATE, W_OK) == 0;

	config->named_models = models;

	if (config->rules[0] == NULL)
		add_default_rules(config, arena);
	if (!models)
		add_model(config, MODEL);
	if (reputation != NULL && strcmp(reputation, "none") != 0)
		config->reputation = reputation;
	else if (reputation == NULL && state)
		config->reputation = REPUTATION;
}

int
main(int argc, char **argv)
{
	static struct spam_settings settings = {.reject = INFINITY,
	    .required = NAN,
	    .config = {.bytes = 256 << 10, .time = 10000, .learn_min = 20}};
	struct opinion_config *config = &settings.config;
	const char *on_error = "defer", *reputation = NULL;
	uint64_t memory = 256 << 20;
	const struct conf_option options[] = {
	    {"bytes", CONF_SIZE, &config->bytes, 1024, 16 << 20,
		"text of a part that is looked at"},
	    {"dns", CONF_TEXT, &config->dns_server, 0, 0,
		"server for uri-lists: ADDRESS or ADDRESS@PORT"},
	    {"dns-zone", CONF_TEXT, &config->dns_zone, 0, 0,
		"file of records in place of the DNS"},
	    {"learn-min", CONF_COUNT, &config->learn_min, 1, 1000000,
		"messages of each kind before the learner speaks"},
	    {"lists", CONF_TEXT, &config->lists, 0, 0,
		"file of senders who are welcome, or not"},
	    {"memory", CONF_SIZE, &memory, 32 << 20, 4ULL << 30,
		"memory of the scorer"},
	    {"on-error", CONF_TEXT, &on_error, 0, 0,
		"what has no score: defer, or pass"},
	    {"reputation", CONF_TEXT, &reputation, 0, 0,
		"file of senders' reputation, or none"},
	    {"time", CONF_SECONDS, &config->time, 10, 600000,
		"seconds for a message"},
	    {"uri-lists", CONF_TEXT, &config->uri_lists, 0, 0,
		"DNS lists of domains in links"},
	};
	struct stage stage = {.work = work,
	    .arg = &settings,
	    .takes_raw = true,
	    .keeps_message = true,
	    .raw_done = STATUS_STOP};
	struct arena arena = {0};
	bool models = false;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	umask(077);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	while ((c = getopt(argc, argv, "c:m:o:r:t:v")) != -1)
		switch (c) {
		case 'c':
			add_rules(config, optarg);
			break;
		case 'm':
			models = true;
			if (strcmp(optarg, "none") != 0)
				add_model(config, optarg);
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'r':
			settings.reject = points_of('r', optarg);
			break;
		case 't':
			settings.required = points_of('t', optarg);
			break;
		case 'v':
			settings.verbose = true;
			break;
		default:
			usage();
		}
	settings.pass = strcmp(on_error, "pass") == 0;
	if (!settings.pass && strcmp(on_error, "defer") != 0)
		fatal("-o 'on-error=%s': neither defer nor pass", on_error);
	complete(&settings, models, reputation, &arena);
	settings.work.confine = opinion_confine;
	settings.work.score = opinion_score;
	scorer_init(&settings.scorer, &settings.work, config->time + SPARE_TIME,
	    memory);
	refresh(&settings);
	if (isnan(settings.required))
		settings.required = opinion_required(settings.opinion);
	c = argv[optind] != NULL ? score_files(&settings, argv + optind)
				 : stage_run(&stage);
	scorer_free(&settings.scorer);
	opinion_free(settings.opinion);
	arena_free(&arena);
	return c;
}
