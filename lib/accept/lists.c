#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "accept/lists.h"

int
lists_question(struct lists_question *question, uint64_t serial,
    const struct sockaddr_storage *peer)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *four = (const struct sockaddr_in *)peer;

	memset(question, 0, sizeof(*question));
	question->serial = serial;
	question->family = 4;
	if (peer->ss_family == AF_INET) {
		memcpy(question->address, &four->sin_addr, 4);
		return 0;
	}
	if (peer->ss_family != AF_INET6)
		return -1;
	if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(question->address, six->sin6_addr.s6_addr + 12, 4);
		return 0;
	}
	question->family = 6;
	memcpy(question->address, six->sin6_addr.s6_addr, 16);
	return 0;
}

void
lists_query(const struct lists_question *question, const char *list,
    char name[DNS_NAME_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *address = question->address;
	size_t n = 0;
	int i;

	if (question->family == 4) {
		snprintf(name, DNS_NAME_MAX + 1, "%u.%u.%u.%u.%s", address[3],
		    address[2], address[1], address[0], list);
		return;
	}
	for (i = 15; i >= 0; i--) {
		name[n++] = digits[address[i] & 15];
		name[n++] = '.';
		name[n++] = digits[address[i] >> 4];
		name[n++] = '.';
	}
	snprintf(name + n, DNS_NAME_MAX + 1 - n, "%s", list);
}

void
lists_pack_question(
    const struct lists_question *question, char payload[LISTS_QUESTION_SIZE])
{
	memcpy(payload, &question->serial, 8);
	payload[8] = (char)question->family;
	memcpy(payload + 9, question->address, 16);
}

int
lists_unpack_question(struct lists_question *question, struct span payload)
{
	if (payload.len != LISTS_QUESTION_SIZE)
		return -1;
	memcpy(&question->serial, payload.p, 8);
	question->family = (uint8_t)payload.p[8];
	memcpy(question->address, payload.p + 9, 16);
	return question->family == 4 || question->family == 6 ? 0 : -1;
}

void
lists_pack_answer(const struct lists_answer *answer, struct buf *payload)
{
	buf_add(payload, &answer->serial, 8);
	buf_add(payload, &answer->score, 4);
	buf_addspan(payload, answer->text);
}

int
lists_unpack_answer(struct lists_answer *answer, struct span payload)
{
	const int32_t most = LISTS_ENTRIES_MAX * LISTS_WEIGHT_MAX;
	size_t i;

	if (payload.len < 12 || payload.len > LISTS_ANSWER_MAX)
		return -1;
	memcpy(&answer->serial, payload.p, 8);
	memcpy(&answer->score, payload.p + 8, 4);
	answer->text = (struct span){payload.p + 12, payload.len - 12};
	if (answer->score < -most || answer->score > most)
		return -1;
	for (i = 0; i < answer->text.len; i++)
		if (answer->text.p[i] < ' ' || answer->text.p[i] > '~')
			return -1;
	return 0;
}
