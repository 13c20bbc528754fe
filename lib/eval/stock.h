/*
 * stock: the labels by which messages praise shares: "Current Price: 0.12".
 */
#ifndef EVAL_STOCK_H
#define EVAL_STOCK_H

#include <stddef.h>

#include "base/span.h"

#define STOCK_LABEL_MIN 3 /* octets */
#define STOCK_LABEL_MAX 30
#define STOCK_LABELS_MAX 32 /* that are counted */

/* How many different ones stand at the front of lines, before a colon. */
size_t stock_labels(struct span text);

#endif
