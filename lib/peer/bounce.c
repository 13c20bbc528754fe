#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "mail/address.h"
#include "mail/date.h"
#include "peer/bounce.h"
#include "queue/content.h"

#define ID_LEN 32                        /* digits of id and boundary */
#define LAST_SECOND 253402300799         /* of the year 9999 */
#define TOO_OLD "4.4.7"                  /* RFC 3463, 3.5 */
#define HEADER_MAX 8192                  /* octets */
#define PARTS_MAX (3 * FRAME_FIELDS_MAX) /* each recipient stands in two */

struct report {
	const struct frame *envelope;
	const char *host;
	const char *reply;              /* NULL: too old */
	char said[FRAME_REPLY_MAX + 1]; /* what it points to */
	uint64_t days;
	char id[CONTENT_ID_SIZE];
	char now[DATE_SIZE];
	char arrival[DATE_SIZE]; /* "" if it is not known */
	bool eightbit;           /* in the text for people */
};

/* The next recipient that has an address, and whether it is more than ASCII. */
static bool
next_address(
    const struct report *report, size_t *at, struct span *text, bool *eightbit)
{
	struct frame_recipient recipient;
	struct address address;

	while (frame_next_recipient(report->envelope, at, &recipient))
		if (address_parse(&address, recipient.address) == 0) {
			*text = recipient.address;
			*eightbit = address.eightbit;
			return true;
		}
	return false;
}

/* The owner may say it in any octets; in a report it is ASCII (RFC 3464, 2.3.6,
 * RFC 5321, 4.2). */
