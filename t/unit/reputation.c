/* reputation, tally: what senders were like, in a file of several processes. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "spam/reputation.h"
#include "spam/tally.h"
#include "test.h"

#define NOW 1790000000
#define DAY 86400
#define CHILDREN 4
#define ADDED 500  /* by each child */
#define KILLED 100 /* children, one after the other */

#define SIGNED "dkim=pass header.d=m.b.example"

static char directory[] = "/tmp/reputation.XXXXXX";
static char path[64];
static struct mail mail;
static struct tld *tld;

static struct reputation *
open_file(bool write)
{
	struct buf why = BUF_INIT(1000);
	struct reputation *reputation =
	    reputation_open(path, NULL, write, &why);

	if (reputation == NULL)
		printf("# %s\n", buf_str(&why));
	buf_free(&why);
	return reputation;
}

static struct reputation *
open_new(void)
{
	struct reputation *reputation;

	unlink(path);
	reputation = open_file(true);
	if (reputation == NULL)
		abort();
	return reputation;
}

static struct reputation_sender
sender_of(struct reputation *reputation, const char *from, const char *client,
    const char *auth)
{
	struct reputation_sender sender;
	static char text[1000];

	snprintf(text, sizeof(text), "From: %s\n\nx\n", from);
	mail_reset(&mail);
	if (client != NULL)
		mail.envelope.client = span_of(client);
	if (auth != NULL)
		mail.envelope.auth = span_of(auth);
	mail_read(&mail, span_of(text));
	reputation_sender(reputation, &mail, tld, &sender);
	return sender;
}

static void
add(struct reputation *reputation, struct reputation_sender sender, int64_t now,
    double score, int times)
{
	for (; times > 0; times--)
		if (reputation_add(reputation, &sender, now, score) != 0)
			abort();
}

static struct reputation_answer
ask(struct reputation *reputation, struct reputation_sender sender, int64_t now)
{
	struct reputation_answer answer;

	reputation_ask(reputation, &sender, now, &answer);
	return answer;
}

static double
points(struct reputation *reputation, struct reputation_sender sender,
    double score)
{
	struct reputation_answer answer = ask(reputation, sender, NOW);

	return reputation_points(reputation, &answer, score);
}

static bool
is_near(double a, double b)
{
	return fabs(a - b) < 0.02;
}

static void
test_a_message_is_pulled_half_way_to_its_senders_mean(void)
{
	struct reputation *reputation = open_new();
	struct reputation_sender ann =
	    sender_of(reputation, "ann@b.example", NULL, SIGNED);

	CHECK(ann.known);
	add(reputation, ann, NOW, 1, 1);
	add(reputation, ann, NOW, 3, 1);
	/* two messages are no reputation yet */
	CHECK(points(reputation, ann, 10) == 0);
	add(reputation, ann, NOW, 2, 1);
	CHECK(is_near(ask(reputation, ann, NOW).mean, 2));
	CHECK(is_near(ask(reputation, ann, NOW).weight, 3));
	CHECK(is_near(points(reputation, ann, 10), -4));
	CHECK(is_near(points(reputation, ann, -2), 2));
	/* a thousand points are thirty */
	CHECK(is_near(points(reputation, ann, 1000), -14));
	reputation_close(reputation);
}

static void
test_what_is_known_fades(void)
{
	struct reputation *reputation = open_new();
	struct reputation_sender ann =
	    sender_of(reputation, "ann@b.example", NULL, SIGNED);

	add(reputation, ann, NOW, -4, 16);
	CHECK(is_near(ask(reputation, ann, NOW + 30 * DAY).weight, 8));
	CHECK(is_near(ask(reputation, ann, NOW + 60 * DAY).weight, 4));
	CHECK(is_near(ask(reputation, ann, NOW + 60 * DAY).mean, -4));
	/* what is new counts more than what is old */
	add(reputation, ann, NOW + 120 * DAY, 4, 3);
	CHECK(is_near(ask(reputation, ann, NOW + 120 * DAY).mean, 2));
	CHECK(is_near(ask(reputation, ann, NOW + 120 * DAY).weight, 4));
	/* a clock that was wrong makes it weigh no more */
	CHECK(is_near(ask(reputation, ann, NOW - 300 * DAY).weight, 4));
	reputation_close(reputation);
}

