#include <clamav.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "scan/inspect.h"
#include "scan/pe.h"
#include "scan/policy.h"

/* libclamav cuts what it unpacks at the limit of a file's size, some of its
 * unpackers a block before, and scans the rest as if that were all. */
#define CUT_BEFORE 65536

#define TEXT_STEP 4096

#define PLAIN_MAX (REPORT_OBJECTS_MAX / 2)

#define LIMIT INSPECT_LIMIT
#define ENCRYPTED "Heuristics.Encrypted"
#define MACROS "Heuristics.OLE2.ContainsMacros"
#define BY_CALLBACK "Detected.By.Callback.Inspection"

static void
digest(const EVP_MD *algorithm, struct span octets, unsigned char *out)
{
	if (!EVP_Digest(octets.p, octets.len, out, NULL, algorithm, NULL))
		fatal("cannot compute a digest");
}

/* Text may have its line ends changed on the way out of a message.  Anything
 * else must be the same to the octet to count as seen. */
static bool
is_text(struct span octets)
{
	while (octets.len > 0) {
		size_t i,
		    some = octets.len < TEXT_STEP ? octets.len : TEXT_STEP;
		unsigned odd = 0;

		/* without a branch, so that it is done in many at a time */
		for (i = 0; i < some; i++) {
			unsigned char c = (unsigned char)octets.p[i];

			odd |= (c < ' ') & (c != '\t') & (c != '\n') &
			       (c != '\r') & (c != '\f') & (c != '\033');
		}
		if (odd)
			return false;
		octets.p += some;
		octets.len -= some;
	}
	return true;
}

static void
identify(struct span octets, unsigned char id[EVP_MAX_MD_SIZE])
{
	struct buf text = BUF_INIT(SIZE_MAX / 4);
	const char *cr;

	if (octets.len == 0 || !is_text(octets)) {
		digest(EVP_sha256(), octets, id);
		return;
	}
	buf_room(&text, octets.len);
	while (octets.len > 0) {
		size_t len = octets.len;

		cr = memchr(octets.p, '\r', octets.len);
		if (cr != NULL)
			len = (size_t)(cr - octets.p);
		buf_add(&text, octets.p, len);
		octets.p += len;
		octets.len -= len;
		if (octets.len == 0)
			break;
		if (octets.len == 1 || octets.p[1] != '\n')
			buf_add(&text, "\r", 1);
		octets.p++;
		octets.len--;
	}
	while (text.len > 0 && text.p[text.len - 1] == '\n')
		text.len--;
	digest(EVP_sha256(), buf_span(&text), id);
	buf_free(&text);
}

static bool
seen(const struct inspection *it, const unsigned char *id)
{
	size_t i;

	for (i = 0; i < it->seen.len; i += HASHES_DIGEST_MAX)
		if (memcmp(it->seen.p + i, id, HASHES_DIGEST_MAX) == 0)
			return true;
	return false;
}

static void
remember(struct inspection *it, const unsigned char *id)
{
	if (!buf_add(&it->seen, id, HASHES_DIGEST_MAX))
		report_result(it->report, REPORT_LIMIT, LIMIT ".MaxFiles");
}

/* What libclamav calls an object that has no name of its own. */
static struct span
real_name(const char *name)
{
	if (name == NULL || strncmp(name, "clamav-", 7) == 0 ||
	    strcmp(name, "attachment") == 0)
		return (struct span){NULL, 0};
	return span_of(name);
}

static bool
is_program(const char *type)
{
	return strcmp(type, "CL_TYPE_MSEXE") == 0 ||
	       strcmp(type, "CL_TYPE_ELF") == 0 ||
	       strncmp(type, "CL_TYPE_MACHO", 13) == 0;
}

/* Notes an object that has a kind or a name, once, also if the name alone says
 * the kind; of those that are neither by content nor by name of any kind, and
 * there may be thousands in an archive, only the first. */
static void
note_object(struct inspection *it, enum report_kind kind, struct span name)
{
	enum report_kind other;
	struct span its;
	size_t at = 0;

	if (kind == REPORT_OTHER &&
	    (name.len == 0 || (it->report->object_count >= PLAIN_MAX &&
				  policy_kind_of_name(name) == REPORT_OTHER)))
		return;
	while (report_next(it->report, &at, &other, &its))
		if (span_eq(its, name) &&
		    (other == kind || kind == REPORT_OTHER ||
			(other == REPORT_OTHER &&
			    policy_kind_of_name(name) == kind)))
			return;
	report_object(it->report, kind, name);
}

