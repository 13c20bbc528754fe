#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "node/nodefile.h"
#include "peer/opener.h"
#include "seal/container.h"

static enum opener_result
result_of_errno(const char **why)
{
	*why = strerror(errno);
	switch (errno) {
	case EBADMSG:
		*why = "it is not of the right form";
		return OPENER_DAMAGED;
	case ENODATA:
		*why = "gpg has not given all of it";
		return OPENER_TROUBLE;
	case ENOSPC:
	case EDQUOT:
		return OPENER_NO_ROOM;
	default:
		return OPENER_TROUBLE;
	}
}

static enum opener_result
result_of(enum openpgp_result result)
{
	switch (result) {
	case OPENPGP_OK:
		return OPENER_DONE;
	case OPENPGP_NO_KEY:
	case OPENPGP_BAD_KEY:
		return OPENER_NO_KEY;
	case OPENPGP_BAD:
		return OPENER_DAMAGED;
	case OPENPGP_UNSIGNED:
		return OPENER_UNSIGNED;
	case OPENPGP_TROUBLE:
		break;
	}
	return OPENER_TROUBLE;
}

/* Gives gpg the key of a node, as it is pinned. */
static void
import_key(const struct opener *opener, const struct manifest *manifest)
{
	struct buf key = BUF_INIT(OPENPGP_KEY_MAX);
	char *path;

	if (manifest->key == NULL)
		return;
	path = nodefile_path(opener->roster->dir, manifest->name, NODEFILE_KEY);
	if (file_read(path, &key) < 0) {
		if (errno != ENOENT)
			warning("cannot read '%s': %s", path, strerror(errno));
	} else if (openpgp_import(opener->openpgp, buf_span(&key),
		       manifest->key) != OPENPGP_OK) {
		warning("'%s': %s", path, openpgp_why(opener->openpgp));
	}
	free(path);
	buf_free(&key);
}

/* All of them, if there may be another one than before.  Which node's subkey
 * has signed a message gpg can only say when it has the key.  Whether there
 * was anything to do. */
static bool
import_keys(struct opener *opener)
{
	const struct roster *roster = opener->roster;
	size_t i;

	if (roster->nodes == NULL || opener->imported == roster->version)
		return false;
	opener->imported = roster->version;
	for (i = 0; i < roster->nodes->count; i++)
		import_key(opener, roster->nodes->members[i].manifest);
	return true;
}

static enum openpgp_result
decrypt(struct opener *opener, const struct message *armored,
    struct message *plain, char signer[OPENPGP_FINGERPRINT_SIZE])
{
	enum openpgp_result result;

	result = openpgp_open(opener->openpgp, armored, plain, signer);
	if (((result == OPENPGP_NO_KEY && *signer != '\0') ||
		result == OPENPGP_BAD_KEY) &&
	    import_keys(opener))
		result = openpgp_open(opener->openpgp, armored, plain, signer);
	return result;
}

static enum opener_result
open_armored(struct opener *opener, const struct message *armored, bool strict,
    struct opened *opened, const char **why)
{
	enum openpgp_result result;
	enum opener_result done;
	struct message plain;

	message_init(&plain);
	opened->signer[0] = '\0';
	result = decrypt(opener, armored, &plain, opened->signer);
	if (result == OPENPGP_UNSIGNED && !strict) {
		opened->signer[0] = '\0';
		result = OPENPGP_OK;
	}
	done = result_of(result);
	if (done != OPENER_DONE)
		*why = openpgp_why(opener->openpgp);
	else if (container_unwrap(&plain, &opened->inner) < 0)
		done = result_of_errno(why);
	message_free(&plain);
	return done;
}

enum opener_result
opener_open(struct opener *opener, const struct message *sealed,
    const char *owner, struct opened *opened, const char **why)
{
	struct buf whose = BUF_INIT(ERR_LINE_MAX);
	bool strict = owner != NULL;
	enum opener_result result;
	struct message armored;

	message_init(&armored);
	if (container_disclose(sealed, strict, &whose, &armored) < 0)
		result = result_of_errno(why);
	else if (strict && !span_is(buf_span(&whose), owner)) {
		*why = "it is for another node";
		result = OPENER_FOREIGN;
	} else
		result = open_armored(opener, &armored, strict, opened, why);
	message_free(&armored);
	buf_free(&whose);
	return result;
}
