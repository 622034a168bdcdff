/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the configuration that are hardly meant, as `ztactl rules check` warns of them. */
#include "mod_zta/lint/lint.h"

#include <http_config.h>

#include <apr_strings.h>

#include <stdlib.h>

#include "mod_zta/check.h"
#include "mod_zta/config.h"
#include "mod_zta/lint/findings.h"
#include "mod_zta/rules.h"
#include "shared/base/clock.h"
#include "shared/rules/decide.h"
#include "shared/rules/parse.h"
#include "shared/rules/warn.h"

struct telling {
    const struct mod_zta_lint *lint;
    const struct zta_rules_ast *ast;
};

static void tell(void *context, const struct zta_rules_warning *warning)
{
    const struct telling *telling = context;
    apr_pool_t *pool = telling->lint->pool;
    const struct zta_text file = telling->ast->source_names[warning->place.source];
    const char *rule = apr_pstrmemdup(pool, warning->rule.data, warning->rule.len);
    const ap_directive_t line = {.filename = apr_pstrmemdup(pool, file.data, file.len),
                                 .line_num = (int)warning->place.line};
    const struct zta_text code = zta_text_of(warning->code);
    mod_zta_finding_add(
        (struct mod_zta_finding){.hazard = zta_hazard_of_rule(code),
                                 .server = telling->lint->main_server,
                                 .rule = rule,
                                 .text = apr_psprintf(pool, "rule %s: %s", rule, warning->text)},
        &line);
}

/* A rule of the set, and whether some place enforces it. */
struct asking {
    const struct zta_ruleset *set;
    int64_t now_s;
    size_t n;
    int64_t *from_s;
    bool *is_enforced;
};

static void ask(void *context, const server_rec *s, const struct mod_zta_dir *dir,
                const struct mod_zta_dir *parent)
{
    struct asking *asking = context;
    for (size_t i = 0; i < asking->n; i++) {
        const int64_t when_s =
            asking->from_s[i] > asking->now_s ? asking->from_s[i] : asking->now_s;
        asking->is_enforced[i] =
            asking->is_enforced[i] ||
            zta_ruleset_rule_mode(asking->set, i, &dir->stance, when_s) == ZTA_MODE_ENFORCE;
    }
}

/* Rules that are on trial or off, and those that ended, are enforced nowhere on purpose. */
static void tell_idle(const struct telling *telling, int64_t now_s)
{
    const struct zta_rules_ast *ast = telling->ast;
    struct asking asking = {
        .set = mod_zta_global()->rules,
        .now_s = now_s,
        .n = ast->n_rules,
        .from_s = apr_pcalloc(telling->lint->pool, sizeof(int64_t) * (ast->n_rules + 1)),
        .is_enforced = apr_pcalloc(telling->lint->pool, sizeof(bool) * (ast->n_rules + 1)),
    };
    for (size_t i = 0; i < ast->n_rules; i++) {
        asking.from_s[i] = ast->rules[i].from_s;
    }
    mod_zta_each_place(telling->lint->pool, telling->lint->main_server, ask, &asking);
    for (size_t i = 0; i < ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &ast->rules[i];
        const bool has_ended = rule->until_s != 0 && rule->until_s <= now_s;
        if (rule->mode != ZTA_MODE_ENFORCE || has_ended || asking.is_enforced[i]) {
            continue;
        }
        const struct zta_rules_warning warning = {
            .code = "enforced_nowhere",
            .rule = rule->name,
            .place = rule->place,
            .text = "no place of the configuration enforces it",
        };
        union {
            const void *c;
            void *v;
        } context = {.c = telling};
        tell(context.v, &warning);
    }
}

void mod_zta_lint_rules(const struct mod_zta_lint *lint)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    struct zta_rules_error error;
    struct zta_rules_ast *ast = NULL;
    struct telling telling = {.lint = lint};
    /* The same texts were compiled a moment ago: only memory can be out. */
    if (mod_zta_rules_parse(&ast, &error) != ZTA_OK) {
        return;
    }
    telling.ast = ast;
    const enum zta_status status = zta_rules_warn(ast, now_s, tell, &telling);
    if (status == ZTA_OK && mod_zta_global()->is_governed && mod_zta_global()->rules != NULL) {
        tell_idle(&telling, now_s);
    }
    zta_rules_ast_close(&ast);
}
