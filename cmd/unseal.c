/*
 * unseal: opens what other nodes have sealed for this one.
 *
 * - Nothing of a message is given to anybody before all of it was decrypted,
 *   found whole, and its signature is good.
 * - Who signed it must be a node of ours by its manifest, not only a key that
 *   gpg has.
 * - What a key or a manifest may still mend is deferred; what nothing can mend
 *   is rejected, and the holders get rid of it.
 * - A mistake in how stages are put together is deferred, too: it must not make
 *   all holders throw our mail away.
 * - By hand, on a message in a file, who signed it is told and not judged.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/stage.h"
#include "node/nodefile.h"
#include "node/roster.h"
#include "peer/returned.h"
#include "peer/seen.h"
#include "seal/container.h"
#include "seal/openpgp.h"
#include "seal/veil.h"

#define SEEN_DAYS 400

#define NO_KEY_NOW "451 4.7.5 Cannot be decrypted now"
#define TROUBLE "451 4.3.0 Cannot be decrypted now"
#define DISK_FULL "452 4.3.1 Insufficient system storage"
#define DAMAGED "554 5.7.7 Not a sealed message, or a damaged one"
#define NOT_SIGNED "554 5.7.1 Sealed message without a signature"
#define NOT_FOR_US "554 5.7.1 Sealed for another node"

struct unseal {
	struct roster roster;
	struct openpgp *openpgp;
	struct seen *seen;      /* NULL: nobody asks */
	unsigned long imported; /* version of the roster whose keys gpg has */
};

/* What came out of it. */
struct opened {
	struct frame inner;
	char signer[OPENPGP_FINGERPRINT_SIZE]; /* "": nobody */
};

static void
usage(void)
{
	usage_exit("[-k keydir] [-n nodes] [-o name=value]");
}

/* Gives the verdict and tells the operator why. */
static void
refuse(struct frame *frame, const char *reply, const char *why)
{
	enum verdict verdict = *reply == '5' ? VERDICT_REJECT : VERDICT_DEFER;
	struct span id = frame_get(frame, "id");

	if (id.p != NULL)
		event("id=%.*s verdict=%s reason='%s'", SPAN_ARG(id),
		    frame_verdict_name(verdict), why);
	else
		warning("%s", why);
	frame_verdict(frame, verdict, reply);
}

static void
refuse_errno(struct frame *frame, int error)
{
	if (error == EBADMSG)
		refuse(frame, DAMAGED, "it is not of the right form");
	else if (error == ENODATA)
		refuse(frame, TROUBLE, "gpg has not given all of it");
	else
		refuse(frame,
		    error == ENOSPC || error == EDQUOT ? DISK_FULL : TROUBLE,
		    strerror(error));
}

static void
refuse_result(const struct unseal *unseal, struct frame *frame,
    enum openpgp_result result)
{
	const char *reply = TROUBLE;

	if (result == OPENPGP_NO_KEY || result == OPENPGP_BAD_KEY)
		reply = NO_KEY_NOW;
	else if (result == OPENPGP_BAD)
		reply = DAMAGED;
	else if (result == OPENPGP_UNSIGNED)
		reply = NOT_SIGNED;
	refuse(frame, reply, openpgp_why(unseal->openpgp));
}

/* Gives gpg the key of a node, as it is pinned. */
static void
import_key(const struct unseal *unseal, const struct manifest *manifest)
{
	struct buf key = BUF_INIT(OPENPGP_KEY_MAX);
	char *path;

	if (manifest->key == NULL)
		return;
	path = nodefile_path(unseal->roster.dir, manifest->name, NODEFILE_KEY);
	if (file_read(path, &key) < 0) {
		if (errno != ENOENT)
			warning("cannot read '%s': %s", path, strerror(errno));
	} else if (openpgp_import(unseal->openpgp, buf_span(&key),
		       manifest->key) != OPENPGP_OK) {
		warning("'%s': %s", path, openpgp_why(unseal->openpgp));
	}
	free(path);
	buf_free(&key);
}

