#include "rules/trial.h"
#include "rules/judgepart.h"

#define LINE 20000 /* octets */

/* What a pattern may need to be tried at all. */
#define TAIL                                                               \
	"!bcdefghijklmnopqrstuvwxyz BCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789 " \
	".,:;=?@"

/* What is repeated to a long line: what explodes does so on one of these. */
static const char *const pieces[] = {"a", "a ", "aA1 ", "1234567890 ",
    "<a href=\"http://a.example/\">", ".-_ ", "\xc3\xa4"};

static struct text
make_lines(struct arena *arena)
{
	struct text lines = {
	    arena_array(arena, nitems(pieces), sizeof(struct span)),
	    nitems(pieces)};
	struct buf line = BUF_INIT(2 * LINE);
	size_t i;

	for (i = 0; i < lines.count; i++) {
		buf_reset(&line);
		while (line.len < LINE)
			buf_adds(&line, pieces[i]);
		buf_adds(&line, TAIL);
		lines.lines[i] = arena_copy(arena, buf_span(&line));
	}
	buf_free(&line);
	return lines;
}

static bool
has_pattern(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_HEADER:
		return !rule->exists;
	case RULE_BODY:
	case RULE_RAWBODY:
	case RULE_FULL:
	case RULE_URI:
	case RULE_MIMEHEADER:
		return true;
	default:
		return false;
	}
}

static bool
gives_up(const struct regex *regex, const struct text *lines)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		if (regex_find(regex, lines->lines[i], 0, NULL) < 0)
			return true;
	return false;
}

void
trial_run(struct judge *judge)
{
	struct arena arena = {0};
	struct text lines = make_lines(&arena);
	const struct regex *regex;
	struct check *check;
	enum rule_kind kind;
	size_t i;

	for (i = 0; i < judge->count; i++) {
		check = &judge->checks[i];
		kind = check->rule->kind;
		if (!check->needed || !has_pattern(check->rule))
			continue;
		regex = judge_pattern(judge, check);
		if (regex == NULL)
			continue;
		if (gives_up(regex, &lines))
			judge_note(judge, check, NOTE_COSTLY,
			    "gives up on a line of 20 KB");
		else if ((kind == RULE_BODY || kind == RULE_RAWBODY) &&
			 check->filter < 0)
			judge_note(judge, check, NOTE_COSTLY,
			    "has no text that it needs, so every line is "
			    "searched");
	}
	arena_free(&arena);
}
