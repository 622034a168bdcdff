/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate limits by GCRA. A slot is one pair {tag, when}; when is twice the theoretical arrival time
 * plus 1 if the slot is settled. Every change is one zta_pair_swap, so a process killed anywhere
 * leaves nothing half done, and `when` only ever grows, so a swap never meets an old value again.
 * Why a tag never has two settled slots: docs/decisions/0002-limits-table.md.
 */
#include "shared/live/limits.h"

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"

#include <inttypes.h>
#include <stddef.h>

/* A tag stands in one of this many slots behind its home: full means that all are in use. */
#define WINDOW UINT64_C(64)
/* Overflow is charged by rate, so that rules of different rates do not charge each other. */
#define N_OVERFLOW 64
/* No time and no sum of times is beyond it (73 years); twice of it still fits 63 bits. */
#define HORIZON_NS (UINT64_C(1) << 61)
#define NS         ZTA_NS_PER_S
#define WHOLE      UINT64_C(1000000) /* of a rate's part */
/* Each means that another process changed the window; so many in a row do not happen by chance. */
#define RESTARTS_MAX 1000
/* A sample: so many places of the table, so many slots at each, which are a cache line. */
#define SAMPLE_RUNS UINT64_C(512)
#define SAMPLE_RUN  UINT64_C(4)

struct limits {
    /* The latest time at which any slot was taken; raised by whoever is about to take one. */
    _Atomic uint64_t latest_ns;
    /* How often any group was reset; raised before the group's own number, by the observer. */
    _Atomic uint64_t n_resets;
    uint64_t reserved[6];
    _Atomic uint64_t resets[ZTA_LIMIT_GROUPS];
    _Atomic uint64_t overflow[N_OVERFLOW]; /* arrival times; advanced by all */
    struct zta_pair slots[];
};

struct table {
    struct limits *limits;
    uint64_t n_slots;
};

/* A rate at a moment. */
struct bucket {
    uint64_t interval_ns;
    uint64_t depth_ns; /* burst x interval */
    uint64_t now_ns;
};

/* What a tag's window holds: its slot, else the first it may settle, else the first to take. */
struct view {
    struct zta_pair *settled;
    struct zta_pair *tentative;
    struct zta_pair *free;
    struct zta_pair_value settled_value;
    struct zta_pair_value tentative_value;
    struct zta_pair_value free_value;
};

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct table table_of(const struct zta_segment *segment)
{
    uint64_t size;
    struct limits *limits = zta_segment_area(segment, ZTA_AREA_LIMITS, &size);
    uint64_t room = size < sizeof(*limits) ? 0 : size - sizeof(*limits);
    return (struct table){.limits = limits, .n_slots = room / sizeof(limits->slots[0])};
}

