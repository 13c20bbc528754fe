/*
 * gpgrun: runs of gpg through GPGME, each with an end.
 *
 * GPGME's own loop waits for ever, and the gpg that it starts is nobody's
 * child.  So every operation is begun by one of its *_start() calls and waited
 * for here; a gpg that says and takes nothing for too long is found by the
 * pipes to it, and killed.  Before the first one, see gpgstart.h.
 */
#ifndef SEAL_GPGRUN_H
#define SEAL_GPGRUN_H

#include <gpgme.h>
#include <stdint.h>
#include <sys/types.h>

#include "seal/gpgstatus.h"

#define GPGRUN_FDS 8
#define GPGRUN_KEYS 16 /* that are kept of a list of keys */

struct gpgrun_fd {
	int fd;
	bool reads;
	ino_t pipe;         /* which one that is */
	gpgme_io_cb_t call; /* NULL: not in use */
	void *argument;
};

struct gpgrun {
	char *gpg;       /* the program */
	char *home;      /* the key directory */
	int64_t wait_ms; /* with no octet from it */
	gpgme_ctx_t ctx; /* NULL after trouble */
	struct gpgrun_fd fds[GPGRUN_FDS];
	/* of the last operation */
	bool done;
	gpgme_error_t error;
	struct gpgstatus status;
	gpgme_key_t keys[GPGRUN_KEYS];
	unsigned key_count; /* in all */
	const char *trouble;
};

/* gpg NULL: the one in PATH.  0, or -1 if there is none. */
int gpgrun_init(
    struct gpgrun *run, const char *gpg, const char *home, int64_t wait_ms);
void gpgrun_free(struct gpgrun *run);

/* A context for the next operation; NULL if there is none. */
gpgme_ctx_t gpgrun_begin(struct gpgrun *run);

/* Waits for the operation, started is what its *_start() returned.  0 if it
 * came to an end, whichever; -1 if there is only trouble to tell. */
int gpgrun_wait(struct gpgrun *run, gpgme_error_t started);

#endif
