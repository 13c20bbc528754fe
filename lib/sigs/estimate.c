#include <clamav.h>
#include <errno.h>

#include "base/buf.h"
#include "sigs/estimate.h"
#include "sigs/sigfile.h"

/* Measured with libclamav 1.4.6 on amd64, in octets.  For each target there is
 * a tree of the first octets of all patterns, one node for each two octets that
 * some pattern begins with, with a pointer for each octet that may be the
 * third. So the first thousands of signatures cost most. */
#define EMPTY (15 << 20)
#define OF_HASH 128
#define OF_BODY 620
#define OF_LOGICAL 2050
#define OF_OTHER 500
#define NODE (256 * sizeof(void *))
#define NODES_MAX 65536
#define BODY_TENTHS 8 /* tenths of a node */
#define LOGICAL_TENTHS 42

/* Of a million signatures in the official containers, by the published counts
 * of main 62 and daily */
#define MILLION 1000000
#define BODIES_IN_MILLION 13000
#define LOGICALS_IN_MILLION 9500

/* Of a hundred of these, the targets */
static const struct {
	unsigned target, percent;
} shares[] = {
    {1, 75}, {0, 6}, {2, 7}, {3, 4}, {4, 1}, {7, 3}, {6, 2}, {10, 1}, {11, 1}};

void
estimate_count(
    struct estimate_counts *counts, enum sigline_format format, unsigned target)
{
	switch (format) {
	case SIGLINE_FILE:
	case SIGLINE_SECTION:
		counts->hashes++;
		break;
	case SIGLINE_BODY:
		counts->bodies[target]++;
		break;
	case SIGLINE_LOGICAL:
		counts->logicals[target]++;
		break;
	default:
		counts->others++;
		break;
	}
}

/* How many different ones are expected among that many nodes: NODES_MAX times
 * 1 - (1 - 1 / NODES_MAX) ^ drawn. */
static uint64_t
different_nodes(uint64_t drawn)
{
	double none = 1, factor = 1 - 1.0 / NODES_MAX;

	while (drawn > 0) {
		if (drawn & 1)
			none *= factor;
		factor *= factor;
		drawn >>= 1;
	}
	return (uint64_t)(NODES_MAX * (1 - none));
}

void
estimate_memory(const struct estimate_counts *counts, struct estimate *estimate)
{
	uint64_t octets, bodies, logicals;
	unsigned target;

	estimate->mail = EMPTY + counts->others * OF_OTHER;
	estimate->full = estimate->mail;
	for (target = 0; target <= SIGLINE_TARGET_MAX; target++) {
		bodies = counts->bodies[target];
		logicals = counts->logicals[target];
		octets = bodies * OF_BODY + logicals * OF_LOGICAL +
			 NODE * different_nodes((bodies * BODY_TENTHS +
						    logicals * LOGICAL_TENTHS) /
						10);
		estimate->full += octets;
		if (!sigline_is_native(target))
			estimate->mail += octets;
	}
	estimate->now = estimate->full + counts->hashes * OF_HASH;
}

/* What is in a container, by its header. */
static int
count_container(struct estimate_counts *counts, int fd)
{
	struct buf path = BUF_INIT(64);
	struct cl_cvd *head;
	uint64_t all, bodies, logicals;
	size_t i;

	buf_addf(&path, "/proc/self/fd/%d", fd);
	head = cl_cvdhead(buf_str(&path));
	buf_free(&path);
	if (head == NULL) {
		errno = EBADMSG;
		return -1;
	}
	all = head->sigs;
	bodies = all * BODIES_IN_MILLION / MILLION;
	logicals = all * LOGICALS_IN_MILLION / MILLION;
	counts->hashes += all - bodies - logicals;
	for (i = 0; i < nitems(shares); i++) {
		counts->bodies[shares[i].target] +=
		    bodies * shares[i].percent / 100;
		counts->logicals[shares[i].target] +=
		    logicals * shares[i].percent / 100;
	}
	cl_cvdfree(head);
	return 0;
}

/* Lines of hashes and of what is not ours to read are counted unread. */
static int
count_lines(struct estimate_counts *counts, enum sigline_format format, int fd)
{
	struct sigfile file;
	struct sigline sig;
	struct span line;
	int rc;

	sigfile_init(&file, fd);
	while ((rc = sigfile_next(&file, &line)) > 0)
		if (format != SIGLINE_BODY && format != SIGLINE_LOGICAL)
			estimate_count(counts, format, 0);
		else if (sigline_parse(&sig, format, line) == SIGLINE_RIGHT)
			estimate_count(counts, format, sig.target);
	sigfile_free(&file);
	return rc;
}

int
estimate_snapshot(const struct snapshot *snapshot, struct estimate *estimate)
{
	struct estimate_counts counts = {.hashes = 0};
	const struct sigline_type *type;
	const struct snapshot_file *file;
	size_t i;
	int rc;

	for (i = 0; i < snapshot->count; i++) {
		file = &snapshot->files[i];
		type = sigline_type(file->name);
		if (type == NULL || type->pua)
			continue;
		rc = type->format == SIGLINE_CONTAINER
			 ? count_container(&counts, file->fd)
			 : count_lines(&counts, type->format, file->fd);
		if (rc < 0)
			return -1;
	}
	estimate_memory(&counts, estimate);
	return 0;
}

int
estimate_directory(const char *directory, struct estimate *estimate)
{
	struct snapshot snapshot;
	int rc;

	if (snapshot_take(&snapshot, directory) < 0)
		return -1;
	rc = estimate_snapshot(&snapshot, estimate);
	snapshot_free(&snapshot);
	return rc;
}
