/*
 * The input is a manifest, up to a NUL octet if there is one, and behind that
 * an address that is looked up in it.
 */
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "node/set.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Our own node, that all others may be a backup for. */
static const char own[] =
    "node: {name: own, host: own.example, domains: [own.example]}\n"
    "mailboxes: {all: {matches: .*}}\n";

static void
look_up(const struct nodes *nodes, struct span text)
{
	struct address address;
	struct match match;

	if (address_parse(&address, text) < 0)
		return;
	nodes_match(nodes, &address, 0, &match);
	if ((match.class == MATCH_REFUSE) != (match.reply != NULL) ||
	    (match.class == MATCH_REFUSE) != (match.mailbox == NULL))
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = {(const char *)data, size}, address = {NULL, 0};
	const struct manifest *manifest;
	struct manifest *manifests[2];
	struct nodes *nodes;
	const char *nul;
	size_t i;

	nul = size > 0 ? memchr(text.p, '\0', size) : NULL;
	if (nul != NULL) {
		text.len = (size_t)(nul - text.p);
		address.p = nul + 1;
		address.len = size - text.len - 1;
	}
	manifests[0] = manifest_parse(text, NULL, NULL);
	if (manifests[0] == NULL || strcmp(manifests[0]->name, "own") == 0) {
		manifest_free(manifests[0]);
		return 0;
	}
	manifests[1] = manifest_parse(span_of(own), NULL, "own");
	if (manifests[1] == NULL)
		__builtin_trap();
	nodes = nodes_of(manifests, 2, "own");
	look_up(nodes, address);
	look_up(nodes, span_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaab+c@x.example"));
	for (i = 0; i < nodes->count; i++) {
		manifest = nodes->members[i].manifest;
		pattern_takes_all(manifest->mailboxes->pattern, nodes->matcher);
	}
	nodes_free(nodes);
	return 0;
}
