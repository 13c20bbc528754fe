#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "seal/container.h"
#include "test.h"

static void
add(struct message *message, struct span octets)
{
	CHECK(message_add(message, octets.p, octets.len) == 0);
}

/* All octets of a message, which is the caller's to free. */
static char *
octets_of(const struct message *message, size_t *len)
{
	char *p = malloc((size_t)message_size(message) + 1);
	ssize_t n;

	*len = 0;
	if (p == NULL)
		abort();
	while ((n = message_read(message, *len, p + *len,
		    (size_t)message_size(message) - *len)) > 0)
		*len += (size_t)n;
	return p;
}

static bool
same_message(const struct message *a, const struct message *b)
{
	size_t alen, blen;
	char *p = octets_of(a, &alen), *q = octets_of(b, &blen);
	bool same = alen == blen && memcmp(p, q, alen) == 0;

	free(p);
	free(q);
	return same;
}

static void
make(struct frame *frame, struct span octets)
{
	frame_init(frame);
	CHECK(frame_add(frame, "id", span_of("x1")) == 0);
	CHECK(frame_add(frame, "direction", span_of("inbound")) == 0);
	CHECK(frame_add(frame, "x-new", span_of("caf\303\251 \377")) == 0);
	CHECK(frame_add(frame, "sender", span_of("")) == 0);
	CHECK(frame_add(frame, "recipient", span_of("box a@b.example")) == 0);
	add(&frame->message, octets);
}

/* Whether the octets come back in a frame. */
static bool
comes_back(struct span octets)
{
	struct frame frame, back;
	struct message plain, want;
	bool same;

	make(&frame, octets);
	message_init(&plain);
	message_init(&want);
	frame_init(&back);
	add(&want, octets);
	same = container_wrap(&frame, &plain) == 0 &&
	       container_unwrap(&plain, &back) == 0 &&
	       span_eq(buf_span(&frame.fields), buf_span(&back.fields)) &&
	       back.recipients == 1 && back.verdict == VERDICT_PASS &&
	       same_message(&want, &back.message) &&
	       message_size(&plain) == container_padded(message_size(&plain));
	frame_free(&frame);
	frame_free(&back);
	message_free(&plain);
	message_free(&want);
	return same;
}

static void
test_padding_is_that_of_padme(void)
{
	/* from the paper's formula, worked out by hand */
	static const uint64_t want[][2] = {{0, 0}, {1, 1}, {2, 2}, {3, 3},
	    {8, 8}, {9, 10}, {15, 16}, {100, 104}, {1000, 1024}, {1025, 1088},
	    {8192, 8192}, {8193, 8704}, {10000, 10240}, {1000001, 1015808},
	    {(1ULL << 30) - 1, 1ULL << 30}};
	uint64_t len, padded;
	size_t i;

	for (i = 0; i < nitems(want); i++)
		CHECK(container_padded(want[i][0]) == want[i][1]);
	for (len = 1; len < 1000000; len += 1 + len / 100) {
		padded = container_padded(len);
		CHECK(padded >= len && (padded - len) * 100 <= len * 12);
		CHECK(container_padded(padded) == padded);
	}
}

static void
test_any_octets_come_back(void)
{
	static const char nul[] = "S: a\n\nb\0c\0";
	static char line[70000];
	size_t i;

	CHECK(comes_back(span_of("Subject: t\n\nhello\n")));
	CHECK(comes_back(span_of("Subject: t\r\n\r\nhello\r\n.\r\n")));
	CHECK(comes_back(span_of("Subject: no final newline\n\nx")));
	CHECK(comes_back(span_of("")));
	CHECK(comes_back(span_of("\n")));
	CHECK(comes_back(span_of("\r")));
	CHECK(comes_back(span_of("a\rb\r\rc\n\r")));
	CHECK(comes_back(span_of("\303\377\200\001\177")));
	CHECK(comes_back(span_of("--=_\n--=_--\npimail 1\nsize: 3\n\n")));
	CHECK(comes_back((struct span){nul, sizeof(nul)}));
	for (i = 0; i < sizeof(line); i++)
		line[i] = (char)(i * 31 >> 3);
	for (i = 32700; i < 32800; i++)
		CHECK(comes_back((struct span){line, i}));
	CHECK(comes_back((struct span){line, sizeof(line)}));
}

