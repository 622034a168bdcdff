/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the login behind a credential is worth to rules, and what a better one would have to be
 * (docs/rules.md, meaning 16). Only acr and auth_time of this very request's credential count.
 */
#include "shared/rules/eval_priv.h"

static const struct zta_identity nobody;

static const struct zta_identity *identity_of(const struct zta_rules_view *view)
{
    return view->facts->identity != NULL ? view->facts->identity : &nobody;
}

/* NULL: the issuer of this credential puts nothing in order. */
static const struct zta_acr_order *order_of(const struct zta_rules_view *view)
{
    const struct zta_text issuer = identity_of(view)->issuer;
    for (size_t i = 0; i < view->set->n_acrs; i++) {
        if (zta_text_equal(view->set->acrs[i].issuer, issuer)) {
            return &view->set->acrs[i].order;
        }
    }
    return NULL;
}

static struct zta_text operand_of(const struct zta_rules_view *view,
                                  const struct zta_rule_cond *cond)
{
    return view->set->values[view->set->runs[cond->first_run].first].text;
}

enum zta_truth zta_rules_acr_truth(const struct zta_rules_view *view,
                                   const struct zta_rule_cond *cond)
{
    const struct zta_acr_order *order = order_of(view);
    const struct zta_text acr = identity_of(view)->acr;
    const struct zta_text bound = operand_of(view, cond);
    const int is_at_least = zta_acr_is_at_least(order, acr, bound);
    const int is_at_most = zta_acr_is_at_least(order, bound, acr);
    if (!is_at_least && !is_at_most) {
        return ZTA_TRUTH_UNKNOWN;
    }
    return zta_rules_is_in_order((enum zta_op)cond->op, is_at_least - is_at_most) ? ZTA_TRUTH_TRUE
                                                                                  : ZTA_TRUTH_FALSE;
}

bool zta_rules_login_helps(const struct zta_facts *facts, const struct zta_rules_lack *lack)
{
    return zta_step_up_is_possible(facts->identity) && (lack->n_risk == 0 || facts->risk != NULL);
}

static struct zta_step_up demand(struct zta_text acr, int64_t max_age_s, int64_t newer_than_s)
{
    struct zta_step_up step_up;
    struct zta_buffer buffer;
    zta_step_up_init(&step_up);
    zta_buffer_init(&buffer, step_up.acr, sizeof step_up.acr);
    zta_buffer_text(&buffer, acr);
    step_up.max_age_s = max_age_s;
    step_up.newer_than_s = newer_than_s;
    return step_up;
}

/* When the newest reason for the risk came up; 0: not known, or nothing of risk is lacked. */
static int64_t newest_of(const struct zta_rules_view *view, const struct zta_rules_lack *lack)
{
    const struct zta_risk_facts *risk = view->facts->risk;
    return lack->n_risk > 0 && risk != NULL && risk->newest_s > 0 ? risk->newest_s : 0;
}

/* A login that was not recorded is no answer. */
static void note_gaps(const struct zta_rules_view *view, const struct zta_step_up *wanted)
{
    const struct zta_identity *identity = identity_of(view);
    if (wanted->acr[0] != '\0' && zta_text_is_absent(identity->acr)) {
        zta_rules_note_gap(view->facts, ZTA_ATTRIBUTE_ACR);
    }
    if ((wanted->max_age_s >= 0 || wanted->newer_than_s > 0) && identity->auth_time_s <= 0) {
        zta_rules_note_gap(view->facts, ZTA_ATTRIBUTE_AUTH_AGE);
    }
}

/*
 * Each need that is lacked adds what it asks for, so that lacking more never helps: risk a login
 * behind its newest reason, everything else one that is young enough.
 */
bool zta_rules_login_suffices(const struct zta_rules_view *view, const struct zta_rule *rule,
                              const struct zta_rules_lack *lack)
{
    const int64_t newest_s = newest_of(view, lack);
    const bool asks_age = newest_s == 0 || lack->n_risk < lack->n;
    const struct zta_step_up wanted =
        demand(rule->step_up.acr, asks_age ? rule->step_up.max_age_s : -1, newest_s);
    note_gaps(view, &wanted);
    return zta_rules_login_helps(view->facts, lack) &&
           zta_step_up_is_met(order_of(view), &wanted, view->facts->identity, view->now_s);
}

/* ---- what is asked for ---- */

void zta_rules_asked_init(struct zta_rules_asked *asked)
{
    *asked = (struct zta_rules_asked){.first = UINT32_MAX};
    zta_step_up_init(&asked->step_up);
}

/* Of acr values that cannot be compared the one of the first rule by name is asked for. */
static void ask(const struct zta_rules_view *view, uint32_t number, const struct zta_step_up *more,
                struct zta_rules_asked *asked)
{
    if (more->acr[0] == '\0' || number >= asked->first) {
        zta_step_up_merge(order_of(view), more, &asked->step_up);
        return;
    }
    struct zta_step_up merged = *more;
    zta_step_up_merge(order_of(view), &asked->step_up, &merged);
    asked->step_up = merged;
    asked->first = number;
}

void zta_rules_ask_by_rule(const struct zta_rules_view *view, uint32_t number,
                           const struct zta_rules_lack *lack, struct zta_rules_asked *asked)
{
    const struct zta_ast_step_up *step_up = &view->set->rules[number].step_up;
    const struct zta_step_up more = demand(step_up->acr, step_up->max_age_s, newest_of(view, lack));
    ask(view, number, &more, asked);
}

/* Of a plain line the first value a challenge can name, of `acr >= X` X; of `auth-age` the age. */
void zta_rules_ask_by_line(const struct zta_rules_view *view, uint32_t number,
                           const struct zta_rule_group *group, struct zta_rules_asked *asked)
{
    const struct zta_rule_cond *cond = &view->set->conds[group->first_cond];
    struct zta_text acr = {.data = NULL};
    int64_t max_age_s = -1;
    if (cond->is_negated) {
        return;
    }
    if (cond->attribute == ZTA_ATTRIBUTE_AUTH_AGE && cond->op != ZTA_OP_ANY_OF) {
        max_age_s = cond->op == ZTA_OP_LT ? cond->bound - 1 : cond->bound;
    }
    if (cond->attribute == ZTA_ATTRIBUTE_ACR && cond->n_runs > 0 &&
        view->set->runs[cond->first_run].n > 0 &&
        (cond->op == ZTA_OP_ANY_OF || cond->op == ZTA_OP_GE) &&
        zta_acr_is_well_formed(operand_of(view, cond))) {
        acr = operand_of(view, cond);
    }
    const struct zta_step_up more = demand(acr, max_age_s, 0);
    ask(view, number, &more, asked);
}
