/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles what only signal and respond rules have. */
#include "shared/rules/compile_priv.h"

enum zta_feature zta_compile_feature(enum zta_rule_kind kind)
{
    switch (kind) {
    case ZTA_RULE_LIMIT:
        return ZTA_FEATURE_RATELIMIT;
    case ZTA_RULE_SIGNAL:
        return ZTA_FEATURE_RISK;
    case ZTA_RULE_RESPOND:
        return ZTA_FEATURE_AUTOMATION;
    case ZTA_RULE_ALLOW:
    case ZTA_RULE_DENY:
    case ZTA_RULE_REQUIRE:
        break;
    }
    return ZTA_FEATURE_RULES;
}

static enum zta_status check_notify(struct zta_compiler *compiler, const struct zta_respond_do *act)
{
    const struct zta_rules_env *env = compiler->env;
    const struct zta_ast_value found = {.text = act->name, .place = act->place};
    struct zta_nearest nearest;
    zta_nearest_init(&nearest, act->name);
    for (size_t i = 0; i < env->n_notifies; i++) {
        if (zta_text_equal(env->notifies[i], act->name)) {
            return ZTA_OK;
        }
        zta_nearest_offer(&nearest, env->notifies[i]);
    }
    return env->knows_notifies
               ? zta_compile_fail(compiler, &found, &nearest, "the name of a configured ZTANotify")
               : ZTA_OK;
}

static enum zta_status copy_acts(struct zta_compiler *compiler, struct zta_respond *respond)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; status == ZTA_OK && i < respond->n_dos; i++) {
        struct zta_respond_do *act = &respond->dos[i];
        if (act->act == ZTA_ACT_NOTIFY) {
            status = check_notify(compiler, act);
        }
        if (status == ZTA_OK && !zta_text_is_absent(act->name)) {
            status = zta_compile_copy(compiler, act->name, &act->name);
        }
        if (status == ZTA_OK && !zta_text_is_absent(act->step_up.acr)) {
            status = zta_compile_copy(compiler, act->step_up.acr, &act->step_up.acr);
        }
    }
    return status;
}

static enum zta_status add_respond(struct zta_compiler *compiler, const struct zta_ast_rule *source,
                                   uint32_t rule)
{
    struct zta_rule_respond *added = zta_vector_push(&compiler->responds);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = (struct zta_rule_respond){.rule = rule, .respond = *source->respond};
    added->respond.source = source->place.source;
    added->respond.line = source->place.line;
    const enum zta_status status = zta_compile_copy(compiler, source->name, &added->respond.name);
    return status == ZTA_OK ? copy_acts(compiler, &added->respond) : status;
}

enum zta_status zta_compile_adapt(struct zta_compiler *compiler, const struct zta_ast_rule *source,
                                  uint32_t rule)
{
    if (source->kind == ZTA_RULE_RESPOND) {
        return add_respond(compiler, source, rule);
    }
    if (source->kind != ZTA_RULE_SIGNAL) {
        return ZTA_OK;
    }
    struct zta_rule_tuning *added = zta_vector_push(&compiler->tunings);
    if (added == NULL) {
        return ZTA_NO_MEMORY;
    }
    *added = (struct zta_rule_tuning){.rule = rule, .tuning = source->tuning};
    return ZTA_OK;
}
