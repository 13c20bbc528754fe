#include "sigs/sigline.h"
#include "base/ascii.h"
#include "base/scan.h"

#define SIZE_LIMIT 0xffffffffU /* libclamav takes no size from here on */
#define FIELDS_MAX 8

static const struct sigline_type types[] = {
    {"cat", SIGLINE_OTHER, false},
    {"cbc", SIGLINE_PROGRAM, false},
    {"cdb", SIGLINE_OTHER, false},
    {"cfg", SIGLINE_OTHER, false},
    {"cld", SIGLINE_CONTAINER, false},
    {"crb", SIGLINE_OTHER, false},
    {"cud", SIGLINE_CONTAINER, false},
    {"cvd", SIGLINE_CONTAINER, false},
    {"db", SIGLINE_OTHER, false},
    {"fp", SIGLINE_GOOD, false},
    {"ftm", SIGLINE_TYPES, false},
    {"gdb", SIGLINE_OTHER, false},
    {"hdb", SIGLINE_FILE, false},
    {"hdu", SIGLINE_FILE, true},
    {"hsb", SIGLINE_FILE, false},
    {"hsu", SIGLINE_FILE, true},
    {"idb", SIGLINE_OTHER, false},
    {"ign", SIGLINE_IGNORE, false},
    {"ign2", SIGLINE_IGNORE, false},
    {"imp", SIGLINE_OTHER, false},
    {"info", SIGLINE_INFO, false},
    {"ioc", SIGLINE_OTHER, false},
    {"ldb", SIGLINE_LOGICAL, false},
    {"ldu", SIGLINE_LOGICAL, true},
    {"mdb", SIGLINE_SECTION, false},
    {"mdu", SIGLINE_SECTION, true},
    {"msb", SIGLINE_SECTION, false},
    {"msu", SIGLINE_SECTION, true},
    {"ndb", SIGLINE_BODY, false},
    {"ndu", SIGLINE_BODY, true},
    {"pdb", SIGLINE_OTHER, false},
    {"pwdb", SIGLINE_OTHER, false},
    {"rmd", SIGLINE_OTHER, false},
    {"sdb", SIGLINE_OTHER, false},
    {"sfp", SIGLINE_GOOD, false},
    {"wdb", SIGLINE_OTHER, false},
    {"yar", SIGLINE_OTHER, false},
    {"yara", SIGLINE_OTHER, false},
    {"zmd", SIGLINE_OTHER, false},
};

const struct sigline_type *
sigline_type(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t i;

	if (dot == NULL)
		return NULL;
	for (i = 0; i < nitems(types); i++)
		if (strcasecmp(dot + 1, types[i].extension) == 0)
			return &types[i];
	return NULL;
}

bool
sigline_is_native(unsigned target)
{
	return target == 1 || target == 6 || target == 9;
}

/* Takes the line apart at the separator.  The number of fields; with the
 * maximum, the last one is all that is left. */
static size_t
split(struct span line, char separator, struct span *fields, size_t max)
{
	struct scan scan;
	size_t count = 0;

	scan_init(&scan, line);
	while (count < max - 1 && scan.p < scan.end &&
	       memchr(scan.p, separator, (size_t)(scan.end - scan.p)) != NULL)
		fields[count++] = scan_until(&scan, separator);
	fields[count++] = scan_rest(&scan);
	return count;
}

static bool
number(struct span text, uint64_t max, uint64_t *n)
{
	struct scan scan;

	scan_init(&scan, text);
	*n = scan_number(&scan, max);
	return scan_ok(&scan);
}

