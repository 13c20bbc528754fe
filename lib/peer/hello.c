#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "peer/hello.h"
#include "peer/import.h"

/* Runs the operator's command after a new manifest. */
static void
run_imported(const char *command)
{
	char *const argv[] = {(char *)(uintptr_t) "sh",
	    (char *)(uintptr_t) "-c", (char *)(uintptr_t)command, NULL};
	pid_t pid;

	pid = proc_spawn(argv, STDIN_FILENO, STDERR_FILENO, -1, NULL);
	if (pid < 0 || proc_status(proc_wait(pid)) != STATUS_OK)
		warning("'%s' failed", command);
}

/* A newer manifest that the node has sent. */
static void
take_manifest(const struct errand_settings *how, const char *name,
    const struct message *message)
{
	struct buf text = BUF_INIT(PARCEL_MAX);
	struct openpgp *openpgp;
	struct parcel parcel;
	struct span spans[2];

	if (message_spans(message, spans)) {
		buf_addspan(&text, spans[0]);
		buf_addspan(&text, spans[1]);
	}
	if (text.full || text.len == 0 ||
	    parcel_read(&parcel, buf_span(&text)) < 0)
		warning("node %s sends something that is no manifest", name);
	else if ((openpgp = openpgp_new(how->keydir)) != NULL) {
		if (import_parcel(openpgp, how->nodes, name, &parcel) ==
			IMPORT_DONE &&
		    how->imported != NULL)
			run_imported(how->imported);
		openpgp_free(openpgp);
	}
	buf_free(&text);
}

static int
add_fields(
    const struct errand_settings *how, const char *name, struct frame *frame)
{
	char id[FRAME_ID_SIZE], serial[24];

	frame_new_id(id);
	snprintf(serial, sizeof(serial), "%" PRIu64,
	    import_serial(how->nodes, name));
	if (frame_add(frame, "id", span_of(id)) < 0 ||
	    frame_add(frame, "relay", span_of("hello")) < 0 ||
	    frame_add(frame, "node", span_of(name)) < 0 ||
	    frame_add(frame, "serial", span_of(serial)) < 0)
		return -1;
	return 0;
}

int
hello_say(struct courier *courier, const struct errand_settings *how,
    const char *name, int64_t deadline)
{
	struct frame hello, answer;
	int rc = -1, saved;

	frame_init(&hello);
	frame_init(&answer);
	if (add_fields(how, name, &hello) == 0 &&
	    courier_send(courier, &hello, deadline) == 0 &&
	    courier_receive(
		courier, frame_get(&hello, "id"), &answer, deadline) == 0) {
		if (answer.verdict == VERDICT_PASS &&
		    message_size(&answer.message) > 0)
			take_manifest(how, name, &answer.message);
		rc = answer.verdict == VERDICT_REJECT ? -1 : 0;
		errno = EREMOTE;
	}
	saved = errno;
	frame_free(&hello);
	frame_free(&answer);
	errno = saved;
	return rc;
}
