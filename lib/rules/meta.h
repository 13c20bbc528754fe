/*
 * meta: expressions over the results of rules, as Perl computes them.
 *
 *	(__A && !__B) || __C + 2 * __D > 3
 *
 * The value of a rule is how often it hit.  && and || give the value of the
 * operand that decided, as in Perl.  A rule is asked only when its value can
 * still matter, and where only truth is wanted, cheap ones are asked first.
 */
#ifndef RULES_META_H
#define RULES_META_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"

#define META_DEPTH_MAX 100
#define META_NODES_MAX 5000 /* of an expression */

struct meta;

/* How names of rules become numbers: -1 for one that is not there, whose value
 * is 0. */
struct meta_names {
	long (*find)(void *arg, struct span name);
	/* The rules whose name fits a glob ("*" and "?"), one by one. */
	void (*match)(void *arg, struct span glob,
	    void (*found)(void *to, long rule), void *to);
	bool network; /* whether rules ask the network: local_tests_only */
	void *arg;
};

/* Parses.  Lies in the arena.  NULL if it is not one, and why says so. */
struct meta *meta_parse(struct arena *arena, struct span text,
    const struct meta_names *names, struct buf *why);

/* The rules that it names, in an order; returns how many. */
size_t meta_rules(const struct meta *meta, const long **rules);

/* Before the first meta_value(): cost tells for each rule how much it takes to
 * know it, and cheap ones are put first. */
void meta_order(
    struct meta *meta, unsigned (*cost)(void *arg, long rule), void *arg);

/* The value.  truth: only whether it is 0 matters. */
double meta_value(const struct meta *meta, bool truth,
    double (*value)(void *arg, long rule, bool truth), void *arg);

#endif
