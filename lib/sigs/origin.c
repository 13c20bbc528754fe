#define _GNU_SOURCE
#include <clamav.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "sigs/origin.h"
#include "sigs/prepare.h"
#include "sigs/sigline.h"

#define PATH_LIMIT 4096

void
origin_init(struct origin *origin, const char *temp, bool verify)
{
	*origin = (struct origin){.temp = temp, .verify = verify};
}

void
origin_free(struct origin *origin)
{
	size_t i;

	for (i = 0; i < origin->count; i++) {
		free(origin->sets[i].path);
		snapshot_free(&origin->sets[i].files);
	}
	origin->count = 0;
}

static struct origin_set *
new_set(struct origin *origin, const char *path)
{
	struct origin_set *set = &origin->sets[origin->count];

	if (origin->count == ORIGIN_SETS_MAX)
		fatal("more than %d sources", ORIGIN_SETS_MAX);
	set->path = strdup(path);
	if (set->path == NULL)
		fatal("out of memory");
	origin->count++;
	return set;
}

static void
take_directory(struct origin_set *set, const char *directory)
{
	if (snapshot_take(&set->files, directory) < 0)
		fatal("cannot read databases in '%s': %s", set->path,
		    errno == ENOENT ? "there are none" : strerror(errno));
	if (snapshot_find(&set->files, PREPARE_PROFILE) != NULL)
		fatal("'%s' was made by av-db; what it was made from is wanted",
		    set->path);
}

