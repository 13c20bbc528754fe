/*
 * body: what the text of a message is like as a whole: the functions of
 * SpamAssassin's BodyEval.
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/stock.h"
#include "eval/walk.h"
#include "eval/wordset.h"

#define RATIO_ENDLESS 1e6 /* of a body without a signature */
#define SIGNATURE_MIN 5   /* octets from the delimiter's line on */
#define SPACED_MIN 6      /* octets of a line that counts */

/* Of multipart/alternative: what the HTML says and the text does not. */
struct difference {
	double percents;   /* of different words, at most */
	size_t html, text; /* different words of each, of the last one */
};

struct body {
	struct wordset html, text;
	struct difference difference;
	size_t lines, blank_lines;
	double spaces; /* to 100 other octets, in the line of most; -1: none */
	size_t stock;
	bool has_plain;
	size_t body_length, signature_length;
};

static void *
body_prepare(struct ruleset *set)
{
	struct body *body = calloc(1, sizeof(*body));

	(void)set;
	if (body == NULL)
		fatal("out of memory");
	return body;
}

static void
body_release(void *data)
{
	struct body *body = data;

	wordset_free(&body->html);
	wordset_free(&body->text);
	free(body);
}

static bool
is_type(const struct mail_part *part, const char *type)
{
	return part != NULL && strcmp(part->type, type) == 0;
}

/* An invitation to a meeting. */
static bool
is_invitation(const struct mail_part *root)
{
	const struct mail_part *child = root->child;

	return is_type(root, "multipart/alternative") &&
	       is_type(child, "text/html") && child->child == NULL &&
	       is_type(child->next, "text/calendar") &&
	       child->next->child == NULL && child->next->next == NULL;
}

static void
add_words(struct body *body, const struct mail_part *part)
{
	if (!part->is_rendered || !span_starts(span_of(part->type), "text/"))
		return;
	if (part->html == NULL) {
		wordset_add(&body->text, part->rendered);
		return;
	}
	wordset_add(&body->html, part->rendered);
	/* a picture instead of words is one that no text has */
	if (body->html.count == 0 && html_tag(part->html, "img") > 0)
		wordset_add_word(&body->html, span_of("\n"));
}

static void
compare_alternative(struct body *body, struct mail_part *alternative)
{
	struct mail_part *part;
	double percents;

	wordset_reset(&body->html);
	wordset_reset(&body->text);
	for (part = alternative; part != NULL;
	     part = walk_next(alternative, part))
		add_words(body, part);
	if (body->html.count == 0)
		return;
	wordset_sort(&body->html);
	wordset_sort(&body->text);
	body->difference.html = body->html.count;
	body->difference.text = body->text.count;
	percents = (double)wordset_missing(&body->html, &body->text) /
		   (double)body->html.count * 100;
	if (percents > body->difference.percents)
		body->difference.percents = percents;
}

static void
compare_alternatives(struct body *body, struct mail *mail)
{
	struct mail_part *part;

	body->difference = (struct difference){0};
	if (is_invitation(&mail->root))
		return;
	for (part = &mail->root; part != NULL;
	     part = walk_next(&mail->root, part))
		if (is_type(part, "multipart/alternative"))
			compare_alternative(body, part);
}

static void
count_lines(struct body *body, const struct mail *mail)
{
	struct span piece;
	size_t i;

	body->lines = body->blank_lines = 0;
	for (i = 0; i < mail->rawbody.count; i++)
		for (piece = mail->rawbody.lines[i]; piece.len > 0;
		     body->lines++)
			if (span_trim(span_line(&piece)).len == 0)
				body->blank_lines++;
}

static double
spaces_of(struct span line)
{
	size_t i, spaces = 0, others, percents;

	for (i = 0; i < line.len; i++)
		spaces += line.p[i] == ' ';
	others = line.len - spaces;
	if (spaces > others || others == 0)
		return 100;
	percents = 100 * spaces / others;
	return (double)percents;
}

static void
count_spaces(struct body *body, const struct mail *mail)
{
	double spaces;
	size_t i;

	body->spaces = -1;
	for (i = 0; i < mail->body.count; i++) {
		if (mail->body.lines[i].len < SPACED_MIN)
			continue;
		spaces = spaces_of(mail->body.lines[i]);
		if (spaces > body->spaces)
			body->spaces = spaces;
	}
}

/* The last line "-- " is where the signature begins; one at the very end is a
 * decoy. */
