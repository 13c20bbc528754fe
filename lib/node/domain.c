#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>

#include "base/span.h"
#include "node/domain.h"

/* The text of an address literal, which was found good, in one spelling. */
static void
literal_normal(char normal[ADDRESS_DOMAIN_MAX + 1], const char *text)
{
	char inner[ADDRESS_DOMAIN_MAX + 1], shown[INET6_ADDRSTRLEN];
	unsigned char octets[16];
	size_t len = strlen(text) - 2;
	int family = AF_INET;
	const char *p = inner;

	memcpy(inner, text + 1, len);
	inner[len] = '\0';
	if (strncasecmp(inner, "IPv6:", 5) == 0) {
		family = AF_INET6;
		p += 5;
	}
	if (inet_pton(family, p, octets) == 1 &&
	    inet_ntop(family, octets, shown, sizeof(shown)) != NULL)
		snprintf(normal, ADDRESS_DOMAIN_MAX + 1, "[%s%s]",
		    family == AF_INET6 ? "ipv6:" : "", shown);
	else
		normal[0] = '\0';
}

static void
lower_copy(char normal[ADDRESS_DOMAIN_MAX + 1], const char *text)
{
	size_t i;

	for (i = 0; text[i] != '\0' && i < ADDRESS_DOMAIN_MAX; i++)
		normal[i] = text[i] >= 'A' && text[i] <= 'Z'
				? (char)(text[i] - 'A' + 'a')
				: text[i];
	normal[i] = '\0';
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

int
domain_normal(char normal[ADDRESS_DOMAIN_MAX + 1], const char *text)
{
	uint8_t *alabels;

	if (!address_is_domain(span_of(text)))
		return -1;
	if (text[0] == '[')
		literal_normal(normal, text);
	else if (is_ascii(text))
		lower_copy(normal, text);
	else {
		if (idn2_lookup_u8((const uint8_t *)text, &alabels,
			IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return -1;
		/* a fullwidth bracket must not become a literal's */
		if (alabels[0] == '[' ||
		    !address_is_domain(span_of((char *)alabels)))
			alabels[0] = '\0';
		lower_copy(normal, (char *)alabels);
		idn2_free(alabels);
	}
	return normal[0] != '\0' ? 0 : -1;
}
