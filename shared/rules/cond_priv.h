/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of compiled rules: their values and groups, which refer to each other by number. */
#ifndef ZTA_RULES_COND_PRIV_H
#define ZTA_RULES_COND_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/netset.h"
#include "shared/identity.h"
#include "shared/rules/ast.h"
#include "shared/rules/attributes.h"
#include "shared/rules/hours.h"
#include "shared/rules/match.h"
#include "shared/rules/os.h"

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
    bool
        is_found; /* a `when` that is true wherever the index finds the rule, for a path with '/' */
    bool is_login;     /* only acr, amr, auth-age, which a new login can change */
    uint8_t refusal;   /* enum zta_reason of lacking it and nothing else; UNJUDGED: of the kind */
    uint16_t features; /* set of 1u << enum zta_feature that its conditions need */
    uint32_t first_cond;
    uint32_t n_conds;
    const char *text; /* its rule line, for explain */
};

#endif