static void
test_a_long_message_comes_back(void)
{
	size_t len = 3 * MESSAGE_MEMORY + 17, i;
	char *p = malloc(len);

	if (p == NULL)
		abort();
	for (i = 0; i < len; i++)
		p[i] = (char)(i * 2654435761U >> 24);
	CHECK(comes_back((struct span){p, len}));
	free(p);
}

static void
test_a_raw_message_has_no_fields(void)
{
	struct frame frame, back;
	struct message plain;

	frame_init(&frame);
	frame_init(&back);
	message_init(&plain);
	add(&frame.message, span_of("a: b\n\nc\n"));
	CHECK(container_wrap(&frame, &plain) == 0);
	CHECK(container_unwrap(&plain, &back) == 0);
	CHECK(back.fields.len == 0);
	message_reset(&plain);
	add(&plain, span_of("a: b\n\nc\n"));
	CHECK(same_message(&plain, &back.message));
	frame_free(&frame);
	frame_free(&back);
	message_free(&plain);
}

static void
test_very_many_recipients_come_back(void)
{
	struct frame frame, back;
	struct message plain;
	char text[FRAME_LINE_MAX];
	int i;

	frame_init(&frame);
	frame_init(&back);
	message_init(&plain);
	CHECK(frame_add(&frame, "id", span_of("x1")) == 0);
	for (i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "box%d %0900d@b.example", i, i);
		CHECK(frame_add(&frame, "recipient", span_of(text)) == 0);
	}
	CHECK(frame.fields.len > MESSAGE_TOP_MAX);
	add(&frame.message, span_of("a: b\n\nc\n"));
	CHECK(container_wrap(&frame, &plain) == 0);
	CHECK(container_unwrap(&plain, &back) == 0);
	CHECK(back.recipients == 500 && message_size(&back.message) == 8);
	CHECK(span_eq(buf_span(&frame.fields), buf_span(&back.fields)));
	frame_free(&frame);
	frame_free(&back);
	message_free(&plain);
}

/* What unwrapping these octets says: 0, or errno. */
static int
unwrap_error(struct span octets)
{
	struct message plain;
	struct frame frame;
	int error;

	message_init(&plain);
	frame_init(&frame);
	add(&plain, octets);
	error = container_unwrap(&plain, &frame) == 0 ? 0 : errno;
	message_free(&plain);
	frame_free(&frame);
	return error;
}

static void
test_nothing_else_is_unwrapped(void)
{
	struct message plain;
	struct frame frame;
	size_t len, i, head;
	char *p;
	int bad = 0;

	make(&frame, span_of("Subject: t\n\nhello\n"));
	message_init(&plain);
	CHECK(container_wrap(&frame, &plain) == 0);
	p = octets_of(&plain, &len);
	CHECK(unwrap_error((struct span){p, len}) == 0);
	p[len] = '\0';
	head = (size_t)(strstr(p, "Subject: t") - p);
	/* that it is cut can be told by its size, or when that of the message
	 * is known */
	for (i = 1; i < len; i++)
		bad += unwrap_error((struct span){p, i}) !=
		       (i < strlen("Content-Type: multipart/mixed; boundary"
				   "=\"=_") ||
				   (i < head && container_padded(i) == i)
			       ? EBADMSG
			       : ENODATA);
	CHECK(bad == 0);
	CHECK(unwrap_error((struct span){p, 0}) == ENODATA);
	/* values may be anything but DEL, the LF behind two of them, too, and
	 * so may the message */
	for (i = 0; i < len; i++) {
		p[i] ^= '\200';
		if (unwrap_error((struct span){p, len}) == 0)
			bad++;
		p[i] ^= '\200';
	}
	CHECK(bad ==
	      (int)(strlen("caf\303\251 \n") + strlen("\n") +
		    strlen("a@b.example") + strlen("Subject: t\n\nhello\n")));
	p[len] = ' ';
	CHECK(unwrap_error((struct span){p, len + 1}) == EBADMSG);
	free(p);
	frame_free(&frame);
	message_free(&plain);
}

/* The fields as somebody hostile may write them. */
static int
fields_error(const char *fields)
{
	struct message plain;
	struct frame frame;
	int error;

	frame_init(&frame);
	buf_adds(&frame.fields, fields);
	message_init(&plain);
	CHECK(container_wrap(&frame, &plain) == 0);
	frame_reset(&frame);
	error = container_unwrap(&plain, &frame) == 0 ? 0 : errno;
	message_free(&plain);
	frame_free(&frame);
	return error;
}

