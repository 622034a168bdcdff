/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules in force as the helper compiles them for itself: the texts of the configuration with
 * the live layer of policy/ over them, anew when either moved. What cannot be compiled leaves the
 * last good ones in force, with an alert. One thread, free of httpd.
 */
#ifndef MOD_ZTA_HELPER_RULESET_H
#define MOD_ZTA_HELPER_RULESET_H

#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/rules/compile.h"
#include "shared/store/env.h"

/* Sources of rules in order, as they are published; texts may be replaced between two looks. */
struct mod_zta_ruleset_options {
    const struct zta_text *names;
    const struct zta_text *texts;
    size_t n;
    struct zta_rules_env env;
};

struct mod_zta_ruleset;

/* options and what it points to outlive it. ZTA_NO_MEMORY. */
enum zta_status mod_zta_ruleset_open(const struct mod_zta_ruleset_options *options,
                                     struct mod_zta_ruleset **ruleset) ZTA_MUST_CHECK;
void mod_zta_ruleset_close(struct mod_zta_ruleset **ruleset);

/* Texts were replaced: the next look compiles. */
void mod_zta_ruleset_touch(struct mod_zta_ruleset *ruleset);
/*
 * One look; compiles when it has to. What is wrong for as long as it is, else NULL; borrowed until
 * the next look. Before the first look there is no set.
 */
const char *mod_zta_ruleset_look(struct mod_zta_ruleset *ruleset, struct zta_store *store,
                                 int64_t now_real_ns);
/* NULL: none was ever good. Valid until the next look. */
const struct zta_ruleset *mod_zta_ruleset_get(const struct mod_zta_ruleset *ruleset);
/* Rises with every set that comes in force: what was derived of another one is to be made anew. */
uint64_t mod_zta_ruleset_version(const struct mod_zta_ruleset *ruleset);

#endif
