#include <stdlib.h>

#include "eval/eval.h"
#include "eval/families.h"

#define NUMBER_MAX 40

const struct eval_family *const eval_families[] = {EVAL_FAMILIES, NULL};

const struct eval *
eval_find(struct span name, size_t *family)
{
	const struct eval *eval;
	size_t i;

	for (i = 0; eval_families[i] != NULL; i++)
		for (eval = eval_families[i]->evals; eval->name != NULL; eval++)
			if (span_is(name, eval->name)) {
				*family = i;
				return eval;
			}
	return NULL;
}

static bool
has(const char *const *names, const char *name)
{
	for (; names != NULL && *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

bool
eval_has_setting(const char *name)
{
	size_t i;

	for (i = 0; eval_families[i] != NULL; i++)
		if (has(eval_families[i]->settings, name))
			return true;
	return false;
}

bool
eval_has_plugin(const char *name)
{
	size_t i;

	for (i = 0; eval_families[i] != NULL; i++)
		if (has(eval_families[i]->plugins, name))
			return true;
	return false;
}

bool
eval_one(const struct span *arguments, size_t count)
{
	return count == 1 && arguments[0].len > 0;
}

bool
eval_two(const struct span *arguments, size_t count)
{
	return count == 2 && arguments[0].len > 0 && arguments[1].len > 0;
}

struct span
eval_text(const struct eval_call *call, size_t i)
{
	return i < call->argument_count ? call->arguments[i] : span_of("");
}

double
eval_number(const struct eval_call *call, size_t i)
{
	struct span text = eval_text(call, i);
	char number[NUMBER_MAX];

	if (text.len >= sizeof(number))
		return 0;
	memcpy(number, text.p, text.len);
	number[text.len] = '\0';
	return strtod(number, NULL);
}
