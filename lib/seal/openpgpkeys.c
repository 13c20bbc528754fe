/* Whose keys there are: our own, and those of peers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/err.h"
#include "base/io.h"
#include "seal/openpgpown.h"

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
same_file(const struct openpgp_file *a, const struct openpgp_file *b)
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

/* The state of the key directory's public keys: gpg's old kind of file, which
 * openpgp_make() sets up, or the new one. */
static void
keyring_of(const struct openpgp *openpgp, struct openpgp_file *file)
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

/* 40 hexadecimal digits as gpg writes them, or 64 of newer keys: what does not
 * look so could be an option to gpg. */
static bool
is_fingerprint(const char *text)
{
	size_t i, len = strlen(text);

	for (i = 0; i < len; i++)
		if (!ascii_is_digit(text[i]) &&
		    !(text[i] >= 'A' && text[i] <= 'F'))
			return false;
	return len == 40 || len == 64;
}

static enum openpgp_result
no_fingerprint(struct openpgp *openpgp)
{
	return openpgp_because(
	    openpgp, OPENPGP_BAD_KEY, "that is no fingerprint of a key");
}

/* Of all our secret keys, the one that can sign today: an older one may be kept
 * to open what is still on its way. */
static enum openpgp_result
choose_own(struct openpgp *openpgp, unsigned count)
{
	struct gpgrun *run = &openpgp->run;
	unsigned i, found = 0;
	struct gpgkey key;

	for (i = 0; i < count && i < GPGRUN_KEYS; i++) {
		gpgkey_take(&key, run->keys[i]);
		if (!key.secret || !key.usable || !key.can_sign)
			continue;
		if (found++ > 0)
			continue;
		openpgp->own = key;
		openpgp->own_key = run->keys[i];
		gpgme_key_ref(openpgp->own_key);
	}
	if (found == 1)
		return OPENPGP_OK;
	if (openpgp->own_key != NULL)
		gpgme_key_unref(openpgp->own_key);
	openpgp->own_key = NULL;
	if (found > 1 || count > GPGRUN_KEYS)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "there are several secret keys that can sign");
	return openpgp_because(openpgp, OPENPGP_BAD_KEY,
	    "our own key has expired, was revoked or cannot sign");
}

enum openpgp_result
openpgp_find_own(struct openpgp *openpgp)
{
	struct openpgp_file now;
	struct gpgkey first;
	int count;

	keyring_of(openpgp, &now);
	if (openpgp->own_key != NULL && same_file(&now, &openpgp->own_file) &&
	    time(NULL) < openpgp->own.ends)
		return OPENPGP_OK;
	if (openpgp->own_key != NULL)
		gpgme_key_unref(openpgp->own_key);
	openpgp->own_key = NULL;
	count = gpgkey_find(&openpgp->run, GPGKEY_SECRET, NULL, &first);
	if (count < 0)
		return openpgp_trouble(openpgp);
	if (count == 0)
		return openpgp_because(
		    openpgp, OPENPGP_NO_KEY, "there is no key of our own");
	/* keys that gpg has just made may have changed it */
	openpgp->own_file = now;
	return choose_own(openpgp, (unsigned)count);
}

enum openpgp_result
openpgp_own(struct openpgp *openpgp, char fingerprint[OPENPGP_FINGERPRINT_SIZE])
{
	enum openpgp_result result;

	openpgp->why[0] = '\0';
	result = openpgp_find_own(openpgp);
	memcpy(fingerprint,
	    result == OPENPGP_OK ? openpgp->own.fingerprint : "",
	    result == OPENPGP_OK ? OPENPGP_FINGERPRINT_SIZE : 1);
	return result;
}

enum openpgp_result
openpgp_check_key(struct openpgp *openpgp, struct span text,
    const char *fingerprint, struct gpgkey *key)
{
	int count;

	openpgp->why[0] = '\0';
	if (!is_fingerprint(fingerprint))
		return no_fingerprint(openpgp);
	if (text.len > OPENPGP_KEY_MAX)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "the key's file is too large");
	count = gpgkey_read(&openpgp->run, text, key);
	if (count < 0)
		return openpgp_trouble(openpgp);
	if (count == 0)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "there is no key in it");
	if (count > 1)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "there are %d keys in it", count);
	if (key->secret)
		return openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "it is a secret key");
	if (strcmp(key->fingerprint, fingerprint) != 0)
		return openpgp_because(openpgp, OPENPGP_BAD_KEY,
		    "it is another key, %s", key->fingerprint);
	return OPENPGP_OK;
}

