#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/regex.h"

#define STACK_MIN (32 << 10)
#define STACK_MAX (512 << 10) /* of the JIT */
#define STEPS_MAX 300000      /* of one match */
#define FULL_STEPS 2048       /* octets of a subject up to which all count */

struct regex {
	pcre2_code *code;
};

/* PCRE2 counts the steps anew wherever in the subject it begins, so there are
 * less of them for a longer one: together they stay the same. */
static uint32_t
steps_for(size_t len)
{
	uint64_t steps = (uint64_t)STEPS_MAX * FULL_STEPS;

	return len <= FULL_STEPS ? STEPS_MAX : (uint32_t)(steps / len) + 1;
}

/* One for all: a process looks at one thing at a time. */
static pcre2_match_context *
match_context(size_t len)
{
	static pcre2_match_context *context;
	pcre2_jit_stack *stack;

	if (context == NULL) {
		context = pcre2_match_context_create(NULL);
		stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
		if (context == NULL || stack == NULL)
			fatal("out of memory");
		pcre2_jit_stack_assign(context, NULL, stack);
		pcre2_set_heap_limit(context, 8 << 10); /* KB */
	}
	pcre2_set_match_limit(context, steps_for(len));
	return context;
}

static uint32_t
options_of(unsigned flags)
{
	return (flags & REGEX_NOCASE ? PCRE2_CASELESS : 0) |
	       (flags & REGEX_MULTILINE ? PCRE2_MULTILINE : 0) |
	       (flags & REGEX_DOTALL ? PCRE2_DOTALL : 0) |
	       (flags & REGEX_EXTENDED ? PCRE2_EXTENDED : 0) |
	       (flags & REGEX_ANCHORED ? PCRE2_ANCHORED : 0) |
	       (flags & REGEX_UNGREEDY ? PCRE2_UNGREEDY : 0) |
	       (flags & REGEX_LIMITED ? PCRE2_USE_OFFSET_LIMIT : 0) |
	       PCRE2_DUPNAMES | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C;
}

struct regex *
regex_new(struct span pattern, unsigned flags, struct buf *why)
{
	PCRE2_UCHAR text[256];
	struct regex *regex;
	PCRE2_SIZE at;
	int error;

	regex = calloc(1, sizeof(*regex));
	if (regex == NULL)
		fatal("out of memory");
	regex->code =
	    pcre2_compile((PCRE2_SPTR)(pattern.p != NULL ? pattern.p : ""),
		pattern.len, options_of(flags), &error, &at, NULL);
	if (regex->code == NULL) {
		pcre2_get_error_message(error, text, sizeof(text));
		buf_addf(why, "%s, at %zu", (const char *)text, at);
		free(regex);
		return NULL;
	}
	/* without JIT it works, too, only slower */
	pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
	return regex;
}

void
regex_free(struct regex *regex)
{
	if (regex == NULL)
		return;
	pcre2_code_free(regex->code);
	free(regex);
}

static void
tell(const pcre2_match_data *data, int groups, struct span subject,
    struct regex_match *match)
{
	const PCRE2_SIZE *at =
	    pcre2_get_ovector_pointer((pcre2_match_data *)data);
	int i;

	memset(match, 0, sizeof(*match));
	match->start = at[0];
	match->end = at[1];
	for (i = 0; i < groups && i < REGEX_GROUPS_MAX; i++)
		if (at[2 * i] != PCRE2_UNSET && at[2 * i] <= at[2 * i + 1])
			match->groups[i] = (struct span){
			    subject.p + at[2 * i], at[2 * i + 1] - at[2 * i]};
}

int
regex_find_from(const struct regex *regex, struct span subject, size_t from,
    size_t last, struct regex_match *match)
{
	static pcre2_match_data *data; /* one for all, as the context */
	pcre2_match_context *context = match_context(subject.len - from);
	int rc;

	if (data == NULL)
		data = pcre2_match_data_create(REGEX_GROUPS_MAX, NULL);
	if (data == NULL)
		fatal("out of memory");
	if (subject.p == NULL)
		subject.p = "";
	pcre2_set_offset_limit(context, last);
	rc = pcre2_match(regex->code, (PCRE2_SPTR)subject.p, subject.len, from,
	    0, data, context);
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	if (rc < 0)
		return -1;
	if (match != NULL)
		tell(data, rc == 0 ? REGEX_GROUPS_MAX : rc, subject, match);
	return 1;
}

int
regex_find(const struct regex *regex, struct span subject, size_t from,
    struct regex_match *match)
{
	return regex_find_from(regex, subject, from, PCRE2_UNSET, match);
}

/* PCRE2's table has entries of one size: two octets for the number, the name,
 * NUL (pcre2api(3)). */
bool
regex_name(
    const struct regex *regex, size_t i, struct span *name, size_t *group)
{
	const unsigned char *table;
	uint32_t count, size;

	if (pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count) < 0 ||
	    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &size) <
		0 ||
	    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table) < 0 ||
	    i >= count)
		return false;
	table += i * size;
	*group = (size_t)table[0] << 8 | table[1];
	*name = span_of((const char *)table + 2);
	return true;
}

static struct regex *
fixed_regex(struct regex_fixed *fixed)
{
	struct buf why = BUF_INIT(1024);

	if (fixed->regex == NULL)
		fixed->regex =
		    regex_new(span_of(fixed->pattern), fixed->flags, &why);
	if (fixed->regex == NULL)
		fatal("'%s': %s", fixed->pattern, buf_str(&why));
	buf_free(&why);
	return fixed->regex;
}

bool
regex_has(struct regex_fixed *fixed, struct span subject)
{
	return regex_find(fixed_regex(fixed), subject, 0, NULL) > 0;
}

bool
regex_take(struct regex_fixed *fixed, struct span subject, size_t from,
    struct regex_match *match)
{
	return regex_find(fixed_regex(fixed), subject, from, match) > 0;
}
