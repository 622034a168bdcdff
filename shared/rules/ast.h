/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules as written: what the parser produces, the printer prints and the compiler compiles.
 * Everything lives in one arena that zta_rules_ast_close frees; text is copied into it.
 */
#ifndef ZTA_RULES_AST_H
#define ZTA_RULES_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/decision.h"
#include "shared/rules/ast_cond.h"
#include "shared/stance.h"

enum zta_rule_kind {
    ZTA_RULE_ALLOW = 0,
    ZTA_RULE_DENY,
    ZTA_RULE_REQUIRE,
    ZTA_RULE_LIMIT,
    ZTA_RULE_SIGNAL,
    ZTA_RULE_RESPOND,
};

/* What a require does about a request that lacks one of its needs. */
enum zta_otherwise {
    ZTA_ELSE_NONE = 0, /* no such line: as deny */
    ZTA_ELSE_DENY,
    ZTA_ELSE_THROTTLE, /* to the rate of the rule, by session, else by address */
    ZTA_ELSE_STEP_UP,  /* unless its login is already what the step-up asks for */
};

struct zta_respond;

/* What a signal rule makes of the row of the table that it is named after. */
struct zta_ast_tuning {
    uint8_t signal; /* enum zta_risk_signal */
    bool has_weight;
    bool has_half_life;
    bool has_floor;
    uint8_t weight; /* 0..100 */
    uint8_t floor;
    int64_t half_life_s;
};

struct zta_ast_rule {
    enum zta_rule_kind kind;
    struct zta_text name;
    struct zta_ast_group *groups; /* in order of writing */
    size_t n_groups;
    uint16_t *keys;              /* limit: rows of keys.def, in order of writing */
    struct zta_text *key_claims; /* same index; absent but for claim:N */
    size_t n_keys;
    struct zta_ast_rate rate;       /* limit, and else throttle */
    enum zta_otherwise otherwise;   /* require */
    struct zta_ast_step_up step_up; /* else step-up */
    struct zta_ast_tuning tuning;   /* signal */
    struct zta_respond *respond;    /* respond */
    enum zta_mode mode;             /* default enforce */
    bool has_mode;
    int64_t from_s;               /* 0: none */
    int64_t until_s;              /* 0: none */
    struct zta_text note;         /* absent: none */
    struct zta_rules_place place; /* of the name */
};

struct zta_ast_list {
    struct zta_text name;
    struct zta_ast_value *items; /* those of the list itself, then those of its files */
    size_t n_items;
    size_t n_own;           /* items that stand in the list itself */
    struct zta_text *files; /* as written: "file:PATH" */
    size_t n_files;
    struct zta_rules_place place; /* of the name */
};

/* One fact of a case, as a request has it: no pattern, no list, no keyword. */
struct zta_ast_given {
    uint16_t attribute;    /* row of attributes.def, each at most once in a case */
    struct zta_text claim; /* attribute claim: canonical dotted name */
    struct zta_ast_value *values;
    size_t n_values; /* >= 1 */
};

/* What the rules should say of one request. Who judges requests does not look at it. */
struct zta_ast_case {
    struct zta_text name;
    struct zta_ast_given *givens; /* in order of writing */
    size_t n_givens;
    struct zta_text at; /* as written; absent: whenever it is judged */
    int64_t at_s;
    uint8_t stage;
    bool has_stage; /* else 2 */
    enum zta_outcome outcome;
    enum zta_reason reason;
    bool has_reason;              /* else any */
    struct zta_text by;           /* rule that should decide; absent: any or none */
    struct zta_rules_place place; /* of the name */
};

struct zta_rules_ast {
    struct zta_ast_list *lists;
    size_t n_lists;
    struct zta_ast_rule *rules;
    size_t n_rules;
    struct zta_ast_case *cases;
    size_t n_cases;
    struct zta_text *source_names;
    size_t n_sources;
    void *arena; /* owner of all of it */
};

#endif
