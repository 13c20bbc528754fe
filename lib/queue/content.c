#include <errno.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "base/hex.h"
#include "queue/content.h"

#define DIGEST_LEN (CONTENT_ID_LEN / 2)

bool
content_is_id(struct span text)
{
	return hex_is(text, CONTENT_ID_LEN);
}

/* Adds all octets of the message.  0, or -1 with errno. */
static int
add_message(EVP_MD_CTX *digest, const struct message *message)
{
	char chunk[32768];
	uint64_t at = 0;
	ssize_t n;

	while ((n = message_read(message, at, chunk, sizeof(chunk))) > 0) {
		EVP_DigestUpdate(digest, chunk, (size_t)n);
		at += (uint64_t)n;
	}
	return n < 0 ? -1 : 0;
}

int
content_id(
    const struct message *message, struct span head, char id[CONTENT_ID_SIZE])
{
	unsigned char value[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *digest;
	unsigned len = 0;
	int rc;

	digest = EVP_MD_CTX_new();
	if (digest == NULL || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
		fatal("cannot make a digest");
	EVP_DigestUpdate(digest, head.p, head.len);
	rc = add_message(digest, message);
	if (!EVP_DigestFinal_ex(digest, value, &len) || len != DIGEST_LEN)
		fatal("cannot make a digest");
	EVP_MD_CTX_free(digest);
	hex_put(id, value, DIGEST_LEN);
	id[CONTENT_ID_LEN] = '\0';
	return rc;
}

void
content_id_of(struct span text, char id[CONTENT_ID_SIZE])
{
	struct message nothing;

	message_init(&nothing);
	content_id(&nothing, text, id);
	message_free(&nothing);
}
