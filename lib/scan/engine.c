#define _GNU_SOURCE
#include <clamav.h>
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "scan/engine.h"
#include "scan/inspect.h"
#include "scan/loose.h"
#include "scan/parts.h"

#define PROFILE_FILE "pimail.profile"
#define PROFILE_MAX 4096
#define LOOSE_MAX (100 << 20) /* octets of a decoded run */

/* Large blocks come and go with every object, and libclamav needs some of them
 * for each: without this the kernel would clear fresh pages for each, which
 * takes longer than the scan of a small mail. */
#define MALLOC_MAPPED (16 << 20)
#define MALLOC_KEPT (32 << 20)

/* What libclamav said last, for the reason why a database cannot be used. */
static char last_message[REPORT_NAME_MAX + 1];

static void
keep_message(
    enum cl_msg severity, const char *full, const char *text, void *arg)
{
	(void)severity;
	(void)full;
	(void)arg;
	snprintf(last_message, sizeof(last_message), "%.*s",
	    (int)strcspn(text, "\n"), text);
}

static void
scan_part(struct span octets, const char *name, void *it)
{
	inspect_part(it, octets, name);
}

/* libclamav takes for mail only what begins with a header field that it knows.
 * One that it does know cures that. */
static void
scan_as_mail(struct inspection *it, struct span mail)
{
	static const char field[] = "Received: by av-scand\r\n";
	struct buf copy = BUF_INIT(SIZE_MAX / 4);

	buf_adds(&copy, field);
	buf_addspan(&copy, mail);
	it->again = true;
	inspect_octets(it, buf_span(&copy));
	buf_free(&copy);
}

static void
scan_message(struct inspection *it, struct span mail)
{
	struct buf run = BUF_INIT(LOOSE_MAX);
	size_t at = 0;

	if (!it->as_mail)
		scan_as_mail(it, mail);
	if (!parts_walk(mail, scan_part, it))
		report_result(
		    it->report, REPORT_LIMIT, INSPECT_LIMIT ".MaxParts");
	while (loose_next(mail, &at, &run))
		inspect_part(it, buf_span(&run), NULL);
	if (run.full)
		report_result(
		    it->report, REPORT_LIMIT, INSPECT_LIMIT ".MaxFileSize");
	buf_free(&run);
}

void
engine_scan(struct engine *engine, struct span octets, const char *name,
    bool is_message, struct report *report)
{
	struct inspection it;

	snprintf(report->engine, sizeof(report->engine), "%s", engine->version);
	report->mail_profile = engine->mail_profile;
	report_result(report, REPORT_CLEAN, "");
	inspect_init(&it, engine, name, report);
	inspect_octets(&it, octets);
	if (is_message || it.as_mail || parts_is_message(octets))
		scan_message(&it, octets);
	inspect_free(&it);
}

/* A message with an attachment must be seen as such: a database can switch that
 * off, and then nothing is found in any mail. */
static int
test_engine(struct engine *engine)
{
	static const char mail[] =
	    "Received: by localhost\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n"
	    "--x\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n"
	    "SGVsbG8sIHNtYWxsIHNlcnZlcg==\r\n--x--\r\n";
	struct report report;
	struct inspection it;
	bool works;

	report_init(&report);
	inspect_init(&it, engine, NULL, &report);
	inspect_octets(&it, span_of(mail));
	works = it.as_mail && it.inside;
	inspect_free(&it);
	report_free(&report);
	return works ? 0 : -1;
}

/* Reads what av-db has written beside its files: "profile: mail", and of the
 * official databases "version: ...". */
