/* addrlists, vouch: whose mail is welcome, and who answers for it. */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "spam/addrlists.h"
#include "spam/vouch.h"
#include "test.h"

#define NOW 1790000000 /* 2026-09-21 */
#define CHILDREN 4
#define ASKED 250 /* by each child */

static char directory[] = "/tmp/addrlists.XXXXXX";
static char list_path[64], counts_path[64], said_path[64];
static struct mail mail;
static struct tld *tld;

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    close(fd) < 0)
		abort();
}

/* A list of that text, with no hits yet. */
static struct addrlists *
open_list(const char *text)
{
	struct buf why = BUF_INIT(1000);
	struct addrlists *lists;

	write_file(list_path, text);
	unlink(counts_path);
	lists = addrlists_open(list_path, counts_path, true, &why);
	if (lists == NULL)
		abort();
	buf_free(&why);
	return lists;
}

static struct span
maybe(const char *text)
{
	return text != NULL ? span_of(text) : (struct span){NULL, 0};
}

/* What is said of a message with that From field, at that time. */
static enum addrlists_verdict
ask_at(struct addrlists *lists, int64_t now, const char *from,
    const char *sender, const char *client, const char *auth)
{
	struct addrlists_result result;
	static char text[1000];

	snprintf(text, sizeof(text), "From: %s\nSubject: x\n\nx\n", from);
	mail_reset(&mail);
	mail.envelope.sender = maybe(sender);
	mail.envelope.client = maybe(client);
	mail.envelope.auth = maybe(auth);
	mail_read(&mail, span_of(text));
	addrlists_ask(lists, &mail, tld, now, &result);
	CHECK((result.verdict == ADDRLISTS_NONE) == (result.entry.len == 0));
	return result.verdict;
}

static enum addrlists_verdict
ask(struct addrlists *lists, const char *from, const char *sender,
    const char *client, const char *auth)
{
	return ask_at(lists, NOW, from, sender, client, auth);
}

