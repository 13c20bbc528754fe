/*
 * relaydump: what is read out of headers.
 *
 * Without a file, each line of standard input is the value of a Received field;
 * it prints for each what came of it, in the form that rules see.
 *
 * relaydump -s SELECTORS [-r RULES] [-t|-i|-m NETWORKS] [-o NAMES] FILE...:
 * for each message and selector (of a file of them, a line each) what it
 * selects: "FILE<TAB>SELECTOR<TAB>PIECE<TAB>...".  -r: a file of rules with the
 * names util_rb_tld; -o: names of fields of origin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "relay/relayparse.h"
#include "relay/selector.h"

#define FILE_MAX (64 << 20)

static struct relay_networks *networks;
static struct tld *tld;

static void
print_relay(const struct relay *relay)
{
	printf("[ ip=%.*s rdns=%.*s helo=%.*s by=%.*s ident=%.*s "
	       "envfrom=%.*s intl=0 id=%.*s auth=%.*s msa=0 ] "
	       "priv=%d norev=%d env=%d\n",
	    SPAN_ARG(relay->ip), SPAN_ARG(relay->rdns), SPAN_ARG(relay->helo),
	    SPAN_ARG(relay->by), SPAN_ARG(relay->ident),
	    SPAN_ARG(relay->envfrom), SPAN_ARG(relay->id),
	    SPAN_ARG(relay->auth), relay->is_private, relay->no_reverse_dns,
	    relay->envfrom.p != NULL);
}

static void
dump_line(struct span line)
{
	struct arena arena = {0};
	struct relay relay;

	switch (relay_parse(&arena, line, &relay)) {
	case RELAY_KNOWN:
		print_relay(&relay);
		break;
	case RELAY_NONE:
		puts("SKIP");
		break;
	case RELAY_FETCHED:
		puts("FETCH");
		break;
	case RELAY_SCANNER:
		printf("SCANNER %.*s\n", SPAN_ARG(relay.envfrom));
		break;
	case RELAY_UNKNOWN:
		puts("UNPARSEABLE");
		break;
	}
	arena_free(&arena);
}

static void
dump_lines(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			len--;
		dump_line((struct span){line, (size_t)len});
	}
	free(line);
}

static void
read_whole(const char *path, struct buf *buf)
{
	FILE *file = fopen(path, "r");
	size_t n;

	if (file == NULL)
		fatal("cannot open '%s'", path);
	buf_reset(buf);
	do {
		if (!buf_room(buf, 65536))
			fatal("'%s' is too large", path);
		n = fread(buf->p + buf->len, 1, 65536, file);
		buf->len += n;
	} while (n > 0);
	fclose(file);
}

static struct span
take_line(struct span *rest)
{
	const char *end = memchr(rest->p, '\n', rest->len);
	struct span line = *rest;

	if (end != NULL)
		line.len = (size_t)(end - rest->p);
	*rest = span_from(*rest, line.len + 1);
	return line;
}

static void
read_tlds(const char *path)
{
	static const char *const names[] = {
	    "util_rb_tld ", "util_rb_2tld ", "util_rb_3tld "};
	struct buf buf = BUF_INIT(FILE_MAX);
	struct span rest, line;
	unsigned i;

	read_whole(path, &buf);
	rest = buf_span(&buf);
	while (rest.len > 0) {
		line = span_trim(take_line(&rest));
		for (i = 0; i < nitems(names); i++)
			if (span_starts(line, names[i]))
				tld_add(tld, i + 1,
				    span_from(line, strlen(names[i])));
	}
	buf_free(&buf);
}

static void
print_piece(struct span piece)
{
	size_t i;

	putchar('\t');
	for (i = 0; i < piece.len; i++) {
		if (piece.p[i] == '\n')
			fputs("\\n", stdout);
		else if (piece.p[i] == '\t')
			fputs("\\t", stdout);
		else
			putchar(piece.p[i]);
	}
}

static void
dump_message(struct mail *mail, const char *path, struct span selectors)
{
	struct selector selector;
	struct span line;
	struct text text;
	size_t i;

	relays_read(mail, networks, (struct span){NULL, 0});
	while (selectors.len > 0) {
		line = take_line(&selectors);
		selector_parse(line, &selector);
		selector_get(mail, &selector, tld, &text);
		printf("%s\t%.*s", path, SPAN_ARG(line));
		for (i = 0; i < text.count; i++)
			print_piece(text.lines[i]);
		putchar('\n');
	}
	printf("%s\tunparseable\t%zu\n", path, mail->relays->unparseable_count);
}

int
main(int argc, char **argv)
{
	struct buf selectors = BUF_INIT(FILE_MAX), octets = BUF_INIT(FILE_MAX);
	struct mail mail;
	int option;

	err_init("relaydump");
	networks = relay_networks_new();
	tld = tld_new();
	while ((option = getopt(argc, argv, "s:r:t:i:m:o:")) != -1) {
		if (option == 's')
			read_whole(optarg, &selectors);
		else if (option == 'r')
			read_tlds(optarg);
		else if (option == 'o')
			relay_networks_origins(networks, span_of(optarg));
		else if (option == '?' || !relay_networks_add(networks,
					      (char)option, span_of(optarg)))
			fatal("'%s': not a network", optarg);
	}
	if (optind == argc)
		dump_lines();
	mail_init(&mail);
	for (; optind < argc; optind++) {
		read_whole(argv[optind], &octets);
		mail_reset(&mail);
		mail_read(&mail, buf_span(&octets));
		dump_message(&mail, argv[optind], buf_span(&selectors));
	}
	mail_free(&mail);
	buf_free(&octets);
	buf_free(&selectors);
	tld_free(tld);
	relay_networks_free(networks);
	return 0;
}
