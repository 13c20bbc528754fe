/* Certificates and handshakes.  While a certificate is loaded and while hands
 * are shaken no descriptor can be opened: OpenSSL must not need any. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/err.h"
#include "net/tls.h"
#include "test.h"

#define PEM_MAX 10000

/* Somebody with a certificate, and both in PEM. */
struct party {
	EVP_PKEY *key;
	X509 *certificate;
	struct buf key_text;
	struct buf text;
};

static struct party root, middle, server;

static void
add_pem(struct buf *buf, BIO *bio)
{
	char *p;
	long len = BIO_get_mem_data(bio, &p);

	if (len <= 0 || !buf_add(buf, p, (size_t)len))
		fatal("cannot write PEM");
	BIO_free(bio);
}

static void
write_texts(struct party *party)
{
	BIO *bio = BIO_new(BIO_s_mem());

	buf_init(&party->key_text, PEM_MAX);
	buf_init(&party->text, PEM_MAX);
	PEM_write_bio_PrivateKey(bio, party->key, NULL, NULL, 0, NULL, NULL);
	add_pem(&party->key_text, bio);
	bio = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(bio, party->certificate);
	add_pem(&party->text, bio);
}

/* Makes a key, and a certificate signed by the issuer. */
static void
make(struct party *party, const char *name, const struct party *issuer)
{
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_EXTENSION *extension;

	party->key = EVP_EC_gen("P-256");
	party->certificate = certificate;
	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
	    (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(
	    certificate, X509_get_subject_name(issuer->certificate));
	X509_set_pubkey(certificate, party->key);
	extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
	    party == &server ? "CA:FALSE" : "critical,CA:TRUE");
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	if (X509_sign(certificate, issuer->key, EVP_sha256()) == 0)
		fatal("cannot make a certificate");
	write_texts(party);
}

static void
drop(struct party *party)
{
	EVP_PKEY_free(party->key);
	X509_free(party->certificate);
	buf_free(&party->key_text);
	buf_free(&party->text);
}

/* Whether another descriptor may be opened from now on. */
static void
allow_files(bool allow)
{
	struct rlimit limit;
	int fd;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot read a limit");
	limit.rlim_cur = allow ? limit.rlim_max : 0;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fatal("cannot set a limit");
	fd = dup(STDERR_FILENO);
	CHECK((fd >= 0) == allow);
	close(fd);
}

static struct tls *
load(const struct buf *certificate, const struct buf *key)
{
	struct tls *tls;

	allow_files(false);
	tls = tls_load(
	    buf_span(certificate), buf_span(key), "certificate", "key");
	allow_files(true);
	return tls;
}

static bool
loads(const struct buf *certificate, const struct buf *key)
{
	struct tls *tls = load(certificate, key);

	tls_free(tls);
	return tls != NULL;
}

/* Shakes hands with a client that trusts the root only.  Returns what the
 * client thinks of the certificate, or -1 if there was no handshake. */
static long
shake(struct tls *tls)
{
	struct stream stream = {.fd = -1};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *client = SSL_new(context);
	int ends[2], i, rc = 0, there = 0;
	long result = -1;

	X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.certificate);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(ends[1], F_SETFL, O_NONBLOCK) < 0)
		fatal("cannot make sockets");
	allow_files(false);
	stream.fd = ends[0];
	SSL_set_fd(client, ends[1]);
	CHECK(stream_secure(&stream, tls) == 0);
	for (i = 0; i < 20 && rc >= 0 && !(rc == 1 && there == 1); i++) {
		there = SSL_connect(client);
		rc = stream_handshake(&stream);
	}
	allow_files(true);
	if (rc == 1 && there == 1)
		result = SSL_get_verify_result(client);
	stream_drop(&stream);
	SSL_free(client);
	SSL_CTX_free(context);
	close(ends[1]);
	return result;
}

