/*
 * spam-train: learns from mail that people call spam or ham.
 *
 * - Ham and spam that are named together are learned mixed, for the order
 *   matters (lib/learn/source.h).
 * - `sync` needs no plugin of an IMAP server: it learns from where users put
 *   their mail.  What the filter itself has put there is not learned, so that
 * it does not learn from itself.
 * - The model is locked for the whole run, and standard input is read before
 *   that, so that a slow pipe keeps nobody waiting.
 * - What cannot be read is said, and the rest is learned.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "learn/trainer.h"

#define MODEL "/var/lib/pimail/spam-model"

struct settings {
	const char *model;
	uint64_t size;
	uint64_t wait; /* ms */
	const char *junk;
	const char *ignored;
	const char *all;
	bool quiet;
};

static void
usage(void)
{
	usage_exit("[-q] [-m model] [-o name=value] "
		   "ham|spam|forget [file...] ... | sync maildir... | info");
}

/* Makes sure that all is on the disk, and says what was done.  Returns
 * STATUS_*. */
static int
finish(struct trainer *trainer, const struct settings *settings)
{
	static const char *const names[] = {
	    "learned", "known", "turned", "forgotten", "unknown"};
	const char *comma = "";

	if (model_sync(trainer->model) < 0)
		fatal("model '%s': %s", settings->model, strerror(errno));
	trainer_free(trainer);
	for (size_t i = 0; i < nitems(names) && !settings->quiet; i++) {
		/* what was learned is said even if it is nothing */
		if (i > 0 && trainer->results[i] == 0)
			continue;
		printf("%s%s %" PRIu64, comma, names[i], trainer->results[i]);
		comma = ", ";
	}
	if (!settings->quiet)
		putchar('\n');
	return trainer->failed > 0 ? STATUS_DEFER : STATUS_OK;
}

enum mode { MODE_HAM, MODE_SPAM, MODE_FORGET, MODE_NONE };

static enum mode
mode_of(const char *word)
{
	static const char *const words[] = {"ham", "spam", "forget"};
	enum mode mode = MODE_HAM;

	while (mode < MODE_NONE && strcmp(word, words[mode]) != 0)
		mode++;
	return mode;
}

/* Adds what is named; what cannot be is said and counted.  Returns how often.
 */
static size_t
gather(struct source *learned, struct source *forgotten, char **operands)
{
	enum mode mode = MODE_NONE, word;
	size_t missing = 0;
	int rc;

	for (; *operands != NULL; operands++) {
		word = mode_of(*operands);
		if (word != MODE_NONE) {
			mode = word;
			/* a file that is called so is written ./spam */
			if (operands[1] == NULL ||
			    mode_of(operands[1]) != MODE_NONE)
				usage();
			continue;
		}
		rc = mode == MODE_FORGET
			 ? source_add(forgotten, 0, *operands)
			 : source_add(learned, mode == MODE_SPAM, *operands);
		if (rc < 0) {
			warning("cannot read '%s': %s", *operands,
			    errno == EINVAL ? "not a file or directory"
					    : strerror(errno));
			missing++;
		}
	}
	return missing;
}

/* Learns and forgets what is named, or what comes.  Returns STATUS_*. */
static int
named(const struct settings *settings, char **operands)
{
	struct source learned, forgotten;
	struct trainer trainer;
	size_t missing = 0;
	enum mode mode;
	int rc;

	source_init(&learned);
	source_init(&forgotten);
	if (operands[1] == NULL) {
		mode = mode_of(operands[0]);
		rc = source_add_input(
		    mode == MODE_FORGET ? &forgotten : &learned,
		    mode == MODE_SPAM, 0);
		if (rc < 0)
			fatal("standard input: %s", strerror(errno));
	} else
		missing = gather(&learned, &forgotten, operands);
	trainer_open(&trainer, settings->model, settings->size,
	    clock_ms() + (int64_t)settings->wait);
	trainer.failed = missing;
	trainer_source(&trainer, &forgotten, true);
	trainer_source(&trainer, &learned, false);
	source_free(&learned);
	source_free(&forgotten);
	return finish(&trainer, settings);
}

