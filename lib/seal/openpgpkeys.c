/* Whose keys there are: our own, and those of peers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/io.h"
#include "seal/openpgpown.h"

bool
openpgp_is_fingerprint(const char *text)
{
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		if (!ascii_is_digit(text[i]) &&
		    !(text[i] >= 'A' && text[i] <= 'F'))
			return false;
	return len == 40 || len == 64;
}

enum openpgp_result
openpgp_no_fingerprint(struct openpgp *openpgp)
{
	return openpgp_because(
	    openpgp, OPENPGP_BAD_KEY, "that is no fingerprint of a key");
}

/* Of all our secret keys, the one that can sign today: an older one may be kept
 * to open what is still on its way. */
static enum openpgp_result
choose_own(struct openpgp *openpgp, unsigned count)
{
	struct gpgrun *run = &openpgp->run;
	unsigned i, found = 0;
	struct gpgkey key;

	for (i = 0; i < count && i < GPGRUN_KEYS; i++) {
		gpgkey_take(&key, run->keys[i]);
		if (!key.secret || !key.usable || !key.can_sign)
			continue;
		if (found++ > 0)
			continue;
		openpgp->own = key;
		openpgp->own_key = run->keys[i];
		gpgme_key_ref(openpgp->own_key);
	}
	if (found == 1)
		return OPENPGP_OK;
	if (openpgp->own_key != NULL)
		gpgme_key_unref(openpgp->own_key);
	openpgp->own_key = NULL;
	if (found > 1 || count > GPGRUN_KEYS)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "there are several secret keys that can sign");
	return openpgp_because(openpgp, OPENPGP_BAD_KEY,
	    "our own key has expired, was revoked or cannot sign");
}

enum openpgp_result
openpgp_find_own(struct openpgp *openpgp)
{
	struct openpgp_file now;
	struct gpgkey first;
	int count;

	openpgp_keyring(openpgp, &now);
	if (openpgp->own_key != NULL &&
	    openpgp_same_file(&now, &openpgp->own_file) &&
	    time(NULL) < openpgp->own.ends)
		return OPENPGP_OK;
	if (openpgp->own_key != NULL)
		gpgme_key_unref(openpgp->own_key);
	openpgp->own_key = NULL;
	count = gpgkey_find(&openpgp->run, GPGKEY_SECRET, NULL, &first);
	if (count < 0)
		return openpgp_trouble(openpgp);
	if (count == 0)
		return openpgp_because(openpgp, OPENPGP_NO_KEY,
		    "there is no key of our own in '%s'; node-init makes one",
		    openpgp->run.home);
	/* keys that gpg has just made may have changed it */
	openpgp->own_file = now;
	return choose_own(openpgp, (unsigned)count);
}

enum openpgp_result
openpgp_own(struct openpgp *openpgp, char fingerprint[OPENPGP_FINGERPRINT_SIZE])
{
	enum openpgp_result result;

	openpgp->why[0] = '\0';
	result = openpgp_find_own(openpgp);
	memcpy(fingerprint,
	    result == OPENPGP_OK ? openpgp->own.fingerprint : "",
	    result == OPENPGP_OK ? OPENPGP_FINGERPRINT_SIZE : 1);
	return result;
}

enum openpgp_result
openpgp_check_key(struct openpgp *openpgp, struct span text,
    const char *fingerprint, struct gpgkey *key)
{
	int count;

	memset(key, 0, sizeof(*key));
	openpgp->why[0] = '\0';
	if (!openpgp_is_fingerprint(fingerprint))
		return openpgp_no_fingerprint(openpgp);
	if (text.len > OPENPGP_KEY_MAX)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "the key's file is too large");
	count = gpgkey_read(&openpgp->run, text, key);
	if (count < 0)
		return openpgp_trouble(openpgp);
	if (count == 0)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "there is no key in it");
	if (count > 1)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "there are %d keys in it", count);
	if (key->secret)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "it is a secret key");
	if (strcmp(key->fingerprint, fingerprint) != 0)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "it is another key, %s", key->fingerprint);
	return OPENPGP_OK;
}

enum openpgp_result
openpgp_take_in(
    struct openpgp *openpgp, struct span text, const char *fingerprint)
{
	enum openpgp_result result = OPENPGP_OK;
	gpgme_import_result_t taken;
	struct gpgdata data;
	gpgme_ctx_t ctx;

	ctx = gpgrun_begin(&openpgp->run);
	if (ctx == NULL)
		return openpgp_trouble(openpgp);
	gpgdata_from_span(&data, text);
	if (gpgrun_wait(&openpgp->run, gpgme_op_import_start(ctx, data.data)) <
	    0) {
		result = openpgp_trouble(openpgp);
	} else {
		taken = gpgme_op_import_result(ctx);
		if (openpgp->run.error != 0 || taken == NULL ||
		    taken->considered != 1 || taken->secret_read != 0 ||
		    taken->imports == NULL || taken->imports->result != 0 ||
		    taken->imports->fpr == NULL ||
		    strcmp(taken->imports->fpr, fingerprint) != 0)
			result = openpgp_trouble(openpgp);
	}
	gpgdata_free(&data);
	return result;
}

enum openpgp_result
openpgp_import(
    struct openpgp *openpgp, struct span text, const char *fingerprint)
{
	enum openpgp_result result;
	struct gpgkey key;

	result = openpgp_check_key(openpgp, text, fingerprint, &key);
	return result == OPENPGP_OK
		   ? openpgp_take_in(openpgp, text, fingerprint)
		   : result;
}

enum openpgp_result
openpgp_expires(struct openpgp *openpgp, struct span text,
    const char *fingerprint, int64_t *when)
{
	enum openpgp_result result;
	struct gpgkey key;

	result = openpgp_check_key(openpgp, text, fingerprint, &key);
	if (result == OPENPGP_OK && key.ends == 0)
		result = openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "it cannot encrypt");
	if (result == OPENPGP_OK)
		*when = key.ends;
	return result;
}

enum openpgp_result
openpgp_export(
    struct openpgp *openpgp, const char *fingerprint, struct buf *text)
{
	struct buf made = BUF_INIT(OPENPGP_KEY_MAX);
	enum openpgp_result result;
	struct gpgdata out;
	struct gpgkey key;
	gpgme_ctx_t ctx;

	openpgp->why[0] = '\0';
	if (!openpgp_is_fingerprint(fingerprint))
		return openpgp_no_fingerprint(openpgp);
	ctx = gpgrun_begin(&openpgp->run);
	if (ctx == NULL)
		return openpgp_trouble(openpgp);
	gpgdata_to_buf(&out, &made);
	if (gpgrun_wait(&openpgp->run,
		gpgme_op_export_start(ctx, fingerprint, 0, out.data)) < 0 ||
	    out.too_much || openpgp->run.error != 0)
		result = openpgp_trouble(openpgp);
	else if (made.len == 0)
		result = openpgp_because(
		    openpgp, OPENPGP_NO_KEY, "there is no such key");
	else
		result = openpgp_check_key(
		    openpgp, buf_span(&made), fingerprint, &key);
	gpgdata_free(&out);
	if (result == OPENPGP_OK && !buf_addspan(text, buf_span(&made)))
		result = openpgp_because(
		    openpgp, OPENPGP_TROUBLE, "no room for the key");
	buf_free(&made);
	return result;
}
