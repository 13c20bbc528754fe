#include <stdbool.h>
#include <string.h>

#include "accept/probe.h"

static bool
is_printable(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return false;
	return true;
}

void
probe_pack_question(const struct probe_question *question, struct buf *payload)
{
	buf_add(payload, &question->serial, 8);
	buf_adds(payload, question->host);
}

int
probe_unpack_question(struct probe_question *question, struct span payload)
{
	struct span host;

	if (payload.len <= 8 || payload.len > PROBE_QUESTION_MAX)
		return -1;
	memcpy(&question->serial, payload.p, 8);
	host = (struct span){payload.p + 8, payload.len - 8};
	if (!is_printable(host))
		return -1;
	memcpy(question->host, host.p, host.len);
	question->host[host.len] = '\0';
	return 0;
}

void
probe_pack_answer(const struct probe_answer *answer, struct buf *payload)
{
	char state = (char)answer->state;

	buf_add(payload, &answer->serial, 8);
	buf_add(payload, &state, 1);
	buf_addspan(payload, answer->why);
}

int
probe_unpack_answer(struct probe_answer *answer, struct span payload)
{
	unsigned char state;

	if (payload.len < 9 || payload.len > PROBE_ANSWER_MAX)
		return -1;
	state = (unsigned char)payload.p[8];
	if (state > PROBE_UNKNOWN)
		return -1;
	memcpy(&answer->serial, payload.p, 8);
	answer->state = (enum probe_state)state;
	answer->why = (struct span){payload.p + 9, payload.len - 9};
	return is_printable(answer->why) ? 0 : -1;
}
