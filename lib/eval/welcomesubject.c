/*
 * welcomesubject: subjects of mail that is welcome, or is not.
 */
#include <stdlib.h>

#include "base/err.h"
#include "eval/families.h"
#include "eval/globs.h"
#include "eval/people.h"

/* Patterns with a '*' in front and behind: they may stand anywhere. */
struct welcomesubject {
	struct arena arena;
	struct globs welcome;
	struct globs blocked;
};

static bool
has_one(const struct eval_call *call, const struct globs *globs)
{
	struct span subject;

	if (globs->patterns.count == 0)
		return false;
	subject = people_get(call, "Subject");
	return subject.len > 0 &&
	       globs_have(globs, glob_lower(&call->mail->arena, subject));
}

static bool
check_subject_in_welcomelist(const struct eval_call *call)
{
	const struct welcomesubject *data = call->data;

	return has_one(call, &data->welcome);
}

static bool
check_subject_in_blocklist(const struct eval_call *call)
{
	const struct welcomesubject *data = call->data;

	return has_one(call, &data->blocked);
}

static void
take(struct globs *globs, const struct ruleset *set, const char *name)
{
	const struct setting *setting;
	size_t at = 0;
	char *pattern;

	while ((setting = ruleset_setting(set, name, &at)) != NULL) {
		if (setting->value.len == 0)
			continue;
		pattern = arena_alloc(globs->arena, setting->value.len + 2);
		pattern[0] = '*';
		memcpy(pattern + 1, setting->value.p, setting->value.len);
		pattern[setting->value.len + 1] = '*';
		globs_add(
		    globs, (struct span){pattern, setting->value.len + 2});
	}
}

static void *
prepare(struct ruleset *set)
{
	struct welcomesubject *data = calloc(1, sizeof(*data));

	if (data == NULL)
		fatal("out of memory");
	globs_init(&data->welcome, &data->arena);
	globs_init(&data->blocked, &data->arena);
	take(&data->welcome, set, "welcomelist_subject");
	take(&data->blocked, set, "blocklist_subject");
	return data;
}

static void
release(void *family)
{
	struct welcomesubject *data = family;

	arena_free(&data->arena);
	free(data);
}

static const char *const plugins[] = {
    "WelcomeListSubject", "WhiteListSubject", NULL};

static const char *const settings[] = {
    "welcomelist_subject", "blocklist_subject", NULL};

static const struct eval evals[] = {
    {"check_subject_in_welcomelist", check_subject_in_welcomelist, NULL},
    {"check_subject_in_whitelist", check_subject_in_welcomelist, NULL},
    {"check_subject_in_blocklist", check_subject_in_blocklist, NULL},
    {"check_subject_in_blacklist", check_subject_in_blocklist, NULL},
    {NULL, NULL, NULL},
};

const struct eval_family eval_welcomesubject = {.name = "welcomesubject",
    .plugins = plugins,
    .settings = settings,
    .evals = evals,
    .prepare = prepare,
    .release = release};
