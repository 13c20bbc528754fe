/*
 * dnspart: the parts of dns: how libunbound is set up (dnsconf.c), the events
 * that it waits for (dnsevent.c), the packets that it answers with
 * (dnsreply.c), and files of records (dnszone.c).
 */
#ifndef NET_DNSPART_H
#define NET_DNSPART_H

#include <stdint.h>

#include "net/dns.h"

struct ub_ctx;
struct ub_event_base;
struct dns_events;

/* dnsconf.c: 0, or -1 after a warning. */
int dns_configure(struct ub_ctx *context, const struct dns_config *config);

/* dnsevent.c: an event base that libunbound works on, and that in turn is one
 * descriptor and one deadline for whoever waits. */

struct dns_events *dns_events_new(void);

/* After libunbound's context is gone. */
void dns_events_free(struct dns_events *events);

struct ub_event_base *dns_events_base(struct dns_events *events);
int dns_events_fd(const struct dns_events *events);
int64_t dns_events_next(const struct dns_events *events);

/* Lets libunbound act on what has come and on timers that are due, without
 * waiting.  What is too much for one turn is left for the next. */
void dns_events_run(struct dns_events *events);

/* dnsreply.c */

/* Reads an answer packet to a question of that type (RFC 1035, section 4) into
 * an answer that is all zero; libunbound left nothing in the answer section
 * but the alias chain and what stands at its end.  Sets everything but the
 * security. */
void dns_reply_parse(
    struct dns_answer *answer, struct span packet, unsigned type);

/* dnszone.c */

/* Makes the records of a file all that libunbound knows, and keeps it from
 * asking anybody.  0, or -1 after a warning. */
int dns_zone_load(struct ub_ctx *context, const char *path);

#endif
