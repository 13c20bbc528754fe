#include <stdlib.h>

#include "base/err.h"
#include "rules/enginepart.h"
#include "rules/pattern.h"

/* What asking a rule costs, about, for the order in metas. */
enum { COST_HEADER = 2, COST_LITERALS = 3, COST_EVAL = 4, COST_TEXT = 100 };

static long
find_rule(void *arg, struct span name)
{
	return ruleset_find(((struct engine *)arg)->set, name);
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
	struct engine *engine = arg;
	size_t i;

	for (i = 0; i < engine->count; i++)
		if (fits(span_of(engine->checks[i].rule->name), glob))
			found(to, (long)i);
}

void
engine_note(struct engine *engine, const struct check *check,
    enum note_kind kind, const char *why)
{
	ruleset_add_note(engine->set, kind, check->rule->file,
	    check->rule->line, "%s: %s", check->rule->name, why);
}

/* The number of a selector; a new one if nobody has asked for it yet. */
static size_t
select_piece(struct engine *engine, struct span name)
{
	struct selected *list = engine->selected;
	size_t i;

	for (i = 0; i < engine->selected_count; i++)
		if (span_eq(list[i].name, name))
			return i;
	selector_parse(name, &list[i].selector);
	list[i].name = name;
	engine->selected_count++;
	return i;
}

static void
prepare_pattern(struct engine *engine, struct check *check, enum source source)
{
	struct literals literals;

	check->filter = -1;
	literals_of(&engine->arena, check->rule->pattern, check->rule->regex,
	    &literals);
	if (literals.count == 0)
		return;
	check->filter = (long)engine->filter_count[source]++;
	prefilter_add(
	    engine->filters[source], &literals, (uint32_t)check->filter);
}

static void
prepare_meta(struct engine *engine, struct check *check)
{
	const struct meta_names names = {
	    find_rule, match_rules, (engine->score_set & 1) != 0, engine};
	struct buf why = BUF_INIT(256);

	check->meta =
	    meta_parse(&engine->arena, check->rule->pattern, &names, &why);
	if (check->meta == NULL) {
		engine_note(engine, check, NOTE_ERROR, buf_str(&why));
		check->runs = false;
	}
	buf_free(&why);
}

static void
prepare_eval(struct engine *engine, struct check *check)
{
	const struct rule *rule = check->rule;

	check->eval = eval_find(rule->function, &check->family);
	if (check->eval == NULL) /* the reader has noted it */
		check->runs = false;
	else if (check->eval->good != NULL &&
		 !check->eval->good(rule->arguments, rule->argument_count)) {
		engine_note(engine, check, NOTE_ERROR, "wrong arguments");
		check->runs = false;
	}
	/* an answer that needs the network, or the learner, is not there */
	if (((rule->tflags & RULE_NET) != 0 && (engine->score_set & 1) == 0) ||
	    ((rule->tflags & RULE_LEARN) != 0 && (engine->score_set & 2) == 0))
		check->runs = false;
}

static void
prepare(struct engine *engine, struct check *check)
{
	const struct rule *rule = check->rule;

	check->runs = rule->scores[engine->score_set] != 0;
	switch (rule->kind) {
	case RULE_HEADER:
		check->selector = select_piece(engine, rule->selector);
		break;
	case RULE_BODY:
		prepare_pattern(engine, check, SOURCE_BODY);
		break;
	case RULE_RAWBODY:
		prepare_pattern(engine, check, SOURCE_RAWBODY);
		break;
	case RULE_URI:
		prepare_pattern(engine, check, SOURCE_URI);
		break;
	case RULE_META:
		prepare_meta(engine, check);
		break;
	case RULE_EVAL:
		prepare_eval(engine, check);
		break;
	case RULE_FULL:
	case RULE_MIMEHEADER:
	case RULE_URI_DETAIL:
		break;
	case RULE_UNDEFINED:
	case RULE_REMOTE:
		check->runs = false;
	}
}

