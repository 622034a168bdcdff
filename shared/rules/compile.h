/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled rules: immutable, shared by all threads of a process, found by host, path and method. */
#ifndef ZTA_RULES_COMPILE_H
#define ZTA_RULES_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/ast.h"
#include "shared/rules/parse.h"
#include "shared/step_up.h"

struct zta_ruleset;

/* What the configuration says that rules depend on. */
struct zta_rules_env {
    const struct zta_text *issuers;   /* configured names; "local" where API keys are accepted */
    size_t n_issuers;                 /* 0: not known, nothing is checked against them */
    const struct zta_acr_order *acrs; /* of each of issuers, in their order; NULL: none has any;
                                         `acr >= X` is then X alone */
    bool has_local; /* "local" is among them: its keys are the operators' own, so that beside one
                       token issuer names may stay bare (docs/rules.md, meaning 17) */
    const struct zta_text *notifies; /* names that `do notify` may use (ZTANotify) */
    size_t n_notifies;
    bool knows_notifies;           /* false: nothing is checked against them */
    const struct zta_text *claims; /* kept beside those that rules name; canonical names */
    size_t n_claims;
    uint32_t generation; /* recorded with decisions */
};

/*
 * Compiles; copies all it needs out of the tree. ZTA_INVALID fills *error for what only the
 * configuration can tell (an issuer that is not configured; meaning 17: a bare subject with several
 * issuers). *set is written on ZTA_OK only and is the caller's to close.
 */
enum zta_status zta_ruleset_compile(const struct zta_rules_ast *ast,
                                    const struct zta_rules_env *env, struct zta_ruleset **set,
                                    struct zta_rules_error *error) ZTA_MUST_CHECK;
void zta_ruleset_close(struct zta_ruleset **set);

size_t zta_ruleset_n_rules(const struct zta_ruleset *set);
/* True when a condition of some rule, in force or not, asks for a fact of this feature. */
bool zta_ruleset_asks(const struct zta_ruleset *set, enum zta_feature feature);
/* The same of autonomous systems among the networks. */
bool zta_ruleset_asks_asn(const struct zta_ruleset *set);
uint32_t zta_ruleset_generation(const struct zta_ruleset *set);
/* Name of source i as parsed; "" when there is none. Borrowed. */
const char *zta_ruleset_source(const struct zta_ruleset *set, uint16_t source);
/* Canonical names of the claims that some rule names: verification keeps them. Borrowed, sorted. */
const struct zta_text *zta_ruleset_claims(const struct zta_ruleset *set, size_t *n_claims);

#endif
