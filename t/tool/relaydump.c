/*
 * relaydump: what is read out of Received fields.  Each line of standard input
 * is the value of one; prints for each what came of it, in the form that rules
 * see.  With names of files it prints the texts of the relays of each message.
 */
#include <stdio.h>
#include <stdlib.h>

#include "text/relayparse.h"

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

int
main(void)
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
	return 0;
}
