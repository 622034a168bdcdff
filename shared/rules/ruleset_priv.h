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
#include "shared/base/netset.h"
#include "shared/identity.h"
#include "shared/rules/arena.h"
#include "shared/rules/ast.h"
#include "shared/rules/attributes.h"
#include "shared/rules/hours.h"
#include "shared/rules/index_priv.h"
#include "shared/rules/match.h"
#include "shared/rules/os.h"
#include "shared/stance.h"

/* One value, ready to compare; the type of the attribute says which member of the union counts. */
struct zta_rule_value {
    struct zta_text text;
    struct zta_text issuer; /* "alice@corp" with several issuers: corp; absent: of any issuer */
    union {
        struct zta_path_pattern path;
        struct zta_os os;
        int64_t number;
        /* What else than the same text an unquoted value of a claim matches; STRING: nothing. */
        struct {
            enum zta_claim_kind kind;
            double number;
        } claim;
    } as;
};

/* What a run of the attribute network becomes. */
struct zta_rule_nets {
    struct zta_net_set addrs;
    uint32_t *asns; /* sorted */
    size_t n_asns;
};

/* Values that were written on the line, or those of one list, which all its users share. */
struct zta_rule_values {
    uint32_t first; /* of zta_ruleset.values; attribute network: the one of zta_ruleset.nets */
    uint32_t n;
    bool is_sorted;  /* by text: a search finds what equals by bytes */
    bool has_issuer; /* some value names its issuer */
    bool has_bare;   /* some value does not */
};

struct zta_rule_cond {
    uint8_t attribute; /* enum zta_attribute */
    uint8_t op;        /* enum zta_op */
    bool is_negated;
    bool matches_unknown; /* the bare value `unknown` stands there */
    bool matches_known;
    bool has_issuer;
    uint32_t first_run; /* of zta_ruleset.runs */
    uint32_t n_runs;
    uint32_t words;     /* types with fixed words: set of 1u << i of zta_value_word */
    int64_t bound;      /* comparison of whole numbers and durations */
    double claim_bound; /* comparison of a claim */
    struct zta_text claim;
    const struct zta_hours *hours; /* attribute hours */
};

struct zta_rule_group {
    bool is_need;
    uint8_t refusal;   /* enum zta_reason of lacking it and nothing else; UNJUDGED: of the kind */
    uint16_t features; /* set of 1u << enum zta_feature that its conditions need */
    uint32_t first_cond;
    uint32_t n_conds;
    const char *text; /* its rule line, for explain */
};

struct zta_rule {
    const char *name;
    uint8_t kind;  /* enum zta_rule_kind */
    uint8_t mode;  /* as written */
    bool is_early; /* limit of the phase before any cryptography */
    bool is_keyed_by_identity;
    bool throttles; /* a require that does not refuse but slows down */
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
};

struct zta_rule_key {
    uint16_t key; /* enum zta_limit_key */
    struct zta_text claim;
};

struct zta_rule_zone {
    struct zta_text name;
    struct zta_zone *zone;
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
    struct zta_rule_zone *zones; /* owned, each once */
    size_t n_zones;
    const char **sources;
    size_t n_sources;
    uint32_t generation;
    uint16_t asked;          /* set of 1u << enum zta_feature: some condition needs it */
    struct zta_arena *arena; /* owner of all but the index */
    struct zta_rules_index *index[ZTA_N_RULES_QUESTIONS];
};

#endif
