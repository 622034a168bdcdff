/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request on one screen: path, blocks, limits, credential, rules, then enforce and record.
 * Every check has a mode; what is enforced decides, what is monitored is only noted.
 */
#include "mod_zta/access.h"

#include <http_log.h>
#include <http_request.h>

#include <apr_strings.h>

#include <string.h>

#include "mod_zta/authenticate.h"
#include "mod_zta/browser.h"
#include "mod_zta/child.h"
#include "mod_zta/context.h"
#include "mod_zta/device.h"
#include "mod_zta/enforce.h"
#include "mod_zta/facts.h"
#include "mod_zta/log.h"
#include "mod_zta/measures.h"
#include "mod_zta/output/scrub.h"
#include "mod_zta/places.h"
#include "mod_zta/record.h"
#include "mod_zta/request.h"
#include "mod_zta/risk.h"
#include "mod_zta/routes.h"
#include "mod_zta/rules.h"
#include "mod_zta/step_up.h"
#include "mod_zta/throttle.h"
#include "shared/base/clock.h"
#include "shared/store/blocks.h"

APLOG_USE_MODULE(zta);

/* Names the uri that the client sent among the sides of a request. */
static const char external_uri[] = "";

/* One judgement under way. */
struct judgement {
    request_rec *r;
    struct mod_zta_request *request;
    const struct mod_zta_dir *dir;
    struct zta_stance stance;
    struct mod_zta_look look;
    struct mod_zta_measures measures;
    int64_t now_s;
    bool has_reached_rules; /* nothing before them refused */
    bool is_noted;          /* a monitored check before the rules would have refused */
    uint64_t live_version;
    bool is_waiting;              /* for the login of a browser: judged again in fixups */
    struct zta_decision decision; /* verdict: enforced; monitor: everything that is evaluated */
};

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

/* Notes what a check of this mode says. True when judging ends here: it refuses and is enforced. */
static bool note(struct judgement *j, enum zta_mode mode, const struct zta_verdict *verdict)
{
    if (verdict->outcome == ZTA_OUTCOME_ALLOW || mode == ZTA_MODE_OFF) {
        return false;
    }
    if (j->decision.monitor.outcome == ZTA_OUTCOME_ALLOW) {
        j->decision.monitor = *verdict;
    }
    if (mode != ZTA_MODE_ENFORCE) {
        return false;
    }
    j->decision.verdict = *verdict;
    return true;
}

static bool note_reason(struct judgement *j, enum zta_mode mode, enum zta_reason reason)
{
    struct zta_verdict verdict = {.outcome = ZTA_OUTCOME_DENY, .reason = reason};
    if (reason == ZTA_REASON_OK) {
        return false;
    }
    if (zta_reason_http_status(reason) == HTTP_UNAUTHORIZED) {
        verdict.outcome = ZTA_OUTCOME_CHALLENGE;
    }
    return note(j, mode, &verdict);
}

/* Paths are held to one reading in every vhost that enforces anywhere, public places included. */
static bool judge_path(struct judgement *j)
{
    const struct mod_zta_server *server = mod_zta_server_of(j->r->server);
    unsigned flags =
        j->dir->path_flags == MOD_ZTA_UNSET ? ZTA_PATH_STRICT : (unsigned)j->dir->path_flags;
    enum zta_path_fault fault = j->request->path_fault;
    if (fault == ZTA_PATH_OK && flags != server->path_flags && j->request->path_len > 0) {
        /* The first reading admitted what any place of the vhost admits; this place admits less. */
        char path[ZTA_PATH_MAX + 1];
        size_t len;
        fault =
            zta_path_normalise(zta_text_of(j->request->raw_path), flags, path, sizeof(path), &len);
    }
    if (fault == ZTA_PATH_OK) {
        return false;
    }
    j->request->detail = zta_path_fault_text(fault);
    zta_counter_add(mod_zta_segment(), ZTA_COUNTER_PATH_REFUSED, 1);
    return note_reason(j, server->is_enforced ? ZTA_MODE_ENFORCE : ZTA_MODE_MONITOR,
                       ZTA_REASON_BAD_REQUEST);
}

