/* SPDX-License-Identifier: Apache-2.0 */
/* Compares two trees member by member. */
#include "tests/unit/rules_equal.h"

#include "shared/rules/respond.h"

#include <string.h>

static bool texts_equal(struct zta_text a, struct zta_text b)
{
    return (a.data == NULL) == (b.data == NULL) && a.len == b.len &&
           (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool values_equal(const struct zta_ast_value *a, const struct zta_ast_value *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!texts_equal(a[i].text, b[i].text) || a[i].is_quoted != b[i].is_quoted ||
            a[i].is_list != b[i].is_list) {
            return false;
        }
    }
    return true;
}

static bool conds_equal(const struct zta_ast_cond *a, const struct zta_ast_cond *b)
{
    return a->attribute == b->attribute && a->is_negated == b->is_negated && a->op == b->op &&
           texts_equal(a->claim, b->claim) && a->n_values == b->n_values &&
           values_equal(a->values, b->values, a->n_values);
}

static bool groups_equal(const struct zta_ast_group *a, const struct zta_ast_group *b)
{
    if (a->is_need != b->is_need || a->n_conds != b->n_conds) {
        return false;
    }
    for (size_t i = 0; i < a->n_conds; i++) {
        if (!conds_equal(&a->conds[i], &b->conds[i])) {
            return false;
        }
    }
    return true;
}

static bool buckets_equal(const struct zta_ast_rule *a, const struct zta_ast_rule *b)
{
    if (a->n_keys != b->n_keys) {
        return false;
    }
    for (size_t i = 0; i < a->n_keys; i++) {
        if (a->keys[i] != b->keys[i] || !texts_equal(a->key_claims[i], b->key_claims[i])) {
            return false;
        }
    }
    return a->rate.count == b->rate.count && a->rate.window_s == b->rate.window_s &&
           a->rate.is_fleets == b->rate.is_fleets && a->rate.unit == b->rate.unit &&
           a->rate.n_units == b->rate.n_units && a->rate.burst == b->rate.burst &&
           a->rate.has_burst == b->rate.has_burst;
}

static bool tunings_equal(const struct zta_ast_tuning *a, const struct zta_ast_tuning *b)
{
    return a->signal == b->signal && a->has_weight == b->has_weight && a->weight == b->weight &&
           a->has_half_life == b->has_half_life && a->half_life_s == b->half_life_s &&
           a->has_floor == b->has_floor && a->floor == b->floor;
}

static bool responds_equal(const struct zta_respond *a, const struct zta_respond *b)
{
    bool is_equal = a->group == b->group && a->n_ons == b->n_ons && a->n_dos == b->n_dos;
    for (size_t i = 0; is_equal && i < a->n_ons; i++) {
        const struct zta_respond_on *left = &a->ons[i];
        const struct zta_respond_on *right = &b->ons[i];
        is_equal = left->metric == right->metric && left->signal == right->signal &&
                   left->op == right->op && left->number == right->number &&
                   left->window_s == right->window_s && left->min == right->min;
    }
    for (size_t i = 0; is_equal && i < a->n_dos; i++) {
        const struct zta_respond_do *left = &a->dos[i];
        const struct zta_respond_do *right = &b->dos[i];
        is_equal = left->act == right->act && left->target == right->target &&
                   left->for_s == right->for_s && left->signal == right->signal &&
                   left->level == right->level && texts_equal(left->name, right->name) &&
                   texts_equal(left->step_up.acr, right->step_up.acr) &&
                   left->step_up.max_age_s == right->step_up.max_age_s &&
                   left->rate.count == right->rate.count &&
                   left->rate.window_s == right->rate.window_s;
    }
    return is_equal;
}

static bool rule_equal(const struct zta_ast_rule *a, const struct zta_ast_rule *b)
{
    if (a->kind != b->kind || !texts_equal(a->name, b->name) || a->n_groups != b->n_groups ||
        a->mode != b->mode || a->has_mode != b->has_mode || a->from_s != b->from_s ||
        a->until_s != b->until_s || !texts_equal(a->note, b->note) ||
        a->otherwise != b->otherwise || !buckets_equal(a, b) ||
        !texts_equal(a->step_up.acr, b->step_up.acr) ||
        a->step_up.max_age_s != b->step_up.max_age_s || !tunings_equal(&a->tuning, &b->tuning) ||
        (a->kind == ZTA_RULE_RESPOND && !responds_equal(a->respond, b->respond))) {
        return false;
    }
    for (size_t i = 0; i < a->n_groups; i++) {
        if (!groups_equal(&a->groups[i], &b->groups[i])) {
            return false;
        }
    }
    return true;
}

static bool case_equal(const struct zta_ast_case *a, const struct zta_ast_case *b)
{
    if (!texts_equal(a->name, b->name) || a->n_givens != b->n_givens ||
        !texts_equal(a->at, b->at) || a->at_s != b->at_s || a->stage != b->stage ||
        a->has_stage != b->has_stage || a->outcome != b->outcome || a->reason != b->reason ||
        a->has_reason != b->has_reason || !texts_equal(a->by, b->by)) {
        return false;
    }
    for (size_t i = 0; i < a->n_givens; i++) {
        const struct zta_ast_given *one = &a->givens[i];
        const struct zta_ast_given *other = &b->givens[i];
        if (one->attribute != other->attribute || !texts_equal(one->claim, other->claim) ||
            one->n_values != other->n_values ||
            !values_equal(one->values, other->values, one->n_values)) {
            return false;
        }
    }
    return true;
}

bool rules_equal(const struct zta_rules_ast *a, const struct zta_rules_ast *b)
{
    if (a->n_lists != b->n_lists || a->n_rules != b->n_rules || a->n_cases != b->n_cases) {
        return false;
    }
    for (size_t i = 0; i < a->n_lists; i++) {
        if (!texts_equal(a->lists[i].name, b->lists[i].name) ||
            a->lists[i].n_items != b->lists[i].n_items || a->lists[i].n_own != b->lists[i].n_own ||
            a->lists[i].n_files != b->lists[i].n_files ||
            !values_equal(a->lists[i].items, b->lists[i].items, a->lists[i].n_items)) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_lists; i++) {
        for (size_t f = 0; f < a->lists[i].n_files; f++) {
            if (!texts_equal(a->lists[i].files[f], b->lists[i].files[f])) {
                return false;
            }
        }
    }
    for (size_t i = 0; i < a->n_rules; i++) {
        if (!rule_equal(&a->rules[i], &b->rules[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < a->n_cases; i++) {
        if (!case_equal(&a->cases[i], &b->cases[i])) {
            return false;
        }
    }
    return true;
}
