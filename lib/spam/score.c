#include <math.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/scan.h"
#include "spam/score.h"

#define LEVEL_MAX 50 /* asterisks */
#define WIDTH_MAX 76 /* octets of a line of tests */
#define NUMBER_MAX 40
#define POINTS_MAX 1e6 /* of a hit, either way */

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
add_tests(const struct score *score, const char *line_end, size_t column,
    struct buf *fields)
{
	size_t i, len;

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
	size_t start;
	int level = score->points < LEVEL_MAX ? (int)score->points : LEVEL_MAX;

	if (spam)
		buf_addf(fields, "X-Spam-Flag: YES%s", line_end);
	buf_addf(fields, "X-Spam-Score: %.3f%s", score->points, line_end);
	if (level > 0)
		buf_addf(fields, "X-Spam-Level: %.*s%s", level,
		    "**************************************************",
		    line_end);
	start = fields->len;
	buf_addf(fields, "X-Spam-Status: %s, score=%.1f required=%.1f tests=",
	    spam ? "Yes" : "No", score->points, required);
	add_tests(score, line_end, fields->len - start, fields);
	if (score->cut != NULL)
		buf_addf(fields, "%s\tcut=%s", line_end, score->cut);
	buf_addf(fields, "%s\tversion=pimail-0.1%s", line_end, line_end);
}

/* A text of strangers for a terminal, in one line. */
static void
add_printable(struct buf *buf, struct span text)
{
	size_t from = buf->len;

	if (text.len > SCORE_TEXT_MAX)
		text.len = SCORE_TEXT_MAX;
	if (buf_addspan(buf, text) && buf->len > from)
		err_printable(buf->p + from, buf->len - from);
}

void
score_table(const struct score *score, struct buf *table)
{
	const struct score_hit *hit;
	size_t i;

	for (i = 0; i < score->count; i++) {
		hit = &score->hits[i];
		buf_addf(table, "%7.3f  %-28s  ", hit->points, hit->name);
		add_printable(table, hit->describe);
		if (hit->matched.p != NULL && hit->matched.len > 0) {
			buf_adds(table, " [");
			add_printable(table, span_trim(hit->matched));
			buf_adds(table, "]");
		}
		buf_adds(table, "\n");
	}
}

void
score_write(const struct score *score, struct buf *text)
{
	const struct score_hit *hit;
	struct buf line = BUF_INIT(4 * SCORE_TEXT_MAX);
	struct span none = {NULL, 0};
	bool has_room;
	size_t i;

	buf_addf(text, "cut %s\n", score->cut != NULL ? score->cut : "");
	for (i = 0; i < score->count; i++) {
		hit = &score->hits[i];
		has_room = text->len < SCORE_SIZE_MAX / 2;
		buf_reset(&line);
		buf_addf(&line, "%.3f %s\t", hit->points, hit->name);
		add_printable(&line, has_room ? hit->describe : none);
		buf_adds(&line, "\t");
		add_printable(&line, has_room ? hit->matched : none);
		buf_adds(&line, "\n");
		if (text->len + line.len <= SCORE_SIZE_MAX)
			buf_addspan(text, buf_span(&line));
	}
	buf_free(&line);
}

static bool
is_number(int c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '.';
}

/* "POINTS NAME<TAB>describe<TAB>matched" */
static int
read_hit(struct score *score, struct arena *arena, struct span line)
{
	char number[NUMBER_MAX] = "";
	struct score_hit hit;
	struct span points, name;
	struct scan scan;

	scan_init(&scan, line);
	points = scan_while(&scan, is_number);
	scan_char(&scan, ' ');
	name = scan_while(&scan, ascii_is_word);
	scan_char(&scan, '\t');
	hit.describe = scan_until(&scan, '\t');
	hit.matched = scan_rest(&scan);
	if (!scan_ok(&scan) || name.len == 0 || name.len > SCORE_NAME_MAX ||
	    points.len == 0 || points.len >= sizeof(number))
		return -1;
	memcpy(number, points.p, points.len);
	hit.points = strtod(number, NULL);
	if (!(hit.points <= POINTS_MAX && hit.points >= -POINTS_MAX))
		return -1;
	hit.name = arena_copy(arena, name).p;
	hit.describe = arena_copy(arena, hit.describe);
	hit.matched = arena_copy(arena, hit.matched);
	score_add(score, arena, &hit);
	return 0;
}

int
score_read(struct score *score, struct arena *arena, struct span text)
{
	static const char *const reasons[] = {"size", "steps", "time"};
	struct span line;
	struct scan scan;
	size_t i;

	*score = (struct score){0};
	scan_init(&scan, text);
	scan_text(&scan, "cut ");
	line = scan_until(&scan, '\n');
	for (i = 0; i < nitems(reasons); i++)
		if (span_is(line, reasons[i]))
			score->cut = reasons[i];
	while (!scan.bad && scan_peek(&scan) >= 0) {
		line = scan_until(&scan, '\n');
		if (scan.bad || read_hit(score, arena, line) < 0)
			return -1;
	}
	return scan.bad ? -1 : 0;
}
