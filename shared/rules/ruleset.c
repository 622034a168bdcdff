/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked about compiled rules, and their end. */
#include "shared/rules/compile.h"
#include "shared/rules/decide.h"

#include "shared/rules/eval_priv.h"

void zta_ruleset_close(struct zta_ruleset **set)
{
    if (*set == NULL) {
        return;
    }
    for (size_t i = 0; i < ZTA_N_RULES_QUESTIONS; i++) {
        zta_rules_index_close(&(*set)->index[i]);
    }
    for (size_t i = 0; i < (*set)->n_zones; i++) {
        zta_zone_close(&(*set)->zones[i].zone);
    }
    /* The set itself lies in its arena. */
    struct zta_arena *arena = (*set)->arena;
    zta_arena_close(&arena);
    *set = NULL;
}

size_t zta_ruleset_n_rules(const struct zta_ruleset *set)
{
    return set->n_rules;
}

bool zta_ruleset_asks(const struct zta_ruleset *set, enum zta_feature feature)
{
    return (set->asked & 1u << feature) != 0;
}

bool zta_ruleset_asks_asn(const struct zta_ruleset *set)
{
    return set->asks_asn;
}

uint32_t zta_ruleset_generation(const struct zta_ruleset *set)
{
    return set->generation;
}

const char *zta_ruleset_source(const struct zta_ruleset *set, uint16_t source)
{
    const char *name = source < set->n_sources ? set->sources[source] : NULL;
    return name != NULL ? name : "";
}

const struct zta_text *zta_ruleset_claims(const struct zta_ruleset *set, size_t *n_claims)
{
    *n_claims = set->n_claims;
    return set->claims;
}

enum zta_mode zta_ruleset_rule_mode(const struct zta_ruleset *set, size_t rule,
                                    const struct zta_stance *stance, int64_t now_s)
{
    if (rule >= set->n_rules) {
        return ZTA_MODE_OFF;
    }
    const struct zta_rules_view view = {
        .set = set,
        .force = zta_rules_force_of(stance),
        .now_s = now_s,
    };
    return zta_rules_mode(&view, &set->rules[set->by_place[rule]]);
}

const char *zta_ruleset_rule_name(const struct zta_ruleset *set, size_t rule)
{
    return rule < set->n_rules ? set->rules[set->by_place[rule]].name : "";
}
