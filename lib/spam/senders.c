#include <ctype.h>
#include <sys/socket.h>

#include "spam/senders.h"
#include "text/words.h"

#define MAPPED 12 /* octets in front of a mapped IPv4 address */

struct span
senders_lower(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	size_t i;

	for (i = 0; i < text.len; i++)
		p[i] = (char)tolower((unsigned char)text.p[i]);
	return (struct span){p, text.len};
}

size_t
senders_from(struct mail *mail, struct span *addresses, size_t max)
{
	const struct mail_field *field;
	struct mailbox *list;
	size_t at = 0, count = 0, i, n;

	while (count < max &&
	       (field = mail_next(&mail->root.header, "From", &at)) != NULL) {
		n = words_mailboxes(
		    &mail->arena, field->raw, max - count, &list);
		for (i = 0; i < n; i++)
			if (list[i].address.p != NULL)
				addresses[count++] = senders_lower(
				    &mail->arena, list[i].address);
	}
	return count;
}

struct span
senders_envelope(struct mail *mail)
{
	if (mail->envelope.sender.len == 0)
		return (struct span){NULL, 0};
	return senders_lower(&mail->arena, mail->envelope.sender);
}

struct span
senders_domain(struct span address)
{
	size_t at;

	for (at = address.len; at > 0; at--)
		if (address.p[at - 1] == '@')
			return span_from(address, at);
	return (struct span){NULL, 0};
}

bool
senders_client(const struct mail *mail, struct network *client)
{
	static const unsigned char mapped[MAPPED] = {[10] = 0xff, 0xff};

	if (mail->envelope.client.p == NULL ||
	    network_parse(client, mail->envelope.client) < 0)
		return false;
	if (client->family == AF_INET6 &&
	    memcmp(client->octets, mapped, MAPPED) == 0) {
		memmove(client->octets, client->octets + MAPPED, 4);
		client->family = AF_INET;
		client->bits = 32;
	}
	return client->bits == (client->family == AF_INET ? 32 : 128);
}
