/*
 * lookup: how long a table of hashes takes to answer: `lookup pimail.hashes
 * <main.hdb`, a file and no pipe, looks up what the lines of such a file say,
 * and as many digests that nobody has.  Prints microseconds, of the mean and of
 * the slowest.  With an extension behind the table, lines are those of such a
 * file; with "names" behind that the name of each is printed in place of times,
 * or "-".
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "sigs/hashes.h"
#include "sigs/sigfile.h"

#define COUNT_MAX 1000000

static uint64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

struct times {
	const char *what;
	uint64_t count, found, sum, most;
};

static void
look(const struct hashes *table, const struct sigline *sig, struct times *times)
{
	char name[HASHES_NAME_MAX + 1];
	uint64_t begun = now(), took;

	times->found +=
	    hashes_find(table, sig->kind, sig->digest, sig->size, name);
	took = now() - begun;
	times->count++;
	times->sum += took;
	if (took > times->most)
		times->most = took;
}

static void
print_name(const struct hashes *table, const struct sigline *sig)
{
	char name[HASHES_NAME_MAX + 1];

	puts(hashes_find(table, sig->kind, sig->digest, sig->size, name) ? name
									 : "-");
}

static void
print(const struct times *times)
{
	if (times->count > 0)
		printf("%s: %" PRIu64 " lookups, %" PRIu64
		       " found, mean %.2f us, most %.0f us\n",
		    times->what, times->count, times->found,
		    (double)times->sum / (double)times->count / 1e3,
		    (double)times->most / 1e3);
}

int
main(int argc, char **argv)
{
	struct times hits = {.what = "there"}, misses = {.what = "not there"};
	const struct sigline_type *type = sigline_type("x.hdb");
	struct sigfile file;
	struct hashes table;
	struct sigline sig;
	struct span line;
	int fd, rc;

	err_init(argv[0]);
	if (argc < 2 || argc > 4)
		usage_exit("table [.hdb [names]] <hdb");
	if (argc > 2)
		type = sigline_type(argv[2]);
	if (type == NULL || type->format > SIGLINE_SECTION)
		fatal("'%s': not an extension of hashes", argv[2]);
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || hashes_open(&table, fd) < 0)
		fatal("cannot open '%s': %s", argv[1], strerror(errno));
	sigfile_init(&file, STDIN_FILENO);
	while (
	    (rc = sigfile_next(&file, &line)) > 0 && hits.count < COUNT_MAX) {
		if (sigline_parse(&sig, type->format, line) != SIGLINE_RIGHT)
			continue;
		if (argc > 3) {
			print_name(&table, &sig);
			continue;
		}
		look(&table, &sig, &hits);
		sig.digest[0] ^= 1;
		sig.digest[5] ^= 0x80;
		look(&table, &sig, &misses);
	}
	if (rc < 0)
		fatal("cannot read standard input: %s", strerror(errno));
	print(&hits);
	print(&misses);
	sigfile_free(&file);
	hashes_close(&table);
	return STATUS_OK;
}
