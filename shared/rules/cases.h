/* SPDX-License-Identifier: Apache-2.0 */
/* Cases written beside rules, judged by the code that judges requests. */
#ifndef ZTA_RULES_CASES_H
#define ZTA_RULES_CASES_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/decision.h"
#include "shared/rules/ast.h"
#include "shared/rules/compile.h"
#include "shared/stance.h"

#define ZTA_CASE_STAGE 2 /* of a case that names none */

/*
 * Decides the request that the case describes, at now_s unless it says when. Every request has a
 * host, a path and a method: those that are not given are localhost, / and GET. All else that is
 * not given is unknown. Who gives anything of a credential has one: an API key when its name is
 * given, else a token, unless `credential` says which; keys and certificates have their issuer.
 * ZTA_FULL: more values than a request can have, which the parser lets no case give.
 */
enum zta_status zta_rules_case_judge(const struct zta_ruleset *set, const struct zta_ast_case *item,
                                     int64_t now_s, struct zta_decision *decision) ZTA_MUST_CHECK;
/* The same under a stance of the caller's; the stage of the case does not count. */
enum zta_status zta_rules_case_decide(const struct zta_ruleset *set,
                                      const struct zta_ast_case *item,
                                      const struct zta_stance *stance, int64_t now_s,
                                      struct zta_decision *decision) ZTA_MUST_CHECK;
/* Whether the verdict is the one that is expected, as far as the case says which. */
bool zta_rules_case_is_met(const struct zta_ast_case *item, const struct zta_verdict *verdict);

#endif
