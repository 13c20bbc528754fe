/*
 * spam-rules: checks rules before spam-score gets them.
 *
 * - It reads them by the same code and compiles every pattern, so what it says
 *   is what happens.
 * - What is wrong in a rule leaves that rule out, and nothing else; so there
 *   may be much to say, and it is sorted by what it means.
 * - What is ignored because it is of no use here is counted only, for the rules
 *   that come with SpamAssassin have thousands of such lines.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "rules/judge.h"
#include "rules/places.h"
#include "rules/trial.h"
#include "spam/addrlists.h"

#define WITH_LEARNER 2 /* score set */
#define LISTS_TEXT_MAX (64 << 20)

static const struct {
	const char *title;
	enum note_kind kind;
	bool always; /* listed without -v as well */
} groups[] = {
    {"errors", NOTE_ERROR, true},
    {"unknown", NOTE_UNKNOWN, true},
    {"costly", NOTE_COSTLY, true},
    {"ignored", NOTE_IGNORED, false},
};

static void
usage(void)
{
	usage_exit("[-v] [-c dir]... | -l lists");
}

static void
read_rules(struct ruleset *set, const char *path)
{
	if (ruleset_read(set, path) < 0)
		fatal("cannot read '%s': %s", path, strerror(errno));
}

static void
read_default_rules(struct ruleset *set)
{
	const char *list[RULES_DIRECTORIES_MAX];
	struct arena arena = {0};
	size_t count = rules_default_directories(&arena, list), i;

	if (count == 0)
		fatal("there are no rules: say where with -c");
	for (i = 0; i < count; i++)
		read_rules(set, list[i]);
	arena_free(&arena);
}

/* Adds the notes that only trying finds. */
static void
try_rules(struct ruleset *set)
{
	struct judge *judge = judge_new(set, WITH_LEARNER);

	judge_compile(judge, true);
	trial_run(judge);
	judge_free(judge);
}

/* File and text are from outside and must not forge a line. */
static void
print_note(const struct note *note)
{
	struct buf line = BUF_INIT(ERR_LINE_MAX * 8);

	buf_addf(&line, "%s:%u: %s", note->file, note->line, note->text);
	err_printable(line.p, line.len);
	puts(buf_str(&line));
	buf_free(&line);
}

static size_t
print_notes(const struct ruleset *set, const char *title, enum note_kind kind,
    bool listed)
{
	const struct note *note;
	size_t i, count = 0;

	for (i = 0; i < ruleset_note_count(set); i++)
		count += ruleset_note(set, i)->kind == kind;
	printf("%s: %zu\n", title, count);
	for (i = 0; listed && i < ruleset_note_count(set); i++) {
		note = ruleset_note(set, i);
		if (note->kind == kind)
			print_note(note);
	}
	return count;
}

static int
report(const struct ruleset *set, bool verbose)
{
	size_t i, count, errors = 0, defined = 0;

	for (i = 0; i < ruleset_count(set); i++)
		defined += ruleset_rule(set, i)->kind != RULE_UNDEFINED;
	printf("rules: %zu\n", defined);
	for (i = 0; i < nitems(groups); i++) {
		count = print_notes(set, groups[i].title, groups[i].kind,
		    groups[i].always || verbose);
		if (groups[i].kind == NOTE_ERROR)
			errors = count;
	}
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	return errors > 0 ? STATUS_REJECT : STATUS_OK;
}

/* Checks a file of lists and prints its entries with their hits. */
static int
print_lists(const char *path)
{
	struct buf text = BUF_INIT(LISTS_TEXT_MAX), why = BUF_INIT(1024);
	struct buf counts = BUF_INIT(4096);
	struct addrlists *lists;

	buf_addf(&counts, "%s" ADDRLISTS_COUNTS, path);
	lists = addrlists_open(path, buf_str(&counts), false, &why);
	if (lists == NULL)
		fatal("'%s': %s", path, buf_str(&why));
	if (!addrlists_print(lists, (int64_t)time(NULL), &text))
		fatal("'%s': too many entries", path);
	fputs(buf_str(&text), stdout);
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	addrlists_close(lists);
	buf_free(&text);
	buf_free(&why);
	buf_free(&counts);
	return STATUS_OK;
}

int
main(int argc, char **argv)
{
	struct ruleset *set;
	bool verbose = false, given = false;
	const char *lists = NULL;
	int c, status;

	err_init(argv[0]);
	file_sane_stdio();
	set = ruleset_new();
	while ((c = getopt(argc, argv, "c:l:v")) != -1)
		switch (c) {
		case 'c':
			read_rules(set, optarg);
			given = true;
			break;
		case 'l':
			lists = optarg;
			break;
		case 'v':
			verbose = true;
			break;
		default:
			usage();
		}
	if (optind != argc || (lists != NULL && (given || verbose)))
		usage();
	if (lists != NULL) {
		ruleset_free(set);
		return print_lists(lists);
	}
	if (!given)
		read_default_rules(set);
	ruleset_finish(set);
	try_rules(set);
	status = report(set, verbose);
	ruleset_free(set);
	return status;
}
