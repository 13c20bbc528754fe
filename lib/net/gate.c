/*
 * How it stays cheap in a flood: the networks are ranked by weight, and so are
 * the hosts of each network, so that finding a victim needs no search, neither
 * among 20,000 networks nor among the 65,536 hosts of a /48.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/gate.h"
#include "net/ledger.h"

#define REMEMBERED 8192  /* accounts beyond those that are in use */
#define WEIGHT 1024      /* a guest's is WEIGHT / (LIGHTENS + good) */
#define LIGHTENS 16      /* so much good mail halves it */
#define GOOD_MAX 48      /* more of it makes it no lighter */
#define GOOD_FOR_BAD 10  /* unknown recipients a good message makes up for */
#define HOSTS_AS_BAD 8   /* a network may ask for as many as so many hosts */
#define REFUSAL_MS 60000 /* the first one; the next takes twice as long */
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define WORST_MAX 8 /* sources that a summary names */

struct gate {
	struct ledger ledger;
	struct rank_node *noisiest; /* of the networks */
	unsigned harvest;
	uint64_t turns; /* counts what guests do, in place of time */
	int64_t now;    /* as the last call that has it said */
	unsigned refused, refused_sources; /* since the last summary */
};

/* What happens to a guest's host and network. */
struct change {
	int undecided, workers;
	bool active;
};

struct gate *
gate_new(size_t guests, unsigned harvest)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (gate == NULL)
		fatal("out of memory");
	/* a guest needs a host and a network */
	ledger_init(&gate->ledger, 2 * guests + REMEMBERED);
	gate->harvest = harvest;
	return gate;
}

void
gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	ledger_free(&gate->ledger);
	free(gate);
}

/* The weight stays as it is until the next change: what has undecided guests
 * changes long before an hour is over and its good mail counts for less. */
static uint64_t
weigh(const struct account *account, int64_t now)
{
	unsigned good = account_good(account, now);

	if (good > GOOD_MAX)
		good = GOOD_MAX;
	return (uint64_t)account->undecided * WEIGHT / (LIGHTENS + good);
}

static bool
is_in_use(const struct account *account)
{
	return account->undecided > 0 || account->workers > 0;
}

static void
change_one(struct gate *gate, struct account *account,
    struct rank_node **ranking, struct change change)
{
	if (account->undecided > 0)
		rank_remove(ranking, &account->rank);
	account->undecided += (unsigned)change.undecided;
	account->workers += (unsigned)change.workers;
	account->rank.weight = weigh(account, gate->now);
	/* of those of equal weight the one goes first that was quiet longest */
	if (change.active)
		account->rank.stamp = gate->turns;
	if (account->undecided > 0)
		rank_add(ranking, &account->rank);
	if (!is_in_use(account))
		ledger_put_back(&gate->ledger, account);
}

static void
change_both(struct gate *gate, struct account *host, struct change change)
{
	gate->turns++;
	change_one(gate, host, &host->network->noisiest, change);
	change_one(gate, host->network, &gate->noisiest, change);
}

/* Makes it the last of its host's undecided guests. */
static void
join(struct account *host, struct gate_guest *guest)
{
	struct gate_guest *first = host->idlest;

	guest->host = host;
	if (first == NULL)
		first = host->idlest = guest->next = guest->previous = guest;
	guest->next = first;
	guest->previous = first->previous;
	first->previous->next = guest;
	first->previous = guest;
}

static void
part(struct gate_guest *guest)
{
	struct account *host = guest->host;

	if (host->idlest == guest)
		host->idlest = guest->next != guest ? guest->next : NULL;
	guest->next->previous = guest->previous;
	guest->previous->next = guest->next;
	guest->next = guest->previous = NULL;
}

static bool
is_undecided(const struct gate_guest *guest)
{
	return guest->next != NULL;
}

/* Whether somebody of there is refused, which it counts. */
static bool
refuses(struct gate *gate, struct prefix prefix, int64_t now)
{
	struct account *account = ledger_find(&gate->ledger, prefix);

	if (account == NULL || now >= account->refused_until)
		return false;
	gate->refused++;
	if (account->refused++ == 0)
		gate->refused_sources++;
	return true;
}

/* The account of a host, with its network's; NULL if there is no room. */
static struct account *
take_host(struct gate *gate, struct prefix prefix, int64_t now)
{
	struct account *network, *host = NULL;

	network = ledger_take(&gate->ledger, prefix_of_network(prefix), now);
	if (network == NULL)
		return NULL;
	host = ledger_take(&gate->ledger, prefix, now);
	if (host != NULL)
		host->network = network;
	else if (!is_in_use(network))
		ledger_put_back(&gate->ledger, network);
	return host;
}

bool
gate_enter(struct gate *gate, struct gate_guest *guest,
    const struct sockaddr_storage *peer, int64_t now)
{
	struct prefix prefix = prefix_of_peer(peer);
	struct account *host;

	memset(guest, 0, sizeof(*guest));
	gate->now = now;
	/* first of all, so that they are never the reason to forget others */
	if (refuses(gate, prefix_of_network(prefix), now) ||
	    refuses(gate, prefix, now))
		return false;
	host = take_host(gate, prefix, now);
	if (host == NULL)
		return false;
	join(host, guest);
	change_both(gate, host, (struct change){1, 0, true});
	return true;
}