static void
set_reply(struct report *report, const char *reply)
{
	char *p;

	if (reply == NULL)
		return;
	snprintf(report->said, sizeof(report->said), "%s", reply);
	for (p = report->said; *p != '\0'; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	report->reply = report->said;
}

static void
set_arrival(struct report *report)
{
	struct span value = frame_get(report->envelope, "received-at");
	struct scan scan;
	uint64_t when;

	scan_init(&scan, value);
	when = scan_number(&scan, LAST_SECOND);
	if (scan_ok(&scan))
		date_format(report->arrival, (time_t)when);
}

static void
add_header(const struct report *report, struct span sender, struct buf *out)
{
	buf_addf(out, "Date: %s\n", report->now);
	buf_addf(out, "From: Mail Delivery System <MAILER-DAEMON@%s>\n",
	    report->host);
	buf_addf(out, "To: <%.*s>\n", SPAN_ARG(sender));
	buf_adds(out, "Subject: Your mail could not be delivered\n");
	buf_addf(out, "Message-ID: <%s@%s>\n", report->id, report->host);
	buf_adds(out, "Auto-Submitted: auto-replied\n"
		      "MIME-Version: 1.0\n");
	if (report->eightbit)
		buf_adds(out, "Content-Transfer-Encoding: 8bit\n");
	buf_addf(out,
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"%s\"\n\n",
	    report->id);
}

static void
add_reason(const struct report *report, struct buf *out)
{
	buf_adds(out,
	    "\nTheir own server could not be reached then, so servers of\n"
	    "friends kept your mail for it, sealed.  ");
	if (report->reply != NULL)
		buf_addf(out,
		    "Now it is back, and it does not\n"
		    "take your mail.  It says:\n\n    %s\n",
		    report->reply);
	else if (report->days == 1)
		buf_adds(out, "It has not come back for\n"
			      "a day, and your mail is no longer kept.\n");
	else
		buf_addf(out,
		    "It has not come back for\n"
		    "%" PRIu64 " days, and your mail is no longer kept.\n",
		    report->days);
	buf_adds(out,
	    "\nOnly its owner could have opened it.  That is why no part of "
	    "your\n"
	    "mail comes with this message: not even this server can read it.\n"
	    "\nIf it still matters, please send it again, or try to reach "
	    "them\n"
	    "in another way.\n");
}

/* The part for people. */
static void
add_text(const struct report *report, struct buf *out)
{
	struct span address;
	bool eightbit;
	size_t at = 0;

	buf_addf(out,
	    "--%s\n"
	    "Content-Type: text/plain; charset=%s\n"
	    "Content-Transfer-Encoding: %s\n\n",
	    report->id, report->eightbit ? "utf-8" : "us-ascii",
	    report->eightbit ? "8bit" : "7bit");
	buf_addf(
	    out, "This is the mail server %s.  It took mail\n", report->host);
	buf_addf(out, "from you%s%s,\nfor:\n\n",
	    report->arrival[0] != '\0' ? " on " : "", report->arrival);
	while (next_address(report, &at, &address, &eightbit))
		buf_addf(out, "    %.*s\n", SPAN_ARG(address));
	buf_adds(out, "\nIt was not delivered, and nobody tries any more.\n");
	add_reason(report, out);
}

/* Takes one character of text that is UTF-8 for sure. */
static uint32_t
take_character(struct scan *scan)
{
	unsigned char c = (unsigned char)*scan->p++;
	uint32_t character = c < 0x80   ? c
			     : c < 0xe0 ? c & 0x1fu
			     : c < 0xf0 ? c & 0x0fu
					: c & 0x07u;

	for (c = (unsigned char)(c < 0xc0 ? 0 : c << 1); (c & 0x80) != 0;
	     c = (unsigned char)(c << 1))
		character =
		    character << 6 | ((unsigned char)*scan->p++ & 0x3fu);
	return character;
}

/* An address in the form that keeps the part in ASCII (RFC 6533, 3). */
static void
add_utf8_address(struct span address, struct buf *out)
{
	struct scan scan;
	uint32_t c;

	buf_adds(out, "utf-8; ");
	scan_init(&scan, address);
	while (scan_peek(&scan) >= 0) {
		c = take_character(&scan);
		if (c > 0x20 && c < 0x7f && c != '+' && c != '=' && c != '\\')
			buf_addf(out, "%c", (int)c);
		else
			buf_addf(out, "\\x{%02" PRIX32 "}", c);
	}
}

/* The enhanced code of a reply: its second word. */
static struct span
status_of(const struct report *report)
{
	struct span rest, code;

	if (report->reply == NULL)
		return span_of(TOO_OLD);
	rest = span_of(report->reply);
	span_word(&rest);
	code = span_word(&rest);
	return code.len > 0 && ascii_is_digit(code.p[0]) ? code
							 : span_of("5.0.0");
}

/* The part for programs.  Returns how many recipients it has. */
static size_t
add_status(const struct report *report, struct buf *out)
{
	struct span address, status = status_of(report);
	size_t at = 0, count = 0;
	bool eightbit;

	buf_addf(out,
	    "\n--%s\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; %s\n",
	    report->id, report->host);
	if (report->arrival[0] != '\0')
		buf_addf(out, "Arrival-Date: %s\n", report->arrival);
	for (; next_address(report, &at, &address, &eightbit); count++) {
		buf_adds(out, "\nFinal-Recipient: ");
		if (eightbit)
			add_utf8_address(address, out);
		else
			buf_addf(out, "rfc822; %.*s", SPAN_ARG(address));
		buf_addf(
		    out, "\nAction: failed\nStatus: %.*s\n", SPAN_ARG(status));
		if (report->reply != NULL)
			buf_addf(
			    out, "Diagnostic-Code: smtp; %s\n", report->reply);
	}
	buf_addf(out, "\n--%s--\n", report->id);
	return count;
}

/* Whether somebody can be written to there. */
static bool
is_somebody(struct span sender, bool *eightbit)
{
	struct address address;

	if (sender.len == 0 || address_parse(&address, sender) < 0 ||
	    address.domain[0] == '\0')
		return false;
	*eightbit = address.eightbit;
	return true;
}

static int
add_fields(
    const struct report *report, struct span sender, struct frame *bounce)
{
	struct buf recipient = BUF_INIT(FRAME_LINE_MAX);
	int rc;

	buf_addf(&recipient, "- %.*s", SPAN_ARG(sender));
	rc = frame_add(bounce, "id", span_of(report->id)) < 0 ||
		     frame_add(bounce, "direction", span_of("bounce")) < 0 ||
		     frame_add(bounce, "sender", span_of("")) < 0 ||
		     frame_add(bounce, "recipient", buf_span(&recipient)) < 0
		 ? -1
		 : 0;
	buf_free(&recipient);
	return rc;
}

/* Writes the message.  0, or -1 with errno. */
static int
add_message(
    const struct report *report, struct span sender, struct frame *bounce)
{
	struct buf header = BUF_INIT(HEADER_MAX), parts = BUF_INIT(PARTS_MAX);
	size_t count;
	int rc = -1;

	add_header(report, sender, &header);
	add_text(report, &parts);
	count = add_status(report, &parts);
	if (count == 0)
		errno = EBADMSG;
	else if (header.full || parts.full)
		errno = EMSGSIZE;
	else if (message_add(&bounce->message, header.p, header.len) == 0)
		rc = message_add(&bounce->message, parts.p, parts.len);
	buf_free(&header);
	buf_free(&parts);
	return rc;
}

/* The id of the bounce about an entry. */
static void
set_id(struct report *report, const char *entry)
{
	struct buf text = BUF_INIT(200);

	buf_addf(&text, "bounce %s", entry);
	content_id_of(buf_span(&text), report->id);
	report->id[ID_LEN] = '\0';
	buf_free(&text);
}

int
bounce_make(const struct frame *envelope, const char *entry, const char *host,
    const char *reply, uint64_t days, struct frame *bounce)
{
	struct report report = {
	    .envelope = envelope, .host = host, .days = days};
	struct span address, sender = frame_get(envelope, "sender");
	bool eightbit;
	size_t at = 0;

	if (!is_somebody(sender, &report.eightbit))
		return 1;
	while (next_address(&report, &at, &address, &eightbit))
		report.eightbit |= eightbit;
	date_format(report.now, time(NULL));
	set_arrival(&report);
	set_reply(&report, reply);
	set_id(&report, entry);
	if (add_fields(&report, sender, bounce) < 0 ||
	    add_message(&report, sender, bounce) < 0)
		return -1;
	return 0;
}
