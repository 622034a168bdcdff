/* SPDX-License-Identifier: Apache-2.0 */
/* A cache line an issuer; each word has one kind of writer, and a stale one costs a look. */
#include "shared/live/issuers.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "shared/live/layout_priv.h"

struct slot {
    /* Parent stores (release) when everything else is set, anybody loads (acquire); 0: free. */
    _Alignas(64) _Atomic uint64_t id;
    /* The helper stores (release) behind its commit, children load (acquire). */
    _Atomic uint64_t generation;
    /* When a refresh was last asked for; any child by compare-and-swap. */
    _Atomic int64_t asked_ns;
    /* The request that the helper answered last; it stores (release) behind generation. */
    _Atomic int64_t answered_ns;
    /* The last configuration that has this issuer; the parent's. */
    _Atomic uint32_t config_generation;
};

_Static_assert(sizeof(struct slot) == 64, "a cache line each");
_Static_assert(sizeof(struct slot) * ZTA_ISSUERS_MAX == ZTA_ISSUERS_AREA_SIZE, "they fit");

static struct slot *slots_of(const struct zta_segment *segment)
{
    uint64_t size;
    return zta_segment_area(segment, ZTA_AREA_ISSUERS, &size);
}

/* NULL: the slot was given to another issuer. */
static struct slot *slot_of(const struct zta_segment *segment, const struct zta_issuer_place *place)
{
    struct slot *slot = &slots_of(segment)[place->slot % ZTA_ISSUERS_MAX];
    return place->id != 0 && atomic_load_explicit(&slot->id, memory_order_acquire) == place->id
               ? slot
               : NULL;
}

enum zta_status zta_issuer_find(const struct zta_segment *segment, uint64_t id,
                                struct zta_issuer_place *place)
{
    const struct slot *slots = slots_of(segment);
    for (uint32_t i = 0; i < ZTA_ISSUERS_MAX && id != 0; i++) {
        if (atomic_load_explicit(&slots[i].id, memory_order_acquire) == id) {
            *place = (struct zta_issuer_place){.id = id, .slot = i};
            return ZTA_OK;
        }
    }
    return ZTA_NOT_FOUND;
}

/* Slots of the former configuration belong to children that still serve. */
static bool is_free(const struct slot *slot, uint32_t config_generation)
{
    uint32_t used = atomic_load_explicit(&slot->config_generation, memory_order_relaxed);
    return atomic_load_explicit(&slot->id, memory_order_relaxed) == 0 ||
           (used != config_generation && used + 1 != config_generation);
}

static enum zta_status claim(struct zta_segment *segment, uint64_t id, uint32_t config_generation)
{
    struct slot *slots = slots_of(segment);
    for (uint32_t i = 0; i < ZTA_ISSUERS_MAX; i++) {
        struct slot *slot = &slots[i];
        if (!is_free(slot, config_generation)) {
            continue;
        }
        atomic_store_explicit(&slot->id, 0, memory_order_release);
        atomic_store_explicit(&slot->generation, 0, memory_order_relaxed);
        atomic_store_explicit(&slot->asked_ns, 0, memory_order_relaxed);
        atomic_store_explicit(&slot->answered_ns, 0, memory_order_relaxed);
        atomic_store_explicit(&slot->config_generation, config_generation, memory_order_relaxed);
        atomic_store_explicit(&slot->id, id, memory_order_release);
        return ZTA_OK;
    }
    return ZTA_FULL;
}

enum zta_status zta_issuers_claim(struct zta_segment *segment, const uint64_t *ids, size_t n,
                                  uint32_t config_generation)
{
    struct zta_issuer_place place;
    /* First those that go on, so that none of their slots looks free. */
    for (size_t i = 0; i < n; i++) {
        if (zta_issuer_find(segment, ids[i], &place) == ZTA_OK) {
            atomic_store_explicit(&slots_of(segment)[place.slot].config_generation,
                                  config_generation, memory_order_relaxed);
        }
    }
    for (size_t i = 0; i < n; i++) {
        enum zta_status status = ids[i] == 0 ? ZTA_INVALID : ZTA_OK;
        if (status == ZTA_OK && zta_issuer_find(segment, ids[i], &place) != ZTA_OK) {
            status = claim(segment, ids[i], config_generation);
        }
        if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

uint64_t zta_issuer_generation(const struct zta_segment *segment,
                               const struct zta_issuer_place *place)
{
    struct slot *slot = slot_of(segment, place);
    return slot == NULL ? 0 : atomic_load_explicit(&slot->generation, memory_order_acquire);
}

void zta_issuer_moved(struct zta_segment *segment, const struct zta_issuer_place *place,
                      uint64_t state_txn)
{
    struct slot *slot = slot_of(segment, place);
    if (slot != NULL) {
        atomic_store_explicit(&slot->generation, state_txn, memory_order_release);
    }
}

bool zta_issuer_ask(struct zta_segment *segment, const struct zta_issuer_place *place,
                    int64_t now_ns)
{
    struct slot *slot = slot_of(segment, place);
    if (slot == NULL) {
        return false;
    }
    int64_t asked_ns = atomic_load_explicit(&slot->asked_ns, memory_order_acquire);
    if (asked_ns != 0 && now_ns >= asked_ns && now_ns - asked_ns < ZTA_ISSUER_COOLDOWN_NS) {
        return now_ns - asked_ns < ZTA_ISSUER_ANSWER_NS &&
               atomic_load_explicit(&slot->answered_ns, memory_order_acquire) != asked_ns;
    }
    /* Failing means that another child has just asked. */
    (void)atomic_compare_exchange_strong_explicit(&slot->asked_ns, &asked_ns,
                                                  now_ns > 0 ? now_ns : 1, memory_order_acq_rel,
                                                  memory_order_relaxed);
    return true;
}

int64_t zta_issuer_asked(const struct zta_segment *segment, const struct zta_issuer_place *place)
{
    struct slot *slot = slot_of(segment, place);
    if (slot == NULL) {
        return 0;
    }
    int64_t asked_ns = atomic_load_explicit(&slot->asked_ns, memory_order_acquire);
    return asked_ns == atomic_load_explicit(&slot->answered_ns, memory_order_acquire) ? 0
                                                                                      : asked_ns;
}

void zta_issuer_answer(struct zta_segment *segment, const struct zta_issuer_place *place,
                       int64_t asked)
{
    struct slot *slot = slot_of(segment, place);
    if (slot != NULL) {
        atomic_store_explicit(&slot->answered_ns, asked, memory_order_release);
    }
}

enum zta_status zta_issuers_check(const struct zta_segment *segment, struct zta_error *error)
{
    const struct slot *slots = slots_of(segment);
    for (uint32_t i = 0; i < ZTA_ISSUERS_MAX; i++) {
        uint64_t id = atomic_load_explicit(&slots[i].id, memory_order_acquire);
        for (uint32_t j = 0; j < i && id != 0; j++) {
            if (atomic_load_explicit(&slots[j].id, memory_order_acquire) == id) {
                return zta_error_set(error, ZTA_CORRUPT,
                                     "issuers: slots %" PRIu32 " and %" PRIu32 " hold the same one",
                                     j, i);
            }
        }
    }
    return ZTA_OK;
}
