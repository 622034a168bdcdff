/* SPDX-License-Identifier: Apache-2.0 */
/* The decision: every rule that can apply is judged, then the verdict is drawn from the sums. */
#include "shared/rules/decide.h"

#include "shared/rules/eval_priv.h"

#include <string.h>

#define NOBODY UINT32_MAX

/* One pass over the rules, as if what is below `threshold` did not exist. */
struct trial {
    struct zta_rules_view view;
    enum zta_mode threshold;
    bool has_weaker; /* something was left out that the monitored pass takes in */
    bool is_covered; /* some allow covers the request */
    uint16_t n_denied_by;
    uint16_t n_granted_by;
    uint32_t denied_by; /* first by name */
    uint32_t granted_by;
    uint32_t slowed_by;
    uint32_t stepped_up_by;
    uint32_t nearest;             /* allow that covers and lacks least, then first by name */
    uint32_t n_lacking;           /* of the nearest */
    uint32_t told;                /* the rule whose unmet lines explain the verdict */
    struct zta_rules_asked asked; /* by all that step up */
};

static bool is_in_force(struct trial *trial, enum zta_mode mode)
{
    if (mode >= trial->threshold) {
        return true;
    }
    trial->has_weaker = trial->has_weaker || mode == ZTA_MODE_MONITOR;
    return false;
}

static void count(uint16_t *n)
{
    *n = (uint16_t)(*n + (*n < UINT16_MAX ? 1 : 0));
}

/* The scope the client could ask for: the first its issuer can give of the alternatives. */
static struct zta_text scope_of(const struct zta_rules_view *view,
                                const struct zta_rule_group *group)
{
    const struct zta_identity *identity = view->facts->identity;
    for (uint32_t c = 0; c < group->n_conds; c++) {
        const struct zta_rule_cond *cond = &view->set->conds[group->first_cond + c];
        for (uint32_t r = 0; r < cond->n_runs; r++) {
            const struct zta_rule_values *run = &view->set->runs[cond->first_run + r];
            for (uint32_t i = run->first; i < run->first + run->n; i++) {
                const struct zta_rule_value *value = &view->set->values[i];
                if (zta_text_is_absent(value->issuer) ||
                    (identity != NULL && zta_text_equal(value->issuer, identity->issuer))) {
                    return value->text;
                }
            }
        }
    }
    return (struct zta_text){.data = NULL};
}

static enum zta_reason refusal_of(const struct trial *trial, const struct zta_rule_group *group)
{
    const enum zta_reason refusal = (enum zta_reason)group->refusal;
    if (refusal == ZTA_REASON_INSUFFICIENT_SCOPE &&
        zta_text_is_absent(scope_of(&trial->view, group))) {
        return ZTA_REASON_UNJUDGED;
    }
    if (refusal == ZTA_REASON_DEVICE_NONCOMPLIANT &&
        !zta_rules_device_is_known(trial->view.facts)) {
        return ZTA_REASON_DEVICE_UNKNOWN;
    }
    return refusal;
}

static void add_lack(const struct trial *trial, struct zta_rules_lack *lack,
                     const struct zta_rule_group *group)
{
    const enum zta_reason refusal = refusal_of(trial, group);
    lack->first = lack->n == 0 ? group : lack->first;
    lack->refusal = lack->n == 0 || lack->refusal == refusal ? refusal : ZTA_REASON_UNJUDGED;
    lack->n++;
    lack->n_login += group->is_login ? 1 : 0;
    lack->n_risk += group->refusal == ZTA_REASON_RISK_HIGH ? 1 : 0;
}

/*
 * What an allow or a require lacks. False when an allow does not cover the request: one of its
 * `when` lines is false. The `when` of a require are settled before.
 */
static bool find_lack(struct trial *trial, const struct zta_rule *rule, struct zta_rules_lack *lack)
{
    *lack = (struct zta_rules_lack){.n = 0};
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &trial->view.set->groups[rule->first_group + i];
        if (group->is_need) {
            const enum zta_mode mode = zta_rules_features_mode(&trial->view.force, group->features);
            if (!is_in_force(trial, mode)) {
                continue;
            }
        }
        else if (rule->kind == ZTA_RULE_REQUIRE) {
            continue;
        }
        const enum zta_truth truth = zta_rules_group_truth(&trial->view, group);
        if (truth == ZTA_TRUTH_TRUE) {
            continue;
        }
        if (!group->is_need && truth == ZTA_TRUTH_FALSE) {
            return false;
        }
        add_lack(trial, lack, group);
    }
    return true;
}

static void first_of(uint32_t *first, uint32_t number)
{
    *first = number < *first ? number : *first;
}

