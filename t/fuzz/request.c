/*
 * Any octets as a client of av-scand.  In the forms that have an end, the same
 * octets at once and in portions, whose sizes come from the input too, must
 * give the same requests; and no stream is longer than what was sent.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "desk/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* True if a plain command was heard, which may end where a portion does. */
static bool
run(const uint8_t *data, size_t size, const uint8_t *portions, struct buf *out)
{
	struct request_parser parser = {0};
	struct request request;
	struct span input;
	bool plain = false;
	size_t at = 0, n;

	while (at < size) {
		n = portions == NULL ? size : 1 + portions[at] % 7U;
		if (n > size - at)
			n = size - at;
		input = (struct span){(const char *)data + at, n};
		at += n;
		while (request_next(&parser, &input, &request)) {
			plain = plain || parser.form == '\0';
			buf_addspan(out, request.text);
			if (request.kind != REQUEST_DATA)
				buf_addf(out, "<%d,%d>", (int)request.kind,
				    request.end);
			if (parser.len > REQUEST_LINE_MAX)
				abort();
		}
		if (input.len != 0)
			abort();
	}
	return plain || parser.form == '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(1 << 24), parts = BUF_INIT(1 << 24);

	if (!run(data, size, NULL, &whole) && !run(data, size, data, &parts) &&
	    !span_eq(buf_span(&whole), buf_span(&parts)))
		abort();
	buf_free(&whole);
	buf_free(&parts);
	return 0;
}
