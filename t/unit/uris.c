/* uris: addresses in text and HTML, and what they could be read as. */
#include "uri/uris.h"
#include "base/err.h"
#include "html/html.h"
#include "test.h"
#include "uri/uripart.h"

static struct tld *tld;
static struct mail mail;

static const struct uri *
find(const char *raw)
{
	size_t i;

	for (i = 0; i < mail.uris->count; i++)
		if (span_is(mail.uris->list[i].raw, raw))
			return &mail.uris->list[i];
	return NULL;
}

static bool
text_has(const struct text *text, const char *line)
{
	size_t i;

	for (i = 0; i < text->count; i++)
		if (span_is(text->lines[i], line))
			return true;
	return false;
}

/* Finds the addresses of a text of one line. */
static size_t
read_line(struct span line)
{
	mail_reset(&mail);
	mail.body = (struct text){&line, 1};
	uris_find(&mail, tld);
	mail.body = (struct text){NULL, 0};
	return mail.uris->count;
}

/* Whether the only address of a line is that one. */
static bool
line_is(const char *line, const char *want)
{
	size_t count = read_line(span_of(line));

	if (want == NULL)
		return count == 0;
	return count == 1 && span_is(mail.uris->list[0].raw, want);
}

static void
test_addresses_with_a_scheme_are_found_in_text(void)
{
	CHECK(line_is("see http://www.example.com/a?b=c now",
	    "http://www.example.com/a?b=c"));
	CHECK(line_is(
	    "(see <HTTPS://example.com/a,b>)", "HTTPS://example.com/a,b"));
	CHECK(line_is("at www.example.com.", "http://www.example.com"));
	CHECK(line_is("WWW2.Example.com/", "http://WWW2.Example.com/"));
	CHECK(line_is("ftp.example.com", "ftp://ftp.example.com"));
	CHECK(line_is("http://example.invalid/ http:// x", NULL));
	CHECK(line_is("xhttp://example.com/", "http://example.com/") == false);
}

static void
test_what_belongs_to_the_sentence_is_left_out(void)
{
	CHECK(line_is("(http://example.com/a)b", "http://example.com/a"));
	CHECK(line_is("http://example.com/(a)b!?.", "http://example.com/(a)b"));
	CHECK(line_is("'http://example.com/';", "http://example.com/"));
	CHECK(
	    line_is("\x1b(Bhttp://example.com/\x1b$B", "http://example.com/"));
	CHECK(line_is("http://example.com/\xa0x", "http://example.com/"));
}

static void
test_hosts_without_a_scheme_end_in_a_label_that_exists(void)
{
	CHECK(line_is("go to example.com/x.", "http://example.com/x"));
	CHECK(find("http://example.com/x")->types ==
	      (URI_PARSED | URI_UNLINKED | URI_SCHEMELESS));
	CHECK(line_is("a.b.example.com:8080 x", "http://a.b.example.com:8080"));
	CHECK(line_is("end.The sentence.", NULL));
	CHECK(line_is("example.com/ x", NULL));
	CHECK(line_is("example.com:x", NULL));
	CHECK(line_is("example.com:123456", NULL));
	CHECK(line_is("example.com_", NULL));
	CHECK(line_is("x%example.com", NULL));
	CHECK(line_is("-example.com", NULL));
}

static void
test_addresses_of_mail_are_found_in_text(void)
{
	CHECK(line_is("to a.b@example.com, or", "mailto:a.b@example.com"));
	CHECK(find("mailto:a.b@example.com")->types ==
	      (URI_PARSED | URI_SCHEMELESS));
	CHECK(line_is("MAILTO:a@example.com?subject=x",
	    "MAILTO:a@example.com?subject=x"));
	CHECK(line_is("E-Mail:a@example.com", "mailto:a@example.com"));
	CHECK(line_is("mailto:%61@example.com", "mailto:a@example.com"));
	CHECK(line_is("Vi@gra a@b a@example.invalid @x.com@", NULL));
	CHECK(line_is("[cid:image@01.example.com]", NULL));
	CHECK(line_is("example.com/a@b.com", "http://example.com/a@b.com"));
}

