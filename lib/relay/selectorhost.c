#include "relay/selectorhost.h"

#include <stdio.h>

#include "base/ascii.h"
#include "relay/relayip.h"

#define HOST_MAX 252 /* octets in front of the last dot, with it */

static bool
is_label(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '-';
}

/* No label begins behind one. */
static bool
is_joint(char c)
{
	return c == '.' || c == '_' || c == '-';
}

/* What no blank interrupts, from that octet on. */
static struct span
run_at(struct span text, size_t at)
{
	struct span run = span_from(text, at);
	size_t len = 0;

	while (len < run.len && !ascii_is_space(run.p[len]))
		len++;
	run.len = len;
	return run;
}

struct span
selector_host_of_address(struct span address)
{
	struct span none = {NULL, 0}, run;
	size_t i = address.len;

	while (i-- > 0) {
		if (address.p[i] != '@')
			continue;
		run = run_at(address, i + 1);
		if (run.len > 0)
			return run;
	}
	return none;
}

/* The longest part of a run, from its begin, that ends in a label that exists;
 * len 0 if there is none. */
static struct span
longest_host(struct span run, const struct tld *tld)
{
	struct span label;
	size_t i = run.len < HOST_MAX ? run.len : HOST_MAX, end;

	while (i-- > 1) {
		if (run.p[i] != '.')
			continue;
		for (end = i + 1; end < run.len && is_label(run.p[end]);)
			end++;
		if (end < run.len && (run.p[end] == '.' || run.p[end] == '_'))
			continue;
		label = (struct span){run.p + i + 1, end - i - 1};
		if (label.len > 0 && tld_is_last(tld, label))
			return (struct span){run.p, end};
	}
	return (struct span){run.p, 0};
}

static bool
is_name(struct arena *arena, struct span host)
{
	return tld_is_name(tld_ascii(arena, host));
}

/* The host behind the last "@" that has one; false if none has. */
static bool
take_behind_at(struct arena *arena, struct span text, const struct tld *tld,
    struct span *host)
{
	size_t i = text.len, tries = 100;

	while (i-- > 0 && tries > 0) {
		if (text.p[i] != '@')
			continue;
		tries--;
		*host = longest_host(run_at(text, i + 1), tld);
		if (host->len > 0)
			return is_name(arena, *host);
	}
	return false;
}

struct span
selector_host(struct arena *arena, struct span text, const struct tld *tld)
{
	struct span none = {NULL, 0}, host, run;
	size_t i = 0, tries = 1000;

	if (take_behind_at(arena, text, tld, &host))
		return host;
	while (i < text.len && tries-- > 0) {
		if (ascii_is_space(text.p[i])) {
			i++;
			continue;
		}
		run = run_at(text, i);
		while (i > 0 && run.len > 0 && is_joint(text.p[i - 1])) {
			run = span_from(run, 1);
			i++;
		}
		host = longest_host(run, tld);
		if (host.len > 0 && is_name(arena, host))
			return host;
		i += host.len > 0 ? host.len : run.len + 1;
	}
	return none;
}

static struct span
reverse(struct arena *arena, struct span ip)
{
	static const char digits[] = "0123456789abcdef";
	struct span none = {NULL, 0};
	unsigned char octets[16];
	char *p;
	int i;

	if (!relay_ip_octets(ip, octets))
		return none;
	p = arena_alloc(arena, 64);
	if (memchr(ip.p, ':', ip.len) == NULL) {
		i = snprintf(p, 64, "%d.%d.%d.%d", octets[15], octets[14],
		    octets[13], octets[12]);
		return (struct span){p, (size_t)i};
	}
	for (i = 0; i < 16; i++) {
		p[4 * i] = digits[octets[15 - i] & 15];
		p[4 * i + 2] = digits[octets[15 - i] >> 4];
		p[4 * i + 1] = p[4 * i + 3] = '.';
	}
	return (struct span){p, 63};
}

struct span
selector_ip(struct arena *arena, struct span text, bool reversed)
{
	struct span ip = relay_find_ip(text);

	return ip.p != NULL && reversed ? reverse(arena, ip) : ip;
}
