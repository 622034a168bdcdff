/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two tables, one for each clock, of pairs {tag, rest of the tag and epoch}. An epoch is a proof's
 * own time in steps. A slot is free for a proof when the slot's epoch lies a whole life before the
 * proof's: the slot's words decide, no clock, and epochs of a slot only rise. So a slot that one
 * process passed over stays taken for everybody with that proof, and two processes with the same
 * proof meet in the same slot, where one compare-and-swap wins.
 *
 * Only a proof a life later takes a slot over, and whoever brings one raises `latest` first. A
 * process that was held up between its check and its swap therefore finds its epoch closed.
 */
#include "shared/live/jti.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"

/* A tag stands in one of this many slots behind its home: full means that all are in use. */
#define WINDOW UINT64_C(64)

/* How time becomes epochs, and after how many an epoch is closed and may be forgotten. */
struct pace {
    int64_t step;
    uint32_t life;
};

/*
 * iat: while some proof is good, those of others reach from 12 epochs before it to one behind it;
 * the rest is for clocks that are set back a little. Nonces: a bucket and the next.
 */
static const struct pace paces[ZTA_N_JTI_CLOCKS] = {
    [ZTA_JTI_BY_IAT] = {.step = 5, .life = 15},
    [ZTA_JTI_BY_NONCE] = {.step = 1, .life = 2},
};

_Static_assert(ZTA_JTI_PAST_S + ZTA_JTI_AHEAD_S <= 13 * 5, "an iat lives while its proof is good");

struct jtis {
    _Atomic uint64_t latest; /* epoch; raised by all, before they take a slot */
    uint64_t reserved[7];
    struct zta_pair slots[];
};

struct table {
    struct jtis *jtis;
    uint64_t n_slots;
    uint32_t life;
};

static struct table table_of(const struct zta_segment *segment, enum zta_jti_clock clock)
{
    uint64_t size;
    uint8_t *area = zta_segment_area(segment, ZTA_AREA_JTI, &size);
    uint64_t share = size / ZTA_N_JTI_CLOCKS / sizeof(struct jtis) * sizeof(struct jtis);
    return (struct table){
        .jtis = (struct jtis *)(void *)(area + share * clock),
        .n_slots = (share - sizeof(struct jtis)) / sizeof(struct zta_pair),
        .life = paces[clock].life,
    };
}

static uint32_t epoch_of(struct zta_pair_value value)
{
    return (uint32_t)value.second;
}

/* 96 bits in all: the words of the tag beside the epoch; the first is never zero. */
static bool is_same_tag(struct zta_pair_value a, struct zta_pair_value b)
{
    return a.first == b.first && a.second >> 32 == b.second >> 32;
}

static struct zta_pair *slot_at(const struct table *table, uint64_t first, uint64_t step)
{
    uint64_t home = (uint64_t)(((unsigned __int128)first * table->n_slots) >> 64);
    return &table->jtis->slots[(home + step) % table->n_slots];
}

static uint64_t window_of(const struct table *table)
{
    return table->n_slots < WINDOW ? table->n_slots : WINDOW;
}

/* Both words of one moment: the second one changes whenever a slot is taken over. */
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

static bool is_free(const struct table *table, struct zta_pair_value value, uint32_t epoch)
{
    return value.second == 0 || (uint64_t)epoch_of(value) + table->life <= epoch;
}

/*
 * A proof of the same name but another time may stand behind a slot that is free by now. Whoever
 * takes a slot takes the first that is free, so nothing is behind one that was never used.
 */
static bool is_used(const struct table *table, struct zta_pair_value mine)
{
    for (uint64_t step = 0; step < window_of(table); step++) {
        struct zta_pair_value value = read_slot(slot_at(table, mine.first, step));
        if (value.second == 0) {
            return false;
        }
        if (is_same_tag(value, mine) && !is_free(table, value, epoch_of(mine))) {
            return true;
        }
    }
    return false;
}

static enum zta_status put(const struct table *table, struct zta_pair_value mine)
{
    if (is_used(table, mine)) {
        return ZTA_EXISTS;
    }
    for (uint64_t step = 0; step < window_of(table); step++) {
        struct zta_pair *slot = slot_at(table, mine.first, step);
        struct zta_pair_value value = read_slot(slot);
        while (is_free(table, value, epoch_of(mine))) {
            if (zta_pair_swap(slot, value, mine)) {
                return ZTA_OK;
            }
            value = read_slot(slot);
        }
        if (is_same_tag(value, mine)) {
            return ZTA_EXISTS;
        }
    }
    return ZTA_FULL;
}

