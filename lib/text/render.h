/*
 * render: what a reader of a message would see.
 *
 * Text and HTML parts become text; HTML is told apart into what is shown and
 * what is hidden (html/html.h).  All parts together, with the subject in front,
 * are joined to paragraphs of one line each: blank lines end a paragraph, other
 * white space is one blank; lines of more than MAIL_LINE_MAX octets are cut.
 */
#ifndef TEXT_RENDER_H
#define TEXT_RENDER_H

#include "text/mail.h"

#define RENDER_MAX 50000      /* body_part_scan_size, by default */
#define RENDER_RAW_MAX 500000 /* rawbody_part_scan_size */
#define RENDER_SLACK_MAX 1024 /* behind a limit up to a better place to cut */

/* Fills in what mail.h says.  max: characters of text of a part, the rest is
 * left out; 0: all.  Of the raw body it is RENDER_RAW_MAX octets. */
void render(struct mail *mail, size_t max);

#endif
