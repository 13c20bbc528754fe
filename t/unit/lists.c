/* lists: what is parsed, counted, asked and sent; see t/lists.bats for the
 * process. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "accept/lists.h"
#include "base/err.h"
#include "test.h"

static struct lists lists;

static void
test_names_filters_and_weights_are_parsed(void)
{
	CHECK(
	    lists_parse(&lists, "zen.example=127.0.0.[2..11]*3, "
				"white.example=127.[0..255].[1;3..5].2*-2\n"
				"\tbl.example,,Zen.EXAMPLE*100 w*-100 ") == 0);
	CHECK(lists.count == 4 && lists.entry_count == 5);
	CHECK(strcmp(lists.name[0], "zen.example") == 0);
	CHECK(strcmp(lists.name[2], "bl.example") == 0);
	CHECK(strcmp(lists.name[3], "w") == 0);
	CHECK(lists.entries[0].weight == 3 && lists.entries[0].list == 0);
	CHECK(lists.entries[1].weight == -2 && lists.entries[1].list == 1);
	CHECK(lists.entries[2].weight == 1 && lists.entries[2].list == 2);
	CHECK(lists.entries[3].weight == 100 && lists.entries[3].list == 0);
	CHECK(lists.entries[4].weight == -100);
}

static void
test_no_list_at_all_is_no_error(void)
{
	CHECK(lists_parse(&lists, "") == 0 && lists.count == 0);
	CHECK(lists_parse(&lists, " ,\t\n, ") == 0 && lists.entry_count == 0);
}

static void
test_a_mistake_is_told_with_its_entry(void)
{
	static const struct {
		const char *text;
		const char *want;
	} bad[] = {
	    {"=127.0.0.2", "'=127.0.0.2': not the name"},
	    {"*3", "not the name"},
	    {"a..b", "not the name"},
	    {".a", "not the name"},
	    {"a.", "not the name"},
	    {"good.example a/b", "'a/b': not of the form"},
	    {"a=", "not of the form"},
	    {"a=*2", "not of the form"},
	    {"a=127.0.0", "not of the form"},
	    {"a=127.0.0.2.3", "not of the form"},
	    {"a=127.0.0.256", "not of the form"},
	    {"a=127.0.0.02", "not of the form"},
	    {"a=127.0.0.-2", "not of the form"},
	    {"a=127.0.0.[", "not of the form"},
	    {"a=127.0.0.[]", "not of the form"},
	    {"a=127.0.0.[2", "not of the form"},
	    {"a=127.0.0.[2..]", "not of the form"},
	    {"a=127.0.0.[2.3]", "not of the form"},
	    {"a=127.0.0.[3..2]", "not of the form"},
	    {"a=127.0.0.[2;]", "not of the form"},
	    {"a=127.0.0.[2..256]", "not of the form"},
	    {"a=127.0.0.2x", "not of the form"},
	    {"a=10.0.0.1", "only an answer of 127"},
	    {"a=[0..126;128..255].0.0.1", "only an answer of 127"},
	    {"a*", "not a weight"},
	    {"a*101", "not a weight"},
	    {"a*-101", "not a weight"},
	    {"a*+1", "not a weight"},
	    {"a*1.5", "not a weight"},
	    {"a*1*1", "not a weight"},
	    {"a*--1", "not a weight"},
	    {"a=127.0.0.2*x", "not a weight"},
	};
	size_t i;

	for (i = 0; i < nitems(bad); i++) {
		CHECK(lists_parse(&lists, bad[i].text) == -1);
		CHECK(strstr(lists.reason, bad[i].want) != NULL);
		if (strstr(lists.reason, bad[i].want) == NULL)
			printf("# '%s' # %s\n", bad[i].text, lists.reason);
	}
}

/* n different lists, or n entries of one. */
static int
parse_many(int n, bool different)
{
	struct buf text = BUF_INIT(65536);
	int i, rc;

	for (i = 0; i < n; i++)
		buf_addf(&text, "list%d.example=127.0.0.%d ", different ? i : 0,
		    i % 256);
	rc = lists_parse(&lists, buf_str(&text));
	buf_free(&text);
	return rc;
}

