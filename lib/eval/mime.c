/*
 * mime: how a message is built of parts, how these are encoded, and what they
 * shout: the functions of SpamAssassin's MIMEEval.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/regex.h"
#include "eval/families.h"
#include "eval/locales.h"
#include "eval/mimefacts.h"
#include "eval/uppercase.h"
#include "eval/walk.h"
#include "text/words.h"

#define HIGH_MIN 3 /* so many octets may have the high bit set */

struct mime {
	struct span locales;
	struct mimefacts facts;
	struct span charset; /* of the message itself; p NULL if none */
	size_t base64_length;
	double upper; /* percents of the letters and digits */
	bool alternative_is_no_text;
};

static void *
mime_prepare(struct ruleset *set)
{
	struct mime *mime = calloc(1, sizeof(*mime));

	if (mime == NULL)
		fatal("out of memory");
	mime->locales = ruleset_value(set, "ok_locales");
	if (mime->locales.p == NULL)
		mime->locales = span_of("all");
	buf_init(&mime->facts.charsets, MIME_CHARSETS_MAX);
	return mime;
}

static void
mime_release(void *data)
{
	struct mime *mime = data;

	buf_free(&mime->facts.charsets);
	free(mime);
}

/* As SpamAssassin looks for it in the whole field: in quotes or up to a blank.
 */
static struct span
charset_of(struct span value)
{
	static struct regex_fixed charset = {
	    "charset=(?|\"([^\"]+)\"|'([^']+)')", REGEX_NOCASE, NULL};
	static struct regex_fixed bare = {"charset=(\\S+)", REGEX_NOCASE, NULL};
	struct regex_match match;

	if (regex_take(&charset, value, 0, &match) ||
	    regex_take(&bare, value, 0, &match))
		return match.groups[1];
	return (struct span){NULL, 0};
}

static size_t
longest_line(struct span text)
{
	size_t longest = 0, len;
	const char *end;

	for (; text.len > 0; text = span_from(text, len)) {
		end = memchr(text.p, '\n', text.len);
		len = end != NULL ? (size_t)(end + 1 - text.p) : text.len;
		if (len > longest)
			longest = len;
	}
	return longest;
}

/* The longest line of all parts in base64, with its LF.  Invitations to
 * meetings have long ones. */
static size_t
base64_length(struct mail *mail)
{
	struct content_type type;
	size_t i, len, longest = 0;

	for (i = 0; i < mail->leaf_count; i++) {
		struct mail_part *leaf = mail->leaves[i];

		if (!span_iis(walk_value(leaf, "Content-Transfer-Encoding"),
			"base64"))
			continue;
		words_content_type(
		    &mail->arena, walk_value(leaf, "Content-Type"), &type);
		len = strcmp(type.type, "application/ics") == 0
			  ? 0
			  : longest_line(leaf->octets);
		if (len > longest)
			longest = len;
	}
	return longest;
}

static bool
is_odd_alternative(const struct mail_part *part)
{
	return part->child == NULL &&
	       strcmp(part->type, "application/rtf") != 0 &&
	       strcmp(part->type, "multipart/related") != 0 &&
	       strncmp(part->type, "text/", 5) != 0;
}

/* Whether a multipart/alternative has parts that show no text; it may be one
 * itself if it is empty. */
static bool
has_odd_alternative(struct mail *mail)
{
	struct mail_part *part, *child;

	for (part = &mail->root; part != NULL;
	     part = walk_next(&mail->root, part)) {
		if (strcmp(part->type, "multipart/alternative") != 0)
			continue;
		if (is_odd_alternative(part))
			return true;
		for (child = part->child; child != NULL; child = child->next)
			if (is_odd_alternative(child))
				return true;
	}
	return false;
}

static bool
may_look_upper(const struct mime *mime)
{
	struct span rest = buf_span(&mime->facts.charsets), word;

	if (mime->charset.p != NULL && locales_look_upper(mime->charset))
		return true;
	while ((word = span_word(&rest)).len > 0)
		if (locales_look_upper(word))
			return true;
	return false;
}

static void
mime_begin(void *data, struct mail *mail, const struct tld *tld)
{
	const struct mail_field *type =
	    mail_first(&mail->root.header, "Content-Type");
	struct mime *mime = data;

	(void)tld;
	mimefacts_take(&mime->facts, mail, mime->locales);
	mime->charset = (struct span){NULL, 0};
	if (type != NULL)
		mime->charset = charset_of(type->value);
	mime->base64_length = base64_length(mail);
	mime->alternative_is_no_text = has_odd_alternative(mail);
	mime->upper =
	    may_look_upper(mime) ? 0 : uppercase_percents(&mail->body);
}

static double
value(const struct eval_call *call, enum mime_fact fact)
{
	const struct mime *mime = call->data;

	return mime->facts.values[fact];
}

static bool
check_for_mime(const struct eval_call *call)
{
	int fact = mimefacts_find(eval_text(call, 0));

	return fact >= 0 && value(call, (enum mime_fact)fact) != 0;
}

/* Rules look at more than is ever true, such as mimepart_limit_exceeded. */
static bool
is_fact(const struct span *arguments, size_t count)
{
	return count == 1 && span_starts(arguments[0], "mime");
}

