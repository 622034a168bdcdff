/* SPDX-License-Identifier: Apache-2.0 */
/* What the two tables of tokens share: the shape of their sets. */
#ifndef ZTA_LIVE_TOKEN_PRIV_H
#define ZTA_LIVE_TOKEN_PRIV_H

#include <stdint.h>

#include "shared/base/status.h"
#include "shared/live/segment.h"

#define ZTA_TOKEN_WAYS 8 /* places of a set: their tags fill one cache line */

/* The set of a keyed hash. */
static inline uint64_t zta_token_set(uint64_t hash, uint64_t n_sets)
{
    return (uint64_t)(((unsigned __int128)hash * n_sets) >> 64);
}

/* The bad tokens' part of zta_token_cache_check. */
enum zta_status zta_token_bad_check(const struct zta_segment *segment,
                                    struct zta_error *error) ZTA_MUST_CHECK;

#endif
