/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate limits by GCRA, exact over all children without waiting (standards: docs/standards.md). One
 * 64-bit word of time per key, advanced by compare-and-swap; CLOCK_MONOTONIC, so that clock steps
 * do not matter. A full table charges a shared overflow bucket, counted, never lets a request by.
 */
#ifndef ZTA_LIVE_LIMITS_H
#define ZTA_LIVE_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/live/segment.h"

/* count requests per window_s with burst; emission interval is window_s / count, at least 1 ns. */
struct zta_limit_rate {
    uint64_t count;
    uint64_t window_s;
    uint64_t burst;
    uint32_t part; /* millionths of all that which may pass here; 0: the whole */
};

struct zta_limit_state {
    bool is_refused;
    uint64_t remaining;     /* requests that would pass now */
    int64_t reset_ns;       /* until the bucket is full again */
    int64_t retry_after_ns; /* is_refused: until one would pass; else 0 */
};

/*
 * Charges one request to the bucket `tag` (never 0). A refused request changes nothing. now_ns is
 * monotonic; one that others have overtaken never passes more, but may refuse what would pass now:
 * who was refused asks again with a new reading. So who passes shares no clock with anybody.
 * `is_test` asks without charging.
 */
void zta_limits_charge(struct zta_segment *segment, uint64_t tag, const struct zta_limit_rate *rate,
                       int64_t now_ns, bool is_test, struct zta_limit_state *state);

/* That bucket will be charged soon: its slot is fetched meanwhile. */
void zta_limits_expect(const struct zta_segment *segment, uint64_t tag);

/*
 * How many of some slots of the table, spread over all of it, hold a bucket that is not full again:
 * of so many that were looked at. Pages that nobody uses stay untouched but for those few.
 */
struct zta_limits_sample {
    uint64_t n_used;
    uint64_t n_looked;
};
void zta_limits_sample(const struct zta_segment *segment, int64_t now_ns,
                       struct zta_limits_sample *sample);

/*
 * Limits are reset by their names, all buckets of a name at once: names fall into groups, and each
 * group has a number that is part of its tags. What was counted before is never looked at again.
 */
#define ZTA_LIMIT_GROUPS 256
/* Of ZTAVerifyLimit, which is no rule. */
#define ZTA_FAILURE_LIMIT_NAME "failed-verifications"
unsigned zta_limits_group(struct zta_text name);
/* The tag of a bucket as of the last reset of its limit. */
uint64_t zta_limits_tag(const struct zta_segment *segment, struct zta_text name, uint64_t tag);
/* Absent: all. */
void zta_limits_reset(struct zta_segment *segment, struct zta_text name);

#endif
