/* SPDX-License-Identifier: Apache-2.0 */
/* One request is a few additions to cache lines of the processor that runs it. */
#include "shared/live/totals.h"

#include <stdatomic.h>

#include "shared/live/segment_priv.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static const struct zta_duration_bound bounds[ZTA_N_DURATIONS][ZTA_DURATION_BUCKETS] = {
    [ZTA_DURATION_JUDGEMENT] =
        {
            {.ns = 5 * US, .text = "0.000005"},
            {.ns = 10 * US, .text = "0.00001"},
            {.ns = 25 * US, .text = "0.000025"},
            {.ns = 50 * US, .text = "0.00005"},
            {.ns = 100 * US, .text = "0.0001"},
            {.ns = 250 * US, .text = "0.00025"},
            {.ns = 500 * US, .text = "0.0005"},
            {.ns = 1 * MS, .text = "0.001"},
            {.ns = 5 * MS, .text = "0.005"},
            {.ns = 25 * MS, .text = "0.025"},
            {.ns = 100 * MS, .text = "0.1"},
            {.ns = 500 * MS, .text = "0.5"},
            {.ns = 2 * S, .text = "2.0"},
            {.ns = INT64_MAX, .text = "+Inf"},
        },
    [ZTA_DURATION_REQUEST] =
        {
            {.ns = 1 * MS, .text = "0.001"},
            {.ns = 5 * MS, .text = "0.005"},
            {.ns = 10 * MS, .text = "0.01"},
            {.ns = 25 * MS, .text = "0.025"},
            {.ns = 50 * MS, .text = "0.05"},
            {.ns = 100 * MS, .text = "0.1"},
            {.ns = 250 * MS, .text = "0.25"},
            {.ns = 500 * MS, .text = "0.5"},
            {.ns = 1 * S, .text = "1.0"},
            {.ns = 2500 * MS, .text = "2.5"},
            {.ns = 5 * S, .text = "5.0"},
            {.ns = 10 * S, .text = "10.0"},
            {.ns = 60 * S, .text = "60.0"},
            {.ns = INT64_MAX, .text = "+Inf"},
        },
};

const struct zta_duration_bound *zta_duration_bounds(enum zta_duration duration)
{
    return bounds[duration];
}

static void add(_Atomic uint64_t *to, uint64_t n)
{
    atomic_fetch_add_explicit(to, n, memory_order_relaxed);
}

static void add_duration(struct zta_counter_shard *shard, enum zta_duration duration, int64_t ns)
{
    unsigned bucket = 0;
    if (ns < 0) {
        return;
    }
    while (ns > bounds[duration][bucket].ns) {
        bucket++;
    }
    add(&shard->durations[duration].buckets[bucket], 1);
    add(&shard->durations[duration].total_ns, (uint64_t)ns);
}

static void add_counters(struct zta_counter_shard *shard, const struct zta_finished *finished)
{
    const bool is_allowed = finished->outcome == ZTA_OUTCOME_ALLOW;
    add(&shard->values[is_allowed ? ZTA_COUNTER_ALLOWED : ZTA_COUNTER_DENIED], 1);
    if (is_allowed && finished->is_monitored && finished->monitor_outcome != ZTA_OUTCOME_ALLOW) {
        add(&shard->values[ZTA_COUNTER_MONITOR_WOULD_DENY], 1);
    }
    if (!is_allowed && finished->reason == ZTA_REASON_RATE_LIMITED) {
        add(&shard->values[ZTA_COUNTER_LIMITED], 1);
    }
    if (finished->outcome == ZTA_OUTCOME_CHALLENGE) {
        add(&shard->values[ZTA_COUNTER_UNAUTHENTICATED], 1);
    }
}

void zta_totals_add(struct zta_segment *segment, const struct zta_finished *finished)
{
    struct zta_counter_shard *shard = zta_counter_shard_here(segment);
    add_counters(shard, finished);
    add(&shard->decisions[finished->stage][finished->outcome][finished->reason], 1);
    if (finished->is_monitored) {
        add(&shard->monitored[finished->monitor_outcome][finished->monitor_reason], 1);
    }
    for (unsigned i = 0; i < ZTA_N_DURATIONS; i++) {
        add_duration(shard, (enum zta_duration)i, finished->durations_ns[i]);
    }
}

static uint64_t get(const _Atomic uint64_t *from)
{
    return atomic_load_explicit(from, memory_order_relaxed);
}

uint64_t zta_totals_decisions(const struct zta_segment *segment, uint8_t stage,
                              enum zta_outcome outcome, enum zta_reason reason)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < ZTA_COUNTER_SHARDS; i++) {
        sum += get(&segment->header->counters[i].decisions[stage][outcome][reason]);
    }
    return sum;
}

uint64_t zta_totals_monitored(const struct zta_segment *segment, enum zta_outcome outcome,
                              enum zta_reason reason)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < ZTA_COUNTER_SHARDS; i++) {
        sum += get(&segment->header->counters[i].monitored[outcome][reason]);
    }
    return sum;
}

void zta_totals_durations(const struct zta_segment *segment, enum zta_duration duration,
                          struct zta_duration_sum *sum)
{
    *sum = (struct zta_duration_sum){.total_ns = 0};
    for (unsigned i = 0; i < ZTA_COUNTER_SHARDS; i++) {
        const struct zta_counter_shard *shard = &segment->header->counters[i];
        for (unsigned b = 0; b < ZTA_DURATION_BUCKETS; b++) {
            sum->buckets[b] += get(&shard->durations[duration].buckets[b]);
        }
        sum->total_ns += get(&shard->durations[duration].total_ns);
    }
}
