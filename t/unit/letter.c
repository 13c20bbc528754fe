#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/letter.h"
#include "test.h"

static struct letter letter;
static struct message message;

/* What the letter writes, read back.  The caller frees it. */
static struct buf
written(const char *head)
{
	struct buf out = BUF_INIT(64 << 20);
	FILE *file = tmpfile();
	char chunk[65536];
	ssize_t n;

	CHECK(file != NULL &&
	      letter_write(&letter, span_of(head), fileno(file)) == 0);
	CHECK(lseek(fileno(file), 0, SEEK_SET) == 0);
	while ((n = read(fileno(file), chunk, sizeof(chunk))) > 0)
		CHECK(buf_add(&out, chunk, (size_t)n));
	fclose(file);
	return out;
}

static void
take(struct span octets)
{
	message_free(&message);
	CHECK(message_add(&message, octets.p, octets.len) == 0);
	CHECK(letter_open(&letter, &message, false) == 0);
}

/* Whether the letter of one text is the other, and its size is right. */
static bool
becomes(struct span from, struct span to, uint64_t wire)
{
	struct buf out;
	bool same;

	take(from);
	out = written("");
	same = span_eq(buf_span(&out), to);
	buf_free(&out);
	return same && letter.size.octets == to.len && letter.size.wire == wire;
}

#define TEXT(literal) ((struct span){(literal), sizeof(literal) - 1})

static void
test_line_ends(void)
{
	CHECK(becomes(TEXT(""), TEXT(""), 0));
	CHECK(becomes(TEXT("\r"), TEXT("\r"), 1));
	CHECK(becomes(TEXT("\n"), TEXT("\n"), 2));
	CHECK(becomes(TEXT("\r\n"), TEXT("\n"), 2));
	CHECK(becomes(TEXT("\r\r\n"), TEXT("\r\n"), 2));
	CHECK(becomes(TEXT("\n\r"), TEXT("\n\r"), 3));
	CHECK(becomes(
	    TEXT("a\r\nb\nc\rd\r\r\re"), TEXT("a\nb\nc\rd\r\r\re"), 13));
	CHECK(
	    becomes(TEXT("A: \0\xff\r\n\r\n\0"), TEXT("A: \0\xff\n\n\0"), 10));
}

static void
test_return_path(void)
{
	CHECK(becomes(TEXT("Return-Path: x\n"), TEXT(""), 0));
	CHECK(becomes(TEXT("RETURN-path:"), TEXT(""), 0));
	CHECK(becomes(TEXT("A: b\nReturn-Path \t: x\n y\n\tz\nC: d\n\n"),
	    TEXT("A: b\nC: d\n\n"), 14));
	CHECK(becomes(
	    TEXT("\nReturn-Path: x\n"), TEXT("\nReturn-Path: x\n"), 18));
	CHECK(becomes(
	    TEXT("\r\nReturn-Path: x\n"), TEXT("\nReturn-Path: x\n"), 18));
	CHECK(becomes(
	    TEXT("Return-Path\n: x\n"), TEXT("Return-Path\n: x\n"), 18));
	CHECK(
	    becomes(TEXT(" Return-Path: x\n"), TEXT(" Return-Path: x\n"), 17));
	CHECK(
	    becomes(TEXT("Return-Path: x\n \n a\nB: c\n"), TEXT("B: c\n"), 6));
	take(TEXT("Return-Path: x\n"));
	CHECK(letter_open(&letter, &message, true) == 0);
	CHECK(letter.size.octets == 15);
}

static void
test_loops(void)
{
	take(TEXT("Delivered-To: a@b.example\r\nx: y\r\n"
		  "DELIVERED-TO :\r\n\t \"c d\"@b.example \t\r\n more\r\n\r\n"
		  "Delivered-To: body@b.example\r\n"));
	CHECK(letter_loops(&letter, span_of("a@b.example")));
	CHECK(letter_loops(&letter, span_of("A@B.EXAMPLE")));
	CHECK(letter_loops(&letter, span_of("\"c d\"@b.example")));
	CHECK(!letter_loops(&letter, span_of("body@b.example")));
	CHECK(!letter_loops(&letter, span_of("a@b.exampl")));
	CHECK(!letter_loops(&letter, span_of("a@b.example2")));
	take(TEXT("x: y\n"));
	CHECK(!letter_loops(&letter, span_of("a@b.example")));
	take(TEXT("Delivered-To"));
	CHECK(!letter_loops(&letter, span_of("a@b.example")));
}

static void
test_head_and_top(void)
{
	struct letter_size size;
	struct buf out;

	message_free(&message);
	CHECK(message_add(&message, "A: b\r\n\r\nx", 9) == 0);
	CHECK(message_prepend(&message, span_of("Return-Path: t\r\nT: t\r")) ==
	      0);
	CHECK(message_prepend(&message, span_of("S: s\r\n")) == 0);
	CHECK(letter_open(&letter, &message, false) == 0);
	out = written("H: h\n");
	CHECK(strcmp(buf_str(&out), "H: h\nS: s\nT: t\rA: b\n\nx") == 0);
	size = letter.size;
	letter_count(&size, span_of("H: h\n"));
	CHECK(size.octets == out.len && size.wire == out.len + 4);
	buf_free(&out);
}

/* A message in a file, with a CRLF at every border of a chunk. */
static void
test_long(void)
{
	size_t n, len = (3 << 20) + 5, shift;
	char *text = malloc(len), *want = malloc(len), *p;
	uint64_t wire;

	CHECK(text != NULL && want != NULL);
	for (shift = 0; shift < 7; shift++) {
		for (n = 0; n < len; n++)
			text[n] = "abcd\r\n\r"[(n + shift) % 7];
		memcpy(text, "A: b\n\n", 6);
		p = want;
		wire = 2;
		for (n = 0; n < len; n++) {
			if (n + 1 == len || text[n] != '\r' ||
			    text[n + 1] != '\n')
				*p++ = text[n];
			wire += n > 5 && text[n] == '\n';
		}
		wire += (uint64_t)(p - want);
		CHECK(becomes((struct span){text, len},
		    (struct span){want, (size_t)(p - want)}, wire));
	}
	free(text);
	free(want);
}

int
main(void)
{
	letter_init(&letter);
	message_init(&message);
	TEST(line_ends);
	TEST(return_path);
	TEST(loops);
	TEST(head_and_top);
	TEST(long);
	message_free(&message);
	letter_free(&letter);
	return test_end();
}
