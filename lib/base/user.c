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
user_become(const char *name)
{
	const struct passwd *user;
	uid_t uid;
	gid_t gid;

	errno = 0;
	user = getpwnam(name);
	if (user == NULL)
		fatal("no user '%s'%s%s", name, errno != 0 ? ": " : "",
		    errno != 0 ? strerror(errno) : "");
	uid = user->pw_uid;
	gid = user->pw_gid;
	if (uid == 0)
		fatal("user '%s' is root", name);
	if (initgroups(name, gid) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		fatal("cannot become user '%s': %s", name, strerror(errno));
	if (setuid(0) == 0 || geteuid() != uid || getegid() != gid)
		fatal("user '%s' can become root again", name);
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
