/*
 * families: which there are.
 */
#ifndef EVAL_FAMILIES_H
#define EVAL_FAMILIES_H

#include "eval/eval.h"

extern const struct eval_family eval_learned;

#define EVAL_FAMILIES &eval_learned

#endif
