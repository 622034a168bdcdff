/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl revoke, unrevoke, sessions revoke. */
#include "admin-tui/commands/revoke.h"

#include <stdlib.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"

/* What is said of the targets together: the effects of one selector's targets are of one kind. */
static void describe(const struct ctl *ctl, const struct ctl_target *targets, size_t n,
                     struct ctl_report *report)
{
    struct zta_buffer target;
    struct zta_buffer undo;
    zta_buffer_init(&target, report->target, sizeof report->target);
    zta_buffer_init(&undo, report->undo, sizeof report->undo);
    for (size_t i = 0; i < n; i++) {
        zta_buffer_string(&target, i == 0 ? "" : ", ");
        ctl_target_print(&targets[i].record, &target);
        zta_buffer_string(&undo, i == 0 ? "" : "; ");
        ctl_undo_begin(ctl, &undo);
        zta_buffer_string(&undo, "unrevoke ");
        ctl_target_print_selector(&targets[i].record, &undo);
    }
    report->effect = ctl_target_effect(&targets[0].record);
}

static enum ctl_exit apply(struct ctl_action *action, const struct ctl_target *targets, size_t n)
{
    struct zta_revocation *records = calloc(n, sizeof *records);
    if (records == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        records[i] = targets[i].record;
    }
    enum zta_status status = ctl_action_revoke(action, records, n);
    free(records);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, &action->error, "");
}

enum ctl_exit ctl_revoke_targets(struct ctl *ctl, struct ctl_target *targets, size_t n)
{
    struct ctl_action action;
    struct ctl_hits hits;
    struct ctl_report report = {.done = "revoked", .hits = &hits};
    enum ctl_exit code = ctl_action_prepare(ctl, true, &action);
    if (code != CTL_DONE) {
        return code;
    }
    for (size_t i = 0; i < n; i++) {
        struct zta_error error = {.status = ZTA_OK};
        enum zta_status status = ctl_target_resolve(ctl->store, &targets[i], &error);
        if (status != ZTA_OK) {
            return ctl_fail_status(status, &error, "");
        }
    }
    enum zta_status status = ctl_hits_count(ctl->store, targets, n, NULL, &hits);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "counting sessions");
    }
    if (targets[0].kind == ZTA_REVOKE_DEVICE) {
        report.hits = NULL; /* no record of a session says which: none would be a lie */
    }
    describe(ctl, targets, n, &report);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    code = ctl_hits_guard(ctl, &hits);
    if (code == CTL_DONE) {
        code = apply(&action, targets, n);
    }
    return code == CTL_DONE ? ctl_report_done(ctl, &report, &action) : code;
}

enum ctl_exit ctl_run_revoke(struct ctl *ctl)
{
    struct ctl_target target = {.is_token = false};
    struct zta_error error;
    if (ctl_target_select(&ctl->options, &target, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "revoke: %s", error.text);
    }
    return ctl_revoke_targets(ctl, &target, 1);
}

enum ctl_exit ctl_run_sessions_revoke(struct ctl *ctl)
{
    size_t n = ctl->n_arguments;
    struct ctl_target *targets = calloc(n, sizeof *targets);
    if (targets == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        targets[i].kind = ZTA_REVOKE_SESSION;
        targets[i].text = zta_text_of(ctl->arguments[i]);
    }
    enum ctl_exit code = ctl_revoke_targets(ctl, targets, n);
    free(targets);
    return code;
}

enum ctl_exit ctl_run_unrevoke(struct ctl *ctl)
{
    struct ctl_target target = {.is_token = false};
    struct ctl_action action;
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_report report = {
        .done = "revocation removed",
        .effect = "Its credentials that have not expired are accepted again.",
    };
    if (ctl_target_select(&ctl->options, &target, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "unrevoke: %s", error.text);
    }
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = ctl_target_resolve(ctl->store, &target, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, report.target, sizeof report.target);
    ctl_target_print(&target.record, &buffer);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    zta_buffer_init(&buffer, report.undo, sizeof report.undo);
    ctl_undo_begin(ctl, &buffer);
    zta_buffer_string(&buffer, "revoke ");
    ctl_target_print_selector(&target.record, &buffer);
    zta_buffer_string(&buffer, " --reason ...");
    status = ctl_action_unrevoke(&action, &target.record);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}
