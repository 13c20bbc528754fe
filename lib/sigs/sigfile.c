#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "sigs/sigfile.h"

void
sigfile_init(struct sigfile *file, int fd)
{
	*file = (struct sigfile){.fd = fd};
	file->buffer = malloc(SIGFILE_BUFFER);
	if (file->buffer == NULL)
		fatal("out of memory");
}

void
sigfile_free(struct sigfile *file)
{
	free(file->buffer);
	file->buffer = NULL;
}

/* Reads more behind what is there.  Octets; 0 at the end; -1 with errno. */
static ssize_t
fill(struct sigfile *file)
{
	ssize_t n;

	memmove(file->buffer, file->buffer + file->pos, file->len - file->pos);
	file->len -= file->pos;
	file->pos = 0;
	do
		n = pread(file->fd, file->buffer + file->len,
		    SIGFILE_BUFFER - file->len, (off_t)file->at);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		file->len += (size_t)n;
		file->at += (uint64_t)n;
	}
	return n;
}

/* Drops what is left of a line that is too long.  -1 with errno. */
static int
skip_rest(struct sigfile *file)
{
	const char *lf;
	ssize_t n;

	for (;;) {
		lf = memchr(
		    file->buffer + file->pos, '\n', file->len - file->pos);
		if (lf != NULL) {
			file->pos = (size_t)(lf - file->buffer) + 1;
			return 0;
		}
		file->pos = file->len;
		n = fill(file);
		if (n <= 0)
			return (int)n;
	}
}

int
sigfile_next(struct sigfile *file, struct span *line)
{
	const char *lf;
	ssize_t n = 1;

	if (file->too_long && skip_rest(file) < 0)
		return -1;
	file->too_long = false;
	while ((lf = memchr(file->buffer + file->pos, '\n',
		    file->len - file->pos)) == NULL &&
	       file->len - file->pos <= SIGLINE_MAX && n > 0) {
		n = fill(file);
		if (n < 0)
			return -1;
	}
	line->p = file->buffer + file->pos;
	line->len = lf != NULL ? (size_t)(lf - line->p) : file->len - file->pos;
	if (lf == NULL && line->len == 0)
		return 0;
	file->number++;
	if (line->len > SIGLINE_MAX) {
		line->len = SIGLINE_MAX;
		file->too_long = true;
		return 1;
	}
	file->pos += line->len + (lf != NULL);
	return 1;
}
