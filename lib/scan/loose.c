#include <stdint.h>

#include "scan/loose.h"

/* A run of one line that is all letters is a word if it is not as long. */
#define WORD_MAX 120

/* A run with no blank line in front and blanks in front of each of its lines is
 * a signature or seal of the header if it is not as long. */
#define FOLDED_MAX 2000

/* Octets behind the base64 of a line that are no reason to end the run. */
#define JUNK_MAX 8

/* So much base64 has a line that may end in junk. */
#define SURE_MIN 20

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
	uint32_t bits; /* of the group of four that is not complete */
	unsigned count;
	size_t len;   /* octets of base64 */
	size_t lines; /* that are not blank */
	bool plain;   /* letters only */
	bool folded;
};

/* Six bits, or -1. */
static int
value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Octets from p on that are base64. */
static size_t
measure(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && value(*p) >= 0)
		p++;
	return (size_t)(p - start);
}

/* Reads the line at an offset.  A line ends in LF, CR LF or CR. */
static struct row
row_at(struct span mail, size_t at)
{
	const char *p = mail.p + at, *end = mail.p + mail.len, *stop;
	struct row row = {{NULL, 0}, 0, false, false, false};

	while (p < end && is_blank(*p))
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
	while (stop > p && is_blank(stop[-1]))
		stop--;
	row.blank = row.base64.len == 0 && p == stop;
	row.padded = row.base64.len > 0 && p < stop && *p == '=';
	while (p < stop && *p == '=')
		p++;
	if (p < stop && (row.base64.len < SURE_MIN || stop - p > JUNK_MAX))
		row.base64.len = 0; /* prose */
	return row;
}

/* Takes the base64 of a line; what does not fit is left out. */
static void
decode(struct run *run, struct span base64)
{
	struct buf *octets = run->octets;
	size_t i;
	int six;

	run->len += base64.len;
	run->lines += base64.len > 0;
	if (!buf_room(octets, base64.len / 4 * 3 + 3))
		return;
	for (i = 0; i < base64.len; i++) {
		six = value(base64.p[i]);
		if (six >= 52)
			run->plain = false;
		run->bits = run->bits << 6 | (uint32_t)six;
		if (++run->count < 4)
			continue;
		octets->p[octets->len++] = (char)(run->bits >> 16);
		octets->p[octets->len++] = (char)(run->bits >> 8);
		octets->p[octets->len++] = (char)run->bits;
		run->bits = 0;
		run->count = 0;
	}
}

/* The last group, of two or three. */
static void
finish(struct run *run)
{
	char out[2];

	if (run->count < 2)
		return;
	run->bits <<= 6 * (4 - run->count);
	out[0] = (char)(run->bits >> 16);
	out[1] = (char)(run->bits >> 8);
	buf_add(run->octets, out, run->count - 1);
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
	while (p > mail.p && is_blank(p[-1]))
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
	struct run run = {octets, 0, 0, 0, 0, true, true};
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
	finish(&run);
	*at = again != 0 ? again : pos;
	return is_worth(&run, doubt);
}

bool
loose_next(struct span mail, size_t *at, struct buf *octets)
{
	struct row row;

	while (*at < mail.len) {
		row = row_at(mail, *at);
		if (row.base64.len == 0)
			*at = row.next;
		else if (take(mail, at, octets))
			return true;
	}
	buf_reset(octets);
	return false;
}
