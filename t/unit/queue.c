/* queue: entries, their names and locks, schedules, and the clock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "peer/transport.h"
#include "queue/guard.h"
#include "queue/schedule.h"
#include "test.h"

#define DAY 86400
#define NOW 1790000000

static char path[] = "/tmp/pimail-queue.XXXXXX";
static char dir[64]; /* of the queue of the test that runs */

/* A new queue. */
static void
begin(struct queue *queue, const char *name)
{
	snprintf(dir, sizeof(dir), "%s/%s", path, name);
	CHECK(queue_open(queue, dir, true) == 0);
}

static void
make_frame(struct frame *frame, const char *fields, const char *text)
{
	frame_init(frame);
	CHECK(frame_add(frame, "id", span_of("id-1")) == 0);
	CHECK(frame_add(frame, *fields == '@' ? "recipient" : "node",
		  span_of(fields + (*fields == '@'))) == 0);
	CHECK(message_add(&frame->message, text, strlen(text)) == 0);
}

/* Puts a frame as relay-put does. */
static int
put(const struct queue *queue, const struct frame *frame,
    struct destination *destination, char id[CONTENT_ID_SIZE])
{
	char name[QUEUE_NAME_MAX + 1];

	CHECK(queue_destination(frame, name) == 0);
	CHECK(queue_entry_id(frame, id) == 0);
	CHECK(destination_open(queue, span_of(name), true, destination) == 0);
	return destination_put(destination, id, frame);
}

static bool
exists(const struct destination *destination, const char *name)
{
	return faccessat(destination->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) ==
	       0;
}

static size_t
count(const struct destination *destination, size_t *held)
{
	struct queue_walk walk;
	struct entry entry;
	size_t all = 0;

	*held = 0;
	CHECK(destination_walk(&walk, destination) == 0);
	while (destination_walk_next(&walk, &entry)) {
		all++;
		*held += entry.held;
	}
	queue_walk_end(&walk);
	return all;
}

static void
test_an_entry_comes_out_as_it_went_in(void)
{
	struct destination destination;
	struct frame frame, back;
	char id[CONTENT_ID_SIZE];
	struct entry entry;
	struct queue queue;
	struct stat st;
	size_t held;

	begin(&queue, "one");
	make_frame(&frame, "bob", "abc");
	CHECK(put(&queue, &frame, &destination, id) == 0);
	/* FIPS 180-2, B.1 */
	CHECK(strcmp(id, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
			 "ff61f20015ad") == 0);
	CHECK(strcmp(destination.name, "bob") == 0);
	CHECK(destination_put(&destination, id, &frame) == 1);
	CHECK(count(&destination, &held) == 1 && held == 0);
	CHECK(entry_find(&destination, span_of(id), &entry) == 0);
	CHECK(entry_stat(&destination, &entry, &st) == 0);
	CHECK((st.st_mode & 0777) == 0600);
	frame_init(&back);
	CHECK(entry_read(&destination, &entry, &back) == 0);
	CHECK(span_eq(buf_span(&back.fields), buf_span(&frame.fields)));
	CHECK(span_is(buf_span(&back.message.memory), "abc"));
	CHECK(entry_fields(&destination, &entry, &back) == 0);
	CHECK(span_is(frame_get(&back, "node"), "bob"));
	CHECK(message_size(&back.message) == 0);
	CHECK(entry_remove(&destination, &entry) == 0);
	CHECK(entry_read(&destination, &entry, &back) < 0 && errno == ENOENT);
	CHECK(count(&destination, &held) == 0);
	frame_free(&frame);
	frame_free(&back);
	destination_close(&destination);
	queue_close(&queue);
}

