#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/value.h"
#include "peer/import.h"

struct import {
	struct openpgp *openpgp;
	const char *dir;
	const char *name;
	const struct parcel *parcel;
	struct pin *pin;
	struct manifest *manifest; /* of the parcel */
	struct buf key;            /* what we know of the key, this included */
	int fd;                    /* of the directory */
};

/* Says why, in one line whatever is wrong: a peer may come every minute. */
static enum import_result
refuse(const struct import *import, const char *why)
{
	warning("manifest of node '%s' refused: %s", import->name, why);
	return IMPORT_REFUSED;
}

static enum import_result
fail(const struct import *import, const char *what, const char *why)
{
	warning(
	    "manifest of node '%s' not taken: %s: %s", import->name, what, why);
	return IMPORT_FAILED;
}

/* What a call of openpgp means, if it is not OPENPGP_OK. */
static enum import_result
judge(const struct import *import, const char *what, enum openpgp_result result)
{
	if (result == OPENPGP_TROUBLE)
		return fail(import, what, openpgp_why(import->openpgp));
	return refuse(import, openpgp_why(import->openpgp));
}

static enum import_result
read_pin(struct import *import)
{
	char *path = nodefile_path(import->dir, import->name, NODEFILE_PIN);
	enum import_result result = IMPORT_DONE;

	if (nodefile_pin(import->dir, import->name, &import->pin) < 0)
		result = fail(import, path,
		    errno == EBADMSG ? "not a pin" : strerror(errno));
	else if (import->pin == NULL)
		result = refuse(import, "the node is not pinned");
	free(path);
	return result;
}

/* Reads the key as we know it into import->key, none if we do not. */
static enum openpgp_result
export_key(struct import *import)
{
	enum openpgp_result result;

	buf_reset(&import->key);
	result =
	    openpgp_export(import->openpgp, import->pin->key, &import->key);
	return result == OPENPGP_NO_KEY ? OPENPGP_OK : result;
}

/* Adds the parcel's key to what we know of it.  A revocation stays so, whatever
 * an older copy says; and who sends something new each time comes to an end. */
static enum import_result
merge_key(struct import *import)
{
	enum openpgp_result result;

	result = export_key(import);
	if (result != OPENPGP_OK)
		return judge(import, "its key", result);
	if (import->key.len > OPENPGP_KEY_MAX / 2)
		return refuse(import, "its key has become too large");
	result = openpgp_import(
	    import->openpgp, import->parcel->key, import->pin->key);
	if (result == OPENPGP_OK)
		result = export_key(import);
	if (result != OPENPGP_OK)
		return judge(import, "its key", result);
	if (import->key.len == 0)
		return fail(import, "its key", "gpg has taken it and lost it");
	if (import->key.len > OPENPGP_KEY_MAX)
		return refuse(import, "its key is too large");
	return IMPORT_DONE;
}

/* Puts a file of the node in place, unless it is there already. */
static enum import_result
put(const struct import *import, const char *suffix, struct span text)
{
	struct buf old = BUF_INIT(PARCEL_MAX + FILE_READ_ROOM);
	char *path = nodefile_path(import->dir, import->name, suffix);
	enum import_result result = IMPORT_DONE;

	if (file_read_regular(path, &old) == 0 && span_eq(buf_span(&old), text))
		result = IMPORT_OLD;
	else if (file_replace(import->fd, strrchr(path, '/') + 1, text, 0644) <
		 0)
		result = fail(import, path, strerror(errno));
	buf_free(&old);
	free(path);
	return result;
}

/* The signature by the key that is pinned.  A key that was revoked or has a new
 * end is taken in any case: whoever seals to it must know. */
static enum import_result
verify(struct import *import)
{
	enum openpgp_result verified;
	enum import_result result;

	result = merge_key(import);
	if (result != IMPORT_DONE)
		return result;
	verified = openpgp_verify(import->openpgp, buf_span(&import->key),
	    import->pin->key, import->parcel->manifest,
	    import->parcel->signature);
	if (verified == OPENPGP_OK)
		return IMPORT_DONE;
	result = judge(import, "its signature", verified);
	if (verified == OPENPGP_BAD_KEY && flock(import->fd, LOCK_EX) == 0 &&
	    put(import, NODEFILE_KEY, buf_span(&import->key)) == IMPORT_FAILED)
		return IMPORT_FAILED;
	return result;
}

