/*
 * walk: the parts of a message in their order.
 */
#ifndef EVAL_WALK_H
#define EVAL_WALK_H

#include "text/mail.h"

/* The part behind that one among top and what is in it, a parent before its
 * children; NULL behind the last. */
static inline struct mail_part *
walk_next(const struct mail_part *top, struct mail_part *part)
{
	if (part->child != NULL)
		return part->child;
	for (; part != top; part = part->parent)
		if (part->next != NULL)
			return part->next;
	return NULL;
}

/* The value of its last field of that name; empty if there is none. */
static inline struct span
walk_value(const struct mail_part *part, const char *name)
{
	const struct mail_field *field = mail_last(&part->header, name);

	return field != NULL ? field->value : (struct span){NULL, 0};
}

#endif
