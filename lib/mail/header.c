#include <errno.h>

#include "mail/header.h"

#include "base/ascii.h"

#define CHUNK 32768
#define FIRST_LINE_MAX 65536 /* octets that are looked at for its end */

enum step {
	STEP_KEEP,
	STEP_DROP,
	STEP_MATCH /* the line up to here was kept, and is dropped */
};

/* Goes through a header octet by octet, so that no line of it is ever held. */
struct walk {
	struct span name;
	bool prefix;   /* the name is the beginning of one */
	size_t column; /* octets of the line so far */
	bool open;     /* the line may still be such a field */
	bool cut;      /* it is one */
	bool cr;       /* the line is a CR so far */
	bool ended;    /* the empty line was there */
};

static void
walk_init(struct walk *walk, const char *name)
{
	size_t len = strlen(name);

	memset(walk, 0, sizeof(*walk));
	walk->prefix = len > 0 && name[len - 1] == '*';
	walk->name = (struct span){name, len - walk->prefix};
}

/* Whether with the octet at that column the line is known to be such a field;
 * open is false from where it is known not to be. */
static bool
matches(struct walk *walk, size_t column, char c)
{
	if (column == walk->name.len) { /* the whole name was there */
		walk->open = false;
		return c == ':' || ascii_is_blank(c);
	}
	walk->open = ascii_lower(c) == ascii_lower(walk->name.p[column]);
	return walk->open && walk->prefix && column + 1 == walk->name.len;
}

static enum step
walk_step(struct walk *walk, char c)
{
	size_t column = walk->column++;

	if (column == 0 && !ascii_is_blank(c)) {
		walk->cut = false;
		walk->open = true;
	}
	if (c == '\n') {
		walk->ended = column == 0 || walk->cr;
		walk->column = 0;
	}
	walk->cr = column == 0 && c == '\r';
	if (walk->cut)
		return STEP_DROP;
	if (!walk->open || !matches(walk, column, c))
		return STEP_KEEP;
	walk->open = false;
	walk->cut = true;
	return STEP_MATCH;
}

/* Whether there is such a field: 1 or 0; -1 with errno. */
static int
find(const struct message *message, struct walk *walk)
{
	char chunk[CHUNK];
	uint64_t at = 0;
	ssize_t i, n;

	while ((n = message_read(message, at, chunk, CHUNK)) > 0) {
		for (i = 0; i < n && !walk->ended; i++)
			if (walk_step(walk, chunk[i]) == STEP_MATCH)
				return 1;
		if (walk->ended)
			return 0;
		at += (uint64_t)n;
	}
	return n < 0 ? -1 : 0;
}

/* Adds to kept what stays of a chunk.  Of a line that may still be such a field
 * at its end, what there is is kept and can be dropped by the next. */
static void
sift(struct walk *walk, struct span chunk, struct buf *kept)
{
	size_t column, i;

	for (i = 0; i < chunk.len && !walk->ended; i++) {
		column = walk->column;
		switch (walk_step(walk, chunk.p[i])) {
		case STEP_KEEP:
			buf_add(kept, chunk.p + i, 1);
			break;
		case STEP_MATCH:
			kept->len -= column;
			break;
		case STEP_DROP:
			break;
		}
	}
	if (i < chunk.len)
		buf_add(kept, chunk.p + i, chunk.len - i);
}

/* Copies all but the fields.  0, or -1 with errno. */
static int
copy(const struct message *message, struct walk *walk, struct message *to)
{
	struct buf kept = BUF_INIT(CHUNK + HEADER_NAME_MAX);
	char chunk[CHUNK];
	size_t settled;
	uint64_t at = 0;
	ssize_t n;
	int rc = 0;

	while (rc == 0 &&
	       (n = message_read(message, at, chunk, sizeof(chunk))) != 0) {
		if (n < 0) {
			rc = -1;
			break;
		}
		at += (uint64_t)n;
		sift(walk, (struct span){chunk, (size_t)n}, &kept);
		settled = kept.len - (walk->open ? walk->column : 0);
		if (settled > 0)
			rc = message_add(to, kept.p, settled);
		buf_cut(&kept, settled);
	}
	if (rc == 0 && kept.len > 0)
		rc = message_add(to, kept.p, kept.len);
	buf_free(&kept);
	return rc;
}

int
header_remove(struct message *message, const char *name)
{
	struct message sifted;
	struct walk walk;
	int rc, saved;

	walk_init(&walk, name);
	if (walk.name.len == 0 || walk.name.len > HEADER_NAME_MAX) {
		errno = EINVAL;
		return -1;
	}
	rc = find(message, &walk);
	if (rc <= 0)
		return rc;
	message_init(&sifted);
	sifted.memory_max = message->memory_max;
	walk_init(&walk, name);
	rc = copy(message, &walk, &sifted);
	saved = errno;
	message_free(rc == 0 ? message : &sifted);
	errno = saved;
	if (rc == 0)
		*message = sifted;
	return rc;
}

const char *
header_line_end(const struct message *message)
{
	char chunk[1024], last = '\0';
	uint64_t at = 0;
	ssize_t i, n;

	while (at < FIRST_LINE_MAX &&
	       (n = message_read(message, at, chunk, sizeof(chunk))) > 0) {
		for (i = 0; i < n; i++) {
			if (chunk[i] == '\n')
				return last == '\r' ? "\r\n" : "\n";
			last = chunk[i];
		}
		at += (uint64_t)n;
	}
	return "\n";
}
