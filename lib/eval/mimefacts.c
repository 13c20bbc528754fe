#include <ctype.h>

#include "base/regex.h"
#include "eval/locales.h"
#include "eval/mimefacts.h"
#include "eval/walk.h"
#include "text/words.h"

#define QP_LINE_MAX 79  /* octets with LF; RFC 5322, 2.1.1 */
#define ENTITY_LENGTH 8 /* "&#x20AC;" */
#define ENCODING_MAX 64 /* octets that are looked at */
#define DISPOSITION_MAX 256

static const char *const names[MIME_FACTS] = {
    [MIME_ASCII_TEXT_ILLEGAL] = "mime_ascii_text_illegal",
    [MIME_ATTACHMENT] = "mime_attachment",
    [MIME_BAD_ISO_CHARSET] = "mime_bad_iso_charset",
    [MIME_BASE64_COUNT] = "mime_base64_count",
    [MIME_BASE64_ENCODED_TEXT] = "mime_base64_encoded_text",
    [MIME_BODY_HTML_COUNT] = "mime_body_html_count",
    [MIME_BODY_TEXT_COUNT] = "mime_body_text_count",
    [MIME_FARAWAY_CHARSET] = "mime_faraway_charset",
    [MIME_MISSING_BOUNDARY] = "mime_missing_boundary",
    [MIME_MULTIPART_ALTERNATIVE] = "mime_multipart_alternative",
    [MIME_MULTIPART_RATIO] = "mime_multipart_ratio",
    [MIME_QP_BYTES] = "mime_qp_bytes",
    [MIME_QP_COUNT] = "mime_qp_count",
    [MIME_QP_LONG_LINE] = "mime_qp_long_line",
    [MIME_QP_RATIO] = "mime_qp_ratio",
    [MIME_TEXT_UNICODE_RATIO] = "mime_text_unicode_ratio",
};

/* A part by its header; texts in lower case. */
struct head {
	struct content_type type;
	char charset[ENCODING_MAX];
	char encoding[ENCODING_MAX];
	char disposition[DISPOSITION_MAX];
	bool attached;
};

/* What is summed up over the parts. */
struct sums {
	size_t qp_octets, qp_count;
	size_t chars, entities;
	/* octets of the last of each; below 0: there was none */
	double text, html;
};

int
mimefacts_find(struct span name)
{
	int i;

	for (i = 0; i < MIME_FACTS; i++)
		if (span_is(name, names[i]))
			return i;
	return -1;
}

static void
lower(struct span text, char *low, size_t size)
{
	size_t i, len = text.len < size ? text.len : size - 1;

	for (i = 0; i < len; i++)
		low[i] = (char)tolower((unsigned char)text.p[i]);
	low[len] = '\0';
}

static void
read_head(struct mail *mail, const struct mail_part *part, struct head *head)
{
	words_content_type(
	    &mail->arena, walk_value(part, "Content-Type"), &head->type);
	lower(head->type.charset, head->charset, sizeof(head->charset));
	lower(walk_value(part, "Content-Transfer-Encoding"), head->encoding,
	    sizeof(head->encoding));
	lower(walk_value(part, "Content-Disposition"), head->disposition,
	    sizeof(head->disposition));
	head->attached = strstr(head->disposition, "attachment") != NULL;
}

static bool
is_shown(const struct head *head)
{
	return strncmp(head->disposition, "attachment", 10) != 0 &&
	       strncmp(head->disposition, "inline", 6) != 0;
}

static bool
is_ascii_name(const char *charset)
{
	static struct regex_fixed ascii = {
	    "us|ascii|ansi_x3\\.4-19(?:68|86)|iso-ir-6|"
	    "iso_646\\.irv:1991|(?:ibm|cp)367",
	    0, NULL};

	return *charset == '\0' || regex_has(&ascii, span_of(charset));
}

static bool
is_bad_iso(const char *charset)
{
	static struct regex_fixed iso = {"iso-\\S+-\\S+\\b", 0, NULL};
	static struct regex_fixed known = {
	    "iso-(?:8859-\\d{1,2}|2022-(?:jp|kr))\\b", 0, NULL};
	struct span name = span_of(charset);

	return regex_has(&iso, name) && !regex_has(&known, name);
}

static void
count_charset(
    struct mimefacts *facts, const struct head *head, struct span locales)
{
	const char *p = head->charset;

	if (is_bad_iso(p))
		facts->values[MIME_BAD_ISO_CHARSET] = 1;
	while (*p != '\0' && !isalpha((unsigned char)*p))
		p++;
	if (*p == '\0')
		return;
	if (facts->charsets.len > 0)
		buf_adds(&facts->charsets, " ");
	buf_adds(&facts->charsets, head->charset);
	if (!locales_allow(locales, head->type.charset))
		facts->values[MIME_FARAWAY_CHARSET] = 1;
}

static void
count_head(
    struct mimefacts *facts, const struct head *head, struct span locales)
{
	bool base64 = strstr(head->encoding, "base64") != NULL;
	bool text = strncmp(head->type.type, "text", 4) == 0;
	double *values = facts->values;

	if (strcmp(head->type.type, "multipart/alternative") == 0)
		values[MIME_MULTIPART_ALTERNATIVE] = 1;
	if (strcmp(head->type.type, "text/html") == 0)
		values[MIME_BODY_HTML_COUNT]++;
	else if (text)
		values[MIME_BODY_TEXT_COUNT]++;
	if (base64)
		values[MIME_BASE64_COUNT]++;
	else if (strstr(head->encoding, "quoted-printable") != NULL)
		values[MIME_QP_COUNT]++;
	if (head->attached)
		values[MIME_ATTACHMENT]++;
	if (text && base64 && is_ascii_name(head->charset) && is_shown(head))
		values[MIME_BASE64_ENCODED_TEXT] = 1;
	count_charset(facts, head, locales);
}

