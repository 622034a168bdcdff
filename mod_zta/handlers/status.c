/* SPDX-License-Identifier: Apache-2.0 */
/* The picture as JSON, and what load balancers get of it. */
#include "mod_zta/handlers/status.h"

#include <http_config.h>
#include <http_main.h>
#include <http_protocol.h>

#include <string.h>

#include "mod_zta/check.h"
#include "mod_zta/child.h"
#include "mod_zta/handlers/picture.h"
#include "mod_zta/places.h"
#include "shared/base/clock.h"
#include "shared/base/json.h"
#include "shared/base/version.h"
#include "shared/live/ring.h"
#include "shared/risk_signals.h"

/* ---- places ---- */

static void write_location(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                           const struct mod_zta_dir *parent)
{
    struct zta_json *json = context;
    char server[MOD_ZTA_SERVER_LABEL_SIZE];
    struct zta_published_location location;
    if (!mod_zta_places_describe(s, dir, parent, server, &location)) {
        return;
    }
    zta_json_begin_object(json, NULL);
    zta_json_text(json, "server", location.server);
    zta_json_text(json, "path", location.path);
    zta_json_bool(json, "is_pattern", location.is_pattern);
    zta_json_int(json, "stage", location.stance.stage);
    zta_json_int(json, "monitor", location.stance.monitor);
    zta_json_begin_object(json, "features");
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        zta_json_string(json, zta_feature_name((enum zta_feature)i),
                        zta_mode_name((enum zta_mode)location.stance.modes[i]));
    }
    zta_json_end_object(json);
    zta_json_end_object(json);
}

