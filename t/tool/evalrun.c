/*
 * evalrun: what functions of rules say of messages:
 *
 *	evalrun [-c RULES]... "check_illegal_chars('From', '0.2', '2')" FILE...
 *	evalrun -e -c RULES... FILE...
 *
 * A line each: file, how often it hit; with -e file, the rules that call a
 * function and hit.  RULES are files or directories with rules and settings.
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
#include "rules/judge.h"

#define FILE_MAX (64 << 20)
#define PART_MAX (256 << 10)
#define RULE_NAME "EVALRUN"

/* Rules are read from files, so this one gets one, too. */
static void
add_rule(struct ruleset *set, const char *call)
{
	char path[] = "/tmp/evalrun.XXXXXX";
	struct buf text = BUF_INIT(RULESET_LINE_MAX);
	int fd = mkstemp(path);

	buf_addf(&text, "header %s eval:%s\nscore %s 1\n", RULE_NAME, call,
	    RULE_NAME);
	if (fd < 0 || io_write(fd, text.p, text.len, CLOCK_NEVER) < 0 ||
	    close(fd) < 0 || ruleset_read(set, path) < 0)
		fatal("'%s': %s", path, strerror(errno));
	unlink(path);
	buf_free(&text);
}

static void
print_notes(const struct ruleset *set)
{
	size_t i;

	for (i = 0; i < ruleset_note_count(set); i++)
		if (ruleset_note(set, i)->kind == NOTE_ERROR)
			warning("%s:%u: %s", ruleset_note(set, i)->file,
			    ruleset_note(set, i)->line,
			    ruleset_note(set, i)->text);
}

static void
print_all(struct judge *judge, const struct ruleset *set)
{
	size_t i, count = ruleset_count(set);
	const char *between = "";

	for (i = 0; i < count; i++)
		if (ruleset_rule(set, i)->kind == RULE_EVAL &&
		    judge_ask(judge, i) != 0) {
			printf("%s%s", between, ruleset_rule(set, i)->name);
			between = ",";
		}
	printf("\n");
}

static void
run(struct judge *judge, const struct ruleset *set, struct mail *mail,
    const char *path, long rule)
{
	static struct buf octets = BUF_INIT(FILE_MAX);
	struct score score = {0};

	buf_reset(&octets);
	if (file_read(path, &octets) < 0)
		fatal("'%s': %s", path, strerror(errno));
	mail_reset(mail);
	mail->now = time(NULL);
	judge_read(judge, mail, buf_span(&octets), PART_MAX);
	judge_run(judge, mail, -1, clock_ms() + 60000, &score);
	printf("%s\t", path);
	if (rule < 0)
		print_all(judge, set);
	else
		printf("%g\n", judge_ask(judge, (size_t)rule));
}

int
main(int argc, char **argv)
{
	struct ruleset *set = ruleset_new();
	struct judge *judge;
	struct mail mail;
	bool all = false;
	long rule = -1;
	int c;

	err_init(argv[0]);
	while ((c = getopt(argc, argv, "c:e")) != -1)
		if (c == 'e')
			all = true;
		else if (c != 'c' || ruleset_read(set, optarg) < 0)
			fatal("'%s': %s", optarg, strerror(errno));
	if (!all && argv[optind] == NULL)
		usage_exit("[-c rules]... 'function(arguments)' file...\n"
			   "       evalrun -e -c rules... file...");
	if (!all)
		add_rule(set, argv[optind++]);
	ruleset_finish(set);
	judge = judge_new(set, 0);
	if (!all)
		rule = ruleset_find(set, span_of(RULE_NAME));
	print_notes(set);
	if (!all && rule < 0)
		fatal("there is no such function");
	mail_init(&mail);
	for (; argv[optind] != NULL; optind++)
		run(judge, set, &mail, argv[optind], rule);
	mail_free(&mail);
	judge_free(judge);
	ruleset_free(set);
	return fflush(stdout) != 0 ? STATUS_DEFER : STATUS_OK;
}
