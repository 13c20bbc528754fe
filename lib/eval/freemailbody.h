/*
 * freemailbody: addresses that a body tells its reader to write to.
 */
#ifndef EVAL_FREEMAILBODY_H
#define EVAL_FREEMAILBODY_H

#include "text/mail.h"
#include "uri/tld.h"

#define FREEMAILBODY_LINKED_MAX 20 /* of links */
#define FREEMAILBODY_MAX 40        /* of all */

/* Finds them, each once, in lower case: those of links, and those in the text,
 * but for what stands in angle brackets, in addresses of the web, and in front
 * of "wrote:". */
void freemailbody(
    struct mail *mail, const struct tld *tld, struct text *emails);

#endif
