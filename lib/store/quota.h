/*
 * quota: how full a Maildir is, as Maildir++ counts it.
 *
 * The file maildirsize holds the limit ("1073741824S") and then lines of
 * octets and messages that were added or taken away; their sum is what is in
 * the Maildir and its folders, but for the folder Trash.  It is counted anew
 * when it is missing, damaged, for another limit or longer than
 * QUOTA_FILE_MAX; and, before anybody is told that the mailbox is full, when
 * it is not the result of a count of the last QUOTA_STALE seconds.
 *
 * Programs that all keep to the lock of quota_lock() count exactly; others may
 * be off by what arrives during a count, until the next one.
 */
#ifndef STORE_QUOTA_H
#define STORE_QUOTA_H

#include "store/maildir.h"

#define QUOTA_FILE_MAX 5120 /* octets of maildirsize */
#define QUOTA_STALE (15 * 60)

/* Whether so many octets more fit.  1 or 0; -1 with errno. */
int quota_fits(struct maildirs *maildirs, const struct maildir *maildir,
    uint64_t limit, uint64_t octets);

/* To be held from before a file is moved in until quota_add() has it. */
void quota_lock(const struct maildir *maildir);
void quota_unlock(const struct maildir *maildir);

/* Notes what was added, or with a minus taken away.  0, or -1 with errno. */
int quota_add(const struct maildir *maildir, int64_t octets, int messages);

#endif
