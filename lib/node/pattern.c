#define PCRE2_CODE_UNIT_WIDTH 8

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "mail/address.h"
#include "node/limits.h"
#include "node/pattern.h"
#include "node/tree.h"

struct pattern {
	pcre2_code *code;
	uint32_t steps; /* match limit */
};

struct matcher {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

/* All characters that an unquoted local part may have but its capitals. */
static const char every_character[] =
    "abcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+-/=?^_`{|}~";

static int
found_callout(pcre2_callout_enumerate_block *block, void *unused)
{
	(void)block;
	(void)unused;
	return 1;
}

static pcre2_code *
compile(const char *text, int *error, PCRE2_SIZE *offset)
{
	pcre2_compile_context *context;
	pcre2_code *code;

	context = pcre2_compile_context_create(NULL);
	if (context == NULL)
		fatal("out of memory");
	pcre2_set_max_pattern_length(context, NODE_PATTERN_MAX);
	pcre2_set_parens_nest_limit(context, NODE_NEST_MAX);
	code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	    PCRE2_UTF | PCRE2_CASELESS | PCRE2_ANCHORED | PCRE2_ENDANCHORED |
		PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE,
	    error, offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL && *error == PCRE2_ERROR_HEAP_FAILED)
		fatal("out of memory");
	return code;
}

struct pattern *
pattern_new(const char *text, char *why, size_t size)
{
	PCRE2_UCHAR message[128];
	struct pattern *pattern;
	pcre2_code *code;
	PCRE2_SIZE offset;
	size_t length;
	int error;

	code = compile(text, &error, &offset);
	if (code == NULL) {
		pcre2_get_error_message(error, message, sizeof(message));
		snprintf(why, size, "%s at octet %zu", (char *)message, offset);
		return NULL;
	}
	if (pcre2_callout_enumerate(code, found_callout, NULL) != 0) {
		snprintf(why, size, "callouts are not allowed");
		goto bad;
	}
	pcre2_pattern_info(code, PCRE2_INFO_SIZE, &length);
	if (length > NODE_CODE_MAX) {
		snprintf(why, size,
		    "it is too large: %zu octets of code, "
		    "%d are allowed",
		    length, NODE_CODE_MAX);
		goto bad;
	}
	pattern = tree_alloc(1, sizeof(*pattern));
	pattern->code = code;
	pattern->steps = NODE_WORK / (uint32_t)length;
	if (pattern->steps < NODE_STEPS_MIN)
		pattern->steps = NODE_STEPS_MIN;
	if (pattern->steps > NODE_STEPS_MAX)
		pattern->steps = NODE_STEPS_MAX;
	return pattern;
bad:
	pcre2_code_free(code);
	return NULL;
}

void
pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_code_free(pattern->code);
	free(pattern);
}

struct matcher *
matcher_new(void)
{
	struct matcher *matcher;

	matcher = tree_alloc(1, sizeof(*matcher));
	matcher->data = pcre2_match_data_create(1, NULL);
	matcher->context = pcre2_match_context_create(NULL);
	if (matcher->data == NULL || matcher->context == NULL)
		fatal("out of memory");
	pcre2_set_depth_limit(matcher->context, NODE_MATCH_DEPTH);
	pcre2_set_heap_limit(matcher->context, NODE_MATCH_HEAP);
	return matcher;
}

void
matcher_free(struct matcher *matcher)
{
	if (matcher == NULL)
		return;
	pcre2_match_data_free(matcher->data);
	pcre2_match_context_free(matcher->context);
	free(matcher);
}

enum pattern_result
pattern_match(const struct pattern *pattern, const struct matcher *matcher,
    struct span local)
{
	int rc;

	pcre2_set_match_limit(matcher->context, pattern->steps);
	rc = pcre2_match(pattern->code, (PCRE2_SPTR)local.p, local.len, 0, 0,
	    matcher->data, matcher->context);
	return rc >= 0                     ? PATTERN_YES
	       : rc == PCRE2_ERROR_NOMATCH ? PATTERN_NO
					   : PATTERN_LIMIT;
}

bool
pattern_takes_all(const struct pattern *pattern, const struct matcher *matcher)
{
	static const char *const probes[] = {"7", "~", every_character};
	size_t i;

	for (i = 0; i < nitems(probes); i++)
		if (pattern_match(pattern, matcher, span_of(probes[i])) !=
		    PATTERN_YES)
			return false;
	return true;
}

bool
pattern_takes_none(const struct pattern *pattern)
{
	uint32_t characters;

	return pcre2_pattern_info(
		   pattern->code, PCRE2_INFO_MINLENGTH, &characters) == 0 &&
	       characters > ADDRESS_LOCAL_MAX;
}
