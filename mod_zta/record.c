/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event is copied into shared memory in one step; a full ring loses it, counted, and nothing
 * waits.
 */
#include "mod_zta/record.h"

#include <apr_strings.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_ssl.h>

#include <string.h>
#include <strings.h>

#include "mod_zta/child.h"
#include "mod_zta/device.h"
#include "mod_zta/risk.h"
#include "mod_zta/tunnel.h"
#include "shared/base/clock.h"
#include "shared/base/trace.h"
#include "shared/event.h"
#include "shared/live/ring.h"
#include "shared/live/totals.h"
#include "shared/record.h"
#include "shared/risk/recorded.h"

APLOG_USE_MODULE(zta);

/* apr_table_setn, or apr_table_addn where no entry is to be replaced: that searches nothing. */
typedef void (*set_fn)(apr_table_t *table, const char *name, const char *value);

static set_fn choose_set(const apr_table_t *environment)
{
    const apr_array_header_t *entries = apr_table_elts(environment);
    for (int i = 0; i < entries->nelts; i++) {
        const apr_table_entry_t *entry = &APR_ARRAY_IDX(entries, i, apr_table_entry_t);
        if (strncasecmp(entry->key, "ZTA_", sizeof("ZTA_") - 1) == 0) {
            return apr_table_setn;
        }
    }
    return apr_table_addn;
}

static void set_text(request_rec *r, set_fn set, const char *name, struct zta_text text)
{
    if (!zta_text_is_absent(text)) {
        set(r->subprocess_env, name, apr_pstrmemdup(r->pool, text.data, text.len));
    }
}

void mod_zta_record_environment(request_rec *r, const struct mod_zta_request *request)
{
    static const char *const stages[] = {"0", "1", "2", "3", "4"};
    const struct zta_verdict *verdict = &request->decision.verdict;
    const struct zta_identity *identity = request->seen;
    set_fn set = choose_set(r->subprocess_env);
    set(r->subprocess_env, "ZTA_ID", request->id_text);
    set(r->subprocess_env, "ZTA_DECISION", zta_outcome_name(verdict->outcome));
    set(r->subprocess_env, "ZTA_REASON", zta_reason_name(verdict->reason));
    set(r->subprocess_env, "ZTA_STAGE", stages[request->stance.stage]);
    if (verdict->rule[0] != '\0') {
        set(r->subprocess_env, "ZTA_RULE", verdict->rule);
    }
    if (request->facts.risk != NULL) {
        set(r->subprocess_env, "ZTA_RISK", apr_itoa(r->pool, request->risk.score));
    }
    if (identity != NULL) {
        char *session = apr_palloc(r->pool, 2 * ZTA_SESSION_ID_SIZE + 1);
        set_text(r, set, "ZTA_ISSUER", identity->issuer);
        set_text(r, set, "ZTA_SUBJECT", identity->subject);
        set_text(r, set, "ZTA_CLIENT", identity->client);
        zta_hex_encode(identity->session, ZTA_SESSION_ID_SIZE, session);
        set(r->subprocess_env, "ZTA_SESSION", session);
        set_text(r, set, "ZTA_DEVICE", mod_zta_device_of(request));
    }
}

static void fill_identity(struct zta_event *event, const struct zta_identity *identity,
                          struct zta_text *texts)
{
    event->credential = (uint8_t)identity->credential;
    event->binding = (uint8_t)identity->binding;
    event->session_kind = (uint8_t)identity->session_kind;
    event->expires_s = identity->expires_s > 0 ? (uint64_t)identity->expires_s : 0;
    memcpy(event->session, identity->session, sizeof(event->session));
    event->login = identity->login;
    memcpy(event->token_id, identity->token_id.bytes, sizeof(event->token_id));
    texts[ZTA_EVENT_ISSUER] = identity->issuer;
    texts[ZTA_EVENT_SUBJECT] = identity->subject;
    texts[ZTA_EVENT_CLIENT] = identity->client;
    texts[ZTA_EVENT_APIKEY] = identity->apikey;
}

static uint8_t event_flags(const request_rec *r, const struct mod_zta_request *request)
{
    unsigned flags = 0;
    flags |= request->is_from_cache ? ZTA_EVENT_TOKEN_CACHED : 0;
    flags |= r->connection->master != NULL ? ZTA_EVENT_HTTP2 : 0;
    flags |= ap_ssl_conn_is_ssl(r->connection) ? ZTA_EVENT_TLS : 0;
    flags |= request->is_preflight ? ZTA_EVENT_PREFLIGHT : 0;
    flags |= request->parent_id != NULL ? ZTA_EVENT_PEER_ID : 0;
    flags |= request->is_stale ? ZTA_EVENT_STALE : 0;
    return (uint8_t)flags;
}

/* To be asked for a nonce is part of the protocol, and an unbound token proves nothing. */
static enum zta_event_proof proof_of(const struct mod_zta_request *request)
{
    const struct zta_identity *seen = request->seen;
    if (request->auth_reason != ZTA_REASON_BINDING_FAILED || seen == NULL ||
        request->dpop_error == MOD_ZTA_DPOP_ERROR_NONCE ||
        (zta_text_is_absent(seen->jkt) && zta_text_is_absent(seen->x5t_s256))) {
        return ZTA_PROOF_UNASKED;
    }
    return request->is_proof_replayed ? ZTA_PROOF_REPLAYED : ZTA_PROOF_FAILED;
}

/*
 * The trace that the API sees, or would have: what the client named, as it still stands in the
 * header; one that began here has the id of the request and is told by that.
 */
