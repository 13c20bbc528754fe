#include <stdlib.h>

#include "base/err.h"
#include "rules/judgepart.h"
#include "rules/pattern.h"
#include "rules/quantifier.h"

#define WORDS_MANY 40 /* literals of which lines are likely to hold one */

/* What asking a rule costs, about, for the order in metas. */
enum { COST_HEADER = 2, COST_LITERALS = 3, COST_EVAL = 4, COST_TEXT = 100 };

static long
find_rule(void *arg, struct span name)
{
	return ruleset_find(((struct judge *)arg)->set, name);
}

static bool
fits(struct span name, struct span glob)
{
	size_t i = 0, k = 0, star = SIZE_MAX, back = 0;

	while (i < name.len)
		if (k < glob.len && glob.p[k] == '*') {
			star = k++;
			back = i;
		} else if (k < glob.len &&
			   (glob.p[k] == '?' || glob.p[k] == name.p[i])) {
			i++;
			k++;
		} else if (star != SIZE_MAX) {
			k = star + 1;
			i = ++back;
		} else
			return false;
	while (k < glob.len && glob.p[k] == '*')
		k++;
	return k == glob.len;
}

static void
match_rules(
    void *arg, struct span glob, void (*found)(void *to, long rule), void *to)
{
	struct judge *judge = arg;
	size_t i;

	for (i = 0; i < judge->count; i++)
		if (fits(span_of(judge->checks[i].rule->name), glob))
			found(to, (long)i);
}

void
judge_note(struct judge *judge, const struct check *check, enum note_kind kind,
    const char *why)
{
	ruleset_add_note(judge->set, kind, check->rule->file, check->rule->line,
	    "%s: %s", check->rule->name, why);
}

/* The number of a selector; a new one if nobody has asked for it yet. */
static size_t
select_piece(struct judge *judge, struct span name)
{
	struct selected *list = judge->selected;
	size_t i;

	for (i = 0; i < judge->selected_count; i++)
		if (span_eq(list[i].name, name))
			return i;
	selector_parse(name, &list[i].selector);
	list[i].name = name;
	judge->selected_count++;
	return i;
}

static bool
has_pattern(const struct rule *rule)
{
	switch (rule->kind) {
	case RULE_HEADER:
		return !rule->exists;
	case RULE_BODY:
	case RULE_RAWBODY:
	case RULE_FULL:
	case RULE_URI:
	case RULE_MIMEHEADER:
		return true;
	default:
		return false;
	}
}

static void
prepare_pattern(struct judge *judge, struct check *check, enum source source,
    struct arena *scratch)
{
	static struct literals literals;
	uint32_t id = (uint32_t)judge->filter_count[source];
	struct buf wide = BUF_INIT(2 * RULESET_PATTERN_MAX);
	struct span pattern = check->rule->pattern;

	if (check->template) {
		captures_widen(pattern, &wide);
		pattern = buf_span(&wide);
	}
	literals_of(scratch, pattern, check->rule->regex, &literals);
	check->width = check->template ? WIDTH_ANY : literals.width;
	if (prefilter_add(judge->filters[source], &literals, id)) {
		check->filter = (long)id;
		judge->filter_count[source]++;
	}
	check->often = check->filter < 0 || literals.count > WORDS_MANY;
	buf_free(&wide);
	arena_reset(scratch);
}

static void
prepare_meta(struct judge *judge, struct check *check)
{
	const struct meta_names names = {
	    find_rule, match_rules, (judge->score_set & 1) != 0, judge};
	struct buf why = BUF_INIT(256);

	check->meta =
	    meta_parse(&judge->arena, check->rule->pattern, &names, &why);
	if (check->meta == NULL) {
		judge_note(judge, check, NOTE_ERROR, buf_str(&why));
		check->runs = false;
	}
	buf_free(&why);
}

static void
prepare_detail(struct judge *judge, struct check *check)
{
	struct buf why = BUF_INIT(512);

	check->detail = uridetail_new(check->rule->pattern, &why);
	if (check->detail == NULL) {
		judge_note(judge, check, NOTE_ERROR, buf_str(&why));
		check->runs = false;
	}
	buf_free(&why);
}

static void
prepare_eval(struct judge *judge, struct check *check)
{
	const struct rule *rule = check->rule;

	check->eval = eval_find(rule->function, &check->family);
	if (check->eval == NULL) /* the reader has noted it */
		check->runs = false;
	else if (check->eval->good != NULL &&
		 !check->eval->good(rule->arguments, rule->argument_count)) {
		judge_note(judge, check, NOTE_ERROR, "wrong arguments");
		check->runs = false;
	}
	/* an answer that needs the network, or the learner, is not there */
	if (((rule->tflags & RULE_NET) != 0 && (judge->score_set & 1) == 0) ||
	    ((rule->tflags & RULE_LEARN) != 0 && (judge->score_set & 2) == 0))
		check->runs = false;
}

