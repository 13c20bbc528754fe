/* buf, map, scan, hex, io, conf, proc: the modules below all others. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/io.h"
#include "base/map.h"
#include "base/proc.h"
#include "base/scan.h"
#include "test.h"

static void
test_buf_stops_at_its_maximum(void)
{
	struct buf buf = BUF_INIT(10);

	CHECK(strcmp(buf_str(&buf), "") == 0);
	CHECK(buf_adds(&buf, "12345"));
	CHECK(buf_addf(&buf, "%d", 67890));
	CHECK(!buf.full && buf.len == 10);
	CHECK(!buf_adds(&buf, "x") && buf.full && buf.len == 10);
	CHECK(strcmp(buf_str(&buf), "1234567890") == 0);
	buf_cut(&buf, 4);
	CHECK(strcmp(buf_str(&buf), "567890") == 0);
	buf_reset(&buf);
	CHECK(!buf.full && buf.len == 0);
	CHECK(!buf_addf(&buf, "%s", "12345678901"));
	CHECK(buf.len == 0);
	buf_free(&buf);
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static void
test_map_keeps_a_number_for_each_of_many_names(void)
{
	struct arena arena = {0};
	struct map map = {0};
	char key[20];
	int i;

	CHECK(map_get(&map, span_of("a")) == 0);
	for (i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "key %d", i % 1000);
		*map_at(&map, &arena, arena_copy(&arena, span_of(key))) += 1;
	}
	CHECK(map.count == 1000);
	CHECK(map_get(&map, span_of("key 0")) == 2);
	CHECK(map_get(&map, span_of("key 999")) == 2);
	CHECK(map_get(&map, span_of("key 1000")) == 0);
	*map_at(&map, &arena, (struct span){NULL, 0}) = 7;
	CHECK(map_get(&map, span_of("")) == 7);
	arena_free(&arena);
}

static void
test_map_finds_all_ends_of_a_text_in_one_walk(void)
{
	const struct span text = span_of("a.example.com");
	uint32_t hash = MAP_HASH_OF_NOTHING;
	struct arena arena = {0};
	struct map map = {0};
	char one = 1, none = 0;
	size_t i;

	CHECK(map_pointer(&map, span_of("com")) == NULL);
	CHECK(map_pointer_hashed(&map, span_of(""), hash) == NULL);
	*map_pointer_at(&map, &arena, span_of("example.com")) = &one;
	*map_pointer_at(&map, &arena, span_of("")) = &none;
	CHECK(map_pointer(&map, span_of("example.com")) == &one);
	CHECK(map_pointer(&map, span_of("com")) == NULL);
	CHECK(map_pointer_hashed(&map, span_of(""), hash) == &none);
	for (i = text.len; i > 2; i--)
		hash = map_hash_step(hash, text.p[i - 1]);
	CHECK(map_pointer_hashed(&map, span_from(text, 2), hash) == &one);
	arena_free(&arena);
}

static void
test_scan_keeps_its_first_error(void)
{
	struct scan scan;

	scan_init(&scan, span_of("ab:12,rest"));
	CHECK(span_eq(scan_until(&scan, ':'), span_of("ab")));
	CHECK(scan_while(&scan, is_digit).len == 2);
	CHECK(!scan_maybe(&scan, ';') && !scan.bad);
	scan_char(&scan, ';');
	CHECK(scan.bad && scan_peek(&scan) == -1);
	CHECK(!scan_maybe(&scan, ',') && scan_rest(&scan).len == 0);
	CHECK(!scan_ok(&scan));
}

static void
check_number(const char *text, uint64_t max, bool good, uint64_t want)
{
	struct scan scan;
	uint64_t n;

	scan_init(&scan, span_of(text));
	n = scan_number(&scan, max);
	CHECK(scan_ok(&scan) == good);
	if (good)
		CHECK(n == want);
}

static void
test_scan_reads_numbers_up_to_their_maximum(void)
{
	check_number("0", 5, true, 0);
	check_number("5", 5, true, 5);
	check_number("6", 5, false, 0);
	check_number("7", 0, false, 0);
	check_number("18446744073709551615", UINT64_MAX, true, UINT64_MAX);
	check_number("18446744073709551616", UINT64_MAX, false, 0);
	check_number("99999999999999999999999", UINT64_MAX, false, 0);
	check_number("01", 5, false, 0);
	check_number("00", 5, false, 0);
	check_number("", 5, false, 0);
	check_number("-1", 5, false, 0);
	check_number("+1", 5, false, 0);
	check_number(" 1", 5, false, 0);
	check_number("1x", 5, false, 0);
}

static void
test_hex_has_one_spelling(void)
{
	static const char *const bad[] = {"", "0", "00ff7", "00ff7A", "00ff7g",
	    "00ff 7", "00ff7a0", "\xb0\xb0\xb0"};
	unsigned char octets[3];
	char text[6];
	size_t i;

	CHECK(hex_put(text, "\x00\xff\x7a", 3) == 6);
	CHECK(memcmp(text, "00ff7a", 6) == 0);
	CHECK(hex_take((struct span){text, 6}, octets, 3));
	CHECK(memcmp(octets, "\x00\xff\x7a", 3) == 0);
	for (i = 0; i < nitems(bad); i++) {
		CHECK(!hex_is(span_of(bad[i]), 6));
		CHECK(!hex_take(span_of(bad[i]), octets, 3));
	}
}

static void
test_io_reads_lines_and_their_limits(void)
{
	struct span line;
	struct io_in in;
	int ends[2];

	CHECK(pipe(ends) == 0);
	CHECK(write(ends[1], "one\n\n12345\n123456\n", 18) == 18);
	close(ends[1]);
	io_in_init(&in, ends[0]);
	CHECK(io_in_line(&in, 5, &line) == 1 && span_eq(line, span_of("one")));
	CHECK(io_in_line(&in, 5, &line) == 1 && line.len == 0);
	CHECK(io_in_line(&in, 5, &line) == 1 && line.len == 5);
	CHECK(io_in_line(&in, 5, &line) == -1 && errno == EMSGSIZE);
	io_in_free(&in);
	close(ends[0]);
	CHECK(pipe(ends) == 0);
	CHECK(write(ends[1], "a\ncut", 5) == 5);
	close(ends[1]);
	io_in_init(&in, ends[0]);
	CHECK(io_in_line(&in, 9, &line) == 1);
	CHECK(io_in_line(&in, 9, &line) == -1 && errno == EPIPE);
	io_in_free(&in);
	close(ends[0]);
}

static void
test_io_holds_its_deadlines(void)
{
	char octets[1 << 17];
	struct io_in in;
	int ends[2];

	memset(octets, 'x', sizeof(octets));
	CHECK(pipe(ends) == 0);
	io_in_init(&in, ends[0]);
	in.deadline = clock_ms();
	CHECK(io_in_fill(&in, 1) == -1 && errno == ETIMEDOUT);
	CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
	CHECK(io_write(ends[1], octets, sizeof(octets), clock_ms()) == -1 &&
	      errno == ETIMEDOUT);
	io_in_free(&in);
	close(ends[0]);
	close(ends[1]);
}

static void
test_conf_reads_sizes_and_seconds(void)
{
	uint64_t n;

	CHECK(conf_parse_size("0", &n) == 0 && n == 0);
	CHECK(conf_parse_size("50M", &n) == 0 && n == 50 << 20);
	CHECK(conf_parse_size("1G", &n) == 0 && n == 1 << 30);
	CHECK(conf_parse_size("1T", &n) == -1);
	CHECK(conf_parse_size("", &n) == -1);
	CHECK(conf_parse_size("-1", &n) == -1);
	CHECK(conf_parse_size("99999999999999999999G", &n) == -1);
	CHECK(conf_parse_seconds("60", &n) == 0 && n == 60000);
	CHECK(conf_parse_seconds("0.5", &n) == 0 && n == 500);
	CHECK(conf_parse_seconds("1.234", &n) == 0 && n == 1234);
	CHECK(conf_parse_seconds("1.2345", &n) == -1);
	CHECK(conf_parse_seconds("1.", &n) == -1);
	CHECK(conf_parse_seconds(".5", &n) == -1);
}

static void
test_proc_takes_plain_lines_apart(void)
{
	struct proc_line line;

	CHECK(proc_line_parse(&line, "a -b c|  d e=f:/g,%m  ") == 0);
	CHECK(line.shell == NULL && line.stages == 2);
	CHECK(strcmp(line.stage[0][2], "c") == 0 && line.stage[0][3] == NULL);
	CHECK(strcmp(line.stage[1][0], "d") == 0);
	CHECK(strcmp(line.stage[1][1], "e=f:/g,%m") == 0);
	proc_line_free(&line);
	CHECK(proc_line_parse(&line, "a 'b c' | d") == 0);
	CHECK(line.shell != NULL && line.stages == 1);
	CHECK(strcmp(line.stage[0][2], "a 'b c' | d") == 0);
	proc_line_free(&line);
	CHECK(proc_line_parse(&line, "a $B") == 0 && line.shell != NULL);
	proc_line_free(&line);
}

static void
test_proc_refuses_lines_without_a_command(void)
{
	static const char *const bad[] = {
	    "", " ", "|", "a|", "|a", "a||b", "a | | b"};
	char many[1000] = "a";
	struct proc_line line;
	size_t i;

	for (i = 0; i < nitems(bad); i++) {
		CHECK(proc_line_parse(&line, bad[i]) == -1);
		proc_line_free(&line);
	}
	for (i = 0; i < PROC_STAGES_MAX; i++)
		strcat(many, "|a");
	CHECK(proc_line_parse(&line, many) == -1);
	proc_line_free(&line);
	strcpy(many, "a");
	for (i = 0; i < PROC_WORDS_MAX; i++)
		strcat(many, " a");
	CHECK(proc_line_parse(&line, many) == -1);
	proc_line_free(&line);
}

static void
test_proc_maps_every_status(void)
{
	int n, want, wait_status;

	for (n = 0; n < 256; n++) {
		wait_status = n << 8;
		want = n == 0 || n == 99 || n == 100 ? n : STATUS_DEFER;
		CHECK(proc_status(wait_status) == want);
		want = n == 0 ? 0
		       : n == 65 || n == 67 || n == 68 || n == 69
			   ? STATUS_REJECT
			   : STATUS_DEFER;
		CHECK(proc_status_sysexits(wait_status) == want);
	}
	CHECK(WIFSIGNALED(SIGKILL) && proc_status(SIGKILL) == STATUS_DEFER);
	CHECK(proc_status_sysexits(SIGSEGV) == STATUS_DEFER);
}

int
main(void)
{
	err_init("base");
	TEST(buf_stops_at_its_maximum);
	TEST(map_keeps_a_number_for_each_of_many_names);
	TEST(map_finds_all_ends_of_a_text_in_one_walk);
	TEST(scan_keeps_its_first_error);
	TEST(scan_reads_numbers_up_to_their_maximum);
	TEST(hex_has_one_spelling);
	TEST(io_reads_lines_and_their_limits);
	TEST(io_holds_its_deadlines);
	TEST(conf_reads_sizes_and_seconds);
	TEST(proc_takes_plain_lines_apart);
	TEST(proc_refuses_lines_without_a_command);
	TEST(proc_maps_every_status);
	return test_end();
}
