/*
 * loadwatch: sees messages arrive in Maildirs, by inotify(7).
 */
#ifndef LOAD_LOADWATCH_H
#define LOAD_LOADWATCH_H

#include "load/loadmail.h"

#define LOADWATCH_MAX 64 /* Maildirs */
#define LOADWATCH_LOOK_SIZE                          \
	8192 /* octets of a file in which our header \
		 must stand */

struct loadwatch {
	int fd; /* readable when something may have come; -1 without -w */
	size_t count;
	struct {
		int wd;
		int dir; /* its new/ */
	} maildir[LOADWATCH_MAX];
};

/* Called for every file of ours; more than once for some. */
typedef void loadwatch_found(void *arg, uint64_t serial);

void loadwatch_init(struct loadwatch *watch);

/* 0, or -1 with errno (E2BIG: too many). */
int loadwatch_add(struct loadwatch *watch, const char *maildir);

/* Looks at what has come since.  0, or -1 with errno. */
int loadwatch_take(struct loadwatch *watch, const struct loadmail *mail,
    loadwatch_found *found, void *arg);

#endif
