/* ruleset: files of rules. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/regex.h"
#include "rules/ruleset.h"
#include "test.h"

static char directory[] = "/tmp/pimail-ruleset-XXXXXX";

static void
write_file(const char *name, const char *text)
{
	FILE *file;

	if (chdir(directory) < 0 || (file = fopen(name, "w")) == NULL)
		abort();
	fputs(text, file);
	fclose(file);
}

/* What a file with that text becomes. */
static struct ruleset *
read_text(const char *text)
{
	struct ruleset *set = ruleset_new();

	write_file("one.cf", text);
	CHECK(ruleset_read(set, "one.cf") == 0);
	ruleset_finish(set);
	unlink("one.cf");
	return set;
}

/* A rule without a name if there is none. */
static const struct rule *
rule_of(const struct ruleset *set, const char *name)
{
	static const struct rule none;
	long i = ruleset_find(set, span_of(name));

	return i < 0 ? &none : ruleset_rule(set, (size_t)i);
}

static bool
has_kind(const struct ruleset *set, const char *name, enum rule_kind kind)
{
	const struct rule *rule = rule_of(set, name);

	return rule->name != NULL && rule->kind == kind;
}

/* Whether there is a note of that kind, on that line, with that text in it. */
static bool
is_noted(const struct ruleset *set, enum note_kind kind, unsigned line,
    const char *text)
{
	const struct note *note;
	size_t i;

	for (i = 0; i < ruleset_note_count(set); i++) {
		note = ruleset_note(set, i);
		if (note->kind == kind && note->line == line &&
		    strstr(note->text, text) != NULL)
			return true;
	}
	return false;
}

/* Whether a line is an error and defines nothing. */
static bool
is_error(const char *line)
{
	struct ruleset *set = read_text(line);
	bool error = is_noted(set, NOTE_ERROR, 1, "") &&
		     !has_kind(set, "X", RULE_HEADER) &&
		     !has_kind(set, "X", RULE_BODY) &&
		     !has_kind(set, "X", RULE_MIMEHEADER) &&
		     !has_kind(set, "X", RULE_EVAL);

	ruleset_free(set);
	return error;
}

/* The pattern that a line makes of a rule X, with its flags. */
static bool
makes(const char *line, const char *pattern, unsigned regex)
{
	struct ruleset *set = read_text(line);
	const struct rule *rule = rule_of(set, "X");
	bool same = span_is(rule->pattern, pattern) && rule->regex == regex;

	if (!same)
		printf("# %s: '%.*s' %u\n", line, SPAN_ARG(rule->pattern),
		    rule->regex);
	ruleset_free(set);
	return same;
}

static void
test_a_pattern_has_any_delimiter_and_flags(void)
{
	CHECK(makes("body X /a b/", "a b", 0));
	CHECK(makes("body X /a\\/b/i", "a\\/b", REGEX_NOCASE));
	CHECK(
	    makes("body X m{a{2}/}sx", "a{2}/", REGEX_DOTALL | REGEX_EXTENDED));
	CHECK(makes("rawbody X m!a!m", "a", REGEX_MULTILINE));
	CHECK(makes("uri X qr(a(b)c)", "a(b)c", 0));
	CHECK(makes("full X m'a'i", "a", REGEX_NOCASE));
	CHECK(makes("body X /\\/", "\\", 0));
	CHECK(makes("  body\tX   /a/  ", "a", 0));
}

static void
test_a_pattern_that_is_none_is_an_error(void)
{
	CHECK(is_error("body X a"));
	CHECK(is_error("body X /a"));
	CHECK(is_error("body X /a/b/"));
	CHECK(is_error("body X /a/e"));
	CHECK(is_error("body X /a/I"));
	CHECK(is_error("body X m\\a\\"));
	CHECK(is_error("body X maxa"));
	CHECK(is_error("body X m"));
	CHECK(is_error("body X"));
	CHECK(is_error("body 1X /a/"));
	CHECK(is_error("body X-Y /a/"));
}

