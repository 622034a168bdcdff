/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between two sets of rules, rule by rule and line by line: what a change is about to
 * do, and what a version of the live layer did.
 */
#ifndef CTL_RULE_DIFF_H
#define CTL_RULE_DIFF_H

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/ast.h"
#include "shared/rules/layer.h"

struct ctl_rule_change {
    const char *change; /* "comes", "changes" or "goes" */
    const char *kind;   /* "rule", "list", "mode" or "step-back" */
    struct zta_text name;
    struct zta_text before; /* as the printer of rules writes it; absent: it comes */
    struct zta_text after;  /* absent: it goes */
};

/* The change is valid for the call. */
typedef void (*ctl_rule_change_fn)(void *context, const struct ctl_rule_change *change);

/*
 * Between two trees, modes and ends as they are in force there. before may be NULL: nothing is.
 * ZTA_NO_MEMORY.
 */
enum zta_status ctl_rule_diff_sets(const struct zta_rules_ast *before,
                                   const struct zta_rules_ast *after, ctl_rule_change_fn fn,
                                   void *context) ZTA_MUST_CHECK;
/* Between two versions of the live layer. */
void ctl_rule_diff_layers(const struct zta_layer *before, const struct zta_layer *after,
                          ctl_rule_change_fn fn, void *context);

/* For people: what changes, and its lines behind '+', '-' or a blank. As a ctl_rule_change_fn. */
void ctl_rule_change_say(void *context, const struct ctl_rule_change *change);

/* A line of what was (sign '-'), of what will be ('+'), or of both (' '). */
typedef void (*ctl_line_fn)(void *context, char sign, struct zta_text line);
/* Lines of two texts, those that both have kept together; very long texts one behind the other. */
void ctl_diff_lines(struct zta_text before, struct zta_text after, ctl_line_fn fn, void *context);

#endif
