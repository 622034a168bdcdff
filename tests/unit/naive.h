/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision once more, straight from the text of docs/rules.md over the rules as written: slow,
 * without index or compilation, sharing no code with either. What the compiled rules say must be
 * what this says.
 */
#ifndef ZTA_TESTS_NAIVE_H
#define ZTA_TESTS_NAIVE_H

#include "shared/decision.h"
#include "shared/facts.h"
#include "shared/rules/ast.h"
#include "shared/rules/decide.h"
#include "shared/stance.h"
#include "shared/step_up.h"

struct naive {
    const struct zta_rules_ast *ast;
    size_t n_issuers; /* configured: with several, "alice@corp" is alice of corp */
    const struct zta_text *issuers;
    const struct zta_acr_order *acrs; /* of each issuer */
    const struct zta_facts *facts;
    const struct zta_stance *stance;
    int64_t now_s;
};

/*
 * threshold ENFORCE: what happens; MONITOR: what would with every monitored part enforced. Returns
 * the first require by name that would slow the request down; NULL: none does.
 */
const struct zta_ast_rule *naive_decide(const struct naive *naive, enum zta_mode threshold,
                                        struct zta_verdict *verdict);
/* Names of the limits of a phase that apply, enforced ones first, then by name. */
size_t naive_limits(const struct naive *naive, enum zta_limit_phase phase, struct zta_text *names,
                    size_t max);

#endif
