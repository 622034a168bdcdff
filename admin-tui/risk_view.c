/* SPDX-License-Identifier: Apache-2.0 */
/* Puts together from events what the observer put together from the same. */
#include "admin-tui/risk_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/nodes.h"
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

/* ---- what others raised ---- */

struct hearing {
    struct ctl_risk_heard *heard;
    const struct ctl_nodes *nodes;
    int64_t now_s;
    enum zta_status status;
};

static bool hear(void *context, const uint8_t origin[ZTA_ORIGIN_SIZE], const struct zta_risk *risk)
{
    struct hearing *hearing = context;
    struct ctl_risk_heard *heard = hearing->heard;
    const struct zta_text node = ctl_nodes_name(hearing->nodes, origin);
    struct zta_risk counts = *risk;
    (void)zta_risk_forget(&counts, hearing->now_s);
    struct ctl_heard_factor *grown =
        realloc(heard->items, (heard->n + ZTA_N_RISK_SIGNALS) * sizeof *grown);
    if (grown == NULL) {
        hearing->status = ZTA_NO_MEMORY;
        return false;
    }
    heard->items = grown;
    for (size_t i = 0; i < counts.n; i++) {
        struct ctl_heard_factor *item = &heard->items[heard->n++];
        item->factor = counts.factors[i];
        (void)snprintf(item->node, sizeof item->node, "%.*s", (int)node.len,
                       node.len > 0 ? node.data : "");
    }
    return true;
}

enum zta_status ctl_risk_heard_open(struct zta_view *view, const struct zta_risk_owner *owner,
                                    int64_t now_s, struct ctl_risk_heard *heard)
{
    struct ctl_nodes nodes;
    struct hearing hearing = {.heard = heard, .nodes = &nodes, .now_s = now_s, .status = ZTA_OK};
    memset(heard, 0, sizeof *heard);
    enum zta_status status = ctl_nodes_open(view, &nodes);
    if (status == ZTA_OK) {
        status = zta_fleet_risks_each(view, owner, hear, &hearing);
    }
    if (status == ZTA_OK) {
        status = zta_fleet_risks_find(view, owner, now_s, &heard->others);
    }
    ctl_nodes_close(&nodes);
    status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    return hearing.status != ZTA_OK ? hearing.status : status;
}

void ctl_risk_heard_close(struct ctl_risk_heard *heard)
{
    free(heard->items);
    heard->items = NULL;
    heard->n = 0;
}

uint8_t ctl_risk_score(const struct zta_risk *own, const struct zta_risk_others *others,
                       int64_t now_s)
{
    struct zta_risk joined = *own;
    zta_risk_join(&joined, &others->risk, now_s);
    return zta_risk_score(&joined, now_s);
}

enum zta_status ctl_risk_of_session(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                    int64_t now_s, uint8_t *score)
{
    const struct zta_risk_owner owner = zta_risk_owner_session(id);
    struct zta_risk_record record;
    struct zta_risk_others others;
    enum zta_status status = ctl_risk_find(view, &owner, &record);
    if (status == ZTA_OK) {
        status = zta_fleet_risks_find(view, &owner, now_s, &others);
    }
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        *score = ctl_risk_score(&record.risk, &others, now_s);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
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
