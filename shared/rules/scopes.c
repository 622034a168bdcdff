/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over all rules: no request, so what a place does not settle is taken to hold. */
#include "shared/rules/scopes.h"

#include "shared/rules/eval_priv.h"

struct walk {
    const struct zta_ruleset *set;
    const struct zta_scopes_place *place;
    zta_scope_fn fn;
    void *context;
};

typedef bool (*value_fn)(const struct walk *walk, const struct zta_rule_value *value);

static bool is_accepted(const struct walk *walk, struct zta_text issuer)
{
    for (size_t i = 0; i < walk->place->n_issuers; i++) {
        if (zta_text_equal(walk->place->issuers[i], issuer)) {
            return true;
        }
    }
    return false;
}

static bool is_below(const struct walk *walk, const struct zta_rule_value *value)
{
    return zta_path_pattern_meets(&value->as.path, walk->place->prefix);
}

static bool is_host(const struct walk *walk, const struct zta_rule_value *value)
{
    return zta_host_matches(value->text, walk->place->host);
}

static bool is_issuer(const struct walk *walk, const struct zta_rule_value *value)
{
    return is_accepted(walk, value->text);
}

/* Always false, so that a walk with it sees every value. */
static bool tell(const struct walk *walk, const struct zta_rule_value *value)
{
    if (zta_text_is_absent(value->issuer) || is_accepted(walk, value->issuer)) {
        walk->fn(walk->context, value->text);
    }
    return false;
}

static bool any_value(const struct walk *walk, const struct zta_rule_cond *cond, value_fn fn)
{
    for (uint32_t r = 0; r < cond->n_runs; r++) {
        const struct zta_rule_values *run = &walk->set->runs[cond->first_run + r];
        for (uint32_t i = run->first; i < run->first + run->n; i++) {
            if (fn(walk, &walk->set->values[i])) {
                return true;
            }
        }
    }
    return false;
}

/* Can the condition hold at the place? What only a request tells can. */
static bool can_hold(const struct walk *walk, const struct zta_rule_cond *cond)
{
    if (cond->is_negated || cond->matches_known || cond->matches_unknown) {
        return true;
    }
    switch (cond->attribute) {
    case ZTA_ATTRIBUTE_PATH:
        return any_value(walk, cond, is_below);
    case ZTA_ATTRIBUTE_HOST:
        return any_value(walk, cond, is_host);
    case ZTA_ATTRIBUTE_ISSUER:
        return any_value(walk, cond, is_issuer);
    default:
        return true;
    }
}

static bool can_apply(const struct walk *walk, const struct zta_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &walk->set->groups[rule->first_group + i];
        bool holds = group->is_need;
        for (uint32_t c = 0; c < group->n_conds && !holds; c++) {
            holds = can_hold(walk, &walk->set->conds[group->first_cond + c]);
        }
        if (!holds) {
            return false;
        }
    }
    return true;
}

static void tell_rule(const struct walk *walk, const struct zta_rule *rule)
{
    for (uint32_t i = 0; i < rule->n_groups; i++) {
        const struct zta_rule_group *group = &walk->set->groups[rule->first_group + i];
        for (uint32_t c = 0; c < group->n_conds; c++) {
            const struct zta_rule_cond *cond = &walk->set->conds[group->first_cond + c];
            /* A `when` of a require spares who lacks the scope: nobody needs it. */
            if (cond->attribute == ZTA_ATTRIBUTE_SCOPE && !cond->is_negated &&
                (group->is_need || rule->kind == ZTA_RULE_ALLOW)) {
                (void)any_value(walk, cond, tell);
            }
        }
    }
}

void zta_ruleset_each_scope(const struct zta_ruleset *set, const struct zta_scopes_place *place,
                            zta_scope_fn fn, void *context)
{
    const struct walk walk = {.set = set, .place = place, .fn = fn, .context = context};
    const struct zta_rules_view view = {
        .set = set,
        .force = zta_rules_force_of(place->stance),
        .now_s = place->now_s,
    };
    for (size_t i = 0; i < set->n_rules; i++) {
        const struct zta_rule *rule = &set->rules[i];
        if ((rule->kind == ZTA_RULE_ALLOW || rule->kind == ZTA_RULE_REQUIRE) &&
            zta_rules_mode(&view, rule) == ZTA_MODE_ENFORCE && can_apply(&walk, rule)) {
            tell_rule(&walk, rule);
        }
    }
}
