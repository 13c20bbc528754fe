/*
 * sigfile: a signature file, line by line, however large it is.
 *
 * It is read with pread(2): the descriptor may be shared, and its offset is
 * left alone.
 */
#ifndef SIGS_SIGFILE_H
#define SIGS_SIGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "sigs/sigline.h"

#define SIGFILE_BUFFER (2 * SIGLINE_MAX)

struct sigfile {
	int fd;
	uint64_t at;     /* where the next read begins */
	uint64_t number; /* of the line, from 1 */
	bool too_long;   /* the line was; it is cut */
	size_t pos;      /* what is in the buffer: pos to len */
	size_t len;
	char *buffer;
};

void sigfile_init(struct sigfile *file, int fd);
void sigfile_free(struct sigfile *file);

/* The next line without its LF, good until the next call: 1; 0 at the end; -1
 * with errno.  Of a line over SIGLINE_MAX its first octets. */
int sigfile_next(struct sigfile *file, struct span *line);

#endif