static void
test_mail_in_the_clear_goes_by_its_recipients(void)
{
	char id[CONTENT_ID_SIZE], other[CONTENT_ID_SIZE];
	char name[QUEUE_NAME_MAX + 1];
	struct frame frame;

	make_frame(&frame, "@- alice@Example.NET", "abc");
	CHECK(queue_destination(&frame, name) == 0);
	CHECK(strcmp(name, "example.net") == 0);
	CHECK(queue_entry_id(&frame, id) == 0);
	/* the same text to somebody else is another entry */
	CHECK(frame_add(&frame, "recipient", span_of("- b@c.example")) == 0);
	CHECK(queue_entry_id(&frame, other) == 0 && strcmp(id, other) != 0);
	frame_free(&frame);
	make_frame(&frame, "@- a@../../x", "abc");
	CHECK(queue_destination(&frame, name) < 0);
	frame_free(&frame);
	make_frame(&frame, "@- postmaster", "abc");
	CHECK(queue_destination(&frame, name) < 0);
	frame_free(&frame);
}

static void
test_no_name_leads_out_of_the_queue(void)
{
	static const char *const bad[] = {"", ".", "..", ".lock", "a/b", "/",
	    "-x", "a b", "a\tb", "a\nb", "$(x)", "a;b", "a`b", "a'b", "a\"b",
	    "a|b", "a&b", "a*", "~a"};
	struct destination destination;
	struct queue queue;
	size_t i;

	begin(&queue, "names");
	for (i = 0; i < nitems(bad); i++) {
		CHECK(!queue_is_name(span_of(bad[i])));
		CHECK(destination_open(
			  &queue, span_of(bad[i]), true, &destination) < 0);
	}
	CHECK(!queue_is_name((struct span){"a\0b", 3}));
	CHECK(queue_is_name(span_of("b\xc3\xbc"
				    "cher.example")));
	CHECK(queue_is_name(span_of("[IPv6:2001:db8::1]")));
	/* a destination is no symbolic link */
	CHECK(symlinkat("/tmp", queue.dir, "evil") == 0);
	CHECK(
	    destination_open(&queue, span_of("evil"), true, &destination) < 0);
	queue_close(&queue);
}

static void
test_a_held_entry_is_there_but_under_another_name(void)
{
	struct destination destination;
	char id[CONTENT_ID_SIZE];
	struct entry entry;
	struct frame frame;
	struct queue queue;
	size_t held;

	begin(&queue, "held");
	make_frame(&frame, "bob", "abc");
	CHECK(put(&queue, &frame, &destination, id) == 0);
	CHECK(entry_find(&destination, span_of(id), &entry) == 0);
	CHECK(entry_hold(&destination, &entry) == 0 && entry.held);
	CHECK(count(&destination, &held) == 1 && held == 1);
	CHECK(destination_put(&destination, id, &frame) == 1);
	CHECK(entry_find(&destination, span_of(id), &entry) == 0 && entry.held);
	CHECK(entry_release(&destination, &entry) == 0 && !entry.held);
	CHECK(count(&destination, &held) == 1 && held == 0);
	CHECK(entry_find(&destination, span_of("../held"), &entry) < 0);
	frame_free(&frame);
	destination_close(&destination);
	queue_close(&queue);
}

static void
test_what_is_left_behind_is_cleaned_up(void)
{
	struct buf names = BUF_INIT(QUEUE_COPIES_MAX);
	char id[CONTENT_ID_SIZE], name[CONTENT_ID_SIZE + 16];
	struct destination destination;
	struct entry entry;
	struct frame frame;
	struct queue queue;
	int fd;

	begin(&queue, "clean");
	make_frame(&frame, "bob", "abc");
	CHECK(put(&queue, &frame, &destination, id) == 0);
	CHECK(entry_find(&destination, span_of(id), &entry) == 0);
	CHECK(entry_copied(&destination, &entry, "alice") == 0);
	CHECK(entry_copied(&destination, &entry, "dave") == 0);
	CHECK(entry_copies(&destination, &entry, &names) == 0);
	CHECK(span_is(buf_span(&names), "alice\ndave\n"));
	/* a list without an entry, a file of nobody, and one being written */
	entry.id[0] = entry.id[0] == '0' ? '1' : '0';
	CHECK(entry_copied(&destination, &entry, "alice") == 0);
	snprintf(name, sizeof(name), ".%s.new", id);
	fd = openat(destination.dir, name, O_WRONLY | O_CREAT, 0600);
	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
	destination_clean(&destination);
	CHECK(exists(&destination, name) && exists(&destination, id));
	close(fd);
	destination_clean(&destination);
	CHECK(!exists(&destination, name) && exists(&destination, id));
	snprintf(name, sizeof(name), "%s.copies", entry.id);
	CHECK(!exists(&destination, name));
	snprintf(name, sizeof(name), "%s.copies", id);
	CHECK(exists(&destination, name));
	buf_free(&names);
	frame_free(&frame);
	destination_close(&destination);
	queue_close(&queue);
}

