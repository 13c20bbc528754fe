/*
 * keeper: the small process beside the loop that does what the loop may not:
 * it runs the pipelines, opens files, and starts the processes that ask DNS
 * lists and knock at other nodes.  It is forked before privileges are dropped,
 * so a key that only root can read can be loaded anew.
 *
 * All it is ever told are a kind and a number.  It never looks into a message,
 * a manifest or a key: files go to the loop as they are, in one descriptor.
 * When the loop is gone it ends the pipelines and leaves.
 */
#ifndef ACCEPT_KEEPER_H
#define ACCEPT_KEEPER_H

#include <sys/types.h>

#include "accept/lists.h"
#include "accept/probe.h"
#include "accept/route.h"
#include "base/proc.h"
#include "base/user.h"

struct keeper_config {
	struct {
		const char *name; /* NULL: no such route */
		struct proc_line line;
	} routes[ROUTE_COUNT];
	const struct user *stage_user; /* of the stages; NULL: nobody else */
	const struct user *user;       /* of the others; NULL: nobody else */
	struct lists lists;            /* count 0: none */
	struct lists_config asker;
	bool probe; /* other nodes are knocked at */
	struct probe_config prober;
	const char *nodes;       /* the directory of manifests */
	const char *certificate; /* or NULL */
	const char *key;
};

/* Names of what stands in the bundle beside the manifests. */
#define KEEPER_CERTIFICATE "/certificate"
#define KEEPER_KEY "/key"

/* What goes over the channel: a kind, and as payload one of these. */
struct keeper_note {
	uint32_t route;
	uint32_t number; /* of the pipeline */
	int32_t failure; /* errno */
};

enum {
	/* to the keeper */
	KEEPER_START = 'P',  /* a pipeline of the route */
	KEEPER_RETIRE = 'C', /* that pipeline is used no more */
	KEEPER_KILL = 'K',   /* that one is to be killed */
	KEEPER_LOAD = 'L',   /* all files */
	KEEPER_LISTS = 'Q',  /* a process for the DNS lists */
	KEEPER_PROBE = 'O',  /* a process that knocks at other nodes */
	/* to the loop */
	KEEPER_STARTED = 'S', /* with its ends (in, out) */
	KEEPER_FAILED = 'F',  /* could not be started */
	KEEPER_DIED = 'D',    /* a stage died: it is to be given up */
	KEEPER_LOADED = 'B',  /* with a bundle; or without, if that failed */
	KEEPER_ASKER = 'A',   /* with the channel to that for DNS lists */
	KEEPER_PROBER = 'N'   /* with the channel to that for other nodes */
};

/* Forks it.  Returns the loop's end of the channel and its pid.  Ends the
 * program with 111 if that cannot be.  config must outlive it. */
int keeper_fork(const struct keeper_config *config, pid_t *pid);

/* Sends such a note.  0, or -1 with errno. */
int keeper_tell(int channel, char kind, const struct keeper_note *note);

#endif
