/*
 * Any octets as a mail with base64 and its like in it.  The walk comes to its
 * end; a run is never longer than what it was decoded from, and all of them are
 * not longer than what is read: base64 twice, and the others once.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scan/loose.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf octets = BUF_INIT(1 << 20);
	char *copy = malloc(size + 1);
	size_t at = 0, before = 0, sum = 0;
	struct span mail;

	if (copy == NULL)
		abort();
	memcpy(copy + 1, data, size);
	mail = (struct span){copy + 1, size};
	while (loose_next(mail, &at, &octets)) {
		if (at <= before || at > size)
			abort();
		before = at;
		if (octets.len < 16 || octets.full)
			abort();
		sum += octets.len;
	}
	if (at != size || sum > size / 2 * 5 + 2)
		abort();
	buf_free(&octets);
	free(copy);
	return 0;
}
