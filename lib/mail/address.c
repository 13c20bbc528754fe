#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>

#include "mail/address.h"

#define LABEL_MAX 63

static bool
is_atext(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c >= 0x80 ||
	       (c > 0 && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Letters, digits, hyphen; an underscore too, since senders have it; octets of
 * U-labels. */
static bool
is_domain(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c >= 0x80;
}

static bool
is_literal(int c)
{
	return c > 0x20 && c < 0x7f && c != '[' && c != ']' && c != '\\';
}

/* Length of the UTF-8 sequence at p (RFC 3629 4), or 0 if it is none. */
static size_t
utf8_len(const unsigned char *p, const unsigned char *end)
{
	size_t i, len;

	len = *p < 0x80   ? 1
	      : *p < 0xc2 ? 0
	      : *p < 0xe0 ? 2
	      : *p < 0xf0 ? 3
	      : *p < 0xf5 ? 4
			  : 0;
	if (len > (size_t)(end - p))
		return 0;
	for (i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

/* Whether all is UTF-8 without C1 controls. */
static bool
is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	const unsigned char *end = p + strlen(text);
	size_t len;

	for (; p < end; p += len) {
		len = utf8_len(p, end);
		if (len == 0 || (*p == 0xc2 && p[1] < 0xa0))
			return false;
	}
	return true;
}

/* Adds one octet to a part of at most max; false if it is full. */
static bool
put(char *part, size_t *len, size_t max, int c)
{
	if (*len == max)
		return false;
	part[(*len)++] = (char)c;
	part[*len] = '\0';
	return true;
}

/* Atom *("." Atom) */
static int
take_dot_string(struct address *address, struct scan *scan)
{
	size_t i, len = 0;
	struct span atom;

	do {
		if (len > 0 &&
		    !put(address->local, &len, ADDRESS_LOCAL_MAX, '.'))
			goto too_long;
		atom = scan_while(scan, is_atext);
		if (atom.len == 0) {
			errno = EINVAL;
			return -1;
		}
		for (i = 0; i < atom.len; i++)
			if (!put(address->local, &len, ADDRESS_LOCAL_MAX,
				atom.p[i]))
				goto too_long;
	} while (scan_maybe(scan, '.'));
	return 0;
too_long:
	errno = ENAMETOOLONG;
	return -1;
}

/* Quoted-string, its first quote taken. */
static int
take_quoted(struct address *address, struct scan *scan)
{
	size_t len = 0;
	int c;

	while ((c = scan_peek(scan)) != '"') {
		if (scan_maybe(scan, '\\'))
			c = scan_peek(scan);
		if (c < 0x20 || c == 0x7f) {
			errno = EINVAL;
			return -1;
		}
		if (!put(address->local, &len, ADDRESS_LOCAL_MAX, c)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		scan->p++;
	}
	scan_char(scan, '"');
	if (len == 0) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* "[" address "]", its bracket taken.  RFC 5321 4.1.3 */
static int
take_literal(struct address *address, struct scan *scan)
{
	unsigned char octets[16];
	struct span text;
	char inner[64];

	errno = EINVAL;
	text = scan_while(scan, is_literal);
	if (!scan_maybe(scan, ']') || text.len >= sizeof(inner))
		return -1;
	memcpy(inner, text.p, text.len);
	inner[text.len] = '\0';
	if (strncasecmp(inner, "IPv6:", 5) == 0
		? inet_pton(AF_INET6, inner + 5, octets) != 1
		: inet_pton(AF_INET, inner, octets) != 1)
		return -1;
	address->literal = true;
	address->domain[0] = '[';
	memcpy(address->domain + 1, inner, text.len);
	memcpy(address->domain + 1 + text.len, "]", 2);
	return 0;
}

static void
lower(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

static bool
is_ascii(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] >= 0x80)
			return false;
	return true;
}

static int
take_domain(struct address *address, struct scan *scan)
{
	struct span label;
	size_t len = 0;
	size_t i;

	if (scan_maybe(scan, '[')) {
		if (take_literal(address, scan) < 0)
			return -1;
		lower(address->domain);
		return 0;
	}
	do {
		if (len > 0 &&
		    !put(address->domain, &len, ADDRESS_DOMAIN_MAX, '.'))
			goto too_long;
		label = scan_while(scan, is_domain);
		if (label.len == 0 || label.p[0] == '-' ||
		    label.p[label.len - 1] == '-') {
			errno = EINVAL;
			return -1;
		}
		/* of a U-label, its A-label's length counts: RFC 5890 4.2 */
		if (label.len > LABEL_MAX && is_ascii(label))
			goto too_long;
		for (i = 0; i < label.len; i++)
			if (!put(address->domain, &len, ADDRESS_DOMAIN_MAX,
				label.p[i]))
				goto too_long;
	} while (scan_maybe(scan, '.'));
	lower(address->domain);
	return 0;
too_long:
	errno = ENAMETOOLONG;
	return -1;
}

/* local-part ["@" domain] */
static int
take_mailbox(struct address *address, struct scan *scan)
{
	int rc;

	memset(address, 0, sizeof(*address));
	rc = scan_maybe(scan, '"') ? take_quoted(address, scan)
				   : take_dot_string(address, scan);
	if (rc < 0)
		return -1;
	if (scan_maybe(scan, '@')) {
		if (take_domain(address, scan) < 0)
			return -1;
	} else if (strcasecmp(address->local, "postmaster") != 0) {
		errno = EINVAL;
		return -1;
	}
	address->eightbit = false;
	for (const char *p = address->local; *p != '\0'; p++)
		address->eightbit |= (unsigned char)*p >= 0x80;
	for (const char *p = address->domain; *p != '\0'; p++)
		address->eightbit |= (unsigned char)*p >= 0x80;
	if (address->eightbit &&
	    (!is_utf8(address->local) || !is_utf8(address->domain))) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* "@one,@two:" is accepted and dropped.  RFC 5321 4.1.1.3, appendix C */
static int
take_source_route(struct scan *scan)
{
	struct address dropped;

	while (scan_maybe(scan, '@')) {
		memset(&dropped, 0, sizeof(dropped));
		if (take_domain(&dropped, scan) < 0)
			return -1;
		if (scan_maybe(scan, ':'))
			return 0;
		if (!scan_maybe(scan, ',') || scan_peek(scan) != '@') {
			errno = EINVAL;
			return -1;
		}
	}
	return 0;
}

int
address_take_path(struct address *address, struct scan *scan)
{
	const char *start = scan->p;

	memset(address, 0, sizeof(*address));
	if (!scan_maybe(scan, '<'))
		goto invalid;
	if (scan_maybe(scan, '>'))
		return 0;
	if (take_source_route(scan) < 0 || take_mailbox(address, scan) < 0)
		return -1;
	if (!scan_maybe(scan, '>'))
		goto invalid;
	if (scan->p - start > ADDRESS_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
invalid:
	errno = EINVAL;
	return -1;
}

int
address_parse(struct address *address, struct span text)
{
	struct scan scan;

	scan_init(&scan, text);
	if (take_mailbox(address, &scan) < 0)
		return -1;
	if (!scan_ok(&scan)) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* Whether a local part needs quotes. */
static bool
needs_quotes(const char *local)
{
	struct scan scan;

	scan_init(&scan, span_of(local));
	do
		if (scan_while(&scan, is_atext).len == 0)
			return true;
	while (scan_maybe(&scan, '.'));
	return !scan_ok(&scan);
}

void
address_format(const struct address *address, struct buf *buf)
{
	const char *p;

	if (address->local[0] == '\0')
		return;
	if (needs_quotes(address->local)) {
		buf_adds(buf, "\"");
		for (p = address->local; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				buf_adds(buf, "\\");
			buf_add(buf, p, 1);
		}
		buf_adds(buf, "\"");
	} else
		buf_adds(buf, address->local);
	if (address->domain[0] != '\0')
		buf_addf(buf, "@%s", address->domain);
}

bool
address_is_domain(struct span text)
{
	struct address address;
	struct scan scan;

	memset(&address, 0, sizeof(address));
	scan_init(&scan, text);
	return take_domain(&address, &scan) == 0 && scan_ok(&scan);
}
