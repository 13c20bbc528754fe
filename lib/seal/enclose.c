#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "mail/transfer.h"
#include "seal/armor.h"
#include "seal/container.h"
#include "seal/pgpmime.h"

#define CHUNK 32768
#define HEAD_MAX 4096
#define NAME_MAX_OCTETS 255 /* of owner and of host */
#define MARK "=_"
#define FROM "From: "
#define ID "Message-ID: <"
#define BEGIN ARMOR_BEGIN "\n\n"
#define END ARMOR_END "\n"
#define DATE_MAX 40

/* What the outer message says. */
struct outside {
	char owner[NAME_MAX_OCTETS + 1];
	char host[NAME_MAX_OCTETS + 1];
	char id[FRAME_ID_SIZE];
};

static int
fail(int error)
{
	errno = error;
	return -1;
}

/* RFC 5322, 3.3, in UTC: where the node is is nobody's business. */
static void
format_date(char text[DATE_MAX], time_t when)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || tm.tm_year > 8099)
		gmtime_r(&(time_t){0}, &tm);
	snprintf(text, DATE_MAX, "%.3s, %02u %.3s %04u %02u:%02u:%02u +0000",
	    days + 3 * tm.tm_wday, (unsigned)tm.tm_mday % 100,
	    months + 3 * tm.tm_mon, (unsigned)tm.tm_year + 1900U,
	    (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
	    (unsigned)tm.tm_sec % 100);
}

/* What stands before the armor. */
static void
write_head(const struct outside *outside, time_t date, struct buf *head)
{
	char text[DATE_MAX];

	format_date(text, date);
	buf_addf(head,
	    FROM "%s@%s\nTo: %s@%s\nSubject: Sealed mail\nDate: %s\n" ID
		 "%s@%s>\nMIME-Version: 1.0\n",
	    outside->owner, outside->host, outside->owner, outside->host, text,
	    outside->id, outside->host);
	buf_addf(head,
	    "Content-Type: multipart/encrypted;\n"
	    "\tprotocol=\"application/pgp-encrypted\";\n"
	    "\tboundary=\"" MARK "%s\"\n\n"
	    "--" MARK "%s\nContent-Type: application/pgp-encrypted\n\n"
	    "Version: 1\n\n"
	    "--" MARK "%s\nContent-Type: application/octet-stream\n\n",
	    outside->id, outside->id, outside->id);
}

/* And behind it; the LF at the end of the armor belongs to the boundary. */
static void
write_tail(const struct outside *outside, struct buf *tail)
{
	buf_addf(tail, "--" MARK "%s--\n", outside->id);
}

static bool
is_owner(int c)
{
	return ascii_is_alnum(c) || c == '-' || c == '.' || c == '_';
}

static bool
is_host(int c)
{
	return is_owner(c) && c != '_';
}

