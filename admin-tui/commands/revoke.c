/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl revoke, unrevoke, sessions revoke. */
#include "admin-tui/commands/revoke.h"

#include <inttypes.h>
#include <stdlib.h>

#include "admin-tui/commands/undo_range.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/sessions.h"
#include "shared/base/clock.h"

enum {
    NAMED = 8, /* targets that are named one by one, in the report and its undo line */
};

/* What is said of the targets together: the effects of one selector's targets are of one kind. */
static void describe(const struct ctl *ctl, const struct ctl_target *targets, size_t n,
                     struct ctl_report *report)
{
    struct zta_buffer target;
    struct zta_buffer undo;
    zta_buffer_init(&target, report->target, sizeof report->target);
    zta_buffer_init(&undo, report->undo, sizeof report->undo);
    for (size_t i = 0; i < n && i < NAMED; i++) {
        zta_buffer_string(&target, i == 0 ? "" : ", ");
        ctl_target_print(&targets[i].record, &target);
        zta_buffer_string(&undo, i == 0 ? "" : "; ");
        ctl_undo_begin(ctl, &undo);
        zta_buffer_string(&undo, "unrevoke ");
        ctl_target_print_selector(&targets[i].record, &undo);
    }
    if (n > NAMED) {
        zta_buffer_printf(&target, " and %zu more", n - NAMED);
    }
    report->effect = ctl_target_effect(&targets[0].record);
}

/* Of many, by their numbers, which follow each other. */
static void describe_undo(const struct ctl *ctl, const struct ctl_action *action, size_t n,
                          struct ctl_report *report)
{
    struct zta_buffer undo;
    if (n > NAMED) {
        zta_buffer_init(&undo, report->undo, sizeof report->undo);
        ctl_undo_begin(ctl, &undo);
        zta_buffer_printf(&undo, "undo %" PRIu64 "-%" PRIu64, action->id, action->id + n - 1);
    }
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
    code = ctl_hits_count(ctl, &(struct ctl_sought){.targets = targets, .n_targets = n}, &hits);
    if (code != CTL_DONE) {
        return code;
    }
    describe(ctl, targets, n, &report);
    report.undo[0] = n > NAMED ? '\0' : report.undo[0];
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    code = ctl_hits_guard(ctl, &hits);
    if (code == CTL_DONE) {
        code = apply(&action, targets, n);
    }
    if (code != CTL_DONE) {
        return code;
    }
    describe_undo(ctl, &action, n, &report);
    return ctl_report_done(ctl, &report, &action);
}

/* ---- by a filter ---- */

/* All that match, or none: what was cut would be let in. */
static enum ctl_exit find_sessions(const struct ctl *ctl, struct ctl_sessions *sessions)
{
    static struct ctl_filter filter; /* too large for a stack */
    char text[CTL_FILTER_TEXT_MAX];
    struct zta_buffer buffer;
    struct zta_error error;
    struct zta_view *view = NULL;
    zta_buffer_init(&buffer, text, sizeof text);
    ctl_arguments_join(ctl, &buffer);
    if (buffer.is_overflowed) {
        return ctl_fail(CTL_USAGE, "revoke: the filter is too long");
    }
    if (ctl_filter_parse_sessions((struct zta_text){.data = text, .len = buffer.len}, &filter,
                                  &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "revoke: %s", error.text);
    }
    sessions->filter = &filter;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_sessions_collect(view, sessions);
        zta_view_end(&view);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading sessions");
    }
    if (sessions->n_matched > sessions->most) {
        return ctl_fail(CTL_CONFLICT,
                        "%" PRIu64 " sessions match, more than %" PRIu64
                        " in one change; narrow the filter, or revoke their subject, client or "
                        "issuer. Nothing was changed",
                        sessions->n_matched, sessions->most);
    }
    return sessions->n_matched > 0 ? CTL_DONE : ctl_fail(CTL_FAILED, "no session matches");
}

static enum ctl_exit revoke_filtered(struct ctl *ctl)
{
    struct ctl_sessions sessions = {.most = CTL_UNDO_RANGE_MAX,
                                    .now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    char(*ids)[2 * ZTA_SESSION_ID_SIZE + 1] = NULL;
    struct ctl_target *targets = NULL;
    enum ctl_exit code = find_sessions(ctl, &sessions);
    if (code == CTL_DONE) {
        ids = calloc(sessions.n, sizeof *ids);
        targets = calloc(sessions.n, sizeof *targets);
        code = ids == NULL || targets == NULL ? ctl_fail(CTL_FAILED, "out of memory") : CTL_DONE;
    }
    for (size_t i = 0; code == CTL_DONE && i < sessions.n; i++) {
        zta_hex_encode(sessions.found[i].id, ZTA_SESSION_ID_SIZE, ids[i]);
        targets[i].kind = ZTA_REVOKE_SESSION;
        targets[i].text = zta_text_of(ids[i]);
    }
    if (code == CTL_DONE) {
        code = ctl_revoke_targets(ctl, targets, sessions.n);
    }
    ctl_sessions_clear(&sessions);
    free(targets);
    free(ids);
    return code;
}

enum ctl_exit ctl_run_revoke(struct ctl *ctl)
{
    struct ctl_target target = {.is_token = false};
    struct zta_error error;
    if (ctl->n_arguments > 0) {
        return ctl_target_is_selected(&ctl->options)
                   ? ctl_fail(CTL_USAGE, "revoke: a selector or a filter, not both")
                   : revoke_filtered(ctl);
    }
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
