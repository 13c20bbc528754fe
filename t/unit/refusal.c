#include "visitors.h"

static void
test_a_harvester_is_refused_for_longer_each_time(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	int64_t now = 1, length = MINUTE;
	int i;

	CHECK(visit(gate, "192.0.2.1", 0, HARVEST, now));
	CHECK(visit(gate, "192.0.2.1", 0, 1, now));
	for (i = 0; i < 14; i++) {
		CHECK(!visit(gate, "192.0.2.1", 0, 0, now));
		CHECK(!visit(gate, "192.0.2.1", 0, 0, now + length - 1));
		/* the neighbours are innocent */
		CHECK(visit(gate, "192.0.2.2", 0, 0, now));
		now += length;
		CHECK(visit(gate, "192.0.2.1", 0, HARVEST + 1, now));
		length = length * 2 < DAY ? length * 2 : DAY;
	}
	/* a day after the last one it begins anew */
	now += DAY + DAY;
	CHECK(visit(gate, "192.0.2.1", 0, HARVEST + 1, now));
	CHECK(!visit(gate, "192.0.2.1", 0, 0, now + MINUTE - 1));
	CHECK(visit(gate, "192.0.2.1", 0, 0, now + MINUTE));
	gate_free(gate);
}

static void
test_a_refusal_begins_with_half_of_what_was_bad(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	struct gate_guest guest;

	CHECK(enter(gate, &guest, "192.0.2.1", 1));
	gate_note_bad(gate, &guest, 1000, 1);
	/* the same offence, and no second refusal */
	gate_note_bad(gate, &guest, 1000, 1);
	CHECK(!visit(gate, "192.0.2.1", 0, 0, MINUTE));
	CHECK(visit(gate, "192.0.2.1", 0, HARVEST / 2, 1 + MINUTE));
	CHECK(visit(gate, "192.0.2.1", 0, 1, 1 + MINUTE));
	CHECK(!visit(gate, "192.0.2.1", 0, 0, 3 * MINUTE));
	CHECK(visit(gate, "192.0.2.1", 0, 0, 1 + 3 * MINUTE));
	gate_free(gate);
}

static void
test_a_slow_guesser_and_a_list_with_dead_addresses_are_not_refused(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	int64_t now = 1;
	int i;

	for (i = 0; i < 100; i++, now += HOUR)
		CHECK(visit(gate, "192.0.2.1", 0, HARVEST / 2, now));
	CHECK(visit(gate, "198.51.100.1", 5, HARVEST + 50, now));
	CHECK(visit(gate, "198.51.100.1", 0, 0, now));
	CHECK(visit(gate, "198.51.100.1", 0, 1, now));
	CHECK(!visit(gate, "198.51.100.1", 0, 0, now));
	gate_free(gate);
}

static void
test_nobody_is_refused_without_a_limit(void)
{
	struct gate *gate = gate_new(10, 0);

	CHECK(visit(gate, "192.0.2.1", 0, 1000000, 1));
	CHECK(visit(gate, "192.0.2.1", 0, 4294967295U, 1));
	CHECK(visit(gate, "192.0.2.1", 4294967295U, 0, 1));
	CHECK(visit(gate, "192.0.2.1", 1, 0, 1));
	CHECK(!is_known(gate, "192.0.2.1", 1));
	gate_free(gate);
}

static void
test_a_network_of_harvesters_is_refused(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	char host[40];
	int i;

	for (i = 1; i <= 8; i++) {
		snprintf(host, sizeof(host), "192.0.2.%d", i);
		CHECK(visit(gate, host, 0, HARVEST, 1));
	}
	CHECK(visit(gate, "192.0.2.9", 0, 1, 1));
	CHECK(!visit(gate, "192.0.2.10", 0, 0, 1));
	CHECK(!visit(gate, "192.0.2.1", 0, 0, 1));
	CHECK(visit(gate, "192.0.3.10", 0, 0, 1));
	CHECK(visit(gate, "192.0.2.10", 0, 0, 1 + MINUTE));
	gate_free(gate);
}