/* More headers than are judged could hold anything. */
static bool judge_headers(struct judgement *j)
{
    const struct mod_zta_server *server = mod_zta_server_of(j->r->server);
    if (!j->request->has_too_many_headers) {
        return false;
    }
    j->request->detail = "the header block is above 16 KiB";
    return note_reason(j, server->is_enforced ? ZTA_MODE_ENFORCE : ZTA_MODE_MONITOR,
                       ZTA_REASON_BAD_REQUEST);
}

/* What measures refuse outright. */
static bool note_held(struct judgement *j, enum zta_mode mode, const struct mod_zta_held_back *held)
{
    struct zta_verdict verdict = {.outcome = ZTA_OUTCOME_DENY, .reason = ZTA_REASON_BLOCKED};
    if (!held->is_blocked && !held->is_quarantined) {
        return false;
    }
    if (!held->is_blocked) {
        verdict.outcome = ZTA_OUTCOME_CHALLENGE;
        verdict.reason = ZTA_REASON_QUARANTINED;
    }
    apr_cpystrn(verdict.rule, held->rule, sizeof(verdict.rule));
    j->request->detail = "a measure holds; 'ztactl automation list' says until when and why";
    return note(j, mode, &verdict);
}

/* Addresses that an operator shut out; in every vhost that enforces anywhere. */
static bool judge_addr(struct judgement *j)
{
    const struct mod_zta_server *server = mod_zta_server_of(j->r->server);
    enum zta_mode mode = server->is_enforced ? ZTA_MODE_ENFORCE : ZTA_MODE_MONITOR;
    bool is_blocked = false;
    if (j->look.view == NULL) {
        return false;
    }
    enum zta_status status =
        zta_block_find_addr(j->look.view, &j->request->facts.addr, j->now_s, &is_blocked);
    if (status != ZTA_OK) {
        return note_reason(j, mode, ZTA_REASON_STORE_UNAVAILABLE);
    }
    if (is_blocked) {
        j->request->detail = "its address is blocked; 'ztactl blocks list' says until when and why";
    }
    return is_blocked && note_reason(j, mode, ZTA_REASON_BLOCKED);
}

/* What is held against everyone or this address, looked up once for all the checks below. */
static bool judge_measures_of_addr(struct judgement *j)
{
    mod_zta_measures_init(&j->measures);
    j->request->measures = &j->measures;
    if (j->look.view == NULL || !j->look.has_measures) {
        return false;
    }
    if (mod_zta_measures_of_addr(j->look.view, &j->request->facts.addr, &j->stance, j->now_s,
                                 &j->measures) != ZTA_OK) {
        return note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL],
                           ZTA_REASON_STORE_UNAVAILABLE);
    }
    return note_held(j, ZTA_MODE_ENFORCE, &j->measures.enforced) ||
           note_held(j, ZTA_MODE_MONITOR, &j->measures.monitored);
}

/* An address that would be blocked, but for the many behind it who are in good standing. */
static bool judge_throttled_addr(struct judgement *j)
{
    static const enum zta_mode modes[] = {ZTA_MODE_ENFORCE, ZTA_MODE_MONITOR};
    const struct mod_zta_held_back *held[] = {&j->measures.enforced, &j->measures.monitored};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct zta_verdict verdict = {.outcome = ZTA_OUTCOME_THROTTLE,
                                      .reason = ZTA_REASON_RATE_LIMITED};
        if (held[i]->is_throttled &&
            mod_zta_throttle_addr(j->request, held[i]->count, held[i]->window_s, modes[i])) {
            apr_cpystrn(verdict.rule, held[i]->rule, sizeof(verdict.rule));
            j->request->detail = "its address is slowed; 'ztactl automation list' says why";
            if (note(j, modes[i], &verdict)) {
                return true;
            }
        }
    }
    return false;
}

/*
 * Without the store nobody can say who is revoked or blocked; ZTAFailure says how long that may
 * last.
 */
static bool judge_store(struct judgement *j)
{
    if (j->look.view != NULL) {
        return false;
    }
    int64_t stale_ns = j->dir->stale_s > 0 ? j->dir->stale_s * ZTA_NS_PER_S : 0;
    bool is_fresh_enough = j->look.last_read_ns > 0 && stale_ns > 0 &&
                           j->request->started_ns - j->look.last_read_ns <= stale_ns;
    const bool are_measures_enforced =
        j->stance.modes[ZTA_FEATURE_AUTOMATION] == ZTA_MODE_ENFORCE ||
        j->stance.modes[ZTA_FEATURE_SIGNALS] == ZTA_MODE_ENFORCE;
    if (is_fresh_enough && !j->look.had_blocks &&
        !(are_measures_enforced && j->look.had_measures)) {
        return false;
    }
    j->request->detail = is_fresh_enough ? "the store cannot be read, and it held blocks"
                                         : "the store cannot be read";
    return note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL], ZTA_REASON_STORE_UNAVAILABLE);
}

