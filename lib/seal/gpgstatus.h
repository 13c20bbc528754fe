/*
 * gpgstatus: what a run of gpg said on its status descriptor, as far as it
 * matters here (GnuPG's doc/DETAILS has the words).
 *
 * Results are judged by these and not by GPGME's error alone: that mail was
 * damaged must be said by gpg itself, for damaged mail is refused for good,
 * while of a gpg that died there is only silence.
 */
#ifndef SEAL_GPGSTATUS_H
#define SEAL_GPGSTATUS_H

#include <stdint.h>

#include "base/span.h"
#include "seal/openpgp.h"

struct gpgstatus {
	bool failure; /* gpg ended by itself, with an error */
	/* of a message that is decrypted */
	unsigned plaintexts; /* literal data packets */
	bool begun;
	bool ended;
	bool decrypted;
	bool intact;  /* the integrity check passed */
	bool damaged; /* it did not */
	bool failed;
	bool no_data;       /* not OpenPGP at all, or cut off */
	bool outside;       /* literal data that was not encrypted */
	bool nested;        /* another encrypted message in it */
	bool syntax;        /* packets that are not in order */
	unsigned keys;      /* session keys in it, each for somebody */
	unsigned alien;     /* of these, not for us */
	bool opened;        /* the one for us was */
	unsigned key_error; /* code of why our session key was not opened */
	/* of signatures that are checked */
	unsigned signatures;
	unsigned good;
	unsigned valid; /* good, or by a key that is not good any more */
	unsigned bad;
	unsigned stale;   /* by a key that has expired or was revoked */
	unsigned unknown; /* by a key that we do not have */
	unsigned hash;    /* of the last, as RFC 4880, 9.4 numbers it */
	char signer[OPENPGP_FINGERPRINT_SIZE]; /* of its primary key */
	/* of what is made */
	unsigned created; /* signatures */
	bool encrypted;
	bool bad_recipient;
	bool bad_signer;
};

void gpgstatus_init(struct gpgstatus *status);
void gpgstatus_line(
    struct gpgstatus *status, const char *keyword, const char *args);

/* Whether a session key for us could not be opened because its octets are
 * wrong, and not for want of anything here. */
bool gpgstatus_is_bad_key(const struct gpgstatus *status);

#endif
