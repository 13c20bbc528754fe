/*
 * headerwho: whether the addresses in a header go together.
 */
#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/regex.h"
#include "eval/families.h"
#include "eval/globs.h"
#include "eval/people.h"

#define RECIPIENTS_MAX 256 /* that are compared */
#define SORTED_MIN 7       /* recipients that are suspect when sorted */
#define SIMILAR_MIN 5      /* recipients that may be alike */
#define SIMILAR_LENGTH 2   /* octets in which names are compared */

struct recipients {
	bool taken;
	bool sorted;
	double similar; /* share of the pairs that are alike */
};

struct headerwho {
	struct recipients *recipients; /* of this message */
};

static bool
check_for_matching_env_and_hdr_from(const struct eval_call *call)
{
	return span_ieq(people_get(call, "EnvelopeFrom:addr"),
	    people_get(call, "From:addr"));
}

static bool
check_for_missing_to_header(const struct eval_call *call)
{
	return people_get(call, "To").len == 0 &&
	       people_get(call, "Apparently-To").len == 0;
}

/* Takes recipients of To and Cc, and of Bcc if these are few; one that stands
 * twice in a row once. */
static size_t
take_recipients(const struct eval_call *call, struct span *list)
{
	static const char *const names[] = {"ToCc:addr", "Bcc:addr"};
	size_t i, k, count = 0, seen = 0;
	struct text text;

	for (i = 0; i < nitems(names) && seen < SIMILAR_MIN; i++) {
		people_list(call->mail, call->tld, names[i], &text);
		seen += text.count;
		for (k = 0; k < text.count && count < RECIPIENTS_MAX; k++)
			if (count == 0 ||
			    !span_ieq(list[count - 1], text.lines[k]))
				list[count++] = text.lines[k];
	}
	return count;
}

static int
compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len == 0 ? 0 : memcmp(a.p, b.p, len);

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct span
beginning(struct span text)
{
	if (text.len > SIMILAR_LENGTH)
		text.len = SIMILAR_LENGTH;
	return text;
}

static struct span
host_of(struct span address)
{
	const char *at =
	    address.len > 0 ? memchr(address.p, '@', address.len) : NULL;

	return at == NULL ? (struct span){"", 0}
			  : span_from(address, (size_t)(at - address.p) + 1);
}

/* Of all pairs, those whose names begin alike, and those whose hosts do and are
 * not the same. */
static double
similarity(const struct span *list, size_t count)
{
	size_t i, k, hits = 0;
	struct span host;

	if (count < SIMILAR_MIN)
		return 0;
	for (i = 0; i < count; i++) {
		host = host_of(list[i]);
		for (k = i + 1; k < count; k++) {
			hits += span_eq(beginning(list[i]), beginning(list[k]));
			hits += span_eq(beginning(host),
				    beginning(host_of(list[k]))) &&
				!span_eq(host, host_of(list[k]));
		}
	}
	return (double)hits / ((double)count * ((double)count - 1) / 2);
}

static const struct recipients *
recipients_of(const struct eval_call *call)
{
	const struct headerwho *data = call->data;
	struct recipients *recipients = data->recipients;
	struct span list[RECIPIENTS_MAX];
	size_t i, count;

	if (recipients->taken)
		return recipients;
	recipients->taken = true;
	count = take_recipients(call, list);
	recipients->sorted = count >= SORTED_MIN;
	for (i = 1; i < count; i++)
		if (compare(list[i - 1], list[i]) > 0)
			recipients->sorted = false;
	recipients->similar = similarity(list, count);
	return recipients;
}

static bool
sorted_recipients(const struct eval_call *call)
{
	return recipients_of(call)->sorted;
}

/* similar_recipients(from, to): share of pairs; "undef" is no limit. */
static bool
similar_recipients(const struct eval_call *call)
{
	const double similar = recipients_of(call)->similar;

	return (span_is(eval_text(call, 0), "undef") ||
		   similar >= eval_number(call, 0)) &&
	       (span_is(eval_text(call, 1), "undef") ||
		   similar < eval_number(call, 1));
}

/* What stands behind "<", 28 capitals and "." in a Message-ID, with the ">";
 * p NULL if it is not like that. */