static void
test_fields_are_those_of_a_frame(void)
{
	static const char *const bad[] = {"sender: a@b\n", "id: a\nid: b\n",
	    "id: a\ndirection: inbound\ndirection: inbound\n",
	    "id: a\ndirection: up\n", "id: a\nsender: \nsender: \n",
	    "id: a\nsize: 0\n", "id: a b\n", "id: a\n!new: 1\n",
	    "id: a\n: value\n", "id: a\nx:y\n", "id: a\nx\n", "\n", "id: a\n\n",
	    "id: a\nrecipient: ../x a@b\n", "id: a\nx: \t\n", "id: a\nX: y\n"};
	char line[FRAME_LINE_MAX + 20];
	size_t i;

	CHECK(fields_error("id: a\nx-new: \n") == 0);
	for (i = 0; i < nitems(bad); i++)
		CHECK(fields_error(bad[i]) == EBADMSG);
	snprintf(line, sizeof(line), "id: a\nx: %0*d\n", FRAME_LINE_MAX - 3, 0);
	CHECK(fields_error(line) == 0);
	snprintf(line, sizeof(line), "id: a\nx: %0*d\n", FRAME_LINE_MAX - 2, 0);
	CHECK(fields_error(line) == EBADMSG);
}

#define ARMOR                                                                  \
	"-----BEGIN PGP MESSAGE-----\n\nhQEMA+/0\n=abcd\n-----END PGP MESSAGE" \
	"-----\n"

static void
enclose(struct message *message, const char *armor, time_t date)
{
	message_init(message);
	add(message, span_of(armor));
	CHECK(container_enclose(message, "carol", "carol.example.net", date) ==
	      0);
}

/* Whether it is disclosed again, as it was, and for carol. */
static bool
discloses(const struct message *sealed, bool strict, const char *armor)
{
	struct buf owner = BUF_INIT(100);
	struct message armored, want;
	bool same;

	message_init(&armored);
	message_init(&want);
	add(&want, span_of(armor));
	same = container_disclose(sealed, strict, &owner, &armored) == 0 &&
	       same_message(&armored, &want) &&
	       (!strict || span_is(buf_span(&owner), "carol"));
	message_free(&armored);
	message_free(&want);
	buf_free(&owner);
	return same;
}

static void
test_what_is_enclosed_is_disclosed(void)
{
	struct message sealed;

	enclose(&sealed, ARMOR, 0);
	CHECK(discloses(&sealed, true, ARMOR));
	CHECK(discloses(&sealed, false, ARMOR));
	message_free(&sealed);
}

static void
test_strict_takes_nothing_in_the_clear(void)
{
	static const char *const bad[] = {"", "text\n",
	    "-----BEGIN PGP MESSAGE-----\nComment: a secret\n\nhQ==\n"
	    "-----END PGP MESSAGE-----\n",
	    "-----BEGIN PGP MESSAGE-----\n\nhQ==\na secret\n"
	    "-----END PGP MESSAGE-----\n",
	    "-----BEGIN PGP MESSAGE-----\n\nhQ==\n",
	    "-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\ntext\n"};
	struct message sealed;
	size_t i;

	for (i = 0; i < nitems(bad); i++) {
		enclose(&sealed, bad[i], 0);
		CHECK(!discloses(&sealed, true, bad[i]));
		message_free(&sealed);
	}
	/* one with a date is for a mailbox, and not for a node */
	enclose(&sealed, ARMOR, 1795000000);
	CHECK(!discloses(&sealed, true, ARMOR));
	CHECK(discloses(&sealed, false, ARMOR));
	message_free(&sealed);
}

static void
test_strict_takes_no_other_octet(void)
{
	struct message sealed, other;
	size_t len, i, taken = 0, cut = 0;
	char *p;

	enclose(&sealed, ARMOR, 0);
	p = octets_of(&sealed, &len);
	message_init(&other);
	for (i = 0; i < len; i++) {
		p[i] ^= 0x40;
		message_reset(&other);
		add(&other, (struct span){p, len});
		taken += discloses(&other, true, ARMOR);
		p[i] ^= 0x40;
		message_reset(&other);
		add(&other, (struct span){p, i});
		cut += discloses(&other, true, ARMOR);
	}
	CHECK(taken == 0 && cut == 0);
	free(p);
	message_free(&sealed);
	message_free(&other);
}

