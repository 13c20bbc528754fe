/*
 * relay: who handed a message to whom, by its Received fields (RFC 5321, 4.4).
 *
 * Anybody can write a Received field, so what counts is where the trusted ones
 * end: the fields of our own machines, on top, tell the truth.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include "text/mail.h"

#define RELAYS_MAX 200       /* fields that are looked at */
#define RELAY_ORIGINS_MAX 50 /* of relay_networks_origins() */

/* One handing over.  Spans are "" where nothing is said. */
struct relay {
	struct span ip;    /* of who handed it over; without brackets */
	struct span rdns;  /* its name, if its receiver looked it up */
	struct span helo;  /* what it called itself */
	struct span by;    /* who took it */
	struct span ident; /* RFC 1413 */
	struct span envfrom;
	struct span id;
	struct span auth;    /* how it logged in: "ESMTPSA", "HTTP", ... */
	bool is_private;     /* ip is of a private network */
	bool is_msa;         /* a submission to one of ours */
	bool no_reverse_dns; /* its receiver found no name */
	size_t field;        /* index of its field in the header; the last
				one for an origin */
};

struct relays {
	struct relay *list; /* the last one that it came through first */
	size_t count;
	size_t trusted;   /* so many of them are trusted */
	size_t internal;  /* so many are of our own network */
	bool unparseable; /* there is a field that nobody understands */
	size_t unparseable_count;
	size_t last_trusted_field; /* index in the header, SIZE_MAX if none */
	size_t last_internal_field;
	/* as X-Spam-Relays-* of rules have them: "[ ip=.. rdns=.. helo=.. by=..
	 * ident=.. envfrom=.. intl=.. id=.. auth=.. msa=.. ] [ ..." */
	struct span trusted_text;
	struct span untrusted_text;
	struct span internal_text;
	struct span external_text;
	struct span envelope_from; /* the address; p NULL if it is not known */
};

/* Which networks are whose: trusted_networks, internal_networks, msa_networks
 * of the configuration.  Without any, private networks are ours, and so is the
 * first public one behind them. */
struct relay_networks;

struct relay_networks *relay_networks_new(void);
void relay_networks_free(struct relay_networks *networks);
/* kind is 't', 'i' or 'm'.  Each of the networks is "192.0.2.0/24",
 * "192.0.2.", "[2001:db8::]/32", with "!" in front an exception; false if one
 * of them is none. */
bool relay_networks_add(
    struct relay_networks *networks, char kind, struct span list);

/* Adds names of fields that tell the address where a message was written
 * (originating_ip_headers), with blanks between them: each that is there counts
 * as a relay below all Received fields.  False if there are too many. */
bool relay_networks_origins(struct relay_networks *networks, struct span names);

/* Finds them, after mail_read(): mail->relays.  envelope_headers: names of the
 * fields that tell the envelope's sender (envelope_sender_header), with blanks;
 * empty if none is configured.  The envelope's own sender goes before. */
void relays_read(struct mail *mail, const struct relay_networks *networks,
    struct span envelope_headers);

/* Whether it is an address of a private, loopback or link-local network. */
bool relay_is_private(struct span ip);

#endif
