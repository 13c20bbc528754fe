/*
 * limits: what a manifest may cost us.
 *
 * Other nodes write their manifests, so everything in them is counted.  The
 * limits are for a Raspberry Pi with a thousand friends; node(5) lists them.
 */
#ifndef NODE_LIMITS_H
#define NODE_LIMITS_H

#define NODE_NODES_MAX 1000        /* manifests in a directory */
#define NODE_FILE_MAX (256 * 1024) /* octets of a manifest */
#define NODE_PIN_MAX (64 * 1024)   /* octets of a pin */
#define NODE_ERRORS_MAX 20         /* errors that are told of a manifest */
#define NODE_DEPTH_MAX 6           /* YAML: lists and mappings in each other */
#define NODE_ENTRIES_MAX 1000      /* of a list or mapping: also mailboxes */
#define NODE_ITEMS_MAX 10000       /* of a manifest, all levels together */
#define NODE_NAME_MAX 64           /* octets of a node's or mailbox's name */
#define NODE_REACH_MAX 1000        /* octets of reach: */
#define NODE_DOMAINS_MAX 100       /* of a node */
#define NODE_ADDRESSES_MAX 16      /* of a node */
#define NODE_DAYS_MAX 36500        /* stores: days: */

/* 2^53 - 1, so that it is a number in every language. */
#define NODE_SERIAL_MAX 9007199254740991ULL

#define NODE_PATTERN_MAX 1000 /* octets of a pattern */
#define NODE_NEST_MAX 50      /* parentheses in each other */
#define NODE_CODE_MAX 8192    /* octets of a compiled pattern */

/* A pattern may backtrack NODE_WORK / its compiled size times, within these
 * bounds: what a step costs grows with the size, up to some 4 us at 8 KB. */
#define NODE_WORK 1000000
#define NODE_STEPS_MIN 1000
#define NODE_STEPS_MAX 10000
#define NODE_MATCH_DEPTH 1000 /* backtracking points at a time */
#define NODE_MATCH_HEAP 256   /* KiB for them */

/* All patterns of another node for one address: then the answer is 451.  It
 * is processor time, since a busy machine is no reason to defer mail. */
#define NODE_LOOKUP_MS 20

#endif
