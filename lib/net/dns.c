#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unbound-event.h>
#include <unbound.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/dnspart.h"

#define CLASS_IN 1
#define LABEL_MAX 63 /* octets, RFC 1035, section 2.3.4 */

/* Security of an answer, as libunbound gives it. */
enum { FOUND_INSECURE = 0, FOUND_BOGUS = 1, FOUND_SECURE = 2 };

enum place {
	ASKED, /* in the order of their deadlines */
	DONE,  /* it is to be called back */
	LOST,  /* nobody wants it, but libunbound has it still */
	PLACES
};

struct dns_question {
	struct dns_question *next, *previous; /* in its place */
	struct dns *dns;
	enum place place;
	bool held; /* by libunbound, which will call us with it */
	unsigned type;
	void (*callback)(void *arg, const struct dns_answer *answer);
	void *arg;
	int64_t deadline;
	struct dns_answer answer;
};

struct dns {
	struct ub_ctx *context;
	struct dns_events *events;
	uint64_t timeout;
	size_t count; /* of questions, wherever they are */
	struct dns_question *first[PLACES], *last[PLACES];
};

static void
insert(struct dns_question *question, enum place place)
{
	struct dns *dns = question->dns;

	question->place = place;
	question->next = NULL;
	question->previous = dns->last[place];
	if (question->previous != NULL)
		question->previous->next = question;
	else
		dns->first[place] = question;
	dns->last[place] = question;
}

/* The first one, taken out; NULL if there is none. */
static struct dns_question *
pop(struct dns *dns, enum place place)
{
	struct dns_question *question = dns->first[place];

	if (question == NULL)
		return NULL;
	dns->first[place] = question->next;
	if (question->next != NULL)
		question->next->previous = NULL;
	else
		dns->last[place] = NULL;
	return question;
}

static void
take_out(struct dns_question *question)
{
	struct dns *dns = question->dns;

	if (question->previous == NULL) {
		pop(dns, question->place);
		return;
	}
	question->previous->next = question->next;
	if (question->next != NULL)
		question->next->previous = question->previous;
	else
		dns->last[question->place] = question->previous;
}

/* Nobody wants it any more, and it has been taken out. */
static void
drop(struct dns_question *question)
{
	dns_answer_free(&question->answer);
	if (question->held) {
		insert(question, LOST);
		return;
	}
	question->dns->count--;
	free(question);
}

static void
fail(struct dns_answer *answer, const char *reason)
{
	answer->state = DNS_FAILED;
	snprintf(answer->reason, sizeof(answer->reason), "%s", reason);
}

static void
set_answer(struct dns_question *question, struct span packet, int code,
    int security, const char *why)
{
	struct dns_answer *answer = &question->answer;

	/* what is bogus comes with its records and without an error code */
	if (security == FOUND_BOGUS) {
		fail(answer, why != NULL ? why : "validation failed");
		answer->security = DNS_BOGUS;
	} else if (code != 0) {
		fail(answer, "the servers failed");
	} else {
		dns_reply_parse(answer, packet, question->type);
		if (security == FOUND_SECURE && answer->state != DNS_FAILED)
			answer->security = DNS_SECURE;
	}
}

/* libunbound's answer; from its cache it comes while we ask.  We are in the
 * middle of its work here, so nobody is called back. */
static void
on_answer(void *arg, int code, void *packet, int len, int security, char *why,
    int limited)
{
	struct dns_question *question = arg;

	(void)limited;
	question->held = false;
	if (question->place == DONE)
		return; /* its time was up */
	take_out(question);
	if (question->place == LOST) {
		drop(question);
		return;
	}
	set_answer(
	    question, (struct span){packet, (size_t)len}, code, security, why);
	insert(question, DONE);
}

