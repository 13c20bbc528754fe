#include <stdlib.h>

#include <gmime/gmime.h>

#include "base/buf.h"
#include "base/charsets.h"
#include "base/err.h"
#include "base/scan.h"
#include "mail/transfer.h"
#include "scan/parts.h"
#include "scan/partview.h"

/* One call of parts_walk(). */
struct walk {
	void (*each)(struct span octets, const char *name, void *arg);
	void *arg;
	GMimeParserOptions *options;
	unsigned count;
	unsigned nesting;
	bool whole;       /* no limit was passed */
	struct span mail; /* what is parsed just now, as it came */
};

static void walk_message(struct walk *walk, struct span mail);

static void
silence(const char *domain, GLogLevelFlags level, const char *text, void *arg)
{
	(void)domain;
	(void)level;
	(void)text;
	(void)arg;
}

void
parts_init(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	g_mime_init();
	/* what strangers write is no news for the operator */
	g_log_set_default_handler(silence, NULL);
	charsets_hold();
}

static bool
is_line_end(int c)
{
	return c == '\n' || c == '\r';
}

static bool
is_mail_field(struct span name)
{
	static const char *const fields[] = {"from", "to", "cc", "subject",
	    "date", "received", "return-path", "message-id", "mime-version",
	    "delivered-to", "reply-to", "sender", "dkim-signature"};
	size_t i;

	if (name.len > 8 && strncasecmp(name.p, "content-", 8) == 0)
		return true;
	for (i = 0; i < nitems(fields); i++)
		if (span_ieq(name, span_of(fields[i])))
			return true;
	return false;
}

/* Leaves out what stands in front of a header: a byte order mark, empty lines,
 * lines of mbox files.  *mbox tells of the last. */
static struct span
without_preface(struct span mail, bool *mbox)
{
	struct scan scan;
	struct span rest;

	*mbox = false;
	if (mail.len == 0)
		return mail;
	scan_init(&scan, mail);
	scan_maybe_word(&scan, "\xef\xbb\xbf");
	scan_while(&scan, is_line_end);
	while (scan_maybe_word(&scan, "From ") ||
	       scan_maybe_word(&scan, ">From ")) {
		rest = scan_rest(&scan);
		partview_line(&rest);
		scan_init(&scan, rest);
		*mbox = true;
	}
	return scan_rest(&scan);
}

bool
parts_is_message(struct span octets)
{
	struct span line, name;
	bool further;

	/* behind the first line readers go over lines that are no field */
	octets = without_preface(octets, &further);
	for (; octets.len > 0; further = true) {
		line = partview_line(&octets);
		if (line.len == 0)
			return false;
		name = partview_field(line);
		if (is_mail_field(name))
			return true;
		if (!further && name.len == 0)
			return false;
	}
	return false;
}

/* What is in the mail at the place of a stream that GMime cut out of the copy.
 */
static struct span
place_of(const struct walk *walk, GMimeStream *stream)
{
	struct span octets = {NULL, 0};
	gint64 start = stream->bound_start - PARTVIEW_SHIFT;
	gint64 end = stream->bound_end - PARTVIEW_SHIFT;
	gint64 size = (gint64)walk->mail.len;

	if (stream->bound_end < 0 || end > size)
		end = size;
	if (start < 0 || start > end)
		return octets;
	octets.p = walk->mail.p + start;
	octets.len = (size_t)(end - start);
	return octets;
}

/* Hands a part on and, if it is a message, goes into it. */
static void
give(struct walk *walk, struct span octets, const char *name, bool is_message)
{
	struct span outer = walk->mail;

	walk->count++;
	walk->each(octets, name, walk->arg);
	if (!is_message && !parts_is_message(octets))
		return;
	if (walk->nesting == PARTS_NEST_MAX) {
		walk->whole = false;
		return;
	}
	walk->nesting++;
	walk_message(walk, octets);
	walk->nesting--;
	walk->mail = outer;
}

/* A stream of octets that it does not own.  What the array held is to be freed
 * with close_octets(). */
static GMimeStream *
open_octets(struct span octets, GByteArray **array)
{
	GMimeStream *stream = g_mime_stream_mem_new();

	/* they are only read */
	*array =
	    g_byte_array_new_take((guint8 *)(uintptr_t)octets.p, octets.len);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), *array);
	return stream;
}

static void
close_octets(GMimeStream *stream, GByteArray *array)
{
	g_object_unref(stream);
	g_byte_array_free(array, FALSE);
}

/* GMime leaves a message that is encoded, against RFC 2046, 5.2.1, alone. */
static bool
is_message_type(GMimeContentType *type)
{
	return type != NULL &&
	       (g_mime_content_type_is_type(type, "message", "rfc822") ||
		   g_mime_content_type_is_type(type, "message", "global") ||
		   g_mime_content_type_is_type(type, "message", "news"));
}

