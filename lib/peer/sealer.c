#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "peer/envelope.h"
#include "peer/sealer.h"
#include "seal/container.h"

#define OWNER_MAX 255 /* octets of a name in an outer message */

static enum sealer_result
result_of_errno(const char **why)
{
	*why = strerror(errno);
	if (errno == EFBIG)
		return SEALER_TOO_LONG;
	return errno == ENOSPC || errno == EDQUOT ? SEALER_NO_ROOM
						  : SEALER_TROUBLE;
}

static bool
has_no_key(const struct sealer_target *target)
{
	return target->fingerprint == NULL ||
	       (target->file != NULL && access(target->file, R_OK) < 0 &&
		   errno == ENOENT);
}

bool
sealer_looks_sealed(const struct frame *frame)
{
	return span_is(frame_get(frame, "direction"), "returned") &&
	       frame->recipients == 0 && frame_get(frame, "sender").p == NULL;
}

/* Whether the message is encrypted to the target already: for a node in our own
 * form, so that it has nothing in the clear. */
static bool
is_sealed(const struct sealer *sealer, const struct frame *frame,
    const struct sealer_target *target)
{
	bool strict = !sealer->at_rest, sealed;
	struct buf owner = BUF_INIT(OWNER_MAX);
	struct message armored;

	if (strict && !sealer_looks_sealed(frame))
		return false;
	message_init(&armored);
	sealed = container_disclose(
		     &frame->message, strict, &owner, &armored) == 0 &&
		 (!strict || span_is(buf_span(&owner), target->name)) &&
		 openpgp_is_for(sealer->openpgp, target->file,
		     target->fingerprint, &armored) == OPENPGP_OK;
	message_free(&armored);
	buf_free(&owner);
	return sealed;
}

/* The fields of what goes to a node.  0, or -1 with errno. */
static int
replace_fields(const struct sealer *sealer, struct frame *frame)
{
	struct frame kept;
	int rc = -1;

	frame_init(&kept);
	if (frame_add(&kept, "id", frame_get(frame, "id")) == 0 &&
	    frame_add(&kept, "direction", span_of("returned")) == 0 &&
	    frame_add(&kept, "node", frame_get(frame, "node")) == 0 &&
	    envelope_keep(&sealer->selfseal, frame, &kept) == 0) {
		frame_move_fields(frame, &kept);
		rc = 0;
	}
	frame_free(&kept);
	return rc;
}

/* Puts what is sealed in the place of what is not. */
static enum sealer_result
replace(const struct sealer *sealer, struct frame *frame,
    const struct sealer_target *target, struct message *sealed,
    const char **why)
{
	if (container_enclose(
		sealed, target->name, target->host, target->date) < 0 ||
	    (!sealer->at_rest && replace_fields(sealer, frame) < 0))
		return result_of_errno(why);
	message_move(&frame->message, sealed);
	return SEALER_DONE;
}

static enum sealer_result
encrypt(struct sealer *sealer, const struct sealer_target *target,
    const struct message *plain, struct message *sealed, const char **why)
{
	enum openpgp_result result;

	result = openpgp_seal(sealer->openpgp, target->file,
	    target->fingerprint, sealer->signs, plain, sealed);
	*why = openpgp_why(sealer->openpgp);
	if (result == OPENPGP_OK)
		return SEALER_DONE;
	if (result == OPENPGP_NO_KEY && target->file == NULL)
		return SEALER_NO_KEY;
	return result == OPENPGP_TROUBLE ? SEALER_TROUBLE : SEALER_BAD_KEY;
}

enum sealer_result
sealer_seal(struct sealer *sealer, struct frame *frame,
    const struct sealer_target *target, const char **why)
{
	struct message plain, sealed;
	enum sealer_result result;

	*why = "there is no key";
	if (has_no_key(target))
		return SEALER_NO_KEY;
	if (is_sealed(sealer, frame, target))
		return SEALER_AS_IT_WAS;
	message_init(&plain);
	message_init(&sealed);
	if (container_wrap(frame, &plain) < 0)
		result = result_of_errno(why);
	else
		result = encrypt(sealer, target, &plain, &sealed, why);
	if (result == SEALER_DONE)
		result = replace(sealer, frame, target, &sealed, why);
	message_free(&plain);
	message_free(&sealed);
	if (result == SEALER_DONE)
		keyend_look(&sealer->keyend, sealer->openpgp, target->name,
		    target->file, target->fingerprint);
	return result;
}
