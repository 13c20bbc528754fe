#include "eval/globs.h"

#define RELAYS_FIRST 4

void
globs_init(struct globs *globs, struct arena *arena)
{
	memset(globs, 0, sizeof(*globs));
	globs->arena = arena;
}

struct span
glob_lower(struct arena *arena, struct span text)
{
	char *p = arena_alloc(arena, text.len + 1);
	size_t i;

	for (i = 0; i < text.len; i++) {
		p[i] = text.p[i];
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + ('a' - 'A'));
	}
	return (struct span){p, text.len};
}

/* A mismatch goes back to behind the last star and gives it one octet more; an
 * earlier star never needs another turn.  So it takes at most the product of
 * both lengths. */
bool
glob_matches(struct span pattern, struct span text, char stop)
{
	size_t p = 0, t = 0, star = 0, from = 0;
	bool starred = false;

	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			starred = true;
			star = ++p;
			from = t;
			continue;
		}
		if (p < pattern.len &&
		    (pattern.p[p] == text.p[t] || pattern.p[p] == '?')) {
			p++;
			t++;
			continue;
		}
		if (!starred || (stop != 0 && text.p[from] == stop))
			return false;
		p = star;
		t = ++from;
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

static bool
is_wild(char c)
{
	return c == '*' || c == '?';
}

/* What a pattern is filed under; may be empty. */
static struct span
end_of(struct span pattern)
{
	size_t i = pattern.len, tail;

	while (i > 0 && !is_wild(pattern.p[i - 1]))
		i--;
	tail = i;
	for (i = pattern.len; i > tail; i--)
		if (pattern.p[i - 1] == '@')
			return span_from(pattern, i);
	for (i = tail; i < pattern.len; i++)
		if (pattern.p[i] == '.')
			return span_from(pattern, i + 1);
	return span_from(pattern, pattern.len);
}

struct glob *
globs_add(struct globs *globs, struct span pattern)
{
	struct glob *glob;
	void **slot, **end;

	pattern = glob_lower(globs->arena, pattern);
	slot = map_pointer_at(&globs->patterns, globs->arena, pattern);
	if (*slot != NULL) {
		glob = *slot;
		glob->removed = false;
		return glob;
	}
	*slot = glob = arena_alloc(globs->arena, sizeof(*glob));
	glob->pattern = pattern;
	end = map_pointer_at(&globs->ends, globs->arena, end_of(pattern));
	glob->next = *end;
	*end = glob;
	return glob;
}

void
globs_add_all(struct globs *globs, struct span patterns)
{
	struct span pattern;

	while ((pattern = span_word(&patterns)).len > 0)
		globs_add(globs, pattern);
}

void
globs_remove_all(struct globs *globs, struct span patterns)
{
	struct span pattern;
	struct glob *glob;

	while ((pattern = span_word(&patterns)).len > 0) {
		glob = map_pointer(
		    &globs->patterns, glob_lower(globs->arena, pattern));
		if (glob == NULL)
			continue;
		glob->removed = true;
		glob->relays.count = 0;
	}
}

void
globs_add_relay(struct globs *globs, struct glob *glob, struct span relay)
{
	struct span *lines;

	if (glob->relays.count == glob->relay_cap) {
		glob->relay_cap =
		    glob->relay_cap == 0 ? RELAYS_FIRST : 2 * glob->relay_cap;
		lines =
		    arena_array(globs->arena, glob->relay_cap, sizeof(*lines));
		if (glob->relays.count > 0)
			memcpy(lines, glob->relays.lines,
			    glob->relays.count * sizeof(*lines));
		glob->relays.lines = lines;
	}
	glob->relays.lines[glob->relays.count++] =
	    glob_lower(globs->arena, relay);
}

struct search {
	struct span address;
	bool (*visit)(const struct glob *glob, void *context);
	void *context;
};

/* Those that are filed under one end of the address. */
static bool
search_end(const struct globs *globs, const struct search *search,
    struct span end, uint32_t hash)
{
	const struct glob *glob = map_pointer_hashed(&globs->ends, end, hash);

	for (; glob != NULL; glob = glob->next)
		if (!glob->removed &&
		    glob_matches(glob->pattern, search->address, 0) &&
		    search->visit(glob, search->context))
			return true;
	return false;
}

bool
globs_visit(const struct globs *globs, struct span address,
    bool (*visit)(const struct glob *glob, void *context), void *context)
{
	struct search search = {address, visit, context};
	uint32_t hash = MAP_HASH_OF_NOTHING;
	size_t i;

	if (globs->patterns.count == 0 || address.len > GLOBS_ADDRESS_MAX)
		return false;
	for (i = address.len;; i--) {
		if (i == 0 || i == address.len || address.p[i - 1] == '.' ||
		    address.p[i - 1] == '@')
			if (search_end(
				globs, &search, span_from(address, i), hash))
				return true;
		if (i == 0)
			return false;
		hash = map_hash_step(hash, address.p[i - 1]);
	}
}

static bool
visit_any(const struct glob *glob, void *context)
{
	(void)glob;
	(void)context;
	return true;
}

bool
globs_have(const struct globs *globs, struct span address)
{
	return globs_visit(globs, address, visit_any, NULL);
}
