/*
 * node-init: makes what a new node begins with: a key pair, a first manifest
 * and its signature.
 *
 * - The manifest is for a person who edits it, so it explains itself.
 * - Nothing that is there is overwritten, ever: a key pair and a secret are
 *   used as they are, and a file of the node's name ends it before anything is
 *   made.
 * - Each file is whole or not there; self.yaml is the last one, for without it
 *   no other program takes the directory for a node's.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "node/limits.h"
#include "node/manifest.h"
#include "node/nodefile.h"
#include "node/serial.h"
#include "seal/openpgp.h"
#include "seal/selfseal.h"

#define DEFAULT_NODES "/etc/pimail/nodes"
#define DEFAULT_KEYS "/var/lib/pimail/keys"
#define GROUP 4 /* digits of a fingerprint, as people read them */

static struct {
	const char *nodes;
	const char *keys;
	const char *name;
	const char *given; /* the domain, as it was given */
	char domain[ADDRESS_DOMAIN_MAX + 1];
	char host[ADDRESS_DOMAIN_MAX + 1];
	char key[OPENPGP_FINGERPRINT_SIZE];
} node;

static const char *const suffixes[] = {
    NODEFILE_MANIFEST, NODEFILE_KEY, NODEFILE_SIGNATURE};

static void
usage(void)
{
	usage_exit("[-H host] [-k keydir] [-n dir] name domain");
}

/* Makes a directory and those above it, if they are not there. */
static void
make_directory(const char *path, mode_t mode)
{
	char *copy = strdup(path), *slash;

	if (copy == NULL)
		fatal("out of memory");
	for (slash = copy; (slash = strchr(slash + 1, '/')) != NULL;) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			fatal("cannot make '%s': %s", copy, strerror(errno));
		*slash = '/';
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		fatal("cannot make '%s': %s", path, strerror(errno));
	free(copy);
}

static void
refuse_if_there(const char *name, const char *suffix)
{
	char *path = nodefile_path(node.nodes, name, suffix);
	struct stat st;

	if (lstat(path, &st) == 0)
		fatal("'%s' is there already; nothing was changed", path);
	if (errno != ENOENT)
		fatal("cannot look at '%s': %s", path, strerror(errno));
	free(path);
}

/* A name that is a pattern for itself. */
static void
add_pattern(struct buf *text, const char *name)
{
	for (; *name != '\0'; name++)
		buf_addf(text, "%s%c", *name == '.' ? "\\" : "", *name);
}

static void
add_node(struct buf *text)
{
	const char *quote = node.domain[0] == '[' ? "'" : "";

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
	    node.name, node.name, node.host, quote, node.domain, quote,
	    node.key);
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
	    node.host, serial_next(0, time(NULL)));
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
add_mailboxes(struct buf *text)
{
	buf_adds(text,
	    "# Who gets what: the first mailbox whose pattern matches what"
	    " stands before\n"
	    "# the @, without what follows a '+' there.  Patterns are regular"
	    " expressions.\n"
	    "mailboxes:\n");
	buf_addf(text, "  %s:\n    matches: '", node.name);
	add_pattern(text, node.name);
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
	buf_addf(text, "postmaster: %s\n", node.name);
}

/* The manifest, which no other program may find fault with. */
static void
compose(struct buf *text)
{
	struct manifest *manifest;

	add_node(text);
	add_mailboxes(text);
	manifest = manifest_parse(buf_span(text), "the manifest", node.name);
	if (manifest == NULL)
		fatal("'%s' cannot be made a node's name, or '%s' its host",
		    node.name, node.host);
	manifest_free(manifest);
}

/* The key pair and the secret in the key directory: those that are there, or
 * new ones. */
static struct openpgp *
make_keys(void)
{
	struct openpgp *openpgp;
	struct selfseal selfseal;
	enum openpgp_result result;

	make_directory(node.keys, 0700);
	openpgp = openpgp_new(node.keys);
	if (openpgp == NULL)
		fatal("cannot use the key directory '%s'", node.keys);
	result = openpgp_own(openpgp, node.key);
	if (result == OPENPGP_NO_KEY)
		result = openpgp_make(openpgp, node.name, node.host, node.key);
	else if (result == OPENPGP_OK)
		info("using the key that is in '%s'", node.keys);
	if (result != OPENPGP_OK)
		fatal("cannot make a key: %s", openpgp_why(openpgp));
	if (selfseal_load(&selfseal, node.keys, true) < 0)
		fatal("cannot make a secret in '%s': %s", node.keys,
		    strerror(errno));
	selfseal_forget(&selfseal);
	return openpgp;
}

