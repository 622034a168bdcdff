/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the warnings share. */
#ifndef ZTA_RULES_WARN_PRIV_H
#define ZTA_RULES_WARN_PRIV_H

#include "shared/rules/ast.h"

/*
 * Why a signal or respond rule can never have an effect, apart from its `when` lines against each
 * other; *place is where that stands. NULL: it can. Static.
 */
const char *zta_warn_of_effect(const struct zta_ast_rule *rule,
                               const struct zta_rules_place **place);

#endif
