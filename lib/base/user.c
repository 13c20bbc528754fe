#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/sandbox.h"
#include "base/user.h"

void
user_find(struct user *user, const char *name)
{
	const struct passwd *entry;

	errno = 0;
	entry = getpwnam(name);
	if (entry == NULL)
		fatal("no user '%s'%s%s", name, errno != 0 ? ": " : "",
		    errno != 0 ? strerror(errno) : "");
	user->uid = entry->pw_uid;
	user->gid = entry->pw_gid;
	if (user->uid == 0)
		fatal("user '%s' is root", name);
	user->group_count = USER_GROUPS_MAX;
	if (getgrouplist(name, user->gid, user->groups, &user->group_count) < 0)
		fatal("user '%s' is in too many groups", name);
}

int
user_become(const struct user *user)
{
	uid_t uid = user->uid;
	gid_t gid = user->gid;

	if (setgroups((size_t)user->group_count, user->groups) < 0 ||
	    setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -1;
	if (setuid(0) == 0 || geteuid() != uid || getegid() != gid) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

void
user_confine(void)
{
	static const struct rlimit none = {0, 0};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fatal("cannot set no_new_privs: %s", strerror(errno));
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		fatal("cannot switch core files off: %s", strerror(errno));
	if (!SANDBOX_SANITIZED && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		fatal("cannot forbid tracing: %s", strerror(errno));
}
