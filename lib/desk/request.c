#include <string.h>

#include "base/ascii.h"
#include "base/scan.h"
#include "desk/request.h"

/* What may stand alone: all but those that go on, which would take what belongs
 * to them for the end of a command. */
static const struct command {
	const char *name;
	enum request_kind kind;
	bool alone; /* without an end */
	bool takes_text;
} commands[] = {
    {"PING", REQUEST_PING, true, false},
    {"VERSION", REQUEST_VERSION, true, false},
    {"VERSIONCOMMANDS", REQUEST_COMMANDS, true, false},
    {"STATS", REQUEST_STATS, true, false},
    {"RELOAD", REQUEST_RELOAD, true, false},
    {"IDSESSION", REQUEST_SESSION, false, false},
    {"END", REQUEST_END, false, false},
    {"INSTREAM", REQUEST_STREAM, false, false},
    {"FILDES", REQUEST_FILDES, false, false},
    {"EXAMINE", REQUEST_EXAMINE, false, true},
    {"MESSAGE", REQUEST_MESSAGE, false, false},
    {"SCAN", REQUEST_PATH, false, true},
    {"CONTSCAN", REQUEST_PATH, false, true},
    {"MULTISCAN", REQUEST_PATH, false, true},
    {"ALLMATCHSCAN", REQUEST_PATH, false, true},
};

static const struct command *
find(struct span name)
{
	size_t i;

	for (i = 0; i < nitems(commands); i++)
		if (span_eq(name, span_of(commands[i].name)))
			return &commands[i];
	return NULL;
}

/* Fills the request with the command in the line. */
static void
understand(struct request_parser *parser, struct request *request)
{
	struct span line = {parser->line, parser->len};
	const struct command *command;
	struct scan scan;

	if (parser->form != 'z' && line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	scan_init(&scan, line);
	command = find(scan_while(&scan, ascii_is_upper));
	request->kind = REQUEST_UNKNOWN;
	request->text = line;
	if (command == NULL)
		return;
	if (command->takes_text && scan_maybe(&scan, ' '))
		request->text = scan_rest(&scan);
	else
		request->text = (struct span){NULL, 0};
	if (scan_ok(&scan))
		request->kind = command->kind;
	else
		request->text = line;
}

/* The end of a line.  True if there is a request already. */
static bool
finish_line(struct request_parser *parser, struct request *request)
{
	understand(parser, request);
	parser->len = 0;
	parser->state = REQUEST_AT_START;
	switch (request->kind) {
	case REQUEST_STREAM:
		parser->state = REQUEST_AT_SIZE;
		parser->size_left = sizeof(parser->left);
		return true;
	case REQUEST_FILDES:
	case REQUEST_EXAMINE:
	case REQUEST_MESSAGE:
		parser->state = REQUEST_AT_OCTET;
		parser->kind = request->kind;
		/* the text is wanted when the octet has come */
		parser->len = request->text.len;
		if (parser->len > 0)
			memmove(parser->line, request->text.p, parser->len);
		return false;
	default:
		return true;
	}
}

static bool
take_line(
    struct request_parser *parser, struct span *input, struct request *request)
{
	const struct command *command;
	char c, end = parser->form == 'z' ? '\0' : '\n';

	while (input->len > 0) {
		c = *input->p++;
		input->len--;
		if (c == end)
			return finish_line(parser, request);
		if (parser->len == REQUEST_LINE_MAX) {
			parser->state = REQUEST_BROKEN;
			request->kind = REQUEST_TOO_LONG;
			request->text = (struct span){NULL, 0};
			return true;
		}
		parser->line[parser->len++] = c == '\0' ? '?' : c;
	}
	if (parser->form != '\0')
		return false;
	command = find((struct span){parser->line, parser->len});
	return command != NULL && command->alone &&
	       finish_line(parser, request);
}

static void
take_form(struct request_parser *parser, struct span *input)
{
	parser->form = '\0';
	if (*input->p == 'z' || *input->p == 'n') {
		parser->form = *input->p++;
		input->len--;
	}
	parser->len = 0;
	parser->state = REQUEST_IN_LINE;
}

/* The size of a chunk; 0 is the end of the stream. */
static bool
take_size(
    struct request_parser *parser, struct span *input, struct request *request)
{
	while (input->len > 0 && parser->size_left > 0) {
		parser->left = parser->left << 8 | (unsigned char)*input->p++;
		input->len--;
		parser->size_left--;
	}
	if (parser->size_left > 0)
		return false;
	parser->state = parser->left > 0 ? REQUEST_IN_CHUNK : REQUEST_AT_START;
	request->kind = REQUEST_STREAM_END;
	request->text = (struct span){NULL, 0};
	return parser->left == 0;
}

static void
take_chunk(
    struct request_parser *parser, struct span *input, struct request *request)
{
	request->kind = REQUEST_DATA;
	request->text = *input;
	if (request->text.len > parser->left)
		request->text.len = parser->left;
	input->p += request->text.len;
	input->len -= request->text.len;
	parser->left -= (uint32_t)request->text.len;
	if (parser->left == 0) {
		parser->state = REQUEST_AT_SIZE;
		parser->size_left = sizeof(parser->left);
	}
}

/* One step with at least one octet; true if there is a request. */
static bool
step(struct request_parser *parser, struct span *input, struct request *request)
{
	switch (parser->state) {
	case REQUEST_AT_START:
		take_form(parser, input);
		return false;
	case REQUEST_IN_LINE:
		return take_line(parser, input, request);
	case REQUEST_AT_OCTET:
		input->p++;
		input->len--;
		parser->state = REQUEST_AT_START;
		request->kind = parser->kind;
		request->text = (struct span){parser->line, parser->len};
		return true;
	case REQUEST_AT_SIZE:
		return take_size(parser, input, request);
	case REQUEST_IN_CHUNK:
		take_chunk(parser, input, request);
		return true;
	case REQUEST_BROKEN:
		break;
	}
	input->p += input->len;
	input->len = 0;
	return false;
}

bool
request_next(
    struct request_parser *parser, struct span *input, struct request *request)
{
	while (input->len > 0)
		if (step(parser, input, request)) {
			request->end = parser->form == 'z' ? '\0' : '\n';
			return true;
		}
	return false;
}

bool
request_is_idle(const struct request_parser *parser)
{
	return parser->state == REQUEST_AT_START;
}
