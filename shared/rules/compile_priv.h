/* SPDX-License-Identifier: Apache-2.0 */
/* State of one compilation, shared by the files that compile. */
#ifndef ZTA_RULES_COMPILE_PRIV_H
#define ZTA_RULES_COMPILE_PRIV_H

#include "shared/rules/arena.h"
#include "shared/rules/compile.h"
#include "shared/rules/nearest.h"
#include "shared/rules/ruleset_priv.h"

/* One list and its values, as compiled for each attribute that uses it. */
struct zta_compiled_list {
    const struct zta_ast_list *list;
    bool is_compiled[ZTA_N_ATTRIBUTES];
    struct zta_rule_values values[ZTA_N_ATTRIBUTES];
};

struct zta_compiler {
    const struct zta_rules_ast *ast;
    const struct zta_rules_env *env;
    struct zta_ruleset *set;
    struct zta_rules_error *error;
    struct zta_compiled_list *lists; /* by name */
    /* Under construction: moved into the set when all rules are compiled. */
    struct zta_vector groups;
    struct zta_vector conds;
    struct zta_vector runs;
    struct zta_vector values;
    struct zta_vector nets;
    struct zta_vector keys;
    struct zta_vector claims;
    struct zta_vector cidrs; /* of the run of networks at hand */
    struct zta_vector asns;
    struct zta_vector responds;
    struct zta_vector tunings;
    struct zta_vector zones; /* struct zta_rule_zone: owned until the set has them */
    bool has_issuer_line;    /* the rule being compiled says `when issuer …` */
};

/* Fills the error and returns ZTA_INVALID; nearest may be NULL. */
enum zta_status zta_compile_fail(struct zta_compiler *compiler, const struct zta_ast_value *found,
                                 const struct zta_nearest *nearest, const char *expected);
/* A copy with a NUL behind it that lives as long as the set. */
enum zta_status zta_compile_copy(struct zta_compiler *compiler, struct zta_text text,
                                 struct zta_text *copy) ZTA_MUST_CHECK;
/* The orders of acr values become the set's. */
enum zta_status zta_compile_acrs(struct zta_compiler *compiler) ZTA_MUST_CHECK;
/* What a step-up asks for becomes the rule's. */
enum zta_status zta_compile_step_up(struct zta_compiler *compiler,
                                    const struct zta_ast_step_up *source,
                                    struct zta_rule *rule) ZTA_MUST_CHECK;
/* The value of `acr OP VALUE` has to be one that some issuer puts in order. */
enum zta_status zta_compile_check_acr(struct zta_compiler *compiler,
                                      const struct zta_ast_value *value) ZTA_MUST_CHECK;
/* True for a group that a new login can meet. */
bool zta_compile_is_login(const struct zta_ast_group *group);
/* Remembers a claim that some rule names. */
enum zta_status zta_compile_claim(struct zta_compiler *compiler, struct zta_text name,
                                  struct zta_text *copy) ZTA_MUST_CHECK;

/* What only signal and respond rules have; they are compiled in order of name. */
enum zta_status zta_compile_adapt(struct zta_compiler *compiler, const struct zta_ast_rule *source,
                                  uint32_t rule) ZTA_MUST_CHECK;
/* The feature that a kind of rule begins with. */
enum zta_feature zta_compile_feature(enum zta_rule_kind kind);
/* Makes the lists findable. */
enum zta_status zta_compile_lists(struct zta_compiler *compiler) ZTA_MUST_CHECK;
/* Adds a value of the attribute network to the run at hand; ends it as one of the set's nets. */
enum zta_status zta_compile_net(struct zta_compiler *compiler,
                                const struct zta_ast_value *source) ZTA_MUST_CHECK;
enum zta_status zta_compile_nets_end(struct zta_compiler *compiler,
                                     struct zta_rule_values *run) ZTA_MUST_CHECK;
/* The values of `hours`; opens their zone. */
enum zta_status zta_compile_hours(struct zta_compiler *compiler, const struct zta_ast_cond *source,
                                  struct zta_rule_cond *cond) ZTA_MUST_CHECK;
/* Appends one condition to the set. */
enum zta_status zta_compile_cond(struct zta_compiler *compiler,
                                 const struct zta_ast_cond *cond) ZTA_MUST_CHECK;

#endif
