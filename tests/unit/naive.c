/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and verdicts as docs/rules.md words them, one meaning after the other. */
#include "tests/unit/naive.h"

#include "shared/rules/attributes.h"
#include "tests/unit/naive_priv.h"

#include <stdio.h>
#include <string.h>

/* Meanings 2 and 3 for allow and need. */
static enum tri line_truth(const struct naive *naive, const struct zta_ast_group *line)
{
    enum tri result = NO;
    for (size_t i = 0; i < line->n_conds; i++) {
        result = naive_best(result, naive_truth(naive, &line->conds[i]));
    }
    return result;
}

/* Meaning 4 for the `when` of deny, require and limit. */
static bool applies(const struct naive *naive, const struct zta_ast_rule *rule)
{
    for (size_t i = 0; i < rule->n_groups; i++) {
        const struct zta_ast_group *line = &rule->groups[i];
        bool met = line->is_need;
        for (size_t j = 0; j < line->n_conds; j++) {
            const enum tri value = naive_truth(naive, &line->conds[j]);
            met = met || value == YES || (value == MAYBE && line->conds[j].is_negated);
        }
        if (!met) {
            return false;
        }
    }
    return true;
}

static enum zta_mode weaker(enum zta_mode a, enum zta_mode b)
{
    return a < b ? a : b;
}

/* Meaning 7: the weakest of what a line asks for. */
static enum zta_mode line_mode(const struct naive *naive, const struct zta_ast_group *line)
{
    enum zta_mode mode = ZTA_MODE_ENFORCE;
    for (size_t i = 0; i < line->n_conds; i++) {
        const enum zta_feature feature = zta_attribute_info(line->conds[i].attribute)->feature;
        if (feature != ZTA_N_FEATURES) {
            mode = weaker(mode, (enum zta_mode)naive->stance->modes[feature]);
        }
    }
    return mode;
}

static enum zta_mode rule_mode(const struct naive *naive, const struct zta_ast_rule *rule)
{
    enum zta_mode mode = rule->mode;
    const enum zta_feature kind =
        rule->kind == ZTA_RULE_LIMIT ? ZTA_FEATURE_RATELIMIT : ZTA_FEATURE_RULES;
    mode = weaker(mode, (enum zta_mode)naive->stance->modes[kind]);
    for (size_t i = 0; i < rule->n_groups; i++) {
        if (!rule->groups[i].is_need) {
            mode = weaker(mode, line_mode(naive, &rule->groups[i]));
        }
    }
    if ((rule->from_s != 0 && naive->now_s < rule->from_s) ||
        (rule->until_s != 0 && naive->now_s >= rule->until_s)) {
        return ZTA_MODE_OFF;
    }
    return mode;
}

/* A line that nothing but scopes can meet, one of which the client could ask for. */
static bool is_scope_line(const struct naive *naive, const struct zta_ast_group *line)
{
    bool can_be_asked = false;
    for (size_t i = 0; i < line->n_conds; i++) {
        const struct zta_ast_cond *cond = &line->conds[i];
        if (cond->attribute != ZTA_ATTRIBUTE_SCOPE || cond->is_negated) {
            return false;
        }
        for (size_t j = 0; j < cond->n_values; j++) {
            const struct zta_ast_value *value = &cond->values[j];
            if (!value->is_quoted && !value->is_list &&
                (naive_is(value->text, "known") || naive_is(value->text, "unknown"))) {
                return false;
            }
        }
        can_be_asked = can_be_asked || naive_can_be_asked(naive, cond);
    }
    return can_be_asked;
}

static enum zta_reason cond_reason(const struct naive *naive, const struct zta_ast_cond *cond)
{
    switch ((enum zta_attribute)cond->attribute) {
    case ZTA_ATTRIBUTE_DEVICE:
    case ZTA_ATTRIBUTE_OS:
        return naive_has_device(naive->facts) ? ZTA_REASON_DEVICE_NONCOMPLIANT
                                              : ZTA_REASON_DEVICE_UNKNOWN;
    case ZTA_ATTRIBUTE_NETWORK:
        return ZTA_REASON_NETWORK_DENIED;
    case ZTA_ATTRIBUTE_COUNTRY:
        return ZTA_REASON_COUNTRY_DENIED;
    case ZTA_ATTRIBUTE_BEHAVIOUR:
        return ZTA_REASON_BEHAVIOUR_UNUSUAL;
    case ZTA_ATTRIBUTE_HOURS:
        return ZTA_REASON_HOURS_DENIED;
    case ZTA_ATTRIBUTE_RISK:
    case ZTA_ATTRIBUTE_SIGNAL:
        return ZTA_REASON_RISK_HIGH;
    default:
        return ZTA_REASON_UNJUDGED;
    }
}

