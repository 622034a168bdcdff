/* SPDX-License-Identifier: Apache-2.0 */
/* A summary as JSON. */
#include <stdio.h>

#include "admin-tui/summary.h"
#include "shared/store/revocations.h"

enum {
    ROWS_MAX = 10,
};

/* ---- counts, now and before ---- */

static void put_pair(struct zta_json *json, const char *name, uint64_t now, uint64_t before)
{
    zta_json_begin_object(json, name);
    zta_json_int(json, "now", (int64_t)now);
    zta_json_int(json, "before", (int64_t)before);
    zta_json_end_object(json);
}

static void put_counts(struct zta_json *json, const struct ctl_summary *summary)
{
    static const struct {
        const char *name;
        int count;
    } counts[] = {
        {"would_refuse", ZTA_SERIES_WOULD},
        {"rows", ZTA_SERIES_ROWS},
        {"lost", ZTA_SERIES_DROPPED},
        {"bytes", ZTA_SERIES_BYTES},
    };
    const struct zta_series_point *now = &summary->now;
    const struct zta_series_point *before = &summary->before;
    put_pair(json, "requests", zta_series_requests(now), zta_series_requests(before));
    put_pair(json, "refused", zta_series_refused(now), zta_series_refused(before));
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        put_pair(json, counts[i].name, now->counts[counts[i].count],
                 before->counts[counts[i].count]);
    }
    static const char *const distinct[ZTA_N_SERIES_DISTINCT] = {[ZTA_SERIES_SESSIONS] = "sessions",
                                                                [ZTA_SERIES_SUBJECTS] = "subjects",
                                                                [ZTA_SERIES_REFUSED_FROM] =
                                                                    "refused_addresses"};
    for (size_t i = 0; i < ZTA_N_SERIES_DISTINCT; i++) {
        put_pair(json, distinct[i], zta_census_count(&now->distinct[i]),
                 zta_census_count(&before->distinct[i]));
    }
}

static void put_named(struct zta_json *json, const char *name, uint64_t now, uint64_t before)
{
    if (now + before > 0) {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "name", name);
        zta_json_int(json, "now", (int64_t)now);
        zta_json_int(json, "before", (int64_t)before);
        zta_json_end_object(json);
    }
}

static void put_parts(struct zta_json *json, const struct ctl_summary *summary)
{
    char name[16];
    zta_json_begin_array(json, "outcomes");
    for (unsigned i = 0; i <= ZTA_OUTCOME_CHALLENGE; i++) {
        put_named(json, zta_outcome_name((enum zta_outcome)i),
                  summary->now.counts[ZTA_SERIES_OUTCOME + i],
                  summary->before.counts[ZTA_SERIES_OUTCOME + i]);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "reasons");
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        put_named(json, zta_reason_name((enum zta_reason)i), summary->now.reasons[i],
                  summary->before.reasons[i]);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "stages");
    for (unsigned i = 0; i <= ZTA_STAGE_MAX; i++) {
        (void)snprintf(name, sizeof name, "%u", i);
        put_named(json, name, summary->now.counts[ZTA_SERIES_STAGE + i],
                  summary->before.counts[ZTA_SERIES_STAGE + i]);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "scores");
    for (unsigned i = 0; i < ZTA_SERIES_SCORES; i++) {
        (void)snprintf(name, sizeof name, "%u-%u", i * 20, i * 20 + 19 + i / 4);
        put_named(json, name, summary->now.counts[ZTA_SERIES_SCORE + i],
                  summary->before.counts[ZTA_SERIES_SCORE + i]);
    }
    zta_json_end_array(json);
}

static void put_routes(struct zta_json *json, const struct zta_series_point *point)
{
    zta_json_begin_array(json, "routes");
    for (size_t i = 0; i < point->n_routes; i++) {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "name", point->routes[i].name);
        zta_json_int(json, "requests", (int64_t)point->routes[i].n);
        zta_json_int(json, "refused", (int64_t)point->routes[i].n_refused);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void put_latencies(struct zta_json *json, const struct ctl_summary *summary)
{
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}};
    zta_json_begin_object(json, "latency_us");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        put_pair(json, parts[i].name, zta_series_latency_us(&summary->now, parts[i].part),
                 zta_series_latency_us(&summary->before, parts[i].part));
    }
    zta_json_end_object(json);
}