static void
test_the_date_of_a_message_is_one(void)
{
	struct message sealed;
	size_t len;
	char *p;

	enclose(&sealed, ARMOR, 1795000000);
	p = octets_of(&sealed, &len);
	p[len] = '\0';
	CHECK(strstr(p, "\nDate: Wed, 18 Nov 2026 11:06:40 +0000\n") != NULL);
	free(p);
	message_free(&sealed);
	enclose(&sealed, ARMOR, 0);
	p = octets_of(&sealed, &len);
	p[len] = '\0';
	CHECK(strstr(p, "\nDate: Thu, 01 Jan 1970 00:00:00 +0000\n") != NULL);
	CHECK(strstr(p, "\nTo: carol@carol.example.net\n") != NULL);
	free(p);
	message_free(&sealed);
}

static void
test_names_cannot_forge_a_header(void)
{
	static const char *const bad[] = {
	    "", "a b", "a\nSubject: x", "a@b", "caf\303\251", "\"", "a\r"};
	struct message message;
	size_t i;

	message_init(&message);
	for (i = 0; i < nitems(bad); i++) {
		CHECK(container_enclose(&message, bad[i], "b.example", 0) < 0);
		CHECK(container_enclose(&message, "a", bad[i], 0) < 0);
	}
	message_free(&message);
}

/* A message of PGP/MIME by somebody else; what its second part holds. */
static bool
finds(const char *text, const char *payload)
{
	struct message message;
	bool found;

	message_init(&message);
	add(&message, span_of(text));
	found = discloses(&message, false, payload);
	message_free(&message);
	return found;
}

#define OTHERS(type, encoding, body)                                           \
	"Received: x\nSubject: s\ncontent-TYPE: " type "\nTo: x\n\n"           \
	"preamble\n--b\nContent-Type: application/pgp-encrypted\n\n"           \
	"Version: 1\n\n--b\nContent-Type: application/octet-stream\n" encoding \
	"\n" body "--b--\n"

static void
test_messages_of_others_are_read(void)
{
	CHECK(
	    finds(OTHERS("multipart/encrypted; boundary=b", "", "x\n"), "x\n"));
	CHECK(finds(OTHERS("Multipart/Encrypted ;\n\tprotocol=\"application/"
			   "pgp-encrypted\";\n boundary=\"b\"",
			"", "x\ny\n"),
	    "x\ny\n"));
	CHECK(finds(OTHERS("multipart/encrypted; boundary=b",
			"Content-Transfer-Encoding: BASE64\n", "eA\np5Cg==\n"),
	    "x\ny\n"));
	CHECK(finds(
	    OTHERS("multipart/encrypted; boundary=b",
		"Content-Transfer-Encoding: quoted-printable\n", "=3Dx=\ny\n"),
	    "=xy\n"));
	CHECK(!finds(OTHERS("multipart/mixed; boundary=b", "", "x\n"), "x\n"));
	CHECK(!finds(OTHERS("multipart/encrypted", "", "x\n"), "x\n"));
	CHECK(!finds(
	    OTHERS("multipart/encrypted; boundary=c", "", "x\n"), "x\n"));
	CHECK(!finds(OTHERS("multipart/encrypted; boundary=b; protocol=\""
			    "application/x\"",
			 "", "x\n"),
	    "x\n"));
	CHECK(!finds("", ""));
	CHECK(!finds("a: b\n\n", ""));
}

int
main(void)
{
	TEST(padding_is_that_of_padme);
	TEST(any_octets_come_back);
	TEST(a_long_message_comes_back);
	TEST(a_raw_message_has_no_fields);
	TEST(very_many_recipients_come_back);
	TEST(nothing_else_is_unwrapped);
	TEST(fields_are_those_of_a_frame);
	TEST(what_is_enclosed_is_disclosed);
	TEST(strict_takes_nothing_in_the_clear);
	TEST(strict_takes_no_other_octet);
	TEST(the_date_of_a_message_is_one);
	TEST(names_cannot_forge_a_header);
	TEST(messages_of_others_are_read);
	return test_end();
}
