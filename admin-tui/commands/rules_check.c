/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules check. */
#include <stdio.h>
#include <stdlib.h>

#include "admin-tui/output.h"
#include "admin-tui/places.h"
#include "admin-tui/report.h"
#include "admin-tui/rule_texts.h"
#include "shared/base/clock.h"
#include "shared/base/limits.h"
#include "shared/rules/decide.h"
#include "shared/rules/warn.h"
#include "shared/store/published.h"

enum {
    TRIAL_MAX_S = 30 * 24 * 3600,
};

/* A warning that is kept until the record is printed. */
struct kept {
    const char *code;
    struct zta_text rule;
    struct zta_text file;
    uint32_t line;
    char text[400];
};

struct warnings {
    const struct zta_rules_ast *ast;
    struct kept *all;
    size_t n;
    enum zta_status status;
};

static void keep(void *context, const struct zta_rules_warning *warning)
{
    struct warnings *warnings = context;
    struct kept *grown = realloc(warnings->all, (warnings->n + 1) * sizeof *grown);
    if (grown == NULL) {
        warnings->status = ZTA_NO_MEMORY;
        return;
    }
    warnings->all = grown;
    struct kept *kept = &grown[warnings->n++];
    *kept = (struct kept){
        .code = warning->code,
        .rule = warning->rule,
        .file = warnings->ast->source_names[warning->place.source],
        .line = warning->place.line,
    };
    (void)snprintf(kept->text, sizeof kept->text, "%s", warning->text);
}

/* Rules that are on trial or off, and those that ended, are enforced nowhere on purpose. */
static void warn_of_idle(const struct ctl_places *places, const struct zta_ruleset *set,
                         int64_t now_s, struct warnings *warnings)
{
    for (size_t i = 0; i < warnings->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &warnings->ast->rules[i];
        const int64_t when_s = rule->from_s > now_s ? rule->from_s : now_s;
        const bool has_ended = rule->until_s != 0 && rule->until_s <= now_s;
        if (rule->mode == ZTA_MODE_ENFORCE && !has_ended && places->n > 0 &&
            !ctl_places_enforce(places, set, i, when_s)) {
            const struct zta_rules_warning warning = {
                .code = "enforced_nowhere",
                .rule = rule->name,
                .place = rule->place,
                .text = "no place of the running server enforces it",
            };
            keep(warnings, &warning);
        }
    }
}

/* A rule is at least as old as the last change of its file. */
static void warn_of_trials(const struct ctl_rule_texts *texts, int64_t now_s,
                           struct warnings *warnings)
{
    for (size_t i = 0; i < warnings->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &warnings->ast->rules[i];
        const int64_t modified_s = texts->modified_s[rule->place.source];
        if (rule->mode == ZTA_MODE_MONITOR && rule->until_s == 0 && modified_s != 0 &&
            now_s - modified_s > TRIAL_MAX_S) {
            const struct zta_rules_warning warning = {
                .code = "on_trial_for_long",
                .rule = rule->name,
                .place = rule->place,
                .text = "it has only been monitored for more than 30 days: enforce it, or take it "
                        "out",
            };
            keep(warnings, &warning);
        }
    }
}

/* No server has run on the store, or it is not there: no place is known. */
static enum zta_status load_known_places(struct ctl *ctl, bool is_published,
                                         struct ctl_places *places)
{
    struct zta_view *view = NULL;
    enum zta_status status = is_published ? zta_view_begin(ctl->store, &view) : ZTA_NOT_FOUND;
    *places = (struct ctl_places){.n = 0};
    if (status != ZTA_OK) {
        return ZTA_OK;
    }
    status = ctl_places_load(view, places);
    zta_view_end(&view);
    return status;
}

