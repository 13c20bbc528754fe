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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "node/domain.h"
#include "node/draft.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/nodes.h"
#include "node/value.h"
#include "seal/openpgp.h"
#include "seal/selfseal.h"

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

static void
compose(struct buf *text)
{
	const struct draft draft = {
	    node.name, node.host, node.domain, node.key};

	buf_reset(text);
	if (draft_write(&draft, text) < 0)
		fatal("'%s' cannot be made a node's name, or '%s' its host",
		    node.name, node.host);
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

/* A command, with the directories that it would not find by itself. */
static void
put_command(const char *command, bool takes_keys)
{
	fputs(command, stdout);
	if (strcmp(node.nodes, conf_environment(NODES_ENV, NODES_DIR)) != 0)
		printf(" -n %s", node.nodes);
	if (takes_keys && strcmp(node.keys, conf_environment(OPENPGP_KEYS_ENV,
						OPENPGP_KEYS)) != 0)
		printf(" -k %s", node.keys);
}

static void
say_what_is_next(void)
{
	char key[VALUE_SPACED_SIZE];
	size_t i;

	printf("%s/%s" NODEFILE_MANIFEST " is the manifest of your node.\n\n",
	    node.nodes, node.name);
	put_command("1. Edit it, then: rcpt-check -t", false);
	put_command(" && node-manifest", true);
	printf(" sign -s\n"
	       "2. Keep a copy of %s in a safe place.\n"
	       "3. Give these to your friends, from %s:\n"
	       "\t",
	    node.keys, node.nodes);
	for (i = 0; i < nitems(suffixes); i++)
		printf("%s%s%s", i > 0 ? " " : "", node.name, suffixes[i]);
	printf("\n4. Read this to them by telephone or face to face, and let"
	       " them read theirs:\n\t%s\n"
	       "5. Of theirs, in the same directory: ",
	    value_spaced(node.key, key));
	put_command("node-manifest", true);
	puts(" pin NAME.yaml >NAME.pin");
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
	node.nodes = conf_environment(NODES_ENV, NODES_DIR);
	node.keys = conf_environment(OPENPGP_KEYS_ENV, OPENPGP_KEYS);
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
	compose(&text);
	make_files(openpgp, buf_span(&text));
	openpgp_free(openpgp);
	buf_free(&text);
	say_what_is_next();
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write to standard output: %s", strerror(errno));
	return STATUS_OK;
}