/* What a client lacks that is told apart from a rule that just refuses. */
static enum zta_reason line_reason(const struct naive *naive, const struct zta_ast_group *line)
{
    enum zta_reason reason = cond_reason(naive, &line->conds[0]);
    for (size_t i = 1; i < line->n_conds; i++) {
        if (cond_reason(naive, &line->conds[i]) != reason) {
            reason = ZTA_REASON_UNJUDGED;
        }
    }
    return is_scope_line(naive, line) ? ZTA_REASON_INSUFFICIENT_SCOPE : reason;
}

static enum zta_reason told(const struct unmet *unmet, enum zta_reason otherwise)
{
    for (unsigned i = ZTA_REASON_UNJUDGED + 1; i < ZTA_N_REASONS; i++) {
        if (unmet->n_of[i] == unmet->n) {
            return (enum zta_reason)i;
        }
    }
    return otherwise;
}

static struct unmet unmet_lines(const struct naive *naive, enum zta_mode threshold,
                                const struct zta_ast_rule *rule)
{
    struct unmet unmet = {.is_covered = true};
    for (size_t i = 0; i < rule->n_groups; i++) {
        const struct zta_ast_group *line = &rule->groups[i];
        if (line->is_need ? line_mode(naive, line) < threshold : rule->kind == ZTA_RULE_REQUIRE) {
            continue;
        }
        const enum tri value = line_truth(naive, line);
        unmet.is_covered = unmet.is_covered && (line->is_need || value != NO);
        unmet.n += value != YES;
        unmet.n_of[line_reason(naive, line)] += value != YES;
        unmet.n_login += value != YES && naive_is_login_line(line);
    }
    return unmet;
}

static bool comes_first(const struct zta_ast_rule *a, const struct zta_ast_rule *b)
{
    if (b == NULL) {
        return true;
    }
    const size_t common = a->name.len < b->name.len ? a->name.len : b->name.len;
    const int order = memcmp(a->name.data, b->name.data, common);
    return order != 0 ? order < 0 : a->name.len < b->name.len;
}

struct findings {
    const struct zta_ast_rule *denied_by;
    const struct zta_ast_rule *granted_by;
    const struct zta_ast_rule *slowed_by;
    const struct zta_ast_rule *stepped_up_by;
    const struct zta_ast_rule *nearest;
    struct unmet nearest_unmet;
};

/* Meaning 16: where there is no step-up, the rule refuses. */
static bool steps_up(const struct naive *naive, enum zta_mode threshold,
                     const struct zta_ast_rule *rule, const struct unmet *unmet)
{
    return rule->otherwise == ZTA_ELSE_STEP_UP && naive_login_helps(naive, unmet) &&
           naive->stance->modes[ZTA_FEATURE_STEPUP] >= threshold;
}

static bool refuses(const struct naive *naive, const struct zta_ast_rule *rule,
                    const struct unmet *unmet)
{
    return rule->kind == ZTA_RULE_DENY ||
           (unmet->n > 0 &&
            (rule->otherwise != ZTA_ELSE_STEP_UP || !naive_login_suffices(naive, rule, unmet)));
}

static void look_at(const struct naive *naive, enum zta_mode threshold,
                    const struct zta_ast_rule *rule, struct findings *findings)
{
    const struct unmet unmet = unmet_lines(naive, threshold, rule);
    if (rule->kind == ZTA_RULE_ALLOW) {
        if (unmet.is_covered && unmet.n == 0 && comes_first(rule, findings->granted_by)) {
            findings->granted_by = rule;
        }
        if (unmet.is_covered && unmet.n > 0 &&
            (findings->nearest == NULL || unmet.n < findings->nearest_unmet.n ||
             (unmet.n == findings->nearest_unmet.n && comes_first(rule, findings->nearest)))) {
            findings->nearest = rule;
            findings->nearest_unmet = unmet;
        }
        return;
    }
    const struct zta_ast_rule **first = rule->otherwise == ZTA_ELSE_THROTTLE ? &findings->slowed_by
                                        : steps_up(naive, threshold, rule, &unmet)
                                            ? &findings->stepped_up_by
                                            : &findings->denied_by;
    if (applies(naive, rule) && refuses(naive, rule, &unmet) && comes_first(rule, *first)) {
        *first = rule;
    }
}