/* A set of one file. */
static void
take_file(struct origin_set *set, const struct stat *status)
{
	const char *slash = strrchr(set->path, '/');
	const char *name = slash != NULL ? slash + 1 : set->path;
	struct snapshot_file *file;

	if (!S_ISREG(status->st_mode) || sigline_type(name) == NULL ||
	    strlen(name) > SNAPSHOT_NAME_MAX)
		fatal("'%s': not a database", set->path);
	file = calloc(1, sizeof(*file));
	if (file == NULL)
		fatal("out of memory");
	memcpy(file->name, name, strlen(name) + 1);
	file->fd = open(set->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (file->fd < 0)
		fatal("cannot open '%s': %s", set->path, strerror(errno));
	file->size = (uint64_t)status->st_size;
	set->files.files = file;
	set->files.count = 1;
	set->is_file = true;
}

void
origin_add(struct origin *origin, const char *path)
{
	struct origin_set *set = new_set(origin, path);
	struct stat status;

	if (stat(path, &status) < 0)
		fatal("cannot read '%s': %s", path, strerror(errno));
	if (S_ISDIR(status.st_mode))
		take_directory(set, path);
	else
		take_file(set, &status);
}

static bool
is_container(const struct snapshot_file *file)
{
	const struct sigline_type *type = sigline_type(file->name);

	return type != NULL && type->format == SIGLINE_CONTAINER;
}

/* The header of a container; NULL if it has none.  For cl_cvdfree(). */
static struct cl_cvd *
header(const struct snapshot_file *file)
{
	struct buf path = BUF_INIT(PATH_LIMIT);
	struct cl_cvd *head;

	buf_addf(&path, "/proc/self/fd/%d", file->fd);
	head = cl_cvdhead(buf_str(&path));
	buf_free(&path);
	return head;
}

void
origin_label(const struct origin_set *set, const struct snapshot_file *file,
    struct buf *label)
{
	buf_reset(label);
	buf_adds(label, set->path);
	if (!set->is_file)
		buf_addf(label, "/%s", file->name);
}

bool
origin_is_outdated(
    const struct origin_set *set, const struct snapshot_file *file)
{
	size_t i, stem = strlen(file->name) - strlen("cvd");
	bool is_cvd = strcasecmp(file->name + stem, "cvd") == 0;
	const struct snapshot_file *other;
	struct cl_cvd *ours, *theirs;
	bool outdated = false;

	for (i = 0; i < set->files.count; i++) {
		other = &set->files.files[i];
		if (other == file || !is_container(other) ||
		    strlen(other->name) != strlen(file->name) ||
		    strncmp(other->name, file->name, stem) != 0)
			continue;
		ours = header(file);
		theirs = header(other);
		if (ours != NULL && theirs != NULL)
			outdated |=
			    theirs->version > ours->version ||
			    (theirs->version == ours->version && is_cvd);
		if (ours != NULL)
			cl_cvdfree(ours);
		if (theirs != NULL)
			cl_cvdfree(theirs);
	}
	return outdated;
}

/* Verifies the container at link and unpacks it.  The status of libclamav. */
static cl_error_t
unpack_verified(const char *link, const char *directory)
{
	cl_error_t rc;

	if (strcasecmp(strrchr(link, '.'), ".cud") == 0)
		return CL_EVERIFY;
	if (strcasecmp(strrchr(link, '.'), ".cvd") == 0)
		return cl_cvdunpack(link, directory, false);
	rc = cl_cvdverify(link);
	return rc == CL_SUCCESS ? cl_cvdunpack(link, directory, true) : rc;
}

/* Makes a set of what is in a container.  libclamav gets a link to the file
 * that is open, with the extension by which it knows it. */
static const struct origin_set *
unpack(
    struct origin *origin, const char *path, const struct snapshot_file *file)
{
	struct origin_set *set = new_set(origin, path);
	struct buf directory = BUF_INIT(PATH_LIMIT);
	struct buf link = BUF_INIT(PATH_LIMIT), target = BUF_INIT(PATH_LIMIT);
	cl_error_t rc;

	set->of = file;
	buf_addf(&directory, "%s/%zu", origin->temp, origin->count);
	buf_addf(&link, "%s%s", buf_str(&directory), strrchr(file->name, '.'));
	buf_addf(&target, "/proc/self/fd/%d", file->fd);
	if (directory.full || link.full ||
	    mkdir(buf_str(&directory), 0700) < 0 ||
	    symlink(buf_str(&target), buf_str(&link)) < 0)
		fatal("cannot make '%s': %s", buf_str(&directory),
		    strerror(errno));
	rc = unpack_verified(buf_str(&link), buf_str(&directory));
	set->official = rc == CL_SUCCESS;
	if (!set->official && origin->verify)
		fatal("'%s': %s (-o verify=no takes it nevertheless)", path,
		    cl_strerror(rc));
	if (!set->official) {
		warning("'%s': %s; taken as nobody's, for -o verify=no", path,
		    cl_strerror(rc));
		rc = cl_cvdunpack(buf_str(&link), buf_str(&directory), true);
		if (rc != CL_SUCCESS)
			fatal("cannot unpack '%s': %s", path, cl_strerror(rc));
	}
	take_directory(set, buf_str(&directory));
	buf_free(&directory);
	buf_free(&link);
	buf_free(&target);
	return set;
}

/* Notes how old the database is: by daily, which is the newest part. */
static void
note_version(struct origin *origin, const struct snapshot_file *file)
{
	struct cl_cvd *head;

	if (strncmp(file->name, "daily.", 6) != 0)
		return;
	head = header(file);
	if (head != NULL && head->version > origin->version) {
		origin->version = head->version;
		origin->built = head->stime;
	}
	if (head != NULL)
		cl_cvdfree(head);
}

void
origin_unpack(struct origin *origin)
{
	size_t i, at, given = origin->count;
	struct buf path = BUF_INIT(PATH_LIMIT);
	const struct snapshot_file *file;
	const struct origin_set *set;

	for (i = 0; i < given; i++) {
		set = &origin->sets[i];
		for (at = 0; at < set->files.count; at++) {
			file = &set->files.files[at];
			if (!is_container(file) ||
			    origin_is_outdated(set, file))
				continue;
			origin_label(set, file, &path);
			if (unpack(origin, buf_str(&path), file)->official)
				note_version(origin, file);
		}
	}
	buf_free(&path);
}
