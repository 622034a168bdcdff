/* SPDX-License-Identifier: Apache-2.0 */
/* One look at everything; a failure to read the store leaves its part out, and says so. */
#include "mod_zta/handlers/picture.h"

#include <http_config.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_strings.h>

#include <stdlib.h>

#include "mod_zta/assertion.h"
#include "mod_zta/child.h"
#include "mod_zta/config.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/keys.h"
#include "mod_zta/posture_config.h"
#include "mod_zta/rules.h"
#include "mod_zta/transmitter_config.h"
#include "shared/base/clock.h"
#include "shared/base/hash.h"
#include "shared/live/flights.h"
#include "shared/store/blocks.h"
#include "shared/store/events.h"
#include "shared/store/fleet_held.h"
#include "shared/store/keysets.h"
#include "shared/store/layers.h"
#include "shared/store/revocations.h"
#include "shared/store/sessions.h"

APLOG_USE_MODULE(zta);

#define DOCUMENT_SIZE     ((size_t)32 << 10)
#define DOCUMENT_SIZE_MAX ((size_t)64 << 20)

/* A picture in the making. */
struct painter {
    apr_pool_t *pool;
    struct mod_zta_picture *picture;
    struct zta_view *view; /* NULL: the store cannot be read */
};

static const char *text_copy(apr_pool_t *pool, struct zta_text text)
{
    return zta_text_is_absent(text) ? NULL : apr_pstrmemdup(pool, text.data, text.len);
}

/* ---- the configuration ---- */

/* What is wrong with keys, of whomever they are; NULL: nothing. */
static const char *keys_alert(const struct mod_zta_global *global)
{
    const char *alert = global->assertion != NULL ? global->assertion->alert : NULL;
    for (int i = 0; i < global->issuers->nelts && alert == NULL; i++) {
        alert = APR_ARRAY_IDX(global->issuers, i, struct mod_zta_issuer_config *)->alert;
    }
    for (int i = 0; i < global->postures->nelts && alert == NULL; i++) {
        alert = APR_ARRAY_IDX(global->postures, i, struct mod_zta_posture_config *)->keys.alert;
    }
    for (int i = 0; i < global->transmitters->nelts && alert == NULL; i++) {
        alert =
            APR_ARRAY_IDX(global->transmitters, i, struct mod_zta_transmitter_config *)->keys.alert;
    }
    return alert;
}

/* What the parent found wrong at a restart and serves around. */
static void look_at_configuration(struct mod_zta_picture *picture)
{
    const struct mod_zta_global *global = mod_zta_global();
    picture->refusal = global->rules_alert != NULL ? global->rules_alert : keys_alert(global);
    picture->cannot_sign = global->assertion != NULL && global->assertion->signer == NULL;
    for (const server_rec *s = ap_server_conf; s != NULL; s = s->next) {
        const char *refusal = mod_zta_server_of(s)->refusal;
        picture->is_refused = picture->is_refused || refusal != NULL;
        picture->refusal = refusal != NULL ? refusal : picture->refusal;
    }
}

static void look_at_rules(struct mod_zta_picture *picture, const struct mod_zta_look *look)
{
    struct zta_held held;
    const struct mod_zta_rules *rules = mod_zta_rules_hold(look, picture->now_s, &held);
    picture->are_rules_usable = rules->set != NULL;
    picture->n_rules = rules->set != NULL ? zta_ruleset_n_rules(rules->set) : 0;
    picture->live_version = rules->live_version;
    picture->n_step_backs = rules->n_step_backs;
    mod_zta_rules_release(&held);
}

static void hash_rules(apr_pool_t *pool, struct mod_zta_picture *picture)
{
    const apr_array_header_t *files = mod_zta_global()->rules_files;
    struct zta_text *parts = apr_palloc(pool, sizeof(*parts) * (2 * (size_t)files->nelts + 1));
    struct zta_sha256 digest;
    for (int i = 0; i < files->nelts; i++) {
        const struct mod_zta_rules_file *file = &APR_ARRAY_IDX(files, i, struct mod_zta_rules_file);
        parts[2 * i] = zta_text_of(file->name);
        parts[2 * i + 1] = (struct zta_text){.data = file->text, .len = file->len};
    }
    zta_sha256_parts(parts, 2 * (size_t)files->nelts, &digest);
    zta_hex_encode(digest.bytes, sizeof(digest.bytes), picture->rules_hash);
}

/* ---- issuers ---- */

static void look_at_fetching(const struct painter *painter, struct mod_zta_picture_issuer *issuer)
{
    struct zta_keyset_record record;
    void *storage = NULL;
    if (painter->view == NULL || issuer->config->keys == NULL ||
        issuer->config->keys_file != NULL ||
        zta_keyset_get(painter->view, issuer->config->issuer.name, &record, &storage) != ZTA_OK) {
        return;
    }
    if (record.source == issuer->config->source) {
        issuer->has_record = true;
        issuer->fetched_s = record.fetched_s;
        issuer->next_s = record.next_s;
        issuer->n_failures = record.n_failures;
        issuer->error = text_copy(painter->pool, record.error);
    }
    free(storage);
}

