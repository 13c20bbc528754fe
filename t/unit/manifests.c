/* What is done to manifests by who signs and takes them. */
#include <stdlib.h>

#include "base/err.h"
#include "node/changes.h"
#include "node/limits.h"
#include "node/manifest.h"
#include "node/serial.h"
#include "test.h"

#define NOON_2026_11_21 1795262400
#define BODY "  name: a # me\n  host: a.example\n  domains: [a.example]\n"
#define BOXES "mailboxes: {a: {matches: a}}\n"

static void
test_next_serial_is_of_the_day_or_one_more(void)
{
	CHECK(serial_next(0, NOON_2026_11_21) == 2026112100);
	CHECK(serial_next(7, NOON_2026_11_21) == 2026112100);
	CHECK(serial_next(2026112099, NOON_2026_11_21) == 2026112100);
	CHECK(serial_next(2026112100, NOON_2026_11_21) == 2026112101);
	CHECK(serial_next(2030010100, NOON_2026_11_21) == 2030010101);
	/* a board without a clock */
	CHECK(serial_next(2026112100, 0) == 2026112101);
	CHECK(serial_next(0, -5) == 1);
	CHECK(serial_next(NODE_SERIAL_MAX - 1, 0) == NODE_SERIAL_MAX);
	CHECK(serial_next(NODE_SERIAL_MAX, NOON_2026_11_21) == 0);
}

/* Whether a text becomes that other one with the serial 12. */
static bool
becomes(const char *text, const char *want)
{
	struct buf edited = BUF_INIT(10000);
	bool same;

	same = serial_put(span_of(text), 12, &edited) == 0 &&
	       span_is(buf_span(&edited), want);
	if (!same && want != NULL)
		printf("# %s\n", buf_str(&edited));
	buf_free(&edited);
	return same;
}

static bool
is_left(const char *text)
{
	struct buf edited = BUF_INIT(10000);
	int rc = serial_put(span_of(text), 12, &edited);

	buf_free(&edited);
	return rc < 0;
}

static void
test_serial_is_put_where_it_was(void)
{
	CHECK(becomes("node:\n" BODY "  serial: 7 # mine\n" BOXES,
	    "node:\n" BODY "  serial: 12 # mine\n" BOXES));
	CHECK(becomes("# serial: 1\nnode:\n" BODY "  serial:   10000\n" BOXES,
	    "# serial: 1\nnode:\n" BODY "  serial:   12\n" BOXES));
	CHECK(becomes("node:\r\n  serial: 7\r\n" BODY BOXES,
	    "node:\r\n  serial: 12\r\n" BODY BOXES));
	CHECK(becomes("node: {serial: 7, name: a, host: a.example,\n"
		      "  domains: [a.example]}\n" BOXES,
	    "node: {serial: 12, name: a, host: a.example,\n"
	    "  domains: [a.example]}\n" BOXES));
}

static void
test_serial_is_put_first_if_there_was_none(void)
{
	CHECK(becomes("# mine\nnode:\n  # more\n" BODY BOXES,
	    "# mine\nnode:\n  # more\n  serial: 12\n" BODY BOXES));
}

static void
test_serial_is_not_put_where_it_is_not_found(void)
{
	CHECK(is_left("node: {name: a, host: a.example, domains: [a.example]}"
		      "\n" BOXES));
	CHECK(is_left("node:\n" BODY "  serial: '7'\n" BOXES));
	CHECK(is_left("node:\n" BODY "  serial:\n    7\n" BOXES));
	CHECK(is_left("node:\n" BODY "  'serial': 7\n" BOXES));
	CHECK(is_left("node:\n" BODY "  serial : 7\n" BOXES));
	CHECK(is_left("{node: {name: a, reach: 'b://serial:9', serial: 7,"
		      " host: a.example, domains: [a.example]}, " BOXES "}"));
	CHECK(is_left("node: ["));
}

/* Whether the changes from one manifest to another are told so. */
static bool
changes(const char *old_text, const char *fresh_text, const char *want)
{
	struct manifest *old = NULL, *fresh;
	struct buf text = BUF_INIT(CHANGES_MAX);
	bool same;

	if (old_text != NULL)
		old = manifest_parse(span_of(old_text), NULL, "a");
	fresh = manifest_parse(span_of(fresh_text), NULL, "a");
	if (fresh == NULL || (old == NULL && old_text != NULL))
		fatal("a test's text is wrong");
	changes_list(old != NULL ? old->tree : NULL, fresh->tree, &text);
	same = span_is(buf_span(&text), want);
	if (!same)
		printf("# %s\n", buf_str(&text));
	manifest_free(old);
	manifest_free(fresh);
	buf_free(&text);
	return same;
}

static void
test_changes_are_told_by_path(void)
{
	static const char one[] =
	    "node: {name: a, host: a.example,"
	    " domains: [a.example, b.example]}\n"
	    "mailboxes: {x: {matches: x}, y: {matches: y},"
	    " z: {matches: z}}\n";

	CHECK(changes(one, one, ""));
	CHECK(changes(NULL, "node:\n" BODY BOXES,
	    "+ mailboxes.a.matches: a\n+ node.domains: a.example\n"
	    "+ node.host: a.example\n+ node.name: a\n"));
	CHECK(changes(one,
	    "node: {name: a, host: h.example, serial: 3,"
	    " domains: [b.example, c.example], backups: {only: []}}\n"
	    "mailboxes: {z: {matches: z, expires: 2030-01-01},"
	    " x: {matches: X}}\n",
	    "+ mailboxes.x.matches: X\n- mailboxes.x.matches: x\n"
	    "- mailboxes.y.matches: y\n"
	    "+ mailboxes.z.expires: 2030-01-01\n"
	    "+ node.backups.only: []\n"
	    "- node.domains: a.example\n+ node.domains: c.example\n"
	    "- node.host: a.example\n+ node.host: h.example\n"
	    "+ node.serial: 3\n! mailboxes: another order\n"));
	CHECK(changes(one,
	    "node: {host: a.example, name: a,"
	    " domains: [b.example, a.example]}\n"
	    "mailboxes: {n: {matches: n}, x: {matches: x}, y: {matches: y},"
	    " z: {matches: z}}\n",
	    "+ mailboxes.n.matches: n\n"));
}

static void
test_changes_cannot_forge_a_line(void)
{
	CHECK(changes("node:\n" BODY BOXES,
	    "node:\n" BODY "mailboxes: {a: {matches: \"a|\\x85|\\x9b\"}}\n",
	    "- mailboxes.a.matches: a\n+ mailboxes.a.matches: a|??|??\n"));
}

int
main(void)
{
	err_init("manifests");
	TEST(next_serial_is_of_the_day_or_one_more);
	TEST(serial_is_put_where_it_was);
	TEST(serial_is_put_first_if_there_was_none);
	TEST(serial_is_not_put_where_it_is_not_found);
	TEST(changes_are_told_by_path);
	TEST(changes_cannot_forge_a_line);
	return test_end();
}
