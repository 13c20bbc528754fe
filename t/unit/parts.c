/* parts: what is a message, and its parts as GMime sees them. */
#define _GNU_SOURCE
#include <string.h>

#include "base/buf.h"
#include "base/sandbox.h"
#include "base/user.h"
#include "child.h"
#include "outside.h"
#include "scan/parts.h"
#include "scan/partview.h"
#include "test.h"

/* Each part as "NAME=OCTETS|", "?" for no name. */
static struct buf seen = BUF_INIT(1 << 20);

static void
note(struct span octets, const char *name, void *arg)
{
	(void)arg;
	buf_addf(&seen, "%s=", name != NULL ? name : "?");
	buf_addspan(&seen, octets);
	buf_adds(&seen, "|");
}

/* The parts of a message are these. */
static bool
parts_are(const char *mail, const char *want)
{
	buf_reset(&seen);
	if (!parts_walk(span_of(mail), note, NULL))
		return false;
	if (strcmp(buf_str(&seen), want) == 0)
		return true;
	printf("# '%s'\n", buf_str(&seen));
	return false;
}

static bool
is_message(const char *text)
{
	return parts_is_message(span_of(text));
}

static void
test_a_message_begins_with_its_fields(void)
{
	CHECK(is_message("From: a@b.example\n\nx"));
	CHECK(is_message("Received: from x\r\n\tby y\r\n"));
	CHECK(is_message("X-Odd: 1\nx-odder: 2\ncONTENT-tYPE: text/plain\n"));
	CHECK(is_message("Subject : blank in front\n"));
	CHECK(is_message("X-A: 1\nContent-Type (it is): text/plain\n"));
	CHECK(is_message("X-A: 1\rSubject: only CR\r\r"));
	CHECK(is_message("From a@b.example Thu Jan  1 00:00:00 1970\nTo: x\n"));
	CHECK(is_message("From x\n>From y\nTo: x\n"));
	CHECK(is_message("\r\n\nSubject: behind empty lines\n"));
	CHECK(is_message("\xef\xbb\xbfSubject: behind a byte order mark\n"));
	CHECK(is_message("X-A: 1\nno field at all\nSubject: x\n"));
	CHECK(is_message("From x\nno field at all\nSubject: x\n"));
}

static void
test_other_files_are_no_message(void)
{
	CHECK(!is_message(""));
	CHECK(!is_message("\n\n\n"));
	CHECK(!is_message("Hello,\nhow are you?\n"));
	CHECK(!is_message("Note: this is a text\nand so on: really\n"));
	CHECK(!is_message("Note: this is a text\n\nSubject: in it\n"));
	CHECK(!is_message("Dear Sir\nSubject: your letter\n"));
	CHECK(!is_message("%PDF-1.4\n%\xe2\xe3\nSubject: x\n"));
	CHECK(!is_message("PK\3\4\n\nSubject: x\n"));
	CHECK(!is_message("MZ\x90\nFrom: x\n"));
	CHECK(!is_message("http://www.example/\nhttps://www.example/\n"));
	CHECK(!is_message("#include <a.h>\nint main(void)\n"));
	CHECK(!is_message(": no name\nSubject: x\n"));
	CHECK(!is_message("From the very beginning\nit was so\n"));
}

