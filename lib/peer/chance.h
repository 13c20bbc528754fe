/*
 * chance: numbers that nobody can guess.
 */
#ifndef PEER_CHANCE_H
#define PEER_CHANCE_H

#include <stddef.h>

/* One below count, which is not 0. */
size_t chance(size_t count);

#endif
