#include <math.h>
#include <stdlib.h>

#include "spam/score.h"

#define LEVEL_MAX 50 /* asterisks */
#define WIDTH_MAX 76 /* octets of a line of tests */

void
score_add(struct score *score, struct arena *arena, const struct score_hit *hit)
{
	struct score_hit *hits;
	size_t i;

	if (score->count == SCORE_HITS_MAX)
		return;
	if (score->count == score->cap) {
		score->cap = score->cap == 0 ? 32 : 2 * score->cap;
		hits = arena_array(arena, score->cap, sizeof(*hits));
		if (score->count > 0)
			memcpy(hits, score->hits, score->count * sizeof(*hits));
		score->hits = hits;
	}
	for (i = score->count; i > 0; i--) {
		if (strcmp(score->hits[i - 1].name, hit->name) <= 0)
			break;
		score->hits[i] = score->hits[i - 1];
	}
	score->hits[i] = *hit;
	score->count++;
	score->points = round((score->points + hit->points) * 1000) / 1000;
}

/* The names with commas between, folded. */
static void
add_tests(const struct score *score, const char *line_end, struct buf *fields)
{
	size_t i, len, column = 60; /* what stands before them, about */

	if (score->count == 0)
		buf_adds(fields, "none");
	for (i = 0; i < score->count; i++) {
		len = strlen(score->hits[i].name) + 1;
		if (i > 0)
			buf_adds(fields, ",");
		if (column + len > WIDTH_MAX) {
			buf_addf(fields, "%s\t", line_end);
			column = 8;
		}
		buf_adds(fields, score->hits[i].name);
		column += len;
	}
}

void
score_fields(const struct score *score, double required, const char *line_end,
    struct buf *fields)
{
	bool spam = score->points >= required;
	int level = score->points < 0           ? 0
		    : score->points > LEVEL_MAX ? LEVEL_MAX
						: (int)score->points;

	if (spam)
		buf_addf(fields, "X-Spam-Flag: YES%s", line_end);
	buf_addf(fields, "X-Spam-Score: %.3f%s", score->points, line_end);
	if (level > 0)
		buf_addf(fields, "X-Spam-Level: %.*s%s", level,
		    "**************************************************",
		    line_end);
	buf_addf(fields, "X-Spam-Status: %s, score=%.1f required=%.1f tests=",
	    spam ? "Yes" : "No", score->points, required);
	add_tests(score, line_end, fields);
	if (score->cut)
		buf_addf(fields, "%s\tcut=%s", line_end, score->why);
	buf_addf(fields, "%s\tversion=pimail-0.1%s", line_end, line_end);
}
