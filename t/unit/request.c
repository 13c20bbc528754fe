/* request: clamd's protocol, octet by octet. */
#include <string.h>

#include "base/buf.h"
#include "desk/request.h"
#include "test.h"

static const char *const names[] = {[REQUEST_PING] = "ping",
    [REQUEST_VERSION] = "version",
    [REQUEST_COMMANDS] = "commands",
    [REQUEST_STATS] = "stats",
    [REQUEST_RELOAD] = "reload",
    [REQUEST_SESSION] = "session",
    [REQUEST_END] = "end",
    [REQUEST_STREAM] = "stream",
    [REQUEST_STREAM_END] = "stream-end",
    [REQUEST_FILDES] = "fildes",
    [REQUEST_EXAMINE] = "examine",
    [REQUEST_MESSAGE] = "message",
    [REQUEST_PATH] = "path",
    [REQUEST_UNKNOWN] = "unknown",
    [REQUEST_TOO_LONG] = "too-long"};

/* Notes what comes out as "KIND(TEXT)END"; octets of a stream as they are. */
static void
note(struct buf *out, const struct request *request)
{
	if (request->kind == REQUEST_DATA) {
		buf_addspan(out, request->text);
		return;
	}
	buf_adds(out, names[request->kind]);
	if (request->text.len > 0)
		buf_addf(out, "(%.*s)", SPAN_ARG(request->text));
	buf_adds(out, request->end == '\0' ? "0 " : "n ");
}

static void
feed(const char *p, size_t len, size_t portion, struct buf *out)
{
	struct request_parser parser = {0};
	struct request request;
	struct span input;
	size_t at;

	buf_reset(out);
	for (at = 0; at < len; at += portion) {
		input = (struct span){
		    p + at, len - at < portion ? len - at : portion};
		while (request_next(&parser, &input, &request))
			note(out, &request);
		CHECK(input.len == 0);
	}
}

/* In portions of every size. */
static void
check(const char *p, size_t len, const char *want)
{
	struct buf out = BUF_INIT(100000);
	size_t portion;

	for (portion = 1; portion <= len; portion++) {
		feed(p, len, portion, &out);
		CHECK(strcmp(buf_str(&out), want) == 0);
		if (strcmp(buf_str(&out), want) != 0)
			printf("# %zu: %s\n", portion, buf_str(&out));
	}
	buf_free(&out);
}

/* A literal with NULs in it. */
#define CHECK_OCTETS(literal, want) check(literal, sizeof(literal) - 1, want)

static void
test_each_form_has_its_end(void)
{
	CHECK_OCTETS("zPING\0", "ping0 ");
	CHECK_OCTETS("nPING\n", "pingn ");
	CHECK_OCTETS("nPING\r\n", "pingn ");
	CHECK_OCTETS("zVERSION\0nSTATS\nzRELOAD\0", "version0 statsn reload0 ");
	CHECK_OCTETS("zPING", "");
	CHECK_OCTETS("nPING", "");
	CHECK_OCTETS("nVERSIONCOMMANDS\n", "commandsn ");
	CHECK_OCTETS("zIDSESSION\0zEND\0", "session0 end0 ");
}

static void
check_once(const char *text, const char *want)
{
	struct buf out = BUF_INIT(1000);

	feed(text, strlen(text), strlen(text), &out);
	CHECK(strcmp(buf_str(&out), want) == 0);
	buf_free(&out);
}

static void
test_a_plain_command_may_end_with_what_came_at_once(void)
{
	check_once("PING\n", "pingn ");
	check_once("PING\r\n", "pingn ");
	check_once("PING", "pingn ");
	check_once("VERSION", "versionn ");
	check_once("VERSIONCOMMANDS", "commandsn ");
	check_once("STATS", "statsn ");
	check_once("RELOAD", "reloadn ");
	check_once("PIN", "");
	check_once("INSTREAM", "");
	check_once("FILDES", "");
	check_once("FILDES\n", "");
	check_once("INSTREAM\n", "streamn ");
}

static void
test_what_is_no_command_is_unknown(void)
{
	CHECK_OCTETS("zping\0", "unknown(ping)0 ");
	CHECK_OCTETS("z\0", "unknown0 ");
	CHECK_OCTETS("n\n", "unknownn ");
	CHECK_OCTETS("zPING \0", "unknown(PING )0 ");
	CHECK_OCTETS("zPING\n\0", "unknown(PING\n)0 ");
	CHECK_OCTETS("nPI\0NG\n", "unknown(PI?NG)n ");
	CHECK_OCTETS("zSHUTDOWN\0", "unknown(SHUTDOWN)0 ");
	CHECK_OCTETS("zEXAMINES\0", "unknown(EXAMINES)0 ");
}