/* What cannot be logged is not done, where the log is mandatory. */
static bool judge_log(struct judgement *j)
{
    if (!mod_zta_log_is_full()) {
        return false;
    }
    j->request->detail = "the decision log takes nothing, and it is mandatory (ZTALog)";
    j->request->is_unlogged =
        note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL], ZTA_REASON_STORE_UNAVAILABLE);
    return j->request->is_unlogged;
}

/* Live rules that do not fit the configuration: nobody can say what they would refuse. */
static bool judge_usability(struct judgement *j)
{
    if (j->request->rules->set != NULL) {
        return false;
    }
    j->request->detail = "the live rules cannot be used; the error log says why";
    return note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL], ZTA_REASON_STORE_UNAVAILABLE);
}

static bool charge(struct judgement *j, enum zta_limit_phase phase)
{
    struct mod_zta_throttled throttled;
    mod_zta_throttle(j->request, &j->stance, j->now_s, phase, &throttled);
    if (throttled.monitored.outcome != ZTA_OUTCOME_ALLOW && j->decision.missing[0] == '\0') {
        apr_cpystrn(j->decision.missing, throttled.keys, sizeof(j->decision.missing));
    }
    if (note(j, ZTA_MODE_ENFORCE, &throttled.enforced)) {
        return true;
    }
    (void)note(j, ZTA_MODE_MONITOR, &throttled.monitored);
    return false;
}

static bool judge_limits(struct judgement *j, enum zta_limit_phase phase)
{
    return j->stance.modes[ZTA_FEATURE_RATELIMIT] != ZTA_MODE_OFF &&
           j->request->rules->set != NULL && charge(j, phase);
}

static bool judge_failures(struct judgement *j)
{
    enum zta_mode mode = j->stance.modes[ZTA_FEATURE_RATELIMIT];
    return mode != ZTA_MODE_OFF && !j->request->is_authenticated &&
           mod_zta_throttle_has_failed_too_often(j->request, mode) &&
           note(j, mode,
                &(struct zta_verdict){.outcome = ZTA_OUTCOME_THROTTLE,
                                      .reason = ZTA_REASON_RATE_LIMITED});
}

/* Who comes, once a request; failures that can be repeated cheaply count against the address. */
static bool judge_credential(struct judgement *j)
{
    enum zta_mode limits = j->stance.modes[ZTA_FEATURE_RATELIMIT];
    bool is_first = !j->request->is_authenticated;
    enum zta_reason reason = mod_zta_authenticate(j->r, j->request, j->dir, &j->look);
    if (is_first && limits != ZTA_MODE_OFF && mod_zta_is_failed_verification(j->request, reason)) {
        mod_zta_throttle_note_failure(j->request, limits);
    }
    j->is_waiting =
        j->request->is_awaiting_login && mod_zta_browser_may_wait(j->r, j->request, j->dir);
    return note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL], reason) || j->is_waiting;
}

/* The token's own device was looked up with the token; this is about what else names one. */
static bool judge_device(struct judgement *j)
{
    enum zta_mode mode = j->stance.modes[ZTA_FEATURE_CREDENTIAL];
    const char *named_by;
    if (j->request->identity == NULL) {
        return false;
    }
    if (mod_zta_device_find_revoked(j->r, j->request, j->dir, &j->look, &named_by) != ZTA_OK) {
        j->request->detail = "whether its device is revoked cannot be read from the store";
        return note_reason(j, mode, ZTA_REASON_STORE_UNAVAILABLE);
    }
    if (named_by != NULL) {
        j->request->detail =
            apr_psprintf(j->r->pool, "revoked by device, which %s names", named_by);
    }
    return named_by != NULL && note_reason(j, mode, ZTA_REASON_REVOKED);
}