/* Learns what was moved in Maildirs.  Returns STATUS_*. */
static int
sync_all(const struct settings *settings, char **maildirs)
{
	bool all = strcmp(settings->all, "yes") == 0;
	struct trainer trainer;
	struct moves moves;

	trainer_open(&trainer, settings->model, settings->size,
	    clock_ms() + (int64_t)settings->wait);
	for (; *maildirs != NULL; maildirs++) {
		if (moves_find(&moves, *maildirs, settings->junk,
			settings->ignored, all) < 0) {
			warning("maildir '%s': %s", *maildirs,
			    errno == ENOTDIR   ? "not a Maildir"
			    : errno == EBADMSG ? MOVES_FILE " is damaged"
					       : strerror(errno));
			trainer.failed++;
		} else {
			trainer_moves(&trainer, &moves, all);
			/* what is learned has to be safe first */
			if (model_sync(trainer.model) < 0 ||
			    moves_save(&moves) < 0) {
				warning("maildir '%s': %s", *maildirs,
				    strerror(errno));
				trainer.failed++;
			}
		}
		moves_free(&moves);
	}
	return finish(&trainer, settings);
}

static int
tell(const struct settings *settings)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct model *model;

	model = model_open(settings->model, &why);
	if (model == NULL)
		fatal("model '%s': %s", settings->model, buf_str(&why));
	printf("ham: %" PRIu64 "\nspam: %" PRIu64 "\nknown-max: %" PRIu64
	       "\nsize: %" PRIu64 "\n",
	    model_count(model, MODEL_HAM), model_count(model, MODEL_SPAM),
	    model_capacity(model), model_size(model));
	model_close(model);
	buf_free(&why);
	return STATUS_OK;
}

int
main(int argc, char **argv)
{
	static struct settings settings = {.model = MODEL,
	    .size = MODEL_SIZE,
	    .wait = 300000,
	    .junk = "Junk",
	    .ignored = "Trash,Drafts,Sent*,Deleted*,Outbox,Templates",
	    .all = "no"};
	const struct conf_option options[] = {
	    {"all", CONF_TEXT, &settings.all, 0, 0,
		"sync: yes learns new mail too, as what it lies among"},
	    {"ignore", CONF_TEXT, &settings.ignored, 0, 0,
		"sync: folders that are not looked at"},
	    {"junk", CONF_TEXT, &settings.junk, 0, 0, "sync: folders of spam"},
	    {"size", CONF_SIZE, &settings.size, MODEL_SIZE_MIN, MODEL_SIZE_MAX,
		"octets of a model that is made"},
	    {"wait", CONF_SECONDS, &settings.wait, 0, 86400000,
		"seconds to wait for another trainer"},
	};
	int c, status;

	err_init(argv[0]);
	file_sane_stdio();
	umask(077);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	while ((c = getopt(argc, argv, "m:o:q")) != -1)
		switch (c) {
		case 'm':
			settings.model = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'q':
			settings.quiet = true;
			break;
		default:
			usage();
		}
	argv += optind;
	if (strcmp(settings.all, "yes") != 0 && strcmp(settings.all, "no") != 0)
		fatal("-o 'all=%s': not yes or no", settings.all);
	if (argv[0] != NULL && mode_of(argv[0]) != MODE_NONE)
		status = named(&settings, argv);
	else if (argv[0] != NULL && argv[1] != NULL &&
		 strcmp(argv[0], "sync") == 0)
		status = sync_all(&settings, argv + 1);
	else if (argv[0] != NULL && argv[1] == NULL &&
		 strcmp(argv[0], "info") == 0)
		status = tell(&settings);
	else
		usage();
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	return status;
}
