/*
 * av-scan: finds viruses in messages and files.
 *
 * - It reads no MIME and no archive and is not linked with what does: the
 *   message goes to av-scand as a descriptor, and a report comes back.
 * - Without a daemon it starts one for itself, which lives as long as it does.
 * - No answer is never "clean": in doubt the message is deferred.
 * - The scanner gets the message with a Received line in front, without which
 *   libclamav does not see that a header of unknown fields is one.
 * - Fields X-Virus-* from outside go before ours come, also if there is nothing
 *   to say, so that whoever reads them can trust them.
 * - Nobody is sent a notice: the sender of a virus is forged.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/header.h"
#include "mail/stage.h"
#include "scan/clamd.h"
#include "scan/outcome.h"
#include "store/hold.h"

/* If nobody says where, and the directory is there, for the socket may be still
 * to come. */
#define DIRECTORY "/run/pimail"
#define SOCKET DIRECTORY "/av"
#define OURS "X-Virus-*"
#define TRACE "Received: by av-scan"
#define FIELDS_MAX (OUTCOME_LIST_MAX + 2048)

struct scan_settings {
	struct clamd clamd;
	struct outcome_rules rules;
	struct report report;
	const char *quarantine; /* directory, or NULL */
	uint64_t time;          /* ms */
	uint64_t wait;          /* ms */
};

static void
usage(void)
{
	usage_exit("[-s socket] [-d database] [-a action] [-o name=value] "
		   "[file...]");
}

/* Tells the operator what is done and why.  What a raw message is rejected for
 * is in the reply, which the stage prints. */
static void
tell(const struct frame *frame, const struct outcome *outcome,
    const char *verdict, const char *held)
{
	struct span id = frame_get(frame, "id");

	if (id.p != NULL)
		event("id=%.*s verdict=%s %s='%s'%s%s", SPAN_ARG(id), verdict,
		    outcome_cause_name(outcome->cause), outcome->what,
		    held != NULL ? " held=" : "", held != NULL ? held : "");
	else if (outcome->action != OUTCOME_REJECT)
		info("%s: %s%s%s", outcome_cause_name(outcome->cause),
		    outcome->what, held != NULL ? ", held as " : "",
		    held != NULL ? held : "");
}

/* What cannot be done here and now. */
static void
defer(struct frame *frame, const char *what, int error)
{
	struct span id = frame_get(frame, "id");

	if (id.p != NULL)
		event("id=%.*s verdict=defer reason='%s: %s'", SPAN_ARG(id),
		    what, strerror(error));
	else
		warning("%s: %s", what, strerror(error));
	frame_verdict(frame, VERDICT_DEFER,
	    error == ENOSPC || error == EDQUOT
		? "452 4.3.1 Insufficient system storage"
		: "451 4.3.0 Cannot scan for viruses now");
}

/* Has the content of a descriptor scanned, or notes why there is none.  Closes
 * it. */
static void
ask(struct scan_settings *settings, struct clamd_job job)
{
	int64_t now = clock_ms();

	if (job.fd < 0) {
		report_reset(&settings->report);
		settings->report.engine[0] = '\0';
		report_result(&settings->report, REPORT_ERROR, strerror(errno));
		return;
	}
	clamd_scan(&settings->clamd, &job, now + (int64_t)settings->time,
	    now + (int64_t)settings->wait, &settings->report);
	close(job.fd);
}

static void
ask_message(struct scan_settings *settings, const struct message *message)
{
	struct buf head = BUF_INIT(sizeof(TRACE) + 2);

	buf_addf(&head, TRACE "%s", header_line_end(message));
	ask(settings, (struct clamd_job){
			  message_share(message, buf_span(&head)), true, NULL});
	buf_free(&head);
}

/* Puts our fields on top, in place of those that came.  0, or -1 with errno. */
static int
add_fields(const struct scan_settings *settings, struct message *message)
{
	struct buf fields = BUF_INIT(FIELDS_MAX);
	int rc;

	rc = header_remove(message, OURS);
	if (rc == 0) {
		outcome_fields(&settings->rules, &settings->report,
		    header_line_end(message), &fields);
		rc = message_prepend(message, buf_span(&fields));
	}
	buf_free(&fields);
	return rc;
}

