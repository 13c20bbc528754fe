#include <string.h>

#include "smtp/client.h"
#include "test.h"

/* A client, its envelope, and what it has said since it was last asked. */
struct talk {
	struct client client;
	struct client_recipient to[3];
	struct client_envelope envelope;
};

static void
talk_init(struct talk *talk, size_t recipients)
{
	static const char *const address[] = {
	    "a@carol.example", "b@carol.example", "c@carol.example"};
	size_t n;

	memset(talk, 0, sizeof(*talk));
	client_init(&talk->client, "me.example.net");
	for (n = 0; n < recipients; n++)
		talk->to[n].address = address[n];
	talk->envelope = (struct client_envelope){.sender = "s@example.net",
	    .recipient = talk->to,
	    .recipients = recipients,
	    .size = 1234};
}

/* The event that a server's octets lead to. */
static enum client_event
hear(struct talk *talk, const char *octets)
{
	struct span input = span_of(octets);

	return client_take(&talk->client, &input);
}

static bool
said(struct talk *talk, const char *commands)
{
	bool same = strcmp(buf_str(&talk->client.out), commands) == 0;

	if (!same)
		printf("# said: %s", buf_str(&talk->client.out));
	buf_reset(&talk->client.out);
	return same;
}

static void
greet(struct talk *talk, const char *keywords)
{
	hear(talk, "220 carol.example.net\r\n");
	CHECK(said(talk, "EHLO me.example.net\r\n"));
	CHECK(hear(talk, keywords) == CLIENT_READY);
}

static void
test_a_message_step_by_step(void)
{
	struct talk talk;

	talk_init(&talk, 1);
	greet(&talk, "250-carol.example.net\r\n250-PIPELINING\r\n"
		     "250-8BITMIME\r\n250 size 10000\r\n");
	talk.envelope.eightbit = true;
	client_begin(&talk.client, &talk.envelope);
	CHECK(said(
	    &talk, "MAIL FROM:<s@example.net> SIZE=1234 BODY=8BITMIME\r\n"));
	CHECK(hear(&talk, "250 ok\r\n") == CLIENT_MORE);
	CHECK(said(&talk, "RCPT TO:<a@carol.example>\r\n"));
	CHECK(hear(&talk, "250 ok\r\n") == CLIENT_MORE);
	CHECK(said(&talk, "DATA\r\n"));
	CHECK(hear(&talk, "354 go\r\n") == CLIENT_GO);
	CHECK(hear(&talk, "250 2.0.0 kept\r\n") == CLIENT_END);
	CHECK(talk.client.code == 250);
	CHECK(strcmp(talk.client.text, "250 2.0.0 kept") == 0);
	CHECK(talk.to[0].code == 250);
	client_quit(&talk.client);
	CHECK(said(&talk, "QUIT\r\n"));
	CHECK(hear(&talk, "221 bye\r\n") == CLIENT_BYE);
	client_free(&talk.client);
}

static void
test_octets_may_come_one_by_one(void)
{
	static const char greeting[] = "220-one\n220 two\n";
	struct talk talk;
	char octet[2] = "";
	size_t n;

	talk_init(&talk, 1);
	for (n = 0; n < sizeof(greeting) - 1; n++) {
		octet[0] = greeting[n];
		CHECK(said(&talk, ""));
		CHECK(hear(&talk, octet) == CLIENT_MORE);
	}
	CHECK(said(&talk, "EHLO me.example.net\r\n"));
	client_free(&talk.client);
}

static void
test_a_server_without_ehlo_gets_helo(void)
{
	struct talk talk;

	talk_init(&talk, 1);
	hear(&talk, "220 old\r\n");
	buf_reset(&talk.client.out);
	CHECK(hear(&talk, "502 what\r\n") == CLIENT_MORE);
	CHECK(said(&talk, "HELO me.example.net\r\n"));
	CHECK(hear(&talk, "250 hello\r\n") == CLIENT_READY);
	talk.envelope.sender = "";
	client_begin(&talk.client, &talk.envelope);
	CHECK(said(&talk, "MAIL FROM:<>\r\n"));
	client_free(&talk.client);
}

