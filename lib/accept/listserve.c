/*
 * listserve: the process that asks the lists.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accept/lists.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/channel.h"

#define TURN_MAX 64         /* questions taken from the channel at once */
#define COMPLAIN_MS 3600000 /* from one warning of a refusal to the next */

/* What is known about a list. */
struct health {
	bool lies;        /* it has everybody on it */
	bool rests;       /* it is silent and left alone */
	unsigned missed;  /* answers in a row */
	int64_t probe_at; /* when it rests */
	int64_t complain_at;
};

struct lister {
	const struct lists *lists;
	const struct lists_config *config;
	struct dns *dns;
	int channel;
	char *letter; /* CHANNEL_SIZE octets */
	struct health health[LISTS_MAX];
	size_t open;    /* clients */
	size_t testing; /* lists */
	int64_t next_test;
};

/* Somebody who waits for an answer. */
struct client {
	uint64_t serial;
	size_t waits;                      /* for so many lists */
	uint8_t hit[LISTS_ENTRIES_MAX][4]; /* 0.0.0.0: none */
};

/* A question to a list. */
struct ask {
	struct lister *lister;
	struct client *client; /* NULL: nobody waits */
	size_t list;
	bool test;
};

static const char *
name_of(const struct lister *lister, size_t list)
{
	return lister->lists->name[list];
}

static void
note_answer(struct lister *lister, size_t list)
{
	struct health *health = &lister->health[list];

	health->missed = 0;
	if (!health->rests)
		return;
	health->rests = false;
	info("list '%s' answers again", name_of(lister, list));
	lister->next_test = clock_ms(); /* it may be somebody else's now */
}

static void
note_silence(struct lister *lister, size_t list, const char *reason)
{
	struct health *health = &lister->health[list];

	if (health->rests || ++health->missed < LISTS_SILENT_MAX)
		return;
	health->rests = true;
	health->probe_at = clock_ms() + (int64_t)lister->config->rest;
	warning("list '%s' does not answer (%s) and is left alone; it is tried "
		"every %" PRIu64 " s",
	    name_of(lister, list), reason, lister->config->rest / 1000);
}

/* Spamhaus says by such an address that it does not answer whoever asks through
 * this name server, or asks that much. */
static void
note_refusal(struct lister *lister, size_t list, const uint8_t address[4])
{
	struct health *health = &lister->health[list];
	int64_t now = clock_ms();

	if (now < health->complain_at)
		return;
	health->complain_at = now + COMPLAIN_MS;
	warning("list '%s' refuses to answer us (%u.%u.%u.%u)",
	    name_of(lister, list), address[0], address[1], address[2],
	    address[3]);
}

static void
note_test(struct lister *lister, size_t list, bool listed)
{
	struct health *health = &lister->health[list];

	if (listed && !health->lies)
		warning("list '%s' has 127.0.0.1 on it, so it has everybody; "
			"it is not used",
		    name_of(lister, list));
	else if (!listed && health->lies)
		info("list '%s' has 127.0.0.1 on it no more; it is used again",
		    name_of(lister, list));
	health->lies = listed;
}

/* The first address that is one of the entry counts. */
static void
note_hits(
    struct lister *lister, const struct ask *ask, const uint8_t address[4])
{
	const struct lists *lists = lister->lists;
	size_t i;

	for (i = 0; i < lists->entry_count; i++)
		if (lists->entries[i].list == ask->list &&
		    ask->client->hit[i][0] == 0 &&
		    lists_match(&lists->entries[i], address))
			memcpy(ask->client->hit[i], address, 4);
}

/* Whether a hit of another filter of the list says the same. */
static bool
is_told(const struct lister *lister, const struct client *client, size_t entry)
{
	const struct lists_entry *entries = lister->lists->entries;
	size_t i;

	for (i = 0; i < entry; i++)
		if (entries[i].list == entries[entry].list &&
		    memcmp(client->hit[i], client->hit[entry], 4) == 0)
			return true;
	return false;
}

static void
add_up(const struct lister *lister, const struct client *client,
    struct lists_answer *answer, struct buf *text)
{
	const struct lists_entry *entry;
	const uint8_t *hit;
	size_t i;

	for (i = 0; i < lister->lists->entry_count; i++) {
		entry = &lister->lists->entries[i];
		hit = client->hit[i];
		if (hit[0] == 0 || lister->health[entry->list].lies)
			continue;
		answer->score += entry->weight;
		if (!is_told(lister, client, i))
			buf_addf(text, "%s%s=%u.%u.%u.%u",
			    text->len > 0 ? " " : "",
			    name_of(lister, entry->list), hit[0], hit[1],
			    hit[2], hit[3]);
	}
	answer->text = buf_span(text);
}

/* The loop does not wait for us, nor we for the loop. */
static void
send_answer(const struct lister *lister, const struct lists_answer *answer)
{
	struct buf payload = BUF_INIT(LISTS_ANSWER_MAX);

	lists_pack_answer(answer, &payload);
	channel_send(
	    lister->channel, LISTS_ANSWER, buf_span(&payload), NULL, 0, 1);
	buf_free(&payload);
}

static void
finish(struct lister *lister, struct client *client)
{
	struct lists_answer answer = {.serial = client->serial};
	struct buf text = BUF_INIT(LISTS_TEXT_MAX);

	add_up(lister, client, &answer, &text);
	send_answer(lister, &answer);
	buf_free(&text);
	free(client);
	lister->open--;
}

