/*
 * Any octets as a message.  The parts lie within what they came from or are
 * decoded from it, so that they are not larger; and all of them can be read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scan/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	size_t largest;
	unsigned count;
	unsigned octets;
};

static void
read_all(struct span octets, const char *name, void *arg)
{
	struct sum *sum = arg;
	size_t i;

	if (octets.len > sum->largest || ++sum->count > PARTS_MAX)
		abort();
	for (i = 0; i < octets.len; i++)
		sum->octets += (unsigned char)octets.p[i];
	if (name != NULL)
		sum->octets += (unsigned)strlen(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum sum = {size, 0, 0};
	char *copy = malloc(size + 1);

	if (copy == NULL)
		abort();
	/* with nothing in front, and a copy so that it is seen */
	memcpy(copy + 1, data, size);
	parts_is_message((struct span){copy + 1, size});
	parts_walk((struct span){copy + 1, size}, read_all, &sum);
	free(copy);
	return 0;
}
