/*
 * Any octets as the header of the PROXY protocol.  However they come in
 * portions, the answer must go from "more" to its end once and stay there; and
 * what is asked for must be able to come, and must not be more than the header.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtp/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parses a copy of just these octets, so that reading behind them is seen. */
static enum proxy_result
parse(const uint8_t *data, size_t size, size_t *len)
{
	struct sockaddr_storage peer = {0};
	char *copy = malloc(size + 1);
	enum proxy_result result;

	if (copy == NULL)
		abort();
	memcpy(copy + 1, data, size);
	*len = 0;
	result = proxy_parse((struct span){copy + 1, size}, &peer, len);
	free(copy);
	if (result == PROXY_PEER && peer.ss_family != AF_INET &&
	    peer.ss_family != AF_INET6)
		abort();
	if (result == PROXY_MORE && (*len == 0 || *len > PROXY_HEADER_MAX))
		abort();
	if ((result == PROXY_PEER || result == PROXY_LOCAL) &&
	    (*len > size || *len > PROXY_HEADER_MAX))
		abort();
	return result;
}

/* After "more" one octet at least is good, and none ends the header before
 * `lacks` octets have come. */
static void
check_next(const uint8_t *data, size_t size, size_t lacks)
{
	enum proxy_result result;
	uint8_t *next = malloc(size + 1);
	bool possible = false;
	size_t len;
	int c;

	if (next == NULL)
		abort();
	memcpy(next, data, size);
	for (c = 0; c < 256; c++) {
		next[size] = (uint8_t)c;
		result = parse(next, size + 1, &len);
		if (result == PROXY_BAD)
			continue;
		possible = true;
		if (result == PROXY_MORE ? len + 1 < lacks : lacks > 1)
			abort();
	}
	if (!possible)
		abort();
	free(next);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum proxy_result whole, part;
	size_t cut, end, len, last = 0, lacks = 0;

	if (size > PROXY_HEADER_MAX + 100)
		return 0;
	whole = parse(data, size, &end);
	for (cut = 0; cut <= size; cut += cut < 110 ? 1 : 1 + size / 50) {
		part = parse(data, cut, &len);
		if (part != PROXY_MORE) {
			if (part != whole || (whole != PROXY_BAD && len != end))
				abort();
			continue;
		}
		if (cut > last + 1 && cut <= 110) /* it had ended before */
			abort();
		if ((whole == PROXY_PEER || whole == PROXY_LOCAL) &&
		    (cut >= end || len > end - cut))
			abort();
		last = cut;
		lacks = len;
	}
	check_next(data, last, lacks);
	return 0;
}
