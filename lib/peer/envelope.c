#include <errno.h>

#include "peer/envelope.h"

#define FIELD "envelope"
#define VALUE_MAX (FRAME_LINE_MAX - sizeof(FIELD ": ") + 1)

/* Adds the fields that a bounce needs.  0, or -1 with errno. */
static int
copy(const struct frame *from, struct frame *to)
{
	static const char *const names[] = {
	    "id", "sender", "recipient", "received-at"};
	struct span value;
	size_t i, at;

	for (i = 0; i < nitems(names); i++) {
		at = 0;
		while (frame_next(from, names[i], &at, &value))
			if (frame_add(to, names[i], value) < 0)
				return -1;
	}
	return 0;
}

static int
add_sealed(struct span sealed, struct frame *kept)
{
	struct span line;

	while (sealed.len > 0) {
		line = sealed;
		if (line.len > VALUE_MAX)
			line.len = VALUE_MAX;
		if (frame_add(kept, FIELD, line) < 0)
			return -1;
		sealed = span_from(sealed, line.len);
	}
	return 0;
}

int
envelope_keep(const struct selfseal *selfseal, const struct frame *frame,
    struct frame *kept)
{
	struct buf sealed = BUF_INIT(2 * FRAME_FIELDS_MAX);
	struct frame plain;
	int rc;

	frame_init(&plain);
	rc = copy(frame, &plain);
	if (rc == 0 &&
	    !selfseal_seal(selfseal, buf_span(&plain.fields), &sealed)) {
		errno = EMSGSIZE;
		rc = -1;
	}
	if (rc == 0)
		rc = add_sealed(buf_span(&sealed), kept);
	frame_free(&plain);
	buf_free(&sealed);
	return rc;
}

bool
envelope_is_there(const struct frame *kept)
{
	return frame_get(kept, FIELD).p != NULL;
}

int
envelope_take(const struct selfseal *selfseal, const struct frame *kept,
    struct frame *frame)
{
	struct buf sealed = BUF_INIT(FRAME_FIELDS_MAX);
	struct frame plain;
	struct span value;
	size_t at = 0;
	int rc;

	frame_init(&plain);
	while (frame_next(kept, FIELD, &at, &value))
		buf_addspan(&sealed, value);
	rc = selfseal_open(selfseal, buf_span(&sealed), &plain.fields);
	if (rc == 0)
		rc = copy(&plain, frame);
	/* one that was kept for another message would tell the wrong people */
	if (rc == 0 && !span_eq(frame_get(frame, "id"), frame_get(kept, "id")))
		rc = -1;
	if (rc < 0)
		errno = EBADMSG;
	frame_free(&plain);
	buf_free(&sealed);
	return rc;
}
