/*
 * conf: the options `-o name=value`, from one table.
 *
 * The table is what main reads values into, what `-o help` prints, and what
 * the tests hold against the man page.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stddef.h>
#include <stdint.h>

enum conf_kind {
	CONF_COUNT,   /* uint64_t: a number */
	CONF_SIZE,    /* uint64_t: octets, with K, M or G (powers of 1024) */
	CONF_SECONDS, /* uint64_t: milliseconds, given as seconds ("0.5", "60")
		       */
	CONF_TEXT     /* const char *: anything; points into argv */
};

struct conf_option {
	const char *name;
	enum conf_kind kind;
	void *value;  /* holds the default until it is set */
	uint64_t min; /* not for CONF_TEXT; CONF_SECONDS in milliseconds */
	uint64_t max;
	const char *help; /* one line */
};

/* Sets one option from "name=value".  Ends the program with 111 if there is no
 * such name or the value is wrong.  "help" prints the table, one line each as
 * "name=default<TAB>help", and exits with 0. */
void conf_set(
    const struct conf_option *options, size_t count, const char *argument);

/* The environment's value of that name, if it is there and not empty. */
const char *conf_environment(const char *name, const char *otherwise);

/* The value parsers by themselves: 0, or -1 if it is not one. */
int conf_parse_size(const char *text, uint64_t *octets);
int conf_parse_seconds(const char *text, uint64_t *milliseconds);

#endif
