/*
 * The SMTP machine, without a socket: octets in, replies and events out.
 */
#include <string.h>

#include "smtp/session.h"
#include "test.h"

static struct session_config config = {.host = "mx.example",
    .size_max = 1000,
    .recipients_max = 3,
    .errors_max = 20,
    .tls = true};

static struct session session;
static struct session_io io;
static struct buf body = BUF_INIT(1 << 20);
static unsigned messages, recipients, datas, secures, holds;
static const char *data_refusal;

/* A recipient is good unless it begins with "no"; "other" is another node's. */
static void
answer_recipient(void)
{
	recipients++;
	if (strncmp(io.recipient.local, "no", 2) == 0)
		session_recipient(&session, &io, "550 5.1.1 No", NULL, NULL, 0);
	else if (strcmp(io.recipient.local, "other") == 0)
		session_recipient(&session, &io, NULL, "box", "bob", 1);
	else
		session_recipient(&session, &io, NULL, "box", "carol", 0);
}

/* Runs on what is in io until it is used up; true while the session lives. */
static bool
run(void)
{
	for (;;)
		switch (session_step(&session, &io)) {
		case SESSION_MORE:
			return true;
		case SESSION_RECIPIENT:
			answer_recipient();
			break;
		case SESSION_DATA:
			datas++;
			if (data_refusal != NULL)
				session_refuse(&session, &io, data_refusal);
			else
				session_receive(&session, &io);
			break;
		case SESSION_BODY:
			buf_addspan(&body, io.body);
			break;
		case SESSION_MESSAGE:
			messages++;
			session_answer(&session, &io, "250 2.0.0 Ok");
			break;
		case SESSION_TLS:
			secures++;
			session_secured(&session);
			return true;
		case SESSION_HOLD:
			holds++;
			CHECK(recipients == 0);
			session.hold = false;
			break;
		case SESSION_CLOSE:
			return false;
		}
}

/* Feeds octets in portions of that size. */
static bool
feed_by(const char *octets, size_t len, size_t portion)
{
	char chunk[4096];
	size_t n;

	for (; len > 0; octets += n, len -= n) {
		n = len < portion ? len : portion;
		memcpy(chunk, octets, n);
		io.in = chunk;
		io.in_len = n;
		if (!run())
			return false;
	}
	return true;
}

static void
start(void)
{
	session_free(&session);
	session_init(&session, &config);
	buf_free(&io.out);
	buf_init(&io.out, SESSION_OUT_MAX);
	buf_reset(&body);
	messages = recipients = datas = secures = holds = 0;
	data_refusal = NULL;
}

/* One dialogue from the greeting on; the replies as one string, for strstr. */
static const char *
talk_by(const char *octets, size_t len, size_t portion)
{
	start();
	feed_by(octets, len, portion);
	return buf_str(&io.out);
}

#define FEED(literal, portion) feed_by(literal, sizeof(literal) - 1, portion)
#define TALK(literal) talk_by(literal, sizeof(literal) - 1, 4096)
#define BEGIN                                           \
	"EHLO c.example\r\nMAIL FROM:<a@b.example>\r\n" \
	"RCPT TO:<x@d.example>\r\n"

/* The codes of all last reply lines, as "250 550 ". */
static const char *
codes(const char *replies)
{
	static char text[4096];
	size_t len = 0;

	for (; replies != NULL && *replies != '\0' && len < 4000;
	     replies = strstr(replies, "\r\n") + 2)
		if (replies[3] == ' ') {
			memcpy(text + len, replies, 4);
			len += 4;
		}
	text[len] = '\0';
	return text;
}

#define CHECK_CODES(literal, want)                       \
	do {                                             \
		const char *got_ = codes(TALK(literal)); \
		CHECK(strcmp(got_, want) == 0);          \
		if (strcmp(got_, want) != 0)             \
			printf("# got %s\n", got_);      \
	} while (0)

static void
test_takes_a_message(void)
{
	CHECK_CODES(BEGIN "DATA\r\nS: x\r\n\r\n..hi\r\n.\r\nQUIT\r\n",
	    "250 250 250 354 250 221 ");
	CHECK(messages == 1);
	CHECK(strcmp(buf_str(&body), "S: x\n\n.hi\n") == 0);
}

