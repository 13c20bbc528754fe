/*
 * nodefile: the names of the files in a directory of nodes; see node(5).
 */
#ifndef NODE_NODEFILE_H
#define NODE_NODEFILE_H

#include <stdbool.h>

#include "node/pin.h"

/* Of a node called NAME: NAME.yaml and so on. */
#define NODEFILE_MANIFEST ".yaml"
#define NODEFILE_PIN ".pin"
#define NODEFILE_SIGNATURE ".yaml.sig"
#define NODEFILE_KEY ".asc"

/* The manifest of our own node, mostly a link to it. */
#define NODEFILE_SELF "self.yaml"

/* DIR/NAME with a suffix; the caller frees it. */
char *nodefile_path(const char *dir, const char *name, const char *suffix);

/* Our own manifest alone, which the caller frees.  That it cannot be read or is
 * broken ends the program. */
struct manifest *nodefile_self(const char *dir);

/* Whether that manifest is our own, so that self.yaml leads to it. */
bool nodefile_is_self(const char *dir, const char *name);

/* The pin of a node, which the caller frees; NULL if there is none.  0; -1 with
 * errno, EBADMSG if it is no pin, which was told. */
int nodefile_pin(const char *dir, const char *name, struct pin **pin);

/* Whether a file is that of a node, with that suffix: not an editor's, nor a
 * hidden one, nor the one that says which is our own. */
bool nodefile_is(const char *file, const char *suffix);

/* The file's name without that suffix, which it has; the caller frees it. */
char *nodefile_node(const char *file, const char *suffix);

/* Orders files of nodes by the node's name. */
int nodefile_compare(const char *a, const char *b);

#endif
