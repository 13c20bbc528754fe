#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
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

struct tls *
tls_load(const char *certificate, const char *key)
{
	struct tls *tls;
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
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1) {
		warning(
		    "cannot load certificate '%s': %s", certificate, reason());
		SSL_CTX_free(context);
		return NULL;
	}
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1) {
		warning("cannot load key '%s': %s", key, reason());
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