static void
test_does_the_same_octet_by_octet(void)
{
	static const char dialogue[] =
	    BEGIN "DATA\r\n.\r\n" BEGIN "DATA\r\nS: x\r\n\r\n.\r\r\n";
	static const char good[] =
	    BEGIN "BDAT 4\r\na\r\nbBDAT 3 LAST\r\nc\r\nRSET\r\n" BEGIN
		  "DATA\r\n..\r\n.a\r\n\r\n.\r\nQUIT\r\n";
	char whole[4096];
	size_t portion;

	snprintf(whole, sizeof(whole), "%s",
	    talk_by(dialogue, sizeof(dialogue) - 1, 4096));
	for (portion = 1; portion < 40; portion++)
		CHECK(strcmp(whole, talk_by(dialogue, sizeof(dialogue) - 1,
					portion)) == 0);
	snprintf(
	    whole, sizeof(whole), "%s", talk_by(good, sizeof(good) - 1, 4096));
	CHECK(strcmp(buf_str(&body), "a\nbc\n.\na\n\n") == 0);
	for (portion = 1; portion < 40; portion++) {
		CHECK(strcmp(whole, talk_by(good, sizeof(good) - 1, portion)) ==
		      0);
		CHECK(strcmp(buf_str(&body), "a\nbc\n.\na\n\n") == 0);
		CHECK(messages == 2);
	}
}

static void
test_ends_data_by_nothing_but_crlf_dot_crlf(void)
{
	static const char *const smuggled[] = {"\n.\n", "\n.\r\n", "\r.\r\n",
	    "\r\n.\n", "\r.\r", "\r\n.\r", "\n\n.\r\n", "\r\r\n.\r\n",
	    "\r\n.\r\r\n"};
	char dialogue[1024];
	size_t i;
	int len;

	for (i = 0; i < nitems(smuggled); i++) {
		len = snprintf(dialogue, sizeof(dialogue),
		    BEGIN "DATA\r\na%sMAIL FROM:<s@t.example>\r\n"
			  "RCPT TO:<y@d.example>\r\nDATA\r\nb\r\n.\r\n",
		    smuggled[i]);
		CHECK(strstr(talk_by(dialogue, (size_t)len, 4096),
			  "550 5.5.2 ") != NULL);
		CHECK(messages == 0);
		CHECK(recipients == 1);
	}
	TALK(BEGIN "DATA\r\na\r\n\0.\r\nMAIL FROM:<s@t.example>\r\n.\r\n");
	CHECK(messages == 1);
	CHECK(recipients == 1);
}

static void
test_refuses_bare_line_ends_in_commands(void)
{
	CHECK_CODES("EHLO c.example\nMAIL FROM:<>\r\n", "500 ");
	CHECK_CODES("NOOP\rNOOP\r\n", "500 ");
	CHECK_CODES("NOOP\r\r\nNOOP\r\n", "500 ");
}

static void
test_keeps_the_order_of_commands(void)
{
	CHECK_CODES("MAIL FROM:<>\r\nRCPT TO:<x@d.example>\r\nDATA\r\n",
	    "503 503 503 ");
	CHECK_CODES("HELO c\r\nDATA\r\nMAIL FROM:<>\r\nMAIL FROM:<>\r\n"
		    "DATA\r\nRSET\r\nRCPT TO:<x@d.example>\r\n",
	    "250 503 250 503 554 250 503 ");
	CHECK(datas == 0);
	CHECK_CODES(BEGIN "EHLO c.example\r\nRCPT TO:<x@d.example>\r\n",
	    "250 250 250 250 503 ");
}

static void
test_wants_no_data_without_a_valid_recipient(void)
{
	CHECK_CODES("EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<no1@d.example>\r\n"
		    "RCPT TO:<no2@d.example>\r\nDATA\r\n",
	    "250 250 550 550 554 ");
	CHECK(datas == 0);
}

