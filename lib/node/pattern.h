/*
 * pattern: what a mailbox matches, as a regular expression that cannot cost
 * much.
 *
 * - PCRE2 (see pcre2pattern(3)), for the whole local part, in any case.  A
 *   matcher in linear time would need no limits, but there is none in Debian
 *   with a C interface, and people know Perl's dialect.
 * - Groups only group: without captures a backtracking point is a hundred
 *   octets, and there are no back references.
 * - No JIT: it has no limit on what it does.
 */
#ifndef NODE_PATTERN_H
#define NODE_PATTERN_H

#include <stddef.h>

#include "base/span.h"

struct pattern;
struct matcher; /* the memory that a match needs; for any pattern */

enum pattern_result {
	PATTERN_NO,
	PATTERN_YES,
	PATTERN_LIMIT /* it gave up before it knew */
};

/* Compiles a pattern.  NULL if it is none or too large; why says so. */
struct pattern *pattern_new(const char *text, char *why, size_t size);
void pattern_free(struct pattern *pattern);

struct matcher *matcher_new(void);
void matcher_free(struct matcher *matcher);

enum pattern_result pattern_match(const struct pattern *pattern,
    const struct matcher *matcher, struct span local);

/* Whether it seems to match everything, or nothing; for warnings. */
bool pattern_takes_all(
    const struct pattern *pattern, const struct matcher *matcher);
bool pattern_takes_none(const struct pattern *pattern);

#endif
