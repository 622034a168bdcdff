/* SPDX-License-Identifier: Apache-2.0 */
/* Signal rules that mute what they raise, and triggers that nothing can pull. */
#include "shared/rules/warn_priv.h"

#include "shared/rules/attributes.h"
#include "shared/rules/respond.h"

/* The least and the greatest number that a line lets pass. */
struct range {
    uint64_t least;
    uint64_t most;
    bool is_empty;
};

/* What a value of its own group can come to at most. */
static uint64_t most_of(const struct zta_respond_on *on, enum zta_group group)
{
    const enum zta_metric metric = on->metric;
    if (zta_metric_info(metric)->counting == ZTA_METRIC_RATIO || metric == ZTA_METRIC_OF_RISK) {
        return 100;
    }
    const bool is_one = (metric == ZTA_METRIC_OF_DISTINCT_IPS && group == ZTA_GROUP_IP) ||
                        (metric == ZTA_METRIC_OF_DISTINCT_ROUTES && group == ZTA_GROUP_ROUTE) ||
                        (metric == ZTA_METRIC_OF_DISTINCT_SUBJECTS &&
                         (group == ZTA_GROUP_SUBJECT || group == ZTA_GROUP_SESSION));
    return is_one ? 1 : UINT64_MAX;
}

static struct range range_of(const struct zta_respond_on *on, enum zta_group group)
{
    struct range range = {.most = most_of(on, group)};
    switch (on->op) {
    case ZTA_OP_LT:
        range.is_empty = on->number == 0;
        range.most = on->number > 0 && on->number - 1 < range.most ? on->number - 1 : range.most;
        break;
    case ZTA_OP_LE:
        range.most = on->number < range.most ? on->number : range.most;
        break;
    case ZTA_OP_GT:
        range.is_empty = on->number >= range.most;
        range.least = range.is_empty ? 0 : on->number + 1;
        break;
    case ZTA_OP_GE:
        range.is_empty = on->number > range.most;
        range.least = on->number;
        break;
    case ZTA_OP_ANY_OF:
        break;
    }
    return range;
}

static bool are_of_one_count(const struct zta_respond_on *a, const struct zta_respond_on *b)
{
    return a->metric == b->metric && a->signal == b->signal && a->window_s == b->window_s;
}

static bool exclude(const struct zta_respond *respond, size_t i, size_t j)
{
    const struct range a = range_of(&respond->ons[i], respond->group);
    const struct range b = range_of(&respond->ons[j], respond->group);
    return are_of_one_count(&respond->ons[i], &respond->ons[j]) &&
           (a.least > b.most || b.least > a.most);
}

/* Nobody was verified there, so nothing is known of a credential. */
static const struct zta_ast_cond *asks_for_credential(const struct zta_ast_rule *rule)
{
    for (size_t g = 0; g < rule->n_groups; g++) {
        const struct zta_ast_group *group = &rule->groups[g];
        bool can_hold = false;
        for (size_t c = 0; c < group->n_conds; c++) {
            const struct zta_ast_cond *cond = &group->conds[c];
            const bool is_of_credential =
                zta_attribute_info(cond->attribute)->feature == ZTA_FEATURE_CREDENTIAL;
            can_hold = can_hold || !is_of_credential || cond->is_negated;
            for (size_t v = 0; v < cond->n_values; v++) {
                can_hold = can_hold || (!cond->values[v].is_quoted &&
                                        zta_text_equal(cond->values[v].text, ZTA_TEXT("unknown")));
            }
        }
        if (!can_hold) {
            return &group->conds[0];
        }
    }
    return NULL;
}

static const char *never_triggered(const struct zta_ast_rule *rule,
                                   const struct zta_rules_place **place)
{
    const struct zta_respond *respond = rule->respond;
    for (size_t i = 0; i < respond->n_ons; i++) {
        const struct zta_respond_on *on = &respond->ons[i];
        *place = &on->place;
        if (range_of(on, respond->group).is_empty) {
            return "never triggered: nothing comes to such a number";
        }
        for (size_t j = 0; j < i; j++) {
            if (exclude(respond, i, j)) {
                return "never triggered: another line asks for the contrary of this one";
            }
        }
        const struct zta_ast_cond *asked = asks_for_credential(rule);
        if ((zta_metric_info(on->metric)->traits & ZTA_METRIC_ANONYMOUS) != 0 && asked != NULL) {
            *place = &asked->place;
            return "never triggered: of requests whose credential failed nothing is known of it";
        }
    }
    return NULL;
}

const char *zta_warn_of_effect(const struct zta_ast_rule *rule,
                               const struct zta_rules_place **place)
{
    const struct zta_ast_tuning *tuning = &rule->tuning;
    if (rule->kind == ZTA_RULE_RESPOND) {
        return never_triggered(rule, place);
    }
    *place = &rule->place;
    return rule->kind == ZTA_RULE_SIGNAL && tuning->has_weight && tuning->weight == 0 &&
                   (tuning->has_floor || tuning->has_half_life)
               ? "never raised: a weight of 0 mutes it, and its floor and half-life with it"
               : NULL;
}
