/* features: what a message is to the learner. */
#include <string.h>

#include "learn/features.h"
#include "learn/model.h"
#include "learn/siphash.h"
#include "test.h"
#include "text/mail.h"
#include "text/render.h"

static struct mail mail;

static void
take(struct features *features, const char *message)
{
	mail_reset(&mail);
	mail_read(&mail, span_of(message));
	render(&mail, MAIL_DECODED_MAX);
	features_of(features, &mail);
}

/* How many of a's features in a group b has, too. */
static size_t
common(const struct features *a, const struct features *b,
    enum feature_group group)
{
	size_t from = group > 0 ? a->ends[group - 1] : 0, count = 0;

	for (size_t i = from; i < a->ends[group]; i++)
		for (size_t k = 0; k < b->count; k++)
			count += a->list[i] == b->list[k];
	return count;
}

static size_t
size_of(const struct features *features, enum feature_group group)
{
	return features->ends[group] -
	       (group > 0 ? features->ends[group - 1] : 0);
}

/* Whether two messages are the same to the learner. */
static bool
is_same(const char *one, const char *other)
{
	struct features a = {0}, b = {0};
	bool same;

	take(&a, one);
	take(&b, other);
	same = a.count == b.count &&
	       memcmp(a.list, b.list, a.count * sizeof(a.list[0])) == 0 &&
	       memcmp(a.ends, b.ends, sizeof(a.ends)) == 0;
	features_free(&a);
	features_free(&b);
	return same;
}

static void
test_siphash_is_siphash(void)
{
	/* of the paper's test vectors for 128 bits: key 00..0f, no text and
	 * the text 00 01 02 */
	uint64_t key0 = 0x0706050403020100, key1 = 0x0f0e0d0c0b0a0908;
	struct siphash hash;
	uint64_t value[2];

	siphash_init(&hash, key0, key1);
	siphash_end(&hash, value);
	CHECK(value[0] == 0xe6a825ba047f81a3 && value[1] == 0x930255c71472f66d);
	siphash_init(&hash, key0, key1);
	siphash_add(&hash, (struct span){"\0", 1});
	siphash_add(&hash, (struct span){"\1\2", 2});
	siphash_end(&hash, value);
	CHECK(siphash_of(key0, key1, (struct span){"\0\1\2", 3}) == value[0]);
}

static void
test_each_feature_is_there_once(void)
{
	struct features features = {0};

	take(&features, "Subject: one one one\n\none one two one one\n");
	for (size_t i = 0; i < features.count; i++)
		for (size_t k = i + 1; k < features.count; k++)
			CHECK(features.list[i] != features.list[k]);
	features_free(&features);
}

static void
test_words_have_neither_case_nor_place(void)
{
	struct features a = {0}, b = {0}, c = {0};

	take(&a, "Subject: x\n\nCheap watches\n");
	take(&b, "Subject: x\n\nCHEAP WATCHES, today only!\n");
	CHECK(common(&a, &b, FEATURES_WORDS) == size_of(&a, FEATURES_WORDS));
	/* in a field a word is another one */
	take(&c, "Subject: cheap watches\nX-A: y\n\nz\n");
	CHECK(common(&a, &c, FEATURES_FIELDS) < 3);
	features_free(&a);
	features_free(&b);
	features_free(&c);
}

static void
test_what_is_encoded_is_seen_decoded(void)
{
	struct features plain = {0}, encoded = {0};

	take(&plain, "Subject: x\n\nbuy cheap watches\n");
	take(&encoded, "Subject: x\nMIME-Version: 1.0\n"
		       "Content-Transfer-Encoding: base64\n\n"
		       "YnV5IGNoZWFwIHdhdGNoZXMK\n");
	CHECK(common(&plain, &encoded, FEATURES_WORDS) ==
	      size_of(&plain, FEATURES_WORDS));
	take(&encoded, "Subject: x\nMIME-Version: 1.0\n"
		       "Content-Transfer-Encoding: quoted-printable\n\n"
		       "b=75y ch=65ap w=\natches\n");
	CHECK(common(&plain, &encoded, FEATURES_WORDS) ==
	      size_of(&plain, FEATURES_WORDS));
	features_free(&plain);
	features_free(&encoded);
}

