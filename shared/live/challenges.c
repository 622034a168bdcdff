/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs {keyed tag, asked when (32 bits), token issued how long before (12), which token (12), vain
 * answers (8)}. A tag stands in one of WINDOW slots from its home on; two processes may put one
 * into two of them, then the later challenge counts.
 */
#include "shared/live/challenges.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"

#define WINDOW  UINT64_C(8)
#define N_SLOTS (ZTA_CHALLENGES_AREA_SIZE / sizeof(struct zta_pair))
#define TRIES   4 /* of a swap that others win; what they put is as good */
#define MASK    UINT64_C(0xfff)
#define AHEAD_S 512 /* what is issued may lie ahead of our clock, by ZTALeeway at most */

_Static_assert((N_SLOTS & (N_SLOTS - 1)) == 0, "a home is some bits of the tag");

static struct zta_pair *slot_at(const struct zta_segment *segment, uint64_t tag, uint64_t step)
{
    uint64_t size;
    struct zta_pair *slots = zta_segment_area(segment, ZTA_AREA_CHALLENGES, &size);
    return &slots[(tag + step) & (N_SLOTS - 1)];
}

/* Both words of one moment: the second is written in the same step as the first. */
static struct zta_pair_value read_slot(struct zta_pair *slot)
{
    struct zta_pair_value value;
    uint64_t before;
    do {
        before = atomic_load(&slot->second);
        value.first = atomic_load(&slot->first);
        value.second = atomic_load(&slot->second);
    } while (value.second != before);
    return value;
}

/* Keyed, so that nobody can choose users whose challenges meet in one window; never 0. */
static uint64_t tag_of(const struct zta_segment *segment, const struct zta_sha256 *key)
{
    const uint64_t tag = zta_siphash(zta_segment_key(segment), key->bytes, sizeof key->bytes);
    return tag + (tag == 0);
}

static int64_t asked_of(struct zta_pair_value value)
{
    return (int64_t)(value.second >> 32);
}

/* A clock that was set back does not keep what lies ahead of it. */
static bool is_alive(struct zta_pair_value value, int64_t now_s)
{
    const int64_t age_s = now_s - asked_of(value);
    return value.first != 0 && age_s < ZTA_CHALLENGES_LIFE_S && age_s > -ZTA_CHALLENGES_LIFE_S;
}

void zta_challenge_get(const struct zta_segment *segment, const struct zta_sha256 *key,
                       int64_t now_s, struct zta_step_up_past *past)
{
    const uint64_t tag = tag_of(segment, key);
    *past = (struct zta_step_up_past){.asked_s = 0};
    for (uint64_t step = 0; step < WINDOW; step++) {
        const struct zta_pair_value value = read_slot(slot_at(segment, tag, step));
        if (value.first == tag && is_alive(value, now_s) && asked_of(value) > past->asked_s) {
            *past = (struct zta_step_up_past){
                .asked_s = asked_of(value),
                .issued_s = asked_of(value) + AHEAD_S - (int64_t)(value.second >> 20 & MASK),
                .token = (uint16_t)(value.second >> 8 & MASK),
                .n_vain = (uint8_t)value.second,
            };
        }
    }
}

static bool is_better(struct zta_pair_value value, struct zta_pair_value than, int64_t now_s)
{
    return is_alive(than, now_s) && (!is_alive(value, now_s) || asked_of(value) < asked_of(than));
}

/* The slot of that tag, else one that is over, else the oldest. */
static struct zta_pair *choose(const struct zta_segment *segment, uint64_t tag, int64_t now_s,
                               struct zta_pair_value *found)
{
    struct zta_pair *chosen = slot_at(segment, tag, 0);
    *found = read_slot(chosen);
    for (uint64_t step = 1; step < WINDOW && found->first != tag; step++) {
        struct zta_pair *slot = slot_at(segment, tag, step);
        const struct zta_pair_value value = read_slot(slot);
        if (value.first == tag || is_better(value, *found, now_s)) {
            chosen = slot;
            *found = value;
        }
    }
    return chosen;
}

/* Longer before is as good as any time long before. */
static uint64_t issued_before(const struct zta_step_up_past *past)
{
    const int64_t before_s = past->asked_s + AHEAD_S - past->issued_s;
    return before_s < 0 ? 0 : before_s > (int64_t)MASK ? MASK : (uint64_t)before_s;
}

void zta_challenge_put(struct zta_segment *segment, const struct zta_sha256 *key, int64_t now_s,
                       const struct zta_step_up_past *past)
{
    const struct zta_pair_value mine = {
        .first = tag_of(segment, key),
        .second = (uint64_t)past->asked_s << 32 | issued_before(past) << 20 |
                  (past->token & MASK) << 8 | past->n_vain,
    };
    if (past->asked_s <= 0 || past->asked_s > UINT32_MAX) {
        return;
    }
    for (int i = 0; i < TRIES; i++) {
        struct zta_pair_value found;
        struct zta_pair *slot = choose(segment, mine.first, now_s, &found);
        if (zta_pair_swap(slot, found, mine)) {
            return;
        }
    }
}

enum zta_status zta_challenges_check(const struct zta_segment *segment, struct zta_error *error)
{
    for (uint64_t i = 0; i < N_SLOTS; i++) {
        const struct zta_pair_value value = read_slot(slot_at(segment, 0, i));
        if ((value.first == 0) != (value.second == 0)) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "challenges: half of slot %" PRIu64 " is written", i);
        }
        if (value.first != 0 && ((i - value.first) & (N_SLOTS - 1)) >= WINDOW) {
            return zta_error_set(error, ZTA_CORRUPT,
                                 "challenges: slot %" PRIu64 " is outside its window", i);
        }
    }
    return ZTA_OK;
}
