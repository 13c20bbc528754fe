#include <stdlib.h>

#include "visitors.h"

static void
test_a_flood_from_one_network_evicts_none_but_its_own(void)
{
	enum { FLOOD = 10000, NEWCOMERS = 5, VICTIMS = 1000 };
	static struct gate_guest flood[FLOOD], newcomers[NEWCOMERS];
	struct gate *gate = gate_new(FLOOD + NEWCOMERS, HARVEST);
	struct gate_guest *victim;
	uint32_t i;

	for (i = 0; i < FLOOD; i++)
		CHECK(enter_number(gate, &flood[i], 0xc6336400 + i % 256, 1));
	for (i = 0; i < NEWCOMERS; i++) {
		CHECK(enter_number(
		    gate, &newcomers[i], 0xc0000201 + (i << 8), 2));
		CHECK(!is_noisiest(gate, &newcomers[i]));
	}
	CHECK(is_noisiest(gate, &flood[0]));
	for (i = 0; i < VICTIMS && test_failures == 0; i++) {
		victim = gate_victim(gate);
		CHECK(victim >= flood && victim < flood + FLOOD);
		/* asking is not evicting */
		CHECK(gate_victim(gate) == victim);
		gate_leave(gate, victim);
	}
	gate_free(gate);
}

static void
test_two_noisy_networks_lose_in_turn(void)
{
	enum { EACH = 100 };
	struct gate_guest guests[2 * EACH];
	struct gate *gate = gate_new(2 * EACH, 0);
	int i, left[2] = {EACH, EACH};

	for (i = 0; i < 2 * EACH; i++)
		CHECK(enter(gate, &guests[i],
		    i % 2 == 0 ? "192.0.2.1" : "198.51.100.1", 1));
	for (i = 0; i < 2 * EACH; i++) {
		left[evict(gate, guests) % 2]--;
		CHECK(abs(left[0] - left[1]) <= 1);
	}
	CHECK(left[0] == 0 && left[1] == 0);
	CHECK(gate_victim(gate) == NULL);
	gate_free(gate);
}

static void
test_a_noisy_host_loses_before_its_neighbours(void)
{
	enum { NEIGHBOURS = 10, NOISY = 20 };
	struct gate_guest guests[NEIGHBOURS + NOISY];
	struct gate *gate = gate_new(nitems(guests), 0);
	uint32_t i;

	for (i = 0; i < NEIGHBOURS; i++)
		CHECK(enter_number(gate, &guests[i], 0xc0000201 + i, 1));
	for (; i < nitems(guests); i++)
		CHECK(enter(gate, &guests[i], "192.0.2.200", 1));
	for (i = 0; i + 1 < NOISY; i++)
		CHECK(evict(gate, guests) == (int)(NEIGHBOURS + i));
	/* all have one now */
	CHECK(evict(gate, guests) == 0);
	gate_free(gate);
}

static void
test_the_longest_idle_goes_first(void)
{
	struct gate_guest guests[5];
	struct gate *gate = gate_new(nitems(guests), 0);
	size_t i;

	for (i = 0; i < nitems(guests); i++)
		CHECK(enter(gate, &guests[i], "192.0.2.1", 1));
	gate_active(gate, &guests[0]);
	gate_active(gate, &guests[2]);
	gate_active(gate, &guests[2]);
	gate_leave(gate, &guests[3]);
	CHECK(evict(gate, guests) == 1);
	CHECK(evict(gate, guests) == 4);
	CHECK(evict(gate, guests) == 0);
	gate_active(gate, &guests[2]);
	CHECK(evict(gate, guests) == 2);
	CHECK(evict(gate, guests) == -1);
	gate_free(gate);
}

static void
test_among_equals_the_quietest_goes_first(void)
{
	struct gate_guest guests[4];
	struct gate *gate = gate_new(nitems(guests), 0);
	uint32_t i;

	for (i = 0; i < nitems(guests); i++)
		CHECK(enter_number(gate, &guests[i], 0xc0000201 + (i << 8), 1));
	/* the newcomer is no reason to send it away itself */
	CHECK(!is_noisiest(gate, &guests[3]));
	gate_active(gate, &guests[0]);
	CHECK(evict(gate, guests) == 1);
	CHECK(evict(gate, guests) == 2);
	CHECK(evict(gate, guests) == 3);
	CHECK(evict(gate, guests) == 0);
	gate_free(gate);
}

