/* SPDX-License-Identifier: Apache-2.0 */
/* The table of signals as `signal` rules change it. */
#include "shared/rules/tuning.h"

#include "shared/rules/eval_priv.h"

static void tune(const struct zta_ast_tuning *rule, bool holds, struct zta_risk_tuning *tuning)
{
    tuning->signals[rule->signal].is_admitted = holds;
    if (rule->has_weight) {
        tuning->signals[rule->signal].weight = rule->weight;
    }
    if (rule->has_half_life) {
        tuning->signals[rule->signal].half_life_s = (uint32_t)rule->half_life_s;
    }
    if (rule->has_floor) {
        tuning->signals[rule->signal].floor = rule->floor;
    }
}

void zta_rules_signals(const struct zta_ruleset *set, const struct zta_facts *facts,
                       const struct zta_stance *stance, int64_t now_s,
                       struct zta_risk_tuning *tuning)
{
    zta_risk_tuning_init(tuning);
    if (set->n_tunings == 0) {
        return;
    }
    const struct zta_rules_view view = {
        .set = set, .facts = facts, .force = zta_rules_force_of(stance), .now_s = now_s};
    const enum zta_mode least = (enum zta_mode)stance->modes[ZTA_FEATURE_RISK];
    for (size_t i = 0; i < set->n_tunings; i++) {
        const struct zta_rule *rule = &set->rules[set->tunings[i].rule];
        const enum zta_mode mode = zta_rules_mode(&view, rule);
        if (mode != ZTA_MODE_OFF && mode >= least) {
            tune(&set->tunings[i].tuning, zta_rules_when_holds(&view, rule), tuning);
        }
    }
}
