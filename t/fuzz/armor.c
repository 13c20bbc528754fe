/*
 * Any octets as armor: what is read comes back from what is written of it; and
 * as packets: whom they are for is found without running over.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seal/armor.h"

#define PIECE 61 /* of no line's length */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
take(struct message *message, const void *p, size_t len)
{
	if (message_add(message, p, len) < 0)
		abort();
}

/* Whether it is armor; then its octets are in to. */
static bool
read_all(const struct message *text, struct message *to)
{
	struct armor_reader reader;
	char piece[PIECE];
	ssize_t n;

	armor_read_init(&reader, text);
	while ((n = armor_read(&reader, piece, sizeof(piece))) > 0)
		take(to, piece, (size_t)n);
	return n == 0;
}

static void
write_all(const void *p, size_t len, struct message *text)
{
	struct armor_writer writer;

	if (armor_write_init(&writer, text) < 0 ||
	    armor_write(&writer, p, len) < 0 || armor_write_end(&writer) < 0)
		abort();
}

static void
check_again(const struct message *octets)
{
	struct message text, again;
	struct span spans[2], others[2];

	message_init(&text);
	message_init(&again);
	if (!message_spans(octets, spans))
		abort();
	write_all(spans[1].p, spans[1].len, &text);
	if (!read_all(&text, &again) || !message_spans(&again, others) ||
	    !span_eq(spans[1], others[1]))
		abort();
	message_free(&text);
	message_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message text, octets, packets;
	uint64_t ids[ARMOR_KEYS];

	if (size == 0 || size > 60000)
		return 0;
	message_init(&text);
	message_init(&octets);
	message_init(&packets);
	take(&text, data, size);
	if (read_all(&text, &octets))
		check_again(&octets);
	write_all(data, size, &packets);
	if (armor_keys(&text, ids) > ARMOR_KEYS ||
	    armor_keys(&packets, ids) > ARMOR_KEYS)
		abort();
	message_free(&text);
	message_free(&octets);
	message_free(&packets);
	return 0;
}