static void
test_the_same_address_is_listed_once(void)
{
	CHECK(read_line(span_of("http://example.com/a, http://example.com/a."
				" http://example.com/b")) == 2);
	CHECK(mail.uris->all.count == 2);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct span *)a)->p, ((const struct span *)b)->p);
}

/* Whether the address has these readings, in the order of the alphabet, with
 * " | " between them. */
static bool
reads_as(const char *uri, const char *want)
{
	struct buf buf = BUF_INIT(1000);
	struct uri_readings readings = {0};
	bool same;
	size_t i;

	mail_reset(&mail);
	uri_readings(&mail.arena, tld, span_of(uri), &readings);
	for (i = 0; i < readings.count; i++)
		readings.list[i] = arena_copy(&mail.arena, readings.list[i]);
	qsort(readings.list, readings.count, sizeof(struct span), compare);
	for (i = 0; i < readings.count; i++)
		buf_addf(&buf, "%s%.*s", i > 0 ? " | " : "",
		    SPAN_ARG(readings.list[i]));
	same = strcmp(buf_str(&buf), want) == 0;
	if (!same)
		printf("# %s\n", buf_str(&buf));
	buf_free(&buf);
	return same;
}

/* All readings, as SpamAssassin 4.0.1 has them. */
static void
test_an_address_has_readings_as_programs_put_it_right(void)
{
	static const char *const cases[][2] = {
	    {" http://a.com\r\n/b\n", "http://a.com/b"},
	    {"http:\\\\a.com\\b", "http://a.com/b | http:\\\\a.com\\b"},
	    {"http:a.com", "http://a.com | http:a.com"},
	    {"//a.com/x", "//a.com/x | http:////a.com/x"},
	    {"ftp.a.com", "ftp.a.com | ftp://ftp.a.com"},
	    {"http://a.com?x", "http://a.com/?x | http://a.com?x"},
	    {"http://%61.com/%2f%20%zz",
		"http://%61.com/%2f%20%zz | http://a.com//%20%25zz"},
	    {"http://a.com/&#97;&#x0061;&#x2e;&#0046;&#65294;",
		"http://a.com/&#97;&#x0061;&#x2e;&#0046;&#65294; | "
		"http://a.com/aa..."},
	    {"http://www.b.com.com/", "http://www.b.com.com/"},
	    {"http://x@www.b.com@a.com/",
		"http://a.com/ | http://x@www.b.com@a.com/"},
	    {"http://a.com:80/x", "http://a.com/x | http://a.com:80/x"},
	    {"https://a.com:443", "https://a.com | https://a.com:443"},
	    {"http://a.com!!", "http://a.com | http://a.com!!"},
	    {"http://b\xfc.com/", "http://b\xfc.com/ | http://xn--b-eha.com/"},
	    {"http://a.com/?u=http://b.com/&x",
		"http://a.com/?u=http://b.com/&x | http://b.com/"},
	    {"http://a.com/https:b.com",
		"http://a.com/https:b.com | https://b.com | https:b.com"},
	    {"http://0x7f.1.010.3/",
		"http://0x7f.1.010.3/ | http://127.1.8.3/"},
	    {"http://0x7f000001/", "http://0x7f000001/ | http://127.0.0.1/"},
	    {"http://2130706433/x", "http://127.0.0.1/x | http://2130706433/x"},
	    {"http://example/x", "http://example/x | http://www.example.com/x"},
	    {"mailto:a@b.com?subject=x",
		"mailto:a@b.com | mailto:a@b.com?subject=x"},
	    {"mailto:a@b%2Ecom&x", "mailto:a@b%2Ecom | mailto:a@b%2Ecom&x"},
	    {"mailto:%20a@b.com%20", "mailto:%20a@b.com%20 | mailto:a@b.com"},
	    {"mailto:\"A\"%20<a@b.com>",
		"mailto:\"A\"%20<a@b.com> | mailto:a@b.com"},
	    {"http://0x1ffffffff/",
		"http://0x1ffffffff/ | http://255.255.255.255/"},
	    {"http://10.0.0.1/", "http://10...1/ | http://10.0.0.1/"},
	    {"http://5000000000/", "http://18.160.95.32/ | http://5000000000/"},
	    {"http://u:p@h", "http://u:p@h"},
	    {"http://u:p@/x", "http://u:p@/x | http://www.u.com:p@/x"},
	    {"http://a@b@c.com/", "http://a@b@c.com/ | http://c.com/"},
	    {"HTTP://a.com:80/x", "HTTP://a.com:80/x"},
	    {"http://a.com:/x", "http://a.com:/x"},
	    {"https://a.com:443x/", "https://a.com:443x/"},
	    {"http://a.com/http://b.com/http:///c.com",
		"http:///c.com | http://a.com/http://b.com/http:///c.com | "
		"http://b.com/http:///c.com"},
	    {"http://a.com/?x=https:", "http://a.com/?x=https:"},
	};
	size_t i;

	for (i = 0; i < nitems(cases); i++)
		CHECK(reads_as(cases[i][0], cases[i][1]));
}

