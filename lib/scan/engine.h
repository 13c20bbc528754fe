/*
 * engine: libclamav with a database, our table of hashes beside it, and mail
 * that is taken apart twice.
 *
 * Load once (engine_load), then fork: what is loaded is shared.  A scan is done
 * by a process that may die of it.  Loading, compiling and freeing are not safe
 * with threads; there are none here.
 *
 * The library's own parser of mail can be led astray, and so can any other one.
 * So a message is scanned as it is, and then every part that GMime finds, and
 * every run of base64, whoever would see it as a part, is scanned as well if
 * the first scan has not met the same octets.
 */
#ifndef SCAN_ENGINE_H
#define SCAN_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "scan/report.h"
#include "sigs/hashes.h"
#include "sigs/snapshot.h"

struct engine_limits {
	uint64_t file_size;    /* octets of any one object */
	uint64_t scan_size;    /* octets of all objects of a message */
	uint64_t files;        /* objects of a message */
	uint64_t recursion;    /* containers in containers */
	uint64_t milliseconds; /* of a scan */
};

struct engine {
	struct cl_engine *clam;
	struct hashes hashes; /* map NULL if the database has no table */
	struct engine_limits limits;
	bool prepared;       /* the database was made by av-db */
	bool mail_profile;   /* and it says so */
	uint64_t daily;      /* version of the official database, or 0 */
	uint64_t built;      /* and its time, seconds since 1970 */
	unsigned signatures; /* libclamav's and the table's */
	char version[REPORT_NAME_MAX + 1]; /* "ClamAV 1.4.6/27000/date" */
};

/* Loads a database.  Temporary files of scans go to temp, an absolute path.
 * 0; -1 if it cannot be used, with the reason in why.  Memory that
 * RLIMIT_DATA does not give is such a reason. */
int engine_load(struct engine *engine, const struct snapshot *snapshot,
    const struct engine_limits *limits, const char *temp,
    char why[REPORT_NAME_MAX + 1]);
void engine_free(struct engine *engine);

/* In a scanner, after the fork: a directory of its own for temporary files. */
void engine_temp(struct engine *engine, const char *temp);

/* Scans the octets of a file; takes them apart as a message if they look like
 * one, or if is_message says so.  name is the file's, as far as known, or NULL.
 * Adds to the report. */
void engine_scan(struct engine *engine, struct span octets, const char *name,
    bool is_message, struct report *report);

#endif
