/*
 * ruledump: what rules are after they were read, one a line.
 *
 *	ruledump [-n | -s] path...
 *
 * Name, kind, what it looks for, four scores, flags, priority, description;
 * with tabs between.  With -n the notes, with -s the settings instead.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "base/regex.h"
#include "rules/ruleset.h"

static const char *const kinds[] = {"undefined", "header", "body", "rawbody",
    "full", "uri", "mimeheader", "uri_detail", "meta", "eval", "remote"};
static const char *const flags[] = {
    "net", "nice", "learn", "userconf", "multiple", "nosubject", "concat"};
static const char *const notes[] = {"error", "unknown", "ignored", "costly"};

static void
print_span(struct span span)
{
	fwrite(span.p, 1, span.len, stdout);
}

static void
print_what(const struct rule *rule)
{
	size_t i;

	if (rule->selector.len > 0) {
		print_span(rule->selector);
		fputs(rule->exists    ? " exists"
		      : rule->negated ? " !~ "
				      : " =~ ",
		    stdout);
	}
	if (rule->kind == RULE_EVAL) {
		print_span(rule->function);
		for (i = 0; i < rule->argument_count; i++) {
			putchar(i == 0 ? '(' : ',');
			print_span(rule->arguments[i]);
		}
	} else if (rule->kind != RULE_REMOTE) {
		if (rule->regex != 0)
			printf("(?%s%s%s%s)",
			    rule->regex & REGEX_NOCASE ? "i" : "",
			    rule->regex & REGEX_MULTILINE ? "m" : "",
			    rule->regex & REGEX_DOTALL ? "s" : "",
			    rule->regex & REGEX_EXTENDED ? "x" : "");
		print_span(rule->pattern);
	}
	if (rule->unset.p != NULL) {
		fputs(" unset ", stdout);
		print_span(rule->unset);
	}
}

static void
print_rule(const struct rule *rule)
{
	size_t i;

	printf("%s\t%s\t", rule->name, kinds[rule->kind]);
	print_what(rule);
	for (i = 0; i < RULE_SCORE_SETS; i++)
		printf("%c%g", i == 0 ? '\t' : ' ', rule->scores[i]);
	putchar('\t');
	for (i = 0; i < nitems(flags); i++)
		if (rule->tflags & 1u << i)
			printf("%s ", flags[i]);
	if (rule->maxhits > 0)
		printf("maxhits=%u", rule->maxhits);
	printf("\t%d\t", rule->priority);
	print_span(rule->describe);
	putchar('\n');
}

static void
print_settings(const struct ruleset *set)
{
	static const char *const names[] = {"required_score",
	    "trusted_networks", "util_rb_tld", "util_rb_2tld", "util_rb_3tld",
	    "freemail_domains", "enlist_uri_host", "enlist_addrlist",
	    "def_welcomelist_auth", "redirector_pattern"};
	const struct setting *setting;
	size_t i, at;

	for (i = 0; i < nitems(names); i++)
		for (at = 0;
		     (setting = ruleset_setting(set, names[i], &at)) != NULL;) {
			printf("%s:%u: %s ", setting->file, setting->line,
			    setting->name);
			print_span(setting->value);
			putchar('\n');
		}
}

int
main(int argc, char **argv)
{
	struct ruleset *set;
	const struct note *note;
	size_t i;
	int opt, what = 0;

	err_init(argv[0]);
	while ((opt = getopt(argc, argv, "ns")) != -1)
		what = opt;
	set = ruleset_new();
	for (; optind < argc; optind++)
		if (ruleset_read(set, argv[optind]) < 0)
			fatal("cannot read '%s': %s", argv[optind],
			    strerror(errno));
	ruleset_finish(set);
	for (i = 0; what == 0 && i < ruleset_count(set); i++)
		print_rule(ruleset_rule(set, i));
	for (i = 0; what == 'n' && i < ruleset_note_count(set); i++) {
		note = ruleset_note(set, i);
		printf("%s:%u: %s: %s\n", note->file, note->line,
		    notes[note->kind], note->text);
	}
	if (what == 's')
		print_settings(set);
	ruleset_free(set);
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		return STATUS_DEFER;
	return STATUS_OK;
}
