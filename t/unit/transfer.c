/* transfer: what encodings stand for. */
#include <string.h>

#include "mail/transfer.h"
#include "test.h"

static bool
gives(void (*decode)(struct span, struct buf *), const char *text,
    const char *want)
{
	struct buf octets = BUF_INIT(1000);
	bool same;

	decode(span_of(text), &octets);
	same = span_eq(buf_span(&octets), span_of(want));
	if (!same)
		printf("# '%s'\n", buf_str(&octets));
	buf_free(&octets);
	return same;
}

static void
test_base64_is_decoded(void)
{
	CHECK(gives(transfer_base64, "", ""));
	CHECK(gives(transfer_base64, "aGVsbG8gdGhlcmU=", "hello there"));
	CHECK(gives(transfer_base64, "aGVsbG8gdGhlcmU", "hello there"));
	CHECK(gives(transfer_base64, "aGVsbG8gdGhlcg==", "hello ther"));
	CHECK(gives(transfer_base64, "aGVsbG8gdGhlcg", "hello ther"));
	CHECK(gives(transfer_base64, "aGVsbG8gdGhlc", "hello the"));
	CHECK(gives(
	    transfer_base64, "aG Vs\r\nbG\t8g-dG!hl\xff\ncmU=", "hello there"));
	CHECK(
	    gives(transfer_base64, "aGVsbA==\nbyB0aA==\nZXJl", "hello there"));
	CHECK(gives(transfer_base64, "====aGk=", "hi"));
	CHECK(gives(transfer_base64, "//+/", "\xff\xff\xbf"));
}

static void
test_quoted_printable_is_decoded(void)
{
	CHECK(gives(transfer_quoted, "", ""));
	CHECK(gives(transfer_quoted, "a=3Db=3dc\r\nd", "a=b=c\r\nd"));
	CHECK(gives(transfer_quoted, "a=\nb=\r\nc=\rd", "abcd"));
	CHECK(gives(transfer_quoted, "a= \t\nb= \r\nc", "abc"));
	CHECK(gives(transfer_quoted, "a=\r\r\nb=\r\rc", "ab\rc"));
	CHECK(gives(transfer_quoted, "a=", "a"));
	CHECK(gives(transfer_quoted, "a=4", "a=4"));
	CHECK(gives(transfer_quoted, "a=zz==41= 41", "a=zz=A= 41"));
	CHECK(gives(transfer_quoted, "a \nb\t\n", "a \nb\t\n"));
}

static void
test_uuencode_is_decoded(void)
{
	CHECK(gives(transfer_uu, "", ""));
	CHECK(gives(transfer_uu, "%:&5L;&\\`\n", ""));
	CHECK(gives(
	    transfer_uu, "x\nbegin 644 a\n%:&5L;&\\`\n`\nend\ny\n", "hello"));
	CHECK(gives(transfer_uu, "begin 644 a\r\n%:&5L;&\\`\r\n", "hello"));
	/* without what is of no use at the end, and with more than that */
	CHECK(gives(transfer_uu, "begin 644 a\n%:&5L;&\\\n", "hello"));
	CHECK(gives(transfer_uu, "begin 644 a\n%:&5L;&\\`XXXX\n", "hello"));
	CHECK(gives(transfer_uu, "begin 644 a\nM\n", ""));
}

static void
test_yEnc_is_decoded(void)
{
	CHECK(gives(transfer_yenc, "", ""));
	CHECK(gives(transfer_yenc, "\x92\x93\n", ""));
	CHECK(gives(transfer_yenc,
	    "x\n=ybegin line=9 size=3 name=a\n=ypart begin=1\n\x92\x93\r\n"
	    "=\x8b\n=yend size=3\nx\n",
	    "hi!"));
}

static void
test_what_has_no_room_is_left_out(void)
{
	struct buf octets = BUF_INIT(2);

	transfer_base64(span_of("aGVsbG8="), &octets);
	CHECK(octets.full && octets.len <= 2);
	transfer_quoted(span_of("hello"), &octets);
	CHECK(octets.full && octets.len <= 2);
	buf_free(&octets);
}

int
main(void)
{
	TEST(base64_is_decoded);
	TEST(quoted_printable_is_decoded);
	TEST(uuencode_is_decoded);
	TEST(yEnc_is_decoded);
	TEST(what_has_no_room_is_left_out);
	return test_end();
}
