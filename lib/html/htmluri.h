/*
 * htmluri: addresses as HTML has them.
 */
#ifndef HTML_HTMLURI_H
#define HTML_HTMLURI_H

#include <stdbool.h>

#include "base/arena.h"

#define HTML_URI_MAX 8192 /* characters of one; the rest is left out */

/* Without white space at its ends, that of Unicode too, and cut. */
struct span html_uri_trim(struct span uri, bool *is_cut);

/* What it points to, if base (empty: there is none) is the address of the
 * document: RFC 3986, 5.2, with "http:" or "ftp:" for what has no scheme but a
 * host that tells.  An address with the scheme of the base counts as a relative
 * one, as it did in older documents (5.2.2). */
struct span html_uri_target(
    struct arena *arena, struct span base, struct span uri);

/* What <base href> makes of its value, trimmed: without the name of a file, and
 * with a "/" at its end.  p NULL if it is no absolute address. */
struct span html_uri_base(struct arena *arena, struct span uri);

#endif
