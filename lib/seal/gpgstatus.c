#include "seal/gpgstatus.h"

#include <gpg-error.h>

#include "base/scan.h"

void
gpgstatus_init(struct gpgstatus *status)
{
	memset(status, 0, sizeof(*status));
}

static void
take_signer(struct gpgstatus *status, struct span name)
{
	if (name.len == 0 || name.len >= sizeof(status->signer))
		return;
	memcpy(status->signer, name.p, name.len);
	status->signer[name.len] = '\0';
}

static unsigned
number(struct span word)
{
	struct scan scan;
	uint64_t n;

	scan_init(&scan, word);
	n = scan_number(&scan, UINT32_MAX);
	return scan_ok(&scan) ? (unsigned)n : 0;
}

/* VALIDSIG fingerprint date time expires version reserved pubkey-algorithm
 * hash-algorithm class primary-fingerprint */
static void
on_validsig(struct gpgstatus *status, struct span args)
{
	struct span word, last = {NULL, 0};
	unsigned n = 0;

	while ((word = span_word(&args)).len > 0) {
		if (++n == 8)
			status->hash = number(word);
		last = word;
	}
	status->valid++;
	if (n == 10)
		take_signer(status, last);
}

/* ERRSIG keyid pubkey-algorithm hash-algorithm class time code fingerprint;
 * code 9: there is no such key */
static void
on_errsig(struct gpgstatus *status, struct span args)
{
	struct span word, id = span_word(&args);
	unsigned n = 1;

	status->unknown++;
	take_signer(status, id);
	while ((word = span_word(&args)).len > 0)
		if (++n == 7 && !span_is(word, "-"))
			take_signer(status, word);
}

/* ERROR where code ..., FAILURE where code */
static void
on_error(struct gpgstatus *status, struct span args)
{
	struct span where = span_word(&args);
	unsigned code = gpg_err_code(number(span_word(&args)));

	if (span_is(where, "pkdecrypt_failed"))
		status->key_error = code;
	else if (span_starts(where, "proc_pkt") ||
		 (span_is(where, "decrypt") && code == GPG_ERR_BAD_DATA))
		status->syntax = true;
}

bool
gpgstatus_is_bad_key(const struct gpgstatus *status)
{
	switch (status->key_error) {
	case GPG_ERR_PUBKEY_ALGO:
	case GPG_ERR_CHECKSUM:
	case GPG_ERR_WRONG_SECKEY:
	case GPG_ERR_BAD_MPI:
	case GPG_ERR_INV_OBJ:
	case GPG_ERR_INV_DATA:
	case GPG_ERR_BAD_DATA:
	case GPG_ERR_BUFFER_TOO_SHORT:
		return true;
	default:
		return false;
	}
}

static void
on_plaintext(struct gpgstatus *status)
{
	status->plaintexts++;
	if (!status->begun || status->ended)
		status->outside = true;
}

static bool
on_signature(struct gpgstatus *status, struct span keyword, struct span args)
{
	if (span_is(keyword, "NEWSIG"))
		status->signatures++;
	else if (span_is(keyword, "GOODSIG"))
		status->good++;
	else if (span_is(keyword, "BADSIG") || span_is(keyword, "EXPSIG"))
		status->bad++;
	else if (span_is(keyword, "EXPKEYSIG") || span_is(keyword, "REVKEYSIG"))
		status->stale++;
	else if (span_is(keyword, "ERRSIG"))
		on_errsig(status, args);
	else if (span_is(keyword, "VALIDSIG"))
		on_validsig(status, args);
	else
		return false;
	return true;
}

static bool
on_decryption(struct gpgstatus *status, struct span keyword, struct span args)
{
	if (span_is(keyword, "BEGIN_DECRYPTION")) {
		status->nested = status->begun;
		status->begun = true;
	} else if (span_is(keyword, "END_DECRYPTION"))
		status->ended = true;
	else if (span_is(keyword, "DECRYPTION_KEY"))
		status->opened = true;
	else if (span_is(keyword, "DECRYPTION_OKAY"))
		status->decrypted = true;
	else if (span_is(keyword, "GOODMDC"))
		status->intact = true;
	else if (span_is(keyword, "BADMDC") || span_is(keyword, "BADARMOR"))
		status->damaged = true;
	else if (span_is(keyword, "DECRYPTION_FAILED"))
		status->failed = true;
	else if (span_is(keyword, "NODATA") || span_is(keyword, "UNEXPECTED"))
		status->no_data = true;
	else if (span_is(keyword, "PLAINTEXT"))
		on_plaintext(status);
	else if (span_is(keyword, "ENC_TO"))
		status->keys++;
	else if (span_is(keyword, "NO_SECKEY"))
		status->alien++;
	else if (span_is(keyword, "ERROR"))
		on_error(status, args);
	else
		return false;
	return true;
}

void
gpgstatus_line(struct gpgstatus *status, const char *keyword, const char *text)
{
	struct span word = span_of(keyword), args = span_of(text ? text : "");

	if (on_decryption(status, word, args) ||
	    on_signature(status, word, args))
		return;
	if (span_is(word, "FAILURE")) {
		status->failure = true;
		on_error(status, args);
	} else if (span_is(word, "SIG_CREATED")) {
		status->created++;
	} else if (span_is(word, "END_ENCRYPTION")) {
		status->encrypted = true;
	} else if (span_is(word, "INV_RECP")) {
		status->bad_recipient = true;
	} else if (span_is(word, "INV_SGNR")) {
		status->bad_signer = true;
	}
}
