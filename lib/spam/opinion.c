#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/charsets.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/sandbox.h"
#include "base/user.h"
#include "learn/model.h"
#include "spam/addrlists.h"
#include "spam/opinion.h"
#include "spam/reputation.h"
#include "spam/urilists.h"

#define REQUIRED 5.0
#define RECIPIENTS_MAX 1000
#define DNS_TIME_MAX 5000 /* ms for all lists of the DNS */
#define NUMBER_MAX 40
#define DESCRIPTORS 256

/* What asks how large a file is, by its descriptor. */
#define CALLS_STAT \
	"fstat", "fstat64", "fstatat64", "newfstatat", "statx", "sysinfo"

struct opinion {
	struct opinion_config config;
	struct ruleset *set;
	struct judge *judge;
	struct model *models[OPINION_MODELS_MAX];
	bool learned; /* there is enough for a score set with the learner */
	struct addrlists *lists;
	struct reputation *reputation;
	struct urilists *uri_lists;
	struct mail mail;
	struct features features;
};

/* What is known about a message here and not by rules.  A file of rules may
 * give each another score, and 0 switches it off. */
static const struct {
	const char *name;
	double points; /* or what these are multiplied with */
	const char *describe;
} own[] = {
    {"PIMAIL_ALLOW", -100, "Sender is on the list of those who are welcome"},
    {"PIMAIL_DENY", 100, "Sender is on the list of those who are not"},
    {"PIMAIL_REPUTATION", 1, "What earlier mail of the sender scored"},
    {"PIMAIL_DNS_LISTS", 1, "Client is on lists of the DNS"},
    {"PIMAIL_URI_LISTS", 1, "Links lead to what is on lists of the DNS"},
    {"PIMAIL_LEARNED", 1, "What was learned says more than BAYES_* does"},
};
enum {
	OWN_ALLOW,
	OWN_DENY,
	OWN_REPUTATION,
	OWN_DNS_LISTS,
	OWN_URI_LISTS,
	OWN_LEARNED
};

/* The learner is right more often than those are whose score BAYES_* has.  So
 * its log odds have points as well, more where it is sure of spam, fewer where
 * it is not sure.  The line is the best for the development corpora. */
#define LEARNED_SLOPE 1.1
#define LEARNED_SHIFT 3.4
#define LEARNED_LEAST (-2.0)
#define LEARNED_MOST 5.0

static void
read_rules(struct opinion *opinion)
{
	const struct opinion_config *config = &opinion->config;
	size_t i;

	opinion->set = ruleset_new();
	for (i = 0; config->rules[i] != NULL; i++)
		if (ruleset_read(opinion->set, config->rules[i]) < 0)
			fatal("rules '%s': %s", config->rules[i],
			    strerror(errno));
	ruleset_finish(opinion->set);
	if (ruleset_count(opinion->set) == 0)
		fatal("there are no rules in '%s'", config->rules[0]);
}

static void
open_models(struct opinion *opinion)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	const char *path;
	size_t i;

	for (i = 0; i < OPINION_MODELS_MAX; i++) {
		path = opinion->config.models[i];
		if (path == NULL)
			continue;
		buf_reset(&why);
		opinion->models[i] = model_open(path, &why);
		if (opinion->models[i] == NULL && errno != ENOENT)
			fatal("model '%s': %s", path, buf_str(&why));
		if (opinion->models[i] == NULL && opinion->config.named_models)
			warning("model '%s': not there yet", path);
	}
	buf_free(&why);
}

/* Whether any of the models has something to say. */
static bool
is_learned(const struct opinion *opinion)
{
	uint64_t min = opinion->config.learn_min;
	size_t i;

	for (i = 0; i < OPINION_MODELS_MAX; i++)
		if (opinion->models[i] != NULL &&
		    model_count(opinion->models[i], MODEL_HAM) >= min &&
		    model_count(opinion->models[i], MODEL_SPAM) >= min)
			return true;
	return false;
}

static void
open_lists(struct opinion *opinion)
{
	const struct opinion_config *config = &opinion->config;
	struct dns_config dns = {.server = config->dns_server,
	    .zone = config->dns_zone,
	    .timeout = DNS_TIME_MAX};
	struct buf why = BUF_INIT(1024), counts = BUF_INIT(4096);

	if (config->lists != NULL) {
		buf_addf(&counts, "%s" ADDRLISTS_COUNTS, config->lists);
		opinion->lists =
		    addrlists_open(config->lists, buf_str(&counts), true, &why);
		if (opinion->lists == NULL)
			fatal("lists '%s': %s", config->lists, buf_str(&why));
	}
	if (config->reputation != NULL) {
		opinion->reputation =
		    reputation_open(config->reputation, NULL, true, &why);
		if (opinion->reputation == NULL)
			fatal("reputation '%s': %s", config->reputation,
			    buf_str(&why));
	}
	if (config->uri_lists != NULL) {
		opinion->uri_lists =
		    urilists_open(config->uri_lists, &dns, &why);
		if (opinion->uri_lists == NULL)
			fatal("lists of the DNS: %s", buf_str(&why));
	}
	buf_free(&why);
	buf_free(&counts);
}

