/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One judgement: every check has a mode; what is enforced decides, what is monitored is only noted.
 */
#include "mod_zta/judgement.h"

#include <apr_strings.h>

#include "mod_zta/authenticate.h"
#include "mod_zta/browser.h"
#include "mod_zta/context.h"
#include "mod_zta/device.h"
#include "mod_zta/judgement_priv.h"
#include "mod_zta/log.h"
#include "mod_zta/risk.h"
#include "mod_zta/rules.h"
#include "mod_zta/step_up.h"
#include "mod_zta/throttle.h"
#include "shared/base/clock.h"
#include "shared/store/blocks.h"
#include "shared/store/fleet.h"

bool mod_zta_judgement_note(struct mod_zta_judgement *j, enum zta_mode mode,
                            const struct zta_verdict *verdict)
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

bool mod_zta_judgement_note_reason(struct mod_zta_judgement *j, enum zta_mode mode,
                                   enum zta_reason reason)
{
    struct zta_verdict verdict = {.outcome = ZTA_OUTCOME_DENY, .reason = reason};
    if (reason == ZTA_REASON_OK) {
        return false;
    }
    if (zta_reason_http_status(reason) == HTTP_UNAUTHORIZED) {
        verdict.outcome = ZTA_OUTCOME_CHALLENGE;
    }
    return mod_zta_judgement_note(j, mode, &verdict);
}

/* Paths are held to one reading in every vhost that enforces anywhere, public places included. */
static bool judge_path(struct mod_zta_judgement *j)
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
    return mod_zta_judgement_note_reason(
        j, server->is_enforced ? ZTA_MODE_ENFORCE : ZTA_MODE_MONITOR, ZTA_REASON_BAD_REQUEST);
}

/* More headers than are judged could hold anything. */
static bool judge_headers(struct mod_zta_judgement *j)
{
    const struct mod_zta_server *server = mod_zta_server_of(j->r->server);
    if (!j->request->has_too_many_headers) {
        return false;
    }
    j->request->detail = "the header block is above 16 KiB";
    return mod_zta_judgement_note_reason(
        j, server->is_enforced ? ZTA_MODE_ENFORCE : ZTA_MODE_MONITOR, ZTA_REASON_BAD_REQUEST);
}

/* Addresses that an operator shut out; in every vhost that enforces anywhere. */
static bool judge_addr(struct mod_zta_judgement *j)
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
        return mod_zta_judgement_note_reason(j, mode, ZTA_REASON_STORE_UNAVAILABLE);
    }
    if (is_blocked) {
        j->request->detail = "its address is blocked; 'ztactl blocks list' says until when and why";
    }
    return is_blocked && mod_zta_judgement_note_reason(j, mode, ZTA_REASON_BLOCKED);
}

/*
 * Without the store nobody can say who is revoked or blocked; ZTAFailure says how long that may
 * last.
 */
static bool judge_store(struct mod_zta_judgement *j)
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
    return mod_zta_judgement_note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL],
                                         ZTA_REASON_STORE_UNAVAILABLE);
}

/*
 * A proxy that is cut off from its fleet goes on judging by what it knows; ZTAFailure fleet= says
 * for how long.
 */
static bool judge_fleet(struct mod_zta_judgement *j)
{
    int64_t *least_s = &j->request->fleet_s;
    if (j->dir->fleet_s > 0 && j->stance.modes[ZTA_FEATURE_CREDENTIAL] == ZTA_MODE_ENFORCE &&
        (*least_s == 0 || j->dir->fleet_s < *least_s)) {
        *least_s = j->dir->fleet_s;
    }
    if (j->dir->fleet_s <= 0 ||
        zta_fleet_age_s(j->look.fleet_as_of_s, j->now_s) <= j->dir->fleet_s) {
        return false;
    }
    j->request->detail =
        j->look.fleet_as_of_s == 0
            ? "nothing was heard of the fleet yet (ZTAFailure fleet=); 'ztactl fleet status'"
            : "the fleet was not heard of for too long (ZTAFailure fleet=); 'ztactl fleet status'";
    return mod_zta_judgement_note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL],
                                         ZTA_REASON_FLEET_STALE);
}

/* What cannot be logged is not done, where the log is mandatory. */
static bool judge_log(struct mod_zta_judgement *j)
{
    if (!mod_zta_log_is_full()) {
        return false;
    }
    j->request->detail = "the decision log takes nothing, and it is mandatory (ZTALog)";
    j->request->is_unlogged = mod_zta_judgement_note_reason(
        j, j->stance.modes[ZTA_FEATURE_CREDENTIAL], ZTA_REASON_STORE_UNAVAILABLE);
    return j->request->is_unlogged;
}