static void
test_gives_one_reply_to_one_owner(void)
{
	CHECK_CODES(BEGIN "RCPT TO:<other@e.example>\r\nDATA\r\n.\r\n",
	    "250 250 250 452 354 250 ");
	CHECK(strcmp(buf_str(&session.recipients), "") == 0);
}

static void
test_counts_recipients(void)
{
	CHECK_CODES(BEGIN "RCPT TO:<x@d.example>\r\nRCPT TO:<y@d.example>\r\n"
			  "RCPT TO:<z@d.example>\r\nRCPT TO:<w@d.example>\r\n",
	    "250 250 250 250 250 250 452 ");
	CHECK(session.accepted == 3); /* x was asked for twice */
}

static void
test_knows_its_parameters(void)
{
	CHECK_CODES("EHLO c\r\nMAIL FROM:<a@b.example> SIZE=1000 "
		    "BODY=8BITMIME SMTPUTF8\r\n",
	    "250 250 ");
	CHECK_CODES("EHLO c\r\nMAIL FROM:<> SIZE=1001\r\n", "250 552 ");
	CHECK_CODES(
	    "EHLO c\r\nMAIL FROM:<> SIZE=99999999999999999999\r\n", "250 501 ");
	CHECK_CODES("EHLO c\r\nMAIL FROM:<> BODY=BINARYMIME\r\n", "250 501 ");
	CHECK_CODES("EHLO c\r\nMAIL FROM:<> X=1\r\n", "250 555 ");
	CHECK_CODES("HELO c\r\nMAIL FROM:<> SIZE=1\r\n", "250 555 ");
	CHECK_CODES(
	    "EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<x@d.example> NOTIFY=NEVER"
	    "\r\n",
	    "250 250 555 ");
	CHECK_CODES(
	    "EHLO c\r\nMAIL FROM:<b\xc3\xbc@d.example>\r\n", "250 553 ");
	CHECK_CODES("EHLO c\r\nMAIL FROM:<b\xc3\xbc@d.example> SMTPUTF8\r\n",
	    "250 250 ");
	CHECK_CODES(
	    "EHLO c\r\nMAIL FROM:<\xff@d.example> SMTPUTF8\r\n", "250 501 ");
}

static void
test_swallows_a_message_that_is_too_big(void)
{
	char dialogue[2048] = BEGIN "DATA\r\n";
	size_t len = strlen(dialogue);

	memset(dialogue + len, 'x', 1200);
	snprintf(dialogue + len + 1200, 100, "\r\n.\r\nNOOP\r\n");
	CHECK(strcmp(codes(talk_by(dialogue, strlen(dialogue), 100)),
		  "250 250 250 354 552 250 ") == 0);
	CHECK(messages == 0);
}

static void
test_ends_a_command_line_without_end(void)
{
	char dialogue[5000];

	memset(dialogue, 'x', sizeof(dialogue));
	CHECK(strcmp(codes(talk_by(dialogue, sizeof(dialogue), 100)), "500 ") ==
	      0);
	CHECK(session.line.cap <= SESSION_LINE_MAX + 1);
}

static void
test_holds_the_limits_of_a_command_line(void)
{
	char dialogue[700];

	memset(dialogue, 'x', sizeof(dialogue));
	memcpy(dialogue, "NOOP ", 5);
	memcpy(dialogue + SESSION_COMMAND_MAX - 2, "\r\n", 2);
	CHECK(strcmp(codes(talk_by(dialogue, SESSION_COMMAND_MAX, 4096)),
		  "250 ") == 0);
	memset(dialogue + 5, 'x', sizeof(dialogue) - 5);
	memcpy(dialogue + SESSION_COMMAND_MAX - 1, "\r\n", 2);
	CHECK(strcmp(codes(talk_by(dialogue, SESSION_COMMAND_MAX + 1, 4096)),
		  "500 ") == 0);
}