static uint64_t spread(uint64_t value)
{
    return value * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t home_of(const struct table *table, uint64_t tag)
{
    return (uint64_t)(((unsigned __int128)spread(tag) * table->n_slots) >> 64);
}

static struct zta_pair *slot_at(const struct table *table, uint64_t home, uint64_t step)
{
    uint64_t index = home + step;
    return &table->limits->slots[index < table->n_slots ? index : index - table->n_slots];
}

static uint64_t window_of(const struct table *table)
{
    return min_u64(WINDOW, table->n_slots);
}

static bool is_settled(uint64_t when)
{
    return when & 1;
}

static uint64_t settled_at(uint64_t arrival_ns)
{
    return arrival_ns << 1 | 1;
}

/* The next word that is not settled: greater than any the slot had. */
static uint64_t tentative_after(uint64_t when)
{
    return ((when >> 1) + 1) << 1;
}

static void raise_clock(struct limits *limits, uint64_t now_ns)
{
    uint64_t latest = atomic_load(&limits->latest_ns);
    while (latest < now_ns && !atomic_compare_exchange_weak(&limits->latest_ns, &latest, now_ns)) {
    }
}

/* False for a rate that lets nothing through. */
static bool bucket_begin(const struct zta_limit_rate *rate, int64_t now_ns, struct bucket *bucket)
{
    if (rate->count == 0 || rate->window_s == 0 || rate->burst == 0) {
        return false;
    }
    unsigned __int128 interval = (unsigned __int128)rate->window_s * (uint64_t)NS / rate->count;
    bucket->interval_ns = interval > HORIZON_NS ? HORIZON_NS : max_u64((uint64_t)interval, 1);
    bucket->depth_ns = min_u64(rate->burst, HORIZON_NS / bucket->interval_ns) * bucket->interval_ns;
    if (rate->part > 0 && rate->part < WHOLE) {
        /* As deep in time as the whole, and at least one request deep. */
        interval = (unsigned __int128)bucket->interval_ns * WHOLE / rate->part;
        bucket->interval_ns = interval > HORIZON_NS ? HORIZON_NS : (uint64_t)interval;
        bucket->depth_ns = max_u64(bucket->depth_ns, bucket->interval_ns);
    }
    uint64_t now = now_ns > 0 ? (uint64_t)now_ns : 0;
    bucket->now_ns = min_u64(now, HORIZON_NS);
    return true;
}

/* Fills *state and returns the new arrival time: the old one when nothing is charged. */
static uint64_t judge(const struct bucket *bucket, uint64_t arrival_ns, bool is_test,
                      struct zta_limit_state *state)
{
    uint64_t used = max_u64(arrival_ns, bucket->now_ns) - bucket->now_ns;
    uint64_t tolerance = bucket->depth_ns - bucket->interval_ns;
    bool is_refused = used > tolerance;
    bool is_charged = !is_refused && !is_test;
    uint64_t after = is_charged ? used + bucket->interval_ns : used;
    *state = (struct zta_limit_state){
        .is_refused = is_refused,
        .remaining = is_refused ? 0 : (bucket->depth_ns - after) / bucket->interval_ns,
        .reset_ns = (int64_t)after,
        .retry_after_ns = is_refused ? (int64_t)(used - tolerance) : 0,
    };
    return is_charged ? bucket->now_ns + after : arrival_ns;
}

/*
 * Looks through the window. A slot that was never used ends it: whoever takes a slot takes the
 * first that is free, so nothing of this tag is behind.
 */
static void look(const struct table *table, uint64_t tag, uint64_t now_ns, struct view *view)
{
    *view = (struct view){.settled = NULL};
    struct zta_pair *stolen = NULL;
    struct zta_pair_value stolen_value = {0};
    uint64_t home = home_of(table, tag);
    for (uint64_t step = 0; step < window_of(table); step++) {
        struct zta_pair *slot = slot_at(table, home, step);
        struct zta_pair_value value = {.first = atomic_load(&slot->first)};
        value.second = atomic_load(&slot->second);
        if (value.first == tag && is_settled(value.second)) {
            view->settled = slot;
            view->settled_value = value;
            return;
        }
        if (value.first == tag) {
            if (view->tentative == NULL) {
                view->tentative = slot;
                view->tentative_value = value;
            }
        }
        else if (value.first == 0 || (is_settled(value.second) && value.second >> 1 < now_ns)) {
            if (view->free == NULL) {
                view->free = slot;
                view->free_value = value;
            }
        }
        else if (!is_settled(value.second) && stolen == NULL) {
            stolen = slot;
            stolen_value = value;
        }
        if (value.second == 0) {
            break;
        }
    }
    if (view->free == NULL) {
        /* Another tag is settling there; it will look again. */
        view->free = stolen;
        view->free_value = stolen_value;
    }
}

/* Charges the settled slot of a tag. False: the slot is another's by now. */
static bool charge_settled(struct zta_pair *slot, struct zta_pair_value value,
                           const struct bucket *bucket, bool is_test, struct zta_limit_state *state)
{
    uint64_t tag = value.first;
    while (value.first == tag && is_settled(value.second)) {
        uint64_t arrival = value.second >> 1;
        uint64_t next = judge(bucket, arrival, is_test, state);
        struct zta_pair_value charged = {.first = tag, .second = settled_at(next)};
        struct zta_pair_value seen = value;
        value.first = atomic_load(&slot->first);
        value.second = atomic_load(&slot->second);
        /* `when` stood still around the reading of the tag, so they belong together. */
        if (next == arrival && value.first == tag && value.second == seen.second) {
            return true;
        }
        if (next != arrival && zta_pair_swap(slot, seen, charged)) {
            return true;
        }
    }
    return false;
}

/*
 * Whether a slot, tentative before this call, is the only one of its tag. Tentative ones behind it
 * are taken back, one before it goes first.
 */
static bool is_only(const struct table *table, uint64_t tag, const struct zta_pair *chosen)
{
    uint64_t home = home_of(table, tag);
    bool is_behind = false;
    for (uint64_t step = 0; step < window_of(table); step++) {
        struct zta_pair *slot = slot_at(table, home, step);
        struct zta_pair_value value = {.first = atomic_load(&slot->first)};
        value.second = atomic_load(&slot->second);
        if (slot == chosen) {
            is_behind = true;
        }
        else if (value.first == tag) {
            struct zta_pair_value emptied = {.second = tentative_after(value.second)};
            if (!is_behind || is_settled(value.second) || !zta_pair_swap(slot, value, emptied)) {
                return false;
            }
        }
        if (value.second == 0) {
            break;
        }
    }
    return true;
}

/* Settles a tentative slot with its first charge. False: look again. */
static bool settle(const struct table *table, struct zta_pair *slot, struct zta_pair_value value,
                   struct bucket *bucket, struct zta_limit_state *state)
{
    if (!is_only(table, value.first, slot)) {
        return false;
    }
    /* No earlier than the clock of whoever found this tag's former slot expired. */
    bucket->now_ns = max_u64(bucket->now_ns, atomic_load(&table->limits->latest_ns));
    uint64_t arrival = judge(bucket, 0, false, state);
    struct zta_pair_value settled = {
        .first = value.first,
        .second = settled_at(max_u64(arrival, value.second >> 1)),
    };
    return zta_pair_swap(slot, value, settled);
}

/* For a window without room, and for what no caller should ask. */
static void charge_overflow(const struct table *table, const struct zta_limit_rate *rate,
                            const struct bucket *bucket, bool is_test,
                            struct zta_limit_state *state)
{
    uint64_t mixed = spread(spread(spread(rate->count) ^ rate->window_s) ^ rate->burst);
    _Atomic uint64_t *shared = &table->limits->overflow[(mixed >> 32) % N_OVERFLOW];
    uint64_t arrival = atomic_load(shared);
    uint64_t next;
    do {
        next = judge(bucket, arrival, is_test, state);
    } while (next != arrival && !atomic_compare_exchange_weak(shared, &arrival, next));
}

unsigned zta_limits_group(struct zta_text name)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < name.len; i++) {
        sum = spread(sum ^ (uint8_t)name.data[i]);
    }
    return (unsigned)(sum >> 32) % ZTA_LIMIT_GROUPS;
}

