#include "base/clock.h"
#include "rules/judgepart.h"
#include "rules/pattern.h"
#include "text/render.h"

#define SEARCHES 64 /* between two looks at the clock */

static double ask(struct judge *judge, size_t i, bool truth);

/* Whether time is up; looks at the clock now and then. */
static bool
is_late(struct judge *judge)
{
	if (judge->cut == NULL && ++judge->searches >= SEARCHES) {
		judge->searches = 0;
		if (clock_ms() > judge->deadline)
			judge->cut = "time";
	}
	return judge->cut != NULL;
}

int
judge_find(struct judge *judge, const struct regex *regex, struct span text,
    size_t from, size_t last, struct regex_match *match)
{
	int rc = regex_find_from(regex, text, from, last, match);

	if (rc < 0) {
		judge->gave_up = true;
		judge->searches = SEARCHES;
	}
	return rc;
}

/* Keeps what selectors that a template asks for find: the first piece. */
static void
add_headers(struct judge *judge, struct span pattern)
{
	struct arena *arena = &judge->mail->arena;
	struct selector selector;
	struct span name, inner;
	struct text text;
	size_t at = 0;

	while (captures_next(pattern, &at, &name)) {
		if (!span_starts(name, "HEADER("))
			continue;
		inner = span_from(name, strlen("HEADER("));
		inner.len--;
		selector_parse(inner, &selector);
		selector_get(judge->mail, &selector, judge->tld, &text);
		if (text.count > 0)
			captures_add(
			    &judge->captures, arena, name, text.lines[0]);
	}
}

/* Asks all rules whose captures a template may want, and fills it in; it stays
 * NULL if something that it wants is not known. */
static void
fill(struct judge *judge, struct check *check)
{
	struct buf filled = BUF_INIT(CAPTURES_PATTERN_MAX);
	struct buf why = BUF_INIT(256);
	size_t i;

	for (i = 0; i < judge->capturing_count; i++)
		ask(judge, judge->capturing[i], false);
	add_headers(judge, check->rule->pattern);
	if (captures_fill(&judge->captures, check->rule->pattern, &filled))
		check->filled =
		    rule_regex(buf_span(&filled), check->rule->regex, &why);
	buf_free(&filled);
	buf_free(&why);
}

const struct regex *
judge_filled(struct judge *judge, struct check *check)
{
	if (!check->template)
		return judge_pattern(judge, check);
	if (check->filled == NULL)
		fill(judge, check);
	return check->filled;
}

/* As judge_find(), for a pattern that is tried only where it can begin. */
static int
find_start(struct judge *judge, const struct check *check,
    const struct regex *regex, struct span text, size_t from, size_t last,
    struct regex_match *match)
{
	int rc = 0;

	if (check->starts == NULL)
		return judge_find(judge, regex, text, from, last, match);
	for (; rc == 0; from++) {
		from = starts_next(check->starts, text, from);
		if (from == text.len || from > last || is_late(judge))
			break;
		rc = judge_find(judge, regex, text, from, SIZE_MAX, match);
	}
	return rc;
}

bool
judge_search(struct judge *judge, const struct check *check,
    const struct regex *regex, struct span line, size_t from, size_t last,
    struct answer *answer)
{
	const struct rule *rule = check->rule;
	bool multiple = (rule->tflags & RULE_MULTIPLE) != 0;
	struct regex_match match;
	int rc;

	while (from <= line.len && from <= last && !is_late(judge)) {
		rc = find_start(judge, check, regex, line, from, last, &match);
		if (rc <= 0)
			return false;
		if (answer->value == 0)
			answer->matched = match.groups[0];
		answer->value++;
		if (check->captures)
			captures_keep(&judge->captures, &judge->mail->arena,
			    regex, &match);
		if (!multiple ||
		    (rule->maxhits > 0 && answer->value >= rule->maxhits))
			return true;
		from = match.end > match.start ? match.end : match.end + 1;
	}
	return judge->cut != NULL;
}