/* Live rules that do not fit the configuration: nobody can say what they would refuse. */
static bool judge_usability(struct mod_zta_judgement *j)
{
    if (j->request->rules->set != NULL) {
        return false;
    }
    j->request->detail = "the live rules cannot be used; the error log says why";
    return mod_zta_judgement_note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL],
                                         ZTA_REASON_STORE_UNAVAILABLE);
}

static void find_limits(const struct mod_zta_judgement *j, enum zta_limit_phase phase,
                        struct mod_zta_limits *limits)
{
    limits->n = limits->n_left_out = 0;
    if (j->stance.modes[ZTA_FEATURE_RATELIMIT] != ZTA_MODE_OFF && j->request->rules->set != NULL) {
        mod_zta_throttle_find(j->request, &j->stance, j->now_s, phase, limits);
    }
}

static bool charge(struct mod_zta_judgement *j, const struct mod_zta_limits *limits)
{
    struct mod_zta_throttled throttled;
    mod_zta_throttle(j->request, limits, &throttled);
    if (throttled.monitored.outcome != ZTA_OUTCOME_ALLOW && j->decision.missing[0] == '\0') {
        apr_cpystrn(j->decision.missing, throttled.keys, sizeof(j->decision.missing));
    }
    if (mod_zta_judgement_note(j, ZTA_MODE_ENFORCE, &throttled.enforced)) {
        return true;
    }
    (void)mod_zta_judgement_note(j, ZTA_MODE_MONITOR, &throttled.monitored);
    return false;
}

static bool judge_limits(struct mod_zta_judgement *j)
{
    struct mod_zta_limits limits;
    find_limits(j, ZTA_LIMIT_BEFORE, &limits);
    return charge(j, &limits);
}

static bool judge_failures(struct mod_zta_judgement *j)
{
    enum zta_mode mode = j->stance.modes[ZTA_FEATURE_RATELIMIT];
    return mode != ZTA_MODE_OFF && !j->request->is_authenticated &&
           mod_zta_throttle_has_failed_too_often(j->request, mode) &&
           mod_zta_judgement_note(j, mode,
                                  &(struct zta_verdict){.outcome = ZTA_OUTCOME_THROTTLE,
                                                        .reason = ZTA_REASON_RATE_LIMITED});
}

/* Who comes, once a request; failures that can be repeated cheaply count against the address. */
static bool judge_credential(struct mod_zta_judgement *j)
{
    enum zta_mode limits = j->stance.modes[ZTA_FEATURE_RATELIMIT];
    bool is_first = !j->request->is_authenticated;
    enum zta_reason reason = mod_zta_authenticate(j->r, j->request, j->dir, &j->look);
    if (is_first && limits != ZTA_MODE_OFF && mod_zta_is_failed_verification(j->request, reason)) {
        mod_zta_throttle_note_failure(j->request, limits);
    }
    j->is_waiting =
        j->request->is_awaiting_login && mod_zta_browser_may_wait(j->r, j->request, j->dir);
    return mod_zta_judgement_note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL], reason) ||
           j->is_waiting;
}

/* The token's own device was looked up with the token; this is about what else names one. */
static bool judge_device(struct mod_zta_judgement *j)
{
    enum zta_mode mode = j->stance.modes[ZTA_FEATURE_CREDENTIAL];
    const char *named_by;
    if (j->request->identity == NULL) {
        return false;
    }
    if (mod_zta_device_find_revoked(j->r, j->request, j->dir, &j->look, &named_by) != ZTA_OK) {
        j->request->detail = "whether its device is revoked cannot be read from the store";
        return mod_zta_judgement_note_reason(j, mode, ZTA_REASON_STORE_UNAVAILABLE);
    }
    if (named_by != NULL) {
        j->request->detail =
            apr_psprintf(j->r->pool, "revoked by device, which %s names", named_by);
    }
    return named_by != NULL && mod_zta_judgement_note_reason(j, mode, ZTA_REASON_REVOKED);
}

/* What transmitters say of a login holds as far as the feature is switched on here. */
static bool judge_signals(struct mod_zta_judgement *j)
{
    const enum zta_mode mode = j->stance.modes[ZTA_FEATURE_SIGNALS];
    if (j->request->identity == NULL || j->request->signalled == NULL || mode == ZTA_MODE_OFF) {
        return false;
    }
    j->request->detail = j->request->signalled;
    return mod_zta_judgement_note_reason(j, mode, ZTA_REASON_REVOKED);
}