static void say(struct zta_verdict *verdict, enum zta_outcome outcome, enum zta_reason reason,
                const struct zta_ast_rule *rule)
{
    memset(verdict, 0, sizeof *verdict);
    verdict->outcome = outcome;
    verdict->reason = reason;
    if (rule != NULL) {
        (void)snprintf(verdict->rule, sizeof verdict->rule, "%.*s", (int)rule->name.len,
                       rule->name.data);
        verdict->line = rule->place.line;
        verdict->source = rule->place.source;
    }
}

/* But for a login at most. */
static bool may_enter(const struct naive *naive, enum zta_mode threshold,
                      const struct findings *findings)
{
    const struct unmet *unmet = &findings->nearest_unmet;
    if (findings->granted_by != NULL || findings->nearest == NULL) {
        return findings->granted_by != NULL || naive->stance->allows_by_default;
    }
    return unmet->n_login == unmet->n && naive_login_helps(naive, unmet) &&
           naive->stance->modes[ZTA_FEATURE_STEPUP] >= threshold;
}

/* Meanings 6 and 8. */
static void conclude(const struct naive *naive, enum zta_mode threshold,
                     const struct findings *findings, struct zta_verdict *verdict)
{
    const struct zta_ast_rule *deny = findings->denied_by;
    if (deny != NULL) {
        const struct unmet unmet = unmet_lines(naive, threshold, deny);
        const bool is_require = deny->kind == ZTA_RULE_REQUIRE;
        say(verdict, ZTA_OUTCOME_DENY,
            is_require ? told(&unmet, ZTA_REASON_RULE_DENIED) : ZTA_REASON_RULE_DENIED, deny);
    }
    else if (findings->stepped_up_by != NULL && may_enter(naive, threshold, findings)) {
        say(verdict, ZTA_OUTCOME_STEP_UP, ZTA_REASON_STEP_UP_REQUIRED, findings->stepped_up_by);
    }
    else if (findings->granted_by != NULL) {
        say(verdict, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, findings->granted_by);
    }
    else if (findings->nearest != NULL && may_enter(naive, threshold, findings)) {
        say(verdict, ZTA_OUTCOME_STEP_UP, ZTA_REASON_STEP_UP_REQUIRED, NULL);
    }
    else if (findings->nearest != NULL) {
        say(verdict, ZTA_OUTCOME_DENY, told(&findings->nearest_unmet, ZTA_REASON_NOT_ENTITLED),
            NULL);
    }
    else if (naive->stance->allows_by_default) {
        say(verdict, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, NULL);
    }
    else {
        say(verdict, ZTA_OUTCOME_DENY, ZTA_REASON_NO_RULE, NULL);
    }
}

const struct zta_ast_rule *naive_decide(const struct naive *naive, enum zta_mode threshold,
                                        struct zta_verdict *verdict)
{
    const struct zta_facts *facts = naive->facts;
    const struct zta_identity *identity = facts->identity;
    struct findings findings = {.denied_by = NULL};
    if (naive->stance->modes[ZTA_FEATURE_RULES] < threshold) {
        say(verdict, ZTA_OUTCOME_ALLOW, ZTA_REASON_OK, NULL);
        return NULL;
    }
    if (facts->host.data == NULL || facts->path.data == NULL || facts->method.data == NULL) {
        say(verdict, ZTA_OUTCOME_DENY, ZTA_REASON_UNJUDGED, NULL);
        return NULL;
    }
    if ((identity == NULL || identity->credential == ZTA_CREDENTIAL_NONE) &&
        naive->stance->modes[ZTA_FEATURE_CREDENTIAL] >= threshold) {
        say(verdict, ZTA_OUTCOME_CHALLENGE, ZTA_REASON_NO_CREDENTIAL, NULL);
        return NULL;
    }
    for (size_t i = 0; i < naive->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &naive->ast->rules[i];
        if (rule->kind != ZTA_RULE_LIMIT && rule_mode(naive, rule) >= threshold) {
            look_at(naive, threshold, rule, &findings);
        }
    }
    conclude(naive, threshold, &findings, verdict);
    return findings.slowed_by;
}

