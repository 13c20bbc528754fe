/*
 * relay-ls: shows what is in a queue, holds it, removes it.
 *
 * - A runner may work on the queue meanwhile, and nobody waits for the other:
 *   each thing done is one call of the kernel, and what has gone in between is
 *   passed over.
 * - What takes mail away wants to be told which.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/sandbox.h"
#include "base/scan.h"
#include "base/user.h"
#include "queue/print.h"

#define DESTINATIONS_MAX 1000000
#define AGE_MAX 100000000 /* of any unit */
#define SHORT_ID 16

enum action { LIST, COUNT, HOLD, RELEASE, SHOW, TRY, REMOVE };

struct ls {
	struct queue queue;
	struct selection selection;
	struct listing listing;
	enum action action;
	int digits; /* of an id */
	int64_t now;
	uint64_t found;
	int status;
	struct print_sum sum;
};

static void
usage(void)
{
	usage_exit("[-cHrstvx] [-a age] [-f sender] [-n node] [-p peer] dir "
		   "[id...]");
}

/* Takes "3d": a number of seconds, or of s, m, h, d. */
static int64_t
age_of(const char *text)
{
	static const char units[] = "smhd";
	static const int64_t seconds[] = {1, 60, 3600, 86400};
	const char *unit;
	struct scan scan;
	int64_t number;
	int c;

	scan_init(&scan, span_of(text));
	number = (int64_t)scan_number(&scan, AGE_MAX);
	c = scan_peek(&scan);
	unit = c > 0 ? strchr(units, c) : NULL;
	if (unit != NULL) {
		scan_char(&scan, *unit);
		number *= seconds[unit - units];
	}
	if (!scan_ok(&scan))
		fatal("-a '%s': not an age", text);
	return number;
}

static void
trouble(struct ls *ls, const char *what, const char *name)
{
	warning("cannot %s '%s': %s", what, name, strerror(errno));
	ls->status = STATUS_DEFER;
}

/* Does to one entry what was asked for. */
static void
act(struct ls *ls, const struct destination *destination, struct listed *item)
{
	int rc = 0;

	switch (ls->action) {
	case HOLD:
		rc = entry_hold(destination, &item->entry);
		break;
	case RELEASE:
		rc = entry_release(destination, &item->entry);
		break;
	case REMOVE:
		rc = entry_remove(destination, &item->entry);
		break;
	case SHOW:
		rc = print_header(destination, item, &ls->listing.frame);
		break;
	default:
		break;
	}
	if (rc < 0 && errno == ENOENT)
		return; /* somebody was faster */
	ls->found++;
	if (rc < 0)
		trouble(ls, "do that to", item->entry.id);
	else if (ls->action != SHOW)
		print_entry(destination, item, ls->digits,
		    ls->action == REMOVE ? "removed"
		    : item->entry.held   ? "held"
					 : "-",
		    ls->now);
}

/* Makes it due.  A runner that waits sees the change. */
static void
try_now(struct ls *ls, const struct destination *destination)
{
	struct schedule schedule;

	schedule_read(destination, &schedule);
	schedule.next = 0;
	if (schedule_write(destination, &schedule) < 0)
		trouble(ls, "write the schedule of", destination->name);
	else
		printf("%s\n", destination->name);
}

