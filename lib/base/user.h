/*
 * user: giving up privileges.
 */
#ifndef BASE_USER_H
#define BASE_USER_H

/* Becomes that user for good: groups, group, user, and makes sure that there
 * is no way back.  Ends the program with 111 if any of it fails. */
void user_become(const char *name);

/* From here on no exec gives more rights than we have, nothing leaves a core
 * file with mail in it, and no other process of the same user can trace us or
 * read our memory.  The last does not survive an exec, nor is it there in a
 * program with the address sanitizer, whose leak checker traces. */
void user_confine(void);

#endif
