#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/serial.h"
#include "peer/signing.h"

void
signing_read_own(struct papers *own, const char *nodes)
{
	char *self = nodefile_path(nodes, NODEFILE_SELF, "");
	struct manifest *manifest = nodefile_self(nodes);
	const char *name = manifest->name;
	char *path = nodefile_path(nodes, name, NODEFILE_MANIFEST);

	if (!nodefile_is_self(nodes, name))
		fatal("'%s' must be a link to '%s'", self, path);
	if (papers_locate(own, nodes, name) < 0 || papers_manifest(own) < 0)
		fatal("cannot use '%s'", path);
	free(self);
	manifest_free(manifest);
	free(path);
}

/* Raises the serial in the text of our own manifest. */
static void
raise_serial(struct papers *own)
{
	struct buf edited = BUF_INIT(NODE_FILE_MAX);
	uint64_t serial;

	serial = serial_next(own->manifest->serial, time(NULL));
	if (serial == 0 ||
	    serial_put(buf_span(&own->text), serial, &edited) < 0)
		fatal("cannot put a serial into %s" NODEFILE_MANIFEST
		      "; write 'serial: %" PRIu64 "' by hand",
		    own->name, serial);
	manifest_free(own->manifest);
	buf_free(&own->text);
	own->text = edited;
	own->manifest = manifest_parse(buf_span(&edited), NULL, own->name);
	if (own->manifest == NULL)
		fatal("a serial has made the manifest a broken one");
}

static void
put_file(
    int dir, const struct papers *own, const char *suffix, struct span text)
{
	char *path = nodefile_path(own->nodes, own->name, suffix);

	if (file_replace(dir, strrchr(path, '/') + 1, text, 0644) < 0)
		fatal("cannot write '%s': %s", path, strerror(errno));
	free(path);
}

/* All is there before anything is written.  In between a peer may see files
 * that do not belong together; it refuses them, and comes again. */
static void
put_all(const struct papers *own, struct span signature, struct span key,
    bool raised)
{
	int dir = open(own->nodes, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		fatal("cannot open '%s': %s", own->nodes, strerror(errno));
	put_file(dir, own, NODEFILE_KEY, key);
	if (raised)
		put_file(dir, own, NODEFILE_MANIFEST, buf_span(&own->text));
	put_file(dir, own, NODEFILE_SIGNATURE, signature);
	close(dir);
}

/* Whether it may be signed by that key as it is, or with its serial raised. */
static void
check(const struct papers *own, const char *fingerprint, bool raise)
{
	if (own->manifest->key == NULL ||
	    strcmp(own->manifest->key, fingerprint) != 0)
		fatal("'key' in %s" NODEFILE_MANIFEST " must be our own, %s",
		    own->name, fingerprint);
	if (own->manifest->serial == 0 && !raise)
		fatal("there is no 'serial' in %s" NODEFILE_MANIFEST
		      "; sign -s puts one there",
		    own->name);
}

/* Others pass over a manifest whose serial has not been raised, and nobody is
 * told. */
static void
tell_change(const struct papers *own, struct openpgp *openpgp)
{
	struct buf text = BUF_INIT(0);
	struct parcel last;

	if (parcel_load(&last, own->nodes, own->name, &text) == 0 &&
	    openpgp_verify(openpgp, last.key, own->manifest->key, last.manifest,
		last.signature) == OPENPGP_BAD)
		info("%s" NODEFILE_MANIFEST
		     " has changed since it was signed: other nodes take it "
		     "only if its serial was raised, too (sign -s)",
		    own->name);
	buf_free(&text);
}

void
signing_sign(struct papers *own, struct openpgp *openpgp, bool raise)
{
	struct buf signature = BUF_INIT(OPENPGP_SIGNATURE_MAX);
	struct buf key = BUF_INIT(OPENPGP_KEY_MAX);
	char fingerprint[OPENPGP_FINGERPRINT_SIZE];

	if (openpgp_own(openpgp, fingerprint) != OPENPGP_OK)
		fatal("cannot sign: %s", openpgp_why(openpgp));
	check(own, fingerprint, raise);
	if (raise)
		raise_serial(own);
	else
		tell_change(own, openpgp);
	if (openpgp_sign(openpgp, buf_span(&own->text), &signature) !=
		OPENPGP_OK ||
	    openpgp_export(openpgp, fingerprint, &key) != OPENPGP_OK)
		fatal("cannot sign: %s", openpgp_why(openpgp));
	put_all(own, buf_span(&signature), buf_span(&key), raise);
	buf_free(&signature);
	buf_free(&key);
}
