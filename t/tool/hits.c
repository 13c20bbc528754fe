/*
 * hits: what the rules in the directories or files -c say of messages, with
 * nothing else: no learner, no lists.
 *
 *	hits [-s] [-t time] -c DIR ... FILE ...
 *
 * A line each: file, score, names with points; with -s then the sub-rules that
 * hit.
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
#include "rules/judge.h"

#define FILE_MAX (64 << 20)

static void
print_score(const char *path, const struct score *score)
{
	const char *slash = strrchr(path, '/');
	size_t i;

	printf("%s\t%.3f\t", slash != NULL ? slash + 1 : path, score->points);
	for (i = 0; i < score->count; i++)
		printf("%s%s=%g", i > 0 ? "," : "", score->hits[i].name,
		    score->hits[i].points);
}

static void
print_subrules(struct judge *judge, const struct ruleset *set)
{
	size_t i, count = ruleset_count(set);
	const char *between = "\t";

	for (i = 0; i < count; i++)
		if (strncmp(ruleset_rule(set, i)->name, "__", 2) == 0 &&
		    judge_ask(judge, i) != 0) {
			printf("%s%s", between, ruleset_rule(set, i)->name);
			between = ",";
		}
}

int
main(int argc, char **argv)
{
	struct ruleset *set = ruleset_new();
	struct buf octets = BUF_INIT(FILE_MAX);
	struct judge *judge;
	struct score score;
	struct mail mail;
	bool subrules = false;
	int c;

	err_init(argv[0]);
	while ((c = getopt(argc, argv, "c:s")) != -1)
		if (c == 's')
			subrules = true;
		else if (c != 'c' || ruleset_read(set, optarg) < 0)
			fatal("'%s': %s", optarg, strerror(errno));
	ruleset_finish(set);
	judge = judge_new(set, 0);
	mail_init(&mail);
	for (; argv[optind] != NULL; optind++) {
		buf_reset(&octets);
		if (file_read(argv[optind], &octets) < 0)
			fatal("'%s': %s", argv[optind], strerror(errno));
		mail_reset(&mail);
		mail.now = time(NULL);
		score = (struct score){0};
		judge_read(judge, &mail, buf_span(&octets), 256 << 10);
		judge_run(judge, &mail, -1, clock_ms() + 60000, &score);
		print_score(argv[optind], &score);
		if (subrules)
			print_subrules(judge, set);
		printf("\n");
	}
	mail_free(&mail);
	judge_free(judge);
	ruleset_free(set);
	buf_free(&octets);
	return fflush(stdout) != 0;
}
