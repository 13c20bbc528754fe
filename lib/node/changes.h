/*
 * changes: what another manifest says that this one does not.
 */
#ifndef NODE_CHANGES_H
#define NODE_CHANGES_H

#include "base/buf.h"
#include "node/tree.h"

#define CHANGES_MAX (4 << 20) /* octets that two manifests can make */

/* Appends a line for each text of only one of two good manifests' trees: "-
 * PATH: TEXT" if it is of the old one (which may be NULL) or "+ PATH: TEXT", by
 * path; and "! mailboxes: another order" if those that are in both are so. */
void changes_list(
    const struct tree *old, const struct tree *fresh, struct buf *text);

#endif
