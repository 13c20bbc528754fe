#include "seal/openpgp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "seal/openpgpown.h"

#define FLAGS                                                     \
	(GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS | \
	    GPGME_ENCRYPT_NO_ENCRYPT_TO)

#define SIGNATURE_END "-----END PGP SIGNATURE-----\n"

/* Whether nobody else may look into it. */
static bool
is_ours_alone(const char *keydir)
{
	struct stat st;

	if (strlen(keydir) > OPENPGP_HOME_MAX) {
		warning(
		    "'%s': its path is too long for a socket in there", keydir);
		return false;
	}
	if (stat(keydir, &st) < 0) {
		warning("'%s': %s%s", keydir, strerror(errno),
		    errno == ENOENT ? "; node-init makes it" : "");
		return false;
	}
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0) {
		warning("'%s': must be a directory of ours, mode 0700; it is "
			"user %u's, mode %04o, and we are user %u",
		    keydir, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777,
		    (unsigned)geteuid());
		return false;
	}
	return true;
}

struct openpgp *
openpgp_new_with(const char *keydir, const char *gpg, int64_t wait_ms)
{
	struct openpgp *openpgp;

	if (!is_ours_alone(keydir))
		return NULL;
	openpgp = calloc(1, sizeof(*openpgp));
	if (openpgp == NULL)
		fatal("out of memory");
	if (gpgrun_init(&openpgp->run, gpg, keydir, wait_ms) < 0) {
		warning("gpg is not there");
		free(openpgp);
		return NULL;
	}
	if (openpgp_set_up(openpgp) < 0) {
		warning("'%s': %s", keydir, strerror(errno));
		openpgp_free(openpgp);
		return NULL;
	}
	return openpgp;
}

struct openpgp *
openpgp_new(const char *keydir)
{
	return openpgp_new_with(keydir, NULL, OPENPGP_WAIT_MS);
}

void
openpgp_set_wait(struct openpgp *openpgp, int64_t wait_ms)
{
	openpgp->run.wait_ms = wait_ms;
}

void
openpgp_free(struct openpgp *openpgp)
{
	if (openpgp == NULL)
		return;
	if (openpgp->own_key != NULL)
		gpgme_key_unref(openpgp->own_key);
	gpgrun_free(&openpgp->run);
	free(openpgp);
}

const char *
openpgp_why(const struct openpgp *openpgp)
{
	return openpgp->why;
}

/* A context, with our own key to sign with. */
static enum openpgp_result
begin(struct openpgp *openpgp, bool sign, bool armor, gpgme_ctx_t *ctx)
{
	enum openpgp_result result;

	openpgp->why[0] = '\0';
	if (sign && (result = openpgp_find_own(openpgp)) != OPENPGP_OK)
		return result;
	*ctx = gpgrun_begin(&openpgp->run);
	if (*ctx == NULL ||
	    (sign && gpgme_signers_add(*ctx, openpgp->own_key) != 0))
		return openpgp_trouble(openpgp);
	gpgme_set_armor(*ctx, armor);
	return OPENPGP_OK;
}

/* gpg says that it has encrypted when the last octet is in the pipe. */
static enum openpgp_result
seal_through(struct openpgp *openpgp, gpgme_ctx_t ctx, const char *fingerprint,
    bool sign, struct gpgdata *in, struct gpgdata *out)
{
	enum openpgp_result result;
	gpgme_error_t started;

	if (sign)
		started = gpgme_op_encrypt_sign_ext_start(
		    ctx, NULL, fingerprint, FLAGS, in->data, out->data);
	else
		started = gpgme_op_encrypt_ext_start(
		    ctx, NULL, fingerprint, FLAGS, in->data, out->data);
	if (gpgrun_wait(&openpgp->run, started) < 0)
		return openpgp_trouble(openpgp);
	result = openpgp_judge_files(openpgp, in, out);
	return result == OPENPGP_OK ? openpgp_judge_made(openpgp, sign,
					  openpgp->run.status.encrypted)
				    : result;
}

static enum openpgp_result
seal_to(struct openpgp *openpgp, const char *fingerprint, bool sign,
    const struct message *plain, struct message *sealed)
{
	struct armor_writer writer;
	struct gpgdata in, out;
	enum openpgp_result result;
	gpgme_ctx_t ctx;

	result = begin(openpgp, sign, false, &ctx);
	if (result != OPENPGP_OK)
		return result;
	if (armor_write_init(&writer, sealed) < 0)
		return openpgp_because(
		    openpgp, OPENPGP_TROUBLE, "%s", strerror(errno));
	gpgdata_from_message(&in, plain);
	gpgdata_to_armor(&out, &writer);
	result = seal_through(openpgp, ctx, fingerprint, sign, &in, &out);
	if (result == OPENPGP_OK && armor_write_end(&writer) < 0)
		result = openpgp_because(
		    openpgp, OPENPGP_TROUBLE, "%s", strerror(errno));
	gpgdata_free(&in);
	gpgdata_free(&out);
	return result;
}

enum openpgp_result
openpgp_seal(struct openpgp *openpgp, const char *file, const char *fingerprint,
    bool sign, const struct message *plain, struct message *sealed)
{
	const struct openpgp_peer *peer;
	enum openpgp_result result;

	message_reset(sealed);
	openpgp->why[0] = '\0';
	result = openpgp_find_peer(openpgp, file, fingerprint, &peer);
	if (result == OPENPGP_OK)
		result = seal_to(
		    openpgp, peer->key.fingerprint, sign, plain, sealed);
	if (result == OPENPGP_OK)
		return result;
	if (result == OPENPGP_BAD_KEY)
		openpgp_forget_peer(openpgp, fingerprint);
	message_reset(sealed);
	return result;
}