/* Puts the frame, which carries its fields, into the quarantine.  0, or -1 with
 * errno. */
static int
hold(const struct scan_settings *settings, struct frame *frame,
    char name[HOLD_NAME_SIZE])
{
	char id[FRAME_ID_SIZE];
	int directory, rc, saved;

	if (frame->fields.len == 0) { /* a raw message becomes a frame */
		frame_new_id(id);
		frame_add(frame, "id", span_of(id));
	}
	directory = hold_open(settings->quarantine);
	if (directory < 0)
		return -1;
	rc = hold_put(directory, frame, name);
	saved = errno;
	close(directory);
	errno = saved;
	return rc;
}

static void
quarantine(const struct scan_settings *settings, struct frame *frame,
    const struct outcome *outcome)
{
	char name[HOLD_NAME_SIZE];

	if (hold(settings, frame, name) < 0) {
		defer(frame, settings->quarantine, errno);
		return;
	}
	tell(frame, outcome, "done", name);
	frame_verdict(frame, VERDICT_DONE, NULL);
}

static void
work(struct frame *frame, void *arg)
{
	struct buf reply = BUF_INIT(FRAME_REPLY_MAX);
	struct scan_settings *settings = arg;
	struct outcome outcome;
	bool reject;

	ask_message(settings, &frame->message);
	outcome_find(&settings->rules, &settings->report, &outcome);
	reject = outcome.action == OUTCOME_REJECT;
	if (reject || outcome.action == OUTCOME_DEFER) {
		tell(frame, &outcome, reject ? "reject" : "defer", NULL);
		outcome_reply(&outcome, &reply);
		frame_verdict(frame, reject ? VERDICT_REJECT : VERDICT_DEFER,
		    buf_str(&reply));
	} else if (add_fields(settings, &frame->message) < 0)
		defer(frame, "header", errno);
	else if (outcome.action == OUTCOME_QUARANTINE)
		quarantine(settings, frame, &outcome);
	else if (outcome.action == OUTCOME_TAG)
		tell(frame, &outcome, "pass", NULL);
	buf_free(&reply);
}

/* Scans a file and says a line about it.  Returns STATUS_*. */
static int
scan_file(struct scan_settings *settings, const char *path)
{
	struct buf line = BUF_INIT(FIELDS_MAX + FRAME_FIELDS_MAX);
	const char *slash = strrchr(path, '/');
	struct outcome outcome;

	ask(settings, (struct clamd_job){clamd_open(path), false,
			  slash != NULL ? slash + 1 : path});
	outcome_find(&settings->rules, &settings->report, &outcome);
	buf_addf(&line, "%s: ", path);
	outcome_words(&settings->rules, &settings->report, &outcome, &line);
	err_printable(line.p, line.len);
	if (puts(buf_str(&line)) < 0 || fflush(stdout) != 0)
		fatal("cannot write: %s", strerror(errno));
	buf_free(&line);
	if (outcome.action == OUTCOME_DEFER)
		return STATUS_DEFER;
	return outcome.action >= OUTCOME_QUARANTINE ||
		       settings->report.result == REPORT_INFECTED
		   ? STATUS_REJECT
		   : STATUS_OK;
}

static int
scan_files(struct scan_settings *settings, char **paths)
{
	int status = STATUS_OK, one;

	for (; *paths != NULL; paths++) {
		one = scan_file(settings, *paths);
		status = one > status ? one : status;
	}
	if (io_close_stdout() < 0)
		fatal("cannot close standard output: %s", strerror(errno));
	return status;
}

/* Reads a word of an option that stands for an action. */
static enum outcome_action
action_of(const char *option, const char *word, bool may_reject)
{
	if (strcmp(word, "defer") == 0)
		return OUTCOME_DEFER;
	if (strcmp(word, "tag") == 0)
		return OUTCOME_TAG;
	if (!may_reject || strcmp(word, "reject") != 0)
		fatal("-o '%s=%s': not an action", option, word);
	return OUTCOME_REJECT;
}