uint64_t zta_limits_tag(const struct zta_segment *segment, struct zta_text name, uint64_t tag)
{
    const struct limits *limits = table_of(segment).limits;
    if (atomic_load_explicit(&limits->n_resets, memory_order_relaxed) == 0) {
        return tag; /* as nearly always */
    }
    const uint64_t n = atomic_load(&limits->resets[zta_limits_group(name)]);
    const uint64_t moved = n == 0 ? tag : spread(tag ^ spread(n));
    return moved == 0 ? 1 : moved;
}

void zta_limits_reset(struct zta_segment *segment, struct zta_text name)
{
    struct limits *limits = table_of(segment).limits;
    const bool is_all = zta_text_is_absent(name);
    const unsigned first = is_all ? 0 : zta_limits_group(name);
    const unsigned end = is_all ? ZTA_LIMIT_GROUPS : first + 1;
    (void)atomic_fetch_add(&limits->n_resets, 1);
    for (unsigned i = first; i < end; i++) {
        (void)atomic_fetch_add(&limits->resets[i], 1);
    }
}

void zta_limits_expect(const struct zta_segment *segment, uint64_t tag)
{
    const struct table table = table_of(segment);
    if (table.n_slots > 0) {
        __builtin_prefetch(slot_at(&table, home_of(&table, tag), 0), 1);
    }
}

enum outcome {
    DONE,
    CHANGED, /* another process was faster: look again */
    NO_ROOM,
};

/* One look at the window and what follows from it. */
static enum outcome charge_once(const struct table *table, uint64_t tag, struct bucket *bucket,
                                bool is_test, struct zta_limit_state *state)
{
    struct view view;
    look(table, tag, bucket->now_ns, &view);
    if (view.settled != NULL) {
        return charge_settled(view.settled, view.settled_value, bucket, is_test, state) ? DONE
                                                                                        : CHANGED;
    }
    if (view.tentative == NULL && view.free == NULL) {
        return NO_ROOM;
    }
    if (is_test) {
        (void)judge(bucket, 0, true, state);
        return DONE;
    }
    if (view.tentative == NULL) {
        struct zta_pair_value placed = {
            .first = tag,
            .second = tentative_after(view.free_value.second),
        };
        raise_clock(table->limits, bucket->now_ns);
        if (!zta_pair_swap(view.free, view.free_value, placed)) {
            return CHANGED;
        }
        view.tentative = view.free;
        view.tentative_value = placed;
    }
    return settle(table, view.tentative, view.tentative_value, bucket, state) ? DONE : CHANGED;
}

