#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "rules/engine.h"
#include "rules/meta.h"
#include "rules/pattern.h"
#include "rules/prefilter.h"
#include "text/render.h"

#define SEARCHES 64 /* between two looks at the clock */

/* Texts that patterns search. */
enum source { SOURCE_BODY, SOURCE_RAWBODY, SOURCE_URI, SOURCES };

/* What asking a rule costs, about, for the order in metas. */
enum { COST_HEADER = 2, COST_LITERALS = 3, COST_EVAL = 4, COST_TEXT = 100 };

struct check {
	const struct rule *rule;
	bool runs;  /* it has a score, or is a sub-rule */
	bool tried; /* to compile */
	struct regex *regex;
	struct meta *meta;
	const struct eval *eval;
	size_t family;
	size_t selector; /* of a header rule */
	long filter;     /* its number in the filter of its source; -1: none */
};

/* Pieces of the header that rules ask for, each once. */
struct selected {
	struct span name;
	struct selector selector;
	bool known;       /* for this message */
	struct span text; /* p NULL if it is not there */
};

/* What is known of the value: TRUTH, whether it is 0. */
enum known { UNKNOWN, ASKED, TRUTH, KNOWN };

struct answer {
	enum known known;
	double value;
	struct span matched;
};

struct engine {
	struct ruleset *set;
	unsigned score_set;
	struct arena arena;
	struct check *checks;
	size_t count;
	struct answer *answers;
	struct selected *selected;
	size_t selected_count;
	struct prefilter *filters[SOURCES];
	size_t filter_count[SOURCES]; /* patterns */
	struct tld *tld;
	struct relay_networks *networks;
	void **data; /* of the families */

	/* of the message */
	struct mail *mail;
	double learned;
	int64_t deadline;
	unsigned searches;
	const char *cut; /* why not everything was asked */
	struct prefilter_lines *lines[SOURCES];
	bool scanned[SOURCES];
	bool flooded[SOURCES]; /* too many literals: all lines are searched */
	bool begun;            /* the families know of the message */
};

static double ask(struct engine *engine, size_t i, bool truth);

/* --- making ready --- */

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

static void
note(struct engine *engine, const struct check *check, enum note_kind kind,
    const char *why)
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
		note(engine, check, NOTE_ERROR, buf_str(&why));
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
		note(engine, check, NOTE_ERROR, "wrong arguments");
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

/* The pattern of a rule; NULL if it is none, which is noted once. */
static const struct regex *
pattern_of(struct engine *engine, struct check *check)
{
	struct buf why = BUF_INIT(512);

	if (!check->tried) {
		check->tried = true;
		check->regex =
		    pattern_new(check->rule->pattern, check->rule->regex, &why);
		if (check->regex == NULL)
			note(engine, check, NOTE_ERROR, buf_str(&why));
	}
	buf_free(&why);
	return check->regex;
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
			pattern_of(engine, check);
			break;
		default:
			break;
		}
	}
}

/* --- asking --- */

/* Whether time is up; looks at the clock now and then. */
static bool
is_late(struct engine *engine)
{
	if (engine->cut == NULL && ++engine->searches % SEARCHES == 0 &&
	    clock_ms() > engine->deadline)
		engine->cut = "time";
	return engine->cut != NULL;
}

/* Searches one line, adds to the answer, and says whether it has enough. */
static bool
search_line(struct engine *engine, const struct check *check,
    const struct regex *regex, struct span line, struct answer *answer)
{
	const struct rule *rule = check->rule;
	bool multiple = (rule->tflags & RULE_MULTIPLE) != 0;
	struct regex_match match;
	size_t from = 0;
	int rc;

	while (from <= line.len && !is_late(engine)) {
		rc = regex_find(regex, line, from, &match);
		if (rc <= 0)
			return false;
		if (answer->value == 0)
			answer->matched = match.groups[0];
		answer->value++;
		if (!multiple ||
		    (rule->maxhits > 0 && answer->value >= rule->maxhits))
			return true;
		from = match.end > match.start ? match.end : match.end + 1;
	}
	return engine->cut != NULL;
}

/* The lines of a source in which a pattern may match; NULL: all. */
static const struct prefilter_lines *
lines_of(struct engine *engine, enum source source, const struct text *text,
    const struct check *check)
{
	struct arena *arena = &engine->mail->arena;

	if (check->filter < 0)
		return NULL;
	if (!engine->scanned[source]) {
		engine->scanned[source] = true;
		engine->lines[source] = arena_array(arena,
		    engine->filter_count[source], sizeof(**engine->lines));
		engine->flooded[source] =
		    !prefilter_scan(engine->filters[source], text, arena,
			engine->lines[source]);
	}
	return engine->flooded[source] ? NULL
				       : &engine->lines[source][check->filter];
}

