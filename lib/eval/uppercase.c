#include "eval/uppercase.h"

#define TEXT_MIN 200      /* octets: fewer say nothing about capitals */
#define BASE64_RUN_MIN 60 /* octets of a word that may be base64 */
#define BASE64_RUN_MAX 76

struct letters {
	size_t all, upper, lower;
};

static bool
is_base64(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

/* Two words of its letters, as base64 that nobody decoded looks when its lines
 * were joined. */
static bool
looks_base64(struct span line)
{
	size_t i = 0, start;
	int words;

	for (words = 0; words < 2; words++, i++) {
		for (start = i; i < line.len && is_base64(line.p[i]); i++)
			;
		if (i - start < BASE64_RUN_MIN || i - start > BASE64_RUN_MAX ||
		    i == line.len || line.p[i] != ' ')
			return false;
	}
	return true;
}

static void
count_letters(struct span text, struct letters *letters)
{
	size_t i;
	unsigned char c;

	for (i = 0; i < text.len; i++) {
		c = (unsigned char)text.p[i];
		letters->upper += (unsigned char)(c - 'A') < 26;
		letters->lower += (unsigned char)(c - 'a') < 26 ||
				  (unsigned char)(c - '0') < 10;
	}
	letters->all += text.len;
}

/* Without what is in the characters of ISO-2022-JP, between two escapes. */
static void
count_line(struct span line, struct letters *letters)
{
	const char *on = span_find(line, span_of("\033$B")), *off = NULL, *p;
	struct span rest;

	if (on != NULL) {
		rest = span_from(line, (size_t)(on + 3 - line.p));
		while ((p = span_find(rest, span_of("\033(B"))) != NULL) {
			off = p + 3;
			rest = span_from(rest, (size_t)(off - rest.p));
		}
	}
	if (off == NULL) {
		count_letters(line, letters);
		return;
	}
	count_letters((struct span){line.p, (size_t)(on - line.p)}, letters);
	count_letters(rest, letters);
}

double
uppercase_percents(const struct text *text)
{
	struct letters letters = {0};
	struct span line, rest;
	size_t i;

	for (i = 0; i < text->count; i++) {
		line = rest = text->lines[i];
		(void)span_word(&rest);
		if (span_word(&rest).len > 0 && !looks_base64(line))
			count_line(line, &letters);
	}
	if (letters.all < TEXT_MIN || letters.upper + letters.lower == 0)
		return 0;
	return 100 * ((double)letters.upper /
			 (double)(letters.upper + letters.lower));
}