static unsigned
cost_of(void *arg, long rule)
{
	const struct check *check =
	    &((struct engine *)arg)->checks[(size_t)rule];

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
prepare_settings(struct engine *engine)
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

	engine->tld = tld_new();
	for (i = 0; i < nitems(names); i++)
		for (at = 0; (setting = ruleset_setting(
				  engine->set, names[i].name, &at)) != NULL;)
			tld_add(engine->tld, names[i].labels, setting->value);
	engine->networks = relay_networks_new();
	for (i = 0; i < nitems(networks); i++)
		for (at = 0; (setting = ruleset_setting(
				  engine->set, networks[i].name, &at)) != NULL;)
			if (!relay_networks_add(engine->networks,
				networks[i].kind, setting->value))
				ruleset_add_note(engine->set, NOTE_ERROR,
				    setting->file, setting->line,
				    "%s: not a network", setting->name);
}

static void
prepare_families(struct engine *engine)
{
	size_t i, count = 0;

	while (eval_families[count] != NULL)
		count++;
	engine->data =
	    arena_array(&engine->arena, count, sizeof(*engine->data));
	for (i = 0; i < count; i++)
		if (eval_families[i]->prepare != NULL)
			engine->data[i] =
			    eval_families[i]->prepare(engine->set);
}

struct engine *
engine_new(struct ruleset *set, unsigned score_set)
{
	struct engine *engine = calloc(1, sizeof(*engine));
	struct arena *arena;
	size_t i;

	if (engine == NULL)
		fatal("out of memory");
	arena = &engine->arena;
	engine->set = set;
	engine->score_set = score_set;
	engine->count = ruleset_count(set);
	engine->checks =
	    arena_array(arena, engine->count, sizeof(*engine->checks));
	engine->answers =
	    arena_array(arena, engine->count, sizeof(*engine->answers));
	engine->selected =
	    arena_array(arena, engine->count, sizeof(*engine->selected));
	for (i = 0; i < SOURCES; i++)
		engine->filters[i] = prefilter_new();
	prepare_settings(engine);
	prepare_families(engine);
	for (i = 0; i < engine->count; i++)
		engine->checks[i].rule = ruleset_rule(set, i);
	for (i = 0; i < engine->count; i++)
		prepare(engine, &engine->checks[i]);
	for (i = 0; i < engine->count; i++)
		if (engine->checks[i].meta != NULL)
			meta_order(engine->checks[i].meta, cost_of, engine);
	for (i = 0; i < SOURCES; i++)
		prefilter_finish(engine->filters[i]);
	return engine;
}

void
engine_free(struct engine *engine)
{
	size_t i;

	if (engine == NULL)
		return;
	for (i = 0; i < engine->count; i++)
		regex_free(engine->checks[i].regex);
	for (i = 0; i < SOURCES; i++)
		prefilter_free(engine->filters[i]);
	for (i = 0; eval_families[i] != NULL; i++)
		if (eval_families[i]->release != NULL)
			eval_families[i]->release(engine->data[i]);
	tld_free(engine->tld);
	relay_networks_free(engine->networks);
	arena_free(&engine->arena);
	free(engine);
}

const struct tld *
engine_tld(const struct engine *engine)
{
	return engine->tld;
}

void
engine_compile(struct engine *engine)
{
	struct check *check;
	size_t i;

	for (i = 0; i < engine->count; i++) {
		check = &engine->checks[i];
		switch (check->rule->kind) {
		case RULE_HEADER:
			if (check->rule->exists)
				break;
			/* fallthrough */
		case RULE_BODY:
		case RULE_RAWBODY:
		case RULE_FULL:
		case RULE_URI:
		case RULE_MIMEHEADER:
			engine_pattern(engine, check);
			break;
		default:
			break;
		}
	}
}

const struct regex *
engine_pattern(struct engine *engine, struct check *check)
{
	struct buf why = BUF_INIT(512);

	if (!check->tried) {
		check->tried = true;
		check->regex =
		    pattern_new(check->rule->pattern, check->rule->regex, &why);
		if (check->regex == NULL)
			engine_note(engine, check, NOTE_ERROR, buf_str(&why));
	}
	buf_free(&why);
	return check->regex;
}
