/*
 * Any octets as a message: what header_remove() leaves must be what a slow and
 * plain way leaves, line by line, and taking it away again changes nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char prefix[] = "X-Virus-";

/* Copies all lines but those of the fields.  Returns how many octets. */
static size_t
copy_plainly(struct span text, char *to)
{
	struct span line;
	bool drop = false;
	size_t len = 0;
	const char *lf;

	while (text.len > 0) {
		lf = memchr(text.p, '\n', text.len);
		line = (struct span){
		    text.p, lf != NULL ? (size_t)(lf - text.p) + 1 : text.len};
		if (span_eq(line, span_of("\n")) ||
		    span_eq(line, span_of("\r\n")))
			break;
		if (line.p[0] != ' ' && line.p[0] != '\t')
			drop = line.len >= sizeof(prefix) - 1 &&
			       strncasecmp(
				   line.p, prefix, sizeof(prefix) - 1) == 0;
		if (!drop) {
			memcpy(to + len, line.p, line.len);
			len += line.len;
		}
		text.p += line.len;
		text.len -= line.len;
	}
	if (text.len > 0)
		memcpy(to + len, text.p, text.len);
	return len + text.len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size}, spans[2];
	struct message message;
	char *want;
	size_t len;
	int i;

	want = malloc(size + 1);
	if (want == NULL)
		return 0;
	len = copy_plainly(text, want);
	message_init(&message);
	message_add(&message, text.p, text.len);
	for (i = 0; i < 2; i++) {
		if (header_remove(&message, "x-virus-*") < 0 ||
		    !message_spans(&message, spans) ||
		    !span_eq(spans[1], (struct span){want, len}))
			abort();
	}
	header_line_end(&message);
	message_free(&message);
	free(want);
	return 0;
}
