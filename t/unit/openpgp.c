/* openpgp: GPGME and a real gpg, in key directories of their own. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
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

/* A node: its key directory and its public key, as octets and as a file. */
struct party {
	char dir[DIR_SIZE];
	char file[DIR_SIZE + 8];
	char fingerprint[OPENPGP_FINGERPRINT_SIZE];
	struct buf key;
	struct openpgp *openpgp;
};

static char top[] = "/tmp/pgp.XXXXXX";
static struct party alice, bob;

static void
set_up_party(struct party *party, const char *name)
{
	snprintf(party->dir, sizeof(party->dir), "%s/%s", top, name);
	snprintf(party->file, sizeof(party->file), "%s.asc", party->dir);
	buf_init(&party->key, OPENPGP_KEY_MAX);
	if (mkdir(party->dir, 0700) < 0)
		fatal("cannot make '%s'", party->dir);
	party->openpgp = openpgp_new(party->dir);
}

static void
write_file(const char *path, struct span text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && io_write(fd, text.p, text.len, CLOCK_NEVER) == 0);
	close(fd);
}

static void
make_party(struct party *party, const char *name)
{
	set_up_party(party, name);
	CHECK(openpgp_make(party->openpgp, name, "node.example",
		  party->fingerprint) == OPENPGP_OK);
	CHECK(openpgp_export(party->openpgp, party->fingerprint, &party->key) ==
	      OPENPGP_OK);
	write_file(party->file, buf_span(&party->key));
}

static void
end_party(struct party *party)
{
	char *const argv[] = {
	    "gpgconf", "--homedir", party->dir, "--kill", "all", NULL};

	openpgp_free(party->openpgp);
	buf_free(&party->key);
	proc_wait(proc_spawn(argv, 0, 1, -1, NULL));
}

static void
fill(struct message *message, const char *text)
{
	message_init(message);
	CHECK(message_add(message, text, strlen(text)) == 0);
}

static bool
is_text(const struct message *message, const char *text)
{
	char line[LINE_SIZE];
	ssize_t n = message_read(message, 0, line, sizeof(line));

	return n >= 0 && message_size(message) == strlen(text) &&
	       span_is((struct span){line, n}, text);
}

static void
test_what_was_sealed_is_opened_and_says_who_signed_it(void)
{
	char signer[OPENPGP_FINGERPRINT_SIZE];
	struct message plain, sealed, opened;

	fill(&plain, "Subject: a\n\nhello\n");
	message_init(&sealed);
	message_init(&opened);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(openpgp_is_for(alice.openpgp, bob.file, bob.fingerprint,
		  &sealed) == OPENPGP_OK);
	CHECK(openpgp_import(bob.openpgp, buf_span(&alice.key),
		  alice.fingerprint) == OPENPGP_OK);
	CHECK(
	    openpgp_open(bob.openpgp, &sealed, &opened, signer) == OPENPGP_OK);
	CHECK(strcmp(signer, alice.fingerprint) == 0);
	CHECK(is_text(&opened, "Subject: a\n\nhello\n"));
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
}

int
main(int argc, char **argv)
{
	(void)argc;
	err_init(argv[0]);
	if (mkdtemp(top) == NULL)
		fatal("cannot make a directory");
	make_party(&alice, "alice");
	make_party(&bob, "bob");
	puts(openpgp_why(alice.openpgp));
	TEST(what_was_sealed_is_opened_and_says_who_signed_it);
	puts(openpgp_why(alice.openpgp));
	puts(openpgp_why(bob.openpgp));
	end_party(&alice);
	end_party(&bob);
	return test_end();
}
