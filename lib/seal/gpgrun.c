#include "seal/gpgrun.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "seal/gpgstart.h"
#include "seal/holders.h"

static char *
copy(const char *text)
{
	char *p = strdup(text);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

int
gpgrun_init(
    struct gpgrun *run, const char *gpg, const char *home, int64_t wait_ms)
{
	memset(run, 0, sizeof(*run));
	run->wait_ms = wait_ms;
	/* else GPGME runs gpgconf and gpgsm, which nobody needs */
	gpgme_set_global_flag("disable-gpgconf", "1");
	gpgme_check_version(NULL);
	run->gpg = gpg != NULL ? copy(gpg) : gpgstart_find("gpg");
	if (run->gpg == NULL || access(run->gpg, X_OK) < 0) {
		free(run->gpg);
		return -1;
	}
	run->home = copy(home);
	return 0;
}

static void
forget_keys(struct gpgrun *run)
{
	unsigned i;

	for (i = 0; i < run->key_count && i < GPGRUN_KEYS; i++)
		gpgme_key_unref(run->keys[i]);
	run->key_count = 0;
}

static void
drop_context(struct gpgrun *run)
{
	if (run->ctx != NULL)
		gpgme_release(run->ctx);
	run->ctx = NULL;
}

void
gpgrun_free(struct gpgrun *run)
{
	forget_keys(run);
	drop_context(run);
	free(run->gpg);
	free(run->home);
}

static gpgme_error_t
on_status(void *argument, const char *keyword, const char *args)
{
	struct gpgrun *run = argument;

	gpgstatus_line(&run->status, keyword, args);
	return 0;
}

static gpgme_error_t
on_add(void *argument, int fd, int reads, gpgme_io_cb_t call,
    void *call_argument, void **tag)
{
	struct gpgrun *run = argument;
	int flags = fcntl(fd, F_GETFL);
	size_t i;

	/* a gpg that hangs must not hang us in a write */
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return gpgme_error_from_errno(errno);
	for (i = 0; i < GPGRUN_FDS; i++) {
		if (run->fds[i].call != NULL)
			continue;
		run->fds[i] = (struct gpgrun_fd){.fd = fd,
		    .reads = reads != 0,
		    .pipe = holders_pipe(fd),
		    .call = call,
		    .argument = call_argument};
		*tag = &run->fds[i];
		return 0;
	}
	return gpgme_error(GPG_ERR_TOO_MANY);
}

static void
on_remove(void *tag)
{
	struct gpgrun_fd *slot = tag;

	if (slot != NULL)
		slot->call = NULL;
}

static void
on_event(void *argument, gpgme_event_io_t type, void *data)
{
	const struct gpgme_io_event_done_data *done = data;
	struct gpgrun *run = argument;

	if (type == GPGME_EVENT_DONE) {
		run->done = true;
		run->error = done->err != 0 ? done->err : done->op_err;
	} else if (type == GPGME_EVENT_NEXT_KEY) {
		if (run->key_count < GPGRUN_KEYS)
			run->keys[run->key_count] = data;
		else
			gpgme_key_unref(data);
		run->key_count++;
	}
}

/* Nothing is fetched, nobody is asked, every status line is for us. */
static bool
set_up(struct gpgrun *run, gpgme_ctx_t ctx)
{
	struct gpgme_io_cbs calls = {on_add, run, on_remove, on_event, run};

	if (gpgme_set_protocol(ctx, GPGME_PROTOCOL_OpenPGP) != 0 ||
	    gpgme_ctx_set_engine_info(
		ctx, GPGME_PROTOCOL_OpenPGP, run->gpg, run->home) != 0 ||
	    gpgme_set_pinentry_mode(ctx, GPGME_PINENTRY_MODE_ERROR) != 0 ||
	    gpgme_set_ctx_flag(ctx, "full-status", "1") != 0 ||
	    gpgme_set_ctx_flag(ctx, "no-symkey-cache", "1") != 0)
		return false;
	gpgme_set_armor(ctx, 1);
	gpgme_set_offline(ctx, 1);
	gpgme_set_status_cb(ctx, on_status, run);
	gpgme_set_io_cbs(ctx, &calls);
	return true;
}

/* A new one.  GPGME asks gpg for its version, and that has no end of its own.
 */
static gpgme_ctx_t
make_context(struct gpgrun *run)
{
	gpgme_ctx_t ctx;

	run->trouble = gpgstart_ask(run->gpg, run->wait_ms);
	if (run->trouble != NULL)
		return NULL;
	gpgstart_watch(run->wait_ms);
	if (gpgme_new(&ctx) != 0) {
		run->trouble = "no context of GPGME";
		ctx = NULL;
	} else if (!set_up(run, ctx)) {
		run->trouble = "gpg cannot be run";
		gpgme_release(ctx);
		ctx = NULL;
	}
	gpgstart_watched();
	return ctx;
}

gpgme_ctx_t
gpgrun_begin(struct gpgrun *run)
{
	forget_keys(run);
	gpgstatus_init(&run->status);
	memset(run->fds, 0, sizeof(run->fds));
	run->done = false;
	run->error = 0;
	run->trouble = NULL;
	if (run->ctx == NULL)
		run->ctx = make_context(run);
	else
		gpgme_signers_clear(run->ctx);
	return run->ctx;
}

static nfds_t
list_fds(const struct gpgrun *run, struct pollfd *polls, size_t *slots)
{
	nfds_t n = 0;
	size_t i;

	for (i = 0; i < GPGRUN_FDS; i++) {
		if (run->fds[i].call == NULL)
			continue;
		polls[n].fd = run->fds[i].fd;
		polls[n].events = run->fds[i].reads ? POLLIN : POLLOUT;
		polls[n].revents = 0;
		slots[n++] = i;
	}
	return n;
}

/* One round: false if nothing happened until the deadline, or nothing can. */
static bool
attend(struct gpgrun *run, int64_t deadline)
{
	struct pollfd polls[GPGRUN_FDS];
	size_t slots[GPGRUN_FDS];
	nfds_t i, count = list_fds(run, polls, slots);
	int n;

	if (count == 0)
		return false;
	do
		n = poll(polls, count, clock_left(deadline));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		fatal("poll: %s", strerror(errno));
	for (i = 0; i < count && n > 0; i++) {
		struct gpgrun_fd *slot = &run->fds[slots[i]];

		/* one before it may have ended it */
		if (polls[i].revents != 0 && slot->call != NULL &&
		    slot->fd == polls[i].fd)
			slot->call(slot->argument, slot->fd);
	}
	return n > 0;
}

/* Kills what has the other ends of the pipes that are open. */
static void
kill_gpg(const struct gpgrun *run)
{
	size_t i;

	for (i = 0; i < GPGRUN_FDS; i++)
		if (run->fds[i].call != NULL &&
		    holders_pipe(run->fds[i].fd) == run->fds[i].pipe)
			holders_kill(run->fds[i].pipe);
}

/* The next operation gets a context of its own. */
static void
give_up(struct gpgrun *run, const char *why)
{
	if (!run->done)
		gpgme_cancel(run->ctx);
	drop_context(run);
	run->trouble = why;
}

int
gpgrun_wait(struct gpgrun *run, gpgme_error_t started)
{
	if (started != 0) {
		give_up(run, "gpg cannot be started");
		return -1;
	}
	while (!run->done) {
		if (!attend(run, clock_ms() + run->wait_ms)) {
			kill_gpg(run);
			give_up(run, "gpg hangs");
			return -1;
		}
	}
	return 0;
}
