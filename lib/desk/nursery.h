/*
 * nursery: the process that holds a loaded database, and the scanners that are
 * forked off it.
 *
 * The desk starts a nursery with a snapshot and hears on its channel when it
 * is ready, or why it failed.  Then it asks for scanners: each is a fork of the
 * nursery that shares the database copy-on-write and serves one job at a time
 * on a channel of its own.  Scanners die with their nursery, and that with the
 * desk.
 */
#ifndef DESK_NURSERY_H
#define DESK_NURSERY_H

#include <sys/types.h>

#include "scan/engine.h"
#include "sigs/snapshot.h"

struct nursery_settings {
	struct engine_limits limits;
	uint64_t memory;      /* octets of data the database may take; 0: any */
	uint64_t scan_memory; /* octets that a scan may take on top of it */
	uint64_t temp_size;   /* octets of temporary files of a scan */
	unsigned scanners;    /* how many there will be, for the space of all */
	const char *temp; /* directory, absolute; each scanner has N in it */
};

/* As the desk sees it. */
struct nursery {
	pid_t pid;
	int channel; /* readable when there is an event */
};

enum nursery_what {
	NURSERY_READY,   /* text: "memory=KILOBYTES signatures=N", version */
	NURSERY_FAILED,  /* text: why; the process ends */
	NURSERY_SCANNER, /* number, pid, fd: a scanner that waits for a job */
	NURSERY_GONE     /* the process has ended */
};

struct nursery_event {
	enum nursery_what what;
	uint64_t memory;     /* octets, when ready */
	unsigned signatures; /* when ready */
	bool mail_profile;   /* when ready */
	char
	    text[REPORT_NAME_MAX + 1]; /* version when ready; why when failed */
	unsigned number;
	pid_t pid;
	int fd;
};

/* Forks a nursery, which begins to load.  The snapshot may be freed by the
 * caller then.  0, or -1 with errno. */
int nursery_start(struct nursery *nursery, const struct snapshot *snapshot,
    const struct nursery_settings *settings);

/* Takes an event that is there, without waiting: 1; 0 if there is none. */
int nursery_take(struct nursery *nursery, struct nursery_event *event);

/* Asks for a scanner with that number, from 0 on, which no living one has.  Its
 * directory for temporary files, settings->temp/NUMBER, is there and empty.
 * 0, or -1 with errno. */
int nursery_ask(struct nursery *nursery, unsigned number);

/* Kills it with all its scanners, and waits for its end. */
void nursery_stop(struct nursery *nursery);

/* Gives a scanner a job: the content of the descriptor from its beginning,
 * which may be a pipe.  name: the file's, or NULL.  0, or -1 with errno. */
int scanner_give(int scanner, int fd, const char *name, bool is_message);

/* Takes the answer into report, without waiting: 1; 0 if there is none yet; -1
 * if the scanner has ended or its answer is wrong. */
int scanner_take(int scanner, struct report *report);

#endif
