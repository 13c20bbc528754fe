/*
 * pin: what was settled by hand about another node, once; see node(5).
 *
 * A node's manifest says what that node wants us to believe.  The pin says what
 * we believe it about: whose key it is, which domains are its, how it is
 * reached.  Without a pin a manifest was put there by hand, and is trusted.
 *
 * A pin does not change once it is parsed, so that several sets of nodes can
 * hold it.
 */
#ifndef NODE_PIN_H
#define NODE_PIN_H

#include "node/manifest.h"

struct pin {
	unsigned refs;
	struct tree *tree; /* what the texts below point into */
	const char *key;   /* upper case */
	const char *reach; /* NULL: the node must not say how to reach it */
	struct domain *domains;
	size_t domain_count;
};

/* Parses the text of a file.  Returns it with one reference, or NULL if
 * anything is wrong, which was told under the file's name (NULL: not). */
struct pin *pin_parse(struct span text, const char *file);

/* The text of the pin of a node that is what its manifest says, which has a
 * key. */
void pin_write(const struct manifest *manifest, struct buf *text);

struct pin *pin_ref(struct pin *pin); /* these two also with NULL */
void pin_free(struct pin *pin);       /* drops a reference */

bool pin_has_domain(const struct pin *pin, const struct domain *domain);

/* Why a manifest cannot be of the node that is pinned, or NULL.  Its domains
 * are another matter: it may be used without those that are not pinned. */
const char *pin_against(const struct pin *pin, const struct manifest *manifest);

/* The first domain of a manifest that is not pinned, or NULL. */
const struct domain *pin_excess(
    const struct pin *pin, const struct manifest *manifest);

#endif