static struct zta_text trace_of(const request_rec *r, const struct mod_zta_request *request,
                                char hex[2 * ZTA_TRACE_ID_SIZE + 1])
{
    struct zta_trace trace;
    const char *traceparent = apr_table_get(r->headers_in, "traceparent");
    if (traceparent == request->own_trace ||
        zta_trace_parse(zta_text_of(traceparent), &trace) != ZTA_OK ||
        memcmp(trace.id, request->id.bytes, sizeof(trace.id)) == 0) {
        return (struct zta_text){.data = NULL};
    }
    zta_hex_encode(trace.id, sizeof(trace.id), hex);
    return (struct zta_text){.data = hex, .len = sizeof(trace.id) * 2};
}

static void fill(struct zta_event *event, const request_rec *r,
                 const struct mod_zta_request *request, const request_rec *last, int64_t took_ns)
{
    const struct mod_zta_judged *judged = &request->judged;
    const struct zta_recorded recorded = {
        .facts = &request->facts,
        .stance = &judged->stance,
        .decision = &request->decision,
        .has_reached_rules = judged->has_reached_rules,
        .is_noted = judged->is_noted,
        .is_several = request->n_sides > 1,
    };
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {{.data = NULL}};
    char os[ZTA_RECORD_OS_MAX];
    char evidence[ZTA_RECORDED_EVIDENCE_MAX];
    char trace[2 * ZTA_TRACE_ID_SIZE + 1];

    event->time_ns = request->arrived_ns;
    event->id = request->id;
    event->latency_us = took_ns / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(took_ns / 1000);
    event->rules_generation = mod_zta_global()->generation;
    event->live_version =
        judged->live_version > UINT32_MAX ? UINT32_MAX : (uint32_t)judged->live_version;
    event->bytes_out = last->bytes_sent > 0 ? (uint64_t)last->bytes_sent : 0;
    event->http_status = (uint16_t)last->status;
    event->flags = event_flags(r, request);
    event->risk.proof = (uint8_t)proof_of(request);
    event->account = request->seen == NULL ? request->refused_account : 0;
    zta_record_fill(event, &recorded, texts, os);
    if (request->seen != NULL) {
        fill_identity(event, request->seen, texts);
    }
    if (request->path_len == 0) {
        /* A refused path is shown as it was sent; events' texts are escaped when printed. */
        texts[ZTA_EVENT_PATH] = zta_text_of(request->raw_path);
    }
    texts[ZTA_EVENT_DETAIL] = zta_text_of(request->detail);
    texts[ZTA_EVENT_TRACE] = trace_of(r, request, trace);
    texts[ZTA_EVENT_PARENT] = zta_text_of(request->parent_id);
    if (request->raised != NULL) {
        texts[ZTA_EVENT_EVIDENCE] = zta_risk_record_raised(event, request->raised, evidence);
    }
    event->risk.waf = mod_zta_risk_waf_score(last);
    zta_event_set_texts(event, texts);
}

static void count(const struct mod_zta_request *request, int64_t took_ns)
{
    const struct zta_decision *decision = &request->decision;
    const struct zta_finished finished = {
        .stage = decision->stage,
        .outcome = decision->verdict.outcome,
        .reason = decision->verdict.reason,
        .is_monitored = decision->has_monitor,
        .monitor_outcome = decision->monitor.outcome,
        .monitor_reason = decision->monitor.reason,
        .durations_ns = {[ZTA_DURATION_JUDGEMENT] = request->judged_ns - request->started_ns,
                         [ZTA_DURATION_REQUEST] = took_ns},
    };
    zta_totals_add(mod_zta_segment(), &finished);
}

/* It was allowed at first; what is recorded is how it ended, as a refusal before any rule is. */
static void note_cut(request_rec *r, struct mod_zta_request *request)
{
    request->decision = (struct zta_decision){
        .verdict = {.outcome = ZTA_OUTCOME_DENY, .reason = request->open.cut},
        .monitor = {.outcome = ZTA_OUTCOME_DENY, .reason = request->open.cut},
        .stage = request->decision.stage,
    };
    request->judged.has_reached_rules = false;
    request->judged.is_noted = false;
    request->detail = request->open.detail;
    zta_counter_add(mod_zta_segment(), ZTA_COUNTER_CUT, 1);
    mod_zta_record_environment(r, request);
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "ZTA0130: %s", request->open.detail);
}

int mod_zta_record_event(request_rec *r)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    const request_rec *last = r;
    struct zta_event event = {.time_ns = 0};
    if (request == NULL || r->main != NULL || request->is_recorded) {
        return OK;
    }
    request->is_recorded = true;
    mod_zta_tunnel_end(request);
    if (request->open.cut != ZTA_REASON_UNJUDGED) {
        note_cut(r, request);
    }
    while (last->next != NULL) {
        last = last->next;
    }
    if (mod_zta_child_incarnation() == 0) {
        return OK;
    }
    const int64_t took_ns = zta_clock_monotonic_ns() - request->started_ns;
    count(request, took_ns);
    if (request->is_unlogged) {
        /* The rest of the ring is for those that were let in before. */
        zta_counter_add(mod_zta_segment(), ZTA_COUNTER_LOG_REFUSED, 1);
        return OK;
    }
    zta_ring_expect(mod_zta_segment());
    fill(&event, r, request, last, took_ns);
    if (zta_ring_publish(mod_zta_segment(), mod_zta_child_incarnation(), &event) != ZTA_OK) {
        /* The ring counted the drop. */
        return OK;
    }
    return OK;
}
