/*
 * scanner: the process that scans, one job after the other, and may die of any.
 *
 * The other end of scanner_give() and scanner_take() of nursery.h.
 */
#ifndef DESK_SCANNER_H
#define DESK_SCANNER_H

#include "scan/engine.h"

/* On a channel, from the desk and back. */
enum { SCANNER_FILE = 'F', SCANNER_MESSAGE = 'M', SCANNER_ANSWER = 'A' };

/* Serves jobs until the channel is closed.  need: octets that must be free
 * where temporary files go, before each scan. */
_Noreturn void scanner_main(
    struct engine *engine, int channel, const char *temp, uint64_t need);

#endif
