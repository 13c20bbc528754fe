#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/regex.h"
#include "eval/uridetail.h"
#include "eval/written.h"
#include "uri/uris.h"

enum target { RAW, TYPE, CLEANED, TEXT, DOMAIN, HOST, TARGETS };

static const char *const targets[] = {
    "raw", "type", "cleaned", "text", "domain", "host"};

struct condition {
	struct regex *regex; /* NULL: there is none */
	bool negated;
};

struct uridetail {
	struct condition conditions[TARGETS];
};

void
uridetail_free(struct uridetail *detail)
{
	int i;

	if (detail == NULL)
		return;
	for (i = 0; i < TARGETS; i++)
		regex_free(detail->conditions[i].regex);
	free(detail);
}

static bool
condition_new(struct uridetail *detail, struct span name, bool negated,
    struct span *rest, struct buf *why)
{
	struct condition *condition;
	int i;

	for (i = 0; i < TARGETS; i++)
		if (span_is(name, targets[i]))
			break;
	if (i == TARGETS) {
		buf_addf(
		    why, "'%.*s': not a thing of an address", SPAN_ARG(name));
		return false;
	}
	condition = &detail->conditions[i];
	regex_free(condition->regex);
	condition->regex = written_regex(rest, why);
	condition->negated = negated;
	return condition->regex != NULL;
}

/* Takes the name and the operator of the next condition. */
static bool
take_name(struct span *rest, struct span *name, bool *negated)
{
	size_t len = 0;

	*rest = span_trim(*rest);
	while (len < rest->len && ascii_is_word(rest->p[len]))
		len++;
	*name = (struct span){rest->p, len};
	*rest = span_trim(span_from(*rest, len));
	*negated = span_starts(*rest, "!~");
	if (len == 0 || (!*negated && !span_starts(*rest, "=~")))
		return false;
	*rest = span_trim(span_from(*rest, 2));
	return true;
}

struct uridetail *
uridetail_new(struct span conditions, struct buf *why)
{
	struct uridetail *detail = calloc(1, sizeof(*detail));
	struct span rest = span_trim(conditions), name;
	bool negated;

	if (detail == NULL)
		fatal("out of memory");
	do {
		if (take_name(&rest, &name, &negated)) {
			if (condition_new(detail, name, negated, &rest, why))
				continue;
		} else
			buf_adds(why, "not a condition");
		uridetail_free(detail);
		return NULL;
	} while (span_trim(rest).len > 0);
	return detail;
}

static bool
meets(const struct condition *condition, struct span text)
{
	return (regex_find(condition->regex, text, 0, NULL) > 0) !=
	       condition->negated;
}

static bool
one_meets(const struct condition *condition, const struct text *text)
{
	size_t i;

	for (i = 0; i < text->count; i++)
		if (meets(condition, text->lines[i]))
			return true;
	return false;
}

static bool
all_met(const struct uridetail *detail, const struct uri *uri)
{
	const struct text raw = {(struct span *)&uri->raw, 1};
	const struct text *texts[TARGETS] = {&raw, &uri->elements,
	    &uri->cleaned, &uri->anchors, &uri->domains, &uri->hosts};
	int i;

	for (i = 0; i < TARGETS; i++)
		if (detail->conditions[i].regex != NULL &&
		    !one_meets(&detail->conditions[i], texts[i]))
			return false;
	return true;
}

bool
uridetail_match(const struct uridetail *detail, const struct mail *mail)
{
	size_t i;

	for (i = 0; mail->uris != NULL && i < mail->uris->count; i++)
		if (all_met(detail, &mail->uris->list[i]))
			return true;
	return false;
}
