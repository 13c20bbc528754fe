/*
 * Any octets as a stream of frames: what is read must be written again as the
 * same octets.
 */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "mail/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char again[70000];
	struct frame frame;
	struct io_in in;
	size_t at = 0;
	int to[2], from[2];
	ssize_t n;

	if (size > 60000 || pipe(to) < 0)
		return 0;
	if (write(to[1], data, size) != (ssize_t)size)
		abort();
	close(to[1]);
	io_in_init(&in, to[0]);
	frame_init(&frame);
	while (frame_read(&frame, &in) > 0) {
		if (frame.verdict == VERDICT_DEFER)
			break; /* may be ours, for a field with '!' */
		if (pipe(from) < 0 ||
		    frame_write(&frame, from[1], CLOCK_NEVER) < 0)
			abort();
		close(from[1]);
		n = read(from[0], again, sizeof(again));
		close(from[0]);
		/* `size` may have stood elsewhere among the fields */
		if (n < 0 || at + (size_t)n > size)
			abort();
		at += (size_t)n;
	}
	frame_free(&frame);
	io_in_free(&in);
	close(to[0]);
	return 0;
}
