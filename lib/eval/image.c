/*
 * image: how large the images of a message are (plugin ImageInfo).
 *
 * Sizes are what the first octets of a file say.  Only what is sent in base64
 * counts.
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/imagesize.h"
#include "eval/patterns.h"
#include "eval/walk.h"

#define IMAGES_MAX 1000 /* of a message */

enum kind { GIF, PNG, JPEG, ALL };

struct image {
	enum kind kind;
	struct span name; /* p NULL if it has none */
	struct image_size size;
};

/* The images of a message. */
struct images {
	bool known; /* they were looked for */
	struct image *list;
	size_t count;
	size_t parts[ALL + 1]; /* that are said to be of each kind */
	double area[ALL + 1];
};

struct image_family {
	struct patterns patterns;
	struct images *images; /* of the message */
};

static enum kind
kind_of(const char *type)
{
	if (strcmp(type, "image/gif") == 0)
		return GIF;
	if (strcmp(type, "image/png") == 0)
		return PNG;
	if (strcmp(type, "image/jpeg") == 0 || strcmp(type, "image/jpg") == 0)
		return JPEG;
	return ALL;
}

static bool
find_size(enum kind kind, struct span octets, struct image_size *size)
{
	switch (kind) {
	case GIF:
		return image_gif(octets, size);
	case PNG:
		return image_png(octets, size);
	case JPEG:
		return image_jpeg(octets, size);
	default:
		return false;
	}
}

static void
take_part(struct images *images, struct mail *mail, struct mail_part *part)
{
	struct image image = {.kind = kind_of(part->type), .name = part->name};
	double area;

	if (image.kind == ALL ||
	    !span_iis(walk_value(part, "content-transfer-encoding"), "base64"))
		return;
	images->parts[image.kind]++;
	images->parts[ALL]++;
	if (images->count == IMAGES_MAX ||
	    !find_size(image.kind, mail_decode(mail, part), &image.size))
		return;
	area = (double)image.size.width * (double)image.size.height;
	images->area[image.kind] += area;
	images->area[ALL] += area;
	images->list[images->count++] = image;
}

/* Looks for them when they are asked for first. */
static const struct images *
images_of(const struct eval_call *call)
{
	const struct image_family *family = call->data;
	struct mail *mail = call->mail;
	struct images *images = family->images;
	size_t i;

	if (images->known)
		return images;
	images->known = true;
	images->list = arena_array(&mail->arena,
	    mail->leaf_count < IMAGES_MAX ? mail->leaf_count : IMAGES_MAX,
	    sizeof(*images->list));
	for (i = 0; i < mail->leaf_count; i++)
		take_part(images, mail, mail->leaves[i]);
	return images;
}

/* The kind that an argument names; false if it is none. */
static bool
asked_kind(const struct eval_call *call, enum kind *kind)
{
	static const char *const names[] = {"gif", "png", "jpeg", "all"};

	for (*kind = GIF; *kind <= ALL; (*kind)++)
		if (span_is(eval_text(call, 0), names[*kind]))
			return true;
	return false;
}

/* At least argument i, and at most the next if there is one. */
static bool
in_range(const struct eval_call *call, size_t i, double value)
{
	return value >= eval_number(call, i) &&
	       (call->argument_count <= i + 1 ||
		   value <= eval_number(call, i + 1));
}

/* image_count('gif', 1, 2) */
static bool
image_count(const struct eval_call *call)
{
	enum kind kind;

	return asked_kind(call, &kind) &&
	       in_range(call, 1, (double)images_of(call)->parts[kind]);
}

/* pixel_coverage('all', 180000, 475000) */
static bool
pixel_coverage(const struct eval_call *call)
{
	enum kind kind;

	return asked_kind(call, &kind) &&
	       in_range(call, 1, images_of(call)->area[kind]);
}

/* image_size_exact('gif', 264, 127): height, width */
static bool
image_size_exact(const struct eval_call *call)
{
	const struct images *images = images_of(call);
	double height = eval_number(call, 1), width = eval_number(call, 2);
	const struct image *image;
	enum kind kind;
	size_t i;

	if (!asked_kind(call, &kind))
		return false;
	for (i = 0; i < images->count; i++) {
		image = &images->list[i];
		if ((kind == ALL || kind == image->kind) &&
		    image->size.height == height && image->size.width == width)
			return true;
	}
	return false;
}

