/* SPDX-License-Identifier: Apache-2.0 */
/* One request on one screen: which sides of it are judged, and what becomes of the whole. */
#include "mod_zta/access.h"

#include <http_log.h>
#include <http_request.h>

#include <string.h>

#include "mod_zta/browser.h"
#include "mod_zta/child.h"
#include "mod_zta/enforce.h"
#include "mod_zta/facts.h"
#include "mod_zta/judgement.h"
#include "mod_zta/output/scrub.h"
#include "mod_zta/places.h"
#include "mod_zta/record.h"
#include "mod_zta/request.h"
#include "mod_zta/routes.h"
#include "mod_zta/rules.h"
#include "shared/base/clock.h"

APLOG_USE_MODULE(zta);

/* Names the uri that the client sent among the sides of a request. */
static const char external_uri[] = "";

static const struct zta_verdict allowed = {.outcome = ZTA_OUTCOME_ALLOW, .reason = ZTA_REASON_OK};

int mod_zta_access_begin(request_rec *r)
{
    const struct mod_zta_server *server = mod_zta_server_of(r->server);
    if (r->main != NULL ||
        (r->prev != NULL && (!server->is_governed || mod_zta_request_of(r->prev) != NULL))) {
        return DECLINED;
    }
    /* Now also the error page of what httpd refused before any hook saw it: judged as any page. */
    const char *parent_id = mod_zta_scrub(r);
    if (!server->is_governed) {
        return DECLINED;
    }
    struct mod_zta_request *request = mod_zta_request_create(r);
    request->parent_id = parent_id;
    request->postures = mod_zta_scrub_postures(r);
    request->peer_certificates = mod_zta_scrub_proofs(r);
    mod_zta_facts_read_path(r, request, server->path_flags);
    mod_zta_facts_gather(r, request);
    return DECLINED;
}

/* Folds one side into the request's decision: the first refusal stays, monitored ones likewise. */
static void fold(struct mod_zta_judgement *j)
{
    struct mod_zta_request *request = j->request;
    j->decision.stage = j->stance.stage;
    j->decision.has_monitor = j->decision.monitor.outcome != j->decision.verdict.outcome ||
                              j->decision.monitor.reason != j->decision.verdict.reason;
    bool is_final_first = request->is_provisional && request->is_login_settled;
    if (request->n_sides == 0 || is_final_first ||
        j->decision.verdict.outcome != ZTA_OUTCOME_ALLOW) {
        request->decision = j->decision;
        request->judged = (struct mod_zta_judged){
            .stance = j->stance,
            .has_reached_rules = j->has_reached_rules,
            .is_noted = j->is_noted,
            .live_version = j->live_version,
        };
    }
    else if (!request->decision.has_monitor && j->decision.has_monitor) {
        request->decision.monitor = j->decision.monitor;
        request->decision.has_monitor = true;
    }
    request->is_provisional = j->is_waiting || (request->is_provisional && !is_final_first);
    request->stance = j->stance;
    request->dir = j->dir;
}

static void judge_side(request_rec *r, struct mod_zta_request *request, struct mod_zta_side *side)
{
    const char *uri = side->uri;
    const struct mod_zta_dir *dir = side->dir;
    struct mod_zta_judgement j = {
        .r = r,
        .request = request,
        .dir = dir,
        .stance = dir->stance,
        .now_s = request->arrived_ns / ZTA_NS_PER_S,
        .decision = {.verdict = allowed, .monitor = allowed},
    };
    struct zta_text external = request->facts.path;
    struct zta_text method = request->facts.method;
    if (request->n_sides > 0 || request->is_subrequest) {
        /* Another side of the same client request: the stricter stage holds for it. */
        zta_stance_stricter(&request->stance, &dir->stance, &j.stance);
        if (uri != external_uri) {
            unsigned flags = ZTA_PATH_PARAMETERS | ZTA_PATH_ENCODED_SLASH;
            request->facts.path = mod_zta_facts_mapped_path(r, uri, flags);
            request->facts.method = zta_text_of(r->method);
        }
    }
    request->facts.route = mod_zta_route_of(r->server, dir->location, request->facts.path);
    mod_zta_look_begin(&j.look, request->started_ns);
    request->generations = j.look.generations;
    request->generations.revocations += j.look.signals;
    struct zta_held held;
    request->rules = mod_zta_rules_hold(&j.look, j.now_s, &held);
    j.live_version = request->rules->live_version;
    mod_zta_rules_step_back(request->rules, r->server, dir->location, &j.stance);
    mod_zta_judgement_make(&j);
    request->rules = NULL;
    request->measures = NULL;
    mod_zta_rules_release(&held);
    mod_zta_look_end(&j.look);
    request->facts.path = external;
    request->facts.method = method;
    fold(&j);
    side->is_waiting = j.is_waiting;
    side->http_status = j.is_waiting ? DECLINED : mod_zta_enforce(r, request, &j.decision);
}

/*
 * What names the uri of r among the sides of its request; is_normal: it is the path that we read.
 * The external uri has one name in all its spellings: as sent (before httpd decoded it, in
 * pre_translate_name) and decoded.
 */
static const char *side_uri(const request_rec *r, const struct mod_zta_request *request,
                            bool is_normal)
{
    bool is_external = r->main == NULL && r->prev == NULL && request->raw_path != NULL &&
                       (is_normal || strcmp(r->uri, request->raw_path) == 0);
    return is_external ? external_uri : r->uri;
}

