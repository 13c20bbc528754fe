/* Any octets in all encodings.  What comes out is not longer, and reading is
 * done within the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/transfer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const decoders[])(struct span, struct buf *) = {
	    transfer_base64, transfer_quoted, transfer_uu, transfer_yenc};
	struct buf octets = BUF_INIT(1 << 20);
	char *copy = malloc(size + 1);
	size_t i;

	if (copy == NULL)
		abort();
	memcpy(copy + 1, data, size);
	for (i = 0; i < nitems(decoders); i++) {
		buf_reset(&octets);
		decoders[i]((struct span){copy + 1, size}, &octets);
		if (octets.len > size || octets.full)
			abort();
	}
	buf_free(&octets);
	free(copy);
	return 0;
}
