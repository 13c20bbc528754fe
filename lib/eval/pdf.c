/*
 * pdf: what rules ask about PDF files (plugin PDFInfo).
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/patterns.h"
#include "eval/pdffile.h"

#define NAMES_MAX 100 /* of files of a message */

/* The files of a message. */
struct pdfs {
	bool known; /* they were looked for */
	size_t count;
	struct span *names;
	size_t name_count;
	struct pdf_facts facts;
};

struct pdf_family {
	struct patterns patterns;
	struct pdfs *pdfs; /* of the message */
};

/* By its type, or by its name if it has none that says anything. */
static bool
may_be_pdf(const struct mail_part *part)
{
	if (strcmp(part->type, "application/pdf") == 0 ||
	    strcmp(part->type, "image/pdf") == 0)
		return true;
	return (strcmp(part->type, "application/octet-stream") == 0 ||
		   strcmp(part->type, "image/octet-stream") == 0) &&
	       (span_iends(part->name, ".pdf") ||
		   span_iends(part->name, ".fdf"));
}

static void
take_part(struct pdfs *pdfs, struct mail *mail, struct mail_part *part)
{
	struct arena *arena = &mail->arena;

	if (pdfs->count++ == 0) {
		pdf_facts_init(&pdfs->facts, arena);
		pdfs->names =
		    arena_array(arena, NAMES_MAX, sizeof(*pdfs->names));
	}
	if (pdf_read(&pdfs->facts, arena, mail_decode(mail, part)) &&
	    part->name.len > 0 && pdfs->name_count < NAMES_MAX)
		pdfs->names[pdfs->name_count++] = part->name;
}

/* Looks for them when they are asked for first. */
static const struct pdfs *
pdfs_of(const struct eval_call *call)
{
	const struct pdf_family *family = call->data;
	struct mail *mail = call->mail;
	struct pdfs *pdfs = family->pdfs;
	size_t i;

	if (pdfs->known)
		return pdfs;
	pdfs->known = true;
	for (i = 0; i < mail->leaf_count; i++)
		if (may_be_pdf(mail->leaves[i]))
			take_part(pdfs, mail, mail->leaves[i]);
	return pdfs;
}

/* At least the first argument, and at most the second if there is one. */
static bool
in_range(const struct eval_call *call, double value)
{
	return call->argument_count > 0 && value >= eval_number(call, 0) &&
	       (call->argument_count < 2 || value <= eval_number(call, 1));
}

static bool
pdf_count(const struct eval_call *call)
{
	return in_range(call, (double)pdfs_of(call)->count);
}

static bool
pdf_image_count(const struct eval_call *call)
{
	return in_range(call, (double)pdfs_of(call)->facts.images_seen);
}

static bool
pdf_pixel_coverage(const struct eval_call *call)
{
	const struct pdfs *pdfs = pdfs_of(call);

	return pdfs->facts.area > 0 && in_range(call, pdfs->facts.area);
}

/* pdf_image_size_exact(height, width) */
static bool
pdf_image_size_exact(const struct eval_call *call)
{
	const struct pdf_facts *facts = &pdfs_of(call)->facts;
	size_t i;

	for (i = 0; i < facts->image_count; i++)
		if (facts->images[i].height == eval_number(call, 0) &&
		    facts->images[i].width == eval_number(call, 1))
			return true;
	return false;
}

/* pdf_image_size_range(200, 300, 250, 350): least height and width, and the
 * most, if they are there */
static bool
pdf_image_size_range(const struct eval_call *call)
{
	const struct pdf_facts *facts = &pdfs_of(call)->facts;
	const struct pdf_image *image;
	size_t i;

	for (i = 0; i < facts->image_count; i++) {
		image = &facts->images[i];
		if (image->height >= eval_number(call, 0) &&
		    image->width >= eval_number(call, 1) &&
		    (call->argument_count < 3 ||
			image->height <= eval_number(call, 2)) &&
		    (call->argument_count < 4 ||
			image->width <= eval_number(call, 3)))
			return true;
	}
	return false;
}

static bool
pdf_named(const struct eval_call *call)
{
	const struct pdfs *pdfs = pdfs_of(call);
	size_t i;

	for (i = 0; i < pdfs->name_count; i++)
		if (span_eq(pdfs->names[i], eval_text(call, 0)))
			return true;
	return false;
}

/* pdf_name_regex('/pattern/i') */
static bool
pdf_name_regex(const struct eval_call *call)
{
	const struct pdf_family *family = call->data;
	const struct pdfs *pdfs = pdfs_of(call);
	size_t i;

	for (i = 0; i < pdfs->name_count; i++)
		if (patterns_match(
			&family->patterns, eval_text(call, 0), pdfs->names[i]))
			return true;
	return false;
}

