/*
 * file: what programs do with files beyond open(2).
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/* What must be left of the buffer after the last octet. */
#define FILE_READ_ROOM 4096

/* Appends the whole file to buf.  0, or -1 with errno (EMSGSIZE if it is
 * larger than the buffer may grow, less that room). */
int file_read(const char *path, struct buf *buf);

/* The same of a regular file only: nothing else holds us up (EINVAL). */
int file_read_regular(const char *path, struct buf *buf);

/* Makes a file of that text in a directory, in place of another one if there is
 * one: whole and on disk, or not at all, and then the other one stays.  It is
 * written as ".NAME.new", so one process at a time may do so.  0, or -1 with
 * errno. */
int file_replace(int dir, const char *name, struct span text, mode_t mode);

/* The same if there is none of that name; else -1 with EEXIST. */
int file_create(int dir, const char *name, struct span text, mode_t mode);

/* 0 if only its owner may write to what is open there; -1 with errno, EPERM if
 * others may. */
int file_only_owner(int fd);

/* $TMPDIR, or /var/tmp. */
const char *file_temp_dir(void);

/* An unlinked file for reading and writing, in there.  Returns
 * the descriptor (close-on-exec), or -1 with errno. */
int file_temp(void);

/* Makes sure that 0, 1 and 2 are open, so that no file that is opened later
 * takes their place; an inherited closed one becomes /dev/null opened the
 * wrong way round, so that using it is an error. */
void file_sane_stdio(void);

#endif
