#include "relay/relaynet.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "relay/relayip.h"

struct network {
	unsigned char octets[16];
	unsigned bits; /* of IPv6: an IPv4 network has 96 more */
	bool excluded;
};

struct network_list {
	struct network *list;
	size_t count;
};

struct relay_networks {
	struct network_list trusted;
	struct network_list internal;
	struct network_list msa;
	char *origins[RELAY_ORIGINS_MAX]; /* names of fields */
	size_t origin_count;
};

struct relay_networks *
relay_networks_new(void)
{
	struct relay_networks *networks = calloc(1, sizeof(*networks));

	if (networks == NULL)
		fatal("out of memory");
	return networks;
}

void
relay_networks_free(struct relay_networks *networks)
{
	if (networks == NULL)
		return;
	free(networks->trusted.list);
	free(networks->internal.list);
	free(networks->msa.list);
	while (networks->origin_count > 0)
		free(networks->origins[--networks->origin_count]);
	free(networks);
}

/* Whether a field of that name is one already. */
static bool
is_origin(const struct relay_networks *networks, struct span name)
{
	size_t i;

	for (i = 0; i < networks->origin_count; i++)
		if (span_ieq(span_of(networks->origins[i]), name))
			return true;
	return false;
}

bool
relay_networks_origins(struct relay_networks *networks, struct span names)
{
	struct span name;
	char *copy;

	while ((name = span_word(&names)).len > 0) {
		if (name.p[name.len - 1] == ':')
			name.len--;
		if (name.len == 0 || is_origin(networks, name))
			continue;
		if (networks->origin_count == RELAY_ORIGINS_MAX)
			return false;
		copy = strndup(name.p, name.len);
		if (copy == NULL)
			fatal("out of memory");
		networks->origins[networks->origin_count++] = copy;
	}
	return true;
}

const char *
relay_networks_origin(const struct relay_networks *networks, size_t i)
{
	return networks != NULL && i < networks->origin_count
		   ? networks->origins[i]
		   : NULL;
}

static struct network_list *
list_of(const struct relay_networks *networks, char kind)
{
	const struct network_list *list = kind == 't'   ? &networks->trusted
					  : kind == 'i' ? &networks->internal
							: &networks->msa;

	return (struct network_list *)list;
}

static bool
take_number(struct span *text, unsigned max, unsigned *number)
{
	size_t i;

	*number = 0;
	for (i = 0; i < text->len && text->p[i] >= '0' && text->p[i] <= '9';
	     i++) {
		*number = *number * 10 + (unsigned)(text->p[i] - '0');
		if (*number > max)
			return false;
	}
	*text = span_from(*text, i);
	return i > 0;
}

/* "192.0.2.1", "192.0.2.", "192.0.2": what is missing is a network.  Leading
 * zeros say nothing. */
static bool
read_four(struct span text, struct network *network)
{
	unsigned number, count = 0;

	while (text.len > 0 && count < 4) {
		if (!take_number(&text, 255, &number))
			return false;
		network->octets[12 + count++] = (unsigned char)number;
		if (text.len > 0 && text.p[0] != '.')
			return false;
		if (count < 4)
			text = span_from(text, 1);
	}
	network->octets[10] = network->octets[11] = 0xff;
	network->bits = 96 + 8 * count;
	return text.len == 0 && count > 0;
}

/* "24", "255.255.255.0" */
static bool
read_mask(struct span text, bool four, unsigned *bits)
{
	struct network mask = {.bits = 0};
	uint32_t octets = 0;
	unsigned number;
	size_t i;

	if (four && memchr(text.p, '.', text.len) != NULL) {
		if (!read_four(text, &mask) || mask.bits != 128)
			return false;
		for (i = 12; i < 16; i++)
			octets = octets << 8 | mask.octets[i];
		for (number = 0; number < 32; number++)
			if ((octets & 0x80000000u >> number) == 0)
				break;
		*bits = 96 + number;
		return number == 32 || octets << number == 0;
	}
	if (!take_number(&text, four ? 32 : 128, &number) || text.len > 0)
		return false;
	*bits = four ? 96 + number : number;
	return true;
}

static bool
read_network(struct span text, struct network *network)
{
	const char *slash = memchr(text.p, '/', text.len), *zone;
	struct span mask = {NULL, 0};
	bool four;

	*network = (struct network){.bits = 128};
	if (slash != NULL) {
		mask = span_from(text, (size_t)(slash - text.p) + 1);
		text.len = (size_t)(slash - text.p);
	}
	if (span_starts(text, "[") && span_ends(text, "]"))
		text = (struct span){text.p + 1, text.len - 2};
	if (text.len == 0)
		return false;
	zone = memchr(text.p, '%', text.len);
	if (zone != NULL)
		text.len = (size_t)(zone - text.p);
	four = memchr(text.p, ':', text.len) == NULL;
	if (four ? !read_four(text, network)
		 : !relay_ip_octets(text, network->octets))
		return false;
	return mask.p == NULL || read_mask(mask, four, &network->bits);
}

bool
relay_networks_add(struct relay_networks *networks, char kind, struct span list)
{
	struct network_list *known = list_of(networks, kind);
	struct network network, *more;
	bool good = true, excluded = false;
	struct span word;

	while ((word = span_word(&list)).len > 0) {
		if (span_starts(word, "!")) {
			excluded = true;
			word = span_from(word, 1);
			if (word.len == 0)
				continue; /* "! 192.0.2.1" */
		}
		if (!read_network(word, &network) ||
		    known->count >= RELAY_NETWORKS_MAX) {
			good = false;
			continue;
		}
		network.excluded = excluded;
		excluded = false;
		more = realloc(known->list, (known->count + 1) * sizeof(*more));
		if (more == NULL)
			fatal("out of memory");
		known->list = more;
		known->list[known->count++] = network;
	}
	return good;
}

bool
relay_networks_has(const struct relay_networks *networks, char kind)
{
	return networks != NULL && list_of(networks, kind)->count > 0;
}

static bool
is_in(const struct network *network, const unsigned char octets[16])
{
	unsigned whole = network->bits / 8, rest = network->bits % 8;

	if (memcmp(network->octets, octets, whole) != 0)
		return false;
	return rest == 0 ||
	       (network->octets[whole] ^ octets[whole]) >> (8 - rest) == 0;
}

bool
relay_networks_contain(
    const struct relay_networks *networks, char kind, struct span ip)
{
	const struct network_list *list;
	unsigned char octets[16];
	size_t i;

	if (!relay_ip_octets(ip, octets))
		return false;
	/* the machine itself is always trusted, but submits nothing */
	if (kind != 'm' &&
	    (relay_is_localhost(ip) || (relay_is_ip4(ip) && octets[12] == 127)))
		return true;
	if (networks == NULL)
		return false;
	list = list_of(networks, kind);
	for (i = 0; i < list->count; i++)
		if (is_in(&list->list[i], octets))
			return !list->list[i].excluded;
	return false;
}