/* Whether `ours` guests of a network that delivered good messages, `hours` ago,
 * weigh more than `theirs` of an unknown one. */
static bool
is_heavier(unsigned good, int hours, size_t ours, size_t theirs)
{
	struct gate *gate = gate_new(200, 0);
	struct gate_guest guests[200];
	bool heavier;
	size_t i;

	CHECK(visit(gate, "192.0.2.1", good, 0, 1));
	for (i = 0; i < ours + theirs; i++)
		CHECK(enter(gate, &guests[i],
		    i < ours ? "192.0.2.2" : "198.51.100.1", 1 + hours * HOUR));
	heavier = is_noisiest(gate, &guests[0]);
	CHECK(is_noisiest(gate, &guests[ours]) == !heavier);
	gate_free(gate);
	return heavier;
}

static void
test_good_mail_makes_lighter(void)
{
	CHECK(is_heavier(0, 0, 11, 10) && !is_heavier(0, 0, 10, 11));
	CHECK(is_heavier(16, 0, 21, 10) && !is_heavier(16, 0, 19, 10));
	CHECK(is_heavier(48, 0, 41, 10) && !is_heavier(48, 0, 39, 10));
	CHECK(is_heavier(1000, 0, 41, 10) && !is_heavier(1000, 0, 39, 10));
	CHECK(is_heavier(32, 1, 21, 10) && !is_heavier(32, 1, 19, 10));
	CHECK(is_heavier(48, 6, 11, 10));
}

static void
test_a_host_with_good_mail_loses_after_its_neighbour(void)
{
	struct gate *gate = gate_new(10, 0);
	struct gate_guest guests[5];
	size_t i;

	for (i = 0; i < nitems(guests); i++)
		CHECK(enter(
		    gate, &guests[i], i < 3 ? "192.0.2.1" : "192.0.2.2", 1));
	/* while they are there */
	gate_note_good(gate, &guests[0], 16, 1);
	CHECK(evict(gate, guests) == 3);
	CHECK(evict(gate, guests) == 0);
	gate_free(gate);
}

static void
test_a_worker_counts_and_is_not_evicted(void)
{
	struct gate_guest guests[3], workers[3] = {{0}}, nobody = {0};
	struct gate *gate = gate_new(10, 0);
	size_t i;

	CHECK(enter(gate, &guests[0], "192.0.2.1", 1));
	CHECK(enter(gate, &guests[1], "192.0.2.2", 1));
	CHECK(enter(gate, &guests[2], "198.51.100.1", 1));
	CHECK(gate_workers(&guests[0]) == 0);
	gate_decide(gate, &guests[0], &workers[0]);
	gate_decide(gate, &guests[1], &workers[1]);
	CHECK(guests[0].host == NULL && gate_workers(&guests[0]) == 0);
	CHECK(gate_workers(&workers[0]) == 2 && gate_workers(&workers[1]) == 2);
	CHECK(gate_workers(&guests[2]) == 0);
	CHECK(evict(gate, guests) == 2 && evict(gate, guests) == -1);
	CHECK(!is_noisiest(gate, &workers[0]));
	/* no harm in any of these */
	gate_active(gate, &workers[0]);
	gate_leave(gate, &guests[0]);
	gate_active(gate, &nobody);
	gate_leave(gate, &nobody);
	gate_decide(gate, &nobody, &workers[2]);
	gate_note_good(gate, &nobody, 1, 1);
	gate_note_bad(gate, &nobody, 1, 1);
	CHECK(workers[2].host == NULL && gate_workers(&nobody) == 0);
	CHECK(!gate_is_known(&nobody, 1) && !is_noisiest(gate, &nobody));
	gate_leave(gate, &workers[1]);
	CHECK(gate_workers(&workers[0]) == 1);
	for (i = 0; i < nitems(workers); i++)
		gate_leave(gate, &workers[i]);
	CHECK(enter(gate, &guests[0], "192.0.2.1", 1));
	CHECK(gate_workers(&guests[0]) == 0);
	gate_free(gate);
}

