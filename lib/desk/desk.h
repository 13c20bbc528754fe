/*
 * desk: the first process of av-scand.  It talks with clients, keeps what is to
 * be scanned in a queue, and gives it to scanners; it looks at no content.
 */
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "desk/nursery.h"

#define DESK_SCANNERS_MAX 64

struct desk_settings {
	const char *database; /* directory */
	int listener;         /* -1: there is only the connection */
	int connection;       /* -1: none */
	int notify; /* gets a LF when all is ready; -1: nobody waits */
	bool swap;  /* at a reload the old engine ends first */
	uint64_t connections;
	uint64_t queue;   /* jobs that wait for a scanner */
	uint64_t recycle; /* scans of a scanner */
	uint64_t stream;  /* octets of a stream or a file */
	uint64_t timeout; /* ms for a command or a stream */
	uint64_t wait;    /* ms that a job waits for a scanner */
	uint64_t time;    /* ms of a scan until the scanner is killed */
	uint64_t check;   /* ms between two looks at the directory */
	struct nursery_settings nursery;
};

/* Serves until it is told to stop by SIGTERM or SIGINT, or the connection ends.
 * SIGHUP loads the database again.  Returns the status to leave with.  Ends the
 * program with 111 if the first database cannot be loaded. */
int desk_run(const struct desk_settings *settings);

/* Makes a directory of our own for temporary files in $TMPDIR, and removes what
 * one that was killed has left there.  Ends the program with 111 if that cannot
 * be, or if the disk has no room for all scanners. */
const char *desk_temp(uint64_t octets);

#endif
