/* What was settled by hand about a node, and a manifest against it. */
#include <stdlib.h>
#include <sys/stat.h>

#include "node/limits.h"
#include "node/set.h"
#include "node/value.h"
#include "nodes.h"
#include "test.h"

#define KEY "5E1F0C9A7B3D2486E1F05A9C3B7D8E2F40616A7B"
#define OTHER_KEY "AAAA0C9A7B3D2486E1F05A9C3B7D8E2F40616A7B"
#define REACH "ssh://pimail@bob.example.net:2222"

/* Bob's manifest with these domains and lines below "node:". */
#define BOB(domains, lines)                               \
	"node:\n  name: bob\n  host: bob.example.net\n"   \
	"  domains: [" domains "]\n" lines "mailboxes:\n" \
	"  b: {matches: b}\n"
#define PINNED "  key: " KEY "\n  reach: " REACH "\n"
#define PIN(domains) "key: " KEY "\ndomains: [" domains "]\nreach: " REACH "\n"

static bool
is_pin(const char *text)
{
	struct pin *pin = pin_parse(span_of(text), NULL);
	bool good = pin != NULL;

	pin_free(pin);
	return good;
}

static void
test_pin_has_key_domains_and_reach_and_nothing_else(void)
{
	struct pin *pin;

	pin =
	    pin_parse(span_of(PIN("bob.example, B\303\234CHER.example")), NULL);
	CHECK(pin != NULL && strcmp(pin->key, KEY) == 0 &&
	      strcmp(pin->reach, REACH) == 0 && pin->domain_count == 2 &&
	      strcmp(pin->domains[1].name, "xn--bcher-kva.example") == 0);
	pin_free(pin_ref(pin));
	pin_free(pin);
	CHECK(is_pin("{key: " KEY ", domains: [a.example]}"));
	CHECK(!is_pin("{key: " KEY "}"));
	CHECK(!is_pin("{domains: [a.example]}"));
	CHECK(!is_pin("{key: " KEY ", domains: []}"));
	CHECK(!is_pin("{key: " KEY ", domains: [a.example], name: bob}"));
	CHECK(!is_pin("{key: " KEY ", domains: ['*']}"));
	CHECK(!is_pin("{key: 40616A7B, domains: [a.example]}"));
	CHECK(!is_pin("{key: [" KEY "], domains: [a.example]}"));
	CHECK(!is_pin("{key: " KEY ", domains: a.example}"));
	CHECK(!is_pin("{key: " KEY ", domains: [a.example],"
		      " reach: 'ssh://-oProxyCommand=x'}"));
	CHECK(pin_parse((struct span){NULL, 0}, NULL) == NULL);
	CHECK(!is_pin("") && !is_pin("key") && !is_pin("[") && !is_pin("{}"));
	CHECK(!is_pin("&a {key: " KEY ", domains: [a.example]}"));
}

static void
test_pin_has_limits(void)
{
	struct buf text = BUF_INIT(2 * NODE_PIN_MAX);
	size_t i;

	buf_adds(&text, "key: " KEY "\ndomains:\n");
	for (i = 0; i < NODE_DOMAINS_MAX; i++)
		buf_addf(&text, "- d%zu.example\n", i);
	CHECK(is_pin(buf_str(&text)));
	buf_adds(&text, "- one.more.example\n");
	CHECK(!is_pin(buf_str(&text)));
	buf_reset(&text);
	buf_adds(&text, "{key: " KEY ", domains: [a.example]}\n#");
	while (text.len < NODE_PIN_MAX)
		buf_add(&text, "x", 1);
	CHECK(is_pin(buf_str(&text)));
	buf_add(&text, "x", 1);
	CHECK(!is_pin(buf_str(&text)));
	buf_free(&text);
}

/* Whether bob's manifest with these lines is of the node that is pinned. */
static bool
agrees(const char *pin_text, const char *manifest_text)
{
	struct pin *pin = pin_parse(span_of(pin_text), NULL);
	struct manifest *manifest =
	    manifest_parse(span_of(manifest_text), NULL, "bob");
	bool good;

	if (pin == NULL || manifest == NULL)
		fatal("a test's text is wrong");
	good = pin_against(pin, manifest) == NULL;
	pin_free(pin);
	manifest_free(manifest);
	return good;
}