static enum zta_status collect(struct ctl *ctl, const struct ctl_rule_texts *texts,
                               const struct zta_ruleset *set, struct warnings *warnings)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    struct ctl_places places = {.n = 0};
    enum zta_status status = zta_rules_warn(warnings->ast, now_s, keep, warnings);
    if (status == ZTA_OK) {
        status = load_known_places(ctl, texts->issuers.is_published, &places);
    }
    if (status == ZTA_OK) {
        warn_of_trials(texts, now_s, warnings);
        warn_of_idle(&places, set, now_s, warnings);
    }
    ctl_places_close(&places);
    return status == ZTA_OK ? warnings->status : status;
}

static void add_warnings(struct ctl_list *list, const struct warnings *warnings)
{
    struct zta_json *json = ctl_row_json(list);
    ctl_row_cell(list, "warnings", "%zu", warnings->n);
    if (json == NULL) {
        return;
    }
    zta_json_begin_array(json, "warnings");
    for (size_t i = 0; i < warnings->n; i++) {
        const struct kept *kept = &warnings->all[i];
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "warning", kept->code);
        zta_json_text(json, "rule", kept->rule);
        zta_json_text(json, "file", kept->file);
        zta_json_int(json, "line", kept->line);
        zta_json_string(json, "text", kept->text);
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
}

/* Files of rules: those of lists' items are read with them. */
static size_t count_files(const struct ctl_rule_texts *texts)
{
    size_t n = 0;
    for (size_t i = 0; i < texts->n; i++) {
        n += zta_rules_source_is_file(&texts->sources[i]) ? 0 : 1;
    }
    return n;
}

static enum ctl_exit report_good(const struct ctl *ctl, const struct ctl_rule_texts *texts,
                                 const struct warnings *warnings)
{
    struct ctl_list list;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "result", "good");
    ctl_row_int(&list, "files", (int64_t)count_files(texts));
    ctl_row_int(&list, "rules", (int64_t)warnings->ast->n_rules);
    ctl_row_int(&list, "lists", (int64_t)warnings->ast->n_lists);
    ctl_row_int(&list, "cases", (int64_t)warnings->ast->n_cases);
    ctl_row_bool(&list, "issuers_checked", texts->issuers.is_published);
    add_warnings(&list, warnings);
    ctl_row_end(&list);
    for (size_t i = 0; i < warnings->n; i++) {
        const struct kept *kept = &warnings->all[i];
        ctl_note("%.*s:%u: warning: %.*s: %s", (int)kept->file.len, kept->file.data, kept->line,
                 (int)kept->rule.len, kept->rule.data, kept->text);
    }
    if (!texts->issuers.is_published) {
        ctl_note("Issuers were not checked: no running server has published its own.");
    }
    return ctl_list_print(&list);
}

static enum ctl_exit report(struct ctl *ctl, const struct ctl_rule_texts *texts,
                            const struct zta_rules_ast *ast, const struct zta_ruleset *set)
{
    struct warnings warnings = {.ast = ast};
    enum zta_status status = collect(ctl, texts, set, &warnings);
    enum ctl_exit code = status == ZTA_OK ? report_good(ctl, texts, &warnings)
                                          : ctl_fail_status(status, NULL, "looking for warnings");
    free(warnings.all);
    return code;
}

static enum ctl_exit check(struct ctl *ctl, struct ctl_rule_texts *texts)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_ruleset *set = NULL;
    enum ctl_exit code = ctl_rule_texts_read(ctl, texts);
    if (code == CTL_DONE) {
        code = ctl_rule_texts_parse(texts, &ast);
    }
    if (code == CTL_DONE) {
        code = ctl_rule_texts_compile(texts, ast, &set);
    }
    if (code == CTL_DONE) {
        code = report(ctl, texts, ast, set);
    }
    zta_ruleset_close(&set);
    zta_rules_ast_close(&ast);
    return code;
}

enum ctl_exit ctl_run_rules_check(struct ctl *ctl)
{
    struct ctl_rule_texts *texts = ctl_rule_texts_open();
    if (texts == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    enum ctl_exit code = check(ctl, texts);
    ctl_rule_texts_close(&texts);
    return code;
}
