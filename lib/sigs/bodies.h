/*
 * bodies: lines of signatures of bodies, sorted by what they are for.
 *
 * A scan needs those for one or two targets: in the file, and so in the memory
 * of libclamav, they lie together then.  Lines wait in temporary files.
 */
#ifndef SIGS_BODIES_H
#define SIGS_BODIES_H

#include <stdio.h>

#include "base/span.h"
#include "sigs/sigline.h"

struct bodies {
	FILE *targets[SIGLINE_TARGET_MAX + 1]; /* NULL if there are none */
};

/* Adds a line.  0, or -1 with errno. */
int bodies_add(struct bodies *bodies, unsigned target, struct span line);

/* Whether there is anything. */
bool bodies_any(const struct bodies *bodies);

/* Writes it all to fd.  0, or -1 with errno. */
int bodies_write(struct bodies *bodies, int fd);
void bodies_free(struct bodies *bodies);

#endif