/* "=41" and the like, which need no encoding. */
static bool
is_needless(const char *p)
{
	char a = p[1], b = p[2];

	if (p[0] != '=' || !((b >= '0' && b <= '9') || (b >= 'A' && b <= 'F')))
		return false;
	switch (a) {
	case '0':
		return b == '9';
	case '3':
		return b != 'D';
	case '7':
		return b != 'F';
	default:
		return a == '2' || a == '4' || a == '5' || a == '6';
	}
}

static size_t
count_needless(struct span line)
{
	size_t count = 0, end;
	const char *p = line.p, *stop = line.p + line.len;

	while ((p = memchr(p, '=', (size_t)(stop - p))) != NULL) {
		if (stop - p >= 3 && is_needless(p))
			count++;
		p++;
	}
	/* white space at the end of a line must be encoded (RFC 2045, 6.7) */
	end = span_trim(line).len + (size_t)(span_trim(line).p - line.p);
	for (; end >= 3 && (memcmp(line.p + end - 3, "=09", 3) == 0 ||
			       memcmp(line.p + end - 3, "=20", 3) == 0);
	     end -= 3)
		count--;
	return count;
}

static void
count_quoted(struct mimefacts *facts, struct span text, struct sums *sums)
{
	struct span line;

	while (text.len > 0) {
		line = span_line(&text);
		if (span_starts(line, "SPAM: "))
			continue;
		if (line.len > QP_LINE_MAX)
			facts->values[MIME_QP_LONG_LINE] = 1;
		sums->qp_octets += line.len;
		sums->qp_count += count_needless(line);
	}
}

static bool
is_ascii_text(struct span text)
{
	size_t i;
	unsigned char c, bad = 0;

	for (i = 0; i < text.len; i++) {
		c = (unsigned char)text.p[i];
		bad |= (unsigned char)(c >= 0x80 || c == '\r' || c == '\0');
	}
	return bad == 0;
}

static bool
is_entity(const char *p)
{
	int i;

	if (memcmp(p, "&#x", 3) != 0 || p[ENTITY_LENGTH - 1] != ';')
		return false;
	for (i = 3; i < ENTITY_LENGTH - 1; i++)
		if (!isxdigit((unsigned char)p[i]) ||
		    islower((unsigned char)p[i]))
			return false;
	return true;
}

static void
count_entities(struct span text, struct sums *sums)
{
	const char *p = text.p, *stop = text.p + text.len;
	size_t count = 0;

	while (p < stop && (p = memchr(p, '&', (size_t)(stop - p))) != NULL) {
		if (stop - p >= ENTITY_LENGTH && is_entity(p)) {
			count++;
			p += ENTITY_LENGTH;
		} else {
			p++;
		}
	}
	sums->entities += count;
	sums->chars += text.len - count * ENTITY_LENGTH;
}

static void
count_leaf(struct mimefacts *facts, const struct mail_part *part,
    const struct head *head, struct sums *sums)
{
	bool plain = strcmp(head->type.type, "text/plain") == 0;
	bool html = strcmp(head->type.type, "text/html") == 0;
	const char *encoding = head->encoding;
	struct span text = part->octets;
	double octets = facts->values[MIME_MULTIPART_ALTERNATIVE] > 0
			    ? (double)text.len
			    : 0;

	if (plain && !head->attached)
		sums->text = octets;
	if (html && !head->attached)
		sums->html = octets;
	if (strcmp(encoding, "quoted-printable") == 0)
		count_quoted(facts, text, sums);
	if (!plain)
		return;
	if ((head->type.charset.p == NULL ||
		strcmp(head->charset, "us-ascii") == 0) &&
	    !is_ascii_text(text))
		facts->values[MIME_ASCII_TEXT_ILLEGAL] = 1;
	if (*encoding == '\0' || strcmp(encoding, "7bit") == 0 ||
	    strcmp(encoding, "8bit") == 0)
		count_entities(text, sums);
}

static void
finish(struct mimefacts *facts, const struct sums *sums)
{
	double *values = facts->values;

	if (sums->qp_octets > 0) {
		values[MIME_QP_RATIO] =
		    (double)sums->qp_count / (double)sums->qp_octets;
		values[MIME_QP_COUNT] = (double)sums->qp_count;
		values[MIME_QP_BYTES] = (double)sums->qp_octets;
	}
	if (sums->chars > 0)
		values[MIME_TEXT_UNICODE_RATIO] =
		    (double)sums->entities / (double)sums->chars;
	if (values[MIME_MULTIPART_ALTERNATIVE] > 0 && sums->text >= 0 &&
	    sums->html > 0)
		values[MIME_MULTIPART_RATIO] = sums->text / sums->html;
}

void
mimefacts_take(struct mimefacts *facts, struct mail *mail, struct span locales)
{
	struct sums sums = {.text = -1, .html = -1};
	struct mail_part *part = &mail->root;
	struct head head;

	memset(facts->values, 0, sizeof(facts->values));
	facts->values[MIME_MULTIPART_RATIO] = 1;
	buf_reset(&facts->charsets);
	do {
		read_head(mail, part, &head);
		count_head(facts, &head, locales);
		if (part->child == NULL)
			count_leaf(facts, part, &head, &sums);
		part = walk_next(&mail->root, part);
	} while (part != NULL);
	if ((mail->flags & MAIL_NO_END) != 0)
		facts->values[MIME_MISSING_BOUNDARY] = 1;
	finish(facts, &sums);
}
