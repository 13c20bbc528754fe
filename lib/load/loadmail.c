#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/scan.h"
#include "load/loadmail.h"
#include "smtp/client.h"

#define TEXTS 16                /* different ones */
#define TEXTS_MEMORY (16 << 20) /* fewer, if they are large */
#define LINE 72                 /* of text */
#define SENTENCE 9              /* words, more or less */

static const char ID_FIELD[] = "X-Load-Id: ";

static const char *const words[] = {"the", "of", "and", "to", "a", "in", "is",
    "that", "for", "it", "we", "with", "as", "you", "on", "this", "are", "be",
    "at", "have", "from", "or", "not", "by", "your", "can", "will", "about",
    "after", "again", "all", "also", "another", "answer", "before", "between",
    "bridge", "budget", "carefully", "change", "chapter", "children", "city",
    "coffee", "concert", "copy", "costs", "country", "date", "decided",
    "delivery", "different", "discussed", "document", "during", "early",
    "enough", "evening", "every", "example", "family", "figure", "finally",
    "following", "forward", "friday", "garden", "general", "hours", "however",
    "idea", "important", "invitation", "kitchen", "later", "letter", "library",
    "little", "meeting", "message", "minutes", "monday", "morning", "network",
    "number", "offer", "office", "order", "paper", "people", "perhaps",
    "photographs", "picture", "please", "possible", "question", "ready",
    "received", "report", "result", "river", "schedule", "second", "several",
    "should", "station", "summer", "system", "thanks", "things", "thursday",
    "together", "tomorrow", "train", "travel", "understand", "usually",
    "version", "village", "weather", "week", "winter", "without", "wonderful",
    "working", "yesterday"};

/* Where a text is: a small generator of its own, so that a size gives the same
 * words on every machine. */
struct writer {
	uint32_t state;
	unsigned left; /* words until the sentence ends */
};

static uint32_t
draw(struct writer *writer)
{
	writer->state = writer->state * 1664525 + 1013904223;
	return writer->state >> 8;
}

/* The next word, with its capital letter and full stop. */
static size_t
next_word(struct writer *writer, char word[32])
{
	bool first = writer->left == 0;
	size_t len;

	if (first)
		writer->left = SENTENCE / 2 + draw(writer) % SENTENCE;
	len = (size_t)snprintf(word, 32, "%s%s",
	    words[draw(writer) % nitems(words)], writer->left == 1 ? "." : "");
	if (first)
		word[0] = (char)(word[0] - 'a' + 'A');
	writer->left--;
	return len;
}

/* Adds a line of words, of exactly width octets before its CRLF. */
static void
add_line(struct buf *buf, struct writer *writer, size_t width)
{
	size_t end = buf->len + width, len;
	char word[32];

	for (;;) {
		len = next_word(writer, word);
		if (buf->len + len > end)
			break;
		buf_add(buf, word, len);
		if (buf->len + 1 >= end)
			break;
		buf_add(buf, " ", 1);
	}
	while (buf->len < end)
		buf_add(buf, "-", 1);
	buf_adds(buf, "\r\n");
}

/* Adds lines of words until there are size octets. */
static void
add_body(struct buf *buf, struct writer *writer, size_t size)
{
	size_t left, width;

	while ((left = size - buf->len) > 0) {
		width = LINE - draw(writer) % 12;
		if (left <= LINE + 2)
			width = left - 2;
		else if (left - (width + 2) < 2)
			width -= 2; /* a last line needs room for its CRLF */
		add_line(buf, writer, width);
	}
}

static void
add_header(struct buf *buf, struct writer *writer, const char *sender,
    const char *recipient)
{
	char date[64], word[32];
	time_t now = time(NULL);
	struct tm tm;
	unsigned n;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm) ==
		0)
		fatal("what time is it?");
	buf_addf(buf, "Date: %s\r\nFrom: <%s>\r\nTo: <%s>\r\nSubject:", date,
	    sender, recipient);
	for (n = 0; n < 4; n++) {
		next_word(writer, word);
		buf_addf(buf, " %s", word);
	}
	buf_adds(buf, "\r\nMIME-Version: 1.0\r\n"
		      "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
}

