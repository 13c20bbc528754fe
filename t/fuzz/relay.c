/*
 * Any octets as a header: what is read of its Received fields points into what
 * it should, and no selector leaves it.  The first line names a selector.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relay/relay.h"
#include "relay/selector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Octets that would let a field speak for another one. */
static void
check_plain(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (memchr(" []", text.p[i], 3) != NULL)
			abort();
}

static void
check_relays(const struct relays *relays)
{
	const struct relay *relay;
	size_t i;

	if (relays->internal > relays->trusted ||
	    relays->trusted > relays->count || relays->count > RELAYS_MAX)
		abort();
	for (i = 0; i < relays->count; i++) {
		relay = &relays->list[i];
		check_plain(relay->ip);
		check_plain(relay->rdns);
		check_plain(relay->helo);
		check_plain(relay->by);
		check_plain(relay->ident);
	}
}

static size_t
sum(const struct text *text)
{
	size_t i, k, total = 0;

	for (i = 0; i < text->count; i++)
		for (k = 0; k < text->lines[i].len; k++)
			total += (unsigned char)text->lines[i].p[k];
	return total;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static volatile size_t total;
	static struct relay_networks *networks;
	static struct tld *tld;
	static struct mail mail;
	struct span octets = {(const char *)data, size}, name = octets;
	struct selector selector;
	struct text text;
	const char *end;

	if (size == 0)
		return 0;
	if (tld == NULL) {
		tld = tld_new();
		networks = relay_networks_new();
		mail_init(&mail);
		if (!relay_networks_add(
			networks, 't', span_of("10/8 2001:db8::/32")))
			abort();
	}
	end = memchr(data, '\n', size);
	if (end != NULL) {
		name.len = (size_t)(end - octets.p);
		octets = span_from(octets, name.len + 1);
	}
	mail_reset(&mail);
	mail_read(&mail, octets);
	relays_read(
	    &mail, size % 2 == 0 ? networks : NULL, span_of("X-Envelope-From"));
	check_relays(mail.relays);
	selector_parse(name, &selector);
	selector_get(&mail, &selector, tld, &text);
	total += sum(&text);
	return 0;
}