/* libunbound loses memory with every name that it does not take. */
static bool
is_name(const char *text)
{
	size_t i, label = 0, len = strlen(text);

	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len > DNS_NAME_MAX)
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] == '\\' || (text[i] == '.' && label == 0))
			return false;
		label = text[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

struct dns_question *
dns_ask(struct dns *dns, const char *name, unsigned type,
    void (*callback)(void *arg, const struct dns_answer *answer), void *arg)
{
	struct dns_question *question;

	if (!is_name(name)) {
		errno = EINVAL;
		return NULL;
	}
	if (dns->count >= DNS_QUESTIONS_MAX) {
		errno = EAGAIN;
		return NULL;
	}
	question = calloc(1, sizeof(*question));
	if (question == NULL)
		fatal("out of memory");
	question->dns = dns;
	question->type = type;
	question->callback = callback;
	question->arg = arg;
	question->deadline = clock_ms() + (int64_t)dns->timeout;
	question->held = true;
	dns->count++;
	insert(question, ASKED);
	if (ub_resolve_event(dns->context, name, (int)type, CLASS_IN, question,
		on_answer, NULL) == 0)
		return question;
	take_out(question);
	question->held = false;
	drop(question);
	errno = EAGAIN;
	return NULL;
}

/* ub_cancel() would do the same: libunbound goes on either way, and would
 * forget to tell us when it is done. */
void
dns_cancel(struct dns_question *question)
{
	take_out(question);
	drop(question);
}

/* What has come, and those whose time is up, are done. */
static void
turn(struct dns *dns)
{
	struct dns_question *question;
	int64_t now;

	dns_events_run(dns->events);
	now = clock_ms();
	while ((question = dns->first[ASKED]) != NULL &&
	       question->deadline <= now) {
		pop(dns, ASKED);
		fail(&question->answer, "no answer in time");
		insert(question, DONE);
	}
}

static int64_t
next_turn(const struct dns *dns)
{
	const struct dns_question *question = dns->first[ASKED];
	int64_t next = dns_events_next(dns->events);

	return question != NULL && question->deadline < next
		   ? question->deadline
		   : next;
}

int
dns_fd(const struct dns *dns)
{
	return dns_events_fd(dns->events);
}

int64_t
dns_next(const struct dns *dns)
{
	return dns->first[DONE] != NULL ? 0 : next_turn(dns);
}

void
dns_take(struct dns *dns)
{
	struct dns_question *question;
	size_t left;

	turn(dns);
	/* those that a callback asks may be done at once; they come later */
	for (left = dns->count; left > 0; left--) {
		question = pop(dns, DONE);
		if (question == NULL)
			break;
		question->callback(question->arg, &question->answer);
		drop(question);
	}
}

void
dns_resolve(
    struct dns *dns, const char *name, unsigned type, struct dns_answer *answer)
{
	struct pollfd pfd = {.fd = dns_fd(dns), .events = POLLIN};
	struct dns_question *question;

	memset(answer, 0, sizeof(*answer));
	question = dns_ask(dns, name, type, NULL, NULL);
	if (question == NULL) {
		fail(answer, errno == EINVAL ? "not a name of the DNS"
					     : "too many questions");
		return;
	}
	while (question->place != DONE) {
		poll(&pfd, 1, clock_left(next_turn(dns)));
		turn(dns);
	}
	take_out(question);
	*answer = question->answer;
	buf_init(&question->answer.octets, 0);
	drop(question);
}

void
dns_answer_free(struct dns_answer *answer)
{
	buf_free(&answer->octets);
	answer->count = 0;
}

/* With its first question libunbound reads all files and opens what it needs;
 * this one it answers by itself. */
static int
begin(struct dns *dns)
{
	struct dns_answer answer;
	int rc;

	dns_resolve(dns, "localhost", DNS_A, &answer);
	rc = answer.state == DNS_FOUND ? 0 : -1;
	if (rc < 0)
		warning("libunbound cannot begin");
	dns_answer_free(&answer);
	return rc;
}

/* Passes on the first error of libunbound's log. */
static void
say_first_error(const char *log)
{
	const char *text = strstr(log, "error: ");

	if (text == NULL)
		return;
	text += strlen("error: ");
	warning("libunbound: %.*s", (int)strcspn(text, "\n"), text);
}

struct dns *
dns_open(const struct dns_config *config)
{
	struct dns *dns = calloc(1, sizeof(*dns));
	char *text = NULL;
	size_t size;
	FILE *log;
	int rc;

	log = open_memstream(&text, &size);
	if (dns == NULL || log == NULL)
		fatal("out of memory");
	dns->timeout = config->timeout;
	dns->events = dns_events_new();
	dns->context = ub_ctx_create_ub_event(dns_events_base(dns->events));
	if (dns->context == NULL)
		fatal("libunbound: out of memory");
	ub_ctx_debugout(dns->context, log);
	rc = dns_configure(dns->context, config) == 0 && begin(dns) == 0 ? 0
									 : -1;
	ub_ctx_debugout(dns->context, NULL);
	if (fclose(log) != 0)
		fatal("out of memory");
	if (rc < 0) {
		say_first_error(text);
		dns_free(dns);
		dns = NULL;
	}
	free(text);
	return dns;
}

void
dns_free(struct dns *dns)
{
	struct dns_question *question;
	int place;

	if (dns == NULL)
		return;
	ub_ctx_delete(dns->context); /* calls nobody back */
	dns_events_free(dns->events);
	for (place = 0; place < PLACES; place++)
		while ((question = pop(dns, place)) != NULL) {
			question->held = false;
			drop(question);
		}
	free(dns);
}
