/*
 * Nothing of a message is believed before gpg has said that its integrity check
 * passed and that it came to the end (EFAIL was plaintext given out before
 * that), and what gpg did not say is OPENPGP_TROUBLE.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "seal/openpgpown.h"

enum openpgp_result
openpgp_because(
    struct openpgp *openpgp, enum openpgp_result result, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(openpgp->why, sizeof(openpgp->why), fmt, args);
	va_end(args);
	if (n > 0)
		err_printable(openpgp->why, strlen(openpgp->why));
	return result;
}

enum openpgp_result
openpgp_trouble(struct openpgp *openpgp)
{
	const struct gpgrun *run = &openpgp->run;

	if (run->trouble != NULL)
		return openpgp_because(
		    openpgp, OPENPGP_TROUBLE, "%s", run->trouble);
	return openpgp_because(openpgp, OPENPGP_TROUBLE,
	    "gpg did not end well: %s",
	    run->error != 0 ? gpgme_strerror(run->error) : "no reason given");
}

enum openpgp_result
openpgp_judge_files(struct openpgp *openpgp, const struct gpgdata *in,
    const struct gpgdata *out)
{
	int error = in->error != 0 ? in->error : out->error;

	return error == 0 ? OPENPGP_OK
			  : openpgp_because(openpgp, OPENPGP_TROUBLE, "%s",
				strerror(error));
}

enum openpgp_result
openpgp_judge_made(struct openpgp *openpgp, bool sign, bool whole)
{
	const struct gpgstatus *status = &openpgp->run.status;

	if (status->bad_recipient)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "gpg does not take the key to encrypt with");
	if (status->bad_signer)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "gpg does not take our own key to sign with");
	if (openpgp->run.error != 0 || status->failure ||
	    status->created != (sign ? 1 : 0) || !whole)
		return openpgp_trouble(openpgp);
	return OPENPGP_OK;
}

/* SHA-2 and SHA-3; a collision of an older one is a signature of another text.
 */
static bool
is_strong(unsigned hash)
{
	return (hash >= 8 && hash <= 12) || hash == 14;
}

enum openpgp_result
openpgp_judge_signature(struct openpgp *openpgp)
{
	const struct gpgstatus *status = &openpgp->run.status;

	if (status->signatures == 0)
		return openpgp_because(
		    openpgp, OPENPGP_UNSIGNED, "there is no signature");
	if (status->signatures > 1)
		return openpgp_because(openpgp, OPENPGP_BAD,
		    "there are %u signatures", status->signatures);
	if (status->bad > 0)
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "the signature is bad");
	if (status->unknown > 0)
		return openpgp_because(openpgp, OPENPGP_NO_KEY,
		    "signed by %s, whose key is not here", status->signer);
	if (status->stale > 0)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "signed by %s, whose key has expired or was revoked",
		    status->signer);
	if (status->good != 1 || status->valid != 1 ||
	    status->signer[0] == '\0')
		return openpgp_trouble(openpgp);
	if (!is_strong(status->hash))
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "the signature is over a weak hash");
	return openpgp->run.error == 0 && !status->failure
		   ? OPENPGP_OK
		   : openpgp_trouble(openpgp);
}

/* Why a message could not be opened.  It is its own fault only if that is
 * certain: gpg had the key and says that the rest is wrong, or anybody sees it.
 */
static enum openpgp_result
judge_failure(struct openpgp *openpgp, const struct message *sealed)
{
	const struct gpgstatus *status = &openpgp->run.status;
	uint64_t ids[ARMOR_KEYS];
	int count = armor_keys(sealed, ids);

	if (status->damaged || status->no_data || status->bad > 0 ||
	    gpgstatus_is_bad_key(status) ||
	    (status->opened && status->failed && status->ended) ||
	    (count < 0 && errno == EBADMSG))
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "it is damaged, or not encrypted");
	if (count == 0)
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "it is encrypted with a passphrase");
	if (status->keys > 0 && status->alien >= status->keys)
		return openpgp_because(openpgp, OPENPGP_NO_KEY,
		    "it is encrypted to a key that is not ours");
	return openpgp_trouble(openpgp);
}

enum openpgp_result
openpgp_judge_opened(struct openpgp *openpgp, const struct gpgdata *in,
    const struct gpgdata *out, const struct message *sealed)
{
	const struct gpgstatus *status = &openpgp->run.status;
	enum openpgp_result result = openpgp_judge_files(openpgp, in, out);

	if (result != OPENPGP_OK)
		return result;
	if (in->damaged)
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "its armor is damaged");
	if (out->too_much)
		return openpgp_because(openpgp, OPENPGP_BAD,
		    "more comes out of it than %d times its size",
		    OPENPGP_GROWTH);
	if (status->outside || status->plaintexts > 1 || status->syntax)
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "not all that is in it is encrypted");
	if (status->nested)
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "another encrypted message is in it");
	if (!status->begun || !status->ended || !status->decrypted ||
	    !status->intact || status->damaged || status->failed ||
	    status->plaintexts != 1)
		return judge_failure(openpgp, sealed);
	return openpgp_judge_signature(openpgp);
}
