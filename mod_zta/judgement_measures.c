/* SPDX-License-Identifier: Apache-2.0 */
/* What measures of operators, automation and transmitters make of a judgement. */
#include "mod_zta/judgement_priv.h"

#include <apr_strings.h>

#include "mod_zta/measures.h"
#include "mod_zta/throttle.h"

/* What measures refuse outright. */
static bool note_held(struct mod_zta_judgement *j, enum zta_mode mode,
                      const struct mod_zta_held_back *held)
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
    return mod_zta_judgement_note(j, mode, &verdict);
}

bool mod_zta_judgement_measures_of_addr(struct mod_zta_judgement *j)
{
    mod_zta_measures_init(&j->measures);
    j->request->measures = &j->measures;
    if (j->look.view == NULL || !j->look.has_measures) {
        return false;
    }
    if (mod_zta_measures_of_addr(j->look.view, &j->request->facts.addr, &j->stance, j->now_s,
                                 &j->measures) != ZTA_OK) {
        return mod_zta_judgement_note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL],
                                             ZTA_REASON_STORE_UNAVAILABLE);
    }
    return note_held(j, ZTA_MODE_ENFORCE, &j->measures.enforced) ||
           note_held(j, ZTA_MODE_MONITOR, &j->measures.monitored);
}

bool mod_zta_judgement_throttled_addr(struct mod_zta_judgement *j)
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
            if (mod_zta_judgement_note(j, modes[i], &verdict)) {
                return true;
            }
        }
    }
    return false;
}

bool mod_zta_judgement_measures(struct mod_zta_judgement *j)
{
    const struct zta_identity *identity = j->request->identity;
    if (identity == NULL || j->look.view == NULL || !j->look.has_measures) {
        return false;
    }
    if (mod_zta_measures_of_identity(j->look.view, identity, &j->stance, j->now_s, &j->measures) !=
        ZTA_OK) {
        return mod_zta_judgement_note_reason(j, j->stance.modes[ZTA_FEATURE_CREDENTIAL],
                                             ZTA_REASON_STORE_UNAVAILABLE);
    }
    return note_held(j, ZTA_MODE_ENFORCE, &j->measures.enforced) ||
           note_held(j, ZTA_MODE_MONITOR, &j->measures.monitored);
}

/* What a measure's demand makes of a verdict that a challenge goes before; else unchanged. */
static bool step_up(const struct mod_zta_judgement *j, const struct mod_zta_held_back *held,
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
static void demand(struct mod_zta_judgement *j, const struct mod_zta_held_back *held, bool is_first)
{
    if (is_first) {
        zta_step_up_init(&j->decision.step_up);
    }
    if (held->is_stepped_up) {
        zta_step_up_merge(mod_zta_measures_acrs(j->request->identity), &held->step_up,
                          &j->decision.step_up);
    }
}

void mod_zta_judgement_demands(struct mod_zta_judgement *j)
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
