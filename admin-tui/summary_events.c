/* SPDX-License-Identifier: Apache-2.0 */
/* What a summary takes from recorded requests: rules, subjects, addresses and signals of risk. */
#include <stdio.h>
#include <stdlib.h>

#include "admin-tui/summary_priv.h"
#include "shared/base/clock.h"
#include "shared/base/net.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"

/* Columns of tallies. */
enum {
    ALL = 0,
    REFUSED = 1,
};

static void count_caller(struct ctl_summary *summary, const struct zta_event *event,
                         bool is_refused, uint64_t n)
{
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    const struct zta_text issuer = zta_event_text(event, ZTA_EVENT_ISSUER);
    char text[ZTA_TALLY_NAME_MAX];
    struct zta_buffer name;
    zta_buffer_init(&name, text, sizeof text);
    if (subject.len > 0) {
        zta_buffer_text(&name, subject);
        zta_buffer_string(&name, "@");
        zta_buffer_text(&name, issuer);
        const struct zta_text whole = {.data = text, .len = name.len};
        zta_tally_add(&summary->subjects, whole, ALL, n);
        zta_tally_add(&summary->subjects, whole, REFUSED, is_refused ? n : 0);
    }
    else if (is_refused) {
        zta_addr_print(&event->addr, text);
        zta_tally_add(&summary->addresses, zta_text_of(text), REFUSED, n);
    }
}

static void count(struct ctl_summary *summary, const struct zta_event *event, uint64_t n)
{
    const int64_t time_s = event->time_ns / ZTA_NS_PER_S;
    const bool is_refused = event->outcome != ZTA_OUTCOME_ALLOW;
    const struct zta_text rule = zta_event_text(event, ZTA_EVENT_RULE);
    if (time_s < summary->from_s || time_s >= summary->until_s) {
        return;
    }
    summary->n_recorded += n;
    if (rule.len > 0) {
        zta_tally_add(&summary->rules, rule, ALL, n);
        zta_tally_add(&summary->rules, rule, REFUSED, is_refused ? n : 0);
    }
    count_caller(summary, event, is_refused, n);
    for (size_t i = 0; i < event->risk.n_raised && i < ZTA_EVENT_RAISED_MAX; i++) {
        const struct zta_risk_signal_info *info =
            zta_risk_signal_info(event->risk.raised[i].signal);
        if (info != NULL) {
            zta_tally_add(&summary->signals, zta_text_of(info->name), ALL, 1);
        }
    }
}

static bool count_event(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct ctl_summary *summary = context;
    const int64_t time_s = event->time_ns / ZTA_NS_PER_S;
    summary->n_rows += time_s >= summary->from_s && time_s < summary->until_s ? 1 : 0;
    count(summary, event, key->weight);
    return true;
}

static bool count_repeat(void *context, const struct zta_repeat *repeat)
{
    count(context, &repeat->event, repeat->n);
    return true;
}

static bool note_oldest(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    struct ctl_summary *summary = context;
    summary->oldest_s = event->time_ns / ZTA_NS_PER_S;
    return false;
}

enum zta_status ctl_summary_events(struct zta_view *view, struct ctl_summary *summary)
{
    const struct zta_event_key all = {.sequence = 0};
    struct zta_event_key *blocks = NULL;
    size_t n = 0;
    enum zta_status status = zta_event_each_after(view, &all, note_oldest, summary);
    if (status == ZTA_OK) {
        status = zta_events_blocks(view, summary->from_s * ZTA_NS_PER_S, &blocks, &n);
    }
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        status = zta_events_each_of_block(view, &blocks[i], count_event, summary);
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status; /* pruned meanwhile */
    }
    free(blocks);
    if (status == ZTA_OK) {
        status = zta_repeat_each(view, summary->from_s, count_repeat, summary);
    }
    zta_tally_sort(&summary->rules);
    zta_tally_sort(&summary->subjects);
    zta_tally_sort(&summary->addresses);
    zta_tally_sort(&summary->signals);
    return status;
}
