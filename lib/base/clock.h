/*
 * clock: time, in milliseconds.
 *
 * Deadlines are absolute points of clock_ms(), so that neither a signal nor a
 * wall clock that jumps (a Raspberry Pi has no battery behind it) moves them.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* A deadline that never comes. */
#define CLOCK_NEVER INT64_MAX

/* Monotonic time. */
int64_t clock_ms(void);

/* What is left until a deadline, as poll(2) takes it: -1 for CLOCK_NEVER, 0
 * if it has passed. */
int clock_left(int64_t deadline);

#endif