static void
search_text(struct engine *engine, struct check *check, enum source source,
    const struct text *text, struct answer *answer)
{
	const struct prefilter_lines *lines =
	    lines_of(engine, source, text, check);
	bool skip = (check->rule->tflags & RULE_NOSUBJECT) != 0;
	size_t i, line, count = lines != NULL ? lines->count : text->count;
	const struct regex *regex;

	if (count == 0 || (regex = pattern_of(engine, check)) == NULL)
		return;
	for (i = 0; i < count; i++) {
		line = lines != NULL ? lines->list[i] : i;
		if (skip && line == 0 && source == SOURCE_BODY)
			continue;
		if (search_line(
			engine, check, regex, text->lines[line], answer))
			return;
	}
}

/* All that a selector finds, as one text: what is no whole field gets line
 * ends. */
static struct span
join(struct arena *arena, const struct text *text)
{
	size_t i, len = 0;
	bool apart;
	char *p;

	if (text->count == 0)
		return (struct span){NULL, 0};
	if (text->count == 1)
		return text->lines[0];
	apart = !span_ends(text->lines[0], "\n");
	for (i = 0; i < text->count; i++)
		len += text->lines[i].len + 1;
	p = arena_alloc(arena, len);
	for (len = 0, i = 0; i < text->count; i++) {
		if (apart && i > 0)
			p[len++] = '\n';
		if (text->lines[i].len > 0)
			memcpy(p + len, text->lines[i].p, text->lines[i].len);
		len += text->lines[i].len;
	}
	return (struct span){p, len};
}

static struct span
selected_text(struct engine *engine, size_t i)
{
	struct selected *selected = &engine->selected[i];
	struct text text = {NULL, 0};

	if (!selected->known) {
		selected->known = true;
		selector_get(
		    engine->mail, &selected->selector, engine->tld, &text);
		selected->text = join(&engine->mail->arena, &text);
	}
	return selected->text;
}

static void
ask_header(struct engine *engine, struct check *check, struct answer *answer)
{
	const struct rule *rule = check->rule;
	struct span text = selected_text(engine, check->selector);
	const struct regex *regex;

	if (rule->exists) {
		answer->value = (text.p != NULL) != rule->negated;
		return;
	}
	if (text.p == NULL)
		text = rule->unset.p != NULL ? rule->unset : span_of("");
	regex = pattern_of(engine, check);
	if (regex == NULL)
		return;
	if (rule->negated)
		answer->value = regex_find(regex, text, 0, NULL) == 0;
	else
		search_line(engine, check, regex, text, answer);
}

/* All fields of a part of that name, or "ALL", as a text; p NULL if none. */
static struct span
part_text(struct engine *engine, const struct mail_part *part,
    const struct rule *rule)
{
	struct buf text = BUF_INIT(MAIL_ALL_VALUES_MAX * 2);
	bool raw = span_iends(rule->selector, ":raw");
	struct span name = rule->selector, result = {NULL, 0};
	const struct mail_field *field = NULL;
	size_t i;

	if (raw)
		name.len -= 4;
	for (i = 0; i < part->header.count; i++) {
		const struct mail_field *one = &part->header.fields[i];

		if (span_is(name, "ALL"))
			buf_addf(&text, "%.*s: %.*s%s", SPAN_ARG(one->name),
			    SPAN_ARG(raw ? one->raw : one->value),
			    raw ? "" : "\n");
		else if (span_ieq(one->name, name))
			field = one;
	}
	if (field != NULL && raw)
		result = field->raw;
	else if (field != NULL)
		buf_addf(&text, "%.*s\n", SPAN_ARG(field->value));
	if (text.len > 0)
		result = arena_copy(&engine->mail->arena, buf_span(&text));
	buf_free(&text);
	return result;
}

/* The next part of a message in its order; NULL after the last. */
static const struct mail_part *
next_part(const struct mail_part *part)
{
	if (part->child != NULL)
		return part->child;
	while (part != NULL && part->next == NULL)
		part = part->parent;
	return part != NULL ? part->next : NULL;
}

static void
ask_mimeheader(
    struct engine *engine, struct check *check, struct answer *answer)
{
	const struct rule *rule = check->rule;
	const struct mail_part *part = &engine->mail->root;
	const struct regex *regex = pattern_of(engine, check);
	bool found = false;
	struct span text;

	for (; regex != NULL && part != NULL && !found;
	     part = next_part(part)) {
		text = part_text(engine, part, rule);
		if (text.p == NULL)
			text =
			    rule->unset.p != NULL ? rule->unset : span_of("");
		found = rule->negated
			    ? regex_find(regex, text, 0, NULL) > 0
			    : search_line(engine, check, regex, text, answer);
	}
	if (rule->negated)
		answer->value = regex != NULL && !found;
}

