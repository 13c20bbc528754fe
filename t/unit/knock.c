/* knock: what servers greet with, octet by octet, without a network. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "accept/knock.h"
#include "base/clock.h"
#include "base/err.h"
#include "test.h"

static struct probe probe;
static int servers[2]; /* the other ends of its connections */
static unsigned answers;
static enum probe_state said;
static char why[PROBE_WHY_MAX + 1];

static void
answered(const struct probe *one, enum probe_state state, const char *text)
{
	CHECK(one == &probe);
	answers++;
	said = state;
	snprintf(why, sizeof(why), "%s", text);
}

/* A host with so many addresses, all of them connected. */
static void
begin(size_t count)
{
	int pair[2];
	size_t i;

	memset(&probe, 0, sizeof(probe));
	probe.answer = answered;
	probe.deadline = clock_ms() + 60000;
	probe.count = count;
	answers = 0;
	for (i = 0; i < count; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) <
		    0)
			fatal("no sockets");
		probe.knocks[i].fd = pair[0];
		probe.knocks[i].connected = true;
		servers[i] = pair[1];
	}
}

static void
end(void)
{
	size_t i;

	for (i = 0; i < probe.count; i++)
		if (servers[i] >= 0)
			close(servers[i]);
	probe_end(&probe);
	CHECK(answers == 1);
}

/* The server says something, all at once. */
static void
say(size_t number, const char *text)
{
	CHECK(write(servers[number], text, strlen(text)) ==
	      (ssize_t)strlen(text));
	probe_event(&probe, &probe.knocks[number]);
}

/* What the server hears. */
static const char *
heard(size_t number)
{
	static char text[100];
	ssize_t n = read(servers[number], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
hang_up(size_t number)
{
	close(servers[number]);
	servers[number] = -1;
	probe_event(&probe, &probe.knocks[number]);
}

static void
test_greeting_with_220_is_up_and_gets_quit(void)
{
	begin(1);
	say(0, "220 mail.example ESMTP\r\n");
	CHECK(answers == 1 && said == PROBE_UP && *why == '\0');
	CHECK(strcmp(heard(0), "QUIT\r\n") == 0);
	CHECK(!probe_is_over(&probe, clock_ms()));
	hang_up(0);
	CHECK(probe_is_over(&probe, clock_ms()));
	end();
}

static void
test_greeting_of_several_lines_in_pieces_gets_quit_at_its_end(void)
{
	const char *p, text[] = "220-a\r\n220-b\r\n220 c\r\n";
	char octet[2] = "";

	begin(1);
	for (p = text; *p != '\0'; p++) {
		CHECK(answers == (p - text >= 4 ? 1 : 0));
		CHECK(strcmp(heard(0), "") == 0);
		octet[0] = *p;
		say(0, octet);
	}
	CHECK(said == PROBE_UP && strcmp(heard(0), "QUIT\r\n") == 0);
	/* and not again */
	say(0, "250 d\r\n");
	CHECK(strcmp(heard(0), "") == 0);
	end();
}

static void
test_any_other_greeting_is_down(void)
{
	static const char *const texts[][2] = {
	    {"421 later\r\n", "it greets with 421"},
	    {"554-a\r\n554 b\r\n", "it greets with 554"},
	    {"22\r\n", "it greets with 22?"},
	    {"\001\002\003\004", "it greets with ???"},
	    {"hi\n", "it greets with no reply of SMTP"},
	    {"\n", "it greets with no reply of SMTP"},
	};
	size_t i;

	for (i = 0; i < nitems(texts); i++) {
		begin(1);
		say(0, texts[i][0]);
		CHECK(answers == 1 && said == PROBE_DOWN);
		if (strcmp(why, texts[i][1]) != 0)
			printf("# %zu: %s\n", i, why);
		CHECK(strcmp(why, texts[i][1]) == 0);
		end();
	}
	begin(1);
	hang_up(0);
	CHECK(said == PROBE_DOWN &&
	      strcmp(why, "it hangs up without a greeting") == 0);
	end();
}

static void
test_greeting_without_end_ends_the_connection(void)
{
	unsigned i;

	begin(1);
	for (i = 0; i < 1000 && probe.knocks[0].fd >= 0; i++)
		say(0, "220-and so on\r\n");
	CHECK(i > 200 && i < 400 && said == PROBE_UP);
	end();
	begin(1);
	say(0, "220 ");
	for (i = 0; i < 10000 && probe.knocks[0].fd >= 0; i++)
		say(0, "x");
	CHECK(i > 4000 && i < 5000);
	end();
}

static void
test_one_address_that_greets_is_enough(void)
{
	begin(2);
	hang_up(0);
	CHECK(answers == 0 && !probe_is_over(&probe, clock_ms()));
	say(1, "220 a\r\n");
	CHECK(said == PROBE_UP);
	end();
	begin(2);
	hang_up(0);
	say(1, "550 no\r\n");
	CHECK(said == PROBE_DOWN && strcmp(why, "it greets with 550") == 0);
	end();
	/* the others are let go */
	begin(2);
	say(0, "220 a\r\n");
	CHECK(probe.knocks[1].fd < 0 && probe.knocks[0].fd >= 0);
	end();
}

static void
test_what_does_not_answer_in_time_is_down_and_what_we_lack_unknown(void)
{
	begin(1);
	CHECK(!probe_is_over(&probe, probe.deadline - 1));
	CHECK(probe_is_over(&probe, probe.deadline));
	CHECK(said == PROBE_DOWN && strcmp(why, "no greeting in time") == 0);
	end();
	begin(1);
	probe.lacking = true;
	hang_up(0);
	CHECK(said == PROBE_UNKNOWN);
	end();
}

int
main(int argc, char **argv)
{
	(void)argc;
	err_init(argv[0]);
	TEST(greeting_with_220_is_up_and_gets_quit);
	TEST(greeting_of_several_lines_in_pieces_gets_quit_at_its_end);
	TEST(any_other_greeting_is_down);
	TEST(greeting_without_end_ends_the_connection);
	TEST(one_address_that_greets_is_enough);
	TEST(what_does_not_answer_in_time_is_down_and_what_we_lack_unknown);
	return test_end();
}
