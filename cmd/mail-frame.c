/*
 * mail-frame: makes, opens and checks frames by hand.
 *
 * - Making one reads the message to its end first: a frame begins with its
 *   size, so a message that cannot be read whole leaves no frame at all.
 * - Opening one (-x) wants exactly one frame and writes nothing before the
 *   last octet of it was right.
 * - Checking (-c) is a line a frame, TAB between the columns.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/frame.h"

static void
usage(void)
{
	usage_exit("[-d direction] [-f \"name: value\"]... "
		   "[-r \"mailbox address\"]...\n"
		   "           [-s sender] <message >frame\n"
		   "       mail-frame -x <frame >message\n"
		   "       mail-frame -c <frames");
}

static const char *
read_error(void)
{
	return errno == EBADMSG ? "cut or changed" : strerror(errno);
}

static int
make(struct frame *frame, struct io_in *in)
{
	if (message_take(&frame->message, in) < 0)
		fatal("cannot read the message: %s", strerror(errno));
	if (message_size(&frame->message) == 0)
		fatal("there is no message");
	if (frame_write(frame, STDOUT_FILENO, CLOCK_NEVER) < 0)
		fatal("cannot write the frame: %s", strerror(errno));
	return STATUS_OK;
}

static int
extract(struct frame *frame, struct io_in *in)
{
	int rc;

	rc = frame_read(frame, in);
	if (rc == 0)
		fatal("there is no frame");
	if (rc < 0)
		fatal("cannot read the frame: %s", read_error());
	if (io_in_fill(in, 1) != 0)
		fatal("there is something behind the frame");
	if (message_write(&frame->message, STDOUT_FILENO, CLOCK_NEVER) < 0)
		fatal("cannot write the message: %s", strerror(errno));
	if (frame->reply[0] != '\0')
		info("%s %s", frame_verdict_name(frame->verdict), frame->reply);
	return frame_status(frame);
}

static int
check(struct frame *frame, struct io_in *in)
{
	struct frame_recipient recipient;
	const char *separator;
	struct span direction;
	size_t at;
	int rc;

	while ((rc = frame_read(frame, in)) > 0) {
		direction = frame_get(frame, "direction");
		printf("%.*s\t%.*s\t%s%s%s\t%" PRIu64 "\t",
		    SPAN_ARG(frame_get(frame, "id")), SPAN_ARG(direction),
		    frame_verdict_name(frame->verdict),
		    frame->reply[0] != '\0' ? " " : "", frame->reply,
		    message_size(&frame->message));
		separator = "";
		at = 0;
		while (frame_next_recipient(frame, &at, &recipient)) {
			printf("%s%.*s %.*s", separator,
			    SPAN_ARG(recipient.mailbox),
			    SPAN_ARG(recipient.address));
			separator = ", ";
		}
		putchar('\n');
		if (fflush(stdout) != 0)
			fatal("cannot write: %s", strerror(errno));
	}
	if (rc < 0)
		fatal("cannot read a frame: %s", read_error());
	return STATUS_OK;
}

/* Adds "name: value". */
static void
add_field(struct frame *frame, char *field)
{
	static const char *const single[] = {"id", "direction", "sender"};
	char *colon = strstr(field, ": ");
	size_t i;

	if (colon == NULL)
		fatal(
		    "-f '%s': not a name, a colon, a space and a value", field);
	*colon = '\0';
	for (i = 0; i < nitems(single); i++)
		if (strcmp(field, single[i]) == 0)
			fatal("-f '%s': stands in a frame once", field);
	if (frame_add(frame, field, span_of(colon + 2)) < 0)
		fatal("-f '%s: %s': cannot stand in a frame", field, colon + 2);
}

int
main(int argc, char **argv)
{
	int (*mode)(struct frame *, struct io_in *) = make;
	const char *sender = "", *direction = "inbound";
	char id[FRAME_ID_SIZE];
	struct frame frame;
	struct io_in in;
	int c, status;

	err_init(argv[0]);
	file_sane_stdio();
	frame_init(&frame);
	io_in_init(&in, STDIN_FILENO);
	frame_new_id(id);
	frame_add(&frame, "id", span_of(id));
	while ((c = getopt(argc, argv, "cd:f:r:s:x")) != -1)
		switch (c) {
		case 'c':
			mode = check;
			break;
		case 'd':
			direction = optarg;
			break;
		case 'f':
			add_field(&frame, optarg);
			break;
		case 'r':
			if (frame_add(&frame, "recipient", span_of(optarg)) < 0)
				fatal("-r '%s': not a mailbox and an address",
				    optarg);
			break;
		case 's':
			sender = optarg;
			break;
		case 'x':
			mode = extract;
			break;
		default:
			usage();
		}
	if (optind != argc)
		usage();
	if (frame_add(&frame, "direction", span_of(direction)) < 0)
		fatal("-d '%s': not a direction", direction);
	if (frame_add(&frame, "sender", span_of(sender)) < 0)
		fatal("-s '%s': cannot stand in a frame", sender);
	status = mode(&frame, &in);
	if (io_close_stdout() < 0)
		fatal("cannot close standard output: %s", strerror(errno));
	frame_free(&frame);
	io_in_free(&in);
	return status;
}
