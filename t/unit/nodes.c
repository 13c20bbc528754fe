#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "node/domain.h"
#include "node/limits.h"
#include "node/set.h"
#include "node/value.h"
#include "nodes.h"
#include "test.h"

static struct nodes *
load(void)
{
	return nodes_load(dir, NULL, NULL);
}

static void
test_first_mailbox_that_matches_gets_it(void)
{
	struct nodes *nodes;

	put_carol(MANIFEST("carol", "  one: {matches: 'a|b'}\n"
				    "  two: {matches: 'b|c'}\n"
				    "  three: {matches: 'long'}\n"));
	nodes = load();
	CHECK(asks(nodes, "a@carol.example", "one"));
	CHECK(asks(nodes, "B@CAROL.Example", "one"));
	CHECK(asks(nodes, "c@carol.example", "two"));
	CHECK(asks(nodes, "\"c\"@carol.example", "two"));
	CHECK(asks(nodes, "longer@carol.example", "550 5.1.1"));
	CHECK(asks(nodes, "along@carol.example", "550 5.1.1"));
	CHECK(asks(nodes, "a@sub.carol.example", "550 5.7.1"));
	CHECK(strcmp(nodes_self(nodes), "carol") == 0);
	CHECK(strcmp(nodes_host(nodes), "carol.example.net") == 0);
	nodes_free(nodes);
}

static void
test_subaddress_is_tried_after_the_whole(void)
{
	struct nodes *nodes;

	put_carol(MANIFEST("carol", "  lists: {matches: 'me\\+list'}\n"
				    "  me: {matches: 'me'}\n"
				    "  rest: {matches: '.*'}\n"));
	nodes = load();
	CHECK(asks(nodes, "me+list@carol.example", "lists"));
	CHECK(asks(nodes, "me+list+more@carol.example", "me"));
	CHECK(asks(nodes, "me+@carol.example", "me"));
	CHECK(asks(nodes, "+me@carol.example", "rest"));
	CHECK(asks(nodes, "you+me@carol.example", "rest"));
	nodes_free(nodes);
}

static void
test_expiry_is_an_end_without_a_trace(void)
{
	struct nodes *nodes;

	put_carol(MANIFEST("carol",
	    "  shop: {matches: 'shop', expires: 2026-12-31}\n"
	    "  admin: {matches: 'postmaster', expires: 2026-01-01}\n"
	    "  rest: {matches: 's.*'}\n"));
	nodes = load();
	CHECK(strcmp(ask_on(nodes, "shop@carol.example", 0), "shop") == 0);
	/* no fall through to the rest, and the same as for nobody */
	CHECK(strcmp(ask_on(nodes, "shop@carol.example", 1), "550 5.1.1") == 0);
	CHECK(
	    strcmp(ask_on(nodes, "shop+x@carol.example", 1), "550 5.1.1") == 0);
	CHECK(
	    strcmp(ask_on(nodes, "nobody@carol.example", 1), "550 5.1.1") == 0);
	/* but postmaster is never refused */
	CHECK(asks(nodes, "postmaster@carol.example", "shop"));
	nodes_free(nodes);
}

static void
test_days(void)
{
	time_t end;

	CHECK(value_day("1970-01-01", &end) == 0 && end == DAY);
	CHECK(value_day("2000-02-29", &end) == 0 && end == 951868800);
	CHECK(value_day("2024-12-31", &end) == 0 && end == 1735689600);
	CHECK(value_day("2026-12-31", &end) == 0 &&
	      end == NOON_2026_12_31 + DAY / 2);
	CHECK(value_day("9999-12-31", &end) == 0 && end == 253402300800);
	CHECK(value_day("2026-02-29", &end) < 0);
	CHECK(value_day("2100-02-29", &end) < 0);
	CHECK(value_day("2026-04-31", &end) < 0);
	CHECK(value_day("2026-13-01", &end) < 0);
	CHECK(value_day("2026-00-01", &end) < 0);
	CHECK(value_day("2026-01-00", &end) < 0);
	CHECK(value_day("2026-1-01", &end) < 0);
	CHECK(value_day("2026-01-01 ", &end) < 0);
	CHECK(value_day("1969-01-01", &end) < 0);
	CHECK(value_day("", &end) < 0);
}

