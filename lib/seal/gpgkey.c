#include "seal/gpgkey.h"

#include "base/ascii.h"
#include "seal/gpgdata.h"

static uint64_t
key_id(const char *hex)
{
	uint64_t id = 0;

	for (; hex != NULL && *hex != '\0'; hex++)
		id = id << 4 | (uint64_t)(ascii_hex(*hex) & 0xf);
	return id;
}

static int64_t
end_of(const struct _gpgme_subkey *part)
{
	return part->expires == 0 ? INT64_MAX : (int64_t)part->expires;
}

static bool
is_alive(const struct _gpgme_subkey *part)
{
	return !part->revoked && !part->expired && !part->disabled &&
	       !part->invalid;
}

void
gpgkey_take(struct gpgkey *key, gpgme_key_t from)
{
	const struct _gpgme_subkey *part = from->subkeys;
	const char *fingerprint = from->fpr;
	size_t len;
	int64_t ends = 0;

	memset(key, 0, sizeof(*key));
	if (fingerprint == NULL && part != NULL)
		fingerprint = part->fpr;
	len = fingerprint != NULL ? strlen(fingerprint) : 0;
	if (len == 0 || part == NULL || len >= sizeof(key->fingerprint))
		return;
	memcpy(key->fingerprint, fingerprint, len);
	key->secret = from->secret;
	key->usable = !from->revoked && !from->expired && !from->disabled &&
		      !from->invalid && is_alive(part);
	key->ends = end_of(part);
	for (; part != NULL; part = part->next) {
		if (key->parts < GPGKEY_PARTS)
			key->ids[key->parts++] = key_id(part->keyid);
		if (is_alive(part)) {
			key->can_sign |= part->can_sign;
			key->can_encrypt |= part->can_encrypt;
		}
		/* one that has expired tells when that was */
		if (part->can_encrypt && !part->revoked && end_of(part) > ends)
			ends = end_of(part);
	}
	key->ends = ends < key->ends ? ends : key->ends;
}

static int
take_first(struct gpgrun *run, struct gpgkey *key)
{
	memset(key, 0, sizeof(*key));
	if (run->key_count > 0)
		gpgkey_take(key, run->keys[0]);
	return (int)run->key_count;
}

int
gpgkey_read(struct gpgrun *run, struct span text, struct gpgkey *key)
{
	gpgme_ctx_t ctx = gpgrun_begin(run);
	struct gpgdata data;
	int result = -1;

	if (ctx == NULL)
		return -1;
	gpgdata_from_span(&data, text);
	gpgme_set_keylist_mode(ctx, GPGME_KEYLIST_MODE_LOCAL);
	if (gpgrun_wait(
		run, gpgme_op_keylist_from_data_start(ctx, data.data, 0)) == 0)
		result = take_first(run, key);
	gpgdata_free(&data);
	return result;
}

int
gpgkey_find(struct gpgrun *run, enum gpgkey_where where, const char *name,
    struct gpgkey *key)
{
	gpgme_ctx_t ctx = gpgrun_begin(run);
	gpgme_error_t started;

	if (ctx == NULL)
		return -1;
	gpgme_set_keylist_mode(ctx, GPGME_KEYLIST_MODE_LOCAL);
	started = gpgme_op_keylist_start(ctx, name, where == GPGKEY_SECRET);
	return gpgrun_wait(run, started) < 0 ? -1 : take_first(run, key);
}
