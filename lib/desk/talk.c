/*
 * talk: the commands of clamd, and two of our own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "desk/deskpart.h"

static uint64_t
next_id(struct client *client)
{
	return client->session ? ++client->commands : 0;
}

void
talk_end_command(struct client *client)
{
	if (!client->session)
		client->closing = true;
}

static void
reply(struct desk *desk, struct client *client, const struct request *request,
    uint64_t id, const char *text)
{
	struct buf line = BUF_INIT(REQUEST_LINE_MAX + 1000);

	buf_adds(&line, text);
	buf_add(&line, &request->end, 1);
	clients_say(desk, client, id, buf_span(&line));
	buf_free(&line);
}

/* In the form that clamdtop and others read. */
static void
tell_state(
    struct desk *desk, struct client *client, const struct request *request)
{
	size_t busy = scanners_count(desk, NULL, SCANNER_BUSY);
	size_t idle = scanners_count(desk, NULL, SCANNER_IDLE);
	double mb = desk->current == NULL
			? 0
			: (double)desk->current->memory / (1 << 20);
	struct buf text = BUF_INIT(1000);

	buf_addf(&text,
	    "POOLS: 1\n\nSTATE: %s PRIMARY\n"
	    "THREADS: live %zu  idle %zu max %u idle-timeout 0\n"
	    "QUEUE: %zu items\n\n"
	    "MEMSTATS: heap N/A mmap N/A used N/A free N/A releasable N/A "
	    "pools 1 pools_used %.3fM pools_total %.3fM\nEND",
	    desk->current != NULL ? "VALID" : "INVALID", busy + idle, idle,
	    desk->settings->nursery.scanners, desk->queue_length, mb, mb);
	reply(desk, client, request, next_id(client), buf_str(&text));
	buf_free(&text);
}

/* Nothing of what comes after it can be understood. */
static void
refuse_stream(
    struct desk *desk, struct client *client, const struct request *request)
{
	char text[DESK_REASON_MAX];

	if (errno == EFBIG)
		snprintf(
		    text, sizeof(text), "INSTREAM size limit exceeded. ERROR");
	else {
		warning("cannot hold a stream: %s", strerror(errno));
		snprintf(text, sizeof(text), "stream: cannot hold it: %s ERROR",
		    strerror(errno));
	}
	reply(desk, client, request, client->session ? client->commands : 0,
	    text);
	stream_end(&client->stream);
	client->closing = true;
}

static void
take_data(
    struct desk *desk, struct client *client, const struct request *request)
{
	if (stream_add(&client->stream, request->text, desk->settings->stream) <
	    0)
		refuse_stream(desk, client, request);
}

static void
end_stream(
    struct desk *desk, struct client *client, const struct request *request)
{
	struct job job = {.form = JOB_STREAM, .end = request->end};

	/* there is something to scan even if it is nothing */
	if (client->stream.fd < 0 &&
	    stream_add(&client->stream, span_of(""), 0) < 0) {
		refuse_stream(desk, client, request);
		return;
	}
	job.id = client->session ? client->commands : 0;
	job.fd = client->stream.fd;
	client->stream = (struct stream){.fd = -1};
	job_add(desk, client, &job);
}

/* Why a descriptor cannot be scanned, or NULL.  The size is what the kernel
 * knows: a file system that answers late must not hold us up. */
static const char *
unfit(int fd, uint64_t max)
{
	struct statx status;

	if (fd < 0)
		return "no descriptor came";
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		STATX_TYPE | STATX_SIZE, &status) < 0)
		return "cannot look at the descriptor";
	if (S_ISFIFO(status.stx_mode))
		return NULL;
	if (!S_ISREG(status.stx_mode))
		return "neither a file nor a pipe";
	return status.stx_size > max ? "size limit exceeded" : NULL;
}

static int
take_fd(struct client *client)
{
	int fd;

	if (client->fd_count == 0)
		return -1;
	fd = client->fds[0];
	client->fd_count--;
	memmove(client->fds, client->fds + 1,
	    client->fd_count * sizeof(*client->fds));
	return fd;
}

static void
take_file(
    struct desk *desk, struct client *client, const struct request *request)
{
	struct job job = {
	    .form = request->kind == REQUEST_FILDES ? JOB_FILDES : JOB_REPORT,
	    .end = request->end,
	    .is_message = request->kind == REQUEST_MESSAGE,
	    .id = next_id(client)};
	const char *why;

	job.fd = job.number = take_fd(client);
	if (request->text.len > 0)
		snprintf(job.name, sizeof(job.name), "%.*s",
		    SPAN_ARG(request->text));
	client->kept = client->kept || job.form == JOB_REPORT;
	why = unfit(job.fd, desk->settings->stream);
	if (why != NULL)
		job_refuse(desk, client, &job, why);
	else
		job_add(desk, client, &job);
}

void
talk_obey(
    struct desk *desk, struct client *client, const struct request *request)
{
	char text[REQUEST_LINE_MAX + 100];

	switch (request->kind) {
	case REQUEST_PING:
		reply(desk, client, request, next_id(client), "PONG");
		talk_end_command(client);
		break;
	case REQUEST_VERSION:
		reply(desk, client, request, next_id(client), desk->version);
		talk_end_command(client);
		break;
	case REQUEST_COMMANDS:
		snprintf(text, sizeof(text),
		    "%s| COMMANDS: PING VERSION STATS RELOAD INSTREAM FILDES "
		    "IDSESSION END VERSIONCOMMANDS EXAMINE MESSAGE",
		    desk->version);
		reply(desk, client, request, next_id(client), text);
		talk_end_command(client);
		break;
	case REQUEST_STATS:
		tell_state(desk, client, request);
		talk_end_command(client);
		break;
	case REQUEST_RELOAD:
		reply(desk, client, request, next_id(client), "RELOADING");
		databases_reload(desk, false);
		talk_end_command(client);
		break;
	case REQUEST_SESSION:
		client->session = true;
		break;
	case REQUEST_END:
		client->closing = true;
		break;
	case REQUEST_STREAM:
		next_id(client);
		break;
	case REQUEST_DATA:
		take_data(desk, client, request);
		break;
	case REQUEST_STREAM_END:
		end_stream(desk, client, request);
		break;
	case REQUEST_FILDES:
	case REQUEST_EXAMINE:
	case REQUEST_MESSAGE:
		take_file(desk, client, request);
		break;
	case REQUEST_PATH:
		snprintf(text, sizeof(text),
		    "%.*s: nothing is scanned by its path ERROR",
		    SPAN_ARG(request->text));
		reply(desk, client, request, next_id(client), text);
		talk_end_command(client);
		break;
	case REQUEST_UNKNOWN:
	case REQUEST_TOO_LONG:
		reply(
		    desk, client, request, next_id(client), "UNKNOWN COMMAND");
		client->closing = true;
		break;
	}
}
