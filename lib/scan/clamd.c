#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/scan.h"
#include "mail/message.h"
#include "scan/clamd.h"

#define COMMAND_MAX (REPORT_FILE_MAX + 20)
#define PAUSE_FIRST 50 /* ms between two attempts, doubled each time */
#define PAUSE_MAX 1000
#define PATH_SIZE sizeof(((struct sockaddr_un *)0)->sun_path)

/* How an attempt ended. */
enum attempt {
	ATTEMPT_DONE,
	ATTEMPT_NOW,   /* try again at once */
	ATTEMPT_LATER, /* try again, while there is patience */
	ATTEMPT_NEVER
};

int
clamd_init(struct clamd *clamd, const char *path, const char *database)
{
	memset(clamd, 0, sizeof(*clamd));
	clamd->socket = path;
	clamd->database = database;
	peer_init(&clamd->peer);
	if (path != NULL && strlen(path) >= PATH_SIZE) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

int
clamd_open(const char *path)
{
	struct message copy;
	struct io_in in;
	struct stat st;
	int fd, shared = -1, saved;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
		return fd;
	message_init(&copy);
	io_in_init(&in, fd);
	if (message_take(&copy, &in) == 0)
		shared = message_share(&copy, (struct span){NULL, 0});
	saved = errno;
	io_in_free(&in);
	message_free(&copy);
	close(fd);
	errno = saved;
	return shared;
}

void
clamd_free(struct clamd *clamd)
{
	peer_free(&clamd->peer);
}

static void
disconnect(struct clamd *clamd)
{
	peer_end(&clamd->peer);
	clamd->kept = false;
}

/* Asks a clamd what it is.  The age of its database is left out: it would not
 * stay true. */
static void
ask_version(struct clamd *clamd, int64_t deadline)
{
	struct buf answer = BUF_INIT(REPORT_SIZE_MAX);
	const struct span command = {"zVERSION", sizeof("zVERSION")};
	size_t len = 0;

	if (peer_reach(&clamd->peer, clamd->socket) == 0 &&
	    peer_ask(&clamd->peer, command, -1, deadline, &answer) == 0)
		len = strcspn(buf_str(&answer), "/");
	if (len == 0 || len > CLAMD_VERSION_MAX)
		snprintf(clamd->version, sizeof(clamd->version), "clamd");
	else
		snprintf(clamd->version, sizeof(clamd->version), "%.*s",
		    (int)len, buf_str(&answer));
	disconnect(clamd);
	buf_free(&answer);
}

/* Takes a word off the end of a text.  False if it ends in another one. */
static bool
take_last(struct span *text, const char *word)
{
	size_t len = strlen(word);

	if (text->len < len ||
	    memcmp(text->p + text->len - len, word, len) != 0)
		return false;
	text->len -= len;
	return true;
}

/* Reads what a clamd says: "fd[10]: NAME FOUND".  0, or -1. */
static int
read_stock(
    const struct clamd *clamd, const struct buf *answer, struct report *report)
{
	static const char limits[] = "Heuristics.Limits.";
	static const char encrypted[] = "Heuristics.Encrypted.";
	char name[REPORT_NAME_MAX + 1];
	struct span text;
	struct scan scan;

	scan_init(&scan, buf_span(answer));
	scan_until(&scan, ':');
	scan_char(&scan, ' ');
	text = scan_rest(&scan);
	if (scan.bad)
		return -1;
	report_reset(report);
	report->mail_profile = false;
	snprintf(report->engine, sizeof(report->engine), "%s", clamd->version);
	if (span_eq(text, span_of("OK")))
		return 0;
	if (take_last(&text, " ERROR")) {
		snprintf(name, sizeof(name), "%.*s", SPAN_ARG(text));
		report_result(report, REPORT_ERROR, name);
		return 0;
	}
	if (!take_last(&text, " FOUND"))
		return -1;
	snprintf(name, sizeof(name), "%.*s", SPAN_ARG(text));
	if (strncmp(name, encrypted, sizeof(encrypted) - 1) == 0)
		report_object(report, REPORT_ENCRYPTED, span_of(""));
	else
		report_result(report,
		    strncmp(name, limits, sizeof(limits) - 1) == 0
			? REPORT_LIMIT
			: REPORT_INFECTED,
		    name);
	return 0;
}

/* The command for a job, with its NUL; a name without what cannot stand in
 * it. */
static struct span
command_of(const struct clamd *clamd, const struct clamd_job *job,
    char command[COMMAND_MAX])
{
	const char *name = job->name != NULL ? job->name : "";
	size_t len = strlen(name);
	char *p;

	if (len > REPORT_FILE_MAX)
		name += len - REPORT_FILE_MAX; /* its end tells what it is */
	if (clamd->stock || job->is_message)
		snprintf(command, COMMAND_MAX, "%s",
		    clamd->stock ? "zFILDES" : "zMESSAGE");
	else
		snprintf(command, COMMAND_MAX, "zEXAMINE%s%s",
		    *name != '\0' ? " " : "", name);
	for (p = command; *p != '\0'; p++)
		if (*p > 0 && *p < 0x20)
			*p = '?';
	return (struct span){command, strlen(command) + 1};
}

/* No answer: tells what to do about it. */
static enum attempt
failed(struct clamd *clamd, const char *what, struct report *report)
{
	bool again = errno != ETIMEDOUT && errno != EBADMSG;
	/* our own that never answered would not do so the next time */
	bool hopeless = clamd->socket == NULL && !clamd->kept;
	bool stale = clamd->kept && clamd->socket != NULL;
	char why[REPORT_NAME_MAX + 1];

	snprintf(why, sizeof(why), "%s: %s", what,
	    errno == EPIPE     ? "no answer"
	    : errno == EBADMSG ? "the answer is wrong"
			       : strerror(errno));
	disconnect(clamd);
	report_reset(report);
	report->engine[0] = '\0';
	report->mail_profile = false;
	report_result(report, REPORT_ERROR, why);
	if (!again || hopeless)
		return ATTEMPT_NEVER;
	return stale ? ATTEMPT_NOW : ATTEMPT_LATER;
}

/* Reads an answer into report. */
static enum attempt
understand(struct clamd *clamd, const struct buf *answer, int64_t deadline,
    struct report *report)
{
	const char *peer = clamd->socket != NULL ? clamd->socket : PEER_PROGRAM;

	if (clamd->stock) {
		disconnect(clamd);
		if (read_stock(clamd, answer, report) == 0)
			return ATTEMPT_DONE;
	} else if (clamd->socket != NULL &&
		   span_eq(buf_span(answer), span_of("UNKNOWN COMMAND"))) {
		disconnect(clamd);
		clamd->stock = true;
		ask_version(clamd, deadline);
		return ATTEMPT_NOW;
	} else if (report_read(report, buf_span(answer)) == 0) {
		clamd->kept = true;
		return ATTEMPT_DONE;
	}
	errno = EBADMSG;
	return failed(clamd, peer, report);
}

static enum attempt
try(struct clamd *clamd, const struct clamd_job *job, int64_t deadline,
    struct report *report)
{
	const char *peer = clamd->socket != NULL ? clamd->socket : PEER_PROGRAM;
	struct buf answer = BUF_INIT(REPORT_SIZE_MAX);
	char command[COMMAND_MAX];
	enum attempt attempt;

	if (clamd->peer.in.fd < 0 &&
	    (clamd->socket != NULL
		    ? peer_reach(&clamd->peer, clamd->socket)
		    : peer_start(&clamd->peer, clamd->database)) < 0)
		return failed(clamd, peer, report);
	if (lseek(job->fd, 0, SEEK_SET) < 0 ||
	    peer_ask(&clamd->peer, command_of(clamd, job, command), job->fd,
		deadline, &answer) < 0)
		attempt = failed(clamd, peer, report);
	else
		attempt = understand(clamd, &answer, deadline, report);
	buf_free(&answer);
	return attempt;
}

void
clamd_scan(struct clamd *clamd, const struct clamd_job *job, int64_t deadline,
    int64_t patience, struct report *report)
{
	int64_t end = patience < deadline ? patience : deadline;
	enum attempt attempt;
	int pause = PAUSE_FIRST;

	for (;;) {
		attempt = try(clamd, job, deadline, report);
		if (attempt == ATTEMPT_DONE || attempt == ATTEMPT_NEVER)
			return;
		if (attempt == ATTEMPT_NOW)
			continue;
		if (clock_ms() + pause > end)
			return;
		poll(NULL, 0, pause);
		pause = 2 * pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
	}
}
