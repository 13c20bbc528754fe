/*
 * htmlentity: "&amp;", "&#8364;" and the like as characters.
 */
#ifndef HTML_HTMLENTITY_H
#define HTML_HTMLENTITY_H

#include "base/buf.h"

/* Appends text with its entities replaced; the names are those of HTML 4, and
 * the ones of Latin 1 need no ";".  In running text (not in attributes) a name
 * may go on as a word: "&copyright".  Returns whether one of them is beyond
 * Latin 1. */
bool html_decode(struct buf *buf, struct span text, bool running);

#endif
