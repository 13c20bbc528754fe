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
#define OPENPGP_HOME_MAX 80 /* octets: a socket's path ends at 107 */

/* What a sealed message may grow to, for others compress: to this many times
 * its size and no more than a bomb that is worth nothing. */
#define OPENPGP_GROWTH 64

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

/* How an operation of gpg ended that came to an end.  Of files: whether those
 * that messages are in did their part; of what was made: whole, that nothing is
 * missing; of what was opened: plain is good only if it is OPENPGP_OK or
 * OPENPGP_UNSIGNED.  Of a signature: there is one. */
enum openpgp_result openpgp_judge_files(struct openpgp *openpgp,
    const struct gpgdata *in, const struct gpgdata *out);
enum openpgp_result openpgp_judge_made(
    struct openpgp *openpgp, bool sign, bool whole);
enum openpgp_result openpgp_judge_opened(struct openpgp *openpgp,
    const struct gpgdata *in, const struct gpgdata *out,
    const struct message *sealed);
enum openpgp_result openpgp_judge_signature(struct openpgp *openpgp);

/* 40 hexadecimal digits as gpg writes them, or 64 of newer keys: what does not
 * look so could be an option to gpg. */
bool openpgp_is_fingerprint(const char *text);
enum openpgp_result openpgp_no_fingerprint(struct openpgp *openpgp);

/* The state of the key directory's public keys: gpg's old kind of file, which
 * openpgp_make() sets up, or the new one. */
void openpgp_keyring(const struct openpgp *openpgp, struct openpgp_file *file);
bool openpgp_same_file(
    const struct openpgp_file *a, const struct openpgp_file *b);

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

/* Takes a key that was looked at into the key directory. */
enum openpgp_result openpgp_take_in(
    struct openpgp *openpgp, struct span text, const char *fingerprint);

/* Files of a key directory that is new.  0, or -1 with errno. */
int openpgp_set_up(struct openpgp *openpgp);

#endif