static void
test_a_comment_ends_a_line_unless_its_sign_is_escaped(void)
{
	CHECK(makes("body X /a/ # why", "a", 0));
	CHECK(makes("body X /a\\#b/ # why", "a#b", 0));
	CHECK(makes("body X /\\#\\#/", "##", 0));
	CHECK(makes("body X /\\#1;/i", "#1;", REGEX_NOCASE));
	CHECK(is_error("body X /a#b/"));
}

static void
test_header_rules_take_a_selector_and_what_if_it_is_not_there(void)
{
	struct ruleset *set =
	    read_text("header A From:addr =~ /a/ [if-unset: no one]\n"
		      "header B exists:X-B:\n"
		      "header C Subject: !~ /c/i\n"
		      "header D Received:first:ip=~ /d/\n"
		      "mimeheader E Content-Type:raw =~ /e/\n");
	const struct rule *rule = rule_of(set, "A");

	CHECK(rule->kind == RULE_HEADER);
	CHECK(span_is(rule->selector, "From:addr"));
	CHECK(span_is(rule->pattern, "a") && span_is(rule->unset, "no one"));
	rule = rule_of(set, "B");
	CHECK(rule->exists && span_is(rule->selector, "X-B"));
	rule = rule_of(set, "C");
	CHECK(rule->negated && span_is(rule->selector, "Subject"));
	CHECK(rule->unset.p == NULL);
	CHECK(span_is(rule_of(set, "D")->selector, "Received:first:ip"));
	CHECK(has_kind(set, "E", RULE_MIMEHEADER));
	CHECK(ruleset_note_count(set) == 0);
	ruleset_free(set);
	CHECK(is_error("header X From:nothing =~ /a/"));
	CHECK(is_error("header X From:addr:raw:first =~ /a/"));
	CHECK(is_error("header X From = /a/"));
	CHECK(is_error("header X exists:"));
	CHECK(is_error("header X F(rom =~ /a/"));
	CHECK(is_error("mimeheader X Content-Type:addr =~ /a/"));
	CHECK(is_error("mimeheader X :raw =~ /a/"));
}

static void
test_functions_get_their_arguments_without_quotes(void)
{
	struct ruleset *set =
	    read_text("body A eval:check_bayes('0.00', \"0.01\")\n"
		      "body B eval:check_bayes( 0.00 ,-1)\n"
		      "body C eval:check_bayes('it's, really','')\n"
		      "body D eval:check_bayes()\n");
	const struct rule *rule = rule_of(set, "A");

	CHECK(rule->kind == RULE_EVAL && rule->argument_count == 2);
	CHECK(span_is(rule->function, "check_bayes"));
	CHECK(span_is(rule->arguments[0], "0.00"));
	CHECK(span_is(rule->arguments[1], "0.01"));
	rule = rule_of(set, "B");
	CHECK(rule->argument_count == 2);
	CHECK(span_is(rule->arguments[1], "-1"));
	rule = rule_of(set, "C");
	CHECK(rule->argument_count == 2);
	CHECK(span_is(rule->arguments[0], "it's, really"));
	CHECK(rule->arguments[1].len == 0);
	CHECK(rule_of(set, "D")->argument_count == 0);
	ruleset_free(set);
	CHECK(is_error("body X eval:f('a)"));
	CHECK(is_error("body X eval:f(a_b)"));
	CHECK(is_error("body X eval:f"));
}

static void
test_a_function_that_nobody_knows_is_noted_and_never_just_false(void)
{
	struct ruleset *set = read_text("\n"
					"body A eval:check_nothing()\n"
					"header B eval:check_rbl('a', 'b.')\n"
					"askdns C _X_.example.org A\n");

	CHECK(has_kind(set, "A", RULE_UNDEFINED));
	CHECK(is_noted(set, NOTE_UNKNOWN, 2, "check_nothing"));
	CHECK(has_kind(set, "B", RULE_REMOTE));
	CHECK(has_kind(set, "C", RULE_REMOTE));
	CHECK(ruleset_note_count(set) == 1);
	ruleset_free(set);
}