static bool
find_digests(struct inspection *it, enum hashes_kind first, struct span octets)
{
	const EVP_MD *const algorithms[] = {
	    EVP_md5(), EVP_sha1(), EVP_sha256()};
	const struct hashes *table = &it->engine->hashes;
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned i;

	for (i = 0; i < nitems(algorithms); i++) {
		if (table->count[first + i] == 0)
			continue;
		digest(algorithms[i], octets, out);
		if (hashes_find(table, first + i, out, octets.len, it->hit))
			return true;
	}
	return false;
}

/* Looks the object and, if it is a program, its sections up in the table. */
static bool
find_hashes(struct inspection *it, struct span octets)
{
	const struct hashes *table = &it->engine->hashes;
	struct span sections[PE_SECTIONS_MAX];
	size_t i, count;

	if (table->map == NULL)
		return false;
	if (find_digests(it, HASHES_FILE_MD5, octets))
		return true;
	if (table->count[HASHES_SECTION_MD5] == 0 &&
	    table->count[HASHES_SECTION_SHA1] == 0 &&
	    table->count[HASHES_SECTION_SHA256] == 0)
		return false;
	count = pe_sections(octets, sections);
	for (i = 0; i < count; i++)
		if (find_digests(it, HASHES_SECTION_MD5, sections[i]))
			return true;
	return false;
}

/* Notes if an object is too large, or is all that was left of one. */
static void
note_size(struct inspection *it, uint64_t size)
{
	if (size + CUT_BEFORE > it->engine->limits.file_size)
		report_result(it->report, REPORT_LIMIT, LIMIT ".MaxFileSize");
}

/* libclamav calls it for every object before it looks at it, the outermost one
 * too. */
static cl_error_t
inspect(int fd, const char *type, const char **ancestors, size_t parent_size,
    const char *name, size_t size, const char *octets, uint32_t level,
    uint32_t attributes, void *arg)
{
	struct inspection *it = arg;
	struct span object = {octets, size};
	enum report_kind kind;
	unsigned char id[EVP_MAX_MD_SIZE];

	(void)fd;
	(void)ancestors;
	(void)parent_size;
	(void)attributes;
	if (level == 0)
		it->as_mail = strcmp(type, "CL_TYPE_MAIL") == 0;
	else
		it->inside = true;
	it->objects++;
	if (octets == NULL || size == 0)
		return CL_CLEAN;
	kind = is_program(type) ? REPORT_EXECUTABLE
				: policy_kind_of_content(object);
	if (level > 0)
		note_object(it, kind, real_name(name));
	else if (!it->again)
		note_object(it, kind,
		    it->name == NULL ? (struct span){NULL, 0}
				     : span_of(it->name));
	if (level > 0) {
		note_size(it, size);
		identify(object, id);
		remember(it, id);
	}
	return find_hashes(it, object) ? CL_VIRUS : CL_CLEAN;
}

/* A member's name without its directories. */
static struct span
base_name(struct span path)
{
	size_t len = path.len;

	while (len > 0 && path.p[len - 1] != '/' && path.p[len - 1] != '\\')
		len--;
	return (struct span){path.p + len, path.len - len};
}

/* What an archive says of a member, before it is unpacked; it may lie. */
static cl_error_t
look_at_member(const char *container, unsigned long container_size,
    const char *name, unsigned long size, int is_encrypted, unsigned position,
    void *arg)
{
	struct inspection *it = arg;

	(void)container;
	(void)container_size;
	(void)position;
	/* some are never unpacked: the tiny, the damaged, the encrypted */
	note_object(it, is_encrypted ? REPORT_ENCRYPTED : REPORT_OTHER,
	    base_name(real_name(name)));
	note_size(it, size);
	return CL_CLEAN;
}

/* A name that libclamav has for what it found.  None at all comes with a limit
 * that was reached. */
