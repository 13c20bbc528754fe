/* A manifest, its signature and its key, as one text and as three files. */
#include <errno.h>
#include <sys/stat.h>

#include "node/limits.h"
#include "nodes.h"
#include "peer/parcel.h"
#include "seal/openpgp.h"
#include "test.h"

#define TEXT                                                          \
	"pimail-manifest 1\nmanifest: 3\nsignature: 2\nkey: 4\n\nabc" \
	"DEkey!"

static bool
reads(const char *text)
{
	struct parcel parcel;
	int rc = parcel_read(&parcel, span_of(text));

	return rc == 0;
}

static void
test_parcel_is_read_as_it_was_written(void)
{
	struct parcel parcel = {{"abc", 3}, {"DE", 2}, {"key!", 4}}, other;
	struct buf text = BUF_INIT(PARCEL_MAX);

	CHECK(parcel_write(&parcel, &text));
	CHECK(span_is(buf_span(&text), TEXT));
	CHECK(parcel_read(&other, buf_span(&text)) == 0);
	CHECK(span_eq(other.manifest, parcel.manifest) &&
	      span_eq(other.signature, parcel.signature) &&
	      span_eq(other.key, parcel.key));
	buf_free(&text);
}

static void
test_parcel_that_is_cut_or_longer_is_none(void)
{
	struct parcel parcel;
	size_t len = strlen(TEXT);

	for (; len > 0; len--) {
		errno = 0;
		CHECK((parcel_read(&parcel, (struct span){TEXT, len - 1}) < 0 &&
		       errno == EBADMSG && parcel.key.p == NULL));
	}
	CHECK(reads(TEXT) && !reads(TEXT "x") && !reads("x" TEXT));
}

static void
test_parcel_has_one_spelling(void)
{
	CHECK(!reads("pimail-manifest 2\nmanifest: 1\nsignature: 1\nkey: 1\n"
		     "\nabc"));
	CHECK(!reads("pimail-manifest 1\nsignature: 1\nmanifest: 1\nkey: 1\n"
		     "\nabc"));
	CHECK(!reads("pimail-manifest 1\nmanifest: 01\nsignature: 1\nkey: 1\n"
		     "\nabc"));
	CHECK(!reads("pimail-manifest 1\nmanifest: 0\nsignature: 1\nkey: 2\n"
		     "\nabc"));
	CHECK(!reads("pimail-manifest 1\nmanifest: -1\nsignature: 1\nkey: 3\n"
		     "\nabc"));
	CHECK(!reads("pimail-manifest 1\nmanifest: 1\nsignature: 1\nkey: 1\n"
		     "more: 1\n\nabcd"));
	CHECK(!reads("pimail-manifest 1\r\nmanifest: 1\r\nsignature: 1\r\n"
		     "key: 1\r\n\r\nabc"));
	/* sums that go round */
	CHECK(!reads("pimail-manifest 1\nmanifest: 18446744073709551615\n"
		     "signature: 2\nkey: 2\n\nabc"));
}

static void
test_parts_have_limits(void)
{
	static char octets[OPENPGP_KEY_MAX + 1];
	struct parcel most = {{octets, NODE_FILE_MAX},
	    {octets, OPENPGP_SIGNATURE_MAX}, {octets, OPENPGP_KEY_MAX}};
	struct buf text = BUF_INIT(PARCEL_MAX);
	struct parcel parcel;

	memset(octets, 'x', sizeof(octets));
	CHECK(parcel_write(&most, &text));
	CHECK(parcel_read(&parcel, buf_span(&text)) == 0);
	most.signature.len++;
	buf_reset(&text);
	CHECK(!parcel_write(&most, &text));
	most.signature.len = 0;
	CHECK(!parcel_write(&most, &text));
	CHECK(!reads("pimail-manifest 1\nmanifest: 1\nsignature: 16385\nkey: 1"
		     "\n\nabc"));
	buf_free(&text);
}

static void
remove_parcel(void)
{
	unlink(path_of("bob.yaml"));
	unlink(path_of("bob.yaml.sig"));
	unlink(path_of("bob.asc"));
}

static void
test_parcel_of_files(void)
{
	struct buf text = BUF_INIT(0), large = BUF_INIT(NODE_FILE_MAX + 2);
	struct parcel parcel;

	remove_parcel();
	CHECK(parcel_load(&parcel, dir, "bob", &text) < 0 && errno == ENOENT);
	put("bob.yaml", "abc");
	put("bob.yaml.sig", "DE");
	put("bob.asc", "key!");
	CHECK(parcel_load(&parcel, dir, "bob", &text) == 0);
	CHECK(span_is(parcel.manifest, "abc") &&
	      span_is(parcel.signature, "DE") && span_is(parcel.key, "key!"));
	/* a fifo does not hold us up */
	unlink(path_of("bob.asc"));
	if (mkfifo(path_of("bob.asc"), 0600) < 0)
		fatal("cannot make a fifo");
	CHECK(parcel_load(&parcel, dir, "bob", &text) < 0 && errno == EINVAL);
	unlink(path_of("bob.asc"));
	put("bob.asc", "key!");
	while (large.len < NODE_FILE_MAX)
		buf_add(&large, "x", 1);
	put("bob.yaml", buf_str(&large));
	CHECK(parcel_load(&parcel, dir, "bob", &text) == 0);
	buf_add(&large, "x", 1);
	put("bob.yaml", buf_str(&large));
	CHECK(parcel_load(&parcel, dir, "bob", &text) < 0 && errno == EMSGSIZE);
	buf_free(&large);
	buf_free(&text);
}

int
main(void)
{
	err_init("parcel");
	if (mkdtemp(dir) == NULL)
		fatal("cannot make a directory");
	TEST(parcel_is_read_as_it_was_written);
	TEST(parcel_that_is_cut_or_longer_is_none);
	TEST(parcel_has_one_spelling);
	TEST(parts_have_limits);
	TEST(parcel_of_files);
	remove_parcel();
	rmdir(dir);
	return test_end();
}
