#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "peer/returned.h"
#include "queue/content.h"

#define NOT_OURS "550 5.1.1 No such mailbox"

/* Fields that are ours to write, or that steer what comes behind us. */
static const char *const ours[] = {"again", "envelope", "from", "junk", "once",
    "relay", "sealed-by", "serial"};

void
returned_once(const char *signer, struct span id, char once[RETURNED_ONCE_SIZE])
{
	char head[OPENPGP_FINGERPRINT_SIZE + FRAME_ID_MAX + 1];
	char digest[CONTENT_ID_SIZE];
	int len;

	len = snprintf(head, sizeof(head), "%s:%.*s", signer, SPAN_ARG(id));
	content_id_of((struct span){head, (size_t)len}, digest);
	snprintf(once, RETURNED_ONCE_SIZE, "%.32s", digest);
}

static bool
is_ours(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(ours); i++)
		if (span_is(name, ours[i]))
			return true;
	return false;
}

/* Whether it was sealed for that node and no other: who gets a message that was
 * signed for somebody else, and encrypts it to us, shall not pass it off as
 * sealed for us (Davis, "Defective Sign & Encrypt in S/MIME, PKCS#7, MOSS, PEM,
 * PGP, and XML", 2001). */
static bool
is_for(const struct frame *inner, const char *node)
{
	struct span value;
	size_t at = 0;

	return frame_next(inner, "node", &at, &value) && span_is(value, node) &&
	       !frame_next(inner, "node", &at, &value) &&
	       frame_get(inner, "id").p != NULL;
}

/* Looks a recipient up, and adds it if it is a mailbox of ours.  0, or -1 with
 * errno; *reply is set if it is refused, temporarily before for good. */
static int
add_recipient(struct frame *frame, const struct nodes *nodes,
    const struct frame_recipient *recipient, const char **reply)
{
	char line[FRAME_LINE_MAX + 1];
	const char *refusal = NOT_OURS;
	struct address address;
	struct match match;
	int len;

	if (address_parse(&address, recipient->address) == 0) {
		nodes_match(nodes, &address, time(NULL), &match);
		if (match.class == MATCH_LOCAL) {
			len = snprintf(line, sizeof(line), "%s %.*s",
			    match.mailbox, SPAN_ARG(recipient->address));
			if (len < 0 || (size_t)len >= sizeof(line)) {
				errno = EMSGSIZE;
				return -1;
			}
			return frame_add(frame, "recipient",
			    (struct span){line, (size_t)len});
		}
		if (match.class == MATCH_REFUSE)
			refusal = match.reply;
	}
	if (*reply == NULL || *refusal == '4')
		*reply = refusal;
	return 0;
}

static int
add_recipients(struct frame *frame, const struct frame *inner,
    const struct nodes *nodes, const char **reply)
{
	struct frame_recipient recipient;
	size_t at = 0;

	while (frame_next_recipient(inner, &at, &recipient))
		if (add_recipient(frame, nodes, &recipient, reply) < 0)
			return -1;
	return 0;
}

/* A field as it came, or as it must be now. */
static int
add_field(struct frame *frame, struct span name, struct span value,
    const struct frame *outer)
{
	char text[FRAME_LINE_MAX + 1];

	snprintf(text, sizeof(text), "%.*s", SPAN_ARG(name));
	if (span_is(name, "id"))
		value = frame_get(outer, "id");
	else if (span_is(name, "direction"))
		value = span_of("returned");
	return frame_add(frame, text, value);
}

/* The fields in their order, the recipients where the first of them was. */
static int
add_fields(struct frame *frame, const struct frame *inner,
    const struct frame *outer, const struct nodes *nodes, const char **reply)
{
	struct span rest = buf_span(&inner->fields), line, name;
	bool placed = false;
	const char *colon;

	while (rest.len > 0) {
		line = span_line(&rest);
		line.len--;
		colon = memchr(line.p, ':', line.len);
		if (colon == NULL)
			continue;
		name = (struct span){line.p, (size_t)(colon - line.p)};
		if (span_is(name, "recipient")) {
			if (!placed &&
			    add_recipients(frame, inner, nodes, reply) < 0)
				return -1;
			placed = true;
		} else if (!is_ours(name) &&
			   add_field(frame, name, span_from(line, name.len + 2),
			       outer) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Whether nobody knows if it was delivered, by relay-accept(1), which gave us
 * the frame. */
static bool
says_again(const struct frame *outer)
{
	return span_is(frame_get(outer, "again"), "yes");
}

enum returned_result
returned_make(const struct frame *inner, const struct frame *outer,
    const struct nodes *nodes, const char *name, const char *key,
    struct frame *frame, const char **reply)
{
	char once[RETURNED_ONCE_SIZE];

	*reply = NULL;
	if (!is_for(inner, nodes_self(nodes)))
		return RETURNED_FOREIGN;
	returned_once(key, frame_get(inner, "id"), once);
	if (add_fields(frame, inner, outer, nodes, reply) < 0 ||
	    (frame_get(frame, "direction").p == NULL &&
		frame_add(frame, "direction", span_of("returned")) < 0) ||
	    frame_add(frame, "sealed-by", span_of(name)) < 0 ||
	    frame_add(frame, "once", span_of(once)) < 0 ||
	    (says_again(outer) &&
		frame_add(frame, "again", span_of("yes")) < 0))
		return RETURNED_FAILED;
	if (*reply == NULL && frame->recipients == 0)
		*reply = NOT_OURS;
	if (*reply != NULL && **reply == '4')
		return RETURNED_UNSURE;
	return frame->recipients > 0 ? RETURNED_OK : RETURNED_REFUSED;
}
