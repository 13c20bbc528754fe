/* pidfd_open() is Linux's own (5.3) */
#define _DEFAULT_SOURCE
#include "seal/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/scan.h"

#define NAME_SIZE 64 /* of "pipe:[inode]" */

/* Whether one of the descriptors in that directory of /proc is it. */
static bool
has_pipe(int dir, const char *name)
{
	const struct span want = span_of(name);
	const struct dirent *entry;
	char link[NAME_SIZE];
	DIR *fds = fdopendir(dir);
	bool found = false;
	ssize_t n;

	if (fds == NULL) {
		close(dir);
		return false;
	}
	while (!found && (entry = readdir(fds)) != NULL) {
		n = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link));
		found = n > 0 && span_eq((struct span){link, n}, want);
	}
	closedir(fds);
	return found;
}

/* The number may have become another process's by the time of the signal, so
 * the process is held by a descriptor before it is looked at. */
static void
kill_if_it_holds(int proc, pid_t pid, const char *name)
{
	char path[NAME_SIZE];
	int held = (int)syscall(SYS_pidfd_open, pid, 0), dir;

	snprintf(path, sizeof(path), "%ld/fd", (long)pid);
	dir = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0 && has_pipe(dir, name)) {
		if (held >= 0)
			syscall(SYS_pidfd_send_signal, held, SIGKILL, NULL, 0);
		else
			kill(pid, SIGKILL); /* an old kernel */
	}
	if (held >= 0)
		close(held);
}

ino_t
holders_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? st.st_ino : 0;
}

void
holders_kill(ino_t pipe)
{
	const struct dirent *entry;
	char name[NAME_SIZE];
	struct scan scan;
	uint64_t pid;
	DIR *proc;

	if (pipe == 0 || (proc = opendir("/proc")) == NULL)
		return;
	snprintf(name, sizeof(name), "pipe:[%llu]", (unsigned long long)pipe);
	while ((entry = readdir(proc)) != NULL) {
		scan_init(&scan, span_of(entry->d_name));
		pid = scan_number(&scan, INT_MAX);
		if (scan_ok(&scan) && (pid_t)pid != getpid())
			kill_if_it_holds(dirfd(proc), (pid_t)pid, name);
	}
	closedir(proc);
}