static void
test_scores_are_one_or_four_and_may_be_added(void)
{
	struct ruleset *set = read_text("body A /a/\n"
					"score A 1 2 3 -4.5\n"
					"score A (0.5)\n"
					"body B /b/\n"
					"score B (1)\n"
					"score B 1 2\n"
					"score B x\n"
					"score B 1.\n"
					"score C 0\n");
	const struct rule *rule = rule_of(set, "A");

	CHECK(rule->scored);
	CHECK(rule->scores[0] == 1.5 && rule->scores[3] == -4);
	CHECK(!rule_of(set, "B")->scored);
	CHECK(rule_of(set, "B")->scores[0] == 1);
	CHECK(is_noted(set, NOTE_ERROR, 5, "B"));
	CHECK(is_noted(set, NOTE_ERROR, 6, "neither 1 nor 4"));
	CHECK(is_noted(set, NOTE_ERROR, 7, "number"));
	CHECK(is_noted(set, NOTE_ERROR, 8, "number"));
	CHECK(has_kind(set, "C", RULE_UNDEFINED));
	CHECK(rule_of(set, "C")->scored);
	ruleset_free(set);
}

static void
test_what_has_no_score_gets_one_by_its_name_and_flags(void)
{
	struct ruleset *set = read_text("body A /a/\n"
					"body T_B /b/\n"
					"body C /c/\n"
					"tflags C nice\n"
					"body T_D /d/\n"
					"tflags T_D learn nice\n"
					"describe E of nothing\n");

	CHECK(rule_of(set, "A")->scores[2] == 1);
	CHECK(rule_of(set, "T_B")->scores[2] == 0.01);
	CHECK(rule_of(set, "C")->scores[2] == -1);
	CHECK(rule_of(set, "T_D")->scores[2] == -0.01);
	CHECK(rule_of(set, "E")->scores[2] == 0);
	ruleset_free(set);
}

static void
test_the_last_line_counts_and_keeps_what_it_does_not_say(void)
{
	struct ruleset *set = read_text("header A From =~ /a/\n"
					"score A 3\n"
					"describe A one\n"
					"tflags A net multiple maxhits=5\n"
					"priority A -7\n"
					"body A /b/\n"
					"describe A two words\n"
					"tflags A nosubject\n"
					"body A /(/e\n");
	const struct rule *rule = rule_of(set, "A");

	CHECK(rule->kind == RULE_BODY && span_is(rule->pattern, "b"));
	CHECK(rule->selector.len == 0 && rule->line == 6);
	CHECK(rule->scores[0] == 3 && rule->priority == -7);
	CHECK(span_is(rule->describe, "two words"));
	CHECK(rule->tflags == RULE_NOSUBJECT && rule->maxhits == 0);
	ruleset_free(set);
}

/* The range of parts that a flag gives, as 1000 * first + last. */
static unsigned
range_of(const char *flag)
{
	struct ruleset *set;
	const struct rule *rule;
	char text[100];
	unsigned range;

	snprintf(text, sizeof(text),
	    "mimeheader A To =~ /a/\ntflags A concat %s\n", flag);
	set = read_text(text);
	rule = rule_of(set, "A");
	CHECK(rule->tflags == RULE_CONCAT);
	range = rule->first_part * 1000 + rule->last_part;
	ruleset_free(set);
	return range;
}

static void
test_a_range_of_parts_may_be_open(void)
{
	CHECK(range_of("range=2") == 2002);
	CHECK(range_of("range=2-3") == 2003);
	CHECK(range_of("range=2-") == 2000);
	CHECK(range_of("range=-3") == 3);
	CHECK(range_of("range=") == 0);
	CHECK(range_of("range=x-99999999") == 0);
}

