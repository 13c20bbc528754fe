#include "base/ascii.h"
#include "rules/metanode.h"

struct parser {
	struct arena *arena;
	const struct meta_names *names;
	struct meta *meta;
	const char *p;
	const char *end;
	unsigned depth;
	unsigned nodes;
	const char *why;
};

static struct node *parse(struct parser *parser, unsigned level);

static struct node *
new_node(struct parser *parser, enum op op)
{
	struct node *node = arena_alloc(parser->arena, sizeof(*node));

	node->op = op;
	if (++parser->nodes > META_NODES_MAX)
		parser->why = "too long";
	return node;
}

static void
add_operand(struct node *node, struct node *operand)
{
	struct node **end = &node->first;

	while (*end != NULL)
		end = &(*end)->next;
	*end = operand;
	node->count++;
}

static void
skip_blanks(struct parser *parser)
{
	while (
	    parser->p < parser->end &&
	    (*parser->p == ' ' || (*parser->p >= '\t' && *parser->p <= '\r')))
		parser->p++;
}

static bool
maybe(struct parser *parser, const char *text)
{
	skip_blanks(parser);
	if (!span_starts(
		(struct span){parser->p, (size_t)(parser->end - parser->p)},
		text))
		return false;
	parser->p += strlen(text);
	return true;
}

static void
note_rule(struct meta *meta, long rule)
{
	size_t i;
	long *rules;

	for (i = 0; i < meta->count; i++)
		if (meta->rules[i] == rule)
			return;
	if (meta->count == meta->cap) {
		meta->cap = meta->cap == 0 ? 8 : 2 * meta->cap;
		rules = arena_array(meta->arena, meta->cap, sizeof(*rules));
		if (meta->count > 0)
			memcpy(
			    rules, meta->rules, meta->count * sizeof(*rules));
		meta->rules = rules;
	}
	meta->rules[meta->count++] = rule;
}

static struct node *
rule_node(struct parser *parser, long rule)
{
	struct node *node;

	if (rule < 0) {
		node = new_node(parser, OP_NUMBER);
		node->number = 0;
		return node;
	}
	node = new_node(parser, OP_RULE);
	node->rule = rule;
	note_rule(parser->meta, rule);
	return node;
}

struct glob {
	struct parser *parser;
	struct node *sum;
};

static void
glob_found(void *to, long rule)
{
	struct glob *glob = to;

	if (glob->parser->why == NULL)
		add_operand(glob->sum, rule_node(glob->parser, rule));
}

/* Behind rules_matching: the sum of all that match. */
static struct node *
parse_glob(struct parser *parser)
{
	struct glob glob = {parser, new_node(parser, OP_PLUS)};
	const char *start;

	if (!maybe(parser, "("))
		parser->why = "rules_matching without (";
	skip_blanks(parser);
	start = parser->p;
	while (parser->p < parser->end &&
	       (ascii_is_word(*parser->p) || *parser->p == '*' ||
		   *parser->p == '?'))
		parser->p++;
	parser->names->match(parser->names->arg,
	    (struct span){start, (size_t)(parser->p - start)}, glob_found,
	    &glob);
	if (!maybe(parser, ")"))
		parser->why = "rules_matching without )";
	return glob.sum;
}

static struct node *
parse_name(struct parser *parser)
{
	struct span name = {parser->p, 0};
	struct node *node;

	while (parser->p < parser->end &&
	       (ascii_is_word(*parser->p) || *parser->p == ':'))
		parser->p++;
	name.len = (size_t)(parser->p - name.p);
	if (span_is(name, "rules_matching"))
		return parse_glob(parser);
	if (span_is(name, "local_tests_only")) {
		node = new_node(parser, OP_NUMBER);
		node->number = !parser->names->network;
		return node;
	}
	return rule_node(parser, parser->names->find(parser->names->arg, name));
}

static struct node *
parse_number(struct parser *parser)
{
	struct node *node = new_node(parser, OP_NUMBER);
	double scale = 1;

	while (
	    parser->p < parser->end && *parser->p >= '0' && *parser->p <= '9')
		node->number = 10 * node->number + (*parser->p++ - '0');
	if (parser->p < parser->end && *parser->p == '.')
		for (parser->p++; parser->p < parser->end &&
				  *parser->p >= '0' && *parser->p <= '9';
		     parser->p++) {
			scale /= 10;
			node->number += scale * (*parser->p - '0');
		}
	return node;
}

