/*
 * maildir-deliver: puts messages into Maildirs.
 *
 * - There is one verdict for all recipients of a message, so all get it or
 *   none does.
 * - A file for each mailbox: nobody learns from it who else got the message.
 * - Junk goes by the frame's field alone; a header may be a stranger's.
 * - The answer to the client has no reason in it; standard error has.
 * - What comes home from other nodes bears a mark, so that it can be looked for
 *   if nobody knows whether it was delivered.  A mailbox that has it anywhere
 *   has it: its owner may have moved it.
 * - Directories are made below the part of DIR that the operator wrote, never
 *   in it: a typo in a run script shall not make a tree.
 * - A raw message from a pipe may have been cut by whoever wrote it, so that
 *   has to be allowed by -r.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "mail/stage.h"
#include "store/delivery.h"

struct deliver {
	struct place place;
	struct delivery delivery;
	struct letter letter;
	struct span junk; /* folder */
};

static void
usage(void)
{
	usage_exit("[-rX] [-o name=value] dir");
}

static const char *
reason(int error)
{
	switch (error) {
	case EPERM:
		return "open to others, or not ours";
	case ENOTDIR:
		return "not a directory (a symbolic link is none)";
	case EINVAL:
		return "a value is missing or cannot stand in a path";
	case EDESTADDRREQ:
		return "no recipient";
	default:
		return strerror(error);
	}
}

/* Gives the verdict and tells the operator why. */
static void
refuse(struct frame *frame, enum verdict verdict, const char *reply,
    const char *where, const char *why)
{
	struct span id = frame_get(frame, "id");

	if (id.p != NULL)
		event("id=%.*s verdict=%s path='%s' reason='%s'", SPAN_ARG(id),
		    frame_verdict_name(verdict), where, why);
	else
		warning("'%s': %s", where, why);
	frame_verdict(frame, verdict, reply);
}

static void
defer(struct frame *frame, const char *where, int error)
{
	refuse(frame, VERDICT_DEFER,
	    error == ENOSPC || error == EDQUOT
		? "452 4.3.1 Insufficient system storage"
		: "451 4.3.0 Cannot deliver now",
	    where, reason(error));
}

/* Whether a field of that name says yes. */
static bool
says_yes(const struct frame *frame, const char *name)
{
	struct span value;
	size_t at = 0;

	while (frame_next(frame, name, &at, &value))
		if (span_eq(value, span_of("yes")))
			return true;
	return false;
}

/* Chooses the folder that the address names, if there is such a folder, as it
 * is written or in lower case.  0, or -1 with errno. */
