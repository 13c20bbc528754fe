/*
 * selfseal: small texts that only we can read again (ChaCha20-Poly1305 with a
 * secret of 32 octets in the file "self" of the key directory).
 *
 * For what a node has to keep for itself beside mail that it cannot read: a
 * public key would give nothing more, since its secret half is on the same
 * disk, and would cost a run of gpg for each message.
 */
#ifndef SEAL_SELFSEAL_H
#define SEAL_SELFSEAL_H

#include "base/buf.h"

#define SELFSEAL_SECRET 32

struct selfseal {
	unsigned char secret[SELFSEAL_SECRET];
};

/* Reads the secret; make: makes one if there is none.  0, or -1 with errno
 * (EPERM: others may read it, EBADMSG: not a secret). */
int selfseal_load(struct selfseal *selfseal, const char *keydir, bool make);
void selfseal_forget(struct selfseal *selfseal);

/* Appends text sealed, as base64 without line ends; false if it does not fit.
 */
bool selfseal_seal(
    const struct selfseal *selfseal, struct span text, struct buf *sealed);

/* Appends what was sealed.  0, or -1 with errno EBADMSG. */
int selfseal_open(
    const struct selfseal *selfseal, struct span sealed, struct buf *text);

#endif
