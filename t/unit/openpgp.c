/* openpgp: GPGME and a real gpg, in key directories of their own. */
#include <limits.h>

#include "parties.h"

#define LARGE (10 << 20)

static void
test_what_was_sealed_is_opened_and_says_who_signed_it(void)
{
	char signer[OPENPGP_FINGERPRINT_SIZE];
	struct message plain, sealed, opened;

	fill(&plain, "Subject: a\n\nhello\n");
	CHECK(message_prepend(&plain, span_of("Received: b\n")) == 0);
	message_init(&sealed);
	message_init(&opened);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(
	    openpgp_open(bob.openpgp, &sealed, &opened, signer) == OPENPGP_OK);
	CHECK(strcmp(signer, alice.fingerprint) == 0);
	CHECK(is_text(&opened, "Received: b\nSubject: a\n\nhello\n"));
	message_free(&plain);
	fill(&plain, "Subject: a\n\nhello\r\n\n\n");
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(
	    openpgp_open(bob.openpgp, &sealed, &opened, signer) == OPENPGP_OK);
	CHECK(is_text(&opened, "Subject: a\n\nhello\r\n\n\n"));
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
}

/* The lines of sealed text, and gpg's opinion of it. */
static void
check_armor(const char *text)
{
	struct message plain, sealed, read;
	struct span spans[2], line, rest;
	int fd;

	fill(&plain, text);
	message_init(&sealed);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(message_spans(&sealed, spans) && spans[0].len == 0);
	rest = spans[1];
	CHECK(span_is(span_line(&rest), "-----BEGIN PGP MESSAGE-----\n"));
	CHECK(span_is(span_line(&rest), "\n"));
	while ((line = span_line(&rest)).len > 0 && rest.len > 0)
		CHECK(line.len <= 65);
	CHECK(span_is(line, "-----END PGP MESSAGE-----\n"));
	fd = open(in_top("sealed"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(message_write(&sealed, fd, CLOCK_NEVER) == 0);
	close(fd);
	CHECK(gpg(bob.dir, "--output", in_top("read"), "--decrypt",
		  in_top("sealed"), NULL) == 0);
	fill_from(&read, in_top("read"));
	CHECK(is_text(&read, text));
	message_free(&plain);
	message_free(&sealed);
	message_free(&read);
}

static void
test_sealed_text_is_plain_armor_that_any_gpg_reads(void)
{
	/* with each number of '=' at the end */
	check_armor("a");
	check_armor("ab");
	check_armor("abc");
	check_armor("abcd");
	check_armor("abcde");
	check_armor("abcdef");
}

/* The n-th octet of a message that no compression makes smaller. */
static char
noise(uint32_t n)
{
	n *= 2654435761U;
	return (char)(n ^ n >> 15);
}

static void
check_length(size_t len)
{
	char chunk[4096], signer[OPENPGP_FINGERPRINT_SIZE];
	struct message plain, sealed, opened;
	size_t i, at = 0;
	ssize_t n;

	message_init(&plain);
	message_init(&sealed);
	message_init(&opened);
	for (i = 0; i < len; i++) {
		chunk[i % sizeof(chunk)] = noise((uint32_t)i);
		if (i % sizeof(chunk) == sizeof(chunk) - 1 || i + 1 == len)
			CHECK(message_add(
				  &plain, chunk, i % sizeof(chunk) + 1) == 0);
	}
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(message_size(&sealed) > len);
	CHECK(
	    openpgp_open(bob.openpgp, &sealed, &opened, signer) == OPENPGP_OK);
	CHECK(message_size(&opened) == len);
	while ((n = message_read(&opened, at, chunk, sizeof(chunk))) > 0)
		for (i = 0; i < (size_t)n; i++, at++)
			if (chunk[i] != noise((uint32_t)at)) {
				CHECK(at == SIZE_MAX);
				n = 0;
				break;
			}
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
}

static void
test_messages_of_any_length_come_back_octet_for_octet(void)
{
	check_length(0);
	check_length(1);
	check_length(47);
	check_length(48);
	check_length(49);
	check_length(65536);
	check_length(LARGE);
}

static void
test_what_is_sealed_unsigned_is_opened_as_unsigned(void)
{
	char signer[OPENPGP_FINGERPRINT_SIZE];
	struct message plain, sealed, opened;

	fill(&plain, "hello\n");
	message_init(&sealed);
	message_init(&opened);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, false,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(openpgp_open(bob.openpgp, &sealed, &opened, signer) ==
	      OPENPGP_UNSIGNED);
	CHECK(is_text(&opened, "hello\n") && signer[0] == '\0');
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
}

static void
test_an_unknown_signer_is_told_apart_from_mail_that_is_not_ours(void)
{
	char signer[OPENPGP_FINGERPRINT_SIZE];
	struct message plain, sealed, opened;
	struct party carol;

	make_party(&carol, "carol");
	fill(&plain, "hello\n");
	message_init(&sealed);
	message_init(&opened);
	CHECK(openpgp_seal(carol.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(openpgp_open(bob.openpgp, &sealed, &opened, signer) ==
	      OPENPGP_NO_KEY);
	CHECK(strcmp(signer, carol.fingerprint) == 0);
	CHECK(message_size(&opened) == 0);
	CHECK(openpgp_open(alice.openpgp, &sealed, &opened, signer) ==
	      OPENPGP_NO_KEY);
	CHECK(signer[0] == '\0' && message_size(&opened) == 0);
	CHECK(openpgp_import(bob.openpgp, buf_span(&carol.key),
		  carol.fingerprint) == OPENPGP_OK);
	CHECK(
	    openpgp_open(bob.openpgp, &sealed, &opened, signer) == OPENPGP_OK);
	CHECK(strcmp(signer, carol.fingerprint) == 0);
	message_free(&plain);
	message_free(&sealed);
	message_free(&opened);
	end_party(&carol);
}

static void
test_whom_it_is_for_is_seen_from_outside(void)
{
	struct message plain, sealed;

	fill(&plain, "hello\n");
	message_init(&sealed);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(openpgp_is_for(alice.openpgp, bob.file, bob.fingerprint,
		  &sealed) == OPENPGP_OK);
	CHECK(openpgp_is_for(alice.openpgp, NULL, bob.fingerprint, &sealed) ==
	      OPENPGP_OK);
	CHECK(openpgp_is_for(alice.openpgp, alice.file, alice.fingerprint,
		  &sealed) == OPENPGP_NO_KEY);
	CHECK(openpgp_is_for(bob.openpgp, NULL, bob.fingerprint, &plain) ==
	      OPENPGP_BAD);
	message_free(&plain);
	message_free(&sealed);
}

static void
test_a_file_counts_only_while_it_is_the_pinned_key(void)
{
	struct message plain, sealed;

	fill(&plain, "hello\n");
	message_init(&sealed);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	/* swapped while we run */
	write_file(bob.file, buf_span(&alice.key));
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_BAD_KEY);
	CHECK(message_size(&sealed) == 0);
	CHECK(openpgp_why(alice.openpgp)[0] != '\0');
	write_file(bob.file, span_of("no key\n"));
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_BAD_KEY);
	CHECK(unlink(bob.file) == 0);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_NO_KEY);
	CHECK(mkdir(bob.file, 0700) == 0);
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_BAD_KEY);
	CHECK(rmdir(bob.file) == 0);
	write_file(bob.file, buf_span(&bob.key));
	CHECK(openpgp_seal(alice.openpgp, bob.file, bob.fingerprint, true,
		  &plain, &sealed) == OPENPGP_OK);
	CHECK(openpgp_seal(alice.openpgp, bob.file, "--file", true, &plain,
		  &sealed) == OPENPGP_BAD_KEY);
	CHECK(openpgp_seal(alice.openpgp, NULL,
		  "0123456789ABCDEF0123456789ABCDEF01234567", true, &plain,
		  &sealed) == OPENPGP_NO_KEY);
	message_free(&plain);
	message_free(&sealed);
}