static void
test_a_scan_by_path_is_known_as_one(void)
{
	CHECK_OCTETS("zSCAN /etc/a b\0", "path(/etc/a b)0 ");
	CHECK_OCTETS("nCONTSCAN /x\n", "path(/x)n ");
	CHECK_OCTETS(
	    "zMULTISCAN /x\0zALLMATCHSCAN /x\0", "path(/x)0 path(/x)0 ");
}

static void
test_a_stream_is_chunks_up_to_one_of_no_octets(void)
{
	CHECK_OCTETS("zINSTREAM\0\0\0\0\3abc\0\0\0\2de\0\0\0\0zPING\0",
	    "stream0 abcdestream-end0 ping0 ");
	CHECK_OCTETS(
	    "nINSTREAM\n\0\0\0\0nPING\n", "streamn stream-endn pingn ");
	CHECK_OCTETS("zINSTREAM\0\0\0\0\6zPING\n\0\0\0\0",
	    "stream0 zPING\nstream-end0 ");
	/* the most significant octet comes first */
	CHECK_OCTETS("zINSTREAM\0\1\0\0\0abc", "stream0 abc");
}

static void
test_a_request_with_a_descriptor_waits_for_its_octet(void)
{
	CHECK_OCTETS("zFILDES\0", "");
	CHECK_OCTETS("zFILDES\0z", "fildes0 ");
	CHECK_OCTETS("nFILDES\n\0nFILDES\nx", "fildesn fildesn ");
	CHECK_OCTETS("zEXAMINE\0\0zMESSAGE\0\0", "examine0 message0 ");
	CHECK_OCTETS("zEXAMINE a \xe4\nb\0\0", "examine(a \xe4\nb)0 ");
	CHECK_OCTETS("zEXAMINE \0\0", "examine0 ");
	CHECK_OCTETS("zMESSAGE x\0", "unknown(MESSAGE x)0 ");
}

static void
test_a_line_has_its_maximum(void)
{
	static const char head[] = "EXAMINE ";
	char text[REQUEST_LINE_MAX + 10], want[REQUEST_LINE_MAX + 20];
	struct buf out = BUF_INIT(100000);

	memset(text, 'x', sizeof(text));
	text[0] = 'z';
	memcpy(text + 1, head, strlen(head));
	text[REQUEST_LINE_MAX + 1] = '\0';
	text[REQUEST_LINE_MAX + 2] = '\0';
	snprintf(want, sizeof(want), "examine(%s)0 ", text + 1 + strlen(head));
	feed(text, REQUEST_LINE_MAX + 3, 100, &out);
	CHECK(strcmp(buf_str(&out), want) == 0);

	/* and then nothing more is heard */
	text[REQUEST_LINE_MAX + 1] = 'x';
	memcpy(text + REQUEST_LINE_MAX + 2, "\0zPING", 7);
	feed(text, REQUEST_LINE_MAX + 9, 100, &out);
	CHECK(strcmp(buf_str(&out), "too-long0 ") == 0);
	buf_free(&out);
}

static void
test_it_is_idle_between_commands_only(void)
{
	struct span input = {"zFILDES\0x", 9};
	struct request_parser parser = {0};
	struct request request;
	struct span part;
	size_t i;

	CHECK(request_is_idle(&parser));
	for (i = 0; i < input.len - 1; i++) {
		part = (struct span){input.p + i, 1};
		CHECK(!request_next(&parser, &part, &request));
		CHECK(!request_is_idle(&parser));
	}
	part = (struct span){input.p + i, 1};
	CHECK(request_next(&parser, &part, &request));
	CHECK(request_is_idle(&parser));
}

int
main(void)
{
	TEST(each_form_has_its_end);
	TEST(a_plain_command_may_end_with_what_came_at_once);
	TEST(what_is_no_command_is_unknown);
	TEST(a_scan_by_path_is_known_as_one);
	TEST(a_stream_is_chunks_up_to_one_of_no_octets);
	TEST(a_request_with_a_descriptor_waits_for_its_octet);
	TEST(a_line_has_its_maximum);
	TEST(it_is_idle_between_commands_only);
	return test_end();
}
