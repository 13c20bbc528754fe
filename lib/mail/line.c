#include "mail/line.h"
#include "base/ascii.h"
#include "base/scan.h"
#include "mail/frame.h"

static const char *const direction_names[] = {
    "inbound", "submitted", "returned", "bounce"};

bool
line_is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool
is_id(int c)
{
	return line_is_name(c) || (c >= 'A' && c <= 'Z') || c == '.' ||
	       c == '_';
}

bool
line_is_value(int c)
{
	return c >= 0x20 && c != 0x7f;
}

bool
line_all(struct span span, bool (*is)(int c))
{
	size_t i;

	for (i = 0; i < span.len; i++)
		if (!is((unsigned char)span.p[i]))
			return false;
	return true;
}

bool
line_recipient(struct span value, struct frame_recipient *recipient)
{
	struct scan scan;

	scan_init(&scan, value);
	recipient->mailbox = scan_until(&scan, ' ');
	recipient->address = scan_rest(&scan);
	return !scan.bad && recipient->mailbox.len > 0 &&
	       recipient->mailbox.p[0] != '.' &&
	       line_all(recipient->mailbox, is_id) &&
	       recipient->address.len > 0;
}

bool
line_field_ok(struct span name, struct span value)
{
	struct frame_recipient recipient;
	size_t i;

	if (span_eq(name, span_of("id")))
		return value.len > 0 && value.len <= FRAME_ID_MAX &&
		       line_all(value, is_id);
	if (span_eq(name, span_of("direction"))) {
		for (i = 0; i < nitems(direction_names); i++)
			if (span_eq(value, span_of(direction_names[i])))
				return true;
		return false;
	}
	if (span_eq(name, span_of("recipient")))
		return line_recipient(value, &recipient);
	return !span_eq(name, span_of("size"));
}

bool
line_reply_ok(struct span reply, char digit)
{
	struct span code;
	struct scan scan;

	scan_init(&scan, reply);
	code = scan_while(&scan, ascii_is_digit);
	if (code.len != 3 || code.p[0] != digit || code.p[1] > '5')
		return false;
	scan_char(&scan, ' ');
	scan_char(&scan, digit);
	scan_char(&scan, '.');
	scan_number(&scan, 999);
	scan_char(&scan, '.');
	scan_number(&scan, 999);
	scan_char(&scan, ' ');
	return !scan.bad && scan_peek(&scan) > 0x20 &&
	       reply.len <= FRAME_REPLY_MAX &&
	       line_all(scan_rest(&scan), line_is_value);
}
