#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mail/date.h"
#include "mail/received.h"
#include "test.h"

static void
test_date_is_of_rfc_5322(void)
{
	char date[DATE_SIZE];

	setenv("TZ", "UTC", 1);
	tzset();
	date_format(date, 1795255800);
	CHECK(strcmp(date, "Sat, 21 Nov 2026 10:10:00 +0000") == 0);
	setenv("TZ", "ABC-05:30", 1);
	tzset();
	date_format(date, 1795255800);
	CHECK(strcmp(date, "Sat, 21 Nov 2026 15:40:00 +0530") == 0);
	setenv("TZ", "ABC+03:30", 1);
	tzset();
	date_format(date, 1795255800);
	CHECK(strcmp(date, "Sat, 21 Nov 2026 06:40:00 -0330") == 0);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void
test_trace_line_names_what_is_known(void)
{
	struct received received = {.helo = span_of("c.example"),
	    .client = span_of("192.0.2.7"),
	    .host = span_of("mx.example"),
	    .id = span_of("x1-1"),
	    .esmtp = true,
	    .when = 1795255800};
	struct buf buf = BUF_INIT(4096);

	received_format(&received, &buf);
	CHECK(
	    strcmp(buf_str(&buf), "Received: from c.example ([192.0.2.7])\n"
				  "\tby mx.example with ESMTP id x1-1;\n"
				  "\tSat, 21 Nov 2026 10:10:00 +0000\n") == 0);
	buf_reset(&buf);
	received.client = span_of("2001:db8::7");
	received.recipient = span_of("a@b.example");
	received.tls = "TLSv1.3 TLS_AES_256_GCM_SHA384";
	received_format(&received, &buf);
	CHECK(strcmp(buf_str(&buf),
		  "Received: from c.example ([IPv6:2001:db8::7])\n"
		  "\t(TLSv1.3 TLS_AES_256_GCM_SHA384)\n"
		  "\tby mx.example with ESMTPS id x1-1\n"
		  "\tfor <a@b.example>;\n"
		  "\tSat, 21 Nov 2026 10:10:00 +0000\n") == 0);
	buf_reset(&buf);
	received.smtputf8 = true;
	received_format(&received, &buf);
	CHECK(strstr(buf_str(&buf), "with UTF8SMTPS id") != NULL);
	buf_free(&buf);
}

static int
count(const char *text)
{
	struct message message;
	int n;

	message_init(&message);
	message_add(&message, text, strlen(text));
	n = received_count(&message);
	message_free(&message);
	return n;
}

static void
test_hops_are_counted_in_the_header_only(void)
{
	struct message message;
	int i;

	CHECK(count("") == 0);
	CHECK(count("Received: a\n") == 1);
	CHECK(count("received: a\nRECEIVED:b\n\tReceived: no\n"
		    "X-Received: no\nReceived-SPF: no\n\nReceived: no\n") == 2);
	CHECK(count("\nReceived: no\n") == 0);
	CHECK(count("Receive") == 0);
	/* across the chunks that it is read in */
	message_init(&message);
	for (i = 0; i < 1000; i++)
		message_add(&message, "Received: from somewhere\n", 25);
	CHECK(received_count(&message) == 1000);
	message_free(&message);
}

int
main(void)
{
	TEST(date_is_of_rfc_5322);
	TEST(trace_line_names_what_is_known);
	TEST(hops_are_counted_in_the_header_only);
	return test_end();
}
