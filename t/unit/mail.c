/* mail: headers and parts of messages, whole and broken. */
#include <string.h>

#include "test.h"
#include "text/mail.h"

static struct mail mail;

static void
take(const char *text)
{
	mail_reset(&mail);
	mail_read(&mail, span_of(text));
}

/* The value of the last field of that name; "" if there is none. */
static struct span
value(const struct mail_header *header, const char *name)
{
	const struct mail_field *field = mail_last(header, name);

	return field == NULL ? span_of("") : field->value;
}

static bool
has(const char *name, const char *want)
{
	return span_is(value(&mail.root.header, name), want);
}

/* Whether these are the types of the leaves, with blanks between. */
static bool
leaves_are(const char *want)
{
	char types[1000] = "";
	size_t i;

	for (i = 0; i < mail.leaf_count; i++)
		snprintf(types + strlen(types), sizeof(types) - strlen(types),
		    "%s%s", i == 0 ? "" : " ", mail.leaves[i]->type);
	if (strcmp(types, want) != 0)
		printf("# '%s'\n", types);
	return strcmp(types, want) == 0;
}

static bool
leaf_is(size_t i, const char *want)
{
	struct span octets;

	if (i >= mail.leaf_count)
		return false;
	octets = mail_decode(&mail, mail.leaves[i]);
	if (!span_is(octets, want))
		printf("# '%.*s'\n", SPAN_ARG(octets));
	return span_is(octets, want);
}

static void
test_fields_are_unfolded_and_kept_as_they_are(void)
{
	take("Subject:  one\n\ttwo \nX-A:\nSUBJECT : three\n\nbody\n");
	CHECK(mail.root.header.count == 3 && mail.flags == 0);
	CHECK(span_is(mail.root.header.fields[0].value, "one two"));
	CHECK(span_is(mail.root.header.fields[0].raw, "  one\n\ttwo \n"));
	CHECK(has("x-a", "") && has("subject", "three"));
	CHECK(mail_first(&mail.root.header, "subject") ==
	      &mail.root.header.fields[0]);
	CHECK(mail_first(&mail.root.header, "none") == NULL);
	CHECK(span_is(
	    mail.header, "Subject:  one\n\ttwo \nX-A:\nSUBJECT : three\n\n"));
	CHECK(span_is(mail.rest, "body\n") && leaf_is(0, "body\n"));
}

static void
test_fields_of_a_name_are_walked(void)
{
	size_t at = 0;

	take("A: 1\nB: 2\na: 3\n\n");
	CHECK(span_is(mail_next(&mail.root.header, "a", &at)->value, "1"));
	CHECK(span_is(mail_next(&mail.root.header, "a", &at)->value, "3"));
	CHECK(mail_next(&mail.root.header, "a", &at) == NULL);
}

static void
test_a_line_in_front_as_in_a_mailbox_is_left_out(void)
{
	take("From a@example.net Mon Jan  1 00:00:00 2024\nA: b\n\nx\n");
	CHECK(mail.root.header.count == 1 && has("a", "b"));
	CHECK(span_is(mail.pristine, "A: b\n\nx\n"));
	take("From : b\n\nx\n");
	CHECK(mail.root.header.count == 1 && has("from", "b"));
	take(" 1-Jan-2024 10:11:12 +0000,123;000000000001-00000001\nA: b\n\n");
	CHECK(mail.root.header.count == 1 && has("a", "b"));
}

static void
test_lines_may_end_in_crlf(void)
{
	take("A: b\r\n c\r\nD: e\r\n\r\none\r\ntwo\r\n");
	CHECK(mail.crlf && has("a", "b c") && leaf_is(0, "one\ntwo\n"));
	CHECK(span_is(mail.header, "A: b\r\n c\r\nD: e\r\n\r\n"));
	CHECK(span_is(mail.rest, "one\r\ntwo\r\n"));
	/* CRs that are not there are added to the header */
	take("A: b\r\nC: d\n\nx\ny\r\n");
	CHECK(span_is(mail.header, "A: b\r\nC: d\r\n\r\n"));
	CHECK(span_is(mail.pristine, "A: b\r\nC: d\r\n\r\nx\ny\r\n"));
	CHECK(leaf_is(0, "x\ny\n"));
	take("A: b\n\nx\r\ny\n");
	CHECK(!mail.crlf && leaf_is(0, "x\r\ny\n"));
}