/* Sets the digest, and of the kind which of the three hashes it is. */
static bool
take_digest(struct sigline *sig, struct span hex)
{
	int high, low;
	size_t i;

	switch (hex.len) {
	case 32:
		sig->kind = HASHES_FILE_MD5;
		break;
	case 40:
		sig->kind = HASHES_FILE_SHA1;
		break;
	case 64:
		sig->kind = HASHES_FILE_SHA256;
		break;
	default:
		return false;
	}
	for (i = 0; i < hex.len / 2; i++) {
		high = ascii_hex(hex.p[2 * i]);
		low = ascii_hex(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		sig->digest[i] = (unsigned char)(high << 4 | low);
	}
	sig->has_digest = true;
	return true;
}

/* The levels in the fields from first on, which may be missing. */
static bool
take_levels(
    struct sigline *sig, const struct span *fields, size_t count, size_t first)
{
	return (count <= first ||
		   number(fields[first], UINT32_MAX, &sig->min_level)) &&
	       (count <= first + 1 ||
		   number(fields[first + 1], UINT32_MAX, &sig->max_level));
}

/* HASH:SIZE:NAME[:MINFL[:MAXFL]], or SIZE:HASH:NAME... of sections. */
static bool
parse_hash(struct sigline *sig, enum sigline_format format, struct span line)
{
	struct span fields[FIELDS_MAX];
	size_t count = split(line, ':', fields, nitems(fields));
	unsigned size = format == SIGLINE_SECTION ? 0 : 1;

	if (count < 3 || count > 5 || !take_levels(sig, fields, count, 3) ||
	    !take_digest(sig, fields[1 - size]))
		return false;
	sig->name = fields[2];
	if (format == SIGLINE_SECTION)
		sig->kind += HASHES_SECTION_MD5;
	if (span_eq(fields[size], span_of("*"))) {
		sig->size = HASHES_ANY_SIZE;
		return sig->min_level >= SIGLINE_ANY_LEVEL;
	}
	return number(fields[size], SIZE_LIMIT - 1, &sig->size) &&
	       sig->size > 0;
}

static bool
take_target(struct sigline *sig, struct span text)
{
	uint64_t target;

	if (!number(text, SIGLINE_TARGET_MAX, &target))
		return false;
	sig->target = (unsigned)target;
	return true;
}

/* NAME:TARGET:OFFSET:PATTERN[:MINFL[:MAXFL]] */
static bool
parse_body(struct sigline *sig, struct span line)
{
	struct span fields[FIELDS_MAX];
	size_t count = split(line, ':', fields, nitems(fields));

	sig->name = fields[0];
	return count >= 4 && count <= 6 && take_target(sig, fields[1]) &&
	       fields[3].len > 0 && take_levels(sig, fields, count, 4);
}

/* NAME;KEY:VALUE,KEY:VALUE...;EXPRESSION;PATTERN[;PATTERN...], where a target
 * must be among the keys. */
static bool
parse_logical(struct sigline *sig, struct span line)
{
	struct span fields[4], pairs[32], target = {NULL, 0};
	size_t i, count;
	struct scan scan;

	if (split(line, ';', fields, nitems(fields)) < 4 ||
	    fields[2].len == 0 || fields[3].len == 0)
		return false;
	sig->name = fields[0];
	count = split(fields[1], ',', pairs, nitems(pairs));
	for (i = 0; i < count; i++) {
		scan_init(&scan, pairs[i]);
		if (span_eq(scan_until(&scan, ':'), span_of("Target")))
			target = scan_rest(&scan);
	}
	return take_target(sig, target);
}

/* NAME, NAME:MD5 or, as it was once, FILE:LINE:NAME. */
static bool
parse_ignore(struct sigline *sig, struct span line)
{
	struct span fields[4];
	size_t count = split(line, ':', fields, nitems(fields));

	sig->name = fields[count == 3 ? 2 : 0];
	return count == 1 || count == 3 ||
	       (count == 2 && take_digest(sig, fields[1]) &&
		   sig->kind == HASHES_FILE_MD5);
}

enum sigline_result
sigline_parse(struct sigline *sig, enum sigline_format format, struct span line)
{
	bool right = false;

	*sig = (struct sigline){.max_level = UINT64_MAX};
	while (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	if (line.len == 0 || line.p[0] == '#')
		return SIGLINE_EMPTY;
	if (line.len > SIGLINE_MAX || memchr(line.p, '\0', line.len) != NULL)
		return SIGLINE_WRONG;
	switch (format) {
	case SIGLINE_FILE:
	case SIGLINE_SECTION:
	case SIGLINE_GOOD:
		right = parse_hash(sig, format, line);
		break;
	case SIGLINE_BODY:
		right = parse_body(sig, line);
		break;
	case SIGLINE_LOGICAL:
		right = parse_logical(sig, line);
		break;
	case SIGLINE_IGNORE:
		right = parse_ignore(sig, line);
		break;
	default:
		break;
	}
	return right && sig->name.len > 0 ? SIGLINE_RIGHT : SIGLINE_WRONG;
}