static bool
is_id(int c)
{
	return ascii_is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Copies a text of such octets; false if it is none, or does not fit. */
static bool
take(char *to, size_t size, struct span text, bool (*is)(int c))
{
	size_t i;

	if (text.len == 0 || text.len >= size)
		return false;
	for (i = 0; i < text.len; i++)
		if (!is((unsigned char)text.p[i]))
			return false;
	memcpy(to, text.p, text.len);
	to[text.len] = '\0';
	return true;
}

int
container_enclose(
    struct message *message, const char *owner, const char *host, time_t date)
{
	struct buf head = BUF_INIT(HEAD_MAX), tail = BUF_INIT(HEAD_MAX);
	struct outside outside;
	int rc;

	if (!take(outside.owner, sizeof(outside.owner), span_of(owner),
		is_owner) ||
	    !take(outside.host, sizeof(outside.host), span_of(host), is_host))
		return fail(EINVAL);
	frame_new_id(outside.id);
	write_head(&outside, date, &head);
	write_tail(&outside, &tail);
	rc = message_prepend(message, buf_span(&head));
	if (rc == 0)
		rc = message_add(message, tail.p, tail.len);
	buf_free(&head);
	buf_free(&tail);
	return rc;
}

/* What stands between the first such text and the next such octet; empty if
 * they are not there. */
static struct span
between(struct span text, const char *before, char after)
{
	struct span rest = {NULL, 0};
	const char *p = span_find(text, span_of(before));

	if (p == NULL)
		return rest;
	rest = span_from(text, (size_t)(p - text.p) + strlen(before));
	p = rest.len > 0 ? memchr(rest.p, after, rest.len) : NULL;
	rest.len = p != NULL ? (size_t)(p - rest.p) : 0;
	return rest;
}

/* Reads what it says, by writing it again: so nothing else can be there.  0,
 * and *len is how long it is; else -1. */
static int
read_head(struct span text, struct outside *outside, size_t *len)
{
	struct buf head = BUF_INIT(HEAD_MAX);
	bool same;

	if (!span_starts(text, FROM) ||
	    !take(outside->owner, sizeof(outside->owner),
		between(text, FROM, '@'), is_owner) ||
	    !take(outside->host, sizeof(outside->host),
		between(text, "@", '\n'), is_host) ||
	    !take(outside->id, sizeof(outside->id), between(text, ID, '@'),
		is_id))
		return -1;
	write_head(outside, 0, &head);
	*len = head.len;
	same = span_starts(text, buf_str(&head));
	buf_free(&head);
	return same && strlen(outside->id) == FRAME_ID_SIZE - 1 ? 0 : -1;
}

static bool
is_armor(int c)
{
	return transfer64_value((char)c) >= 0 || c == '=' || c == '\n';
}

/* Copies what is between two places, if it is nothing but armor.  0, or -1 with
 * errno. */
static int
copy_armor(const struct message *sealed, uint64_t at, uint64_t end,
    struct message *armored)
{
	char chunk[CHUNK];
	uint64_t from = at + strlen(BEGIN), to = end - strlen(END);
	ssize_t i, n;

	for (; at < end; at += (uint64_t)n) {
		n = message_read(sealed, at, chunk,
		    end - at < CHUNK ? (size_t)(end - at) : CHUNK);
		if (n <= 0)
			return n < 0 ? -1 : fail(EBADMSG);
		for (i = 0; i < n; i++)
			if (at + (uint64_t)i >= from && at + (uint64_t)i < to &&
			    !is_armor((unsigned char)chunk[i]))
				return fail(EBADMSG);
		if (message_add(armored, chunk, (size_t)n) < 0)
			return -1;
	}
	return 0;
}

/* Whether that stands there: 0, or -1 with errno. */
static int
expect(const struct message *message, uint64_t at, struct span text)
{
	char have[HEAD_MAX];
	size_t got = 0;
	ssize_t n;

	while (got < text.len) {
		n = message_read(message, at + got, have + got, text.len - got);
		if (n <= 0)
			return n < 0 ? -1 : fail(EBADMSG);
		got += (size_t)n;
	}
	return memcmp(have, text.p, got) == 0 ? 0 : fail(EBADMSG);
}

/* What stands behind the head.  0, or -1 with errno. */
static int
disclose_rest(const struct message *sealed, uint64_t at,
    const struct outside *outside, struct message *armored)
{
	struct buf tail = BUF_INIT(HEAD_MAX);
	uint64_t end = message_size(sealed);
	int rc = -1;

	buf_adds(&tail, END);
	write_tail(outside, &tail);
	errno = EBADMSG;
	if (end >= at + strlen(BEGIN) + tail.len) {
		end -= tail.len;
		rc = expect(sealed, at, span_of(BEGIN));
		if (rc == 0)
			rc = expect(sealed, end, buf_span(&tail));
		if (rc == 0)
			rc = copy_armor(sealed, at, end + strlen(END), armored);
	}
	buf_free(&tail);
	return rc;
}

int
container_disclose(const struct message *sealed, bool strict, struct buf *owner,
    struct message *armored)
{
	struct outside outside;
	char text[HEAD_MAX];
	size_t len = 0, got = 0;
	ssize_t n;

	if (!strict)
		return pgpmime_find(sealed, armored);
	while (got < sizeof(text) && (n = message_read(sealed, got, text + got,
					  sizeof(text) - got)) != 0) {
		if (n < 0)
			return -1;
		got += (size_t)n;
	}
	if (read_head((struct span){text, got}, &outside, &len) < 0)
		return fail(EBADMSG);
	if (owner != NULL)
		buf_adds(owner, outside.owner);
	return disclose_rest(sealed, len, &outside, armored);
}
