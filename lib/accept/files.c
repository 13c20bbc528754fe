#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept/files.h"
#include "base/bundle.h"
#include "base/err.h"
#include "net/channel.h"

static void
take_host(struct accept *accept)
{
	accept->session.host =
	    accept->host != NULL ? accept->host : nodes_host(accept->nodes);
}

/* The text of the certificate or the key.  false after a warning. */
static bool
find(struct bundle *bundle, const char *name, const char *path,
    struct span *text)
{
	struct bundle_file file;

	bundle_rewind(bundle);
	if (bundle_find(bundle, name, &file) <= 0) {
		warning("'%s' was not handed over", path);
		return false;
	}
	if (file.error != 0) {
		warning(
		    "cannot read '%s': %s", path, bundle_reason(file.error));
		return false;
	}
	*text = file.text;
	return true;
}

static struct tls *
load_tls(const struct accept *accept, struct bundle *bundle)
{
	const struct keeper_config *paths = accept->files;
	struct span certificate, key;

	if (!find(
		bundle, KEEPER_CERTIFICATE, paths->certificate, &certificate) ||
	    !find(bundle, KEEPER_KEY, paths->key, &key))
		return NULL;
	return tls_load(certificate, key, paths->certificate, paths->key);
}

/* What can be used of the bundle.  false if not all of it can. */
static bool
take(struct accept *accept, struct bundle *bundle)
{
	const struct keeper_config *paths = accept->files;
	struct nodes *nodes;
	struct tls *tls;
	size_t broken = 0;
	bool good;

	nodes = nodes_build(bundle, paths->nodes, accept->nodes, &broken);
	good = nodes != NULL && broken == 0;
	if (nodes != NULL) {
		nodes_free(accept->nodes);
		accept->nodes = nodes;
		take_host(accept);
	}
	if (paths->certificate == NULL)
		return good;
	tls = load_tls(accept, bundle);
	if (tls != NULL) {
		tls_free(accept->tls);
		accept->tls = tls;
	}
	return good && tls != NULL;
}

static bool
take_bundle(struct accept *accept, int fd)
{
	struct bundle bundle;
	bool good = false;

	if (fd < 0) {
		warning("the keeper could not hand over any files");
		return false;
	}
	if (bundle_open(&bundle, fd) < 0)
		warning(
		    "what the keeper read cannot be used: %s", strerror(errno));
	else {
		good = take(accept, &bundle);
		bundle_close(&bundle);
	}
	close(fd);
	return good;
}

void
files_load(struct accept *accept)
{
	static const struct keeper_note none;
	int fds[CHANNEL_FDS_MAX] = {-1, -1};
	char *letter = malloc(CHANNEL_SIZE);
	ssize_t n = -1;

	if (letter == NULL)
		fatal("out of memory");
	if (keeper_tell(accept->keeper, KEEPER_LOAD, &none) == 0)
		do
			n = channel_receive(accept->keeper, letter, fds, 0);
		while (n < 0 && errno == EINTR);
	if (n <= 0)
		fatal("the keeper does not answer");
	free(letter);
	take_bundle(accept, fds[0]);
	if (accept->nodes == NULL)
		fatal("no manifests in '%s'", accept->files->nodes);
	if (accept->files->certificate != NULL && accept->tls == NULL)
		fatal("no TLS");
	accept->session.tls = accept->tls != NULL;
}

void
files_reload(struct accept *accept, int bundle)
{
	if (take_bundle(accept, bundle))
		info("loaded anew");
	else
		info("loaded anew, but for what is said above");
}