static void
visit(struct ls *ls, const char *name)
{
	struct destination destination;
	bool all = !selection_is_some(&ls->selection);
	size_t i;

	if (destination_open(&ls->queue, span_of(name), false, &destination) <
	    0) {
		if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
			trouble(ls, "open", name);
		return;
	}
	if (listing_read(&ls->listing, &destination, &ls->selection) < 0)
		trouble(ls, "read", name);
	if (ls->action != COUNT && ls->action != TRY)
		for (i = 0; i < ls->listing.count; i++)
			act(ls, &destination, listing_at(&ls->listing, i));
	else if (all || ls->listing.count > 0) {
		ls->found += ls->listing.count;
		if (ls->action == COUNT)
			print_destination(
			    &destination, &ls->listing, ls->now, &ls->sum);
		else
			try_now(ls, &destination);
	}
	destination_close(&destination);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All destinations, by name. */
static void
visit_all(struct ls *ls)
{
	struct buf names = BUF_INIT(DESTINATIONS_MAX * sizeof(char *));
	struct arena arena = {0};
	struct queue_walk walk;
	struct span name;
	const char **list;
	size_t i, n = 0;

	if (queue_walk(&walk, &ls->queue) < 0)
		fatal("cannot read '%s': %s", ls->queue.path, strerror(errno));
	for (; queue_walk_next(&walk, &name); n++) {
		name = arena_copy(&arena, name);
		if (!buf_add(&names, &name.p, sizeof(name.p)))
			fatal("'%s': too many destinations", ls->queue.path);
	}
	queue_walk_end(&walk);
	list = (const char **)(void *)names.p;
	if (n > 0)
		qsort(list, n, sizeof(*list), by_name);
	for (i = 0; i < n; i++)
		visit(ls, list[i]);
	buf_free(&names);
	arena_free(&arena);
}

static void
set_action(struct ls *ls, enum action action)
{
	if (ls->action != LIST)
		usage();
	ls->action = action;
}

static void
options(struct ls *ls, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "a:cf:Hn:p:rstvx")) != -1)
		switch (c) {
		case 'a':
			ls->selection.by_age = true;
			ls->selection.before = ls->now - age_of(optarg) + 1;
			break;
		case 'c':
			set_action(ls, COUNT);
			break;
		case 'f':
			ls->selection.sender = optarg;
			break;
		case 'H':
			set_action(ls, HOLD);
			break;
		case 'n':
			ls->selection.node = optarg;
			break;
		case 'p':
			ls->selection.peer = optarg;
			break;
		case 'r':
			set_action(ls, RELEASE);
			break;
		case 's':
			set_action(ls, SHOW);
			break;
		case 't':
			set_action(ls, TRY);
			break;
		case 'v':
			ls->digits = CONTENT_ID_LEN;
			break;
		case 'x':
			set_action(ls, REMOVE);
			break;
		default:
			usage();
		}
}

int
main(int argc, char **argv)
{
	static struct ls ls = {.digits = SHORT_ID, .status = STATUS_OK};
	struct sandbox_path path = {NULL, SANDBOX_READ};
	char *const *id;

	err_init(argv[0]);
	file_sane_stdio();
	ls.now = time(NULL);
	options(&ls, argc, argv);
	if (optind == argc)
		usage();
	ls.selection.ids = argv + optind + 1;
	for (id = ls.selection.ids; *id != NULL; id++)
		if (!selection_is_id(*id))
			fatal("'%s': not an id: 8 to 64 of 0-9 and a-f", *id);
	if (ls.action == REMOVE && !selection_is_some(&ls.selection))
		fatal("-x wants to know which: all are -a 0");
	if (queue_open(&ls.queue, argv[optind], false) < 0)
		fatal(
		    "cannot open '%s': %s", argv[optind], queue_reason(errno));
	path.path = argv[optind];
	if (ls.action != LIST && ls.action != COUNT && ls.action != SHOW)
		path.rights |= SANDBOX_WRITE;
	user_confine();
	sandbox_reach(&path, 1, NULL, 0);
	listing_init(&ls.listing);
	visit_all(&ls);
	if (ls.action == COUNT)
		print_total(&ls.sum, ls.now);
	listing_free(&ls.listing);
	queue_close(&ls.queue);
	if (ferror(stdout) || fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write: %s", strerror(errno));
	if (ls.status == STATUS_OK && ls.found == 0 &&
	    selection_is_some(&ls.selection))
		return STATUS_REJECT;
	return ls.status;
}
