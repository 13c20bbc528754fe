/*
 * intake: one message from the client to a pipeline, and its verdict.
 */
#ifndef ACCEPT_INTAKE_H
#define ACCEPT_INTAKE_H

#include "accept/accept.h"
#include "mail/frame.h"

#define INTAKE_HOPS_MAX 50 /* Received lines; more is a loop */

struct intake {
	const struct accept *accept;
	int channel; /* to the loop */
	struct frame frame;
	int failure;  /* errno if the message could not be kept */
	char *letter; /* CHANNEL_SIZE octets */
	char reply[SESSION_REPLY_MAX];
};

void intake_init(
    struct intake *intake, const struct accept *accept, int channel);

/* Adds the next part of the message. */
void intake_add(struct intake *intake, struct span body);

/* The message is whole: has it delivered.  Returns the reply, which lives until
 * the next message: 250 if and only if a stage took responsibility. */
const char *intake_finish(struct intake *intake, const struct visit *visit);

/* Forgets the message; another one may begin. */
void intake_reset(struct intake *intake);

#endif
