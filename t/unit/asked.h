/*
 * asked: functions of rules, asked about a message by name.
 */
#ifndef UNIT_ASKED_H
#define UNIT_ASKED_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eval/eval.h"
#include "relay/relay.h"
#include "text/render.h"
#include "uri/uris.h"

#define ASKED_ARGUMENTS_MAX 4
#define ASKED_TEXT_MAX (256 << 10)

static struct mail asked_mail;
static struct ruleset *asked_set;
static void *asked_data;
static const struct eval_family *asked_family;
static struct tld *asked_tld; /* NULL unless domains matter */

/* Prepares a family with these settings, which may be NULL. */
static inline void
asked_begin(const struct eval_family *family, const char *settings)
{
	char path[] = "/tmp/asked.XXXXXX";
	int fd;

	mail_init(&asked_mail);
	asked_set = ruleset_new();
	if (settings != NULL) {
		fd = mkstemp(path);
		if (fd < 0 ||
		    write(fd, settings, strlen(settings)) !=
			(ssize_t)strlen(settings) ||
		    close(fd) < 0 || ruleset_read(asked_set, path) < 0)
			abort();
		unlink(path);
	}
	ruleset_finish(asked_set);
	asked_family = family;
	asked_data = family->prepare(asked_set);
}

/* From now on relays and addresses are read, too, with these names as those in
 * which domains are registered. */
static inline void
asked_use_tld(const char *names)
{
	asked_tld = tld_new();
	tld_add(asked_tld, 1, span_of(names));
}

static inline void
asked_end(void)
{
	tld_free(asked_tld);
	asked_tld = NULL;
	asked_family->release(asked_data);
	ruleset_free(asked_set);
	mail_free(&asked_mail);
}

static inline void
asked_read_more(void)
{
	struct relay_networks *networks = relay_networks_new();

	relays_read(&asked_mail, networks, span_of(""));
	uris_find(&asked_mail, asked_tld);
	relay_networks_free(networks);
}

/* Reads what is asked about from now on; the octets must live as long. */
static inline void
asked_read(struct span octets)
{
	mail_reset(&asked_mail);
	mail_read(&asked_mail, octets);
	render(&asked_mail, ASKED_TEXT_MAX);
	if (asked_tld != NULL)
		asked_read_more();
	if (asked_family->begin != NULL)
		asked_family->begin(asked_data, &asked_mail, asked_tld);
}

/* What a function says, with arguments up to NULL. */
static inline bool
ask(const char *function, ...)
{
	struct span arguments[ASKED_ARGUMENTS_MAX];
	struct rule rule = {.function = span_of(function)};
	struct eval_call call = {.mail = &asked_mail,
	    .rule = &rule,
	    .tld = asked_tld,
	    .data = asked_data,
	    .arguments = arguments,
	    .learned = -1};
	const struct eval *eval = asked_family->evals;
	const char *argument;
	va_list ap;

	va_start(ap, function);
	while ((argument = va_arg(ap, const char *)) != NULL) {
		if (call.argument_count == ASKED_ARGUMENTS_MAX)
			abort();
		arguments[call.argument_count++] = span_of(argument);
	}
	va_end(ap);
	while (eval->name != NULL && strcmp(eval->name, function) != 0)
		eval++;
	if (eval->name == NULL)
		abort();
	return eval->check(&call);
}

#endif
