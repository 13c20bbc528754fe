#include "mail/transfer.h"
#include "base/ascii.h"
#include "base/scan.h"

/* One more than the value of each character of the alphabet of RFC 4648, from
 * the blank on; 0 for all others. */
/* clang-format off */
const unsigned char transfer64_values[256] = {
	[' '] =
	 0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, 63,  0,  0,  0, 64,
	53, 54, 55, 56, 57, 58, 59, 60, 61, 62,  0,  0,  0,  0,  0,  0,
	 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15,
	16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,  0,  0,  0,  0,  0,
	 0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41,
	42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,  0,  0,  0,  0,  0,
};
/* clang-format on */

void
transfer64_end(struct transfer64 *group, struct buf *octets)
{
	char out[2];

	if (group->count >= 2) {
		group->bits <<= 6 * (4 - group->count);
		out[0] = (char)(group->bits >> 16);
		out[1] = (char)(group->bits >> 8);
		buf_add(octets, out, group->count - 1);
	}
	*group = (struct transfer64){0, 0};
}

/* Takes groups of four, as long as nothing else is between them.  Returns how
 * many characters it took. */
static size_t
add_groups(struct span text, struct buf *octets)
{
	size_t i;
	int a, b, c, d;

	for (i = 0; i + 4 <= text.len; i += 4) {
		a = transfer64_value(text.p[i]);
		b = transfer64_value(text.p[i + 1]);
		c = transfer64_value(text.p[i + 2]);
		d = transfer64_value(text.p[i + 3]);
		if ((a | b | c | d) < 0)
			break;
		octets->p[octets->len++] = (char)(a << 2 | b >> 4);
		octets->p[octets->len++] = (char)(b << 4 | c >> 2);
		octets->p[octets->len++] = (char)(c << 6 | d);
	}
	return i;
}

void
transfer64_add(struct transfer64 *group, struct span text, struct buf *octets)
{
	size_t i;
	int six;

	if (!buf_room(octets, text.len / 4 * 3 + 3))
		return;
	for (i = 0; i < text.len; i++) {
		if (group->count == 0)
			i += add_groups(
			    (struct span){text.p + i, text.len - i}, octets);
		if (i == text.len)
			break;
		six = transfer64_value(text.p[i]);
		if (six < 0) {
			if (text.p[i] == '=')
				transfer64_end(group, octets);
			continue;
		}
		group->bits = group->bits << 6 | (uint32_t)six;
		if (++group->count < 4)
			continue;
		octets->p[octets->len++] = (char)(group->bits >> 16);
		octets->p[octets->len++] = (char)(group->bits >> 8);
		octets->p[octets->len++] = (char)group->bits;
		*group = (struct transfer64){0, 0};
	}
}

void
transfer_base64(struct span text, struct buf *octets)
{
	struct transfer64 group = {0, 0};

	transfer64_add(&group, text, octets);
	transfer64_end(&group, octets);
}

static bool
is_in_line(int c)
{
	return c != '\n' && c != '\r';
}

/* Takes the end of a line if there is one: LF, CR LF, CR, or CR CR LF, which
 * comes of a text that was converted twice. */
static bool
take_end(struct scan *scan)
{
	bool cr = scan_maybe(scan, '\r');
	struct scan try = *scan;

	if (cr && scan_maybe(&try, '\r') && scan_maybe(&try, '\n')) {
		*scan = try;
		return true;
	}
	return scan_maybe(scan, '\n') || cr;
}

/* Takes what follows a '='; false if it means nothing. */
static bool
take_quoted(struct scan *scan, struct buf *octets)
{
	struct scan try = *scan;
	int high, low;
	char c;

	scan_while(&try, ascii_is_blank);
	if (take_end(&try) || scan_peek(&try) == -1) {
		*scan = try;
		return true;
	}
	if (scan->end - scan->p < 2)
		return false;
	high = ascii_hex((unsigned char)scan->p[0]);
	low = ascii_hex((unsigned char)scan->p[1]);
	if (high < 0 || low < 0)
		return false;
	scan->p += 2;
	c = (char)(high << 4 | low);
	buf_add(octets, &c, 1);
	return true;
}

static bool
is_not_equals(int c)
{
	return c != '=';
}

void
transfer_quoted(struct span text, struct buf *octets)
{
	struct scan scan;

	scan_init(&scan, text);
	buf_room(octets, text.len);
	while (scan_peek(&scan) != -1) {
		buf_addspan(octets, scan_while(&scan, is_not_equals));
		if (scan_maybe(&scan, '=') && !take_quoted(&scan, octets))
			buf_add(octets, "=", 1);
	}
}

static struct span
take_line(struct scan *scan)
{
	struct span line = scan_while(scan, is_in_line);

	take_end(scan);
	return line;
}

static bool
begins(struct span line, const char *word)
{
	struct scan scan;

	scan_init(&scan, line);
	return scan_maybe_word(&scan, word);
}

/* One line: how many octets it holds, and groups of four for three each.  A
 * line may have lost blanks at its end, which stand for zeros. */
static void
add_uu(struct span line, struct buf *octets)
{
	size_t len, i, at;
	unsigned six[4];
	char out[3];

	len = line.len > 0 ? ((unsigned char)line.p[0] - 32U) & 63 : 0;
	for (at = 1; len > 0 && at < line.len; at += 4) {
		for (i = 0; i < 4; i++)
			six[i] =
			    at + i < line.len
				? ((unsigned char)line.p[at + i] - 32U) & 63
				: 0;
		out[0] = (char)(six[0] << 2 | six[1] >> 4);
		out[1] = (char)(six[1] << 4 | six[2] >> 2);
		out[2] = (char)(six[2] << 6 | six[3]);
		i = len < 3 ? len : 3;
		if (i > line.len - at)
			i = line.len - at;
		buf_add(octets, out, i);
		len -= i;
	}
}

void
transfer_uu(struct span text, struct buf *octets)
{
	struct scan scan;
	struct span line;

	scan_init(&scan, text);
	while (scan_peek(&scan) != -1)
		if (begins(take_line(&scan), "begin "))
			break;
	while (scan_peek(&scan) != -1) {
		line = take_line(&scan);
		if (span_eq(line, span_of("end")))
			break;
		add_uu(line, octets);
	}
}

static void
add_yenc(struct span line, struct buf *octets)
{
	size_t i;
	char c;

	for (i = 0; i < line.len; i++) {
		c = line.p[i];
		if (c == '=' && i + 1 < line.len)
			c = (char)(line.p[++i] - 64);
		c = (char)(c - 42);
		buf_add(octets, &c, 1);
	}
}

void
transfer_yenc(struct span text, struct buf *octets)
{
	struct scan scan;
	struct span line;

	scan_init(&scan, text);
	while (scan_peek(&scan) != -1)
		if (begins(take_line(&scan), "=ybegin "))
			break;
	while (scan_peek(&scan) != -1) {
		line = take_line(&scan);
		if (begins(line, "=yend"))
			break;
		if (!begins(line, "=ypart "))
			add_yenc(line, octets);
	}
}