static int
use_suffix(struct delivery *delivery, struct span address)
{
	char folder[PLACE_FOLDER_MAX + 1];
	int pass;
	char *p;

	if (!place_folder(address, folder))
		return 0;
	for (pass = 0; pass < 2; pass++) {
		if (delivery_folder(
			delivery, span_of(folder), MAILDIR_EXISTING) == 0)
			return 0;
		if (errno != ENOENT && errno != ENOTDIR)
			return -1;
		for (p = folder; *p != '\0'; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p += 'a' - 'A';
	}
	return 0;
}

/* Adds a file for one recipient; path holds where it goes.  0, or -1 with
 * errno. */
static int
add_recipient(struct deliver *deliver, const struct frame *frame,
    const struct frame_recipient *recipient, struct buf *path)
{
	struct delivery *delivery = &deliver->delivery;
	int rc;

	buf_reset(path);
	if (place_path(&deliver->place, recipient->mailbox, recipient->address,
		frame_get(frame, "node"), path) < 0 ||
	    delivery_add(delivery, buf_str(path), recipient->address) < 0)
		return -1;
	rc = says_yes(frame, "junk")
		 ? delivery_folder(delivery, deliver->junk, MAILDIR_FOLDER)
		 : use_suffix(delivery, recipient->address);
	if (rc == 0)
		delivery_merge(delivery);
	return rc;
}

/* Adds the files for all recipients.  Returns 0, or -1 with errno and in path
 * where it failed. */
static int
plan(struct deliver *deliver, const struct frame *frame, struct buf *path)
{
	struct frame_recipient recipient;
	struct span once;
	size_t base, at = 0;

	if (frame->fields.len == 0) {
		if (place_raw(&deliver->place, path, &base) < 0)
			return -1;
		delivery_begin(&deliver->delivery, base);
		return delivery_add(
		    &deliver->delivery, buf_str(path), (struct span){NULL, 0});
	}
	delivery_begin(&deliver->delivery, deliver->place.base.len);
	once = frame_get(frame, "once");
	errno = EINVAL;
	if (once.p != NULL &&
	    !delivery_once(&deliver->delivery, once, says_yes(frame, "again")))
		return -1;
	while (frame_next_recipient(frame, &at, &recipient))
		if (add_recipient(deliver, frame, &recipient, path) < 0)
			return -1;
	errno = EDESTADDRREQ;
	return deliver->delivery.count > 0 ? 0 : -1;
}

static bool
loops(const struct letter *letter, const struct frame *frame)
{
	struct frame_recipient recipient;
	size_t at = 0;

	while (frame_next_recipient(frame, &at, &recipient))
		if (letter_loops(letter, recipient.address))
			return true;
	return false;
}

static void
tell(const struct delivery *delivery, const struct frame *frame)
{
	const struct delivery_target *target;
	size_t i;

	if (frame->fields.len == 0)
		return;
	for (i = 0; i < delivery->count; i++) {
		target = &delivery->target[i];
		event("id=%.*s verdict=done path='%s' file='%s'",
		    SPAN_ARG(frame_get(frame, "id")), target->path,
		    target->there ? "(it was there)" : target->file.name);
	}
}

/* Writes what is planned, and gives the verdict. */
static void
deliver_all(struct deliver *deliver, struct frame *frame)
{
	struct delivery *delivery = &deliver->delivery;
	int rc;

	rc = delivery_run(
	    delivery, &deliver->letter, frame_get(frame, "sender"));
	if (rc < 0)
		defer(frame, delivery->target[delivery->now].path, errno);
	else if (rc > 0)
		refuse(frame, VERDICT_DEFER, "452 4.2.2 Mailbox full",
		    delivery->target[delivery->now].home, "over quota");
	else {
		tell(delivery, frame);
		frame_verdict(frame, VERDICT_DONE, NULL);
	}
}

static void
work(struct frame *frame, void *arg)
{
	struct deliver *deliver = arg;
	struct buf path = BUF_INIT(PLACE_PATH_MAX);
	bool raw = frame->fields.len == 0;

	if (plan(deliver, frame, &path) < 0 ||
	    letter_open(&deliver->letter, &frame->message, raw) < 0)
		defer(frame, buf_str(&path), errno);
	else if (loops(&deliver->letter, frame))
		refuse(frame, VERDICT_REJECT, "554 5.4.6 Delivery loop",
		    buf_str(&path), "delivered to the same address before");
	else
		deliver_all(deliver, frame);
	buf_free(&path);
}

int
main(int argc, char **argv)
{
	static struct deliver deliver;
	uint64_t quota = 0, sync = 1;
	const char *junk = "Junk";
	const struct conf_option options[] = {
	    {"junk", CONF_TEXT, &junk, 0, 0, "folder for junk"},
	    {"quota", CONF_SIZE, &quota, 0, 1ULL << 46,
		"octets a Maildir may hold with its folders; 0: no limit"},
	    {"sync", CONF_COUNT, &sync, 0, 1,
		"0 answers before mail is on disk: a power cut loses it"},
	};
	struct stage stage = {
	    .work = work, .arg = &deliver, .raw_done = STATUS_OK};
	struct stat st;
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	umask(077);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	signal(SIGXFSZ, SIG_IGN); /* is EFBIG then */
	while ((c = getopt(argc, argv, "o:rX")) != -1)
		switch (c) {
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		case 'r':
			stage.takes_raw = true;
			break;
		case 'X':
			err_use_sysexits();
			break;
		default:
			usage();
		}
	if (argc - optind != 1)
		usage();
	if (place_init(&deliver.place, argv[optind]) < 0)
		fatal(
		    "'%s': not a path of %%m, %%d, %%n and %%%%", argv[optind]);
	deliver.junk = span_of(junk);
	if (!place_is_folder(deliver.junk))
		fatal("-o 'junk=%s': not a folder", junk);
	if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode))
		stage.takes_raw = true;
	letter_init(&deliver.letter);
	delivery_init(&deliver.delivery, sync != 0, quota);
	c = stage_run(&stage);
	delivery_free(&deliver.delivery);
	letter_free(&deliver.letter);
	place_free(&deliver.place);
	return err_status(c);
}
