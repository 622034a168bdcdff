/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is allowed but hardly meant (docs/rules.md, "Warnings"). Only what is certain is said: a
 * rule that gets no warning may still never apply.
 */
#ifndef ZTA_RULES_WARN_H
#define ZTA_RULES_WARN_H

#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/ast.h"

struct zta_rules_warning {
    const char *code; /* stable word: methods_left_out, never_applies, same_as_another … */
    struct zta_text rule;
    struct zta_rules_place place;
    const char *text; /* "never applies: …"; what came from outside is a rule's or file's name */
};

/* The warning is valid for the call. */
typedef void (*zta_rules_warning_fn)(void *context, const struct zta_rules_warning *warning);

/*
 * Calls fn for each: by rule in order of writing, then those about several rules. now_s: real time.
 * ZTA_NO_MEMORY only.
 */
enum zta_status zta_rules_warn(const struct zta_rules_ast *ast, int64_t now_s,
                               zta_rules_warning_fn fn, void *context) ZTA_MUST_CHECK;

#endif
