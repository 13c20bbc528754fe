#include <stdbool.h>
#include <stdlib.h>

#include "base/err.h"
#include "eval/wordset.h"
#include "text/charset.h"

#define FIRST_WORDS 256

/* Codes above ASCII that are neither letters nor digits: the rest is taken for
 * one, so that rare scripts are words. */
static const struct {
	int32_t from, to;
} signs[] = {
    {0x80, 0xa9},
    {0xab, 0xb4},
    {0xb6, 0xb9},
    {0xbb, 0xbf},
    {0xd7, 0xd7},
    {0xf7, 0xf7},
    {0x2000, 0x200b},
    {0x200e, 0x203e},
    {0x2041, 0x2053},
    {0x2055, 0x2070},
    {0x2072, 0x207e},
    {0x2080, 0x208f},
    {0x20a0, 0x20cf},
    {0x2190, 0x245f},
    {0x2500, 0x2bff},
    {0x3000, 0x3004},
    {0x3008, 0x3020},
    {0xd800, 0xf8ff},
    {0xfe10, 0xfe1f},
    {0xfe30, 0xfe32},
    {0xfe50, 0xfe6f},
    {0xfeff, 0xff0f},
    {0xff1a, 0xff20},
    {0xfff0, 0xffff},
    {0x1f000, 0x1faff},
};

void
wordset_reset(struct wordset *set)
{
	set->count = 0;
}

void
wordset_free(struct wordset *set)
{
	free(set->words);
	*set = (struct wordset){0};
}

void
wordset_add_word(struct wordset *set, struct span word)
{
	uint32_t hash = 2166136261;
	size_t i;

	if (set->count == set->cap) {
		set->cap = set->cap == 0 ? FIRST_WORDS : 2 * set->cap;
		set->words =
		    realloc(set->words, set->cap * sizeof(*set->words));
		if (set->words == NULL)
			fatal("out of memory");
	}
	/* FNV-1a: it is only for the order, so nobody gains by collisions */
	for (i = 0; i < word.len; i++)
		hash = (hash ^ (unsigned char)word.p[i]) * 16777619;
	set->words[set->count++] = (struct wordset_word){hash, 1, word};
}

static bool
is_space_code(int32_t code)
{
	return code == 0x85 || code == 0xa0 || code == 0x1680 ||
	       (code >= 0x2000 && code <= 0x200a) || code == 0x2028 ||
	       code == 0x2029 || code == 0x202f || code == 0x205f ||
	       code == 0x3000;
}

static bool
is_letter_code(int32_t code)
{
	size_t i;

	for (i = 0; i < nitems(signs); i++)
		if (code <= signs[i].to)
			return code < signs[i].from;
	return true;
}

enum class { SPACE, LETTER, SIGN };

/* Takes a character off the front; what is no UTF-8 is a sign. */
static enum class take_class(struct span *text) {
	unsigned char c = (unsigned char)*text->p; int32_t code;

	if (c >= 0x80){code = charset_take(text);
		       return is_space_code(code)                 ? SPACE
			      : code >= 0 && is_letter_code(code) ? LETTER
								  : SIGN;}
*text = span_from(*text, 1);
if (c == ' ' || (c >= '\t' && c <= '\r'))
	return SPACE;
return (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? LETTER
       : (c >= '0' && c <= '9') || c == '_'   ? LETTER
					      : SIGN;
}

void
wordset_add(struct wordset *set, struct span text)
{
	const char *start = text.p, *at;
	bool has_letter = false;
	enum class class;

	while (text.len > 0) {
		at = text.p;
		class = take_class(&text);
		if (class == LETTER)
			has_letter = true;
		if (class != SPACE)
			continue;
		if (has_letter)
			wordset_add_word(
			    set, (struct span){start, (size_t)(at - start)});
		start = text.p;
		has_letter = false;
	}
	if (has_letter)
		wordset_add_word(
		    set, (struct span){start, (size_t)(text.p - start)});
}

static int
compare(const void *left, const void *right)
{
	const struct wordset_word *a = left, *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->text.len != b->text.len)
		return a->text.len < b->text.len ? -1 : 1;
	return a->text.len == 0 ? 0 : memcmp(a->text.p, b->text.p, a->text.len);
}

void
wordset_sort(struct wordset *set)
{
	struct wordset_word *words = set->words;
	size_t i, kept = 0;

	if (set->count == 0)
		return;
	qsort(words, set->count, sizeof(*words), compare);
	for (i = 1; i < set->count; i++)
		if (compare(&words[kept], &words[i]) == 0)
			words[kept].count += words[i].count;
		else
			words[++kept] = words[i];
	set->count = kept + 1;
}

size_t
wordset_missing(const struct wordset *a, const struct wordset *b)
{
	size_t i, j = 0, missing = 0;

	for (i = 0; i < a->count; i++) {
		while (j < b->count && compare(&b->words[j], &a->words[i]) < 0)
			j++;
		if (j == b->count || compare(&b->words[j], &a->words[i]) != 0 ||
		    b->words[j].count < a->words[i].count)
			missing++;
	}
	return missing;
}
