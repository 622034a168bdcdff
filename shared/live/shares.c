/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing: a slot is one pair {bucket, part}, changed by one swap, and a word that counts.
 * A slot whose bucket nobody named and nobody asks for is taken by another; counts may then belong
 * to either, parts never.
 */
#include "shared/live/shares.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"

/* A bucket stands in one of so many slots behind its home. */
#define WINDOW UINT64_C(16)
/* Of a pair's second word: the part is granted; without, it is the nth. */
#define NAMED (UINT64_C(1) << 32)
/* Of the counting word: below the count. */
#define PRESSED UINT64_C(1)
#define ONE     UINT64_C(2)

struct slot {
    struct zta_pair pair;
    _Atomic uint64_t asked;
    uint64_t reserved;
};

struct shares {
    _Atomic uint64_t n_nodes;
    _Atomic uint64_t k0;
    _Atomic uint64_t k1;
    _Atomic int64_t hold_ns;
    _Atomic int64_t issued_ns;
    uint64_t reserved[3];
    struct slot slots[];
};

_Static_assert(sizeof(struct slot) == 32, "two slots a cache line");
_Static_assert(sizeof(struct shares) == 64, "slots begin at a cache line");

struct table {
    struct shares *shares;
    uint64_t n_slots;
};

static struct table table_of(const struct zta_segment *segment)
{
    uint64_t size;
    struct shares *shares = zta_segment_area(segment, ZTA_AREA_SHARES, &size);
    return (struct table){.shares = shares,
                          .n_slots = (size - sizeof(*shares)) / sizeof(shares->slots[0])};
}

static uint64_t index_of(const struct table *table, uint64_t id, uint64_t step)
{
    return (id % table->n_slots + step) % table->n_slots;
}

static struct zta_pair_value read_pair(struct zta_pair *pair)
{
    struct zta_pair_value value;
    do {
        value.first = atomic_load(&pair->first);
        value.second = atomic_load(&pair->second);
    } while (value.first != atomic_load(&pair->first)); /* a part is never another bucket's */
    return value;
}

static uint32_t nth_of(const struct shares *shares)
{
    const uint64_t n = atomic_load_explicit(&shares->n_nodes, memory_order_relaxed);
    const uint64_t nth = n == 0 ? ZTA_SHARES_WHOLE : ZTA_SHARES_WHOLE / n;
    return nth == 0 ? 1 : (uint32_t)nth;
}

bool zta_shares_are_on(const struct zta_segment *segment)
{
    return atomic_load_explicit(&table_of(segment).shares->n_nodes, memory_order_relaxed) > 0;
}

struct zta_siphash_key zta_shares_key(const struct zta_segment *segment)
{
    const struct shares *shares = table_of(segment).shares;
    return (struct zta_siphash_key){.k0 = atomic_load_explicit(&shares->k0, memory_order_relaxed),
                                    .k1 = atomic_load_explicit(&shares->k1, memory_order_relaxed)};
}

/* ---- a request ---- */

/* The slot of the bucket, else one that was taken for it; ZTA_SHARES_NO_SLOT: there is no room. */
static uint32_t find_slot(const struct table *table, uint64_t id, uint64_t *word)
{
    uint32_t idle = ZTA_SHARES_NO_SLOT;
    struct zta_pair_value idle_value = {.first = 0};
    for (uint64_t step = 0; step < WINDOW; step++) {
        const uint64_t i = index_of(table, id, step);
        struct slot *slot = &table->shares->slots[i];
        const struct zta_pair_value value = read_pair(&slot->pair);
        if (value.first == id) {
            *word = value.second;
            return (uint32_t)i;
        }
        if (idle == ZTA_SHARES_NO_SLOT && value.second == 0 && atomic_load(&slot->asked) == 0) {
            idle = (uint32_t)i;
            idle_value = value;
        }
    }
    const struct zta_pair_value taken = {.first = id};
    *word = 0;
    return idle != ZTA_SHARES_NO_SLOT &&
                   zta_pair_swap(&table->shares->slots[idle].pair, idle_value, taken)
               ? idle
               : ZTA_SHARES_NO_SLOT;
}

struct zta_share zta_shares_ask(struct zta_segment *segment, uint64_t id, int64_t now_ns)
{
    const struct table table = table_of(segment);
    const uint32_t nth = nth_of(table.shares);
    uint64_t word = 0;
    struct zta_share share = {.slot = find_slot(&table, id, &word), .part = nth};
    if (share.slot != ZTA_SHARES_NO_SLOT) {
        (void)atomic_fetch_add_explicit(&table.shares->slots[share.slot].asked, ONE,
                                        memory_order_relaxed);
    }
    if (word & NAMED) {
        const int64_t issued_ns = atomic_load(&table.shares->issued_ns);
        const bool holds = now_ns - issued_ns <= atomic_load(&table.shares->hold_ns);
        const uint32_t part = (uint32_t)word;
        share.part = holds || part < nth ? part : nth;
    }
    share.part = share.part == 0 ? 1 : share.part;
    return share;
}