static void judge_allow(struct trial *trial, uint32_t number, const struct zta_rule *rule)
{
    struct zta_rules_lack lack;
    if (!find_lack(trial, rule, &lack)) {
        return;
    }
    trial->is_covered = true;
    if (lack.n == 0) {
        count(&trial->n_granted_by);
        first_of(&trial->granted_by, number);
    }
    else if (trial->nearest == NOBODY || lack.n < trial->n_lacking ||
             (lack.n == trial->n_lacking && number < trial->nearest)) {
        trial->nearest = number;
        trial->n_lacking = lack.n;
    }
}

static void deny_by(struct trial *trial, uint32_t number)
{
    count(&trial->n_denied_by);
    first_of(&trial->denied_by, number);
}

static bool can_step_up(struct trial *trial, const struct zta_rules_lack *lack)
{
    const uint16_t feature = 1u << ZTA_FEATURE_STEPUP;
    return zta_rules_login_helps(trial->view.facts, lack) &&
           is_in_force(trial, zta_rules_features_mode(&trial->view.force, feature));
}

/* Where there is no step-up, what would ask for one refuses: `else` never weakens a rule. */
static void judge_require(struct trial *trial, uint32_t number, const struct zta_rule *rule)
{
    struct zta_rules_lack lack;
    (void)find_lack(trial, rule, &lack);
    if (lack.n == 0) {
        return;
    }
    if (rule->throttles) {
        first_of(&trial->slowed_by, number);
    }
    else if (!rule->steps_up) {
        deny_by(trial, number);
    }
    else if (zta_rules_login_suffices(&trial->view, rule, &lack)) {
        return;
    }
    else if (can_step_up(trial, &lack)) {
        first_of(&trial->stepped_up_by, number);
        zta_rules_ask_by_rule(&trial->view, number, &lack, &trial->asked);
    }
    else {
        deny_by(trial, number);
    }
}

static void judge_rule(struct trial *trial, uint32_t number)
{
    const struct zta_rule *rule = &trial->view.set->rules[number];
    if (!is_in_force(trial, zta_rules_mode(&trial->view, rule))) {
        return;
    }
    if (rule->kind == ZTA_RULE_ALLOW) {
        judge_allow(trial, number, rule);
    }
    else if (!zta_rules_when_holds(&trial->view, rule)) {
        return;
    }
    else if (rule->kind == ZTA_RULE_DENY) {
        deny_by(trial, number);
    }
    else {
        judge_require(trial, number, rule);
    }
}

static void judge_all(struct trial *trial)
{
    const struct zta_facts *facts = trial->view.facts;
    struct zta_index_cursor cursor;
    const uint32_t *numbers;
    size_t n;
    zta_index_cursor_init(trial->view.set->index[ZTA_RULES_JUDGE], facts->host, facts->path,
                          facts->method, &cursor);
    while ((numbers = zta_index_cursor_next(&cursor, &n)) != NULL) {
        for (size_t i = 0; i < n; i++) {
            judge_rule(trial, numbers[i]);
        }
    }
}

static void name_rule(const struct trial *trial, uint32_t number, struct zta_verdict *verdict)
{
    const struct zta_rule *rule = &trial->view.set->rules[number];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, verdict->rule, sizeof verdict->rule);
    zta_buffer_string(&buffer, rule->name);
    verdict->line = rule->line;
    verdict->source = rule->source;
}

/* The reason of what a rule lacks, where that is of one kind; else the one of the rule's kind. */
static enum zta_reason reason_of(struct trial *trial, uint32_t number, enum zta_reason otherwise)
{
    struct zta_rules_lack lack;
    (void)find_lack(trial, &trial->view.set->rules[number], &lack);
    return lack.n > 0 && lack.refusal != ZTA_REASON_UNJUDGED ? lack.refusal : otherwise;
}

static void draw_refusal(struct trial *trial, struct zta_verdict *verdict)
{
    const uint32_t number = trial->denied_by;
    verdict->outcome = ZTA_OUTCOME_DENY;
    verdict->reason = ZTA_REASON_RULE_DENIED;
    trial->told = number;
    if (trial->view.set->rules[number].kind == ZTA_RULE_REQUIRE) {
        verdict->reason = reason_of(trial, number, ZTA_REASON_RULE_DENIED);
    }
    name_rule(trial, number, verdict);
}

static void draw_step_up(struct trial *trial, struct zta_verdict *verdict)
{
    verdict->outcome = ZTA_OUTCOME_STEP_UP;
    verdict->reason = ZTA_REASON_STEP_UP_REQUIRED;
    if (trial->stepped_up_by != NOBODY) {
        trial->told = trial->stepped_up_by;
        name_rule(trial, trial->stepped_up_by, verdict);
    }
}

