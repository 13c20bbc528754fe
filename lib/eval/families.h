/*
 * families: which there are.
 */
#ifndef EVAL_FAMILIES_H
#define EVAL_FAMILIES_H

#include "eval/eval.h"

extern const struct eval_family eval_body;
extern const struct eval_family eval_bounce;
extern const struct eval_family eval_freemail;
extern const struct eval_family eval_fromname;
extern const struct eval_family eval_headerdate;
extern const struct eval_family eval_headerforged;
extern const struct eval_family eval_headertext;
extern const struct eval_family eval_headerwho;
extern const struct eval_family eval_html;
extern const struct eval_family eval_image;
extern const struct eval_family eval_learned;
extern const struct eval_family eval_macro;
extern const struct eval_family eval_mime;
extern const struct eval_family eval_mismatch;
extern const struct eval_family eval_pdf;
extern const struct eval_family eval_relay;
extern const struct eval_family eval_uri;
extern const struct eval_family eval_urihost;
extern const struct eval_family eval_welcome;
extern const struct eval_family eval_welcomesubject;

#define EVAL_FAMILIES                                                        \
	&eval_body, &eval_bounce, &eval_freemail, &eval_fromname,            \
	    &eval_headerdate, &eval_headerforged, &eval_headertext,          \
	    &eval_headerwho, &eval_html, &eval_image, &eval_learned,         \
	    &eval_macro, &eval_mime, &eval_mismatch, &eval_pdf, &eval_relay, \
	    &eval_uri, &eval_urihost, &eval_welcome, &eval_welcomesubject

#endif
