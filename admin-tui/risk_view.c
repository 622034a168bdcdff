/* SPDX-License-Identifier: Apache-2.0 */
/* Puts together from events what the observer put together from the same. */
#include "admin-tui/risk_view.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/event.h"
#include "shared/risk/recorded.h"
#include "shared/store/events.h"

enum zta_status ctl_risk_find(struct zta_view *view, const struct zta_risk_owner *owner,
                              struct zta_risk_record *record)
{
    memset(record, 0, sizeof *record);
    const enum zta_status status = zta_risks_get(view, owner, record);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status ctl_risk_of_session(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                    int64_t now_s, uint8_t *score)
{
    const struct zta_risk_owner owner = zta_risk_owner_session(id);
    struct zta_risk_record record;
    const enum zta_status status = ctl_risk_find(view, &owner, &record);
    if (status == ZTA_OK) {
        *score = zta_risk_score(&record.risk, now_s);
    }
    return status;
}

struct rebuilding {
    const uint8_t *session;
    struct ctl_rebuilt *rebuilt;
};

static void add_raised(struct ctl_rebuilt *rebuilt, const struct zta_event *event)
{
    struct zta_risk_factor factor;
    bool has_any = false;
    for (size_t i = 0; i < event->risk.n_raised && i < ZTA_EVENT_RAISED_MAX; i++) {
        if ((event->risk.raised[i].owners & ZTA_RISK_KEPT_FOR_SESSION) == 0 ||
            !zta_risk_recorded(event, i, &factor)) {
            continue;
        }
        has_any = true;
        if (zta_risk_put(&rebuilt->risk, &factor)) {
            rebuilt->raised_by[factor.signal] = event->id;
        }
    }
    rebuilt->n_events += has_any ? 1 : 0;
}

static bool see(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct rebuilding *rebuilding = context;
    struct ctl_rebuilt *rebuilt = rebuilding->rebuilt;
    const int64_t time_s = event->time_ns / ZTA_NS_PER_S;
    if (rebuilt->oldest_s == 0 || time_s < rebuilt->oldest_s) {
        rebuilt->oldest_s = time_s;
    }
    if (memcmp(event->session, rebuilding->session, sizeof event->session) == 0) {
        add_raised(rebuilt, event);
    }
    return true;
}

enum zta_status ctl_risk_rebuild(struct zta_view *view, const uint8_t session[ZTA_SESSION_ID_SIZE],
                                 struct ctl_rebuilt *rebuilt)
{
    struct rebuilding rebuilding = {.session = session, .rebuilt = rebuilt};
    const struct zta_event_key all = {.sequence = 0};
    memset(rebuilt, 0, sizeof *rebuilt);
    return zta_event_each_after(view, &all, see, &rebuilding);
}

bool ctl_risk_is_same(const struct zta_risk_factor *a, const struct zta_risk_factor *b)
{
    return a != NULL && b != NULL && a->signal == b->signal && a->weight == b->weight &&
           a->floor == b->floor && a->half_life_s == b->half_life_s && a->raised_s == b->raised_s &&
           a->ends_s == b->ends_s;
}
