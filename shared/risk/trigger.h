/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts what `respond` rules look at, and says when one is triggered. Pure and bounded: fed one
 * finished request after the other under the requests' own clock, in memory that is taken once.
 *
 * - A window is ZTA_TRIGGER_SLOTS slots, the last of which is being filled: what lies farther apart
 *   than the window never counts together.
 * - A full table gives up the group value that is farthest from its trigger, so that nobody gets
 *   rid of his own count by coming from many places.
 * - Distinct ones are exact sets; they count no further than one above the number in the rule.
 */
#ifndef ZTA_RISK_TRIGGER_H
#define ZTA_RISK_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/hash.h"
#include "shared/base/status.h"

#define ZTA_TRIGGER_SLOTS        16
#define ZTA_TRIGGER_LINES_MAX    8
#define ZTA_TRIGGER_DISTINCT_MAX 4096 /* a set is never greater */
/* Bytes of all tables together, and of one; pages are touched as they are used. */
#define ZTA_TRIGGER_SIZE_MAX  (UINT64_C(64) << 20)
#define ZTA_TRIGGER_TABLE_MAX (UINT64_C(8) << 20)

enum zta_trigger_measure {
    ZTA_TRIGGER_SUM = 0,  /* of `add` in the window */
    ZTA_TRIGGER_DISTINCT, /* different `add` in the window */
    ZTA_TRIGGER_RATIO,    /* percent of `add` in `base` */
    ZTA_TRIGGER_P95,      /* of `add`, in its own unit */
    ZTA_TRIGGER_NOW,      /* `add` of the request itself; no window */
};

struct zta_trigger_line {
    enum zta_trigger_measure measure;
    uint64_t number;
    bool is_below;     /* true below the number (the number itself: is_equal), else above it */
    bool is_equal;     /* >= and <= */
    int64_t window_ns; /* 0: NOW */
    uint32_t min;      /* RATIO, P95: requests that there must be */
};

/* What one rule looks at: all its lines must hold for one value of its group. */
struct zta_trigger_plan {
    uint64_t id; /* of the rule with all of its text: the same rule goes on with its counts */
    size_t n_lines;
    struct zta_trigger_line lines[ZTA_TRIGGER_LINES_MAX];
};

struct zta_trigger;

/*
 * Copies the plans. A former set's counts go on where plans are the same; it is closed, whatever
 * comes out.
 */
enum zta_status zta_trigger_open(const struct zta_trigger_plan *plans, size_t n_plans,
                                 const struct zta_siphash_key *key, struct zta_trigger **former,
                                 struct zta_trigger **trigger) ZTA_MUST_CHECK;
void zta_trigger_close(struct zta_trigger **trigger);

/* What one request adds to a line. */
struct zta_trigger_value {
    uint64_t add;  /* DISTINCT: a hash, 0: none; else an amount */
    uint64_t base; /* RATIO: 1 for each request that counts */
};

/* What the lines came to when a rule was triggered. */
struct zta_triggered {
    uint64_t values[ZTA_TRIGGER_LINES_MAX];
};

/*
 * Counts one request for the rule `plan` and the group value `group` (a hash; 0 is one, too). True
 * when all lines hold: at once, and again while they do after `again_ns` at the soonest.
 */
bool zta_trigger_count(struct zta_trigger *trigger, size_t plan, uint64_t group, int64_t time_ns,
                       const struct zta_trigger_value values[ZTA_TRIGGER_LINES_MAX],
                       int64_t again_ns, struct zta_triggered *triggered);

/* The clock stepped back: what was counted lies in the future and is forgotten. */
void zta_trigger_forget(struct zta_trigger *trigger);

#endif