static void write_step_backs(struct zta_json *json, const apr_array_header_t *step_backs)
{
    zta_json_begin_array(json, "stepped_back");
    for (int i = 0; i < step_backs->nelts; i++) {
        const struct zta_layer_entry *entry = &APR_ARRAY_IDX(step_backs, i, struct zta_layer_entry);
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "location", entry->name);
        zta_json_time(json, "until", entry->until_s);
        zta_json_text(json, "by", entry->author);
        zta_json_text(json, "reason", entry->reason);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

/* ---- the server ---- */

static void write_faults(struct zta_json *json, const struct mod_zta_picture *picture)
{
    zta_json_bool(json, "ready", mod_zta_picture_is_ready(picture));
    zta_json_begin_array(json, "faults");
    for (unsigned i = 0; i < MOD_ZTA_N_FAULTS; i++) {
        if (mod_zta_picture_has_fault(picture, (enum mod_zta_fault)i)) {
            zta_json_string(json, NULL, mod_zta_fault_name((enum mod_zta_fault)i));
        }
    }
    zta_json_end_array(json);
}

static void write_rules(struct zta_json *json, const struct mod_zta_picture *picture)
{
    zta_json_begin_object(json, "rules");
    zta_json_bool(json, "usable", picture->are_rules_usable);
    zta_json_int(json, "in_force", (int64_t)picture->n_rules);
    zta_json_int(json, "live_version", (int64_t)picture->live_version);
    zta_json_string(json, "sha256", picture->rules_hash);
    zta_json_end_object(json);
}

static void write_helper(struct zta_json *json, const struct mod_zta_picture *picture)
{
    const struct zta_heartbeat *heartbeat = &picture->heartbeat;
    const bool is_known = picture->has_heartbeat;
    zta_json_begin_object(json, "helper");
    zta_json_bool(json, "alive", picture->is_helper_alive);
    zta_json_time(json, "heartbeat", is_known ? heartbeat->time_s : 0);
    zta_json_time(json, "started", is_known ? heartbeat->started_s : 0);
    zta_json_int(json, "pid", is_known ? heartbeat->pid : 0);
    zta_json_end_object(json);
    zta_json_begin_object(json, "threat");
    zta_json_string(json, "level", zta_threat_level_name(zta_segment_threat(mod_zta_segment())));
    zta_json_time(json, "since", is_known ? heartbeat->threat_since_s : 0);
    zta_json_string(json, "reason", is_known ? heartbeat->threat_reason : "");
    zta_json_end_object(json);
}

static void write_usage(struct zta_json *json, const struct mod_zta_picture_usage *usage)
{
    if (!usage->is_known) {
        return;
    }
    zta_json_begin_object(json, usage->name);
    zta_json_int(json, "size", (int64_t)usage->usage.map_size);
    zta_json_int(json, "used", (int64_t)usage->usage.used);
    zta_json_int(json, "file", (int64_t)usage->usage.file_size);
    zta_json_int(json, "readers", (int64_t)usage->usage.n_readers);
    zta_json_end_object(json);
}

static void write_store(struct zta_json *json, const struct mod_zta_picture *picture)
{
    zta_json_begin_object(json, "store");
    zta_json_bool(json, "readable", picture->is_store_readable);
    if (picture->is_store_readable) {
        zta_json_int(json, "sessions", (int64_t)picture->n_sessions);
        zta_json_int(json, "events", (int64_t)picture->n_events);
        zta_json_int(json, "revocations", (int64_t)picture->n_revocations);
        zta_json_int(json, "blocks", (int64_t)picture->n_blocks);
        zta_json_time(json, "fleet_as_of", picture->fleet_as_of_s);
    }
    write_usage(json, &picture->usages[0]);
    write_usage(json, &picture->usages[1]);
    zta_json_end_object(json);
}

static void write_ring(struct zta_json *json, const struct zta_segment *segment)
{
    /* The tail first: it never passes the head that is read behind it. */
    const uint64_t tail = zta_ring_tail(segment);
    zta_json_begin_object(json, "ring");
    zta_json_int(json, "waiting", (int64_t)(zta_ring_head(segment) - tail));
    zta_json_int(json, "capacity", (int64_t)zta_ring_capacity(segment));
    zta_json_end_object(json);
}

/* ---- issuers, alerts, counters ---- */

static void write_issuers(struct zta_json *json, const apr_array_header_t *issuers)
{
    zta_json_begin_array(json, "issuers");
    for (int i = 0; i < issuers->nelts; i++) {
        const struct mod_zta_picture_issuer *issuer =
            &APR_ARRAY_IDX(issuers, i, struct mod_zta_picture_issuer);
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "name", issuer->config->issuer.name);
        zta_json_text(json, "url", issuer->config->issuer.url);
        zta_json_bool(json, "accepted", issuer->config->is_accepted);
        zta_json_bool(json, "usable", issuer->is_usable);
        zta_json_string(json, "keys", issuer->config->keys);
        zta_json_time(json, "fetched", issuer->fetched_s);
        zta_json_time(json, "next", issuer->next_s);
        zta_json_int(json, "failures", (int64_t)issuer->n_failures);
        zta_json_string(json, "error", issuer->error);
        zta_json_int(json, "unanswered", (int64_t)issuer->n_unanswered);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void write_alerts(struct zta_json *json, const apr_array_header_t *alerts)
{
    zta_json_begin_array(json, "alerts");
    for (int i = 0; i < alerts->nelts; i++) {
        const struct zta_published_alert *alert =
            &APR_ARRAY_IDX(alerts, i, struct zta_published_alert);
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "name", alert->name);
        zta_json_text(json, "text", alert->text);
        zta_json_time(json, "since", alert->since_s);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

static void write_counters(struct zta_json *json, const struct zta_segment *segment)
{
    zta_json_begin_object(json, "counters");
    for (unsigned i = 0; i < ZTA_N_COUNTERS; i++) {
        const enum zta_counter counter = (enum zta_counter)i;
        zta_json_int(json, zta_counter_name(counter), (int64_t)zta_counter_get(segment, counter));
    }
    zta_json_end_object(json);
}

static void write_governed(struct zta_json *json, const struct mod_zta_picture *picture,
                           request_rec *r)
{
    const struct zta_segment *segment = mod_zta_segment();
    zta_json_time(json, "since", zta_segment_created_real_ns(segment) / ZTA_NS_PER_S);
    zta_json_int(json, "configuration", (int64_t)zta_segment_config_generation(segment));
    zta_json_string(json, "refused", picture->refusal);
    zta_json_int(json, "children", (int64_t)zta_segment_children(segment));
    zta_json_begin_array(json, "locations");
    mod_zta_each_place(r->pool, ap_server_conf, write_location, json);
    zta_json_end_array(json);
    write_step_backs(json, picture->step_backs);
    write_rules(json, picture);
    write_helper(json, picture);
    write_store(json, picture);
    write_ring(json, segment);
    write_issuers(json, picture->issuers);
    write_alerts(json, picture->alerts);
    write_counters(json, segment);
}

static bool write_status(const struct mod_zta_picture *picture, request_rec *r,
                         struct zta_buffer *buffer)
{
    struct zta_json json;
    zta_json_init(&json, buffer);
    zta_json_begin_object(&json, NULL);
    zta_json_string(&json, "version", ZTA_VERSION_TEXT);
    zta_json_time(&json, "time", picture->now_s);
    zta_json_bool(&json, "governed", picture->is_governed);
    write_faults(&json, picture);
    if (picture->has_segment && picture->is_governed) {
        write_governed(&json, picture, r);
    }
    else if (picture->is_governed) {
        zta_json_string(&json, "refused", picture->refusal);
    }
    zta_json_end_object(&json);
    zta_buffer_string(buffer, "\n");
    return !buffer->is_overflowed;
}

int mod_zta_status_handle(request_rec *r)
{
    struct mod_zta_picture picture;
    const int status = mod_zta_picture_check_method(r);
    if (status != OK) {
        return status;
    }
    mod_zta_picture_take(r, MOD_ZTA_PICTURE_WHOLE, &picture);
    return mod_zta_picture_send(r, &picture, "application/json", write_status);
}

/* ---- load balancers ---- */

static bool write_live(const struct mod_zta_picture *picture, request_rec *r,
                       struct zta_buffer *buffer)
{
    zta_buffer_string(buffer, "live\n");
    return true;
}

static bool write_ready(const struct mod_zta_picture *picture, request_rec *r,
                        struct zta_buffer *buffer)
{
    zta_buffer_string(buffer, mod_zta_picture_is_ready(picture) ? "ready\n" : "not ready\n");
    return true;
}

int mod_zta_status_handle_live(request_rec *r)
{
    const int status = mod_zta_picture_check_method(r);
    return status != OK ? status : mod_zta_picture_send(r, NULL, "text/plain", write_live);
}

int mod_zta_status_handle_ready(request_rec *r)
{
    struct mod_zta_picture picture;
    const int status = mod_zta_picture_check_method(r);
    if (status != OK) {
        return status;
    }
    mod_zta_picture_take(r, MOD_ZTA_PICTURE_READINESS, &picture);
    if (!mod_zta_picture_is_ready(&picture)) {
        /* Not by returning it: an ErrorDocument would say more than a word. */
        r->status = HTTP_SERVICE_UNAVAILABLE;
    }
    return mod_zta_picture_send(r, &picture, "text/plain", write_ready);
}
