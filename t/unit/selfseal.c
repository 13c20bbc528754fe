/* selfseal: small texts that only we can read again; envelope: what is kept so
 * of a frame. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer/envelope.h"
#include "seal/selfseal.h"
#include "test.h"

static char dir[] = "/tmp/pimail-unit-XXXXXX";

static struct selfseal
secret_of(unsigned char octet)
{
	struct selfseal selfseal;

	memset(selfseal.secret, octet, sizeof(selfseal.secret));
	return selfseal;
}

static void
write_file(const char *text, size_t len, mode_t mode)
{
	int fd;

	unlink("self");
	fd = open("self", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(write(fd, text, len) == (ssize_t)len);
	CHECK(fchmod(fd, mode) == 0);
	close(fd);
}

static void
test_a_text_comes_back_and_is_not_to_be_seen(void)
{
	struct selfseal selfseal = secret_of(1);
	struct buf sealed = BUF_INIT(1000), text = BUF_INIT(1000);

	CHECK(selfseal_seal(&selfseal, span_of("alice@example.net"), &sealed));
	CHECK(sealed.len == (12 + 17 + 16 + 2) / 3 * 4);
	CHECK(strspn(buf_str(&sealed),
		  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijkl"
		  "mnopqrstuvwxyz0123456789+/=") == sealed.len);
	buf_adds(&text, "> ");
	CHECK(selfseal_open(&selfseal, buf_span(&sealed), &text) == 0);
	CHECK(strcmp(buf_str(&text), "> alice@example.net") == 0);
	buf_free(&sealed);
	buf_free(&text);
}

static void
test_each_length_comes_back(void)
{
	struct selfseal selfseal = secret_of(2);
	struct buf sealed = BUF_INIT(4000), text = BUF_INIT(2000);
	char octets[1000];
	size_t i;

	for (i = 0; i < sizeof(octets); i++)
		octets[i] = (char)(i * 7);
	for (i = 0; i <= sizeof(octets); i += i < 70 ? 1 : 93) {
		buf_reset(&sealed);
		buf_reset(&text);
		CHECK(selfseal_seal(
		    &selfseal, (struct span){octets, i}, &sealed));
		CHECK(selfseal_open(&selfseal, buf_span(&sealed), &text) == 0);
		CHECK(span_eq(buf_span(&text), (struct span){octets, i}));
	}
	buf_free(&sealed);
	buf_free(&text);
}

static void
test_the_same_text_never_looks_the_same(void)
{
	struct selfseal selfseal = secret_of(3);
	struct buf a = BUF_INIT(1000), b = BUF_INIT(1000);

	CHECK(selfseal_seal(&selfseal, span_of("text"), &a));
	CHECK(selfseal_seal(&selfseal, span_of("text"), &b));
	CHECK(a.len == b.len && memcmp(a.p, b.p, a.len) != 0);
	CHECK(memcmp(a.p, b.p, 16) != 0);
	buf_free(&a);
	buf_free(&b);
}

static void
test_what_was_changed_cut_or_sealed_by_another_is_refused(void)
{
	struct selfseal selfseal = secret_of(4), other = secret_of(5);
	struct buf sealed = BUF_INIT(1000), text = BUF_INIT(1000);
	size_t i;

	CHECK(selfseal_seal(&selfseal, span_of("a small secret"), &sealed));
	CHECK(selfseal_open(&other, buf_span(&sealed), &text) == -1);
	CHECK(errno == EBADMSG && text.len == 0);
	for (i = 0; i < sealed.len; i++) {
		errno = 0;
		CHECK(selfseal_open(
			  &selfseal, (struct span){sealed.p, i}, &text) == -1);
		CHECK(errno == EBADMSG);
		if (sealed.p[i] == '=')
			continue;
		sealed.p[i] ^= 2;
		CHECK(selfseal_open(&selfseal, buf_span(&sealed), &text) == -1);
		sealed.p[i] ^= 2;
	}
	CHECK(selfseal_open(&selfseal, span_of(""), &text) == -1);
	CHECK(selfseal_open(&selfseal, span_of("===="), &text) == -1);
	CHECK(selfseal_open(&selfseal, span_of("    "), &text) == -1);
	CHECK(text.len == 0);
	CHECK(selfseal_open(&selfseal, buf_span(&sealed), &text) == 0);
	buf_free(&sealed);
	buf_free(&text);
}

static void
test_a_buffer_that_is_too_small_gets_nothing(void)
{
	struct selfseal selfseal = secret_of(6);
	struct buf sealed = BUF_INIT(40), text = BUF_INIT(3);

	CHECK(!selfseal_seal(
	    &selfseal, span_of("twenty octets of it."), &sealed));
	CHECK(sealed.full && sealed.len == 0);
	buf_reset(&sealed);
	sealed.max = 100;
	CHECK(selfseal_seal(&selfseal, span_of("text"), &sealed));
	CHECK(selfseal_open(&selfseal, buf_span(&sealed), &text) == -1);
	CHECK(text.len == 0);
	buf_free(&sealed);
	buf_free(&text);
}

static void
test_a_secret_is_made_once_and_is_ours_alone(void)
{
	struct selfseal first, second;
	struct stat st;

	unlink("self");
	CHECK(selfseal_load(&first, dir, false) == -1 && errno == ENOENT);
	CHECK(selfseal_load(&first, dir, true) == 0);
	CHECK(stat("self", &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(st.st_size == SELFSEAL_SECRET && st.st_nlink == 1);
	CHECK(selfseal_load(&second, dir, true) == 0);
	CHECK(memcmp(first.secret, second.secret, SELFSEAL_SECRET) == 0);
	unlink("self");
	CHECK(selfseal_load(&second, dir, true) == 0);
	CHECK(memcmp(first.secret, second.secret, SELFSEAL_SECRET) != 0);
	selfseal_forget(&first);
	memset(second.secret, 0, SELFSEAL_SECRET);
	CHECK(memcmp(first.secret, second.secret, SELFSEAL_SECRET) == 0);
}

static void
test_many_who_make_it_at_once_have_the_same(void)
{
	struct selfseal selfseal;
	unsigned char seen[8][SELFSEAL_SECRET];
	int i, ends[2];

	unlink("self");
	CHECK(pipe(ends) == 0);
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			if (selfseal_load(&selfseal, dir, true) < 0 ||
			    write(ends[1], selfseal.secret, SELFSEAL_SECRET) <
				0)
				_exit(1);
			_exit(0);
		}
	close(ends[1]);
	for (i = 0; i < 8; i++)
		CHECK(
		    read(ends[0], seen[i], SELFSEAL_SECRET) == SELFSEAL_SECRET);
	for (i = 1; i < 8; i++)
		CHECK(memcmp(seen[i], seen[0], SELFSEAL_SECRET) == 0);
	close(ends[0]);
	while (wait(NULL) > 0)
		;
	CHECK(selfseal_load(&selfseal, dir, false) == 0);
	CHECK(memcmp(selfseal.secret, seen[0], SELFSEAL_SECRET) == 0);
	/* nothing of those who came too late */
	CHECK(unlink("self") == 0 && rmdir(dir) == 0 && mkdir(dir, 0700) == 0 &&
	      chdir(dir) == 0);
}