static void
test_conditions_are_those_of_version_4(void)
{
	struct ruleset *set = read_text(
	    "if (version >= 4.000000)\n"
	    "meta A 1\n"
	    "if (version >= 5) || !(plugin(Mail::SpamAssassin::Plugin::DKIM))\n"
	    "meta B 1\n"
	    "else\n"
	    "meta C 1\n"
	    "endif\n"
	    "else\n"
	    "meta D 1\n"
	    "if can(Mail::SpamAssassin::Conf::feature_edns)\n"
	    "meta E 1\n"
	    "else\n"
	    "meta F 1\n"
	    "endif\n"
	    "endif\n"
	    "ifplugin Mail::SpamAssassin::Plugin::NoSuch\n"
	    "meta G 1\n"
	    "endif\n"
	    "if can(Mail::SpamAssassin::Conf::feature_edns) && "
	    "!has(Mail::SpamAssassin::Plugin::DKIM::has_nothing)\n"
	    "meta H 1\n"
	    "endif\n"
	    "if local_tests_only && perl_version > 5.010\n"
	    "meta I 1\n"
	    "endif\n"
	    "if can(Mail::SpamAssassin::Conf::compat_new)\n"
	    "meta J 1\n"
	    "endif\n"
	    "enable_compat new\n"
	    "if can(Mail::SpamAssassin::Conf::compat_new) && "
	    "!can(Mail::SpamAssassin::Conf::compat_other)\n"
	    "meta K 1\n"
	    "endif\n");

	CHECK(has_kind(set, "A", RULE_META));
	CHECK(rule_of(set, "B")->name == NULL);
	CHECK(has_kind(set, "C", RULE_META));
	CHECK(rule_of(set, "D")->name == NULL);
	CHECK(rule_of(set, "E")->name == NULL);
	CHECK(rule_of(set, "F")->name == NULL);
	CHECK(rule_of(set, "G")->name == NULL);
	CHECK(has_kind(set, "H", RULE_META));
	CHECK(has_kind(set, "I", RULE_META));
	CHECK(rule_of(set, "J")->name == NULL);
	CHECK(has_kind(set, "K", RULE_META));
	CHECK(ruleset_note_count(set) == 0);
	ruleset_free(set);
}

static void
test_a_condition_that_is_none_is_an_error_and_false(void)
{
	struct ruleset *set = read_text("if (version >= 3\n"
					"meta A 1\n"
					"endif\n"
					"endif\n"
					"else\n"
					"if version = 4\n"
					"endif\n"
					"if 1\n");

	CHECK(is_noted(set, NOTE_ERROR, 1, "condition"));
	CHECK(rule_of(set, "A")->name == NULL);
	CHECK(is_noted(set, NOTE_ERROR, 4, "endif"));
	CHECK(is_noted(set, NOTE_ERROR, 5, "else"));
	CHECK(is_noted(set, NOTE_ERROR, 6, "condition"));
	CHECK(is_noted(set, NOTE_ERROR, 8, "without endif"));
	ruleset_free(set);
}

static void
test_a_file_for_another_version_ends_there(void)
{
	struct ruleset *set = read_text("meta A 1\n"
					"require_version 3.004000\n"
					"meta B 1\n");

	CHECK(has_kind(set, "A", RULE_META));
	CHECK(rule_of(set, "B")->name == NULL);
	ruleset_free(set);
	set = read_text("require_version @@VERSION@@\nmeta B 1\n");
	CHECK(has_kind(set, "B", RULE_META));
	ruleset_free(set);
}

static void
test_settings_have_their_newer_name_and_their_order(void)
{
	struct ruleset *set = read_text("required_hits 4\n"
					"Required-Score 6.5\n"
					"trusted_networks 192.0.2.1\n"
					"clear_trusted_networks\n"
					"trusted_networks 192.0.2.2 192.0.2.3\n"
					"trusted_networks 192.0.2.4\n");
	const struct setting *setting;
	size_t at = 0;

	CHECK(span_is(ruleset_value(set, "required_score"), "6.5"));
	CHECK(ruleset_value(set, "required_hits").p == NULL);
	setting = ruleset_setting(set, "trusted_networks", &at);
	CHECK(setting != NULL && setting->line == 5);
	CHECK(span_is(setting->value, "192.0.2.2 192.0.2.3"));
	setting = ruleset_setting(set, "trusted_networks", &at);
	CHECK(setting != NULL && span_is(setting->value, "192.0.2.4"));
	CHECK(ruleset_setting(set, "trusted_networks", &at) == NULL);
	CHECK(ruleset_note_count(set) == 0);
	ruleset_free(set);
}