/* image_size_range('gif', 200, 300, 250, 350): least height and width, and the
 * most, if they are there */
static bool
image_size_range(const struct eval_call *call)
{
	const struct images *images = images_of(call);
	const struct image *image;
	enum kind kind;
	size_t i;

	if (!asked_kind(call, &kind))
		return false;
	for (i = 0; i < images->count; i++) {
		image = &images->list[i];
		if ((kind == ALL || kind == image->kind) &&
		    image->size.height >= eval_number(call, 1) &&
		    image->size.width >= eval_number(call, 2) &&
		    (call->argument_count < 4 ||
			image->size.height <= eval_number(call, 3)) &&
		    (call->argument_count < 5 ||
			image->size.width <= eval_number(call, 4)))
			return true;
	}
	return false;
}

/* image_named('image001.gif') */
static bool
image_named(const struct eval_call *call)
{
	const struct images *images = images_of(call);
	size_t i;

	for (i = 0; i < images->count; i++)
		if (images->list[i].name.len > 0 &&
		    span_eq(images->list[i].name, eval_text(call, 0)))
			return true;
	return false;
}

/* image_name_regex('pattern'): without delimiters, as it always was. */
static bool
image_name_regex(const struct eval_call *call)
{
	const struct image_family *family = call->data;
	const struct images *images = images_of(call);
	size_t i;

	for (i = 0; i < images->count; i++)
		if (images->list[i].name.len > 0 &&
		    patterns_match(&family->patterns, eval_text(call, 0),
			images->list[i].name))
			return true;
	return false;
}

/* image_to_text_ratio('gif', 0, 0.015): octets of text for each pixel, below
 * the second. */
static bool
image_to_text_ratio(const struct eval_call *call)
{
	const struct images *images = images_of(call);
	const struct text *body = &call->mail->body;
	double octets = 0, ratio;
	enum kind kind;
	size_t i;

	if (!asked_kind(call, &kind) || images->area[kind] <= 0)
		return false;
	for (i = 0; i < body->count; i++)
		octets += (double)body->lines[i].len;
	ratio = octets / images->area[kind];
	return octets > 0 && ratio >= eval_number(call, 1) &&
	       ratio < eval_number(call, 2);
}

static void *
prepare(struct ruleset *set)
{
	struct image_family *family = calloc(1, sizeof(*family));

	if (family == NULL)
		fatal("out of memory");
	patterns_take(&family->patterns, set, "image_name_regex", 0);
	return family;
}

static void
release(void *data)
{
	struct image_family *family = data;

	patterns_free(&family->patterns);
	free(family);
}

static void
begin(void *data, struct mail *mail, const struct tld *tld)
{
	struct image_family *family = data;

	(void)tld;
	family->images = arena_alloc(&mail->arena, sizeof(*family->images));
}

static bool
is_range(const struct span *arguments, size_t count)
{
	return (count == 2 || count == 3) && arguments[1].len > 0;
}

static bool
is_three(const struct span *arguments, size_t count)
{
	return count == 3 && arguments[1].len > 0 && arguments[2].len > 0;
}

static bool
is_sizes(const struct span *arguments, size_t count)
{
	return count >= 3 && count <= 5 && arguments[1].len > 0;
}

static const char *const plugins[] = {"ImageInfo", NULL};

static const struct eval evals[] = {
    {"image_count", image_count, is_range},
    {"image_name_regex", image_name_regex, eval_one},
    {"image_named", image_named, eval_one},
    {"image_size_exact", image_size_exact, is_three},
    {"image_size_range", image_size_range, is_sizes},
    {"image_to_text_ratio", image_to_text_ratio, is_three},
    {"pixel_coverage", pixel_coverage, is_range},
    {NULL, NULL, NULL},
};

const struct eval_family eval_image = {
    .name = "image",
    .plugins = plugins,
    .evals = evals,
    .prepare = prepare,
    .release = release,
    .begin = begin,
};
