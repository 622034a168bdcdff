/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of texts that come again and again, remembered by one process: the digest of a token is
 * what makes a cached verdict safe, and a sixth of what judging a known one takes.
 *
 * A text is told from all others by its length and two sums of NH (RFC 4418 section 5.2, with words
 * of 64 bits) under a secret key that is drawn for each process and never leaves it. Of two
 * different texts of one length both sums are the same with a chance of at most 1 in 2^128,
 * whoever chose the texts, for he cannot know the key. The texts themselves are not kept.
 */
#ifndef ZTA_BASE_DIGESTS_H
#define ZTA_BASE_DIGESTS_H

#include <stdbool.h>

#include "shared/base/hash.h"

/* Longer texts are digested each time. */
#define ZTA_DIGESTS_TEXT_MAX 4096

struct zta_digests;

/* NULL in want of memory. n_slots: a power of two, 2 at least, of 128 bytes once it is used. */
struct zta_digests *zta_digests_open(size_t n_slots);
void zta_digests_close(struct zta_digests **digests);
/*
 * *digest is what zta_sha256 gives; true: it was remembered. By any thread, none waits. NULL
 * remembers nothing.
 */
bool zta_digests_get(struct zta_digests *digests, struct zta_text text, struct zta_sha256 *digest);

#endif
