/*
 * local: listening on a unix socket with a path.
 */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include <sys/types.h>

/* Makes a socket there that listens, with that mode and, where they are not
 * -1, owner and group.  One that nobody listens on any more is replaced.
 * Returns it (close-on-exec, non-blocking), or -1 with errno: EADDRINUSE if
 * somebody listens there, EEXIST if there is something that is no socket,
 * ENAMETOOLONG. */
int local_listen(const char *path, mode_t mode, uid_t uid, gid_t gid);

#endif