static void
test_who_waits_for_another_does_not_touch_the_entry(void)
{
	char id[CONTENT_ID_SIZE], name[CONTENT_ID_SIZE + 8];
	struct destination destination;
	int fd, wait_status = -1;
	struct frame frame;
	struct queue queue;
	struct stat st;
	pid_t pid;

	begin(&queue, "wait");
	make_frame(&frame, "bob", "abc");
	CHECK(queue_entry_id(&frame, id) == 0);
	CHECK(
	    destination_open(&queue, span_of("bob"), true, &destination) == 0);
	snprintf(name, sizeof(name), ".%s.new", id);
	fd = openat(destination.dir, name, O_RDWR | O_CREAT, 0600);
	CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
	CHECK(write(fd, "first", 5) == 5);
	pid = fork();
	if (pid == 0) {
		/* of its own, or the lock were one */
		close(fd);
		_exit(destination_put(&destination, id, &frame));
	}
	nanosleep(&(struct timespec){0, 200000000}, NULL);
	/* it waits by now, or comes too late: both are fine */
	CHECK(renameat(destination.dir, name, destination.dir, id) == 0);
	close(fd);
	CHECK(waitpid(pid, &wait_status, 0) == pid);
	CHECK(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 1);
	CHECK(fstatat(destination.dir, id, &st, 0) == 0 && st.st_size == 5);
	CHECK(!exists(&destination, name));
	frame_free(&frame);
	destination_close(&destination);
	queue_close(&queue);
}

/* Opens a queue that may not be there yet, and puts something into it. */
static int
open_and_put(const struct frame *frame)
{
	struct destination destination;
	char id[CONTENT_ID_SIZE];
	struct queue queue;

	if (queue_open(&queue, dir, true) < 0)
		return 2;
	return put(&queue, frame, &destination, id) < 0 ? 3 : 0;
}

static void
test_many_make_a_queue_at_the_same_time(void)
{
	int round, child, wait_status;
	struct frame frame;

	make_frame(&frame, "bob", "abc");
	for (round = 0; round < 60; round++) {
		snprintf(dir, sizeof(dir), "%s/many%d", path, round);
		for (child = 0; child < 8; child++)
			if (fork() == 0)
				_exit(open_and_put(&frame));
		while (wait(&wait_status) > 0)
			CHECK(WIFEXITED(wait_status) &&
			      WEXITSTATUS(wait_status) == 0);
	}
	frame_free(&frame);
}

static void
test_a_damaged_entry_is_seen(void)
{
	struct destination destination;
	char id[CONTENT_ID_SIZE];
	struct entry entry;
	struct frame frame;
	struct queue queue;
	int fd;

	begin(&queue, "damaged");
	make_frame(&frame, "bob", "abc");
	CHECK(put(&queue, &frame, &destination, id) == 0);
	CHECK(entry_find(&destination, span_of(id), &entry) == 0);
	fd = openat(destination.dir, id, O_RDWR);
	CHECK(fd >= 0 && pwrite(fd, "x", 1, 40) == 1 && close(fd) == 0);
	CHECK(entry_read(&destination, &entry, &frame) < 0);
	CHECK(errno == EBADMSG);
	fd = openat(destination.dir, id, O_RDWR | O_TRUNC);
	CHECK(fd >= 0 && close(fd) == 0);
	CHECK(entry_read(&destination, &entry, &frame) < 0);
	CHECK(errno == EBADMSG);
	frame_free(&frame);
	destination_close(&destination);
	queue_close(&queue);
}