static void
split_signature(struct body *body, struct span text)
{
	struct span rest = text, line;
	size_t start, end;

	body->body_length = text.len;
	body->signature_length = 0;
	while (rest.len > 0) {
		start = (size_t)(rest.p - text.p);
		line = span_line(&rest);
		if (span_ends(line, "\n"))
			line.len--;
		end = start + line.len;
		if (span_ends(line, "\r"))
			line.len--;
		if ((!span_is(line, "--") && !span_is(line, "-- ")) ||
		    text.len - end < SIGNATURE_MIN)
			continue;
		body->body_length = start;
		body->signature_length = text.len - end;
	}
}

static void
read_plain(struct body *body, struct mail *mail)
{
	struct mail_part *part = &mail->root;

	while (part != NULL && !is_type(part, "text/plain"))
		part = walk_next(&mail->root, part);
	body->has_plain = part != NULL;
	body->stock = 0;
	if (part == NULL)
		return;
	if (part->is_rendered)
		body->stock = stock_labels(part->rendered);
	split_signature(body, mail_decode(mail, part));
}

static void
body_begin(void *data, struct mail *mail, const struct tld *tld)
{
	struct body *body = data;

	(void)tld;
	compare_alternatives(body, mail);
	count_lines(body, mail);
	count_spaces(body, mail);
	read_plain(body, mail);
}

static bool
multipart_alternative_difference(const struct eval_call *call)
{
	const struct body *body = call->data;
	double min = eval_number(call, 0);

	return (min == 0 || body->difference.percents > min) &&
	       (span_is(eval_text(call, 1), "undef") ||
		   body->difference.percents <= eval_number(call, 1));
}

static bool
multipart_alternative_difference_count(const struct eval_call *call)
{
	const struct difference *found =
	    &((const struct body *)call->data)->difference;

	return (double)found->html > eval_number(call, 1) &&
	       (double)found->text > eval_number(call, 0) * (double)found->html;
}

static bool
check_blank_line_ratio(const struct eval_call *call)
{
	const struct body *body = call->data;
	double min = eval_number(call, 0), max = eval_number(call, 1);
	double least = eval_number(call, 2), ratio = -1;

	if (body->lines > 0 && (double)body->lines >= least)
		ratio = 100 * (double)body->blank_lines / (double)body->lines;
	return ratio <= max && (min == 0 || ratio > min);
}

static bool
tvd_vertical_words(const struct eval_call *call)
{
	const struct body *body = call->data;
	double max = eval_number(call, 1);

	return body->spaces >= eval_number(call, 0) &&
	       (max >= 100 || body->spaces < max);
}

static bool
check_stock_info(const struct eval_call *call)
{
	const struct body *body = call->data;

	return (double)body->stock >= eval_number(call, 0);
}

static bool
check_body_length(const struct eval_call *call)
{
	return (double)call->mail->rest.len <= eval_number(call, 0);
}

/* Whether it is at least the first argument, and at most the second one if
 * there is one. */
static bool
is_within(const struct eval_call *call, double value)
{
	const struct body *body = call->data;

	return body->has_plain && value >= eval_number(call, 0) &&
	       (call->argument_count < 2 || value <= eval_number(call, 1));
}

static bool
plaintext_body_length(const struct eval_call *call)
{
	const struct body *body = call->data;

	return is_within(call, (double)body->body_length);
}

static bool
plaintext_sig_length(const struct eval_call *call)
{
	const struct body *body = call->data;

	return is_within(call, (double)body->signature_length);
}

static bool
plaintext_body_sig_ratio(const struct eval_call *call)
{
	const struct body *body = call->data;
	double ratio = RATIO_ENDLESS;

	if (body->signature_length > 0)
		ratio =
		    (double)body->body_length / (double)body->signature_length;
	return (call->argument_count > 1 || ratio <= RATIO_ENDLESS) &&
	       is_within(call, ratio);
}

static bool
is_pair(const struct span *arguments, size_t count)
{
	(void)arguments;
	return count == 2;
}

static bool
is_one(const struct span *arguments, size_t count)
{
	(void)arguments;
	return count == 1;
}

static const char *const plugins[] = {"BodyEval", NULL};

static const struct eval evals[] = {
    {"multipart_alternative_difference", multipart_alternative_difference,
	is_pair},
    {"multipart_alternative_difference_count",
	multipart_alternative_difference_count, is_pair},
    {"check_blank_line_ratio", check_blank_line_ratio, NULL},
    {"tvd_vertical_words", tvd_vertical_words, is_pair},
    {"check_stock_info", check_stock_info, is_one},
    {"check_body_length", check_body_length, is_one},
    {"plaintext_body_length", plaintext_body_length, NULL},
    {"plaintext_sig_length", plaintext_sig_length, NULL},
    {"plaintext_body_sig_ratio", plaintext_body_sig_ratio, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_body = {.name = "body",
    .plugins = plugins,
    .evals = evals,
    .prepare = body_prepare,
    .release = body_release,
    .begin = body_begin};
