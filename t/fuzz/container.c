/*
 * Any octets as what was decrypted and as what was sealed: what is taken apart
 * must be what putting together makes, and what is found must come from there.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seal/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Without its random boundary, two of the same frame are the same. */
static void
wrap_again(struct frame *frame, uint64_t size)
{
	uint64_t octets = message_size(&frame->message);
	struct message plain;
	struct frame back;

	message_init(&plain);
	frame_init(&back);
	if (container_wrap(frame, &plain) < 0 || message_size(&plain) != size ||
	    container_unwrap(&plain, &back) < 0 ||
	    !span_eq(buf_span(&frame->fields), buf_span(&back.fields)) ||
	    octets != message_size(&back.message))
		abort();
	message_free(&plain);
	frame_free(&back);
}

static void
disclose(const struct message *message, bool strict)
{
	struct buf owner = BUF_INIT(1000);
	struct message armored;

	message_init(&armored);
	if (container_disclose(message, strict, &owner, &armored) == 0) {
		if (message_size(&armored) > message_size(message) ||
		    (strict && owner.len == 0))
			abort();
	}
	message_free(&armored);
	buf_free(&owner);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message message;
	struct frame frame;

	message_init(&message);
	frame_init(&frame);
	if (message_add(&message, data, size) < 0)
		abort();
	if (container_unwrap(&message, &frame) == 0)
		wrap_again(&frame, size);
	disclose(&message, true);
	disclose(&message, false);
	message_free(&message);
	frame_free(&frame);
	return 0;
}