static void ask_by_nearest(struct trial *trial, const struct zta_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &trial->view.set->groups[rule->first_group + i];
        const enum zta_mode mode = zta_rules_features_mode(&trial->view.force, group->features);
        if (group->is_login && (!group->is_need || mode >= trial->threshold) &&
            zta_rules_group_truth(&trial->view, group) != ZTA_TRUTH_TRUE) {
            zta_rules_ask_by_line(&trial->view, trial->nearest, group, &trial->asked);
        }
    }
}

/* What the nearest allow lacks: of nothing but logins a new one is asked for (meaning 4). */
static void draw_nearest(struct trial *trial, struct zta_verdict *verdict)
{
    const struct zta_rule *rule = &trial->view.set->rules[trial->nearest];
    struct zta_rules_lack lack;
    (void)find_lack(trial, rule, &lack);
    trial->told = trial->nearest;
    if (lack.n_login == lack.n && can_step_up(trial, &lack)) {
        ask_by_nearest(trial, rule);
        draw_step_up(trial, verdict);
        return;
    }
    verdict->outcome = ZTA_OUTCOME_DENY;
    verdict->reason = reason_of(trial, trial->nearest, ZTA_REASON_NOT_ENTITLED);
}

/* The most severe first: who is not to enter anyway is not asked for a better login. */
static void draw_verdict(struct trial *trial, bool allows_by_default, struct zta_verdict *verdict)
{
    if (trial->denied_by != NOBODY) {
        draw_refusal(trial, verdict);
    }
    else if (trial->granted_by == NOBODY && trial->is_covered) {
        draw_nearest(trial, verdict);
    }
    else if (trial->granted_by == NOBODY && !allows_by_default) {
        verdict->outcome = ZTA_OUTCOME_DENY;
        verdict->reason = ZTA_REASON_NO_RULE;
    }
    else if (trial->stepped_up_by != NOBODY) {
        draw_step_up(trial, verdict);
    }
    else {
        verdict->outcome = ZTA_OUTCOME_ALLOW;
        verdict->reason = ZTA_REASON_OK;
        if (trial->granted_by != NOBODY) {
            name_rule(trial, trial->granted_by, verdict);
        }
    }
}

static bool is_verified(const struct zta_facts *facts)
{
    return facts->identity != NULL && facts->identity->credential != ZTA_CREDENTIAL_NONE;
}

/* Without one of these a request would slip past what is denied by them. */
static bool can_be_judged(const struct zta_facts *facts)
{
    return !zta_text_is_absent(facts->host) && !zta_text_is_absent(facts->path) &&
           !zta_text_is_absent(facts->method);
}

/* The verdict of what is in force at the threshold; *trial tells how it came about. */
static void try_rules(struct trial *trial, const struct zta_stance *stance,
                      struct zta_verdict *verdict)
{
    memset(verdict, 0, sizeof *verdict);
    if (!is_in_force(trial, stance->modes[ZTA_FEATURE_RULES])) {
        verdict->outcome = ZTA_OUTCOME_ALLOW;
        verdict->reason = ZTA_REASON_OK;
        return;
    }
    if (!can_be_judged(trial->view.facts)) {
        return;
    }
    /* No rule lets a request pass without a credential (meaning 16). */
    if (!is_verified(trial->view.facts) &&
        is_in_force(trial, stance->modes[ZTA_FEATURE_CREDENTIAL])) {
        verdict->outcome = ZTA_OUTCOME_CHALLENGE;
        verdict->reason = ZTA_REASON_NO_CREDENTIAL;
        return;
    }
    judge_all(trial);
    draw_verdict(trial, stance->allows_by_default != 0, verdict);
}

static struct trial trial_at(const struct zta_rules_view *view, enum zta_mode threshold)
{
    struct trial trial = {
        .view = *view,
        .threshold = threshold,
        .denied_by = NOBODY,
        .granted_by = NOBODY,
        .slowed_by = NOBODY,
        .stepped_up_by = NOBODY,
        .nearest = NOBODY,
        .told = NOBODY,
    };
    zta_rules_asked_init(&trial.asked);
    return trial;
}

/*
 * All scopes of the rule, those the client has included: it asks its issuer for exactly this list.
 * A list that does not fit is cut before the scope that does not.
 */
static void write_scope(const struct zta_rules_view *view, const struct zta_rule *rule,
                        struct zta_decision *decision)
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, decision->scope, sizeof decision->scope);
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &view->set->groups[rule->first_group + i];
        if (group->refusal != ZTA_REASON_INSUFFICIENT_SCOPE ||
            (!group->is_need && rule->kind == ZTA_RULE_REQUIRE)) {
            continue;
        }
        const struct zta_text scope = scope_of(view, group);
        if (zta_text_is_absent(scope) || buffer.len + 1 + scope.len >= buffer.size) {
            continue;
        }
        if (buffer.len > 0) {
            zta_buffer_string(&buffer, " ");
        }
        zta_buffer_text(&buffer, scope);
    }
}