static void
test_patterns_tell_where_a_redirect_leads(void)
{
	struct buf why = BUF_INIT(100);
	struct regex *regex = regex_new(
	    span_of("^https?://r\\.example\\.com/\\?to=(.*)"), 0, &why);
	const struct regex *list[] = {regex};
	struct uri_redirects redirects = {list, 1};

	static const char uri[] = "http://r.example.com/?to=a.com";

	CHECK(reads_as(uri, uri));
	uris_redirects(&redirects);
	CHECK(reads_as(
	    uri, "a.com | http://a.com | http://r.example.com/?to=a.com"));
	CHECK(uris_redirects_now() == &redirects);
	uris_redirects(NULL);
	CHECK(reads_as(uri, uri));
	regex_free(regex);
}

/* Whether an address leads to that host and domain. */
static bool
leads_to(const char *uri, const char *want_host, const char *want)
{
	struct span host, domain;

	mail_reset(&mail);
	domain = uri_domain(&mail.arena, tld, span_of(uri), &host);
	if (want == NULL)
		return domain.p == NULL;
	return span_is(host, want_host) && span_is(domain, want);
}

static void
test_an_address_leads_to_a_host_and_its_domain(void)
{
	CHECK(leads_to("http://U@WWW.Example.com:80/x@y", "www.example.com",
	    "example.com"));
	CHECK(leads_to("www.example.com?x", "www.example.com", "example.com"));
	CHECK(leads_to(
	    "mailto:a@mx.example.com?x@y", "mx.example.com", "example.com"));
	CHECK(leads_to("http://192.0.2.1:8/", "192.0.2.1", "192.0.2.1"));
	CHECK(leads_to("domainkeys:example.com", "example.com", "example.com"));
	CHECK(leads_to("mailto:a@b@example.com", "", NULL));
	CHECK(leads_to("javascript:example.com", "", NULL));
	CHECK(leads_to("http://%65xample.com/", "", NULL));
	CHECK(leads_to("http://example.invalid/", "", NULL));
	CHECK(leads_to("http://192.0.2.999/", "", NULL));
	CHECK(leads_to("http://example.com./", "", NULL));
	CHECK(leads_to("", "", NULL));
}

static void
test_addresses_of_html_are_taken_as_they_are(void)
{
	static const char message[] =
	    "Subject: x\n"
	    "DKIM-Signature: v=1; d=mail.example.com; s=x; b=y\n"
	    "Content-Type: text/html\n\n"
	    "<a href=\"http://a.example.com/1\">one</a>"
	    "<img src=\"http://a.example.com/1\"><a href=\"#top\">top</a>"
	    "<form action=\"//example.invalid/f\"></form>\n";
	const struct uri *uri;
	struct mail_part *leaf;

	mail_reset(&mail);
	mail_read(&mail, span_of(message));
	leaf = mail.leaves[0];
	leaf->html =
	    html_read(&mail.arena, mail_decode(&mail, leaf), leaf->octets.len);
	uris_find(&mail, tld);
	uri = find("http://a.example.com/1");
	CHECK(uri != NULL && (uri->types & (URI_A | URI_IMG)) != 0);
	CHECK(uri != NULL && text_has(&uri->anchors, "one"));
	CHECK(uri != NULL && text_has(&uri->domains, "example.com"));
	CHECK(uri != NULL && text_has(&uri->hosts, "a.example.com"));
	CHECK(find("#top") != NULL);
	uri = find("//example.invalid/f");
	CHECK(uri != NULL && uri->types == URI_FORM && uri->hosts.count == 0);
	uri = find("domainkeys:mail.example.com");
	CHECK(uri != NULL && uri->types == URI_DKIM && uri->cleaned.count == 0);
	CHECK(uri != NULL && text_has(&uri->domains, "example.com"));
	CHECK(!text_has(&mail.uris->all, "domainkeys:mail.example.com"));
	CHECK(text_has(&mail.uris->all, "#top"));
}

