/*
 * gpgkey: what has to be known of a key before it is used.
 */
#ifndef SEAL_GPGKEY_H
#define SEAL_GPGKEY_H

#include "seal/gpgrun.h"

#define GPGKEY_PARTS 16 /* primary key and subkeys of one key */

struct gpgkey {
	char fingerprint[OPENPGP_FINGERPRINT_SIZE];
	bool secret;
	bool usable;      /* not revoked, expired, disabled or broken */
	bool can_sign;    /* now */
	bool can_encrypt; /* now */
	int64_t ends;     /* when it can encrypt no more; INT64_MAX: never */
	unsigned parts;
	uint64_t ids[GPGKEY_PARTS]; /* key ids, of all parts */
};

enum gpgkey_where {
	GPGKEY_PUBLIC, /* in the key directory */
	GPGKEY_SECRET
};

/* A key as GPGME has it. */
void gpgkey_take(struct gpgkey *key, gpgme_key_t from);

/* The keys in octets, or those of that name (NULL: all) in the key directory;
 * the first one comes out, and how many there are.  -1 is trouble. */
int gpgkey_read(struct gpgrun *run, struct span text, struct gpgkey *key);
int gpgkey_find(struct gpgrun *run, enum gpgkey_where where, const char *name,
    struct gpgkey *key);

#endif
