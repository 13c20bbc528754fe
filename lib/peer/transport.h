/*
 * transport: the command that leads to a node.
 */
#ifndef PEER_TRANSPORT_H
#define PEER_TRANSPORT_H

#include "base/buf.h"
#include "node/manifest.h"

/* Expands a pipeline: %n is the node's name (or the destination's, if there is
 * no manifest; none in brackets), %h the destination as ssh(1) takes it (host,
 * user@host, or ssh://user@host:port if there is a port), %H the host alone, %p
 * the port or 22, %u the user or "pimail", %% a '%'.  What comes in there can
 * be neither an option nor anything to a shell, see value_is_reach().  0; -1
 * with errno EINVAL for another escape, ENOENT if the node does not say how to
 * reach it and the pipeline asks. */
int transport_line(const char *text, const char *name,
    const struct manifest *manifest, struct buf *line);

#endif