/* "reject", "tag", "quarantine=DIR" */
static void
set_action(struct scan_settings *settings, const char *text)
{
	if (strcmp(text, "reject") == 0)
		settings->rules.infected = OUTCOME_REJECT;
	else if (strcmp(text, "tag") == 0)
		settings->rules.infected = OUTCOME_TAG;
	else if (strncmp(text, "quarantine=", 11) == 0) {
		settings->rules.infected = OUTCOME_QUARANTINE;
		settings->quarantine = text + 11;
	} else
		fatal("-a '%s': not an action", text);
}

/* Makes the policies, and sure that what they need is there. */
static void
set_policies(struct scan_settings *settings, const char *path)
{
	struct outcome_rules *rules = &settings->rules;
	int fd;

	policy_default(&rules->policy, false);
	policy_default(&rules->mail_policy, true);
	if (path != NULL) {
		policy_load(&rules->policy, path);
		policy_load(&rules->mail_policy, path);
	}
	if (settings->quarantine == NULL) {
		if (policy_has(&rules->policy, POLICY_QUARANTINE))
			fatal("'%s': quarantine needs -o quarantine=DIR", path);
		return;
	}
	fd = hold_open(settings->quarantine);
	if (fd < 0)
		fatal("quarantine '%s': %s", settings->quarantine,
		    errno == EEXIST  ? "is a Maildir"
		    : errno == EPERM ? "others may write to it"
				     : strerror(errno));
	close(fd);
}

int
main(int argc, char **argv)
{
	static struct scan_settings settings = {
	    .rules.infected = OUTCOME_REJECT, .time = 120000, .wait = 30000};
	const char *socket = NULL, *database = NULL, *attachments = NULL;
	const char *on_error = "defer", *on_limit = "defer";
	const struct conf_option options[] = {
	    {"attachments", CONF_TEXT, &attachments, 0, 0,
		"file with the policy for attachments"},
	    {"on-error", CONF_TEXT, &on_error, 0, 0,
		"what cannot be scanned: defer; tag lets it pass"},
	    {"on-limit", CONF_TEXT, &on_limit, 0, 0,
		"what is too much to scan: defer or reject; tag lets it pass"},
	    {"quarantine", CONF_TEXT, &settings.quarantine, 0, 0,
		"directory for what the policy keeps back"},
	    {"time", CONF_SECONDS, &settings.time, 1, 86400000,
		"seconds for a scan with all waiting"},
	    {"wait", CONF_SECONDS, &settings.wait, 0, 86400000,
		"seconds of trying while the scanner is away"},
	};
	struct stage stage = {.work = work,
	    .arg = &settings,
	    .takes_raw = true,
	    .keeps_message = true,
	    .raw_done = STATUS_STOP};
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	umask(077);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	while ((c = getopt(argc, argv, "a:d:o:s:")) != -1)
		switch (c) {
		case 'a':
			set_action(&settings, optarg);
			break;
		case 'd':
			database = optarg;
			break;
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 's':
			socket = optarg;
			break;
		default:
			usage();
		}
	if (socket != NULL && database != NULL)
		usage();
	if (socket == NULL && database == NULL && access(DIRECTORY, F_OK) == 0)
		socket = SOCKET;
	settings.rules.error = action_of("on-error", on_error, false);
	settings.rules.limit = action_of("on-limit", on_limit, true);
	set_policies(&settings, attachments);
	if (clamd_init(&settings.clamd, socket, database) < 0)
		fatal("-s '%s': %s", socket, strerror(errno));
	report_init(&settings.report);
	c = argv[optind] != NULL ? scan_files(&settings, argv + optind)
				 : stage_run(&stage);
	clamd_free(&settings.clamd);
	report_free(&settings.report);
	policy_free(&settings.rules.policy);
	policy_free(&settings.rules.mail_policy);
	return c;
}