static void
walk_part(struct walk *walk, GMimePart *part)
{
	GMimeDataWrapper *content = g_mime_part_get_content(part);
	struct buf decoded = BUF_INIT(SIZE_MAX - 1);
	struct span octets;

	if (content == NULL)
		return;
	if (walk->count == PARTS_MAX) {
		walk->whole = false;
		return;
	}
	octets = place_of(walk, g_mime_data_wrapper_get_stream(content));
	switch (g_mime_part_get_content_encoding(part)) {
	case GMIME_CONTENT_ENCODING_BASE64:
		transfer_base64(octets, &decoded);
		octets = buf_span(&decoded);
		break;
	case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
		transfer_quoted(octets, &decoded);
		octets = buf_span(&decoded);
		break;
	case GMIME_CONTENT_ENCODING_UUENCODE:
		transfer_uu(octets, &decoded);
		octets = buf_span(&decoded);
		break;
	default:
		break;
	}
	give(walk, octets, g_mime_part_get_filename(part),
	    is_message_type(
		g_mime_object_get_content_type(GMIME_OBJECT(part))));
	buf_free(&decoded);
}

static void walk_object(struct walk *walk, GMimeObject *object);

static void
walk_multipart(struct walk *walk, GMimeMultipart *multipart)
{
	int i, count = g_mime_multipart_get_count(multipart);

	for (i = 0; i < count; i++)
		walk_object(walk, g_mime_multipart_get_part(multipart, i));
}

/* As deep as GMime has gone, which it bounds. */
static void
walk_object(struct walk *walk, GMimeObject *object)
{
	GMimeMessage *message;

	if (GMIME_IS_MULTIPART(object)) {
		walk_multipart(walk, GMIME_MULTIPART(object));
	} else if (GMIME_IS_MESSAGE_PART(object)) {
		message =
		    g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
		if (message != NULL)
			walk_object(
			    walk, g_mime_message_get_mime_part(message));
	} else if (GMIME_IS_PART(object)) {
		walk_part(walk, GMIME_PART(object));
	}
}

/* GMime goes no deeper, and takes the rest as text. */
static void
heed(gint64 offset, GMimeParserWarning what, const gchar *item, gpointer arg)
{
	struct walk *walk = arg;

	(void)offset;
	(void)item;
	if (what == GMIME_CRIT_NESTING_OVERFLOW)
		walk->whole = false;
}

/* A copy in which each CR that stands alone is a LF; NULL if there is none. */
static char *
with_line_ends(struct span mail)
{
	char *copy = NULL;
	size_t i;

	for (i = 0; i < mail.len; i++) {
		if (mail.p[i] != '\r' ||
		    (i + 1 < mail.len && mail.p[i + 1] == '\n'))
			continue;
		if (copy == NULL) {
			copy = malloc(mail.len);
			if (copy == NULL)
				fatal("out of memory");
			memcpy(copy, mail.p, mail.len);
		}
		copy[i] = '\n';
	}
	return copy;
}

/* Walks walk->mail with the view of it, which is freed before the first part is
 * handed on: only places in it are asked for then.  It is parsed as a part and
 * not as a message, for that has fields that are parsed further. */
static void
walk_view(struct walk *walk, char *view)
{
	struct span text = {view, walk->mail.len + PARTVIEW_SHIFT};
	GByteArray *array;
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeObject *object;

	if (view == NULL) {
		walk->whole = false;
		return;
	}
	stream = open_octets(text, &array);
	parser = g_mime_parser_new_with_stream(stream);
	object = g_mime_parser_construct_part(parser, walk->options);
	g_object_unref(parser);
	free(view);
	if (object != NULL) {
		walk_object(walk, object);
		g_object_unref(object);
	}
	close_octets(stream, array);
}

static void
walk_message(struct walk *walk, struct span mail)
{
	struct span text;
	bool mbox;
	char *copy, *view;

	mail = without_preface(mail, &mbox);
	if (mail.len > G_MAXINT - PARTVIEW_SHIFT) {
		walk->whole = false;
		return;
	}
	walk->mail = mail;
	walk_view(walk, partview_make(mail));
	copy = with_line_ends(mail);
	if (copy == NULL)
		return;
	text.p = copy;
	text.len = mail.len;
	view = partview_make(text);
	free(copy);
	walk_view(walk, view);
}

bool
parts_walk(struct span mail,
    void (*each)(struct span octets, const char *name, void *arg), void *arg)
{
	struct walk walk = {each, arg, NULL, 0, 0, true, {NULL, 0}};

	parts_init();
	walk.options = g_mime_parser_options_new();
	g_mime_parser_options_set_warning_callback(walk.options, heed, &walk);
	walk_message(&walk, mail);
	g_mime_parser_options_free(walk.options);
	return walk.whole;
}
