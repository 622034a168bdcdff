/* SPDX-License-Identifier: Apache-2.0 */
/* Our part of mod_status's page: who may see that page is configured there. */
#include "mod_zta/handlers/status.h"

#include <http_protocol.h>
#include <util_script.h>

#include <apr_strings.h>
#include <mod_status.h>

#include <inttypes.h>

#include "mod_zta/child.h"
#include "mod_zta/handlers/picture.h"
#include "shared/base/version.h"
#include "shared/live/ring.h"
#include "shared/risk_signals.h"

/* One line of the page; of the short form a key and its value. */
struct line {
    request_rec *r;
    int flags;
};

static void say(const struct line *line, const char *key, const char *label, const char *text)
{
    if ((line->flags & AP_STATUS_SHORT) != 0) {
        ap_rprintf(line->r, "ZTA%s: %s\n", key, text);
    }
    else {
        ap_rprintf(line->r, "<dt>%s: %s</dt>\n", label, ap_escape_html(line->r->pool, text));
    }
}

static void say_number(const struct line *line, const char *key, const char *label, uint64_t number)
{
    say(line, key, label, apr_psprintf(line->r->pool, "%" PRIu64, number));
}

static const char *list_faults(apr_pool_t *pool, const struct mod_zta_picture *picture)
{
    const char *faults = "";
    for (unsigned i = 0; i < MOD_ZTA_N_FAULTS; i++) {
        if (mod_zta_picture_has_fault(picture, (enum mod_zta_fault)i)) {
            faults = apr_pstrcat(pool, faults, faults[0] != '\0' ? " " : "",
                                 mod_zta_fault_name((enum mod_zta_fault)i), NULL);
        }
    }
    return faults[0] != '\0' ? faults : "none";
}

static const char *list_issuers(apr_pool_t *pool, const struct mod_zta_picture *picture)
{
    const char *issuers = "";
    for (int i = 0; i < picture->issuers->nelts; i++) {
        const struct mod_zta_picture_issuer *issuer =
            &APR_ARRAY_IDX(picture->issuers, i, struct mod_zta_picture_issuer);
        issuers = apr_psprintf(
            pool, "%s%s%.*s%s", issuers, i > 0 ? ", " : "", (int)issuer->config->issuer.name.len,
            issuer->config->issuer.name.data, issuer->is_usable ? "" : " (no usable keys)");
    }
    return issuers[0] != '\0' ? issuers : "none";
}

static const char *list_alerts(apr_pool_t *pool, const struct mod_zta_picture *picture)
{
    const char *alerts = "";
    for (int i = 0; i < picture->alerts->nelts; i++) {
        const struct zta_text name =
            APR_ARRAY_IDX(picture->alerts, i, struct zta_published_alert).name;
        alerts =
            apr_psprintf(pool, "%s%s%.*s", alerts, i > 0 ? ", " : "", (int)name.len, name.data);
    }
    return alerts[0] != '\0' ? alerts : "none";
}

static void say_counters(const struct line *line, const struct zta_segment *segment)
{
    static const struct {
        enum zta_counter counter;
        const char *key;
        const char *label;
    } rows[] = {
        {ZTA_COUNTER_REQUESTS, "Requests", "Requests judged"},
        {ZTA_COUNTER_ALLOWED, "Allowed", "Allowed"},
        {ZTA_COUNTER_DENIED, "Denied", "Denied"},
        {ZTA_COUNTER_MONITOR_WOULD_DENY, "MonitorWouldDeny", "Allowed, monitored parts would deny"},
        {ZTA_COUNTER_LIMITED, "Limited", "Refused by a limit"},
        {ZTA_COUNTER_TOKEN_CACHE_HITS, "TokenCacheHits", "Tokens found in the cache"},
        {ZTA_COUNTER_TOKEN_CACHE_MISSES, "TokenCacheMisses", "Tokens not found there"},
        {ZTA_COUNTER_EVENTS_DROPPED_FULL, "EventsDropped", "Events dropped for want of room"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        say_number(line, rows[i].key, rows[i].label, zta_counter_get(segment, rows[i].counter));
    }
}

static void say_governed(const struct line *line, const struct mod_zta_picture *picture)
{
    apr_pool_t *pool = line->r->pool;
    const struct zta_segment *segment = mod_zta_segment();
    const uint64_t tail = zta_ring_tail(segment);
    say(line, "Threat", "Threat level", zta_threat_level_name(zta_segment_threat(segment)));
    say_number(line, "Rules", "Rules in force", picture->n_rules);
    say_number(line, "SteppedBack", "Places put back to monitor", picture->n_step_backs);
    say(line, "Issuers", "Issuers", list_issuers(pool, picture));
    say(line, "Alerts", "Alerts", list_alerts(pool, picture));
    say_number(line, "RingWaiting", "Events that wait", zta_ring_head(segment) - tail);
    say_number(line, "Sessions", "Sessions", picture->n_sessions);
    say_counters(line, segment);
}

int mod_zta_status_page(request_rec *r, int flags)
{
    struct mod_zta_picture picture;
    const struct line line = {.r = r, .flags = flags};
    const bool is_short = (flags & AP_STATUS_SHORT) != 0;
    mod_zta_picture_take(r, MOD_ZTA_PICTURE_WHOLE, &picture);
    if (!is_short) {
        ap_rputs("<hr />\n<h2>mod_zta</h2>\n<dl>\n", r);
    }
    say(&line, "Version", "Version", ZTA_VERSION_TEXT);
    say(&line, "Ready", "Ready", mod_zta_picture_is_ready(&picture) ? "yes" : "no");
    if (picture.is_governed) {
        say(&line, "Faults", "Faults", list_faults(r->pool, &picture));
    }
    if (picture.is_governed && picture.has_segment) {
        say_governed(&line, &picture);
    }
    if (!is_short) {
        ap_rputs("</dl>\n", r);
    }
    return OK;
}
