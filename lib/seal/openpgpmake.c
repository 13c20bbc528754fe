/* A key directory and our own key in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/proc.h"
#include "seal/openpgpown.h"

#define PATH_SIZE (OPENPGP_HOME_MAX + 40)
#define NAME_MAX_OCTETS 255

static const char gpg_conf[] =
    "# gpg.conf: how pimail wants gpg; what safety needs is not left to this\n"
    "# file.\n"
    "\n"
    "# Whose a key is was pinned by hand.\n"
    "trust-model always\n"
    "no-auto-check-trustdb\n"
    "\n"
    "# Nothing is ever fetched.\n"
    "no-auto-key-locate\n"
    "no-auto-key-retrieve\n"
    "\n"
    "# Of a peer's key only what it says of itself.\n"
    "import-options import-minimal\n"
    "\n"
    "# A small computer may not know the time when it starts; a key from the\n"
    "# future is no reason to lose mail.\n"
    "ignore-time-conflict\n"
    "ignore-valid-from\n"
    "\n"
    "# The kernel's random numbers will do; writing a file for each message\n"
    "# takes a millisecond.\n"
    "no-random-seed-file\n";

static const char agent_conf[] = "# No card is asked for a key.\n"
				 "disable-scdaemon\n";

/* Writes a file that is not there; one that is stays. */
static int
write_new(const struct openpgp *openpgp, const char *name, struct span text)
{
	char path[PATH_SIZE], temp[PATH_SIZE];
	int fd, result, error;

	snprintf(path, sizeof(path), "%s/%s", openpgp->run.home, name);
	snprintf(temp, sizeof(temp), "%s/%s.tmp.%ld", openpgp->run.home, name,
	    (long)getpid());
	if (access(path, F_OK) == 0)
		return 0;
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	result = io_write(fd, text.p, text.len, CLOCK_NEVER);
	if (result == 0)
		result = fsync(fd);
	if (close(fd) < 0)
		result = -1;
	/* unlike rename(), this leaves one that came in between */
	if (result == 0 && link(temp, path) < 0 && errno != EEXIST)
		result = -1;
	error = errno;
	unlink(temp);
	errno = error;
	return result;
}

/*
 * gpg keeps what it has found of the signatures in keys in its old kind of file
 * and not in the new one (keybox), and an Ed25519 signature takes it most of a
 * millisecond: with the old file it signs and encrypts a mail in half the time.
 * It uses the kind that it finds.
 */
int
openpgp_set_up(struct openpgp *openpgp)
{
	static const char *const rings[] = {"pubring.gpg", "pubring.kbx"};
	char path[PATH_SIZE];
	size_t i;

	for (i = 0; i < nitems(rings); i++) {
		snprintf(
		    path, sizeof(path), "%s/%s", openpgp->run.home, rings[i]);
		if (access(path, F_OK) == 0)
			return 0;
	}
	if (write_new(openpgp, "gpg.conf", span_of(gpg_conf)) < 0 ||
	    write_new(openpgp, "gpg-agent.conf", span_of(agent_conf)) < 0)
		return -1;
	return write_new(openpgp, rings[0], span_of(""));
}

/* What may stand in a key's user id as it is. */
static bool
is_plain(const char *text)
{
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		if (!ascii_is_alnum(text[i]) && text[i] != '-' &&
		    text[i] != '_' && text[i] != '.')
			return false;
	return len > 0 && len <= NAME_MAX_OCTETS;
}

/* Has gpg look at the signatures in a key that it has just made; if that fails,
 * it does so each time. */
static void
settle(struct openpgp *openpgp)
{
	char *const argv[] = {openpgp->run.gpg, "--homedir", openpgp->run.home,
	    "--batch", "--no-tty", "--logger-file", "/dev/null",
	    "--rebuild-keydb-caches", NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;

	if (null < 0)
		return;
	pid = proc_spawn(argv, null, null, -1, NULL);
	if (pid > 0)
		proc_wait(pid);
	close(null);
}

static enum openpgp_result
make(struct openpgp *openpgp, const char *name, const char *host)
{
	struct buf how = BUF_INIT(4096);
	enum openpgp_result result = OPENPGP_OK;
	gpgme_ctx_t ctx = gpgrun_begin(&openpgp->run);

	if (ctx == NULL)
		return openpgp_trouble(openpgp);
	buf_addf(&how,
	    "<GnupgKeyParms format=\"internal\">\n"
	    "%%no-protection\n"
	    "Key-Type: EDDSA\n"
	    "Key-Curve: ed25519\n"
	    "Key-Usage: sign\n"
	    "Subkey-Type: ECDH\n"
	    "Subkey-Curve: cv25519\n"
	    "Subkey-Usage: encrypt\n"
	    "Name-Real: %s (pimail node)\n"
	    "Name-Email: %s@%s\n"
	    "Expire-Date: 0\n"
	    "</GnupgKeyParms>\n",
	    name, name, host);
	if (gpgrun_wait(&openpgp->run,
		gpgme_op_genkey_start(ctx, buf_str(&how), NULL, NULL)) < 0 ||
	    openpgp->run.error != 0)
		result = openpgp_trouble(openpgp);
	buf_free(&how);
	return result;
}

enum openpgp_result
openpgp_make(struct openpgp *openpgp, const char *name, const char *host,
    char fingerprint[OPENPGP_FINGERPRINT_SIZE])
{
	enum openpgp_result result;

	fingerprint[0] = '\0';
	openpgp->why[0] = '\0';
	if (!is_plain(name) || !is_plain(host))
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "a key is made for a plain name and host only");
	result = openpgp_own(openpgp, fingerprint);
	if (result == OPENPGP_OK)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "there is a key already, %s", fingerprint);
	if (result != OPENPGP_NO_KEY)
		return result;
	result = make(openpgp, name, host);
	if (result != OPENPGP_OK)
		return result;
	settle(openpgp);
	return openpgp_own(openpgp, fingerprint);
}
