#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "peer/chance.h"

size_t
chance(size_t count)
{
	uint32_t octets;

	if (getrandom(&octets, sizeof(octets), 0) != (ssize_t)sizeof(octets))
		fatal("cannot get random octets: %s", strerror(errno));
	return (size_t)((uint64_t)octets * count >> 32);
}