static bool
is_html(const struct mail *mail)
{
	const struct mail_field *type =
	    mail_first(&mail->root.header, "Content-Type");

	return type != NULL && span_istarts(type->value, "text/html");
}

static bool
check_for_mime_html(const struct eval_call *call)
{
	return is_html(call->mail) || value(call, MIME_BODY_HTML_COUNT) > 0;
}

static bool
check_for_mime_html_only(const struct eval_call *call)
{
	return is_html(call->mail) ||
	       (value(call, MIME_BODY_HTML_COUNT) > 0 &&
		   value(call, MIME_BODY_TEXT_COUNT) == 0);
}

static bool
check_mime_multipart_ratio(const struct eval_call *call)
{
	double ratio = value(call, MIME_MULTIPART_RATIO);

	return ratio >= eval_number(call, 0) && ratio < eval_number(call, 1);
}

static bool
check_for_ascii_text_illegal(const struct eval_call *call)
{
	return value(call, MIME_ASCII_TEXT_ILLEGAL) > 0;
}

/* A ratio as it must be written. */
static bool
is_ratio(const struct span *arguments, size_t count)
{
	static struct regex_fixed ratio = {"^\\d{0,3}\\.\\d{1,3}$", 0, NULL};

	return count == 1 && regex_has(&ratio, arguments[0]);
}

static bool
check_abundant_unicode_ratio(const struct eval_call *call)
{
	return is_ratio(call->arguments, call->argument_count) &&
	       value(call, MIME_TEXT_UNICODE_RATIO) >= eval_number(call, 0);
}

static bool
check_qp_ratio(const struct eval_call *call)
{
	return value(call, MIME_QP_RATIO) >= eval_number(call, 0);
}

/* Many octets of text that are no ASCII, in a character set that speakers of
 * our languages do not use. */
static bool
check_for_faraway_charset(const struct eval_call *call)
{
	const struct mime *mime = call->data;
	const struct mail *mail = call->mail;
	size_t i, j, high = 0, all = 0;

	if (mime->charset.p == NULL || locales_are_all(mime->locales) ||
	    locales_allow(mime->locales, mime->charset))
		return false;
	for (i = 0; i < mail->body.count; i++) {
		all += mail->body.lines[i].len;
		for (j = 0; j < mail->body.lines[i].len; j++)
			high += (unsigned char)mail->body.lines[i].p[j] >> 7;
	}
	return high > HIGH_MIN && all - high <= high;
}

static bool
check_for_uppercase(const struct eval_call *call)
{
	const struct mime *mime = call->data;

	return mime->upper > eval_number(call, 0) &&
	       mime->upper <= eval_number(call, 1);
}

static bool
check_ma_non_text(const struct eval_call *call)
{
	const struct mime *mime = call->data;

	return mime->alternative_is_no_text;
}

static bool
check_base64_length(const struct eval_call *call)
{
	const struct mime *mime = call->data;
	double length = (double)mime->base64_length;

	return length >= eval_number(call, 0) &&
	       (call->argument_count < 2 || length <= eval_number(call, 1));
}

static const struct {
	const char *name;
	unsigned flag;
} flags[] = {
    {"missing_head_body_separator", MAIL_NO_BLANK_LINE},
    {"missing_mime_head_body_separator", MAIL_NO_PART_BLANK_LINE},
    {"missing_mime_headers", MAIL_NO_PART_HEADER},
    {"truncated_header", MAIL_HEADER_CUT},
    {"mimepart_limit_exceeded", MAIL_TOO_MANY_PARTS},
    {"mime_epilogue_exists", MAIL_EPILOGUE},
};

static unsigned
find_flag(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(flags); i++)
		if (span_is(name, flags[i].name))
			return flags[i].flag;
	return 0;
}

static bool
check_msg_parse_flags(const struct eval_call *call)
{
	return (call->mail->flags & find_flag(eval_text(call, 0))) != 0;
}

static bool
is_flag(const struct span *arguments, size_t count)
{
	return count == 1 && find_flag(arguments[0]) != 0;
}

static bool
is_range(const struct span *arguments, size_t count)
{
	(void)arguments;
	return count == 2;
}

static const char *const plugins[] = {"MIMEEval", NULL};
static const char *const settings[] = {"ok_locales", NULL};

static const struct eval evals[] = {
    {"check_for_mime", check_for_mime, is_fact},
    {"check_for_mime_html", check_for_mime_html, NULL},
    {"check_for_mime_html_only", check_for_mime_html_only, NULL},
    {"check_mime_multipart_ratio", check_mime_multipart_ratio, is_range},
    {"check_msg_parse_flags", check_msg_parse_flags, is_flag},
    {"check_for_ascii_text_illegal", check_for_ascii_text_illegal, NULL},
    {"check_abundant_unicode_ratio", check_abundant_unicode_ratio, is_ratio},
    {"check_for_faraway_charset", check_for_faraway_charset, NULL},
    {"check_for_uppercase", check_for_uppercase, is_range},
    {"check_ma_non_text", check_ma_non_text, NULL},
    {"check_base64_length", check_base64_length, NULL},
    {"check_qp_ratio", check_qp_ratio, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_mime = {.name = "mime",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = mime_prepare,
    .release = mime_release,
    .begin = mime_begin};
