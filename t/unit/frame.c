#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "mail/frame.h"
#include "test.h"

/* The frame as octets, by way of a pipe (it must fit into one). */
static struct span
written(const struct frame *frame, char *out, size_t size)
{
	int ends[2];
	ssize_t n;

	if (pipe(ends) < 0)
		abort();
	CHECK(frame_write(frame, ends[1], CLOCK_NEVER) == 0);
	close(ends[1]);
	n = read(ends[0], out, size);
	close(ends[0]);
	return (struct span){out, n < 0 ? 0 : (size_t)n};
}

/* What frame_read() says of these octets. */
static int
read_octets(struct frame *frame, struct span octets)
{
	struct io_in in;
	int ends[2], rc;

	if (pipe(ends) < 0 ||
	    write(ends[1], octets.p, octets.len) != (ssize_t)octets.len)
		abort();
	close(ends[1]);
	io_in_init(&in, ends[0]);
	rc = frame_read(frame, &in);
	io_in_free(&in);
	close(ends[0]);
	return rc;
}

static void
make(struct frame *frame)
{
	frame_init(frame);
	CHECK(frame_add(frame, "id", span_of("x1")) == 0);
	CHECK(frame_add(frame, "direction", span_of("inbound")) == 0);
	CHECK(frame_add(frame, "sender", span_of("")) == 0);
	CHECK(frame_add(frame, "recipient", span_of("box a@b.example")) == 0);
	CHECK(message_add(&frame->message, "S: t\n\nhi\n", 9) == 0);
}

static void
test_comes_back_as_it_went(void)
{
	struct frame frame, back;
	struct frame_recipient recipient;
	char octets[4096], again[4096];
	struct span span, value;
	size_t at = 0;

	make(&frame);
	CHECK(message_prepend(&frame.message, span_of("X: 1\n")) == 0);
	span = written(&frame, octets, sizeof(octets));
	frame_init(&back);
	CHECK(read_octets(&back, span) == 1);
	CHECK(span_eq(span, written(&back, again, sizeof(again))));
	CHECK(message_size(&back.message) == 14);
	value = frame_get(&back, "sender");
	CHECK(value.p != NULL && value.len == 0);
	CHECK(frame_get(&back, "sende").p == NULL);
	CHECK(frame_next_recipient(&back, &at, &recipient));
	CHECK(span_eq(recipient.mailbox, span_of("box")));
	CHECK(span_eq(recipient.address, span_of("a@b.example")));
	CHECK(!frame_next_recipient(&back, &at, &recipient));
	frame_free(&frame);
	frame_free(&back);
}

static void
test_sees_every_changed_bit(void)
{
	struct frame frame, back;
	char octets[4096];
	struct span span;
	size_t i;
	int bit;

	make(&frame);
	frame_init(&back);
	span = written(&frame, octets, sizeof(octets));
	for (i = 0; i < span.len; i++)
		for (bit = 0; bit < 8; bit++) {
			octets[i] ^= (char)(1 << bit);
			CHECK(read_octets(&back, span) == -1);
			octets[i] ^= (char)(1 << bit);
		}
	CHECK(read_octets(&back, span) == 1);
	frame_free(&frame);
	frame_free(&back);
}

static void
test_sees_every_cut(void)
{
	struct frame frame, back;
	char octets[4096];
	struct span span;
	size_t i;

	make(&frame);
	frame_init(&back);
	span = written(&frame, octets, sizeof(octets));
	CHECK(read_octets(&back, (struct span){octets, 0}) == 0);
	for (i = 1; i < span.len; i++)
		CHECK(read_octets(&back, (struct span){octets, i}) == -1);
	frame_free(&frame);
	frame_free(&back);
}

/* What frame_is_next() says of these octets. */
static int
is_next(const char *octets, size_t len)
{
	struct io_in in;
	int ends[2], rc;

	if (pipe(ends) < 0 || write(ends[1], octets, len) != (ssize_t)len)
		abort();
	close(ends[1]);
	io_in_init(&in, ends[0]);
	rc = frame_is_next(&in);
	io_in_free(&in);
	close(ends[0]);
	return rc;
}

static void
test_is_known_even_when_damaged(void)
{
	char octets[] = "pimail 1\nid: x\n";
	size_t i;
	int bit;

	CHECK(is_next(octets, 0) == -1 && errno == 0);
	for (i = 1; i < sizeof(octets); i++)
		CHECK(is_next(octets, i) == 1);
	for (i = 0; i < sizeof(octets) - 1; i++)
		for (bit = 0; bit < 8; bit++) {
			octets[i] ^= (char)(1 << bit);
			CHECK(is_next(octets, sizeof(octets) - 1) == 1);
			octets[i] ^= (char)(1 << bit);
		}
	CHECK(is_next("pimail 2\n", 9) == 1);
	CHECK(is_next("From: a@b.example\n\n", 19) == 0);
	CHECK(is_next("\n", 1) == 0);
	CHECK(is_next("x", 1) == 0);
}

