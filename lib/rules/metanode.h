/*
 * metanode: the tree of an expression, between rules/metaparse.c and
 * rules/meta.c.
 */
#ifndef RULES_METANODE_H
#define RULES_METANODE_H

#include "rules/meta.h"

enum op {
	OP_NUMBER,
	OP_RULE,
	OP_NOT,
	OP_MINUS,
	OP_TIMES,
	OP_OVER,
	OP_PLUS,
	OP_LESS,
	OP_MORE,
	OP_AT_MOST,
	OP_AT_LEAST,
	OP_EQUAL,
	OP_UNEQUAL,
	OP_XOR,
	OP_AND,
	OP_OR,
	OP_IF
};

/* Operands are a list: of AND, OR and PLUS any number.  An AND or OR is asked
 * in the order of `cheap` if only its truth matters. */
struct node {
	enum op op;
	double number;
	long rule;
	struct node *first; /* operand */
	struct node *next;  /* operand of the same node */
	struct node **cheap;
	size_t count; /* operands */
	unsigned cost;
};

struct meta {
	struct node *root;
	long *rules;
	size_t count;
	size_t cap;
	struct arena *arena;
};

#endif