static void
test_lists_entries_and_names_have_limits(void)
{
	char name[LISTS_NAME_MAX + 2];
	size_t i;

	CHECK(parse_many(LISTS_MAX, true) == 0 && lists.count == LISTS_MAX);
	CHECK(parse_many(LISTS_MAX + 1, true) == -1);
	CHECK(strstr(lists.reason, "too many lists") != NULL);
	CHECK(parse_many(LISTS_ENTRIES_MAX, false) == 0 && lists.count == 1);
	CHECK(parse_many(LISTS_ENTRIES_MAX + 1, false) == -1);
	CHECK(strstr(lists.reason, "too many entries") != NULL);
	memset(name, 'a', sizeof(name));
	for (i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	name[LISTS_NAME_MAX + 1] = '\0';
	CHECK(lists_parse(&lists, name) == -1);
	CHECK(strlen(lists.reason) < LISTS_REASON_SIZE - 1);
	name[LISTS_NAME_MAX] = '\0';
	CHECK(lists_parse(&lists, name) == 0);
	name[63] = 'a';
	CHECK(lists_parse(&lists, name) == -1);
}

static bool
matches(const char *text, const char *address)
{
	uint8_t octets[4];

	if (lists_parse(&lists, text) < 0 ||
	    inet_pton(AF_INET, address, octets) != 1)
		fatal("bad test");
	return lists_match(&lists.entries[0], octets);
}

static void
test_a_filter_takes_what_it_says(void)
{
	CHECK(matches("a=127.0.0.2", "127.0.0.2"));
	CHECK(!matches("a=127.0.0.2", "127.0.0.3"));
	CHECK(!matches("a=127.0.0.2", "127.0.1.2"));
	CHECK(!matches("a=127.0.0.2", "127.1.0.2"));
	CHECK(matches("a=127.0.0.[2..11]", "127.0.0.2"));
	CHECK(matches("a=127.0.0.[2..11]", "127.0.0.11"));
	CHECK(!matches("a=127.0.0.[2..11]", "127.0.0.1"));
	CHECK(!matches("a=127.0.0.[2..11]", "127.0.0.12"));
	CHECK(matches("a=127.0.[1;7..9;31..32].255", "127.0.31.255"));
	CHECK(matches("a=127.0.[1;7..9;31..32].255", "127.0.32.255"));
	CHECK(!matches("a=127.0.[1;7..9;31..32].255", "127.0.33.255"));
	CHECK(!matches("a=127.0.[1;7..9;31..32].255", "127.0.6.255"));
	CHECK(matches("a=127.[0..255].[0..255].[0..255]", "127.255.254.255"));
	CHECK(matches("a=[0..255].0.0.1", "127.0.0.1"));
}

static void
test_without_a_filter_127_counts_and_nothing_else(void)
{
	CHECK(matches("a", "127.0.0.1"));
	CHECK(matches("a", "127.0.0.2"));
	CHECK(matches("a", "127.255.254.255"));
	CHECK(!matches("a", "126.0.0.2"));
	CHECK(!matches("a", "128.0.0.2"));
	CHECK(!matches("a", "8.8.8.8"));
	CHECK(!matches("a", "0.0.0.0"));
}

static void
test_127_255_255_never_counts(void)
{
	static const char *const filters[] = {"a", "a=127.255.255.254",
	    "a=127.[0..255].[0..255].[0..255]", "a=127.255.255.[0..255]"};
	size_t i;

	for (i = 0; i < nitems(filters); i++) {
		CHECK(!matches(filters[i], "127.255.255.0"));
		CHECK(!matches(filters[i], "127.255.255.254"));
		CHECK(!matches(filters[i], "127.255.255.255"));
	}
}

static struct lists_question
question_of(const char *address)
{
	struct sockaddr_storage peer = {.ss_family = AF_INET};
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&peer;
	struct sockaddr_in *four = (struct sockaddr_in *)&peer;
	struct lists_question question;

	if (inet_pton(AF_INET, address, &four->sin_addr) != 1) {
		peer.ss_family = AF_INET6;
		CHECK(inet_pton(AF_INET6, address, &six->sin6_addr) == 1);
	}
	CHECK(lists_question(&question, 7, &peer) == 0);
	return question;
}

static bool
is_query(const char *address, const char *list, const char *want)
{
	struct lists_question question = question_of(address);
	char name[DNS_NAME_MAX + 1];

	lists_query(&question, list, name);
	return strcmp(name, want) == 0;
}

static void
test_addresses_become_names(void)
{
	CHECK(is_query("192.0.2.99", "bl.example", "99.2.0.192.bl.example"));
	CHECK(is_query("127.0.0.1", "bl.example", "1.0.0.127.bl.example"));
	CHECK(is_query(
	    "::ffff:192.0.2.99", "bl.example", "99.2.0.192.bl.example"));
	/* RFC 5782, section 2.4 */
	CHECK(is_query("2001:db8:1:2:3:4:567:89ab", "ugly.example",
	    "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0."
	    "1.0.0.2.ugly.example"));
}

static void
test_the_longest_name_fits(void)
{
	struct lists_question question =
	    question_of("2001:db8:1:2:3:4:567:89ab");
	char list[LISTS_NAME_MAX + 1], name[DNS_NAME_MAX + 1];

	memset(list, 'a', LISTS_NAME_MAX);
	list[LISTS_NAME_MAX] = '\0';
	lists_query(&question, list, name);
	CHECK(strlen(name) == DNS_NAME_MAX);
	CHECK(strcmp(name + 64, list) == 0);
}

static void
test_a_client_without_an_address_is_no_question(void)
{
	struct sockaddr_storage peer = {.ss_family = AF_UNIX};
	struct lists_question question;

	CHECK(lists_question(&question, 7, &peer) == -1);
}

static void
test_a_question_is_packed_and_unpacked(void)
{
	struct lists_question question = question_of("2001:db8::1"), again;
	char payload[LISTS_QUESTION_SIZE + 1];

	lists_pack_question(&question, payload);
	CHECK(lists_unpack_question(
		  &again, (struct span){payload, LISTS_QUESTION_SIZE}) == 0);
	CHECK(again.serial == 7 && again.family == 6);
	CHECK(memcmp(again.address, question.address, 16) == 0);
	CHECK(lists_unpack_question(&again,
		  (struct span){payload, LISTS_QUESTION_SIZE - 1}) == -1);
	CHECK(lists_unpack_question(&again,
		  (struct span){payload, LISTS_QUESTION_SIZE + 1}) == -1);
	question.family = 5;
	lists_pack_question(&question, payload);
	CHECK(lists_unpack_question(
		  &again, (struct span){payload, LISTS_QUESTION_SIZE}) == -1);
}

/* Packs and unpacks an answer. */
static int
pass_on(int32_t score, struct span text, struct lists_answer *again)
{
	static char octets[LISTS_ANSWER_MAX + 1];
	struct lists_answer answer = {
	    .serial = 9, .score = score, .text = text};
	struct buf payload = BUF_INIT(sizeof(octets));
	size_t len;

	lists_pack_answer(&answer, &payload);
	len = payload.len;
	CHECK(!payload.full);
	memcpy(octets, payload.p, len);
	buf_free(&payload);
	return lists_unpack_answer(again, (struct span){octets, len});
}

static void
test_an_answer_is_packed_and_unpacked(void)
{
	char text[LISTS_TEXT_MAX + 1];
	struct lists_answer answer;
	struct span longest = {text, LISTS_TEXT_MAX};

	memset(text, 'x', sizeof(text));
	CHECK(pass_on(-5, span_of("a.example=127.0.0.2"), &answer) == 0);
	CHECK(answer.serial == 9 && answer.score == -5);
	CHECK(span_eq(answer.text, span_of("a.example=127.0.0.2")));
	CHECK(pass_on(0, span_of(""), &answer) == 0 && answer.text.len == 0);
	CHECK(pass_on(1, longest, &answer) == 0);
	CHECK(span_eq(answer.text, longest));
}

static void
test_an_answer_that_cannot_be_is_refused(void)
{
	char text[LISTS_TEXT_MAX + 1];
	struct lists_answer answer;

	memset(text, 'x', sizeof(text));
	CHECK(pass_on(1, (struct span){text, sizeof(text)}, &answer) == -1);
	CHECK(pass_on(1, span_of("a\nb"), &answer) == -1);
	CHECK(pass_on(1, span_of("a\x7f"), &answer) == -1);
	CHECK(pass_on(1, span_of("\xc3\xa4"), &answer) == -1);
	CHECK(pass_on(1, (struct span){"", 1}, &answer) == -1);
	CHECK(pass_on(6400, span_of("x"), &answer) == 0);
	CHECK(pass_on(6401, span_of("x"), &answer) == -1);
	CHECK(pass_on(-6401, span_of("x"), &answer) == -1);
	CHECK(lists_unpack_answer(&answer, (struct span){text, 11}) == -1);
	CHECK(lists_unpack_answer(&answer, (struct span){NULL, 0}) == -1);
}

int
main(void)
{
	err_init("lists");
	TEST(names_filters_and_weights_are_parsed);
	TEST(no_list_at_all_is_no_error);
	TEST(a_mistake_is_told_with_its_entry);
	TEST(lists_entries_and_names_have_limits);
	TEST(a_filter_takes_what_it_says);
	TEST(without_a_filter_127_counts_and_nothing_else);
	TEST(127_255_255_never_counts);
	TEST(addresses_become_names);
	TEST(the_longest_name_fits);
	TEST(a_client_without_an_address_is_no_question);
	TEST(a_question_is_packed_and_unpacked);
	TEST(an_answer_is_packed_and_unpacked);
	TEST(an_answer_that_cannot_be_is_refused);
	return test_end();
}