enum openpgp_result
openpgp_sign(struct openpgp *openpgp, struct span text, struct buf *signature)
{
	struct buf made = BUF_INIT(OPENPGP_SIGNATURE_MAX);
	struct gpgdata in, out;
	enum openpgp_result result;
	gpgme_ctx_t ctx;

	result = begin(openpgp, true, true, &ctx);
	if (result != OPENPGP_OK)
		return result;
	gpgdata_from_span(&in, text);
	gpgdata_to_buf(&out, &made);
	if (gpgrun_wait(&openpgp->run, gpgme_op_sign_start(ctx, in.data,
					   out.data, GPGME_SIG_MODE_DETACH)) <
	    0)
		result = openpgp_trouble(openpgp);
	else
		result = openpgp_judge_made(
		    openpgp, true, span_ends(buf_span(&made), SIGNATURE_END));
	if (result == OPENPGP_OK && !buf_addspan(signature, buf_span(&made)))
		result = openpgp_because(
		    openpgp, OPENPGP_TROUBLE, "no room for the signature");
	gpgdata_free(&in);
	gpgdata_free(&out);
	buf_free(&made);
	return result;
}

static uint64_t
room_for(const struct message *sealed)
{
	uint64_t size = message_size(sealed);

	return size > MESSAGE_SIZE_MAX / OPENPGP_GROWTH ? MESSAGE_SIZE_MAX
							: size * OPENPGP_GROWTH;
}

enum openpgp_result
openpgp_open(struct openpgp *openpgp, const struct message *sealed,
    struct message *plain, char signer[OPENPGP_FINGERPRINT_SIZE])
{
	struct armor_reader reader;
	struct gpgdata in, out;
	enum openpgp_result result;
	gpgme_ctx_t ctx;

	signer[0] = '\0';
	message_reset(plain);
	result = begin(openpgp, false, false, &ctx);
	if (result != OPENPGP_OK)
		return result;
	armor_read_init(&reader, sealed);
	gpgdata_from_armor(&in, &reader);
	gpgdata_to_message(&out, plain, room_for(sealed));
	if (gpgrun_wait(&openpgp->run,
		gpgme_op_decrypt_verify_start(ctx, in.data, out.data)) < 0)
		result = openpgp_trouble(openpgp);
	else
		result = openpgp_judge_opened(openpgp, &in, &out, sealed);
	gpgdata_free(&in);
	gpgdata_free(&out);
	if (result != OPENPGP_OK && result != OPENPGP_UNSIGNED)
		message_reset(plain);
	if (result == OPENPGP_OK || result == OPENPGP_NO_KEY ||
	    result == OPENPGP_BAD_KEY)
		memcpy(signer, openpgp->run.status.signer,
		    OPENPGP_FINGERPRINT_SIZE);
	return result;
}

static enum openpgp_result
judge_verified(struct openpgp *openpgp, const char *fingerprint)
{
	const struct gpgstatus *status = &openpgp->run.status;
	enum openpgp_result result;

	if (status->plaintexts > 0 ||
	    (status->signatures == 0 && status->no_data))
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "it is no signature");
	if (status->signatures == 0)
		return openpgp_trouble(openpgp);
	result = openpgp_judge_signature(openpgp);
	if ((result == OPENPGP_OK || result == OPENPGP_NO_KEY) &&
	    strcmp(status->signer, fingerprint) != 0)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "it is signed by another key, %s", status->signer);
	return result;
}

static enum openpgp_result
verify(struct openpgp *openpgp, const char *fingerprint, struct span text,
    struct span signature)
{
	struct gpgdata sig, in;
	enum openpgp_result result;
	gpgme_ctx_t ctx;

	result = begin(openpgp, false, false, &ctx);
	if (result != OPENPGP_OK)
		return result;
	gpgdata_from_span(&sig, signature);
	gpgdata_from_span(&in, text);
	if (gpgrun_wait(&openpgp->run,
		gpgme_op_verify_start(ctx, sig.data, in.data, NULL)) < 0)
		result = openpgp_trouble(openpgp);
	else
		result = judge_verified(openpgp, fingerprint);
	gpgdata_free(&sig);
	gpgdata_free(&in);
	return result;
}

enum openpgp_result
openpgp_verify(struct openpgp *openpgp, struct span key,
    const char *fingerprint, struct span text, struct span signature)
{
	enum openpgp_result result = openpgp_import(openpgp, key, fingerprint);

	if (result != OPENPGP_OK)
		return result;
	if (signature.len > OPENPGP_SIGNATURE_MAX)
		return openpgp_because(
		    openpgp, OPENPGP_BAD, "the signature is too long");
	return verify(openpgp, fingerprint, text, signature);
}

enum openpgp_result
openpgp_is_for(struct openpgp *openpgp, const char *file,
    const char *fingerprint, const struct message *sealed)
{
	const struct openpgp_peer *peer;
	enum openpgp_result result;
	uint64_t ids[ARMOR_KEYS];
	int i, count;
	unsigned j;

	openpgp->why[0] = '\0';
	count = armor_keys(sealed, ids);
	if (count < 0)
		return openpgp_because(openpgp, OPENPGP_BAD,
		    "it is not an encrypted message in armor");
	result = openpgp_find_peer(openpgp, file, fingerprint, &peer);
	if (result != OPENPGP_OK)
		return result;
	for (i = 0; i < count; i++)
		for (j = 0; j < peer->key.parts; j++)
			if (ids[i] == peer->key.ids[j])
				return OPENPGP_OK;
	return openpgp_because(
	    openpgp, OPENPGP_NO_KEY, "it is encrypted to another key");
}