static void look_at_issuers(struct painter *painter, enum mod_zta_picture_depth depth)
{
    const apr_array_header_t *issuers = mod_zta_global()->issuers;
    struct mod_zta_picture *picture = painter->picture;
    picture->issuers =
        apr_array_make(painter->pool, issuers->nelts + 1, sizeof(struct mod_zta_picture_issuer));
    for (int i = 0; i < issuers->nelts; i++) {
        struct mod_zta_picture_issuer issuer = {
            .config = APR_ARRAY_IDX(issuers, i, struct mod_zta_issuer_config *)};
        const struct mod_zta_issuer *known = &issuer.config->issuer;
        /* As a request does that brings a token: the newest keys that are there. */
        mod_zta_keys_look(known, painter->view);
        issuer.is_usable = issuer.config->keys == NULL
                               ? known->introspection != NULL
                               : mod_zta_keyring_hash(known->keyring, picture->now_s) != 0;
        if (depth == MOD_ZTA_PICTURE_WHOLE) {
            look_at_fetching(painter, &issuer);
        }
        if (known->introspection != NULL) {
            issuer.n_unanswered =
                zta_breaker_look(mod_zta_segment(), known->config_hash).n_failures;
        }
        APR_ARRAY_PUSH(picture->issuers, struct mod_zta_picture_issuer) = issuer;
    }
}

/* ---- the store ---- */

