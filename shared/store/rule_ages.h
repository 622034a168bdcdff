/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Since when a rule of the configuration has read as it does, in state/: noted by the helper at
 * each (re)start, beside what it publishes. A rule that is changed, or whose mode is, begins anew;
 * so does one that was away at a start.
 */
#ifndef ZTA_STORE_RULE_AGES_H
#define ZTA_STORE_RULE_AGES_H

#include <stdint.h>

#include "shared/base/status.h"
#include "shared/rules/ast.h"
#include "shared/store/env.h"

/* What is new gets now_s (real time), what is no more is forgotten. ZTA_NO_MEMORY, ZTA_FULL. */
enum zta_status zta_rule_ages_note(struct zta_change *change, const struct zta_rules_ast *ast,
                                   int64_t now_s) ZTA_MUST_CHECK;
/* ZTA_NOT_FOUND: no server has read it, or one of an earlier release. */
enum zta_status zta_rule_age_get(struct zta_view *view, const struct zta_ast_rule *rule,
                                 int64_t *since_s) ZTA_MUST_CHECK;

#endif
