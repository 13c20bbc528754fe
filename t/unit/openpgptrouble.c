/* openpgp: keys that have ended, and a gpg that fails. */
#define _GNU_SOURCE
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "child.h"
#include "parties.h"

#define LARGE (4 << 20)
#define SOON_MS 1000
#define GONE_MS 30000 /* for a killed process to go */
#define PIDS 2        /* of the script that hangs, and what it has started */

static enum openpgp_result
seal_with(struct openpgp *openpgp, const struct party *to, const char *text)
{
	struct message plain, made;
	enum openpgp_result result;

	fill(&plain, text);
	message_init(&made);
	result = openpgp_seal(
	    openpgp, to->file, to->fingerprint, true, &plain, &made);
	CHECK((message_size(&made) > 0) == (result == OPENPGP_OK));
	CHECK((openpgp_why(openpgp)[0] != '\0') == (result != OPENPGP_OK));
	message_free(&plain);
	message_free(&made);
	return result;
}

/* gpg names a certificate of revocation after the key's fingerprint. */
static void
find_fingerprint(struct party *party, char path[DIR_SIZE * 2])
{
	const struct dirent *entry;
	char dir[DIR_SIZE + 20];
	DIR *revocs;

	snprintf(dir, sizeof(dir), "%s/openpgp-revocs.d", party->dir);
	revocs = opendir(dir);
	CHECK(revocs != NULL);
	while (revocs != NULL && (entry = readdir(revocs)) != NULL) {
		if (strlen(entry->d_name) != 44)
			continue;
		memcpy(party->fingerprint, entry->d_name, 40);
		party->fingerprint[40] = '\0';
		snprintf(path, DIR_SIZE * 2, "%s/%s", dir, entry->d_name);
	}
	if (revocs != NULL)
		closedir(revocs);
}

static void
revoke_party(struct party *party)
{
	struct buf text = BUF_INIT(OPENPGP_KEY_MAX);
	char path[DIR_SIZE * 2] = "";
	const char *start;

	find_fingerprint(party, path);
	CHECK(file_read(path, &text) == 0);
	/* a colon keeps it from being used by mistake */
	start = strstr(buf_str(&text), ":-----BEGIN");
	CHECK(start != NULL);
	if (start != NULL)
		write_file(in_top("rev"), span_of(start + 1));
	CHECK(gpg(party->dir, "--import", in_top("rev"), NULL) == 0);
	buf_free(&text);
}

static void
test_an_expired_key_is_not_used(void)
{
	char path[DIR_SIZE * 2] = "", own[OPENPGP_FINGERPRINT_SIZE];
	struct party old;
	int64_t when = 0;

	set_up_party(&old, "old");
	CHECK(gpg(old.dir, "--faked-system-time", "20200101T000000",
		  "--quick-gen-key", "old", "future-default", "default",
		  "20210101T000000", NULL) == 0);
	find_fingerprint(&old, path);
	export_party(&old);
	CHECK(seal_with(alice.openpgp, &old, "hello\n") == OPENPGP_BAD_KEY);
	CHECK(seal_with(old.openpgp, &bob, "hello\n") == OPENPGP_BAD_KEY);
	CHECK(openpgp_own(old.openpgp, own) == OPENPGP_BAD_KEY);
	CHECK(openpgp_expires(bob.openpgp, buf_span(&old.key), old.fingerprint,
		  &when) == OPENPGP_OK);
	/* 2021-01-01, at midnight */
	CHECK(when == 1609459200);
	end_party(&old);
}

static void
test_a_key_is_not_used_from_the_second_on_that_it_ends(void)
{
	char path[DIR_SIZE * 2] = "";
	enum openpgp_result before;
	struct party brief;
	int64_t when = 0;

	set_up_party(&brief, "brief");
	CHECK(gpg(brief.dir, "--quick-gen-key", "brief", "future-default",
		  "default", "seconds=3", NULL) == 0);
	find_fingerprint(&brief, path);
	export_party(&brief);
	CHECK(openpgp_expires(alice.openpgp, buf_span(&brief.key),
		  brief.fingerprint, &when) == OPENPGP_OK);
	before = seal_with(alice.openpgp, &brief, "hello\n");
	/* on a machine that is busy its end may have come meanwhile */
	CHECK(before == OPENPGP_OK ||
	      (before == OPENPGP_BAD_KEY && time(NULL) >= when));
	while (time(NULL) < when)
		poll(NULL, 0, 100);
	CHECK(seal_with(alice.openpgp, &brief, "hello\n") == OPENPGP_BAD_KEY);
	end_party(&brief);
}

