/*
 * dns: questions to the DNS, through libunbound.
 *
 * - Everything happens in the process that asks: there is no thread and no
 *   child, so what confines the process confines the resolver as well.
 *   libunbound works on an event base of ours (unbound-event.h).
 * - All files are read by dns_open(), and nothing is opened later but sockets.
 * - A deadline of ours ends every question; libunbound may go on for a while
 *   and keep what it learns.
 * - It asks the configured servers and does not go to the root by itself.
 *   localhost, test, invalid and onion are answered without asking anybody
 *   (RFC 6761).
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define DNS_NAME_MAX 253       /* octets of a name as text */
#define DNS_RECORDS_MAX 64     /* of an answer; more are a failure */
#define DNS_REASON_SIZE 128    /* octets of a reason, with NUL */
#define DNS_QUESTIONS_MAX 2048 /* at a time, with those given up lately */
#define DNS_ZONE_MAX (4 << 20) /* octets of a zone file */
#define DNS_LINES_MAX 10000    /* lines of it */
#define DNS_LINE_MAX 4096      /* octets of a line, without its comment */

/* Types of records (RFC 1035, RFC 3596). */
enum {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28
};

struct dns_config {
	const char *server; /* "ADDRESS" or "ADDRESS@PORT"; NULL: those of
			       /etc/resolv.conf */
	const char *zone;   /* file of records, one a line as "NAME TTL IN TYPE
			       DATA" with whole names, without aliases and
			       wildcards, and comments after ';': they are all
			       there is, and nothing is ever sent; NULL: none
			     */
	const char *anchor; /* file of DNSSEC trust anchors (DS or DNSKEY);
			       NULL: nothing is validated */
	uint64_t timeout;   /* ms for an answer */
};

enum dns_state {
	DNS_FOUND,   /* records */
	DNS_EMPTY,   /* the name exists, but nothing of that type */
	DNS_NO_NAME, /* the name does not exist */
	DNS_FAILED   /* nobody knows */
};

enum dns_security {
	DNS_INSECURE, /* not validated, or not signed */
	DNS_SECURE,   /* the state is proven, also if there is nothing */
	DNS_BOGUS     /* proven wrong, and so DNS_FAILED */
};

struct dns_answer {
	enum dns_state state;
	enum dns_security security;
	uint32_t ttl; /* seconds, the smallest of the records; 0 if none */
	size_t count;
	/* the data of each, in wire format with names uncompressed */
	struct span records[DNS_RECORDS_MAX];
	struct buf octets;            /* holds them */
	char reason[DNS_REASON_SIZE]; /* why it failed; else "" */
};

struct dns;
struct dns_question;

/* Reads all files and makes ready.  NULL after a warning that says why; a file
 * that cannot be used is never taken for none. */
struct dns *dns_open(const struct dns_config *config);

/* Questions that are open get no answer any more. */
void dns_free(struct dns *dns);

/* What to wait for: this descriptor to become readable, or this point of
 * clock_ms() to come, which may have passed; then dns_take() is to be called.
 */
int dns_fd(const struct dns *dns);
int64_t dns_next(const struct dns *dns);

/* Calls back for every question that was answered, or whose time is up. */
void dns_take(struct dns *dns);

/* Asks.  The name is text without escapes, of at most DNS_NAME_MAX octets, with
 * or without a dot at its end.  callback is called once, by dns_take() and
 * never from here, with an answer that is there for the time of the call; it
 * may ask and cancel.  Returns the question, which is gone after that, or NULL
 * with errno: EAGAIN if too many are open, EINVAL if that is no name. */
struct dns_question *dns_ask(struct dns *dns, const char *name, unsigned type,
    void (*callback)(void *arg, const struct dns_answer *answer), void *arg);

/* Its callback will not be called. */
void dns_cancel(struct dns_question *question);

/* Asks and waits; other questions are called back by the next dns_take().  The
 * answer is always set, and the caller frees it. */
void dns_resolve(struct dns *dns, const char *name, unsigned type,
    struct dns_answer *answer);
void dns_answer_free(struct dns_answer *answer);

#endif
