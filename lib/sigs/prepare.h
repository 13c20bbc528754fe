/*
 * prepare: makes a database directory for av-scand out of ClamAV's, see
 * av-db(8).
 *
 * Signatures that are hashes go into the table of hashes.h, under the names by
 * which libclamav would report them.  Those of bodies are sorted by what they
 * are for, and with the profile "mail" those for native programs are set aside.
 * All others are copied.  Files are named "official-..." if they come from a
 * container that was verified: they are to be loaded with CL_DB_OFFICIAL, or
 * libclamav puts ".UNOFFICIAL" behind their names.  All others are "local-...".
 */
#ifndef SIGS_PREPARE_H
#define SIGS_PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sigs/estimate.h"
#include "sigs/hashes.h"
#include "sigs/origin.h"
#include "sigs/sigline.h"

#define PREPARE_PROFILE "pimail.profile"
#define PREPARE_PROFILE_MAIL "profile: mail" /* a line of it */
#define PREPARE_OFFICIAL "official-"
#define PREPARE_LOCAL "local-"
#define PREPARE_OWN "pimail."              /* our own files */
#define PREPARE_ROWS (SIGLINE_LOGICAL + 1) /* formats that are taken apart */

/* What became of the lines of a format. */
struct prepare_row {
	uint64_t kept;
	uint64_t aside;   /* for native programs */
	uint64_t pua;     /* left out, see CL_DB_PUA */
	uint64_t ignored; /* named in .ign or .ign2 */
	uint64_t level;   /* for another version of libclamav */
	uint64_t twice;   /* hashes that were there already */
	uint64_t wrong;
};

struct prepare {
	bool mail; /* profile */
	bool pua;
	/* results: */
	struct prepare_row rows[PREPARE_ROWS];
	uint64_t files;      /* that were copied */
	uint64_t table_size; /* octets */
	unsigned version;    /* of daily, or 0 */
	unsigned built;
	struct estimate_counts before; /* what libclamav would load as it was */
	struct estimate_counts after;
};

/* Fills the directory, which is empty, with what is made of origin, all of it
 * on disk.  Ends the program with 111 if anything goes wrong. */
void prepare_run(
    struct prepare *prepare, const struct origin *origin, int directory);

#endif