/* What transmitters say of a login holds as far as the feature is switched on here. */
static bool judge_signals(struct judgement *j)
{
    const enum zta_mode mode = j->stance.modes[ZTA_FEATURE_SIGNALS];
    if (j->request->identity == NULL || j->request->signalled == NULL || mode == ZTA_MODE_OFF) {
        return false;
    }
    j->request->detail = j->request->signalled;
    return note_reason(j, mode, ZTA_REASON_REVOKED);
}

static bool judge_subject(struct judgement *j)
{
    const struct zta_identity *identity = j->request->identity;
    enum zta_mode mode = j->stance.modes[ZTA_FEATURE_CREDENTIAL];
    bool is_blocked = false;
    if (identity == NULL || j->look.view == NULL) {
        return false;
    }
    if (zta_block_find_subject(j->look.view, identity->issuer, identity->subject, j->now_s,
                               &is_blocked) != ZTA_OK) {
        return note_reason(j, mode, ZTA_REASON_STORE_UNAVAILABLE);
    }
    if (is_blocked) {
        j->request->detail = "its subject is blocked; 'ztactl blocks list' says until when and why";
    }
    return is_blocked && note_reason(j, mode, ZTA_REASON_BLOCKED);
}

static bool judge_measures(struct judgement *j)
{
    const struct zta_identity *identity = j->request->identity;
    if (identity == NULL || j->look.view == NULL || !j->look.has_measures) {
        return false;
    }
    if (mod_zta_measures_of_identity(j->look.view, identity, &j->stance, j->now_s, &j->measures) !=
        ZTA_OK) {
        return note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL],
                           ZTA_REASON_STORE_UNAVAILABLE);
    }
    return note_held(j, ZTA_MODE_ENFORCE, &j->measures.enforced) ||
           note_held(j, ZTA_MODE_MONITOR, &j->measures.monitored);
}

/* What a measure's demand makes of a verdict that a challenge goes before; else unchanged. */
static bool step_up(const struct judgement *j, const struct mod_zta_held_back *held,
                    struct zta_verdict *verdict)
{
    const bool gives_way =
        verdict->outcome == ZTA_OUTCOME_ALLOW || verdict->outcome == ZTA_OUTCOME_THROTTLE;
    if (!held->is_stepped_up || !gives_way ||
        zta_step_up_is_met(mod_zta_measures_acrs(j->request->identity), &held->step_up,
                           j->request->identity, j->now_s)) {
        return false;
    }
    *verdict =
        (struct zta_verdict){.outcome = ZTA_OUTCOME_STEP_UP, .reason = ZTA_REASON_STEP_UP_REQUIRED};
    if (!zta_step_up_is_possible(j->request->identity)) {
        verdict->outcome = ZTA_OUTCOME_DENY;
        verdict->reason = ZTA_REASON_STEP_UP_UNSATISFIED;
    }
    apr_cpystrn(verdict->rule, held->rule, sizeof(verdict->rule));
    return true;
}

/* What these measures ask for, in the same breath as what the rules ask for. */
static void demand(struct judgement *j, const struct mod_zta_held_back *held, bool is_first)
{
    if (is_first) {
        zta_step_up_init(&j->decision.step_up);
    }
    if (held->is_stepped_up) {
        zta_step_up_merge(mod_zta_measures_acrs(j->request->identity), &held->step_up,
                          &j->decision.step_up);
    }
}

/* Behind the rules: what they deny is denied. */
static void judge_demands(struct judgement *j)
{
    struct zta_decision *decision = &j->decision;
    const struct mod_zta_held_back *enforced = &j->measures.enforced;
    const struct mod_zta_held_back *monitored = &j->measures.monitored;
    if (j->request->identity == NULL) {
        return;
    }
    const bool is_first = step_up(j, enforced, &decision->verdict);
    if (decision->verdict.outcome == ZTA_OUTCOME_STEP_UP) {
        decision->is_slowed = decision->is_slowed && !is_first;
        demand(j, enforced, is_first);
    }
    const bool is_first_told =
        step_up(j, enforced, &decision->monitor) || step_up(j, monitored, &decision->monitor);
    if (decision->verdict.outcome == ZTA_OUTCOME_ALLOW &&
        decision->monitor.outcome == ZTA_OUTCOME_STEP_UP) {
        demand(j, monitored, is_first_told);
    }
}

