#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "peer/seen.h"
#include "peer/seentable.h"
#include "test.h"

#define NOW 1767607200
#define ONCE "0123456789abcdef0123456789abcdef"

static const struct span none = {NULL, 0};

/* An id of that number, good until the next call but three. */
static struct span
id_of(unsigned number)
{
	static char texts[4][CONTENT_ID_SIZE];
	static unsigned turn;
	char *text = texts[turn++ % 4];

	snprintf(
	    text, CONTENT_ID_SIZE, "%08x%056x", number * 2654435761u, number);
	return span_of(text);
}

static struct seen *
open_locked(const char *path)
{
	struct seen *seen = seen_open(path, 400);

	CHECK(seen != NULL);
	CHECK(seen_lock(seen, clock_ms() + 1000) == 0);
	return seen;
}

static void
put(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	CHECK(write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static off_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void
test_what_is_done_is_known_from_then_on(void)
{
	struct seen *seen = open_locked("done");

	CHECK(!seen_has(seen, id_of(1)) && !seen_in_doubt(seen));
	CHECK(seen_begun(seen, id_of(1), NOW) == 0);
	CHECK(!seen_has(seen, id_of(1)) && seen_in_doubt(seen));
	CHECK(seen_done(seen, id_of(1), span_of(ONCE), NOW) == 0);
	CHECK(seen_has(seen, id_of(1)) && !seen_in_doubt(seen));
	CHECK(seen_has_once(seen, span_of(ONCE)));
	CHECK(seen_begun(seen, id_of(2), NOW) == 0);
	CHECK(seen_done(seen, id_of(2), none, NOW) == 0);
	seen_free(seen);
	seen = open_locked("done");
	CHECK(seen_has(seen, id_of(1)) && seen_has(seen, id_of(2)));
	CHECK(!seen_has(seen, id_of(3)) && !seen_in_doubt(seen));
	CHECK(seen_has_once(seen, span_of(ONCE)));
	CHECK(!seen_has_once(seen, none));
	CHECK(!seen_has_once(seen, span_of("f" ONCE)));
	seen_free(seen);
}

static void
test_it_is_a_text_that_a_person_can_read(void)
{
	struct buf text = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
	struct seen *seen = open_locked("text");

	seen_begun(seen, id_of(1), NOW);
	seen_done(seen, id_of(1), span_of(ONCE), NOW + 1);
	seen_begun(seen, id_of(2), NOW + 2);
	seen_undone(seen, id_of(2), NOW + 3);
	seen_done(seen, id_of(3), none, NOW + 4);
	seen_free(seen);
	buf_addf(&want, "%s 1767607200 begun\n", id_of(1).p);
	buf_addf(&want, "%s 1767607201 done " ONCE "\n", id_of(1).p);
	buf_addf(&want, "%s 1767607202 begun\n", id_of(2).p);
	buf_addf(&want, "%s 1767607203 undone\n", id_of(2).p);
	buf_addf(&want, "%s 1767607204 done -\n", id_of(3).p);
	CHECK(file_read("text", &text) == 0);
	CHECK(span_eq(buf_span(&text), buf_span(&want)));
	buf_free(&text);
	buf_free(&want);
}

static void
test_what_has_begun_and_not_ended_is_in_doubt(void)
{
	struct seen *seen = open_locked("doubt");

	CHECK(seen_begun(seen, id_of(1), NOW) == 0);
	seen_free(seen);
	seen = open_locked("doubt");
	CHECK(seen_in_doubt(seen) && seen_was_begun(seen, id_of(1)));
	CHECK(!seen_has(seen, id_of(1)) && !seen_was_begun(seen, id_of(2)));
	CHECK(seen_begun(seen, id_of(2), NOW) == 0);
	CHECK(seen_undone(seen, id_of(2), NOW) == 0);
	CHECK(seen_in_doubt(seen) && seen_was_begun(seen, id_of(2)));
	CHECK(!seen_has(seen, id_of(2)));
	CHECK(seen_begun(seen, id_of(1), NOW) == 0);
	CHECK(seen_done(seen, id_of(1), none, NOW) == 0);
	CHECK(!seen_in_doubt(seen) && !seen_was_begun(seen, id_of(1)));
	seen_free(seen);
}

/* At each octet of the last line. */
static void
test_a_line_that_a_crash_has_cut_counts_for_nothing(void)
{
	char line[SEENTABLE_LINE];
	struct seen *seen;
	size_t cut, len;

	len = (size_t)snprintf(
	    line, sizeof(line), "%s %d done " ONCE "\n", id_of(2).p, NOW);
	for (cut = 1; cut < len; cut++) {
		unlink("cut");
		seen = open_locked("cut");
		CHECK(seen_begun(seen, id_of(2), NOW) == 0);
		seen_free(seen);
		put("cut", line, cut);
		seen = open_locked("cut");
		CHECK(seen_in_doubt(seen) && !seen_has(seen, id_of(2)));
		CHECK(!seen_has_once(seen, span_of(ONCE)));
		CHECK(seen_done(seen, id_of(3), none, NOW) == 0);
		seen_free(seen);
		seen = open_locked("cut");
		CHECK(seen_has(seen, id_of(3)) && seen_in_doubt(seen));
		seen_free(seen);
	}
}

static void
test_rubbish_is_passed_over(void)
{
	static char rubbish[200000];
	struct seen *seen = open_locked("rubbish");

	seen_done(seen, id_of(1), none, NOW);
	seen_unlock(seen);
	memset(rubbish, 'a', sizeof(rubbish));
	put("rubbish", rubbish, sizeof(rubbish));
	put("rubbish", "\n\n \n../../x 1 done -\n", 21);
	put("rubbish", rubbish, 64);
	put("rubbish", " 12x done -\n", 12);
	memset(rubbish, 0, sizeof(rubbish));
	put("rubbish", rubbish, sizeof(rubbish));
	CHECK(seen_lock(seen, CLOCK_NEVER) == 0);
	CHECK(seen_done(seen, id_of(2), none, NOW) == 0);
	seen_free(seen);
	seen = open_locked("rubbish");
	CHECK(seen_has(seen, id_of(1)) && seen_has(seen, id_of(2)));
	CHECK(!seen_in_doubt(seen));
	seen_free(seen);
}

static void
test_others_lines_are_seen(void)
{
	struct seen *one = seen_open("shared", 400);
	struct seen *two = seen_open("shared", 400);

	CHECK(seen_lock(one, 0) == 0);
	CHECK(seen_begun(one, id_of(1), NOW) == 0);
	CHECK(!seen_in_doubt(two));
	CHECK(seen_look(two) == 0 && seen_in_doubt(two));
	CHECK(seen_done(one, id_of(1), span_of(ONCE), NOW) == 0);
	seen_unlock(one);
	CHECK(seen_lock(two, 0) == 0);
	CHECK(seen_has(two, id_of(1)) && !seen_in_doubt(two));
	CHECK(seen_done(two, id_of(2), none, NOW) == 0);
	seen_unlock(two);
	CHECK(seen_look(one) == 0 && seen_has(one, id_of(2)));
	seen_free(one);
	seen_free(two);
}

static void
test_one_at_a_time_has_the_lock(void)
{
	struct seen *one = seen_open("lock", 400);
	struct seen *two = seen_open("lock", 400);
	int64_t begun = clock_ms();

	CHECK(seen_lock(one, 0) == 0);
	CHECK(seen_lock(two, clock_ms() + 50) < 0 && errno == ETIMEDOUT);
	CHECK(clock_ms() - begun >= 50);
	seen_unlock(one);
	CHECK(seen_lock(two, 0) == 0);
	seen_unlock(two);
	seen_free(one);
	seen_free(two);
}

/* As after a death in the middle of a delivery. */
static void
test_the_lock_is_left_to_the_stages_that_have_it(void)
{
	struct seen *one = seen_open("left", 400);
	struct seen *two = seen_open("left", 400);
	pid_t stage;

	CHECK(seen_lock(one, 0) == 0);
	stage = fork();
	if (stage == 0)
		for (;;)
			pause();
	CHECK(seen_abandon(one) == 0);
	CHECK(seen_lock(one, clock_ms() + 20) < 0 && errno == ETIMEDOUT);
	CHECK(seen_lock(two, clock_ms() + 20) < 0 && errno == ETIMEDOUT);
	kill(stage, SIGKILL);
	waitpid(stage, NULL, 0);
	CHECK(seen_lock(one, 0) == 0);
	seen_free(one);
	seen_free(two);
}

static void
test_it_does_not_grow_by_what_is_settled(void)
{
	struct seen *seen = open_locked("tidy"), *other;
	unsigned i;

	other = seen_open("tidy", 400);
	CHECK(seen_begun(seen, id_of(1), NOW) == 0);
	CHECK(seen_done(seen, id_of(2), span_of(ONCE), NOW) == 0);
	for (i = 0; i < 600; i++) {
		CHECK(seen_undone(seen, id_of(3 + i), NOW) == 0);
		CHECK(seen_undone(seen, id_of(3 + i), NOW) == 0);
	}
	seen_unlock(seen);
	CHECK(size_of("tidy") > 60000);
	CHECK(seen_lock(seen, 0) == 0);
	CHECK(size_of("tidy") < 250 && size_of("tidy.new") < 0);
	CHECK(seen_in_doubt(seen) && seen_was_begun(seen, id_of(1)));
	CHECK(seen_has(seen, id_of(2)) && !seen_was_begun(seen, id_of(3)));
	CHECK(seen_done(seen, id_of(3), none, NOW) == 0);
	seen_unlock(seen);
	CHECK(seen_lock(other, 0) == 0);
	CHECK(seen_has(other, id_of(2)) && seen_has(other, id_of(3)));
	CHECK(seen_done(other, id_of(1), none, NOW) == 0);
	seen_unlock(other);
	CHECK(seen_look(seen) == 0 && !seen_in_doubt(seen));
	seen_free(seen);
	seen_free(other);
}

static void
test_a_file_of_somebody_else_is_not_used(void)
{
	put("open", "", 0);
	CHECK(chmod("open", 0620) == 0);
	CHECK(seen_open("open", 400) == NULL && errno == EPERM);
	CHECK(symlink("open", "link") == 0);
	CHECK(seen_open("link", 400) == NULL && errno == ELOOP);
	CHECK(mkdir("dir", 0700) == 0);
	CHECK(seen_open("dir", 400) == NULL);
	CHECK(seen_open("none/there", 400) == NULL && errno == ENOENT);
}

static void
test_what_is_no_id_is_an_error(void)
{
	struct seen *seen = open_locked("ids");
	char upper[] = "0123456789ABCDEF0123456789ABCDEF";

	CHECK(seen_begun(seen, span_of("../../x"), NOW) < 0 && errno == EINVAL);
	CHECK(seen_begun(seen, none, NOW) < 0 && errno == EINVAL);
	CHECK(seen_done(seen, id_of(1), span_of("x"), NOW) < 0 &&
	      errno == EINVAL);
	CHECK(!seen_has(seen, span_of("../../x")) && size_of("ids") == 0);
	CHECK(seen_is_once(span_of(ONCE)) && !seen_is_once(none));
	CHECK(!seen_is_once(span_of(upper)));
	seen_free(seen);
}

static void
test_a_full_disk_leaves_whole_lines(void)
{
	struct rlimit old, small = {100, 100};
	struct seen *seen = open_locked("full");

	CHECK(seen_done(seen, id_of(1), none, NOW) == 0);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK(seen_begun(seen, id_of(2), NOW) < 0 && errno == EFBIG);
	CHECK(size_of("full") == 83 && !seen_in_doubt(seen));
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK(seen_begun(seen, id_of(2), NOW) == 0 && seen_in_doubt(seen));
	seen_free(seen);
}

static void
fill(struct seentable *table, unsigned from, unsigned to)
{
	struct seenentry entry;
	char line[SEENTABLE_LINE];

	for (; from < to; from++) {
		snprintf(line, sizeof(line), "%s %u done %032x", id_of(from).p,
		    from, from + 1);
		CHECK(seentable_parse(span_of(line), &entry));
		seentable_note(table, &entry);
	}
}

static void
test_the_oldest_make_room(void)
{
	struct seentable table;
	char once[33];
	unsigned i;

	seentable_init(&table, 1000);
	fill(&table, 0, 1000);
	CHECK(table.count == 1000);
	for (i = 0; i < 1000; i++) {
		snprintf(once, sizeof(once), "%032x", i + 1);
		CHECK(seentable_find(&table, id_of(i)) != NULL);
		CHECK(seentable_find_once(&table, span_of(once)) ==
		      seentable_find(&table, id_of(i)));
	}
	fill(&table, 1000, 1001);
	CHECK(table.count == 751);
	CHECK(seentable_find(&table, id_of(249)) == NULL);
	CHECK(seentable_find(&table, id_of(250)) != NULL);
	CHECK(seentable_find(&table, id_of(1000)) != NULL);
	seentable_free(&table);
}

static void
test_what_is_wrapped_anew_takes_no_room_from_others(void)
{
	struct seentable table;
	struct seenentry entry;
	char line[SEENTABLE_LINE];
	unsigned i;

	seentable_init(&table, 1000);
	fill(&table, 0, 600);
	/* the same mail, in one wrapping after another */
	for (i = 1000; i < 6000; i++) {
		snprintf(line, sizeof(line), "%.64s %u done %s", id_of(i).p, i,
		    ONCE);
		CHECK(seentable_parse(span_of(line), &entry));
		seentable_note(&table, &entry);
		CHECK(table.count <= 1000);
	}
	for (i = 0; i < 600; i++)
		CHECK(seentable_find(&table, id_of(i)) != NULL);
	CHECK(seentable_find(&table, id_of(1000)) ==
	      seentable_find_once(&table, span_of(ONCE)));
	CHECK(seentable_find(&table, id_of(5999)) != NULL);
	/* what is not comes to the oldest, as ever */
	fill(&table, 6000, 6900);
	CHECK(seentable_find(&table, id_of(0)) == NULL);
	CHECK(seentable_find(&table, id_of(6899)) != NULL);
	seentable_free(&table);
}

static void
test_a_wrong_clock_does_not_empty_it(void)
{
	struct seentable table;

	seentable_init(&table, 1000);
	fill(&table, 0, 500);
	seentable_prune(&table, 500, INT64_MAX);
	CHECK(table.count == 500);
	seentable_prune(&table, 100, 0);
	CHECK(table.count == 500);
	seentable_prune(&table, 100, 50);
	CHECK(table.count == 450);
	CHECK(seentable_find(&table, id_of(49)) == NULL);
	CHECK(seentable_find(&table, id_of(50)) != NULL);
	seentable_prune(&table, 100, INT64_MAX);
	CHECK(table.count == 100);
	CHECK(seentable_find(&table, id_of(499)) != NULL);
	seentable_free(&table);
}

int
main(int argc, char **argv)
{
	char dir[] = "/tmp/unit-seen.XXXXXX", command[64];
	int rc;

	(void)argc;
	err_init(argv[0]);
	/* what it warns of is part of the tests */
	if (freopen("/dev/null", "w", stderr) == NULL)
		return 1;
	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return 1;
	TEST(what_is_done_is_known_from_then_on);
	TEST(it_is_a_text_that_a_person_can_read);
	TEST(what_has_begun_and_not_ended_is_in_doubt);
	TEST(a_line_that_a_crash_has_cut_counts_for_nothing);
	TEST(rubbish_is_passed_over);
	TEST(others_lines_are_seen);
	TEST(one_at_a_time_has_the_lock);
	TEST(the_lock_is_left_to_the_stages_that_have_it);
	TEST(it_does_not_grow_by_what_is_settled);
	TEST(a_file_of_somebody_else_is_not_used);
	TEST(what_is_no_id_is_an_error);
	TEST(a_full_disk_leaves_whole_lines);
	TEST(the_oldest_make_room);
	TEST(what_is_wrapped_anew_takes_no_room_from_others);
	TEST(a_wrong_clock_does_not_empty_it);
	rc = test_end();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? rc : 1;
}
