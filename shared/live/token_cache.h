/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verified tokens, shared by all children: set-associative, size classes of 512 B, 2 KiB and 8 KiB,
 * read under a seqlock; contention or a torn entry is a miss. An entry dies with the token's exp,
 * with its issuer's configuration and with its key set. Bad tokens stand in a table of their own
 * (at most 1/8 of the space) that can never push out a good one.
 */
#ifndef ZTA_LIVE_TOKEN_CACHE_H
#define ZTA_LIVE_TOKEN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/identity.h"
#include "shared/live/segment.h"

#define ZTA_NEGATIVE_TTL_NS INT64_C(10000000000)

/* What an entry belongs to; all of it must match. */
struct zta_token_key {
    struct zta_sha256 token; /* of the token's bytes */
    uint64_t issuer;         /* configuration of the issuer: any change changes it */
    uint64_t keys;           /* generation of the issuer's key set and the claims that are kept */
};

/*
 * Recorded sides of credentials (shared/inputs.h) lie beside the tokens until the observer has
 * stored them, each below a key that no token has.
 */
void zta_token_key_of_inputs(const uint8_t name[ZTA_INPUTS_NAME_SIZE], struct zta_token_key *key);

/* Where a cached entry stands, to note later that it was cleared; valid until the next eviction. */
struct zta_token_place {
    uint64_t slot;
    uint64_t version;
};

/*
 * Copies the encoded identity (zta_identity_encode) into out and tells for which revocation
 * generation it was last cleared. ZTA_NOT_FOUND: absent, expired (expires_s <= now_s), contended.
 * ZTA_TOO_LARGE: size is too small. What is in out is void unless ZTA_OK.
 */
enum zta_status zta_token_cache_get(struct zta_segment *segment, const struct zta_token_key *key,
                                    int64_t now_s, void *out, size_t size, size_t *out_size,
                                    uint64_t *cleared_generation,
                                    struct zta_token_place *place) ZTA_MUST_CHECK;
/* True when a living entry of the key is there, which is no use of it; nothing is copied. */
bool zta_token_cache_has(struct zta_segment *segment, const struct zta_token_key *key,
                         int64_t now_s);
/*
 * Stores an identity. expires_s is real time in seconds. ZTA_TOO_LARGE above the largest class,
 * ZTA_BUSY when every place of its set is being written: both are only a lost chance. incarnation
 * is that of this living process (0: ZTA_INVALID). The last get's now_s tells what has expired.
 */
enum zta_status zta_token_cache_put(struct zta_segment *segment, uint32_t incarnation,
                                    const struct zta_token_key *key, const void *identity,
                                    size_t size, int64_t expires_s,
                                    uint64_t cleared_generation) ZTA_MUST_CHECK;
/* Notes that the entry at place was not revoked at this generation; nothing when it has moved. */
void zta_token_cache_clear_at(struct zta_segment *segment, const struct zta_token_place *place,
                              uint64_t generation);

/* True while a token is known to be bad in shape or signature for this key (monotonic clock). */
bool zta_token_cache_is_bad(struct zta_segment *segment, const struct zta_token_key *key,
                            int64_t now_ns);
void zta_token_cache_put_bad(struct zta_segment *segment, const struct zta_token_key *key,
                             int64_t now_ns);

#endif
