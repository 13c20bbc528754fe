/*
 * limit SECONDS DIR: what the disk and one core allow at most: 8 KB written,
 * fsync, rename, fsync of the directory, again and again, in one process.
 * Prints messages a second and CPU milliseconds a message.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SIZE 8192

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
deliver(int dir, unsigned long n)
{
	static char octets[SIZE];
	char from[64], to[64];
	int fd;

	memset(octets, 'x', sizeof(octets));
	snprintf(from, sizeof(from), "tmp/%lu", n);
	snprintf(to, sizeof(to), "new/%lu", n);
	fd = open(from, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, octets, SIZE) != SIZE || fsync(fd) < 0 ||
	    close(fd) < 0 || rename(from, to) < 0 || fsync(dir) < 0)
		err(1, "%s", from);
}

int
main(int argc, char **argv)
{
	unsigned long n = 0;
	double start, end;
	int dir;

	if (argc != 3)
		errx(1, "usage: limit seconds dir");
	if (chdir(argv[2]) < 0 || mkdir("tmp", 0700) < 0 ||
	    mkdir("new", 0700) < 0 || (dir = open("new", O_RDONLY)) < 0)
		err(1, "%s", argv[2]);
	start = now();
	end = start + strtod(argv[1], NULL);
	while (now() < end)
		deliver(dir, n++);
	printf("%.1f %.3f\n", (double)n / (now() - start),
	    cpu() * 1000 / (double)n);
	return 0;
}
