/*
 * tls: a connection in the clear or under TLS (1.2 or newer, by OpenSSL),
 * read and written in the same way.
 *
 * A stream works on a non-blocking socket.  It may be used by the process that
 * made the handshake or by a child that it forks, not by both, and not by a
 * program that is exec'ed.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

#define TLS_NAME_SIZE 64
#define TLS_FILE_MAX (1 << 20) /* octets of a certificate chain or a key */

struct tls; /* certificate and key */

struct stream {
	int fd;
	void *ssl;     /* NULL in the clear */
	short waiting; /* what poll(2) shall wait for after EAGAIN */
};

/* Lets OpenSSL read its configuration (openssl.cnf) now and not when it is
 * first used; from here on it opens no file.  Ends the program with 111 if it
 * cannot start. */
void tls_init(void);

/* Loads a certificate chain and its key, texts in PEM that may be one and the
 * same; the names are for messages.  The texts stay the caller's and are not
 * needed afterwards.  An encrypted key is an error, since nobody is there to
 * be asked.  On failure returns NULL after saying why on standard error. */
struct tls *tls_load(struct span certificate, struct span key,
    const char *certificate_name, const char *key_name);
void tls_free(struct tls *tls);

/* Begins the server's handshake on a stream in the clear.  0, or -1. */
int stream_secure(struct stream *stream, struct tls *tls);

/* Goes on with the handshake.  1 when it is done; 0 if it waits for
 * stream->waiting; -1 if it failed. */
int stream_handshake(struct stream *stream);

/* Like read(2) and write(2) on a non-blocking descriptor: -1 with EAGAIN, and
 * stream->waiting says for what.  A TLS failure is EPROTO. */
ssize_t stream_read(struct stream *stream, void *p, size_t len);
ssize_t stream_write(struct stream *stream, const void *p, size_t len);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384" into name; "" in the clear. */
void stream_protocol(const struct stream *stream, char name[TLS_NAME_SIZE]);

/* Says goodbye under TLS; then nothing more can be written.  In the clear the
 * end of the connection says it. */
void stream_goodbye(struct stream *stream);

/* Frees what this process holds, without a word to the client: another process
 * goes on with it, or nobody does.  Closes the socket. */
void stream_drop(struct stream *stream);

#endif
