#include <stdio.h>

#include "base/scan.h"
#include "net/dnspart.h"

#define LABEL_MAX 63      /* RFC 1035, section 2.3.4 */
#define WIRE_NAME_MAX 255 /* the same */
#define POINTER 0xc0      /* the rest of a name is elsewhere */
#define CLASS_IN 1
#define OCTETS_MAX (128 << 10) /* of the data of an answer */

enum { CODE_NO_ERROR = 0, CODE_SERVFAIL = 2, CODE_NO_NAME = 3 };

/* A number in network order. */
static uint32_t
number(struct scan *scan, int octets)
{
	uint32_t n = 0;
	int c;

	while (octets-- > 0) {
		c = scan_peek(scan);
		if (c < 0) {
			scan_fail(scan);
			return 0;
		}
		scan->p++;
		n = n << 8 | (uint32_t)c;
	}
	return n;
}

static struct span
take(struct scan *scan, size_t len)
{
	struct span span = {scan->p, len};

	if (scan->bad || (size_t)(scan->end - scan->p) < len) {
		scan_fail(scan);
		return (struct span){NULL, 0};
	}
	scan->p += len;
	return span;
}

static void
skip_name(struct scan *scan)
{
	uint32_t len;

	while ((len = number(scan, 1)) > 0 && len < POINTER)
		take(scan, len);
	if (len >= POINTER)
		number(scan, 1);
}

/* Adds a name uncompressed.  Its rest may stand earlier in the packet (RFC
 * 1035, section 4.1.4); each jump must go further back than the one before, so
 * there is an end to them. */
static void
take_name(struct scan *scan, struct span packet, struct buf *out)
{
	size_t offset, from = (size_t)(scan->p - packet.p), start = out->len;
	struct scan earlier, *at = scan;
	uint32_t len;
	char c;

	for (;;) {
		len = number(at, 1);
		if (len < POINTER) {
			c = (char)len;
			buf_add(out, &c, 1);
			buf_addspan(out, take(at, len));
			if (at->bad || len > LABEL_MAX ||
			    out->len - start > WIRE_NAME_MAX)
				break;
			if (len == 0)
				return;
			continue;
		}
		offset = (len - POINTER) << 8 | number(at, 1);
		if (at->bad || offset >= from)
			break;
		from = offset;
		scan_init(&earlier,
		    (struct span){packet.p + offset, packet.len - offset});
		at = &earlier;
	}
	scan_fail(scan);
}

/* Adds the data of a record; those with a name in it of the types that we ask
 * for are an exchanger, after its preference, an alias and a pointer. */
static void
take_data(struct scan *scan, struct span packet, size_t len, unsigned type,
    struct buf *out)
{
	struct span data = take(scan, len);
	struct scan within;

	if (scan->bad)
		return;
	scan_init(&within, data);
	switch (type) {
	case DNS_MX:
		buf_addspan(out, take(&within, 2));
		/* fallthrough */
	case DNS_CNAME:
	case DNS_PTR:
		take_name(&within, packet, out);
		break;
	default:
		buf_addspan(out, scan_rest(&within));
	}
	if (!scan_ok(&within) || out->full)
		scan_fail(scan);
}

static void
take_record(struct scan *scan, struct span packet, unsigned type,
    struct dns_answer *answer)
{
	struct span *record = &answer->records[answer->count];
	size_t before = answer->octets.len, len;
	uint32_t found, class, ttl;

	skip_name(scan);
	found = number(scan, 2);
	class = number(scan, 2);
	ttl = number(scan, 4);
	len = number(scan, 2);
	if (found != type || class != CLASS_IN) {
		take(scan, len);
		return;
	}
	if (answer->count == DNS_RECORDS_MAX) {
		scan_fail(scan);
		return;
	}
	take_data(scan, packet, len, type, &answer->octets);
	record->len = answer->octets.len - before;
	if (answer->count == 0 || ttl < answer->ttl)
		answer->ttl = ttl;
	answer->count++;
}

/* Nothing of what was read counts. */
static void
fail(struct dns_answer *answer, const char *reason)
{
	answer->state = DNS_FAILED;
	answer->count = 0;
	answer->ttl = 0;
	snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
}

void
dns_reply_parse(struct dns_answer *answer, struct span packet, unsigned type)
{
	uint32_t code, questions, records;
	const char *p;
	struct scan scan;
	size_t i;

	buf_init(&answer->octets, OCTETS_MAX);
	scan_init(&scan, packet);
	number(&scan, 2); /* its id */
	code = number(&scan, 2) & 15;
	questions = number(&scan, 2);
	records = number(&scan, 2);
	number(&scan, 4); /* of the other two sections */
	for (; questions > 0 && !scan.bad; questions--) {
		skip_name(&scan);
		number(&scan, 4);
	}
	for (; records > 0 && !scan.bad; records--)
		take_record(&scan, packet, type, answer);
	if (scan.bad)
		fail(answer, "an answer that cannot be read, or is too long");
	else if (code == CODE_SERVFAIL)
		fail(answer, "the servers failed");
	else if (code == CODE_NO_NAME)
		answer->state = DNS_NO_NAME;
	else if (code != CODE_NO_ERROR)
		fail(answer, "the servers refused");
	else
		answer->state = answer->count > 0 ? DNS_FOUND : DNS_EMPTY;
	if (answer->state != DNS_FOUND)
		answer->count = 0;
	p = answer->octets.p;
	for (i = 0; i < answer->count; i++) {
		answer->records[i].p = p;
		p += answer->records[i].len;
	}
}