static enum zta_status look_at_helper(const struct painter *painter)
{
    struct mod_zta_picture *picture = painter->picture;
    const enum zta_status status =
        zta_published_get_heartbeat(painter->view, &picture->heartbeat, NULL, 0);
    picture->has_heartbeat =
        status == ZTA_OK && picture->heartbeat.segment_id == zta_segment_id(mod_zta_segment());
    picture->is_helper_alive = picture->has_heartbeat &&
                               picture->now_s - picture->heartbeat.time_s <= ZTA_HEARTBEAT_STALE_S;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static bool add_alert(void *context, const struct zta_published_alert *alert)
{
    struct painter *painter = context;
    APR_ARRAY_PUSH(painter->picture->alerts, struct zta_published_alert) =
        (struct zta_published_alert){
            .name = zta_text_of(text_copy(painter->pool, alert->name)),
            .text = zta_text_of(text_copy(painter->pool, alert->text)),
            .since_s = alert->since_s,
        };
    return true;
}

static enum zta_status look_at_counts(struct painter *painter)
{
    struct mod_zta_picture *picture = painter->picture;
    uint64_t bytes;
    enum zta_status status = zta_session_count(painter->view, &picture->n_sessions);
    if (status == ZTA_OK) {
        status = zta_events_size(painter->view, &bytes, &picture->n_events);
    }
    if (status == ZTA_OK) {
        status = zta_revocation_count(painter->view, &picture->n_revocations);
    }
    if (status == ZTA_OK) {
        status = zta_block_count(painter->view, &picture->n_blocks);
    }
    return status;
}

/* Places that are monitored for a while, with who asked for it. */
static enum zta_status look_at_step_backs(struct painter *painter)
{
    struct mod_zta_picture *picture = painter->picture;
    struct zta_layer layer;
    void *storage = NULL;
    const enum zta_status status =
        zta_layer_in_force(painter->view, picture->now_s, &layer, &storage);
    for (size_t i = 0; status == ZTA_OK && i < layer.n; i++) {
        const struct zta_layer_entry *entry = &layer.entries[i];
        if (entry->kind == ZTA_LAYER_STEP_BACK && zta_layer_entry_lives(entry, picture->now_s)) {
            APR_ARRAY_PUSH(picture->step_backs, struct zta_layer_entry) = (struct zta_layer_entry){
                .name = zta_text_of(text_copy(painter->pool, entry->name)),
                .until_s = entry->until_s,
                .author = zta_text_of(text_copy(painter->pool, entry->author)),
                .reason = zta_text_of(text_copy(painter->pool, entry->reason)),
            };
        }
    }
    free(storage);
    return status;
}

static enum zta_status look_at_fleet(struct painter *painter)
{
    struct mod_zta_picture *picture = painter->picture;
    const enum zta_status status = zta_fleet_refused(painter->view, &picture->n_fleet_refused);
    return status == ZTA_OK
               ? zta_fleet_count_held(painter->view, picture->now_s, &picture->n_fleet_held)
               : status;
}

static enum zta_status look_at_store(struct painter *painter)
{
    enum zta_status status = look_at_counts(painter);
    if (status == ZTA_OK) {
        status = look_at_fleet(painter);
    }
    if (status == ZTA_OK) {
        status = zta_published_each_alert(painter->view, add_alert, painter);
    }
    return status == ZTA_OK ? look_at_step_backs(painter) : status;
}

static void look_at_usage(struct mod_zta_picture *picture)
{
    for (size_t i = 0; i < sizeof(picture->usages) / sizeof(picture->usages[0]); i++) {
        struct mod_zta_picture_usage *usage = &picture->usages[i];
        usage->name = i == 0 ? "policy" : "state";
        usage->is_known =
            picture->is_store_readable && mod_zta_child_usage(i == 0, &usage->usage) == ZTA_OK;
    }
}

/* ---- the whole ---- */

void mod_zta_picture_take(request_rec *r, enum mod_zta_picture_depth depth,
                          struct mod_zta_picture *picture)
{
    const int64_t now_ns = zta_clock_monotonic_ns();
    struct painter painter = {.pool = r->pool, .picture = picture};
    struct mod_zta_look look;
    *picture = (struct mod_zta_picture){
        .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
        .is_governed = mod_zta_global()->is_governed,
        .has_segment = mod_zta_segment() != NULL,
        .issuers = apr_array_make(r->pool, 1, sizeof(struct mod_zta_picture_issuer)),
        .alerts = apr_array_make(r->pool, 1, sizeof(struct zta_published_alert)),
        .step_backs = apr_array_make(r->pool, 1, sizeof(struct zta_layer_entry)),
    };
    if (!picture->is_governed) {
        return;
    }
    look_at_configuration(picture);
    if (!picture->has_segment) {
        return;
    }
    mod_zta_look_begin(&look, now_ns);
    painter.view = look.view;
    picture->fleet_as_of_s = look.fleet_as_of_s;
    look_at_rules(picture, &look);
    look_at_issuers(&painter, depth);
    enum zta_status status = look.view == NULL ? ZTA_IO : look_at_helper(&painter);
    if (status == ZTA_OK && depth == MOD_ZTA_PICTURE_WHOLE) {
        status = look_at_store(&painter);
    }
    mod_zta_look_end(&look);
    picture->is_store_readable = status == ZTA_OK;
    if (depth == MOD_ZTA_PICTURE_WHOLE) {
        hash_rules(r->pool, picture);
        look_at_usage(picture);
        zta_limits_sample(mod_zta_segment(), now_ns, &picture->limits);
    }
}

const char *mod_zta_fault_name(enum mod_zta_fault fault)
{
    static const char *const names[MOD_ZTA_N_FAULTS] = {
        [MOD_ZTA_FAULT_CONFIGURATION] = "configuration",
        [MOD_ZTA_FAULT_STORE] = "store",
        [MOD_ZTA_FAULT_RULES] = "rules",
        [MOD_ZTA_FAULT_KEYS] = "keys",
        [MOD_ZTA_FAULT_HELPER] = "helper",
    };
    return names[fault];
}

static bool lacks_keys(const struct mod_zta_picture *picture)
{
    for (int i = 0; i < picture->issuers->nelts; i++) {
        const struct mod_zta_picture_issuer *issuer =
            &APR_ARRAY_IDX(picture->issuers, i, struct mod_zta_picture_issuer);
        if (issuer->config->is_accepted && !issuer->is_usable) {
            return true;
        }
    }
    return false;
}

bool mod_zta_picture_has_fault(const struct mod_zta_picture *picture, enum mod_zta_fault fault)
{
    if (!picture->is_governed) {
        return false; /* nothing is judged, so nothing is missing */
    }
    switch (fault) {
    case MOD_ZTA_FAULT_CONFIGURATION:
        return picture->is_refused;
    case MOD_ZTA_FAULT_STORE:
        return !picture->is_store_readable;
    case MOD_ZTA_FAULT_RULES:
        return picture->has_segment && !picture->are_rules_usable;
    case MOD_ZTA_FAULT_KEYS:
        return picture->cannot_sign || lacks_keys(picture);
    case MOD_ZTA_FAULT_HELPER:
    case MOD_ZTA_N_FAULTS:
        break;
    }
    return !picture->is_helper_alive;
}

bool mod_zta_picture_is_ready(const struct mod_zta_picture *picture)
{
    for (unsigned i = 0; i < MOD_ZTA_N_FAULTS; i++) {
        if (mod_zta_picture_has_fault(picture, (enum mod_zta_fault)i)) {
            return false;
        }
    }
    return true;
}

/* ---- answers ---- */

int mod_zta_picture_check_method(request_rec *r)
{
    if (r->method_number != M_GET) {
        ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, -1);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    return ap_discard_request_body(r);
}

int mod_zta_picture_send(request_rec *r, const struct mod_zta_picture *picture,
                         const char *content_type, mod_zta_picture_write_fn write)
{
    struct zta_buffer buffer;
    size_t size = DOCUMENT_SIZE;
    zta_buffer_init(&buffer, apr_palloc(r->pool, size), size);
    while (!write(picture, r, &buffer)) {
        size *= 2;
        if (size > DOCUMENT_SIZE_MAX) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "ZTA0152: %s is above %" APR_SIZE_T_FMT " bytes; not sent", r->handler,
                          DOCUMENT_SIZE_MAX);
            return HTTP_INTERNAL_SERVER_ERROR;
        }
        zta_buffer_init(&buffer, apr_palloc(r->pool, size), size);
    }
    ap_set_content_type(r, content_type);
    ap_set_content_length(r, (apr_off_t)buffer.len);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    if (!r->header_only) {
        ap_rwrite(buffer.data, (int)buffer.len, r);
    }
    return OK;
}