static void
test_one_bad_customer_does_not_make_a_provider_bad(void)
{
	struct reputation *reputation = open_new();
	char from[40];
	int i;

	add(reputation, sender_of(reputation, "eve@b.example", NULL, SIGNED),
	    NOW, 20, 1000);
	for (i = 0; i < 40; i++) {
		snprintf(from, sizeof(from), "ann%d@b.example", i);
		add(reputation, sender_of(reputation, from, NULL, SIGNED), NOW,
		    0, 1);
	}
	CHECK(ask(reputation,
		  sender_of(reputation, "new@b.example", NULL, SIGNED), NOW)
		  .mean < 4);
	CHECK(is_near(
	    ask(reputation,
		sender_of(reputation, "eve@b.example", NULL, SIGNED), NOW)
		.mean,
	    20));
	reputation_close(reputation);
}

static void
test_a_good_name_belongs_to_an_address(void)
{
	struct reputation *reputation = open_new();
	struct reputation_sender new;
	char from[40];
	int i;

	for (i = 0; i < 10; i++) {
		snprintf(from, sizeof(from), "x%d@b.example", i);
		add(reputation, sender_of(reputation, from, NULL, SIGNED), NOW,
		    -5, 1);
		snprintf(from, sizeof(from), "x%d@c.example", i);
		add(reputation,
		    sender_of(
			reputation, from, NULL, "dkim=pass header.d=c.example"),
		    NOW, 20, 1);
	}
	new = sender_of(reputation, "new@b.example", NULL, SIGNED);
	CHECK(!ask(reputation, new, NOW).is_own);
	CHECK(is_near(ask(reputation, new, NOW).mean, -5));
	CHECK(points(reputation, new, 5) == 0);
	new = sender_of(
	    reputation, "new@c.example", NULL, "dkim=pass header.d=c.example");
	CHECK(is_near(points(reputation, new, 4), 8));
	reputation_close(reputation);
}

static void
test_a_sender_is_who_answers_for_it(void)
{
	struct reputation *reputation = open_new();
	struct reputation_sender ann, other;
	const char *from = "Ann <ann@b.example>";

	ann = sender_of(reputation, from, "192.0.2.1", SIGNED);
	/* of one registered domain, whatever client it came from */
	other = sender_of(reputation, "ANN@b.example", "198.51.100.1",
	    "dkim=pass header.d=c.example; dkim=pass header.d=b.example");
	CHECK(ann.address == other.address && ann.domain == other.domain);
	other = sender_of(reputation, "bob@b.example", NULL, SIGNED);
	CHECK(ann.address != other.address && ann.domain == other.domain);
	other = sender_of(
	    reputation, from, "192.0.2.1", "dkim=fail header.d=b.example");
	CHECK(other.known && ann.address != other.address &&
	      ann.domain != other.domain);
	/* without a signature it is the network */
	ann = sender_of(reputation, from, "192.0.2.200", NULL);
	CHECK(ann.domain == other.domain && ann.address == other.address);
	ann = sender_of(reputation, from, "192.0.3.1", NULL);
	CHECK(ann.domain != other.domain);
	ann = sender_of(reputation, from, "2001:db8:7:1::1", NULL);
	other = sender_of(reputation, from, "2001:db8:7:2::1", NULL);
	CHECK(ann.domain == other.domain);
	other = sender_of(reputation, from, "2001:db8:8:1::1", NULL);
	CHECK(ann.domain != other.domain);
	/* and without a client nobody */
	ann = sender_of(reputation, from, NULL, "spf=none");
	CHECK(!ann.known && ask(reputation, ann, NOW).weight == 0);
	CHECK(reputation_add(reputation, &ann, NOW, 5) == 0);
	reputation_close(reputation);
}

static void
test_several_processes_add_together(void)
{
	struct reputation *reputation = open_new();
	struct reputation_sender ann =
	    sender_of(reputation, "ann@b.example", NULL, SIGNED);
	pid_t children[CHILDREN];
	int i, status;

	fflush(stdout);
	for (i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		/* two that were opened before, and two that open it now */
		add(i < 2 ? reputation : open_file(true), ann, NOW, i, ADDED);
		_exit(0);
	}
	for (i = 0; i < CHILDREN; i++)
		CHECK(waitpid(children[i], &status, 0) == children[i] &&
		      status == 0);
	/* it stops at its greatest weight */
	CHECK(is_near(ask(reputation, ann, NOW).weight, 1000));
	CHECK(ask(reputation, ann, NOW).mean > 0.5 &&
	      ask(reputation, ann, NOW).mean < 2.5);
	reputation_close(reputation);
}

