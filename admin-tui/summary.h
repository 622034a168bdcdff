/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `ztactl report` tells of a period: counts of the time series, beside those of as long a time
 * before; what recorded requests add; and what is so now.
 */
#ifndef CTL_SUMMARY_H
#define CTL_SUMMARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/commands/readiness.h"
#include "admin-tui/document.h"
#include "admin-tui/live.h"
#include "shared/evidence/tally.h"
#include "shared/risk_signals.h"
#include "shared/store/published.h"
#include "shared/store/responses.h"
#include "shared/store/series.h"

#define CTL_SUMMARY_BARS  180
#define CTL_SUMMARY_KINDS 9 /* of revocations, by number */
#define CTL_FACTS_MAX     15

/* A column of a chart. */
struct ctl_summary_bar {
    uint64_t outcomes[ZTA_OUTCOME_CHALLENGE + 1];
    uint64_t n;
    uint64_t p50_us;
    uint64_t p95_us;
};

/* Something that was done, holds, or is so. */
struct ctl_fact {
    int64_t time_s; /* 0: none */
    char who[96];
    char what[96];
    char whom[200];
    char why[256];
};

struct ctl_facts {
    struct ctl_fact all[CTL_FACTS_MAX];
    size_t n;
    uint64_t n_all; /* with those for which there was no room */
};

struct ctl_summary {
    int64_t now_s;
    int64_t before_s; /* the period before begins, which ends where this one begins */
    int64_t from_s;
    int64_t until_s;
    enum zta_series_span span;
    int64_t kept_s; /* since when there are series; 0: there are none */
    struct zta_series_point now;
    struct zta_series_point before;
    struct ctl_summary_bar bars[CTL_SUMMARY_BARS];
    size_t n_bars;
    int64_t bar_s;

    /* Of recorded requests of the period. */
    int64_t oldest_s; /* of all that are kept; 0: none is */
    uint64_t n_rows;
    uint64_t n_recorded;        /* requests that they stand for */
    struct zta_tally rules;     /* columns: decided, refused */
    struct zta_tally subjects;  /* requests, refused */
    struct zta_tally addresses; /* refused without a subject */
    struct zta_tally signals;

    const struct ctl_places *places;
    bool has_rules; /* what is published can be read */
    size_t n_rules;
    struct ctl_facts monitored; /* rules that are only tried */
    struct ctl_readiness stages[CTL_READINESS_STAGES];
    size_t n_stages;

    struct zta_tally actions; /* of operators in the period, by their name */
    struct ctl_facts operators;
    uint64_t responses[ZTA_N_RESPONSE_RESULTS];
    struct ctl_facts automation;
    uint64_t revoked[CTL_SUMMARY_KINDS];     /* in force */
    uint64_t revoked_now[CTL_SUMMARY_KINDS]; /* made in the period */
    struct ctl_facts issuers;
    struct ctl_facts measures; /* in force, operators' blocks among them */
    struct ctl_facts alerts;
    bool has_heartbeat;
    bool is_running;
    struct zta_heartbeat heartbeat;
};

/*
 * Fills *summary for the period that ends now; live and made are what is in force (of rules that
 * cannot be read, made is empty), and live outlives the summary. Says what failed; what was filled
 * is the caller's to clear, whatever it returns.
 */
enum ctl_exit ctl_summary_gather(struct ctl *ctl, const struct ctl_live *live,
                                 const struct ctl_live_set *made, int64_t period_s,
                                 struct ctl_summary *summary);
void ctl_summary_clear(struct ctl_summary *summary);

/* The whole of it into the document; ZTA_IO, ZTA_NO_MEMORY. */
enum zta_status ctl_summary_tell(const struct ctl_summary *summary, FILE *out,
                                 enum ctl_format format) ZTA_MUST_CHECK;
/* As members of the open object. */
void ctl_summary_json(const struct ctl_summary *summary, struct zta_json *json);

#endif
