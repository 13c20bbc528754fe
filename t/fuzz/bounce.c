/*
 * The first line of the input is what a peer refused mail with, maybe nothing;
 * behind it are fields of an envelope, one a line, as far as a frame takes
 * them.  Whatever they are the report has the header that we write, three
 * parts, and one recipient.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail/line.h"
#include "peer/bounce.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ENTRY "5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f5f1e8a2b4c6d8e0f"
#define LINE_MAX_HERE 998 /* RFC 5322, section 2.1.1 */

static void
take_fields(struct frame *envelope, struct span rest)
{
	struct span line;
	const char *space;
	char name[100];

	while (rest.len > 0) {
		line = span_line(&rest);
		space = memchr(line.p, ' ', line.len);
		if (space == NULL || (size_t)(space - line.p) >= sizeof(name))
			continue;
		memcpy(name, line.p, (size_t)(space - line.p));
		name[space - line.p] = '\0';
		line = span_from(line, strlen(name) + 1);
		if (!line_all(span_of(name), line_is_name) || *name == '\0' ||
		    !line_all(line, line_is_value))
			continue;
		frame_add(envelope, name, line);
	}
}

/* The lines of the header, and how often the boundary stands alone. */
static void
check_message(const struct frame *bounce, const char *boundary)
{
	static const char *const header[] = {"Date: ", "From: Mail Delivery ",
	    "To: <", "Subject: Your mail could not be delivered",
	    "Message-ID: <", "Auto-Submitted: auto-replied",
	    "MIME-Version: 1.0", "Content-T"};
	struct span spans[2], rest, line;
	unsigned seen = 0, parts = 0;
	size_t i;

	if (!message_spans(&bounce->message, spans) || spans[0].len != 0)
		abort();
	rest = spans[1];
	for (i = 0; rest.len > 0; i++) {
		line = span_line(&rest);
		if (line.len == 0)
			break;
		if (i < nitems(header) && !span_starts(line, header[i]))
			abort();
		if (line.p[0] != '\t')
			seen++;
	}
	if (seen < nitems(header) || seen > nitems(header) + 1)
		abort();
	while (rest.len > 0) {
		line = span_line(&rest);
		if (line.len > LINE_MAX_HERE || memchr(line.p, '\r', line.len))
			abort();
		if (span_starts(line, "--") && line.len >= 34 &&
		    memcmp(line.p + 2, boundary, 32) == 0)
			parts++;
	}
	if (parts != 3)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = {(const char *)data, size}, first, id;
	struct frame envelope, bounce, answer;
	char reply[200], boundary[33];

	frame_init(&envelope);
	frame_init(&bounce);
	frame_init(&answer);
	first = span_line(&rest);
	snprintf(reply, sizeof(reply), "%.*s", SPAN_ARG(first));
	frame_verdict(&answer, VERDICT_REJECT, reply);
	take_fields(&envelope, rest);
	if (bounce_make(&envelope, ENTRY, "carol.example.net",
		*reply != '\0' ? answer.reply : NULL, 30, &bounce) == 0) {
		id = frame_get(&bounce, "id");
		if (id.len != 32 || bounce.recipients != 1 ||
		    frame_get(&bounce, "sender").len != 0)
			abort();
		memcpy(boundary, id.p, 32);
		boundary[32] = '\0';
		check_message(&bounce, boundary);
	}
	frame_free(&envelope);
	frame_free(&bounce);
	frame_free(&answer);
	return 0;
}
