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
#include <sys/resource.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "base/scan.h"
#include "base/user.h"
#include "mail/stage.h"
#include "node/nodefile.h"
#include "node/roster.h"
#include "node/value.h"
#include "peer/envelope.h"
#include "seal/container.h"
#include "seal/keyend.h"
#include "seal/openpgp.h"
#include "seal/veil.h"

#define NOBODYS_HOST                                            \
	"sealed.invalid" /* of addresses at rest, RFC 6761, 6.4 \
			  */
#define DESCRIPTORS 256  /* that we and gpg may have open */

#define NO_KEY_NOW "451 4.7.5 Cannot be encrypted now"
#define NO_KEY_EVER "550 5.7.5 Cannot be encrypted: there is no key"
#define TROUBLE "451 4.3.0 Cannot be encrypted now"
#define DISK_FULL "452 4.3.1 Insufficient system storage"
#define TOO_LONG "552 5.3.4 Too long to be encrypted"

struct seal {
	struct roster roster;
	struct openpgp *openpgp;
	struct selfseal selfseal;
	struct keyend keyend;
	const char *fingerprint; /* of -r; NULL: for nodes */
	const char *file;        /* of -f */
	bool signs;
	bool reject_no_key;
};

/* Whom a message is for. */
struct target {
	const char *name;
	const char *host;
	const char *fingerprint; /* NULL: there is none */
	const char *file;        /* of the key; NULL: the key directory */
	time_t date;
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
refuse_errno(struct frame *frame, const char *name, int error)
{
	if (error == EFBIG)
		refuse(frame, name, VERDICT_REJECT, TOO_LONG, "too long");
	else
		refuse(frame, name, VERDICT_DEFER,
		    error == ENOSPC || error == EDQUOT ? DISK_FULL : TROUBLE,
		    strerror(error));
}

static bool
has_no_key(const struct target *target)
{
	return target->fingerprint == NULL ||
	       (target->file != NULL && access(target->file, R_OK) < 0 &&
		   errno == ENOENT);
}

static void
refuse_no_key(const struct seal *seal, struct frame *frame, const char *name)
{
	if (seal->reject_no_key)
		refuse(frame, name, VERDICT_REJECT, NO_KEY_EVER,
		    "there is no key");
	else
		refuse(
		    frame, name, VERDICT_DEFER, NO_KEY_NOW, "there is no key");
}

static void
refuse_result(const struct seal *seal, struct frame *frame,
    const struct target *target, enum openpgp_result result)
{
	if (result == OPENPGP_NO_KEY && target->file == NULL)
		refuse_no_key(seal, frame, target->name);
	else
		refuse(frame, target->name, VERDICT_DEFER,
		    result == OPENPGP_TROUBLE ? TROUBLE : NO_KEY_NOW,
		    openpgp_why(seal->openpgp));
}

/* Whether the frame is one that a stage like this has made. */
static bool
looks_sealed(const struct frame *frame)
{
	return span_is(frame_get(frame, "direction"), "returned") &&
	       frame->recipients == 0 && frame_get(frame, "sender").p == NULL;
}

/* Whether the message is encrypted to the target already: for a node in our own
 * form, so that it has nothing in the clear. */
static bool
is_sealed(const struct seal *seal, const struct frame *frame,
    const struct target *target)
{
	bool strict = seal->fingerprint == NULL, sealed;
	struct buf owner = BUF_INIT(ERR_LINE_MAX);
	struct message armored;

	if (strict && !looks_sealed(frame))
		return false;
	message_init(&armored);
	sealed = container_disclose(
		     &frame->message, strict, &owner, &armored) == 0 &&
		 (!strict || span_is(buf_span(&owner), target->name)) &&
		 openpgp_is_for(seal->openpgp, target->file,
		     target->fingerprint, &armored) == OPENPGP_OK;
	message_free(&armored);
	buf_free(&owner);
	return sealed;
}

/* The fields of what goes to a node.  0, or -1 with errno. */
static int
replace_fields(const struct seal *seal, struct frame *frame)
{
	struct frame kept;
	int rc;

	frame_init(&kept);
	rc = frame_add(&kept, "id", frame_get(frame, "id"));
	if (rc == 0)
		rc = frame_add(&kept, "direction", span_of("returned"));
	if (rc == 0)
		rc = frame_add(&kept, "node", frame_get(frame, "node"));
	if (rc == 0)
		rc = envelope_keep(&seal->selfseal, frame, &kept);
	if (rc < 0) {
		frame_free(&kept);
		return -1;
	}
	buf_free(&frame->fields);
	frame->fields = kept.fields;
	frame->recipients = kept.recipients;
	message_free(&kept.message);
	return 0;
}

/* Puts what is sealed in the place of what is not. */
static void
replace(const struct seal *seal, struct frame *frame,
    const struct target *target, struct message *sealed)
{
	if (container_enclose(
		sealed, target->name, target->host, target->date) < 0 ||
	    (seal->fingerprint == NULL && replace_fields(seal, frame) < 0)) {
		refuse_errno(frame, target->name, errno);
		return;
	}
	message_free(&frame->message);
	frame->message = *sealed;
	message_init(sealed);
	if (frame->fields.len > 0)
		event("id=%.*s verdict=pass for='%s' key=%s octets=%" PRIu64,
		    SPAN_ARG(frame_get(frame, "id")), target->name,
		    target->fingerprint, message_size(&frame->message));
}

static void
encrypt(struct seal *seal, struct frame *frame, const struct target *target)
{
	struct message plain, sealed;
	enum openpgp_result result;

	message_init(&plain);
	message_init(&sealed);
	if (container_wrap(frame, &plain) < 0) {
		refuse_errno(frame, target->name, errno);
	} else {
		result = openpgp_seal(seal->openpgp, target->file,
		    target->fingerprint, seal->signs, &plain, &sealed);
		if (result == OPENPGP_OK) {
			replace(seal, frame, target, &sealed);
			keyend_look(&seal->keyend, seal->openpgp, target->name,
			    target->file, target->fingerprint);
		} else {
			refuse_result(seal, frame, target, result);
		}
	}
	message_free(&plain);
	message_free(&sealed);
}

static void
seal_for(struct seal *seal, struct frame *frame, const struct target *target)
{
	if (has_no_key(target))
		refuse_no_key(seal, frame, target->name);
	else if (!is_sealed(seal, frame, target))
		encrypt(seal, frame, target);
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
	struct target target = {.name = seal->fingerprint,
	    .host = NOBODYS_HOST,
	    .fingerprint = seal->fingerprint,
	    .file = seal->file,
	    .date = date_of(frame)};

	seal_for(seal, frame, &target);
}

static void
seal_for_node(struct frame *frame, void *arg)
{
	struct seal *seal = arg;
	const struct manifest *manifest = NULL;
	struct span node = frame_get(frame, "node");
	struct target target = {.name = "?"};
	char *file;

	if (roster_look(&seal->roster) != NULL)
		manifest = roster_find(&seal->roster, node);
	if (manifest == NULL) {
		refuse(frame, target.name, VERDICT_DEFER, TROUBLE,
		    node.p == NULL ? "the frame is for no node"
				   : "there is no manifest of the node");
		return;
	}
	target.name = manifest->name;
	target.host = manifest->host;
	target.fingerprint = manifest->key;
	if (!span_is(frame_get(frame, "direction"), "inbound") &&
	    !looks_sealed(frame)) {
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
prepare(struct seal *seal, const char *keydir)
{
	char own[OPENPGP_FINGERPRINT_SIZE];

	seal->openpgp = openpgp_new(keydir);
	if (seal->openpgp == NULL)
		fatal("cannot use the keys in '%s'", keydir);
	seal->signs = openpgp_own(seal->openpgp, own) == OPENPGP_OK;
	if (seal->fingerprint != NULL)
		return;
	if (!seal->signs)
		fatal("no key of our own in '%s': %s", keydir,
		    openpgp_why(seal->openpgp));
	if (selfseal_load(&seal->selfseal, keydir, true) < 0)
		fatal("cannot use '%s/self': %s", keydir, strerror(errno));
	if (roster_look(&seal->roster) == NULL)
		fatal("there is no good manifest of our own in '%s'",
		    seal->roster.dir);
}

/* gpg closes all descriptors that it could have, one by one, if it cannot read
 * a list of them; and it cannot where we cannot be traced. */
static void
confine(void)
{
	user_confine();
	sandbox_limit(RLIMIT_NOFILE, DESCRIPTORS);
	sandbox_deny();
	veil_use();
}

int
main(int argc, char **argv)
{
	static struct seal seal;
	uint64_t warn = 30;
	const char *no_key = "defer",
		   *keydir = conf_environment(OPENPGP_KEYS_ENV, OPENPGP_KEYS);
	const struct conf_option options[] = {
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
	seal.keyend.days = warn;
	roster_init(&seal.roster, nodes);
	confine();
	prepare(&seal, keydir);
	stage.work = seal.fingerprint != NULL ? seal_at_rest : seal_for_node;
	stage.takes_raw = seal.fingerprint != NULL;
	c = stage_run(&stage);
	openpgp_free(seal.openpgp);
	selfseal_forget(&seal.selfseal);
	roster_free(&seal.roster);
	arena_free(&seal.keyend.arena);
	return c;
}