/* pdf_match_details('author', '/pattern/') */
static bool
pdf_match_details(const struct eval_call *call)
{
	const struct pdf_family *family = call->data;
	const struct pdf_facts *facts = &pdfs_of(call)->facts;
	size_t i;

	for (i = 0; i < facts->detail_count; i++)
		if (span_is(eval_text(call, 0), facts->details[i].name) &&
		    patterns_match(&family->patterns, eval_text(call, 1),
			facts->details[i].text))
			return true;
	return false;
}

static bool
has_digest(const struct eval_call *call, char (*const list)[PDF_DIGEST + 1],
    size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (span_iis(eval_text(call, 0), list[i]))
			return true;
	return false;
}

static bool
pdf_match_md5(const struct eval_call *call)
{
	const struct pdf_facts *facts = &pdfs_of(call)->facts;

	return has_digest(call, facts->digests, facts->digest_count);
}

static bool
pdf_match_fuzzy_md5(const struct eval_call *call)
{
	const struct pdf_facts *facts = &pdfs_of(call)->facts;

	return has_digest(call, facts->fuzzy, facts->fuzzy_count);
}

static bool
pdf_is_encrypted(const struct eval_call *call)
{
	return pdfs_of(call)->facts.is_encrypted;
}

static bool
has_ink(struct span line)
{
	return span_trim(line).len > 0;
}

/* pdf_is_empty_body(most): at most so many octets of text, the subject not
 * counted */
static bool
pdf_is_empty_body(const struct eval_call *call)
{
	const struct text *body = &call->mail->body;
	double octets = 0;
	size_t i;

	if (pdfs_of(call)->count == 0)
		return false;
	for (i = 1; i < body->count; i++)
		if (has_ink(body->lines[i]))
			octets += (double)body->lines[i].len;
	return octets <= eval_number(call, 0);
}

/* pdf_image_to_text_ratio(0, 0.015): octets of text for each pixel, below the
 * second */
static bool
pdf_image_to_text_ratio(const struct eval_call *call)
{
	const struct pdfs *pdfs = pdfs_of(call);
	const struct text *body = &call->mail->body;
	double octets = 0, ratio;
	size_t i;

	if (pdfs->facts.area <= 0)
		return false;
	for (i = 0; i < body->count; i++)
		octets += (double)body->lines[i].len;
	ratio = octets / pdfs->facts.area;
	return octets > 0 && ratio >= eval_number(call, 0) &&
	       ratio < eval_number(call, 1);
}

static void *
prepare(struct ruleset *set)
{
	struct pdf_family *family = calloc(1, sizeof(*family));

	if (family == NULL)
		fatal("out of memory");
	family->patterns.delimited = true;
	patterns_take(&family->patterns, set, "pdf_name_regex", 0);
	patterns_take(&family->patterns, set, "pdf_match_details", 1);
	return family;
}

static void
release(void *data)
{
	struct pdf_family *family = data;

	patterns_free(&family->patterns);
	free(family);
}

static void
begin(void *data, struct mail *mail, const struct tld *tld)
{
	struct pdf_family *family = data;

	(void)tld;
	family->pdfs = arena_alloc(&mail->arena, sizeof(*family->pdfs));
}

static bool
is_range(const struct span *arguments, size_t count)
{
	return (count == 1 || count == 2) && arguments[0].len > 0;
}

static bool
is_sizes(const struct span *arguments, size_t count)
{
	return count >= 2 && count <= 4 && arguments[0].len > 0;
}

static const char *const plugins[] = {"PDFInfo", NULL};

static const struct eval evals[] = {
    {"pdf_count", pdf_count, is_range},
    {"pdf_image_count", pdf_image_count, is_range},
    {"pdf_image_size_exact", pdf_image_size_exact, eval_two},
    {"pdf_image_size_range", pdf_image_size_range, is_sizes},
    {"pdf_image_to_text_ratio", pdf_image_to_text_ratio, eval_two},
    {"pdf_is_empty_body", pdf_is_empty_body, NULL},
    {"pdf_is_encrypted", pdf_is_encrypted, NULL},
    {"pdf_match_details", pdf_match_details, eval_two},
    {"pdf_match_fuzzy_md5", pdf_match_fuzzy_md5, eval_one},
    {"pdf_match_md5", pdf_match_md5, eval_one},
    {"pdf_name_regex", pdf_name_regex, eval_one},
    {"pdf_named", pdf_named, eval_one},
    {"pdf_pixel_coverage", pdf_pixel_coverage, is_range},
    {NULL, NULL, NULL},
};

const struct eval_family eval_pdf = {
    .name = "pdf",
    .plugins = plugins,
    .evals = evals,
    .prepare = prepare,
    .release = release,
    .begin = begin,
};
