#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/io.h"
#include "sigs/bodies.h"

#define CHUNK 65536

int
bodies_add(struct bodies *bodies, unsigned target, struct span line)
{
	FILE **file = &bodies->targets[target];
	int fd;

	if (*file == NULL) {
		fd = file_temp();
		if (fd < 0)
			return -1;
		*file = fdopen(fd, "w+");
		if (*file == NULL) {
			close(fd);
			return -1;
		}
	}
	if (fwrite(line.p, 1, line.len, *file) != line.len ||
	    putc('\n', *file) == EOF)
		return -1;
	return 0;
}

bool
bodies_any(const struct bodies *bodies)
{
	size_t i;

	for (i = 0; i < nitems(bodies->targets); i++)
		if (bodies->targets[i] != NULL)
			return true;
	return false;
}

static int
copy(FILE *from, int to)
{
	char chunk[CHUNK];
	size_t n;

	if (fflush(from) != 0)
		return -1;
	rewind(from);
	while ((n = fread(chunk, 1, sizeof(chunk), from)) > 0)
		if (io_write(to, chunk, n, CLOCK_NEVER) < 0)
			return -1;
	return ferror(from) ? -1 : 0;
}

int
bodies_write(struct bodies *bodies, int fd)
{
	size_t i;

	for (i = 0; i < nitems(bodies->targets); i++)
		if (bodies->targets[i] != NULL &&
		    copy(bodies->targets[i], fd) < 0)
			return -1;
	return 0;
}

void
bodies_free(struct bodies *bodies)
{
	size_t i;

	for (i = 0; i < nitems(bodies->targets); i++)
		if (bodies->targets[i] != NULL)
			(void)fclose(bodies->targets[i]);
	*bodies = (struct bodies){{NULL}};
}
