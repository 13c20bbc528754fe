#include <errno.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "queue/content.h"

#define DIGEST_LEN (CONTENT_ID_LEN / 2)

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool
content_is_id(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!is_hex(text.p[i]))
			return false;
	return text.len == CONTENT_ID_LEN;
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
	static const char digits[] = "0123456789abcdef";
	unsigned char value[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *digest;
	unsigned len = 0;
	size_t i;
	int rc;

	digest = EVP_MD_CTX_new();
	if (digest == NULL || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
		fatal("cannot make a digest");
	EVP_DigestUpdate(digest, head.p, head.len);
	rc = add_message(digest, message);
	if (!EVP_DigestFinal_ex(digest, value, &len) || len != DIGEST_LEN)
		fatal("cannot make a digest");
	EVP_MD_CTX_free(digest);
	for (i = 0; i < DIGEST_LEN; i++) {
		id[2 * i] = digits[value[i] >> 4];
		id[2 * i + 1] = digits[value[i] & 0xf];
	}
	id[CONTENT_ID_LEN] = '\0';
	return rc;
}