static void
prepare_captures(struct judge *judge, struct check *check)
{
	struct span pattern = check->rule->pattern, name;
	size_t i = (size_t)(check - judge->checks), at = 0;

	if (!has_pattern(check->rule))
		return;
	check->captures = captures_named(pattern);
	if (check->captures)
		judge->capturing[judge->capturing_count++] = i;
	check->template = captures_next(pattern, &at, &name);
	if (check->template)
		judge->templates[judge->template_count++] = i;
}

static void
prepare(struct judge *judge, struct check *check)
{
	const struct rule *rule = check->rule;

	check->runs = rule->scores[judge->score_set] != 0;
	prepare_captures(judge, check);
	switch (rule->kind) {
	case RULE_HEADER:
		check->selector = select_piece(judge, rule->selector);
		break;
	case RULE_META:
		prepare_meta(judge, check);
		break;
	case RULE_EVAL:
		prepare_eval(judge, check);
		break;
	case RULE_URI_DETAIL:
		prepare_detail(judge, check);
		break;
	case RULE_BODY:
	case RULE_RAWBODY:
	case RULE_URI:
	case RULE_FULL:
	case RULE_MIMEHEADER:
		break;
	case RULE_UNDEFINED:
	case RULE_REMOTE:
		check->runs = false;
	}
}

/* Marks a rule, and all that it asks. */
static void
need(struct judge *judge, size_t i)
{
	struct check *check = &judge->checks[i];
	const long *rules;
	size_t k, count;

	if (check->needed || !check->runs)
		return;
	check->needed = true;
	for (k = 0; check->template && k < judge->capturing_count; k++)
		need(judge, judge->capturing[k]);
	if (check->meta == NULL)
		return;
	count = meta_rules(check->meta, &rules);
	for (k = 0; k < count; k++)
		need(judge, (size_t)rules[k]);
}

/* Only what a score depends on is looked for. */
static void
prepare_filters(struct judge *judge)
{
	struct arena scratch = {0};
	struct check *check;
	size_t i;

	for (i = 0; i < judge->count; i++)
		if (strncmp(judge->checks[i].rule->name, "__", 2) != 0)
			need(judge, i);
	for (i = 0; i < judge->count; i++) {
		check = &judge->checks[i];
		check->filter = -1;
		check->width = WIDTH_ANY;
		if (!check->needed)
			continue;
		if (check->rule->kind == RULE_BODY)
			prepare_pattern(judge, check, SOURCE_BODY, &scratch);
		else if (check->rule->kind == RULE_RAWBODY)
			prepare_pattern(judge, check, SOURCE_RAWBODY, &scratch);
		else if (check->rule->kind == RULE_URI)
			prepare_pattern(judge, check, SOURCE_URI, &scratch);
	}
	for (i = 0; i < SOURCES; i++)
		prefilter_finish(judge->filters[i]);
	arena_free(&scratch);
}

static unsigned
cost_of(void *arg, long rule)
{
	const struct check *check =
	    &((struct judge *)arg)->checks[(size_t)rule];

	if (!check->runs)
		return 0;
	switch (check->rule->kind) {
	case RULE_HEADER:
		return COST_HEADER;
	case RULE_BODY:
	case RULE_RAWBODY:
	case RULE_URI:
		return check->filter >= 0 ? COST_LITERALS : COST_TEXT;
	case RULE_EVAL:
	case RULE_META:
		return COST_EVAL;
	default:
		return COST_TEXT;
	}
}

/* Takes what the settings say about names and networks. */
static void
prepare_settings(struct judge *judge)
{
	static const struct {
		const char *name;
		unsigned labels;
	} names[] = {
	    {"util_rb_tld", 1}, {"util_rb_2tld", 2}, {"util_rb_3tld", 3}};
	static const struct {
		const char *name;
		char kind;
	} networks[] = {{"trusted_networks", 't'}, {"internal_networks", 'i'},
	    {"msa_networks", 'm'}};
	const struct setting *setting;
	size_t i, at;

	judge->tld = tld_new();
	for (i = 0; i < nitems(names); i++)
		for (at = 0; (setting = ruleset_setting(
				  judge->set, names[i].name, &at)) != NULL;)
			tld_add(judge->tld, names[i].labels, setting->value);
	judge->networks = relay_networks_new();
	for (i = 0; i < nitems(networks); i++)
		for (at = 0; (setting = ruleset_setting(
				  judge->set, networks[i].name, &at)) != NULL;)
			if (!relay_networks_add(judge->networks,
				networks[i].kind, setting->value))
				ruleset_add_note(judge->set, NOTE_ERROR,
				    setting->file, setting->line,
				    "%s: not a network", setting->name);
	for (at = 0; (setting = ruleset_setting(
			  judge->set, "originating_ip_headers", &at)) != NULL;)
		if (!relay_networks_origins(judge->networks, setting->value))
			ruleset_add_note(judge->set, NOTE_ERROR, setting->file,
			    setting->line, "%s: too many", setting->name);
}