static void
ask_eval(
    struct engine *engine, const struct check *check, struct answer *answer)
{
	struct eval_call call = {.mail = engine->mail,
	    .tld = engine->tld,
	    .data = engine->data[check->family],
	    .rule = check->rule,
	    .arguments = check->rule->arguments,
	    .argument_count = check->rule->argument_count,
	    .learned = engine->learned};
	size_t i;

	for (i = 0; !engine->begun && eval_families[i] != NULL; i++)
		if (eval_families[i]->begin != NULL)
			eval_families[i]->begin(
			    engine->data[i], engine->mail, engine->tld);
	engine->begun = true;
	answer->value = check->eval->check(&call);
}

static double
ask_rule(void *arg, long rule, bool truth)
{
	return ask(arg, (size_t)rule, truth);
}

static void
ask_check(struct engine *engine, struct check *check, bool truth,
    struct answer *answer)
{
	struct mail *mail = engine->mail;

	switch (check->rule->kind) {
	case RULE_HEADER:
		ask_header(engine, check, answer);
		break;
	case RULE_BODY:
		search_text(engine, check, SOURCE_BODY, &mail->body, answer);
		break;
	case RULE_RAWBODY:
		search_text(
		    engine, check, SOURCE_RAWBODY, &mail->rawbody, answer);
		break;
	case RULE_URI:
		search_text(
		    engine, check, SOURCE_URI, &mail->uris->all, answer);
		break;
	case RULE_FULL:
		if (pattern_of(engine, check) != NULL)
			search_line(engine, check, check->regex, mail->pristine,
			    answer);
		break;
	case RULE_MIMEHEADER:
		ask_mimeheader(engine, check, answer);
		break;
	case RULE_EVAL:
		ask_eval(engine, check, answer);
		break;
	case RULE_META:
		answer->value =
		    meta_value(check->meta, truth, ask_rule, engine);
		break;
	default:
		break;
	}
}

/* How often a rule hit; once it is known it is not asked again.  One that
 * depends on itself has no hit. */
static double
ask(struct engine *engine, size_t i, bool truth)
{
	struct answer *answer = &engine->answers[i];
	struct check *check = &engine->checks[i];

	if (answer->known == KNOWN || !check->runs ||
	    (answer->known == TRUTH && truth))
		return answer->value;
	if (answer->known == ASKED || is_late(engine))
		return 0;
	answer->known = ASKED;
	ask_check(engine, check, truth, answer);
	answer->known =
	    truth && check->rule->kind == RULE_META && answer->value != 0
		? TRUTH
		: KNOWN;
	return answer->value;
}

void
engine_read(
    struct engine *engine, struct mail *mail, struct span octets, size_t max)
{
	mail_read(mail, octets);
	relays_read(mail, engine->networks,
	    ruleset_value(engine->set, "envelope_sender_header"));
	render(mail, max);
	uris_find(mail, engine->tld);
}

static void
begin(
    struct engine *engine, struct mail *mail, double learned, int64_t deadline)
{
	size_t i;

	engine->mail = mail;
	engine->learned = learned;
	engine->deadline = deadline;
	engine->cut = NULL;
	engine->begun = false;
	memset(engine->scanned, 0, sizeof(engine->scanned));
	memset(engine->answers, 0, engine->count * sizeof(*engine->answers));
	for (i = 0; i < engine->selected_count; i++)
		engine->selected[i].known = false;
}

static bool
is_subrule(const struct rule *rule)
{
	return strncmp(rule->name, "__", 2) == 0;
}

void
engine_run(struct engine *engine, struct mail *mail, double learned,
    int64_t deadline, struct score *score)
{
	const struct rule *rule;
	double times;
	size_t i;

	begin(engine, mail, learned, deadline);
	for (i = 0; i < engine->count; i++) {
		rule = engine->checks[i].rule;
		if (!engine->checks[i].runs || is_subrule(rule))
			continue;
		times = ask(engine, i, true);
		if (times == 0)
			continue;
		/* each hit of a rule that counts them has its points */
		if (rule->kind == RULE_META ||
		    (rule->tflags & RULE_MULTIPLE) == 0)
			times = 1;
		score_add(score, &mail->arena,
		    &(struct score_hit){.name = rule->name,
			.points = times * rule->scores[engine->score_set],
			.describe = rule->describe,
			.matched = engine->answers[i].matched});
	}
	if (engine->cut != NULL || mail->is_cut) {
		score->cut = true;
		score->why = engine->cut != NULL ? engine->cut : "size";
	}
}

double
engine_ask(struct engine *engine, size_t rule)
{
	return ask(engine, rule, false);
}
