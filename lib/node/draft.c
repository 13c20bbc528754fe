#include <inttypes.h>
#include <time.h>

#include "node/draft.h"
#include "node/manifest.h"
#include "node/serial.h"

/* A name that is a pattern for itself. */
static void
add_pattern(struct buf *text, const char *name)
{
	for (; *name != '\0'; name++)
		buf_addf(text, "%s%c", *name == '.' ? "\\" : "", *name);
}

static void
add_node(const struct draft *draft, struct buf *text)
{
	const char *quote = draft->domain[0] == '[' ? "'" : "";

	buf_addf(text,
	    "# The manifest of the node %s; node(5) has all that can stand"
	    " here.\n"
	    "#\n"
	    "# Friends get a copy: it says which addresses are good, so that"
	    " they can take\n"
	    "# mail for you while you are away.  After each change:\n"
	    "#\n"
	    "#\trcpt-check -t && node-manifest sign -s\n"
	    "\n"
	    "node:\n"
	    "  name: %s\n"
	    "\n"
	    "  # The name of your mail server in the DNS.\n"
	    "  host: %s\n"
	    "\n"
	    "  # What stands behind the @ of your addresses.\n"
	    "  domains:\n"
	    "    - %s%s%s\n"
	    "\n"
	    "  # Your OpenPGP key, which node-init has made: mail that waits"
	    " for you at a\n"
	    "  # friend's is encrypted to it.\n"
	    "  key: %s\n"
	    "\n",
	    draft->name, draft->name, draft->host, quote, draft->domain, quote,
	    draft->key);
	buf_addf(text,
	    "  # How friends bring you that mail.\n"
	    "  reach: ssh://pimail@%s\n"
	    "\n"
	    "  # Which version this is; 'node-manifest sign -s' raises it.\n"
	    "  serial: %" PRIu64 "\n"
	    "\n"
	    "  # Your addresses on the internet, for the records of your zone,"
	    " and whether\n"
	    "  # they change from time to time, as most people's at home do.\n"
	    "  #addresses: [192.0.2.1, '2001:db8::1']\n"
	    "  #dynamic: yes\n"
	    "\n",
	    draft->host, serial_next(0, time(NULL)));
	buf_adds(text,
	    "  # Who may take mail for you.  Without this, every node that has"
	    " your manifest.\n"
	    "  #backups: {only: [alice, dave]}\n"
	    "  #backups: {except: [mallory]}\n"
	    "\n"
	    "  # What you keep for others: for whom, how much at a time, how"
	    " long.\n"
	    "  stores: {for: all, bytes: 500M, days: 30}\n"
	    "\n");
}

static void
add_mailboxes(const struct draft *draft, struct buf *text)
{
	buf_adds(text,
	    "# Who gets what: the first mailbox whose pattern matches what"
	    " stands before\n"
	    "# the @, without what follows a '+' there.  Patterns are regular"
	    " expressions.\n"
	    "mailboxes:\n");
	buf_addf(text, "  %s:\n    matches: '", draft->name);
	add_pattern(text, draft->name);
	buf_adds(text,
	    "'\n"
	    "\n"
	    "  # An address for a shop, and one for everybody, which you can"
	    " change when\n"
	    "  # spam has found it.\n"
	    "  #shops: {matches: 'shop-[a-z]+', expires: 2030-12-31}\n"
	    "  #contact: {matches: 'talktome|contact0613'}\n"
	    "\n"
	    "  # All the rest; this invites spam.\n"
	    "  #rest: {matches: '.*'}\n"
	    "\n"
	    "# Who gets mail for postmaster and abuse.\n");
	buf_addf(text, "postmaster: %s\n", draft->name);
}

int
draft_write(const struct draft *draft, struct buf *text)
{
	struct manifest *manifest;

	add_node(draft, text);
	add_mailboxes(draft, text);
	manifest = manifest_parse(buf_span(text), "the manifest", draft->name);
	if (manifest == NULL)
		return -1;
	manifest_free(manifest);
	return 0;
}