static bool judge_subject(struct mod_zta_judgement *j)
{
    const struct zta_identity *identity = j->request->identity;
    enum zta_mode mode = j->stance.modes[ZTA_FEATURE_CREDENTIAL];
    bool is_blocked = false;
    if (identity == NULL || j->look.view == NULL) {
        return false;
    }
    if (zta_block_find_subject(j->look.view, identity->issuer, identity->subject, j->now_s,
                               &is_blocked) != ZTA_OK) {
        return mod_zta_judgement_note_reason(j, mode, ZTA_REASON_STORE_UNAVAILABLE);
    }
    if (is_blocked) {
        j->request->detail = "its subject is blocked; 'ztactl blocks list' says until when and why";
    }
    return is_blocked && mod_zta_judgement_note_reason(j, mode, ZTA_REASON_BLOCKED);
}

/* What an earlier monitored check said stands; else what the rules would have said. */
static void take_rules(struct mod_zta_judgement *j, const struct zta_decision *rules)
{
    if (!j->is_noted) {
        j->decision = *rules;
        j->decision.monitor = rules->has_monitor ? rules->monitor : rules->verdict;
        return;
    }
    const struct zta_decision before = j->decision;
    j->decision = *rules;
    j->decision.monitor = before.monitor;
    if (rules->verdict.outcome == ZTA_OUTCOME_ALLOW) {
        apr_cpystrn(j->decision.missing, before.missing, sizeof(before.missing));
        j->decision.nearest[0] = '\0';
    }
}

/* The rules judge while the buckets of the limits, which go before them, are fetched. */
static void judge_limits_and_rules(struct mod_zta_judgement *j)
{
    const struct zta_ruleset *set = j->request->rules->set;
    const bool has_rules = j->stance.modes[ZTA_FEATURE_RULES] != ZTA_MODE_OFF && set != NULL;
    struct mod_zta_limits limits;
    struct zta_decision rules;
    find_limits(j, ZTA_LIMIT_AFTER, &limits);
    if (has_rules) {
        zta_rules_decide(set, &j->request->facts, &j->stance, j->now_s, &rules);
    }
    if (charge(j, &limits)) {
        return;
    }
    j->has_reached_rules = true;
    j->is_noted = j->decision.monitor.outcome != ZTA_OUTCOME_ALLOW;
    if (has_rules) {
        take_rules(j, &rules);
        if (rules.is_slowed && rules.verdict.outcome == ZTA_OUTCOME_ALLOW) {
            /* What a rule says `else` is no limit that ZTAFeature ratelimit=off ends. */
            mod_zta_throttle_find(j->request, &j->stance, j->now_s, ZTA_LIMIT_ELSE, &limits);
            (void)charge(j, &limits);
        }
    }
    mod_zta_judgement_demands(j);
    mod_zta_step_up_settle(j->r, j->request, j->now_s, &j->decision);
}

/* Who comes is known, and with that what will be looked up behind the next checks. */
static void expect_records(const struct mod_zta_judgement *j)
{
    if (j->request->identity != NULL && j->look.view != NULL) {
        mod_zta_device_expect(j->request, &j->stance, &j->look);
        mod_zta_risk_expect(j->request, &j->stance, &j->look);
    }
}

void mod_zta_judgement_make(struct mod_zta_judgement *j)
{
    struct mod_zta_request *request = j->request;
    /* What a preflight leads to (a script's redirect, an include, an error page) is a GET. */
    bool is_preflight = request->is_preflight && j->r->method_number == M_OPTIONS &&
                        j->dir->preflight != MOD_ZTA_PREFLIGHT_JUDGE;
    if (judge_log(j) || judge_path(j) || judge_headers(j) || judge_addr(j) ||
        mod_zta_judgement_measures_of_addr(j)) {
        return;
    }
    if (j->stance.monitor == 0) {
        /* A public place asks for nothing, yet ZTAFeature may limit it by address. */
        (void)judge_limits(j);
        return;
    }
    if (judge_store(j) || judge_fleet(j) || judge_usability(j) ||
        mod_zta_judgement_throttled_addr(j) || judge_limits(j)) {
        return;
    }
    if (is_preflight) {
        request->answers_preflight =
            j->dir->preflight == MOD_ZTA_PREFLIGHT_ANSWER && j->stance.stage > 0;
        return;
    }
    if (judge_failures(j) || judge_credential(j)) {
        return;
    }
    expect_records(j);
    if (judge_signals(j) || judge_device(j) || judge_subject(j) || mod_zta_judgement_measures(j)) {
        return;
    }
    mod_zta_context_gather(j->r, request, j->dir, &j->stance, &j->look);
    mod_zta_risk_gather(j->r, request, &j->stance, &j->look);
    judge_limits_and_rules(j);
}
