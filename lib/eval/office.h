/*
 * office: documents of office programs that may do something: macros, objects,
 * encryption, links that are followed.
 */
#ifndef EVAL_OFFICE_H
#define EVAL_OFFICE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/regex.h"

#define OFFICE_MEMBER_MAX (4 << 20) /* octets of a member of an archive */
#define OFFICE_ALL_MAX (16 << 20)   /* of all that are unpacked of a message */

/* Which files are looked at, by their names, and how many. */
struct office_config {
	struct regex *skipped;
	struct regex *plain; /* documents */
	struct regex *macro; /* documents that have macros */
	struct regex *archives;
	struct regex *download; /* what a script looks like that loads more */
	bool all;               /* other files, too */
	unsigned files_max;     /* of a message */
	unsigned members_max;   /* of an archive; 0: archives are left alone */
	unsigned depth_max;     /* archives in archives */
};

/* What was seen, or-ed. */
enum {
	OFFICE_MACRO = 1,
	OFFICE_OBJECT = 2,
	OFFICE_RTF_OBJECT = 4,
	OFFICE_CSV = 8,
	OFFICE_MALICE = 16, /* a macro that runs by itself */
	OFFICE_RENAMED = 32,
	OFFICE_ENCRYPTED = 64,
	OFFICE_PASSWORD = 128, /* an archive with one */
	OFFICE_DOWNLOAD = 256,
	OFFICE_REDIRECT = 512,
	OFFICE_MHTML = 1024
};

struct office {
	const struct office_config *config;
	struct arena *arena;
	unsigned seen;
	size_t unpacked; /* octets so far */
};

/* Whether a file of that name is looked at. */
bool office_is_wanted(const struct office_config *config, struct span name);

/* Looks at one that is.  Whether it counts as one of files_max. */
bool office_look(struct office *office, struct span name, struct span octets);

#endif
