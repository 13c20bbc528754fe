#include <stdlib.h>

#include "base/clock.h"
#include "node/domain.h"
#include "node/limits.h"
#include "node/set.h"

static int
compare_domain(const void *name, const void *element)
{
	const struct claim *claim = element;

	return strcmp(name, claim->domain->name);
}

/* The node that an address belongs to, or NULL. */
static const struct member *
find_owner(const struct nodes *nodes, const struct address *address)
{
	char normal[ADDRESS_DOMAIN_MAX + 1];
	const struct claim *claim;

	/* RFC 5321 4.5.1: postmaster alone is a recipient, too */
	if (address->domain[0] == '\0')
		return strcasecmp(address->local, "postmaster") == 0
			   ? nodes->self
			   : NULL;
	if (domain_normal(normal, address->domain) < 0)
		return NULL;
	claim = bsearch(normal, nodes->claims, nodes->claim_count,
	    sizeof(*claim), compare_domain);
	return claim != NULL ? claim->owner : NULL;
}

/* Processor time of this thread in milliseconds. */
static int64_t
cpu_ms(void)
{
	struct timespec time;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) < 0)
		return 0;
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* The first mailbox that matches.  NULL if there is none; then *doubt says
 * that one would perhaps have matched. */
static const struct mailbox *
find_mailbox(const struct nodes *nodes, const struct member *owner,
    const char *local, bool *doubt)
{
	const struct manifest *manifest = owner->manifest;
	struct span whole = span_of(local), base = whole;
	const char *plus = strchr(local, '+');
	int64_t deadline = CLOCK_NEVER, cpu_deadline = 0;
	enum pattern_result result;
	size_t i;

	if (plus != NULL)
		base.len = (size_t)(plus - local);
	/* our own manifest may be as slow as we want it to be */
	if (owner != nodes->self) {
		deadline = clock_ms() + NODE_LOOKUP_MS;
		cpu_deadline = cpu_ms() + NODE_LOOKUP_MS;
	}
	*doubt = false;
	for (i = 0; i < manifest->mailbox_count; i++) {
		const struct pattern *pattern = manifest->mailboxes[i].pattern;

		result = pattern_match(pattern, nodes->matcher, whole);
		*doubt |= result == PATTERN_LIMIT;
		if (result != PATTERN_YES && base.len < whole.len &&
		    base.len > 0) {
			result = pattern_match(pattern, nodes->matcher, base);
			*doubt |= result == PATTERN_LIMIT;
		}
		if (result == PATTERN_YES)
			return &manifest->mailboxes[i];
		/* asking the time of day first is cheaper */
		if (deadline != CLOCK_NEVER && clock_ms() > deadline &&
		    cpu_ms() > cpu_deadline) {
			*doubt = true;
			return NULL;
		}
	}
	return NULL;
}

static void
refuse(struct match *match, const char *reply)
{
	match->class = MATCH_REFUSE;
	match->node = NULL;
	match->mailbox = NULL;
	match->reply = reply;
}

void
nodes_match(const struct nodes *nodes, const struct address *address,
    time_t now, struct match *match)
{
	const struct mailbox *mailbox;
	const struct member *owner;
	bool doubt;

	owner = find_owner(nodes, address);
	if (owner == NULL && nodes->incomplete) {
		refuse(match, "451 4.3.0 Not sure whose domain this is");
		return;
	}
	if (owner == NULL || (owner != nodes->self && !owner->wants_backup)) {
		refuse(match, "550 5.7.1 Relaying denied");
		return;
	}
	mailbox = find_mailbox(nodes, owner, address->local, &doubt);
	/* no fall-through to a catch-all: an expired address is to end */
	if (mailbox != NULL && now >= mailbox->end)
		mailbox = NULL;
	if (mailbox == NULL && (strcasecmp(address->local, "postmaster") == 0 ||
				   strcasecmp(address->local, "abuse") == 0))
		mailbox = owner->manifest->postmaster;
	if (mailbox == NULL) {
		refuse(match, doubt ? "451 4.3.0 Not sure about this mailbox"
				    : "550 5.1.1 No such mailbox here");
		return;
	}
	match->class = owner == nodes->self ? MATCH_LOCAL : MATCH_BACKUP;
	match->node = owner->manifest->name;
	match->mailbox = mailbox->name;
	match->reply = NULL;
}
