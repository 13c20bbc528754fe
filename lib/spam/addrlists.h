/*
 * addrlists: whose mail is always welcome, and whose never, by files that
 * people write.
 *
 *	allow ann@b.example                 # one address
 *	allow b.example until 2027-06-30    all addresses of a domain
 *	deny .c.example                     of its sub-domains, too
 *	allow 192.0.2.0/24                  clients of a network
 *
 * - What is looked up are the addresses of From, the sender of the envelope and
 *   the client's address; what an envelope does not tell is not looked up.
 * - Anybody can write any address.  So allowing an address or a domain counts
 *   only if SPF or DKIM vouch for the same registered domain; a network needs
 *   nobody.  Denying always counts, and counts more than allowing.
 * - An entry ends with its day, in UTC.
 * - A line that is wrong is left out with a warning, and all others work.
 * - Hits are counted in a file of their own, by any number of processes.  An
 *   entry keeps its number when its line moves.
 */
#ifndef SPAM_ADDRLISTS_H
#define SPAM_ADDRLISTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "text/mail.h"
#include "uri/tld.h"

#define ADDRLISTS_COUNTS ".hits"     /* file of hits beside that of lists */
#define ADDRLISTS_FILE_MAX (8 << 20) /* octets */
#define ADDRLISTS_LINE_MAX 1000      /* octets of a line, without LF */
#define ADDRLISTS_MAX 100000         /* entries */
#define ADDRLISTS_NETWORKS_MAX 10000 /* of them networks */
#define ADDRLISTS_FROM_MAX 16        /* addresses of From that are asked for */
#define ADDRLISTS_COUNTS_SIZE (256 << 10) /* octets of the file of hits */

enum addrlists_verdict {
	ADDRLISTS_NONE,
	ADDRLISTS_ALLOW,
	ADDRLISTS_UNVOUCHED, /* it would be allowed if anybody vouched */
	ADDRLISTS_DENY
};

struct addrlists_result {
	enum addrlists_verdict verdict;
	struct span entry; /* as in the file; until the next call */
};

struct addrlists;

/* Reads the file.  counts: the file of hits; NULL: there is none.  count: hits
 * are counted, and the file is made if it is not there; else they are only
 * printed.  If it cannot be used that is a warning, and the lists work without
 * it.  NULL with why: there is no such list. */
struct addrlists *addrlists_open(
    const char *path, const char *counts, bool count, struct buf *why);
void addrlists_close(struct addrlists *lists);

/* Whether a file has changed (two calls of stat(2)), and reads it again; if
 * that fails the old entries stay, with a warning. */
bool addrlists_is_stale(const struct addrlists *lists);
void addrlists_refresh(struct addrlists *lists);

/* Looks a message up, after mail_read(), and counts the hit.  now: seconds
 * since 1970. */
void addrlists_ask(struct addrlists *lists, struct mail *mail,
    const struct tld *tld, int64_t now, struct addrlists_result *result);

/* Appends a line for each entry, in the order of the file: hits, day of the
 * last one, last day or "-", and the entry, with blanks between them.  False
 * if text is full. */
bool addrlists_print(
    const struct addrlists *lists, int64_t now, struct buf *text);

#endif
