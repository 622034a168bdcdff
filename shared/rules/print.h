/* SPDX-License-Identifier: Apache-2.0 */
/* Rules back to text that parses to the same rules; words are quoted only where needed. */
#ifndef ZTA_RULES_PRINT_H
#define ZTA_RULES_PRINT_H

#include "shared/base/bytes.h"
#include "shared/rules/ast.h"

void zta_rules_print(const struct zta_rules_ast *ast, struct zta_buffer *out);
void zta_rules_print_list(const struct zta_ast_list *list, struct zta_buffer *out);
void zta_rules_print_rule(const struct zta_ast_rule *rule, struct zta_buffer *out);
void zta_rules_print_case(const struct zta_ast_case *item, struct zta_buffer *out);
/* What a case expects: "deny no_rule by x". */
void zta_rules_print_expected(const struct zta_ast_case *item, struct zta_buffer *out);
/* Parts of lines: "100/s burst 5", "step-up acr=mfa max-age=5m", " weight 30 floor 5". */
void zta_rules_print_rate(const struct zta_ast_rate *rate, struct zta_buffer *out);
void zta_rules_print_step_up(const struct zta_ast_step_up *step_up, struct zta_buffer *out);
void zta_rules_print_tuning(const struct zta_ast_tuning *tuning, struct zta_buffer *out);
/* One condition without its keyword: "not role admin auditor". */
void zta_rules_print_cond(const struct zta_ast_cond *cond, struct zta_buffer *out);

#endif
