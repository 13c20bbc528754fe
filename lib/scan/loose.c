#include "scan/loose.h"
#include "base/ascii.h"
#include "base/scan.h"
#include "mail/transfer.h"

/* A run of one line that is all letters is a word if it is not as long. */
#define WORD_MAX 120

/* A run with no blank line in front and blanks in front of each of its lines is
 * a signature or seal of the header if it is not as long. */
#define FOLDED_MAX 2000

/* Octets behind the base64 of a line that are no reason to end the run. */
#define JUNK_MAX 8

/* So much base64 has a line that may end in junk. */
#define SURE_MIN 20

/* Octets that uuencode and yEnc are to give. */
#define MARKED_MIN 16

enum loose_kind { BASE64, UUENCODE, YENC };

/* What a line is. */
struct row {
	struct span base64; /* without blanks, padding and junk; may be empty */
	size_t next;        /* where the next line starts */
	bool blank;
	bool folded; /* blanks are in front */
	bool padded; /* '=' follows: the text ends here */
};

/* What was taken of a run. */
struct run {
	struct buf *octets;
	struct transfer64 group;
	size_t len;   /* octets of base64 */
	size_t lines; /* that are not blank */
	bool plain;   /* letters only */
	bool folded;
};

static bool
is_octal(int c)
{
	return c >= '0' && c <= '7';
}

/* Octets from p on that are base64. */
static size_t
measure(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && transfer64_value(*p) >= 0)
		p++;
	return (size_t)(p - start);
}

/* Reads the line at an offset.  A line ends in LF, CR LF or CR. */
static struct row
row_at(struct span mail, size_t at)
{
	const char *p = mail.p + at, *end = mail.p + mail.len, *stop;
	struct row row = {{NULL, 0}, 0, false, false, false};

	while (p < end && ascii_is_blank(*p))
		p++;
	row.folded = p > mail.p + at;
	row.base64.p = p;
	row.base64.len = measure(p, end);
	p += row.base64.len;
	for (stop = p; stop < end && *stop != '\n' && *stop != '\r';)
		stop++;
	row.next = (size_t)(stop - mail.p);
	if (stop < end)
		row.next++;
	if (stop + 1 < end && stop[0] == '\r' && stop[1] == '\n')
		row.next++;
	while (stop > p && ascii_is_blank(stop[-1]))
		stop--;
	row.blank = row.base64.len == 0 && p == stop;
	row.padded = row.base64.len > 0 && p < stop && *p == '=';
	while (p < stop && *p == '=')
		p++;
	if (p < stop && (row.base64.len < SURE_MIN || stop - p > JUNK_MAX))
		row.base64.len = 0; /* prose */
	return row;
}

/* Takes the base64 of a line. */
static void
decode(struct run *run, struct span base64)
{
	size_t i;

	run->len += base64.len;
	run->lines += base64.len > 0;
	for (i = 0; i < base64.len && run->plain; i++)
		run->plain = transfer64_value(base64.p[i]) < 52;
	transfer64_add(&run->group, base64, run->octets);
}

/* Whether nothing or a blank line is in front of the line at that offset. */
static bool
after_blank(struct span mail, size_t at)
{
	const char *p = mail.p + at;

	if (p > mail.p && p[-1] == '\n')
		p--;
	if (p > mail.p && p[-1] == '\r')
		p--;
	while (p > mail.p && ascii_is_blank(p[-1]))
		p--;
	return p == mail.p || p[-1] == '\n' || p[-1] == '\r';
}

static bool
is_worth(const struct run *run, bool doubt)
{
	if (run->lines == 1 && run->plain && run->len < WORD_MAX)
		return false;
	if (doubt && run->folded && run->len < FOLDED_MAX)
		return false;
	return run->len >= LOOSE_MIN;
}

/*
 * Takes the run that begins at *at and moves on.  Blank lines in it are nothing
 * to a reader of mail, so they are nothing here.  But one of them may be the
 * end of a header whose last lines, folded, look like base64; they would shift
 * the groups of four of all that follows.  So when no blank line is in front
 * of the run, what follows its first blank line is a run once more.
 */
static bool
take(struct span mail, size_t *at, struct buf *octets)
{
	struct run run = {octets, {0, 0}, 0, 0, true, true};
	bool doubt = !after_blank(mail, *at);
	size_t again = 0, pos = *at;
	struct row row;

	buf_reset(octets);
	while (pos < mail.len) {
		row = row_at(mail, pos);
		if (row.base64.len == 0 && !row.blank)
			break;
		pos = row.next;
		if (row.blank && doubt && again == 0)
			again = pos;
		if (!row.blank && !row.folded)
			run.folded = false;
		decode(&run, row.base64);
		if (row.padded)
			break;
	}
	transfer64_end(&run.group, octets);
	*at = again != 0 ? again : pos;
	return is_worth(&run, doubt);
}

/* Whether a line begins uuencode, "begin 644 name", or yEnc. */
static enum loose_kind
kind_of(struct span mail, size_t at)
{
	struct span text = {mail.p + at, mail.len - at};
	struct scan scan;

	scan_init(&scan, text);
	if (scan_maybe_word(&scan, "=ybegin "))
		return YENC;
	if (scan_maybe_word(&scan, "begin ") &&
	    scan_while(&scan, is_octal).len >= 3 && scan_maybe(&scan, ' '))
		return UUENCODE;
	return BASE64;
}

static bool
is_end(struct span mail, size_t at)
{
	struct scan scan;

	scan_init(&scan, (struct span){mail.p + at, mail.len - at});
	return scan_maybe_word(&scan, "end\r") ||
	       scan_maybe_word(&scan, "end\n") ||
	       scan_maybe_word(&scan, "=yend");
}

/* Takes what goes from the line at *at up to an end of it, or to where another
 * one begins.  There may be base64 in it if it is not what it seems to be, so
 * that *at goes on to the next line only. */
static bool
take_marked(
    struct span mail, size_t *at, enum loose_kind kind, struct buf *octets)
{
	struct span text;
	size_t pos = row_at(mail, *at).next;

	text.p = mail.p + *at;
	*at = pos;
	while (pos < mail.len && !is_end(mail, pos) &&
	       kind_of(mail, pos) == BASE64)
		pos = row_at(mail, pos).next;
	text.len = (size_t)(mail.p + pos - text.p);
	buf_reset(octets);
	if (kind == YENC)
		transfer_yenc(text, octets);
	else
		transfer_uu(text, octets);
	return octets->len >= MARKED_MIN;
}

bool
loose_next(struct span mail, size_t *at, struct buf *octets)
{
	enum loose_kind kind;
	struct row row;
	bool found;

	while (*at < mail.len) {
		kind = kind_of(mail, *at);
		row = row_at(mail, *at);
		if (kind != BASE64)
			found = take_marked(mail, at, kind, octets);
		else if (row.base64.len > 0)
			found = take(mail, at, octets);
		else {
			*at = row.next;
			continue;
		}
		if (found)
			return true;
	}
	buf_reset(octets);
	return false;
}
