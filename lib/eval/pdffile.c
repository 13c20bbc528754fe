#include <openssl/evp.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/regex.h"
#include "eval/pdffile.h"

#define MAGIC_MAX 1024 /* octets that may stand before "%PDF-" */
#define NAMES_MAX (1 << 20)

/* One file while it is read. */
struct reader {
	struct pdf_facts *facts;
	struct arena *arena;
	struct buf fuzzy; /* the first lines */
	struct buf names; /* all names at the beginnings of lines */
	unsigned lines;
	bool fuzzy_done;
	bool in_image;
	double height, width, area;
};

void
pdf_facts_init(struct pdf_facts *facts, struct arena *arena)
{
	*facts = (struct pdf_facts){0};
	facts->images =
	    arena_array(arena, PDF_IMAGES_MAX, sizeof(*facts->images));
	facts->details =
	    arena_array(arena, PDF_DETAILS_MAX, sizeof(*facts->details));
	facts->digests =
	    arena_array(arena, PDF_DIGESTS_MAX, sizeof(*facts->digests));
	facts->fuzzy =
	    arena_array(arena, PDF_DIGESTS_MAX, sizeof(*facts->fuzzy));
}

static struct span
skip_blanks(struct span text)
{
	while (text.len > 0 && ascii_is_space(text.p[0]))
		text = span_from(text, 1);
	return text;
}

/* Takes digits off the front. */
static bool
take_number(struct span *rest, double *number)
{
	if (rest->len == 0 || !ascii_is_digit(rest->p[0]))
		return false;
	for (*number = 0; rest->len > 0 && ascii_is_digit(rest->p[0]);
	     *rest = span_from(*rest, 1))
		*number = *number * 10 + (rest->p[0] - '0');
	return true;
}

/* "630 0 0 149 0 0 cm": how an image is placed. */
static bool
is_matrix(struct span line, double *numbers)
{
	size_t i;

	for (i = 0; i < 6; i++) {
		if (!take_number(&line, &numbers[i]) || line.len == 0 ||
		    !ascii_is_space(line.p[0]))
			return false;
		line = skip_blanks(line);
	}
	return span_is(line, "cm");
}

/* The height and width that a line says of an image, both in the same. */
static bool
take_sides(struct span line, double *height, double *width)
{
	static struct regex_fixed sides = {
	    "^/(?:Width|Height)\\s\\d(*COMMIT)(*F)"
	    "|/Width\\s(\\d+)/Height\\s(\\d+)",
	    0, NULL};
	struct regex_match match;
	double numbers[6];

	if (is_matrix(line, numbers)) {
		*width = numbers[0];
		*height = numbers[3];
		return true;
	}
	return regex_take(&sides, line, 0, &match) &&
	       take_number(&match.groups[1], width) &&
	       take_number(&match.groups[2], height);
}

static void
add_image(struct pdf_facts *facts, double height, double width)
{
	if (facts->image_count < PDF_IMAGES_MAX)
		facts->images[facts->image_count++] =
		    (struct pdf_image){height, width};
}

static void
look_for_image(struct reader *reader, struct span line)
{
	double height, width;

	if (span_find(line, span_of("/Image")) != NULL)
		reader->in_image = true;
	if (!reader->in_image || !take_sides(line, &height, &width) ||
	    height == 0 || width == 0)
		return;
	reader->fuzzy_done = true;
	reader->in_image = false;
	reader->height += height;
	reader->width += width;
	reader->area += height * width;
	reader->facts->images_seen++;
	add_image(reader->facts, height, width);
}

/* The first lines are what files that are made alike share, but for what
 * differs with each: comments and sizes.  Returns the line as it is looked at
 * further: without blanks at its end if it is one of those. */
static struct span
add_fuzzy(struct reader *reader, struct span line)
{
	static const char *const sizes[] = {
	    "/Height", "/Width", "/MediaBox", "/CropBox"};
	double numbers[6];
	size_t i;

	if (reader->fuzzy_done || ++reader->lines >= PDF_LINES_FUZZY)
		return line;
	if (span_find(line, span_of("stream")) != NULL)
		reader->fuzzy_done = true;
	for (i = 0; i < nitems(sizes); i++)
		if (span_starts(line, sizes[i]))
			return line;
	if (span_starts(line, "%") || is_matrix(line, numbers))
		return line;
	while (line.len > 0 && ascii_is_space(line.p[line.len - 1]))
		line.len--;
	buf_addspan(&reader->fuzzy, line);
	return line;
}

/* "<FEFF0041>": pairs of digits. */
static void
add_hex(struct buf *text, struct span string)
{
	char octet;

	while (string.len > 1) {
		if (ascii_hex(string.p[0]) >= 0 &&
		    ascii_hex(string.p[1]) >= 0) {
			octet = (char)(ascii_hex(string.p[0]) << 4 |
				       ascii_hex(string.p[1]));
			buf_add(text, &octet, 1);
			string = span_from(string, 1);
		}
		string = span_from(string, 1);
	}
}

static bool
is_octal(struct span text)
{
	return text.len >= 4 && text.p[0] == '\\' && text.p[1] >= '0' &&
	       text.p[1] <= '3' && text.p[2] >= '0' && text.p[2] <= '7' &&
	       text.p[3] >= '0' && text.p[3] <= '7';
}

/* "(\376\377\000A)": octal numbers are octets. */
static void
add_octal(struct buf *text, struct span string)
{
	char before = '\0', octet;

	if (span_starts(string, "("))
		string = span_from(string, 1);
	if (span_ends(string, ")"))
		string.len--;
	while (string.len > 0) {
		octet = string.p[0];
		if (before != '\\' && is_octal(string)) {
			octet = (char)((string.p[1] - '0') << 6 |
				       (string.p[2] - '0') << 3 |
				       (string.p[3] - '0'));
			string = span_from(string, 3);
		}
		before = string.p[0];
		buf_add(text, &octet, 1);
		string = span_from(string, 1);
	}
}

