/*
 * hold: a directory of frames that are kept back (a quarantine).
 *
 * A file holds a whole frame, envelope and message, with the verdict pass: to
 * release it is to feed it to the stages that would have come next, to read
 * it is `mail-frame -x`.  Files are readable for their owner only, have names
 * that tell the time and the id, and are complete and on disk when they have
 * their name: until then it begins with a dot.
 */
#ifndef STORE_HOLD_H
#define STORE_HOLD_H

#include "mail/frame.h"

#define HOLD_NAME_SIZE 160 /* of a file's name, with NUL */

/* Opens the directory.  Returns the descriptor; -1 with errno: ENOTDIR; EEXIST
 * if it is a Maildir, where somebody would find the frames as mail; EPERM if
 * others may write to it. */
int hold_open(const char *directory);

/* Puts a frame there, and its name into name.  0; -1 with errno, and then there
 * is nothing left of it. */
int hold_put(
    int directory, const struct frame *frame, char name[HOLD_NAME_SIZE]);

#endif