static void
test_denying_counts_for_whoever_is_named(void)
{
	struct addrlists *lists = open_list("deny ann@b.example\n"
					    "deny c.example # all of them\n"
					    "deny .d.example\n"
					    "\n# a comment\n"
					    "deny 192.0.2.0/24\n"
					    "deny 2001:db8::/32\n");

	CHECK(ask(lists, "Ann <ANN@B.example>", NULL, NULL, NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask(lists, "bob@b.example", NULL, NULL, NULL) == ADDRLISTS_NONE);
	CHECK(ask(lists, "bob@b.example", "x@c.example", NULL, NULL) ==
	      ADDRLISTS_DENY);
	CHECK(
	    ask(lists, "bob@sub.c.example", "", NULL, NULL) == ADDRLISTS_NONE);
	CHECK(ask(lists, "bob@d.example", NULL, NULL, NULL) == ADDRLISTS_DENY);
	CHECK(ask(lists, "bob@a.b.d.example", NULL, NULL, NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask(lists, "bob@nd.example", NULL, NULL, NULL) == ADDRLISTS_NONE);
	CHECK(ask(lists, "bob@b.example, ann@b.example", NULL, NULL, NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask(lists, "bob@b.example", NULL, "192.0.2.7", NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask(lists, "bob@b.example", NULL, "::ffff:192.0.2.7", NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask(lists, "bob@b.example", NULL, "192.0.3.7", NULL) ==
	      ADDRLISTS_NONE);
	CHECK(ask(lists, "bob@b.example", NULL, "2001:db8:1::1", NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask(lists, "no address at all", NULL, NULL, NULL) ==
	      ADDRLISTS_NONE);
	addrlists_close(lists);
}

static void
test_allowing_needs_somebody_who_vouches(void)
{
	struct addrlists *lists = open_list("allow ann@b.example\n"
					    "allow .c.example\n"
					    "allow 192.0.2.0/24\n");
	const char *ann = "ann@b.example";

	CHECK(ask(lists, ann, NULL, NULL, NULL) == ADDRLISTS_UNVOUCHED);
	CHECK(ask(lists, ann, ann, NULL, "") == ADDRLISTS_UNVOUCHED);
	CHECK(ask(lists, ann, NULL, NULL, "dkim=pass header.d=b.example") ==
	      ADDRLISTS_ALLOW);
	CHECK(ask(lists, ann, NULL, NULL, "dkim=pass header.d=m.B.example") ==
	      ADDRLISTS_ALLOW);
	CHECK(ask(lists, ann, NULL, NULL, "dkim=fail header.d=b.example") ==
	      ADDRLISTS_UNVOUCHED);
	CHECK(ask(lists, ann, NULL, NULL, "dkim=pass header.d=e.example") ==
	      ADDRLISTS_UNVOUCHED);
	CHECK(ask(lists, ann, NULL, NULL,
		  "spf=pass smtp.mailfrom=x@b.example") == ADDRLISTS_ALLOW);
	CHECK(ask(lists, ann, NULL, NULL,
		  "spf=pass smtp.mailfrom=x@e.example; dkim=none") ==
	      ADDRLISTS_UNVOUCHED);
	CHECK(ask(lists, ann, NULL, NULL, "spf=pass smtp.helo=b.example") ==
	      ADDRLISTS_UNVOUCHED);
	CHECK(ask(lists, "x@y.c.example", NULL, NULL,
		  "dkim=pass header.d=c.example") == ADDRLISTS_ALLOW);
	CHECK(ask(lists, "x@e.example", NULL, "192.0.2.1", NULL) ==
	      ADDRLISTS_ALLOW);
	addrlists_close(lists);
}

static void
test_denying_counts_more_than_allowing(void)
{
	struct addrlists *lists =
	    open_list("allow ann@b.example\ndeny b.example\n"
		      "allow 192.0.2.1\n");

	CHECK(ask(lists, "ann@b.example", NULL, "192.0.2.1",
		  "dkim=pass header.d=b.example") == ADDRLISTS_DENY);
	addrlists_close(lists);
}

static void
test_an_entry_ends_with_its_day(void)
{
	struct addrlists *lists = open_list("deny b.example until 2028-02-29\n"
					    "deny c.example until 1999-12-31 # "
					    "gone\n");
	int64_t end = 1835481600; /* 2028-03-01T00:00:00Z */

	CHECK(ask_at(lists, end - 1, "x@b.example", NULL, NULL, NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask_at(lists, end, "x@b.example", NULL, NULL, NULL) ==
	      ADDRLISTS_NONE);
	CHECK(ask_at(lists, 946684799, "x@c.example", NULL, NULL, NULL) ==
	      ADDRLISTS_DENY);
	CHECK(ask_at(lists, 946684800, "x@c.example", NULL, NULL, NULL) ==
	      ADDRLISTS_NONE);
	addrlists_close(lists);
}

/* Standard error goes into a file, and back. */
static void
say_aside(bool aside)
{
	static int saved = -1;
	int fd;

	if (aside) {
		saved = dup(STDERR_FILENO);
		fd = open(said_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, STDERR_FILENO);
		close(fd);
	} else {
		dup2(saved, STDERR_FILENO);
		close(saved);
	}
}

/* What was said there. */
static const char *
said(void)
{
	static struct buf text = BUF_INIT(10000);

	buf_reset(&text);
	if (file_read(said_path, &text) < 0)
		abort();
	return buf_str(&text);
}

static const char *
warnings_of(const char *text)
{
	say_aside(true);
	addrlists_close(open_list(text));
	say_aside(false);
	return said();
}

static void
test_a_wrong_line_is_named_and_left_out(void)
{
	static const char *const wrong[] = {"refuse b.example", "deny",
	    "allow # nobody", "allow *@b.example", "deny b.example c.example",
	    "deny localhost", "deny b..example", "deny 192.0.2.0/33",
	    "deny @b.example", "deny ann@", "deny b.example until",
	    "deny b.example until 2027-02-29", "deny b.example until 2027-1-1",
	    "deny b.example until 2027-13-01",
	    "deny b.example until 2027-01-01 x", "deny [192.0.2.1]"};
	char text[200];
	size_t i;

	for (i = 0; i < nitems(wrong); i++) {
		snprintf(text, sizeof(text), "# first\n%s\ndeny c.example\n",
		    wrong[i]);
		CHECK(strstr(warnings_of(text), "list:2: ") != NULL);
		CHECK(strstr(warnings_of(text), "list:3: ") == NULL);
	}
	CHECK(*warnings_of("deny c.example until 2027-01-01#x\n") != '\0');
	CHECK(*warnings_of("deny c.example#x\n") != '\0');
	CHECK(*warnings_of("\r\ndeny a#b@c.example # x\r\n\n") == '\0');
}

static void
test_hits_are_counted_and_shown(void)
{
	struct addrlists *lists = open_list("deny b.example until 2027-01-01\n"
					    "allow b.example\n"
					    "deny c.example until 2020-01-01\n"
					    "allow 192.0.2.0/24\n");
	struct buf text = BUF_INIT(10000), why = BUF_INIT(1000);
	int i;

	for (i = 0; i < 3; i++)
		ask(lists, "x@b.example", NULL, NULL, NULL);
	ask_at(lists, NOW - 86400, "x@e.example", NULL, "192.0.2.9", NULL);
	CHECK(addrlists_print(lists, NOW, &text));
	CHECK(
	    strcmp(buf_str(&text),
		"         3 2026-09-21 2027-01-01 deny b.example\n"
		"         0 -          -          allow b.example\n"
		"         0 -          2020-01-01 deny c.example # expired\n"
		"         1 2026-09-20 -          allow 192.0.2.0/24\n") == 0);
	addrlists_close(lists);
	/* the numbers stay with their entries, and looking changes none */
	write_file(list_path, "allow 192.0.2.0/24\ndeny b.example\n");
	lists = addrlists_open(list_path, counts_path, false, &why);
	ask(lists, "x@b.example", NULL, NULL, NULL);
	buf_reset(&text);
	CHECK(addrlists_print(lists, NOW, &text));
	CHECK(strcmp(buf_str(&text),
		  "         1 2026-09-20 -          allow 192.0.2.0/24\n"
		  "         3 2026-09-21 -          deny b.example\n") == 0);
	addrlists_close(lists);
	buf_free(&text);
	buf_free(&why);
}

static void
test_a_list_that_changes_is_stale(void)
{
	struct addrlists *lists = open_list("deny b.example\n");

	CHECK(!addrlists_is_stale(lists));
	write_file(list_path, "deny c.example \n");
	CHECK(addrlists_is_stale(lists));
	CHECK(ask(lists, "x@b.example", NULL, NULL, NULL) == ADDRLISTS_DENY);
	addrlists_refresh(lists);
	CHECK(!addrlists_is_stale(lists));
	CHECK(ask(lists, "x@b.example", NULL, NULL, NULL) == ADDRLISTS_NONE);
	CHECK(ask(lists, "x@c.example", NULL, NULL, NULL) == ADDRLISTS_DENY);
	unlink(counts_path);
	CHECK(addrlists_is_stale(lists));
	addrlists_refresh(lists);
	CHECK(!addrlists_is_stale(lists) && access(counts_path, F_OK) == 0);
	addrlists_close(lists);
}

static void
test_several_processes_count_together(void)
{
	struct addrlists *lists = open_list("deny b.example\n");
	struct buf text = BUF_INIT(1000), why = BUF_INIT(1000);
	pid_t children[CHILDREN];
	int i, j, status;

	addrlists_close(lists);
	unlink(counts_path);
	fflush(stdout);
	for (i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (children[i] != 0)
			continue;
		/* each makes the file if it is first */
		lists = addrlists_open(list_path, counts_path, true, &why);
		for (j = 0; lists != NULL && j < ASKED; j++)
			ask(lists, "x@b.example", NULL, NULL, NULL);
		_exit(lists == NULL);
	}
	for (i = 0; i < CHILDREN; i++)
		CHECK(waitpid(children[i], &status, 0) == children[i] &&
		      status == 0);
	lists = addrlists_open(list_path, counts_path, false, &why);
	CHECK(lists != NULL && addrlists_print(lists, NOW, &text));
	CHECK(strncmp(buf_str(&text), "      1000 ", 11) == 0);
	addrlists_close(lists);
	buf_free(&text);
	buf_free(&why);
}

static void
test_a_file_that_is_no_list_is_an_error(void)
{
	struct buf why = BUF_INIT(1000), text = BUF_INIT(10000);
	struct addrlists *lists;

	unlink(list_path);
	CHECK(addrlists_open(list_path, NULL, true, &why) == NULL);
	CHECK(strstr(buf_str(&why), "No such file") != NULL);
	/* garbage for the hits is only a warning, and stays as it is */
	CHECK(*warnings_of("deny b.example\n") == '\0');
	write_file(counts_path, "somebody's diary");
	buf_reset(&why);
	say_aside(true);
	lists = addrlists_open(list_path, counts_path, true, &why);
	say_aside(false);
	CHECK(lists != NULL && strstr(said(), "hits are not counted") != NULL);
	CHECK(ask(lists, "x@b.example", NULL, NULL, NULL) == ADDRLISTS_DENY);
	addrlists_close(lists);
	CHECK(file_read(counts_path, &text) == 0 &&
	      strcmp(buf_str(&text), "somebody's diary") == 0);
	buf_free(&why);
	buf_free(&text);
}

static void
check_vouch(const char *auth, bool expected)
{
	struct vouch vouch;

	vouch_read(&vouch, span_of(auth));
	if (vouch_for(&vouch, span_of("b.example"), tld) != expected) {
		CHECK(!"who vouches");
		printf("# %s\n", auth);
	}
}

static void
test_results_are_read_as_they_are_written(void)
{
	check_vouch("DKIM = PASS (2048 bits (good)) header.b=x header.d=b."
		    "example",
	    true);
	check_vouch(
	    "dkim/1=pass reason=\"a; dkim=fail\" header.d=b.example", true);
	check_vouch("spf=pass smtp.mailfrom=\"a b\"@b.example", true);
	check_vouch("spf=pass smtp.mailfrom=b.example;", true);
	check_vouch("spf=softfail smtp.mailfrom=a@b.example", false);
	check_vouch("none", false);
	check_vouch("dkim=pass header.i=@b.example", false);
	check_vouch("iprev=pass header.d=b.example", false);
	/* what a sender may write must not become a result */
	check_vouch("spf=pass smtp.mailfrom=\"x;dkim=pass header.d=b.example\""
		    "@c.example",
	    false);
	check_vouch(
	    "spf=fail (x) smtp.mailfrom=\"b.example\"@c.example", false);
	/* and what is not understood vouches for nobody */
	check_vouch("dkim=pass header.d=b.example; rubbish", false);
	check_vouch("dkim=pass header.d=b.example (open", false);
	check_vouch("dkim=pass header.d=b.example x=\"open", false);
	check_vouch("dkim=pass header.d=b.example; =x", false);
	check_vouch(
	    "((((((((((((x))))))))))))dkim=pass header.d=b.example", false);
}

static void
test_a_public_suffix_vouches_for_nobody_else(void)
{
	struct vouch vouch;

	tld_add(tld, 2, span_of("co.example"));
	vouch_read(&vouch, span_of("dkim=pass header.d=co.example"));
	CHECK(!vouch_for(&vouch, span_of("b.co.example"), tld));
	vouch_read(&vouch, span_of("dkim=pass header.d=a.co.example"));
	CHECK(!vouch_for(&vouch, span_of("b.co.example"), tld));
	CHECK(vouch_for(&vouch, span_of("m.a.co.example"), tld));
	CHECK(!vouch_for(&vouch, (struct span){NULL, 0}, tld));
}

int
main(void)
{
	if (mkdtemp(directory) == NULL)
		abort();
	snprintf(list_path, sizeof(list_path), "%s/list", directory);
	snprintf(counts_path, sizeof(counts_path), "%s/hits", directory);
	snprintf(said_path, sizeof(said_path), "%s/said", directory);
	mail_init(&mail);
	tld = tld_new();
	tld_add(tld, 1, span_of("example"));
	TEST(denying_counts_for_whoever_is_named);
	TEST(allowing_needs_somebody_who_vouches);
	TEST(denying_counts_more_than_allowing);
	TEST(an_entry_ends_with_its_day);
	TEST(a_wrong_line_is_named_and_left_out);
	TEST(hits_are_counted_and_shown);
	TEST(a_list_that_changes_is_stale);
	TEST(several_processes_count_together);
	TEST(a_file_that_is_no_list_is_an_error);
	TEST(results_are_read_as_they_are_written);
	TEST(a_public_suffix_vouches_for_nobody_else);
	unlink(list_path);
	unlink(counts_path);
	unlink(said_path);
	CHECK(rmdir(directory) == 0);
	tld_free(tld);
	mail_free(&mail);
	return test_end();
}
