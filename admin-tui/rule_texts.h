/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of rules that a command works on, from files or as the running server published them. */
#ifndef CTL_RULE_TEXTS_H
#define CTL_RULE_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/command.h"
#include "admin-tui/target.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/compile.h"
#include "shared/rules/parse.h"
#include "shared/store/acceptance.h"

#define CTL_RULE_TEXTS_MAX 1024

struct ctl_rule_texts {
    struct zta_rules_source sources[CTL_RULE_TEXTS_MAX]; /* owned here */
    int64_t modified_s[CTL_RULE_TEXTS_MAX];              /* of files; 0: not known */
    size_t n;
    struct ctl_issuers issuers;        /* those that rules may name */
    struct zta_acceptance *acceptance; /* what orders their acr values; NULL: not published */
    enum zta_status status;            /* why add said no */
};

/* NULL when memory is out. */
struct ctl_rule_texts *ctl_rule_texts_open(void);
void ctl_rule_texts_close(struct ctl_rule_texts **texts);

/* A copy of one text; false fills the status. context is a struct ctl_rule_texts. */
bool ctl_rule_texts_add(void *context, struct zta_text name, struct zta_text text);
/* All files of the command line; says what is wrong with one. */
enum ctl_exit ctl_rule_texts_read(struct ctl *ctl, struct ctl_rule_texts *texts);
/* One file of live rules, which name no further files; "-" is standard input. */
enum ctl_exit ctl_rule_texts_read_live(struct ctl_rule_texts *texts, const char *path);
/*
 * Live rules alone, as part of a set: lists may stand elsewhere. ZTA_INVALID also where there is no
 * rule and no list. The tree is the caller's to close.
 */
enum zta_status ctl_rule_texts_parse_given(struct ctl_rule_texts *texts, struct zta_rules_ast **ast,
                                           struct zta_rules_error *error) ZTA_MUST_CHECK;
/* Says what is wrong with rules; status as the parser or the compiler returned it. */
enum ctl_exit ctl_rule_texts_fail(enum zta_status status, const struct zta_rules_error *error);
/* The issuers that the running server published. */
enum zta_status ctl_rule_texts_load_issuers(struct zta_view *view, struct ctl_rule_texts *texts,
                                            struct zta_error *error) ZTA_MUST_CHECK;
/* For texts that no server published issuers for: those that rules and cases name. */
void ctl_rule_texts_note_issuers(struct ctl_rule_texts *texts, const struct zta_rules_ast *ast);
/* Both say what is wrong. What they made is the caller's to close, whatever they return. */
enum ctl_exit ctl_rule_texts_parse(const struct ctl_rule_texts *texts, struct zta_rules_ast **ast);
/* As zta_ruleset_compile, under the issuers of texts. */
enum zta_status ctl_rule_texts_make(const struct ctl_rule_texts *texts,
                                    const struct zta_rules_ast *ast, struct zta_ruleset **set,
                                    struct zta_rules_error *error) ZTA_MUST_CHECK;
enum ctl_exit ctl_rule_texts_compile(const struct ctl_rule_texts *texts,
                                     const struct zta_rules_ast *ast, struct zta_ruleset **set);

#endif