static void
test_a_file_that_is_none_or_open_to_others_is_refused(void)
{
	static const char octets[SELFSEAL_SECRET + 1] = "x";
	struct selfseal selfseal;

	write_file(octets, SELFSEAL_SECRET, 0640);
	CHECK(selfseal_load(&selfseal, dir, true) == -1 && errno == EPERM);
	write_file(octets, SELFSEAL_SECRET, 0604);
	CHECK(selfseal_load(&selfseal, dir, true) == -1 && errno == EPERM);
	write_file(octets, SELFSEAL_SECRET - 1, 0600);
	CHECK(selfseal_load(&selfseal, dir, true) == -1 && errno == EBADMSG);
	write_file(octets, SELFSEAL_SECRET + 1, 0600);
	CHECK(selfseal_load(&selfseal, dir, true) == -1 && errno == EBADMSG);
	write_file(octets, 0, 0600);
	CHECK(selfseal_load(&selfseal, dir, true) == -1 && errno == EBADMSG);
	write_file(octets, SELFSEAL_SECRET, 0400);
	CHECK(selfseal_load(&selfseal, dir, true) == 0);
	CHECK(rename("self", "other") == 0 && symlink("other", "self") == 0);
	CHECK(selfseal_load(&selfseal, dir, true) == -1 && errno == ELOOP);
	unlink("self");
	unlink("other");
	CHECK(mkfifo("self", 0600) == 0);
	CHECK(selfseal_load(&selfseal, dir, true) == -1 && errno == EPERM);
	unlink("self");
	CHECK(selfseal_load(&selfseal, "/nonexistent", true) == -1);
	CHECK(errno == ENOENT);
}

static void
add(struct frame *frame, const char *name, const char *value)
{
	CHECK(frame_add(frame, name, span_of(value)) == 0);
}

