/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random rule sets, facts and stances out of a small world, so that rules meet requests often. All
 * of it follows from the seed; text is borrowed from constants and from the set's own storage.
 */
#ifndef ZTA_TESTS_RANDOM_RULES_H
#define ZTA_TESTS_RANDOM_RULES_H

#include "shared/facts.h"
#include "shared/rules/ast.h"
#include "shared/stance.h"
#include "shared/step_up.h"

#define RANDOM_RULES_MAX  14
#define RANDOM_GROUPS_MAX 4
#define RANDOM_CONDS_MAX  3
#define RANDOM_VALUES_MAX 5
#define RANDOM_LISTS      7
#define RANDOM_ITEMS_MAX  70
#define RANDOM_KEYS_MAX   3
#define RANDOM_TEXT_MAX   48
#define RANDOM_NOW_S      INT64_C(1800000000)

struct random_source {
    uint64_t state;
};

/* What a set may hold; properties that speak of some rules only restrict it. */
struct random_shape {
    bool has_keywords;      /* known, unknown */
    bool has_plain_context; /* plain `when` of deny and require on more than host, path, method */
    size_t n_rules_max;     /* <= RANDOM_RULES_MAX */
};

struct random_rules {
    struct zta_rules_ast ast;
    struct zta_ast_rule rules[RANDOM_RULES_MAX];
    struct zta_ast_group groups[RANDOM_RULES_MAX][RANDOM_GROUPS_MAX];
    struct zta_ast_cond conds[RANDOM_RULES_MAX][RANDOM_GROUPS_MAX][RANDOM_CONDS_MAX];
    struct zta_ast_value values[RANDOM_RULES_MAX][RANDOM_GROUPS_MAX][RANDOM_CONDS_MAX]
                               [RANDOM_VALUES_MAX];
    char texts[RANDOM_RULES_MAX][RANDOM_GROUPS_MAX][RANDOM_CONDS_MAX][RANDOM_VALUES_MAX]
              [RANDOM_TEXT_MAX];
    uint16_t keys[RANDOM_RULES_MAX][RANDOM_KEYS_MAX];
    struct zta_text key_claims[RANDOM_RULES_MAX][RANDOM_KEYS_MAX];
    struct zta_ast_list lists[RANDOM_LISTS];
    struct zta_ast_value items[RANDOM_LISTS][RANDOM_ITEMS_MAX];
    char item_texts[RANDOM_LISTS][RANDOM_ITEMS_MAX][RANDOM_TEXT_MAX];
    struct zta_text source_name;
    const struct zta_text *issuers;
    size_t n_issuers;
    const struct zta_acr_order *acrs; /* of each issuer, in different orders */
};

struct random_request {
    struct zta_facts facts;
    struct zta_identity identity;
    struct zta_context context;
    struct zta_risk_facts risk;
    char path[160];
};

uint32_t random_below(struct random_source *source, uint32_t n);
bool random_chance(struct random_source *source, uint32_t percent);

void random_rules_make(struct random_source *source, const struct random_shape *shape,
                       struct random_rules *rules);
/* Writes one more rule of this kind behind the others. */
void random_rules_add(struct random_source *source, const struct random_shape *shape,
                      enum zta_rule_kind kind, struct random_rules *rules);
/* issuers: of the rules that will judge it. */
void random_request_make(struct random_source *source, const struct random_rules *rules,
                         struct random_request *request);
/* Makes one fact of credential, body or circumstances, or one of these as a whole, unknown. */
void random_request_forget(struct random_source *source, struct random_request *request);
/* Any mode for any feature. */
void random_stance_make(struct random_source *source, struct zta_stance *stance);

#endif
