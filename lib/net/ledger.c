#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/err.h"
#include "net/ledger.h"

#define HOUR_MS 3600000
#define CHANCES 16 /* looks for an account that nothing speaks for */

void
ledger_init(struct ledger *ledger, size_t size)
{
	size_t buckets = 2;

	memset(ledger, 0, sizeof(*ledger));
	ledger->size = size;
	for (ledger->shift = 63; buckets < size; ledger->shift--)
		buckets *= 2;
	/* pages that are not used yet cost nothing */
	ledger->accounts = calloc(size, sizeof(*ledger->accounts));
	ledger->buckets = calloc(buckets, sizeof(struct account *));
	if (ledger->accounts == NULL || ledger->buckets == NULL)
		fatal("out of memory");
	if (getrandom(ledger->secret, sizeof(ledger->secret), 0) !=
	    (ssize_t)sizeof(ledger->secret))
		fatal("no randomness");
	ledger->secret[0] |= 1;
	ledger->secret[1] |= 1;
}

void
ledger_free(struct ledger *ledger)
{
	free(ledger->accounts);
	free(ledger->buckets);
}

static struct prefix
prefix_of_octets(const unsigned char *octets, unsigned length)
{
	struct prefix prefix = {0, length};
	unsigned i;

	for (i = 0; i < length / 8; i++)
		prefix.bits |= (uint64_t)octets[i] << (56 - 8 * i);
	return prefix;
}

struct prefix
prefix_of_peer(const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
	const unsigned char *octets = six->sin6_addr.s6_addr;

	if (peer->ss_family == AF_INET)
		return prefix_of_octets(
		    (const unsigned char *)&four->sin_addr, PREFIX_FOUR_HOST);
	if (peer->ss_family != AF_INET6)
		return (struct prefix){0, PREFIX_OTHER};
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return prefix_of_octets(octets + 12, PREFIX_FOUR_HOST);
	return prefix_of_octets(octets, PREFIX_SIX_HOST);
}

struct prefix
prefix_of_network(struct prefix host)
{
	unsigned length = host.length == PREFIX_FOUR_HOST  ? PREFIX_FOUR_NETWORK
			  : host.length == PREFIX_SIX_HOST ? PREFIX_SIX_NETWORK
							   : PREFIX_OTHERS;

	return (struct prefix){host.bits & ~(UINT64_MAX >> length), length};
}

void
prefix_print(struct prefix prefix, struct buf *text)
{
	unsigned char octets[sizeof(struct in6_addr)] = {0};
	char name[INET6_ADDRSTRLEN];
	unsigned i;
	int family;

	for (i = 0; i < 8; i++)
		octets[i] = (unsigned char)(prefix.bits >> (56 - 8 * i));
	family = prefix.length > PREFIX_FOUR_HOST ? AF_INET6 : AF_INET;
	inet_ntop(family, octets, name, sizeof(name));
	if (prefix.length == PREFIX_FOUR_HOST)
		buf_adds(text, name);
	else
		buf_addf(text, "%s/%u", name, prefix.length);
}

/* The last multiplication by a secret odd number is enough to make it no
 * likelier than 2 in the number of buckets that two given prefixes collide
 * (Dietzfelbinger, Hagerup, Katajainen, Penttonen: "A reliable randomized
 * algorithm for the closest-pair problem", 1997); the first one takes
 * neighbours apart.  A hash that bears being watched would be no better here:
 * nobody outside sees anything that depends on a bucket, and whoever wants an
 * address in here must have it to connect from. */
static struct account **
bucket_of(const struct ledger *ledger, struct prefix prefix)
{
	uint64_t hash = prefix.bits * ledger->secret[0];

	hash = ((hash ^ hash >> 32) + prefix.length) * ledger->secret[1];
	return &ledger->buckets[hash >> ledger->shift];
}

struct account *
ledger_find(const struct ledger *ledger, struct prefix prefix)
{
	struct account *account = *bucket_of(ledger, prefix);

	while (account != NULL && (account->prefix.bits != prefix.bits ||
				      account->prefix.length != prefix.length))
		account = account->chain;
	return account;
}

void
ledger_put_back(struct ledger *ledger, struct account *account)
{
	account->older = ledger->newest;
	account->newer = NULL;
	if (ledger->newest != NULL)
		ledger->newest->newer = account;
	else
		ledger->oldest = account;
	ledger->newest = account;
	account->in_use = false;
}

static void
use(struct ledger *ledger, struct account *account)
{
	if (account->older != NULL)
		account->older->newer = account->newer;
	else
		ledger->oldest = account->newer;
	if (account->newer != NULL)
		account->newer->older = account->older;
	else
		ledger->newest = account->older;
	account->in_use = true;
}

/* Makes the oldest that is not in use nobody's.  Those who are refused get
 * another chance to be remembered; but where there is hardly anybody else their
 * refusal is forgotten, or they could take the place of everybody. */
static struct account *
forget_one(struct ledger *ledger, int64_t now)
{
	struct account *account, **link;
	unsigned i;

	for (i = 0; (account = ledger->oldest) != NULL; i++) {
		use(ledger, account);
		if (i == CHANCES || now >= account->refused_until)
			break;
		ledger_put_back(ledger, account);
	}
	if (account == NULL)
		return NULL;
	link = bucket_of(ledger, account->prefix);
	while (*link != account)
		link = &(*link)->chain;
	*link = account->chain;
	return account;
}

struct account *
ledger_take(struct ledger *ledger, struct prefix prefix, int64_t now)
{
	struct account *account = ledger_find(ledger, prefix), **bucket;

	if (account != NULL) {
		if (!account->in_use)
			use(ledger, account);
		return account;
	}
	account = ledger->used < ledger->size
		      ? &ledger->accounts[ledger->used++]
		      : forget_one(ledger, now);
	if (account == NULL)
		return NULL;
	bucket = bucket_of(ledger, prefix);
	*account = (struct account){
	    .prefix = prefix, .chain = *bucket, .in_use = true};
	*bucket = account;
	return account;
}

static int64_t
hours_of(const struct account *account, int64_t now)
{
	return now > account->since ? (now - account->since) / HOUR_MS : 0;
}

unsigned
account_good(const struct account *account, int64_t now)
{
	int64_t hours = hours_of(account, now);

	return hours < 32 ? account->good >> hours : 0;
}

unsigned
account_bad(const struct account *account, int64_t now)
{
	int64_t hours = hours_of(account, now);

	return hours < 32 ? account->bad >> hours : 0;
}

void
account_age(struct account *account, int64_t now)
{
	account->good = account_good(account, now);
	account->bad = account_bad(account, now);
	account->since += hours_of(account, now) * HOUR_MS;
	/* the first hour begins with the first of them */
	if (account->good == 0 && account->bad == 0)
		account->since = now;
}
