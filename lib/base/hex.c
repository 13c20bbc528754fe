#include "base/hex.h"
#include "base/ascii.h"

bool
hex_is(struct span text, size_t digits)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (!ascii_is_hex(text.p[i]) || ascii_is_upper(text.p[i]))
			return false;
	return text.len == digits;
}

size_t
hex_put(char *text, const void *octets, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *octet = octets;
	size_t i;

	for (i = 0; i < len; i++) {
		text[2 * i] = digits[octet[i] >> 4];
		text[2 * i + 1] = digits[octet[i] & 0xf];
	}
	return 2 * len;
}

bool
hex_take(struct span text, void *octets, size_t len)
{
	unsigned char *octet = octets;
	size_t i;

	if (!hex_is(text, 2 * len))
		return false;
	for (i = 0; i < len; i++)
		octet[i] = (unsigned char)(16 * ascii_hex(text.p[2 * i]) +
					   ascii_hex(text.p[2 * i + 1]));
	return true;
}
