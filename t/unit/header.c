/* header: fields go, and nothing else changes. */
#include <errno.h>
#include <string.h>

#include "mail/header.h"
#include "test.h"

#define TEXT(literal) ((struct span){(literal), sizeof(literal) - 1})

/* All octets of a message. */
static struct buf
octets_of(const struct message *message)
{
	struct buf out = BUF_INIT(64 << 20);
	char chunk[4096];
	ssize_t n;

	while ((n = message_read(message, out.len, chunk, sizeof(chunk))) > 0)
		CHECK(buf_add(&out, chunk, (size_t)n));
	CHECK(n == 0);
	return out;
}

/* Whether a message without the fields is another one, in memory and in a
 * file. */
static bool
becomes(const char *name, struct span from, struct span to)
{
	struct message message;
	struct buf out;
	bool same = true;
	int in_file;

	for (in_file = 0; in_file <= 1; in_file++) {
		message_init(&message);
		if (in_file)
			message.memory_max = 0;
		CHECK(message_add(&message, from.p, from.len) == 0);
		CHECK(header_remove(&message, name) == 0);
		CHECK(message_size(&message) == to.len);
		CHECK((message.file >= 0) == (in_file && to.len > 0));
		out = octets_of(&message);
		same = same && span_eq(buf_span(&out), to);
		buf_free(&out);
		message_free(&message);
	}
	return same;
}

#define REMOVES(from, to) CHECK(becomes("X-Virus-*", TEXT(from), TEXT(to)))

static void
test_fields_go_wherever_they_stand(void)
{
	REMOVES("X-Virus-Status: Clean\nA: b\n\nbody\n", "A: b\n\nbody\n");
	REMOVES("A: b\nX-Virus-Status: Clean\n\nbody\n", "A: b\n\nbody\n");
	REMOVES("A: b\nX-Virus-A: 1\nC: d\nX-Virus-B: 2\nX-Virus-C:\n\n",
	    "A: b\nC: d\n\n");
	REMOVES("X-Virus-Status: Clean\n\nbody", "\nbody");
	REMOVES("X-Virus-Status: Clean\n", "");
	REMOVES("X-Virus-Status: Clean", "");
	REMOVES("A: b\nX-Virus-", "A: b\n");
}

static void
test_case_and_blanks_before_the_colon_hide_nothing(void)
{
	REMOVES("x-vIRUS-sTATUS: Clean\n\n", "\n");
	REMOVES("X-Virus-Status : Clean\n\n", "\n");
	REMOVES("X-Virus-Status\t \t: Clean\n\n", "\n");
	CHECK(becomes("X-Spam", TEXT("x-SPAM \t: y\nA: b\n"), TEXT("A: b\n")));
}

static void
test_continued_lines_go_with_their_field_and_no_others(void)
{
	REMOVES(
	    "X-Virus-Status: a\n b\n\tc\n \n\t\nA: b\n c\n\n", "A: b\n c\n\n");
	REMOVES("A: b\n X-Virus-Status: c\nX-Virus-D: e\n f\n\n",
	    "A: b\n X-Virus-Status: c\n\n");
	REMOVES(" X-Virus-Status: first line\nA: b\n\n",
	    " X-Virus-Status: first line\nA: b\n\n");
	REMOVES("X-Virus-A: b\n c", "");
}

static void
test_crlf_and_nul_and_bare_cr(void)
{
	REMOVES(
	    "A: b\r\nX-Virus-Status: a\r\n b\r\nC: d\r\n\r\nX-Virus-: e\r\n",
	    "A: b\r\nC: d\r\n\r\nX-Virus-: e\r\n");
	REMOVES(
	    "A: \0\nX-Virus-Status: \0\0\n\0: b\n\n\0", "A: \0\n\0: b\n\n\0");
	REMOVES("A: b\rX-Virus-C: d\r\n\r\n", "A: b\rX-Virus-C: d\r\n\r\n");
	REMOVES("A: b\n\r\r\nX-Virus-C: d\n\r\n", "A: b\n\r\r\n\r\n");
	REMOVES("X-Virus-C: d\r", "");
}

static void
test_the_body_stays_whatever_it_holds(void)
{
	REMOVES("\nX-Virus-Status: a\n", "\nX-Virus-Status: a\n");
	REMOVES("\r\nX-Virus-Status: a\n", "\r\nX-Virus-Status: a\n");
	REMOVES(
	    "A: b\n\nX-Virus-Status: a\n\n", "A: b\n\nX-Virus-Status: a\n\n");
	REMOVES("X-Virus-A: b\n\nX-Virus-Status: a\n", "\nX-Virus-Status: a\n");
	REMOVES("", "");
	REMOVES("no header at all", "no header at all");
}

