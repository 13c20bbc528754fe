/* uridetail, urihost, uri: what rules ask about addresses. */
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/io.h"
#include "eval/eval.h"
#include "eval/uridetail.h"
#include "test.h"

static struct ruleset *set;
static struct tld *tld;
static struct mail mail;
static struct html html;
static struct html_uri links[4];

static void
read_mail(const char *text)
{
	static struct mail_part part = {.html = &html};
	static struct mail_part *leaves[] = {&part};
	struct span line = span_of(text);

	mail_reset(&mail);
	mail.body = (struct text){&line, 1};
	mail.leaves = leaves;
	mail.leaf_count = 1;
	uris_find(&mail, tld);
	mail.body = (struct text){NULL, 0};
}

static void
add_link(const char *uri, const char *element, const char *anchor)
{
	static struct span anchors[nitems(links)];
	size_t i = html.uri_count++;

	html.uris = links;
	anchors[i] = span_of(anchor);
	links[i] = (struct html_uri){
	    span_of(uri), element, {&anchors[i], anchor[0] != '\0'}};
}

static bool
matches(const char *conditions)
{
	struct buf why = BUF_INIT(200);
	struct uridetail *detail = uridetail_new(span_of(conditions), &why);
	bool match = detail != NULL && uridetail_match(detail, &mail);

	if (detail == NULL)
		printf("# %s\n", buf_str(&why));
	CHECK(detail != NULL && why.len == 0);
	uridetail_free(detail);
	buf_free(&why);
	return match;
}

static void
test_one_address_must_meet_all_conditions(void)
{
	html.uri_count = 0;
	add_link("http://a.example.com/%78", "a", "https://bank.example.com/");
	add_link("http://b.example.com/", "img", "");
	read_mail("www.c.example.com");
	CHECK(matches("raw =~ /%78/"));
	CHECK(!matches("raw =~ /\\.com\\/x/"));
	CHECK(matches("cleaned =~ /\\.com\\/x/ type =~ /^a$/"));
	CHECK(!matches("raw =~ /b\\.example/ type =~ /^a$/"));
	CHECK(matches("text =~ /\\bHTTPS:/i  cleaned !~ /^https:/"));
	CHECK(matches("host =~ m{^b\\.} domain =~ m'^example\\.com$' "
		      "type=~/img/"));
	CHECK(matches("type =~ /parsed/ raw =~ /c\\.example/"));
	CHECK(!matches("text !~ /bank/"));
	CHECK(matches("raw !~ /a\\.example/"));
}

static void
test_wrong_conditions_are_told_of(void)
{
	static const char *const wrong[] = {"", "raw", "raw =~", "raw = /x/",
	    "raw =~ x", "raw =~ /x", "raw =~ /x/q", "what =~ /x/", "raw =~ /(/",
	    "raw =~ /x/ and more"};
	struct buf why = BUF_INIT(200);
	size_t i;

	for (i = 0; i < nitems(wrong); i++) {
		buf_reset(&why);
		CHECK(uridetail_new(span_of(wrong[i]), &why) == NULL);
		CHECK(why.len > 0);
	}
	buf_free(&why);
}

/* Rules of that text. */
static void
read_rules(const char *text)
{
	char path[] = "/tmp/uridetail.XXXXXX";
	int fd = mkstemp(path);

	CHECK(fd >= 0 && io_write(fd, text, strlen(text), CLOCK_NEVER) == 0);
	set = ruleset_new();
	CHECK(ruleset_read(set, path) == 0);
	ruleset_finish(set);
	close(fd);
	unlink(path);
}