static void
test_postmaster_and_abuse_are_always_accepted(void)
{
	struct nodes *nodes;

	put_carol(MANIFEST("carol", "  one: {matches: 'a'}\n"
				    "  two: {matches: 'abuse'}\n"
				    "  three: {matches: 'c'}\n"
				    "postmaster: three\n"));
	put("bob.yaml", MANIFEST("bob", "  one: {matches: 'b'}\n"
					"  two: {matches: 'c'}\n"));
	nodes = load();
	CHECK(asks(nodes, "postmaster", "three"));
	CHECK(asks(nodes, "PostMaster@carol.example", "three"));
	CHECK(asks(nodes, "abuse@carol.example", "two"));
	CHECK(asks(nodes, "abuse@bob.example", "backup one"));
	CHECK(asks(nodes, "abuse@nobody.example", "550 5.7.1"));
	CHECK(asks(nodes, "postmaster2@carol.example", "550 5.1.1"));
	nodes_free(nodes);
}

static void
test_owner_chooses_its_backups(void)
{
	static const char node[] =
	    "node:\n  name: bob\n  host: b.example\n  domains: [bob.example]\n"
	    "  backups: %s\nmailboxes: {b: {matches: b}}\n";
	static const struct {
		const char *backups, *answer;
	} cases[] = {
	    {"{except: [dave]}", "backup b"},
	    {"{except: []}", "backup b"},
	    {"{except: [dave, carol]}", "550 5.7.1"},
	    {"{only: [dave]}", "550 5.7.1"},
	    {"{only: []}", "550 5.7.1"},
	    {"{only: [dave, carol]}", "backup b"},
	};
	struct nodes *nodes;
	char text[300];
	size_t i;

	for (i = 0; i < nitems(cases); i++) {
		put_carol(MANIFEST("carol", "  a: {matches: a}\n"));
		snprintf(text, sizeof(text), node, cases[i].backups);
		put("bob.yaml", text);
		nodes = load();
		CHECK(asks(nodes, "b@bob.example", cases[i].answer));
		CHECK(asks(nodes, "x@bob.example",
		    strncmp(cases[i].answer, "back", 4) == 0 ? "550 5.1.1"
							     : "550 5.7.1"));
		nodes_free(nodes);
	}
}

static void
test_domain_has_one_spelling(void)
{
	static const struct {
		const char *text, *normal;
	} cases[] = {
	    {"Carol.EXAMPLE", "carol.example"},
	    {"b\303\274cher.example", "xn--bcher-kva.example"},
	    {"B\303\234CHER.Example", "xn--bcher-kva.example"},
	    {"bu\314\210cher.example", "xn--bcher-kva.example"},
	    {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
	    {"stra\303\237e.example", "xn--strae-oqa.example"},
	    {"b\303\274cher\343\200\202example", "xn--bcher-kva.example"},
	    {"[192.0.2.1]", "[192.0.2.1]"},
	    {"[IPv6:2001:DB8:0:0::1]", "[ipv6:2001:db8::1]"},
	    {"", NULL},
	    {"a..b", NULL},
	    {"-a.example", NULL},
	    {"[192.0.2.256]", NULL},
	    {"[192.0.2.1", NULL},
	    {"a b.example", NULL},
	    /* fullwidth: [192.0.2.1] and a blank must not get through */
	    {"\357\274\273192.0.2.1\357\274\275", NULL},
	    {"a\343\200\200b.example", NULL},
	    {"\377.example", NULL},
	    {"a.example.", NULL},
	};
	char normal[ADDRESS_DOMAIN_MAX + 1];
	size_t i;
	int rc;

	for (i = 0; i < nitems(cases); i++) {
		rc = domain_normal(normal, cases[i].text);
		CHECK(rc == (cases[i].normal != NULL ? 0 : -1));
		CHECK(rc < 0 || strcmp(normal, cases[i].normal) == 0);
	}
}

static void
test_first_claim_on_a_domain_holds(void)
{
	static const char carols[] =
	    "node:\n  name: %s\n  host: h.example\n"
	    "  domains: [%s.example, carol.example, common.example]\n"
	    "mailboxes: {%s: {matches: .*}}\n";
	char text[300];
	struct nodes *nodes;
	size_t broken;

	put_carol(MANIFEST("carol", "  own: {matches: .*}\n"));
	snprintf(text, sizeof(text), carols, "alice", "alice", "alices");
	put("alice.yaml", text);
	snprintf(text, sizeof(text), carols, "bob", "bob", "bobs");
	put("bob.yaml", text);
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 2);
	CHECK(asks(nodes, "x@carol.example", "own"));
	CHECK(asks(nodes, "x@common.example", "backup alices"));
	CHECK(asks(nodes, "x@bob.example", "backup bobs"));
	/* everything is known: no reason to defer */
	CHECK(asks(nodes, "x@unknown.example", "550 5.7.1"));
	nodes_free(nodes);
}

