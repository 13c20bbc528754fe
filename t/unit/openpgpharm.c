/* openpgp: damaged and hostile messages. */
#include "parties.h"
#include "seal/armor.h"

#define PLACES 60 /* where a message is damaged */

static struct message sealed; /* by alice, for bob */

static enum openpgp_result
open_it(const struct message *message, struct message *opened)
{
	char signer[OPENPGP_FINGERPRINT_SIZE];

	return openpgp_open(bob.openpgp, message, opened, signer);
}

/* What bob makes of a message; nothing of it may come out if it is not OK. */
static enum openpgp_result
opened_as(const struct message *message)
{
	enum openpgp_result result;
	struct message opened;

	message_init(&opened);
	result = open_it(message, &opened);
	if (result != OPENPGP_OK && result != OPENPGP_UNSIGNED)
		CHECK(message_size(&opened) == 0);
	message_free(&opened);
	return result;
}

/* The message with n octets from `at` on replaced by text. */
static void
change(struct message *to, const struct message *from, size_t at, size_t n,
    struct span text)
{
	struct span spans[2];

	CHECK(message_spans(from, spans) && at + n <= spans[1].len);
	message_init(to);
	message_add(to, spans[1].p, at);
	message_add(to, text.p, text.len);
	message_add(to, spans[1].p + at + n, spans[1].len - at - n);
}

static void
test_a_damaged_message_gives_nothing_wherever_the_damage_is(void)
{
	const size_t size = message_size(&sealed);
	enum openpgp_result result;
	struct message damaged;
	size_t i, at, certain = 0;
	char was, now;

	for (i = 0; i < PLACES; i++) {
		at = i * (size - 1) / PLACES;
		CHECK(message_read(&sealed, at, &was, 1) == 1);
		now = was == 'A' ? 'B' : 'A';
		change(&damaged, &sealed, at, 1, (struct span){&now, 1});
		result = opened_as(&damaged);
		/* one that names another key is not ours; and what was damaged
		 * may be a packet by chance for which gpg asks for a
		 * passphrase, or break off what the agent reads */
		CHECK(result == OPENPGP_BAD || result == OPENPGP_NO_KEY ||
		      result == OPENPGP_TROUBLE);
		if (result == OPENPGP_NO_KEY)
			CHECK(at < 64);
		certain += result != OPENPGP_TROUBLE;
		message_free(&damaged);
	}
	CHECK(certain >= PLACES * 3 / 4);
}

static void
test_a_message_that_is_cut_off_gives_nothing(void)
{
	const size_t size = message_size(&sealed);
	struct message cut;
	size_t i;

	for (i = 0; i < PLACES; i++) {
		size_t at = i * size / PLACES;

		change(&cut, &sealed, at, size - at, span_of(""));
		CHECK(opened_as(&cut) == OPENPGP_BAD);
		message_free(&cut);
	}
	change(&cut, &sealed, size / 2, 65, span_of(""));
	CHECK(opened_as(&cut) == OPENPGP_BAD);
	message_free(&cut);
}

/* The octets of a message in armor with more of them behind. */
static void
append(struct message *to, const struct message *from, struct span octets)
{
	struct armor_reader reader;
	struct armor_writer writer;
	char chunk[100];
	ssize_t n;

	message_init(to);
	armor_read_init(&reader, from);
	CHECK(armor_write_init(&writer, to) == 0);
	while ((n = armor_read(&reader, chunk, sizeof(chunk))) > 0)
		CHECK(armor_write(&writer, chunk, n) == 0);
	CHECK(n == 0);
	CHECK(armor_write(&writer, octets.p, octets.len) == 0);
	CHECK(armor_write_end(&writer) == 0);
}

static void
test_nothing_may_stand_beside_the_encrypted_part(void)
{
	/* literal data, "text": new format, tag 11, binary, no name or date */
	static const char literal[] = "\xcb\x0a"
				      "b\0\0\0\0\0text";
	const struct span octets = {literal, 12};
	struct message more;

	append(&more, &sealed, (struct span){NULL, 0});
	CHECK(opened_as(&more) == OPENPGP_OK);
	message_free(&more);
	append(&more, &sealed, octets);
	CHECK(opened_as(&more) == OPENPGP_BAD);
	message_free(&more);
	change(&more, &sealed, 0, 0, span_of("a\n"));
	CHECK(opened_as(&more) == OPENPGP_BAD);
	message_free(&more);
	change(&more, &sealed, message_size(&sealed), 0, span_of("a\n"));
	CHECK(opened_as(&more) == OPENPGP_BAD);
	message_free(&more);
}