static void
test_a_header_ends_at_what_is_none(void)
{
	take("A: b");
	CHECK(has("a", "b") && mail.flags == MAIL_NO_BLANK_LINE);
	take("A: b\n--x\n\n");
	CHECK(mail.flags == MAIL_NO_BLANK_LINE && leaf_is(0, "--x\n\n"));
	/* three lines that are no fields are left out */
	take("A: b\n1\n2\n3\nC: d\n\nx\n");
	CHECK(mail.flags == 0 && mail.root.header.count == 2);
	take("A: b\n1\n2\n3\n4\nC: d\n\n");
	CHECK(mail.flags == MAIL_NO_BLANK_LINE);
	CHECK(mail.root.header.count == 1 && leaf_is(0, "4\nC: d\n\n"));
	take("");
	CHECK(mail.root.header.count == 0 && mail.leaf_count == 1);
}

static void
test_names_and_values_have_a_limit(void)
{
	char text[MAIL_VALUE_MAX + 2000];

	memset(text, 'x', sizeof(text));
	text[300] = ':';
	memcpy(text + sizeof(text) - 4, "\n\ny", 4);
	take(text);
	CHECK((mail.flags & MAIL_HEADER_CUT) != 0);
	CHECK(mail.root.header.count == 1);
	CHECK(mail.root.header.fields[0].name.len == MAIL_NAME_MAX);
	CHECK(mail.root.header.fields[0].value.len == MAIL_VALUE_MAX);
}

static void
test_many_blank_lines_become_twenty(void)
{
	char text[200] = "A: b\n\nx\n";
	size_t i;

	for (i = 0; i < 30; i++)
		strcat(text, " \n");
	strcat(text, "y\n");
	take(text);
	CHECK(mail.leaf_count == 1);
	CHECK(mail_decode(&mail, mail.leaves[0]).len == 2 + 20 * 2 + 2);
	CHECK(span_is(mail.rest, text + 6));
}

#define MULTI "Content-Type: multipart/mixed; boundary=\"=b\"\n\n"

static void
test_a_multipart_has_its_parts(void)
{
	take(MULTI "in front\n--=b\nContent-Type: Text/HTML; charset='x'\n"
		   "Content-Disposition: inline; filename=\"a b.txt\"\n\n"
		   "<p>\n\n--=b  \n\nplain\n--=b--\n.\n");
	CHECK(leaves_are("text/html text/plain"));
	CHECK(leaf_is(0, "<p>\n") && leaf_is(1, "plain"));
	CHECK(span_is(mail.leaves[0]->charset, "x"));
	CHECK(span_is(mail.leaves[0]->name, "a b.txt"));
	CHECK(mail.leaves[0]->parent == &mail.root && mail.root.is_multipart);
	CHECK(span_is(mail.leaves[1]->charset, "us-ascii"));
	CHECK(mail.leaves[1]->name.p == NULL);
	CHECK(mail.flags == MAIL_NO_PART_HEADER);
}

static void
test_what_is_wrong_with_parts_is_told(void)
{
	take(MULTI "--=b\nA: b\n\nx\n--=b--\nmore\n");
	CHECK(mail.flags == MAIL_EPILOGUE);
	take(MULTI "--=b\nA: b\n\nx\n");
	CHECK(mail.flags == MAIL_NO_END && leaf_is(0, "x\n"));
	take(MULTI "--=b\nA: b\nno colon\n--=b--\n");
	CHECK(mail.flags == MAIL_NO_PART_BLANK_LINE);
	CHECK(leaf_is(0, "no colon"));
	/* without a boundary all of it is the first part */
	take(MULTI "text\nmore\n");
	CHECK(leaves_are("text/plain") && leaf_is(0, "text\nmore\n"));
	/* without a parameter it is a text */
	take("Content-Type: multipart/mixed\n\n--x\n\ny\n");
	CHECK(leaves_are("text/plain") && !mail.root.is_multipart);
}

static void
test_multiparts_may_be_nested(void)
{
	take(MULTI "--=b\nContent-Type: multipart/alternative; boundary=c\n\n"
		   "--c\n\none\n--c\nContent-Type: text/html\n\ntwo\n--c--\n"
		   "--=b\nContent-Type: image/png\n\nthree\n--=b--\n");
	CHECK(leaves_are("text/plain text/html image/png"));
	CHECK(leaf_is(1, "two") && leaf_is(2, "three"));
	CHECK(mail.leaves[0]->parent->parent == &mail.root);
	/* with the same boundary */
	take(MULTI "--=b\nContent-Type: multipart/alternative; boundary==b\n\n"
		   "--=b\n\none\n--=b--\n--=b\n\ntwo\n--=b--\n");
	CHECK(leaves_are("text/plain text/plain"));
	CHECK(leaf_is(0, "one") && leaf_is(1, "two"));
}

