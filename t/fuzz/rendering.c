/*
 * Any octets as a message: read and rendered.  The leaves and their texts lie
 * where they can be read, lines are as long as they may be, and addresses are
 * taken out of every field.
 */
#include <stdint.h>
#include <stdlib.h>

#include "text/render.h"
#include "text/words.h"

#define BOXES_MAX 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

static void
touch(struct span span)
{
	size_t i;

	for (i = 0; i < span.len; i++)
		sum += (unsigned char)span.p[i];
}

static void
touch_lines(const struct text *text, size_t max)
{
	size_t i;

	for (i = 0; i < text->count; i++) {
		if (text->lines[i].len > max)
			abort();
		touch(text->lines[i]);
	}
}

static void
touch_header(struct arena *arena, const struct mail_header *header)
{
	struct mailbox *list;
	size_t i, k, count;

	for (i = 0; i < header->count; i++) {
		touch(header->fields[i].value);
		count = words_mailboxes(
		    arena, header->fields[i].raw, BOXES_MAX, &list);
		if (count > BOXES_MAX)
			abort();
		for (k = 0; k < count; k++) {
			touch(list[k].address);
			touch(list[k].phrase);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	struct mail mail;
	size_t i;

	if (copy == NULL)
		abort();
	/* a copy, so that it is seen what reads behind its end */
	for (i = 0; i < size; i++)
		copy[i + 1] = (char)data[i];
	mail_init(&mail);
	mail_read(&mail, (struct span){copy + 1, size});
	if (mail.leaf_count > MAIL_ALL_PARTS_MAX + 1)
		abort();
	render(&mail, size % 2 == 0 ? RENDER_MAX : 100);
	touch_header(&mail.arena, &mail.root.header);
	for (i = 0; i < mail.leaf_count; i++) {
		touch_header(&mail.arena, &mail.leaves[i]->header);
		touch(mail_decode(&mail, mail.leaves[i]));
		touch(mail.leaves[i]->rendered);
	}
	touch_lines(&mail.body, MAIL_LINE_MAX + 1);
	touch_lines(&mail.visible, MAIL_LINE_MAX + 1);
	touch_lines(&mail.invisible, MAIL_LINE_MAX + 1);
	touch_lines(&mail.rawbody, 2 * MAIL_LINE_MAX);
	mail_free(&mail);
	free(copy);
	return 0;
}