static void
test_a_revoked_key_is_not_used_and_its_signature_is_not_good(void)
{
	char signer[OPENPGP_FINGERPRINT_SIZE];
	struct message plain, sealed, opened;
	struct party eve;

	make_party(&eve, "eve");
	fill(&plain, "hello\n");
	message_init(&sealed);
	message_init(&opened);
	CHECK(openpgp_seal(eve.openpgp, bob.file, bob.fingerprint, true, &plain,
		  &sealed) == OPENPGP_OK);
	CHECK(openpgp_import(bob.openpgp, buf_span(&eve.key),
		  eve.fingerprint) == OPENPGP_OK);
	CHECK(
	    openpgp_open(bob.openpgp, &sealed, &opened, signer) == OPENPGP_OK);
	revoke_party(&eve);
	/* the file is the one from before, which has no revocation */
	CHECK(seal_with(alice.openpgp, &eve, "hello\n") == OPENPGP_OK);
	export_party(&eve);
	CHECK(seal_with(alice.openpgp, &eve, "hello\n") == OPENPGP_BAD_KEY);
	CHECK(seal_with(eve.openpgp, &bob, "hello\n") == OPENPGP_BAD_KEY);
	CHECK(openpgp_import(bob.openpgp, buf_span(&eve.key),
		  eve.fingerprint) == OPENPGP_OK);
	CHECK(openpgp_open(bob.openpgp, &sealed, &opened, signer) ==
	      OPENPGP_BAD_KEY);
	CHECK(strcmp(signer, eve.fingerprint) == 0);
	CHECK(message_size(&opened) == 0);
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
	end_party(&eve);
}

#define VERSION "exec gpg --version"

/* What a script does that is asked for the version, as it is before all. */
static const char *asked = VERSION;

/* A gpg that is this script, of alice. */
static void
write_script(const char *body)
{
	struct buf text = BUF_INIT(4096);
	const char *path = in_top("gpg");

	buf_addf(&text,
	    "#!/bin/sh\n"
	    "cd '%s' || exit 1\n"
	    "[ \"$1\" != --version ] || { %s; }\n"
	    "status() { printf '[GNUPG:] %%s\\n' \"$*\" >/proc/self/fd/$fd; }\n"
	    "fd=1 last=\n"
	    "for word; do\n"
	    "    [ \"$last\" != --status-fd ] || fd=$word\n"
	    "    last=$word\n"
	    "done\n"
	    "%s\n",
	    top, asked, body);
	unlink(path);
	write_file(path, buf_span(&text));
	CHECK(chmod(path, 0700) == 0);
	buf_free(&text);
}

#define REAL "exec gpg \"$@\""

/* alice with that gpg, who has used it once and knows her key and bob's. */
static struct openpgp *
begin_scripted(void)
{
	struct openpgp *scripted;

	write_script(REAL);
	scripted = openpgp_new_with(alice.dir, in_top("gpg"), OPENPGP_WAIT_MS);
	CHECK(scripted != NULL);
	CHECK(seal_with(scripted, &bob, "hello\n") == OPENPGP_OK);
	return scripted;
}

/* After trouble it works again. */
static void
end_scripted(struct openpgp *scripted)
{
	write_script(REAL);
	openpgp_set_wait(scripted, OPENPGP_WAIT_MS);
	CHECK(seal_with(scripted, &bob, "hello\n") == OPENPGP_OK);
	openpgp_free(scripted);
}

static void
test_a_gpg_that_is_missing_is_trouble(void)
{
	struct openpgp *scripted = begin_scripted();

	CHECK(openpgp_new_with(alice.dir, in_top("no-gpg"), OPENPGP_WAIT_MS) ==
	      NULL);
	CHECK(unlink(in_top("gpg")) == 0);
	CHECK(seal_with(scripted, &bob, "hello\n") == OPENPGP_TROUBLE);
	end_scripted(scripted);
}

static void
test_a_gpg_that_dies_is_trouble(void)
{
	static const char *const bodies[] = {
	    "kill -KILL $$",
	    "exit 0",
	    "exit 2",
	    "head -c 3 >/dev/null; kill -KILL $$",
	    /* with much of what it should have said */
	    "status BEGIN_ENCRYPTION 2 9; printf abc; kill -KILL $$",
	    "status BEGIN_ENCRYPTION 2 9; status SIG_CREATED S; printf abc",
	    "status END_ENCRYPTION; printf abc",
	    ("status SIG_CREATED S; status END_ENCRYPTION\n"
	     "status FAILURE sign-encrypt 1; printf abc"),
	};
	struct openpgp *scripted = begin_scripted();
	size_t i;

	for (i = 0; i < nitems(bodies); i++) {
		write_script(bodies[i]);
		CHECK(seal_with(scripted, &bob, "hello\n") == OPENPGP_TROUBLE);
	}
	end_scripted(scripted);
}

/* Each of the scripts, as gpg, makes that of a message and gives out nothing.
 */
