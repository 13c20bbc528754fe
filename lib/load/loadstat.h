/*
 * loadstat: what smtp-load found out, and how it prints it.
 *
 * Messages a minute and delays are two things: the first is counted by the
 * wall clock over the whole run, the second is taken of each message.  Neither
 * is computed from the other.
 */
#ifndef LOAD_LOADSTAT_H
#define LOAD_LOADSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Delays in microseconds. */
struct loadstat_delays {
	uint64_t *us;
	size_t len;
	size_t cap;
};

struct loadstat {
	uint64_t messages;  /* begun */
	uint64_t accepted;  /* 2xx to the message */
	uint64_t refused;   /* 5xx */
	uint64_t expected;  /* of these, invalid ones refused at RCPT */
	uint64_t deferred;  /* 4xx */
	uint64_t failed;    /* no connection, a broken one, too late */
	uint64_t wrong;     /* of accepted, invalid ones */
	uint64_t delivered; /* seen in a Maildir */
	uint64_t lost;      /* accepted and not seen */
	uint64_t idle;      /* idle and dripping connections made */
	uint64_t up;        /* of these, greeted and still there at the end */
	uint64_t closed;    /* of these, closed by the server meanwhile */
	uint64_t us;        /* first start to last reply */
	uint64_t delivered_us;                /* first start to last file */
	struct loadstat_delays greeting;      /* of connections with messages */
	struct loadstat_delays idle_greeting; /* of idle and dripping ones */
	struct loadstat_delays reply;
	struct loadstat_delays delivery;
	bool watched;     /* delivered, lost and delivery mean something */
	bool interrupted; /* the counts are all right, but it was not all */
};

void loadstat_delay(struct loadstat_delays *delays, uint64_t us);
void loadstat_free(struct loadstat *stat);

/* As one of STATUS_*. */
int loadstat_status(const struct loadstat *stat);

/* Print to standard output; delays get sorted. */
void loadstat_print(struct loadstat *stat);
void loadstat_print_json(struct loadstat *stat);

/* One line over the last one, on standard error. */
void loadstat_progress(const struct loadstat *stat, uint64_t us);
void loadstat_progress_end(void);

#endif