static void
test_addresses_come_and_go_and_guests_stay(void)
{
	enum { PASSING = 100000, STAYING = 100 };
	struct gate_guest staying[STAYING], worker = {0}, passing = {0};
	struct gate_guest guest;
	struct gate *gate = gate_new(STAYING + 1, HARVEST);
	uint32_t i;

	for (i = 0; i < STAYING; i++) {
		CHECK(enter_number(gate, &staying[i], 0xc0000200 + i, 1));
		gate_note_good(gate, &staying[i], i, 1);
	}
	gate_decide(gate, &staying[99], &worker);
	CHECK(visit(gate, "203.0.113.1", 9, 0, 1));
	CHECK(visit(gate, "203.0.113.2", 9, 0, 1));
	for (i = 0; i < PASSING && test_failures == 0; i++) {
		/* the same bits for the host and the network */
		CHECK(enter_number(gate, &guest, 0x0a000000 + (i << 8), 2));
		CHECK(!gate_is_known(&guest, 2));
		gate_decide(gate, &guest, &passing);
		CHECK(gate_workers(&passing) == 1);
		gate_leave(gate, &passing);
		if (i % 1000 == 0)
			CHECK(is_known(gate, "203.0.113.2", 2));
	}
	CHECK(!is_known(gate, "203.0.113.1", 2));
	CHECK(gate_workers(&staying[0]) == 1 && gate_workers(&worker) == 1);
	CHECK(gate_is_known(&worker, 2) && !gate_is_known(&staying[0], 2));
	for (i = 1; i < STAYING - 1; i++)
		CHECK(gate_is_known(&staying[i], 2));
	gate_free(gate);
}

static void
test_a_crowd_larger_than_the_table_has_to_wait(void)
{
	enum { CROWD = REMEMBERED / 2 };
	struct gate_guest *guests = calloc(CROWD, sizeof(*guests)), guest;
	struct gate *gate = gate_new(0, 0);
	uint32_t i;

	for (i = 0; i < CROWD; i++)
		CHECK(enter_number(gate, &guests[i], i << 8, 1));
	CHECK(!enter_number(gate, &guest, 0xc0000201, 1));
	CHECK(!enter_number(gate, &guest, 1, 1));
	CHECK(enter_number(gate, &guest, 0, 1));
	gate_leave(gate, &guest);
	gate_leave(gate, &guests[7]);
	/* one of its two places is used at a time */
	CHECK(enter_number(gate, &guest, 1, 1));
	CHECK(!enter_number(gate, &guests[7], 0xc0000201, 1));
	gate_leave(gate, &guest);
	/* what was not let in keeps nothing */
	CHECK(enter_number(gate, &guest, 0xc6336401, 1));
	gate_free(gate);
	free(guests);
}

static void
test_known_is_who_lately_did_more_good_than_bad(void)
{
	struct gate *gate = gate_new(10, 0);

	CHECK(!is_known(gate, "192.0.2.1", 1));
	CHECK(visit(gate, "192.0.2.1", 1, 0, HOUR / 2));
	CHECK(is_known(gate, "192.0.2.1", HOUR / 2 + HOUR - 1));
	CHECK(!is_known(gate, "192.0.2.1", HOUR / 2 + HOUR));
	CHECK(!is_known(gate, "192.0.2.2", HOUR / 2));
	CHECK(visit(gate, "192.0.2.3", 2, 1, HOUR));
	CHECK(is_known(gate, "192.0.2.3", HOUR));
	CHECK(visit(gate, "192.0.2.3", 0, 1, HOUR));
	CHECK(!is_known(gate, "192.0.2.3", HOUR));
	CHECK(visit(gate, "192.0.2.4", 40, 0, HOUR));
	CHECK(is_known(gate, "192.0.2.4", 6 * HOUR));
	CHECK(!is_known(gate, "192.0.2.4", 8 * HOUR));
	CHECK(visit(gate, "192.0.2.5", 4000000000U, 0, HOUR));
	CHECK(!is_known(gate, "192.0.2.5", 365 * DAY));
	gate_free(gate);
}