/* What gpg made of the file "plain" by hand. */
static enum openpgp_result
by_hand(const char *made)
{
	struct message message;
	enum openpgp_result result;

	fill_from(&message, made);
	result = opened_as(&message);
	message_free(&message);
	return result;
}

#define MADE in_top("made")
#define BY_ALICE(...)                                             \
	(gpg(alice.dir, "--armor", "--output", MADE, __VA_ARGS__, \
	     in_top("plain"), NULL) == 0                          \
		? by_hand(MADE)                                   \
		: (enum openpgp_result) - 1)

static void
test_what_other_ways_of_sealing_there_are_is_judged(void)
{
	struct message plain;

	write_file(in_top("plain"), span_of("hello\n"));
	CHECK(BY_ALICE("-r", bob.fingerprint, "-se") == OPENPGP_OK);
	CHECK(BY_ALICE("-r", bob.fingerprint, "-e") == OPENPGP_UNSIGNED);
	CHECK(BY_ALICE("-R", bob.fingerprint, "-se") == OPENPGP_OK);
	CHECK(BY_ALICE("-r", bob.fingerprint, "-r", alice.fingerprint, "-se") ==
	      OPENPGP_OK);
	CHECK(BY_ALICE("-r", alice.fingerprint, "-se") == OPENPGP_NO_KEY);
	CHECK(BY_ALICE("-s") == OPENPGP_BAD);
	CHECK(BY_ALICE("--clearsign") == OPENPGP_BAD);
	CHECK(BY_ALICE("--store") == OPENPGP_BAD);
	CHECK(BY_ALICE("-r", bob.fingerprint, "--digest-algo", "SHA1", "-se") ==
	      OPENPGP_BAD);
	CHECK(BY_ALICE("--passphrase", "secret", "--symmetric") == OPENPGP_BAD);
	/* no integrity check */
	CHECK(BY_ALICE("-r", bob.fingerprint, "--rfc2440", "--cipher-algo",
		  "AES", "-se") == OPENPGP_BAD);
	fill(&plain, "hello\n");
	CHECK(opened_as(&plain) == OPENPGP_BAD);
	message_free(&plain);
	message_init(&plain);
	CHECK(opened_as(&plain) == OPENPGP_BAD);
	message_free(&plain);
}

static void
test_two_signatures_are_not_one(void)
{
	char *const argv[] = {
	    "cp", "-r", alice.dir, (char *)in_top("two"), NULL};

	CHECK(run(argv) == 0);
	CHECK(gpg(in_top("two"), "--quick-gen-key", "dave@node.example",
		  "future-default", NULL) == 0);
	CHECK(gpg(in_top("two"), "--armor", "--output", MADE, "-r",
		  bob.fingerprint, "-u", alice.fingerprint, "-u",
		  "dave@node.example", "-se", in_top("plain"), NULL) == 0);
	CHECK(by_hand(MADE) == OPENPGP_BAD);
	end_agent(in_top("two"));
}

static void
test_a_small_message_cannot_become_a_large_one(void)
{
	struct message large;
	char zeros[65536] = {0};
	int fd = open(in_top("plain"), O_WRONLY | O_CREAT | O_TRUNC, 0600), i;

	for (i = 0; i < 160; i++)
		CHECK(io_write(fd, zeros, sizeof(zeros), CLOCK_NEVER) == 0);
	close(fd);
	CHECK(BY_ALICE("-r", bob.fingerprint, "-z", "9", "-se") == OPENPGP_BAD);
	CHECK(BY_ALICE("-r", bob.fingerprint, "-z", "0", "-se") == OPENPGP_OK);
	fill_from(&large, MADE);
	CHECK(message_size(&large) > 160 * sizeof(zeros));
	message_free(&large);
	write_file(in_top("plain"), span_of("hello\n"));
}

int
main(int argc, char **argv)
{
	struct message plain;

	(void)argc;
	err_init(argv[0]);
	begin_all();
	fill(&plain, "Subject: a secret\n\nhello\n");
	message_init(&sealed);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	message_free(&plain);
	TEST(a_damaged_message_gives_nothing_wherever_the_damage_is);
	TEST(a_message_that_is_cut_off_gives_nothing);
	TEST(nothing_may_stand_beside_the_encrypted_part);
	TEST(what_other_ways_of_sealing_there_are_is_judged);
	TEST(two_signatures_are_not_one);
	TEST(a_small_message_cannot_become_a_large_one);
	message_free(&sealed);
	end_all();
	return test_end();
}