static void
test_a_message_in_a_message_is_read(void)
{
	take(MULTI "--=b\nContent-Type: message/rfc822\n\n"
		   "Subject: inner\nContent-Type: text/html\n\n<b>\n--=b--\n");
	CHECK(leaves_are("text/html") && leaf_is(0, "<b>"));
	CHECK(mail.root.child->is_message);
	CHECK(span_is(value(&mail.leaves[0]->header, "subject"), "inner"));
	/* in base64 */
	take("Content-Type: message/rfc822\n"
	     "Content-Transfer-Encoding: base64\n\nQTogYgoKaGkK\n");
	CHECK(leaves_are("text/plain") && leaf_is(0, "hi\n"));
	/* a digest's parts are messages, a report is none */
	take("Content-Type: multipart/digest; boundary=d\n\n--d\n\n"
	     "A: b\n\nhi\n--d\nContent-Type: message/delivery-status\n\n"
	     "C: d\n--d--\n");
	CHECK(leaves_are("text/plain message/delivery-status"));
	CHECK(leaf_is(0, "hi") && leaf_is(1, "C: d"));
}

static void
test_parts_in_parts_have_a_limit(void)
{
	static char text[40 * (MAIL_DEPTH_MAX + 10)];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < MAIL_DEPTH_MAX + 5; i++)
		strcat(text, "Content-Type: message/rfc822\n\n");
	strcat(text, "A: b\n\nx\n");
	take(text);
	CHECK(leaves_are("message/rfc822"));
}

static void
test_parts_have_a_limit(void)
{
	static char text[100 + 5 * MAIL_PARTS_MAX + 100];
	size_t i;

	strcpy(text, MULTI);
	for (i = 0; i < MAIL_PARTS_MAX + 10; i++)
		strcat(text, "--=b\n");
	take(text);
	CHECK(mail.leaf_count == MAIL_PARTS_MAX && mail.is_cut);
	CHECK((mail.flags & MAIL_TOO_MANY_PARTS) != 0);
}

static void
test_long_lines_of_parts_are_cut(void)
{
	static char text[6000];
	struct span octets;

	strcpy(text, MULTI "--=b\n\n");
	memset(text + strlen(text), 'x', 3000);
	strcat(text, "\n--=b--\n");
	take(text);
	CHECK(mail.leaf_count == 1);
	octets = mail_decode(&mail, mail.leaves[0]);
	CHECK(octets.len == 3001 && octets.p[MAIL_LINE_MAX] == '\n');
}

static void
test_transfer_encodings_are_undone(void)
{
	take("Content-Transfer-Encoding: Quoted-Printable\n\n"
	     "a=3Db =\nc=0D=0Ad \t\n=ZZ=4");
	CHECK(leaf_is(0, "a=b c\nd\n=ZZ=4"));
	take("Content-Transfer-Encoding: quoted-printable\n\n=3=\nD\n");
	CHECK(leaf_is(0, "=\n"));
	take("Content-Transfer-Encoding: BASE64\n\naGVs\nbG8NCg==\n");
	CHECK(leaf_is(0, "hello\n"));
	take("Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"
	     "aA0K!!aGVsbG8NCg==\n");
	CHECK(mail_decode(&mail, mail.leaves[0]).len > 0);
	take("Content-Transfer-Encoding: 8bit\n\na=3D\n");
	CHECK(leaf_is(0, "a=3D\n"));
	mail_reset(&mail);
	mail.decoded_max = 3;
	mail_read(&mail, span_of("A: b\n\nabcdef"));
	CHECK(leaf_is(0, "abc") && mail.leaves[0]->is_cut && mail.is_cut);
	mail.decoded_max = MAIL_DECODED_MAX;
}

int
main(void)
{
	mail_init(&mail);
	TEST(fields_are_unfolded_and_kept_as_they_are);
	TEST(fields_of_a_name_are_walked);
	TEST(a_line_in_front_as_in_a_mailbox_is_left_out);
	TEST(lines_may_end_in_crlf);
	TEST(a_header_ends_at_what_is_none);
	TEST(names_and_values_have_a_limit);
	TEST(many_blank_lines_become_twenty);
	TEST(a_multipart_has_its_parts);
	TEST(what_is_wrong_with_parts_is_told);
	TEST(multiparts_may_be_nested);
	TEST(a_message_in_a_message_is_read);
	TEST(parts_in_parts_have_a_limit);
	TEST(parts_have_a_limit);
	TEST(long_lines_of_parts_are_cut);
	TEST(transfer_encodings_are_undone);
	mail_free(&mail);
	return test_end();
}