static void judge_rules(struct judgement *j)
{
    const struct zta_decision before = j->decision;
    struct zta_decision *rules = &j->decision;
    j->has_reached_rules = true;
    j->is_noted = before.monitor.outcome != ZTA_OUTCOME_ALLOW;
    if (j->stance.modes[ZTA_FEATURE_RULES] == ZTA_MODE_OFF || j->request->rules->set == NULL) {
        return;
    }
    zta_rules_decide(j->request->rules->set, &j->request->facts, &j->stance, j->now_s, rules);
    /* What an earlier monitored check said stands; else what the rules would have said. */
    if (before.monitor.outcome != ZTA_OUTCOME_ALLOW) {
        rules->monitor = before.monitor;
        if (rules->verdict.outcome == ZTA_OUTCOME_ALLOW) {
            apr_cpystrn(rules->missing, before.missing, sizeof(rules->missing));
            rules->nearest[0] = '\0';
        }
    }
    else if (!rules->has_monitor) {
        rules->monitor = rules->verdict;
    }
    if (rules->is_slowed && rules->verdict.outcome == ZTA_OUTCOME_ALLOW) {
        (void)charge(j, ZTA_LIMIT_ELSE);
    }
}

/* The checks in order of precedence; the first enforced refusal ends them. */
static void judge_all(struct judgement *j)
{
    struct mod_zta_request *request = j->request;
    /* What a preflight leads to (a script's redirect, an include, an error page) is a GET. */
    bool is_preflight = request->is_preflight && j->r->method_number == M_OPTIONS &&
                        j->dir->preflight != MOD_ZTA_PREFLIGHT_JUDGE;
    if (judge_log(j) || judge_path(j) || judge_headers(j) || judge_addr(j) ||
        judge_measures_of_addr(j)) {
        return;
    }
    if (j->stance.monitor == 0) {
        /* A public place asks for nothing, yet ZTAFeature may limit it by address. */
        (void)judge_limits(j, ZTA_LIMIT_BEFORE);
        return;
    }
    if (judge_store(j) || judge_usability(j) || judge_throttled_addr(j) ||
        judge_limits(j, ZTA_LIMIT_BEFORE)) {
        return;
    }
    if (is_preflight) {
        request->answers_preflight =
            j->dir->preflight == MOD_ZTA_PREFLIGHT_ANSWER && j->stance.stage > 0;
        return;
    }
    if (judge_failures(j) || judge_credential(j) || judge_signals(j) || judge_device(j) ||
        judge_subject(j) || judge_measures(j)) {
        return;
    }
    mod_zta_context_gather(j->r, request, j->dir, &j->stance, &j->look);
    mod_zta_risk_gather(j->r, request, &j->stance, &j->look);
    if (!judge_limits(j, ZTA_LIMIT_AFTER)) {
        judge_rules(j);
        judge_demands(j);
        mod_zta_step_up_settle(j->r, request, j->now_s, &j->decision);
    }
}

/* Folds one side into the request's decision: the first refusal stays, monitored ones likewise. */
static void fold(struct judgement *j)
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
    struct judgement j = {
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
    struct zta_held held;
    request->rules = mod_zta_rules_hold(&j.look, j.now_s, &held);
    j.live_version = request->rules->live_version;
    mod_zta_rules_step_back(request->rules, r->server, dir->location, &j.stance);
    judge_all(&j);
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
 * What names the uri of r among the sides of its request. The external uri has one name in all its
 * spellings: as sent (before httpd decoded it, in pre_translate_name) and decoded.
 */
static const char *side_uri(const request_rec *r, const struct mod_zta_request *request)
{
    bool is_external =
        r->main == NULL && r->prev == NULL && request->raw_path != NULL &&
        (strcmp(r->uri, request->raw_path) == 0 || strcmp(r->uri, request->path) == 0);
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
        if (strcmp(request->sides[i].uri, uri) == 0 &&
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
    int status = judge_once(r, request, side_uri(r, request), mod_zta_dir_of(r));
    if (status == DECLINED && r->main == NULL && r->prev == NULL && request->path_len > 0 &&
        strcmp(request->path, r->uri) != 0) {
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
        return HTTP_FORBIDDEN;
    }
    struct mod_zta_request *request = mod_zta_request_of(r);
    int status = request == NULL ? DECLINED : judge_waiting(r, request);
    return status == DECLINED ? judge_mapped(r) : status;
}
