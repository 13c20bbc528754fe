/*
 * Any octets as results of SPF and DKIM.  Whoever vouches is a part of them and
 * not empty, and what ends inside a comment or quotes vouches for nobody.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spam/vouch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct span domain, struct span auth)
{
	if (domain.len == 0 || domain.p < auth.p ||
	    domain.p + domain.len > auth.p + auth.len)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 10);
	struct vouch vouch;
	struct span auth;
	size_t i;

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	auth = (struct span){copy, size};
	vouch_read(&vouch, auth);
	for (i = 0; i < vouch.count; i++)
		check(vouch.signers[i], auth);
	if (vouch.sender.p != NULL)
		check(vouch.sender, auth);
	memcpy(copy + size, "; x=y (", 7);
	vouch_read(&vouch, (struct span){copy, size + 7});
	if (vouch.count > 0 || vouch.sender.p != NULL)
		abort();
	free(copy);
	return 0;
}