static void
test_a_setting_without_a_value_that_fits_is_left_out(void)
{
	struct ruleset *set = read_text("required_score 5\n"
					"required_score much\n"
					"trusted_networks\n");
	size_t at = 0;

	CHECK(span_is(ruleset_value(set, "required_score"), "5"));
	CHECK(is_noted(set, NOTE_ERROR, 2, "no number"));
	CHECK(is_noted(set, NOTE_ERROR, 3, "too little"));
	CHECK(ruleset_setting(set, "trusted_networks", &at) == NULL);
	ruleset_free(set);
}

static void
test_a_setting_of_no_use_and_one_unknown_are_noted(void)
{
	struct ruleset *set = read_text("report_safe 0\n"
					"no_such_thing 1\n"
					"lang xx no_such_thing 2\n"
					"loadplugin NoSuch\n");

	CHECK(is_noted(set, NOTE_IGNORED, 1, "report_safe"));
	CHECK(is_noted(set, NOTE_UNKNOWN, 2, "no_such_thing"));
	CHECK(is_noted(set, NOTE_UNKNOWN, 4, "NoSuch"));
	CHECK(ruleset_note_count(set) == 3);
	ruleset_free(set);
}

static void
test_lines_in_another_language_are_left_out(void)
{
	struct ruleset *set;

	setenv("LANGUAGE", "de_AT.UTF-8:fr", 1);
	set = read_text("describe A plain\n"
			"lang de describe A deutsch\n"
			"lang fr describe A francais\n");
	CHECK(span_is(rule_of(set, "A")->describe, "deutsch"));
	ruleset_free(set);
	setenv("LANGUAGE", "C", 1);
	set = read_text("lang de describe A deutsch\n"
			"lang en describe A english\n");
	CHECK(span_is(rule_of(set, "A")->describe, "english"));
	ruleset_free(set);
	unsetenv("LANGUAGE");
}

static void
test_tags_are_replaced_with_what_stands_around_them(void)
{
	struct ruleset *set =
	    read_text("replace_tag A [aA]\n"
		      "replace_tag B (?:b|<A>)\n"
		      "replace_inter I \\W?\n"
		      "replace_post P {1,2}\n"
		      "replace_pre Q \\b\n"
		      "body X /<inter I><post P>(?<!c)<A><B>d<A>/\n"
		      "body Y /<pre Q><A>(?<name>x)<C>/i\n"
		      "body Z /<A>/\n"
		      "mimeheader M Content-Type =~ /<A>/\n"
		      "replace_rules X Y M NOBODY\n");

	CHECK(span_is(rule_of(set, "X")->pattern,
	    "(?<!c)[aA]{1,2}\\W?(?:b|[aA]){1,2}d[aA]{1,2}"));
	CHECK(
	    span_is(rule_of(set, "Y")->pattern, "\\b[aA](?\\b<name>x)\\b<C>"));
	CHECK(span_is(rule_of(set, "Z")->pattern, "<A>"));
	CHECK(span_is(rule_of(set, "M")->pattern, "<A>"));
	ruleset_free(set);
}

/* A file with a tag of n octets, 100 times in a pattern. */
static struct ruleset *
read_large(size_t n)
{
	struct buf text = BUF_INIT(1 << 20);
	struct ruleset *set;
	size_t i;

	buf_adds(&text, "replace_tag A (?:");
	for (i = 0; i < n; i++)
		buf_adds(&text, "a");
	buf_adds(&text, "|x)\nbody X /^");
	for (i = 0; i < 100; i++)
		buf_adds(&text, "<A>");
	buf_adds(&text, "$/\nreplace_rules X\n");
	set = read_text(buf_str(&text));
	buf_free(&text);
	return set;
}