static void
test_only_a_queue_of_our_version_is_opened(void)
{
	struct queue queue;
	int fd;

	begin(&queue, "version");
	fd = openat(queue.dir, ".queue", O_WRONLY | O_TRUNC);
	CHECK(fd >= 0 && write(fd, "pimail-queue 2\n", 15) == 15);
	close(fd);
	queue_close(&queue);
	CHECK(queue_open(&queue, dir, true) < 0 && errno == EPROTO);
	/* nor a directory that is something else */
	CHECK(queue_open(&queue, path, true) < 0 && errno == EPROTO);
	snprintf(dir, sizeof(dir), "%s/open", path);
	CHECK(mkdir(dir, 0700) == 0 && chmod(dir, 0770) == 0);
	CHECK(queue_open(&queue, dir, true) < 0 && errno == EPERM);
	CHECK(queue_open(&queue, "/nowhere/at/all", true) < 0);
}

static void
test_the_lock_is_for_one(void)
{
	struct destination destination;
	struct queue queue;
	int fd;

	begin(&queue, "lock");
	CHECK(
	    destination_open(&queue, span_of("bob"), true, &destination) == 0);
	fd = destination_lock(&destination);
	CHECK(fd >= 0);
	CHECK(destination_lock(&destination) < 0 && errno == EWOULDBLOCK);
	close(fd);
	fd = destination_lock(&destination);
	CHECK(fd >= 0);
	close(fd);
	destination_close(&destination);
	queue_close(&queue);
}

static void
test_pauses_grow_to_a_limit_with_some_chance(void)
{
	struct schedule schedule = {.succeeded = 5};
	int64_t pause, least = INT64_MAX, most = 0;
	int i;

	for (i = 0; i < 200; i++) {
		schedule.failures = 0;
		schedule_failed(&schedule, NOW, 60, 14400, "no\nanswer");
		pause = schedule.next - NOW;
		least = pause < least ? pause : least;
		most = pause > most ? pause : most;
	}
	CHECK(least >= 48 && most <= 72 && most - least > 5);
	CHECK(strcmp(schedule.note, "no?answer") == 0);
	CHECK(schedule.succeeded == 5);
	schedule_failed(&schedule, NOW, 60, 14400, "x");
	CHECK(schedule.failures == 2 && schedule.next >= NOW + 96);
	for (i = 0; i < 1000; i++)
		schedule_failed(&schedule, NOW, 60, 14400, "x");
	CHECK(schedule.next >= NOW + 14400 * 4 / 5);
	CHECK(schedule.next <= NOW + 14400 * 6 / 5);
	CHECK(!schedule_is_due(&schedule, NOW, 14400));
	CHECK(schedule_is_due(&schedule, schedule.next, 14400));
	/* the clock was years ahead when this was written */
	CHECK(schedule_is_due(&schedule, NOW - 1000 * DAY, 14400));
	schedule_succeeded(&schedule, NOW);
	CHECK(schedule_is_due(&schedule, NOW, 14400));
	CHECK(schedule.failures == 0 && schedule.note[0] == '\0');
}

static void
test_a_schedule_is_kept_or_counts_as_none(void)
{
	struct schedule schedule = {0}, back;
	struct destination destination;
	struct queue queue;
	int fd;

	begin(&queue, "schedule");
	CHECK(
	    destination_open(&queue, span_of("bob"), true, &destination) == 0);
	schedule_read(&destination, &back);
	CHECK(back.next == 0 && back.failures == 0);
	schedule_failed(&schedule, NOW, 60, 600, "no route to host");
	CHECK(schedule_write(&destination, &schedule) == 0);
	schedule_read(&destination, &back);
	CHECK(back.next == schedule.next && back.failures == 1);
	CHECK(strcmp(back.note, "no route to host") == 0);
	fd = openat(destination.dir, ".state", O_WRONLY | O_TRUNC);
	CHECK(fd >= 0 && write(fd, "next: 99999999999\nsu", 20) == 20);
	close(fd);
	schedule_read(&destination, &back);
	CHECK(back.next == 0 && back.note[0] == '\0');
	destination_close(&destination);
	queue_close(&queue);
}