/* What the manifest says, against the pin. */
static enum import_result
check(struct import *import)
{
	const struct domain *excess;
	const char *why;
	char line[ADDRESS_DOMAIN_MAX + 50];

	import->manifest =
	    manifest_parse(import->parcel->manifest, NULL, import->name);
	if (import->manifest == NULL)
		return refuse(import, "it is broken, or another node's");
	if (import->manifest->serial == 0)
		return refuse(import, "it has no serial");
	why = pin_against(import->pin, import->manifest);
	if (why != NULL)
		return refuse(import, why);
	excess = pin_excess(import->pin, import->manifest);
	if (excess == NULL)
		return IMPORT_DONE;
	snprintf(line, sizeof(line), "domain '%s' is not pinned", excess->name);
	return refuse(import, line);
}

/* The manifest that we have; NULL if there is no good one.  text is its. */
static struct manifest *
read_old(const char *dir, const char *name, struct buf *text)
{
	char *path = nodefile_path(dir, name, NODEFILE_MANIFEST);
	struct manifest *manifest = NULL;

	if (file_read_regular(path, text) == 0)
		manifest = manifest_parse(buf_span(text), NULL, name);
	free(path);
	return manifest;
}

/* Its serial against that of the one that we have, with the lock. */
static enum import_result
compare(struct import *import)
{
	struct buf text = BUF_INIT(NODE_FILE_MAX + FILE_READ_ROOM);
	enum import_result result = IMPORT_DONE;
	struct manifest *old;

	old = read_old(import->dir, import->name, &text);
	if (old != NULL && old->serial > import->manifest->serial)
		result = IMPORT_OLD;
	else if (old != NULL && old->serial == import->manifest->serial)
		result = span_eq(buf_span(&text), import->parcel->manifest)
			     ? IMPORT_OLD
			     : refuse(import, "it has changed, and its serial "
					      "has not");
	manifest_free(old);
	buf_free(&text);
	return result;
}

/* One writes at a time.  The manifest comes last, for it is what counts: after
 * a crash there is the old one, with files that belong to the next, and that
 * comes again. */
static enum import_result
write_all(struct import *import)
{
	enum import_result result;

	if (flock(import->fd, LOCK_EX) < 0)
		return fail(import, import->dir, strerror(errno));
	result = compare(import);
	if (result == IMPORT_REFUSED)
		return result;
	if (put(import, NODEFILE_KEY, buf_span(&import->key)) == IMPORT_FAILED)
		return IMPORT_FAILED;
	if (result == IMPORT_OLD)
		return result;
	if (put(import, NODEFILE_SIGNATURE, import->parcel->signature) ==
	    IMPORT_FAILED)
		return IMPORT_FAILED;
	return put(import, NODEFILE_MANIFEST, import->parcel->manifest);
}

static enum import_result
take(struct import *import)
{
	enum import_result result;

	if (!value_is_name(import->name) || strcmp(import->name, "self") == 0)
		return refuse(import, "that cannot be a node's name");
	if (nodefile_is_self(import->dir, import->name))
		return refuse(import, "it is our own");
	result = read_pin(import);
	if (result != IMPORT_DONE)
		return result;
	import->fd = open(import->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (import->fd < 0)
		return fail(import, import->dir, strerror(errno));
	result = verify(import);
	if (result == IMPORT_DONE)
		result = check(import);
	if (result == IMPORT_DONE)
		result = write_all(import);
	return result;
}

enum import_result
import_parcel(struct openpgp *openpgp, const char *dir, const char *name,
    const struct parcel *parcel)
{
	struct import import = {
	    .openpgp = openpgp,
	    .dir = dir,
	    .name = name,
	    .parcel = parcel,
	    .key = BUF_INIT(2 * OPENPGP_KEY_MAX),
	    .fd = -1,
	};
	enum import_result result;

	result = take(&import);
	if (import.fd >= 0)
		close(import.fd);
	manifest_free(import.manifest);
	pin_free(import.pin);
	buf_free(&import.key);
	return result;
}

uint64_t
import_serial(const char *dir, const char *name)
{
	struct buf text = BUF_INIT(NODE_FILE_MAX + FILE_READ_ROOM);
	struct manifest *manifest = NULL;
	uint64_t serial;

	if (value_is_name(name))
		manifest = read_old(dir, name, &text);
	serial = manifest != NULL ? manifest->serial : 0;
	manifest_free(manifest);
	buf_free(&text);
	return serial;
}
