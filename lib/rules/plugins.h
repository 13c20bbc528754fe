/*
 * plugins: what the plugins of SpamAssassin are to us, for conditions in files
 * of rules ("ifplugin", "can", "has") and for functions that rules call.
 *
 * Names of plugins come without "Mail::SpamAssassin::Plugin::".
 */
#ifndef RULES_PLUGINS_H
#define RULES_PLUGINS_H

#include <stdbool.h>

#include "base/span.h"

/* Takes the class off a plugin's name; older names become the newer. */
struct span plugins_name(struct span name);

/* Whether we do its work, so that loading it makes it one that is loaded. */
bool plugins_known(struct span name);

/* Walks those that count as loaded where no file *.pre says so, for Debian's
 * files would; i from 0; NULL at the end. */
const char *plugins_standard(size_t i);

/* "Conf", "feature_compile_regexp": whether SpamAssassin's class, of a plugin
 * if it is not Conf, has a feature of that name. */
bool plugins_feature(struct span class, struct span name);

enum plugins_function { PLUGINS_LOCAL, PLUGINS_REMOTE, PLUGINS_UNKNOWN };

/* Who calls a function of that name: we; nobody, since it asks a network; or
 * nobody knows it. */
enum plugins_function plugins_function(struct span name);

#endif