static uint64_t
count(uint64_t value, const void *data)
{
	return value + *(const uint64_t *)data;
}

static double
size_of(uint64_t value, const void *data)
{
	(void)data;
	return (double)value;
}

static struct tally *
open_tally(const char *kind, uint64_t size, bool write, struct buf *why)
{
	buf_reset(why);
	return tally_open(path, kind, size, write, why);
}

static void
test_numbers_of_several_processes_are_all_there(void)
{
	static const uint64_t one = 1;
	struct tally_change change = {count, size_of, &one};
	struct buf why = BUF_INIT(1000);
	struct tally *tally;
	pid_t children[CHILDREN];
	int i, j, status;

	unlink(path);
	fflush(stdout);
	for (i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		tally = open_tally("test", 65536, true, &why);
		for (j = 0; tally != NULL && j < 10 * ADDED; j++)
			if (tally_put(tally, (uint64_t)j % 10 + 1, &change) < 0)
				_exit(1);
		_exit(tally == NULL);
	}
	for (i = 0; i < CHILDREN; i++)
		CHECK(waitpid(children[i], &status, 0) == children[i] &&
		      status == 0);
	tally = open_tally("test", 4096, false, &why);
	CHECK(tally != NULL);
	for (j = 1; j <= 10; j++)
		CHECK(tally_get(tally, (uint64_t)j) == CHILDREN * ADDED);
	CHECK(tally_get(tally, 11) == 0);
	CHECK(tally_put(tally, 1, &change) < 0 && errno == EBADF);
	tally_close(tally);
	buf_free(&why);
}

/* The key says what the value must be, so that a half record would be seen. */
static uint64_t
same(uint64_t value, const void *data)
{
	uint64_t key = *(const uint64_t *)data;

	return value == 0 || value == key ? key : 1;
}

static void
put_many(struct tally *tally)
{
	uint64_t key = 0x100000001;
	struct tally_change change = {same, size_of, &key};

	for (;; key += 0x100000001)
		if (tally_put(tally, key, &change) < 0)
			_exit(1);
}

static void
test_a_death_at_any_point_leaves_no_half_record(void)
{
	struct timespec wait = {0, 0};
	struct buf why = BUF_INIT(1000);
	struct tally *tally;
	uint64_t key, value, seen = 0;
	pid_t child;
	int i;

	unlink(path);
	tally = open_tally("test", 8192, true, &why);
	fflush(stdout);
	for (i = 0; i < KILLED; i++) {
		child = fork();
		if (child == 0)
			put_many(tally);
		wait.tv_nsec = 200000 + 7919L * i;
		nanosleep(&wait, NULL);
		kill(child, SIGKILL);
		CHECK(waitpid(child, NULL, 0) == child);
		/* a reader among them is not blocked, and sees whole ones */
		for (key = 0x100000001; key >> 32 < 20000; key += 0x100000001) {
			value = tally_get(tally, key);
			seen += value != 0;
			CHECK(value == 0 || value == key);
		}
	}
	CHECK(seen > 0);
	/* nor is the next writer */
	CHECK(tally_put(
		  tally, 5, &(struct tally_change){same, size_of, &seen}) == 0);
	tally_close(tally);
	buf_free(&why);
}

static void
test_a_full_file_loses_what_is_worth_least(void)
{
	struct buf why = BUF_INIT(1000);
	uint64_t worth, kept = 0;
	struct tally_change change = {count, size_of, &worth};
	struct tally *tally;

	unlink(path);
	tally = open_tally("test", 4096, true, &why);
	for (worth = 1; worth <= 1000; worth++)
		CHECK(tally_put(tally, worth, &change) == 0);
	for (worth = 1; worth <= 1000; worth++) {
		kept += tally_get(tally, worth) == worth;
		if (worth > 900)
			CHECK(tally_get(tally, worth) == worth);
	}
	CHECK(kept > 200 && kept <= 256);
	tally_close(tally);
	buf_free(&why);
}

