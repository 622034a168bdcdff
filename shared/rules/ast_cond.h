/* SPDX-License-Identifier: Apache-2.0 */
/* What rules as written are made of: places, values, conditions and rates. */
#ifndef ZTA_RULES_AST_COND_H
#define ZTA_RULES_AST_COND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"

enum zta_op {
    ZTA_OP_ANY_OF = 0, /* values on the line are alternatives */
    ZTA_OP_LT,
    ZTA_OP_LE,
    ZTA_OP_GT,
    ZTA_OP_GE,
};

/*
 * Where a word stands: source is an index into the sources that were parsed, line and column from
 * 1.
 */
struct zta_rules_place {
    uint16_t source;
    uint32_t line;
    uint32_t column;
};

struct zta_ast_value {
    struct zta_text text; /* without quotes, escapes undone; of list:N only N */
    bool is_quoted;       /* written in quotes, and without them it would mean something else */
    bool is_list;
    struct zta_rules_place place;
};

struct zta_ast_cond {
    uint16_t attribute; /* row of attributes.def */
    bool is_negated;
    enum zta_op op;
    struct zta_text claim; /* attribute claim: canonical dotted name, see struct zta_claim */
    struct zta_ast_value *values;
    size_t n_values; /* >= 1 */
    struct zta_rules_place place;
};

/* A `when` or `need` line with its `or` lines: alternatives. */
struct zta_ast_group {
    bool is_need;
    struct zta_ast_cond *conds;
    size_t n_conds; /* >= 1 */
};

/* count per window: "100/s" is 100 in 1 s, "5/10m" is 5 in 600 s. burst defaults to count. */
struct zta_ast_rate {
    uint64_t count;
    uint64_t window_s;
    char unit;        /* as written: s m h d */
    uint64_t n_units; /* 10 of 5/10m */
    uint64_t burst;
    bool has_burst;
    bool is_fleets; /* of a limit: the nodes of the fleet share it */
};

/* What a step-up asks of the login, at least one of both. */
struct zta_ast_step_up {
    struct zta_text acr; /* absent: none */
    int64_t max_age_s;   /* -1: none */
};

#endif
