#include <stdint.h>
#include <stdlib.h>

#include "rules/metanode.h"

size_t
meta_rules(const struct meta *meta, const long **rules)
{
	*rules = meta->rules;
	return meta->count;
}

static int
by_cost(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return (*x)->cost < (*y)->cost ? -1 : (*x)->cost > (*y)->cost;
}

static unsigned
order(struct arena *arena, struct node *node,
    unsigned (*cost)(void *arg, long rule), void *arg)
{
	struct node *operand;
	size_t i = 0;

	if (node->op == OP_RULE)
		node->cost = cost(arg, node->rule);
	for (operand = node->first; operand != NULL; operand = operand->next)
		node->cost += order(arena, operand, cost, arg);
	if (node->op != OP_AND && node->op != OP_OR)
		return node->cost;
	node->cheap = arena_array(arena, node->count, sizeof(*node->cheap));
	for (operand = node->first; operand != NULL; operand = operand->next)
		node->cheap[i++] = operand;
	qsort(node->cheap, node->count, sizeof(*node->cheap), by_cost);
	return node->cost;
}

void
meta_order(struct meta *meta, unsigned (*cost)(void *arg, long rule), void *arg)
{
	order(meta->arena, meta->root, cost, arg);
}

struct asking {
	double (*value)(void *arg, long rule, bool truth);
	void *arg;
};

static double evaluate(
    const struct node *node, bool truth, const struct asking *asking);

/* The truth of an AND or OR. */
static bool
decide(const struct node *node, const struct asking *asking)
{
	bool end = node->op == OP_OR; /* what ends it */
	size_t i;

	for (i = 0; i < node->count; i++)
		if ((evaluate(node->cheap[i], true, asking) != 0) == end)
			return end;
	return !end;
}

/* The value of one: of the operand that decides. */
static double
decide_value(const struct node *node, const struct asking *asking)
{
	const struct node *operand;
	double value = 0;

	/* a conjunction that is false somewhere need not be asked in order */
	if (node->op == OP_AND && !decide(node, asking))
		return 0;
	for (operand = node->first; operand != NULL; operand = operand->next) {
		value = evaluate(operand, false, asking);
		if ((value != 0) == (node->op == OP_OR))
			break;
	}
	return value;
}

/* A number as the bits of a whole one; 0 if it has too many. */
static uint32_t
bits_of(double number)
{
	return number > -(double)UINT32_MAX && number < UINT32_MAX
		   ? (uint32_t)(int64_t)number
		   : 0;
}

static double
compute(enum op op, double a, double b)
{
	switch (op) {
	case OP_TIMES:
		return a * b;
	case OP_OVER:
		return b == 0 ? 0 : a / b;
	case OP_LESS:
		return a < b;
	case OP_MORE:
		return a > b;
	case OP_AT_MOST:
		return a <= b;
	case OP_AT_LEAST:
		return a >= b;
	case OP_EQUAL:
		return a == b;
	case OP_UNEQUAL:
		return a != b;
	default: /* OP_XOR, of whole numbers */
		return (double)(bits_of(a) ^ bits_of(b));
	}
}

static double
evaluate(const struct node *node, bool truth, const struct asking *asking)
{
	const struct node *operand = node->first;
	double sum = 0;

	switch (node->op) {
	case OP_NUMBER:
		return node->number;
	case OP_RULE:
		return asking->value(asking->arg, node->rule, truth);
	case OP_NOT:
		return evaluate(operand, true, asking) == 0;
	case OP_AND:
	case OP_OR:
		return truth ? decide(node, asking)
			     : decide_value(node, asking);
	case OP_PLUS:
		for (; operand != NULL; operand = operand->next)
			sum += evaluate(operand, false, asking);
		return sum;
	case OP_MINUS:
		sum = evaluate(operand, false, asking);
		return operand->next == NULL
			   ? -sum
			   : sum - evaluate(operand->next, false, asking);
	case OP_IF:
		return evaluate(evaluate(operand, true, asking) != 0
				    ? operand->next
				    : operand->next->next,
		    truth, asking);
	default:
		return compute(node->op, evaluate(operand, false, asking),
		    evaluate(operand->next, false, asking));
	}
}

double
meta_value(const struct meta *meta, bool truth,
    double (*value)(void *arg, long rule, bool truth), void *arg)
{
	return evaluate(meta->root, truth, &(struct asking){value, arg});
}