static void
test_only_one_public_key_with_its_fingerprint_is_taken_in(void)
{
	struct buf text = BUF_INIT(OPENPGP_KEY_MAX);
	int64_t when = 0;

	CHECK(openpgp_import(alice.openpgp, buf_span(&bob.key),
		  alice.fingerprint) == OPENPGP_BAD_KEY);
	buf_addspan(&text, buf_span(&bob.key));
	buf_addspan(&text, buf_span(&alice.key));
	CHECK(openpgp_import(alice.openpgp, buf_span(&text), bob.fingerprint) ==
	      OPENPGP_BAD_KEY);
	buf_reset(&text);
	CHECK(gpg(bob.dir, "--armor", "--output", in_top("secret"),
		  "--export-secret-keys", NULL) == 0);
	CHECK(file_read(in_top("secret"), &text) == 0 && text.len > 0);
	CHECK(openpgp_import(alice.openpgp, buf_span(&text), bob.fingerprint) ==
	      OPENPGP_BAD_KEY);
	CHECK(openpgp_import(alice.openpgp, span_of("nothing\n"),
		  bob.fingerprint) == OPENPGP_BAD_KEY);
	CHECK(openpgp_import(alice.openpgp, buf_span(&bob.key),
		  bob.fingerprint) == OPENPGP_OK);
	CHECK(openpgp_expires(alice.openpgp, buf_span(&bob.key),
		  bob.fingerprint, &when) == OPENPGP_OK);
	CHECK(when == INT64_MAX);
	buf_free(&text);
}

