/* SPDX-License-Identifier: Apache-2.0 */
/* What the observer would have counted: of the events that are there, and of two weeks before. */
#include "tests/tui/fill_series.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/series.h"
#include "tests/unit/scratch_store.h"

enum {
    HISTORY_HOURS = 15 * 24,
    HOUR_S = 3600,
    TIMES = 30, /* each of them happened so often */
};

/* More by day than by night, and a bad afternoon two days ago. */
static enum zta_status put_hour(struct zta_change *change, uint64_t *chance, int64_t begin_s,
                                int64_t before_s)
{
    static const char *const routes[] = {"/orders", "/reports", "/admin", "/billing"};
    static const struct {
        uint8_t outcome;
        uint8_t reason;
    } refusals[] = {
        {ZTA_OUTCOME_CHALLENGE, ZTA_REASON_NO_CREDENTIAL},
        {ZTA_OUTCOME_DENY, ZTA_REASON_EXPIRED_CREDENTIAL},
        {ZTA_OUTCOME_DENY, ZTA_REASON_RULE_DENIED},
        {ZTA_OUTCOME_DENY, ZTA_REASON_INSUFFICIENT_SCOPE},
    };
    static const int64_t hours_only[ZTA_N_SERIES_SPANS] = {INT64_MAX, INT64_MIN, INT64_MIN};
    const int64_t hour = begin_s / HOUR_S % 24;
    const unsigned n = hour < 6 ? 20 : hour < 18 ? 140 : 60;
    const bool is_bad = before_s > 44 * HOUR_S && before_s < 52 * HOUR_S;
    struct zta_series_point minute;
    struct zta_series_point sum;
    struct zta_event event;
    memset(&minute, 0, sizeof minute);
    memset(&sum, 0, sizeof sum);
    sum.begin_s = begin_s;
    for (unsigned i = 0; i < n + (is_bad ? 80 : 0); i++) {
        const uint64_t r = scratch_random(chance);
        const bool is_refused = i >= n || r % 100 < 6;
        const size_t why = i >= n ? 3 : (r >> 8) % 4;
        const struct scratch_event wanted = {
            .number = r,
            .time_ns = begin_s * ZTA_NS_PER_S,
            .source = (uint32_t)(r >> 16) % 90,
            .session = (uint32_t)(r >> 24) % 400 + 1,
            .outcome = is_refused ? refusals[why].outcome : (uint8_t)ZTA_OUTCOME_ALLOW,
            .reason = is_refused ? refusals[why].reason : (uint8_t)ZTA_REASON_OK,
            .route = routes[(r >> 40) % 4],
        };
        scratch_event_make(&wanted, &event);
        event.latency_us = 300 + (uint32_t)(r >> 44) % 4000 + (is_bad ? 6000 : 0);
        zta_series_note(&minute, &event, &scratch_series_key);
        minute.counts[ZTA_SERIES_ROWS]++;
    }
    for (unsigned i = 0; i < TIMES; i++) {
        zta_series_add(&sum, &minute);
    }
    return zta_series_write(change, &sum, hours_only);
}

enum zta_status fill_series(struct zta_change *change, const struct zta_event *events, size_t n,
                            int64_t now_s)
{
    const int64_t last_s = zta_series_begin_s(ZTA_SERIES_HOUR, now_s) - 2 * HOUR_S;
    uint64_t chance = 77;
    enum zta_status status = scratch_series_put(change, events, n);
    for (int64_t i = HISTORY_HOURS; i > 0 && status == ZTA_OK; i--) {
        status = put_hour(change, &chance, last_s - i * HOUR_S, i * HOUR_S);
    }
    return status;
}
