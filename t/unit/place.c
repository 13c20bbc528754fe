#include <errno.h>
#include <string.h>

#include "store/place.h"
#include "test.h"

/* Where DIR puts the recipient "contact user@Carol.Example" of node carol;
 * NULL if nowhere. */
static const char *
where(const char *dir, const char *address, const char *node)
{
	static struct buf path = BUF_INIT(PLACE_PATH_MAX);
	struct place place;
	int rc;

	buf_reset(&path);
	rc = place_init(&place, dir);
	CHECK(rc == 0);
	if (rc == 0)
		rc = place_path(&place, span_of("contact"), span_of(address),
		    span_of(node), &path);
	place_free(&place);
	return rc == 0 ? buf_str(&path) : NULL;
}

static bool
is_at(const char *dir, const char *want)
{
	const char *path = where(dir, "user@Carol.Example", "carol");

	return path != NULL && strcmp(path, want) == 0;
}

static void
test_values(void)
{
	CHECK(is_at("/srv/mail", "/srv/mail/contact"));
	CHECK(is_at("/srv/mail//", "/srv/mail/contact"));
	CHECK(is_at("/srv/%d/%m", "/srv/carol.example/contact"));
	CHECK(is_at("/srv/%n/x%m/Maildir", "/srv/carol/xcontact/Maildir"));
	CHECK(is_at("/srv/a%%b/%m%%", "/srv/a%b/contact%"));
	CHECK(is_at("/srv/%%m", "/srv/%m/contact"));
	CHECK(is_at("%m", "./contact"));
	CHECK(is_at("x%m/y", "./xcontact/y"));
	CHECK(is_at("mail", "mail/contact"));
}

static bool
refused(const char *dir)
{
	struct place place;
	int rc;

	errno = 0;
	rc = place_init(&place, dir);
	place_free(&place);
	return rc < 0 && errno == EINVAL;
}

static void
test_dir(void)
{
	static const char *const bad[] = {"", "%", "%x", "a/%", "%m%", "%m%x",
	    "%M", "%%%", "%m/..", "%m/.", "%m/../x", "%m/a/../b", "a/%m/./b"};
	struct place place;
	size_t i;

	for (i = 0; i < nitems(bad); i++)
		CHECK(refused(bad[i]));
	CHECK(place_init(&place, "/srv/a%%/%m") == 0);
	CHECK(strcmp(buf_str(&place.base), "/srv/a%") == 0 && !place.plain);
	place_free(&place);
	CHECK(place_init(&place, "/%m") == 0);
	CHECK(strcmp(buf_str(&place.base), "/") == 0);
	place_free(&place);
	CHECK(place_init(&place, "../a") == 0 && place.plain);
	place_free(&place);
}

static void
test_hostile_values(void)
{
	static const char *const bad[] = {"", ".", "..", ".a", "a/b", "/",
	    "a b", "a\\", "%m", "a\n", "a\x7f", "~"};
	size_t i;

	for (i = 0; i < nitems(bad); i++)
		CHECK(where("/srv/%n/%m", "user@a.example", bad[i]) == NULL);
	CHECK(where("/srv/%d", "postmaster", "n") == NULL);
	CHECK(where("/srv/%d", "a@[192.0.2.1]", "n") == NULL);
	CHECK(where("/srv/%d", "a@..", "n") == NULL);
	CHECK(where("/srv/%d", "a@.b", "n") == NULL);
	CHECK(where("/srv/%d", "a@b/c", "n") == NULL);
	CHECK(where("/srv/%d", "not an address", "n") == NULL);
	CHECK(where("/srv/%m", "not an address", "") != NULL);
}

static bool
folder_is(const char *address, const char *want)
{
	char folder[PLACE_FOLDER_MAX + 1];

	if (!place_folder(span_of(address), folder))
		return want == NULL;
	return want != NULL && strcmp(folder, want) == 0;
}

static void
test_folder(void)
{
	CHECK(folder_is("a+list@b.example", "list"));
	CHECK(folder_is("a+List_2-x@b.example", "List_2-x"));
	CHECK(folder_is("\"a+list\"@b.example", "list"));
	CHECK(folder_is("a@b.example", NULL));
	CHECK(folder_is("a+@b.example", NULL));
	CHECK(folder_is("a+b+c@b.example", NULL));
	CHECK(folder_is("a+b.c@b.example", NULL));
	CHECK(folder_is("\"a+../b\"@b.example", NULL));
	CHECK(folder_is("\"a+b \"@b.example", NULL));
	CHECK(folder_is("a+trash@b.example", NULL));
	CHECK(folder_is("a+Sent@b.example", NULL));
	CHECK(folder_is("a+DRAFTS@b.example", NULL));
	CHECK(folder_is("not an address+x", NULL));
}

static void
test_raw(void)
{
	struct buf path = BUF_INIT(PLACE_PATH_MAX);
	struct place place;
	size_t base;

	CHECK(place_init(&place, "/no-such-dir/x/") == 0);
	CHECK(place_raw(&place, &path, &base) == 0);
	CHECK(strcmp(path.p, "/no-such-dir/x") == 0 && base == 12);
	place_free(&place);
	buf_reset(&path);
	CHECK(place_init(&place, "/no-such-dir") == 0);
	CHECK(place_raw(&place, &path, &base) == 0);
	CHECK(strcmp(path.p, "//no-such-dir") == 0 && base == 1);
	place_free(&place);
	buf_reset(&path);
	CHECK(place_init(&place, "no-such-dir") == 0);
	CHECK(place_raw(&place, &path, &base) == 0);
	CHECK(strcmp(path.p, "./no-such-dir") == 0 && base == 1);
	place_free(&place);
	buf_reset(&path);
	CHECK(place_init(&place, "/tmp") == 0);
	CHECK(place_raw(&place, &path, &base) == 0);
	CHECK(strcmp(path.p, "/tmp") == 0 && base == 4);
	place_free(&place);
	CHECK(place_init(&place, "/tmp/%m") == 0);
	CHECK(place_raw(&place, &path, &base) < 0 && errno == EINVAL);
	place_free(&place);
	buf_free(&path);
}

int
main(void)
{
	TEST(values);
	TEST(dir);
	TEST(hostile_values);
	TEST(folder);
	TEST(raw);
	return test_end();
}
