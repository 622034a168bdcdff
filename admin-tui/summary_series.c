/* SPDX-License-Identifier: Apache-2.0 */
/* The period of a summary, its counts and its charts, from the time series. */
#include <stdlib.h>
#include <string.h>

#include "admin-tui/summary_priv.h"

/* Up to which period a span is fine enough to draw and small enough to read. */
static const int64_t most_s[ZTA_N_SERIES_SPANS] = {[ZTA_SERIES_MINUTE] = 86400,
                                                   [ZTA_SERIES_HOUR] = 45 * INT64_C(86400),
                                                   [ZTA_SERIES_DAY] = INT64_MAX};

static void set_period(enum zta_series_span span, int64_t period_s, struct ctl_summary *summary)
{
    const int64_t span_s = zta_series_span_s(span);
    const int64_t n = (period_s + span_s - 1) / span_s;
    summary->span = span;
    summary->until_s = zta_series_begin_s(span, summary->now_s) + span_s;
    summary->from_s = summary->until_s - n * span_s;
    summary->before_s = summary->from_s - n * span_s;
}

/*
 * The finest span that has both periods: what a coarser one keeps longer was there, and is gone
 * from this one.
 */
static enum zta_status choose_span(struct zta_view *view, int64_t period_s,
                                   struct ctl_summary *summary)
{
    int64_t oldest_s[ZTA_N_SERIES_SPANS];
    for (unsigned i = 0; i < ZTA_N_SERIES_SPANS; i++) {
        oldest_s[i] = INT64_MAX;
        const enum zta_status status =
            zta_series_oldest(view, (enum zta_series_span)i, &oldest_s[i]);
        if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
            return status;
        }
    }
    unsigned span = ZTA_SERIES_MINUTE;
    for (; span < ZTA_SERIES_DAY; span++) {
        const enum zta_series_span coarser = (enum zta_series_span)(span + 1);
        set_period((enum zta_series_span)span, period_s, summary);
        if (period_s <= most_s[span] &&
            (oldest_s[span] <= summary->before_s || oldest_s[coarser] == INT64_MAX ||
             zta_series_begin_s(coarser, oldest_s[span]) <= oldest_s[coarser])) {
            break;
        }
    }
    set_period((enum zta_series_span)span, period_s, summary);
    summary->kept_s = oldest_s[span] == INT64_MAX ? 0 : oldest_s[span];
    return ZTA_OK;
}

struct adding {
    struct ctl_summary *summary;
    struct zta_series_point bar; /* the one that grows */
    size_t at;                   /* its place */
};

static void end_bar(struct adding *adding)
{
    struct ctl_summary_bar *bar = &adding->summary->bars[adding->at];
    memcpy(bar->outcomes, &adding->bar.counts[ZTA_SERIES_OUTCOME], sizeof bar->outcomes);
    bar->n = zta_series_requests(&adding->bar);
    bar->p50_us = zta_series_latency_us(&adding->bar, 0.5);
    bar->p95_us = zta_series_latency_us(&adding->bar, 0.95);
}

static bool add_point(void *context, const struct zta_series_point *point)
{
    struct adding *adding = context;
    struct ctl_summary *summary = adding->summary;
    if (point->begin_s < summary->from_s) {
        zta_series_add(&summary->before, point);
        return true;
    }
    const size_t at = (size_t)((point->begin_s - summary->from_s) / summary->bar_s);
    zta_series_add(&summary->now, point);
    if (at != adding->at) {
        end_bar(adding);
        memset(&adding->bar, 0, sizeof adding->bar);
        adding->at = at;
    }
    zta_series_add(&adding->bar, point);
    return true;
}

enum zta_status ctl_summary_series(struct zta_view *view, int64_t period_s,
                                   struct ctl_summary *summary)
{
    enum zta_status status = choose_span(view, period_s, summary);
    if (status != ZTA_OK) {
        return status;
    }
    const int64_t span_s = zta_series_span_s(summary->span);
    const int64_t n = (summary->until_s - summary->from_s) / span_s;
    summary->bar_s = (n + CTL_SUMMARY_BARS - 1) / CTL_SUMMARY_BARS * span_s;
    summary->n_bars =
        (size_t)((summary->until_s - summary->from_s + summary->bar_s - 1) / summary->bar_s);
    struct adding *adding = calloc(1, sizeof *adding);
    if (adding == NULL) {
        return ZTA_NO_MEMORY;
    }
    adding->summary = summary;
    status = zta_series_each(view, summary->span, summary->before_s, summary->until_s, add_point,
                             adding);
    end_bar(adding);
    free(adding);
    return status;
}