static void
test_a_large_pattern_has_its_tags_as_subroutines(void)
{
	struct ruleset *set = read_large(2000);
	const struct rule *rule = rule_of(set, "X");
	struct buf why = BUF_INIT(200);
	char subject[101];
	struct regex *regex;

	CHECK(rule->kind == RULE_BODY && rule->pattern.len < 4000);
	regex = regex_new(rule->pattern, rule->regex, &why);
	CHECK(regex != NULL);
	memset(subject, 'x', 100);
	subject[100] = '\0';
	CHECK(regex_find(regex, span_of(subject), 0, NULL) == 1);
	CHECK(regex_find(regex, span_of(subject + 1), 0, NULL) == 0);
	regex_free(regex);
	buf_free(&why);
	ruleset_free(set);
	set = read_large(RULESET_PATTERN_MAX);
	CHECK(has_kind(set, "X", RULE_UNDEFINED));
	CHECK(is_noted(set, NOTE_ERROR, 2, "too large"));
	ruleset_free(set);
}

static void
test_a_pattern_that_captures_runs_first(void)
{
	struct ruleset *set = read_text("body A /(?<NAME>a)/\n"
					"body B /(?<!N)b/\n"
					"body C /(?<name>c)/\n");

	CHECK(rule_of(set, "A")->priority == -10000);
	CHECK(rule_of(set, "B")->priority == 0);
	CHECK(rule_of(set, "C")->priority == 0);
	ruleset_free(set);
}

static void
test_a_directory_is_read_by_name_and_pre_files_first(void)
{
	struct ruleset *set = ruleset_new();

	write_file("b.cf", "score A 2\n"
			   "ifplugin Mail::SpamAssassin::Plugin::DKIM\n"
			   "meta D 1\n"
			   "endif\n"
			   "ifplugin Mail::SpamAssassin::Plugin::SPF\n"
			   "meta S 1\n"
			   "endif\n");
	write_file("a.cf", "score A 1\ninclude sub.inc\n");
	write_file("sub.inc", "meta I 1\ninclude a.cf\ninclude no.inc\n");
	write_file("z.pre", "loadplugin Mail::SpamAssassin::Plugin::DKIM\n");
	write_file(".hidden.cf", "meta H 1\n");
	write_file("readme.txt", "meta R 1\n");
	CHECK(ruleset_read(set, directory) == 0);
	CHECK(ruleset_read(set, directory) == 0);
	ruleset_finish(set);
	CHECK(rule_of(set, "A")->scores[0] == 2);
	CHECK(has_kind(set, "D", RULE_META));
	CHECK(rule_of(set, "S")->name == NULL);
	CHECK(has_kind(set, "I", RULE_META));
	CHECK(rule_of(set, "H")->name == NULL);
	CHECK(rule_of(set, "R")->name == NULL);
	CHECK(is_noted(set, NOTE_ERROR, 3, "no.inc"));
	CHECK(ruleset_note_count(set) == 1);
	ruleset_free(set);
	unlink("a.cf");
	unlink("b.cf");
	unlink("z.pre");
	unlink("sub.inc");
	unlink(".hidden.cf");
	unlink("readme.txt");
}

static void
test_what_cannot_be_read_is_an_error_of_the_call(void)
{
	struct ruleset *set = ruleset_new();

	errno = 0;
	CHECK(ruleset_read(set, "/nowhere") == -1 && errno == ENOENT);
	CHECK(ruleset_read(set, "/dev/null") == -1 && errno == EINVAL);
	ruleset_finish(set);
	CHECK(ruleset_count(set) == 0);
	ruleset_free(set);
}

