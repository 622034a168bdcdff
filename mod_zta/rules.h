/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules in force in this process: those of the configuration, compiled by the parent, with the
 * live layer of the store over them. A request that sees a newer layer waits while one thread
 * compiles it: it is never judged by the former one.
 */
#ifndef MOD_ZTA_RULES_H
#define MOD_ZTA_RULES_H

#include <httpd.h>

#include <stdbool.h>
#include <stdint.h>

#include "mod_zta/child.h"
#include "shared/base/current.h"
#include "shared/rules/compile.h"
#include "shared/rules/layer.h"
#include "shared/stance.h"

struct mod_zta_rules {
    struct zta_ruleset *set;       /* NULL: they cannot be used, `fault` says why */
    const struct zta_text *claims; /* that verification keeps for them */
    size_t n_claims;
    uint64_t claims_hash;        /* joins the token cache key */
    uint64_t version;            /* rules generation of the store that they were made under */
    uint64_t live_version;       /* of the layer in it, which may be one that came back */
    int64_t made_s;              /* real time */
    int64_t valid_until_s;       /* real time; 0: until the version moves */
    struct zta_text *step_backs; /* places that are monitored for a while: "server/path" */
    size_t n_step_backs;
    char *fault;
    bool is_passing;  /* the fault: it may be gone at the next try */
    bool is_baseline; /* set is the configuration's own */
};

/*
 * What is compiled for this configuration: its issuers, and the claims that Require lines ask for.
 * ZTA_NO_MEMORY leaves an empty one.
 */
enum zta_status mod_zta_rules_env(struct zta_rules_env *env) ZTA_MUST_CHECK;
void mod_zta_rules_env_clear(struct zta_rules_env *env);

/*
 * The configuration's rules with a layer over them (NULL: none), under its issuers. As
 * zta_ruleset_compile; the set is the caller's.
 */
enum zta_status mod_zta_rules_compile(const struct zta_layer *layer, int64_t now_s,
                                      struct zta_ruleset **set,
                                      struct zta_rules_error *error) ZTA_MUST_CHECK;

/* The configuration's rules as written; the tree is the caller's to close. */
enum zta_status mod_zta_rules_parse(struct zta_rules_ast **ast,
                                    struct zta_rules_error *error) ZTA_MUST_CHECK;

/* The child_init hook's part, with the store of the child, which may be NULL. */
void mod_zta_rules_begin(apr_pool_t *pchild, server_rec *s, struct zta_store *store);

/*
 * The rules for one judgement; released by mod_zta_rules_release. Without a view those that were
 * in force last. Never NULL.
 */
const struct mod_zta_rules *mod_zta_rules_hold(const struct mod_zta_look *look, int64_t now_s,
                                               struct zta_held *held);
void mod_zta_rules_release(struct zta_held *held);

/* Puts back to monitor what stages above 1 enforce, where an operator asked for that. */
void mod_zta_rules_step_back(const struct mod_zta_rules *rules, const server_rec *s,
                             const char *location, struct zta_stance *stance);

/*
 * For the check before a start: do the configuration's rules and the live ones of the store fit?
 * NULL or what is wrong.
 */
const char *mod_zta_rules_check(apr_pool_t *pool, server_rec *s, struct zta_store *store);

#endif
