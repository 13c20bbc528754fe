#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mail/address.h"
#include "store/place.h"

static const char *const not_by_suffix[] = {"Drafts", "Sent", "Trash"};

static bool
is_word(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Octets of U-labels too. */
static bool
is_name(int c)
{
	return is_word(c) || c == '.' || c >= 0x80;
}

static bool
all(struct span span, bool (*is)(int c))
{
	struct scan scan;

	scan_init(&scan, span);
	scan_while(&scan, is);
	return span.len > 0 && scan_ok(&scan);
}

static bool
percents_ok(const char *dir)
{
	const char *p;

	for (p = strchr(dir, '%'); p != NULL; p = strchr(p + 2, '%'))
		if (p[1] == '\0' || strchr("mdn%", p[1]) == NULL)
			return false;
	return true;
}

/* The first of %m, %d and %n, or NULL. */
static const char *
first_value(const char *dir)
{
	const char *p = strchr(dir, '%');

	while (p != NULL && p[1] == '%')
		p = strchr(p + 2, '%');
	return p;
}

static void
add_base(struct buf *base, const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '%')
			p++;
		buf_add(base, p, 1);
	}
	while (base->len > 1 && base->p[base->len - 1] == '/')
		base->p[--base->len] = '\0';
}

/* Whether a component of the pattern is "." or "..". */
static bool
has_dots(const char *pattern)
{
	struct span part;
	size_t len;

	for (; *pattern != '\0'; pattern += len + (pattern[len] == '/')) {
		len = strcspn(pattern, "/");
		part = (struct span){pattern, len};
		if (span_eq(part, span_of(".")) || span_eq(part, span_of("..")))
			return true;
	}
	return false;
}

int
place_init(struct place *place, const char *dir)
{
	const char *value, *end;

	buf_init(&place->base, PLACE_PATH_MAX);
	errno = EINVAL;
	if (!percents_ok(dir))
		return -1;
	value = first_value(dir);
	place->plain = value == NULL;
	place->pattern = "%m";
	end = dir + strlen(dir);
	if (value != NULL) {
		for (end = value; end > dir && end[-1] != '/'; end--)
			continue;
		place->pattern = end;
	}
	add_base(&place->base, dir, end);
	if (value != NULL && end == dir)
		buf_adds(&place->base, ".");
	return place->base.len == 0 || place->base.full ||
		       has_dots(place->pattern)
		   ? -1
		   : 0;
}

void
place_free(struct place *place)
{
	buf_free(&place->base);
}

int
place_path(const struct place *place, struct span mailbox, struct span address,
    struct span node, struct buf *path)
{
	struct address parsed;
	struct span value;
	const char *p;

	if (address_parse(&parsed, address) < 0)
		parsed.domain[0] = '\0';
	buf_addspan(path, buf_span(&place->base));
	buf_adds(path, "/");
	for (p = place->pattern; *p != '\0'; p++) {
		if (*p != '%' || *++p == '%') {
			buf_add(path, p, 1);
			continue;
		}
		value = *p == 'm'   ? mailbox
			: *p == 'd' ? span_of(parsed.domain)
				    : node;
		if (!all(value, is_name) || value.p[0] == '.') {
			errno = EINVAL;
			return -1;
		}
		buf_addspan(path, value);
	}
	errno = ENAMETOOLONG;
	return path->full ? -1 : 0;
}

int
place_raw(const struct place *place, struct buf *path, size_t *base)
{
	const char *dir = buf_str(&place->base), *slash;

	if (!place->plain) {
		errno = EINVAL;
		return -1;
	}
	*base = place->base.len;
	slash = strrchr(dir, '/');
	if (access(dir, F_OK) < 0 && errno == ENOENT) {
		if (slash == NULL) /* "x" is "./x" */
			buf_adds(path, "./");
		else if (slash == dir) /* "/x" is "//x" */
			buf_adds(path, "/");
		*base =
		    slash == NULL || slash == dir ? 1 : (size_t)(slash - dir);
	}
	buf_addspan(path, buf_span(&place->base));
	errno = ENAMETOOLONG;
	return path->full ? -1 : 0;
}

bool
place_is_folder(struct span name)
{
	return name.len <= PLACE_FOLDER_MAX && all(name, is_word);
}

bool
place_folder(struct span address, char folder[PLACE_FOLDER_MAX + 1])
{
	struct address parsed;
	struct span name;
	const char *plus;
	size_t i;

	if (address_parse(&parsed, address) < 0 ||
	    (plus = strchr(parsed.local, '+')) == NULL)
		return false;
	name = span_of(plus + 1);
	if (!place_is_folder(name))
		return false;
	for (i = 0; i < nitems(not_by_suffix); i++)
		if (span_ieq(name, span_of(not_by_suffix[i])))
			return false;
	memcpy(folder, name.p, name.len + 1);
	return true;
}
