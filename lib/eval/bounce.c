/*
 * bounce: whether a message that came back had been sent by us: one of our own
 * relays stands in a Received field of what it quotes.
 */
#include <stdlib.h>

#include "base/ascii.h"
#include "base/err.h"
#include "eval/families.h"
#include "eval/globs.h"

struct bounce {
	struct arena arena;
	struct globs relays;
	bool any;
};

static bool
have_any_bounce_relays(const struct eval_call *call)
{
	const struct bounce *data = call->data;

	return data->any;
}

/* Behind signs of quotation. */
static bool
is_received(struct span line)
{
	while (line.len > 0 && (line.p[0] == '>' || line.p[0] == ' '))
		line = span_from(line, 1);
	return span_istarts(line, "Received:");
}

/* A dot within, not at an end. */
static bool
has_inner_dot(struct span word)
{
	return word.len > 2 && memchr(word.p + 1, '.', word.len - 2) != NULL;
}

/* Whether one of the words of a field, between blanks, is one of ours. */
static bool
names_ours(const struct eval_call *call, struct span field)
{
	const struct bounce *data = call->data;
	struct span rest = field, word;

	while (rest.len > 0 && !ascii_is_space(rest.p[0]))
		rest = span_from(rest, 1); /* the name of the field */
	while ((word = span_word(&rest)).len > 0) {
		/* what ends the field has no blank behind it */
		if (rest.len > 0 && has_inner_dot(word) &&
		    word.len <= GLOBS_ADDRESS_MAX &&
		    globs_have(
			&data->relays, glob_lower(&call->mail->arena, word)))
			return true;
	}
	return false;
}

/* In attached messages, as they came: with the lines that a field goes on in.
 */
static bool
is_in_octets(const struct eval_call *call, struct span rest)
{
	struct span field;

	while (rest.len > 0) {
		field = span_line(&rest);
		if (!is_received(field))
			continue;
		while (rest.len > 0 && ascii_is_space(rest.p[0]) &&
		       rest.p[0] != '\n')
			field.len += span_line(&rest).len;
		if (names_ours(call, field))
			return true;
	}
	return false;
}

static bool
check_welcomelist_bounce_relays(const struct eval_call *call)
{
	const struct bounce *data = call->data;
	const struct text *body = &call->mail->body;
	size_t i;

	if (!data->any)
		return false;
	for (i = 0; i < body->count; i++)
		if (is_received(body->lines[i]) &&
		    names_ours(call, body->lines[i]))
			return true;
	return is_in_octets(call, call->mail->rest);
}

static void *
prepare(struct ruleset *set)
{
	struct bounce *data = calloc(1, sizeof(*data));
	const struct setting *setting;
	size_t at = 0;

	if (data == NULL)
		fatal("out of memory");
	globs_init(&data->relays, &data->arena);
	while ((setting = ruleset_setting(
		    set, "welcomelist_bounce_relays", &at)) != NULL) {
		globs_add_all(&data->relays, setting->value);
		data->any |= span_trim(setting->value).len > 0;
	}
	return data;
}

static void
release(void *family)
{
	struct bounce *data = family;

	arena_free(&data->arena);
	free(data);
}

static const char *const plugins[] = {"VBounce", NULL};

static const char *const settings[] = {"welcomelist_bounce_relays", NULL};

static const struct eval evals[] = {
    {"have_any_bounce_relays", have_any_bounce_relays, NULL},
    {"check_welcomelist_bounce_relays", check_welcomelist_bounce_relays, NULL},
    {"check_whitelist_bounce_relays", check_welcomelist_bounce_relays, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_bounce = {.name = "bounce",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = prepare,
    .release = release};
