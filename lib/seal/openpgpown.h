/*
 * openpgpown: the inside of openpgp, for its own files only.
 */
#ifndef SEAL_OPENPGPOWN_H
#define SEAL_OPENPGPOWN_H

#include <sys/stat.h>

#include "seal/gpgdata.h"
#include "seal/gpgkey.h"
#include "seal/openpgp.h"

#define OPENPGP_PEERS 64    /* keys that are remembered */
#define OPENPGP_OWN_KEYS 16 /* secret keys in a key directory */
#define OPENPGP_HOME_MAX 80 /* octets: a socket's path ends at 107 */

/* Which state of a file it was. */
struct openpgp_file {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

/* A peer's key that was looked at and taken into the key directory. */
struct openpgp_peer {
	char fingerprint[OPENPGP_FINGERPRINT_SIZE]; /* "" for none */
	struct openpgp_file file;
	struct gpgkey key;
};

struct openpgp {
	struct gpgrun run;
	char why[OPENPGP_WHY_SIZE];
	struct openpgp_peer peers[OPENPGP_PEERS];
	unsigned next;                /* of them, to be forgotten */
	struct openpgp_file own_file; /* of which own_key is */
	gpgme_key_t own_key;          /* NULL: not looked at */
	struct gpgkey own;
};

/* Says why, and hands the result on. */
enum openpgp_result openpgp_because(
    struct openpgp *openpgp, enum openpgp_result result, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Trouble: what gpgrun knows of it, or else that gpg did not end well. */
enum openpgp_result openpgp_trouble(struct openpgp *openpgp);

/* Our own key that signs, in openpgp->own_key. */
enum openpgp_result openpgp_find_own(struct openpgp *openpgp);

/* The key that a message can be encrypted to: in that file (then it is taken
 * into the key directory), or there (NULL).  *peer is good until the next
 * call. */
enum openpgp_result openpgp_find_peer(struct openpgp *openpgp, const char *file,
    const char *fingerprint, const struct openpgp_peer **peer);

/* Looks at it again the next time. */
void openpgp_forget_peer(struct openpgp *openpgp, const char *fingerprint);

/* Whether octets are one public key, the one with that fingerprint. */
enum openpgp_result openpgp_check_key(struct openpgp *openpgp, struct span text,
    const char *fingerprint, struct gpgkey *key);

/* Files of a key directory that is new.  0, or -1 with errno. */
int openpgp_set_up(struct openpgp *openpgp);

#endif