static void
test_a_line_at_the_limit_is_read_and_one_over_is_not(void)
{
	static const char next[] = "\nmeta Y 1\n";
	char *text = malloc(RULESET_LINE_MAX + 100);
	struct ruleset *set;
	size_t i;

	for (i = 0; i < 2; i++) {
		memset(text, 'a', RULESET_LINE_MAX + i);
		memcpy(text, "describe X ", strlen("describe X "));
		memcpy(text + RULESET_LINE_MAX + i, next, sizeof(next));
		set = read_text(text);
		CHECK((rule_of(set, "X")->describe.len > 0) == (i == 0));
		CHECK(is_noted(set, NOTE_ERROR, 1, "line") == (i == 1));
		CHECK(has_kind(set, "Y", RULE_META));
		ruleset_free(set);
	}
	free(text);
}

static void
test_too_many_notes_of_one_kind_hide_no_other(void)
{
	struct buf text = BUF_INIT(1 << 20);
	struct ruleset *set;
	size_t i;

	for (i = 0; i < RULESET_NOTES_MAX + 10; i++)
		buf_adds(&text, "report_safe 0\n");
	buf_adds(&text, "no_such_thing 1\n");
	set = read_text(buf_str(&text));
	CHECK(ruleset_note_count(set) == RULESET_NOTES_MAX + 1);
	CHECK(is_noted(
	    set, NOTE_UNKNOWN, RULESET_NOTES_MAX + 11, "no_such_thing"));
	ruleset_free(set);
	buf_free(&text);
}

static void
test_odd_octets_change_no_other_line(void)
{
	static const char odd[] =
	    "meta A 1\r\n\0\0 x\ndescribe A \xe9t\xe9\nmeta B 1";
	struct ruleset *set;
	FILE *file;

	write_file("odd.cf", "");
	file = fopen("odd.cf", "w");
	fwrite(odd, 1, sizeof(odd) - 1, file);
	fclose(file);
	set = ruleset_new();
	CHECK(ruleset_read(set, "odd.cf") == 0);
	ruleset_finish(set);
	CHECK(span_is(rule_of(set, "A")->pattern, "1"));
	CHECK(span_is(rule_of(set, "A")->describe, "\xe9t\xe9"));
	CHECK(has_kind(set, "B", RULE_META));
	ruleset_free(set);
	unlink("odd.cf");
}

int
main(void)
{
	unsetenv("LANGUAGE");
	setenv("LC_ALL", "C", 1);
	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	TEST(a_pattern_has_any_delimiter_and_flags);
	TEST(a_pattern_that_is_none_is_an_error);
	TEST(a_comment_ends_a_line_unless_its_sign_is_escaped);
	TEST(header_rules_take_a_selector_and_what_if_it_is_not_there);
	TEST(functions_get_their_arguments_without_quotes);
	TEST(a_function_that_nobody_knows_is_noted_and_never_just_false);
	TEST(scores_are_one_or_four_and_may_be_added);
	TEST(what_has_no_score_gets_one_by_its_name_and_flags);
	TEST(the_last_line_counts_and_keeps_what_it_does_not_say);
	TEST(a_range_of_parts_may_be_open);
	TEST(conditions_are_those_of_version_4);
	TEST(a_condition_that_is_none_is_an_error_and_false);
	TEST(a_file_for_another_version_ends_there);
	TEST(settings_have_their_newer_name_and_their_order);
	TEST(a_setting_without_a_value_that_fits_is_left_out);
	TEST(a_setting_of_no_use_and_one_unknown_are_noted);
	TEST(lines_in_another_language_are_left_out);
	TEST(tags_are_replaced_with_what_stands_around_them);
	TEST(a_large_pattern_has_its_tags_as_subroutines);
	TEST(a_pattern_that_captures_runs_first);
	TEST(a_directory_is_read_by_name_and_pre_files_first);
	TEST(what_cannot_be_read_is_an_error_of_the_call);
	TEST(a_line_at_the_limit_is_read_and_one_over_is_not);
	TEST(too_many_notes_of_one_kind_hide_no_other);
	TEST(odd_octets_change_no_other_line);
	rmdir(directory);
	return test_end();
}
