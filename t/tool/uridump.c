/*
 * uridump [-c RULES] FILE...: the addresses of messages, with what is known of
 * each, in an order: "U raw", and below it t where it was seen, c readings, h
 * hosts, d domains, a texts on links.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "rules/judge.h"

#define FILE_MAX (64 << 20)
#define TEXT_MAX 50000 /* octets of a part, as body_part_scan_size has it */

static void
print(struct span text)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < text.len; i++) {
		c = (unsigned char)text.p[i];
		if (c < ' ' || c == '\\')
			printf("\\x%02x", c);
		else
			putchar(c);
	}
	putchar('\n');
}

static int
compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = len > 0 ? memcmp(x->p, y->p, len) : 0;

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

static int
compare_uris(const void *a, const void *b)
{
	return compare(
	    &((const struct uri *)a)->raw, &((const struct uri *)b)->raw);
}

static void
print_all(const char *what, struct text text)
{
	size_t i;

	if (text.count > 0)
		qsort(text.lines, text.count, sizeof(*text.lines), compare);
	for (i = 0; i < text.count; i++) {
		printf(" %s ", what);
		print(text.lines[i]);
	}
}

static void
dump(struct uris *uris)
{
	size_t i;

	if (uris->count > 0)
		qsort(
		    uris->list, uris->count, sizeof(*uris->list), compare_uris);
	for (i = 0; i < uris->count; i++) {
		printf("U ");
		print(uris->list[i].raw);
		print_all("t", uris->list[i].elements);
		print_all("c", uris->list[i].cleaned);
		print_all("h", uris->list[i].hosts);
		print_all("d", uris->list[i].domains);
		print_all("a", uris->list[i].anchors);
	}
	if (uris->truncated)
		puts("X");
}

int
main(int argc, char **argv)
{
	struct ruleset *set = ruleset_new();
	struct buf octets = BUF_INIT(FILE_MAX);
	struct judge *judge;
	struct mail mail;
	int c;

	err_init(argv[0]);
	while ((c = getopt(argc, argv, "c:")) != -1)
		if (c != 'c' || ruleset_read(set, optarg) < 0)
			fatal("'%s': %s", optarg, strerror(errno));
	ruleset_finish(set);
	judge = judge_new(set, 0);
	mail_init(&mail);
	for (; argv[optind] != NULL; optind++) {
		buf_reset(&octets);
		if (file_read(argv[optind], &octets) < 0)
			fatal("'%s': %s", argv[optind], strerror(errno));
		mail_reset(&mail);
		judge_read(judge, &mail, buf_span(&octets), TEXT_MAX);
		printf("F %s\n", argv[optind]);
		dump(mail.uris);
	}
	mail_free(&mail);
	judge_free(judge);
	ruleset_free(set);
	buf_free(&octets);
	return fflush(stdout) != 0;
}
