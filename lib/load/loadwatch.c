#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "load/loadwatch.h"

void
loadwatch_init(struct loadwatch *watch)
{
	watch->fd = -1;
	watch->count = 0;
}

int
loadwatch_add(struct loadwatch *watch, const char *maildir)
{
	char path[4096];
	int wd, dir;

	if (watch->count == LOADWATCH_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (snprintf(path, sizeof(path), "%s/new", maildir) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (watch->fd < 0)
		watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0)
		return -1;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	/* a rename, a link, and who writes into new/ itself */
	wd = inotify_add_watch(
	    watch->fd, path, IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE);
	if (wd < 0) {
		close(dir);
		return -1;
	}
	watch->maildir[watch->count].wd = wd;
	watch->maildir[watch->count++].dir = dir;
	return 0;
}

/* Looks at one file.  One that is gone or not ours is none of our business. */
static void
look(int dir, const char *name, const struct loadmail *mail,
    loadwatch_found *found, void *arg)
{
	char start[LOADWATCH_LOOK_SIZE];
	uint64_t serial;
	ssize_t n;
	int fd;

	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, start, sizeof(start));
	close(fd);
	if (n > 0 &&
	    loadmail_serial(mail, (struct span){start, (size_t)n}, &serial))
		found(arg, serial);
}

/* The kernel dropped events: looks at every file. */
static int
look_at_all(const struct loadwatch *watch, const struct loadmail *mail,
    loadwatch_found *found, void *arg)
{
	struct dirent *entry;
	size_t which;
	DIR *dir;
	int fd;

	for (which = 0; which < watch->count; which++) {
		fd = openat(watch->maildir[which].dir, ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -1;
		dir = fdopendir(fd);
		if (dir == NULL) {
			close(fd);
			return -1;
		}
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.')
				look(fd, entry->d_name, mail, found, arg);
		closedir(dir);
	}
	return 0;
}

static void
look_at(const struct loadwatch *watch, const struct inotify_event *event,
    const struct loadmail *mail, loadwatch_found *found, void *arg)
{
	size_t which;

	for (which = 0; which < watch->count; which++)
		if (watch->maildir[which].wd == event->wd && event->len > 0)
			look(watch->maildir[which].dir, event->name, mail,
			    found, arg);
}

int
loadwatch_take(struct loadwatch *watch, const struct loadmail *mail,
    loadwatch_found *found, void *arg)
{
	_Alignas(struct inotify_event) char events[16384];
	const struct inotify_event *event;
	bool dropped = false;
	ssize_t n, at;

	while ((n = read(watch->fd, events, sizeof(events))) > 0)
		for (at = 0; at < n;
		     at += (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(events + at);
			dropped |= (event->mask & IN_Q_OVERFLOW) != 0;
			look_at(watch, event, mail, found, arg);
		}
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	return dropped ? look_at_all(watch, mail, found, arg) : 0;
}
