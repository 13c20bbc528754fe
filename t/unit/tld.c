/* tld: names of hosts and where their registered part begins. */
#include "uri/tld.h"
#include "base/err.h"
#include "test.h"

static struct tld *
lists(void)
{
	struct tld *tld = tld_new();

	tld_add(tld, 1, span_of("com uk\tUS xn--p1ai "));
	tld_add(tld, 2, span_of("co.uk"));
	tld_add(tld, 3, span_of("shop.co.uk"));
	return tld;
}

static bool
domain_is(const struct tld *tld, const char *host, const char *want)
{
	struct span domain = tld_domain(tld, span_of(host));

	return want == NULL ? domain.p == NULL : span_is(domain, want);
}

static void
test_the_registered_part_begins_in_front_of_a_registry(void)
{
	struct tld *tld = lists();

	CHECK(domain_is(tld, "www.example.com", "example.com"));
	CHECK(domain_is(tld, "example.com", "example.com"));
	CHECK(domain_is(tld, "a.b.example.co.uk", "example.co.uk"));
	CHECK(domain_is(tld, "co.uk", "co.uk"));
	CHECK(domain_is(tld, "a.b.shop.co.uk", "b.shop.co.uk"));
	CHECK(domain_is(tld, "shop.co.uk", "shop.co.uk"));
	CHECK(domain_is(tld, "WWW.Example.COM", "Example.COM"));
	CHECK(domain_is(tld, "www.example.com..", "example.com"));
	tld_free(tld);
}

static void
test_names_below_us_are_registered_by_place(void)
{
	struct tld *tld = lists();

	CHECK(domain_is(tld, "www.example.us", "example.us"));
	CHECK(domain_is(tld, "a.b.town.ca.us", "b.town.ca.us"));
	CHECK(domain_is(tld, "www.fire.ci.town.ca.us", "fire.ci.town.ca.us"));
	CHECK(domain_is(tld, "a.school.pvt.k12.ca.us", "school.pvt.k12.ca.us"));
	CHECK(domain_is(tld, "a.b.town.zz.us", "zz.us"));
	tld_free(tld);
}

static void
test_what_ends_in_no_label_that_exists_has_no_domain(void)
{
	struct tld *tld = lists();

	CHECK(domain_is(tld, "www.example.invalid", NULL));
	CHECK(domain_is(tld, "com", NULL));
	CHECK(domain_is(tld, "", NULL));
	CHECK(domain_is(tld, "...", NULL));
	CHECK(tld_domain(tld, (struct span){NULL, 0}).p == NULL);
	CHECK(tld_is_valid(tld, span_of("example.Com")));
	CHECK(!tld_is_valid(tld, span_of("com")));
	CHECK(!tld_is_valid(tld, span_of("example.com.")));
	CHECK(!tld_is_valid(tld, span_of("ex ample.com")));
	CHECK(!tld_is_valid(tld, (struct span){NULL, 0}));
	CHECK(tld_is_last(tld, span_of("us")));
	CHECK(!tld_is_last(tld, span_of("co.uk")));
	tld_free(tld);
}

static void
test_names_of_other_scripts_are_compared_as_dns_has_them(void)
{
	struct arena arena = {0};
	struct tld *tld = lists();
	struct span name = span_of("\xd0\xbf\xd1\x80.\xd1\x80\xd1\x84");

	CHECK(span_is(tld_ascii(&arena, name), "xn--o1ac.xn--p1ai"));
	CHECK(tld_is_valid(tld, name));
	CHECK(span_is(tld_ascii(&arena, span_of("A.B-c_d")), "a.b-c_d"));
	/* an ideographic full stop, and ISO-8859-1 */
	CHECK(span_is(tld_ascii(&arena, span_of("a\xe3\x80\x82"
						"com")),
	    "a.com"));
	CHECK(
	    span_is(tld_ascii(&arena, span_of("b\xfc.com")), "xn--b-eha.com"));
	CHECK(span_is(tld_ascii(&arena, span_of("b\x80.COM")), "b\x80.com"));
	tld_free(tld);
	arena_free(&arena);
}

static void
test_without_a_list_the_public_suffixes_count(void)
{
	struct tld *tld = tld_new();

	CHECK(domain_is(tld, "www.example.co.uk", "example.co.uk"));
	CHECK(domain_is(tld, "www.example.invalid", NULL));
	CHECK(tld_is_valid(tld, span_of("example.org")));
	tld_add(tld, 1, span_of("invalid"));
	CHECK(domain_is(tld, "www.example.invalid", "example.invalid"));
	CHECK(!tld_is_valid(tld, span_of("example.org")));
	tld_free(tld);
}

static void
test_a_name_has_two_labels_or_more(void)
{
	char long_label[70] = "";

	memset(long_label, 'a', 64);
	memcpy(long_label + 64, ".com", 4);
	CHECK(tld_is_name(span_of("example.com")));
	CHECK(tld_is_name(span_of("a_b.1-2.com.")));
	CHECK(!tld_is_name(span_of("com")));
	CHECK(!tld_is_name(span_of("")));
	CHECK(!tld_is_name(span_of("a..com")));
	CHECK(!tld_is_name(span_of(".a.com")));
	CHECK(!tld_is_name(span_of("-a.com")));
	CHECK(!tld_is_name(span_of("a_b.com")));
	CHECK(!tld_is_name(span_of("a b.com")));
	CHECK(!tld_is_name(span_of(long_label)));
	CHECK(tld_is_name(span_of(long_label + 1)));
}

int
main(int argc, char **argv)
{
	(void)argc;
	err_init(argv[0]);
	TEST(the_registered_part_begins_in_front_of_a_registry);
	TEST(names_below_us_are_registered_by_place);
	TEST(what_ends_in_no_label_that_exists_has_no_domain);
	TEST(names_of_other_scripts_are_compared_as_dns_has_them);
	TEST(without_a_list_the_public_suffixes_count);
	TEST(a_name_has_two_labels_or_more);
	return test_end();
}
