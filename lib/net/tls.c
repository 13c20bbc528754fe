#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/err.h"
#include "net/tls.h"

struct tls {
	SSL_CTX *context;
};

/* The first reason in OpenSSL's queue, which is emptied. */
static const char *
reason(void)
{
	const char *text;

	text = ERR_reason_error_string(ERR_get_error());
	ERR_clear_error();
	return text != NULL ? text : "unknown error";
}

void
tls_init(void)
{
	if (OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
		fatal("cannot start TLS: %s", reason());
}

static SSL_CTX *
new_context(void)
{
	SSL_CTX *context;

	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL)
		fatal("cannot start TLS: %s", reason());
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	return context;
}

/* Opens a text to read PEM from, which is not copied.  NULL if it is too
 * large. */
static BIO *
open_text(struct span text)
{
	BIO *bio;

	if (text.len > TLS_FILE_MAX) {
		ERR_raise(ERR_LIB_ASN1, ASN1_R_TOO_LONG);
		return NULL;
	}
	bio = BIO_new_mem_buf(text.len > 0 ? text.p : "", (int)text.len);
	if (bio == NULL)
		fatal("out of memory");
	return bio;
}

/* OpenSSL would ask for a passphrase on the terminal. */
static int
no_passphrase(char *text, int size, int encrypting, void *unused)
{
	(void)text;
	(void)size;
	(void)encrypting;
	(void)unused;
	return -1;
}

/* Whether OpenSSL stopped because there is no more in the text. */
static bool
is_at_end(void)
{
	unsigned long error = ERR_peek_last_error();

	return ERR_GET_LIB(error) == ERR_LIB_PEM &&
	       ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* The server's own certificate first, then those between it and a root. */
static bool
use_chain(SSL_CTX *context, struct span text)
{
	BIO *bio = open_text(text);
	X509 *certificate;
	bool good;

	if (bio == NULL)
		return false;
	certificate = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	good = certificate != NULL &&
	       SSL_CTX_use_certificate(context, certificate) == 1;
	X509_free(certificate); /* the context has its own reference */
	while (good && (certificate = PEM_read_bio_X509(
			    bio, NULL, no_passphrase, NULL)) != NULL) {
		good = SSL_CTX_add0_chain_cert(context, certificate) == 1;
		if (!good)
			X509_free(certificate);
	}
	BIO_free(bio);
	if (good && is_at_end()) {
		ERR_clear_error();
		return true;
	}
	return false;
}

static bool
use_key(SSL_CTX *context, struct span text)
{
	BIO *bio = open_text(text);
	EVP_PKEY *key;
	bool good;

	if (bio == NULL)
		return false;
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	good = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1 &&
	       SSL_CTX_check_private_key(context) == 1;
	EVP_PKEY_free(key);
	BIO_free(bio);
	return good;
}

struct tls *
tls_load(struct span certificate, struct span key, const char *certificate_name,
    const char *key_name)
{
	struct tls *tls;
	SSL_CTX *context = new_context();

	if (!use_chain(context, certificate)) {
		warning("cannot load certificate '%s': %s", certificate_name,
		    reason());
		SSL_CTX_free(context);
		return NULL;
	}
	if (!use_key(context, key)) {
		warning("cannot load key '%s': %s", key_name, reason());
		SSL_CTX_free(context);
		return NULL;
	}
	tls = malloc(sizeof(*tls));
	if (tls == NULL)
		fatal("out of memory");
	tls->context = context;
	return tls;
}

void
tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	SSL_CTX_free(tls->context); /* those that use it keep it alive */
	free(tls);
}

int
stream_secure(struct stream *stream, struct tls *tls)
{
	SSL *ssl;

	ssl = SSL_new(tls->context);
	if (ssl == NULL || SSL_set_fd(ssl, stream->fd) != 1) {
		SSL_free(ssl);
		ERR_clear_error();
		return -1;
	}
	SSL_set_accept_state(ssl);
	stream->ssl = ssl;
	stream->waiting = POLLIN;
	return 0;
}

/* Maps the result of an OpenSSL call to -1 with errno, or 0 at end of file. */
static int
failed(struct stream *stream, int rc)
{
	int saved = errno;

	switch (SSL_get_error(stream->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		stream->waiting = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		stream->waiting = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		errno = saved != 0 ? saved : ECONNRESET;
		return -1;
	default:
		ERR_clear_error();
		errno = EPROTO;
		return -1;
	}
}

int
stream_handshake(struct stream *stream)
{
	int rc;

	rc = SSL_do_handshake(stream->ssl);
	if (rc == 1)
		return 1;
	return failed(stream, rc) < 0 && errno == EAGAIN ? 0 : -1;
}

ssize_t
stream_read(struct stream *stream, void *p, size_t len)
{
	ssize_t n;
	int rc;

	if (stream->ssl != NULL) {
		rc = SSL_read(
		    stream->ssl, p, len > INT_MAX ? INT_MAX : (int)len);
		return rc > 0 ? rc : failed(stream, rc);
	}
	stream->waiting = POLLIN;
	do
		n = read(stream->fd, p, len);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
stream_write(struct stream *stream, const void *p, size_t len)
{
	ssize_t n;
	int rc;

	if (len == 0)
		return 0;
	if (stream->ssl != NULL) {
		rc = SSL_write(
		    stream->ssl, p, len > INT_MAX ? INT_MAX : (int)len);
		if (rc > 0)
			return rc;
		if (failed(stream, rc) == 0)
			errno = EPIPE;
		return -1;
	}
	stream->waiting = POLLOUT;
	do
		n = send(stream->fd, p, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n;
}

void
stream_protocol(const struct stream *stream, char name[TLS_NAME_SIZE])
{
	name[0] = '\0';
	if (stream->ssl != NULL)
		snprintf(name, TLS_NAME_SIZE, "%s %s",
		    SSL_get_version(stream->ssl),
		    SSL_get_cipher_name(stream->ssl));
}

void
stream_goodbye(struct stream *stream)
{
	if (stream->ssl == NULL || !SSL_is_init_finished(stream->ssl))
		return;
	SSL_shutdown(stream->ssl);
	ERR_clear_error();
}

void
stream_drop(struct stream *stream)
{
	if (stream->ssl != NULL) {
		SSL_set_quiet_shutdown(stream->ssl, 1);
		SSL_free(stream->ssl);
	}
	close(stream->fd);
	stream->ssl = NULL;
	stream->fd = -1;
}