static void
test_key_and_reach_must_be_those_pinned(void)
{
	static const char pin[] = PIN("bob.example");
	static const char bare[] = "{key: " KEY ", domains: [bob.example]}";

	CHECK(agrees(pin, BOB("bob.example", PINNED)));
	CHECK(agrees(pin, BOB("other.example", PINNED)));
	CHECK(agrees(pin,
	    BOB("bob.example", "  key: 5e1f0c9a7b3d2486e1f05a9c3b7d8e2f40616a7b"
			       "\n  reach: " REACH "\n")));
	CHECK(!agrees(pin, BOB("bob.example", "")));
	CHECK(!agrees(pin, BOB("bob.example", "  key: " KEY "\n")));
	CHECK(!agrees(pin, BOB("bob.example", "  reach: " REACH "\n")));
	CHECK(!agrees(pin,
	    BOB("bob.example", "  key: " OTHER_KEY "\n  reach: " REACH "\n")));
	CHECK(!agrees(
	    pin, BOB("bob.example",
		     "  key: " KEY "\n  reach: ssh://root@localhost\n")));
	/* nothing pinned means nothing said, not anything */
	CHECK(agrees(bare, BOB("bob.example", "  key: " KEY "\n")));
	CHECK(!agrees(bare, BOB("bob.example", PINNED)));
}

static void
test_domain_that_is_not_pinned_is_not_claimed(void)
{
	struct nodes *nodes;
	size_t broken;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.yaml", BOB("bob.example, zoe.example, carol.example", PINNED));
	put("bob.pin", PIN("bob.example, later.example"));
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 1);
	CHECK(asks(nodes, "b@bob.example", "backup b"));
	CHECK(asks(nodes, "b@zoe.example", "550 5.7.1"));
	CHECK(asks(nodes, "b@later.example", "550 5.7.1"));
	CHECK(asks(nodes, "c@carol.example", "c"));
	nodes_free(nodes);
	/* the honest one gets it, although its name comes later */
	put("zoe.yaml", MANIFEST("zoe", "  z: {matches: b}\n"));
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(asks(nodes, "b@zoe.example", "backup z"));
	nodes_free(nodes);
	put("bob.pin", PIN("bob.example, carol.example, zoe.example"));
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 2);
	CHECK(asks(nodes, "c@carol.example", "c"));
	CHECK(asks(nodes, "b@zoe.example", "backup b"));
	nodes_free(nodes);
}

static void
test_manifest_of_another_key_is_broken(void)
{
	struct nodes *first, *second;
	size_t broken;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.pin", PIN("bob.example"));
	put("bob.yaml", BOB("bob.example", "  key: " OTHER_KEY "\n"));
	first = nodes_load(dir, NULL, &broken);
	CHECK(broken == 1);
	CHECK(asks(first, "b@bob.example", "451 4.3.0"));
	nodes_free(first);
	put("bob.yaml", BOB("bob.example", PINNED));
	first = nodes_load(dir, NULL, &broken);
	CHECK(broken == 0);
	CHECK(asks(first, "b@bob.example", "backup b"));
	/* the last good one stays */
	put("bob.yaml", BOB("bob.example", "  key: " OTHER_KEY "\n"));
	second = nodes_load(dir, first, &broken);
	nodes_free(first);
	CHECK(broken == 1);
	CHECK(asks(second, "b@bob.example", "backup b"));
	/* but not if another key was pinned meanwhile */
	put("bob.pin", "{key: " OTHER_KEY ", domains: [bob.example]}");
	put("bob.yaml", "node: [");
	first = nodes_load(dir, second, &broken);
	nodes_free(second);
	CHECK(asks(first, "b@bob.example", "451 4.3.0"));
	nodes_free(first);
}

