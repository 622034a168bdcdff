/* SPDX-License-Identifier: Apache-2.0 */
/* The families of metrics.def in its order, then each counter of counters.def. */
#include "mod_zta/handlers/metrics.h"

#include <http_log.h>

#include <apr_strings.h>

#include "mod_zta/child.h"
#include "mod_zta/handlers/picture.h"
#include "shared/base/clock.h"
#include "shared/base/exposition.h"
#include "shared/base/version.h"
#include "shared/live/ring.h"
#include "shared/live/totals.h"

APLOG_USE_MODULE(zta);

enum metric {
#define ZTA_METRIC(upper, lower, kind, unit_text, labels, help_text) METRIC_##upper,
#include "shared/live/metrics.def"
#undef ZTA_METRIC
};

static const struct zta_metric_family families[] = {
#define ZTA_METRIC(upper, lower, kind, unit_text, labels, help_text)                               \
    [METRIC_##upper] = {                                                                           \
        .name = (lower), .type = ZTA_METRIC_##kind, .unit = (unit_text), .help = (help_text)},
#include "shared/live/metrics.def"
#undef ZTA_METRIC
};

static const struct zta_metric_family counters[ZTA_N_COUNTERS] = {
#define ZTA_COUNTER(upper, lower, help_text)                                                       \
    [ZTA_COUNTER_##upper] = {                                                                      \
        .name = "zta_" #lower, .type = ZTA_METRIC_COUNTER, .unit = "", .help = (help_text)},
#include "shared/live/counters.def"
#undef ZTA_COUNTER
};

/* One exposition under way. */
struct writing {
    const struct mod_zta_picture *picture;
    const struct zta_segment *segment;
    struct zta_exposition out;
};

static void gauge(struct writing *writing, enum metric metric, uint64_t value)
{
    zta_exposition_begin(&writing->out, &families[metric]);
    zta_exposition_count(&writing->out, NULL, 0, value);
}

static void seconds(struct writing *writing, enum metric metric, int64_t value_ns)
{
    zta_exposition_begin(&writing->out, &families[metric]);
    zta_exposition_billionths(&writing->out, NULL, 0, value_ns);
}

/* ---- what requests came to ---- */

static void put_build(struct writing *writing)
{
    const struct zta_metric_label version = {.name = "version",
                                             .value = ZTA_TEXT(ZTA_VERSION_TEXT)};
    zta_exposition_begin(&writing->out, &families[METRIC_BUILD]);
    zta_exposition_count(&writing->out, &version, 1, 1);
    seconds(writing, METRIC_START_TIME, zta_segment_created_real_ns(writing->segment));
}

/* What was never decided so has no line, but for requests that were let in. */
static void put_decisions_of(struct writing *writing, uint8_t stage, enum zta_outcome outcome)
{
    const char digit[] = {(char)('0' + stage)};
    struct zta_metric_label labels[] = {
        {.name = "outcome", .value = zta_text_of(zta_outcome_name(outcome))},
        {.name = "stage", .value = {.data = digit, .len = 1}},
        {.name = "reason"},
    };
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        const enum zta_reason reason = (enum zta_reason)i;
        const uint64_t n = zta_totals_decisions(writing->segment, stage, outcome, reason);
        if (n > 0 || (outcome == ZTA_OUTCOME_ALLOW && reason == ZTA_REASON_OK)) {
            labels[2].value = zta_text_of(zta_reason_name(reason));
            zta_exposition_count(&writing->out, labels, 3, n);
        }
    }
}

static void put_decisions(struct writing *writing)
{
    zta_exposition_begin(&writing->out, &families[METRIC_DECISIONS]);
    for (unsigned outcome = 0; outcome < ZTA_TOTALS_OUTCOMES; outcome++) {
        for (uint8_t stage = 0; stage < ZTA_TOTALS_STAGES; stage++) {
            put_decisions_of(writing, stage, (enum zta_outcome)outcome);
        }
    }
}

static void put_monitored(struct writing *writing)
{
    zta_exposition_begin(&writing->out, &families[METRIC_MONITORED]);
    for (unsigned o = 0; o < ZTA_TOTALS_OUTCOMES; o++) {
        for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
            const enum zta_outcome outcome = (enum zta_outcome)o;
            const enum zta_reason reason = (enum zta_reason)i;
            const struct zta_metric_label labels[] = {
                {.name = "outcome", .value = zta_text_of(zta_outcome_name(outcome))},
                {.name = "reason", .value = zta_text_of(zta_reason_name(reason))},
            };
            const uint64_t n = zta_totals_monitored(writing->segment, outcome, reason);
            if (n > 0) {
                zta_exposition_count(&writing->out, labels, 2, n);
            }
        }
    }
}

