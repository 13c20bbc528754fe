#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/file.h"
#include "mail/line.h"
#include "queue/queue.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define VERSION_FILE ".queue"

static bool
is_empty(int fd)
{
	struct dirent *found;
	bool empty = true;
	DIR *dir;

	fd = openat(fd, ".", OPEN_DIR);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL)
		return false;
	while (empty && (found = readdir(dir)) != NULL)
		empty = strcmp(found->d_name, ".") == 0 ||
			strcmp(found->d_name, "..") == 0 ||
			strncmp(found->d_name, VERSION_FILE,
			    strlen(VERSION_FILE)) == 0;
	closedir(dir);
	return empty;
}

/* The directory may be new, too.  0, or -1 with errno. */
static int
sync_parent(int dir)
{
	int fd, rc;

	fd = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) /* it cannot be ours, then */
		return errno == EACCES ? 0 : -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* Writes the version where there is none yet.  0, or -1 with errno. */
static int
write_version(int dir)
{
	static const char temporary[] = VERSION_FILE ".new";
	int fd, rc;

	fd = openat(dir, temporary,
	    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = io_write(fd, QUEUE_VERSION, strlen(QUEUE_VERSION), CLOCK_NEVER);
	if (rc == 0)
		rc = fsync(fd);
	if (close(fd) < 0)
		rc = -1;
	if (rc == 0)
		rc = renameat(dir, temporary, dir, VERSION_FILE);
	return rc < 0 || fsync(dir) < 0 ? -1 : sync_parent(dir);
}

/* 0; -1 with errno, ENOENT if there is no version. */
static int
check_version(int dir)
{
	char text[sizeof(QUEUE_VERSION)];
	ssize_t n;
	int fd;

	fd = openat(
	    dir, VERSION_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n < 0)
		return -1;
	if ((size_t)n != strlen(QUEUE_VERSION) ||
	    memcmp(text, QUEUE_VERSION, (size_t)n) != 0) {
		errno = EPROTO;
		return -1;
	}
	return 0;
}

/* With the lock: looks again, since somebody may just have made it and put
 * something there. */
static int
make_version(int dir)
{
	if (check_version(dir) == 0)
		return 0;
	if (errno == ENOENT && is_empty(dir))
		return write_version(dir);
	errno = EPROTO;
	return -1;
}

/* Makes sure that the directory is a queue of this version.  Of those who make
 * it at the same time one goes first. */
static int
settle_version(int dir, bool make)
{
	int rc, saved;

	if (check_version(dir) == 0)
		return 0;
	if (errno != ENOENT)
		return -1;
	errno = EPROTO;
	if (!make || flock(dir, LOCK_EX) < 0)
		return -1;
	rc = make_version(dir);
	saved = errno;
	flock(dir, LOCK_UN);
	errno = saved;
	return rc;
}

/* What somebody else puts there its runner can neither read nor remove. */
static bool
is_ours(int dir)
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return false;
	errno = EACCES;
	return st.st_uid == geteuid();
}

int
queue_open(struct queue *queue, const char *path, bool make)
{
	queue->path = path;
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return -1;
	queue->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (queue->dir < 0)
		return -1;
	/* who made a directory in it may have died before this */
	if (file_only_owner(queue->dir) == 0 &&
	    (!make || is_ours(queue->dir)) &&
	    settle_version(queue->dir, make) == 0 &&
	    (!make || fsync(queue->dir) == 0))
		return 0;
	queue_close(queue);
	return -1;
}

const char *
queue_reason(int error)
{
	switch (error) {
	case EACCES:
		return "it must be our own, and we must get there";
	case EPERM:
		return "others may write to it";
	case EPROTO:
		return "not a queue of this version";
	default:
		return strerror(error);
	}
}

void
queue_close(struct queue *queue)
{
	int saved = errno;

	close(queue->dir);
	queue->dir = -1;
	errno = saved;
}

/* Letters of other alphabets, too, but nothing that means anything to a shell,
 * where a name may stand. */
static bool
is_name(char c)
{
	return line_is_name((unsigned char)c) || ascii_is_upper(c) ||
	       (unsigned char)c >= 0x80 || c == '.' || c == '_' || c == ':' ||
	       c == '[' || c == ']';
}

bool
queue_is_name(struct span text)
{
	size_t i;

	if (text.len == 0 || text.len > QUEUE_NAME_MAX || text.p[0] == '.' ||
	    text.p[0] == '-')
		return false;
	for (i = 0; i < text.len; i++)
		if (!is_name(text.p[i]))
			return false;
	return true;
}

/* The domain of an address: what stands behind its last '@'. */
static struct span
domain_of(struct span address)
{
	size_t at = address.len;

	while (at > 0 && address.p[at - 1] != '@')
		at--;
	return at > 0 ? span_from(address, at) : (struct span){NULL, 0};
}

int
queue_destination(const struct frame *frame, char name[QUEUE_NAME_MAX + 1])
{
	struct frame_recipient recipient;
	struct span text;
	size_t i, at = 0;

	text = frame_next_recipient(frame, &at, &recipient)
		   ? domain_of(recipient.address)
		   : frame_get(frame, "node");
	if (!queue_is_name(text))
		return -1;
	for (i = 0; i < text.len; i++)
		name[i] = (char)(frame->recipients > 0
				     ? ascii_lower((unsigned char)text.p[i])
				     : text.p[i]);
	name[i] = '\0';
	return 0;
}

int
queue_entry_id(const struct frame *frame, char id[CONTENT_ID_SIZE])
{
	return content_id(&frame->message,
	    frame->recipients > 0 ? buf_span(&frame->fields)
				  : (struct span){NULL, 0},
	    id);
}

int
queue_walk(struct queue_walk *walk, const struct queue *queue)
{
	int fd = openat(queue->dir, ".", OPEN_DIR);

	walk->dir = fd < 0 ? NULL : fdopendir(fd);
	return walk->dir != NULL ? 0 : -1;
}

bool
queue_walk_next(struct queue_walk *walk, struct span *name)
{
	struct dirent *found;

	while ((found = readdir(walk->dir)) != NULL) {
		*name = span_of(found->d_name);
		if (queue_is_name(*name))
			return true;
	}
	return false;
}

void
queue_walk_end(struct queue_walk *walk)
{
	closedir(walk->dir);
}