void
loadmail_init(struct loadmail *mail)
{
	struct timespec now;

	memset(mail, 0, sizeof(*mail));
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(mail->run, sizeof(mail->run), "%08x%08x",
	    (unsigned)now.tv_sec ^ (unsigned)now.tv_nsec, (unsigned)getpid());
}

void
loadmail_free(struct loadmail *mail)
{
	while (mail->texts > 0)
		buf_free(&mail->text[--mail->texts].wire);
}

int
loadmail_generate(struct loadmail *mail, uint64_t size, const char *sender,
    const char *recipient)
{
	struct writer writer = {.state = 1};
	struct buf text = BUF_INIT(LOADMAIL_SIZE_MAX);
	char head[LOADMAIL_HEAD_SIZE];
	size_t count, body;

	mail->generated = true;
	body = loadmail_head(mail, 0, head);
	if (size < body)
		return -1;
	body = (size_t)size - body;
	count = TEXTS_MEMORY / (size_t)size;
	count = count < 1 ? 1 : count > TEXTS ? TEXTS : count;
	while (mail->texts < count) {
		struct buf *wire = &mail->text[mail->texts].wire;

		buf_reset(&text);
		add_header(&text, &writer, sender, recipient);
		if (text.len + 2 > body) {
			buf_free(&text);
			return -1;
		}
		add_body(&text, &writer, body);
		buf_init(wire, LOADMAIL_SIZE_MAX);
		client_wire(wire, buf_span(&text));
		mail->text[mail->texts++].size = size;
	}
	buf_free(&text);
	return 0;
}

int
loadmail_file(struct loadmail *mail, const char *path)
{
	struct buf text = BUF_INIT(LOADMAIL_SIZE_MAX);
	char head[LOADMAIL_HEAD_SIZE];
	struct buf *wire;
	size_t at;

	if (mail->texts == LOADMAIL_TEXTS_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (file_read(path, &text) < 0)
		return -1;
	wire = &mail->text[mail->texts].wire;
	buf_init(wire, 2 * LOADMAIL_SIZE_MAX); /* CRs and dots come in */
	client_wire(wire, buf_span(&text));
	mail->text[mail->texts].size = text.len + loadmail_head(mail, 0, head);
	for (at = 0; at < text.len; at++)
		if ((unsigned char)text.p[at] >= 0x80)
			mail->text[mail->texts].eightbit = true;
	mail->texts++;
	buf_free(&text);
	return 0;
}

size_t
loadmail_head(
    const struct loadmail *mail, uint64_t serial, char head[LOADMAIL_HEAD_SIZE])
{
	int len;

	len = snprintf(head, LOADMAIL_HEAD_SIZE, "%s%s.%08" PRIu64 "\r\n",
	    ID_FIELD, mail->run, serial);
	if (mail->generated)
		len += snprintf(head + len, LOADMAIL_HEAD_SIZE - (size_t)len,
		    "Message-ID: <%s.%08" PRIu64 "@load.invalid>\r\n",
		    mail->run, serial);
	return (size_t)len;
}

bool
loadmail_serial(
    const struct loadmail *mail, struct span start, uint64_t *serial)
{
	char want[sizeof(ID_FIELD) + LOADMAIL_RUN_SIZE];
	struct scan scan;
	const char *at;
	size_t len;
	unsigned n;

	len =
	    (size_t)snprintf(want, sizeof(want), "%s%s.", ID_FIELD, mail->run);
	at = memmem(start.p, start.len, want, len);
	if (at == NULL)
		return false;
	at += len;
	scan_init(&scan, (struct span){at, (size_t)(start.p + start.len - at)});
	*serial = 0;
	for (n = 0; n < 8; n++) {
		int c = scan_peek(&scan);

		if (c < '0' || c > '9')
			return false;
		*serial = *serial * 10 + (uint64_t)(c - '0');
		scan_char(&scan, (char)c);
	}
	return true;
}
