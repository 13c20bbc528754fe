#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/value.h"
#include "peer/papers.h"

bool
papers_is_file(const char *operand)
{
	return strchr(operand, '/') != NULL ||
	       span_ends(span_of(operand), NODEFILE_MANIFEST);
}

static int
split(struct papers *papers, const char *operand)
{
	const char *slash = strrchr(operand, '/');
	const char *base = slash != NULL ? slash + 1 : operand;

	if (!nodefile_is(base, NODEFILE_MANIFEST)) {
		warning("'%s' is not NAME" NODEFILE_MANIFEST, operand);
		return -1;
	}
	papers->dir = slash != NULL
			  ? tree_copy(operand,
				slash > operand ? (size_t)(slash - operand) : 1)
			  : tree_copy(".", 1);
	papers->name = nodefile_node(base, NODEFILE_MANIFEST);
	return 0;
}

int
papers_locate(struct papers *papers, const char *nodes, const char *operand)
{
	*papers = (struct papers){.nodes = nodes, .text = BUF_INIT(0)};
	if (papers_is_file(operand)) {
		if (split(papers, operand) < 0)
			return -1;
	} else {
		papers->dir = tree_copy(nodes, strlen(nodes));
		papers->name = tree_copy(operand, strlen(operand));
	}
	if (value_is_name(papers->name))
		return 0;
	warning("'%s' cannot be a node's name", papers->name);
	return -1;
}

void
papers_free(struct papers *papers)
{
	manifest_free(papers->manifest);
	pin_free(papers->pin);
	buf_free(&papers->text);
	free(papers->dir);
	free(papers->name);
}

static int
cannot_read(const char *path)
{
	warning("cannot read '%s': %s", path, strerror(errno));
	return -1;
}

static int
broken(const char *path)
{
	warning("'%s' is broken", path);
	return -1;
}

int
papers_manifest(struct papers *papers)
{
	char *path =
	    nodefile_path(papers->dir, papers->name, NODEFILE_MANIFEST);
	int rc = 0;

	buf_free(&papers->text);
	buf_init(&papers->text, NODE_FILE_MAX + FILE_READ_ROOM);
	if (file_read_regular(path, &papers->text) < 0)
		rc = cannot_read(path);
	else {
		papers->manifest =
		    manifest_parse(buf_span(&papers->text), path, papers->name);
		if (papers->manifest == NULL)
			rc = broken(path);
	}
	free(path);
	return rc;
}

int
papers_load(struct papers *papers)
{
	static const char *const suffixes[] = {
	    NODEFILE_MANIFEST, NODEFILE_SIGNATURE, NODEFILE_KEY};
	int saved, rc = 0;
	char *path;
	size_t i;

	if (parcel_load(
		&papers->parcel, papers->dir, papers->name, &papers->text) == 0)
		return 0;
	saved = errno;
	for (i = 0; i < nitems(suffixes) && rc == 0; i++) {
		path = nodefile_path(papers->dir, papers->name, suffixes[i]);
		if (access(path, R_OK) < 0)
			rc = cannot_read(path);
		free(path);
	}
	if (rc == 0)
		warning("cannot read %s" NODEFILE_MANIFEST
			", its signature or its key: %s",
		    papers->name, strerror(saved));
	return -1;
}

int
papers_pin(struct papers *papers)
{
	char *path = nodefile_path(papers->nodes, papers->name, NODEFILE_PIN);
	int rc;

	rc = nodefile_pin(papers->nodes, papers->name, &papers->pin);
	if (rc < 0)
		rc = errno == EBADMSG ? broken(path) : cannot_read(path);
	free(path);
	return rc;
}

const char *
papers_against_pin(const struct papers *papers)
{
	const char *why = pin_against(papers->pin, papers->manifest);

	if (why == NULL && pin_excess(papers->pin, papers->manifest) != NULL)
		why = "a domain is not pinned";
	return why;
}

static int
refuse(const struct papers *papers, const char *why)
{
	warning("%s" NODEFILE_MANIFEST ": %s", papers->name, why);
	return STATUS_REJECT;
}

static int
check_signature(
    const struct papers *papers, struct openpgp *openpgp, const char *key)
{
	enum openpgp_result result;

	result = openpgp_verify(openpgp, papers->parcel.key, key,
	    papers->parcel.manifest, papers->parcel.signature);
	if (result == OPENPGP_OK)
		return STATUS_OK;
	refuse(papers, openpgp_why(openpgp));
	return result == OPENPGP_TROUBLE ? STATUS_DEFER : STATUS_REJECT;
}

static int
read_manifest(struct papers *papers)
{
	char *path =
	    nodefile_path(papers->dir, papers->name, NODEFILE_MANIFEST);

	papers->manifest =
	    manifest_parse(papers->parcel.manifest, path, papers->name);
	free(path);
	return papers->manifest != NULL ? STATUS_OK
					: refuse(papers, "it is broken");
}

int
papers_verify(struct papers *papers, struct openpgp *openpgp, bool new_pin)
{
	const char *why;
	int status;

	if (papers_load(papers) < 0)
		return STATUS_DEFER;
	if (!new_pin && papers_pin(papers) < 0)
		return STATUS_DEFER;
	if (papers->pin != NULL) {
		status = check_signature(papers, openpgp, papers->pin->key);
		if (status != STATUS_OK)
			return status;
	}
	status = read_manifest(papers);
	if (status != STATUS_OK)
		return status;
	if (papers->pin == NULL && papers->manifest->key == NULL)
		return refuse(papers, "it does not name its key");
	if (papers->pin == NULL)
		return check_signature(papers, openpgp, papers->manifest->key);
	why = papers_against_pin(papers);
	return why != NULL ? refuse(papers, why) : STATUS_OK;
}
