/*
 * nodes: a directory of manifests, and questions to what was made of them.
 */
#ifndef UNIT_NODES_H
#define UNIT_NODES_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "node/nodes.h"

#define NOON_2026_12_31 1798718400
#define DAY 86400

static char dir[] = "/tmp/nodes.XXXXXX";

/* A manifest with one domain NAME.example and these mailboxes. */
#define MANIFEST(name, mailboxes)                                 \
	"node:\n  name: " name "\n  host: " name ".example.net\n" \
	"  domains: [" name ".example]\nmailboxes:\n" mailboxes

static inline const char *
path_of(const char *file)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return path;
}

static inline void
put(const char *file, const char *text)
{
	FILE *f = fopen(path_of(file), "w");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		fatal("cannot write '%s'", path_of(file));
}

static inline void
clear(void)
{
	static const char *const files[] = {"self.yaml", "carol.yaml",
	    "bob.yaml", "dave.yaml", "alice.yaml", "zoe.yaml", "x.yaml",
	    "bob.pin", "carol.pin", "bob.x.pin", "bob.x.yaml"};
	size_t i;

	for (i = 0; i < nitems(files); i++)
		unlink(path_of(files[i]));
}

/* Carol's own manifest in an empty directory. */
static inline void
put_carol(const char *text)
{
	clear();
	put("carol.yaml", text);
	if (symlink("carol.yaml", path_of("self.yaml")) < 0)
		fatal("cannot make a link");
}

/* "mailbox", or the reply's first word, as of an address at noon of the last
 * day of 2026 plus some days. */
static inline const char *
ask_on(const struct nodes *nodes, const char *text, int days)
{
	static char answer[100];
	struct address address;
	struct match match;

	if (address_parse(&address, span_of(text)) < 0)
		return "syntax";
	nodes_match(
	    nodes, &address, NOON_2026_12_31 + (time_t)days * DAY, &match);
	if (match.class == MATCH_REFUSE)
		snprintf(answer, sizeof(answer), "%.9s", match.reply);
	else
		snprintf(answer, sizeof(answer), "%s%s",
		    match.class == MATCH_BACKUP ? "backup " : "",
		    match.mailbox);
	return answer;
}

static inline bool
asks(const struct nodes *nodes, const char *text, const char *answer)
{
	return strcmp(ask_on(nodes, text, 0), answer) == 0;
}

#endif
