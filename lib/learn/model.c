#include "learn/model.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "learn/modelfile.h"

#define PATH_MAX_LEN 4096
#define RETRY_MS 20
#define GROWN 100 /* messages until a user's model has half of its weight */
#define FEATURES_VERSION 1

static_assert(sizeof(struct model_weight) == 4, "4 octets a weight");
static_assert(sizeof(struct model_record) == 24, "24 octets a message");
static_assert(sizeof(struct model_header) <= MODEL_PAGE, "one page");

/* Finds the tables in a file of that size. */
static void
lay_out(struct model *model)
{
	char *start = (char *)model->header;
	uint64_t left = model->size - MODEL_PAGE - sizeof(struct model_journal);
	size_t bucket = MODEL_BUCKET * sizeof(struct model_record);

	model->bucket_count = left / 5 / bucket;
	left -= model->bucket_count * bucket;
	model->weight_count = left / sizeof(struct model_weight);
	model->journal = (struct model_journal *)(start + MODEL_PAGE);
	model->records = (struct model_record *)(model->journal + 1);
	model->weights =
	    (struct model_weight *)(model->records +
				    model->bucket_count * MODEL_BUCKET);
}

static uint32_t
features_version(void)
{
	return FEATURES_VERSION << 8 | FEATURES_GROUPS;
}

static bool
is_sane(const struct model_header *header)
{
	for (int i = 0; i < FEATURES_GROUPS; i++)
		if (!(header->state.trust[i] >= 0 &&
			header->state.trust[i] <= MODEL_TRUST_MAX))
			return false;
	return header->size >= MODEL_SIZE_MIN && header->size <= MODEL_SIZE_MAX;
}

/* Reads the header of a file; false with why if it is none of ours. */
static bool
check_header(int fd, struct model_header *header, struct buf *why)
{
	struct stat st;
	ssize_t n;

	n = pread(fd, header, sizeof(*header), 0);
	if (n < 0 || fstat(fd, &st) < 0) {
		buf_adds(why, strerror(errno));
		return false;
	}
	errno = EINVAL;
	if (n < (ssize_t)sizeof(*header) || header->magic != MODEL_MAGIC)
		buf_adds(why, "not a model");
	else if (header->version != MODEL_VERSION ||
		 header->features != features_version())
		buf_adds(why, "a model of another version");
	else if (header->size != (uint64_t)st.st_size)
		buf_adds(why, "a model that was cut");
	else if (!is_sane(header))
		buf_adds(why, "a model that is damaged");
	else
		return true;
	return false;
}

/* Maps a file that is open.  NULL with why; closes it then. */
static struct model *
map_file(int fd, bool writes, struct buf *why)
{
	struct model_header header;
	struct model *model;
	int saved;

	model = calloc(1, sizeof(*model));
	if (model == NULL)
		fatal("out of memory");
	if (check_header(fd, &header, why)) {
		model->fd = fd;
		model->writes = writes;
		model->size = header.size;
		model->header = mmap(NULL, model->size,
		    writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
		    0);
		if (model->header != MAP_FAILED) {
			lay_out(model);
			return model;
		}
		buf_adds(why, strerror(errno));
	}
	saved = errno;
	free(model);
	close(fd);
	errno = saved;
	return NULL;
}

struct model *
model_open(const char *path, struct buf *why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		buf_adds(why, strerror(errno));
		return NULL;
	}
	return map_file(fd, false, why);
}

/* Fills a new file.  0, or -1 with errno. */
static int
fill(int fd, uint64_t size)
{
	struct model_header header = {.magic = MODEL_MAGIC,
	    .version = MODEL_VERSION,
	    .features = features_version(),
	    .size = size};

	for (int i = 0; i < FEATURES_GROUPS; i++)
		header.state.trust[i] = MODEL_TRUST;
	if (getrandom(header.secret, sizeof(header.secret), 0) !=
	    (ssize_t)sizeof(header.secret))
		return -1;
	errno = posix_fallocate(fd, 0, (off_t)size);
	if (errno != 0 ||
	    io_write(fd, &header, sizeof(header), CLOCK_NEVER) < 0)
		return -1;
	return fsync(fd);
}

