/* armor: text from octets and octets from text, and whom it is for. */
#include <errno.h>

#include "seal/armor.h"
#include "test.h"

#define BEGIN "-----BEGIN PGP MESSAGE-----\n"
#define END "-----END PGP MESSAGE-----\n"
#define SIZE 8192

static void
write_text(struct message *text, const char *octets, size_t len, size_t piece)
{
	struct armor_writer writer;
	size_t at, n;

	message_reset(text);
	CHECK(armor_write_init(&writer, text) == 0);
	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		CHECK(armor_write(&writer, octets + at, n) == 0);
	}
	CHECK(armor_write_end(&writer) == 0);
}

/* What is read, in pieces; -1 if it is no armor. */
static ssize_t
read_text(const struct message *text, char octets[SIZE], size_t piece)
{
	struct armor_reader reader;
	size_t len = 0;
	ssize_t n;

	armor_read_init(&reader, text);
	while (len + piece <= SIZE &&
	       (n = armor_read(&reader, octets + len, piece)) != 0) {
		if (n < 0) {
			CHECK(errno == EBADMSG);
			return -1;
		}
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static void
check_read(const char *text, const char *want)
{
	struct message message;
	char octets[SIZE];
	ssize_t n;

	message_init(&message);
	CHECK(message_add(&message, text, strlen(text)) == 0);
	n = read_text(&message, octets, 100);
	CHECK(want == NULL ? n < 0
			   : n >= 0 && span_is((struct span){octets, n}, want));
	message_free(&message);
}

static void
test_octets_of_any_length_come_back_in_pieces_of_any_size(void)
{
	static const size_t pieces[] = {1, 7, 48, 100, 4096};
	char octets[SIZE], back[SIZE];
	struct message text;
	size_t len, i;

	for (i = 0; i < sizeof(octets); i++)
		octets[i] = (char)(i * 7 + i / 256);
	message_init(&text);
	for (len = 0; len < 200; len++)
		for (i = 0; i < nitems(pieces); i++) {
			write_text(&text, octets, len, pieces[i]);
			CHECK(
			    read_text(&text, back, pieces[i]) == (ssize_t)len);
			CHECK(memcmp(octets, back, len) == 0);
		}
	write_text(&text, octets, 4000, 777);
	CHECK(read_text(&text, back, 333) == 4000);
	CHECK(memcmp(octets, back, 4000) == 0);
	message_free(&text);
}

static void
test_text_is_written_in_lines_of_64(void)
{
	static const char want[] = BEGIN
	    "\n"
	    "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\n"
	    "YWI=\n=1KhA\n" END;
	struct message text;
	struct span spans[2];

	message_init(&text);
	write_text(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
	    50, 50);
	CHECK(message_spans(&text, spans) && span_is(spans[1], want));
	message_free(&text);
}

/* GnuPG 2.2 needs it to find an end that has no "=". */
static void
test_a_checksum_stands_at_the_end(void)
{
	struct span spans[2];
	struct message text;
	char octets[4001];
	size_t i;

	message_init(&text);
	write_text(&text, "123456789", 9, 2);
	CHECK(message_spans(&text, spans) &&
	      span_ends(spans[1], "\nMTIzNDU2Nzg5\n=Ic8C\n" END));
	for (i = 0; i < sizeof(octets); i++)
		octets[i] = (char)(i * 7 + i / 256);
	write_text(&text, octets, sizeof(octets), 777);
	CHECK(message_spans(&text, spans) &&
	      span_ends(spans[1], "=\n=h4NB\n" END));
	message_free(&text);
}

static void
test_text_is_read_as_others_write_it(void)
{
	check_read(BEGIN "\naGVsbG8=\n" END, "hello");
	check_read(BEGIN "\n" END, "");
	check_read(BEGIN "Version: 1\nComment: a\n\naGVsbG8=\n" END, "hello");
	check_read("\n\n" BEGIN "\naGVsbG8=\n" END "\n \n", "hello");
	check_read(BEGIN "\naGVs\nbG8=\n=AbC1\n" END, "hello");
	check_read(BEGIN "\naGVsbG8\n=\n" END, "hello");
	check_read("-----BEGIN PGP MESSAGE-----\r\n\r\naGVsbG8=\r\n"
		   "-----END PGP MESSAGE-----",
	    "hello");
	check_read(BEGIN " \naGVsbG8= \n" END, "hello");
}

static void
test_anything_else_is_not_armor(void)
{
	char line[ARMOR_LINE_MAX + 200];

	check_read("", NULL);
	check_read("hello\n", NULL);
	check_read("a\n" BEGIN "\naGVsbG8=\n" END, NULL);
	check_read(BEGIN, NULL);
	check_read(BEGIN "aGVsbG8=\n" END, NULL);
	check_read(BEGIN "\naGVsbG8=\n", NULL);
	check_read(BEGIN "\naGVs*G8=\n" END, NULL);
	check_read(BEGIN "\naGVs\xc3G8=\n" END, NULL);
	check_read(BEGIN "\naGVsbG8=aGVs\n" END, NULL);
	check_read(BEGIN "\naGVsbG8=\naGVs\n" END, NULL);
	check_read(BEGIN "\naGVs\n\nbG8=\n" END, NULL);
	check_read(BEGIN "\naGVsbG8=\n=AbC1\n=AbC1\n" END, NULL);
	check_read(BEGIN "\naGVsbG8=\n" END "more\n", NULL);
	check_read(BEGIN "\naGVsbG8=\n-----END PGP SIGNATURE-----\n", NULL);
	snprintf(line, sizeof(line), BEGIN "\n%0*d\n" END, ARMOR_LINE_MAX, 0);
	check_read(line, NULL);
}

static int
keys_of(const char *octets, size_t len, uint64_t ids[ARMOR_KEYS])
{
	struct message text;
	int n;

	message_init(&text);
	write_text(&text, octets, len, len);
	errno = 0;
	n = armor_keys(&text, ids);
	CHECK(n >= 0 || errno == EBADMSG);
	message_free(&text);
	return n;
}

#define KEYS_OF(octets) keys_of(octets, sizeof(octets) - 1, ids)

/* session keys: old format, new format, of two octets' length; all of version
 * 3, with an id and something of no matter */
#define FOR_ONE "\x84\x0a\x03\0\0\0\0\0\0\0\1\x12"
#define FOR_TWO "\xc1\x0b\x03\0\0\0\0\0\0\0\2\x12\x34"
#define FOR_THREE "\x85\x00\x0a\x03\x80\0\0\0\0\0\0\3\x12"
#define ENCRYPTED "\xd2\xff\0\0\x10\0"

static void
test_whom_a_message_is_for_is_in_its_first_packets(void)
{
	uint64_t ids[ARMOR_KEYS];

	CHECK(KEYS_OF(FOR_ONE ENCRYPTED) == 1 && ids[0] == 1);
	CHECK(KEYS_OF(FOR_TWO FOR_ONE FOR_THREE ENCRYPTED) == 3);
	CHECK(ids[0] == 2 && ids[1] == 1 && ids[2] == 0x8000000000000003);
	CHECK(KEYS_OF(ENCRYPTED) == 0);
	/* a marker, and a key by a passphrase */
	CHECK(KEYS_OF("\xca\x03PGP\x8c\x01\x04" FOR_ONE ENCRYPTED) == 1);
	/* without an integrity check */
	CHECK(KEYS_OF(FOR_ONE "\xc9\x04text") < 0);
	CHECK(KEYS_OF(FOR_ONE) < 0);
	CHECK(KEYS_OF("") < 0);
	CHECK(KEYS_OF("text") < 0);
	/* another version, cut off, of no length */
	CHECK(KEYS_OF("\x84\x0a\x06\0\0\0\0\0\0\0\1\x12" ENCRYPTED) < 0);
	CHECK(KEYS_OF("\x84\x05\x03\0\0\0\0" ENCRYPTED) < 0);
	CHECK(KEYS_OF("\x84\x7f\x03\0\0\0\0") < 0);
	CHECK(KEYS_OF("\x87\x03\0\0\0\0\0\0\0\1\x12" ENCRYPTED) < 0);
	CHECK(KEYS_OF("\xc1\xff\xff\xff\xff\xff\x03") < 0);
}

static void
test_a_message_for_too_many_is_none(void)
{
	char octets[(ARMOR_KEYS + 1) * 12 + 6];
	uint64_t ids[ARMOR_KEYS];
	size_t i;

	for (i = 0; i <= ARMOR_KEYS; i++)
		memcpy(octets + i * 12, FOR_ONE, 12);
	memcpy(octets + i * 12, ENCRYPTED, 6);
	CHECK(keys_of(octets + 12, sizeof(octets) - 12, ids) == ARMOR_KEYS);
	CHECK(keys_of(octets, sizeof(octets), ids) < 0);
}

int
main(void)
{
	TEST(octets_of_any_length_come_back_in_pieces_of_any_size);
	TEST(text_is_written_in_lines_of_64);
	TEST(a_checksum_stands_at_the_end);
	TEST(text_is_read_as_others_write_it);
	TEST(anything_else_is_not_armor);
	TEST(whom_a_message_is_for_is_in_its_first_packets);
	TEST(a_message_for_too_many_is_none);
	return test_end();
}