static void
write_file(int dir, const char *suffix, struct span text)
{
	char *path = nodefile_path(node.nodes, node.name, suffix);

	if (file_create(dir, strrchr(path, '/') + 1, text, 0644) < 0)
		fatal("cannot make '%s': %s", path, strerror(errno));
	free(path);
}

/* All that is to be written is there before anything is. */
static void
make_files(struct openpgp *openpgp, struct span manifest)
{
	struct buf signature = BUF_INIT(OPENPGP_SIGNATURE_MAX);
	struct buf key = BUF_INIT(OPENPGP_KEY_MAX);
	char *path = nodefile_path("", node.name, NODEFILE_MANIFEST);
	int dir = open(node.nodes, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		fatal("cannot open '%s': %s", node.nodes, strerror(errno));
	if (openpgp_sign(openpgp, manifest, &signature) != OPENPGP_OK ||
	    openpgp_export(openpgp, node.key, &key) != OPENPGP_OK)
		fatal("cannot sign: %s", openpgp_why(openpgp));
	write_file(dir, NODEFILE_KEY, buf_span(&key));
	write_file(dir, NODEFILE_MANIFEST, manifest);
	write_file(dir, NODEFILE_SIGNATURE, buf_span(&signature));
	if (symlinkat(strrchr(path, '/') + 1, dir, NODEFILE_SELF) < 0 ||
	    fsync(dir) < 0)
		fatal("cannot make '%s/" NODEFILE_SELF "': %s", node.nodes,
		    strerror(errno));
	close(dir);
	free(path);
	buf_free(&signature);
	buf_free(&key);
}

static void
say_what_is_next(void)
{
	size_t i;

	printf("%s/%s" NODEFILE_MANIFEST " is the manifest of your node.\n\n",
	    node.nodes, node.name);
	printf("1. Edit it, then: rcpt-check -t && node-manifest sign -s\n"
	       "2. Keep a copy of %s in a safe place.\n"
	       "3. Give these to your friends, from %s:\n"
	       "\t",
	    node.keys, node.nodes);
	for (i = 0; i < nitems(suffixes); i++)
		printf("%s%s%s", i > 0 ? " " : "", node.name, suffixes[i]);
	printf("\n4. Read this to them by telephone or face to face, and let"
	       " them read theirs:\n\t");
	for (i = 0; node.key[i] != '\0'; i++)
		printf("%s%c", i > 0 && i % GROUP == 0 ? " " : "", node.key[i]);
	printf("\n5. Of theirs, in the same directory: node-manifest pin"
	       " NAME.yaml >NAME.pin\n");
}

/* What is in the host and the domain is as it stands in the DNS. */
static void
take_operands(char **argv, const char *host)
{
	struct buf text = BUF_INIT(ADDRESS_DOMAIN_MAX + 8);

	node.name = argv[0];
	node.given = argv[1];
	if (domain_normal(node.domain, node.given) < 0)
		fatal("'%s' is not a domain", node.given);
	if (host == NULL) {
		if (node.domain[0] == '[')
			fatal("of '%s' no host is known: -H says it",
			    node.domain);
		buf_addf(&text, "mail.%s", node.domain);
		host = buf_str(&text);
	}
	if (domain_normal(node.host, host) < 0)
		fatal("'%s' is not a host", host);
	buf_free(&text);
}

static const char *
from_environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0' ? value : otherwise;
}

int
main(int argc, char **argv)
{
	struct buf text = BUF_INIT(NODE_FILE_MAX);
	const char *host = NULL;
	struct openpgp *openpgp;
	size_t i;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	node.nodes = from_environment("PIMAIL_NODES", DEFAULT_NODES);
	node.keys = from_environment("PIMAIL_KEYS", DEFAULT_KEYS);
	while ((c = getopt(argc, argv, "H:k:n:")) != -1)
		switch (c) {
		case 'H':
			host = optarg;
			break;
		case 'k':
			node.keys = optarg;
			break;
		case 'n':
			node.nodes = optarg;
			break;
		default:
			usage();
		}
	if (argc - optind != 2)
		usage();
	take_operands(argv + optind, host);
	/* what is wrong with the names is said before a key is made of them */
	memset(node.key, 'A', 40);
	compose(&text);
	make_directory(node.nodes, 0755);
	refuse_if_there(NODEFILE_SELF, "");
	for (i = 0; i < nitems(suffixes); i++)
		refuse_if_there(node.name, suffixes[i]);
	openpgp = make_keys();
	buf_reset(&text);
	compose(&text);
	make_files(openpgp, buf_span(&text));
	openpgp_free(openpgp);
	buf_free(&text);
	say_what_is_next();
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write to standard output: %s", strerror(errno));
	return STATUS_OK;
}