static struct buf
join(const struct buf *a, const struct buf *b, const struct buf *c)
{
	struct buf all = BUF_INIT(3 * PEM_MAX);

	buf_addspan(&all, buf_span(a));
	buf_addspan(&all, buf_span(b));
	buf_addspan(&all, buf_span(c));
	return all;
}

static void
test_the_whole_chain_is_sent(void)
{
	struct buf none = BUF_INIT(0);
	struct buf chain = join(&server.text, &middle.text, &root.text);
	struct tls *tls;

	tls = load(&chain, &server.key_text);
	CHECK(tls != NULL && shake(tls) == X509_V_OK);
	tls_free(tls);
	buf_free(&chain);
	/* the root is the client's own business */
	chain = join(&server.text, &middle.text, &none);
	tls = load(&chain, &server.key_text);
	CHECK(tls != NULL && shake(tls) == X509_V_OK);
	tls_free(tls);
	buf_free(&chain);
	tls = load(&server.text, &server.key_text);
	CHECK(tls != NULL &&
	      shake(tls) == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
	tls_free(tls);
}

static void
test_the_key_may_stand_beside_the_certificate(void)
{
	struct buf texts[] = {
	    join(&server.key_text, &server.text, &middle.text),
	    join(&server.text, &server.key_text, &middle.text),
	    join(&server.text, &middle.text, &server.key_text),
	};
	struct tls *tls;
	size_t i;

	for (i = 0; i < nitems(texts); i++) {
		tls = load(&texts[i], &texts[i]);
		CHECK(tls != NULL && shake(tls) == X509_V_OK);
		tls_free(tls);
		buf_free(&texts[i]);
	}
}

static void
test_what_is_wrong_is_not_loaded(void)
{
	struct buf none = BUF_INIT(0), text = BUF_INIT(2 * TLS_FILE_MAX);
	struct buf broken;

	CHECK(!loads(&none, &server.key_text));
	CHECK(!loads(&server.text, &none));
	CHECK(!loads(&server.key_text, &server.key_text));
	CHECK(!loads(&server.text, &server.text));
	CHECK(!loads(&server.text, &middle.key_text));
	CHECK(!loads(&middle.text, &server.key_text));
	/* a good one first does not help */
	broken = join(&server.text, &middle.text, &none);
	broken.len -= 40;
	CHECK(!loads(&broken, &server.key_text));
	memset(broken.p + server.text.len + 100, 'A', 30);
	broken.len += 40;
	CHECK(!loads(&broken, &server.key_text));
	buf_free(&broken);
	/* what stands around them is no matter, up to a size */
	buf_addspan(&text, buf_span(&server.text));
	buf_room(&text, TLS_FILE_MAX);
	memset(text.p + text.len, '\n', TLS_FILE_MAX);
	text.len = TLS_FILE_MAX;
	CHECK(loads(&text, &server.key_text));
	text.len++;
	CHECK(!loads(&text, &server.key_text));
	CHECK(!loads(&server.text, &text));
	buf_free(&text);
}

static void
test_nobody_is_asked_for_a_passphrase(void)
{
	struct buf text = BUF_INIT(PEM_MAX);
	BIO *bio = BIO_new(BIO_s_mem());

	PEM_write_bio_PrivateKey(bio, server.key, EVP_aes_128_cbc(),
	    (const unsigned char *)"secret", 6, NULL, NULL);
	add_pem(&text, bio);
	alarm(20);
	CHECK(!loads(&server.text, &text));
	alarm(0);
	buf_free(&text);
}

int
main(void)
{
	err_init("tls");
	tls_init();
	make(&root, "root", &root);
	make(&middle, "middle", &root);
	make(&server, "server", &middle);
	TEST(the_whole_chain_is_sent);
	TEST(the_key_may_stand_beside_the_certificate);
	TEST(what_is_wrong_is_not_loaded);
	TEST(nobody_is_asked_for_a_passphrase);
	drop(&root);
	drop(&middle);
	drop(&server);
	return test_end();
}
