#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/delivery.h"
#include "store/quota.h"

#define HEAD_MAX (3 * FRAME_LINE_MAX)

void
delivery_init(struct delivery *delivery, bool sync, uint64_t quota)
{
	maildirs_init(&delivery->maildirs, sync);
	delivery->quota = quota;
	delivery->count = 0;
}

static void
drop_last(struct delivery *delivery)
{
	struct delivery_target *target;

	target = &delivery->target[--delivery->count];
	free(target->home);
	free(target->path);
}

void
delivery_free(struct delivery *delivery)
{
	while (delivery->count > 0)
		drop_last(delivery);
	maildirs_free(&delivery->maildirs);
}

void
delivery_begin(struct delivery *delivery, size_t base)
{
	while (delivery->count > 0)
		drop_last(delivery);
	maildirs_next(&delivery->maildirs);
	delivery->base = base;
	delivery->now = 0;
	delivery->again = false;
}

bool
delivery_once(struct delivery *delivery, struct span once, bool again)
{
	delivery->again = again;
	return maildirs_once(&delivery->maildirs, once);
}

static char *
copy(const char *text)
{
	char *copied = strdup(text);

	if (copied == NULL)
		fatal("out of memory");
	return copied;
}

static struct maildir *
open_path(struct delivery *delivery, const char *path, enum maildir_make make)
{
	return maildir_open(&delivery->maildirs, path, delivery->base, make);
}

int
delivery_add(struct delivery *delivery, const char *path, struct span address)
{
	struct delivery_target *target;

	if (delivery->count == nitems(delivery->target)) {
		errno = EMSGSIZE;
		return -1;
	}
	delivery->now = delivery->count++;
	target = &delivery->target[delivery->now];
	target->home = copy(path);
	target->path = copy(path);
	target->address = address;
	target->file.where = MAILDIR_NOWHERE;
	target->there = false;
	return open_path(delivery, path, MAILDIR_MAKE) != NULL ? 0 : -1;
}

int
delivery_folder(
    struct delivery *delivery, struct span folder, enum maildir_make make)
{
	struct delivery_target *target = &delivery->target[delivery->now];
	struct buf path = BUF_INIT(PLACE_PATH_MAX + PLACE_FOLDER_MAX + 2);
	int rc = -1;

	if (!buf_addf(&path, "%s/.%.*s", target->home, SPAN_ARG(folder)))
		errno = ENAMETOOLONG;
	else if (open_path(delivery, path.p, make) != NULL) {
		free(target->path);
		target->path = copy(path.p);
		rc = 0;
	}
	buf_free(&path);
	return rc;
}

void
delivery_merge(struct delivery *delivery)
{
	size_t i;

	for (i = 0; i + 1 < delivery->count; i++)
		if (strcmp(delivery->target[i].path,
			delivery->target[delivery->count - 1].path) == 0) {
			drop_last(delivery);
			return;
		}
}

/* The Maildir that a target's quota is for; NULL if it has none. */
static struct maildir *
quota_of(struct delivery *delivery, const struct delivery_target *target)
{
	if (delivery->quota == 0)
		return NULL;
	return open_path(delivery, target->home, MAILDIR_EXISTING);
}

/* Whether the file fits.  1 or 0; -1 with errno. */
static int
fits(struct delivery *delivery, const struct delivery_target *target)
{
	struct maildir *home;

	if (delivery->quota == 0)
		return 1;
	home = quota_of(delivery, target);
	if (home == NULL)
		return -1;
	return quota_fits(
	    &delivery->maildirs, home, delivery->quota, target->octets);
}

/* Writes a file of those sizes into tmp/.  0, or -1 with errno. */
static int
write_file(struct delivery *delivery, struct delivery_target *target,
    const struct letter *letter, struct span head,
    const struct letter_size *size)
{
	struct maildir *maildir;
	int fd, rc;

	maildir = open_path(delivery, target->path, MAILDIR_EXISTING);
	if (maildir == NULL)
		return -1;
	fd = maildir_create(&delivery->maildirs, maildir, size->octets,
	    size->wire, &target->file);
	if (fd < 0)
		return -1;
	rc = letter_write(letter, head, fd);
	return maildir_finish(&delivery->maildirs, fd, rc);
}