static void put_course(struct zta_json *json, const struct ctl_summary *summary)
{
    zta_json_begin_array(json, "course");
    for (size_t i = 0; i < summary->n_bars; i++) {
        const struct ctl_summary_bar *bar = &summary->bars[i];
        zta_json_begin_object(json, NULL);
        zta_json_time(json, "time", summary->from_s + (int64_t)i * summary->bar_s);
        zta_json_int(json, "requests", (int64_t)bar->n);
        zta_json_int(json, "refused", (int64_t)(bar->n - bar->outcomes[ZTA_OUTCOME_ALLOW]));
        zta_json_int(json, "p50_us", (int64_t)bar->p50_us);
        zta_json_int(json, "p95_us", (int64_t)bar->p95_us);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

/* ---- recorded requests ---- */

static void put_tally(struct zta_json *json, const char *name, const struct zta_tally *tally)
{
    zta_json_begin_array(json, name);
    for (size_t i = 0; i < tally->n_rows && i < ROWS_MAX; i++) {
        const struct zta_tally_row *row = &tally->rows[i];
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "name", row->name);
        zta_json_int(json, "requests", (int64_t)(row->n[0] > 0 ? row->n[0] : row->n[1]));
        zta_json_int(json, "refused", (int64_t)row->n[1]);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void put_recorded(struct zta_json *json, const struct ctl_summary *summary)
{
    zta_json_begin_object(json, "recorded");
    zta_json_time(json, "since", summary->oldest_s);
    zta_json_int(json, "rows", (int64_t)summary->n_rows);
    zta_json_int(json, "requests", (int64_t)summary->n_recorded);
    put_tally(json, "rules", &summary->rules);
    put_tally(json, "subjects", &summary->subjects);
    put_tally(json, "addresses", &summary->addresses);
    put_tally(json, "signals", &summary->signals);
    zta_json_end_object(json);
}

/* ---- what was done, and holds ---- */

static void put_facts(struct zta_json *json, const char *name, const struct ctl_facts *facts)
{
    zta_json_begin_object(json, name);
    zta_json_int(json, "all", (int64_t)facts->n_all);
    zta_json_begin_array(json, "rows");
    for (size_t i = 0; i < facts->n; i++) {
        const struct ctl_fact *fact = &facts->all[i];
        zta_json_begin_object(json, NULL);
        zta_json_time(json, "time", fact->time_s);
        zta_json_string(json, "who", fact->who);
        zta_json_string(json, "what", fact->what);
        zta_json_string(json, "whom", fact->whom);
        zta_json_string(json, "why", fact->why);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_end_object(json);
}

static void put_state(struct zta_json *json, const struct ctl_summary *summary)
{
    zta_json_begin_array(json, "places");
    for (size_t i = 0; i < summary->places->n; i++) {
        const struct ctl_place *place = &summary->places->all[i];
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "server", place->server);
        zta_json_string(json, "path", place->path);
        zta_json_int(json, "stage", place->stance.stage);
        zta_json_int(json, "monitor", place->stance.monitor);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "readiness");
    for (size_t i = 0; i < summary->n_stages; i++) {
        const struct ctl_readiness *row = &summary->stages[i];
        zta_json_begin_object(json, NULL);
        zta_json_int(json, "stage", row->stage);
        zta_json_bool(json, "ready", row->is_ready);
        zta_json_int(json, "requests", (int64_t)row->n_requests);
        zta_json_int(json, "refused", (int64_t)row->n_refused);
        zta_json_int(json, "undecided", (int64_t)row->n_undecided);
        zta_json_string(json, "fix", row->fix[0] == '\0' ? NULL : row->fix);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_begin_array(json, "revoked");
    for (unsigned i = 0; i < CTL_SUMMARY_KINDS; i++) {
        if (summary->revoked[i] > 0) {
            zta_json_begin_object(json, NULL);
            zta_json_string(json, "kind", zta_revocation_kind_name((enum zta_revocation_kind)i));
            zta_json_int(json, "in_force", (int64_t)summary->revoked[i]);
            zta_json_int(json, "in_period", (int64_t)summary->revoked_now[i]);
            zta_json_end_object(json);
        }
    }
    zta_json_end_array(json);
}

void ctl_summary_json(const struct ctl_summary *summary, struct zta_json *json)
{
    zta_json_time(json, "from", summary->from_s);
    zta_json_time(json, "until", summary->until_s);
    zta_json_time(json, "before", summary->before_s);
    zta_json_time(json, "counted_since", summary->kept_s);
    zta_json_int(json, "span_s", zta_series_span_s(summary->span));
    zta_json_bool(json, "running", summary->is_running);
    zta_json_string(json, "threat_level", zta_threat_level_name(summary->heartbeat.threat));
    put_counts(json, summary);
    put_parts(json, summary);
    put_latencies(json, summary);
    put_routes(json, &summary->now);
    put_course(json, summary);
    put_recorded(json, summary);
    put_state(json, summary);
    put_facts(json, "monitored_rules", &summary->monitored);
    put_facts(json, "operators", &summary->operators);
    put_facts(json, "automation", &summary->automation);
    put_facts(json, "measures", &summary->measures);
    put_facts(json, "issuers", &summary->issuers);
    put_facts(json, "alerts", &summary->alerts);
}