/* Asks a function with an argument, or none. */
static bool
ask(const char *name, const char *argument)
{
	struct span arguments[] = {span_of(argument)};
	struct eval_call call = {.mail = &mail,
	    .tld = tld,
	    .arguments = arguments,
	    .argument_count = argument[0] != '\0'};
	const struct eval_family *family;
	const struct eval *eval;
	void *data = NULL;
	size_t index;
	bool truth;

	eval = eval_find(span_of(name), &index);
	CHECK(eval != NULL);
	if (eval == NULL)
		return false;
	family = eval_families[index];
	if (family->prepare != NULL)
		data = family->prepare(set);
	call.data = data;
	truth = eval->check(&call);
	if (family->release != NULL)
		family->release(data);
	return truth;
}

static void
test_hosts_are_looked_up_in_lists_by_their_ends(void)
{
	read_rules("enlist_uri_host (MINE) Example.com !good.example.com\n"
		   "enlist_uri_host (MINE) 192.0.2.1 top\n"
		   "blocklist_uri_host bad.example.com gone.example.com\n"
		   "whitelist_uri_host good.example.com\n"
		   "delist_uri_host (BLOCK) gone.example.com\n");
	html.uri_count = 0;
	read_mail("http://a.good.example.com/ http://gone.example.com.invalid");
	CHECK(!ask("check_uri_host_listed", "MINE"));
	CHECK(!ask("check_uri_host_in_blocklist", ""));
	CHECK(ask("check_uri_host_in_welcomelist", ""));
	CHECK(ask("check_uri_host_in_whitelist", ""));
	CHECK(!ask("check_uri_host_listed", "OTHER"));
	read_mail("http://gone.example.com/");
	CHECK(ask("check_uri_host_listed", "MINE"));
	CHECK(!ask("check_uri_host_listed", "BLOCK"));
	read_mail("http://bad.example.com/");
	CHECK(ask("check_uri_host_in_blacklist", ""));
	read_mail("http://192.0.2.1/");
	CHECK(ask("check_uri_host_listed", "MINE"));
	read_mail("http://192.0.2.2/ a@example.com b.top.com");
	CHECK(!ask("check_uri_host_listed", "MINE"));
	ruleset_free(set);
}

static void
test_a_redirect_to_somebody_else_is_noticed(void)
{
	read_rules("\n");
	html.uri_count = 0;
	read_mail("http://a.example.com/?http://b.example.net/");
	CHECK(ask("check_for_http_redirector", ""));
	read_mail("http://a.example.com/?http://b.example.com/");
	CHECK(!ask("check_for_http_redirector", ""));
	read_mail("http://a.example.com/?http:///example.net/");
	CHECK(!ask("check_for_http_redirector", ""));
	CHECK(!ask("check_uri_truncated", ""));
	ruleset_free(set);
}

static void
test_a_link_that_shows_a_name_and_leads_to_a_number_is_noticed(void)
{
	read_rules("redirector_pattern m'^http://r\\.com/(.*)'i\n"
		   "redirector_pattern nothing\n");
	html.uri_count = 0;
	add_link("http://me@192.0.2.1/", "a", "see https://bank.example.com");
	read_mail("");
	CHECK(ask("check_https_ip_mismatch", ""));
	CHECK(uris_redirects_now() == NULL);
	html.uri_count = 0;
	add_link("http://192.0.2.1/", "a", "https://192.0.2.1/");
	add_link("http://www.example.com/", "a", "https://bank.example.com");
	read_mail("");
	CHECK(!ask("check_https_ip_mismatch", ""));
	ruleset_free(set);
}

int
main(int argc, char **argv)
{
	(void)argc;
	err_init(argv[0]);
	tld = tld_new();
	tld_add(tld, 1, span_of("com net top"));
	mail_init(&mail);
	TEST(one_address_must_meet_all_conditions);
	TEST(wrong_conditions_are_told_of);
	TEST(hosts_are_looked_up_in_lists_by_their_ends);
	TEST(a_redirect_to_somebody_else_is_noticed);
	TEST(a_link_that_shows_a_name_and_leads_to_a_number_is_noticed);
	mail_free(&mail);
	tld_free(tld);
	return test_end();
}