static void
test_pipelining_only_where_it_is_offered(void)
{
	struct talk talk;

	talk_init(&talk, 2);
	talk.envelope.pipelining = true;
	greet(&talk, "250 plain\r\n");
	client_begin(&talk.client, &talk.envelope);
	CHECK(said(&talk, "MAIL FROM:<s@example.net>\r\n"));
	client_free(&talk.client);

	talk_init(&talk, 2);
	talk.envelope.pipelining = true;
	greet(&talk, "250-x\r\n250 PIPELINING\r\n");
	client_begin(&talk.client, &talk.envelope);
	CHECK(said(&talk, "MAIL FROM:<s@example.net>\r\n"
			  "RCPT TO:<a@carol.example>\r\n"
			  "RCPT TO:<b@carol.example>\r\nDATA\r\n"));
	CHECK(hear(&talk, "250 a\r\n550 b\r\n250 c\r\n354 d\r\n") == CLIENT_GO);
	CHECK(talk.to[0].code == 550 && talk.to[1].code == 250);
	CHECK(hear(&talk, "250 e\r\n") == CLIENT_END);
	CHECK(talk.client.code == 250);
	client_free(&talk.client);
}

static void
test_pipelined_refusals_are_heard_to_their_end(void)
{
	struct talk talk;

	talk_init(&talk, 1);
	talk.envelope.pipelining = true;
	greet(&talk, "250-x\r\n250 PIPELINING\r\n");
	client_begin(&talk.client, &talk.envelope);
	CHECK(hear(&talk, "550 no\r\n503 mail\r\n") == CLIENT_MORE);
	CHECK(hear(&talk, "503 rcpt\r\n") == CLIENT_END);
	CHECK(talk.client.code == 550 && talk.to[0].code == 550);
	buf_reset(&talk.client.out);
	/* a server that takes DATA without a recipient gets an empty one */
	client_begin(&talk.client, &talk.envelope);
	buf_reset(&talk.client.out);
	CHECK(hear(&talk, "250 rset\r\n250 mail\r\n551 rcpt\r\n354 go\r\n") ==
	      CLIENT_MORE);
	CHECK(said(&talk, ".\r\n"));
	CHECK(hear(&talk, "554 none\r\n") == CLIENT_END);
	CHECK(talk.client.code == 551);
	client_free(&talk.client);
}

static void
test_a_refused_transaction_is_reset(void)
{
	struct talk talk;

	talk_init(&talk, 1);
	greet(&talk, "250 x\r\n");
	client_begin(&talk.client, &talk.envelope);
	hear(&talk, "250 ok\r\n");
	CHECK(hear(&talk, "550 5.1.1 nobody\r\n") == CLIENT_END);
	CHECK(talk.client.code == 550 && talk.to[0].code == 550);
	CHECK(strcmp(talk.client.text, "550 5.1.1 nobody") == 0);
	buf_reset(&talk.client.out);
	client_begin(&talk.client, &talk.envelope);
	CHECK(said(&talk, "RSET\r\n"));
	CHECK(hear(&talk, "250 ok\r\n") == CLIENT_MORE);
	CHECK(said(&talk, "MAIL FROM:<s@example.net>\r\n"));
	CHECK(hear(&talk, "451 later\r\n") == CLIENT_END);
	CHECK(talk.client.code == 451);
	/* after a refused MAIL there is nothing to reset */
	client_begin(&talk.client, &talk.envelope);
	CHECK(said(&talk, "MAIL FROM:<s@example.net>\r\n"));
	client_free(&talk.client);
}

static void
test_a_refused_data_and_a_refused_message(void)
{
	struct talk talk;

	talk_init(&talk, 1);
	greet(&talk, "250 x\r\n");
	client_begin(&talk.client, &talk.envelope);
	CHECK(hear(&talk, "250 ok\r\n250 ok\r\n452 full\r\n") == CLIENT_END);
	CHECK(talk.client.code == 452);
	client_begin(&talk.client, &talk.envelope);
	CHECK(hear(&talk, "250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n") ==
	      CLIENT_GO);
	CHECK(hear(&talk, "554 spam\r\n") == CLIENT_END);
	CHECK(talk.client.code == 554);
	client_free(&talk.client);
}

static void
test_the_server_may_leave_at_any_time(void)
{
	struct talk talk;

	talk_init(&talk, 1);
	CHECK(hear(&talk, "554 no service\r\n") == CLIENT_BYE);
	CHECK(talk.client.code == 554);
	client_reset(&talk.client);
	CHECK(hear(&talk, "220 x\r\n421 too busy\r\n") == CLIENT_BYE);
	CHECK(talk.client.code == 421);
	client_reset(&talk.client);
	CHECK(hear(&talk, "220 x\r\n250 y\r\n") == CLIENT_READY);
	CHECK(hear(&talk, "421 too slow\r\n") == CLIENT_BYE);
	client_free(&talk.client);
}