/* Meaning 10. */
static bool key_is_known(const struct zta_facts *facts, unsigned key, struct zta_text claim)
{
    const struct zta_identity *id = facts->identity;
    if (key == ZTA_KEY_IP || key == ZTA_KEY_NET) {
        return facts->addr.family != 0;
    }
    if (key == ZTA_KEY_ROUTE) {
        return facts->route.data != NULL;
    }
    if (key == ZTA_KEY_ALL || id == NULL || id->credential == ZTA_CREDENTIAL_NONE) {
        return key == ZTA_KEY_ALL;
    }
    for (size_t i = 0; key == ZTA_KEY_CLAIM && i < id->n_claims; i++) {
        if (naive_same(id->claims[i].name, claim)) {
            return id->issuer.data != NULL;
        }
    }
    return (key == ZTA_KEY_SESSION && id->session_kind != ZTA_SESSION_NONE) ||
           (key == ZTA_KEY_APIKEY && id->apikey.data != NULL) ||
           (key == ZTA_KEY_ISSUER && id->issuer.data != NULL) ||
           (key == ZTA_KEY_SUBJECT && id->issuer.data != NULL && id->subject.data != NULL) ||
           (key == ZTA_KEY_CLIENT && id->issuer.data != NULL && id->client.data != NULL);
}

static enum zta_limit_phase phase_of(const struct zta_ast_rule *rule)
{
    for (size_t i = 0; i < rule->n_keys; i++) {
        if (rule->keys[i] != ZTA_KEY_IP && rule->keys[i] != ZTA_KEY_NET &&
            rule->keys[i] != ZTA_KEY_ROUTE && rule->keys[i] != ZTA_KEY_ALL) {
            return ZTA_LIMIT_AFTER;
        }
    }
    for (size_t i = 0; i < rule->n_groups; i++) {
        for (size_t j = 0; j < rule->groups[i].n_conds; j++) {
            const unsigned attribute = rule->groups[i].conds[j].attribute;
            if (attribute != ZTA_ATTRIBUTE_HOST && attribute != ZTA_ATTRIBUTE_PATH &&
                attribute != ZTA_ATTRIBUTE_METHOD) {
                return ZTA_LIMIT_AFTER;
            }
        }
    }
    return ZTA_LIMIT_BEFORE;
}

/* Whether a rule is a limit of this phase that counts the request in this mode. */
static bool counts_in(const struct naive *naive, enum zta_limit_phase phase, enum zta_mode mode,
                      const struct zta_ast_rule *rule)
{
    if (phase == ZTA_LIMIT_ELSE) {
        return rule->otherwise == ZTA_ELSE_THROTTLE && rule_mode(naive, rule) >= mode &&
               applies(naive, rule) && unmet_lines(naive, mode, rule).n > 0 &&
               (mode == ZTA_MODE_ENFORCE || !counts_in(naive, phase, ZTA_MODE_ENFORCE, rule));
    }
    bool counts = rule->kind == ZTA_RULE_LIMIT && phase_of(rule) == phase &&
                  rule_mode(naive, rule) == mode && applies(naive, rule);
    for (size_t k = 0; counts && k < rule->n_keys; k++) {
        counts = key_is_known(naive->facts, rule->keys[k], rule->key_claims[k]);
    }
    return counts;
}

size_t naive_limits(const struct naive *naive, enum zta_limit_phase phase, struct zta_text *names,
                    size_t max)
{
    const struct zta_ast_rule *last = NULL;
    size_t n = 0;
    for (enum zta_mode mode = ZTA_MODE_ENFORCE; mode > ZTA_MODE_OFF; mode--, last = NULL) {
        for (;;) {
            const struct zta_ast_rule *next = NULL;
            for (size_t i = 0; i < naive->ast->n_rules; i++) {
                const struct zta_ast_rule *rule = &naive->ast->rules[i];
                if (counts_in(naive, phase, mode, rule) &&
                    (last == NULL || (rule != last && comes_first(last, rule))) &&
                    comes_first(rule, next)) {
                    next = rule;
                }
            }
            if (next == NULL || n == max) {
                break;
            }
            names[n++] = next->name;
            last = next;
        }
    }
    return n;
}