static void
write_file(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len || close(fd) < 0)
		abort();
}

/* Opening it fails with those words, and changes nothing. */
static void
check_refused(const char *words)
{
	struct buf before = BUF_INIT(1 << 20), after = BUF_INIT(1 << 20);
	struct buf why = BUF_INIT(1000);

	CHECK(file_read(path, &before) == 0);
	CHECK(reputation_open(path, &REPUTATION_CONFIG, true, &why) == NULL);
	CHECK(strstr(buf_str(&why), words) != NULL);
	if (strstr(buf_str(&why), words) == NULL)
		printf("# %s\n", buf_str(&why));
	CHECK(file_read(path, &after) == 0);
	CHECK(span_eq(buf_span(&before), buf_span(&after)));
	buf_free(&before);
	buf_free(&after);
	buf_free(&why);
}

static void
test_a_file_of_something_else_stays_as_it_is(void)
{
	static char octets[REPUTATION_SIZE];
	struct buf text = BUF_INIT(1 << 20), why = BUF_INIT(1000);

	write_file("", 0);
	check_refused("something else");
	write_file("my diary", 8);
	check_refused("something else");
	memset(octets, 'x', sizeof(octets));
	write_file(octets, sizeof(octets));
	check_refused("something else");
	reputation_close(open_new());
	CHECK(file_read(path, &text) == 0 && text.len == REPUTATION_SIZE);
	CHECK(truncate(path, REPUTATION_SIZE - 1) == 0);
	check_refused("cut");
	text.p[32] ^= 2; /* the version */
	write_file(text.p, text.len);
	check_refused("version");
	unlink(path);
	tally_close(open_tally("addresses", 65536, true, &why));
	check_refused("counts something else");
	CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
	CHECK(reputation_open(path, &REPUTATION_CONFIG, true, &why) == NULL);
	CHECK(rmdir(path) == 0);
	CHECK(reputation_open(path, &REPUTATION_CONFIG, false, &why) == NULL);
	CHECK(access(path, F_OK) < 0);
	buf_free(&text);
	buf_free(&why);
}

static void
test_a_file_that_is_cut_or_removed_is_stale(void)
{
	struct reputation *reputation = open_new();
	struct reputation_sender ann =
	    sender_of(reputation, "ann@b.example", NULL, SIGNED);

	CHECK(!reputation_is_stale(reputation));
	CHECK(truncate(path, 100) == 0);
	CHECK(reputation_is_stale(reputation));
	CHECK(ask(reputation, ann, NOW).weight == 0);
	CHECK(reputation_add(reputation, &ann, NOW, 1) < 0 && errno == ESTALE);
	reputation_close(reputation);
	reputation = open_new();
	unlink(path);
	CHECK(reputation_is_stale(reputation));
	reputation_close(reputation);
}

static void
test_a_file_has_its_size_from_the_first_day(void)
{
	struct reputation *reputation = open_new();
	struct stat status;

	CHECK(stat(path, &status) == 0 && status.st_size == REPUTATION_SIZE);
	CHECK(status.st_blocks * 512 >= REPUTATION_SIZE);
	CHECK((status.st_mode & 077) == 0);
	reputation_close(reputation);
}

int
main(void)
{
	if (mkdtemp(directory) == NULL)
		abort();
	snprintf(path, sizeof(path), "%s/senders", directory);
	mail_init(&mail);
	tld = tld_new();
	tld_add(tld, 1, span_of("example"));
	TEST(a_message_is_pulled_half_way_to_its_senders_mean);
	TEST(what_is_known_fades);
	TEST(one_bad_customer_does_not_make_a_provider_bad);
	TEST(a_good_name_belongs_to_an_address);
	TEST(a_sender_is_who_answers_for_it);
	TEST(several_processes_add_together);
	TEST(numbers_of_several_processes_are_all_there);
	TEST(a_death_at_any_point_leaves_no_half_record);
	TEST(a_full_file_loses_what_is_worth_least);
	TEST(a_file_of_something_else_stays_as_it_is);
	TEST(a_file_that_is_cut_or_removed_is_stale);
	TEST(a_file_has_its_size_from_the_first_day);
	unlink(path);
	CHECK(rmdir(directory) == 0);
	tld_free(tld);
	mail_free(&mail);
	return test_end();
}