static void
check_opened(
    const char *const *bodies, size_t count, enum openpgp_result expected)
{
	char signer[OPENPGP_FINGERPRINT_SIZE];
	struct openpgp *scripted = begin_scripted();
	struct message plain, sealed, opened;
	size_t i;

	fill(&plain, "hello\n");
	message_init(&sealed);
	message_init(&opened);
	CHECK(openpgp_seal(scripted, alice.file, alice.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	for (i = 0; i < count; i++) {
		write_script(bodies[i]);
		CHECK(openpgp_open(scripted, &sealed, &opened, signer) ==
		      expected);
		CHECK(message_size(&opened) == 0 && signer[0] == '\0');
	}
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
	end_scripted(scripted);
}

static void
test_what_a_gpg_that_dies_gave_out_is_not_believed(void)
{
	static const char *const bodies[] = {
	    "printf secret; kill -KILL $$",
	    "status BEGIN_DECRYPTION; status PLAINTEXT 62 0\n"
	    "printf secret; kill -KILL $$",
	    /* the signature is good, the integrity is not known */
	    "status ENC_TO 0 18 0; status DECRYPTION_KEY A B -\n"
	    "status BEGIN_DECRYPTION; status PLAINTEXT 62 0\n"
	    "printf secret\n"
	    "status NEWSIG; status GOODSIG A b\n"
	    "status VALIDSIG A d 0 0 4 0 22 10 00 A\n"
	    "status DECRYPTION_OKAY; kill -KILL $$",
	};

	check_opened(bodies, nitems(bodies), OPENPGP_TROUBLE);
}

static void
test_what_only_a_damaged_message_can_hold_is_no_trouble(void)
{
	static const char *const bodies[] = {
	    /* damage has made a packet of another encrypted message, for which
	     * gpg wants a passphrase */
	    "status ENC_TO 0 18 0; status DECRYPTION_KEY A B -\n"
	    "status BEGIN_DECRYPTION; status PLAINTEXT 62 0\n"
	    "printf secret; status BEGIN_DECRYPTION\n"
	    "status NEED_PASSPHRASE_SYM 1 0 2; status CANCELED_BY_USER\n"
	    "status DECRYPTION_FAILED; status END_DECRYPTION",
	    /* and the session key's octets are too few for one: 200 is
	     * GPG_ERR_BUFFER_TOO_SHORT */
	    "status ENC_TO 0 18 0; status ERROR pkdecrypt_failed 200\n"
	    "status BEGIN_DECRYPTION; status DECRYPTION_FAILED\n"
	    "status END_DECRYPTION",
	};

	check_opened(bodies, nitems(bodies), OPENPGP_BAD);
}

/* The numbers of processes in that file; how many there are. */
static size_t
read_pids(const char *path, pid_t pids[PIDS])
{
	struct buf text = BUF_INIT(65536);
	const char *p, *end;
	size_t count = 0;

	if (file_read(path, &text) < 0)
		text.len = 0;
	for (p = buf_str(&text);
	     count < PIDS && (end = strchr(p, '\n')) != NULL; p = end + 1)
		pids[count++] = (pid_t)strtol(p, NULL, 10);
	buf_free(&text);
	return count;
}

static bool
is_gone(pid_t pid)
{
	int64_t deadline = clock_ms() + GONE_MS;

	while (kill(pid, 0) == 0 && clock_ms() < deadline)
		poll(NULL, 0, 10);
	return kill(pid, 0) < 0 && errno == ESRCH;
}

#define HANGS "echo $$ >pids; sleep 600 & echo $! >>pids; wait"

/* On a machine that is busy the script may not come far before it is ended:
 * it gets longer and longer then. */
static void
check_hang_of(struct openpgp *scripted, const char *text)
{
	int64_t start, wait;
	pid_t pids[PIDS];
	size_t count = 0;

	for (wait = SOON_MS; count < PIDS && wait <= GONE_MS; wait *= 2) {
		unlink(in_top("pids"));
		openpgp_set_wait(scripted, wait);
		start = clock_ms();
		CHECK(seal_with(scripted, &bob, text) == OPENPGP_TROUBLE);
		CHECK(strcmp(openpgp_why(scripted), "gpg hangs") == 0);
		CHECK(clock_ms() - start >= wait);
		count = read_pids(in_top("pids"), pids);
	}
	CHECK(count == PIDS);
	while (count > 0)
		CHECK(is_gone(pids[--count]));
}

static void
check_hang(const char *text)
{
	struct openpgp *scripted = begin_scripted();

	write_script(HANGS);
	check_hang_of(scripted, text);
	end_scripted(scripted);
}

static void
test_a_gpg_that_hangs_is_ended_with_all_that_it_started(void)
{
	char *large = malloc(LARGE + 1);

	check_hang("hello\n");
	/* more than fits into a pipe that nobody reads */
	if (large == NULL)
		fatal("out of memory");
	memset(large, 'a', LARGE);
	large[LARGE] = '\0';
	check_hang(large);
	free(large);
}

static void
test_a_gpg_that_hangs_before_all_is_ended_with_all_that_it_started(void)
{
	struct openpgp *scripted;

	asked = HANGS;
	write_script(REAL);
	scripted = openpgp_new_with(alice.dir, in_top("gpg"), OPENPGP_WAIT_MS);
	CHECK(scripted != NULL);
	check_hang_of(scripted, "hello\n");
	asked = VERSION;
	end_scripted(scripted);
}

static void
test_a_gpg_that_does_not_tell_its_version_is_trouble(void)
{
	static const char *const answers[] = {
	    "exit 0",
	    "kill -KILL $$",
	    "exec head -c 100000 /dev/zero",
	};
	char own[OPENPGP_FINGERPRINT_SIZE];
	struct openpgp *scripted;
	size_t i;

	for (i = 0; i < nitems(answers); i++) {
		asked = answers[i];
		write_script(REAL);
		scripted =
		    openpgp_new_with(alice.dir, in_top("gpg"), OPENPGP_WAIT_MS);
		CHECK(scripted != NULL);
		CHECK(openpgp_own(scripted, own) == OPENPGP_TROUBLE);
		asked = VERSION;
		end_scripted(scripted);
	}
}

static int64_t hang_wait;

/* Asked for the second time it hangs, and then GPGME waits for it. */
static void
hang_later(void)
{
	char own[OPENPGP_FINGERPRINT_SIZE];
	struct openpgp *scripted;

	scripted = openpgp_new_with(alice.dir, in_top("gpg"), hang_wait);
	if (scripted != NULL)
		openpgp_own(scripted, own);
}

static void
test_a_gpg_that_hangs_where_gpgme_waits_ends_the_program_with_111(void)
{
	pid_t pids[PIDS];
	size_t count = 0;
	int status = 0;

	asked = "[ ! -e first ] || { echo $$ >pids; exec sleep 600; }\n"
		": >first; " VERSION;
	write_script(REAL);
	for (hang_wait = SOON_MS; count == 0 && hang_wait <= GONE_MS;
	     hang_wait *= 2) {
		unlink(in_top("first"));
		unlink(in_top("pids"));
		status = child_run(hang_later, false);
		count = read_pids(in_top("pids"), pids);
	}
	asked = VERSION;
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DEFER);
	CHECK(strcmp(child_said, "pimail: fatal: gpg hangs\n") == 0);
	CHECK(count == 1);
	if (count == 1)
		kill(pids[0], SIGKILL);
}

static void
test_an_agent_that_cannot_be_started_is_no_fault_of_the_mail(void)
{
	char signer[OPENPGP_FINGERPRINT_SIZE], path[DIR_SIZE + 16];
	struct message plain, sealed, opened;
	enum openpgp_result result;
	int fd;

	fill(&plain, "hello\n");
	message_init(&sealed);
	message_init(&opened);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	end_agent(bob.dir);
	snprintf(path, sizeof(path), "%s/gpg.conf", bob.dir);
	fd = open(path, O_WRONLY | O_APPEND);
	CHECK(io_write(fd, "agent-program /bin/false\n", 25, CLOCK_NEVER) == 0);
	close(fd);
	result = openpgp_open(bob.openpgp, &sealed, &opened, signer);
	CHECK(result == OPENPGP_TROUBLE || result == OPENPGP_NO_KEY);
	CHECK(message_size(&opened) == 0);
	CHECK(seal_with(bob.openpgp, &alice, "hello\n") != OPENPGP_OK);
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
}

int
main(int argc, char **argv)
{
	(void)argc;
	err_init(argv[0]);
	begin_all();
	TEST(an_expired_key_is_not_used);
	TEST(a_key_is_not_used_from_the_second_on_that_it_ends);
	TEST(a_revoked_key_is_not_used_and_its_signature_is_not_good);
	TEST(a_gpg_that_is_missing_is_trouble);
	TEST(a_gpg_that_dies_is_trouble);
	TEST(what_a_gpg_that_dies_gave_out_is_not_believed);
	TEST(what_only_a_damaged_message_can_hold_is_no_trouble);
	TEST(a_gpg_that_hangs_is_ended_with_all_that_it_started);
	TEST(a_gpg_that_hangs_before_all_is_ended_with_all_that_it_started);
	TEST(a_gpg_that_does_not_tell_its_version_is_trouble);
	TEST(a_gpg_that_hangs_where_gpgme_waits_ends_the_program_with_111);
	TEST(an_agent_that_cannot_be_started_is_no_fault_of_the_mail);
	end_all();
	return test_end();
}
