/*
 * urireading: what the files uri*.c share.
 */
#ifndef URI_URIREADING_H
#define URI_URIREADING_H

#include "uri/uripart.h"

struct uri_cleaning {
	struct arena *arena;
	const struct tld *tld;
	struct span targets[URI_TARGETS_MAX]; /* to be read: the first is what
						 was asked for */
	size_t target_count;
	struct uri_readings *readings;
};

/* How many octets at the front are none of these; all if there is none. */
size_t uri_until(struct span text, const char *stop);

struct span uri_join(
    struct arena *arena, struct span a, struct span b, struct span c);

/* Entities of HTML (&#46;) of printable characters undone. */
struct span uri_undo_entities(struct arena *arena, struct span uri);

/* A reading, of pieces, unless there is the same. */
void uri_add_joined(
    struct uri_cleaning *cleaning, struct span a, struct span b, struct span c);

/* Another address to read, as far as there is room. */
void uri_add_target(struct uri_cleaning *cleaning, struct span uri);

/* Readings by its host. */
void uri_read_web(struct uri_cleaning *cleaning, struct span uri);

#endif