static void
test_broken_pin_gives_nothing_new(void)
{
	struct nodes *first, *second, *third;
	size_t broken;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.yaml", BOB("bob.example, zoe.example", PINNED));
	put("bob.pin", "key: [");
	first = nodes_load(dir, NULL, &broken);
	CHECK(broken == 1);
	CHECK(asks(first, "b@bob.example", "451 4.3.0"));
	nodes_free(first);
	put("bob.pin", PIN("bob.example"));
	first = nodes_load(dir, NULL, &broken);
	CHECK(asks(first, "b@bob.example", "backup b"));
	/* a link to nowhere is no way to take a pin away, nor is a directory */
	unlink(path_of("bob.pin"));
	if (symlink("nowhere", path_of("bob.pin")) < 0)
		fatal("cannot make a link");
	put("bob.yaml", BOB("bob.example, more.example", PINNED));
	second = nodes_load(dir, first, &broken);
	nodes_free(first);
	CHECK(broken == 2);
	CHECK(asks(second, "b@bob.example", "backup b"));
	CHECK(asks(second, "b@more.example", "550 5.7.1"));
	CHECK(asks(second, "b@zoe.example", "550 5.7.1"));
	unlink(path_of("bob.pin"));
	mkdir(path_of("bob.pin"), 0700);
	third = nodes_load(dir, second, &broken);
	rmdir(path_of("bob.pin"));
	nodes_free(second);
	CHECK(asks(third, "b@bob.example", "backup b"));
	CHECK(asks(third, "b@zoe.example", "550 5.7.1"));
	/* one that is narrower holds for the last good manifest, too */
	put("bob.pin", PIN("zoe.example"));
	put("bob.yaml", "node: [");
	first = nodes_load(dir, third, &broken);
	nodes_free(third);
	CHECK(asks(first, "b@bob.example", "550 5.7.1") ||
	      asks(first, "b@bob.example", "451 4.3.0"));
	CHECK(asks(first, "b@zoe.example", "backup b"));
	nodes_free(first);
}

/* Whether the pin that is written of a manifest holds it. */
static bool
is_pinned_as_written(const char *text)
{
	struct manifest *manifest = manifest_parse(span_of(text), NULL, "bob");
	struct buf written = BUF_INIT(NODE_PIN_MAX);
	struct pin *pin = NULL;
	bool holds;

	if (manifest != NULL) {
		pin_write(manifest, &written);
		pin = pin_parse(buf_span(&written), NULL);
	}
	holds = pin != NULL && pin_against(pin, manifest) == NULL &&
		pin_excess(pin, manifest) == NULL &&
		pin->domain_count == manifest->domain_count;
	pin_free(pin);
	manifest_free(manifest);
	buf_free(&written);
	return holds;
}

static void
test_pin_is_written_of_what_a_manifest_says(void)
{
	CHECK(is_pinned_as_written(BOB("bob.example", PINNED)));
	CHECK(is_pinned_as_written(
	    BOB("bob.example, B\303\234CHER.example, '[192.0.2.1]'",
		"  key: " KEY "\n")));
}

static void
test_fingerprint_is_read_in_fours(void)
{
	char text[VALUE_SPACED_SIZE];

	CHECK(strcmp(value_spaced(KEY, text),
		  "5E1F 0C9A 7B3D 2486 E1F0 5A9C 3B7D 8E2F 4061 6A7B") == 0);
	CHECK(strcmp(value_spaced("0123456789abcdef0123456789abcdef"
				  "0123456789abcdef0123456789abcdef",
			 text),
		  "0123 4567 89ab cdef 0123 4567 89ab cdef "
		  "0123 4567 89ab cdef 0123 4567 89ab cdef") == 0);
	CHECK(strcmp(value_spaced("", text), "") == 0);
}

static void
test_pin_is_its_own_nodes_only(void)
{
	struct nodes *nodes;
	size_t broken;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.x.yaml", MANIFEST("bob.x", "  x: {matches: b}\n"));
	put("bob.pin", PIN("nothing.example"));
	put("zoe.yaml", MANIFEST("zoe", "  z: {matches: b}\n"));
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 0);
	CHECK(asks(nodes, "b@bob.x.example", "backup x"));
	CHECK(asks(nodes, "b@zoe.example", "backup z"));
	nodes_free(nodes);
	/* and the other way round */
	unlink(path_of("bob.pin"));
	put("bob.x.pin", PIN("nothing.example"));
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	unlink(path_of("bob.x.yaml"));
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 0);
	CHECK(asks(nodes, "b@bob.example", "backup b"));
	nodes_free(nodes);
	/* our own may be pinned, too */
	put("carol.pin", PIN("carol.example"));
	CHECK(nodes_load(dir, NULL, &broken) == NULL);
}

int
main(void)
{
	err_init("pins");
	if (mkdtemp(dir) == NULL)
		fatal("cannot make a directory");
	TEST(pin_has_key_domains_and_reach_and_nothing_else);
	TEST(pin_has_limits);
	TEST(key_and_reach_must_be_those_pinned);
	TEST(domain_that_is_not_pinned_is_not_claimed);
	TEST(manifest_of_another_key_is_broken);
	TEST(broken_pin_gives_nothing_new);
	TEST(pin_is_its_own_nodes_only);
	TEST(pin_is_written_of_what_a_manifest_says);
	TEST(fingerprint_is_read_in_fours);
	clear();
	rmdir(dir);
	return test_end();
}
