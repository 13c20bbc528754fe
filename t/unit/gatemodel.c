/*
 * What gate.c says after each of many random calls, against a model that counts
 * everything anew by looking at everybody.
 */
#include "visitors.h"

#define CALLS 50000
#define SEATS 60

struct source {
	unsigned good, bad;
	int64_t since, until, refusal;
	uint64_t weight, stamp;
	unsigned refused;
};

/* A host, and after it its network; two of the same network share a number. */
static const struct {
	const char *text;
	int network;
} places[] = {{"192.0.2.1", 0}, {"192.0.2.2", 0}, {"192.0.2.255", 0},
    {"192.0.3.1", 1}, {"::ffff:192.0.3.2", 1}, {"2001:db8:1:1::1", 2},
    {"2001:db8:1:2::1", 2}, {"2001:db8:1:ff00::1", 2}, {"2001:db8:2::1", 3},
    {"10.0.0.1", 4}, {"", 5}};

#define HOSTS nitems(places)
#define NETWORKS 6

static struct source hosts[HOSTS], networks[NETWORKS];
static struct seat {
	enum { FREE, UNDECIDED, WORKER } state;
	size_t host;
	uint64_t active;
	struct gate_guest guest; /* wherever it is accounted for */
} seats[SEATS];
static uint64_t turns;
static int64_t told; /* the time, to the gate */

static unsigned
below(unsigned limit)
{
	static uint64_t state = 7;

	state = state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(state >> 33) % limit;
}

static int
network_of(const struct seat *seat)
{
	return places[seat->host].network;
}

static unsigned
count_host(size_t host)
{
	unsigned i, count = 0;

	for (i = 0; i < SEATS; i++)
		if (seats[i].state == UNDECIDED && seats[i].host == host)
			count++;
	return count;
}

static unsigned
count_network(int network, int state)
{
	unsigned i, count = 0;

	for (i = 0; i < SEATS; i++)
		if ((int)seats[i].state == state &&
		    network_of(&seats[i]) == network)
			count++;
	return count;
}

static void
grow_old(struct source *source, int64_t now)
{
	while (now - source->since >= HOUR && source->good + source->bad > 0) {
		source->good /= 2;
		source->bad /= 2;
		source->since += HOUR;
	}
	if (source->good + source->bad == 0)
		source->since = now;
}

static void
weigh_one(struct source *source, unsigned undecided, int64_t now)
{
	grow_old(source, now);
	source->weight =
	    undecided * 1024U / (16 + (source->good < 48 ? source->good : 48));
}

static void
weigh(const struct seat *seat, bool active)
{
	struct source *host = &hosts[seat->host];
	struct source *network = &networks[network_of(seat)];

	if (active)
		host->stamp = network->stamp = ++turns;
	weigh_one(host, count_host(seat->host), told);
	weigh_one(network, count_network(network_of(seat), UNDECIDED), told);
}

static bool
is_before(const struct source *a, const struct source *b)
{
	return b == NULL || a->weight > b->weight ||
	       (a->weight == b->weight && a->stamp < b->stamp);
}

static int
noisiest_network(void)
{
	int i, noisiest = -1;

	for (i = 0; i < NETWORKS; i++)
		if (count_network(i, UNDECIDED) > 0 &&
		    is_before(&networks[i],
			noisiest < 0 ? NULL : &networks[noisiest]))
			noisiest = i;
	return noisiest;
}

static struct seat *
next_victim(void)
{
	struct seat *seat, *victim = NULL;
	struct source *noisiest = NULL;
	int network = noisiest_network();
	size_t i;

	for (i = 0; i < HOSTS; i++)
		if (places[i].network == network && count_host(i) > 0 &&
		    is_before(&hosts[i], noisiest))
			noisiest = &hosts[i];
	for (seat = seats; seat < seats + SEATS; seat++)
		if (seat->state == UNDECIDED &&
		    &hosts[seat->host] == noisiest &&
		    (victim == NULL || seat->active < victim->active))
			victim = seat;
	return victim;
}

static void
add_bad(struct source *source, unsigned recipients, unsigned limit, int64_t now)
{
	grow_old(source, now);
	if (now < source->until)
		return;
	source->bad += recipients;
	if (source->bad <= limit + 10 * source->good)
		return;
	source->bad = limit / 2;
	if (now - source->until >= DAY)
		source->refusal = 0;
	source->refusal = source->refusal == 0 ? MINUTE : 2 * source->refusal;
	if (source->refusal > DAY)
		source->refusal = DAY;
	source->until = now + source->refusal;
}

