/*
 * The input is a pin, up to a NUL octet if there is one, and behind that a
 * manifest that is held against it.
 */
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "node/set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a set gives a pinned node must be pinned. */
static void
check(struct pin *pin, struct manifest *manifest)
{
	struct member *members = tree_alloc(1, sizeof(*members));
	struct nodes *nodes;
	size_t i;

	members->pin = pin_ref(pin);
	members->manifest = manifest_ref(manifest);
	nodes = nodes_of_members(members, 1, NULL);
	for (i = 0; i < nodes->claim_count; i++)
		if (!pin_has_domain(pin, nodes->claims[i].domain))
			__builtin_trap();
	if (nodes->members->flawed != (pin_excess(pin, manifest) != NULL))
		__builtin_trap();
	nodes_free(nodes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size}, rest = {NULL, 0};
	struct manifest *manifest;
	struct pin *pin;
	const char *nul;

	nul = size > 0 ? memchr(text.p, '\0', size) : NULL;
	if (nul != NULL) {
		text.len = (size_t)(nul - text.p);
		rest.p = nul + 1;
		rest.len = size - text.len - 1;
	}
	pin = pin_parse(text, NULL);
	manifest = manifest_parse(rest, NULL, NULL);
	if (pin != NULL && manifest != NULL &&
	    pin_against(pin, manifest) == NULL)
		check(pin, manifest);
	pin_free(pin);
	manifest_free(manifest);
	return 0;
}
