/* veil: what is too long for memory is in the clear nowhere but in memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include "mail/message.h"
#include "seal/veil.h"
#include "test.h"

#define SIZE ((2 << 20) + 77)
#define PLAIN "The quick brown fox. "

static char plain[SIZE], back[SIZE];

static void
make_plain(void)
{
	size_t i;

	for (i = 0; i < SIZE; i++)
		plain[i] = PLAIN[i % (sizeof(PLAIN) - 1)];
}

/* Adds the text in pieces of an odd size. */
static void
fill(struct message *message, size_t piece)
{
	size_t at, n;

	message_init(message);
	for (at = 0; at < SIZE; at += n) {
		n = piece < SIZE - at ? piece : SIZE - at;
		CHECK(message_add(message, plain + at, n) == 0);
	}
	CHECK(message->file >= 0 && message->length == SIZE);
}

/* What really is in that file. */
static void
read_disk(int file, char octets[SIZE])
{
	char path[64];
	size_t at = 0;
	ssize_t n = 1;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = open(path, O_RDONLY);
	CHECK(fd >= 0);
	for (; at < SIZE && n > 0; at += n > 0 ? (size_t)n : 0)
		n = read(fd, octets + at, SIZE - at);
	CHECK(at == SIZE && read(fd, path, 1) == 0);
	close(fd);
}

static void
test_reads_back_what_was_added_at_any_offset(void)
{
	static const size_t pieces[] = {1021, 32768, 65537, SIZE};
	struct message message;
	size_t i, at, len;
	ssize_t n;

	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		fill(&message, pieces[i]);
		for (at = 0; at < SIZE; at += (size_t)n) {
			n = message_read(&message, at, back + at, pieces[i]);
			if (n <= 0)
				break;
		}
		CHECK(at == SIZE && memcmp(plain, back, SIZE) == 0);
		/* about the ends of blocks, and in the last octets */
		for (at = 0; at < 200; at++)
			for (len = 1; len < 140; len += 23) {
				CHECK(message_read(&message, at, back, len) ==
				      (ssize_t)len);
				CHECK(memcmp(back, plain + at, len) == 0);
			}
		CHECK(message_read(&message, SIZE - 5, back, 100) == 5);
		CHECK(memcmp(back, plain + SIZE - 5, 5) == 0);
		CHECK(message_read(&message, SIZE, back, 100) == 0);
		message_free(&message);
	}
}

static void
test_leaves_the_callers_octets_as_they_are(void)
{
	struct message message;
	char copy[100000];

	message_init(&message);
	message.memory_max = 10;
	memcpy(copy, plain, sizeof(copy));
	CHECK(message_add(&message, copy, sizeof(copy)) == 0);
	CHECK(message.file >= 0 && memcmp(copy, plain, sizeof(copy)) == 0);
	message_free(&message);
}

static void
test_puts_nothing_on_disk_that_can_be_read(void)
{
	struct message message;
	size_t i, counts[256] = {0}, same = 0;

	fill(&message, 4096);
	read_disk(message.file, back);
	CHECK(memmem(back, SIZE, "quick brown", 11) == NULL);
	for (i = 0; i < SIZE; i++)
		counts[(unsigned char)back[i]]++;
	/* all octets are as frequent, within 1 in 10 (9 sigma) */
	for (i = 0; i < 256; i++)
		CHECK(counts[i] > SIZE / 256 * 9 / 10 &&
		      counts[i] < SIZE / 256 * 11 / 10);
	/* and its key stream does not come again: the text has period 21 */
	for (i = 0; i + 64 * 21 < SIZE; i += 64)
		same += memcmp(back + i, back + i + 64 * 21, 64) == 0;
	CHECK(same == 0);
	message_free(&message);
}

static void
test_hides_equal_messages_differently(void)
{
	static char other[SIZE];
	struct message a, b;
	size_t i, same = 0;

	fill(&a, 4096);
	fill(&b, 4096);
	read_disk(a.file, back);
	read_disk(b.file, other);
	for (i = 0; i < SIZE; i++)
		same += back[i] == other[i];
	CHECK(same < SIZE / 256 * 11 / 10);
	/* nor is the one's the other's at another offset */
	CHECK(memmem(other, SIZE, back, 64) == NULL);
	CHECK(memmem(other, SIZE, back + 64 * 1000, 64) == NULL);
	message_free(&a);
	message_free(&b);
}

/* Workers of smtp-accept are forked with the key. */
static void
test_hides_differently_after_a_fork(void)
{
	struct message message;
	char octets[64];
	int ends[2], status = -1;
	pid_t pid;

	CHECK(pipe(ends) == 0);
	pid = fork();
	fill(&message, 4096);
	read_disk(message.file, back);
	if (pid == 0)
		_exit(write(ends[1], back, sizeof(octets)) != sizeof(octets));
	CHECK(read(ends[0], octets, sizeof(octets)) == sizeof(octets));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(memcmp(octets, back, sizeof(octets)) != 0);
	message_free(&message);
	close(ends[0]);
	close(ends[1]);
}

static void
test_uses_a_new_nonce_when_a_message_is_used_again(void)
{
	static char other[SIZE];
	struct message message;

	fill(&message, 4096);
	read_disk(message.file, back);
	message_reset(&message);
	fill(&message, 4096);
	read_disk(message.file, other);
	CHECK(memcmp(back, other, 64) != 0);
	message_free(&message);
}

static void
test_writes_in_the_clear_what_is_asked_for(void)
{
	struct message message;
	int fd = memfd_create("test", MFD_CLOEXEC);

	fill(&message, 4096);
	CHECK(message_prepend(&message, span_of("X: y\n")) == 0);
	CHECK(message_write(&message, fd, INT64_MAX) == 0);
	CHECK(pread(fd, back, 5, 0) == 5 && memcmp(back, "X: y\n", 5) == 0);
	CHECK(pread(fd, back, SIZE, 5) == SIZE);
	CHECK(memcmp(back, plain, SIZE) == 0);
	close(fd);
	message_free(&message);
}

static void
test_shares_only_what_fits_into_memory(void)
{
	struct message message;
	struct statfs status;
	int fd;

	fill(&message, 4096);
	fd = message_share(&message, span_of("head\n"));
	CHECK(fd >= 0 && fstatfs(fd, &status) == 0);
	CHECK(status.f_type == TMPFS_MAGIC);
	CHECK(write(fd, "x", 1) == -1 && errno == EPERM);
	CHECK(pread(fd, back, SIZE, 5) == SIZE);
	CHECK(memcmp(back, plain, SIZE) == 0);
	close(fd);
	while (message.length + SIZE <= MESSAGE_VEILED_MAX)
		CHECK(message_add(&message, plain, SIZE) == 0);
	fd = message_share(&message, span_of(""));
	CHECK(fd >= 0);
	close(fd);
	CHECK(message_add(&message, plain, SIZE) == 0);
	CHECK(message_share(&message, span_of("")) == -1 && errno == EFBIG);
	message_free(&message);
}

int
main(void)
{
	make_plain();
	veil_use();
	TEST(reads_back_what_was_added_at_any_offset);
	TEST(leaves_the_callers_octets_as_they_are);
	TEST(puts_nothing_on_disk_that_can_be_read);
	TEST(hides_equal_messages_differently);
	TEST(hides_differently_after_a_fork);
	TEST(uses_a_new_nonce_when_a_message_is_used_again);
	TEST(writes_in_the_clear_what_is_asked_for);
	TEST(shares_only_what_fits_into_memory);
	return test_end();
}
