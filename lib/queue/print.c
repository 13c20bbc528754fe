#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "queue/print.h"

const char *
print_age(int64_t seconds, char text[PRINT_AGE_SIZE])
{
	static const struct {
		int64_t below;
		int64_t unit;
		char name;
	} units[] = {{100, 1, 's'}, {6000, 60, 'm'}, {172800, 3600, 'h'},
	    {INT64_MAX, 86400, 'd'}};
	size_t i = 0;

	if (seconds < 0) /* the clock has been set back */
		seconds = 0;
	while (seconds >= units[i].below)
		i++;
	snprintf(text, PRINT_AGE_SIZE, "%" PRId64 "%c", seconds / units[i].unit,
	    units[i].name);
	return text;
}

/* A copy has none itself. */
static size_t
count_copies(const struct destination *destination, const struct listed *item)
{
	struct buf names = BUF_INIT(QUEUE_COPIES_MAX);
	size_t count = 0;
	struct span rest;

	if (item->from[0] == '\0' &&
	    entry_copies(destination, &item->entry, &names) == 0)
		for (rest = buf_span(&names); rest.len > 0; count++)
			span_line(&rest);
	buf_free(&names);
	return count;
}

void
print_entry(const struct destination *destination, const struct listed *item,
    int digits, const char *state, int64_t now)
{
	char age[PRINT_AGE_SIZE], text[2 * FRAME_LINE_MAX];

	snprintf(
	    text, sizeof(text), "%s", item->from[0] != '\0' ? item->from : "-");
	err_printable(text, strlen(text));
	printf("%.*s\t%s\t%" PRIu64 "\t%s\t%s\t%s\t%zu\n", digits,
	    item->entry.id, destination->name, item->octets,
	    print_age(now - item->time, age), text, state,
	    count_copies(destination, item));
}

/* Prints a line as a terminal can show it. */
static void
print_line(struct span text)
{
	struct buf line = BUF_INIT(IO_IN_SIZE);
	size_t i;

	while (text.len > 0 &&
	       (text.p[text.len - 1] == '\r' || text.p[text.len - 1] == '\n'))
		text.len--;
	buf_addspan(&line, text);
	for (i = 0; i < line.len; i++)
		if (line.p[i] == '\t')
			line.p[i] = ' ';
	err_printable(line.p, line.len);
	printf("%s\n", buf_str(&line));
	buf_free(&line);
}

int
print_header(const struct destination *destination, const struct listed *item,
    struct frame *frame)
{
	struct span rest, line;
	struct io_in in;
	int fd, i, rc;

	fd = entry_open(destination, &item->entry);
	if (fd < 0)
		return -1;
	io_in_init(&in, fd);
	rc = frame_read_fields(frame, &in) == 1 ? 0 : -1;
	if (rc == 0) {
		printf("entry: %s\n", item->entry.id);
		for (rest = buf_span(&frame->fields); rest.len > 0;)
			print_line(span_line(&rest));
		putchar('\n');
		for (i = 0; i < PRINT_LINES_MAX; i++) {
			if (io_in_line(&in, IO_IN_SIZE - 1, &line) <= 0 ||
			    span_trim(line).len == 0)
				break;
			print_line(line);
		}
		putchar('\n');
	}
	io_in_free(&in);
	close(fd);
	return rc;
}

/* What is the same for one destination and for all. */
static void
print_sums(const char *name, const struct print_sum *sum, int64_t now)
{
	char age[PRINT_AGE_SIZE];

	printf("%s\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s", name,
	    sum->messages, sum->octets, sum->held,
	    sum->messages > 0 ? print_age(now - sum->oldest, age) : "-");
}

void
print_destination(const struct destination *destination,
    const struct listing *listing, int64_t now, struct print_sum *sum)
{
	struct print_sum own = {.messages = listing->count};
	struct schedule schedule;
	char next[PRINT_AGE_SIZE];
	size_t i;

	for (i = 0; i < listing->count; i++) {
		own.octets += listing_at(listing, i)->octets;
		own.held += listing_at(listing, i)->entry.held;
	}
	if (listing->count > 0)
		own.oldest = listing_at(listing, 0)->time;
	print_sums(destination->name, &own, now);
	schedule_read(destination, &schedule);
	err_printable(schedule.note, strlen(schedule.note));
	printf("\t%s\t%" PRIu64 "\t%s\n",
	    schedule_is_due(&schedule, now, PRINT_LATEST)
		? "now"
		: print_age(schedule.next - now, next),
	    schedule.failures, schedule.note);
	if (listing->count > 0 &&
	    (sum->messages == 0 || own.oldest < sum->oldest))
		sum->oldest = own.oldest;
	sum->messages += own.messages;
	sum->octets += own.octets;
	sum->held += own.held;
}

void
print_total(const struct print_sum *sum, int64_t now)
{
	print_sums("-", sum, now);
	putchar('\n');
}
