/* htmldump FILE...: what html_read() makes of each, a line for each thing that
 * is known; control characters, and what is no ASCII, as \xHH. */
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "html/html.h"

#define FILE_MAX (64 << 20)

static void
print(const char *head, struct span text)
{
	size_t i;

	printf("%s ", head);
	for (i = 0; i < text.len; i++)
		if (text.p[i] < ' ' || text.p[i] > '~' || text.p[i] == '\\')
			printf("\\x%02x", (unsigned char)text.p[i]);
		else
			putchar(text.p[i]);
	putchar('\n');
}

static void
dump(const struct html *html)
{
	const struct html_uri *uri;
	size_t i, k;

	print("text", html->text);
	print("visible", html->visible);
	print("invisible", html->invisible);
	printf("wide %d\n", html->wide);
	for (i = 0; i < html->fact_count; i++)
		if (html->facts[i].text.p != NULL)
			print(html->facts[i].name, html->facts[i].text);
		else
			printf("%s %.6g\n", html->facts[i].name,
			    html->facts[i].value);
	for (i = 0; i < html->uri_count; i++) {
		uri = &html->uris[i];
		printf("uri %s", uri->element != NULL ? uri->element : "-");
		print("", uri->uri);
		for (k = 0; k < uri->anchors.count; k++) {
			print("on", uri->uri);
			print("is", uri->anchors.lines[k]);
		}
	}
	for (i = 0; i < html->tag_count; i++) {
		printf("tag %u", html->tags[i].inside);
		print("", html->tags[i].name);
	}
}

int
main(int argc, char *argv[])
{
	struct buf octets = BUF_INIT(FILE_MAX);
	struct arena arena = {0};
	FILE *file;

	err_init(argv[0]);
	buf_room(&octets, FILE_MAX);
	while (--argc > 0) {
		file = fopen(*++argv, "r");
		if (file == NULL)
			fatal("cannot open '%s'", *argv);
		octets.len = fread(octets.p, 1, FILE_MAX, file);
		fclose(file);
		printf("file %s\n", *argv);
		dump(html_read(&arena, buf_span(&octets), octets.len));
		arena_reset(&arena);
	}
	arena_free(&arena);
	buf_free(&octets);
	return 0;
}
