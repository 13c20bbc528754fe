/*
 * openpgp: what is needed of OpenPGP (RFC 4880, RFC 9580), by GPGME and gpg.
 *
 * Our own key pair lives in a GnuPG home, the key directory; the public keys
 * of peers are files, and count only if they are the key whose full fingerprint
 * is asked for: whose a key is was pinned by hand, and gpg's trust is not
 * asked.  Nothing is fetched from anywhere, nobody is asked for a passphrase.
 * gpg that is missing, dies or hangs (OPENPGP_WAIT_MS) is OPENPGP_TROUBLE.
 *
 * Plaintext goes through pipes to gpg and is nowhere else.
 */
#ifndef SEAL_OPENPGP_H
#define SEAL_OPENPGP_H

#include "mail/message.h"

/* The key directory if nobody says so, and who may. */
#define OPENPGP_KEYS "/var/lib/pimail/keys"
#define OPENPGP_KEYS_ENV "PIMAIL_KEYS"

#define OPENPGP_FINGERPRINT_SIZE 65 /* 40 or 64 upper-case digits, NUL */
#define OPENPGP_KEY_MAX (256 << 10) /* octets of a key's file */
#define OPENPGP_SIGNATURE_MAX (16 << 10)
#define OPENPGP_WAIT_MS 60000 /* with no octet from gpg; + size */
#define OPENPGP_WAIT_MAX_MS 3600000
#define OPENPGP_WHY_SIZE 200

enum openpgp_result {
	OPENPGP_OK,
	OPENPGP_NO_KEY,   /* there is none (seal, verify), or not ours (open) */
	OPENPGP_BAD_KEY,  /* another one, expired, revoked, cannot encrypt */
	OPENPGP_BAD,      /* damaged, not encrypted, bad signature */
	OPENPGP_UNSIGNED, /* whole, but not signed */
	OPENPGP_TROUBLE   /* gpg cannot be run, died, hangs; disk, memory */
};

struct openpgp;

/* keydir: the GnuPG home; one that is empty gets gpg's settings.  NULL if gpg
 * is not in PATH or the directory is not ours alone; why was told. */
struct openpgp *openpgp_new(const char *keydir);

/* The same with another program as gpg (NULL: the one in PATH), and another
 * OPENPGP_WAIT_MS. */
struct openpgp *openpgp_new_with(
    const char *keydir, const char *gpg, int64_t wait_ms);
void openpgp_set_wait(struct openpgp *openpgp, int64_t wait_ms);

void openpgp_free(struct openpgp *openpgp);

/* Why the last call did not end with OPENPGP_OK, one printable line. */
const char *openpgp_why(const struct openpgp *openpgp);

/* Fingerprint of our own key (the one secret key in the directory that can
 * sign); OPENPGP_NO_KEY if there is none. */
enum openpgp_result openpgp_own(
    struct openpgp *openpgp, char fingerprint[OPENPGP_FINGERPRINT_SIZE]);

/* Signs (unless sign is false) and encrypts plain to the key in that file, with
 * that fingerprint, as armored text.  file NULL: the key is in the key
 * directory.  No compression: it would tell of the content by its size.  The
 * key is looked at again whenever its file has changed, and it is never used
 * after it has expired. */
enum openpgp_result openpgp_seal(struct openpgp *openpgp, const char *file,
    const char *fingerprint, bool sign, const struct message *plain,
    struct message *sealed);

/* Decrypts armored text.  Unless it returns OPENPGP_OK or OPENPGP_UNSIGNED,
 * plain is empty.  signer: the primary fingerprint of who signed it, and the
 * signature is good; the signer's key must be in the key directory, see
 * openpgp_import(); if it is not: OPENPGP_NO_KEY with signer set (what is
 * known of it), plain empty; if it is our own key that is missing: signer "".
 */
enum openpgp_result openpgp_open(struct openpgp *openpgp,
    const struct message *sealed, struct message *plain,
    char signer[OPENPGP_FINGERPRINT_SIZE]);

/* Whether armored text is encrypted to the key of that fingerprint (of a peer,
 * in that file; NULL: in the key directory). */
enum openpgp_result openpgp_is_for(struct openpgp *openpgp, const char *file,
    const char *fingerprint, const struct message *sealed);

/* A detached signature (armored) of ours, and whether one is good and by that
 * key, whose public part is in key. */
enum openpgp_result openpgp_sign(
    struct openpgp *openpgp, struct span text, struct buf *signature);
enum openpgp_result openpgp_verify(struct openpgp *openpgp, struct span key,
    const char *fingerprint, struct span text, struct span signature);

/* Takes a peer's public key into the key directory, if it is the one with that
 * fingerprint and no other comes with it. */
enum openpgp_result openpgp_import(
    struct openpgp *openpgp, struct span key, const char *fingerprint);

/* What a program gives up that starts nothing but gpg, before it has anything
 * to do for others. */
void openpgp_confine(void);

/* When the key can no longer be used to encrypt: seconds since 1970, INT64_MAX
 * if it does not end. */
enum openpgp_result openpgp_expires(struct openpgp *openpgp, struct span key,
    const char *fingerprint, int64_t *when);

/* Makes our own key pair, without passphrase, for a node's name and host.  And
 * its public part, armored. */
enum openpgp_result openpgp_make(struct openpgp *openpgp, const char *name,
    const char *host, char fingerprint[OPENPGP_FINGERPRINT_SIZE]);
enum openpgp_result openpgp_export(
    struct openpgp *openpgp, const char *fingerprint, struct buf *key);

#endif
