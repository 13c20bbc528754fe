/*
 * seal: encrypts messages, with their envelopes, to whom they belong to.
 *
 * - What comes out is encrypted or a verdict: there is no path on which the
 *   message is handed on in the clear.
 * - For a node, the frame that comes out has nothing of the one that came in
 *   but its id and its owner.  The envelope is inside; and once more for a
 *   bounce, under a secret of our own.
 * - Only mail from outside is sealed for a node.  What is sealed already is
 *   known by the fields of its frame first: mail from outside that looks so is
 *   sealed like any other.
 * - For one's own mailbox (-r) the fields stay, since delivery needs them.
 * - Keys are pinned by manifest or command line, with the whole fingerprint;
 *   gpg's own trust is not asked.
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
#include "base/scan.h"
#include "mail/stage.h"
#include "node/limits.h"
#include "node/nodefile.h"
#include "node/roster.h"
#include "node/value.h"
#include "peer/sealer.h"
#include "seal/veil.h"

/* Of addresses at rest: RFC 6761, 6.4. */
#define NOBODYS_HOST "sealed.invalid"

#define NO_KEY_NOW "451 4.7.5 Cannot be encrypted now"
#define NO_KEY_EVER "550 5.7.5 Cannot be encrypted: there is no key"
#define TROUBLE "451 4.3.0 Cannot be encrypted now"
#define DISK_FULL "452 4.3.1 Insufficient system storage"
#define TOO_LONG "552 5.3.4 Too long to be encrypted"

struct seal {
	struct roster roster;
	struct sealer sealer;
	const char *fingerprint; /* of -r; NULL: for nodes */
	const char *file;        /* of -f */
	bool reject_no_key;
};

static void
usage(void)
{
	usage_exit("[-k keydir] [-n nodes] [-o name=value]\n"
		   "       seal -r fingerprint [-f file] [-k keydir] "
		   "[-o name=value]");
}

/* Gives the verdict and tells the operator why. */
static void
refuse(struct frame *frame, const char *name, enum verdict verdict,
    const char *reply, const char *why)
{
	struct span id = frame_get(frame, "id");

	if (id.p != NULL)
		event("id=%.*s verdict=%s for='%s' reason='%s'", SPAN_ARG(id),
		    frame_verdict_name(verdict), name, why);
	else
		warning("'%s': %s", name, why);
	frame_verdict(frame, verdict, reply);
}

static void
seal_for(
    struct seal *seal, struct frame *frame, const struct sealer_target *target)
{
	const char *why, *name = target->name;

	switch (sealer_seal(&seal->sealer, frame, target, &why)) {
	case SEALER_DONE:
		if (frame->fields.len > 0)
			event("id=%.*s verdict=pass for='%s' key=%s "
			      "octets=%" PRIu64,
			    SPAN_ARG(frame_get(frame, "id")), name,
			    target->fingerprint, message_size(&frame->message));
		break;
	case SEALER_AS_IT_WAS:
		break;
	case SEALER_NO_KEY:
		if (seal->reject_no_key)
			refuse(frame, name, VERDICT_REJECT, NO_KEY_EVER, why);
		else
			refuse(frame, name, VERDICT_DEFER, NO_KEY_NOW, why);
		break;
	case SEALER_BAD_KEY:
		refuse(frame, name, VERDICT_DEFER, NO_KEY_NOW, why);
		break;
	case SEALER_TOO_LONG:
		refuse(frame, name, VERDICT_REJECT, TOO_LONG, why);
		break;
	case SEALER_NO_ROOM:
		refuse(frame, name, VERDICT_DEFER, DISK_FULL, why);
		break;
	case SEALER_TROUBLE:
		refuse(frame, name, VERDICT_DEFER, TROUBLE, why);
		break;
	}
}

/* When the message came, for those who sort by it. */
static time_t
date_of(const struct frame *frame)
{
	struct span value = frame_get(frame, "received-at");
	struct scan scan;
	uint64_t when;

	scan_init(&scan, value);
	when = scan_number(&scan, INT32_MAX);
	return value.p != NULL && scan_ok(&scan) ? (time_t)when : time(NULL);
}

static void
seal_at_rest(struct frame *frame, void *arg)
{
	struct seal *seal = arg;
	struct sealer_target target = {.name = seal->fingerprint,
	    .host = NOBODYS_HOST,
	    .fingerprint = seal->fingerprint,
	    .file = seal->file,
	    .date = date_of(frame)};

	seal_for(seal, frame, &target);
}

/* Whom a frame is for, if that can be told. */
static const char *
told(struct span node, char name[NODE_NAME_MAX + 1])
{
	snprintf(name, NODE_NAME_MAX + 1, "%.*s", SPAN_ARG(node));
	return node.len <= NODE_NAME_MAX && value_is_name(name) ? name : "?";
}

