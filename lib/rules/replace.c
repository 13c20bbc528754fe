/*
 * replace: how tags come into a pattern.
 *
 * As SpamAssassin does it, in passes: first "<pre X>", "<inter X>" and
 * "<post X>" are taken out, which say what comes before the tags of this pass,
 * between two that stand side by side, and behind them; then each tag becomes
 * its text, which may hold further tags for the next pass.
 *
 * What such a pattern becomes in PCRE2 can be too large, for what repeats is
 * written out there again and again.  A large one has its tags as subroutines
 * in place of their text, "(?&t1)", defined behind it; so numbers of groups
 * stay.  Only a tag that is one group may become that, since what stands behind
 * it could belong to a part of it otherwise.
 */
#include "rules/replace.h"
#include "rules/rulesetpart.h"

#define PASSES_MAX 6
#define LARGE 24000     /* octets of a pattern that has subroutines */
#define CALL_MIN 64     /* octets of what becomes one */
#define CALLS_MAX 100   /* of a pattern */
#define SPLIT_START '<' /* whatever replace_start says */
#define SPLIT_END '>'

struct replacer {
	const struct ruleset *set;
	bool calls;
	bool again; /* a text that was put in may hold tags */
	struct span called[CALLS_MAX];
	size_t count;
	struct span pre, inter, post; /* of this pass; len 0: none */
};

static struct span
value_of(const struct replacer *replacer, size_t kind, struct span name)
{
	const struct replacements *list = &replacer->set->replacements[kind];
	uint32_t n = map_get(&list->names, name);

	if (n == 0)
		return span_of("");
	return ((const struct span *)(const void *)list->values.p)[n - 1];
}

/* Finds "<word name>": where it is, its length, and its name. */
static bool
find_tag(const struct replacer *replacer, struct span text, const char *word,
    size_t *at, size_t *len, struct span *name)
{
	struct span start = replacer->set->replace_start;
	struct span end = replacer->set->replace_end, rest = text;
	const char *p, *close;

	while ((p = span_find(rest, start)) != NULL) {
		rest = span_from(text, (size_t)(p - text.p) + start.len);
		if (!span_starts(rest, word))
			continue;
		*name = span_from(rest, strlen(word));
		/* a name has one octet at least */
		close = span_find(span_from(*name, 1), end);
		if (name->len == 0 || close == NULL)
			return false;
		name->len = (size_t)(close - name->p);
		*at = (size_t)(p - text.p);
		*len = (size_t)(close - p) + end.len;
		return true;
	}
	return false;
}

/* Takes the first "<word name>" out of the pattern; what name stands for. */
static struct span
take_modifier(struct replacer *replacer, struct buf *pattern, const char *word,
    size_t kind)
{
	struct span text = buf_span(pattern), name, value;
	size_t at, len;

	if (!find_tag(replacer, text, word, &at, &len, &name))
		return span_of("");
	value = value_of(replacer, kind, name);
	memmove(pattern->p + at, pattern->p + at + len, text.len - at - len);
	pattern->len -= len;
	return value;
}

/* The length of the group that text begins with; 0 if it does not. */
static size_t
group_len(struct span text)
{
	size_t i, depth = 0;
	bool class = false;

	if (!span_starts(text, "("))
		return 0;
	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '\\')
			i++;
		else if (class)
			class = text.p[i] != ']';
		else if (text.p[i] == '[') {
			class = true;
			/* the first in it may be "]" */
			i += i + 1 < text.len && text.p[i + 1] == '^';
			i += i + 1 < text.len && text.p[i + 1] == ']';
		} else if (text.p[i] == '(')
			depth++;
		else if (text.p[i] == ')' && --depth == 0)
			return i + 1;
	}
	return 0;
}

static bool
may_call(const struct replacer *replacer, struct span value)
{
	return replacer->calls && value.len >= CALL_MIN &&
	       span_starts(value, "(?:") && group_len(value) == value.len;
}

static void
add_call(struct replacer *replacer, struct span value, struct buf *to)
{
	size_t i;

	for (i = 0; i < replacer->count; i++)
		if (replacer->called[i].p == value.p)
			break;
	if (i == CALLS_MAX) {
		buf_addspan(to, value);
		return;
	}
	if (i == replacer->count)
		replacer->called[replacer->count++] = value;
	buf_addf(to, "(?&t%zu)", i);
}

/* Whether it holds "<", something, ">". */
static bool
has_tag(struct span text)
{
	const char *p =
	    text.len > 0 ? memchr(text.p, SPLIT_START, text.len) : NULL;
	struct span rest;

	for (; p != NULL; p = memchr(rest.p, SPLIT_START, rest.len)) {
		rest = span_from(text, (size_t)(p - text.p) + 1);
		if (rest.len < 2)
			return false;
		if (rest.p[0] != SPLIT_END &&
		    memchr(rest.p, SPLIT_END, rest.len) != NULL)
			return true;
	}
	return false;
}

/* A piece with its first tag replaced wherever that is in it. */
static void
add_replaced(struct replacer *replacer, struct span piece, struct buf *to)
{
	struct span name, value, whole;
	const char *p;
	size_t at, len;

	if (!find_tag(replacer, piece, "", &at, &len, &name)) {
		buf_addspan(to, piece);
		return;
	}
	value = value_of(replacer, REPLACE_TAG, name);
	if (value.len == 0 || span_is(value, "0")) {
		buf_addspan(to, piece);
		return;
	}
	whole = (struct span){piece.p + at, len};
	while ((p = span_find(piece, whole)) != NULL) {
		buf_add(to, piece.p, (size_t)(p - piece.p));
		if (may_call(replacer, value)) {
			add_call(replacer, value, to);
		} else {
			buf_addspan(to, value);
			replacer->again = replacer->again || has_tag(value);
		}
		piece = span_from(piece, (size_t)(p - piece.p) + whole.len);
	}
	buf_addspan(to, piece);
}