static struct span
ratware_address(struct span id)
{
	static struct regex_fixed capitals = {"<[A-Z]{28}\\.([^>]+>)", 0, NULL};
	struct regex_match match;

	if (!regex_take(&capitals, id, 0, &match))
		return (struct span){NULL, 0};
	return match.groups[1];
}

/* Whether what stands behind it is quoted: "name" < */
static bool
ends_in_name(struct span text)
{
	if (!span_ends(text, "<"))
		return false;
	text.len--;
	text = span_trim(text);
	return span_ends(text, "\"") && text.len > 2 &&
	       text.p[text.len - 2] != '"' &&
	       memchr(text.p, '"', text.len - 1) != NULL;
}

/* An id that is made of capitals and the writer's address. */
static bool
check_ratware_name_id(const struct eval_call *call)
{
	struct span address = ratware_address(people_get(call, "MESSAGEID")),
		    from = people_get(call, "From");
	const char *p;

	if (address.p == NULL)
		return false;
	p = span_find(from, address);
	return p != NULL &&
	       ends_in_name((struct span){from.p, (size_t)(p - from.p)});
}

/* A sender that has the recipient's address in its own, turned round:
 * "example.com-joe@". */
static bool
check_ratware_envelope_from(const struct eval_call *call)
{
	struct span to = people_get(call, "To:addr"),
		    from = people_get(call, "EnvelopeFrom:addr"), user, domain;
	const char *p, *at;

	at = to.len > 0 ? memchr(to.p, '@', to.len) : NULL;
	if (at == NULL || from.len == 0)
		return false;
	if (from.len > 4 && span_istarts(from, "SRS") && from.p[3] >= '0' &&
	    from.p[3] <= '9' &&
	    (from.p[4] == '=' || from.p[4] == '+' || from.p[4] == '-'))
		return false;
	user = (struct span){to.p, (size_t)(at - to.p)};
	domain =
	    tld_domain(call->tld, glob_lower(&call->mail->arena, host_of(to)));
	if (user.len == 0 || domain.p == NULL)
		return false;
	while ((p = span_ifind(from, domain)) != NULL) {
		bool begins = p == from.p || !ascii_is_word(p[-1]);

		from = span_from(from, (size_t)(p - from.p) + domain.len);
		if (begins && from.len > user.len + 1 &&
		    strncasecmp(from.p + 1, user.p, user.len) == 0 &&
		    from.p[1 + user.len] == '@')
			return true;
	}
	return false;
}

/* The last two labels behind the last '@'; empty if there are none. */
static struct span
last_labels(struct span address)
{
	size_t i, dots = 0;

	for (i = address.len; i > 0 && address.p[i - 1] != '@'; i--)
		;
	if (i == 0)
		return (struct span){"", 0};
	address = span_from(address, i);
	for (i = address.len; i > 1; i--)
		if (address.p[i - 1] == '.' && ++dots == 2)
			return span_from(address, i);
	return address;
}

static bool
check_equal_from_domains(const struct eval_call *call)
{
	struct span from = last_labels(people_get(call, "From:addr")),
		    sender = last_labels(people_get(call, "EnvelopeFrom:addr"));

	return from.len > 0 && sender.len > 0 && !span_ieq(from, sender);
}

static void *
prepare(struct ruleset *set)
{
	struct headerwho *data = calloc(1, sizeof(*data));

	(void)set;
	if (data == NULL)
		fatal("out of memory");
	return data;
}

static void
begin(void *family, struct mail *mail, const struct tld *tld)
{
	struct headerwho *data = family;

	(void)tld;
	data->recipients = arena_alloc(&mail->arena, sizeof(*data->recipients));
}

static const struct eval evals[] = {
    {"check_for_matching_env_and_hdr_from", check_for_matching_env_and_hdr_from,
	NULL},
    {"check_for_missing_to_header", check_for_missing_to_header, NULL},
    {"sorted_recipients", sorted_recipients, NULL},
    {"similar_recipients", similar_recipients, eval_two},
    {"check_ratware_name_id", check_ratware_name_id, NULL},
    {"check_ratware_envelope_from", check_ratware_envelope_from, NULL},
    {"check_equal_from_domains", check_equal_from_domains, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_headerwho = {.name = "headerwho",
    .evals = evals,
    .prepare = prepare,
    .release = free,
    .begin = begin};
