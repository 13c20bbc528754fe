#include <clamav.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "sigs/bodies.h"
#include "sigs/ignore.h"
#include "sigs/prepare.h"
#include "sigs/sigfile.h"

#define UNOFFICIAL ".UNOFFICIAL"
#define WRONG_TOLD 3 /* wrong lines of a file that are named one by one */
#define NAMES_TRIED 1000
#define CHUNK 65536

/* A run, and the file that it is at. */
struct run {
	struct prepare *prepare;
	int directory;
	struct ignore ignore;
	struct hashes_writer hashes;
	struct bodies bodies[2][2]; /* official or not; ndb, ldb */
	/* the file: */
	const struct origin_set *set;
	const struct snapshot_file *file;
	const struct sigline_type *type;
	struct buf label;
	FILE *lines;     /* a copy of it, without lines that are wrong */
	struct buf name; /* of a signature */
};

/* A new file in the directory. */
static int
create(struct run *run, const char *name)
{
	return openat(run->directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
}

/* What is written is on disk, and open for all to read. */
static void
finish(int fd, int rc, const char *name)
{
	if (rc < 0 || fchmod(fd, 0644) < 0 || fsync(fd) < 0 || close(fd) < 0)
		fatal("cannot write '%s': %s", name, strerror(errno));
}

/* A new file for what comes from the file that the run is at, under its name or
 * one much like it if another source has a file of that name. */
static int
create_like(struct run *run, struct buf *name)
{
	const char *from =
	    run->set->official ? PREPARE_OFFICIAL : PREPARE_LOCAL;
	int fd = -1, i;

	for (i = 1; i < NAMES_TRIED && fd < 0; i++) {
		buf_reset(name);
		buf_adds(name, from);
		if (i > 1)
			buf_addf(name, "%d-", i);
		buf_adds(name, run->file->name);
		errno = ENAMETOOLONG;
		if (name->len <= SNAPSHOT_NAME_MAX)
			fd = create(run, buf_str(name));
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0)
		fatal("cannot make '%s': %s", buf_str(name), strerror(errno));
	return fd;
}

/* Copies the file as it is. */
static void
copy(struct run *run)
{
	struct buf name = BUF_INIT(SNAPSHOT_NAME_MAX * 2);
	char chunk[CHUNK];
	uint64_t lines = 0;
	off_t at = 0;
	ssize_t n, i;
	int fd, rc = 0;

	if (run->file->size == 0)
		return; /* to libclamav that is an error */
	fd = create_like(run, &name);
	while (rc == 0 &&
	       (n = pread(run->file->fd, chunk, sizeof(chunk), at)) != 0) {
		if (n < 0)
			fatal("cannot read '%s': %s", buf_str(&run->label),
			    strerror(errno));
		rc = io_write(fd, chunk, (size_t)n, CLOCK_NEVER);
		at += n;
		for (i = 0; i < n; i++)
			lines += chunk[i] == '\n';
	}
	if (run->type->format != SIGLINE_CONTAINER) {
		run->prepare->before.others += lines;
		run->prepare->after.others += lines;
	}
	finish(fd, rc, buf_str(&name));
	run->prepare->files++;
	buf_free(&name);
}

/* Tells of a line that is wrong, unless too many were. */
static void
tell_wrong(const struct run *run, uint64_t wrong, uint64_t line)
{
	if (wrong <= WRONG_TOLD)
		warning("'%s', line %" PRIu64 ": no signature; left out",
		    buf_str(&run->label), line);
	else if (wrong == WRONG_TOLD + 1)
		warning(
		    "'%s': there are more such lines", buf_str(&run->label));
}

/* The name by which libclamav reports a signature. */
static struct span
reported_name(struct run *run, struct span name)
{
	if (run->set->official)
		return name;
	buf_reset(&run->name);
	buf_addspan(&run->name, name);
	buf_adds(&run->name, UNOFFICIAL);
	return buf_span(&run->name);
}

/* Puts a signature where it belongs. */
static void
place(struct run *run, const struct sigline *sig, struct span line)
{
	struct prepare *prepare = run->prepare;
	enum sigline_format format = run->type->format;
	struct prepare_row *row = &prepare->rows[format];
	unsigned level = cl_retflevel();

	if (run->type->pua && !prepare->pua) {
		row->pua++;
		return;
	}
	estimate_count(&prepare->before, format, sig->target);
	if (sig->min_level > level || sig->max_level < level) {
		row->level++;
	} else if (ignore_has(&run->ignore, sig->name, line)) {
		row->ignored++;
	} else if (format != SIGLINE_BODY && format != SIGLINE_LOGICAL) {
		hashes_add(&run->hashes, sig->kind, sig->digest, sig->size,
		    reported_name(run, sig->name));
		row->kept++;
	} else if (prepare->mail && sigline_is_native(sig->target)) {
		row->aside++;
	} else {
		if (bodies_add(&run->bodies[run->set->official]
					   [format == SIGLINE_LOGICAL],
			sig->target, line) < 0)
			fatal("cannot write a temporary file: %s",
			    strerror(errno));
		estimate_count(&prepare->after, format, sig->target);
		row->kept++;
	}
}

/* Calls each for the lines of the file that are right. */
static void
walk(struct run *run,
    void (*each)(struct run *run, const struct sigline *sig, struct span line))
{
	enum sigline_result result;
	uint64_t right = 0, wrong = 0;
	struct sigfile file;
	struct sigline sig;
	struct span line;
	int rc;

	sigfile_init(&file, run->file->fd);
	while ((rc = sigfile_next(&file, &line)) > 0) {
		result = file.too_long
			     ? SIGLINE_WRONG
			     : sigline_parse(&sig, run->type->format, line);
		if (result == SIGLINE_RIGHT) {
			each(run, &sig, line);
			right++;
		} else if (result == SIGLINE_WRONG) {
			tell_wrong(run, ++wrong, file.number);
		}
	}
	sigfile_free(&file);
	if (rc < 0)
		fatal("cannot read '%s': %s", buf_str(&run->label),
		    strerror(errno));
	if (wrong > 0 && right == 0)
		fatal(
		    "'%s': no line of it is a signature", buf_str(&run->label));
	if (run->type->format < PREPARE_ROWS)
		run->prepare->rows[run->type->format].wrong += wrong;
}

/* Copies the lines that are right, and calls each for them. */
static void
copy_right(struct run *run,
    void (*each)(struct run *run, const struct sigline *sig, struct span line))
{
	struct buf name = BUF_INIT(SNAPSHOT_NAME_MAX * 2);
	int fd;

	if (run->file->size == 0)
		return;
	fd = create_like(run, &name);
	run->lines = fdopen(dup(fd), "w");
	if (run->lines == NULL)
		fatal("cannot copy '%s': %s", buf_str(&run->label),
		    strerror(errno));
	walk(run, each);
	finish(fd, fclose(run->lines), buf_str(&name));
	run->prepare->files++;
	buf_free(&name);
}

static void
copy_line(struct run *run, struct span line)
{
	fprintf(run->lines, "%.*s\n", SPAN_ARG(line));
	if (ferror(run->lines))
		fatal("cannot copy '%s': %s", buf_str(&run->label),
		    strerror(errno));
}

static void
note_good(struct run *run, const struct sigline *sig, struct span line)
{
	estimate_count(&run->prepare->before, SIGLINE_GOOD, sig->target);
	estimate_count(&run->prepare->after, SIGLINE_GOOD, sig->target);
	run->prepare->rows[SIGLINE_GOOD].kept++;
	copy_line(run, line);
}

static void
note_ignored(struct run *run, const struct sigline *sig, struct span line)
{
	copy_line(run, line);
	if (!ignore_add(&run->ignore, sig))
		fatal("more than %d ignored signatures", IGNORE_MAX);
}

/* Leaves out what would do harm or cannot be loaded. */
static void
leave_out(const struct run *run, const char *why)
{
	warning("'%s' is left out: %s", buf_str(&run->label), why);
}

static void
take(struct run *run)
{
	switch (run->type->format) {
	case SIGLINE_GOOD:
		copy_right(run, note_good);
		break;
	case SIGLINE_FILE:
	case SIGLINE_SECTION:
	case SIGLINE_BODY:
	case SIGLINE_LOGICAL:
		walk(run, place);
		break;
	case SIGLINE_IGNORE:
		break; /* has been taken before all others */
	case SIGLINE_OTHER:
		copy(run);
		break;
	case SIGLINE_TYPES:
		/* libclamav forgets its own types for it, mail among them */
		if (run->set->official)
			copy(run);
		else
			leave_out(run, "it would switch off the file types "
				       "that are built in");
		break;
	case SIGLINE_PROGRAM:
		leave_out(run, "programs must be in a container of their own "
			       "that is signed");
		break;
	case SIGLINE_CONTAINER:
		if (run->set->of != NULL)
			leave_out(run, "a container in a container");
		break;
	case SIGLINE_INFO: /* of no use outside the container */
		break;
	}
}

/* Whether all that a container holds is programs.  libclamav runs them only
 * from a container that it can verify itself, so that one is copied whole. */
static bool
has_only_programs(const struct origin_set *set)
{
	const struct sigline_type *type;
	bool programs = false;
	size_t i;

	if (!set->official)
		return false;
	for (i = 0; i < set->files.count; i++) {
		type = sigline_type(set->files.files[i].name);
		if (type == NULL || type->format == SIGLINE_INFO)
			continue;
		if (type->format != SIGLINE_PROGRAM)
			return false;
		programs = true;
	}
	return programs;
}

/* Takes every file, but first of all only the names that do not count. */
static void
walk_files(struct run *run, const struct origin *origin, bool ignored_only)
{
	size_t i, at;

	for (i = 0; i < origin->count; i++) {
		run->set = &origin->sets[i];
		if (has_only_programs(run->set)) {
			run->file = run->set->of;
			run->type = sigline_type(run->file->name);
			origin_label(run->set, run->file, &run->label);
			if (!ignored_only)
				copy(run);
			continue;
		}
		for (at = 0; at < run->set->files.count; at++) {
			run->file = &run->set->files.files[at];
			run->type = sigline_type(run->file->name);
			if (run->type == NULL)
				continue;
			origin_label(run->set, run->file, &run->label);
			if (!ignored_only)
				take(run);
			else if (run->type->format == SIGLINE_IGNORE)
				copy_right(run, note_ignored);
		}
	}
}

static void
write_table(struct run *run)
{
	struct prepare_row *rows = run->prepare->rows;
	uint64_t count[HASHES_KINDS], added[2], kept[2] = {0};
	struct stat status = {.st_size = 0};
	unsigned i;
	int fd, rc;

	fd = create(run, HASHES_FILE);
	rc = fd < 0 ? -1 : hashes_write(&run->hashes, fd, count);
	if (rc == 0)
		rc = fstat(fd, &status);
	finish(fd, rc, HASHES_FILE);
	run->prepare->table_size = (uint64_t)status.st_size;
	/* three kinds a format, in the same order */
	for (i = 0; i < HASHES_KINDS; i++)
		kept[i / 3] += count[i];
	for (i = SIGLINE_FILE; i <= SIGLINE_SECTION; i++) {
		added[i] = rows[i].kept;
		rows[i].kept = kept[i];
		rows[i].twice = added[i] - kept[i];
	}
}

static void
write_bodies(struct run *run)
{
	static const char *const names[2][2] = {
	    {PREPARE_LOCAL "body.ndb", PREPARE_LOCAL "body.ldb"},
	    {PREPARE_OFFICIAL "body.ndb", PREPARE_OFFICIAL "body.ldb"}};
	unsigned official, logical;
	struct bodies *bodies;
	int fd;

	for (official = 0; official < 2; official++)
		for (logical = 0; logical < 2; logical++) {
			bodies = &run->bodies[official][logical];
			if (!bodies_any(bodies))
				continue;
			fd = create(run, names[official][logical]);
			finish(fd, fd < 0 ? -1 : bodies_write(bodies, fd),
			    names[official][logical]);
			bodies_free(bodies);
		}
}

static void
write_profile(struct run *run)
{
	static const char *const names[PREPARE_ROWS] = {"file hashes",
	    "section hashes", "good hashes", "bodies", "logical"};
	const struct prepare *prepare = run->prepare;
	struct buf text = BUF_INIT(4096);
	unsigned i;
	int fd;

	buf_addf(&text, "%s\n",
	    prepare->mail ? PREPARE_PROFILE_MAIL : "profile: full");
	if (prepare->version > 0)
		buf_addf(&text, "version: %u\nbuilt: %u\n", prepare->version,
		    prepare->built);
	for (i = 0; i < PREPARE_ROWS; i++)
		buf_addf(&text, "%s: %" PRIu64 "\n", names[i],
		    prepare->rows[i].kept);
	buf_addf(&text, "files: %" PRIu64 "\n", prepare->files);
	fd = create(run, PREPARE_PROFILE);
	finish(fd, fd < 0 ? -1 : io_write(fd, text.p, text.len, CLOCK_NEVER),
	    PREPARE_PROFILE);
	buf_free(&text);
}

void
prepare_run(struct prepare *prepare, const struct origin *origin, int directory)
{
	struct run run = {.prepare = prepare, .directory = directory};

	buf_init(&run.label, 8192);
	buf_init(&run.name, SIGLINE_MAX * 2);
	ignore_init(&run.ignore);
	hashes_writer_init(&run.hashes);
	prepare->version = origin->version;
	prepare->built = origin->built;
	walk_files(&run, origin, true);
	ignore_sort(&run.ignore);
	walk_files(&run, origin, false);
	write_table(&run);
	write_bodies(&run);
	write_profile(&run);
	if (fsync(directory) < 0)
		fatal("cannot sync the directory: %s", strerror(errno));
	hashes_writer_free(&run.hashes);
	ignore_free(&run.ignore);
	buf_free(&run.label);
	buf_free(&run.name);
}
