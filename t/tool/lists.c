/*
 * lists: runs the process that asks DNS lists, and asks it about each address
 * on standard input, a line each; prints "ADDRESS SCORE TEXT" for each answer,
 * or "ADDRESS none" if there is none within 20 seconds.  With -p it does not
 * wait for an answer before it asks again, and with -d it does not even look
 * for one until it has asked everything; then it prints a summary only, in
 * which those answers are early that came in the first half of the time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accept/lists.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/user.h"
#include "net/channel.h"

#define PATIENCE_MS 20000
#define AFTER_MS 1000 /* the time limit of the last question */

static struct lists lists;
static struct lists_config config = {
    .dns.timeout = 3000, .rest = LISTS_REST_MS, .test = LISTS_TEST_MS};
static int ends[2];
static char letter[CHANNEL_SIZE];

static void
ask(struct span address, uint64_t serial)
{
	struct sockaddr_storage peer = {.ss_family = AF_INET};
	struct lists_question question;
	char text[INET6_ADDRSTRLEN] = "", payload[LISTS_QUESTION_SIZE];

	if (address.len < sizeof(text))
		memcpy(text, address.p, address.len);
	if (inet_pton(
		AF_INET, text, &((struct sockaddr_in *)&peer)->sin_addr) != 1) {
		peer.ss_family = AF_INET6;
		if (inet_pton(AF_INET6, text,
			&((struct sockaddr_in6 *)&peer)->sin6_addr) != 1)
			fatal("'%s': not an address", text);
	}
	if (lists_question(&question, serial, &peer) < 0)
		fatal("'%s': no question", text);
	lists_pack_question(&question, payload);
	if (channel_send(ends[0], LISTS_ASK,
		(struct span){payload, sizeof(payload)}, NULL, 0, 0) < 0)
		fatal("cannot ask: %s", strerror(errno));
}

/* Waits for an answer; false if there is none. */
static bool
take(struct lists_answer *answer, int wait)
{
	struct pollfd pfd = {.fd = ends[0], .events = POLLIN};
	int fds[CHANNEL_FDS_MAX];
	ssize_t n;

	if (poll(&pfd, 1, wait) <= 0)
		return false;
	n = channel_receive(ends[0], letter, fds, 0);
	if (n <= 0)
		return false;
	if (letter[0] != LISTS_ANSWER ||
	    lists_unpack_answer(
		answer, (struct span){letter + 1, (size_t)n - 1}) < 0)
		fatal("not an answer");
	return true;
}

static void
one_by_one(struct io_in *in)
{
	struct lists_answer answer;
	struct span address;
	uint64_t serial;

	for (serial = 1; io_in_line(in, 1024, &address) == 1; serial++) {
		ask(address, serial);
		if (!take(&answer, PATIENCE_MS))
			printf("%.*s none\n", SPAN_ARG(address));
		else if (answer.serial != serial)
			fatal("an answer to another question");
		else
			printf("%.*s %d%s%.*s\n", SPAN_ARG(address),
			    (int)answer.score, answer.text.len > 0 ? " " : "",
			    SPAN_ARG(answer.text));
		fflush(stdout);
	}
}

static void
at_once(struct io_in *in, bool deaf)
{
	int wait = (int)config.dns.timeout + AFTER_MS;
	unsigned asked = 0, early = 0, answered = 0, hits = 0;
	int64_t half = clock_ms() + wait / 2;
	struct lists_answer answer;
	struct span address;
	bool more;

	do {
		more = io_in_line(in, 1024, &address) == 1;
		if (more)
			ask(address, ++asked);
		while ((!more || !deaf) && answered < asked &&
		       take(&answer, more ? 0 : wait)) {
			answered++;
			early += clock_ms() < half;
			hits += answer.score != 0;
		}
	} while (more);
	printf("asked %u early %u answered %u hits %u\n", asked, early,
	    answered, hits);
}

static uint64_t
milliseconds(const char *text)
{
	uint64_t ms;

	if (conf_parse_seconds(text, &ms) < 0)
		fatal("'%s': not seconds", text);
	return ms;
}

int
main(int argc, char **argv)
{
	bool parallel = false, deaf = false;
	struct io_in in;
	int c, status;
	pid_t pid;

	err_init(argv[0]);
	while ((c = getopt(argc, argv, "a:dpr:s:t:w:z:")) != -1)
		switch (c) {
		case 'a':
			config.dns.anchor = optarg;
			break;
		case 'd':
			deaf = true;
			break;
		case 'p':
			parallel = true;
			break;
		case 'r':
			config.rest = milliseconds(optarg);
			break;
		case 's':
			config.dns.server = optarg;
			break;
		case 't':
			config.test = milliseconds(optarg);
			break;
		case 'w':
			config.dns.timeout = milliseconds(optarg);
			break;
		case 'z':
			config.dns.zone = optarg;
			break;
		default:
			usage_exit("[-dp] [-a anchors] [-s server] [-z zone] "
				   "[-r rest] [-t test] [-w wait] lists");
		}
	if (optind + 1 != argc || lists_parse(&lists, argv[optind]) < 0)
		fatal("%s", lists.reason);
	if (channel_open(ends) < 0 || (pid = fork()) < 0)
		fatal("%s", strerror(errno));
	if (pid == 0) {
		close(ends[0]);
		lists_main(&lists, &config, ends[1], user_confine);
	}
	close(ends[1]);
	io_in_init(&in, STDIN_FILENO);
	if (parallel || deaf)
		at_once(&in, deaf);
	else
		one_by_one(&in);
	io_in_free(&in);
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		fatal("the process was killed");
	return WEXITSTATUS(status);
}
