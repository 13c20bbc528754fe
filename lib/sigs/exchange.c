#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/span.h"
#include "sigs/exchange.h"

#define SUFFIX ".new-"
#define TREE_DEPTH 8 /* descriptors for a walk */

static int
remove_one(
    const char *path, const struct stat *status, int flag, struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void
remove_tree(const char *path)
{
	if (nftw(path, remove_one, TREE_DEPTH, FTW_DEPTH | FTW_PHYS) < 0 &&
	    errno != ENOENT)
		warning("cannot remove '%s': %s", path, strerror(errno));
}

/* Whether the name is one of ours: begins with one of the prefixes. */
static bool
is_ours(const char *name, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++)
		if (strncmp(name, *prefixes, strlen(*prefixes)) == 0)
			return true;
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Nobody else's directory shall be replaced, nor a file of somebody's in it be
 * lost. */
static void
check_target(const char *target, const char *mark, const char *const *prefixes)
{
	const struct dirent *entry;
	struct stat status;
	bool marked = false;
	DIR *dir;

	if (lstat(target, &status) < 0) {
		if (errno != ENOENT)
			fatal("cannot read '%s': %s", target, strerror(errno));
		return;
	}
	dir = S_ISDIR(status.st_mode) ? opendir(target) : NULL;
	if (dir == NULL)
		fatal("'%s' is there, and is no directory", target);
	while ((entry = readdir(dir)) != NULL) {
		marked |= strcmp(entry->d_name, mark) == 0;
		if (!is_ours(entry->d_name, prefixes))
			fatal("'%s/%s' is not ours: '%s' is not replaced",
			    target, entry->d_name, target);
	}
	closedir(dir);
	if (!marked)
		fatal("'%s' is there, and has no '%s' in it: not replaced",
		    target, mark);
}

/* The directory that the target is in, locked for us. */
static int
open_beside(const char *target)
{
	char path[EXCHANGE_PATH_MAX + 1];
	char *slash;
	int fd;

	snprintf(path, sizeof(path), "%s", target);
	slash = strrchr(path, '/');
	if (slash == NULL)
		memcpy(path, ".", 2);
	else
		slash[slash == path] = '\0';
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fatal("cannot open '%s': %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		fatal("cannot lock '%s': %s", path,
		    errno == EWOULDBLOCK ? "another one is at work there"
					 : strerror(errno));
	return fd;
}

/* Removes what a run left that was killed with its parent.  It is nobody
 * else's, for we have the lock. */
static void
remove_stale(const struct exchange *exchange)
{
	const char *slash = strrchr(exchange->target, '/');
	const char *name = slash != NULL ? slash + 1 : exchange->target;
	size_t len = strlen(name), suffix = strlen(SUFFIX);
	char path[EXCHANGE_PATH_MAX + NAME_MAX + 2];
	const struct dirent *entry;
	DIR *dir;

	dir = fdopendir(
	    openat(exchange->beside, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (dir == NULL)
		fatal("cannot read the directory of '%s': %s", exchange->target,
		    strerror(errno));
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, name, len) == 0 &&
		    strncmp(entry->d_name + len, SUFFIX, suffix) == 0 &&
		    strlen(entry->d_name) == len + suffix + 6) {
			snprintf(path, sizeof(path), "%.*s%s",
			    (int)(name - exchange->target), exchange->target,
			    entry->d_name);
			remove_tree(path);
		}
	closedir(dir);
}

/* From here on a signal that ends programs waits for exchange_run(), which
 * removes what there is. */
static void
block_signals(struct exchange *exchange)
{
	static const int ends[] = {SIGHUP, SIGINT, SIGTERM, SIGCHLD};
	size_t i;

	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&exchange->signals);
	for (i = 0; i < nitems(ends); i++)
		sigaddset(&exchange->signals, ends[i]);
	sigprocmask(SIG_BLOCK, &exchange->signals, NULL);
}

void
exchange_open(struct exchange *exchange, const char *target, const char *mark,
    const char *const *prefixes)
{
	size_t len = strlen(target);
	int saved;

	while (len > 1 && target[len - 1] == '/')
		len--;
	if (len == 0 || len > EXCHANGE_PATH_MAX)
		fatal("'%s': not a path", target);
	snprintf(exchange->target, sizeof(exchange->target), "%.*s", (int)len,
	    target);
	check_target(exchange->target, mark, prefixes);
	exchange->beside = open_beside(exchange->target);
	remove_stale(exchange);
	snprintf(exchange->fresh, sizeof(exchange->fresh), "%s" SUFFIX "XXXXXX",
	    exchange->target);
	snprintf(exchange->temp, sizeof(exchange->temp), "%.*s/av-db-XXXXXX",
	    EXCHANGE_PATH_MAX, file_temp_dir());
	block_signals(exchange);
	if (mkdtemp(exchange->temp) == NULL)
		fatal("cannot make '%s': %s", exchange->temp, strerror(errno));
	if (mkdtemp(exchange->fresh) == NULL) {
		saved = errno;
		remove_tree(exchange->temp);
		fatal("cannot make '%s': %s", exchange->fresh, strerror(saved));
	}
}

void
exchange_swap(struct exchange *exchange)
{
	int rc;

	/* mkdtemp(3) made it for us alone */
	if (fchmod(exchange->directory, 0755) < 0)
		fatal("cannot open '%s' to readers: %s", exchange->fresh,
		    strerror(errno));
	rc = renameat2(AT_FDCWD, exchange->fresh, AT_FDCWD, exchange->target,
	    RENAME_EXCHANGE);
	if (rc < 0 && errno == ENOENT)
		rc = rename(exchange->fresh, exchange->target);
	if (rc < 0 || fsync(exchange->beside) < 0)
		fatal("cannot put '%s' into its place: %s", exchange->fresh,
		    strerror(errno));
}

/* Waits for the child.  Its wait status. */
static int
wait_child(pid_t pid, const sigset_t *signals)
{
	int number, status;
	pid_t ended;

	for (;;) {
		ended = waitpid(pid, &status, WNOHANG);
		if (ended != 0)
			return ended == pid ? status : -1;
		if (sigwait(signals, &number) == 0 && number != SIGCHLD)
			kill(pid, SIGKILL);
	}
}

int
exchange_run(struct exchange *exchange, void (*work)(struct exchange *exchange))
{
	pid_t pid, parent = getpid();
	int status;

	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(STATUS_DEFER);
		sigprocmask(SIG_UNBLOCK, &exchange->signals, NULL);
		exchange->directory =
		    open(exchange->fresh, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (exchange->directory < 0)
			fatal("cannot open '%s': %s", exchange->fresh,
			    strerror(errno));
		work(exchange);
		exit(STATUS_OK);
	}
	status = pid > 0 ? wait_child(pid, &exchange->signals) : -1;
	if (pid < 0)
		warning("cannot fork: %s", strerror(errno));
	else if (WIFSIGNALED(status))
		warning("ended by signal %d", WTERMSIG(status));
	/* the new one if it failed, the old one if not */
	remove_tree(exchange->fresh);
	remove_tree(exchange->temp);
	close(exchange->beside);
	return proc_status(status);
}
