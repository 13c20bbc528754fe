/*
 * av-db: makes a database for av-scand out of ClamAV's.
 *
 * - Signatures that are hashes, 97 of 100, go into a table that is looked up on
 *   disk; libclamav would hold them in memory.
 * - It runs on the machine that is too small for the database as it was: lines
 *   flow through, and all it holds is the table.
 * - Nothing is changed in place.  A child fills a new directory, which takes
 *   the place of the old one at once; whatever happens to the child, the parent
 *   removes what is left.  The child may end wherever it wants to.
 * - What is wrong in a file is left out with a warning; a container that cannot
 *   be verified is an error, for then nobody knows what it is.
 */
#include <clamav.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "base/user.h"
#include "sigs/exchange.h"
#include "sigs/prepare.h"

#define MEGABYTE (1 << 20)

static struct prepare prepare;
static bool verify;
static char **sources;
static int source_count;

static void
usage(void)
{
	usage_exit("[-o name=value] source... directory");
}

static bool
yes_or_no(const char *name, const char *value)
{
	if (strcmp(value, "yes") == 0)
		return true;
	if (strcmp(value, "no") != 0)
		fatal("-o %s=%s: neither yes nor no", name, value);
	return false;
}

/* What libclamav says goes where all messages go. */
static void
say(enum cl_msg severity, const char *full, const char *text, void *arg)
{
	(void)full;
	(void)arg;
	if (severity >= CL_MSG_WARN)
		warning("libclamav: %.*s", (int)strcspn(text, "\n"), text);
}

static void
print_rows(void)
{
	static const char *const names[PREPARE_ROWS] = {"hashes of files",
	    "hashes of sections", "hashes of good files", "bodies (ndb)",
	    "logical (ldb)"};
	const struct prepare_row *row;
	unsigned i;

	printf("%-20s %10s %10s %8s %8s %8s %8s %6s\n", "signatures", "kept",
	    "set aside", "twice", "ignored", "version", "unwanted", "wrong");
	for (i = 0; i < PREPARE_ROWS; i++) {
		row = &prepare.rows[i];
		printf("%-20s %10" PRIu64 " %10" PRIu64 " %8" PRIu64
		       " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %6" PRIu64 "\n",
		    names[i], row->kept, row->aside, row->twice, row->ignored,
		    row->level, row->pua, row->wrong);
	}
	printf("%-20s %10" PRIu64 "\n", "other files", prepare.files);
}

static void
print_memory(void)
{
	struct estimate before, after;

	estimate_memory(&prepare.before, &before);
	estimate_memory(&prepare.after, &after);
	printf("table of hashes: %" PRIu64 " MB on disk\n",
	    (prepare.table_size + MEGABYTE - 1) / MEGABYTE);
	printf("memory, about: %" PRIu64 " MB (sources as they are %" PRIu64
	       ", profile=full %" PRIu64 ", profile=mail %" PRIu64 ")\n",
	    after.now / MEGABYTE, before.now / MEGABYTE, before.full / MEGABYTE,
	    before.mail / MEGABYTE);
}

/* In the child. */
static void
work(struct exchange *exchange)
{
	static struct origin origin;
	int i;

	if (cl_init(CL_INIT_DEFAULT) != CL_SUCCESS)
		fatal("cannot start libclamav");
	cl_set_clcb_msg(say);
	origin_init(&origin, exchange->temp, verify);
	for (i = 0; i < source_count; i++)
		origin_add(&origin, sources[i]);
	origin_unpack(&origin);
	prepare_run(&prepare, &origin, exchange->directory);
	origin_free(&origin);
	print_rows();
	print_memory();
	if (fflush(stdout) != 0 || io_close_stdout() < 0)
		fatal("cannot write to standard output: %s", strerror(errno));
	exchange_swap(exchange);
}

int
main(int argc, char **argv)
{
	static const char *const ours[] = {
	    PREPARE_OFFICIAL, PREPARE_LOCAL, PREPARE_OWN, NULL};
	static struct exchange exchange;
	const char *profile = "full", *pua = "no", *trust = "yes";
	const struct conf_option options[] = {
	    {"profile", CONF_TEXT, &profile, 0, 0,
		"mail sets signatures for native programs aside"},
	    {"pua", CONF_TEXT, &pua, 0, 0,
		"yes takes signatures of unwanted programs, too"},
	    {"verify", CONF_TEXT, &trust, 0, 0,
		"no takes containers that cannot be verified"},
	};
	int c;

	err_init(argv[0]);
	file_sane_stdio();
	while ((c = getopt(argc, argv, "o:")) != -1)
		switch (c) {
		case 'o':
			conf_set(options, nitems(options), optarg);
			break;
		default:
			usage();
		}
	if (argc - optind < 2)
		usage();
	prepare.mail = strcmp(profile, "mail") == 0;
	if (!prepare.mail && strcmp(profile, "full") != 0)
		fatal("-o profile=%s: neither mail nor full", profile);
	prepare.pua = yes_or_no("pua", pua);
	verify = yes_or_no("verify", trust);
	sources = argv + optind;
	source_count = argc - optind - 1;
	user_confine();
	exchange_open(&exchange, argv[argc - 1], PREPARE_PROFILE, ours);
	return exchange_run(&exchange, work);
}
