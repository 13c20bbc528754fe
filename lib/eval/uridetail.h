/*
 * uridetail: conditions that one and the same address must meet, as rules of
 * kind uri_detail have them:
 *
 *	text =~ /\bhttps:/  cleaned !~ /\bhttps:/  type =~ /^a$/
 *
 * What is looked at: raw, cleaned, domain, host, text (of the links to it) and
 * type (the elements of HTML, "parsed" in the text).  Where there are several,
 * one of them must do.
 */
#ifndef EVAL_URIDETAIL_H
#define EVAL_URIDETAIL_H

#include "base/buf.h"
#include "text/mail.h"

struct uridetail;

/* Compiles; NULL if it is wrong, and why says so.  A condition about something
 * that has one already takes its place. */
struct uridetail *uridetail_new(struct span conditions, struct buf *why);
void uridetail_free(struct uridetail *detail);

/* Whether an address of the message meets all of them, after uris_find(). */
bool uridetail_match(const struct uridetail *detail, const struct mail *mail);

#endif
