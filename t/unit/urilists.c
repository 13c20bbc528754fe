/* urilists: lists of domains, by a resolver that sends nothing. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "spam/urilists.h"
#include "test.h"
#include "uri/uris.h"

static char path[] = "/tmp/urilists.XXXXXX";
static struct tld *tld;
static struct mail mail;
static struct urilists_result result;

static struct urilists *
open_lists(const char *text, const char *zone)
{
	struct dns_config config = {.zone = path, .timeout = 5000};
	struct buf why = BUF_INIT(1000);
	struct urilists *lists;
	FILE *file = fopen(path, "w");

	if (file == NULL || fputs(zone, file) < 0 || fclose(file) != 0)
		fatal("cannot write '%s'", path);
	lists = urilists_open(text, &config, &why);
	if (lists == NULL)
		fatal("no lists: %s", buf_str(&why));
	buf_free(&why);
	return lists;
}

static void
ask(struct urilists *lists, const char *text)
{
	struct span line = span_of(text);

	mail_reset(&mail);
	mail.body = (struct text){&line, 1};
	uris_find(&mail, tld);
	mail.body = (struct text){NULL, 0};
	urilists_ask(lists, &mail, clock_ms() + 5000, &result);
}

static bool
hit_is(size_t i, const char *list, const char *domain, double points)
{
	return i < result.count && strcmp(result.hits[i].list, list) == 0 &&
	       span_is(result.hits[i].domain, domain) &&
	       result.hits[i].points == points;
}

static void
test_an_entry_counts_once_for_all_domains_of_a_message(void)
{
	struct urilists *lists =
	    open_lists("a.test.example*2.5, b.test.example=127.0.0.[2;6]*-1\n"
		       "b.test.example=127.0.1.4",
		"bad.com.a.test.example. 60 IN A 127.0.0.2\n"
		"worse.com.a.test.example. 60 IN A 127.0.0.4\n"
		"bad.com.b.test.example. 60 IN A 127.0.1.4\n"
		"worse.com.b.test.example. 60 IN A 127.0.0.6\n"
		"worse.com.b.test.example. 60 IN A 127.0.0.2\n");

	ask(lists, "http://good.com/ http://www.bad.com/ http://worse.com/");
	CHECK(result.count == 3 && result.points == 2.5);
	CHECK(hit_is(0, "a.test.example", "bad.com", 2.5));
	CHECK(hit_is(1, "b.test.example", "worse.com", -1));
	CHECK(hit_is(2, "b.test.example", "bad.com", 1));
	CHECK(result.asked == 8 && result.missing == 0);
	ask(lists, "nothing at all, and http://192.0.2.1/");
	CHECK(result.count == 0 && result.asked == 0);
	urilists_close(lists);
}

static void
test_what_is_no_answer_of_a_list_counts_nothing(void)
{
	struct urilists *lists = open_lists("a.test.example all.test.example",
	    "refused.com.a.test.example. 60 IN A 127.255.255.254\n"
	    "sold.com.a.test.example. 60 IN A 192.0.2.1\n"
	    "bad.com.all.test.example. 60 IN A 127.0.0.2\n"
	    "invalid.all.test.example. 60 IN A 127.0.0.2\n");

	ask(lists, "http://refused.com/ http://sold.com/ http://bad.com/");
	CHECK(result.count == 0 && result.points == 0);
	CHECK(result.asked == 8 && result.missing == 0);
	urilists_close(lists);
}

static void
test_some_domains_are_never_asked_for(void)
{
	struct urilists *lists = open_lists(
	    "a.test.example", "bad.com.a.test.example. 60 IN A 127.0.0.2\n");

	urilists_skip(lists, span_of("other.com BAD.com"));
	ask(lists, "http://bad.com/");
	CHECK(result.count == 0 && result.asked == 0);
	urilists_close(lists);
}

static void
test_there_is_a_limit_to_questions(void)
{
	struct urilists *lists =
	    open_lists("a.test.example b.test.example", "");
	struct buf text = BUF_INIT(100000);
	int i;

	for (i = 0; i < 100; i++)
		buf_addf(&text, "http://n%d.com/ ", i);
	ask(lists, buf_str(&text));
	CHECK(result.asked == 2 * (URILISTS_DOMAINS_MAX + 1));
	buf_free(&text);
	urilists_close(lists);
}

/* A server that takes questions and never answers; returns its descriptor. */
static int
silent_server(char *name, size_t size)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		fatal("no socket");
	snprintf(name, size, "127.0.0.1@%u", ntohs(address.sin_port));
	return fd;
}

static void
test_nobody_waits_for_longer_than_the_deadline(void)
{
	struct span line = span_of("http://bad.com/");
	struct buf why = BUF_INIT(1000);
	char server[40];
	int fd = silent_server(server, sizeof(server));
	struct dns_config config = {.server = server, .timeout = 60000};
	struct urilists *lists = urilists_open("a.test.example", &config, &why);
	int64_t begin = clock_ms();

	CHECK(lists != NULL);
	mail_reset(&mail);
	mail.body = (struct text){&line, 1};
	uris_find(&mail, tld);
	mail.body = (struct text){NULL, 0};
	urilists_ask(lists, &mail, begin + 50, &result);
	CHECK(result.count == 0 && result.asked == 2 && result.missing == 2);
	CHECK(clock_ms() - begin < 30000);
	urilists_close(lists);
	buf_free(&why);
	close(fd);
}

static void
test_mistakes_are_told_of(void)
{
	static const char *const wrong[] = {"a.example*", "a.example*x",
	    "a.example*101", "a.example*1e9", "a..example", "a.example=1.2",
	    "a.example=10.0.0.1"};
	struct dns_config config = {.zone = path, .timeout = 5000};
	struct buf why = BUF_INIT(1000);
	size_t i;

	for (i = 0; i < nitems(wrong); i++) {
		CHECK(urilists_open(wrong[i], &config, &why) == NULL);
		CHECK(why.len > 0);
	}
	buf_free(&why);
}

int
main(int argc, char **argv)
{
	int fd = mkstemp(path);

	(void)argc;
	err_init(argv[0]);
	if (fd < 0)
		fatal("no temporary file");
	close(fd);
	tld = tld_new();
	tld_add(tld, 1, span_of("com"));
	mail_init(&mail);
	TEST(an_entry_counts_once_for_all_domains_of_a_message);
	TEST(what_is_no_answer_of_a_list_counts_nothing);
	TEST(some_domains_are_never_asked_for);
	TEST(there_is_a_limit_to_questions);
	TEST(nobody_waits_for_longer_than_the_deadline);
	TEST(mistakes_are_told_of);
	mail_free(&mail);
	tld_free(tld);
	unlink(path);
	return test_end();
}
