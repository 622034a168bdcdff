/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How finished requests were decided and how long they took, added up in shared memory beside the
 * counters: kept across children and graceful restarts, never reset while the segment lives. What
 * is counted by has few values; nothing here grows with users, addresses or paths.
 */
#ifndef ZTA_LIVE_TOTALS_H
#define ZTA_LIVE_TOTALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/decision.h"
#include "shared/live/segment.h"
#include "shared/stance.h"

#define ZTA_TOTALS_STAGES   (ZTA_STAGE_MAX + 1)
#define ZTA_TOTALS_OUTCOMES (ZTA_OUTCOME_CHALLENGE + 1)

enum zta_duration {
    ZTA_DURATION_JUDGEMENT = 0, /* from a request's arrival at the module to its first decision */
    ZTA_DURATION_REQUEST,       /* to its end, the back end's answer included */
    ZTA_N_DURATIONS
};

/* Buckets of a duration; the last has no bound. */
#define ZTA_DURATION_BUCKETS 14

struct zta_duration_bound {
    int64_t ns;       /* INT64_MAX: none */
    const char *text; /* in seconds, as metrics write it */
};

/* One finished request. */
struct zta_finished {
    uint8_t stage;
    enum zta_outcome outcome;
    enum zta_reason reason;
    bool is_monitored; /* what follows differs from it */
    enum zta_outcome monitor_outcome;
    enum zta_reason monitor_reason;
    int64_t durations_ns[ZTA_N_DURATIONS]; /* negative: not measured */
};

/* Counts it, in the counters that are about requests, too. Never waits. */
void zta_totals_add(struct zta_segment *segment, const struct zta_finished *finished);

/* Sums of what processors counted, each of which only grows. */
uint64_t zta_totals_decisions(const struct zta_segment *segment, uint8_t stage,
                              enum zta_outcome outcome, enum zta_reason reason);
/* Requests of which monitored parts would have decided so. */
uint64_t zta_totals_monitored(const struct zta_segment *segment, enum zta_outcome outcome,
                              enum zta_reason reason);

struct zta_duration_sum {
    uint64_t buckets[ZTA_DURATION_BUCKETS]; /* each by itself, not those below it */
    uint64_t total_ns;
};
void zta_totals_durations(const struct zta_segment *segment, enum zta_duration duration,
                          struct zta_duration_sum *sum);
/* ZTA_DURATION_BUCKETS of them, ascending. */
const struct zta_duration_bound *zta_duration_bounds(enum zta_duration duration);

#endif