static void
test_broken_manifest_never_means_no(void)
{
	struct nodes *nodes;
	size_t broken;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.yaml", "node: [");
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 1);
	CHECK(asks(nodes, "c@carol.example", "c"));
	CHECK(asks(nodes, "x@carol.example", "550 5.1.1"));
	CHECK(asks(nodes, "b@bob.example", "451 4.3.0"));
	nodes_free(nodes);
}

static void
test_last_good_manifest_stays(void)
{
	struct nodes *first, *second, *third;
	size_t broken;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	first = load();
	put("bob.yaml", "node: [");
	put("carol.yaml", "nonsense");
	second = nodes_load(dir, first, &broken);
	nodes_free(first);
	CHECK(broken == 2);
	CHECK(asks(second, "b@bob.example", "backup b"));
	CHECK(asks(second, "c@carol.example", "c"));
	CHECK(asks(second, "x@unknown.example", "550 5.7.1"));
	/* and once more; a directory or a link to nowhere is as bad */
	unlink(path_of("carol.yaml"));
	unlink(path_of("bob.yaml"));
	mkdir(path_of("bob.yaml"), 0700);
	third = nodes_load(dir, second, &broken);
	rmdir(path_of("bob.yaml"));
	CHECK(broken == 2);
	nodes_free(second);
	CHECK(asks(third, "b@bob.example", "backup b"));
	CHECK(asks(third, "c@carol.example", "c"));
	/* what is mended is taken, and what is taken away is gone */
	put("carol.yaml", MANIFEST("carol", "  new: {matches: c}\n"));
	second = nodes_load(dir, third, &broken);
	nodes_free(third);
	CHECK(broken == 0);
	CHECK(asks(second, "c@carol.example", "new"));
	CHECK(asks(second, "b@bob.example", "550 5.7.1"));
	nodes_free(second);
}

static void
test_without_own_manifest_there_is_nothing(void)
{
	clear();
	CHECK(load() == NULL);
	put("carol.yaml", MANIFEST("carol", "  c: {matches: c}\n"));
	CHECK(load() == NULL);
	put_carol("node: [");
	CHECK(load() == NULL);
	CHECK(nodes_load("/nonexistent", NULL, NULL) == NULL);
}

static void
test_self_may_be_a_file(void)
{
	struct nodes *nodes;
	size_t broken;

	clear();
	put("self.yaml", MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.yaml", MANIFEST("bob", "  b: {matches: b}\n"));
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 0);
	CHECK(asks(nodes, "c@carol.example", "c"));
	CHECK(asks(nodes, "b@bob.example", "backup b"));
	nodes_free(nodes);
	put("carol.yaml", MANIFEST("carol", "  other: {matches: c}\n"));
	nodes = nodes_load(dir, NULL, &broken);
	CHECK(broken == 1);
	CHECK(asks(nodes, "c@carol.example", "c"));
	nodes_free(nodes);
}

/* How a pattern ends for a local part. */
static enum pattern_result
run(const char *text, const char *local)
{
	struct matcher *matcher = matcher_new();
	enum pattern_result result;
	struct pattern *pattern;
	char why[200] = "";

	pattern = pattern_new(text, why, sizeof(why));
	if (pattern == NULL)
		fatal("%s: %s", text, why);
	result = pattern_match(pattern, matcher, span_of(local));
	pattern_free(pattern);
	matcher_free(matcher);
	return result;
}

static bool
compiles(const char *text)
{
	struct pattern *pattern;
	char why[200] = "";

	pattern = pattern_new(text, why, sizeof(why));
	pattern_free(pattern);
	return pattern != NULL;
}

static void
test_patterns(void)
{
	CHECK(run("^(a|b)$", "A") == PATTERN_YES);
	CHECK(run("a", "ab") == PATTERN_NO);
	CHECK(run("b", "ab") == PATTERN_NO);
	CHECK(run("a|ab", "ab") == PATTERN_YES);
	CHECK(run("", "") == PATTERN_YES);
	CHECK(run("\303\234.", "\303\274\303\237") == PATTERN_YES);
	CHECK(run("(?<x>a)\\k<x>", "aa") == PATTERN_YES);
	CHECK(!compiles("(a"));
	CHECK(!compiles("(a)\\1"));
	CHECK(!compiles("a\\Cb"));
	CHECK(!compiles("a(?C1)b"));
	CHECK(!compiles("\377"));
}