static struct node *
parse_operand(struct parser *parser)
{
	struct node *node;
	enum op op;

	skip_blanks(parser);
	if (parser->p == parser->end) {
		parser->why = "an operand is missing";
		return new_node(parser, OP_NUMBER);
	}
	if (maybe(parser, "(")) {
		if (maybe(parser, ")")) /* a rule that others make hit */
			return new_node(parser, OP_NUMBER);
		node = parse(parser, 0);
		if (!maybe(parser, ")"))
			parser->why = ") is missing";
		return node;
	}
	if (*parser->p == '!' || *parser->p == '-' || *parser->p == '+') {
		op = *parser->p == '!'   ? OP_NOT
		     : *parser->p == '-' ? OP_MINUS
					 : OP_PLUS;
		parser->p++;
		node = new_node(parser, op);
		if (++parser->depth > META_DEPTH_MAX)
			parser->why = "too deep";
		else
			add_operand(node, parse_operand(parser));
		parser->depth--;
		return node;
	}
	if ((*parser->p >= '0' && *parser->p <= '9') || *parser->p == '.')
		return parse_number(parser);
	if (ascii_is_word(*parser->p))
		return parse_name(parser);
	parser->why = "an operand is missing";
	return new_node(parser, OP_NUMBER);
}

/* Operators of two operands, from what binds least.  One that begins as
 * another does stands behind it. */
static const struct {
	const char *text;
	unsigned level;
	enum op op;
} operators[] = {
    {"||", 1, OP_OR},
    {"&&", 2, OP_AND},
    {"^", 3, OP_XOR},
    {"==", 4, OP_EQUAL},
    {"!=", 4, OP_UNEQUAL},
    {"<=", 5, OP_AT_MOST},
    {">=", 5, OP_AT_LEAST},
    {"<", 5, OP_LESS},
    {">", 5, OP_MORE},
    {"+", 6, OP_PLUS},
    {"-", 6, OP_MINUS},
    {"*", 7, OP_TIMES},
    {"/", 7, OP_OVER},
};

/* Takes an operator of at least that level; its index, or -1. */
static int
take_operator(struct parser *parser, unsigned level)
{
	const char *start = parser->p;
	size_t i;

	for (i = 0; i < nitems(operators); i++)
		if (maybe(parser, operators[i].text)) {
			if (operators[i].level >= level)
				return (int)i;
			parser->p = start;
			return -1;
		}
	return -1;
}

/* An expression of operators of at least that level. */
static struct node *
parse_level(struct parser *parser, unsigned level)
{
	struct node *left = parse_operand(parser), *node;
	int i;

	while (parser->why == NULL && (i = take_operator(parser, level)) >= 0) {
		if (left->op == operators[i].op && left->count >= 2 &&
		    (left->op == OP_AND || left->op == OP_OR ||
			left->op == OP_PLUS))
			node = left; /* one more operand of the same */
		else {
			node = new_node(parser, operators[i].op);
			add_operand(node, left);
		}
		add_operand(node, parse(parser, operators[i].level + 1));
		left = node;
	}
	return left;
}

/* level 0: with "a ? b : c". */
static struct node *
parse(struct parser *parser, unsigned level)
{
	struct node *node, *choice;

	if (++parser->depth > META_DEPTH_MAX) {
		parser->why = "too deep";
		return new_node(parser, OP_NUMBER);
	}
	node = parse_level(parser, level == 0 ? 1 : level);
	if (level == 0 && maybe(parser, "?")) {
		choice = new_node(parser, OP_IF);
		add_operand(choice, node);
		add_operand(choice, parse(parser, 0));
		if (!maybe(parser, ":"))
			parser->why = ": is missing";
		add_operand(choice, parse(parser, 0));
		node = choice;
	}
	parser->depth--;
	return node;
}

struct meta *
meta_parse(struct arena *arena, struct span text,
    const struct meta_names *names, struct buf *why)
{
	struct meta *meta = arena_alloc(arena, sizeof(*meta));
	struct parser parser = {.arena = arena,
	    .names = names,
	    .meta = meta,
	    .p = text.p,
	    .end = text.p + text.len};

	meta->arena = arena;
	meta->root = parse(&parser, 0);
	skip_blanks(&parser);
	if (parser.why == NULL && parser.p < parser.end)
		parser.why = "an operator is missing";
	if (parser.why == NULL)
		return meta;
	buf_addf(why, "%s, at %zu", parser.why, (size_t)(parser.p - text.p));
	return NULL;
}