/* The line as it is in the rules and what the request had; of a long one the end is missing. */
static void write_line(const struct zta_rules_view *view, const char *word,
                       const struct zta_rule_group *group, struct zta_decision *decision)
{
    char seen[ZTA_SEEN_MAX];
    struct zta_buffer buffer;
    struct zta_text text = zta_text_of(group->text);
    zta_rules_seen(view, group, seen);
    const size_t room = sizeof decision->missing - 1 - strlen(word) - strlen(seen);
    text.len = text.len < room ? text.len : room;
    while (!zta_text_is_utf8(text)) {
        text.len--;
    }
    zta_buffer_init(&buffer, decision->missing, sizeof decision->missing);
    zta_buffer_string(&buffer, word);
    zta_buffer_text(&buffer, text);
    zta_buffer_string(&buffer, seen);
}

/* Of a deny the first line about circumstances: only what they were is not seen from outside. */
static void write_hit(const struct zta_rules_view *view, const struct zta_rule *rule,
                      struct zta_decision *decision)
{
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &view->set->groups[rule->first_group + i];
        char seen[ZTA_SEEN_MAX];
        zta_rules_seen(view, group, seen);
        if (seen[0] != '\0') {
            write_line(view, ZTA_MISSING_WHEN, group, decision);
            return;
        }
    }
}

/* What to tell about a refusal that a rule's unmet lines brought about. */
static void explain(struct trial *trial, struct zta_decision *decision)
{
    const uint32_t number = trial->told;
    if (number == NOBODY) {
        return;
    }
    const struct zta_rule *rule = &trial->view.set->rules[number];
    struct zta_rules_lack lack;
    struct zta_buffer buffer;
    if (rule->kind == ZTA_RULE_DENY) {
        write_hit(&trial->view, rule, decision);
        return;
    }
    if (rule->kind == ZTA_RULE_ALLOW) {
        zta_buffer_init(&buffer, decision->nearest, sizeof decision->nearest);
        zta_buffer_string(&buffer, rule->name);
    }
    (void)find_lack(trial, rule, &lack);
    if (lack.first != NULL) {
        write_line(&trial->view, "", lack.first, decision);
    }
    if (decision->verdict.reason == ZTA_REASON_INSUFFICIENT_SCOPE) {
        write_scope(&trial->view, rule, decision);
    }
}

/* Over the rate of the first that throttles, that is what happens. */
static void tell_slowed(const struct trial *trial, struct zta_decision *decision)
{
    if (trial->slowed_by == NOBODY) {
        return;
    }
    decision->is_slowed = true;
    if (trial->threshold == ZTA_MODE_ENFORCE) {
        decision->slowed.outcome = ZTA_OUTCOME_THROTTLE;
        decision->slowed.reason = ZTA_REASON_RATE_LIMITED;
        name_rule(trial, trial->slowed_by, &decision->slowed);
    }
}

static bool differs(const struct zta_verdict *a, const struct zta_verdict *b)
{
    if (a->outcome != b->outcome || a->reason != b->reason) {
        return true;
    }
    return a->outcome != ZTA_OUTCOME_ALLOW && strcmp(a->rule, b->rule) != 0;
}

void zta_rules_decide(const struct zta_ruleset *set, const struct zta_facts *facts,
                      const struct zta_stance *stance, int64_t now_s, struct zta_decision *decision)
{
    memset(decision, 0, sizeof *decision);
    decision->stage = stance->stage;
    const struct zta_rules_view view = {
        .set = set,
        .facts = facts,
        .force = zta_rules_force_of(stance),
        .now_s = now_s,
        .is_found = zta_rules_is_found(facts),
    };
    struct trial enforced = trial_at(&view, ZTA_MODE_ENFORCE);
    try_rules(&enforced, stance, &decision->verdict);
    decision->n_denied_by = enforced.n_denied_by;
    decision->n_granted_by = enforced.n_granted_by;
    explain(&enforced, decision);
    tell_slowed(&enforced, decision);
    if (decision->verdict.outcome == ZTA_OUTCOME_STEP_UP) {
        decision->step_up = enforced.asked.step_up;
    }
    if (enforced.has_weaker) {
        struct trial monitored = trial_at(&view, ZTA_MODE_MONITOR);
        try_rules(&monitored, stance, &decision->monitor);
        tell_slowed(&monitored, decision);
        decision->has_monitor = differs(&decision->verdict, &decision->monitor);
        if (decision->verdict.outcome == ZTA_OUTCOME_ALLOW) {
            /* Nothing is to be told of an allowed request but why it would not be. */
            explain(&monitored, decision);
            if (decision->monitor.outcome == ZTA_OUTCOME_STEP_UP) {
                decision->step_up = monitored.asked.step_up;
            }
        }
    }
}