/* Writes the file of a target if it fits.  0, 1 or -1 as delivery_run(). */
static int
write_one(struct delivery *delivery, struct delivery_target *target,
    const struct letter *letter, struct span sender)
{
	struct letter_size size = letter->size;
	struct buf head = BUF_INIT(HEAD_MAX);
	int room, rc;

	if (target->address.p != NULL)
		buf_addf(&head, "Return-Path: <%.*s>\nDelivered-To: %.*s\n",
		    SPAN_ARG(sender), SPAN_ARG(target->address));
	letter_count(&size, buf_span(&head));
	target->octets = size.octets;
	room = fits(delivery, target);
	if (room == 1)
		rc = write_file(
		    delivery, target, letter, buf_span(&head), &size);
	else
		rc = room == 0 ? 1 : -1;
	buf_free(&head);
	return rc;
}

/* Moves the file of a target to new/.  0, or -1 with errno. */
static int
move_one(struct delivery *delivery, struct delivery_target *target)
{
	struct maildir *maildir, *home;
	int rc;

	maildir = open_path(delivery, target->path, MAILDIR_EXISTING);
	if (maildir == NULL)
		return -1;
	home = quota_of(delivery, target);
	if (home == NULL)
		return maildir_commit(maildir, &target->file);
	quota_lock(home);
	rc = maildir_commit(maildir, &target->file);
	if (rc == 0 && quota_add(home, (int64_t)target->octets, 1) < 0)
		warning("cannot add to the quota of '%s': %s", target->home,
		    strerror(errno));
	quota_unlock(home);
	return rc;
}

/* Makes sure that it stays there.  0, or -1 with errno. */
static int
sync_one(struct delivery *delivery, struct delivery_target *target)
{
	struct maildir *maildir;

	maildir = open_path(delivery, target->path, MAILDIR_EXISTING);
	if (maildir == NULL)
		return -1;
	return maildir_sync(&delivery->maildirs, maildir);
}

/* Finds out whether the mailbox of a target has the message.  0, or -1 with
 * errno. */
static int
look_for(struct delivery *delivery, struct delivery_target *target)
{
	struct maildir *home;
	int found;

	home = open_path(delivery, target->home, MAILDIR_EXISTING);
	if (home == NULL)
		return -1;
	found = maildir_has(&delivery->maildirs, home);
	target->there = found > 0;
	return found < 0 ? -1 : 0;
}

/* Does one step for all targets that are to get the message.  0, or what the
 * first that failed has returned. */
static int
for_all(struct delivery *delivery,
    int (*step)(struct delivery *delivery, struct delivery_target *target))
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < delivery->count; i++) {
		delivery->now = i;
		if (!delivery->target[i].there)
			rc = step(delivery, &delivery->target[i]);
	}
	return rc;
}

/* Takes away what was written and moved.  The Maildirs are closed: something
 * is wrong with one, and the next message shall see what is there now. */
static void
undo(struct delivery *delivery)
{
	struct delivery_target *target;
	struct maildir *maildir, *home;
	int saved = errno;
	size_t i;

	for (i = 0; i < delivery->count; i++) {
		target = &delivery->target[i];
		maildir = open_path(delivery, target->path, MAILDIR_EXISTING);
		home = quota_of(delivery, target);
		if (target->file.where == MAILDIR_NEW && home != NULL)
			quota_add(home, -(int64_t)target->octets, -1);
		if (maildir == NULL)
			continue;
		maildir_undo(maildir, &target->file);
		maildir_close(maildir);
	}
	errno = saved;
}

int
delivery_run(
    struct delivery *delivery, const struct letter *letter, struct span sender)
{
	size_t i;
	int rc = 0;

	if (delivery->again)
		rc = for_all(delivery, look_for);
	for (i = 0; rc == 0 && i < delivery->count; i++) {
		delivery->now = i;
		if (!delivery->target[i].there)
			rc = write_one(
			    delivery, &delivery->target[i], letter, sender);
	}
	if (rc == 0)
		rc = for_all(delivery, move_one);
	if (rc == 0)
		rc = for_all(delivery, sync_one);
	if (rc != 0)
		undo(delivery);
	return rc;
}