void
gate_active(struct gate *gate, struct gate_guest *guest)
{
	struct account *host = guest->host;

	if (!is_undecided(guest))
		return;
	part(guest);
	join(host, guest);
	change_both(gate, host, (struct change){0, 0, true});
}

void
gate_decide(
    struct gate *gate, struct gate_guest *guest, struct gate_guest *worker)
{
	struct account *host = guest->host;

	if (!is_undecided(guest))
		return;
	part(guest);
	guest->host = NULL;
	*worker = (struct gate_guest){NULL, NULL, host};
	change_both(gate, host, (struct change){-1, 1, false});
}

void
gate_leave(struct gate *gate, struct gate_guest *guest)
{
	struct account *host = guest->host;

	if (host == NULL)
		return;
	if (is_undecided(guest)) {
		part(guest);
		change_both(gate, host, (struct change){-1, 0, false});
	} else
		change_both(gate, host, (struct change){0, -1, false});
	guest->host = NULL;
}

unsigned
gate_workers(const struct gate_guest *guest)
{
	return guest->host != NULL ? guest->host->network->workers : 0;
}

struct gate_guest *
gate_victim(struct gate *gate)
{
	const struct account *network = (struct account *)gate->noisiest;

	if (network == NULL)
		return NULL;
	return ((struct account *)network->noisiest)->idlest;
}

static unsigned
sum(unsigned a, unsigned b)
{
	return a < UINT_MAX - b ? a + b : UINT_MAX;
}

void
gate_note_good(struct gate *gate, const struct gate_guest *guest,
    unsigned messages, int64_t now)
{
	struct account *host = guest->host;

	gate->now = now;
	if (host == NULL)
		return;
	account_age(host, now);
	account_age(host->network, now);
	host->good = sum(host->good, messages);
	host->network->good = sum(host->network->good, messages);
	change_both(gate, host, (struct change){0, 0, false});
}

/* One more refusal. */
static void
refuse(struct account *account, int64_t now)
{
	if (account->refusal == 0 || now - account->refused_until >= DAY_MS)
		account->refusal = REFUSAL_MS;
	else if (account->refusal < DAY_MS / 2)
		account->refusal *= 2;
	else
		account->refusal = DAY_MS;
	account->refused_until = now + account->refusal;
}

/* While it is refused nothing is added: what many connections at once do is
 * one offence. */
static void
add_bad(
    struct account *account, unsigned recipients, uint64_t limit, int64_t now)
{
	account_age(account, now);
	if (now < account->refused_until)
		return;
	account->bad = sum(account->bad, recipients);
	if (limit > 0 &&
	    account->bad > limit + (uint64_t)GOOD_FOR_BAD * account->good) {
		refuse(account, now);
		account->bad = (unsigned)(limit / 2);
	}
}

void
gate_note_bad(struct gate *gate, const struct gate_guest *guest,
    unsigned recipients, int64_t now)
{
	struct account *host = guest->host;
	uint64_t limit;

	gate->now = now;
	if (host == NULL)
		return;
	/* who shares the account of all others is not known to be one */
	limit = host->prefix.length == PREFIX_OTHER ? 0 : gate->harvest;
	add_bad(host, recipients, limit, now);
	add_bad(host->network, recipients, HOSTS_AS_BAD * limit, now);
}

bool
gate_is_known(const struct gate_guest *guest, int64_t now)
{
	const struct account *host = guest->host;

	return host != NULL && account_good(host, now) > account_bad(host, now);
}

/* Puts it where it belongs among the worst, if it does. */
static void
rank_worst(struct account *worst[WORST_MAX], struct account *account)
{
	size_t i = WORST_MAX;

	for (; i > 0 && (worst[i - 1] == NULL ||
			    worst[i - 1]->refused < account->refused);
	     i--)
		if (i < WORST_MAX)
			worst[i] = worst[i - 1];
	if (i < WORST_MAX)
		worst[i] = account;
}

void
gate_summary(struct gate *gate, struct buf *text)
{
	struct account *worst[WORST_MAX] = {NULL};
	struct ledger *ledger = &gate->ledger;
	size_t i;

	if (gate->refused == 0)
		return;
	for (i = 0; i < ledger->used; i++)
		if (ledger->accounts[i].refused > 0)
			rank_worst(worst, &ledger->accounts[i]);
	buf_addf(text, "refused=%u sources=%u worst=", gate->refused,
	    gate->refused_sources);
	for (i = 0; i < WORST_MAX && worst[i] != NULL; i++) {
		if (i > 0)
			buf_adds(text, ",");
		prefix_print(worst[i]->prefix, text);
		buf_addf(text, ":%u", worst[i]->refused);
	}
	for (i = 0; i < ledger->used; i++)
		ledger->accounts[i].refused = 0;
	gate->refused = gate->refused_sources = 0;
}
