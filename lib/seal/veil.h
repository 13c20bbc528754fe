/*
 * veil: what messages that are too long for memory are hidden under in their
 * temporary files: ChaCha20 (RFC 8439) under a key that is nowhere but in
 * memory, see message_use_veil().
 *
 * Each file has a nonce of its own, 96 random bits, and octet n of a file is
 * octet n of its key stream.  It hides; it does not notice changes, for who
 * can write to our open files can do anything.  A page of our memory that the
 * kernel swaps out is not hidden: see smtp-accept(8).  For one thread.
 */
#ifndef SEAL_VEIL_H
#define SEAL_VEIL_H

/* From here on, with a new random key.  To be called once, before any message
 * is taken in; children that are forked have the same key. */
void veil_use(void);

#endif