void zta_limits_charge(struct zta_segment *segment, uint64_t tag, const struct zta_limit_rate *rate,
                       int64_t now_ns, bool is_test, struct zta_limit_state *state)
{
    struct table table = table_of(segment);
    struct bucket bucket;
    if (!bucket_begin(rate, now_ns, &bucket)) {
        /* Nothing ever passes; a time to come back at is owed all the same. */
        int64_t wait_ns =
            (int64_t)min_u64(max_u64(rate->window_s, 1), HORIZON_NS / (uint64_t)NS) * NS;
        *state = (struct zta_limit_state){
            .is_refused = true,
            .reset_ns = wait_ns,
            .retry_after_ns = wait_ns,
        };
        return;
    }
    enum outcome outcome = tag == 0 ? NO_ROOM : CHANGED;
    for (int i = 0; i < RESTARTS_MAX && outcome == CHANGED; i++) {
        outcome = charge_once(&table, tag, &bucket, is_test, state);
    }
    if (outcome != DONE) {
        charge_overflow(&table, rate, &bucket, is_test, state);
        if (!is_test) {
            zta_counter_add(segment, ZTA_COUNTER_LIMIT_OVERFLOW, 1);
        }
    }
}

void zta_limits_sample(const struct zta_segment *segment, int64_t now_ns,
                       struct zta_limits_sample *sample)
{
    const struct table table = table_of(segment);
    const uint64_t now = now_ns > 0 ? (uint64_t)now_ns : 0;
    const uint64_t n_runs = min_u64(SAMPLE_RUNS, table.n_slots / SAMPLE_RUN);
    *sample = (struct zta_limits_sample){.n_looked = n_runs * SAMPLE_RUN};
    for (uint64_t i = 0; i < sample->n_looked; i++) {
        const uint64_t first = table.n_slots / n_runs * (i / SAMPLE_RUN);
        struct zta_pair *slot = &table.limits->slots[first + i % SAMPLE_RUN];
        sample->n_used += atomic_load(&slot->first) != 0 && atomic_load(&slot->second) >> 1 >= now;
    }
}

/* Whether a settled slot has a twin in its window while it stands unchanged. */
static bool has_twin(const struct table *table, const struct zta_pair *slot,
                     struct zta_pair_value value)
{
    uint64_t home = home_of(table, value.first);
    for (uint64_t step = 0; step < window_of(table); step++) {
        struct zta_pair *other = slot_at(table, home, step);
        if (other == slot || atomic_load(&other->first) != value.first) {
            continue;
        }
        uint64_t when = atomic_load(&other->second);
        if (is_settled(when) && atomic_load(&other->first) == value.first &&
            atomic_load(&other->second) == when && atomic_load(&slot->second) == value.second) {
            return true;
        }
    }
    return false;
}

static const char *slot_fault(const struct table *table, const struct zta_pair *slot,
                              uint64_t index)
{
    struct zta_pair_value value = {.second = atomic_load(&slot->second)};
    value.first = atomic_load(&slot->first);
    if (atomic_load(&slot->second) != value.second) {
        return NULL; /* being changed */
    }
    if (value.first == 0) {
        return is_settled(value.second) ? "a settled slot has no tag" : NULL;
    }
    uint64_t home = home_of(table, value.first);
    uint64_t step = index >= home ? index - home : index + table->n_slots - home;
    if (step >= window_of(table)) {
        return "a tag stands outside its window";
    }
    if (value.second >> 1 > 2 * HORIZON_NS || value.second == 0) {
        return "an arrival time is out of range";
    }
    return is_settled(value.second) && has_twin(table, slot, value) ? "a tag has two slots" : NULL;
}

enum zta_status zta_limits_check(const struct zta_segment *segment, struct zta_error *error)
{
    struct table table = table_of(segment);
    if (atomic_load(&table.limits->latest_ns) > HORIZON_NS) {
        return zta_error_set(error, ZTA_CORRUPT, "limits: the clock is out of range");
    }
    for (uint64_t i = 0; i < table.n_slots; i++) {
        const char *fault = slot_fault(&table, &table.limits->slots[i], i);
        if (fault != NULL) {
            return zta_error_set(error, ZTA_CORRUPT, "limits: slot %" PRIu64 ": %s", i, fault);
        }
    }
    return ZTA_OK;
}
