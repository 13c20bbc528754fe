/* loose: runs of base64 wherever they stand. */
#include <string.h>

#include "scan/loose.h"
#include "test.h"

/* 33 octets, and twice that. */
#define HALF "The quick brown fox jumps over it"
#define HALF_CODED "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIGl0"
#define PLAIN HALF HALF
#define CODED HALF_CODED HALF_CODED

/* The runs of a text are these, each with a '|' behind it. */
static bool
runs_are(const char *mail, const char *want)
{
	struct buf octets = BUF_INIT(1000), all = BUF_INIT(10000);
	size_t at = 0;
	bool same;

	while (loose_next(span_of(mail), &at, &octets)) {
		buf_addspan(&all, buf_span(&octets));
		buf_adds(&all, "|");
	}
	same = strcmp(buf_str(&all), want) == 0;
	if (!same)
		printf("# '%s'\n", buf_str(&all));
	buf_free(&all);
	buf_free(&octets);
	return same;
}

static void
test_a_run_is_found_wherever_it_stands(void)
{
	CHECK(runs_are(CODED, PLAIN "|"));
	CHECK(runs_are("a b: c\n\n" CODED "\n--x--\n", PLAIN "|"));
	CHECK(runs_are("a b: c\n" CODED "\n--x--\n", PLAIN "|"));
	CHECK(runs_are("a: b\n\n" CODED "\n--x\nc: d\n\n" CODED "\n",
	    PLAIN "|" PLAIN "|"));
	CHECK(runs_are("\0", ""));
	CHECK(runs_are("", ""));
}

static void
test_lines_may_be_of_any_length(void)
{
	CHECK(runs_are(HALF_CODED "\nVGhlIHF1aWNrIGJyb3d\n"
				  "uIGZveCBqdW1wcyBvdmVyIGl\n0\n",
	    PLAIN "|"));
	CHECK(runs_are("VGh\nlI\nHF1aWNrIG\nJ\ny\nb3duIGZveCBqdW1wcyBvdmVyIGl0"
		       "\n" HALF_CODED,
	    PLAIN "|"));
	CHECK(runs_are(HALF_CODED "\r\nVGhlIHF1aWNrIGJyb3d\r\n"
				  "uIGZveCBqdW1wcyBvdmVyIGl0\r\n",
	    PLAIN "|"));
	CHECK(runs_are(HALF_CODED "\rVGhlIHF1aWNrIGJyb3d\r"
				  "uIGZveCBqdW1wcyBvdmVyIGl0\r",
	    PLAIN "|"));
	CHECK(runs_are("  " HALF_CODED " \t\n\t" HALF_CODED "  ", PLAIN "|"));
}

static void
test_padding_ends_a_run(void)
{
	CHECK(runs_are(CODED "MTI=\n" CODED "\n", PLAIN "12|" PLAIN "|"));
	CHECK(runs_are(CODED "MQ==\nx y\n", PLAIN "1|"));
	CHECK(runs_are(CODED "MTI\n", PLAIN "12|"));
	CHECK(runs_are(CODED "MQ\n", PLAIN "1|"));
	CHECK(runs_are(CODED "M\n", PLAIN "|"));
}

static void
test_junk_behind_a_line_is_left_out(void)
{
	CHECK(runs_are(HALF_CODED "!!\n" HALF_CODED "\n", PLAIN "|"));
	CHECK(
	    runs_are("Hello, is there someone?\nyes, somebody-is-there\n", ""));
}

static void
test_blank_lines_in_a_run_are_nothing(void)
{
	CHECK(runs_are(
	    "a: b\n\n" HALF_CODED "\n\n \n" HALF_CODED "\n", PLAIN "|"));
	/* a folded header must not shift what follows */
	CHECK(runs_are(
	    "a: b\nc\n dcc\n\n" CODED "\n", "q\xd7\x1c" PLAIN "|" PLAIN "|"));
}

static void
test_words_are_no_run(void)
{
	CHECK(runs_are("Hello\nthanks\n", ""));
	CHECK(runs_are("Donaudampfschifffahrtsgesellschaftsdampferkapitaene"
		       "witwenundwaisenrentenkassenvorstandsvorsitzende\n",
	    ""));
	CHECK(runs_are(
	    "this is a text\nof some lines, in which\nnothing is\n", ""));
	CHECK(runs_are(HALF_CODED " " HALF_CODED "\n", ""));
	CHECK(runs_are(HALF_CODED "\n", ""));
}

static void
test_signatures_in_a_header_are_no_run(void)
{
	CHECK(runs_are(
	    "DKIM-Signature: b=\n " CODED "\n\t" CODED "\nTo: x\n", ""));
	CHECK(runs_are(
	    "To: x\n\n " CODED "\n\t" CODED "\nTo: x\n", PLAIN PLAIN "|"));
	CHECK(
	    runs_are("To: x\n " CODED "\n" CODED "\nTo: x\n", PLAIN PLAIN "|"));
}

#define UU "7=&AE('%U:6-K(&)R;W=N(&9O>\"!J=6UP\n`\n"

static void
test_uuencode_is_found_by_its_first_line(void)
{
	CHECK(runs_are("a: b\n\nhello\nbegin 644 a.exe\n" UU "end\nmore\n",
	    "the quick brown fox jum|"));
	CHECK(runs_are("begin 644 a\n" UU "begin 0755 b c\n" UU,
	    "the quick brown fox jum|the quick brown fox jum|"));
	CHECK(runs_are("begin 644 a\n" UU "end\n--x\n\n" CODED "\n",
	    "the quick brown fox jum|" PLAIN "|"));
	CHECK(runs_are("begin with it\n" UU "begin 64 a\n" UU "end\n", ""));
}

static void
test_yEnc_is_found_by_its_first_line(void)
{
	CHECK(runs_are("a\n=ybegin line=128 size=16 name=a\n"
		       "=ypart begin=1 end=16\n"
		       "\x9e\x92\x8f\x4a\x9b\x9f\x93\x8d\x95=\x8a\n"
		       "\x8c\x9c\x99\xa1\x98\x4a\r\n=yend size=16\nb\n",
	    "the quick brown |"));
}

static void
test_a_run_that_does_not_fit_is_cut(void)
{
	struct buf octets = BUF_INIT(100);
	size_t at = 0;

	CHECK(loose_next(span_of(CODED "\n" CODED "\n"), &at, &octets));
	CHECK(octets.full && octets.len == 66);
	CHECK(!loose_next(span_of(CODED "\n" CODED "\n"), &at, &octets));
	CHECK(octets.len == 0);
	buf_free(&octets);
}

int
main(void)
{
	TEST(a_run_is_found_wherever_it_stands);
	TEST(lines_may_be_of_any_length);
	TEST(padding_ends_a_run);
	TEST(junk_behind_a_line_is_left_out);
	TEST(blank_lines_in_a_run_are_nothing);
	TEST(words_are_no_run);
	TEST(signatures_in_a_header_are_no_run);
	TEST(uuencode_is_found_by_its_first_line);
	TEST(yEnc_is_found_by_its_first_line);
	TEST(a_run_that_does_not_fit_is_cut);
	return test_end();
}
