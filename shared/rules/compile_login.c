/* SPDX-License-Identifier: Apache-2.0 */
/* What rules say of logins: the orders of acr values, and what step-ups ask for. */
#include "shared/rules/compile_priv.h"

static enum zta_status copy_order(struct zta_compiler *compiler, size_t issuer,
                                  struct zta_rule_acrs *acrs)
{
    const struct zta_acr_order *source = &compiler->env->acrs[issuer];
    struct zta_text *values = zta_arena_alloc(compiler->set->arena, source->n * sizeof *values);
    enum zta_status status =
        values == NULL ? ZTA_NO_MEMORY
                       : zta_compile_copy(compiler, compiler->env->issuers[issuer], &acrs->issuer);
    for (size_t i = 0; status == ZTA_OK && i < source->n; i++) {
        status = zta_compile_copy(compiler, source->values[i], &values[i]);
    }
    acrs->order = (struct zta_acr_order){.values = values, .n = source->n};
    return status;
}

enum zta_status zta_compile_acrs(struct zta_compiler *compiler)
{
    struct zta_ruleset *set = compiler->set;
    const struct zta_rules_env *env = compiler->env;
    const size_t n = env->acrs != NULL ? env->n_issuers : 0;
    enum zta_status status = ZTA_OK;
    set->acrs = zta_arena_alloc(set->arena, n * sizeof *set->acrs);
    if (set->acrs == NULL) {
        return ZTA_NO_MEMORY;
    }
    for (size_t i = 0; status == ZTA_OK && i < n; i++) {
        if (env->acrs[i].n > 0) {
            status = copy_order(compiler, i, &set->acrs[set->n_acrs++]);
        }
    }
    return status;
}

enum zta_status zta_compile_check_acr(struct zta_compiler *compiler,
                                      const struct zta_ast_value *value)
{
    const struct zta_ruleset *set = compiler->set;
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, value->text);
    for (size_t i = 0; i < set->n_acrs; i++) {
        const struct zta_acr_order *order = &set->acrs[i].order;
        for (size_t v = 0; v < order->n; v++) {
            if (zta_text_equal(order->values[v], value->text)) {
                return ZTA_OK;
            }
            zta_nearest_offer(&nearest, order->values[v]);
        }
    }
    return set->n_acrs == 0 ? ZTA_OK
                            : zta_compile_fail(compiler, value, &nearest,
                                               "an acr that ZTAAcr of some issuer puts in order");
}

enum zta_status zta_compile_step_up(struct zta_compiler *compiler,
                                    const struct zta_ast_step_up *source, struct zta_rule *rule)
{
    rule->step_up = (struct zta_ast_step_up){.max_age_s = rule->steps_up ? source->max_age_s : -1};
    return rule->steps_up && !zta_text_is_absent(source->acr)
               ? zta_compile_copy(compiler, source->acr, &rule->step_up.acr)
               : ZTA_OK;
}

/* Whoever logs in anew is younger afterwards, never older. */
static bool asks_for_age(const struct zta_ast_cond *cond)
{
    const bool asks_more = cond->op == ZTA_OP_GT || cond->op == ZTA_OP_GE;
    return cond->attribute == ZTA_ATTRIBUTE_AUTH_AGE && cond->op != ZTA_OP_ANY_OF &&
           asks_more != cond->is_negated;
}

bool zta_compile_is_login(const struct zta_ast_group *group)
{
    for (size_t i = 0; i < group->n_conds; i++) {
        const unsigned traits = zta_attribute_info(group->conds[i].attribute)->traits;
        if ((traits & ZTA_TRAIT_AUTHENTICATES) == 0 || asks_for_age(&group->conds[i])) {
            return false;
        }
    }
    return true;
}