static void put_duration(struct writing *writing, enum metric metric, enum zta_duration duration)
{
    const struct zta_duration_bound *bounds = zta_duration_bounds(duration);
    struct zta_metric_bucket buckets[ZTA_DURATION_BUCKETS];
    struct zta_duration_sum sum;
    zta_totals_durations(writing->segment, duration, &sum);
    for (size_t i = 0; i < ZTA_DURATION_BUCKETS; i++) {
        buckets[i] = (struct zta_metric_bucket){.bound = bounds[i].text, .n = sum.buckets[i]};
    }
    zta_exposition_begin(&writing->out, &families[metric]);
    zta_exposition_histogram(&writing->out, buckets, ZTA_DURATION_BUCKETS, sum.total_ns);
}

/* ---- the server ---- */

static void put_server(struct writing *writing)
{
    const struct mod_zta_picture *picture = writing->picture;
    const struct zta_segment *segment = writing->segment;
    const struct zta_limits_sample *limits = &picture->limits;
    const uint64_t billionths =
        limits->n_looked == 0 ? 0 : limits->n_used * (uint64_t)ZTA_NS_PER_S / limits->n_looked;
    gauge(writing, METRIC_CHILDREN, zta_segment_children(segment));
    gauge(writing, METRIC_CONFIGURATION, zta_segment_config_generation(segment));
    gauge(writing, METRIC_FALLBACK, picture->refusal != NULL);
    gauge(writing, METRIC_RULES, picture->n_rules);
    gauge(writing, METRIC_LIVE_RULES, picture->live_version);
    gauge(writing, METRIC_STEP_BACKS, picture->n_step_backs);
    gauge(writing, METRIC_THREAT, (uint64_t)zta_segment_threat(segment));
    /* The tail first: it never passes the head that is read behind it. */
    const uint64_t tail = zta_ring_tail(segment);
    gauge(writing, METRIC_RING_WAITING, zta_ring_head(segment) - tail);
    gauge(writing, METRIC_RING_CAPACITY, zta_ring_capacity(segment));
    seconds(writing, METRIC_LIMITS_USED, (int64_t)billionths);
    gauge(writing, METRIC_STORE_READABLE, picture->is_store_readable);
}

/* ---- the store ---- */

static void put_usage(struct writing *writing, enum metric metric, size_t offset)
{
    const struct mod_zta_picture_usage *usages = writing->picture->usages;
    const size_t n = sizeof(writing->picture->usages) / sizeof(usages[0]);
    zta_exposition_begin(&writing->out, &families[metric]);
    for (size_t i = 0; i < n; i++) {
        const struct zta_metric_label label = {.name = "environment",
                                               .value = zta_text_of(usages[i].name)};
        const void *value = (const char *)&usages[i].usage + offset;
        if (usages[i].is_known) {
            zta_exposition_count(&writing->out, &label, 1, *(const uint64_t *)value);
        }
    }
}

static void put_store(struct writing *writing)
{
    const struct mod_zta_picture *picture = writing->picture;
    if (!picture->is_store_readable) {
        return;
    }
    if (picture->has_heartbeat) {
        seconds(writing, METRIC_HEARTBEAT, picture->heartbeat.time_s * ZTA_NS_PER_S);
    }
    put_usage(writing, METRIC_STORE_SIZE, offsetof(struct zta_store_usage, map_size));
    put_usage(writing, METRIC_STORE_USED, offsetof(struct zta_store_usage, used));
    put_usage(writing, METRIC_STORE_FILE, offsetof(struct zta_store_usage, file_size));
    gauge(writing, METRIC_SESSIONS, picture->n_sessions);
    gauge(writing, METRIC_EVENTS, picture->n_events);
    gauge(writing, METRIC_REVOCATIONS, picture->n_revocations);
    gauge(writing, METRIC_BLOCKS, picture->n_blocks);
    if (picture->fleet_as_of_s > 0) {
        gauge(writing, METRIC_FLEET_REFUSED, picture->n_fleet_refused);
        gauge(writing, METRIC_FLEET_HELD, picture->n_fleet_held);
        seconds(writing, METRIC_FLEET_AS_OF, picture->fleet_as_of_s * ZTA_NS_PER_S);
    }
}

/* ---- issuers and alerts ---- */

/* The value of an issuer in billionths. False: it has none. */
typedef bool (*issuer_fn)(const struct mod_zta_picture_issuer *issuer, uint64_t *value);

static bool usable_of(const struct mod_zta_picture_issuer *issuer, uint64_t *value)
{
    *value = issuer->is_usable;
    return true;
}