static void
take_addresses(struct lister *lister, const struct ask *ask,
    const struct dns_answer *answer)
{
	bool listed = false, refused = false;
	uint8_t address[4];
	size_t i;

	for (i = 0; i < answer->count; i++) {
		if (answer->records[i].len != sizeof(address))
			continue;
		memcpy(address, answer->records[i].p, sizeof(address));
		if (lists_is_refusal(address)) {
			note_refusal(lister, ask->list, address);
			refused = true;
			continue;
		}
		listed = true;
		if (ask->client != NULL)
			note_hits(lister, ask, address);
	}
	if (ask->test && (listed || !refused))
		note_test(lister, ask->list, listed);
}

/* Nobody knows whether it lies. */
static void
test_soon(struct lister *lister)
{
	int64_t soon = clock_ms() + (int64_t)lister->config->rest;

	if (soon < lister->next_test)
		lister->next_test = soon;
}

static void
on_answer(void *arg, const struct dns_answer *answer)
{
	struct ask *ask = arg;
	struct lister *lister = ask->lister;

	if (answer->state == DNS_FAILED)
		note_silence(lister, ask->list, answer->reason);
	else if (!ask->test) /* whose answer may be a cached one */
		note_answer(lister, ask->list);
	if (answer->state != DNS_FAILED)
		take_addresses(lister, ask, answer);
	else if (ask->test)
		test_soon(lister);
	if (ask->test)
		lister->testing--;
	if (ask->client != NULL && --ask->client->waits == 0)
		finish(lister, ask->client);
	free(ask);
}

/* false if too many questions are open. */
static bool
ask_list(struct lister *lister, const struct lists_question *question,
    const struct ask *what)
{
	struct ask *ask = malloc(sizeof(*ask));
	char name[DNS_NAME_MAX + 1];

	if (ask == NULL)
		fatal("out of memory");
	*ask = *what;
	lists_query(question, name_of(lister, ask->list), name);
	if (dns_ask(lister->dns, name, DNS_A, on_answer, ask) != NULL)
		return true;
	free(ask);
	return false;
}

/* Asks a list about a client; one that rests once in a while, without anybody
 * waiting. */
static void
ask_for(struct lister *lister, struct client *client,
    const struct lists_question *question, size_t list)
{
	struct health *health = &lister->health[list];
	struct ask ask = {lister, client, list, false};
	int64_t now;

	if (health->lies)
		return;
	if (health->rests) {
		now = clock_ms();
		if (now < health->probe_at)
			return;
		health->probe_at = now + (int64_t)lister->config->rest;
		ask.client = NULL;
	}
	if (ask_list(lister, question, &ask) && ask.client != NULL)
		client->waits++;
}

static void
serve(struct lister *lister, const struct lists_question *question)
{
	struct lists_answer nothing = {.serial = question->serial};
	struct client *client;
	size_t list;

	if (lister->open == LISTS_OPEN_MAX) {
		send_answer(lister, &nothing);
		return;
	}
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		fatal("out of memory");
	client->serial = question->serial;
	lister->open++;
	for (list = 0; list < lister->lists->count; list++)
		ask_for(lister, client, question, list);
	if (client->waits == 0)
		finish(lister, client);
}

/* Takes questions from the channel; false when it is closed. */
static bool
take_questions(struct lister *lister)
{
	struct lists_question question;
	int i, k, fds[CHANNEL_FDS_MAX];
	ssize_t n;

	for (i = 0; i < TURN_MAX; i++) {
		n = channel_receive(lister->channel, lister->letter, fds, 1);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		for (k = 0; k < CHANNEL_FDS_MAX; k++)
			if (fds[k] >= 0)
				close(fds[k]);
		if (lister->letter[0] == LISTS_ASK &&
		    lists_unpack_question(&question,
			(struct span){lister->letter + 1, (size_t)n - 1}) == 0)
			serve(lister, &question);
	}
	return true;
}

static void
test_all(struct lister *lister)
{
	static const struct lists_question self = {
	    .family = 4, .address = {127, 0, 0, 1}};
	struct ask ask = {.lister = lister, .test = true};

	for (ask.list = 0; ask.list < lister->lists->count; ask.list++)
		if (!lister->health[ask.list].rests &&
		    ask_list(lister, &self, &ask))
			lister->testing++;
	lister->next_test = clock_ms() + (int64_t)lister->config->test;
}

/* One turn; false when the channel is closed. */
static bool
turn(struct lister *lister)
{
	struct pollfd pfd[2] = {{.fd = dns_fd(lister->dns), .events = POLLIN},
	    {.fd = lister->channel, .events = POLLIN}};
	int64_t next = dns_next(lister->dns);
	bool open = true;

	if (lister->next_test < next)
		next = lister->next_test;
	if (poll(pfd, 2, clock_left(next)) > 0 && pfd[1].revents != 0)
		open = take_questions(lister);
	dns_take(lister->dns);
	if (clock_ms() >= lister->next_test)
		test_all(lister);
	return open;
}

/* Before the first client is answered it shall be known who lies. */
static void
test_first(struct lister *lister)
{
	struct pollfd pfd = {.fd = dns_fd(lister->dns), .events = POLLIN};

	test_all(lister);
	while (lister->testing > 0) {
		poll(&pfd, 1, clock_left(dns_next(lister->dns)));
		dns_take(lister->dns);
	}
}

_Noreturn void
lists_main(const struct lists *lists, const struct lists_config *config,
    int channel, void (*confine)(void))
{
	struct lister lister = {
	    .lists = lists, .config = config, .channel = channel};
	int size = 2 * CHANNEL_SIZE;

	lister.dns = dns_open(&config->dns);
	lister.letter = malloc(CHANNEL_SIZE);
	if (lister.dns == NULL)
		fatal("the lists cannot be asked");
	if (lister.letter == NULL)
		fatal("out of memory");
	/* room for the answers to a burst, while the loop is busy */
	setsockopt(channel, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	confine();
	test_first(&lister);
	while (turn(&lister))
		continue;
	_exit(STATUS_OK);
}