/* All of them, if there may be another one than before.  Which node's subkey
 * has signed a message gpg can only say when it has the key.  Whether there
 * was anything to do. */
static bool
import_keys(struct unseal *unseal)
{
	size_t i;

	if (unseal->roster.nodes == NULL ||
	    unseal->imported == unseal->roster.version)
		return false;
	unseal->imported = unseal->roster.version;
	for (i = 0; i < unseal->roster.nodes->count; i++)
		import_key(unseal, unseal->roster.nodes->members[i].manifest);
	return true;
}

static enum openpgp_result
decrypt(struct unseal *unseal, const struct message *armored,
    struct message *plain, char signer[OPENPGP_FINGERPRINT_SIZE])
{
	enum openpgp_result result;

	result = openpgp_open(unseal->openpgp, armored, plain, signer);
	if (((result == OPENPGP_NO_KEY && *signer != '\0') ||
		result == OPENPGP_BAD_KEY) &&
	    import_keys(unseal)) {
		message_reset(plain);
		result = openpgp_open(unseal->openpgp, armored, plain, signer);
	}
	return result;
}

/* Opens the armored text.  False: it has its verdict. */
static bool
open_armored(struct unseal *unseal, struct frame *frame, bool strict,
    const struct message *armored, struct opened *opened)
{
	enum openpgp_result result;
	struct message plain;
	bool done = false;

	message_init(&plain);
	opened->signer[0] = '\0';
	result = decrypt(unseal, armored, &plain, opened->signer);
	if (result == OPENPGP_UNSIGNED && !strict) {
		opened->signer[0] = '\0';
		result = OPENPGP_OK;
	}
	if (result != OPENPGP_OK)
		refuse_result(unseal, frame, result);
	else if (container_unwrap(&plain, &opened->inner) < 0)
		refuse_errno(frame, errno);
	else
		done = true;
	message_free(&plain);
	return done;
}

/* strict: it must be of our form, signed, and sealed for owner.  False: it has
 * its verdict. */
static bool
open_sealed(struct unseal *unseal, struct frame *frame, bool strict,
    const char *owner, struct opened *opened)
{
	struct buf whose = BUF_INIT(ERR_LINE_MAX);
	struct message armored;
	bool done = false;

	message_init(&armored);
	if (container_disclose(&frame->message, strict, &whose, &armored) < 0)
		refuse_errno(frame, errno);
	else if (strict && !span_is(buf_span(&whose), owner))
		refuse(frame, NOT_FOR_US, "it is for another node");
	else
		done = open_armored(unseal, frame, strict, &armored, opened);
	message_free(&armored);
	buf_free(&whose);
	return done;
}

static void
take(struct frame *frame, struct message *message)
{
	message_free(&frame->message);
	frame->message = *message;
	message_init(message);
}

/* Whether it was delivered before, in another wrapping. */
static bool
was_seen(const struct unseal *unseal, struct frame *frame)
{
	if (unseal->seen == NULL)
		return false;
	if (seen_look(unseal->seen) < 0) {
		refuse_errno(frame, errno);
		return true;
	}
	if (!seen_has_once(unseal->seen, frame_get(frame, "once")))
		return false;
	event("id=%.*s verdict=done reason='it was delivered before'",
	    SPAN_ARG(frame_get(frame, "id")));
	frame_verdict(frame, VERDICT_DONE, NULL);
	return true;
}

/* Puts the fields and the message of what was opened in place. */
static void
come_home(struct unseal *unseal, struct frame *frame, struct opened *opened,
    const struct manifest *by)
{
	struct frame made;
	const char *reply;

	frame_init(&made);
	switch (returned_make(&opened->inner, frame, unseal->roster.nodes,
	    by->name, opened->signer, &made, &reply)) {
	case RETURNED_OK:
		event("id=%.*s verdict=pass sealed-by='%s' octets=%" PRIu64,
		    SPAN_ARG(frame_get(frame, "id")), by->name,
		    message_size(&opened->inner.message));
		buf_free(&frame->fields);
		frame->fields = made.fields;
		frame->recipients = made.recipients;
		buf_init(&made.fields, FRAME_FIELDS_MAX);
		if (!was_seen(unseal, frame))
			take(frame, &opened->inner.message);
		break;
	case RETURNED_FOREIGN:
		refuse(frame, NOT_FOR_US, "it was sealed for another node");
		break;
	case RETURNED_REFUSED:
	case RETURNED_UNSURE:
		refuse(frame, reply, "no recipient is ours now");
		break;
	case RETURNED_FAILED:
		refuse_errno(frame, errno);
		break;
	}
	frame_free(&made);
}

