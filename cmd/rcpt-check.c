/*
 * rcpt-check: says who gets mail for an address, or why nobody does.
 *
 * - It asks the same code as smtp-accept, so its answer is the one that a
 *   client would get.
 * - A line in, a line out, flushed each time: another program may keep it
 *   running and ask it, one address after the other.
 * - -t looks at the manifests only, and is for a hook before new ones are put
 *   in place.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/io.h"
#include "node/set.h"

#define LINE_MAX_OCTETS 1000

static void
usage(void)
{
	usage_exit("[-n dir] [address...]\n"
		   "       rcpt-check -t [-n dir]");
}

static int
worse(int a, int b)
{
	return a > b ? a : b;
}

static void
flush(void)
{
	if (fflush(stdout) != 0)
		fatal("cannot write: %s", strerror(errno));
}

/* Prints a text so that it can neither forge a field nor a line. */
static void
put_text(struct span text, bool eightbit)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		putchar(c < 0x20 || c == 0x7f || (c >= 0x80 && !eightbit) ? '?'
									  : c);
	}
}

static int
put_refusal(struct span text, bool eightbit, const char *reply)
{
	put_text(text, eightbit);
	printf("\trefuse\t-\t%s\n", reply);
	return *reply == '4' ? STATUS_DEFER : STATUS_REJECT;
}

/* Answers for one address; returns the status of it. */
static int
answer(const struct nodes *nodes, struct span text)
{
	struct address address;
	struct match match;

	if (address_parse(&address, text) < 0)
		return put_refusal(text, false, "501 5.1.3 Bad address syntax");
	nodes_match(nodes, &address, time(NULL), &match);
	if (match.class == MATCH_REFUSE)
		return put_refusal(text, true, match.reply);
	put_text(text, true);
	printf("\t%s\t%s\t%s\n",
	    match.class == MATCH_LOCAL ? "local" : "backup", match.node,
	    match.mailbox);
	return STATUS_OK;
}

/* Refuses a line that is longer than the limit, and passes over it. */
static int
skip_long_line(struct io_in *in)
{
	const char *lf = NULL;
	ssize_t have;
	int status;

	status = put_refusal((struct span){in->buf + in->pos, LINE_MAX_OCTETS},
	    false, "501 5.1.3 Line too long");
	while (lf == NULL && (have = io_in_fill(in, 1)) > 0) {
		lf = memchr(in->buf + in->pos, '\n', (size_t)have);
		in->pos += lf != NULL ? (size_t)(lf - in->buf) - in->pos + 1
				      : (size_t)have;
	}
	if (lf == NULL)
		fatal("cannot read to the end of a line");
	return status;
}

static int
answer_lines(const struct nodes *nodes)
{
	int rc, status = STATUS_OK;
	struct io_in in;
	struct span line;

	io_in_init(&in, STDIN_FILENO);
	while ((rc = io_in_line(&in, LINE_MAX_OCTETS, &line)) != 0) {
		if (rc > 0)
			status = worse(status, answer(nodes, line));
		else if (errno == EMSGSIZE)
			status = worse(status, skip_long_line(&in));
		else
			fatal("cannot read a line: %s",
			    errno == EPIPE ? "it has no end" : strerror(errno));
		flush();
	}
	io_in_free(&in);
	return status;
}

/* What is allowed in a manifest, but hardly meant. */
static void
warn_of(
    const struct manifest *manifest, const struct matcher *matcher, time_t now)
{
	const struct mailbox *mailbox;
	size_t i, left;

	for (i = 0; i < manifest->mailbox_count; i++) {
		mailbox = &manifest->mailboxes[i];
		if (now >= mailbox->end)
			event("%s:%u: warning: mailbox '%s' has expired",
			    manifest->file, mailbox->line, mailbox->name);
		if (pattern_takes_none(mailbox->pattern))
			event("%s:%u: warning: mailbox '%s' can never match",
			    manifest->file, mailbox->line, mailbox->name);
		left = manifest->mailbox_count - i - 1;
		if (left > 0 && pattern_takes_all(mailbox->pattern, matcher)) {
			event("%s:%u: warning: mailbox '%s' takes all; "
			      "%zu after it are never reached",
			    manifest->file, mailbox->line, mailbox->name, left);
			return;
		}
	}
}

static int
check_manifests(const char *dir)
{
	const struct manifest *manifest;
	const char *name;
	struct nodes *nodes;
	size_t i, broken;

	nodes = nodes_read(dir, NULL, &broken);
	if (nodes == NULL)
		return STATUS_DEFER;
	for (i = 0; i < nodes->count; i++) {
		manifest = nodes->members[i].manifest;
		warn_of(manifest, nodes->matcher, time(NULL));
		if (nodes->members[i].flawed)
			continue;
		name = strrchr(manifest->file, '/');
		printf("%s: ok, %zu domains, %zu mailboxes\n", name + 1,
		    manifest->domain_count, manifest->mailbox_count);
	}
	nodes_free(nodes);
	return broken == 0 ? STATUS_OK : STATUS_DEFER;
}

static int
answer_all(const char *dir, char **addresses)
{
	int status = STATUS_OK;
	struct nodes *nodes;

	nodes = nodes_load(dir, NULL, NULL);
	if (nodes == NULL)
		fatal("there is no good manifest of our own in '%s'", dir);
	if (*addresses == NULL)
		status = answer_lines(nodes);
	for (; *addresses != NULL; addresses++)
		status = worse(status, answer(nodes, span_of(*addresses)));
	nodes_free(nodes);
	return status;
}

int
main(int argc, char **argv)
{
	const char *dir = conf_environment(NODES_ENV, NODES_DIR);
	bool test = false;
	int c, status;

	err_init(argv[0]);
	file_sane_stdio();
	while ((c = getopt(argc, argv, "n:t")) != -1)
		switch (c) {
		case 'n':
			dir = optarg;
			break;
		case 't':
			test = true;
			break;
		default:
			usage();
		}
	if (test && optind != argc)
		usage();
	status = test ? check_manifests(dir) : answer_all(dir, argv + optind);
	flush();
	if (io_close_stdout() < 0)
		fatal("cannot close standard output: %s", strerror(errno));
	return status;
}
