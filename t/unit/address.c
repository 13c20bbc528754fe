#include <errno.h>
#include <string.h>

#include "mail/address.h"
#include "test.h"

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define LABEL SIXTY "abc"

static struct address address;

static bool
parses(const char *text, const char *local, const char *domain)
{
	return address_parse(&address, span_of(text)) == 0 &&
	       strcmp(address.local, local) == 0 &&
	       strcmp(address.domain, domain) == 0;
}

static bool
fails(const char *text, int why)
{
	errno = 0;
	return address_parse(&address, span_of(text)) < 0 && errno == why;
}

/* A path, and whether all of text was taken. */
static bool
takes(const char *text, const char *local, const char *domain)
{
	struct scan scan;

	scan_init(&scan, span_of(text));
	return address_take_path(&address, &scan) == 0 && scan_ok(&scan) &&
	       strcmp(address.local, local) == 0 &&
	       strcmp(address.domain, domain) == 0;
}

static bool
refuses(const char *text)
{
	struct scan scan;

	scan_init(&scan, span_of(text));
	return address_take_path(&address, &scan) < 0;
}

static bool
becomes(const char *text, const char *formatted)
{
	struct buf buf = BUF_INIT(1000);
	bool same;

	if (address_parse(&address, span_of(text)) < 0)
		return false;
	address_format(&address, &buf);
	same = strcmp(buf_str(&buf), formatted) == 0;
	buf_free(&buf);
	return same;
}

static void
test_plain_addresses(void)
{
	CHECK(parses("a@b.example", "a", "b.example"));
	CHECK(parses("A.b+c@B.Example", "A.b+c", "b.example"));
	CHECK(parses("!#$%&'*+-/=?^_`{|}~@b", "!#$%&'*+-/=?^_`{|}~", "b"));
	CHECK(parses("PostMaster", "PostMaster", ""));
	CHECK(fails("a", EINVAL));
	CHECK(fails("", EINVAL));
	CHECK(fails("@b", EINVAL));
	CHECK(fails("a@", EINVAL));
	CHECK(fails("a@b@c", EINVAL));
	CHECK(fails(".a@b", EINVAL));
	CHECK(fails("a.@b", EINVAL));
	CHECK(fails("a..b@c", EINVAL));
	CHECK(fails("a b@c", EINVAL));
	CHECK(fails("a@b ", EINVAL));
	CHECK(fails("a\n@b", EINVAL));
	CHECK(fails("a@b\r", EINVAL));
	CHECK(fails("a,b@c", EINVAL));
	CHECK(fails("<a@b>", EINVAL));
	CHECK(address_parse(&address, (struct span){"a\0b@c", 5}) < 0);
	CHECK(address_parse(&address, (struct span){"a@b\0c", 5}) < 0);
	CHECK(address_parse(&address, (struct span){NULL, 0}) < 0);
}

static void
test_quoted_local_parts(void)
{
	CHECK(parses("\"a b\"@c", "a b", "c"));
	CHECK(parses("\"a\\\"\\\\b\"@c", "a\"\\b", "c"));
	CHECK(parses("\"a@b\"@c", "a@b", "c"));
	CHECK(fails("\"\"@c", EINVAL));
	CHECK(fails("\"a@c", EINVAL));
	CHECK(fails("\"a\\", EINVAL));
	CHECK(fails("\"a\\\n\"@c", EINVAL));
	CHECK(fails("\"a\tb\"@c", EINVAL));
	CHECK(fails("\"a\"b@c", EINVAL));
	CHECK(fails("a\"b\"@c", EINVAL));
}

static void
test_domains(void)
{
	CHECK(parses("a@[192.0.2.1]", "a", "[192.0.2.1]") && address.literal);
	CHECK(parses("a@[IPv6:2001:DB8::1]", "a", "[ipv6:2001:db8::1]"));
	CHECK(parses("a@x_y.example", "a", "x_y.example") && !address.literal);
	CHECK(fails("a@[192.0.2.1", EINVAL));
	CHECK(fails("a@[192.0.2.1]x", EINVAL));
	CHECK(fails("a@[192.0.2]", EINVAL));
	CHECK(fails("a@[]", EINVAL));
	CHECK(fails("a@[2001:db8::1]", EINVAL));
	CHECK(fails("a@b..c", EINVAL));
	CHECK(fails("a@b.", EINVAL));
	CHECK(fails("a@-b", EINVAL));
	CHECK(fails("a@b-.c", EINVAL));
	CHECK(fails("a@b/c", EINVAL));
	CHECK(address_is_domain(span_of("a-b.example")));
	CHECK(address_is_domain(span_of("[192.0.2.1]")));
	CHECK(!address_is_domain(span_of("a b")));
	CHECK(!address_is_domain(span_of("")));
}