static void
test_a_signature_is_good_for_its_text_and_its_key_only(void)
{
	struct buf signature = BUF_INIT(OPENPGP_SIGNATURE_MAX);
	const struct span text = span_of("node:\n  name: alice\n");
	const struct span key = buf_span(&alice.key);

	CHECK(openpgp_sign(alice.openpgp, text, &signature) == OPENPGP_OK);
	CHECK(span_starts(buf_span(&signature), "-----BEGIN PGP SIGNATURE"));
	CHECK(openpgp_verify(bob.openpgp, key, alice.fingerprint, text,
		  buf_span(&signature)) == OPENPGP_OK);
	CHECK(openpgp_verify(bob.openpgp, key, alice.fingerprint,
		  span_of("node:\n  name: alicf\n"),
		  buf_span(&signature)) == OPENPGP_BAD);
	CHECK(openpgp_verify(bob.openpgp, buf_span(&bob.key), bob.fingerprint,
		  text, buf_span(&signature)) == OPENPGP_BAD_KEY);
	CHECK(openpgp_verify(bob.openpgp, key, bob.fingerprint, text,
		  buf_span(&signature)) == OPENPGP_BAD_KEY);
	CHECK(openpgp_verify(bob.openpgp, key, alice.fingerprint, text,
		  span_of("no signature\n")) == OPENPGP_BAD);
	CHECK(openpgp_verify(bob.openpgp, key, alice.fingerprint, text, key) ==
	      OPENPGP_BAD);
	buf_free(&signature);
}

static void
test_there_is_one_key_of_our_own(void)
{
	char own[OPENPGP_FINGERPRINT_SIZE];
	struct party carol;

	CHECK(openpgp_own(alice.openpgp, own) == OPENPGP_OK);
	CHECK(strcmp(own, alice.fingerprint) == 0 && strlen(own) == 40);
	CHECK(openpgp_make(alice.openpgp, "alice", "node.example", own) ==
	      OPENPGP_BAD_KEY);
	set_up_party(&carol, "nobody");
	CHECK(openpgp_own(carol.openpgp, own) == OPENPGP_NO_KEY);
	CHECK(own[0] == '\0');
	CHECK(openpgp_make(carol.openpgp, "a\nb", "node.example", own) ==
	      OPENPGP_BAD_KEY);
	CHECK(openpgp_export(carol.openpgp, alice.fingerprint, &carol.key) ==
	      OPENPGP_NO_KEY);
	end_party(&carol);
}

static void
test_a_key_directory_is_ours_alone(void)
{
	char path[PATH_MAX];

	CHECK(openpgp_new(in_top("missing")) == NULL);
	CHECK(chmod(alice.dir, 0750) == 0);
	CHECK(openpgp_new(alice.dir) == NULL);
	CHECK(chmod(alice.dir, 0700) == 0);
	CHECK(openpgp_new(alice.file) == NULL);
	snprintf(path, sizeof(path), "%s/%0100d", top, 0);
	CHECK(mkdir(path, 0700) == 0 && openpgp_new(path) == NULL);
}

int
main(int argc, char **argv)
{
	(void)argc;
	err_init(argv[0]);
	begin_all();
	TEST(what_was_sealed_is_opened_and_says_who_signed_it);
	TEST(sealed_text_is_plain_armor_that_any_gpg_reads);
	TEST(messages_of_any_length_come_back_octet_for_octet);
	TEST(what_is_sealed_unsigned_is_opened_as_unsigned);
	TEST(an_unknown_signer_is_told_apart_from_mail_that_is_not_ours);
	TEST(whom_it_is_for_is_seen_from_outside);
	TEST(a_file_counts_only_while_it_is_the_pinned_key);
	TEST(only_one_public_key_with_its_fingerprint_is_taken_in);
	TEST(a_signature_is_good_for_its_text_and_its_key_only);
	TEST(there_is_one_key_of_our_own);
	TEST(a_key_directory_is_ours_alone);
	end_all();
	return test_end();
}
