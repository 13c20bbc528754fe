/*
 * node-manifest: signs our own manifest, and takes those of others.
 *
 * - What is believed of another node is settled by hand, once, by two people
 *   who read a fingerprint to each other: `pin` prints what they compare, and
 *   does not put it in place.
 * - A detached signature: the manifest stays the text that its owner wrote,
 * with the comments in it, for every program that reads YAML.
 * - `import` is the same code as what relay-retry does with what it is offered.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "node/changes.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/nodes.h"
#include "node/pin.h"
#include "node/value.h"
#include "peer/import.h"
#include "peer/overview.h"
#include "peer/signing.h"

static struct {
	const char *nodes;
	const char *keys;
	bool raise; /* sign -s */
} settings;

static void
usage(void)
{
	usage_exit("[-k keydir] [-n dir] sign [-s]\n"
		   "       node-manifest [-k keydir] [-n dir] verify"
		   " [node | file.yaml]\n"
		   "       node-manifest [-k keydir] [-n dir] import"
		   " file.yaml\n"
		   "       node-manifest [-k keydir] [-n dir] import node"
		   " <parcel\n"
		   "       node-manifest [-k keydir] [-n dir] list\n"
		   "       node-manifest [-n dir] diff file.yaml\n"
		   "       node-manifest [-k keydir] [-n dir] pin file.yaml");
}

static struct openpgp *
need_openpgp(void)
{
	struct openpgp *openpgp = openpgp_new(settings.keys);

	if (openpgp == NULL)
		fatal("cannot use the key directory '%s'", settings.keys);
	return openpgp;
}

static void
locate(struct papers *papers, const char *operand)
{
	if (papers_locate(papers, settings.nodes, operand) < 0)
		fatal("there is no such manifest");
}

static int
run_sign(const char *operand)
{
	struct openpgp *openpgp = need_openpgp();
	struct papers own;

	(void)operand;
	signing_read_own(&own, settings.nodes);
	signing_sign(&own, openpgp, settings.raise);
	printf("%s" NODEFILE_MANIFEST ": signed, serial %" PRIu64 ", key %s\n",
	    own.name, own.manifest->serial, own.manifest->key);
	papers_free(&own);
	openpgp_free(openpgp);
	return STATUS_OK;
}

static int
run_verify(const char *operand)
{
	struct openpgp *openpgp = need_openpgp();
	struct papers papers, own;
	int status;

	if (operand == NULL) {
		signing_read_own(&own, settings.nodes);
		locate(&papers, own.name);
		papers_free(&own);
	} else
		locate(&papers, operand);
	status = papers_verify(&papers, openpgp, false);
	if (status == STATUS_OK)
		printf("%s" NODEFILE_MANIFEST ": good, serial %" PRIu64
		       ", key %s, %s\n",
		    papers.name, papers.manifest->serial, papers.manifest->key,
		    papers.pin != NULL ? "pinned" : "not pinned");
	papers_free(&papers);
	openpgp_free(openpgp);
	return status;
}

/* Takes a parcel from standard input.  0, or -1 if it is none. */
static int
take_parcel(struct papers *papers)
{
	struct io_in in;
	ssize_t n;

	buf_init(&papers->text, PARCEL_MAX);
	io_in_init(&in, STDIN_FILENO);
	while ((n = io_in_fill(&in, 1)) > 0 &&
	       buf_add(&papers->text, in.buf + in.pos, (size_t)n))
		in.pos = in.len;
	if (n < 0)
		fatal("cannot read standard input: %s", strerror(errno));
	io_in_free(&in);
	if (n == 0 &&
	    parcel_read(&papers->parcel, buf_span(&papers->text)) == 0)
		return 0;
	warning("that is no parcel");
	return -1;
}

static int
run_import(const char *operand)
{
	struct openpgp *openpgp = need_openpgp();
	enum import_result result = IMPORT_DONE;
	struct papers papers;

	locate(&papers, operand);
	if (papers_is_file(operand)) {
		if (papers_load(&papers) < 0)
			result = IMPORT_FAILED;
	} else if (take_parcel(&papers) < 0)
		result = IMPORT_REFUSED;
	if (result == IMPORT_DONE)
		result = import_parcel(
		    openpgp, settings.nodes, papers.name, &papers.parcel);
	if (result == IMPORT_DONE || result == IMPORT_OLD)
		printf("%s" NODEFILE_MANIFEST ": %s, serial %" PRIu64 "\n",
		    papers.name,
		    result == IMPORT_DONE ? "taken" : "nothing newer",
		    import_serial(settings.nodes, papers.name));
	papers_free(&papers);
	openpgp_free(openpgp);
	return result == IMPORT_REFUSED  ? STATUS_REJECT
	       : result == IMPORT_FAILED ? STATUS_DEFER
					 : STATUS_OK;
}

