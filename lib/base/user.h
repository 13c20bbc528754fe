/*
 * user: giving up privileges.
 */
#ifndef BASE_USER_H
#define BASE_USER_H

#include <sys/types.h>

#define USER_GROUPS_MAX 64

/* Somebody to become, looked up while files can still be read. */
struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[USER_GROUPS_MAX];
	int group_count;
};

/* Looks a user up.  Ends the program with 111 if there is no such user, or it
 * is root. */
void user_find(struct user *user, const char *name);

/* Becomes that user for good: groups, group, user, and makes sure that there
 * is no way back.  0, or -1 with errno. */
int user_become(const struct user *user);

/* From here on no exec gives more rights than we have, nothing leaves a core
 * file with mail in it, and no other process of the same user can trace us or
 * read our memory.  The last does not survive an exec, nor is it there in a
 * program with the address sanitizer, whose leak checker traces. */
void user_confine(void);

#endif