static void
test_what_is_no_smtp(void)
{
	static const char *const bad[] = {"hello\r\n", "\r\n", "22 x\r\n",
	    "2200 x\r\n", "220\tx\r\n", "199 x\r\n", "600 x\r\n",
	    "220-a\r\n221 b\r\n", "220-a\r\n250-b\r\n", "\xff\xfe\n",
	    "220 x\r\n250 y\r\n\r\n", "SSH-2.0-x\r\n"};
	struct talk talk;
	size_t n;

	for (n = 0; n < nitems(bad); n++) {
		struct span input = span_of(bad[n]);
		enum client_event event;

		talk_init(&talk, 1);
		do
			event = client_take(&talk.client, &input);
		while (event == CLIENT_READY);
		CHECK(event == CLIENT_BROKEN);
		CHECK(talk.client.code == 0);
		client_free(&talk.client);
	}
}

static void
test_a_reply_without_a_command(void)
{
	struct talk talk;

	talk_init(&talk, 1);
	greet(&talk, "250 x\r\n");
	CHECK(hear(&talk, "250 more\r\n") == CLIENT_BROKEN);
	client_free(&talk.client);
}

/* A line of len octets, CRLF included. */
static enum client_event
hear_line(struct talk *talk, size_t len)
{
	char line[CLIENT_LINE_MAX + 2];

	memset(line, 'x', sizeof(line));
	memcpy(line, "220 ", 4);
	memcpy(line + len - 2, "\r\n", 3);
	return hear(talk, line);
}

static void
test_limits_of_a_reply(void)
{
	struct talk talk;
	unsigned n;

	talk_init(&talk, 1);
	CHECK(hear_line(&talk, CLIENT_LINE_MAX) == CLIENT_MORE);
	CHECK(said(&talk, "EHLO me.example.net\r\n"));
	client_reset(&talk.client);
	CHECK(hear_line(&talk, CLIENT_LINE_MAX + 1) == CLIENT_BROKEN);
	client_reset(&talk.client);
	for (n = 1; n < CLIENT_LINES_MAX; n++)
		CHECK(hear(&talk, "220-x\r\n") == CLIENT_MORE);
	CHECK(hear(&talk, "220 x\r\n") == CLIENT_MORE);
	CHECK(said(&talk, "EHLO me.example.net\r\n"));
	client_reset(&talk.client);
	for (n = 1; n < CLIENT_LINES_MAX; n++)
		CHECK(hear(&talk, "220-x\r\n") == CLIENT_MORE);
	CHECK(hear(&talk, "220-x\r\n") == CLIENT_BROKEN);
	client_free(&talk.client);
}

static void
test_as_many_recipients_as_promised(void)
{
	struct client_recipient to[CLIENT_RECIPIENTS_MAX];
	char address[255];
	struct talk talk;
	size_t n;

	memset(address, 'a', sizeof(address));
	address[sizeof(address) - 1] = '\0';
	for (n = 0; n < nitems(to); n++)
		to[n] = (struct client_recipient){.address = address};
	talk_init(&talk, 1);
	greet(&talk, "250-x\r\n250 PIPELINING\r\n");
	talk.envelope.recipient = to;
	talk.envelope.recipients = nitems(to);
	talk.envelope.pipelining = true;
	client_begin(&talk.client, &talk.envelope);
	CHECK(!talk.client.out.full);
	client_free(&talk.client);
}

static void
test_the_wire_form(void)
{
	static const struct {
		const char *from, *to;
	} table[] = {
	    {"", ".\r\n"},
	    {"a\nb\r\nc", "a\r\nb\r\nc\r\n.\r\n"},
	    {".\n..\nx.\n", "..\r\n...\r\nx.\r\n.\r\n"},
	    {"\n\r\n", "\r\n\r\n.\r\n"},
	    {"a\rb\n", "a\rb\r\n.\r\n"},
	};
	struct buf buf;
	size_t n;

	for (n = 0; n < nitems(table); n++) {
		buf_init(&buf, 1000);
		CHECK(client_wire(&buf, span_of(table[n].from)));
		CHECK(strcmp(buf_str(&buf), table[n].to) == 0);
		buf_free(&buf);
	}
	buf_init(&buf, 5);
	CHECK(!client_wire(&buf, span_of("abcd\n")));
	buf_free(&buf);
}

int
main(void)
{
	TEST(a_message_step_by_step);
	TEST(octets_may_come_one_by_one);
	TEST(a_server_without_ehlo_gets_helo);
	TEST(pipelining_only_where_it_is_offered);
	TEST(pipelined_refusals_are_heard_to_their_end);
	TEST(a_refused_transaction_is_reset);
	TEST(a_refused_data_and_a_refused_message);
	TEST(the_server_may_leave_at_any_time);
	TEST(what_is_no_smtp);
	TEST(a_reply_without_a_command);
	TEST(limits_of_a_reply);
	TEST(as_many_recipients_as_promised);
	TEST(the_wire_form);
	return test_end();
}
