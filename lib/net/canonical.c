#include <stdio.h>
#include <string.h>

#include "base/scan.h"
#include "mail/address.h"
#include "net/canonical.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* A name in wire format as text.  False if it is not one of a host. */
static bool
name_text(struct span wire, char name[DNS_NAME_MAX + 1])
{
	size_t at = 0, len = 0, label;

	while (at < wire.len && (label = (unsigned char)wire.p[at]) > 0) {
		if (++at + label > wire.len || len + label > DNS_NAME_MAX)
			return false;
		for (; label > 0; label--)
			name[len++] = lower(wire.p[at++]);
		if (len == DNS_NAME_MAX)
			break;
		name[len++] = '.';
	}
	/* without the last dot */
	if (len > 0 && name[len - 1] == '.')
		len--;
	name[len] = '\0';
	return strlen(name) == len &&
	       address_is_domain((struct span){name, len}) && name[0] != '[';
}

static int
failed(struct canonical *canonical, const char *host, const char *reason)
{
	snprintf(canonical->name, sizeof(canonical->name), "%s", host);
	snprintf(canonical->reason, sizeof(canonical->reason), "%s", reason);
	return -1;
}

/* Follows one alias.  1; 0 if the name is none; -1. */
static int
follow(struct dns *dns, struct canonical *canonical, const char *host)
{
	struct dns_answer answer;
	int rc = 0;

	dns_resolve(dns, canonical->name, DNS_CNAME, &answer);
	if (answer.state == DNS_FAILED)
		rc = failed(canonical, host, answer.reason);
	else if (answer.state == DNS_FOUND) {
		rc = 1;
		if (!name_text(answer.records[0], canonical->name))
			rc = failed(canonical, host,
			    "an alias of what is no name of a host");
	}
	dns_answer_free(&answer);
	return rc;
}

/* Asks for addresses of one family.  0, or -1. */
static int
ask(struct dns *dns, struct canonical *canonical, const char *host,
    unsigned type)
{
	struct dns_answer answer;
	int rc = 0;

	dns_resolve(dns, canonical->name, type, &answer);
	if (answer.state == DNS_FAILED)
		rc = failed(canonical, host, answer.reason);
	else if (answer.state == DNS_FOUND)
		canonical->has_address = true;
	dns_answer_free(&answer);
	return rc;
}

int
canonical_find(struct dns *dns, const char *host, struct canonical *canonical)
{
	int rc, aliases = 0;

	memset(canonical, 0, sizeof(*canonical));
	snprintf(canonical->name, sizeof(canonical->name), "%s", host);
	while ((rc = follow(dns, canonical, host)) > 0)
		if (++aliases > CANONICAL_ALIASES_MAX)
			return failed(canonical, host, "too many aliases");
	if (rc < 0 || ask(dns, canonical, host, DNS_A) < 0)
		return -1;
	return canonical->has_address ? 0 : ask(dns, canonical, host, DNS_AAAA);
}