static void
test_takes_no_field_that_cannot_stand_in_it(void)
{
	struct frame frame;
	char line[FRAME_LINE_MAX + 1];

	make(&frame);
	CHECK(frame_add(&frame, "x", span_of("a\nb: c")) == -1);
	CHECK(errno == EINVAL);
	CHECK(frame_add(&frame, "x", span_of("a\rb")) == -1);
	CHECK(frame_add(&frame, "x", (struct span){"a\0b", 3}) == -1);
	CHECK(frame_add(&frame, "x: y", span_of("")) == -1);
	CHECK(frame_add(&frame, "X", span_of("")) == -1);
	CHECK(frame_add(&frame, "id", span_of("a b")) == -1);
	CHECK(frame_add(&frame, "id", span_of("")) == -1);
	CHECK(frame_add(&frame, "size", span_of("1")) == -1);
	CHECK(frame_add(&frame, "direction", span_of("up")) == -1);
	CHECK(frame_add(&frame, "recipient", span_of("nobody")) == -1);
	CHECK(frame_add(&frame, "recipient", span_of("../x a@b")) == -1);
	CHECK(frame_add(&frame, "recipient", span_of(".x a@b")) == -1);
	CHECK(frame_add(&frame, "recipient", span_of("box ")) == -1);
	memset(line, 'x', sizeof(line));
	CHECK(frame_add(&frame, "x", (struct span){line, 997}) == 0);
	CHECK(frame_add(&frame, "x", (struct span){line, 998}) == -1);
	CHECK(errno == EMSGSIZE);
	frame_free(&frame);
}

static void
test_bounds_its_fields(void)
{
	struct frame frame;
	char line[900];
	int i;

	make(&frame);
	memset(line, 'x', sizeof(line));
	for (i = 0; i < 1000; i++)
		if (frame_add(&frame, "x", (struct span){line, 900}) < 0)
			break;
	CHECK(i < 1000 && errno == EMSGSIZE);
	CHECK(frame.fields.len <= FRAME_FIELDS_MAX);
	frame_reset(&frame);
	for (i = 0; i < 2000; i++)
		if (frame_add(&frame, "recipient", span_of("b a@c")) < 0)
			break;
	CHECK(i == FRAME_RECIPIENTS_MAX && errno == EMSGSIZE);
	frame_free(&frame);
}

static void
test_makes_every_reply_fit_its_verdict(void)
{
	char longest[1000];
	struct frame frame;

	make(&frame);
	frame_verdict(&frame, VERDICT_REJECT, "550 5.1.1 No such mailbox");
	CHECK(strcmp(frame.reply, "550 5.1.1 No such mailbox") == 0);
	CHECK(message_size(&frame.message) == 0);
	frame_verdict(&frame, VERDICT_REJECT, "503 5.5.1 No");
	CHECK(strcmp(frame.reply, "503 5.5.1 No") == 0);
	frame_verdict(&frame, VERDICT_REJECT, "5503 5.5.1 No");
	CHECK(strncmp(frame.reply, "554 5.7.1 ", 10) == 0);
	frame_verdict(&frame, VERDICT_REJECT, "563 5.5.1 No");
	CHECK(strncmp(frame.reply, "554 5.7.1 ", 10) == 0);
	frame_verdict(&frame, VERDICT_REJECT, "450 4.1.1 No");
	CHECK(strncmp(frame.reply, "554 5.7.1 ", 10) == 0);
	frame_verdict(&frame, VERDICT_DEFER, "550 5.1.1 No");
	CHECK(strncmp(frame.reply, "451 4.3.0 ", 10) == 0);
	frame_verdict(&frame, VERDICT_DEFER, "no");
	CHECK(strncmp(frame.reply, "451 4.3.0 ", 10) == 0);
	frame_verdict(&frame, VERDICT_REJECT, "550 5.7.1 a\r\nb\xff");
	CHECK(strcmp(frame.reply, "550 5.7.1 a??b?") == 0);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "550 5.7.1 ", 10);
	longest[999] = '\0';
	frame_verdict(&frame, VERDICT_REJECT, longest);
	CHECK(strlen(frame.reply) == FRAME_REPLY_MAX);
	frame_verdict(&frame, VERDICT_DONE, "550 5.7.1 no");
	CHECK(frame.reply[0] == '\0');
	frame_free(&frame);
}

static void
test_keeps_a_large_message_in_a_file(void)
{
	struct message message;
	char chunk[4096], back[4096];
	uint64_t at;
	int i;

	message_init(&message);
	for (i = 0; i < 600; i++) {
		memset(chunk, i, sizeof(chunk));
		CHECK(message_add(&message, chunk, sizeof(chunk)) == 0);
		CHECK((message.file >= 0) == (message.length > MESSAGE_MEMORY));
	}
	CHECK(message.memory.cap == 0);
	CHECK(message_prepend(&message, span_of("top\n")) == 0);
	CHECK(message_size(&message) == 600 * 4096 + 4);
	for (i = 0, at = 4; i < 600; i++, at += sizeof(back)) {
		memset(chunk, i, sizeof(chunk));
		CHECK(message_read(&message, at, back, sizeof(back)) ==
		      (ssize_t)sizeof(back));
		CHECK(memcmp(chunk, back, sizeof(back)) == 0);
	}
	CHECK(message_read(&message, at, back, sizeof(back)) == 0);
	message_free(&message);
}

int
main(void)
{
	TEST(comes_back_as_it_went);
	TEST(sees_every_changed_bit);
	TEST(sees_every_cut);
	TEST(is_known_even_when_damaged);
	TEST(takes_no_field_that_cannot_stand_in_it);
	TEST(bounds_its_fields);
	TEST(makes_every_reply_fit_its_verdict);
	TEST(keeps_a_large_message_in_a_file);
	return test_end();
}
