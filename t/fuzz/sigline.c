/*
 * The first octet says which format, the others are a line of it.  What is said
 * to be right must be within its bounds.
 */
#include <stdint.h>

#include "sigs/sigline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum sigline_format format;
	struct sigline sig;
	struct span line;

	if (size == 0)
		return 0;
	format = (enum sigline_format)(data[0] % (SIGLINE_IGNORE + 1));
	line = (struct span){(const char *)data + 1, size - 1};
	if (sigline_parse(&sig, format, line) != SIGLINE_RIGHT)
		return 0;
	if (sig.name.len == 0 || sig.name.p < line.p ||
	    sig.name.p + sig.name.len > line.p + line.len ||
	    sig.target > SIGLINE_TARGET_MAX)
		__builtin_trap();
	if (format <= SIGLINE_GOOD &&
	    (sig.size == 0 || (sig.kind >= HASHES_SECTION_MD5) !=
				  (format == SIGLINE_SECTION)))
		__builtin_trap();
	return 0;
}
