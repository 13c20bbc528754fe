/*
 * clamd: the daemon that scans, as a client sees it: an av-scand of our own, or
 * one behind a socket, or a clamd there.
 *
 * With av-scand a connection is kept, and each question is one of its commands
 * EXAMINE and MESSAGE; see av-scand(8).  A clamd does not know them: once it
 * said so it is asked by FILDES, one connection a question.
 *
 * While the daemon is away, or its connection breaks before the answer is
 * complete, the question is put again until patience ends; nothing but a
 * whole answer counts.
 */
#ifndef SCAN_CLAMD_H
#define SCAN_CLAMD_H

#include <stdbool.h>
#include <stdint.h>

#include "scan/peer.h"
#include "scan/report.h"

#define CLAMD_VERSION_MAX 60 /* octets of a clamd's version */

struct clamd {
	const char *socket;   /* a path; NULL: we start an av-scand */
	const char *database; /* for its -d; NULL: its default */
	struct peer peer;     /* the connection, while there is one */
	bool kept;            /* the connection has answered before */
	bool stock;           /* it is a clamd */
	char version[CLAMD_VERSION_MAX + 1]; /* its */
};

/* Opens a file so that it can be scanned: of a pipe or the like, which can be
 * read only once, it is a copy.  -1 with errno. */
int clamd_open(const char *path);

/* What shall be scanned. */
struct clamd_job {
	int fd;           /* of memory or a regular file, from its beginning */
	bool is_message;  /* a mail message, whatever it looks like */
	const char *name; /* of the file, as far as known, or NULL */
};

/* Neither string is copied.  0, or -1 with errno ENAMETOOLONG. */
int clamd_init(struct clamd *clamd, const char *path, const char *database);

/* Ends the connection, and our own av-scand. */
void clamd_free(struct clamd *clamd);

/* Has it scanned, and always leaves a result in report, REPORT_ERROR with the
 * reason if there is no other.  deadline is that of the answer; patience, which
 * may be earlier, that of trying to get at the daemon.  */
void clamd_scan(struct clamd *clamd, const struct clamd_job *job,
    int64_t deadline, int64_t patience, struct report *report);

#endif
