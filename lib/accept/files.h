/*
 * files: what smtp-accept takes from files: manifests, certificate and key.
 * The keeper opens them; here they come as one bundle, see base/bundle.h.
 */
#ifndef ACCEPT_FILES_H
#define ACCEPT_FILES_H

#include "accept/accept.h"
#include "accept/keeper.h"

/* Waits for the first bundle and takes all of it.  Ends the program with 111
 * if anything is broken. */
void files_load(struct accept *accept);

/* Takes a new bundle, or none (-1).  What is broken stays as it was, and
 * standard error says why. */
void files_reload(struct accept *accept, int bundle);

#endif
