/*
 * sigline: the files that ClamAV's signatures are in, and their lines.
 *
 * What a file is, its extension says; see ClamAV's manual, "Signatures".  A
 * line is taken apart as far as it matters for what is done with it: what is
 * behind the name and the target of a signature of bodies is libclamav's.
 */
#ifndef SIGS_SIGLINE_H
#define SIGS_SIGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "sigs/hashes.h"

#define SIGLINE_MAX 32768 /* octets of a line; libclamav has no more room */
#define SIGLINE_TARGET_MAX 31
#define SIGLINE_ANY_LEVEL                                  \
	73 /* functionality level that knows a size of '*' \
	    */

enum sigline_format {
	SIGLINE_FILE,      /* hdb hsb hdu hsu: hash of a whole file */
	SIGLINE_SECTION,   /* mdb msb mdu msu: hash of a section of a PE file */
	SIGLINE_GOOD,      /* fp sfp: hash of a file that is good */
	SIGLINE_BODY,      /* ndb ndu */
	SIGLINE_LOGICAL,   /* ldb ldu */
	SIGLINE_IGNORE,    /* ign ign2: signatures that do not count */
	SIGLINE_TYPES,     /* ftm: how types of files are told */
	SIGLINE_CONTAINER, /* cvd cld cud: files of all these, with a header */
	SIGLINE_INFO,      /* info: what is in a container */
	SIGLINE_PROGRAM,   /* cbc: signatures that are programs */
	SIGLINE_OTHER      /* cdb yar wdb ...: for libclamav alone */
};

struct sigline_type {
	const char *extension;
	enum sigline_format format;
	bool pua; /* of programs that are unwanted rather than malicious */
};

/* By the extension, in any case; NULL if it is no file of libclamav's. */
const struct sigline_type *sigline_type(const char *name);

struct sigline {
	struct span name; /* points into the line */
	/* of hashes, and of an ignored signature that is meant only if the MD5
	 * of its line is this: */
	bool has_digest;
	enum hashes_kind kind;
	unsigned char digest[HASHES_DIGEST_MAX];
	uint64_t size; /* HASHES_ANY_SIZE for "*" */
	/* functionality levels it is for, see cl_retflevel() */
	uint64_t min_level;
	uint64_t max_level;
	/* of bodies and logical ones: */
	unsigned target;
};

enum sigline_result {
	SIGLINE_EMPTY, /* nothing, or a comment */
	SIGLINE_RIGHT,
	SIGLINE_WRONG
};

/* Takes a line without its LF apart, which is of a format up to
 * SIGLINE_IGNORE. */
enum sigline_result sigline_parse(
    struct sigline *sig, enum sigline_format format, struct span line);

/* Whether a target is nothing but native programs: PE, ELF, Mach-O. */
bool sigline_is_native(unsigned target);

#endif