/* Makes sure that a new name is on the disk. */
static int
sync_directory(const char *path)
{
	struct buf name = BUF_INIT(PATH_MAX_LEN);
	const char *slash = strrchr(path, '/');
	int fd, rc = -1;

	buf_add(&name, slash != NULL ? path : ".",
	    slash > path ? (size_t)(slash - path) : 1);
	fd = open(buf_str(&name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		rc = fsync(fd);
		close(fd);
	}
	buf_free(&name);
	return rc;
}

/* Makes a model under a name of our own, and then gives it its name: nobody
 * ever sees half of it, and nobody's file is replaced.  0, or -1 with errno. */
static int
make(const char *path, uint64_t size)
{
	struct buf name = BUF_INIT(PATH_MAX_LEN);
	int fd, rc = -1, saved;

	if (!buf_addf(&name, "%s.new%ld", path, (long)getpid())) {
		errno = ENAMETOOLONG;
		return -1;
	}
	unlink(buf_str(&name)); /* of a process that had our number */
	fd = open(buf_str(&name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0) {
		rc = fill(fd, size);
		if (rc == 0)
			rc = link(buf_str(&name), path);
		if (rc < 0 && errno == EEXIST)
			rc = 0; /* somebody else made it */
		saved = errno;
		unlink(buf_str(&name));
		close(fd);
		errno = saved;
	}
	if (rc == 0)
		rc = sync_directory(path);
	saved = errno;
	buf_free(&name);
	errno = saved;
	return rc;
}

/* Gets the trainers' lock, or -1 with errno: EWOULDBLOCK at the deadline. */
static int
lock(int fd, int64_t deadline)
{
	const struct timespec pause = {0, RETRY_MS * 1000000L};

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || clock_ms() >= deadline)
			return -1;
		nanosleep(&pause, NULL);
	}
	return 0;
}

struct model *
model_train(const char *path, uint64_t size, int64_t deadline, struct buf *why)
{
	const int flags = O_RDWR | O_NONBLOCK | O_CLOEXEC;
	struct model *model;
	int fd = open(path, flags);

	if (fd < 0 && errno == ENOENT && make(path, size) == 0)
		fd = open(path, flags);
	if (fd < 0) {
		buf_adds(why, strerror(errno));
		return NULL;
	}
	if (lock(fd, deadline) < 0) {
		buf_adds(why, errno == EWOULDBLOCK
				  ? "another one is training it"
				  : strerror(errno));
		close(fd);
		return NULL;
	}
	model = map_file(fd, true, why);
	if (model != NULL)
		model_recover(model);
	return model;
}

int
model_sync(struct model *model)
{
	return msync(model->header, model->size, MS_SYNC);
}

void
model_close(struct model *model)
{
	if (model == NULL)
		return;
	munmap(model->header, model->size);
	close(model->fd);
	free(model);
}

uint64_t
model_count(const struct model *model, enum model_class class)
{
	return model->header->state.counts[class];
}

uint64_t
model_capacity(const struct model *model)
{
	return model->bucket_count * MODEL_BUCKET;
}

uint64_t
model_size(const struct model *model)
{
	return model->size;
}

bool
model_is_stale(const struct model *model, const char *path)
{
	struct stat ours, theirs;

	return fstat(model->fd, &ours) < 0 || stat(path, &theirs) < 0 ||
	       ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev;
}

double
model_opinion(const struct model *model, const struct features *features,
    size_t from, size_t to)
{
	int64_t sum = 0;

	for (size_t i = from; i < to; i++)
		sum +=
		    model->weights[model_slot(model, features->list[i])].value;
	return (double)sum / MODEL_UNIT / model_scale(to - from);
}

double
model_opinions(const struct model *model, const struct features *features,
    double opinions[FEATURES_GROUPS])
{
	size_t from = 0;
	double sum = 0;

	for (int i = 0; i < FEATURES_GROUPS; i++) {
		opinions[i] =
		    model_opinion(model, features, from, features->ends[i]);
		sum += opinions[i] * model->header->state.trust[i];
		from = features->ends[i];
	}
	return sum;
}

/* Whether it has learned enough of both classes. */
static bool
is_ready(const struct model *model, uint64_t min)
{
	return model != NULL && model_count(model, MODEL_HAM) >= min &&
	       model_count(model, MODEL_SPAM) >= min;
}

static double
ask(const struct model *model, const struct features *features)
{
	double opinions[FEATURES_GROUPS];

	return model_opinions(model, features, opinions);
}

static double
probability(double odds)
{
	return 1 / (1 + exp(-odds));
}

double
model_ask(
    const struct model *model, const struct features *features, uint64_t min)
{
	return model_ask_both(NULL, model, features, min);
}

double
model_ask_both(const struct model *user, const struct model *shared,
    const struct features *features, uint64_t min)
{
	double least, weight;
	uint64_t ham, spam;

	if (!is_ready(user, min))
		return is_ready(shared, min)
			   ? probability(ask(shared, features))
			   : -1;
	if (!is_ready(shared, min))
		return probability(ask(user, features));
	ham = model_count(user, MODEL_HAM);
	spam = model_count(user, MODEL_SPAM);
	least = (double)(ham < spam ? ham : spam);
	weight = least / (least + GROWN);
	return probability(ask(user, features) * weight +
			   ask(shared, features) * (1 - weight / 2));
}
