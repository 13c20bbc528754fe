/* Any octets as a program.  Its sections lie within it and are not empty. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scan/pe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span sections[PE_SECTIONS_MAX];
	char *copy = malloc(size + 1);
	size_t i, count;

	if (copy == NULL)
		abort();
	memcpy(copy + 1, data, size);
	count = pe_sections((struct span){copy + 1, size}, sections);
	for (i = 0; i < count; i++)
		if (sections[i].len == 0 || sections[i].len > size ||
		    sections[i].p < copy + 1 ||
		    sections[i].p + sections[i].len > copy + 1 + size)
			abort();
	free(copy);
	return 0;
}
