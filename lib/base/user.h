/*
 * user: giving up privileges.
 */
#ifndef BASE_USER_H
#define BASE_USER_H

/* Becomes that user for good: groups, group, user, and makes sure that there
 * is no way back.  Ends the program with 111 if any of it fails. */
void user_become(const char *name);

/* From here on no exec gives more rights than we have, and nothing leaves a
 * core file with mail in it. */
void user_confine(void);

#endif
