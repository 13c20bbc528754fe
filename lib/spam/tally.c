#define _GNU_SOURCE /* mkostemp */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "learn/siphash.h"
#include "spam/tally.h"

#define MAGIC "pimail tally\n\0\0" /* with its NUL 16 octets */
#define VERSION 1
#define ORDER 0x01020304 /* of octets: another one is another machine's */
#define BUCKET 8         /* records: two lines of the cache */
#define PATH_SIZE 4096
#define RETRY_MS 1

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "records are read without a lock");

struct header {
	char magic[16];
	char kind[TALLY_KIND_MAX];
	uint32_t version;
	uint32_t order;
	uint64_t size; /* of the file */
	uint64_t secret[2];
	char rest[64];
};

struct record {
	_Atomic uint64_t key; /* 0: there is none */
	_Atomic uint64_t value;
};

struct tally {
	int fd;
	bool write;
	uint64_t size;
	uint64_t buckets;
	struct header *header; /* where the file is mapped */
	struct record *records;
};

/* Fills a new file.  All of it gets its room now, for a full disk must not show
 * when memory is written to. */
static int
fill(int fd, const char *kind, uint64_t size)
{
	struct header header = {
	    .magic = MAGIC, .version = VERSION, .order = ORDER, .size = size};
	int error;

	memcpy(header.kind, kind, strlen(kind));
	if (getrandom(header.secret, sizeof(header.secret), 0) !=
	    (ssize_t)sizeof(header.secret))
		fatal("no randomness");
	error = posix_fallocate(fd, 0, (off_t)size);
	if (error != 0) {
		errno = error;
		return -1;
	}
	if (pwrite(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
	    fsync(fd) < 0)
		return -1;
	return 0;
}

/* Makes it under another name, and gives it its own when it is whole: whoever
 * is first wins. */
static int
make(const char *path, const char *kind, uint64_t size)
{
	char name[PATH_SIZE];
	int fd, n, result, saved;

	n = snprintf(name, sizeof(name), "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -1;
	result = fill(fd, kind, size);
	if (result == 0 && link(name, path) < 0 && errno != EEXIST)
		result = -1;
	saved = errno;
	unlink(name);
	close(fd);
	errno = saved;
	return result;
}

static int
open_file(const char *path, const char *kind, uint64_t size, bool write,
    struct buf *why)
{
	int flags = (write ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY;
	int fd = open(path, flags);

	if (fd < 0 && errno == ENOENT && write) {
		if (make(path, kind, size) < 0) {
			buf_addf(why, "cannot make it: %s", strerror(errno));
			return -1;
		}
		fd = open(path, flags);
	}
	if (fd < 0)
		buf_addf(why, "cannot open it: %s", strerror(errno));
	return fd;
}

/* What is wrong with a file; NULL if nothing is. */
static const char *
find_fault(int fd, const char *kind, struct header *header)
{
	struct stat status;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return "it is no file";
	if (pread(fd, header, sizeof(*header), 0) != (ssize_t)sizeof(*header) ||
	    memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0)
		return "it is something else, and stays as it is";
	if (strncmp(header->kind, kind, sizeof(header->kind)) != 0)
		return "it counts something else";
	if (header->order != ORDER)
		return "it is of another kind of machine";
	if (header->version != VERSION)
		return "it is of another version";
	if (header->size != (uint64_t)status.st_size ||
	    header->size < TALLY_SIZE_MIN || header->size > TALLY_SIZE_MAX)
		return "it is cut, or has grown";
	return NULL;
}

static struct tally *
map_file(int fd, bool write, const struct header *header)
{
	int protection = PROT_READ | (write ? PROT_WRITE : 0);
	struct tally *tally;
	void *map;

	map = mmap(NULL, (size_t)header->size, protection, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return NULL;
	tally = calloc(1, sizeof(*tally));
	if (tally == NULL)
		fatal("out of memory");
	tally->fd = fd;
	tally->write = write;
	tally->size = header->size;
	tally->buckets =
	    (header->size - sizeof(*header)) / (BUCKET * sizeof(struct record));
	tally->header = map;
	tally->records = (struct record *)(tally->header + 1);
	return tally;
}

struct tally *
tally_open(const char *path, const char *kind, uint64_t size, bool write,
    struct buf *why)
{
	struct tally *tally = NULL;
	struct header header;
	const char *fault;
	int fd;

	if (size < TALLY_SIZE_MIN || size > TALLY_SIZE_MAX) {
		buf_addf(why, "it cannot have %" PRIu64 " octets", size);
		return NULL;
	}
	fd = open_file(path, kind, size, write, why);
	if (fd < 0)
		return NULL;
	fault = find_fault(fd, kind, &header);
	if (fault != NULL)
		buf_adds(why, fault);
	else if ((tally = map_file(fd, write, &header)) == NULL)
		buf_addf(why, "cannot map it: %s", strerror(errno));
	if (tally == NULL)
		close(fd);
	return tally;
}

void
tally_close(struct tally *tally)
{
	if (tally == NULL)
		return;
	munmap(tally->header, (size_t)tally->size);
	close(tally->fd);
	free(tally);
}

/* Memory behind the end of a file that somebody has cut is death by SIGBUS. */
bool
tally_is_good(const struct tally *tally)
{
	struct stat status;

	return fstat(tally->fd, &status) == 0 && status.st_nlink > 0 &&
	       (uint64_t)status.st_size == tally->size;
}

uint64_t
tally_key(const struct tally *tally, struct span first, struct span second)
{
	const uint64_t *secret = tally->header->secret;
	struct siphash hash;
	uint64_t value[2];

	siphash_init(&hash, secret[0], secret[1]);
	siphash_add(&hash, first);
	siphash_add(&hash, (struct span){"", 1});
	siphash_add(&hash, second);
	siphash_end(&hash, value);
	return value[0] != 0 ? value[0] : 1;
}

static struct record *
bucket_of(const struct tally *tally, uint64_t key)
{
	return tally->records + key % tally->buckets * BUCKET;
}

uint64_t
tally_get(const struct tally *tally, uint64_t key)
{
	struct record *record = bucket_of(tally, key);
	uint64_t value;
	int i;

	for (i = 0; i < BUCKET; i++, record++) {
		if (atomic_load(&record->key) != key)
			continue;
		value = atomic_load(&record->value);
		/* meanwhile it may have become another one's */
		if (atomic_load(&record->key) == key)
			return value;
	}
	return 0;
}

/* The lock is the process's, not the descriptor's, which a child may share. */
static int
set_lock(const struct tally *tally, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(tally->fd, F_SETLK, &lock);
}

/* A writer needs microseconds, but one may be stopped, and nobody shall hang
 * with it. */
static int
wait_lock(const struct tally *tally)
{
	int64_t deadline = clock_ms() + TALLY_WAIT_MS;

	while (set_lock(tally, F_WRLCK) < 0) {
		if (errno != EACCES && errno != EAGAIN && errno != EINTR)
			return -1;
		if (clock_ms() >= deadline) {
			errno = EAGAIN;
			return -1;
		}
		poll(NULL, 0, RETRY_MS);
	}
	return 0;
}

/* The record of a key: a free one or the one of least worth if it has none. */
static struct record *
choose(struct record *bucket, uint64_t key, const struct tally_change *change)
{
	struct record *chosen = bucket;
	double worth, least = 0;
	int i;

	for (i = 0; i < BUCKET; i++)
		if (atomic_load(&bucket[i].key) == key)
			return &bucket[i];
	for (i = 0; i < BUCKET; i++) {
		if (atomic_load(&bucket[i].key) == 0 ||
		    atomic_load(&bucket[i].value) == 0)
			return &bucket[i];
		worth =
		    change->worth(atomic_load(&bucket[i].value), change->data);
		if (i == 0 || worth < least) {
			least = worth;
			chosen = &bucket[i];
		}
	}
	return chosen;
}

int
tally_put(struct tally *tally, uint64_t key, const struct tally_change *change)
{
	struct record *record;

	if (!tally->write || !tally_is_good(tally)) {
		errno = tally->write ? ESTALE : EBADF;
		return -1;
	}
	if (wait_lock(tally) < 0)
		return -1;
	record = choose(bucket_of(tally, key), key, change);
	if (atomic_load(&record->key) != key) {
		/* in this order it has at no time the value of another */
		atomic_store(&record->value, 0);
		atomic_store(&record->key, key);
	}
	atomic_store(&record->value,
	    change->change(atomic_load(&record->value), change->data));
	set_lock(tally, F_UNLCK);
	return 0;
}
