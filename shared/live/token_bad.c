/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of bad tokens: pairs {fingerprint, deadline_ns}, each written by one swap, so that
 * there is nothing to lock and nothing that a dead writer leaves behind.
 */
#include <inttypes.h>
#include <stdatomic.h>

#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"
#include "shared/live/token_cache.h"
#include "shared/live/token_priv.h"

struct set {
    _Alignas(64) struct zta_pair ways[ZTA_TOKEN_WAYS];
};

/*
 * 64 bits of a keyed hash stand for the key, in a set chosen by another one: of 10^6 look-ups a
 * second one in 70,000 years meets a stranger's fingerprint: it refuses a token for 10 s at most.
 * NULL: there is no room for any set.
 */
static struct set *set_of(const struct zta_segment *segment, const struct zta_token_key *key,
                          uint64_t *fingerprint)
{
    uint64_t size;
    struct set *sets = zta_segment_area(segment, ZTA_AREA_TOKENS_BAD, &size);
    uint64_t n_sets = size / sizeof(*sets);
    const struct zta_siphash_key *secret = zta_segment_key(segment);
    const struct zta_siphash_key other = {.k0 = ~secret->k0, .k1 = secret->k1};
    uint64_t hash = zta_siphash(secret, key, sizeof(*key));
    *fingerprint = hash + (hash == 0);
    return n_sets == 0 ? NULL
                       : &sets[zta_token_set(zta_siphash(&other, key, sizeof(*key)), n_sets)];
}

/* More than the longest life ahead was written by a later clock than the caller's: no evidence. */
static bool is_pending(uint64_t deadline_ns, int64_t now_ns)
{
    uint64_t now = now_ns > 0 ? (uint64_t)now_ns : 0;
    return deadline_ns > now && deadline_ns - now <= (uint64_t)ZTA_NEGATIVE_TTL_NS;
}

bool zta_token_cache_is_bad(struct zta_segment *segment, const struct zta_token_key *key,
                            int64_t now_ns)
{
    uint64_t fingerprint;
    struct set *set = set_of(segment, key, &fingerprint);
    for (unsigned way = 0; set != NULL && way < ZTA_TOKEN_WAYS; way++) {
        struct zta_pair *pair = &set->ways[way];
        uint64_t deadline_ns = atomic_load(&pair->second);
        /* The deadline stood still around the reading of the fingerprint: they belong together. */
        if (atomic_load(&pair->first) == fingerprint && is_pending(deadline_ns, now_ns) &&
            atomic_load(&pair->second) == deadline_ns) {
            zta_counter_add(segment, ZTA_COUNTER_NEGATIVE_CACHE_HITS, 1);
            return true;
        }
    }
    return false;
}

/* What gives way: the same token, else the earliest deadline, which an unused place has. */
void zta_token_cache_put_bad(struct zta_segment *segment, const struct zta_token_key *key,
                             int64_t now_ns)
{
    uint64_t fingerprint;
    struct set *set = set_of(segment, key, &fingerprint);
    if (set == NULL || now_ns < 0 || now_ns > INT64_MAX - ZTA_NEGATIVE_TTL_NS) {
        return;
    }
    struct zta_pair *chosen = &set->ways[0];
    struct zta_pair_value found = {.second = UINT64_MAX};
    for (unsigned way = 0; way < ZTA_TOKEN_WAYS && found.first != fingerprint; way++) {
        struct zta_pair *pair = &set->ways[way];
        struct zta_pair_value value = {.first = atomic_load(&pair->first)};
        value.second = atomic_load(&pair->second);
        if (value.first == fingerprint || value.second < found.second) {
            chosen = pair;
            found = value;
        }
    }
    const struct zta_pair_value bad = {
        .first = fingerprint,
        .second = (uint64_t)(now_ns + ZTA_NEGATIVE_TTL_NS),
    };
    /* Failing means that another process has just written there: only a lost chance. */
    (void)zta_pair_swap(chosen, found, bad);
}

enum zta_status zta_token_bad_check(const struct zta_segment *segment, struct zta_error *error)
{
    uint64_t size;
    struct set *sets = zta_segment_area(segment, ZTA_AREA_TOKENS_BAD, &size);
    for (uint64_t i = 0; i < size / sizeof(*sets) * ZTA_TOKEN_WAYS; i++) {
        struct zta_pair *pair = &sets[i / ZTA_TOKEN_WAYS].ways[i % ZTA_TOKEN_WAYS];
        /* Neither word becomes zero again, so a swap in between shows no fault where none is. */
        bool has_deadline = atomic_load(&pair->second) != 0;
        if (has_deadline && atomic_load(&pair->first) == 0) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "bad tokens: place %" PRIu64 " has a deadline and no token", i);
        }
        if (!has_deadline && atomic_load(&pair->first) != 0 && atomic_load(&pair->second) == 0) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "bad tokens: place %" PRIu64 " has a token and no deadline", i);
        }
    }
    return ZTA_OK;
}