static void
test_takes_chunks(void)
{
	CHECK_CODES(BEGIN "BDAT 3\r\na\r\nBDAT 0\r\nBDAT 4 LAST\r\n.\r\nb"
			  "QUIT\r\n",
	    "250 250 250 250 250 250 221 ");
	CHECK(messages == 1);
	CHECK(strcmp(buf_str(&body), "a\n.\nb") == 0);
	CHECK_CODES(BEGIN "BDAT 0 LAST\r\nQUIT\r\n", "250 250 250 250 221 ");
	CHECK(messages == 1);
	/* a CRLF may be cut in two; a bare CR may not hide there */
	TALK(BEGIN "BDAT 2\r\na\rBDAT 1 LAST\r\n\n");
	CHECK(strcmp(buf_str(&body), "a\n") == 0);
	CHECK_CODES(
	    BEGIN "BDAT 2\r\na\rBDAT 1 LAST\r\nb", "250 250 250 250 550 ");
	CHECK_CODES(BEGIN "BDAT 2 LAST\r\na\r", "250 250 250 550 ");
}

static void
test_swallows_chunks_out_of_order(void)
{
	CHECK_CODES(
	    "EHLO c\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "250 503 250 ");
	CHECK_CODES("EHLO c\r\nMAIL FROM:<>\r\nBDAT 6 LAST\r\nQUIT\r\n"
		    "RCPT TO:<x@d.example>\r\nBDAT 1 LAST\r\nxNOOP\r\n",
	    "250 250 554 250 250 250 ");
	CHECK(messages == 1);
	CHECK_CODES(BEGIN "BDAT 1\r\nxDATA\r\nMAIL FROM:<>\r\n"
			  "RCPT TO:<y@d.example>\r\nRSET\r\nNOOP\r\n",
	    "250 250 250 250 503 503 503 250 250 ");
	CHECK_CODES("BDAT\r\n", "501 421 ");
	CHECK_CODES("BDAT x\r\n", "501 421 ");
	CHECK_CODES("BDAT 99999999999999999999999\r\n", "501 421 ");
	CHECK_CODES("BDAT 99999999\r\n", "552 421 ");
}

static void
test_can_be_too_busy(void)
{
	start();
	data_refusal = "451 4.3.2 Busy";
	CHECK(FEED(BEGIN "DATA\r\nNOOP\r\n", 4096));
	CHECK(strcmp(codes(buf_str(&io.out)), "250 250 250 451 250 ") == 0);
	start();
	data_refusal = "451 4.3.2 Busy";
	CHECK(
	    FEED(BEGIN "BDAT 6\r\nNOOP\r\nBDAT 6 LAST\r\nNOOP\r\nRSET\r\n", 7));
	CHECK(strcmp(codes(buf_str(&io.out)), "250 250 250 451 503 250 ") == 0);
	CHECK(messages == 0);
}

static void
test_forgets_all_under_tls(void)
{
	TALK("EHLO c\r\nMAIL FROM:<>\r\nSTARTTLS\r\nRSET\r\n");
	CHECK(secures == 1);
	CHECK(strstr(buf_str(&io.out), "250-STARTTLS\r\n") != NULL);
	CHECK(strcmp(codes(buf_str(&io.out)), "250 250 220 ") == 0);
	CHECK(!session.mail && session.helo.len == 0);
	buf_reset(&io.out);
	FEED("MAIL FROM:<>\r\nEHLO c\r\nSTARTTLS\r\n", 4096);
	CHECK(strcmp(codes(buf_str(&io.out)), "503 250 503 ") == 0);
	CHECK(strstr(buf_str(&io.out), "STARTTLS") == NULL);
	CHECK_CODES("STARTTLS now\r\n", "501 ");
}

static void
test_gives_up_after_too_many_errors(void)
{
	char dialogue[400];
	int i;

	for (i = 0; i < 25; i++)
		memcpy(dialogue + 6 * i, "WHAT\r\n", 7);
	talk_by(dialogue, 150, 4096);
	CHECK(session.errors == 20);
	CHECK(strstr(buf_str(&io.out), "421 4.7.0 ") != NULL);
}

static void
test_answers_every_verb(void)
{
	CHECK_CODES("NOOP x\r\nRSET\r\nVRFY x\r\nEXPN x\r\nHELP\r\nTURN\r\n"
		    "AUTH PLAIN\r\nWHAT\r\n\r\nnoop\r\n",
	    "250 250 252 502 502 502 502 500 500 250 ");
	CHECK_CODES(
	    "EHLO\r\nHELO\r\nEHLO a b\r\nEHLO (x)\r\nEHLO [192.0.2.1]\r\n"
	    "QUIT x\r\nRSET x\r\nDATA x\r\nVRFY\r\n",
	    "501 501 501 501 250 501 501 501 501 ");
}

static void
test_can_be_packed_and_go_on(void)
{
	struct buf packed = BUF_INIT(1 << 20);
	struct session other;

	TALK("EHLO c.example\r\nMAIL FROM:<a@b.example>\r\n"
	     "RCPT TO:<x@d.example>\r\nRCPT T");
	session_pack(&session, &packed);
	CHECK(session_unpack(&other, &config, buf_span(&packed)) == 0);
	session_free(&session);
	session = other;
	buf_reset(&io.out);
	FEED("O:<y@d.example>\r\nDATA\r\nx\r\n.\r\n", 4096);
	CHECK(strcmp(codes(buf_str(&io.out)), "250 354 250 ") == 0);
	CHECK(messages == 1);
	CHECK(session_unpack(&other, &config,
		  (struct span){packed.p, packed.len - 1}) < 0);
	buf_free(&packed);
}

static void
test_holds_the_first_recipient_until_it_may_go_on(void)
{
	static const char *const portions[] = {BEGIN "DATA\r\nx\r\n.\r\n",
	    "ehlo c\r\nmail from:<>\r\nrcpt to:<x@d.example>\r\nDATA\r\n"
	    "x\r\n.\r\n"};
	size_t i, portion;

	for (i = 0; i < nitems(portions); i++)
		for (portion = 1; portion < 80; portion++) {
			start();
			session.hold = true;
			CHECK(
			    feed_by(portions[i], strlen(portions[i]), portion));
			CHECK(holds == 1 && recipients == 1 && messages == 1);
		}
	start();
	session.hold = true;
	CHECK(!FEED("EHLO c\r\nRSET\r\nQUIT\r\n", 4096) && holds == 0);
}

static void
test_sends_those_away_who_only_chat(void)
{
	int i;

	start();
	for (i = 0; i < SESSION_CHATTER_MAX; i++)
		CHECK(FEED("NOOP\r\n", 4096));
	CHECK(!FEED("NOOP\r\n", 4096));
	CHECK(strstr(buf_str(&io.out), "\r\n421 4.7.0 ") != NULL);
	/* who brings mail may go on for ever */
	start();
	for (i = 0; i < SESSION_CHATTER_MAX; i++)
		CHECK(FEED(BEGIN "DATA\r\n.\r\n", 4096));
	CHECK(messages == SESSION_CHATTER_MAX && session.commands == 400);
}

static void
test_takes_no_mail_without_room(void)
{
	config.full = true;
	CHECK_CODES(BEGIN "DATA\r\nQUIT\r\n", "250 452 503 503 221 ");
	config.full = false;
}

int
main(void)
{
	TEST(takes_a_message);
	TEST(does_the_same_octet_by_octet);
	TEST(ends_data_by_nothing_but_crlf_dot_crlf);
	TEST(refuses_bare_line_ends_in_commands);
	TEST(keeps_the_order_of_commands);
	TEST(wants_no_data_without_a_valid_recipient);
	TEST(gives_one_reply_to_one_owner);
	TEST(counts_recipients);
	TEST(knows_its_parameters);
	TEST(swallows_a_message_that_is_too_big);
	TEST(ends_a_command_line_without_end);
	TEST(holds_the_limits_of_a_command_line);
	TEST(takes_chunks);
	TEST(swallows_chunks_out_of_order);
	TEST(can_be_too_busy);
	TEST(forgets_all_under_tls);
	TEST(gives_up_after_too_many_errors);
	TEST(answers_every_verb);
	TEST(holds_the_first_recipient_until_it_may_go_on);
	TEST(sends_those_away_who_only_chat);
	TEST(takes_no_mail_without_room);
	TEST(can_be_packed_and_go_on);
	session_free(&session);
	buf_free(&io.out);
	buf_free(&body);
	return test_end();
}
