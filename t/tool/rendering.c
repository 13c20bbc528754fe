/* rendering FILE...: what is read of messages: fields, parts, texts. */
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "text/render.h"

#define FILE_MAX (64 << 20)
#define TEXT_MAX 50000

static void
print_text(const char *name, struct span text)
{
	size_t i;

	printf("%s: ", name);
	for (i = 0; i < text.len; i++)
		if (text.p[i] == '\n')
			fputs("\\n", stdout);
		else if (text.p[i] == '\\')
			fputs("\\\\", stdout);
		else
			putchar(text.p[i]);
	putchar('\n');
}

static void
print_lines(const char *name, const struct text *text)
{
	size_t i;

	for (i = 0; i < text->count; i++)
		print_text(name, text->lines[i]);
}

static void
print_header(const struct mail_header *header)
{
	size_t i;

	for (i = 0; i < header->count; i++) {
		print_text("field", header->fields[i].name);
		print_text("value", header->fields[i].value);
		print_text("raw", header->fields[i].raw);
	}
}

/* A part and those in it; it is as deep as MAIL_DEPTH_MAX. */
static void
print_part(struct mail *mail, struct mail_part *part, unsigned depth)
{
	struct mail_part *child;
	bool leaf = part->child == NULL && !part->is_multipart;

	printf("part: %u %s", depth, part->type);
	if (leaf)
		printf(" %zu", mail_decode(mail, part).len);
	putchar('\n');
	if (leaf)
		print_text("charset", part->charset);
	if (leaf)
		print_text("name", part->name);
	print_header(&part->header);
	for (child = part->child; child != NULL; child = child->next)
		print_part(mail, child, depth + 1);
}

static void
print(struct mail *mail)
{
	printf("flags: %x\n", mail->flags);
	print_text("header", mail->header);
	printf("rest: %zu\n", mail->rest.len);
	print_part(mail, &mail->root, 0);
	print_lines("body", &mail->body);
	print_lines("visible", &mail->visible);
	print_lines("invisible", &mail->invisible);
	print_lines("rawbody", &mail->rawbody);
}

int
main(int argc, char *argv[])
{
	struct buf octets = BUF_INIT(FILE_MAX);
	struct mail mail;
	FILE *file;

	err_init(argv[0]);
	buf_room(&octets, FILE_MAX);
	mail_init(&mail);
	while (--argc > 0) {
		file = fopen(*++argv, "r");
		if (file == NULL)
			fatal("cannot open '%s'", *argv);
		octets.len = fread(octets.p, 1, FILE_MAX, file);
		fclose(file);
		mail_reset(&mail);
		mail_read(&mail, buf_span(&octets));
		render(&mail, TEXT_MAX);
		printf("file: %s\n", *argv);
		print(&mail);
	}
	mail_free(&mail);
	buf_free(&octets);
	return 0;
}
