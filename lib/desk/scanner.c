#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "desk/nursery.h"
#include "desk/scanner.h"
#include "net/channel.h"

/* libclamav takes a part for which there is no room as an empty one, and the
 * message for clean. */
static bool
has_room(const char *temp, uint64_t need)
{
	struct statvfs fs;

	return statvfs(temp, &fs) == 0 &&
	       (uint64_t)fs.f_bavail * fs.f_frsize >= need;
}

/* Reads what cannot be mapped, a pipe for one, up to one octet more than an
 * object may have, so that the engine sees that it is too large.  0, or -1
 * with errno. */
static int
read_all(int fd, struct buf *octets)
{
	ssize_t n;

	while (octets->len < octets->max) {
		size_t want = octets->max - octets->len;

		if (want > 65536)
			want = 65536;
		if (!buf_room(octets, want))
			return -1;
		n = read(fd, octets->p + octets->len, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		octets->len += (size_t)n;
	}
	return 0;
}

static void
scan_pipe(struct engine *engine, int fd, const char *name, bool is_message,
    struct report *report)
{
	struct buf octets;

	buf_init(&octets, engine->limits.file_size + 1);
	if (read_all(fd, &octets) < 0)
		report_result(report, REPORT_ERROR, strerror(errno));
	else
		engine_scan(
		    engine, buf_span(&octets), name, is_message, report);
	buf_free(&octets);
}

static void
scan_file(struct engine *engine, int fd, size_t size, const char *name,
    bool is_message, struct report *report)
{
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED) {
		report_result(report, REPORT_ERROR, strerror(errno));
		return;
	}
	engine_scan(engine, (struct span){map, size}, name, is_message, report);
	munmap(map, size);
}

static void
do_job(struct engine *engine, int fd, const char *name, bool is_message,
    struct report *report)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		report_result(report, REPORT_ERROR, strerror(errno));
	else if (S_ISREG(st.st_mode) && st.st_size > 0)
		scan_file(
		    engine, fd, (size_t)st.st_size, name, is_message, report);
	else if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) ||
		 S_ISSOCK(st.st_mode))
		scan_pipe(engine, fd, name, is_message, report);
	else
		report_result(report, REPORT_ERROR, "not a file");
}

static int
answer(int channel, const struct report *report, struct buf *text)
{
	buf_reset(text);
	report_write(report, text);
	return channel_send(
	    channel, SCANNER_ANSWER, buf_span(text), NULL, 0, 0);
}

_Noreturn void
scanner_main(
    struct engine *engine, int channel, const char *temp, uint64_t need)
{
	struct report report;
	struct buf text = BUF_INIT(REPORT_SIZE_MAX);
	char *letter = malloc(CHANNEL_SIZE + 1);
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	if (letter == NULL)
		fatal("out of memory");
	report_init(&report);
	while ((n = channel_receive(channel, letter, fds, 0)) > 0) {
		letter[n] = '\0';
		report_reset(&report);
		if (fds[0] < 0)
			report_result(&report, REPORT_ERROR, "no descriptor");
		else if (!has_room(temp, need))
			report_result(&report, REPORT_ERROR,
			    "no room for temporary files");
		else
			do_job(engine, fds[0], n > 1 ? letter + 1 : NULL,
			    letter[0] == SCANNER_MESSAGE, &report);
		if (fds[0] >= 0)
			close(fds[0]);
		if (answer(channel, &report, &text) < 0)
			break;
	}
	_exit(STATUS_OK);
}

int
scanner_give(int scanner, int fd, const char *name, bool is_message)
{
	struct span span = {name, name != NULL ? strlen(name) : 0};

	return channel_send(scanner,
	    is_message ? SCANNER_MESSAGE : SCANNER_FILE, span, &fd, 1, 1);
}

int
scanner_take(int scanner, struct report *report)
{
	static char letter[CHANNEL_SIZE];
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;
	size_t i;

	n = channel_receive(scanner, letter, fds, 1);
	for (i = 0; i < nitems(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (n == 0 || letter[0] != SCANNER_ANSWER)
		return -1;
	return report_read(report, (struct span){letter + 1, (size_t)n - 1}) < 0
		   ? -1
		   : 1;
}