static void
test_a_clock_that_jumps_expires_nothing(void)
{
	struct queue queue;
	int64_t now = NOW;
	int i;

	begin(&queue, "clock");
	CHECK(!guard_look(&queue, now, 0)); /* nobody has looked before */
	for (i = 0; i < 24; i++)
		CHECK(!guard_look(&queue, now += 3599, 0));
	now += 3599;
	CHECK(guard_look(&queue, now, now - 5));
	now += 3599;
	CHECK(!guard_look(&queue, now, now + 5)); /* newer mail */
	CHECK(guard_look(&queue, now += 3599, 0));
	/* once a day is enough */
	CHECK(guard_look(&queue, now += DAY + 60, 0));
	/* forward by ten years, and a day there */
	now += 3650 * (int64_t)DAY;
	for (i = 0; i < 24; i++)
		CHECK(!guard_look(&queue, now += 3599, 0));
	CHECK(!guard_look(&queue, now -= 3650 * (int64_t)DAY, 0)); /* back */
	for (i = 0; i < 24; i++)
		CHECK(!guard_look(&queue, now += 3599, 0));
	CHECK(guard_look(&queue, now += 3599, 0));
	queue_close(&queue);
}

/* What becomes of a pipeline for a node that is reached so. */
static const char *
line_for(const char *text, const char *reach)
{
	static struct buf line = BUF_INIT(1000);
	struct manifest manifest = {.reach = reach};

	buf_reset(&line);
	if (transport_line(
		text, "bob", reach != NULL ? &manifest : NULL, &line) < 0)
		return errno == ENOENT ? "ENOENT" : strerror(errno);
	return buf_str(&line);
}

static void
test_a_pipeline_is_told_how_to_reach_a_node(void)
{
	const char *full = "ssh://pimail@bob.example:2222";

	CHECK(strcmp(line_for("ssh -T %h x", full),
		  "ssh -T ssh://pimail@bob.example:2222 x") == 0);
	CHECK(strcmp(line_for("ssh %h x", "ssh://bob.example"),
		  "ssh bob.example x") == 0);
	CHECK(strcmp(line_for("ssh %h", "ssh://me@bob.example"),
		  "ssh me@bob.example") == 0);
	CHECK(strcmp(line_for("%n %H %p %u %%", full),
		  "bob bob.example 2222 pimail %") == 0);
	CHECK(strcmp(line_for("%H %p %u", "uucp://bob"), "bob 22 pimail") == 0);
	CHECK(strcmp(line_for("x %n", NULL), "x bob") == 0);
	CHECK(strcmp(line_for("x %h", NULL), "ENOENT") == 0);
	CHECK(strcmp(line_for("x %z", full), strerror(EINVAL)) == 0);
	CHECK(strcmp(line_for("x %", full), strerror(EINVAL)) == 0);
}

int
main(void)
{
	char command[64];

	if (mkdtemp(path) == NULL)
		return 1;
	TEST(an_entry_comes_out_as_it_went_in);
	TEST(mail_in_the_clear_goes_by_its_recipients);
	TEST(no_name_leads_out_of_the_queue);
	TEST(a_held_entry_is_there_but_under_another_name);
	TEST(what_is_left_behind_is_cleaned_up);
	TEST(who_waits_for_another_does_not_touch_the_entry);
	TEST(many_make_a_queue_at_the_same_time);
	TEST(a_damaged_entry_is_seen);
	TEST(only_a_queue_of_our_version_is_opened);
	TEST(the_lock_is_for_one);
	TEST(pauses_grow_to_a_limit_with_some_chance);
	TEST(a_schedule_is_kept_or_counts_as_none);
	TEST(a_clock_that_jumps_expires_nothing);
	TEST(a_pipeline_is_told_how_to_reach_a_node);
	snprintf(command, sizeof(command), "rm -rf %s", path);
	return system(command) == 0 ? test_end() : 1;
}