static void
test_ipv6_is_counted_by_64_and_48(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	struct gate_guest guests[4], worker = {0};

	CHECK(visit(gate, "2001:db8:1:2::1", 1, 0, 1));
	CHECK(is_known(gate, "2001:db8:1:2:ffff::9", 1));
	CHECK(!is_known(gate, "2001:db8:1:3::1", 1));
	CHECK(enter(gate, &guests[0], "2001:db8:1:2::1", 1));
	CHECK(enter(gate, &guests[1], "2001:db8:1:ffff::1", 1));
	CHECK(enter(gate, &guests[2], "2001:db8:2:2::1", 1));
	CHECK(enter(gate, &guests[3], "2001:db8:2:2::1", 1));
	gate_decide(gate, &guests[0], &worker);
	CHECK(gate_workers(&guests[1]) == 1 && gate_workers(&guests[2]) == 0);
	CHECK(evict(gate, guests) == 2);
	CHECK(visit(gate, "2001:db8:3:1::1", 0, HARVEST + 1, 1));
	CHECK(!visit(gate, "2001:db8:3:1::2", 0, 0, 1));
	CHECK(visit(gate, "2001:db8:3:2::1", 0, 0, 1));
	/* an address that is a prefix elsewhere is not the same */
	CHECK(visit(gate, "192.0.2.0", 1, 0, 1));
	CHECK(!is_known(gate, "c000:200::1", 1));
	CHECK(visit(gate, "192.0.0.0", 1, 0, 1));
	CHECK(!is_known(gate, "c000::1", 1));
	gate_free(gate);
}

static void
test_a_mapped_address_is_ipv4(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	struct buf text = BUF_INIT(1000);

	CHECK(visit(gate, "192.0.2.1", 1, 0, 1));
	CHECK(is_known(gate, "::ffff:192.0.2.1", 1));
	CHECK(!is_known(gate, "::ffff:192.0.2.2", 1));
	CHECK(!is_known(gate, "::192.0.2.1", 1));
	CHECK(visit(gate, "::ffff:192.0.2.2", 0, HARVEST + 1, 1));
	CHECK(!visit(gate, "192.0.2.2", 0, 0, 1));
	gate_summary(gate, &text);
	CHECK(strcmp(buf_str(&text), "refused=1 sources=1 worst=192.0.2.2:1") ==
	      0);
	buf_free(&text);
	gate_free(gate);
}

static void
test_other_peers_are_one_host_that_is_never_refused(void)
{
	struct gate *gate = gate_new(10, HARVEST);
	struct gate_guest guests[3], worker = {0};
	size_t i;

	CHECK(peer_of("").ss_family == AF_UNSPEC);
	CHECK(visit(gate, "", 0, 1000000, 1));
	CHECK(visit(gate, "", 0, 1000000, 1));
	CHECK(enter(gate, &guests[0], "0.0.0.0", 1));
	for (i = 1; i < nitems(guests); i++)
		CHECK(enter(gate, &guests[i], "", 1));
	CHECK(evict(gate, guests) == 1);
	gate_decide(gate, &guests[2], &worker);
	CHECK(gate_workers(&worker) == 1 && gate_workers(&guests[0]) == 0);
	gate_free(gate);
}

int
main(void)
{
	TEST(a_flood_from_one_network_evicts_none_but_its_own);
	TEST(two_noisy_networks_lose_in_turn);
	TEST(a_noisy_host_loses_before_its_neighbours);
	TEST(the_longest_idle_goes_first);
	TEST(among_equals_the_quietest_goes_first);
	TEST(good_mail_makes_lighter);
	TEST(a_host_with_good_mail_loses_after_its_neighbour);
	TEST(a_worker_counts_and_is_not_evicted);
	TEST(addresses_come_and_go_and_guests_stay);
	TEST(a_crowd_larger_than_the_table_has_to_wait);
	TEST(known_is_who_lately_did_more_good_than_bad);
	TEST(ipv6_is_counted_by_64_and_48);
	TEST(a_mapped_address_is_ipv4);
	TEST(other_peers_are_one_host_that_is_never_refused);
	return test_end();
}
