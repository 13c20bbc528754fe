#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "load/loadbook.h"

#define SECOND_US 1000000

uint64_t
loadbook_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_US + (uint64_t)now.tv_nsec / 1000;
}

void
loadbook_init(struct loadbook *book, struct loadstat *stat, uint64_t invalid)
{
	*book = (struct loadbook){.stat = stat, .invalid = invalid};
}

void
loadbook_free(struct loadbook *book)
{
	free(book->message);
}

bool
loadbook_is_invalid(const struct loadbook *book, uint64_t serial)
{
	return serial * book->invalid / 100 !=
	       (serial + 1) * book->invalid / 100;
}

uint64_t
loadbook_begin(struct loadbook *book)
{
	uint64_t serial = book->stat->messages++;

	if (serial == book->cap) {
		book->cap = book->cap == 0 ? 1024 : 2 * book->cap;
		book->message =
		    realloc(book->message, book->cap * sizeof(*book->message));
		if (book->message == NULL)
			fatal("out of memory");
	}
	book->message[serial] =
	    (struct loadbook_message){.start = loadbook_now()};
	return serial;
}

void
loadbook_greeted(struct loadbook *book, uint64_t serial)
{
	loadstat_delay(&book->stat->greeting,
	    loadbook_now() - book->message[serial].start);
}

static void
tell(struct loadbook *book, size_t which, const char *fate, const char *text)
{
	if (!book->told[which])
		warning("the first %s: %s", fate, text);
	book->told[which] = true;
}

void
loadbook_decide(struct loadbook *book, uint64_t serial, int code, int rcpt_code,
    const char *text)
{
	struct loadbook_message *message = &book->message[serial];
	bool invalid = loadbook_is_invalid(book, serial);
	struct loadstat *stat = book->stat;

	book->last = loadbook_now();
	stat->us = book->last - book->start;
	if (code != 0)
		book->failures = 0;
	if (code >= 200 && code < 300) {
		stat->accepted++;
		stat->wrong += invalid;
		loadstat_delay(&stat->reply, book->last - message->start);
		message->accepted = true;
		book->undelivered += !message->delivered;
	} else if (code >= 500) {
		stat->refused++;
		if (invalid && rcpt_code >= 500)
			stat->expected++;
		else
			tell(book, 0, "refused", text);
	} else if (code >= 400) {
		stat->deferred++;
		tell(book, 1, "deferred", text);
	} else {
		stat->failed++;
		book->failures++;
		tell(book, 2, "failed", text);
	}
}

void
loadbook_found(struct loadbook *book, uint64_t serial)
{
	struct loadbook_message *message;

	if (serial >= book->stat->messages)
		return;
	message = &book->message[serial];
	if (message->delivered)
		return;
	message->delivered = true;
	book->undelivered -= message->accepted;
	book->last = loadbook_now();
	book->stat->delivered++;
	book->stat->delivered_us = book->last - book->start;
	loadstat_delay(&book->stat->delivery, book->last - message->start);
}
