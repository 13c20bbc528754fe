/*
 * imagesize: the sizes of images, by the first octets of their files.
 */
#ifndef EVAL_IMAGESIZE_H
#define EVAL_IMAGESIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct image_size {
	uint32_t height; /* pixels */
	uint32_t width;
};

/* False if it is none of these, or has no pixels. */
bool image_gif(struct span octets, struct image_size *size);
bool image_png(struct span octets, struct image_size *size);
bool image_jpeg(struct span octets, struct image_size *size);

#endif