/* A line of many of the same. */
static size_t
read_many(const char *piece, size_t count)
{
	struct buf buf = BUF_INIT(8 << 20);
	size_t i;

	for (i = 0; i < count; i++)
		buf_adds(&buf, piece);
	i = read_line(buf_span(&buf));
	buf_free(&buf);
	return i;
}

static void
test_there_is_an_end_to_all_of_it(void)
{
	struct buf buf = BUF_INIT(1 << 20);
	struct uri_readings readings = {0};
	int i;

	for (i = 0; i < 2000; i++)
		buf_addf(&buf, "http://example.com/%d ", i);
	CHECK(read_line(buf_span(&buf)) == URIS_MAX && mail.uris->is_cut);
	CHECK(read_many("a@", 1000000) == 0);
	CHECK(read_many("mailto:", 500000) == 0);
	CHECK(read_many("http://", 500000) == 1);
	CHECK(read_many("a.", 1000000) == 0);
	CHECK(read_many("/", 2000000) == 0);
	buf_reset(&buf);
	for (i = 0; i < 20000; i++)
		buf_adds(&buf, "http://example.com/");
	uri_readings(&mail.arena, tld, buf_span(&buf), &readings);
	CHECK(readings.is_cut && readings.list[0].len == URI_LEN_MAX);
	buf_reset(&buf);
	for (i = 0; i < 20000; i++)
		buf_adds(&buf, "<%41&#");
	uri_readings(&mail.arena, tld, buf_span(&buf), &readings);
	CHECK(readings.is_cut && readings.count <= URI_READINGS_MAX);
	buf_free(&buf);
}

/* Links to long addresses with many redirects in them. */
static void
test_many_readings_take_a_bounded_memory(void)
{
	static struct html_uri links[2000];
	static struct mail_part part;
	struct mail_part *leaves[] = {&part};
	struct buf buf = BUF_INIT(URI_LEN_MAX);
	struct html html = {.uris = links, .uri_count = nitems(links)};
	size_t i;

	part.html = &html;
	while (buf_adds(&buf, "http:/%41.com:80/"))
		;
	mail_reset(&mail);
	for (i = 0; i < nitems(links); i++) {
		links[i].uri = arena_copy(&mail.arena, buf_span(&buf));
		snprintf((char *)links[i].uri.p + 20, 5, "%04zu", i);
		links[i].element = "a";
	}
	i = mail.arena.total;
	mail.leaves = leaves;
	mail.leaf_count = 1;
	uris_find(&mail, tld);
	CHECK(mail.uris->is_cut && mail.uris->count > 0);
	CHECK(mail.arena.total - i < 2 * URIS_MEMORY_MAX);
	mail.leaf_count = 0;
	buf_free(&buf);
}

int
main(int argc, char **argv)
{
	(void)argc;
	err_init(argv[0]);
	tld = tld_new();
	tld_add(tld, 1, span_of("com"));
	mail_init(&mail);
	TEST(addresses_with_a_scheme_are_found_in_text);
	TEST(what_belongs_to_the_sentence_is_left_out);
	TEST(hosts_without_a_scheme_end_in_a_label_that_exists);
	TEST(addresses_of_mail_are_found_in_text);
	TEST(the_same_address_is_listed_once);
	TEST(an_address_has_readings_as_programs_put_it_right);
	TEST(patterns_tell_where_a_redirect_leads);
	TEST(an_address_leads_to_a_host_and_its_domain);
	TEST(addresses_of_html_are_taken_as_they_are);
	TEST(there_is_an_end_to_all_of_it);
	TEST(many_readings_take_a_bounded_memory);
	mail_free(&mail);
	tld_free(tld);
	return test_end();
}
