/*
 * report: what the engine found in one message or file.
 *
 * av-scand writes it as text, av-scan reads it, see av-scand(8): lines of
 * "name: value" that end in LF, and a NUL at the end.  Unknown lines are
 * skipped.  Names of signatures and files come from strangers: they are made
 * printable ASCII and cut when they are put in; a file's in the middle, since
 * its end says what it is.
 */
#ifndef SCAN_REPORT_H
#define SCAN_REPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

#define REPORT_NAME_MAX 200    /* octets of a signature's name or a reason */
#define REPORT_FILE_MAX 200    /* octets of a file's name */
#define REPORT_OBJECTS_MAX 400 /* objects that are told of; a limit if more */
#define REPORT_SIZE_MAX (100 << 10) /* octets of the text; fits a channel */

/* In this order: of two the later one is worse and stays. */
enum report_result {
	REPORT_CLEAN,
	REPORT_LIMIT,   /* not all of it was looked at; name says which limit */
	REPORT_ERROR,   /* it could not be scanned; name says why */
	REPORT_INFECTED /* name is the signature's */
};

/* What an object is by its content.  The names are those of policy(5). */
enum report_kind {
	REPORT_OTHER,
	REPORT_EXECUTABLE, /* a native program: PE, ELF, Mach-O, MS-DOS */
	REPORT_MACRO,      /* an Office file with macros */
	REPORT_SCRIPT,
	REPORT_LINK, /* a Windows shortcut */
	REPORT_DISK, /* a disk image */
	REPORT_ENCRYPTED
};

struct report {
	enum report_result result;
	char name[REPORT_NAME_MAX + 1];
	/* The engine and the age of its database, for X-Virus-Scanned. */
	char engine[REPORT_NAME_MAX + 1];
	bool mail_profile; /* no signatures for executables were loaded */
	/* Objects that have a name or a kind, each as "KIND\tNAME\n". */
	struct buf objects;
	size_t object_count;
};

void report_init(struct report *report);
void report_reset(struct report *report); /* keeps memory; engine and profile */
void report_free(struct report *report);

/* Notes a result; what is there already stays if it is as bad or worse. */
void report_result(
    struct report *report, enum report_result result, const char *name);

/* Notes an object.  The same kind and name twice is noted once if they follow
 * each other.  Past REPORT_OBJECTS_MAX the result becomes REPORT_LIMIT. */
void report_object(
    struct report *report, enum report_kind kind, struct span name);

/* Walks the objects: *at starts as 0; false at the end.  name points into the
 * report. */
bool report_next(const struct report *report, size_t *at,
    enum report_kind *kind, struct span *name);

const char *report_kind_name(enum report_kind kind); /* "executable" */
/* REPORT_OTHER if there is no such kind. */
enum report_kind report_kind_find(struct span name);
const char *report_result_name(enum report_result result); /* "infected" */

/* Appends the text without the NUL. */
void report_write(const struct report *report, struct buf *text);

/* Reads the text without the NUL into an initialised report.  0, or -1 with
 * errno EBADMSG if it has no result or a line is wrong. */
int report_read(struct report *report, struct span text);

#endif
