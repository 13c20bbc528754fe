#include <libpsl.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/map.h"
#include "uri/tld.h"

struct tld {
	struct arena arena;
	struct map names; /* 1 << labels, or-ed */
	size_t last;      /* how many of one label there are */
};

struct tld *
tld_new(void)
{
	struct tld *tld = calloc(1, sizeof(*tld));

	if (tld == NULL)
		fatal("out of memory");
	return tld;
}

void
tld_free(struct tld *tld)
{
	if (tld == NULL)
		return;
	arena_free(&tld->arena);
	free(tld);
}

void
tld_add(struct tld *tld, unsigned labels, struct span names)
{
	struct span name;
	uint32_t *known;

	while ((name = span_word(&names)).len > 0) {
		/* the copy is ours, whatever the name points to */
		name = tld_ascii(&tld->arena, arena_copy(&tld->arena, name));
		known = map_at(&tld->names, &tld->arena, name);
		if (labels == 1 && (*known & 1u << labels) == 0)
			tld->last++;
		*known |= 1u << labels;
	}
}

/* The name in lower case, as a C string; false if it is too long for one. */
static bool
lower(char name[TLD_NAME_MAX + 1], struct span host)
{
	size_t i;

	if (host.len > TLD_NAME_MAX)
		return false;
	for (i = 0; i < host.len; i++)
		name[i] = host.p[i] >= 'A' && host.p[i] <= 'Z'
			      ? (char)(host.p[i] - 'A' + 'a')
			      : host.p[i];
	name[i] = '\0';
	return true;
}

/* Whether that name, in lower case, of that many labels is listed. */
static bool
listed(const struct tld *tld, unsigned labels, const char *name, size_t len)
{
	if (tld->last > 0)
		return (map_get(&tld->names, (struct span){name, len}) &
			   1u << labels) != 0;
	return psl_is_public_suffix2(psl_builtin(), name,
		   PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
}

bool
tld_is_last(const struct tld *tld, struct span label)
{
	char name[TLD_NAME_MAX + 1];

	return label.len > 0 && lower(name, label) &&
	       listed(tld, 1, name, label.len);
}

bool
tld_is_valid(const struct tld *tld, struct span host)
{
	struct arena arena = {0};
	size_t at, i;
	bool valid;

	host = tld_ascii(&arena, host);
	for (at = host.len; at > 0 && host.p[at - 1] != '.'; at--)
		;
	valid = at > 0 && tld_is_last(tld, span_from(host, at));
	for (i = 0; i < host.len && valid; i++)
		valid =
		    host.p[i] != ' ' && (host.p[i] < '\t' || host.p[i] > '\r');
	arena_free(&arena);
	return valid;
}

/* States below .us, where names are registered as RFC 1480 has it. */
static bool
is_state(struct span label)
{
	static const char states[] =
	    "akalarazcactdcdeflgaguhiiaidilinkskylamamdmemimnmomsmtncndnenh"
	    "njnmnvnyohokorpaprriscsdtntxutvavivtwawiwvwy";
	size_t i;

	for (i = 0; label.len == 2 && i + 2 < sizeof(states); i += 2)
		if (memcmp(label.p, states + i, 2) == 0)
			return true;
	return false;
}

/* The last labels of a name, from its end. */
struct labels {
	struct span list[5];
	size_t count; /* at most 5 */
};

static void
split(struct span name, struct labels *labels)
{
	size_t at;

	labels->count = 0;
	while (labels->count < nitems(labels->list)) {
		while (name.len > 0 && name.p[name.len - 1] == '.')
			name.len--;
		if (name.len == 0)
			return;
		for (at = name.len; at > 0 && name.p[at - 1] != '.'; at--)
			;
		labels->list[labels->count++] = span_from(name, at);
		name.len = at;
	}
}

/* Whether names are registered below the last n labels. */
static bool
is_registry(const struct tld *tld, const struct labels *labels, unsigned n)
{
	const struct span *l = labels->list, *last = &l[0], *first = &l[n - 1];
	struct span name = {first->p, (size_t)(last->p + last->len - first->p)};

	if (n == 4)
		return span_is(*last, "us") && is_state(l[1]) &&
		       ((span_is(l[3], "pvt") && span_is(l[2], "k12")) ||
			   span_is(l[3], "ci") || span_is(l[3], "co"));
	if (n == 3 && span_is(*last, "us"))
		return is_state(l[1]);
	return listed(tld, n, name.p, name.len);
}

struct span
tld_domain(const struct tld *tld, struct span host)
{
	struct span none = {NULL, 0}, begin;
	char name[TLD_NAME_MAX + 1];
	struct labels labels;
	unsigned n;

	while (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	if (!lower(name, host))
		return none;
	split((struct span){name, host.len}, &labels);
	if (labels.count < 2 ||
	    !listed(tld, 1, labels.list[0].p, labels.list[0].len))
		return none;
	for (n = labels.count > 4 ? 4 : (unsigned)labels.count; n > 1; n--)
		if (is_registry(tld, &labels, n))
			break;
	begin = labels.list[n < labels.count ? n : labels.count - 1];
	return span_from(host, (size_t)(begin.p - name));
}
