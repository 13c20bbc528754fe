/*
 * The first 8 octets are the size of an object, the next 32 its digest; the
 * others are a table of hashes, in which it is looked up by every kind.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sigs/hashes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[HASHES_NAME_MAX + 1];
	struct hashes table;
	uint64_t octets;
	unsigned kind;
	int fd;

	if (size < sizeof(octets) + HASHES_DIGEST_MAX)
		return 0;
	memcpy(&octets, data, sizeof(octets));
	fd = memfd_create("hashes", MFD_CLOEXEC);
	data += sizeof(octets);
	size -= sizeof(octets) + HASHES_DIGEST_MAX;
	if (write(fd, data + HASHES_DIGEST_MAX, size) != (ssize_t)size)
		__builtin_trap();
	if (hashes_open(&table, fd) == 0) {
		for (kind = 0; kind < HASHES_KINDS; kind++)
			if (hashes_find(&table, kind, data, octets, name) &&
			    strlen(name) > HASHES_NAME_MAX)
				__builtin_trap();
		hashes_close(&table);
	}
	close(fd);
	return 0;
}