static void
found(int fd, const char *name, void *arg)
{
	struct inspection *it = arg;

	(void)fd;
	if (name == NULL || strncmp(name, LIMIT, strlen(LIMIT)) == 0)
		report_result(
		    it->report, REPORT_LIMIT, name != NULL ? name : LIMIT);
	else if (strncmp(name, ENCRYPTED, strlen(ENCRYPTED)) == 0)
		note_object(it, REPORT_ENCRYPTED, (struct span){NULL, 0});
	else if (strncmp(name, MACROS, strlen(MACROS)) == 0)
		note_object(it, REPORT_MACRO, (struct span){NULL, 0});
	else if (strcmp(name, BY_CALLBACK) == 0)
		report_result(it->report, REPORT_INFECTED, it->hit);
	else
		report_result(it->report, REPORT_INFECTED, name);
}

/* What is left of the limits that hold for a message and all in it. */
static bool
set_limits(struct inspection *it)
{
	const struct engine_limits *limits = &it->engine->limits;
	int left = clock_left(it->deadline);

	if (left == 0)
		report_result(it->report, REPORT_LIMIT, LIMIT ".MaxScanTime");
	else if (it->objects >= limits->files)
		report_result(it->report, REPORT_LIMIT, LIMIT ".MaxFiles");
	else if (it->scanned >= limits->scan_size)
		report_result(it->report, REPORT_LIMIT, LIMIT ".MaxScanSize");
	else {
		cl_engine_set_num(
		    it->engine->clam, CL_ENGINE_MAX_SCANTIME, left);
		cl_engine_set_num(it->engine->clam, CL_ENGINE_MAX_FILES,
		    (long long)(limits->files - it->objects));
		cl_engine_set_num(it->engine->clam, CL_ENGINE_MAX_SCANSIZE,
		    (long long)(limits->scan_size - it->scanned));
		return true;
	}
	return false;
}

void
inspect_octets(struct inspection *it, struct span octets)
{
	struct cl_scan_options options = {
	    .general = CL_SCAN_GENERAL_HEURISTICS | CL_SCAN_GENERAL_ALLMATCHES,
	    .parse = ~0U,
	    .heuristic = CL_SCAN_HEURISTIC_EXCEEDS_MAX |
			 CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE |
			 CL_SCAN_HEURISTIC_ENCRYPTED_DOC |
			 CL_SCAN_HEURISTIC_MACROS};
	unsigned long units = 0;
	const char *name = NULL;
	cl_error_t rc;
	cl_fmap_t *map;

	if (octets.len == 0 || !set_limits(it))
		return;
	map = cl_fmap_open_memory(octets.p, octets.len);
	if (map == NULL)
		fatal("out of memory");
	rc = cl_scanmap_callback(
	    map, NULL, &name, &units, it->engine->clam, &options, it);
	cl_fmap_close(map);
	it->scanned += (uint64_t)units * CL_COUNT_PRECISION;
	if (rc == CL_VIRUS)
		found(-1, name, it);
	else if (rc == CL_ETIMEOUT)
		report_result(it->report, REPORT_LIMIT, LIMIT ".MaxScanTime");
	else if (rc != CL_CLEAN)
		report_result(it->report, REPORT_ERROR, cl_strerror(rc));
}

void
inspect_part(struct inspection *it, struct span octets, const char *name)
{
	unsigned char id[EVP_MAX_MD_SIZE];

	note_object(it, policy_kind_of_content(octets), real_name(name));
	identify(octets, id);
	/* one that was met too deep to be taken apart was not scanned */
	if (it->report->result != REPORT_LIMIT && seen(it, id))
		return;
	remember(it, id);
	it->again = true;
	inspect_octets(it, octets);
}

void
inspect_hook(struct cl_engine *clam)
{
	cl_engine_set_clcb_file_inspection(clam, inspect);
	cl_engine_set_clcb_meta(clam, look_at_member);
	cl_engine_set_clcb_virus_found(clam, found);
}

void
inspect_init(struct inspection *it, struct engine *engine, const char *name,
    struct report *report)
{
	memset(it, 0, sizeof(*it));
	it->engine = engine;
	it->report = report;
	it->name = name;
	buf_init(&it->seen, INSPECT_SEEN_MAX);
	it->deadline = clock_ms() + (int64_t)engine->limits.milliseconds;
}

void
inspect_free(struct inspection *it)
{
	buf_free(&it->seen);
}
