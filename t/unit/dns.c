/* dns: without any server but a socket of our own. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "net/dnspart.h"
#include "test.h"

static char path[] = "/tmp/dns.XXXXXX";

static void
write_zone(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) < 0)
		fatal("cannot write '%s'", path);
}

/* Opens a zone file of this text, and keeps what is said meanwhile. */
static struct dns *
open_text(const char *text, size_t len, struct buf *said)
{
	struct dns_config config = {.zone = path, .timeout = 5000};
	int fd = file_temp(), err = dup(STDERR_FILENO);
	char octets[4096];
	struct dns *dns;
	ssize_t n;

	write_zone(text, len);
	dup2(fd, STDERR_FILENO);
	dns = dns_open(&config);
	dup2(err, STDERR_FILENO);
	close(err);
	buf_reset(said);
	n = pread(fd, octets, sizeof(octets), 0);
	if (n > 0)
		buf_add(said, octets, (size_t)n);
	close(fd);
	return dns;
}

static struct dns *
open_zone(const char *text)
{
	struct buf said = BUF_INIT(4096);
	struct dns *dns = open_text(text, strlen(text), &said);

	CHECK(dns != NULL && said.len == 0);
	if (dns == NULL)
		fatal("no zone: %s", buf_str(&said));
	buf_free(&said);
	return dns;
}

static enum dns_state
state(struct dns *dns, const char *name, unsigned type)
{
	struct dns_answer answer;

	dns_resolve(dns, name, type, &answer);
	CHECK((answer.count > 0) == (answer.state == DNS_FOUND));
	CHECK((answer.reason[0] != '\0') == (answer.state == DNS_FAILED));
	CHECK(answer.security == DNS_INSECURE);
	dns_answer_free(&answer);
	return answer.state;
}

/* The only record of an answer is this. */
static void
check_record(struct dns *dns, const char *name, unsigned type, struct span want,
    uint32_t ttl)
{
	struct dns_answer answer;

	dns_resolve(dns, name, type, &answer);
	CHECK(answer.state == DNS_FOUND && answer.count == 1);
	CHECK(span_eq(answer.records[0], want));
	CHECK(answer.ttl == ttl);
	dns_answer_free(&answer);
}

#define WIRE(text) ((struct span){text, sizeof(text) - 1})