static void
test_other_names_stay(void)
{
	REMOVES("X-Viru: a\nXX-Virus-A: b\nX-Virus_A: c\nX Virus-: d\n\n",
	    "X-Viru: a\nXX-Virus-A: b\nX-Virus_A: c\nX Virus-: d\n\n");
	CHECK(becomes("X-Spam",
	    TEXT("X-Spam-Status: a\nX-Spa: b\nX-Spam\nX-Spam\r\n\n"),
	    TEXT("X-Spam-Status: a\nX-Spa: b\nX-Spam\nX-Spam\r\n\n")));
}

static void
test_fields_across_the_pieces_that_are_read(void)
{
	static const char field[] = "X-Virus-Status: forged\n continued\n";
	static char from[70000], to[70000];
	size_t at, body;

	for (at = 32768 - 40; at <= 32768 + 2; at++) {
		memset(to, 'x', sizeof(to));
		memcpy(to, "A: ", 3);
		to[at - 1] = '\n';
		memcpy(to + at, "B: c\n\n", 6);
		memcpy(from, to, at);
		memcpy(from + at, field, sizeof(field) - 1);
		body = sizeof(from) - at - (sizeof(field) - 1);
		memcpy(from + at + sizeof(field) - 1, to + at, body);
		CHECK(becomes("X-Virus-*", (struct span){from, sizeof(from)},
		    (struct span){to, at + body}));
	}
}

static void
test_what_was_put_on_top_is_searched_too(void)
{
	struct message message;
	struct buf out;

	message_init(&message);
	CHECK(message_add(&message, " more\nB: c\n\nd", 13) == 0);
	CHECK(
	    message_prepend(&message, TEXT("A: b\nX-Virus-Status: a\n")) == 0);
	CHECK(header_remove(&message, "x-virus-*") == 0);
	out = octets_of(&message);
	CHECK(span_eq(buf_span(&out), TEXT("A: b\nB: c\n\nd")));
	buf_free(&out);
	message_free(&message);
}

static void
test_a_message_without_such_a_field_is_not_copied(void)
{
	struct message message;
	const char *before;

	message_init(&message);
	CHECK(message_add(&message, "A: b\n\nX-Virus-A: b\n", 19) == 0);
	before = message.memory.p;
	CHECK(header_remove(&message, "X-Virus-*") == 0);
	CHECK(message.memory.p == before);
	message_free(&message);
}

static void
test_a_full_disk_leaves_the_message_as_it_is(void)
{
	static const char text[] = "X-Virus-A: b\nA: b\n\nc";
	struct message message;
	struct buf out;

	message_init(&message);
	message.memory_max = 0;
	CHECK(message_add(&message, text, sizeof(text) - 1) == 0);
	setenv("TMPDIR", "/nonexistent", 1);
	CHECK(header_remove(&message, "X-Virus-*") == -1 && errno == ENOENT);
	unsetenv("TMPDIR");
	out = octets_of(&message);
	CHECK(span_eq(buf_span(&out), TEXT("X-Virus-A: b\nA: b\n\nc")));
	buf_free(&out);
	message_free(&message);
}

static void
check_end(struct span text, const char *want)
{
	struct message message;

	message_init(&message);
	CHECK(message_add(&message, text.p, text.len) == 0);
	CHECK(strcmp(header_line_end(&message), want) == 0);
	message_free(&message);
}

static void
test_the_line_end_is_that_of_the_first_line(void)
{
	static char line[3000];

	check_end(TEXT(""), "\n");
	check_end(TEXT("a: b"), "\n");
	check_end(TEXT("a: b\r"), "\n");
	check_end(TEXT("a: b\nc: d\r\n"), "\n");
	check_end(TEXT("a: b\r\nc: d\n"), "\r\n");
	check_end(TEXT("a:\rb\nc: d\r\n"), "\n");
	check_end(TEXT("\r\n"), "\r\n");
	memset(line, 'a', sizeof(line));
	line[1023] = '\r';
	line[1024] = '\n';
	check_end((struct span){line, sizeof(line)}, "\r\n");
}

int
main(void)
{
	TEST(fields_go_wherever_they_stand);
	TEST(case_and_blanks_before_the_colon_hide_nothing);
	TEST(continued_lines_go_with_their_field_and_no_others);
	TEST(crlf_and_nul_and_bare_cr);
	TEST(the_body_stays_whatever_it_holds);
	TEST(other_names_stay);
	TEST(fields_across_the_pieces_that_are_read);
	TEST(what_was_put_on_top_is_searched_too);
	TEST(a_message_without_such_a_field_is_not_copied);
	TEST(a_full_disk_leaves_the_message_as_it_is);
	TEST(the_line_end_is_that_of_the_first_line);
	return test_end();
}
