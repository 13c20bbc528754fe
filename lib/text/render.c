#include "text/render.h"
#include "html/html.h"
#include "text/charset.h"
#include "text/join.h"
#include "text/reading.h"

/* One of the texts of a part. */
enum which { ALL, VISIBLE, INVISIBLE };

struct rendering {
	struct mail *mail;
	size_t max;   /* characters of a part; 0: all */
	bool decoded; /* there is a part that was more than ASCII */
};

static struct span
text_of(const struct mail_part *part, enum which which)
{
	if (which == ALL)
		return part->rendered;
	return which == VISIBLE ? part->visible : part->invisible;
}

/* Where the first of c is from at on, if it is not much behind; else len. */
static size_t
near(struct span text, size_t at, char c)
{
	struct span window = span_from(text, at);
	const char *p;

	if (window.len > RENDER_SLACK_MAX + 1)
		window.len = RENDER_SLACK_MAX + 1;
	p = memchr(window.p, c, window.len);
	return p == NULL ? text.len : (size_t)(p - text.p);
}

/* At most max octets or a little more, up to one of those characters; the first
 * one is the best place to cut. */
static struct span
cut(struct span text, size_t max, const char *places)
{
	size_t at;

	if (max == 0 || text.len <= max)
		return text;
	for (; *places != '\0'; places++) {
		at = near(text, max, *places);
		if (at < text.len) {
			text.len = at + 1;
			return text;
		}
	}
	text.len = max;
	return text;
}

/* How many octets the first max characters are; all, if it has not so many. */
static size_t
octets_of(struct span text, size_t max)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if ((text.p[i] & 0xc0) != 0x80 && max-- == 0)
			break;
	return i;
}

/* Returns whether its text is more than the octets themselves. */
static bool
render_part(struct mail *mail, struct mail_part *part)
{
	bool is_html = strcmp(part->shown, "text/html") == 0;
	struct span octets;
	bool decoded;

	if (!is_html && strcmp(part->shown, "text/plain") != 0)
		return false;
	octets = mail_decode(mail, part);
	part->is_rendered = true;
	part->rendered = charset_text(&mail->arena, octets, part->charset);
	part->visible = part->rendered;
	part->invisible = (struct span){"", 0};
	decoded = part->rendered.p != octets.p || !charset_is_ascii(octets);
	if (!is_html || octets.len == 0)
		return decoded;
	part->html = html_read(&mail->arena, part->rendered, octets.len);
	part->rendered = part->html->text;
	part->visible = part->html->visible;
	part->invisible = part->html->invisible;
	return decoded;
}

/* Whether no character is behind U+00FF. */
static bool
is_latin1(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if ((unsigned char)text.p[i] > 0xc3)
			return false;
	return true;
}

/* All parts of one kind, one after the other, as lines.  If all of them are
 * ASCII, what they have of other characters comes from references in HTML, and
 * Perl, that rules were written for, has them as octets of ISO-8859-1, as long
 * as they are in that. */
static void
join_parts(struct rendering *rendering, struct span head, enum which which,
    struct text *lines)
{
	struct mail *mail = rendering->mail;
	size_t i, size = head.len + mail->leaf_count, max = rendering->max;
	bool latin1 = !rendering->decoded, some = false;
	struct span text, part;
	struct join join;

	for (i = 0; i < mail->leaf_count; i++) {
		text = text_of(mail->leaves[i], which);
		latin1 = latin1 && is_latin1(text);
		size += text.len;
	}
	join_init(&join, &mail->arena, head, size, latin1);
	for (i = 0; i < mail->leaf_count; i++) {
		if (some)
			join_add(&join, span_of("\n"));
		text = text_of(mail->leaves[i], which);
		part = cut(text, max == 0 ? 0 : octets_of(text, max), "\n ");
		mail->is_cut |= part.len < text.len;
		join_add(&join, part);
		some |= part.len > 0;
	}
	join_end(&join, lines);
}

/* The subject as a line of its own; a message without one has an empty line. */
static struct span
subject_line(struct mail *mail)
{
	const struct mail_field *field =
	    mail_last(&mail->root.header, "subject");
	size_t len = field == NULL ? 0 : field->value.len;
	char *p = arena_alloc(&mail->arena, len + 1);

	if (len > 0)
		memcpy(p, field->value.p, len);
	p[len] = '\n';
	return (struct span){p, len + 1};
}

/* A part that is not rendered, in pieces. */
static void
add_raw(struct mail *mail, struct mail_part *part, struct join_lines *lines)
{
	struct span octets, pieces;

	if (!reading_is_text(part->shown) ||
	    strcmp(part->type, "text/calendar") == 0)
		return;
	octets = mail_decode(mail, part);
	pieces = cut(octets, RENDER_RAW_MAX, "\n> ");
	mail->is_cut |= pieces.len < octets.len;
	join_pieces(&mail->arena, pieces, lines);
}

void
render(struct mail *mail, size_t max)
{
	struct rendering rendering = {mail, max, false};
	struct join_lines raw = {{NULL, 0}, 0};
	struct span subject;
	size_t i;

	if (mail->leaf_count == 0)
		return;
	for (i = 0; i < mail->leaf_count; i++) {
		rendering.decoded |= render_part(mail, mail->leaves[i]);
		if (strcmp(mail->leaves[i]->shown, "text/html") == 0)
			mail->html = mail->leaves[i]->html;
		add_raw(mail, mail->leaves[i], &raw);
	}
	mail->rawbody = raw.text;
	subject = subject_line(mail);
	join_parts(&rendering, subject, ALL, &mail->body);
	join_parts(&rendering, subject, VISIBLE, &mail->visible);
	join_parts(&rendering, span_of(""), INVISIBLE, &mail->invisible);
}
