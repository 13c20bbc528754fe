/* probe: what goes over the channel is taken if it is whole and in bounds; see
 * t/smtp-accept-backup.bats for the process. */
#include <string.h>

#include "accept/probe.h"
#include "test.h"

static void
test_a_question_comes_out_as_it_went_in(void)
{
	struct probe_question question = {0x1122334455667788, "mail.example"};
	struct buf payload = BUF_INIT(PROBE_QUESTION_MAX);
	struct probe_question back;

	probe_pack_question(&question, &payload);
	CHECK(payload.len == 8 + 12);
	CHECK(probe_unpack_question(&back, buf_span(&payload)) == 0);
	CHECK(back.serial == question.serial);
	CHECK(strcmp(back.host, "mail.example") == 0);
	buf_free(&payload);
}

static void
test_a_host_is_printable_and_of_some_length(void)
{
	char octets[PROBE_QUESTION_MAX + 1];
	struct probe_question back;
	size_t len;

	memset(octets, 'a', sizeof(octets));
	for (len = 0; len <= sizeof(octets); len++)
		CHECK(
		    (probe_unpack_question(&back, (struct span){octets, len}) ==
			0) == (len > 8 && len <= PROBE_QUESTION_MAX));
	CHECK(strlen(back.host) == DNS_NAME_MAX);
	octets[100] = '\0';
	CHECK(probe_unpack_question(&back, (struct span){octets, 101}) == -1);
	octets[100] = '\x7f';
	CHECK(probe_unpack_question(&back, (struct span){octets, 101}) == -1);
}

static void
test_an_answer_comes_out_as_it_went_in(void)
{
	struct probe_answer back, answer = {7, PROBE_DOWN, span_of("refused")};
	struct buf payload = BUF_INIT(PROBE_ANSWER_MAX);

	probe_pack_answer(&answer, &payload);
	CHECK(probe_unpack_answer(&back, buf_span(&payload)) == 0);
	CHECK(back.serial == 7 && back.state == PROBE_DOWN);
	CHECK(span_eq(back.why, answer.why));
	buf_free(&payload);
}

static void
test_an_answer_has_a_state_and_a_line_of_text(void)
{
	char octets[PROBE_ANSWER_MAX + 1];
	struct probe_answer back;
	size_t len;
	int state;

	memset(octets, 'a', sizeof(octets));
	for (state = -128; state < 128; state++) {
		octets[8] = (char)state;
		CHECK((probe_unpack_answer(&back, (struct span){octets, 9}) ==
			  0) == (state >= PROBE_UP && state <= PROBE_UNKNOWN));
	}
	octets[8] = PROBE_UP;
	for (len = 0; len <= sizeof(octets); len++)
		CHECK((probe_unpack_answer(&back, (struct span){octets, len}) ==
			  0) == (len >= 9 && len <= PROBE_ANSWER_MAX));
	octets[20] = '\n';
	CHECK(probe_unpack_answer(&back, (struct span){octets, 30}) == -1);
}

int
main(void)
{
	TEST(a_question_comes_out_as_it_went_in);
	TEST(a_host_is_printable_and_of_some_length);
	TEST(an_answer_comes_out_as_it_went_in);
	TEST(an_answer_has_a_state_and_a_line_of_text);
	return test_end();
}
