#include <clamav.h>
#include <errno.h>

#include "base/buf.h"
#include "scan/estimate.h"
#include "scan/sigfile.h"

/* Octets, measured with libclamav 1.4.6 on amd64 */
#define EMPTY (11 << 20)
#define OF_HASH 174
#define OF_BODY 1946
#define OF_LOGICAL 6349
#define OF_OTHER 500

/* Of a million signatures in the official containers, by the published counts
 * of main 62 and daily */
#define MILLION 1000000
#define BODIES_IN_MILLION 13000
#define LOGICALS_IN_MILLION 9500
#define NATIVE_PERCENT 77

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
		counts->bodies[sigline_is_native(target)]++;
		break;
	case SIGLINE_LOGICAL:
		counts->logicals[sigline_is_native(target)]++;
		break;
	default:
		counts->others++;
		break;
	}
}

void
estimate_memory(const struct estimate_counts *counts, struct estimate *estimate)
{
	estimate->mail = EMPTY + counts->bodies[0] * OF_BODY +
			 counts->logicals[0] * OF_LOGICAL +
			 counts->others * OF_OTHER;
	estimate->full = estimate->mail + counts->bodies[1] * OF_BODY +
			 counts->logicals[1] * OF_LOGICAL;
	estimate->now = estimate->full + counts->hashes * OF_HASH;
}

/* What is in a container, by its header. */
static int
count_container(struct estimate_counts *counts, int fd)
{
	struct buf path = BUF_INIT(64);
	struct cl_cvd *head;
	uint64_t all, bodies, logicals;

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
	counts->bodies[1] += bodies * NATIVE_PERCENT / 100;
	counts->bodies[0] += bodies - bodies * NATIVE_PERCENT / 100;
	counts->logicals[1] += logicals * NATIVE_PERCENT / 100;
	counts->logicals[0] += logicals - logicals * NATIVE_PERCENT / 100;
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
