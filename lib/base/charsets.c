#include <iconv.h>
#include <stdbool.h>

#include "base/charsets.h"
#include "base/span.h"

/* As glibc calls them. */
static const char *const charsets[] = {"ISO-8859-1", "ISO-8859-2", "ISO-8859-3",
    "ISO-8859-4", "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8",
    "ISO-8859-9", "ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-15",
    "ISO-8859-16", "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252",
    "WINDOWS-1253", "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256",
    "WINDOWS-1257", "WINDOWS-1258", "KOI8-R", "KOI8-U", "UTF-16", "UTF-32",
    "UTF-7", "GB2312", "GBK", "GB18030", "BIG5", "EUC-TW", "EUC-JP",
    "SHIFT_JIS", "CP932", "ISO-2022-JP", "EUC-KR", "UHC", "ISO-2022-KR",
    "TIS-620", "IBM437", "IBM850", "IBM852", "IBM866", "MACINTOSH"};

/* It loads a file for each, and keeps it while it is in use. */
static iconv_t held[nitems(charsets)];

void
charsets_hold(void)
{
	static bool done;
	size_t i;

	for (i = 0; i < nitems(charsets) && !done; i++)
		held[i] = iconv_open("UTF-8", charsets[i]);
	done = true;
}