static bool fetched_of(const struct mod_zta_picture_issuer *issuer, uint64_t *value)
{
    *value = (uint64_t)issuer->fetched_s;
    return issuer->has_record;
}

static bool failures_of(const struct mod_zta_picture_issuer *issuer, uint64_t *value)
{
    *value = issuer->n_failures;
    return issuer->has_record;
}

static bool unanswered_of(const struct mod_zta_picture_issuer *issuer, uint64_t *value)
{
    *value = issuer->n_unanswered;
    return issuer->config->issuer.introspection != NULL;
}

static void put_issuers(struct writing *writing, enum metric metric, issuer_fn value_of)
{
    const apr_array_header_t *issuers = writing->picture->issuers;
    zta_exposition_begin(&writing->out, &families[metric]);
    for (int i = 0; i < issuers->nelts; i++) {
        const struct mod_zta_picture_issuer *issuer =
            &APR_ARRAY_IDX(issuers, i, struct mod_zta_picture_issuer);
        const struct zta_metric_label label = {.name = "issuer",
                                               .value = issuer->config->issuer.name};
        uint64_t value;
        if (value_of(issuer, &value)) {
            zta_exposition_count(&writing->out, &label, 1, value);
        }
    }
}

static bool is_told_before(const apr_array_header_t *alerts, int index)
{
    for (int i = 0; i < index; i++) {
        if (zta_text_equal(APR_ARRAY_IDX(alerts, i, struct zta_published_alert).name,
                           APR_ARRAY_IDX(alerts, index, struct zta_published_alert).name)) {
            return true;
        }
    }
    return false;
}

static void put_alerts(struct writing *writing)
{
    const apr_array_header_t *alerts = writing->picture->alerts;
    zta_exposition_begin(&writing->out, &families[METRIC_ALERTS]);
    for (int i = 0; i < alerts->nelts; i++) {
        const struct zta_metric_label label = {
            .name = "alert", .value = APR_ARRAY_IDX(alerts, i, struct zta_published_alert).name};
        if (!is_told_before(alerts, i)) {
            zta_exposition_count(&writing->out, &label, 1, 1);
        }
    }
}

static void put_counters(struct writing *writing)
{
    for (unsigned i = 0; i < ZTA_N_COUNTERS; i++) {
        zta_exposition_begin(&writing->out, &counters[i]);
        zta_exposition_count(&writing->out, NULL, 0,
                             zta_counter_get(writing->segment, (enum zta_counter)i));
    }
}

static bool write_metrics(const struct mod_zta_picture *picture, request_rec *r,
                          struct zta_buffer *buffer)
{
    struct writing writing = {.picture = picture, .segment = mod_zta_segment()};
    zta_exposition_init(&writing.out, buffer,
                        zta_exposition_choose(apr_table_get(r->headers_in, "Accept")));
    put_build(&writing);
    put_decisions(&writing);
    put_monitored(&writing);
    put_duration(&writing, METRIC_JUDGEMENT_DURATION, ZTA_DURATION_JUDGEMENT);
    put_duration(&writing, METRIC_REQUEST_DURATION, ZTA_DURATION_REQUEST);
    put_server(&writing);
    put_store(&writing);
    put_issuers(&writing, METRIC_KEYS_USABLE, usable_of);
    put_issuers(&writing, METRIC_KEYS_FETCHED, fetched_of);
    put_issuers(&writing, METRIC_KEYS_FAILURES, failures_of);
    put_issuers(&writing, METRIC_ASKED_FAILURES, unanswered_of);
    put_alerts(&writing);
    put_counters(&writing);
    zta_exposition_end(&writing.out);
    return !buffer->is_overflowed;
}

int mod_zta_metrics_handle(request_rec *r)
{
    struct mod_zta_picture picture;
    const int status = mod_zta_picture_check_method(r);
    if (status != OK) {
        return status;
    }
    mod_zta_picture_take(r, MOD_ZTA_PICTURE_WHOLE, &picture);
    if (!picture.is_governed || !picture.has_segment) {
        ap_log_rerror(
            APLOG_MARK, APLOG_INFO, 0, r,
            "ZTA0153: there is nothing to measure: no place of this server has a stage, or it "
            "lost its store at a restart");
        return HTTP_SERVICE_UNAVAILABLE;
    }
    /* Several accepts, several forms of one thing. */
    apr_table_mergen(r->headers_out, "Vary", "Accept");
    return mod_zta_picture_send(
        r, &picture,
        zta_exposition_content_type(zta_exposition_choose(apr_table_get(r->headers_in, "Accept"))),
        write_metrics);
}
