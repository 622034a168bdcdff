/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules check. */
#include <stdio.h>
#include <stdlib.h>

#include "admin-tui/live.h"
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

/* What is looked at. */
struct checked {
    const struct ctl_rule_texts
        *texts; /* of sources in the order of the tree's, as far as they go */
    struct zta_rules_ast *ast;
    struct zta_ruleset *set;
    const struct zta_rules_ast *given; /* the same tree, but with --live */
    size_t first;                      /* of the sources that are given */
    size_t n_sources;
    uint64_t version; /* of the live rules in force */
    bool is_live;
    struct ctl_live_taken taken; /* what the first name that exists stands for; name absent: none */
};

struct warnings {
    const struct checked *checked;
    struct kept *all;
    size_t n;
    enum zta_status status;
};

static void keep(void *context, const struct zta_rules_warning *warning)
{
    struct warnings *warnings = context;
    const struct checked *checked = warnings->checked;
    if (warning->place.source < checked->first ||
        warning->place.source - checked->first >= checked->n_sources) {
        return;
    }
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
        .file = checked->ast->source_names[warning->place.source],
        .line = warning->place.line,
    };
    (void)snprintf(kept->text, sizeof kept->text, "%s", warning->text);
}

/* Rules that are on trial or off, and those that ended, are enforced nowhere on purpose. */
static void warn_of_idle(const struct ctl_places *places, int64_t now_s, struct warnings *warnings)
{
    for (size_t i = 0; i < warnings->checked->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &warnings->checked->ast->rules[i];
        const int64_t when_s = rule->from_s > now_s ? rule->from_s : now_s;
        const bool has_ended = rule->until_s != 0 && rule->until_s <= now_s;
        if (rule->mode == ZTA_MODE_ENFORCE && !has_ended && places->n > 0 &&
            !ctl_places_enforce(places, warnings->checked->set, i, when_s)) {
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
static void warn_of_trials(int64_t now_s, struct warnings *warnings)
{
    const struct ctl_rule_texts *texts = warnings->checked->texts;
    for (size_t i = 0; i < warnings->checked->ast->n_rules; i++) {
        const struct zta_ast_rule *rule = &warnings->checked->ast->rules[i];
        const size_t source = rule->place.source;
        const int64_t modified_s = source < texts->n ? texts->modified_s[source] : 0;
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

static enum zta_status collect(struct ctl *ctl, struct warnings *warnings)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    const struct checked *checked = warnings->checked;
    struct ctl_places places = {.n = 0};
    enum zta_status status = zta_rules_warn(checked->ast, now_s, keep, warnings);
    if (status == ZTA_OK) {
        status = load_known_places(ctl, checked->texts->issuers.is_published, &places);
    }
    if (status == ZTA_OK) {
        warn_of_trials(now_s, warnings);
        warn_of_idle(&places, now_s, warnings);
    }
    ctl_places_close(&places);
    return status == ZTA_OK ? warnings->status : status;
}

/* ---- what is said of good ones ---- */

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

/* Files of rules that were given: those of lists' items are read with them. */
static size_t count_files(const struct checked *checked)
{
    const struct ctl_rule_texts *texts = checked->texts;
    size_t n = 0;
    for (size_t i = checked->first; i < texts->n; i++) {
        n += zta_rules_source_is_file(&texts->sources[i]) ? 0 : 1;
    }
    return n;
}

static void add_replaced(struct ctl_list *list, const struct ctl_live_taken *taken)
{
    if (!zta_text_is_absent(taken->name)) {
        ctl_row_cell(list, "replaces", "%s %.*s at %.*s:%u", taken->kind, (int)taken->name.len,
                     taken->name.data, (int)taken->file.len, taken->file.data, taken->line);
    }
    struct zta_json *json = ctl_row_json(list);
    if (json == NULL || zta_text_is_absent(taken->name)) {
        return;
    }
    zta_json_begin_object(json, "replaces");
    zta_json_string(json, "kind", taken->kind);
    zta_json_text(json, "name", taken->name);
    zta_json_text(json, "file", taken->file);
    zta_json_int(json, "line", taken->line);
    zta_json_end_object(json);
}

static enum ctl_exit report_good(const struct ctl *ctl, const struct checked *checked,
                                 const struct warnings *warnings)
{
    const bool is_published = checked->texts->issuers.is_published;
    struct ctl_list list;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "result", "good");
    ctl_row_int(&list, "files", (int64_t)count_files(checked));
    ctl_row_int(&list, "rules", (int64_t)checked->given->n_rules);
    ctl_row_int(&list, "lists", (int64_t)checked->given->n_lists);
    ctl_row_int(&list, "cases", (int64_t)checked->given->n_cases);
    ctl_row_bool(&list, "issuers_checked", is_published);
    if (checked->is_live) {
        ctl_row_int(&list, "version", (int64_t)checked->version);
        add_replaced(&list, &checked->taken);
    }
    add_warnings(&list, warnings);
    ctl_row_end(&list);
    for (size_t i = 0; i < warnings->n && !ctl_is_json(ctl); i++) {
        const struct kept *kept = &warnings->all[i];
        ctl_note("%.*s:%u: warning: %.*s: %s", (int)kept->file.len, kept->file.data, kept->line,
                 (int)kept->rule.len, kept->rule.data, kept->text);
    }
    if (!is_published && !ctl_is_json(ctl)) {
        ctl_note("Issuers were not checked: no running server has published its own.");
    }
    return ctl_list_print(&list);
}

static enum ctl_exit report(struct ctl *ctl, const struct checked *checked)
{
    struct warnings warnings = {.checked = checked};
    enum zta_status status = collect(ctl, &warnings);
    enum ctl_exit code = status == ZTA_OK ? report_good(ctl, checked, &warnings)
                                          : ctl_fail_status(status, NULL, "looking for warnings");
    free(warnings.all);
    return code;
}

/* ---- and of bad ones ---- */

/* The first fault: in JSON as an object, too. */
static enum ctl_exit report_bad(const struct ctl *ctl, enum zta_status status,
                                const struct zta_rules_error *error)
{
    if (status != ZTA_INVALID || !ctl_is_json(ctl)) {
        return ctl_rule_texts_fail(status, error);
    }
    struct ctl_list list;
    char text[1024];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    zta_rules_error_print(error, &buffer);
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    ctl_row_string(&list, "result", "bad");
    ctl_row_string(&list, "file", error->source);
    ctl_row_int(&list, "line", error->line);
    ctl_row_int(&list, "column", error->column);
    ctl_row_string(&list, "error", text);
    ctl_row_end(&list);
    const enum ctl_exit code = ctl_list_print(&list);
    return code == CTL_DONE ? CTL_FAILED : code;
}

/* A name that exists, as an error of the line where it stands. */
static enum ctl_exit report_taken(const struct ctl *ctl, const struct checked *checked,
                                  const struct zta_rules_ast *given)
{
    const struct ctl_live_taken *taken = &checked->taken;
    struct zta_rules_error error = {.line = taken->given.line, .column = taken->given.column};
    const struct zta_text source = given->source_names[taken->given.source];
    (void)snprintf(error.source, sizeof error.source, "%.*s", (int)source.len, source.data);
    (void)snprintf(error.found, sizeof error.found, "%.*s", (int)taken->name.len, taken->name.data);
    (void)snprintf(error.expected, sizeof error.expected,
                   "a name that is free: %.*s:%u has a %s of this one (--replace puts this one in "
                   "its place)",
                   (int)taken->file.len, taken->file.data, taken->line, taken->kind);
    return report_bad(ctl, ZTA_INVALID, &error);
}

/* ---- files as one set ---- */

static enum ctl_exit check(struct ctl *ctl, struct ctl_rule_texts *texts)
{
    struct zta_rules_error error = {.line = 0};
    struct checked checked = {.texts = texts, .n_sources = SIZE_MAX};
    enum ctl_exit code = ctl_rule_texts_read(ctl, texts);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = zta_rules_parse(texts->sources, texts->n, &checked.ast, &error);
    if (status == ZTA_OK) {
        checked.given = checked.ast;
        status = ctl_rule_texts_make(texts, checked.ast, &checked.set, &error);
    }
    code = status == ZTA_OK ? report(ctl, &checked) : report_bad(ctl, status, &error);
    zta_ruleset_close(&checked.set);
    zta_rules_ast_close(&checked.ast);
    return code;
}

/* ---- as an addition to what is in force ---- */

/* What is given stands among the sources, where errors have its own lines, and not in the layer. */
static bool put_given(struct ctl_live *live, const struct ctl_rule_texts *texts,
                      const struct zta_rules_ast *given)
{
    for (size_t i = 0; i < given->n_rules; i++) {
        (void)ctl_live_drop(live, ZTA_LAYER_RULE, given->rules[i].name);
    }
    for (size_t i = 0; i < given->n_lists; i++) {
        (void)ctl_live_drop(live, ZTA_LAYER_LIST, given->lists[i].name);
    }
    for (size_t i = 0; i < texts->n; i++) {
        if (!ctl_rule_texts_add(live->baseline, texts->sources[i].name, texts->sources[i].text)) {
            return false;
        }
        live->baseline->sources[live->baseline->n - 1].is_live = true;
    }
    return true;
}

static enum ctl_exit judge_live(struct ctl *ctl, struct ctl_live *live,
                                const struct ctl_rule_texts *texts,
                                const struct zta_rules_ast *given)
{
    struct ctl_live_set made = {.ast = NULL};
    struct ctl_live_set now = {.ast = NULL};
    struct zta_rules_error error = {.line = 0};
    struct checked checked = {.texts = live->baseline,
                              .given = given,
                              .version = live->layer.version,
                              .is_live = true,
                              .first = live->baseline->n,
                              .n_sources = texts->n};
    ctl_live_compile_quietly(live, &live->next, &now);
    if (now.ast == NULL || !ctl_live_find_taken(live, now.ast, given, false, &checked.taken)) {
        checked.taken.name = (struct zta_text){.data = NULL};
    }
    enum ctl_exit code;
    if (!zta_text_is_absent(checked.taken.name) &&
        !ctl_option_is_set(&ctl->options, CTL_OPTION_REPLACE)) {
        code = report_taken(ctl, &checked, given);
    }
    else if (!put_given(live, texts, given)) {
        code = ctl_fail_status(live->baseline->status, NULL, "reading the rules");
    }
    else {
        const enum zta_status status = ctl_live_make(live, &live->next, &made, &error);
        checked.ast = made.ast;
        checked.set = made.set;
        code = status == ZTA_OK ? report(ctl, &checked) : report_bad(ctl, status, &error);
    }
    ctl_live_set_close(&now);
    ctl_live_set_close(&made);
    return code;
}

static enum ctl_exit check_live(struct ctl *ctl, struct ctl_rule_texts *texts)
{
    struct ctl_live *live = NULL;
    struct zta_rules_ast *given = NULL;
    struct zta_rules_error error = {.line = 0};
    enum ctl_exit code = CTL_DONE;
    for (size_t i = 0; i < ctl->n_arguments && code == CTL_DONE; i++) {
        code = ctl_rule_texts_read_live(texts, ctl->arguments[i]);
    }
    if (code == CTL_DONE) {
        code = ctl_live_open(ctl, CTL_ACCESS_READ, &live);
    }
    if (code == CTL_DONE) {
        const enum zta_status status = ctl_rule_texts_parse_given(texts, &given, &error);
        code = status == ZTA_OK ? judge_live(ctl, live, texts, given)
                                : report_bad(ctl, status, &error);
    }
    zta_rules_ast_close(&given);
    ctl_live_close(&live);
    return code;
}

enum ctl_exit ctl_run_rules_check(struct ctl *ctl)
{
    struct ctl_rule_texts *texts = ctl_rule_texts_open();
    if (texts == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    enum ctl_exit code = ctl_option_is_set(&ctl->options, CTL_OPTION_LIVE) ? check_live(ctl, texts)
                                                                           : check(ctl, texts);
    ctl_rule_texts_close(&texts);
    return code;
}
