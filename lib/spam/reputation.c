#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/err.h"
#include "spam/reputation.h"
#include "spam/senders.h"
#include "spam/tally.h"
#include "spam/vouch.h"

#define KIND "senders"
#define FOUR_NETWORK 3 /* octets of /24 */
#define SIX_NETWORK 6  /* of /48 */
#define HOUR 3600

/* A value of the tally: the mean in thousandths of a point, the weight in parts
 * of a message, the hour in which it had that weight. */
#define MEAN_SHIFT 42
#define MEAN_PARTS 1000
#define MEAN_ZERO (1 << 21)
#define WEIGHT_SHIFT 24
#define WEIGHT_PARTS 256
#define WEIGHT_MASK ((1 << 18) - 1)
#define HOUR_MASK ((1 << 24) - 1)

struct reputation {
	struct reputation_config config;
	struct tally *tally;
};

struct memory {
	double mean;
	double weight;
};

/* What is added to a value. */
struct added {
	const struct reputation *reputation;
	int64_t now;
	double score;
	double share; /* of a message */
};

struct reputation *
reputation_open(const char *path, const struct reputation_config *config,
    bool write, struct buf *why)
{
	struct reputation *reputation = calloc(1, sizeof(*reputation));

	if (reputation == NULL)
		fatal("out of memory");
	reputation->config = config != NULL ? *config : REPUTATION_CONFIG;
	reputation->tally =
	    tally_open(path, KIND, reputation->config.size, write, why);
	if (reputation->tally != NULL)
		return reputation;
	free(reputation);
	return NULL;
}

void
reputation_close(struct reputation *reputation)
{
	if (reputation == NULL)
		return;
	tally_close(reputation->tally);
	free(reputation);
}

bool
reputation_is_stale(const struct reputation *reputation)
{
	return !tally_is_good(reputation->tally);
}

/* The domain that signed: that of the address if it is one of them. */
static struct span
signer_of(const struct vouch *vouch, struct span address, const struct tld *tld)
{
	struct span domain = senders_domain(address);
	size_t i;

	for (i = 0; i < vouch->count; i++)
		if (vouch_same(vouch->signers[i], domain, tld))
			return vouch->signers[i];
	return vouch->count > 0 ? vouch->signers[0] : (struct span){NULL, 0};
}

/* Signers of one registered domain are one; "@" is in no domain's name. */
static struct span
signer_text(struct arena *arena, struct span signer, const struct tld *tld)
{
	struct span domain = tld_domain(tld, signer);

	return senders_lower(arena, domain.p != NULL ? domain : signer);
}

/* "@4" or "@6" and the octets of the network. */
static struct span
network_text(struct arena *arena, const struct network *client)
{
	bool is_four = client->family == AF_INET;
	size_t len = is_four ? FOUR_NETWORK : SIX_NETWORK;
	char *p = arena_alloc(arena, len + 2);

	p[0] = '@';
	p[1] = is_four ? '4' : '6';
	memcpy(p + 2, client->octets, len);
	return (struct span){p, len + 2};
}

void
reputation_sender(const struct reputation *reputation, struct mail *mail,
    const struct tld *tld, struct reputation_sender *sender)
{
	struct span address = {"", 0}, domain = {NULL, 0}, signer;
	struct network client;
	struct vouch vouch;

	*sender = (struct reputation_sender){.known = false};
	senders_from(mail, &address, 1);
	vouch_read(&vouch, mail->envelope.auth);
	signer = signer_of(&vouch, address, tld);
	if (signer.p != NULL)
		domain = signer_text(&mail->arena, signer, tld);
	else if (senders_client(mail, &client))
		domain = network_text(&mail->arena, &client);
	if (domain.p == NULL)
		return;
	sender->known = true;
	sender->address = tally_key(reputation->tally, domain, address);
	sender->domain = tally_key(reputation->tally, domain, span_of("*"));
}

/* As it is now. */
static struct memory
unpack(const struct reputation *reputation, uint64_t value, int64_t now)
{
	int64_t hours = now / HOUR - (int64_t)(value & HOUR_MASK);
	struct memory opinion;

	opinion.mean = ((double)(value >> MEAN_SHIFT) - MEAN_ZERO) / MEAN_PARTS;
	opinion.weight =
	    (double)(value >> WEIGHT_SHIFT & WEIGHT_MASK) / WEIGHT_PARTS;
	if (value == 0)
		opinion.mean = 0;
	/* a clock that was set back makes nothing weigh more */
	if (hours > 0)
		opinion.weight *=
		    exp2(-(double)hours * HOUR / reputation->config.half_life);
	return opinion;
}

static uint64_t
pack(struct memory opinion, int64_t now)
{
	uint64_t mean =
	    (uint64_t)(llround(opinion.mean * MEAN_PARTS) + MEAN_ZERO);
	uint64_t weight = (uint64_t)llround(opinion.weight * WEIGHT_PARTS);

	return mean << MEAN_SHIFT | weight << WEIGHT_SHIFT |
	       ((uint64_t)(now / HOUR) & HOUR_MASK);
}

void
reputation_ask(const struct reputation *reputation,
    const struct reputation_sender *sender, int64_t now,
    struct reputation_answer *answer)
{
	struct memory own, domain;

	*answer = (struct reputation_answer){.weight = 0};
	if (!sender->known || reputation_is_stale(reputation))
		return;
	own = unpack(
	    reputation, tally_get(reputation->tally, sender->address), now);
	domain = unpack(
	    reputation, tally_get(reputation->tally, sender->domain), now);
	answer->is_own = own.weight >= reputation->config.weight_min;
	answer->mean = answer->is_own ? own.mean : domain.mean;
	answer->weight = answer->is_own ? own.weight : domain.weight;
}

static double
within(double score)
{
	return fmax(-REPUTATION_SCORE_MAX, fmin(score, REPUTATION_SCORE_MAX));
}

double
reputation_points(const struct reputation *reputation,
    const struct reputation_answer *answer, double score)
{
	double points =
	    (answer->mean - within(score)) * reputation->config.factor;

	if (answer->weight < reputation->config.weight_min ||
	    (!answer->is_own && points < 0))
		return 0;
	return points;
}

static uint64_t
add(uint64_t value, const void *data)
{
	const struct added *message = data;
	struct memory opinion =
	    unpack(message->reputation, value, message->now);
	double weight = opinion.weight + message->share;

	opinion.mean =
	    (opinion.mean * opinion.weight + message->score * message->share) /
	    weight;
	opinion.weight =
	    weight < REPUTATION_WEIGHT_MAX ? weight : REPUTATION_WEIGHT_MAX;
	return pack(opinion, message->now);
}

static double
weight_now(uint64_t value, const void *data)
{
	const struct added *message = data;

	return unpack(message->reputation, value, message->now).weight;
}

int
reputation_add(struct reputation *reputation,
    const struct reputation_sender *sender, int64_t now, double score)
{
	struct added message = {reputation, now, within(score), 1};
	struct tally_change change = {add, weight_now, &message};
	struct memory own;

	if (!sender->known)
		return 0;
	if (reputation_is_stale(reputation)) {
		errno = ESTALE;
		return -1;
	}
	own = unpack(
	    reputation, tally_get(reputation->tally, sender->address), now);
	if (tally_put(reputation->tally, sender->address, &change) < 0)
		return -1;
	message.share = 1 / (1 + own.weight);
	return tally_put(reputation->tally, sender->domain, &change);
}
