/*
 * papers: a node's manifest with all that is beside it: signature, key, and the
 * pin in our own directory.  For who looks at them by hand.
 */
#ifndef PEER_PAPERS_H
#define PEER_PAPERS_H

#include "node/pin.h"
#include "peer/parcel.h"
#include "seal/openpgp.h"

struct papers {
	const char *nodes; /* our own directory */
	char *dir;         /* where they are, maybe that */
	char *name;
	struct buf text; /* what parcel points into, or the manifest alone */
	struct parcel parcel;
	struct manifest *manifest; /* NULL: not read */
	struct pin *pin;           /* NULL: not read, or there is none */
};

/* Of a node in our own directory, or of "DIR/NAME.yaml"; -1 if that cannot be,
 * which was told. */
int papers_locate(
    struct papers *papers, const char *nodes, const char *operand);
void papers_free(struct papers *papers);

/* Whether an operand is a file and not a node's name. */
bool papers_is_file(const char *operand);

/* Reads the manifest alone, whoever wrote it; the pin.  0, or -1 if it cannot
 * be read or is broken, which was told; no pin is 0. */
int papers_manifest(struct papers *papers);
int papers_pin(struct papers *papers);

/* Reads manifest, signature and key into the parcel.  0, or -1 if one cannot be
 * read, which was told. */
int papers_load(struct papers *papers);

/* Why the manifest is not what is pinned, or NULL; for a manifest and a pin
 * that were read. */
const char *papers_against_pin(const struct papers *papers);

/* Reads all, and checks the signature: by the pinned key before anything else,
 * or if there is no pin, or it is to be a new one, by the key that the manifest
 * names.  STATUS_OK; STATUS_REJECT if something is wrong, STATUS_DEFER if
 * something cannot be read or checked, which was told. */
int papers_verify(struct papers *papers, struct openpgp *openpgp, bool new_pin);

#endif
