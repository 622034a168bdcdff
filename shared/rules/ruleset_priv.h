/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout of compiled rules: flat arrays that refer to each other by number, then immutable.
 * Rules are numbered in order of name, so that "first by name" is "smallest number".
 */
#ifndef ZTA_RULESET_PRIV_H
#define ZTA_RULESET_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/rules/arena.h"
#include "shared/rules/ast.h"
#include "shared/rules/cond_priv.h"
#include "shared/rules/index_priv.h"
#include "shared/rules/respond.h"
#include "shared/stance.h"
#include "shared/step_up.h"

struct zta_rule {
    const char *name;
    uint8_t kind;  /* enum zta_rule_kind */
    uint8_t mode;  /* as written */
    bool is_early; /* limit of the phase before any cryptography */
    bool is_keyed_by_identity;
    bool is_fleets; /* limit whose rate the nodes of the fleet share */
    bool throttles; /* a require that does not refuse but slows down */
    bool steps_up;  /* a require that asks for a login instead */
    uint16_t source;
    uint16_t features; /* of the kind and of all `when` lines */
    uint32_t line;
    uint32_t first_group;
    uint32_t n_groups;
    uint32_t first_key;
    uint32_t n_keys;
    int64_t from_s;
    int64_t until_s;
    uint64_t count;
    uint64_t window_s;
    uint64_t burst;
    struct zta_sha256 bucket; /* of one with a rate: name and rate, what its tags begin with */
    struct zta_ast_step_up step_up; /* steps_up */
};

struct zta_rule_key {
    uint16_t key; /* enum zta_limit_key */
    struct zta_text claim;
};

struct zta_rule_zone {
    struct zta_text name;
    struct zta_zone *zone;
};

/* A respond rule beside its place among all rules. */
struct zta_rule_respond {
    uint32_t rule;
    struct zta_respond respond;
};

struct zta_rule_tuning {
    uint32_t rule;
    struct zta_ast_tuning tuning;
};

struct zta_rule_acrs {
    struct zta_text issuer;
    struct zta_acr_order order;
};

/* Which rules a request is shown to: one index for each question that is asked. */
enum zta_rules_question {
    ZTA_RULES_JUDGE = 0, /* allow, deny, require */
    ZTA_RULES_LIMIT_BEFORE,
    ZTA_RULES_LIMIT_AFTER,
    ZTA_RULES_LIMIT_ELSE, /* require that throttles; ZTA_RULES_JUDGE has them, too */
    ZTA_N_RULES_QUESTIONS
};

struct zta_ruleset {
    struct zta_rule *rules;
    uint32_t *by_place; /* number of the rule that was written as i-th */
    size_t n_rules;
    struct zta_rule_group *groups;
    struct zta_rule_cond *conds;
    struct zta_rule_values *runs;
    struct zta_rule_value *values;
    struct zta_rule_nets *nets;
    struct zta_rule_key *keys;
    struct zta_text *claims;
    size_t n_claims;
    struct zta_rule_acrs *acrs;
    size_t n_acrs;
    struct zta_rule_respond *responds; /* in order of name */
    size_t n_responds;
    struct zta_rule_tuning *tunings;
    size_t n_tunings;
    struct zta_rule_zone *zones; /* owned, each once */
    size_t n_zones;
    const char **sources;
    size_t n_sources;
    uint32_t generation;
    bool asks_asn;           /* some condition on networks names an autonomous system */
    uint16_t asked;          /* set of 1u << enum zta_feature: some condition needs it */
    struct zta_arena *arena; /* owner of all but the index */
    struct zta_rules_index *index[ZTA_N_RULES_QUESTIONS];
};

#endif
