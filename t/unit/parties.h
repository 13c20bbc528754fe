/*
 * parties: nodes with key directories of their own, and gpg by hand.
 */
#ifndef UNIT_PARTIES_H
#define UNIT_PARTIES_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "base/proc.h"
#include "seal/openpgp.h"
#include "test.h"

#define DIR_SIZE 64
#define LINE_SIZE 512
#define ARGS_MAX 24

/* A node: its key directory and its public key, as octets and as a file. */
struct party {
	char dir[DIR_SIZE];
	char file[DIR_SIZE + 8];
	char fingerprint[OPENPGP_FINGERPRINT_SIZE];
	struct buf key;
	struct openpgp *openpgp;
};

/* short, for a socket's path ends at 107 octets */
static char top[] = "/tmp/pgp.XXXXXX";
static struct party alice, bob;

/* Runs a program to its end, with its output thrown away. */
static inline int
run(char *const argv[])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status = proc_wait(proc_spawn(argv, null, null, -1, NULL));

	close(null);
	return status;
}

/* gpg, in that home; the arguments end with NULL. */
static inline int
gpg(const char *home, ...)
{
	static char *const always[] = {"gpg", "--batch", "--no-tty", "--yes",
	    "--quiet", "--logger-file", "/dev/null", "--pinentry-mode",
	    "loopback", "--passphrase", "", "--trust-model", "always"};
	char *argv[nitems(always) + ARGS_MAX + 3];
	size_t n = nitems(always);
	va_list args;

	memcpy(argv, always, sizeof(always));
	argv[n++] = "--homedir";
	argv[n++] = (char *)home;
	va_start(args, home);
	do
		argv[n] = va_arg(args, char *);
	while (argv[n++] != NULL && n < nitems(argv));
	va_end(args);
	return run(argv);
}

static inline void
write_file(const char *path, struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && io_write(fd, text.p, text.len, CLOCK_NEVER) == 0);
	close(fd);
}

static inline const char *
in_top(const char *name)
{
	static char path[4][DIR_SIZE * 2];
	static unsigned next;
	char *p = path[next++ % nitems(path)];

	snprintf(p, sizeof(path[0]), "%s/%s", top, name);
	return p;
}

static inline void
set_up_party(struct party *party, const char *name)
{
	snprintf(party->dir, sizeof(party->dir), "%s/%s", top, name);
	snprintf(party->file, sizeof(party->file), "%s.asc", party->dir);
	party->fingerprint[0] = '\0';
	buf_init(&party->key, OPENPGP_KEY_MAX);
	if (mkdir(party->dir, 0700) < 0)
		fatal("cannot make '%s'", party->dir);
	party->openpgp = openpgp_new(party->dir);
	if (party->openpgp == NULL)
		fatal("no gpg");
}

static inline void
export_party(struct party *party)
{
	buf_reset(&party->key);
	CHECK(openpgp_export(party->openpgp, party->fingerprint, &party->key) ==
	      OPENPGP_OK);
	write_file(party->file, buf_span(&party->key));
}

static inline void
make_party(struct party *party, const char *name)
{
	set_up_party(party, name);
	CHECK(openpgp_make(party->openpgp, name, "node.example",
		  party->fingerprint) == OPENPGP_OK);
	export_party(party);
}

static inline void
end_agent(const char *home)
{
	char *const argv[] = {
	    "gpgconf", "--homedir", (char *)home, "--kill", "all", NULL};

	run(argv);
}

static inline void
end_party(struct party *party)
{
	openpgp_free(party->openpgp);
	buf_free(&party->key);
	end_agent(party->dir);
}

static inline void
begin_all(void)
{
	if (mkdtemp(top) == NULL)
		fatal("cannot make a directory");
	make_party(&alice, "alice");
	make_party(&bob, "bob");
	CHECK(openpgp_import(bob.openpgp, buf_span(&alice.key),
		  alice.fingerprint) == OPENPGP_OK);
}

static inline void
end_all(void)
{
	char *const argv[] = {"rm", "-rf", top, NULL};

	end_party(&alice);
	end_party(&bob);
	run(argv);
}

static inline void
fill(struct message *message, const char *text)
{
	message_init(message);
	CHECK(message_add(message, text, strlen(text)) == 0);
}

static inline void
fill_from(struct message *message, const char *path)
{
	struct buf text = BUF_INIT(64 << 20);

	message_init(message);
	CHECK(file_read(path, &text) == 0);
	CHECK(message_add(message, text.p, text.len) == 0);
	buf_free(&text);
}

static inline bool
is_text(const struct message *message, const char *text)
{
	char line[LINE_SIZE];
	ssize_t n = message_read(message, 0, line, sizeof(line));

	return n >= 0 && message_size(message) == strlen(text) &&
	       (n == 0 || span_is((struct span){line, n}, text));
}

#endif
