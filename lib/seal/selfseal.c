#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "seal/selfseal.h"

/*
 * What is sealed is nonce, ciphertext, tag (RFC 8439, 2.8).  The nonce is
 * random: after 2^32 texts under one secret the chance that two had the same is
 * still below 2^-32.
 */
#define FILE_NAME "self"
#define NONCE 12
#define TAG 16
#define PURPOSE "pimail selfseal 1" /* authenticated with each */

static void
random_octets(void *p, size_t len)
{
	if (getrandom(p, len, 0) != (ssize_t)len)
		fatal("cannot get random octets: %s", strerror(errno));
}

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* Reads the file.  0, or -1 with errno. */
static int
load(int dir, unsigned char secret[SELFSEAL_SECRET])
{
	unsigned char octets[SELFSEAL_SECRET + 1];
	struct stat st;
	ssize_t n = -1;
	int fd;

	fd = openat(dir, FILE_NAME,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0) {
		errno = EPERM;
		if ((st.st_uid == geteuid() || st.st_uid == 0) &&
		    S_ISREG(st.st_mode) && (st.st_mode & 077) == 0)
			n = read(fd, octets, sizeof(octets));
	}
	close_keeping_errno(fd);
	if (n >= 0 && n != SELFSEAL_SECRET)
		errno = EBADMSG;
	if (n == SELFSEAL_SECRET)
		memcpy(secret, octets, SELFSEAL_SECRET);
	OPENSSL_cleanse(octets, sizeof(octets));
	return n == SELFSEAL_SECRET ? 0 : -1;
}

/* Makes the file, whole and on disk, unless somebody else has just made it: a
 * link, other than a rename, replaces nobody's.  0, or -1 with errno. */
static int
make_file(int dir)
{
	unsigned char secret[SELFSEAL_SECRET];
	char name[40];
	int fd, rc = -1;

	snprintf(name, sizeof(name), ".%s.%ld", FILE_NAME, (long)getpid());
	unlinkat(dir, name, 0);
	fd = openat(dir, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	random_octets(secret, sizeof(secret));
	if (io_write(fd, secret, sizeof(secret), CLOCK_NEVER) == 0 &&
	    fsync(fd) == 0 &&
	    (linkat(dir, name, dir, FILE_NAME, 0) == 0 || errno == EEXIST))
		rc = fsync(dir);
	OPENSSL_cleanse(secret, sizeof(secret));
	close_keeping_errno(fd);
	unlinkat(dir, name, 0);
	return rc;
}

int
selfseal_load(struct selfseal *selfseal, const char *keydir, bool make)
{
	int dir, rc;

	dir = open(keydir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -1;
	rc = load(dir, selfseal->secret);
	if (rc < 0 && errno == ENOENT && make && make_file(dir) == 0)
		rc = load(dir, selfseal->secret);
	close_keeping_errno(dir);
	return rc;
}

void
selfseal_forget(struct selfseal *selfseal)
{
	OPENSSL_cleanse(selfseal->secret, sizeof(selfseal->secret));
}

/* A cipher that is ready but for its text. */
static EVP_CIPHER_CTX *
cipher_new(
    const struct selfseal *selfseal, const unsigned char *nonce, int seal)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int n;

	if (cipher == NULL ||
	    EVP_CipherInit_ex(cipher, EVP_chacha20_poly1305(), NULL,
		selfseal->secret, nonce, seal) != 1 ||
	    EVP_CipherUpdate(cipher, NULL, &n, (const unsigned char *)PURPOSE,
		sizeof(PURPOSE) - 1) != 1)
		fatal("libcrypto has no ChaCha20-Poly1305");
	return cipher;
}

static void *
take_memory(size_t len)
{
	void *p = malloc(len);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

bool
selfseal_seal(
    const struct selfseal *selfseal, struct span text, struct buf *sealed)
{
	size_t len = NONCE + text.len + TAG, coded = (len + 2) / 3 * 4;
	EVP_CIPHER_CTX *cipher;
	unsigned char *box;
	int n;

	/* libcrypto counts by int, and ends base64 with a NUL */
	if (coded >= INT_MAX || !buf_room(sealed, coded + 1)) {
		sealed->full = true;
		return false;
	}
	box = take_memory(len);
	random_octets(box, NONCE);
	cipher = cipher_new(selfseal, box, 1);
	if ((text.len > 0 &&
		EVP_CipherUpdate(cipher, box + NONCE, &n,
		    (const unsigned char *)text.p, (int)text.len) != 1) ||
	    EVP_CipherFinal_ex(cipher, box + NONCE + text.len, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG,
		box + NONCE + text.len) != 1)
		fatal("libcrypto cannot encrypt");
	EVP_EncodeBlock(
	    (unsigned char *)sealed->p + sealed->len, box, (int)len);
	sealed->len += coded;
	EVP_CIPHER_CTX_free(cipher);
	free(box);
	return true;
}

/* Decodes base64 into box, which has room for 3 octets for each 4.  Returns how
 * many they are, or -1. */
static int
decode(struct span sealed, unsigned char *box)
{
	int n;

	n = EVP_DecodeBlock(
	    box, (const unsigned char *)sealed.p, (int)sealed.len);
	if (n < 0 || (size_t)n != sealed.len / 4 * 3)
		return -1;
	n -= span_ends(sealed, "=");
	n -= span_ends(sealed, "==");
	return n;
}

/* Appends what is in the box.  0, or -1 if it is not by us. */
static int
open_box(const struct selfseal *selfseal, unsigned char *box, size_t len,
    struct buf *text)
{
	size_t inside = len - NONCE - TAG;
	EVP_CIPHER_CTX *cipher;
	unsigned char *p;
	int n, ok;

	if (!buf_room(text, inside + 1))
		return -1;
	p = (unsigned char *)text->p + text->len;
	cipher = cipher_new(selfseal, box, 0);
	ok = EVP_CIPHER_CTX_ctrl(
		 cipher, EVP_CTRL_AEAD_SET_TAG, TAG, box + len - TAG) == 1 &&
	     (inside == 0 || EVP_CipherUpdate(cipher, p, &n, box + NONCE,
				 (int)inside) == 1) &&
	     EVP_CipherFinal_ex(cipher, p + inside, &n) == 1;
	EVP_CIPHER_CTX_free(cipher);
	if (ok)
		text->len += inside;
	else
		OPENSSL_cleanse(p, inside);
	text->p[text->len] = '\0';
	return ok ? 0 : -1;
}

int
selfseal_open(
    const struct selfseal *selfseal, struct span sealed, struct buf *text)
{
	unsigned char *box;
	int len, rc = -1;

	if (sealed.len >= INT_MAX || sealed.len % 4 != 0) {
		errno = EBADMSG;
		return -1;
	}
	box = take_memory(sealed.len / 4 * 3 + 1);
	len = decode(sealed, box);
	if (len >= NONCE + TAG)
		rc = open_box(selfseal, box, (size_t)len, text);
	free(box);
	if (rc < 0)
		errno = EBADMSG;
	return rc;
}
