/*
 * veil: what messages that are too long for memory are hidden under in their
 * temporary files (ChaCha20 under a key that is nowhere but in memory), see
 * message_use_veil().
 */
#ifndef SEAL_VEIL_H
#define SEAL_VEIL_H

/* From here on, with a new random key.  To be called once, before any message
 * is taken in; children that are forked have the same key. */
void veil_use(void);

#endif
