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
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/stage.h"
#include "peer/opener.h"
#include "peer/returned.h"
#include "peer/seen.h"
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
	struct opener opener;
	struct seen *seen; /* NULL: nobody asks */
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
	refuse(frame, error == ENOSPC || error == EDQUOT ? DISK_FULL : TROUBLE,
	    strerror(error));
}

/* Opens the message of a frame; owner as in opener.h.  False: it has its
 * verdict. */
static bool
open_sealed(struct unseal *unseal, struct frame *frame, const char *owner,
    struct opened *opened)
{
	static const char *const replies[] = {
	    [OPENER_NO_KEY] = NO_KEY_NOW,
	    [OPENER_DAMAGED] = DAMAGED,
	    [OPENER_UNSIGNED] = NOT_SIGNED,
	    [OPENER_FOREIGN] = NOT_FOR_US,
	    [OPENER_NO_ROOM] = DISK_FULL,
	    [OPENER_TROUBLE] = TROUBLE,
	};
	enum opener_result result;
	const char *why;

	result =
	    opener_open(&unseal->opener, &frame->message, owner, opened, &why);
	if (result != OPENER_DONE)
		refuse(frame, replies[result], why);
	return result == OPENER_DONE;
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
		frame_move_fields(frame, &made);
		if (!was_seen(unseal, frame))
			message_move(&frame->message, &opened->inner.message);
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
	if (!open_sealed(unseal, frame, self, opened))
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
	if (!open_sealed(unseal, frame, NULL, opened))
		return;
	tell_signer(unseal, opened->signer);
	message_move(&frame->message, &opened->inner.message);
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
	uint64_t gpg_wait = OPENPGP_WAIT_MS;
	const struct conf_option options[] = {
	    {"gpg-wait", CONF_SECONDS, &gpg_wait, 100, OPENPGP_WAIT_MAX_MS,
		"seconds without a sign from gpg that it is killed after"},
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
	unseal.opener.roster = &unseal.roster;
	unseal.opener.openpgp =
	    openpgp_new_with(keydir, NULL, (int64_t)gpg_wait);
	if (unseal.opener.openpgp == NULL)
		fatal("cannot use the keys in '%s'", keydir);
	c = stage_run(&stage);
	openpgp_free(unseal.opener.openpgp);
	if (unseal.seen != NULL)
		seen_free(unseal.seen);
	roster_free(&unseal.roster);
	return c;
}