struct opinion *
opinion_open(const struct opinion_config *config)
{
	struct opinion *opinion = calloc(1, sizeof(*opinion));

	if (opinion == NULL)
		fatal("out of memory");
	opinion->config = *config;
	read_rules(opinion);
	open_models(opinion);
	opinion->learned = is_learned(opinion);
	opinion->judge = judge_new(opinion->set, opinion->learned ? 2 : 0);
	open_lists(opinion);
	mail_init(&opinion->mail);
	return opinion;
}

void
opinion_free(struct opinion *opinion)
{
	size_t i;

	if (opinion == NULL)
		return;
	for (i = 0; i < OPINION_MODELS_MAX; i++)
		if (opinion->models[i] != NULL)
			model_close(opinion->models[i]);
	if (opinion->lists != NULL)
		addrlists_close(opinion->lists);
	if (opinion->reputation != NULL)
		reputation_close(opinion->reputation);
	if (opinion->uri_lists != NULL)
		urilists_close(opinion->uri_lists);
	features_free(&opinion->features);
	mail_free(&opinion->mail);
	judge_free(opinion->judge);
	ruleset_free(opinion->set);
	free(opinion);
}

static double
number_of(struct span text, double otherwise)
{
	char number[NUMBER_MAX];
	double value;
	char *end;

	if (text.len == 0 || text.len >= sizeof(number))
		return otherwise;
	memcpy(number, text.p, text.len);
	number[text.len] = '\0';
	value = strtod(number, &end);
	return end > number && isfinite(value) ? value : otherwise;
}

double
opinion_required(const struct opinion *opinion)
{
	return number_of(
	    ruleset_value(opinion->set, "required_score"), REQUIRED);
}

/* How much text of a part is looked at: rules may want less, not more. */
static size_t
part_size(const struct opinion *opinion)
{
	double most = (double)opinion->config.bytes;
	double size =
	    number_of(ruleset_value(opinion->set, "body_part_scan_size"), most);

	return (size_t)(size >= 1 && size < most ? size : most);
}

bool
opinion_is_stale(struct opinion *opinion)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);
	struct model *model;
	bool stale = false;
	const char *path;
	size_t i;

	for (i = 0; i < OPINION_MODELS_MAX && !stale; i++) {
		path = opinion->config.models[i];
		if (path == NULL)
			continue;
		if (opinion->models[i] != NULL) {
			stale = model_is_stale(opinion->models[i], path);
			continue;
		}
		model = model_open(path, &why);
		stale = model != NULL;
		if (model != NULL)
			model_close(model);
	}
	buf_free(&why);
	if (opinion->lists != NULL)
		stale = stale || addrlists_is_stale(opinion->lists);
	if (opinion->reputation != NULL)
		stale = stale || reputation_is_stale(opinion->reputation);
	return stale || is_learned(opinion) != opinion->learned;
}

void
opinion_compile(struct opinion *opinion)
{
	judge_compile(opinion->judge, false);
	charsets_hold();
}

void
opinion_confine(void *arg)
{
	/* files of hits and of reputation are open */
	static const char *const calls[] = {
	    SANDBOX_CALLS_PROCESS, SANDBOX_CALLS_IO, CALLS_STAT, "msync"};
	static const char *const dns_calls[] = {SANDBOX_CALLS_PROCESS,
	    SANDBOX_CALLS_IO, CALLS_STAT, "msync", "bind", "connect",
	    "getpeername", "getsockname", "getsockopt", "setsockopt",
	    "socket:tcp", "socket:udp"};
	const struct opinion *opinion = arg;

	user_confine();
	sandbox_limit(RLIMIT_NPROC, 0);
	sandbox_limit(RLIMIT_NOFILE, DESCRIPTORS);
	if (opinion->uri_lists != NULL) {
		sandbox_reach(NULL, 0, NULL, SANDBOX_ANY_PORT);
		sandbox_calls(dns_calls, nitems(dns_calls));
	} else {
		sandbox_reach(NULL, 0, NULL, 0);
		sandbox_calls(calls, nitems(calls));
	}
}

/* What the frame tells of the envelope. */
static void
take_envelope(struct mail *mail, const struct frame *frame)
{
	struct mail_envelope *envelope = &mail->envelope;
	struct span value = frame_get(frame, "client");
	struct frame_recipient recipient;
	size_t at = 0;

	envelope->sender = frame_get(frame, "sender");
	if (value.p != NULL)
		envelope->client = span_word(&value);
	envelope->helo = frame_get(frame, "helo");
	envelope->lists = frame_get(frame, "lists");
	envelope->auth = frame_get(frame, "auth");
	envelope->received_at =
	    (int64_t)number_of(frame_get(frame, "received-at"), 0);
	envelope->rcpts.lines =
	    arena_array(&mail->arena, RECIPIENTS_MAX, sizeof(struct span));
	while (envelope->rcpts.count < RECIPIENTS_MAX &&
	       frame_next_recipient(frame, &at, &recipient))
		envelope->rcpts.lines[envelope->rcpts.count++] =
		    recipient.address;
}

