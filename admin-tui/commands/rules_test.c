/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rules test: the cases written beside rules, judged by the code that judges requests. */
#include "admin-tui/explain.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/rule_texts.h"
#include "shared/base/clock.h"
#include "shared/rules/cases.h"
#include "shared/rules/print.h"

enum {
    EXPECTED_SIZE = 2 * ZTA_NAME_MAX + 64, /* outcome, reason, rule */
};

struct trial {
    const struct zta_rules_ast *ast;
    const struct zta_ruleset *set;
    int64_t now_s;
    size_t n_failed;
};

static void add_verdict(struct zta_json *json, const char *name, const char *outcome,
                        const char *reason, struct zta_text rule)
{
    zta_json_begin_object(json, name);
    zta_json_string(json, "outcome", outcome);
    zta_json_string(json, "reason", reason);
    zta_json_text(json, "rule", rule);
}

static void add_json(struct zta_json *json, const struct trial *trial,
                     const struct zta_ast_case *item, const struct zta_decision *decision)
{
    const struct zta_verdict *found = &decision->verdict;
    const bool is_ruled = found->rule[0] != '\0';
    const struct zta_text none = {.data = NULL};
    zta_json_text(json, "file", trial->ast->source_names[item->place.source]);
    zta_json_int(json, "line", item->place.line);
    add_verdict(json, "expected", zta_outcome_name(item->outcome),
                item->has_reason ? zta_reason_name(item->reason) : NULL, item->by);
    zta_json_end_object(json);
    add_verdict(json, "found", zta_outcome_name(found->outcome), zta_reason_name(found->reason),
                is_ruled ? zta_text_of(found->rule) : none);
    zta_json_string(json, "rule_file",
                    is_ruled ? zta_ruleset_source(trial->set, found->source) : NULL);
    if (is_ruled) {
        zta_json_int(json, "rule_line", found->line);
    }
    else {
        zta_json_string(json, "rule_line", NULL);
    }
    zta_json_end_object(json);
    zta_json_string(json, "nearest", decision->nearest[0] != '\0' ? decision->nearest : NULL);
    zta_json_string(json, "missing", decision->missing[0] != '\0' ? decision->missing : NULL);
}

/* "deny not_entitled; read-orders lacks scope orders:read" */
static void print_found(const struct trial *trial, const struct zta_decision *decision,
                        struct zta_buffer *out)
{
    const struct zta_verdict *found = &decision->verdict;
    zta_buffer_printf(out, "%s %s", zta_outcome_name(found->outcome),
                      zta_reason_name(found->reason));
    if (found->rule[0] != '\0') {
        zta_buffer_printf(out, " by %s (%s:%u)", found->rule,
                          zta_ruleset_source(trial->set, found->source), found->line);
    }
    if (decision->missing[0] != '\0') {
        const struct zta_text missing = zta_text_of(decision->missing);
        zta_buffer_printf(
            out, ";%s%s %s%s", decision->nearest[0] != '\0' ? " " : "", decision->nearest,
            ctl_explain_missing((uint8_t)found->reason, missing)->verb, decision->missing);
    }
}

static enum zta_status add_case(struct trial *trial, const struct zta_ast_case *item,
                                struct ctl_list *list)
{
    struct zta_decision decision;
    enum zta_status status = zta_rules_case_judge(trial->set, item, trial->now_s, &decision);
    if (status != ZTA_OK) {
        return status;
    }
    const bool is_met = zta_rules_case_is_met(item, &decision.verdict);
    const struct zta_text *file = &trial->ast->source_names[item->place.source];
    char expected[EXPECTED_SIZE];
    char found[EXPECTED_SIZE + ZTA_MISSING_MAX + 4096]; /* a path of a file */
    struct zta_buffer buffer;
    trial->n_failed += is_met ? 0 : 1;
    ctl_row_begin(list);
    ctl_row_text(list, "name", item->name);
    ctl_row_string(list, "result", is_met ? "ok" : "failed");
    zta_buffer_init(&buffer, expected, sizeof expected);
    zta_rules_print_expected(item, &buffer);
    ctl_row_cell(list, "expected", "%s", expected);
    zta_buffer_init(&buffer, found, sizeof found);
    print_found(trial, &decision, &buffer);
    ctl_row_cell(list, "found", "%s", found);
    ctl_row_cell(list, "place", "%.*s:%u", (int)file->len, file->data, item->place.line);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        add_json(json, trial, item, &decision);
    }
    ctl_row_end(list);
    return ZTA_OK;
}

static enum ctl_exit run_cases(const struct ctl *ctl, struct trial *trial)
{
    static const char *const titles[] = {"CASE", "RESULT", "EXPECTED", "FOUND", "PLACE"};
    struct ctl_list list;
    enum zta_status status = ZTA_OK;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; status == ZTA_OK && i < trial->ast->n_cases; i++) {
        status = add_case(trial, &trial->ast->cases[i], &list);
    }
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, NULL, "judging the cases");
    }
    const enum ctl_exit code = ctl_list_print(&list);
    if (code != CTL_DONE) {
        return code;
    }
    ctl_note("%zu of %zu cases %s.", trial->n_failed > 0 ? trial->n_failed : trial->ast->n_cases,
             trial->ast->n_cases, trial->n_failed > 0 ? "failed" : "are as expected");
    return trial->n_failed > 0 ? CTL_FAILED : CTL_DONE;
}

static enum ctl_exit test(struct ctl *ctl, struct ctl_rule_texts *texts)
{
    struct zta_rules_ast *ast = NULL;
    struct zta_ruleset *set = NULL;
    enum ctl_exit code = ctl_rule_texts_read(ctl, texts);
    if (code == CTL_DONE) {
        code = ctl_rule_texts_parse(texts, &ast);
    }
    if (code == CTL_DONE && !texts->issuers.is_published) {
        ctl_rule_texts_note_issuers(texts, ast);
    }
    if (code == CTL_DONE) {
        code = ctl_rule_texts_compile(texts, ast, &set);
    }
    if (code == CTL_DONE && ast->n_cases == 0) {
        code = ctl_fail(CTL_USAGE, "there is no case in these files");
    }
    if (code == CTL_DONE) {
        struct trial trial = {.ast = ast, .set = set, .now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
        code = run_cases(ctl, &trial);
    }
    zta_ruleset_close(&set);
    zta_rules_ast_close(&ast);
    return code;
}

enum ctl_exit ctl_run_rules_test(struct ctl *ctl)
{
    struct ctl_rule_texts *texts = ctl_rule_texts_open();
    if (texts == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    enum ctl_exit code = test(ctl, texts);
    ctl_rule_texts_close(&texts);
    return code;
}