static void
test_leaves_are_decoded(void)
{
	CHECK(parts_are("Subject: x\n\ntext\n", "?=text\n|"));
	CHECK(parts_are("Subject: x\n\n", "?=|"));
	CHECK(parts_are("Content-Transfer-Encoding: base64\n\n", "?=|"));
	CHECK(parts_are("", "?=|"));
	CHECK(parts_are(
	    "Content-Transfer-Encoding: base64\n\naGVs\nbG8=\n", "?=hello|"));
	CHECK(parts_are("Content-Transfer-Encoding: BASE64\r\n\r\naGV\r\nsbG8",
	    "?=hello|"));
	CHECK(parts_are(
	    "Content-Transfer-Encoding: quoted-printable\n\na=3Db=\nc\n",
	    "?=a=bc\n|"));
	CHECK(parts_are("Content-Transfer-Encoding: x-uuencode\n\n"
			"begin 644 a.exe\n%:&5L;&\\`\n`\nend\n",
	    "?=hello|"));
	CHECK(parts_are(
	    "Content-Transfer-Encoding: x-unknown\n\na=3D\n", "?=a=3D\n|"));
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static void
test_parts_come_in_order_with_their_names(void)
{
	CHECK(parts_are(MIXED "preface\n--b\n\none\n"
			      "--b\nContent-Type: text/html; name=two.html\n\n"
			      "two\n"
			      "--b\nContent-Disposition: attachment;\n"
			      " filename=\"three.exe\"\n\nthree\n--b--\nend\n",
	    "?=one|two.html=two|three.exe=three|"));
	CHECK(parts_are("Content-Type: a/b; name*=iso-8859-1''a%FCb.exe\n\n1",
	    "a\xc3\xbc"
	    "b.exe=1|"));
	CHECK(parts_are(
	    "Content-Type: a/b; name*0=\"a.\"; name*1=exe\n\n1", "a.exe=1|"));
	CHECK(parts_are("Content-Type: a/b; name=\"=?koi8-r?Q?=C1.exe?=\"\n\n1",
	    "\xd0\xb0.exe=1|"));
	CHECK(parts_are("Content-Disposition: attachment;\n"
			" filename==?utf-8?B?YS5leGU=?=\n\n1",
	    "a.exe=1|"));
}

static void
test_messages_in_a_message_are_walked(void)
{
	CHECK(parts_are(MIXED "--b\nContent-Type: message/rfc822\n\n"
			      "Subject: x\nContent-Type: a/b; name=c\n\nin\n"
			      "--b\nContent-Type: message/rfc822\n"
			      "Content-Transfer-Encoding: base64\n\n"
			      "WDogMQoKaW4y\n--b--\n",
	    "c=in|?=X: 1\n\nin2|?=in2|"));
	CHECK(parts_are(MIXED "--b\nContent-Type: application/octet-stream\n\n"
			      "Subject: x\n\nin\n--b--\n",
	    "?=Subject: x\n\nin|?=in|"));
}

static void
test_lone_CRs_are_line_ends_and_are_not(void)
{
	CHECK(parts_are("Subject: x\n\nda\rta\n", "?=da\rta\n|?=da\rta\n|"));
	CHECK(parts_are(
	    "Subject: x\rContent-Type: a/b; name=c\r\rdata\n", "?=|c=data\n|"));
}

static void
count(struct span octets, const char *name, void *arg)
{
	(void)octets;
	(void)name;
	++*(unsigned *)arg;
}

static bool
walk_many(unsigned parts, unsigned *found)
{
	struct buf mail = BUF_INIT(100 << 20);
	unsigned i;
	bool whole;

	buf_adds(&mail, MIXED);
	for (i = 0; i < parts; i++)
		buf_addf(&mail, "--b\n\nx%u\n", i);
	*found = 0;
	whole = parts_walk(buf_span(&mail), count, found);
	buf_free(&mail);
	return whole;
}

static void
test_too_many_parts_are_told(void)
{
	unsigned found;

	CHECK(walk_many(PARTS_MAX, &found) && found == PARTS_MAX);
	CHECK(!walk_many(PARTS_MAX + 1, &found) && found == PARTS_MAX);
	CHECK(!walk_many(PARTVIEW_DASHES_MAX + 1, &found) && found == 0);
}

static bool
walk_nested(unsigned levels, const char *type)
{
	struct buf mail = BUF_INIT(100 << 20);
	unsigned i, found = 0;
	bool whole;

	for (i = 0; i < levels; i++)
		buf_addf(&mail, "Content-Type: %s; boundary=%u\n\n--%u\n", type,
		    i, i);
	buf_adds(&mail, "\ntext\n");
	whole = parts_walk(buf_span(&mail), count, &found);
	buf_free(&mail);
	return whole && found == 1;
}

static void
test_parts_are_walked_as_deep_as_GMime_goes(void)
{
	CHECK(walk_nested(500, "multipart/mixed"));
	CHECK(!walk_nested(10000, "multipart/mixed"));
	CHECK(walk_nested(1, "text/plain"));
}

static void
test_messages_are_walked_as_deep_as_GMime_goes(void)
{
	struct buf mail = BUF_INIT(1 << 20);
	unsigned i, found = 0;

	for (i = 0; i < 10000; i++)
		buf_adds(&mail, "Content-Type: message/rfc822\n\n");
	buf_adds(&mail, "\ntext\n");
	CHECK(!parts_walk(buf_span(&mail), count, &found));
	buf_free(&mail);
}

static void
test_messages_in_encoded_parts_are_walked_so_deep(void)
{
	struct buf mail = BUF_INIT(1 << 20);
	unsigned i, found = 0;

	for (i = 0; i < PARTS_NEST_MAX; i++)
		buf_adds(&mail, "Subject: x\n\n");
	buf_adds(&mail, "text");
	CHECK(parts_walk(buf_span(&mail), count, &found));
	CHECK(found == PARTS_NEST_MAX);
	buf_reset(&mail);
	for (i = 0; i < PARTS_NEST_MAX + 2; i++)
		buf_adds(&mail, "Subject: x\n\n");
	CHECK(!parts_walk(buf_span(&mail), count, &found));
	buf_free(&mail);
}

static void
convert_names(void)
{
	user_confine();
	sandbox_reach(NULL, 0, NULL, 0);
	FAILS(open("/etc/passwd", O_RDONLY), EACCES);
	WANT(parts_are("Content-Type: a/b; name*=koi8-r''%C1.exe\n\n1",
	    "\xd0\xb0.exe=1|"));
	WANT(parts_are(
	    "Content-Type: a/b; name=\"=?shift_jis?B?g0EuZXhl?=\"\n\n1",
	    "\xe3\x82\xa2.exe=1|"));
	/* nobody loads this one */
	WANT(parts_are(
	    "Content-Type: a/b; name*=ibm037''a.exe\n\n1", "a.exe=1|"));
}

static void
test_names_need_no_files_any_more(void)
{
	parts_init();
	CHECK(child_passes(convert_names));
}

int
main(void)
{
	TEST(a_message_begins_with_its_fields);
	TEST(other_files_are_no_message);
	TEST(leaves_are_decoded);
	TEST(parts_come_in_order_with_their_names);
	TEST(messages_in_a_message_are_walked);
	TEST(lone_CRs_are_line_ends_and_are_not);
	TEST(too_many_parts_are_told);
	TEST(parts_are_walked_as_deep_as_GMime_goes);
	TEST(messages_are_walked_as_deep_as_GMime_goes);
	TEST(messages_in_encoded_parts_are_walked_so_deep);
	TEST_IF(lacks_landlock(1), names_need_no_files_any_more);
	buf_free(&seen);
	return test_end();
}