static void
come(struct gate *gate, struct seat *seat, int64_t now)
{
	struct source *by = NULL;
	bool in;

	told = now;
	seat->host = below(HOSTS);
	if (now < networks[network_of(seat)].until)
		by = &networks[network_of(seat)];
	else if (now < hosts[seat->host].until)
		by = &hosts[seat->host];
	in = enter(gate, &seat->guest, places[seat->host].text, now);
	CHECK(in == (by == NULL));
	if (by != NULL)
		by->refused++;
	if (!in)
		return;
	seat->state = UNDECIDED;
	weigh(seat, true);
	seat->active = turns;
}

static void
note(struct gate *gate, struct seat *seat, int64_t now)
{
	struct source *host = &hosts[seat->host];
	struct source *network = &networks[network_of(seat)];
	unsigned n = below(4) == 0 ? below(30) : below(4);
	bool other = places[seat->host].text[0] == '\0';

	told = now;
	grow_old(host, now);
	grow_old(network, now);
	/* every other host is mostly good */
	if (below(10) < (seat->host % 2 == 0 ? 6 : 1)) {
		gate_note_good(gate, &seat->guest, n, now);
		host->good += n;
		network->good += n;
		weigh(seat, false);
	} else {
		gate_note_bad(gate, &seat->guest, n, now);
		add_bad(host, n, other ? 1U << 30 : HARVEST, now);
		add_bad(network, n, other ? 1U << 30 : 8 * HARVEST, now);
	}
	grow_old(host, now);
	CHECK(gate_is_known(&seat->guest, now) == (host->good > host->bad));
}

static void
go(struct gate *gate, struct seat *seat)
{
	gate_leave(gate, &seat->guest);
	CHECK(seat->guest.host == NULL);
	seat->state = FREE;
	weigh(seat, false);
}

static void
work(struct gate *gate, struct seat *seat)
{
	struct gate_guest worker = {0};

	gate_decide(gate, &seat->guest, &worker);
	CHECK(seat->guest.host == NULL);
	seat->guest = worker;
	seat->state = WORKER;
	weigh(seat, false);
}

static void
act(struct gate *gate, struct seat *seat, int64_t now)
{
	unsigned what = below(10);

	if (seat->state == FREE)
		come(gate, seat, now);
	else if (what < 3)
		note(gate, seat, now);
	else if (what == 3)
		go(gate, seat);
	else if (seat->state == WORKER)
		return;
	else if (what == 4)
		work(gate, seat);
	else if (what < 8) {
		gate_active(gate, &seat->guest);
		weigh(seat, true);
		seat->active = turns;
	} else
		go(gate, next_victim());
}

static void
compare(struct gate *gate)
{
	const struct seat *victim = next_victim();
	int noisiest = noisiest_network();
	struct gate_guest *guest = gate_victim(gate);
	size_t i;

	CHECK(guest == (victim != NULL ? &victim->guest : NULL));
	for (i = 0; i < SEATS; i++) {
		if (seats[i].state == FREE)
			continue;
		CHECK(gate_workers(&seats[i].guest) ==
		      count_network(network_of(&seats[i]), WORKER));
		CHECK(is_noisiest(gate, &seats[i].guest) ==
		      (network_of(&seats[i]) == noisiest));
	}
}

static void
compare_summary(struct gate *gate)
{
	struct source *source;
	struct buf text = BUF_INIT(1000);
	unsigned refused = 0, count = 0;
	char want[80] = "";

	for (source = hosts; source < hosts + HOSTS; source++) {
		refused += source->refused;
		count += source->refused > 0;
		source->refused = 0;
	}
	for (source = networks; source < networks + NETWORKS; source++) {
		refused += source->refused;
		count += source->refused > 0;
		source->refused = 0;
	}
	if (refused > 0)
		snprintf(want, sizeof(want),
		    "refused=%u sources=%u worst=", refused, count);
	gate_summary(gate, &text);
	CHECK(strncmp(buf_str(&text), want, strlen(want)) == 0);
	CHECK(refused > 0 || text.len == 0);
	buf_free(&text);
}

static void
test_whatever_happens_it_agrees_with_a_naive_model(void)
{
	struct gate *gate = gate_new(SEATS, HARVEST);
	int64_t now = 1;
	int i;

	for (i = 0; i < CALLS && test_failures == 0; i++) {
		if (below(4) == 0)
			now += below(2000);
		if (below(3000) == 0)
			now += below(2 * HOUR);
		if (below(20000) == 0)
			now += below(2 * DAY);
		act(gate, &seats[below(SEATS)], now);
		compare(gate);
		if (below(500) == 0)
			compare_summary(gate);
	}
	gate_free(gate);
}

int
main(void)
{
	TEST(whatever_happens_it_agrees_with_a_naive_model);
	return test_end();
}
