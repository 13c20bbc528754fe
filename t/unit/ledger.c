#include "net/ledger.h"
#include "visitors.h"

static bool
prints(struct prefix prefix, const char *want)
{
	struct buf text = BUF_INIT(100);
	bool same;

	prefix_print(prefix, &text);
	same = strcmp(buf_str(&text), want) == 0;
	buf_free(&text);
	return same;
}

static void
test_a_prefix_is_printed_as_a_host_or_a_network(void)
{
	static const struct {
		const char *peer, *host, *network;
	} cases[] = {{"192.0.2.7", "192.0.2.7", "192.0.2.0/24"},
	    {"255.255.255.255", "255.255.255.255", "255.255.255.0/24"},
	    {"::ffff:192.0.2.7", "192.0.2.7", "192.0.2.0/24"},
	    {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"},
	    {"::1", "::/64", "::/48"}};
	struct sockaddr_storage peer;
	struct prefix prefix;
	size_t i;

	for (i = 0; i < nitems(cases); i++) {
		peer = peer_of(cases[i].peer);
		prefix = prefix_of_peer(&peer);
		CHECK(prints(prefix, cases[i].host));
		CHECK(prints(prefix_of_network(prefix), cases[i].network));
	}
}

static void
test_accounts_that_collide_are_told_apart_and_forgotten_by_age(void)
{
	enum { SIZE = 4 };
	static const struct prefix prefixes[] = {{0, PREFIX_FOUR_HOST},
	    {0, PREFIX_FOUR_NETWORK}, {0, PREFIX_SIX_HOST},
	    {0, PREFIX_SIX_NETWORK}, {1, PREFIX_SIX_HOST}};
	struct account *accounts[SIZE];
	struct ledger ledger;
	size_t i, j;

	ledger_init(&ledger, SIZE);
	ledger.secret[1] = 0; /* all in one bucket */
	for (i = 0; i < SIZE; i++) {
		accounts[i] = ledger_take(&ledger, prefixes[i], 1);
		for (j = 0; j < i; j++)
			CHECK(accounts[j] != accounts[i]);
	}
	for (i = 0; i < SIZE; i++)
		CHECK(ledger_find(&ledger, prefixes[i]) == accounts[i]);
	CHECK(ledger_find(&ledger, prefixes[SIZE]) == NULL);
	CHECK(ledger_take(&ledger, prefixes[SIZE], 1) == NULL);
	ledger_put_back(&ledger, accounts[2]);
	ledger_put_back(&ledger, accounts[0]);
	ledger_put_back(&ledger, accounts[1]);
	CHECK(ledger_take(&ledger, prefixes[2], 1) == accounts[2]);
	CHECK(ledger_take(&ledger, prefixes[SIZE], 1) == accounts[0]);
	CHECK(ledger_find(&ledger, prefixes[0]) == NULL);
	for (i = 1; i < SIZE; i++)
		CHECK(ledger_find(&ledger, prefixes[i]) == accounts[i]);
	ledger_free(&ledger);
}

int
main(void)
{
	TEST(a_prefix_is_printed_as_a_host_or_a_network);
	TEST(accounts_that_collide_are_told_apart_and_forgotten_by_age);
	return test_end();
}
