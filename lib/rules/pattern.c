#include <stdint.h>

#include "rules/literals.h"
#include "rules/pattern.h"

#define PATTERN_MAX (256 << 10) /* octets of what is written */
#define LARGE_MIN 1500          /* octets of a pattern that is looked into */
#define GROUPS_MAX 200          /* that are moved */
#define GROUP_MIN 16            /* octets; less is not worth it */

/* A group with a count behind it: "(...){2,5}". */
struct counted {
	size_t start;  /* of its parenthesis */
	size_t inside; /* of what it repeats */
	size_t end;    /* of the closing one */
};

/* Whether a count stands there. */
static bool
is_count(struct span text, size_t at)
{
	size_t i = at + 1;

	if (at >= text.len || text.p[at] != '{')
		return false;
	while (i < text.len &&
	       ((text.p[i] >= '0' && text.p[i] <= '9') || text.p[i] == ','))
		i++;
	return i > at + 1 && i < text.len && text.p[i] == '}';
}

/* Where the class that begins there ends. */
static size_t
skip_class(struct span text, size_t at)
{
	size_t i = at + 1;

	if (i < text.len && text.p[i] == '^')
		i++;
	if (i < text.len && text.p[i] == ']')
		i++;
	for (; i < text.len && text.p[i] != ']'; i++)
		if (text.p[i] == '\\')
			i++;
	return i;
}

/* Finds the outermost groups with a count that hold nothing that has a number
 * or a name of its own. */
static size_t
find_counted(struct span text, struct counted list[GROUPS_MAX])
{
	size_t stack[GROUPS_MAX], depth = 0, count = 0, i, start;

	for (i = 0; i < text.len; i++)
		if (text.p[i] == '\\')
			i++;
		else if (text.p[i] == '[')
			i = skip_class(text, i);
		else if (text.p[i] == '(') {
			if (depth == GROUPS_MAX)
				return 0;
			stack[depth++] = i;
		} else if (text.p[i] == ')' && depth > 0) {
			start = stack[--depth];
			if (!is_count(text, i + 1) || i - start < GROUP_MIN ||
			    !span_starts(span_from(text, start), "(?:"))
				continue;
			while (count > 0 && list[count - 1].start > start)
				count--; /* it is inside of this one */
			if (count < GROUPS_MAX)
				list[count++] =
				    (struct counted){start, start + 3, i};
		}
	return count;
}

/* Writes the pattern with each of the groups once, in front. */
static void
write_once(struct span text, const struct counted *list, size_t count,
    struct buf *pattern)
{
	size_t i, at = 0;

	buf_adds(pattern, "(?(DEFINE)");
	for (i = 0; i < count; i++)
		buf_addf(pattern, "(?<once%zu>%.*s)", i,
		    (int)(list[i].end - list[i].inside),
		    text.p + list[i].inside);
	buf_adds(pattern, ")");
	for (i = 0; i < count; i++) {
		buf_add(pattern, text.p + at, list[i].start - at);
		buf_addf(pattern, "(?:(?&once%zu))", i);
		at = list[i].end + 1;
	}
	buf_add(pattern, text.p + at, text.len - at);
}

struct regex *
rule_regex(struct span pattern, unsigned flags, struct buf *why)
{
	struct buf written = BUF_INIT(PATTERN_MAX), again = BUF_INIT(256);
	struct regex *regex = regex_new(pattern, flags, why);
	struct counted list[GROUPS_MAX];
	size_t count;

	if (regex == NULL && (count = find_counted(pattern, list)) > 0) {
		write_once(pattern, list, count, &written);
		if (!written.full)
			regex = regex_new(buf_span(&written), flags, &again);
		if (regex != NULL)
			buf_reset(why);
	}
	buf_free(&written);
	buf_free(&again);
	return regex;
}

struct regex *
rule_regex_anchored(
    struct span pattern, unsigned flags, struct starts_table **starts)
{
	struct buf why = BUF_INIT(256);
	struct regex *regex = NULL;
	struct arena arena = {0};

	/* what is written by calls begins with so much that it is of no use */
	if (pattern.len < LARGE_MIN || span_starts(pattern, "(*") ||
	    span_find(pattern, span_of("(?&")) != NULL)
		return NULL;
	*starts = starts_table_new(literals_starts(&arena, pattern, flags));
	if (*starts != NULL)
		regex = rule_regex(pattern, flags | REGEX_ANCHORED, &why);
	if (regex == NULL) {
		starts_table_free(*starts);
		*starts = NULL;
	}
	buf_free(&why);
	arena_free(&arena);
	return regex;
}