/* What may stand behind a backslash for itself. */
static bool
is_escaped(char c)
{
	return c == '(' || c == ')' || c == '\\';
}

/* What a string of a file says; UTF-16 without its zeros. */
static struct span
string_text(struct reader *reader, struct span string)
{
	struct buf raw = BUF_INIT(string.len + 1), text = raw;
	bool is_hex = span_starts(string, "<"), wide;
	size_t i;

	if (is_hex)
		add_hex(&raw, string);
	else
		add_octal(&raw, string);
	wide = raw.len >= 2 && (memcmp(raw.p, "\xfe\xff", 2) == 0 ||
				   memcmp(raw.p, "\xff\xfe", 2) == 0);
	for (i = wide ? 2 : 0; i < raw.len; i++) {
		if (wide && raw.p[i] == '\0')
			continue;
		if (!is_hex && raw.p[i] == '\\' && i + 1 < raw.len &&
		    is_escaped(raw.p[i + 1]))
			i++;
		buf_add(&text, raw.p + i, 1);
	}
	if (text.len > PDF_DETAIL_MAX)
		text.len = PDF_DETAIL_MAX;
	string = arena_copy(reader->arena, buf_span(&text));
	buf_free(&raw);
	buf_free(&text);
	return string;
}

/* What a line says of the document as a whole. */
static void
look_for_details(struct reader *reader, struct span line)
{
	static struct detail {
		const char *name;
		const char *word; /* what every such line holds */
		struct regex_fixed regex;
	} details[] = {
#define STRING "\\s{0,2}(\\(.*?(?<!\\\\)\\)|<[^>]*>)"
#define DATE "\\s{0,2}\\(D:(\\d+)"
	    {"author", "/Author", {"/Author" STRING, 0, NULL}},
	    {"creator", "/Creator", {"/Creator" STRING, 0, NULL}},
	    {"created", "/CreationDate", {"/CreationDate" DATE, 0, NULL}},
	    {"modified", "/ModDate", {"/ModDate" DATE, 0, NULL}},
	    {"producer", "/Producer", {"/Producer" STRING, 0, NULL}},
	    {"title", "/Title", {"/Title" STRING, 0, NULL}},
	};
	struct pdf_facts *facts = reader->facts;
	struct regex_match match;
	size_t i;

	for (i = 0; i < nitems(details); i++) {
		if (facts->detail_count == PDF_DETAILS_MAX)
			return;
		if (span_find(line, span_of(details[i].word)) == NULL ||
		    !regex_take(&details[i].regex, line, 0, &match))
			continue;
		facts->details[facts->detail_count++] = (struct pdf_detail){
		    details[i].name, string_text(reader, match.groups[1])};
	}
}

static void
read_line(struct reader *reader, struct span line)
{
	size_t len = 1;

	line = add_fuzzy(reader, line);
	look_for_image(reader, line);
	if (span_starts(line, "/Encrypt"))
		reader->facts->is_encrypted = true;
	if (line.len == 0 || memchr(line.p, '/', line.len) == NULL)
		return;
	while (line.p[0] == '/' && len < line.len &&
	       (line.p[len] | 0x20) >= 'a' && (line.p[len] | 0x20) <= 'z')
		len++;
	buf_add(&reader->names, line.p + 1, len - 1);
	look_for_details(reader, line);
}

static void
add_digest(char (*list)[PDF_DIGEST + 1], size_t *count, struct span octets)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned i, len;

	if (octets.len == 0 || *count == PDF_DIGESTS_MAX)
		return;
	if (!EVP_Digest(octets.p, octets.len, digest, &len, EVP_md5(), NULL))
		fatal("no MD5");
	for (i = 0; i < len; i++) {
		list[*count][2 * i] = "0123456789ABCDEF"[digest[i] >> 4];
		list[*count][2 * i + 1] = "0123456789ABCDEF"[digest[i] & 15];
	}
	(*count)++;
}

static bool
is_pdf(struct span octets)
{
	static struct regex_fixed magic = {"%PDF-\\d\\.\\d", 0, NULL};
	struct regex_match match;

	if (octets.len > MAGIC_MAX + strlen("%PDF-1.0"))
		octets.len = MAGIC_MAX + strlen("%PDF-1.0");
	return regex_take(&magic, octets, 0, &match);
}

bool
pdf_read(struct pdf_facts *facts, struct arena *arena, struct span octets)
{
	struct reader reader = {.facts = facts,
	    .arena = arena,
	    .fuzzy = BUF_INIT(octets.len + 1),
	    .names = BUF_INIT(NAMES_MAX)};
	struct span rest;
	const char *end;
	size_t len;

	if (span_starts(octets, "\xef\xbb\xbf"))
		octets = span_from(octets, 3);
	if (!is_pdf(octets))
		return false;
	for (rest = octets; rest.len > 0; rest = span_from(rest, len + 1)) {
		end = memchr(rest.p, '\n', rest.len);
		len = end != NULL ? (size_t)(end - rest.p) : rest.len;
		if (len > 0)
			read_line(&reader, (struct span){rest.p, len});
	}
	if (reader.height > 0)
		add_image(facts, reader.height, reader.width);
	if (reader.area > 0)
		facts->area = reader.area;
	add_digest(facts->digests, &facts->digest_count, octets);
	add_digest(facts->fuzzy, &facts->fuzzy_count, buf_span(&reader.fuzzy));
	add_digest(facts->fuzzy, &facts->fuzzy_count, buf_span(&reader.names));
	buf_free(&reader.fuzzy);
	buf_free(&reader.names);
	return true;
}
