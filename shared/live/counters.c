/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of the running server, spread over cache lines so that counting never is what waits. */
#include <sched.h>
#include <stddef.h>

#include "shared/live/ring.h"
#include "shared/live/ring_priv.h"
#include "shared/live/segment.h"
#include "shared/live/segment_priv.h"

struct counter_text {
    const char *name;
    const char *help;
};

static const struct counter_text texts[ZTA_N_COUNTERS] = {
#define ZTA_COUNTER(upper, lower, text) [ZTA_COUNTER_##upper] = {.name = #lower, .help = (text)},
#include "shared/live/counters.def"
#undef ZTA_COUNTER
};

struct zta_counter_shard *zta_counter_shard_here(struct zta_segment *segment)
{
    return &segment->header->counters[(unsigned)sched_getcpu() % ZTA_COUNTER_SHARDS];
}

void zta_counter_add(struct zta_segment *segment, enum zta_counter counter, uint64_t n)
{
    atomic_fetch_add_explicit(&zta_counter_shard_here(segment)->values[counter], n,
                              memory_order_relaxed);
}

static uint64_t sum_shards(const struct zta_segment *segment, enum zta_counter counter)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < ZTA_COUNTER_SHARDS; i++) {
        sum += atomic_load_explicit(&segment->header->counters[i].values[counter],
                                    memory_order_relaxed);
    }
    return sum;
}

/*
 * Each request is allowed or denied, so that they are no third count of each. What the ring's own
 * words tell exactly, whoever dies when, is not counted a second
 * time.
 */
uint64_t zta_counter_get(const struct zta_segment *segment, enum zta_counter counter)
{
    if (counter == ZTA_COUNTER_REQUESTS) {
        return sum_shards(segment, ZTA_COUNTER_ALLOWED) + sum_shards(segment, ZTA_COUNTER_DENIED);
    }
    if (counter == ZTA_COUNTER_EVENTS_PUBLISHED) {
        return zta_ring_head(segment) + sum_shards(segment, ZTA_COUNTER_EVENTS_DROPPED_FULL);
    }
    if (counter != ZTA_COUNTER_EVENTS_DROPPED_DEAD && counter != ZTA_COUNTER_EVENTS_DROPPED_SLOW) {
        return sum_shards(segment, counter);
    }
    struct zta_ring_books books;
    zta_ring_books_read(segment, &books);
    return counter == ZTA_COUNTER_EVENTS_DROPPED_DEAD ? books.dropped_dead : books.dropped_slow;
}

const char *zta_counter_name(enum zta_counter counter)
{
    return texts[counter].name;
}

const char *zta_counter_help(enum zta_counter counter)
{
    return texts[counter].help;
}
