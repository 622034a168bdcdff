/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time series in state/: what requests were, by the minute, hour and day (UTC) in which they
 * arrived. The observer adds every event of its batch to all three in the transaction of the
 * events: an hour is the sum of its minutes and a day of its hours, as long as all are kept, and
 * each event counts once however a helper ends. What quotas leave out of the evidence counts here.
 *
 * Counts are exact. Latencies are counted in buckets that overlap nowhere, so quantiles of a sum
 * are as good as those of a part (within 1/16). Different sessions, subjects and sources are
 * estimated (shared/base/census.h). The first ZTA_SERIES_ROUTES routes of a point have counts of
 * their own, the others share one.
 */
#ifndef ZTA_STORE_SERIES_H
#define ZTA_STORE_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/census.h"
#include "shared/base/hash.h"
#include "shared/base/status.h"
#include "shared/decision.h"
#include "shared/event.h"
#include "shared/stance.h"
#include "shared/store/env.h"

#define ZTA_SERIES_LATENCIES 240 /* eight buckets an octave of microseconds */
#define ZTA_SERIES_ROUTES    48
#define ZTA_SERIES_ROUTE_MAX 96 /* bytes of a name; longer ones are cut */
#define ZTA_SERIES_SCORES    5  /* bands of risk scores: 0-19, 20-39, ... */

enum zta_series_span {
    ZTA_SERIES_MINUTE = 0,
    ZTA_SERIES_HOUR,
    ZTA_SERIES_DAY,
    ZTA_N_SERIES_SPANS
};

/* Stored in this order: new ones are added at the end. */
enum zta_series_count {
    ZTA_SERIES_OUTCOME = 0,                       /* requests by enum zta_outcome */
    ZTA_SERIES_WOULD = ZTA_OUTCOME_CHALLENGE + 1, /* let in; a monitored part would have refused */
    ZTA_SERIES_ROWS,                              /* that stand as evidence by themselves */
    ZTA_SERIES_DROPPED, /* events that were lost; they are among no other count */
    ZTA_SERIES_BYTES,   /* sent to clients */
    ZTA_SERIES_STAGE,   /* requests by the stage that was enforced, 0 to 4 */
    ZTA_SERIES_SCORE = ZTA_SERIES_STAGE + ZTA_STAGE_MAX + 1, /* by risk, where it was judged */
    ZTA_N_SERIES_COUNTS = ZTA_SERIES_SCORE + ZTA_SERIES_SCORES
};

enum zta_series_distinct {
    ZTA_SERIES_SESSIONS = 0, /* that were let in */
    ZTA_SERIES_SUBJECTS,     /* that were let in */
    ZTA_SERIES_REFUSED_FROM, /* addresses: /32, /64 */
    ZTA_N_SERIES_DISTINCT
};

struct zta_series_route {
    char name[ZTA_SERIES_ROUTE_MAX + 1];
    uint64_t n;
    uint64_t n_refused;
};

/* Zeroed is empty. */
struct zta_series_point {
    int64_t begin_s;
    uint64_t counts[ZTA_N_SERIES_COUNTS];
    uint64_t reasons[ZTA_N_REASONS];
    uint64_t latencies[ZTA_SERIES_LATENCIES];
    struct zta_census distinct[ZTA_N_SERIES_DISTINCT];
    struct zta_series_route routes[ZTA_SERIES_ROUTES];
    size_t n_routes;
    struct zta_series_route others; /* of routes beyond; its name is empty */
};

/* Of all points: the key of what they estimate, and which losses are counted already. */
struct zta_series_head {
    struct zta_siphash_key key;
    uint64_t segment_id;
    uint64_t n_dropped;
};

int64_t zta_series_span_s(enum zta_series_span span);
/* The begin of the span that a time is in. */
int64_t zta_series_begin_s(enum zta_series_span span, int64_t time_s);

/* ---- points ---- */
void zta_series_note(struct zta_series_point *point, const struct zta_event *event,
                     const struct zta_siphash_key *key);
/* begin_s stays. */
void zta_series_add(struct zta_series_point *point, const struct zta_series_point *other);
uint64_t zta_series_requests(const struct zta_series_point *point);
uint64_t zta_series_refused(const struct zta_series_point *point);
/* What that part of the requests (0 to 1) took no longer than; 0 without requests. us. */
uint64_t zta_series_latency_us(const struct zta_series_point *point, double part);
/* What a bucket begins with, us. */
uint64_t zta_series_latency_begin(size_t bucket);

/* ---- the store ---- */
/* ZTA_NOT_FOUND: nothing was ever written. */
enum zta_status zta_series_head_get(struct zta_change *change,
                                    struct zta_series_head *head) ZTA_MUST_CHECK;
enum zta_status zta_series_head_put(struct zta_change *change,
                                    const struct zta_series_head *head) ZTA_MUST_CHECK;
/*
 * Adds a minute to its minute, hour and day; to none that began before oldest_s of its span. The
 * minute is ZTA_SERIES_MINUTE's begin_s.
 */
enum zta_status zta_series_write(struct zta_change *change, const struct zta_series_point *minute,
                                 const int64_t oldest_s[ZTA_N_SERIES_SPANS]) ZTA_MUST_CHECK;
/* Points that begin in [from_s, until_s), oldest first; valid for the call, false ends the walk. */
typedef bool (*zta_series_fn)(void *context, const struct zta_series_point *point);
enum zta_status zta_series_each(struct zta_view *view, enum zta_series_span span, int64_t from_s,
                                int64_t until_s, zta_series_fn fn, void *context) ZTA_MUST_CHECK;
/* The begin of the oldest; ZTA_NOT_FOUND: there is none. */
enum zta_status zta_series_oldest(struct zta_view *view, enum zta_series_span span,
                                  int64_t *begin_s) ZTA_MUST_CHECK;
/* Removes those that began before, at most `most`. *n removed ones. */
enum zta_status zta_series_prune(struct zta_change *change, enum zta_series_span span,
                                 int64_t before_s, size_t most, uint64_t *n) ZTA_MUST_CHECK;

#endif