static void
test_a_zone_file_is_all_there_is(void)
{
	struct dns *dns =
	    open_zone("; a comment\n"
		      "\n"
		      "a.example 300 IN A 127.0.0.2\n"
		      "a.example. 60 in txt \"v=x; p=y\" ; comment\n"
		      "\tb.c.example \t 5 IN AAAA ::1\r\n"
		      "m.example 7 IN MX 10 mx.example.\n"
		      "2.0.192.in-addr.arpa 8 IN PTR h.example\n"
		      "2.0.0.127.bl.test 9 IN A 127.0.0.4");

	check_record(dns, "a.example", DNS_A, WIRE("\x7f\0\0\2"), 300);
	check_record(dns, "A.Example.", DNS_TXT, WIRE("\10v=x; p=y"), 60);
	check_record(dns, "b.c.example", DNS_AAAA,
	    WIRE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"), 5);
	check_record(dns, "m.example", DNS_MX, WIRE("\0\12\2mx\7example\0"), 7);
	check_record(
	    dns, "2.0.192.in-addr.arpa", DNS_PTR, WIRE("\1h\7example\0"), 8);
	check_record(dns, "2.0.0.127.bl.test", DNS_A, WIRE("\x7f\0\0\4"), 9);
	CHECK(state(dns, "a.example", DNS_MX) == DNS_EMPTY);
	CHECK(state(dns, "c.example", DNS_A) == DNS_EMPTY);
	CHECK(state(dns, "d.example", DNS_A) == DNS_NO_NAME);
	CHECK(state(dns, "3.0.0.127.bl.test", DNS_A) == DNS_NO_NAME);
	CHECK(state(dns, "example.com", DNS_A) == DNS_NO_NAME);
	dns_free(dns);
}

static void
test_an_empty_zone_file_is_one_without_names(void)
{
	struct dns *dns = open_zone("");

	CHECK(state(dns, "a.example", DNS_A) == DNS_NO_NAME);
	CHECK(state(dns, "com", DNS_A) == DNS_NO_NAME);
	dns_free(dns);
}

static void
check_bad(const char *text, size_t len, const char *want)
{
	struct buf said = BUF_INIT(8192);
	struct dns *dns = open_text(text, len, &said);

	CHECK(dns == NULL);
	CHECK(strstr(buf_str(&said), want) != NULL);
	CHECK(strstr(buf_str(&said), path) != NULL);
	if (strstr(buf_str(&said), want) == NULL)
		printf("# %s # not: %s\n", want, buf_str(&said));
	dns_free(dns);
	buf_free(&said);
}

static void
test_a_bad_zone_file_is_refused_with_its_line(void)
{
	static const struct {
		const char *text;
		const char *want;
	} bad[] = {
	    {"garbage\n", "line 1: not of the form"},
	    {"a.example 5 IN A 1.2.3.4\na.example IN A 1.2.3.4\n",
		"line 2: not of the form"},
	    {"\n;\na.example 5 CH A 1.2.3.4\n", "line 3: not of the form"},
	    {"a.example -5 IN A 1.2.3.4\n", "line 1: not of the form"},
	    {"a.example 2147483648 IN A 1.2.3.4", "line 1: not of the form"},
	    {"$ORIGIN example.\n", "line 1: not of the form"},
	    {"a.example 5 IN", "line 1: not of the form"},
	    {"a.example 5 IN A", "line 1: no data"},
	    {"a.example 5 IN A 1.2.3.999", "line 1: not a record"},
	    {"a.example 5 IN A 1.2.3.4 1.2.3.5", "line 1: more data than"},
	    {"a.example 5 IN MX 10 a b", "line 1: more data than"},
	    {"a.example 5 IN A ; 1.2.3.4", "line 1: no data"},
	    {"a.example 5 IN NONSENSE 1.2.3.4", "line 1: not a record"},
	    {"a..example 5 IN A 1.2.3.4", "line 1: not a record"},
	    {"a.example 5 IN TXT \"open", "line 1: a quoted text"},
	    {"a.example 5 IN CNAME b.example", "line 1: no wildcards and"},
	    {"*.example 5 IN A 1.2.3.4", "line 1: no wildcards and"},
	};
	size_t i;

	for (i = 0; i < nitems(bad); i++)
		check_bad(bad[i].text, strlen(bad[i].text), bad[i].want);
	check_bad("a.example 5 IN A 1.2.3.4\0", 25, "line 1: NUL");
}

static void
test_a_zone_file_has_limits(void)
{
	struct buf text = BUF_INIT(DNS_ZONE_MAX), said = BUF_INIT(4096);
	struct dns *dns;
	size_t i;

	buf_adds(&text, "a.example 5 IN TXT");
	while (text.len + 8 <= DNS_LINE_MAX)
		buf_adds(&text, " \"12345\"");
	while (text.len < DNS_LINE_MAX)
		buf_adds(&text, "6");
	dns = open_text(text.p, text.len, &said);
	CHECK(dns != NULL);
	dns_free(dns);
	buf_adds(&text, "7");
	check_bad(text.p, text.len, "line 1: too long");
	buf_reset(&text);
	for (i = 0; i < DNS_LINES_MAX; i++)
		buf_adds(&text, ";\n");
	dns = open_text(text.p, text.len, &said);
	CHECK(dns != NULL);
	dns_free(dns);
	buf_adds(&text, ";");
	check_bad(text.p, text.len, "line 10001: too many lines");
	buf_free(&text);
	buf_free(&said);
}

static int calls;
static struct dns_question *other;

static void
count(void *arg, const struct dns_answer *answer)
{
	CHECK(*(enum dns_state *)arg == answer->state);
	calls++;
}

static void
cancel_other(void *arg, const struct dns_answer *answer)
{
	count(arg, answer);
	dns_cancel(other);
}

static void
ask_again(void *arg, const struct dns_answer *answer)
{
	enum dns_state found = DNS_FOUND;

	count(&found, answer);
	CHECK(dns_ask(arg, "a.example", DNS_A, ask_again, arg) != NULL);
}

static void
test_nobody_is_called_back_but_by_dns_take(void)
{
	struct dns *dns = open_zone("a.example 300 IN A 127.0.0.2\n");
	enum dns_state found = DNS_FOUND, missing = DNS_NO_NAME;

	calls = 0;
	CHECK(dns_next(dns) == CLOCK_NEVER || dns_next(dns) > clock_ms());
	CHECK(dns_ask(dns, "a.example", DNS_A, count, &found) != NULL);
	CHECK(dns_ask(dns, "a.example", DNS_A, cancel_other, &found) != NULL);
	other = dns_ask(dns, "a.example", DNS_A, count, &found);
	CHECK(dns_ask(dns, "b.example", DNS_A, count, &missing) != NULL);
	CHECK(calls == 0 && dns_next(dns) <= clock_ms());
	dns_take(dns);
	CHECK(calls == 3);
	calls = 0;
	CHECK(dns_ask(dns, "a.example", DNS_A, ask_again, dns) != NULL);
	dns_take(dns);
	CHECK(calls == 1);
	dns_take(dns);
	CHECK(calls == 2);
	dns_free(dns);
}

static void
test_what_is_no_name_is_not_asked(void)
{
	static const char *const bad[] = {"", ".", "..", ".a", "a..b", "a..",
	    "a\\.b",
	    "0123456789012345678901234567890123456789012345678901234567890123"};
	struct dns *dns = open_zone("");
	char name[DNS_NAME_MAX + 3];
	size_t i;

	for (i = 0; i < nitems(bad); i++) {
		errno = 0;
		CHECK(dns_ask(dns, bad[i], DNS_A, count, NULL) == NULL);
		CHECK(errno == EINVAL);
		CHECK(state(dns, bad[i], DNS_A) == DNS_FAILED);
	}
	memset(name, 'a', sizeof(name));
	for (i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	name[DNS_NAME_MAX] = '\0';
	CHECK(state(dns, name, DNS_A) == DNS_NO_NAME);
	name[DNS_NAME_MAX] = '.';
	name[DNS_NAME_MAX + 1] = '\0';
	CHECK(state(dns, name, DNS_A) == DNS_NO_NAME);
	name[DNS_NAME_MAX] = 'a';
	CHECK(state(dns, name, DNS_A) == DNS_FAILED);
	dns_free(dns);
}

/* A server that says nothing; its address goes to text. */
static int
silent_server(char text[32])
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		fatal("no socket");
	snprintf(text, 32, "127.0.0.1@%u", ntohs(address.sin_port));
	return fd;
}

static void
test_a_question_is_repeated_and_ends_in_time(void)
{
	struct dns_config config = {.timeout = 3000};
	enum dns_state failed = DNS_FAILED;
	int64_t begin = clock_ms();
	struct pollfd pfd[2];
	char text[32], c;
	int packets = 0;
	struct dns *dns;

	config.server = text;
	pfd[1] = (struct pollfd){.fd = silent_server(text), .events = POLLIN};
	dns = dns_open(&config);
	CHECK(dns != NULL);
	pfd[0] = (struct pollfd){.fd = dns_fd(dns), .events = POLLIN};
	calls = 0;
	CHECK(dns_ask(dns, "a.example", DNS_A, count, &failed) != NULL);
	while (calls == 0 && clock_ms() < begin + 60000) {
		poll(pfd, 2, clock_left(dns_next(dns)));
		while (recv(pfd[1].fd, &c, 1, MSG_DONTWAIT) > 0)
			packets++;
		dns_take(dns);
	}
	CHECK(calls == 1 && packets > 1);
	CHECK(clock_ms() >= begin + 3000);
	dns_free(dns);
	close(pfd[1].fd);
}

static void
test_questions_have_a_limit_and_may_stay_open(void)
{
	struct dns_config config = {.timeout = 60000};
	struct dns_question *first = NULL;
	char text[32], name[32];
	struct dns *dns;
	int i, fd = silent_server(text);

	config.server = text;
	dns = dns_open(&config);
	CHECK(dns != NULL);
	for (i = 0; i < DNS_QUESTIONS_MAX; i++) {
		snprintf(name, sizeof(name), "%d.example", i);
		first = dns_ask(dns, name, DNS_A, count, NULL);
		CHECK(first != NULL);
	}
	CHECK(dns_ask(dns, "more.example", DNS_A, count, NULL) == NULL);
	CHECK(errno == EAGAIN);
	/* one that is given up is still with libunbound */
	dns_cancel(first);
	CHECK(dns_ask(dns, "more.example", DNS_A, count, NULL) == NULL);
	CHECK(state(dns, "more.example", DNS_A) == DNS_FAILED);
	calls = 0;
	dns_take(dns);
	CHECK(calls == 0);
	dns_free(dns);
	close(fd);
}

static void
test_a_server_is_an_address(void)
{
	static const char *const bad[] = {"", "localhost", "127.0.0.1:53",
	    "127.0.0.1@", "127.0.0.1@0", "127.0.0.1@65536", "127.0.0.1@53 ",
	    "127.0.0.1@53#name", "@53", "1.2.3", "::1::"};
	static const char *const good[] = {
	    "127.0.0.1", "127.0.0.1@65535", "::1", "2001:db8::1@53"};
	struct dns_config config = {.timeout = 1};
	int err = dup(STDERR_FILENO), fd = file_temp();
	struct dns *dns;
	size_t i;

	dup2(fd, STDERR_FILENO);
	for (i = 0; i < nitems(bad); i++) {
		config.server = bad[i];
		CHECK(dns_open(&config) == NULL);
	}
	dup2(err, STDERR_FILENO);
	close(fd);
	close(err);
	for (i = 0; i < nitems(good); i++) {
		config.server = good[i];
		dns = dns_open(&config);
		CHECK(dns != NULL);
		dns_free(dns);
	}
}

/* Header with the code, questions and answers; the question "a" for A. */
#define HEADER(code, answers) "\0\1\x81" code "\0\1\0" answers "\0\0\0\0"
#define QUESTION "\1a\0\0\1\0\1"
/* A record of the question's name: type, class IN, TTL of 9 */
#define RECORD(type) "\xc0\x0c\0" type "\0\1\0\0\0\x9"

static enum dns_state
parse(struct dns_answer *answer, struct span packet, unsigned type)
{
	memset(answer, 0, sizeof(*answer));
	dns_reply_parse(answer, packet, type);
	return answer->state;
}

static enum dns_state
parsed(struct span packet, unsigned type)
{
	struct dns_answer answer;
	enum dns_state found = parse(&answer, packet, type);

	dns_answer_free(&answer);
	return found;
}

static void
test_a_packet_is_read(void)
{
	struct span packet = WIRE(HEADER("\x80", "\3") QUESTION RECORD(
	    "\5") "\0\4\1b\xc0\x0c"
		  "\1b\xc0\x0c\0\x0f\0\1\0\0\0\7\0\6\0\1\1c\xc0\x0c"
		  "\1b\xc0\x0c\0\x0f\0\1\0\0\0\x8\0\5\0\2\1d\0");
	struct dns_answer answer;

	CHECK(parse(&answer, packet, DNS_MX) == DNS_FOUND);
	CHECK(answer.count == 2 && answer.ttl == 7);
	CHECK(span_eq(answer.records[0], WIRE("\0\1\1c\1a\0")));
	CHECK(span_eq(answer.records[1], WIRE("\0\2\1d\0")));
	dns_answer_free(&answer);
	CHECK(parsed(packet, DNS_A) == DNS_EMPTY);
	CHECK(
	    parsed(WIRE(HEADER("\x83", "\0") QUESTION), DNS_A) == DNS_NO_NAME);
	CHECK(parsed(WIRE(HEADER("\x82", "\0") QUESTION), DNS_A) == DNS_FAILED);
	CHECK(parsed(WIRE(HEADER("\x85", "\0") QUESTION), DNS_A) == DNS_FAILED);
}

static void
test_a_packet_that_is_cut_or_twisted_is_refused(void)
{
	struct span good = WIRE(
	    HEADER("\x80", "\1") QUESTION RECORD("\x0f") "\0\6\0\1\1c\xc0\x0c");
	static const struct span bad[] = {
	    /* a name that points to itself, forward, and to a loop */
	    {HEADER("\x80", "\1") QUESTION RECORD("\x0f") "\0\4\0\1\xc0\x21",
		35},
	    {HEADER("\x80", "\1") QUESTION RECORD("\x0f") "\0\4\0\1\xc0\x7f",
		35},
	    {HEADER("\x80", "\1") QUESTION RECORD("\x0f") "\0\6\0\1\1c\xc0\x21",
		37},
	    /* a label of 64, and one of a type that there is not */
	    {HEADER("\x80", "\1") QUESTION RECORD("\x0f") "\0\5\0\1\x40\0\0",
		36},
	    {HEADER("\x80", "\1") QUESTION RECORD("\x0f") "\0\5\0\1\x80\0\0",
		36},
	    /* data that goes on after the name */
	    {HEADER("\x80", "\1") QUESTION RECORD("\x0f") "\0\6\0\1\1c\0\0",
		37},
	};
	struct span cut = good;
	size_t i;

	CHECK(parsed(good, DNS_MX) == DNS_FOUND);
	for (cut.len = 0; cut.len < good.len; cut.len++)
		CHECK(parsed(cut, DNS_MX) == DNS_FAILED);
	for (i = 0; i < nitems(bad); i++)
		CHECK(parsed(bad[i], DNS_MX) == DNS_FAILED);
}

static void
test_an_answer_has_a_limit(void)
{
	struct buf packet = BUF_INIT(65535);
	int i, records;

	for (records = DNS_RECORDS_MAX; records <= DNS_RECORDS_MAX + 1;
	     records++) {
		buf_reset(&packet);
		buf_addspan(&packet, WIRE(HEADER("\x80", "\0") QUESTION));
		packet.p[7] = (char)records;
		for (i = 0; i < records; i++)
			buf_addspan(
			    &packet, WIRE(RECORD("\1") "\0\4\x7f\0\0\2"));
		CHECK(parsed(buf_span(&packet), DNS_A) ==
		      (records <= DNS_RECORDS_MAX ? DNS_FOUND : DNS_FAILED));
	}
	buf_free(&packet);
}

int
main(void)
{
	int fd = mkstemp(path);

	err_init("dns");
	if (fd < 0)
		fatal("cannot make '%s'", path);
	close(fd);
	TEST(a_zone_file_is_all_there_is);
	TEST(an_empty_zone_file_is_one_without_names);
	TEST(a_bad_zone_file_is_refused_with_its_line);
	TEST(a_zone_file_has_limits);
	TEST(nobody_is_called_back_but_by_dns_take);
	TEST(what_is_no_name_is_not_asked);
	TEST(a_question_is_repeated_and_ends_in_time);
	TEST(questions_have_a_limit_and_may_stay_open);
	TEST(a_server_is_an_address);
	TEST(a_packet_is_read);
	TEST(a_packet_that_is_cut_or_twisted_is_refused);
	TEST(an_answer_has_a_limit);
	unlink(path);
	return test_end();
}