static void
unseal_frame(struct unseal *unseal, struct frame *frame, struct opened *opened)
{
	const struct manifest *by;
	const char *self;

	if (roster_look(&unseal->roster) == NULL) {
		refuse(frame, TROUBLE, "there is no manifest of our own");
		return;
	}
	self = nodes_self(unseal->roster.nodes);
	if (!span_is(frame_get(frame, "direction"), "returned") ||
	    !span_is(frame_get(frame, "node"), self)) {
		refuse(frame, TROUBLE, "the frame is not returned to us");
		return;
	}
	if (!open_sealed(unseal, frame, true, self, opened))
		return;
	by = roster_by_key(&unseal->roster, opened->signer);
	if (by == NULL)
		refuse(frame, NO_KEY_NOW, "who signed it is no node of ours");
	else
		come_home(unseal, frame, opened, by);
}

static void
tell_signer(const struct unseal *unseal, const char *signer)
{
	const struct manifest *by = NULL;

	if (*signer == '\0') {
		warning("it is not signed: anybody can have encrypted it");
		return;
	}
	if (unseal->roster.nodes != NULL)
		by = roster_by_key(&unseal->roster, signer);
	info("signed by %s, %s", signer,
	    by != NULL ? by->name : "which is the key of no node");
}

static void
unseal_raw(struct unseal *unseal, struct frame *frame, struct opened *opened)
{
	if (access(unseal->roster.dir, R_OK) == 0)
		roster_look(&unseal->roster);
	if (!open_sealed(unseal, frame, false, NULL, opened))
		return;
	tell_signer(unseal, opened->signer);
	take(frame, &opened->inner.message);
}

static void
work(struct frame *frame, void *arg)
{
	struct unseal *unseal = arg;
	struct opened opened;

	frame_init(&opened.inner);
	if (frame->fields.len == 0)
		unseal_raw(unseal, frame, &opened);
	else
		unseal_frame(unseal, frame, &opened);
	frame_free(&opened.inner);
}

int
main(int argc, char **argv)
{
	static struct unseal unseal;
	const char *seen = "",
		   *keydir = conf_environment(OPENPGP_KEYS_ENV, OPENPGP_KEYS);
	const struct conf_option options[] = {
	    {"seen", CONF_TEXT, &seen, 0, 0,
		"file of relay-accept, of what was delivered before"},
	};
	const char *nodes = conf_environment(NODES_ENV, NODES_DIR);
	const struct stage stage = {.work = work,
	    .arg = &unseal,
	    .takes_raw = true,
	    .keeps_message = true};
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	while ((c = getopt(argc, argv, "k:n:o:")) != -1)
		switch (c) {
		case 'k':
			keydir = optarg;
			break;
		case 'n':
			nodes = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		default:
			usage();
		}
	if (optind != argc)
		usage();
	openpgp_confine();
	veil_use();
	roster_init(&unseal.roster, nodes);
	if (*seen != '\0') {
		unseal.seen = seen_open(seen, SEEN_DAYS);
		if (unseal.seen == NULL)
			fatal("cannot open '%s': %s", seen, strerror(errno));
	}
	unseal.openpgp = openpgp_new(keydir);
	if (unseal.openpgp == NULL)
		fatal("cannot use the keys in '%s'", keydir);
	c = stage_run(&stage);
	openpgp_free(unseal.openpgp);
	if (unseal.seen != NULL)
		seen_free(unseal.seen);
	roster_free(&unseal.roster);
	return c;
}