/* Refused where anything is enforced, be it a limit of a public place; elsewhere only noted. */
static int judge_no_further(request_rec *r, struct mod_zta_request *request,
                            const struct mod_zta_dir *dir)
{
    static const char detail[] = "more rewrites than can be judged";
    if (mod_zta_server_of(r->server)->is_enforced ||
        dir->stance.modes[ZTA_FEATURE_RATELIMIT] == ZTA_MODE_ENFORCE) {
        return mod_zta_enforce_unavailable(r, request, detail);
    }
    if (!request->decision.has_monitor) {
        request->decision.monitor = (struct zta_verdict){.outcome = ZTA_OUTCOME_DENY,
                                                         .reason = ZTA_REASON_STORE_UNAVAILABLE};
        request->decision.has_monitor = true;
        request->judged.is_noted = true;
        request->detail = detail;
    }
    return DECLINED;
}

/* One (uri, method, place) triple, unless it was judged before. */
static int judge_once(request_rec *r, struct mod_zta_request *request, const char *uri,
                      const struct mod_zta_dir *dir)
{
    for (size_t i = 0; i < request->n_sides; i++) {
        const char *judged = request->sides[i].uri;
        if ((judged == uri || strcmp(judged, uri) == 0) &&
            request->sides[i].method_number == r->method_number &&
            mod_zta_dir_is_alike(request->sides[i].dir, dir)) {
            return request->sides[i].http_status;
        }
    }
    if (request->refused_by != NULL && request->refused_by != r) {
        /* The administrator's ErrorDocument for a request that we refused. */
        mod_zta_record_environment(r, request);
        return DECLINED;
    }
    if (request->n_sides == MOD_ZTA_SIDES_MAX) {
        return judge_no_further(r, request, dir);
    }
    struct mod_zta_side side = {.uri = uri, .method_number = r->method_number, .dir = dir};
    judge_side(r, request, &side);
    if (request->judged_ns == 0) {
        request->judged_ns = zta_clock_monotonic_ns();
    }
    request->sides[request->n_sides++] = side;
    return side.http_status;
}

/* What waited for a login is judged with it, or without it. */
static int judge_waiting(request_rec *r, struct mod_zta_request *request)
{
    mod_zta_browser_settle(r, request);
    for (size_t i = 0; i < request->n_sides; i++) {
        if (request->sides[i].is_waiting) {
            judge_side(r, request, &request->sides[i]);
            if (request->sides[i].http_status != DECLINED) {
                return request->sides[i].http_status;
            }
        }
    }
    return DECLINED;
}

int mod_zta_access_judge(request_rec *r)
{
    const struct mod_zta_server *server = mod_zta_server_of(r->server);
    struct mod_zta_request *request = mod_zta_request_adopt(r);
    if (request == NULL) {
        return DECLINED;
    }
    if (server->refusal != NULL) {
        return mod_zta_enforce_unavailable(r, request, server->refusal);
    }
    const bool is_normal = strcmp(request->path, r->uri) == 0;
    int status = judge_once(r, request, side_uri(r, request, is_normal), mod_zta_dir_of(r));
    if (status == DECLINED && r->main == NULL && r->prev == NULL && request->path_len > 0 &&
        !is_normal) {
        /* The back end may read another path than httpd matched: that one's place counts too. */
        status = judge_once(r, request, external_uri, mod_zta_places_at(r, request->path));
    }
    return status;
}

void mod_zta_access_settle(request_rec *r)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    if (request != NULL && request->is_awaiting_login && r->user != NULL) {
        /* A refusal stays with the side, and is answered in fixups if nobody refuses before. */
        (void)judge_waiting(r, request);
    }
}

int mod_zta_access_quick(request_rec *r, int is_lookup)
{
    struct mod_zta_request *request = mod_zta_request_of(r);
    const char *refusal = mod_zta_server_of(r->server)->refusal;
    return is_lookup || request == NULL || refusal == NULL
               ? DECLINED
               : mod_zta_enforce_unavailable(r, request, refusal);
}

static int judge_mapped(request_rec *r)
{
    int status = mod_zta_access_judge(r);
    struct mod_zta_request *request = mod_zta_request_of(r);
    const char *uri = mod_zta_places_file_uri(r);
    if (status != DECLINED || request == NULL || uri == NULL) {
        return status;
    }
    return judge_once(r, request, uri, mod_zta_places_at(r, uri));
}

int mod_zta_access_enter(request_rec *r)
{
    int status = judge_mapped(r);
    struct mod_zta_request *request = mod_zta_request_of(r);
    if (status == DECLINED && request != NULL) {
        mod_zta_browser_expect(r, request);
    }
    return status;
}

int mod_zta_access_guard(request_rec *r)
{
    const struct mod_zta_server *server = mod_zta_server_of(r->server);
    if (server->is_governed && mod_zta_request_adopt(r) == NULL) {
        /* No hook of ours saw this request: it must not reach a handler. */
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "ZTA0030: a request that was never begun reached the guard; refused");
        if (mod_zta_segment() != NULL) {
            zta_counter_add(mod_zta_segment(), ZTA_COUNTER_GUARD_DENIED, 1);
        }
        return HTTP_FORBIDDEN;
    }
    struct mod_zta_request *request = mod_zta_request_of(r);
    int status = request == NULL ? DECLINED : judge_waiting(r, request);
    status = status == DECLINED ? judge_mapped(r) : status;
    if (request != NULL && request->stance.stage > 0 && request->identity != NULL) {
        /* The credential is gone: mod_cache would keep this answer for whoever asks next. */
        apr_table_setn(r->subprocess_env, "no-cache", "1");
    }
    return status;
}
