/*
 * addrfile: the entries of a file of addrlists.
 */
#ifndef SPAM_ADDRFILE_H
#define SPAM_ADDRFILE_H

#include "base/map.h"
#include "net/network.h"
#include "spam/addrlists.h"

#define ADDRFILE_NEVER INT64_MAX

struct addrfile_entry {
	struct span text; /* in lower case: address, domain or network */
	bool deny;
	int64_t until; /* seconds since 1970; ADDRFILE_NEVER */
	uint32_t next; /* index + 1 of another one with the same text */
};

struct addrfile_network {
	struct network network;
	uint32_t entry; /* its index */
};

/* All zero is one without entries. */
struct addrfile {
	struct arena arena;
	struct addrfile_entry *entries; /* in the order of the file */
	size_t count;
	struct addrfile_network *networks;
	size_t network_count;
	struct map names; /* of addresses and domains: index + 1 */
};

/* Takes the entries out of a file's text; path is for warnings. */
void addrfile_read(struct addrfile *file, const char *path, struct span text);
void addrfile_free(struct addrfile *file);

/* The entry of that text which denies (or not) and holds now; NULL if none. */
const struct addrfile_entry *addrfile_find(
    const struct addrfile *file, struct span text, bool deny, int64_t now);

#endif