static enum openpgp_result
take_in(struct openpgp *openpgp, struct span text, const char *fingerprint)
{
	enum openpgp_result result = OPENPGP_OK;
	gpgme_import_result_t taken;
	struct gpgdata data;
	gpgme_ctx_t ctx;

	ctx = gpgrun_begin(&openpgp->run);
	if (ctx == NULL)
		return openpgp_trouble(openpgp);
	gpgdata_from_span(&data, text);
	if (gpgrun_wait(&openpgp->run, gpgme_op_import_start(ctx, data.data)) <
	    0) {
		result = openpgp_trouble(openpgp);
	} else {
		taken = gpgme_op_import_result(ctx);
		if (openpgp->run.error != 0 || taken == NULL ||
		    taken->considered != 1 || taken->secret_read != 0 ||
		    taken->imports == NULL || taken->imports->result != 0 ||
		    taken->imports->fpr == NULL ||
		    strcmp(taken->imports->fpr, fingerprint) != 0)
			result = openpgp_trouble(openpgp);
	}
	gpgdata_free(&data);
	return result;
}

enum openpgp_result
openpgp_import(
    struct openpgp *openpgp, struct span text, const char *fingerprint)
{
	enum openpgp_result result;
	struct gpgkey key;

	result = openpgp_check_key(openpgp, text, fingerprint, &key);
	return result == OPENPGP_OK ? take_in(openpgp, text, fingerprint)
				    : result;
}

enum openpgp_result
openpgp_expires(struct openpgp *openpgp, struct span text,
    const char *fingerprint, int64_t *when)
{
	enum openpgp_result result;
	struct gpgkey key;

	result = openpgp_check_key(openpgp, text, fingerprint, &key);
	if (result == OPENPGP_OK && key.ends == 0)
		result = openpgp_because(
		    openpgp, OPENPGP_BAD_KEY, "it cannot encrypt");
	if (result == OPENPGP_OK)
		*when = key.ends;
	return result;
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
			result = take_in(openpgp, buf_span(&text), fingerprint);
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

	if (!is_fingerprint(fingerprint))
		return no_fingerprint(openpgp);
	if (file == NULL)
		keyring_of(openpgp, &now);
	else if (stat(file, &st) == 0)
		file_of(&now, &st);
	else
		return openpgp_because(openpgp, OPENPGP_NO_KEY,
		    "its key's file: %s", strerror(errno));
	*peer = remembered(openpgp, fingerprint);
	if (*peer != NULL && same_file(&now, &(*peer)->file) &&
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

enum openpgp_result
openpgp_export(
    struct openpgp *openpgp, const char *fingerprint, struct buf *text)
{
	struct buf made = BUF_INIT(OPENPGP_KEY_MAX);
	enum openpgp_result result;
	struct gpgdata out;
	struct gpgkey key;
	gpgme_ctx_t ctx;

	openpgp->why[0] = '\0';
	if (!is_fingerprint(fingerprint))
		return no_fingerprint(openpgp);
	ctx = gpgrun_begin(&openpgp->run);
	if (ctx == NULL)
		return openpgp_trouble(openpgp);
	gpgdata_to_buf(&out, &made);
	if (gpgrun_wait(&openpgp->run,
		gpgme_op_export_start(ctx, fingerprint, 0, out.data)) < 0)
		result = openpgp_trouble(openpgp);
	else if (out.too_much || openpgp->run.error != 0)
		result = openpgp_trouble(openpgp);
	else if (made.len == 0)
		result = openpgp_because(
		    openpgp, OPENPGP_NO_KEY, "there is no such key");
	else
		result = openpgp_check_key(
		    openpgp, buf_span(&made), fingerprint, &key);
	gpgdata_free(&out);
	if (result == OPENPGP_OK && !buf_addspan(text, buf_span(&made)))
		result = openpgp_because(
		    openpgp, OPENPGP_TROUBLE, "no room for the key");
	buf_free(&made);
	return result;
}
