#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "peer/outlet.h"

bool
outlet_take(struct outlet *outlet, const char *name, const char *argument)
{
	size_t len = strlen(name);

	if (strncmp(argument, name, len) != 0 || argument[len] != '=')
		return false;
	if (outlet->name != NULL)
		fatal("two pipelines '%s'", name);
	if (proc_line_parse(&outlet->line, argument + len + 1) < 0)
		fatal("'%s': not a pipeline", argument);
	outlet->name = name;
	return true;
}

int
outlet_ask(struct outlet *outlet, const struct frame *frame,
    struct frame *answer, int lock, uint64_t timeout)
{
	struct courier *courier = &outlet->courier;
	int64_t deadline;

	if (!outlet->running) {
		if (courier_start(courier, &outlet->line, outlet->name, lock) <
		    0)
			return -1;
		outlet->running = true;
	}
	deadline = clock_ms() + (int64_t)timeout;
	if (courier_send(courier, frame, deadline) == 0 &&
	    courier_receive(
		courier, frame_get(frame, "id"), answer, deadline) == 0)
		return 0;
	warning("pipeline '%s': %s", outlet->name,
	    errno == EPIPE     ? "it has ended"
	    : errno == EBADMSG ? "an answer is cut, changed, or of another"
			       : strerror(errno));
	courier_end(courier, true);
	outlet->running = false;
	return -1;
}

void
outlet_end(struct outlet *outlet)
{
	if (outlet->running)
		courier_end(&outlet->courier, false);
	outlet->running = false;
	proc_line_free(&outlet->line);
}
