/* The keys of peers, as they are in files, and what was found of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "seal/openpgpown.h"

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
openpgp_same_file(const struct openpgp_file *a, const struct openpgp_file *b)
{
	return a->device == b->device && a->inode == b->inode &&
	       a->size == b->size && same_time(a->modified, b->modified) &&
	       same_time(a->changed, b->changed);
}

static void
file_of(struct openpgp_file *file, const struct stat *st)
{
	memset(file, 0, sizeof(*file));
	file->device = st->st_dev;
	file->inode = st->st_ino;
	file->size = st->st_size;
	file->modified = st->st_mtim;
	file->changed = st->st_ctim;
}

void
openpgp_keyring(const struct openpgp *openpgp, struct openpgp_file *file)
{
	static const char *const names[] = {"pubring.gpg", "pubring.kbx"};
	char path[OPENPGP_HOME_MAX + 16];
	struct stat st = {0};
	size_t i;

	for (i = 0; i < nitems(names); i++) {
		snprintf(
		    path, sizeof(path), "%s/%s", openpgp->run.home, names[i]);
		if (stat(path, &st) == 0)
			break;
	}
	file_of(file, &st);
}

/* Whether a message can be encrypted to it now. */
static enum openpgp_result
judge_peer(struct openpgp *openpgp, const struct gpgkey *key)
{
	if (key->ends <= time(NULL))
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    key->ends == 0 ? "the key cannot encrypt"
				   : "the key has expired");
	if (!key->usable)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "the key was revoked or is not usable");
	if (!key->can_encrypt)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "the key cannot encrypt");
	return OPENPGP_OK;
}

/* One state of the file, as it was read. */
static int
read_key(const char *path, struct buf *text, struct openpgp_file *file)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct io_in in;
	struct stat st;
	ssize_t n;
	int error;

	if (fd < 0)
		return -1;
	io_in_init(&in, fd);
	errno = EINVAL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		n = -1;
	else
		while ((n = io_in_fill(&in, 1)) > 0) {
			if (!buf_add(text, in.buf + in.pos, n))
				break;
			in.pos = in.len;
		}
	error = n > 0 ? EFBIG : errno;
	io_in_free(&in);
	close(fd);
	file_of(file, &st);
	errno = error;
	return n == 0 ? 0 : -1;
}

static struct openpgp_peer *
remembered(struct openpgp *openpgp, const char *fingerprint)
{
	size_t i;

	for (i = 0; i < OPENPGP_PEERS; i++)
		if (strcmp(openpgp->peers[i].fingerprint, fingerprint) == 0)
			return &openpgp->peers[i];
	return NULL;
}

void
openpgp_forget_peer(struct openpgp *openpgp, const char *fingerprint)
{
	struct openpgp_peer *peer = remembered(openpgp, fingerprint);

	if (peer != NULL)
		peer->fingerprint[0] = '\0';
}

static const struct openpgp_peer *
remember(struct openpgp *openpgp, const struct openpgp_file *file,
    const struct gpgkey *key)
{
	struct openpgp_peer *peer = remembered(openpgp, key->fingerprint);

	if (peer == NULL) {
		peer = &openpgp->peers[openpgp->next];
		openpgp->next = (openpgp->next + 1) % OPENPGP_PEERS;
	}
	memcpy(peer->fingerprint, key->fingerprint, sizeof(key->fingerprint));
	peer->file = *file;
	peer->key = *key;
	return peer;
}

static enum openpgp_result
look_at_file(struct openpgp *openpgp, const char *path, const char *fingerprint,
    struct openpgp_file *file, struct gpgkey *key)
{
	struct buf text = BUF_INIT(OPENPGP_KEY_MAX);
	enum openpgp_result result;

	if (read_key(path, &text, file) < 0) {
		result = errno == ENOENT                     ? OPENPGP_NO_KEY
			 : errno == EINVAL || errno == EFBIG ? OPENPGP_BAD_KEY
							     : OPENPGP_TROUBLE;
		openpgp_because(
		    openpgp, result, "its key's file: %s", strerror(errno));
	} else {
		result = openpgp_check_key(
		    openpgp, buf_span(&text), fingerprint, key);
		if (result == OPENPGP_OK)
			result = judge_peer(openpgp, key);
		if (result == OPENPGP_OK)
			result = openpgp_take_in(
			    openpgp, buf_span(&text), fingerprint);
	}
	buf_free(&text);
	return result;
}

static enum openpgp_result
look_in_directory(
    struct openpgp *openpgp, const char *fingerprint, struct gpgkey *key)
{
	int count = gpgkey_find(&openpgp->run, GPGKEY_PUBLIC, fingerprint, key);

	if (count < 0)
		return openpgp_trouble(openpgp);
	if (count != 1 || strcmp(key->fingerprint, fingerprint) != 0)
		return openpgp_because(openpgp, OPENPGP_NO_KEY,
		    "the key is not in the key directory");
	return judge_peer(openpgp, key);
}

enum openpgp_result
openpgp_find_peer(struct openpgp *openpgp, const char *file,
    const char *fingerprint, const struct openpgp_peer **peer)
{
	struct openpgp_file now;
	enum openpgp_result result;
	struct gpgkey key;
	struct stat st;

	if (!openpgp_is_fingerprint(fingerprint))
		return openpgp_no_fingerprint(openpgp);
	if (file == NULL)
		openpgp_keyring(openpgp, &now);
	else if (stat(file, &st) == 0)
		file_of(&now, &st);
	else
		return openpgp_because(openpgp, OPENPGP_NO_KEY,
		    "its key's file: %s", strerror(errno));
	*peer = remembered(openpgp, fingerprint);
	if (*peer != NULL && openpgp_same_file(&now, &(*peer)->file) &&
	    time(NULL) < (*peer)->key.ends)
		return OPENPGP_OK;
	result = file == NULL
		     ? look_in_directory(openpgp, fingerprint, &key)
		     : look_at_file(openpgp, file, fingerprint, &now, &key);
	if (result == OPENPGP_OK)
		*peer = remember(openpgp, &now, &key);
	else
		openpgp_forget_peer(openpgp, fingerprint);
	return result;
}