/* Adds a hit of our own, with so many points of its score. */
static void
add_own(struct opinion *opinion, size_t which, double times,
    struct span matched, struct arena *arena, struct score *score)
{
	const struct rule *rule;
	double points = own[which].points;
	long i = ruleset_find(opinion->set, span_of(own[which].name));
	struct score_hit hit = {
	    .name = own[which].name, .describe = span_of(own[which].describe)};

	if (i >= 0) {
		rule = ruleset_rule(opinion->set, (size_t)i);
		if (rule->scored)
			points = rule->scores[opinion->learned ? 2 : 0];
	}
	hit.points = round(points * times * 1000) / 1000;
	if (hit.points == 0)
		return;
	if (matched.p != NULL)
		hit.matched = arena_copy(arena, matched);
	score_add(score, arena, &hit);
}

static void
ask_lists(struct opinion *opinion, struct arena *arena, struct score *score)
{
	struct addrlists_result result;

	if (opinion->lists == NULL)
		return;
	addrlists_ask(opinion->lists, &opinion->mail, judge_tld(opinion->judge),
	    opinion->mail.now, &result);
	if (result.verdict == ADDRLISTS_ALLOW)
		add_own(opinion, OWN_ALLOW, 1, result.entry, arena, score);
	else if (result.verdict == ADDRLISTS_DENY)
		add_own(opinion, OWN_DENY, 1, result.entry, arena, score);
}

/* "3 bl.example=127.0.0.4", as smtp-accept found it. */
static void
ask_client_lists(
    struct opinion *opinion, struct arena *arena, struct score *score)
{
	struct span rest = opinion->mail.envelope.lists;
	double points;

	if (rest.p == NULL)
		return;
	points = number_of(span_word(&rest), 0);
	if (points != 0)
		add_own(opinion, OWN_DNS_LISTS, points, span_trim(rest), arena,
		    score);
}

static void
ask_uri_lists(struct opinion *opinion, int64_t deadline, struct arena *arena,
    struct score *score)
{
	struct urilists_result result;
	size_t i;

	if (opinion->uri_lists == NULL)
		return;
	urilists_ask(opinion->uri_lists, &opinion->mail, deadline, &result);
	for (i = 0; i < result.count; i++)
		add_own(opinion, OWN_URI_LISTS, result.hits[i].points,
		    result.hits[i].domain, arena, score);
}

/* What the sender's earlier mail says, and this one for the next. */
static void
ask_reputation(
    struct opinion *opinion, struct arena *arena, struct score *score)
{
	struct reputation *reputation = opinion->reputation;
	struct mail *mail = &opinion->mail;
	struct reputation_sender sender;
	struct reputation_answer answer;
	double points = score->points;

	if (reputation == NULL)
		return;
	reputation_sender(reputation, mail, judge_tld(opinion->judge), &sender);
	reputation_ask(reputation, &sender, mail->now, &answer);
	add_own(opinion, OWN_REPUTATION,
	    reputation_points(reputation, &answer, points),
	    (struct span){NULL, 0}, arena, score);
	/* a full disk is no reason to have no score */
	reputation_add(reputation, &sender, mail->now, points);
}

double
opinion_learned(double probability)
{
	double odds = log(probability / (1 - probability));

	if (probability < 0)
		return 0;
	odds = odds < LEARNED_LEAST  ? LEARNED_LEAST
	       : odds > LEARNED_MOST ? LEARNED_MOST
				     : odds;
	return LEARNED_SLOPE * odds - LEARNED_SHIFT;
}

void
opinion_score(void *arg, const struct frame *frame, struct span octets,
    struct arena *arena, struct score *score)
{
	struct opinion *opinion = arg;
	struct mail *mail = &opinion->mail;
	int64_t deadline = clock_ms() + (int64_t)opinion->config.time;
	double learned = -1;

	mail_reset(mail);
	mail->now = (int64_t)time(NULL);
	take_envelope(mail, frame);
	judge_read(opinion->judge, mail, octets, part_size(opinion));
	if (opinion->learned) {
		features_of(&opinion->features, mail);
		learned = model_ask_both(opinion->models[1], opinion->models[0],
		    &opinion->features, opinion->config.learn_min);
	}
	judge_run(opinion->judge, mail, learned, deadline, score);
	add_own(opinion, OWN_LEARNED, opinion_learned(learned),
	    (struct span){NULL, 0}, arena, score);
	ask_client_lists(opinion, arena, score);
	ask_uri_lists(opinion, deadline, arena, score);
	ask_reputation(opinion, arena, score);
	ask_lists(opinion, arena, score);
}
