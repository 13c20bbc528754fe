/*
 * jobs: what is to be scanned, in the order in which it came, and the answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "desk/deskpart.h"
#include "scan/policy.h"

#define STREAM_MEMORY (1 << 20) /* octets of a stream held in memory */
#define LIMITS_PREFIX "Heuristics.Limits"
#define COPY_SIZE (64 << 10)

/* Moves what is in memory to an unlinked file.  0, or -1 with errno. */
static int
move_to_file(struct stream *stream)
{
	static char octets[COPY_SIZE];
	int fd = file_temp();
	uint64_t at = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = pread(stream->fd, octets, sizeof(octets), (off_t)at)) > 0) {
		if (io_write(fd, octets, (size_t)n, CLOCK_NEVER) < 0)
			n = -1;
		if (n < 0)
			break;
		at += (uint64_t)n;
	}
	if (n < 0) {
		close(fd);
		return -1;
	}
	close(stream->fd);
	stream->fd = fd;
	stream->in_file = true;
	return 0;
}

int
stream_add(struct stream *stream, struct span octets, uint64_t max)
{
	if (stream->size + octets.len > max) {
		errno = EFBIG;
		return -1;
	}
	if (stream->fd < 0)
		stream->fd = memfd_create("stream", MFD_CLOEXEC);
	if (stream->fd < 0)
		return -1;
	if (!stream->in_file && stream->size + octets.len > STREAM_MEMORY &&
	    move_to_file(stream) < 0)
		return -1;
	stream->size += octets.len;
	return io_write(stream->fd, octets.p, octets.len, CLOCK_NEVER);
}

void
stream_end(struct stream *stream)
{
	if (stream->fd >= 0)
		close(stream->fd);
	*stream = (struct stream){.fd = -1};
}

/* Without signatures for executables none can be called clean. */
static bool
has_executable(const struct report *report)
{
	enum report_kind kind;
	struct span name;
	size_t at = 0;

	while (report_next(report, &at, &kind, &name))
		if (kind == REPORT_EXECUTABLE ||
		    policy_kind_of_name(name) == REPORT_EXECUTABLE)
			return true;
	return false;
}

/* What clamd would say.  It calls limits a find if it is told to, and mail
 * filters know what to do with that; a limit of ours is an error. */
static void
write_verdict(const struct report *report, bool mail_profile, struct buf *text)
{
	bool suspect = mail_profile && has_executable(report);

	if (report->result == REPORT_INFECTED)
		buf_addf(text, "%s FOUND", report->name);
	else if (report->result == REPORT_ERROR)
		buf_addf(text, "%s ERROR", report->name);
	else if (suspect)
		buf_adds(text, "Policy.Executable FOUND");
	else if (report->result == REPORT_LIMIT)
		buf_addf(text, "%s %s", report->name,
		    strncmp(
			report->name, LIMITS_PREFIX, strlen(LIMITS_PREFIX)) == 0
			? "FOUND"
			: "ERROR");
	else
		buf_adds(text, "OK");
}

static void
free_job(struct job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	free(job);
}

static void
answer(struct desk *desk, const struct job *job, bool mail_profile)
{
	struct buf text = BUF_INIT(REPORT_SIZE_MAX + 1000);
	struct client *client = job->client;

	if (job->form == JOB_REPORT) {
		report_write(&desk->report, &text);
		buf_add(&text, "", 1);
	} else {
		if (job->form == JOB_STREAM)
			buf_adds(&text, "stream: ");
		else
			buf_addf(&text, "fd[%d]: ", job->number);
		write_verdict(&desk->report, mail_profile, &text);
		buf_add(&text, &job->end, 1);
		talk_end_command(client);
	}
	clients_say(desk, client, job->id, buf_span(&text));
	buf_free(&text);
}

static void
answer_error(struct desk *desk, const struct job *job, const char *why)
{
	struct report *report = &desk->report;

	report_reset(report);
	report->mail_profile = false;
	snprintf(report->engine, sizeof(report->engine), "%s", desk->version);
	report_result(report, REPORT_ERROR, why);
	answer(desk, job, false);
}

static void
end_job(struct job *job)
{
	if (job->client != NULL) {
		job->client->jobs--;
		job->client->answered = true;
	}
	free_job(job);
}

void
job_done(struct desk *desk, struct job *job, const struct database *by)
{
	const struct report *report = &desk->report;

	if (report->result != REPORT_CLEAN)
		event("result=%s name=\"%s\" ms=%" PRId64 " file=\"%s\"",
		    report_result_name(report->result), report->name,
		    clock_ms() - job->since, job->name);
	if (job->client != NULL)
		answer(desk, job, report->mail_profile || by->mail_profile);
	end_job(job);
}

void
job_failed(struct desk *desk, struct job *job, const char *why)
{
	if (job->client != NULL)
		answer_error(desk, job, why);
	end_job(job);
}

void
job_refuse(struct desk *desk, struct client *client, const struct job *what,
    const char *why)
{
	struct job job = *what;

	job.client = client;
	answer_error(desk, &job, why);
	if (job.fd >= 0)
		close(job.fd);
}

void
job_add(struct desk *desk, struct client *client, const struct job *what)
{
	struct job *job;

	if (desk->queue_length >= desk->settings->queue) {
		warning("the queue is full");
		job_refuse(desk, client, what, "the queue is full");
		return;
	}
	job = malloc(sizeof(*job));
	if (job == NULL)
		fatal("out of memory");
	*job = *what;
	job->next = NULL;
	job->client = client;
	job->since = clock_ms();
	client->jobs++;
	*desk->queue_end = job;
	desk->queue_end = &job->next;
	desk->queue_length++;
}

struct job *
job_take(struct desk *desk)
{
	struct job *job = desk->queue;

	if (job == NULL)
		return NULL;
	desk->queue = job->next;
	if (desk->queue == NULL)
		desk->queue_end = &desk->queue;
	desk->queue_length--;
	return job;
}

void
job_give_back(struct desk *desk, struct job *job)
{
	if (desk->queue == NULL)
		desk->queue_end = &job->next;
	job->next = desk->queue;
	desk->queue = job;
	desk->queue_length++;
}

/* Scans that run go on; their results are for nobody. */
void
jobs_forget(struct desk *desk, const struct client *client)
{
	struct job **link = &desk->queue, *job;
	size_t i;

	while ((job = *link) != NULL)
		if (job->client == client) {
			*link = job->next;
			desk->queue_length--;
			free_job(job);
		} else
			link = &job->next;
	desk->queue_end = link;
	for (i = 0; i < desk->scanner_count; i++) {
		job = desk->scanners[i].job;
		if (job != NULL && job->client == client)
			job->client = NULL;
	}
}

/* They are as old as their place in the queue. */
int64_t
jobs_sweep(struct desk *desk, int64_t now)
{
	int64_t wait = (int64_t)desk->settings->wait;
	bool some = false;

	while (desk->queue != NULL && now >= desk->queue->since + wait) {
		job_failed(desk, job_take(desk), "no scanner is free");
		some = true;
	}
	if (some)
		return now;
	return desk->queue == NULL ? CLOCK_NEVER : desk->queue->since + wait;
}