static void
test_bombs_end_at_a_limit(void)
{
	static const char a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc";

	CHECK(run("(a*)*b", a) == PATTERN_LIMIT);
	CHECK(run("(a|a)*b", a) == PATTERN_LIMIT);
	CHECK(run("(a|aa)+b", a) == PATTERN_LIMIT);
	CHECK(run("(.*)*.*b", a) == PATTERN_LIMIT);
	CHECK(run("(a|a)*(x?){900}b", a) == PATTERN_LIMIT);
	CHECK(run("(a*|(?R))*b", a) == PATTERN_LIMIT);
	/* raising the limits is not the pattern's to do */
	CHECK(run("(*LIMIT_MATCH=4000000000)(a*)*b", a) == PATTERN_LIMIT);
	/* many states */
	CHECK(!compiles("(a?){5000}a{5000}"));
	CHECK(!compiles("(a|b|c){3000}"));
	CHECK(!compiles("((a{0,100}){0,100}){0,100}"));
	CHECK(run("a{10000}", a) == PATTERN_NO);
	/* an honest list of names comes to its end */
	CHECK(run("(alice|bob|carol|dave|eve|[a-z]+\\.[a-z]+)(\\+\\w+)?", a) ==
	      PATTERN_NO);
}

static void
test_pattern_sizes(void)
{
	char text[NODE_PATTERN_MAX + 2];

	memset(text, 'a', sizeof(text));
	text[NODE_PATTERN_MAX] = '\0';
	CHECK(compiles(text));
	text[NODE_PATTERN_MAX] = 'a';
	text[NODE_PATTERN_MAX + 1] = '\0';
	CHECK(!compiles(text));
	memset(text, '(', NODE_NEST_MAX);
	memset(text + NODE_NEST_MAX, ')', NODE_NEST_MAX);
	text[2 * NODE_NEST_MAX] = '\0';
	CHECK(compiles(text));
	memset(text, '(', NODE_NEST_MAX + 1);
	memset(text + NODE_NEST_MAX + 1, ')', NODE_NEST_MAX + 1);
	text[2 * NODE_NEST_MAX + 2] = '\0';
	CHECK(!compiles(text));
}