static void
seal_for_node(struct frame *frame, void *arg)
{
	struct seal *seal = arg;
	const struct manifest *manifest = NULL;
	struct span node = frame_get(frame, "node");
	struct sealer_target target = {0};
	char *file, name[NODE_NAME_MAX + 1];

	if (roster_look(&seal->roster) != NULL)
		manifest = roster_find(&seal->roster, node);
	if (manifest == NULL) {
		refuse(frame, told(node, name), VERDICT_DEFER, TROUBLE,
		    node.p == NULL ? "the frame is for no node"
				   : "there is no manifest of the node");
		return;
	}
	target.name = manifest->name;
	target.host = manifest->host;
	target.fingerprint = manifest->key;
	if (!span_is(frame_get(frame, "direction"), "inbound") &&
	    !sealer_looks_sealed(frame)) {
		refuse(frame, target.name, VERDICT_DEFER, TROUBLE,
		    "the frame is not inbound");
		return;
	}
	file = nodefile_path(seal->roster.dir, target.name, NODEFILE_KEY);
	target.file = file;
	seal_for(seal, frame, &target);
	free(file);
}

/* A fingerprint as gpg writes it. */
static const char *
whole(const char *text)
{
	static char key[OPENPGP_FINGERPRINT_SIZE];
	size_t i;

	if (!value_is_fingerprint(text))
		fatal("-r '%s': not a whole fingerprint", text);
	for (i = 0; text[i] != '\0'; i++)
		key[i] = text[i] >= 'a' ? (char)(text[i] - 'a' + 'A') : text[i];
	return key;
}

/* What needs the key directory.  Without a key of our own nothing can be signed
 * for a node: there is no use in trying. */
static void
prepare(struct seal *seal, const char *keydir, uint64_t gpg_wait)
{
	char own[OPENPGP_FINGERPRINT_SIZE];
	enum openpgp_result result;

	seal->sealer.openpgp =
	    openpgp_new_with(keydir, NULL, (int64_t)gpg_wait);
	if (seal->sealer.openpgp == NULL)
		fatal("cannot use the keys in '%s'", keydir);
	result = openpgp_own(seal->sealer.openpgp, own);
	seal->sealer.signs = result == OPENPGP_OK;
	/* whether there is a key is not known: not signing is no way out */
	if (result == OPENPGP_TROUBLE)
		fatal("cannot look for a key of our own in '%s': %s", keydir,
		    openpgp_why(seal->sealer.openpgp));
	if (seal->fingerprint != NULL)
		return;
	if (!seal->sealer.signs)
		fatal("%s", openpgp_why(seal->sealer.openpgp));
	if (selfseal_load(&seal->sealer.selfseal, keydir, true) < 0)
		fatal("cannot use '%s/self': %s", keydir, strerror(errno));
	if (roster_look(&seal->roster) == NULL)
		fatal("there is no good manifest of our own in '%s'",
		    seal->roster.dir);
}

int
main(int argc, char **argv)
{
	static struct seal seal;
	uint64_t warn = 30, gpg_wait = OPENPGP_WAIT_MS;
	const char *no_key = "defer",
		   *keydir = conf_environment(OPENPGP_KEYS_ENV, OPENPGP_KEYS);
	const struct conf_option options[] = {
	    {"gpg-wait", CONF_SECONDS, &gpg_wait, 100, OPENPGP_WAIT_MAX_MS,
		"seconds without a sign from gpg that it is killed after"},
	    {"no-key", CONF_TEXT, &no_key, 0, 0,
		"defer or reject mail that there is no key for"},
	    {"warn", CONF_COUNT, &warn, 0, 3650,
		"days before a key ends that it is told"},
	};
	const char *nodes = conf_environment(NODES_ENV, NODES_DIR);
	struct stage stage = {.arg = &seal, .keeps_message = true};
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	while ((c = getopt(argc, argv, "f:k:n:o:r:")) != -1)
		switch (c) {
		case 'f':
			seal.file = optarg;
			break;
		case 'k':
			keydir = optarg;
			break;
		case 'n':
			nodes = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'r':
			seal.fingerprint = optarg;
			break;
		default:
			usage();
		}
	if (optind != argc || (seal.file != NULL && seal.fingerprint == NULL))
		usage();
	if (seal.fingerprint != NULL)
		seal.fingerprint = whole(seal.fingerprint);
	if (strcmp(no_key, "defer") != 0 && strcmp(no_key, "reject") != 0)
		fatal("-o 'no-key=%s': neither defer nor reject", no_key);
	seal.reject_no_key = *no_key == 'r';
	seal.sealer.keyend.days = warn;
	roster_init(&seal.roster, nodes);
	openpgp_confine();
	veil_use();
	prepare(&seal, keydir, gpg_wait);
	seal.sealer.at_rest = seal.fingerprint != NULL;
	stage.work = seal.fingerprint != NULL ? seal_at_rest : seal_for_node;
	stage.takes_raw = seal.fingerprint != NULL;
	c = stage_run(&stage);
	openpgp_free(seal.sealer.openpgp);
	selfseal_forget(&seal.sealer.selfseal);
	roster_free(&seal.roster);
	arena_free(&seal.sealer.keyend.arena);
	return c;
}