/* The lines of a source in which a pattern may match; NULL: all. */
static const struct prefilter_lines *
lines_of(struct judge *judge, enum source source, const struct text *text,
    const struct check *check)
{
	struct arena *arena = &judge->mail->arena;

	if (check->filter < 0)
		return NULL;
	if (!judge->scanned[source]) {
		judge->scanned[source] = true;
		judge->lines[source] = arena_array(
		    arena, judge->filter_count[source], sizeof(**judge->lines));
		judge->flooded[source] = !prefilter_scan(
		    judge->filters[source], text, arena, judge->lines[source]);
	}
	return judge->flooded[source] ? NULL
				      : &judge->lines[source][check->filter];
}

static void
search_text(struct judge *judge, struct check *check, enum source source,
    const struct text *text, struct answer *answer)
{
	const struct prefilter_lines *lines =
	    lines_of(judge, source, text, check);
	bool skip = (check->rule->tflags & RULE_NOSUBJECT) != 0;
	size_t i, count = lines != NULL ? lines->count : text->count;
	struct prefilter_line all = {0}, *line = &all;
	const struct regex *regex;
	size_t from = 0, last = SIZE_MAX;

	if (count == 0 || (regex = judge_filled(judge, check)) == NULL)
		return;
	for (i = 0; i < count; i++) {
		if (lines == NULL)
			all.line = (uint32_t)i;
		else
			line = &lines->list[i];
		if (skip && line->line == 0 && source == SOURCE_BODY)
			continue;
		if (lines != NULL && check->width != WIDTH_ANY) {
			from = line->first > check->width
				   ? line->first - check->width
				   : 0;
			last = line->last;
		}
		if (judge_search(judge, check, regex, text->lines[line->line],
			from, last, answer))
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
selected_text(struct judge *judge, size_t i)
{
	struct selected *selected = &judge->selected[i];
	struct text text = {NULL, 0};

	if (!selected->known) {
		selected->known = true;
		selector_get(
		    judge->mail, &selected->selector, judge->tld, &text);
		selected->text = join(&judge->mail->arena, &text);
	}
	return selected->text;
}

static void
ask_header(struct judge *judge, struct check *check, struct answer *answer)
{
	const struct rule *rule = check->rule;
	struct span text = selected_text(judge, check->selector);
	const struct regex *regex;

	if (rule->exists) {
		answer->value = (text.p != NULL) != rule->negated;
		return;
	}
	if (text.p == NULL)
		text = rule->unset.p != NULL ? rule->unset : span_of("");
	regex = judge_filled(judge, check);
	if (regex == NULL)
		return;
	if (rule->negated)
		answer->value =
		    judge_find(judge, regex, text, 0, SIZE_MAX, NULL) == 0;
	else
		judge_search(judge, check, regex, text, 0, SIZE_MAX, answer);
}

static void
ask_eval(struct judge *judge, const struct check *check, struct answer *answer)
{
	struct eval_call call = {.mail = judge->mail,
	    .tld = judge->tld,
	    .data = judge->data[check->family],
	    .rule = check->rule,
	    .arguments = check->rule->arguments,
	    .argument_count = check->rule->argument_count,
	    .learned = judge->learned};
	size_t i;

	for (i = 0; !judge->begun && eval_families[i] != NULL; i++)
		if (eval_families[i]->begin != NULL)
			eval_families[i]->begin(
			    judge->data[i], judge->mail, judge->tld);
	judge->begun = true;
	answer->value = check->eval->check(&call);
}

static double
ask_rule(void *arg, long rule, bool truth)
{
	return ask(arg, (size_t)rule, truth);
}

static void
ask_check(
    struct judge *judge, struct check *check, bool truth, struct answer *answer)
{
	struct mail *mail = judge->mail;
	const struct regex *regex;

	switch (check->rule->kind) {
	case RULE_HEADER:
		ask_header(judge, check, answer);
		break;
	case RULE_BODY:
		search_text(judge, check, SOURCE_BODY, &mail->body, answer);
		break;
	case RULE_RAWBODY:
		search_text(
		    judge, check, SOURCE_RAWBODY, &mail->rawbody, answer);
		break;
	case RULE_URI:
		search_text(judge, check, SOURCE_URI, &mail->uris->all, answer);
		break;
	case RULE_FULL:
		regex = judge_filled(judge, check);
		if (regex != NULL)
			judge_search(judge, check, regex, mail->pristine, 0,
			    SIZE_MAX, answer);
		break;
	case RULE_MIMEHEADER:
		judge_ask_part(judge, check, answer);
		break;
	case RULE_URI_DETAIL:
		answer->value = uridetail_match(check->detail, mail);
		break;
	case RULE_EVAL:
		ask_eval(judge, check, answer);
		break;
	case RULE_META:
		answer->value = meta_value(check->meta, truth, ask_rule, judge);
		break;
	default:
		break;
	}
}

/* How often a rule hit; once it is known it is not asked again.  One that
 * depends on itself has no hit. */
static double
ask(struct judge *judge, size_t i, bool truth)
{
	struct answer *answer = &judge->answers[i];
	struct check *check = &judge->checks[i];

	if (answer->known == KNOWN || !check->runs ||
	    (answer->known == TRUTH && truth))
		return answer->value;
	if (answer->known == ASKED || is_late(judge))
		return 0;
	answer->known = ASKED;
	ask_check(judge, check, truth, answer);
	answer->known =
	    truth && check->rule->kind == RULE_META && answer->value != 0
		? TRUTH
		: KNOWN;
	return answer->value;
}

void
judge_read(
    struct judge *judge, struct mail *mail, struct span octets, size_t max)
{
	mail_read(mail, octets);
	relays_read(mail, judge->networks,
	    ruleset_value(judge->set, "envelope_sender_header"));
	render(mail, max);
	uris_find(mail, judge->tld);
}

static void
begin(struct judge *judge, struct mail *mail, double learned, int64_t deadline)
{
	size_t i;

	judge->mail = mail;
	judge->learned = learned;
	judge->deadline = deadline;
	judge->cut = NULL;
	judge->gave_up = false;
	judge->begun = false;
	memset(judge->scanned, 0, sizeof(judge->scanned));
	memset(judge->answers, 0, judge->count * sizeof(*judge->answers));
	judge->captures = (struct captures){NULL, 0, 0};
	for (i = 0; i < judge->template_count; i++) {
		regex_free(judge->checks[judge->templates[i]].filled);
		judge->checks[judge->templates[i]].filled = NULL;
	}
	for (i = 0; i < judge->selected_count; i++)
		judge->selected[i].known = false;
}

static bool
is_subrule(const struct rule *rule)
{
	return strncmp(rule->name, "__", 2) == 0;
}

void
judge_run(struct judge *judge, struct mail *mail, double learned,
    int64_t deadline, struct score *score)
{
	const struct rule *rule;
	double times;
	size_t i;

	begin(judge, mail, learned, deadline);
	for (i = 0; i < judge->count; i++) {
		rule = judge->checks[i].rule;
		if (!judge->checks[i].runs || is_subrule(rule))
			continue;
		times = ask(judge, i, true);
		if (times == 0)
			continue;
		/* each hit of a rule that counts them has its points */
		if (rule->kind == RULE_META ||
		    (rule->tflags & RULE_MULTIPLE) == 0)
			times = 1;
		score_add(score, &mail->arena,
		    &(struct score_hit){.name = rule->name,
			.points = times * rule->scores[judge->score_set],
			.describe = rule->describe,
			.matched = judge->answers[i].matched});
	}
	score->cut = judge->cut != NULL ? judge->cut
		     : judge->gave_up   ? "steps"
		     : mail->is_cut     ? "size"
					: NULL;
}

double
judge_ask(struct judge *judge, size_t rule)
{
	return ask(judge, rule, false);
}
