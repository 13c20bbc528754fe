/*
 * charsets: the C library's converters of character sets, before a sandbox.
 */
#ifndef BASE_CHARSETS_H
#define BASE_CHARSETS_H

/* Has the C library load, for good, what converts the character sets that mail
 * is written in to UTF-8, so that iconv_open(3) opens no file for them later.
 */
void charsets_hold(void);

#endif