/* Keyed, so that nobody can choose proofs that meet in one window. */
static struct zta_pair_value entry_of(const struct zta_segment *segment, const struct zta_jti *jti,
                                      uint32_t epoch)
{
    const struct zta_siphash_key *secret = zta_segment_key(segment);
    const struct zta_siphash_key other = {.k0 = ~secret->k0, .k1 = secret->k1};
    uint64_t hash = zta_siphash(secret, &jti->tag, sizeof(jti->tag));
    uint64_t rest = zta_siphash(&other, &jti->tag, sizeof(jti->tag));
    return (struct zta_pair_value){
        .first = hash + (hash == 0),
        .second = rest >> 32 << 32 | epoch,
    };
}

static void raise_latest(struct jtis *jtis, uint64_t epoch)
{
    uint64_t latest = atomic_load(&jtis->latest);
    while (latest < epoch && !atomic_compare_exchange_weak(&jtis->latest, &latest, epoch)) {
    }
}

/*
 * A proof from before the segment was made may have been used with an earlier one; its sender's
 * clock may have been ahead then.
 */
static bool is_before_segment(const struct zta_segment *segment, const struct zta_jti *jti)
{
    return jti->clock == ZTA_JTI_BY_IAT &&
           jti->time <= zta_segment_created_real_ns(segment) / ZTA_NS_PER_S + ZTA_JTI_AHEAD_S;
}

enum zta_status zta_jti_use(struct zta_segment *segment, const struct zta_jti *jti)
{
    struct table table = table_of(segment, jti->clock);
    int64_t epoch = jti->time / paces[jti->clock].step;
    if (epoch <= 0 || epoch > UINT32_MAX || is_before_segment(segment, jti)) {
        return ZTA_EXPIRED;
    }
    uint64_t closed_at = (uint64_t)epoch + table.life;
    raise_latest(table.jtis, (uint64_t)epoch);
    if (atomic_load(&table.jtis->latest) >= closed_at) {
        return ZTA_EXPIRED;
    }
    enum zta_status status = put(&table, entry_of(segment, jti, (uint32_t)epoch));
    return status == ZTA_OK && atomic_load(&table.jtis->latest) >= closed_at ? ZTA_EXPIRED : status;
}

/* ---- the validator ---- */

/* Whether the same proof stands in its window once more, while the slot stands unchanged. */
static bool has_twin(const struct table *table, struct zta_pair *slot, struct zta_pair_value value)
{
    for (uint64_t step = 0; step < window_of(table); step++) {
        struct zta_pair *other = slot_at(table, value.first, step);
        struct zta_pair_value twin = read_slot(other);
        if (other != slot && twin.first == value.first && twin.second == value.second &&
            atomic_load(&slot->second) == value.second) {
            return true;
        }
    }
    return false;
}

static const char *slot_fault(const struct table *table, uint64_t index)
{
    struct zta_pair *slot = &table->jtis->slots[index];
    struct zta_pair_value value = read_slot(slot);
    if (value.first == 0 || value.second == 0) {
        return value.first == value.second ? NULL : "half a slot is written";
    }
    if (epoch_of(value) == 0 || epoch_of(value) > atomic_load(&table->jtis->latest)) {
        return "a proof is of a time that nobody has reached";
    }
    uint64_t home = (uint64_t)(slot_at(table, value.first, 0) - table->jtis->slots);
    if ((index + table->n_slots - home) % table->n_slots >= window_of(table)) {
        return "a proof stands outside its window";
    }
    return has_twin(table, slot, value) ? "a proof stands twice" : NULL;
}

enum zta_status zta_jti_check(const struct zta_segment *segment, struct zta_error *error)
{
    for (unsigned clock = 0; clock < ZTA_N_JTI_CLOCKS; clock++) {
        struct table table = table_of(segment, (enum zta_jti_clock)clock);
        for (uint64_t i = 0; i < table.n_slots; i++) {
            const char *fault = slot_fault(&table, i);
            if (fault != NULL) {
                return zta_error_set(error, ZTA_CORRUPT, "proofs: table %u, slot %" PRIu64 ": %s",
                                     clock, i, fault);
            }
        }
    }
    return ZTA_OK;
}