void zta_shares_press(struct zta_segment *segment, struct zta_share share)
{
    if (share.slot != ZTA_SHARES_NO_SLOT) {
        (void)atomic_fetch_or_explicit(&table_of(segment).shares->slots[share.slot].asked, PRESSED,
                                       memory_order_relaxed);
    }
}

/* ---- the helper ---- */

void zta_shares_set_fleet(struct zta_segment *segment, const struct zta_shares_fleet *fleet)
{
    struct shares *shares = table_of(segment).shares;
    atomic_store(&shares->k0, fleet->key.k0);
    atomic_store(&shares->k1, fleet->key.k1);
    atomic_store(&shares->hold_ns, fleet->hold_ns);
    atomic_store(&shares->n_nodes, fleet->n_nodes);
}

static const struct zta_share_grant *find_grant(const struct zta_share_grant *grants, size_t n,
                                                uint64_t id)
{
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (grants[middle].id < id) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low < n && grants[low].id == id ? &grants[low] : NULL;
}

/* Wherever it stands; where it stands nowhere, in the first slot that nobody named. */
static void place(const struct table *table, const struct zta_share_grant *grant)
{
    const uint64_t word = NAMED | grant->part;
    bool is_placed = false;
    for (int pass = 0; pass < 2 && !is_placed; pass++) {
        for (uint64_t step = 0; step < WINDOW; step++) {
            struct zta_pair *pair = &table->shares->slots[index_of(table, grant->id, step)].pair;
            const struct zta_pair_value value = read_pair(pair);
            const struct zta_pair_value set = {.first = grant->id, .second = word};
            if (value.first == grant->id || (pass == 1 && !is_placed && value.second == 0)) {
                is_placed |= zta_pair_swap(pair, value, set);
            }
        }
    }
}

void zta_shares_set(struct zta_segment *segment, const struct zta_share_grant *grants, size_t n,
                    int64_t issued_ns)
{
    const struct table table = table_of(segment);
    for (uint64_t i = 0; i < table.n_slots; i++) {
        struct zta_pair *pair = &table.shares->slots[i].pair;
        const struct zta_pair_value value = read_pair(pair);
        if ((value.second & NAMED) && find_grant(grants, n, value.first) == NULL) {
            (void)zta_pair_swap(pair, value, (struct zta_pair_value){.first = value.first});
        }
    }
    for (size_t i = 0; i < n; i++) {
        place(&table, &grants[i]);
    }
    atomic_store(&table.shares->issued_ns, issued_ns);
}

int64_t zta_shares_issued_ns(const struct zta_segment *segment)
{
    return atomic_load(&table_of(segment).shares->issued_ns);
}

void zta_shares_collect(struct zta_segment *segment, zta_share_use_fn fn, void *context)
{
    const struct table table = table_of(segment);
    for (uint64_t i = 0; i < table.n_slots; i++) {
        struct slot *slot = &table.shares->slots[i];
        if (atomic_load_explicit(&slot->asked, memory_order_relaxed) == 0) {
            continue;
        }
        const struct zta_pair_value value = read_pair(&slot->pair);
        const uint64_t asked = atomic_exchange(&slot->asked, 0);
        fn(context, value.first, asked / ONE, (asked & PRESSED) != 0, (value.second & NAMED) != 0);
    }
}

enum zta_status zta_shares_check(const struct zta_segment *segment, struct zta_error *error)
{
    const struct table table = table_of(segment);
    for (uint64_t i = 0; i < table.n_slots; i++) {
        const struct zta_pair_value value = read_pair(&table.shares->slots[i].pair);
        if ((uint32_t)value.second > ZTA_SHARES_WHOLE) {
            return zta_error_set(error, ZTA_CORRUPT, "shares: slot %llu grants more than the whole",
                                 (unsigned long long)i);
        }
        const uint64_t behind = (i + table.n_slots - value.first % table.n_slots) % table.n_slots;
        if (value.first != 0 && behind >= WINDOW) {
            return zta_error_set(error, ZTA_CORRUPT, "shares: slot %llu is outside its window",
                                 (unsigned long long)i);
        }
    }
    return ZTA_OK;
}