/* A piece with what comes before its first tag, and behind all of them. */
static void
add_piece(struct replacer *replacer, struct span piece, struct buf *scratch,
    struct buf *to)
{
	bool first = true;
	struct span name;
	size_t at, len;

	buf_reset(scratch);
	if (replacer->pre.len > 0 || replacer->post.len > 0)
		while (find_tag(replacer, piece, "", &at, &len, &name)) {
			buf_add(scratch, piece.p, at);
			if (first)
				buf_addspan(scratch, replacer->pre);
			first = false;
			buf_add(scratch, piece.p + at, len);
			buf_addspan(scratch, replacer->post);
			piece = span_from(piece, at + len);
		}
	buf_addspan(scratch, piece);
	add_replaced(replacer, buf_span(scratch), to);
}

/* Where "<name>" begins and ends, name without "<" and ">"; false if there is
 * none. */
static bool
find_split(struct span text, size_t *at, size_t *len)
{
	size_t i, start = SIZE_MAX;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == SPLIT_START) {
			start = i;
		} else if (text.p[i] == SPLIT_END) {
			if (start != SIZE_MAX && i > start + 1) {
				*at = start;
				*len = i + 1 - start;
				return true;
			}
			start = SIZE_MAX;
		}
	}
	return false;
}

/* One pass from one buffer to another. */
static void
pass(struct replacer *replacer, struct span text, struct buf *to)
{
	struct buf scratch = BUF_INIT(RULESET_PATTERN_MAX);
	size_t at, len;
	bool begins = true;

	buf_reset(to);
	while (find_split(text, &at, &len)) {
		if (at > 0)
			add_piece(
			    replacer, (struct span){text.p, at}, &scratch, to);
		else if (!begins)
			add_piece(replacer, replacer->inter, &scratch, to);
		add_piece(
		    replacer, (struct span){text.p + at, len}, &scratch, to);
		text = span_from(text, at + len);
		begins = false;
	}
	if (text.len > 0)
		add_piece(replacer, text, &scratch, to);
	to->full = to->full || scratch.full;
	buf_free(&scratch);
}

/* All passes: the result is in pattern.  false if it is too large. */
static bool
expand(struct replacer *replacer, struct buf *pattern)
{
	struct buf other = BUF_INIT(pattern->max), old;
	unsigned passes = 0;
	bool full = pattern->full;

	do {
		replacer->again = false;
		replacer->pre =
		    take_modifier(replacer, pattern, "pre ", REPLACE_PRE);
		replacer->post =
		    take_modifier(replacer, pattern, "post ", REPLACE_POST);
		replacer->inter =
		    take_modifier(replacer, pattern, "inter ", REPLACE_INTER);
		pass(replacer, buf_span(pattern), &other);
		full = full || other.full;
		old = *pattern;
		*pattern = other;
		other = old;
	} while (replacer->again && ++passes < PASSES_MAX);
	buf_free(&other);
	return !full;
}

/* The pattern with subroutines behind it. */
static bool
expand_calls(struct replacer *replacer, struct span text, struct buf *pattern)
{
	struct buf body = BUF_INIT(RULESET_PATTERN_MAX);
	size_t i;
	bool good;

	buf_reset(pattern);
	buf_addspan(pattern, text);
	good = expand(replacer, pattern);
	if (replacer->count > 0) {
		buf_reset(&body);
		buf_addf(&body, "(?:");
		buf_addspan(&body, buf_span(pattern));
		buf_adds(&body, ")(?(DEFINE)");
		buf_reset(pattern);
		buf_addspan(pattern, buf_span(&body));
	}
	/* bodies of subroutines may have tags that become further ones */
	for (i = 0; i < replacer->count && good; i++) {
		buf_reset(&body);
		buf_addspan(&body, replacer->called[i]);
		good = expand(replacer, &body);
		buf_addf(pattern, "(?<t%zu>", i);
		buf_addspan(pattern, buf_span(&body));
		buf_adds(pattern, ")");
	}
	if (replacer->count > 0)
		buf_adds(pattern, ")");
	buf_free(&body);
	return good && !pattern->full;
}

void
replace_tags(struct ruleset *set, struct rule *rule)
{
	struct replacer replacer = {.set = set};
	struct buf pattern = BUF_INIT(RULESET_PATTERN_MAX);
	bool good;

	switch (rule->kind) {
	case RULE_HEADER:
	case RULE_BODY:
	case RULE_RAWBODY:
	case RULE_FULL:
	case RULE_URI:
		break;
	default:
		return;
	}
	buf_addspan(&pattern, rule->pattern);
	good = expand(&replacer, &pattern);
	if (!good || pattern.len > LARGE) {
		replacer.calls = true;
		good = expand_calls(&replacer, rule->pattern, &pattern);
	}
	if (good) {
		rule->pattern = arena_copy(&set->arena, buf_span(&pattern));
	} else {
		ruleset_add_note(set, NOTE_ERROR, rule->file, rule->line,
		    "rule %s: too large with its tags", rule->name);
		rule->kind = RULE_UNDEFINED;
	}
	buf_free(&pattern);
}