static void
test_lengths(void)
{
	char domain[ADDRESS_DOMAIN_MAX + 8];

	CHECK(parses(SIXTY "abcd@b", SIXTY "abcd", "b"));
	CHECK(fails(SIXTY "abcde@b", ENAMETOOLONG));
	CHECK(fails(SIXTY "abcd.e@b", ENAMETOOLONG));
	CHECK(parses("\"" SIXTY "abc \"@b", SIXTY "abc ", "b"));
	CHECK(fails("\"" SIXTY "abcd \"@b", ENAMETOOLONG));
	CHECK(parses("a@" LABEL, "a", LABEL));
	CHECK(fails("a@" LABEL "d", ENAMETOOLONG));
	strcpy(domain, LABEL "." LABEL "." LABEL "." LABEL);
	CHECK(strlen(domain) == ADDRESS_DOMAIN_MAX);
	CHECK(address_is_domain(span_of(domain)));
	strcpy(domain, LABEL "." LABEL "." LABEL "." SIXTY ".abc");
	CHECK(!address_is_domain(span_of(domain)));
	/* 63 octets are the limit of the A-label, not of what stands for it */
	CHECK(address_is_domain(span_of(
	    "\343\201\202\343\201\202\343\201\202"
	    "\343\201\202\343\201\202\343\201\202\343\201\202\343\201\202"
	    "\343\201\202\343\201\202\343\201\202\343\201\202\343\201\202"
	    "\343\201\202\343\201\202\343\201\202\343\201\202\343\201\202"
	    "\343\201\202\343\201\202\343\201\202\343\201\202.example")));
}

static void
test_utf8(void)
{
	CHECK(parses("j\303\266rg@b\303\274cher.example", "j\303\266rg",
		  "b\303\274cher.example") &&
	      address.eightbit);
	CHECK(parses("j@b", "j", "b") && !address.eightbit);
	CHECK(parses("\"\360\237\220\221 \"@b", "\360\237\220\221 ", "b"));
	CHECK(fails("j\366rg@b", EINVAL));           /* Latin-1 */
	CHECK(fails("a\300\257@b", EINVAL));         /* overlong */
	CHECK(fails("a\355\240\200@b", EINVAL));     /* surrogate */
	CHECK(fails("a\364\220\200\200@b", EINVAL)); /* beyond Unicode */
	CHECK(fails("a\342\202@b", EINVAL));         /* cut */
	CHECK(fails("a\302\205@b", EINVAL));         /* C1 control */
	CHECK(fails("a@b\377", EINVAL));
}

static void
test_paths(void)
{
	CHECK(takes("<a@b>", "a", "b"));
	CHECK(takes("<>", "", ""));
	CHECK(takes("<postmaster>", "postmaster", ""));
	CHECK(takes("<@one.example,@two.example:a@b>", "a", "b"));
	CHECK(refuses("a@b"));
	CHECK(refuses("<a@b"));
	CHECK(refuses("<a>"));
	CHECK(refuses("< a@b>"));
	CHECK(refuses("<@one.example>"));
	CHECK(refuses("<@one.example:>"));
	CHECK(refuses("<@one.example,a@b>"));
	CHECK(refuses(""));
}

static void
test_path_length(void)
{
	char path[ADDRESS_PATH_MAX + 3];

	/* "<" local "@" domain ">" of just 256 octets, and of 257 */
	strcpy(path, "<" SIXTY "@" LABEL "." LABEL "." LABEL ".x>");
	CHECK(strlen(path) == ADDRESS_PATH_MAX);
	CHECK(!refuses(path));
	strcpy(path, "<" SIXTY "@" LABEL "." LABEL "." LABEL ".xy>");
	CHECK(refuses(path) && errno == ENAMETOOLONG);
}

static void
test_formatting(void)
{
	CHECK(becomes("a.b@C.example", "a.b@c.example"));
	CHECK(becomes("\"a.b\"@c", "a.b@c"));
	CHECK(becomes("\"a b\"@c", "\"a b\"@c"));
	CHECK(becomes("\"a\\\"\\\\\"@c", "\"a\\\"\\\\\"@c"));
	CHECK(becomes("\"a..b\"@c", "\"a..b\"@c"));
	CHECK(becomes("\".a\"@c", "\".a\"@c"));
	CHECK(becomes("\"a.\"@c", "\"a.\"@c"));
	CHECK(becomes("postmaster", "postmaster"));
	CHECK(becomes("a@[IPv6:::1]", "a@[ipv6:::1]"));
}

int
main(void)
{
	TEST(plain_addresses);
	TEST(quoted_local_parts);
	TEST(domains);
	TEST(lengths);
	TEST(utf8);
	TEST(paths);
	TEST(path_length);
	TEST(formatting);
	return test_end();
}
