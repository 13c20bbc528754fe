/* opener: what a sealer made for a node, and by whom, with a real gpg. */
#include "peer/opener.h"
#include "parties.h"
#include "peer/sealer.h"

static struct party carol;
static struct roster roster;
static struct opener opener;
static struct opened opened;
static struct message sealed;
static const char *why;

/* The manifest and the key of a node in the directory that bob has. */
static void
put_node(const char *name, const struct party *party)
{
	char path[DIR_SIZE * 2], text[400];

	snprintf(path, sizeof(path), "%s/nodes/%s.yaml", top, name);
	snprintf(text, sizeof(text),
	    "node: {name: %s, host: %s.example.net, domains: [%s.example],"
	    " key: %s}\nmailboxes: {all: {matches: '.*'}}\n",
	    name, name, name, party->fingerprint);
	write_file(path, span_of(text));
	snprintf(path, sizeof(path), "%s/nodes/%s.asc", top, name);
	write_file(path, buf_span(&party->key));
}

/* What that party seals for bob, in our own form or for his mailbox. */
static void
seal_by(const struct party *party, bool signs, bool at_rest)
{
	const struct sealer_target target = {.name = "bob",
	    .host = "bob.example.net",
	    .fingerprint = bob.fingerprint,
	    .file = bob.file,
	    .date = at_rest ? 1767607200 : 0};
	struct sealer sealer = {
	    .openpgp = party->openpgp, .signs = signs, .at_rest = at_rest};
	struct frame frame;

	frame_init(&frame);
	CHECK(selfseal_load(&sealer.selfseal, party->dir, true) == 0);
	CHECK(frame_add(&frame, "id", span_of("a1")) == 0 &&
	      frame_add(&frame, "direction", span_of("inbound")) == 0 &&
	      frame_add(&frame, "node", span_of("bob")) == 0 &&
	      message_add(&frame.message, "a: b\n\nc\n", 8) == 0);
	CHECK(sealer_seal(&sealer, &frame, &target, &why) == SEALER_DONE);
	message_move(&sealed, &frame.message);
	frame_free(&frame);
	selfseal_forget(&sealer.selfseal);
	arena_free(&sealer.keyend.arena);
}

/* Opens it; what was wrong if it is not done, and then nothing has come out. */
static enum opener_result
open_for(const char *owner)
{
	enum opener_result result;

	frame_reset(&opened.inner);
	why = NULL;
	result = opener_open(&opener, &sealed, owner, &opened, &why);
	CHECK((result == OPENER_DONE) == (why == NULL));
	if (result != OPENER_DONE)
		CHECK(opened.inner.fields.len == 0 &&
		      message_size(&opened.inner.message) == 0);
	return result;
}

static void
test_what_was_sealed_for_a_node_is_opened_there(void)
{
	seal_by(&alice, true, false);
	CHECK(open_for("bob") == OPENER_DONE);
	CHECK(strcmp(opened.signer, alice.fingerprint) == 0);
	CHECK(span_is(buf_span(&opened.inner.fields),
	    "id: a1\ndirection: inbound\nnode: bob\n"));
	CHECK(is_text(&opened.inner.message, "a: b\n\nc\n"));
}

static void
test_what_was_sealed_for_another_node_is_foreign(void)
{
	seal_by(&alice, true, false);
	CHECK(open_for("carol") == OPENER_FOREIGN);
	CHECK(open_for("bo") == OPENER_FOREIGN);
}

static void
test_what_nobody_signed_is_opened_by_hand_only(void)
{
	seal_by(&alice, false, false);
	CHECK(open_for("bob") == OPENER_UNSIGNED);
	CHECK(open_for(NULL) == OPENER_DONE);
	CHECK(opened.signer[0] == '\0');
	/* of a form for mailboxes no node takes it, signed or not */
	seal_by(&alice, true, true);
	CHECK(open_for("bob") == OPENER_DAMAGED);
	CHECK(open_for(NULL) == OPENER_DONE);
	CHECK(strcmp(opened.signer, alice.fingerprint) == 0);
	CHECK(is_text(&opened.inner.message, "a: b\n\nc\n"));
}

static void
test_keys_of_nodes_are_fetched_for_a_signer_that_gpg_does_not_know(void)
{
	make_party(&carol, "carol");
	seal_by(&carol, true, false);
	CHECK(open_for("bob") == OPENER_NO_KEY);
	put_node("carol", &carol);
	CHECK(roster_look(&roster) != NULL);
	CHECK(open_for("bob") == OPENER_DONE);
	CHECK(strcmp(opened.signer, carol.fingerprint) == 0);
	/* what is for her is for nobody here */
	opener.openpgp = alice.openpgp;
	CHECK(open_for("bob") == OPENER_NO_KEY);
	opener.openpgp = bob.openpgp;
	end_party(&carol);
}

static void
test_anything_else_is_damaged(void)
{
	char text[8192], *armor;
	size_t len = 0;
	ssize_t n;

	seal_by(&alice, true, false);
	while ((n = message_read(
		    &sealed, len, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	armor = strstr(text, "-----BEGIN PGP MESSAGE-----\n\n");
	CHECK(armor != NULL && strlen(armor) > 1000);
	if (armor != NULL)
		armor[500] = armor[500] == 'A' ? 'B' : 'A';
	message_free(&sealed);
	fill(&sealed, text);
	CHECK(open_for("bob") == OPENER_DAMAGED);
	message_free(&sealed);
	fill(&sealed, "Subject: hello\n\nno seal\n");
	CHECK(open_for("bob") == OPENER_DAMAGED);
	CHECK(open_for(NULL) == OPENER_DAMAGED);
}

int
main(int argc, char **argv)
{
	char dir[DIR_SIZE];

	(void)argc;
	err_init(argv[0]);
	begin_all();
	snprintf(dir, sizeof(dir), "%s/nodes", top);
	message_init(&sealed);
	frame_init(&opened.inner);
	if (mkdir(dir, 0700) < 0 ||
	    symlink("bob.yaml", in_top("nodes/self.yaml")) < 0)
		fatal("cannot make a directory of nodes");
	put_node("alice", &alice);
	put_node("bob", &bob);
	roster_init(&roster, dir);
	CHECK(roster_look(&roster) != NULL);
	opener.openpgp = bob.openpgp;
	opener.roster = &roster;
	TEST(what_was_sealed_for_a_node_is_opened_there);
	TEST(what_was_sealed_for_another_node_is_foreign);
	TEST(what_nobody_signed_is_opened_by_hand_only);
	TEST(keys_of_nodes_are_fetched_for_a_signer_that_gpg_does_not_know);
	TEST(anything_else_is_damaged);
	frame_free(&opened.inner);
	message_free(&sealed);
	roster_free(&roster);
	end_all();
	return test_end();
}
