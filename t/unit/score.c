/* score: points, the fields of the header, and the way between processes. */
#include "spam/score.h"
#include "test.h"

static struct arena arena;

static void
add(struct score *score, const char *name, double points)
{
	score_add(
	    score, &arena, &(struct score_hit){.name = name, .points = points});
}

static const char *
fields_of(const struct score *score, double required)
{
	static struct buf fields = BUF_INIT(SCORE_FIELDS_MAX);

	buf_reset(&fields);
	score_fields(score, required, "\n", &fields);
	return buf_str(&fields);
}

static void
test_points_add_up_without_dust(void)
{
	struct score score = {0};
	int i;

	for (i = 0; i < 10; i++)
		add(&score, "A", 0.1);
	CHECK(score.points == 1.0);
	CHECK(score.count == 10);
}

static void
test_names_are_in_order(void)
{
	struct score score = {0};

	add(&score, "B", 1);
	add(&score, "C", 1);
	add(&score, "A", 1);
	CHECK(strcmp(score.hits[0].name, "A") == 0);
	CHECK(strcmp(score.hits[2].name, "C") == 0);
}

static void
test_spam_has_a_flag_and_ham_has_none(void)
{
	struct score score = {0};

	CHECK(strcmp(fields_of(&score, 5),
		  "X-Spam-Score: 0.000\n"
		  "X-Spam-Status: No, score=0.0 required=5.0 tests=none\n"
		  "\tversion=pimail-0.1\n") == 0);
	add(&score, "WINNER", 5);
	CHECK(strcmp(fields_of(&score, 5),
		  "X-Spam-Flag: YES\nX-Spam-Score: 5.000\n"
		  "X-Spam-Level: *****\n"
		  "X-Spam-Status: Yes, score=5.0 required=5.0 tests=WINNER\n"
		  "\tversion=pimail-0.1\n") == 0);
	CHECK(strstr(fields_of(&score, 5.1), "Status: No,") != NULL);
}

static void
test_lines_stay_short_and_level_bounded(void)
{
	struct score score = {0};
	const char *p, *end;
	int i;

	for (i = 0; i < 300; i++)
		add(&score, "A_RULE_WITH_A_LONG_NAME", 100);
	for (p = fields_of(&score, 5); *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		CHECK(end - p <= 78);
	}
}

static void
test_what_was_cut_is_said(void)
{
	struct score score = {.cut = "size"};

	CHECK(strstr(fields_of(&score, 5), "\n\tcut=size\n") != NULL);
}

static void
test_another_process_reads_the_same(void)
{
	struct buf text = BUF_INIT(SCORE_SIZE_MAX);
	struct score score = {.cut = "time"}, again;

	score_add(&score, &arena,
	    &(struct score_hit){"B", -1.5, span_of("what"), span_of("a\tb\n")});
	add(&score, "A", 0.001);
	score_write(&score, &text);
	CHECK(score_read(&again, &arena, buf_span(&text)) == 0);
	CHECK(again.count == 2 && again.points == -1.499);
	CHECK(strcmp(again.hits[1].name, "B") == 0);
	CHECK(span_is(again.hits[1].describe, "what"));
	CHECK(span_is(again.hits[1].matched, "a?b?"));
	CHECK(strcmp(again.cut, "time") == 0);
	buf_free(&text);
}

static void
test_nothing_of_it_is_trusted(void)
{
	static const char *const wrong[] = {"", "cut", "cut \n1 A",
	    "cut \n1 A\n", "cut \nA\t\t\n", "cut \n1 A B\t\t\n",
	    "cut \n1 A\r\nX: y\t\t\n", "cut \n1 \t\t\n",
	    "cut \n9999999999999999999 A\t\t\n"};
	struct score score;
	size_t i;

	for (i = 0; i < nitems(wrong); i++)
		CHECK(score_read(&score, &arena, span_of(wrong[i])) < 0);
	CHECK(score_read(&score, &arena, span_of("cut \nX: y\n\n")) < 0);
	CHECK(score_read(&score, &arena, span_of("cut evil\n")) == 0 &&
	      score.cut == NULL);
}

static void
test_the_table_shows_what_matched(void)
{
	struct buf table = BUF_INIT(4096);
	struct score score = {0};

	score_add(&score, &arena,
	    &(struct score_hit){"WINNER", 2.5, span_of("You have won"),
		span_of("winner \033[")});
	score_table(&score, &table);
	CHECK(strcmp(buf_str(&table), "  2.500  WINNER                        "
				      "You have won [winner ?[]\n") == 0);
	buf_free(&table);
}

int
main(void)
{
	TEST(points_add_up_without_dust);
	TEST(names_are_in_order);
	TEST(spam_has_a_flag_and_ham_has_none);
	TEST(lines_stay_short_and_level_bounded);
	TEST(what_was_cut_is_said);
	TEST(another_process_reads_the_same);
	TEST(nothing_of_it_is_trusted);
	TEST(the_table_shows_what_matched);
	arena_free(&arena);
	return test_end();
}