static void
test_bomb_defers_what_nothing_else_takes(void)
{
	static const char bombs[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc@bob.example";
	struct nodes *nodes;

	put_carol(MANIFEST("carol", "  c: {matches: c}\n"));
	put("bob.yaml", MANIFEST("bob", "  bomb: {matches: '(a*)*b'}\n"));
	nodes = load();
	CHECK(asks(nodes, bombs, "451 4.3.0"));
	CHECK(asks(nodes, "c@bob.example", "550 5.1.1"));
	nodes_free(nodes);
	put("bob.yaml", MANIFEST("bob", "  bomb: {matches: '(a*)*b'}\n"
					"  rest: {matches: '.*'}\n"));
	nodes = load();
	CHECK(asks(nodes, bombs, "backup rest"));
	nodes_free(nodes);
	put("bob.yaml",
	    MANIFEST("bob", "  bomb: {matches: '(a*)*b'}\n"
			    "  rest: {matches: '.*', expires: 2020-01-01}\n"));
	nodes = load();
	CHECK(asks(nodes, bombs, "451 4.3.0"));
	nodes_free(nodes);
}

static void
test_names_and_reach(void)
{
	CHECK(value_is_name("a") && value_is_name("A-b_c.9"));
	CHECK(!value_is_name("") && !value_is_name(".a") &&
	      !value_is_name("-a") && !value_is_name("../x") &&
	      !value_is_name("a/b") && !value_is_name("a b"));
	CHECK(value_is_reach("ssh://pimail@carol.example.net"));
	CHECK(value_is_reach("ssh://carol:2222") && value_is_reach("uucp://c"));
	CHECK(!value_is_reach("ssh://-oProxyCommand=x"));
	CHECK(!value_is_reach("ssh://-oProxyCommand"));
	CHECK(!value_is_reach("ssh://a@-b") && !value_is_reach("ssh://a@b@c"));
	CHECK(!value_is_reach("ssh://a b") && !value_is_reach("ssh://a;b"));
	CHECK(!value_is_reach("ssh://a:0") && !value_is_reach("ssh://a:65536"));
	CHECK(!value_is_reach("ssh://") && !value_is_reach("a") &&
	      !value_is_reach("") && !value_is_reach("://a"));
}

/* What a manifest with these lines below "node:" is; NULL if it is broken. */
static struct manifest *
parse(const char *lines)
{
	char text[1000];

	snprintf(text, sizeof(text),
	    "node:\n  name: a\n  host: a.example\n  domains: [a.example]\n"
	    "%smailboxes: {a: {matches: a}}\n",
	    lines);
	return manifest_parse(span_of(text), NULL, "a");
}

static bool
is_good(const char *lines)
{
	struct manifest *manifest = parse(lines);
	bool good = manifest != NULL;

	manifest_free(manifest);
	return good;
}

static void
test_serial_addresses_and_dynamic_are_optional(void)
{
	struct manifest *manifest;

	manifest = parse("");
	CHECK(manifest != NULL && manifest->serial == 0 &&
	      manifest->addresses == NULL && !manifest->dynamic);
	manifest_free(manifest);
	manifest = parse("  serial: 2026112100\n  dynamic: yes\n"
			 "  addresses: [192.0.2.1, 2001:db8::1]\n");
	CHECK(manifest != NULL && manifest->serial == 2026112100 &&
	      manifest->dynamic && manifest->addresses->count == 2);
	if (manifest != NULL)
		CHECK(strcmp(manifest->addresses->child->next->text,
			  "2001:db8::1") == 0);
	manifest_free(manifest);
	CHECK(is_good("  dynamic: no\n"));
	CHECK(!is_good("  dynamic: true\n") && !is_good("  dynamic: [yes]\n"));
}

static void
test_serials(void)
{
	CHECK(is_good("  serial: 1\n"));
	CHECK(is_good("  serial: 9007199254740991\n"));
	CHECK(!is_good("  serial: 9007199254740992\n"));
	CHECK(!is_good("  serial: 0\n") && !is_good("  serial: 01\n"));
	CHECK(!is_good("  serial: -1\n") && !is_good("  serial: 1.5\n"));
	CHECK(!is_good("  serial: 18446744073709551617\n"));
	CHECK(!is_good("  serial: ''\n") && !is_good("  serial: [1]\n"));
}

static void
test_addresses(void)
{
	char lines[400] = "  addresses: [192.0.2.1";
	int i;

	CHECK(value_address("192.0.2.1") == AF_INET);
	CHECK(value_address("127.0.0.2") == AF_INET);
	CHECK(value_address("2001:db8::1") == AF_INET6);
	CHECK(value_address("::1") == AF_INET6);
	CHECK(value_address("") == 0 && value_address("a.example") == 0);
	CHECK(value_address("192.0.2.256") == 0);
	CHECK(value_address("192.0.2") == 0);
	CHECK(value_address("192.0.2.1 ") == 0);
	CHECK(value_address("fe80::1%eth0") == 0);
	CHECK(value_address("0.0.0.0") == 0 && value_address("::") == 0);
	CHECK(value_address("224.0.0.1") == 0 && value_address("ff02::1") == 0);
	CHECK(value_address("255.255.255.255") == 0);
	CHECK(!is_good("  addresses: 192.0.2.1\n"));
	CHECK(!is_good("  addresses: []\n"));
	CHECK(!is_good("  addresses: [[192.0.2.1]]\n"));
	CHECK(!is_good("  addresses: [192.0.2.1, carol]\n"));
	for (i = 1; i < NODE_ADDRESSES_MAX; i++)
		strcat(lines, ", 192.0.2.1");
	strcat(lines, "]\n");
	CHECK(is_good(lines));
	strcpy(strchr(lines, ']'), ", 192.0.2.1]\n");
	CHECK(!is_good(lines));
}

int
main(void)
{
	err_init("nodes");
	if (mkdtemp(dir) == NULL)
		fatal("cannot make a directory");
	TEST(first_mailbox_that_matches_gets_it);
	TEST(subaddress_is_tried_after_the_whole);
	TEST(expiry_is_an_end_without_a_trace);
	TEST(days);
	TEST(postmaster_and_abuse_are_always_accepted);
	TEST(owner_chooses_its_backups);
	TEST(domain_has_one_spelling);
	TEST(first_claim_on_a_domain_holds);
	TEST(broken_manifest_never_means_no);
	TEST(last_good_manifest_stays);
	TEST(without_own_manifest_there_is_nothing);
	TEST(self_may_be_a_file);
	TEST(patterns);
	TEST(bombs_end_at_a_limit);
	TEST(pattern_sizes);
	TEST(bomb_defers_what_nothing_else_takes);
	TEST(names_and_reach);
	TEST(serial_addresses_and_dynamic_are_optional);
	TEST(serials);
	TEST(addresses);
	clear();
	rmdir(dir);
	return test_end();
}