static void
test_an_envelope_is_kept_and_taken(void)
{
	struct selfseal selfseal = secret_of(7), other = secret_of(8);
	struct frame frame, kept, taken;

	frame_init(&frame);
	frame_init(&kept);
	frame_init(&taken);
	add(&frame, "id", "c1-1");
	add(&frame, "direction", "inbound");
	add(&frame, "client", "192.0.2.7 4711");
	add(&frame, "received-at", "1767607200");
	add(&frame, "sender", "alice@example.net");
	add(&frame, "recipient", "contact talktome@carol.example");
	add(&frame, "recipient", "bob bob@carol.example");
	add(&kept, "id", "c1-1");
	CHECK(!envelope_is_there(&kept));
	CHECK(envelope_keep(&selfseal, &frame, &kept) == 0);
	CHECK(envelope_is_there(&kept));
	CHECK(span_find(buf_span(&kept.fields), span_of("alice")) == NULL);
	CHECK(envelope_take(&selfseal, &kept, &taken) == 0);
	CHECK(strcmp(buf_str(&taken.fields),
		  "id: c1-1\nsender: alice@example.net\n"
		  "recipient: contact talktome@carol.example\n"
		  "recipient: bob bob@carol.example\n"
		  "received-at: 1767607200\n") == 0);
	CHECK(taken.recipients == 2);
	frame_reset(&taken);
	CHECK(envelope_take(&other, &kept, &taken) == -1 && errno == EBADMSG);
	CHECK(taken.fields.len == 0);
	/* moved to another frame it is worth nothing */
	frame_reset(&taken);
	frame_reset(&frame);
	add(&frame, "id", "c1-2");
	CHECK(frame_add(&frame, "envelope", frame_get(&kept, "envelope")) == 0);
	CHECK(envelope_take(&selfseal, &frame, &taken) == -1);
	CHECK(errno == EBADMSG);
	/* and there is none where there is none */
	frame_reset(&frame);
	add(&frame, "id", "c1-1");
	CHECK(envelope_take(&selfseal, &frame, &taken) == -1);
	CHECK(errno == EBADMSG);
	frame_free(&frame);
	frame_free(&kept);
	frame_free(&taken);
}

static void
test_a_thousand_recipients_fit_into_an_envelope(void)
{
	struct selfseal selfseal = secret_of(9);
	struct frame frame, kept, taken;
	char value[400], local[65];
	struct span line, rest;
	int i;

	memset(local, 'x', 64);
	local[64] = '\0';
	frame_init(&frame);
	frame_init(&kept);
	frame_init(&taken);
	add(&frame, "id", "c1-1");
	add(&frame, "sender", "");
	for (i = 0; i < FRAME_RECIPIENTS_MAX; i++) {
		snprintf(value, sizeof(value), "box%d %s@%.180d.example", i,
		    local, i);
		add(&frame, "recipient", value);
	}
	add(&kept, "id", "c1-1");
	CHECK(envelope_keep(&selfseal, &frame, &kept) == 0);
	for (rest = buf_span(&kept.fields); rest.len > 0;) {
		line = span_line(&rest);
		CHECK(line.len <= FRAME_LINE_MAX + 1);
	}
	CHECK(envelope_take(&selfseal, &kept, &taken) == 0);
	CHECK(span_eq(buf_span(&taken.fields), buf_span(&frame.fields)));
	frame_free(&frame);
	frame_free(&kept);
	frame_free(&taken);
}

static void
test_an_envelope_that_cannot_fit_is_an_error(void)
{
	struct selfseal selfseal = secret_of(9);
	struct frame frame, kept;
	char value[900];
	int i;

	frame_init(&frame);
	frame_init(&kept);
	add(&frame, "id", "c1-1");
	memset(value, 'x', sizeof(value));
	memcpy(value, "a b@", 4);
	value[sizeof(value) - 1] = '\0';
	for (i = 0; i < 500; i++)
		add(&frame, "recipient", value);
	CHECK(envelope_keep(&selfseal, &frame, &kept) == -1);
	CHECK(errno == EMSGSIZE);
	frame_free(&frame);
	frame_free(&kept);
}

int
main(void)
{
	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return EXIT_FAILURE;
	TEST(a_text_comes_back_and_is_not_to_be_seen);
	TEST(each_length_comes_back);
	TEST(the_same_text_never_looks_the_same);
	TEST(what_was_changed_cut_or_sealed_by_another_is_refused);
	TEST(a_buffer_that_is_too_small_gets_nothing);
	TEST(a_secret_is_made_once_and_is_ours_alone);
	TEST(many_who_make_it_at_once_have_the_same);
	TEST(a_file_that_is_none_or_open_to_others_is_refused);
	TEST(an_envelope_is_kept_and_taken);
	TEST(a_thousand_recipients_fit_into_an_envelope);
	TEST(an_envelope_that_cannot_fit_is_an_error);
	rmdir(dir);
	return test_end();
}
