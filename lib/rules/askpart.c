/*
 * Rules about headers of parts.
 */
#include "base/ascii.h"
#include "rules/judgepart.h"

/* Adds a raw field with its folds as one blank. */
static void
add_unfolded(struct buf *text, struct span raw)
{
	const char *end;

	while ((end = memchr(raw.p, '\n', raw.len)) != NULL &&
	       span_from(raw, (size_t)(end - raw.p) + 1).len > 0) {
		buf_add(text, raw.p, (size_t)(end - raw.p));
		buf_adds(text, " ");
		raw = span_from(raw, (size_t)(end - raw.p) + 1);
		while (raw.len > 0 && ascii_is_space((unsigned char)raw.p[0]))
			raw = span_from(raw, 1);
	}
	buf_addspan(text, raw);
}

/* All fields of a part, each on a line. */
static void
add_fields(const struct mail_part *part, bool raw, struct buf *text)
{
	const struct mail_field *field = part->header.fields;
	size_t i;

	for (i = 0; i < part->header.count; i++, field++) {
		buf_addspan(text, field->name);
		buf_adds(text, ": ");
		if (raw)
			add_unfolded(text, field->raw);
		else {
			buf_addspan(text, field->value);
			buf_adds(text, "\n");
		}
	}
}

/* The last field of that name. */
static const struct mail_field *
field_of(const struct mail_part *part, struct span name)
{
	size_t i = part->header.count;

	while (i-- > 0)
		if (span_ieq(part->header.fields[i].name, name))
			return &part->header.fields[i];
	return NULL;
}

/* What a rule looks at in a part: a field, or "ALL". */
static struct span
part_text(
    struct judge *judge, const struct mail_part *part, const struct rule *rule)
{
	struct buf text = BUF_INIT(MAIL_ALL_VALUES_MAX * 2);
	bool raw = span_iends(rule->selector, ":raw");
	struct span name = rule->selector, result;
	const struct mail_field *field;

	if (raw)
		name.len -= 4;
	if (span_is(name, "ALL"))
		add_fields(part, raw, &text);
	else if ((field = field_of(part, name)) == NULL)
		/* only what is not raw has a text for it */
		buf_addspan(&text,
		    raw || rule->unset.p == NULL ? span_of("") : rule->unset);
	else if (raw)
		buf_addspan(&text, field->raw);
	else {
		buf_addspan(&text, field->value);
		buf_adds(&text, "\n");
	}
	result = arena_copy(&judge->mail->arena, buf_span(&text));
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

/* Searches one text; whether that decides about the rule. */
static bool
search_header(struct judge *judge, const struct check *check,
    const struct regex *regex, struct span text, struct answer *answer)
{
	if (check->rule->negated)
		return judge_find(judge, regex, text, 0, SIZE_MAX, NULL) != 0;
	judge_search(judge, check, regex, text, 0, SIZE_MAX, answer);
	return answer->value > 0;
}

/* What a rule about headers of parts finds is counted in one part only, the
 * first that it hits, or in all as one text. */
void
judge_ask_part(struct judge *judge, struct check *check, struct answer *answer)
{
	const struct rule *rule = check->rule;
	const struct mail_part *part = &judge->mail->root;
	const struct regex *regex = judge_filled(judge, check);
	bool concat = (rule->tflags & RULE_CONCAT) != 0, found = false;
	struct buf all = BUF_INIT(MAIL_ALL_VALUES_MAX * 2);
	unsigned number = 0;
	struct span text;

	for (; regex != NULL && part != NULL && !found;
	     part = next_part(part)) {
		number++;
		if (number < rule->first_part ||
		    (rule->last_part > 0 && number > rule->last_part))
			continue;
		text = part_text(judge, part, rule);
		if (!concat) {
			found =
			    search_header(judge, check, regex, text, answer);
			continue;
		}
		buf_addspan(&all, text);
		if (!span_ends(text, "\n"))
			buf_adds(&all, "\n");
	}
	if (concat && regex != NULL) {
		text = arena_copy(&judge->mail->arena, buf_span(&all));
		found = search_header(judge, check, regex, text, answer);
	}
	buf_free(&all);
	if (rule->negated)
		answer->value = regex != NULL && !found;
}