static void
test_what_filters_and_delivery_add_is_not_seen(void)
{
	const char *bare = "Subject: x\nFrom: a@b.example\n\nhello\n";

	CHECK(is_same(bare,
	    "Return-Path: <q@r.example>\nDelivered-To: me@b.example\n"
	    "X-Spam-Status: Yes, score=9\n\ttests=A,B\n"
	    "x-virus-scanned: yes\nStatus: RO\nX-Status: A\n"
	    "Subject: x\nFrom: a@b.example\n\nhello\n"));
	CHECK(!is_same(
	    bare, "Subject: x\nX-Span: y\nFrom: a@b.example\n\nhello\n"));
}

static void
test_hosts_of_links_are_seen_with_their_domains(void)
{
	struct features a = {0}, b = {0};

	take(&a, "Content-Type: text/html\n\n"
		 "<p><a href=\"http://www.shop.example/1\">x</a></p>\n");
	take(&b, "Content-Type: text/html\n\n"
		 "<p><a href=\"https://mail.shop.example/2\">y</a></p>\n");
	/* shop.example, example; the elements and the type of the part */
	CHECK(common(&a, &b, FEATURES_LINKS) >= 4);
	CHECK(common(&a, &b, FEATURES_LINKS) < size_of(&a, FEATURES_LINKS));
	features_free(&a);
	features_free(&b);
}

/* Ten thousand fields, a line of words without end: it stays in its bounds,
 * and the body still counts. */
static void
test_no_message_has_more_than_its_share(void)
{
	struct buf message = BUF_INIT(8 << 20);
	struct features features = {0};

	for (int i = 0; i < 10000; i++)
		buf_addf(&message, "X-F%d: w%d v%d\n", i, i, i);
	buf_adds(&message, "Content-Type: text/html\n\n");
	for (int i = 0; i < 60000; i++)
		buf_addf(&message, "<x%d>w%d <a href='http://h%d.example/'>", i,
		    i * 7, i);
	take(&features, buf_str(&message));
	CHECK(features.count <= FEATURES_MAX);
	CHECK(size_of(&features, FEATURES_FIELDS) <= FEATURES_FIELDS_MAX);
	CHECK(size_of(&features, FEATURES_HEADER) <= FEATURES_OCTETS_MAX);
	CHECK(size_of(&features, FEATURES_TEXT) <= FEATURES_OCTETS_MAX);
	CHECK(size_of(&features, FEATURES_WORDS) > 1000);
	CHECK(size_of(&features, FEATURES_LINKS) > 100);
	take(&features, "");
	CHECK(features.count < 3);
	features_free(&features);
	buf_free(&message);
}

static void
digest_of(const char *message, unsigned char digest[16])
{
	mail_reset(&mail);
	mail_read(&mail, span_of(message));
	model_digest(&mail, digest);
}

static void
test_the_digest_stays_on_the_way_through_a_mailbox(void)
{
	unsigned char a[16], b[16];

	digest_of("Subject: x\n y\nA: b\n\nhello\nyou\n", a);
	digest_of("Return-Path: <>\nX-Spam-Flag: YES\nSubject: x\n y\n"
		  "Status: O\nA: b\n\nhello\nyou\n",
	    b);
	CHECK(memcmp(a, b, 16) == 0);
	digest_of("Subject: x\r\n y\r\nA: b\r\n\r\nhello\r\nyou\r\n", b);
	CHECK(memcmp(a, b, 16) == 0);
	digest_of("Subject: x\n y\nA: b\n\nhello\nyou!\n", b);
	CHECK(memcmp(a, b, 16) != 0);
	digest_of("Subject: x\n y\nA: c\n\nhello\nyou\n", b);
	CHECK(memcmp(a, b, 16) != 0);
}

int
main(void)
{
	mail_init(&mail);
	TEST(siphash_is_siphash);
	TEST(each_feature_is_there_once);
	TEST(words_have_neither_case_nor_place);
	TEST(what_is_encoded_is_seen_decoded);
	TEST(what_filters_and_delivery_add_is_not_seen);
	TEST(hosts_of_links_are_seen_with_their_domains);
	TEST(no_message_has_more_than_its_share);
	TEST(the_digest_stays_on_the_way_through_a_mailbox);
	mail_free(&mail);
	return test_end();
}