static void
read_profile(struct engine *engine, const struct snapshot *snapshot)
{
	const struct snapshot_file *file =
	    snapshot_find(snapshot, PROFILE_FILE);
	char text[PROFILE_MAX + 1];
	char *line, *rest;
	ssize_t n;

	if (file == NULL)
		return;
	n = pread(file->fd, text, PROFILE_MAX, 0);
	text[n > 0 ? n : 0] = '\0';
	for (line = strtok_r(text, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (strcmp(line, "profile: mail") == 0)
			engine->mail_profile = true;
}

/* libclamav tells the kind of a file by its name and wants a path.  So it gets
 * a directory of links to the files that are open. */
static int
link_files(const struct snapshot *snapshot, const char *directory)
{
	bool prepared = snapshot_find(snapshot, PROFILE_FILE) != NULL;
	char path[PATH_MAX + SNAPSHOT_NAME_MAX + 2], target[64];
	const char *dot;
	size_t i;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return -1;
	for (i = 0; i < snapshot->count; i++) {
		const struct snapshot_file *file = &snapshot->files[i];

		dot = strrchr(file->name, '.');
		if (strcmp(file->name, HASHES_FILE) == 0 ||
		    strcmp(file->name, PROFILE_FILE) == 0 || dot == NULL)
			continue;
		if (strcmp(dot, ".ftm") == 0 && !prepared) {
			warning("'%s' is left out: it would switch off the "
				"file types that are built in",
			    file->name);
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", directory, file->name);
		snprintf(target, sizeof(target), "/proc/self/fd/%d", file->fd);
		if (symlink(target, path) < 0)
			return -1;
	}
	return 0;
}

static void
unlink_files(const struct snapshot *snapshot, const char *directory)
{
	char path[PATH_MAX + SNAPSHOT_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < snapshot->count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory,
		    snapshot->files[i].name);
		unlink(path);
	}
	rmdir(directory);
}

static struct cl_engine *
new_engine(const struct engine_limits *limits, const char *temp)
{
	struct cl_engine *clam = cl_engine_new();

	if (clam == NULL)
		return NULL;
	cl_engine_set_str(clam, CL_ENGINE_TMPDIR, temp);
	cl_engine_set_num(
	    clam, CL_ENGINE_MAX_FILESIZE, (long long)limits->file_size);
	cl_engine_set_num(
	    clam, CL_ENGINE_MAX_RECURSION, (long long)limits->recursion);
	inspect_hook(clam);
	return clam;
}

static int
load_table(struct engine *engine, const struct snapshot *snapshot)
{
	const struct snapshot_file *file = snapshot_find(snapshot, HASHES_FILE);
	unsigned i;

	if (file == NULL)
		return 0;
	if (hashes_open(&engine->hashes, file->fd) < 0)
		return -1;
	for (i = 0; i < HASHES_KINDS; i++)
		engine->signatures += (unsigned)engine->hashes.count[i];
	return 0;
}

static void
set_version(struct engine *engine)
{
	long long version =
	    cl_engine_get_num(engine->clam, CL_ENGINE_DB_VERSION, NULL);
	time_t built =
	    (time_t)cl_engine_get_num(engine->clam, CL_ENGINE_DB_TIME, NULL);
	char date[32] = "";
	struct tm tm;
	int n;

	n = snprintf(
	    engine->version, sizeof(engine->version), "ClamAV %s", cl_retver());
	if (version <= 0 || gmtime_r(&built, &tm) == NULL)
		return;
	strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm);
	snprintf(engine->version + n, sizeof(engine->version) - (size_t)n,
	    "/%lld/%s", version, date);
}

int
engine_load(struct engine *engine, const struct snapshot *snapshot,
    const struct engine_limits *limits, const char *temp,
    char why[REPORT_NAME_MAX + 1])
{
	char directory[PATH_MAX];
	unsigned signatures = 0;
	cl_error_t rc;

	memset(engine, 0, sizeof(*engine));
	engine->limits = *limits;
	last_message[0] = '\0';
	snprintf(directory, sizeof(directory), "%s/database", temp);
	parts_init();
	rc = cl_init(CL_INIT_DEFAULT);
	cl_set_clcb_msg(keep_message);
	if (rc == CL_SUCCESS)
		engine->clam = new_engine(limits, temp);
	if (engine->clam == NULL) {
		snprintf(why, REPORT_NAME_MAX + 1, "libclamav: %s",
		    cl_strerror(rc != CL_SUCCESS ? rc : CL_EMEM));
		return -1;
	}
	if (load_table(engine, snapshot) < 0) {
		snprintf(why, REPORT_NAME_MAX + 1, "%s: not a table of hashes",
		    HASHES_FILE);
		engine_free(engine);
		return -1;
	}
	read_profile(engine, snapshot);
	if (link_files(snapshot, directory) < 0)
		fatal("cannot make links in '%s': %s", directory,
		    strerror(errno));
	rc = cl_load(directory, engine->clam, &signatures, CL_DB_STDOPT);
	unlink_files(snapshot, directory);
	if (rc == CL_SUCCESS)
		rc = cl_engine_compile(engine->clam);
	engine->signatures += signatures;
	mallopt(M_MMAP_THRESHOLD, MALLOC_MAPPED);
	mallopt(M_TRIM_THRESHOLD, MALLOC_KEPT);
	mallopt(M_TOP_PAD, MALLOC_MAPPED);
	if (rc != CL_SUCCESS)
		snprintf(why, REPORT_NAME_MAX + 1, "%s: %s", cl_strerror(rc),
		    last_message);
	else if (engine->signatures == 0)
		snprintf(why, REPORT_NAME_MAX + 1, "no signatures");
	else if (test_engine(engine) < 0)
		snprintf(why, REPORT_NAME_MAX + 1,
		    "with this database libclamav sees no attachments");
	else {
		set_version(engine);
		return 0;
	}
	engine_free(engine);
	return -1;
}

void
engine_free(struct engine *engine)
{
	if (engine->clam != NULL)
		cl_engine_free(engine->clam);
	if (engine->hashes.map != NULL)
		hashes_close(&engine->hashes);
	memset(engine, 0, sizeof(*engine));
}

void
engine_temp(struct engine *engine, const char *temp)
{
	cl_engine_set_str(engine->clam, CL_ENGINE_TMPDIR, temp);
}