static void
prepare_families(struct judge *judge)
{
	size_t i, count = 0;

	while (eval_families[count] != NULL)
		count++;
	judge->data = arena_array(&judge->arena, count, sizeof(*judge->data));
	for (i = 0; i < count; i++)
		if (eval_families[i]->prepare != NULL)
			judge->data[i] = eval_families[i]->prepare(judge->set);
}

struct judge *
judge_new(struct ruleset *set, unsigned score_set)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	struct arena *arena;
	size_t i;

	if (judge == NULL)
		fatal("out of memory");
	arena = &judge->arena;
	judge->set = set;
	judge->score_set = score_set;
	judge->count = ruleset_count(set);
	judge->checks =
	    arena_array(arena, judge->count, sizeof(*judge->checks));
	judge->answers =
	    arena_array(arena, judge->count, sizeof(*judge->answers));
	judge->capturing =
	    arena_array(arena, judge->count, sizeof(*judge->capturing));
	judge->templates =
	    arena_array(arena, judge->count, sizeof(*judge->templates));
	judge->selected =
	    arena_array(arena, judge->count, sizeof(*judge->selected));
	for (i = 0; i < SOURCES; i++)
		judge->filters[i] = prefilter_new();
	prepare_settings(judge);
	prepare_families(judge);
	for (i = 0; i < judge->count; i++)
		judge->checks[i].rule = ruleset_rule(set, i);
	for (i = 0; i < judge->count; i++)
		prepare(judge, &judge->checks[i]);
	prepare_filters(judge);
	for (i = 0; i < judge->count; i++)
		if (judge->checks[i].meta != NULL)
			meta_order(judge->checks[i].meta, cost_of, judge);
	return judge;
}

void
judge_free(struct judge *judge)
{
	size_t i;

	if (judge == NULL)
		return;
	for (i = 0; i < judge->count; i++) {
		regex_free(judge->checks[i].regex);
		starts_table_free(judge->checks[i].starts);
		regex_free(judge->checks[i].filled);
		uridetail_free(judge->checks[i].detail);
	}
	for (i = 0; i < SOURCES; i++)
		prefilter_free(judge->filters[i]);
	for (i = 0; eval_families[i] != NULL; i++)
		if (eval_families[i]->release != NULL)
			eval_families[i]->release(judge->data[i]);
	tld_free(judge->tld);
	relay_networks_free(judge->networks);
	arena_free(&judge->arena);
	free(judge);
}

const struct tld *
judge_tld(const struct judge *judge)
{
	return judge->tld;
}

void
judge_compile(struct judge *judge, bool all)
{
	struct check *check;
	size_t i;

	for (i = 0; i < judge->count; i++) {
		check = &judge->checks[i];
		if ((check->needed || all) && has_pattern(check->rule))
			judge_pattern(judge, check);
	}
}

const struct regex *
judge_pattern(struct judge *judge, struct check *check)
{
	struct buf mended = BUF_INIT(2 * RULESET_PATTERN_MAX);
	struct buf why = BUF_INIT(512), again = BUF_INIT(512);
	struct span pattern = check->rule->pattern;
	unsigned flags = check->rule->regex;

	if (!check->tried) {
		check->tried = true;
		if (check->often)
			check->regex =
			    rule_regex_anchored(pattern, flags, &check->starts);
		if (check->width != WIDTH_ANY)
			flags |= REGEX_LIMITED;
		if (check->regex == NULL)
			check->regex = rule_regex(pattern, flags, &why);
		if (check->regex == NULL && quantifier_mend(pattern, &mended))
			check->regex =
			    rule_regex(buf_span(&mended), flags, &again);
		if (check->regex == NULL)
			judge_note(judge, check, NOTE_ERROR, buf_str(&why));
	}
	buf_free(&mended);
	buf_free(&why);
	buf_free(&again);
	return check->regex;
}