static int
run_list(const char *operand)
{
	/* without it nothing is checked, which is said in the list */
	struct openpgp *openpgp = openpgp_new(settings.keys);
	int status;

	(void)operand;
	status = overview_print(settings.nodes, openpgp);
	openpgp_free(openpgp);
	return status;
}

/* Why a manifest would not be taken, its signature aside; or NULL. */
static const char *
objection(const struct papers *fresh, const struct papers *old)
{
	if (fresh->pin == NULL)
		return "the node is not pinned";
	if (papers_against_pin(fresh) != NULL)
		return papers_against_pin(fresh);
	if (fresh->manifest->serial == 0)
		return "it has no serial";
	if (old->manifest != NULL &&
	    old->manifest->serial >= fresh->manifest->serial)
		return "its serial is not above that of the one we have";
	return NULL;
}

static int
run_diff(const char *operand)
{
	struct buf changes = BUF_INIT(CHANGES_MAX);
	struct papers fresh, old;
	const char *why;
	char *path;

	locate(&fresh, operand);
	if (papers_manifest(&fresh) < 0 || papers_pin(&fresh) < 0)
		fatal("cannot compare '%s'", operand);
	locate(&old, fresh.name);
	path = nodefile_path(settings.nodes, fresh.name, NODEFILE_MANIFEST);
	if ((access(path, F_OK) == 0 || errno != ENOENT) &&
	    papers_manifest(&old) < 0)
		fatal("cannot compare '%s'", operand);
	free(path);
	changes_list(old.manifest != NULL ? old.manifest->tree : NULL,
	    fresh.manifest->tree, &changes);
	fputs(buf_str(&changes), stdout);
	why = changes.len > 0 ? objection(&fresh, &old) : NULL;
	if (why != NULL)
		warning("%s would be refused: %s", operand, why);
	buf_free(&changes);
	papers_free(&fresh);
	papers_free(&old);
	return why != NULL ? STATUS_REJECT : STATUS_OK;
}

static void
put_pin(const struct manifest *manifest)
{
	struct buf text = BUF_INIT(NODE_PIN_MAX);
	char key[VALUE_SPACED_SIZE];

	pin_write(manifest, &text);
	printf("# Compare this with whose node it is, by telephone or face to"
	       " face:\n#\n#\tnode\t%s\n#\tkey\t%s\n#\n"
	       "# Then put it into %s/%s" NODEFILE_PIN "\n%s",
	    manifest->name, value_spaced(manifest->key, key), settings.nodes,
	    manifest->name, buf_str(&text));
	buf_free(&text);
}

static int
run_pin(const char *operand)
{
	struct openpgp *openpgp = need_openpgp();
	struct papers papers;
	int status;

	locate(&papers, operand);
	status = papers_verify(&papers, openpgp, true);
	if (status == STATUS_OK)
		put_pin(papers.manifest);
	papers_free(&papers);
	openpgp_free(openpgp);
	return status;
}

/* The subcommands, and how many operands each has. */
static const struct {
	const char *name;
	int least, most;
	int (*run)(const char *operand);
} commands[] = {
    {"diff", 1, 1, run_diff},
    {"import", 1, 1, run_import},
    {"list", 0, 0, run_list},
    {"pin", 1, 1, run_pin},
    {"sign", 0, 0, run_sign},
    {"verify", 0, 1, run_verify},
};

static void
take_options(int argc, char **argv)
{
	int c;

	settings.nodes = conf_environment(NODES_ENV, NODES_DIR);
	settings.keys = conf_environment(OPENPGP_KEYS_ENV, OPENPGP_KEYS);
	while ((c = getopt(argc, argv, "k:n:")) != -1)
		switch (c) {
		case 'k':
			settings.keys = optarg;
			break;
		case 'n':
			settings.nodes = optarg;
			break;
		default:
			usage();
		}
}

int
main(int argc, char **argv)
{
	size_t i;
	int c, status;

	err_init(argv[0]);
	file_sane_stdio();
	take_options(argc, argv);
	argc -= optind;
	argv += optind;
	for (i = 0; argc > 0 && i < nitems(commands); i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			break;
	if (argc == 0 || i == nitems(commands))
		usage();
	optind = 1;
	while ((c = getopt(argc, argv, "s")) != -1) {
		if (c != 's')
			usage();
		settings.raise = true;
	}
	if (optind < argc - commands[i].most ||
	    optind > argc - commands[i].least ||
	    (settings.raise && commands[i].run != run_sign))
		usage();
	status = commands[i].run(argv[optind]);
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write to standard output: %s", strerror(errno));
	return status;
}
