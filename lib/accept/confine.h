/*
 * confine: what each process of smtp-accept gives up once it is set up.
 *
 * What the kernel cannot do is told once, and the rest is done.
 */
#ifndef ACCEPT_CONFINE_H
#define ACCEPT_CONFINE_H

#include <stddef.h>
#include <stdint.h>

/* The loop: it can neither exec nor open a file nor connect; it talks to those
 * who connect, and forks workers. */
void confine_loop(void);

/* A worker, on top of what it has from the loop: it takes no connections and
 * forks nobody. */
void confine_worker(void);

/* The keeper, and with it all stages: nothing that is the business of whoever
 * runs the machine. */
void confine_keeper(void);

/* Who asks DNS lists: it can only talk to name servers. */
void confine_lists(void);

/* The prober: it can only talk to name servers, and connect to these ports. */
void confine_prober(const uint16_t *ports, size_t count);

#endif