static void
test_a_refusal_is_remembered_while_others_pass(void)
{
	enum { PASSING = 30000 };
	struct gate *gate = gate_new(10, HARVEST);
	struct gate_guest guest;
	uint32_t i;

	CHECK(visit(gate, "192.0.2.1", 0, HARVEST + 1, 1));
	for (i = 0; i < PASSING; i++) {
		CHECK(enter_number(gate, &guest, 0x0a000000 + (i << 8), 2));
		gate_leave(gate, &guest);
	}
	CHECK(!visit(gate, "192.0.2.1", 0, 0, 2));
	gate_free(gate);
}

static void
test_those_who_are_refused_cannot_fill_the_table(void)
{
	enum { HARVESTERS = 3 * REMEMBERED };
	struct gate *gate = gate_new(10, HARVEST);
	struct gate_guest guest;
	uint32_t i;

	for (i = 0; i < HARVESTERS; i++) {
		CHECK(enter_number(gate, &guest, 0x0a000000 + (i << 8), 1));
		gate_note_bad(gate, &guest, 8 * HARVEST + 1, 1);
		gate_leave(gate, &guest);
	}
	/* the last ones are refused still */
	for (i = HARVESTERS - 1000; i < HARVESTERS; i++)
		CHECK(!enter_number(gate, &guest, 0x0a000000 + (i << 8), 1));
	CHECK(visit(gate, "192.0.2.1", 1, 0, 1));
	CHECK(is_known(gate, "192.0.2.1", 1));
	gate_free(gate);
}

/* Has it refused that often. */
static void
harvest(struct gate *gate, const char *text, unsigned bad, int times)
{
	CHECK(visit(gate, text, 0, bad, 1));
	while (times-- > 0)
		CHECK(!visit(gate, text, 0, 0, 1));
}

static void
test_the_summary_names_the_worst(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	struct buf text = BUF_INIT(1000);
	char host[40];
	int i;

	gate_summary(gate, &text);
	CHECK(text.len == 0);
	harvest(gate, "192.0.2.7", HARVEST + 1, 2);
	harvest(gate, "2001:db8::1", HARVEST + 1, 30);
	harvest(gate, "198.51.100.1", 8 * HARVEST + 1, 0);
	for (i = 1; i < 30; i++) {
		snprintf(host, sizeof(host), "198.51.100.%d", i);
		CHECK(!visit(gate, host, 0, 0, 1));
	}
	harvest(gate, "2001:db8:1::1", 8 * HARVEST + 1, 4);
	gate_summary(gate, &text);
	CHECK(strcmp(buf_str(&text),
		  "refused=65 sources=4 worst=2001:db8::/64:30,"
		  "198.51.100.0/24:29,2001:db8:1::/48:4,192.0.2.7:2") == 0);
	buf_reset(&text);
	gate_summary(gate, &text);
	CHECK(text.len == 0);
	for (i = 1; i <= 12; i++) {
		snprintf(host, sizeof(host), "10.0.%d.1", i);
		harvest(gate, host, HARVEST + 1, i * 7 % 13);
	}
	gate_summary(gate, &text);
	CHECK(strcmp(buf_str(&text),
		  "refused=78 sources=12 worst=10.0.11.1:12,10.0.9.1:11,"
		  "10.0.7.1:10,10.0.5.1:9,10.0.3.1:8,10.0.1.1:7,10.0.12.1:6,"
		  "10.0.10.1:5") == 0);
	buf_free(&text);
	gate_free(gate);
}

int
main(void)
{
	TEST(a_harvester_is_refused_for_longer_each_time);
	TEST(a_refusal_begins_with_half_of_what_was_bad);
	TEST(a_slow_guesser_and_a_list_with_dead_addresses_are_not_refused);
	TEST(nobody_is_refused_without_a_limit);
	TEST(a_network_of_harvesters_is_refused);
	TEST(a_refusal_is_remembered_while_others_pass);
	TEST(those_who_are_refused_cannot_fill_the_table);
	TEST(the_summary_names_the_worst);
	return test_end();
}
