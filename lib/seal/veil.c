#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "mail/message.h"
#include "seal/veil.h"

#define BLOCK 64  /* octets of a block of ChaCha20 */
#define COUNTER 4 /* octets of the initial block's number */
#define KEY_SIZE 32
#define PIECE (1 << 20) /* EVP counts in int */

static EVP_CIPHER_CTX *context;

/* To the block in which offset lies, and the octets of it before offset are
 * taken off.  A message file is far shorter than 2^32 blocks. */
static void
seek(const unsigned char nonce[MESSAGE_NONCE_SIZE], uint64_t offset)
{
	unsigned char iv[COUNTER + MESSAGE_NONCE_SIZE];
	unsigned char skipped[BLOCK] = {0};
	uint64_t block = offset / BLOCK;
	int i, len;

	if (block >> 32 != 0)
		fatal("veil: the file is too long");
	for (i = 0; i < COUNTER; i++)
		iv[i] = (unsigned char)(block >> (8 * i));
	memcpy(iv + COUNTER, nonce, MESSAGE_NONCE_SIZE);
	if (EVP_EncryptInit_ex(context, NULL, NULL, NULL, iv) != 1 ||
	    EVP_EncryptUpdate(
		context, skipped, &len, skipped, (int)(offset % BLOCK)) != 1)
		fatal("veil: ChaCha20 failed");
}

static void
veil(const unsigned char nonce[MESSAGE_NONCE_SIZE], uint64_t offset, void *p,
    size_t len)
{
	unsigned char *at = p;
	int piece, done;

	seek(nonce, offset);
	for (; len > 0; at += piece, len -= (size_t)piece) {
		piece = len < PIECE ? (int)len : PIECE;
		if (EVP_EncryptUpdate(context, at, &done, at, piece) != 1)
			fatal("veil: ChaCha20 failed");
	}
}

void
veil_use(void)
{
	unsigned char key[KEY_SIZE];

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		fatal("cannot get random octets: %s", strerror(errno));
	context = EVP_CIPHER_CTX_new();
	if (context == NULL ||
	    EVP_EncryptInit_ex(context, EVP_chacha20(), NULL, key, NULL) != 1)
		fatal("veil: no ChaCha20");
	OPENSSL_cleanse(key, sizeof(key));
	message_use_veil(veil);
}
