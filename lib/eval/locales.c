#include <ctype.h>

#include "base/regex.h"
#include "eval/locales.h"

#define CHARSET_MAX 64 /* octets of a name that can be one of ours */

#define CYRILLIC "KOI8R KOI8U KOI8T ISOIR111 CP1251 GEORGIANPS PT154 CP866"

/* As Mail::SpamAssassin::Locales has them; names in capitals, letters and
 * digits only. */
static const struct {
	const char *language;
	const char *charsets;
} languages[] = {
    {"ja", "EUCJP JISX020119760 JISX020819830 JISX020819900 JISX020819970 "
	   "JISX021219900 JISX021320001 JISX021320002 SHIFTJIS ISO2022JP "
	   "SJIS JIS7 JISX0201 JISX0208 JISX0212"},
    {"ko", "EUCKR KSC56011987"},
    {"ru", CYRILLIC},
    {"ka", CYRILLIC},
    {"tg", CYRILLIC},
    {"be", CYRILLIC},
    {"uk", CYRILLIC},
    {"bg", CYRILLIC},
    {"th", "TIS620"},
    {"zh", "GB1988 GB2312 GB231219800 GB18030 GBK BIG5HKSCS BIG5 EUCTW "
	   "ISO2022CN"},
};

static const char *const always[] = {
    "USASCII", "ASCII", "IBM852", "XUNKNOWN", "ISO"};
static const char *const always_front[] = {
    "ISO8859", "ISO10646", "UTF", "UCS", "CP125", "WINDOWS", "UNICODE11UTF"};

static bool
has_word(const char *words, struct span word)
{
	struct span rest = span_of(words), next;

	while ((next = span_word(&rest)).len > 0)
		if (span_eq(next, word))
			return true;
	return false;
}

/* Capitals and digits of it.  Quoted-printable that nobody undid leaves 3D. */
static struct span
plain_name(struct span charset, char name[CHARSET_MAX])
{
	size_t i, len = 0;

	for (i = 0; i < charset.len && len < CHARSET_MAX; i++)
		if (isalnum((unsigned char)charset.p[i]))
			name[len++] =
			    (char)toupper((unsigned char)charset.p[i]);
	if (len >= 2 && memcmp(name, "3D", 2) == 0)
		return (struct span){name + 2, len - 2};
	return (struct span){name, len};
}

static bool
is_always(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(always); i++)
		if (span_is(name, always[i]))
			return true;
	for (i = 0; i < nitems(always_front); i++)
		if (span_starts(name, always_front[i]))
			return true;
	return false;
}

bool
locales_allow(struct span locales, struct span charset)
{
	char plain[CHARSET_MAX];
	struct span name = plain_name(charset, plain), locale;
	size_t i;

	if (is_always(name))
		return true;
	while ((locale = span_word(&locales)).len > 0) {
		if (span_is(locale, "all"))
			return true;
		for (i = 0; i < nitems(languages); i++)
			if (span_starts(locale, languages[i].language) &&
			    has_word(languages[i].charsets, name))
				return true;
	}
	return false;
}

bool
locales_are_all(struct span locales)
{
	struct span locale;

	while ((locale = span_word(&locales)).len > 0)
		if (span_is(locale, "all"))
			return true;
	return false;
}

bool
locales_look_upper(struct span charset)
{
	static struct regex_fixed likely = {
	    "^[-\\w]*(?:koi|jp|jis|euc|gb|big5|isoir|cp1251|windows-1251|"
	    "georgianps|pt154|tis)[-\\w]*$",
	    REGEX_NOCASE, NULL};

	return regex_has(&likely, charset);
}
