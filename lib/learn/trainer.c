#include "learn/trainer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "text/render.h"

#define BAR_AFTER 1000 /* ms of work before a bar is shown */
#define BAR_EVERY 200  /* ms */
#define BAR_WIDTH 40

void
trainer_open(
    struct trainer *trainer, const char *path, uint64_t size, int64_t deadline)
{
	struct buf why = BUF_INIT(MODEL_WHY_MAX);

	memset(trainer, 0, sizeof(*trainer));
	trainer->model = model_train(path, size, deadline, &why);
	if (trainer->model == NULL)
		fatal("model '%s': %s", path, buf_str(&why));
	mail_init(&trainer->mail);
	buf_free(&why);
}

void
trainer_free(struct trainer *trainer)
{
	model_close(trainer->model);
	mail_free(&trainer->mail);
	features_free(&trainer->features);
}

/* Says how far it has come, if somebody is looking, and not too often. */
static void
show(struct trainer *trainer)
{
	char bar[BAR_WIDTH + 1];
	int64_t now;
	size_t width;

	trainer->done++;
	if (!trainer->shows || (now = clock_ms()) < trainer->next)
		return;
	trainer->next = now + BAR_EVERY;
	width = trainer->done * BAR_WIDTH / trainer->total;
	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', width < BAR_WIDTH ? width : BAR_WIDTH);
	bar[BAR_WIDTH] = '\0';
	dprintf(2, "\r[%s] %zu of %zu ", bar, trainer->done, trainer->total);
}

static void
show_begin(struct trainer *trainer, size_t total)
{
	trainer->shows = isatty(2);
	trainer->next = clock_ms() + BAR_AFTER;
	trainer->done = 0;
	trainer->total = total > 0 ? total : 1;
}

/* Takes the bar away. */
static void
show_end(const struct trainer *trainer)
{
	if (trainer->shows)
		dprintf(2, "\r\033[K");
}

static void
look(struct trainer *trainer, struct span octets)
{
	mail_reset(&trainer->mail);
	mail_read(&trainer->mail, octets);
	model_digest(&trainer->mail, trainer->digest);
}

/* Takes the features of what was looked at, and learns it.  What is known needs
 * no look at its features. */
static void
learn(struct trainer *trainer, enum model_class class)
{
	enum model_class known;

	if (model_knows(trainer->model, trainer->digest, &known) &&
	    known == class) {
		trainer->results[MODEL_KNOWN]++;
		return;
	}
	render(&trainer->mail, MAIL_DECODED_MAX);
	features_of(&trainer->features, &trainer->mail);
	trainer->results[model_learn(
	    trainer->model, &trainer->features, trainer->digest, class)]++;
}

static void
forget(struct trainer *trainer)
{
	render(&trainer->mail, MAIL_DECODED_MAX);
	features_of(&trainer->features, &trainer->mail);
	trainer->results[model_forget(
	    trainer->model, &trainer->features, trainer->digest)]++;
}

static void
unreadable(struct trainer *trainer, const char *path, int error)
{
	warning("cannot read '%s': %s", path,
	    error == EINVAL ? "not a file" : strerror(error));
	trainer->failed++;
}

void
trainer_source(struct trainer *trainer, struct source *source, bool forgets)
{
	struct buf octets = BUF_INIT(2 * SOURCE_MESSAGE_MAX);
	struct source_item item;
	unsigned list;

	show_begin(trainer, source_total(source));
	while (source_next(source, &item, &list)) {
		show(trainer);
		if (item.path != NULL) {
			if (source_read(AT_FDCWD, item.path, item.follows,
				&octets) < 0) {
				unreadable(trainer, item.path, errno);
				continue;
			}
			item.octets = buf_span(&octets);
		}
		look(trainer, item.octets);
		if (forgets)
			forget(trainer);
		else
			learn(trainer, list == 0 ? MODEL_HAM : MODEL_SPAM);
	}
	show_end(trainer);
	buf_free(&octets);
}

/* Whether a filter has called the message spam; false too if none was asked.
 */
static bool
was_called_spam(const struct mail *mail)
{
	const struct mail_header *header = &mail->root.header;
	const struct mail_field *field;

	field = mail_first(header, "X-Spam-Flag");
	if (field == NULL)
		field = mail_first(header, "X-Spam-Status");
	return field != NULL && span_istarts(field->value, "yes");
}

/* Whether a message that has turned up under a name of its own was put there by
 * its user: the filter would have put it elsewhere, or it was learned as the
 * other class. */
static bool
is_wish(struct trainer *trainer, enum model_class class)
{
	enum model_class known;

	if (model_knows(trainer->model, trainer->digest, &known))
		return known != class;
	return was_called_spam(&trainer->mail) == (class == MODEL_HAM);
}

void
trainer_moves(struct trainer *trainer, struct moves *moves, bool all)
{
	struct buf octets = BUF_INIT(2 * SOURCE_MESSAGE_MAX);
	struct moves_item *item;

	show_begin(trainer, moves_count(moves));
	for (size_t i = 0; i < moves_count(moves); i++) {
		show(trainer);
		item = moves_get(moves, i);
		if (!item->is_move && !item->is_new)
			continue;
		if (source_read(moves->directory, item->path, false, &octets) <
		    0) {
			item->again = true;
			if (errno != ENOENT)
				unreadable(trainer, item->path, errno);
			continue;
		}
		look(trainer, buf_span(&octets));
		if (item->is_move || all || is_wish(trainer, item->class))
			learn(trainer, item->class);
	}
	show_end(trainer);
	buf_free(&octets);
}
