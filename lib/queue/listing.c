#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "queue/listing.h"

#define ITEMS_MAX (10000000 * sizeof(struct listed))

bool
selection_is_some(const struct selection *selection)
{
	return (selection->ids != NULL && *selection->ids != NULL) ||
	       selection->node != NULL || selection->sender != NULL ||
	       selection->peer != NULL || selection->by_age;
}

bool
selection_is_id(const char *text)
{
	size_t len = strlen(text);

	return len >= LISTING_ID_MIN && len <= CONTENT_ID_LEN &&
	       strspn(text, "0123456789abcdef") == len;
}

static bool
has_id(const struct selection *selection, const char *id)
{
	char *const *one;

	if (selection->ids == NULL || *selection->ids == NULL)
		return true;
	for (one = selection->ids; *one != NULL; one++)
		if (strncmp(*one, id, strlen(*one)) == 0)
			return true;
	return false;
}

/* Whether the fields are what is asked for, if any are. */
static bool
has_fields(const struct selection *selection, const struct frame *frame)
{
	struct span sender = frame_get(frame, "sender");
	struct span from = frame_get(frame, "from");
	const char *peer = selection->peer;

	if (selection->sender != NULL &&
	    (sender.p == NULL || !span_ieq(sender, span_of(selection->sender))))
		return false;
	return peer == NULL ||
	       span_is(from, strcmp(peer, "-") == 0 ? "" : peer);
}

/* One entry.  0; -1 with errno, which is ENOENT if it has gone. */
static int
look(struct listing *listing, const struct destination *destination,
    const struct selection *selection, struct listed *item)
{
	struct stat st;

	if (entry_stat(destination, &item->entry, &st) < 0)
		return -1;
	item->octets = (uint64_t)st.st_size;
	item->time = st.st_mtime;
	if (selection->by_age && item->time >= selection->before)
		return 0;
	if (entry_fields(destination, &item->entry, &listing->frame) == 0)
		item->from = arena_copy(
		    &listing->arena, frame_get(&listing->frame, "from"))
				 .p;
	else if (errno == ENOENT)
		return -1;
	else if (selection->sender != NULL || selection->peer != NULL)
		return 0;
	else
		item->from = "?";
	if (!has_fields(selection, &listing->frame))
		return 0;
	if (!buf_add(&listing->items, item, sizeof(*item))) {
		errno = EMSGSIZE;
		return -1;
	}
	listing->count++;
	return 0;
}

static int
by_time(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(x->entry.id, y->entry.id);
}

void
listing_init(struct listing *listing)
{
	*listing = (struct listing){0};
	buf_init(&listing->items, ITEMS_MAX);
	frame_init(&listing->frame);
}

void
listing_free(struct listing *listing)
{
	buf_free(&listing->items);
	arena_free(&listing->arena);
	frame_free(&listing->frame);
}

struct listed *
listing_at(const struct listing *listing, size_t i)
{
	return (struct listed *)(void *)listing->items.p + i;
}

int
listing_read(struct listing *listing, const struct destination *destination,
    const struct selection *selection)
{
	struct listed item = {0};
	struct queue_walk walk;
	int rc = 0;

	buf_reset(&listing->items);
	arena_reset(&listing->arena);
	listing->count = 0;
	if (selection->node != NULL &&
	    strcmp(selection->node, destination->name) != 0)
		return 0;
	if (destination_walk(&walk, destination) < 0)
		return -1;
	while (rc == 0 && destination_walk_next(&walk, &item.entry)) {
		if (!has_id(selection, item.entry.id))
			continue;
		rc = look(listing, destination, selection, &item);
		if (rc < 0 && errno == ENOENT)
			rc = 0;
	}
	queue_walk_end(&walk);
	if (listing->count > 0)
		qsort(listing->items.p, listing->count, sizeof(item), by_time);
	return rc;
}
