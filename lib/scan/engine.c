#define _GNU_SOURCE
#include <clamav.h>
#include <errno.h>
#include <inttypes.h>
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
#include "base/scan.h"
#include "scan/engine.h"
#include "scan/inspect.h"
#include "scan/loose.h"
#include "scan/parts.h"
#include "sigs/prepare.h"

#define PROFILE_MAX 4096

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
	struct buf run;
	size_t at = 0;

	buf_init(&run, it->engine->limits.file_size);
	if (!it->as_mail)
		scan_as_mail(it, mail);
	if (!parts_walk(mail, scan_part, it))
		report_result(
		    it->report, REPORT_LIMIT, INSPECT_LIMIT ".MaxParts");
	while (loose_next(mail, &at, &run)) {
		inspect_part(it, buf_span(&run), NULL);
		if (run.full)
			report_result(it->report, REPORT_LIMIT,
			    INSPECT_LIMIT ".MaxFileSize");
	}
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

/* Takes the number of a line "NAMEnumber". */
static void
read_number(struct span line, const char *name, uint64_t *number)
{
	struct scan scan;
	uint64_t value;

	scan_init(&scan, line);
	scan_text(&scan, name);
	value = scan_number(&scan, UINT32_MAX);
	if (scan_ok(&scan))
		*number = value;
}

/* Reads what av-db has written beside its files. */
static void
read_profile(struct engine *engine, const struct snapshot *snapshot)
{
	const struct snapshot_file *file =
	    snapshot_find(snapshot, PREPARE_PROFILE);
	char text[PROFILE_MAX];
	struct span line;
	struct scan scan;
	ssize_t n;

	if (file == NULL)
		return;
	engine->prepared = true;
	n = pread(file->fd, text, sizeof(text), 0);
	scan_init(&scan, (struct span){text, n > 0 ? (size_t)n : 0});
	while (scan_peek(&scan) >= 0) {
		line = scan_until(&scan, '\n');
		if (span_eq(line, span_of(PREPARE_PROFILE_MAIL)))
			engine->mail_profile = true;
		read_number(line, "version: ", &engine->daily);
		read_number(line, "built: ", &engine->built);
	}
}

/* Whether a file of the snapshot is one of the set that is loaded now.  Lists
 * of signatures that do not count are part of each. */
static bool
belongs(const struct engine *engine, const char *name, const char *prefix)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL ||
	    strncmp(name, PREPARE_OWN, strlen(PREPARE_OWN)) == 0 ||
	    (strncmp(name, prefix, strlen(prefix)) != 0 &&
		strncmp(dot, ".ign", 4) != 0))
		return false;
	if (engine->prepared || strcmp(dot, ".ftm") != 0)
		return true;
	warning("'%s' is left out: it would switch off the file types that are "
		"built in",
	    name);
	return false;
}

/* libclamav tells the kind of a file by its name and wants a path.  So it gets
 * a directory of links to the files that are open.  Returns how many, or -1
 * with errno. */
static int
link_files(const struct engine *engine, const struct snapshot *snapshot,
    const char *directory, const char *prefix)
{
	char path[PATH_MAX + SNAPSHOT_NAME_MAX + 2], target[64];
	int count = 0;
	size_t i;

	if (mkdir(directory, 0700) < 0 && errno != EEXIST)
		return -1;
	for (i = 0; i < snapshot->count; i++) {
		const struct snapshot_file *file = &snapshot->files[i];

		if (!belongs(engine, file->name, prefix))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, file->name);
		snprintf(target, sizeof(target), "/proc/self/fd/%d", file->fd);
		if (symlink(target, path) < 0)
			return -1;
		count++;
	}
	return count;
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

/* Loads the files whose names begin so. */
static cl_error_t
load_set(struct engine *engine, const struct snapshot *snapshot,
    const char *temp, const char *prefix, unsigned options)
{
	char directory[PATH_MAX];
	cl_error_t rc = CL_SUCCESS;
	int count;

	snprintf(directory, sizeof(directory), "%s/database", temp);
	count = link_files(engine, snapshot, directory, prefix);
	if (count < 0)
		fatal("cannot make links in '%s': %s", directory,
		    strerror(errno));
	if (count > 0)
		rc = cl_load(
		    directory, engine->clam, &engine->signatures, options);
	unlink_files(snapshot, directory);
	return rc;
}

/* What came from a container that was verified keeps its names; to all others
 * libclamav adds ".UNOFFICIAL". */
static cl_error_t
load_files(
    struct engine *engine, const struct snapshot *snapshot, const char *temp)
{
	cl_error_t rc;

	if (!engine->prepared)
		return load_set(engine, snapshot, temp, "", CL_DB_STDOPT);
	rc = load_set(engine, snapshot, temp, PREPARE_OFFICIAL,
	    CL_DB_STDOPT | CL_DB_OFFICIAL);
	return rc != CL_SUCCESS ? rc
				: load_set(engine, snapshot, temp,
				      PREPARE_LOCAL, CL_DB_STDOPT);
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
	/* what it remembers as clean it does not unpack again, and we would not
	 * see what is inside */
	cl_engine_set_num(clam, CL_ENGINE_DISABLE_CACHE, 1);
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

/* As clamd says it, for programs that read it. */
static void
set_version(struct engine *engine)
{
	time_t built;
	char date[32] = "";
	struct tm tm;
	int n;

	if (!engine->prepared) {
		engine->daily = (uint64_t)cl_engine_get_num(
		    engine->clam, CL_ENGINE_DB_VERSION, NULL);
		engine->built = (uint64_t)cl_engine_get_num(
		    engine->clam, CL_ENGINE_DB_TIME, NULL);
	}
	n = snprintf(
	    engine->version, sizeof(engine->version), "ClamAV %s", cl_retver());
	built = (time_t)engine->built;
	if (engine->daily == 0 || gmtime_r(&built, &tm) == NULL)
		return;
	strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &tm);
	snprintf(engine->version + n, sizeof(engine->version) - (size_t)n,
	    "/%" PRIu64 "/%s", engine->daily, date);
}

int
engine_load(struct engine *engine, const struct snapshot *snapshot,
    const struct engine_limits *limits, const char *temp,
    char why[REPORT_NAME_MAX + 1])
{
	cl_error_t rc;

	memset(engine, 0, sizeof(*engine));
	engine->limits = *limits;
	last_message[0] = '\0';
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
	rc = load_files(engine, snapshot, temp);
	if (rc == CL_SUCCESS)
		rc = cl_engine_compile(engine->clam);
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
