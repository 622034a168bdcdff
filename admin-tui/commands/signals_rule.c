/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl signals apply, drop, lift. */
#include <stdio.h>

#include "admin-tui/commands/revoke.h"
#include "admin-tui/notices.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"

static enum ctl_exit find(const struct ctl *ctl, struct ctl_notice *found)
{
    const enum zta_status status =
        ctl_notice_find(ctl->store, zta_text_of(ctl->arguments[0]), found);
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "there is no signal '%s'", ctl->arguments[0]);
    }
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "reading signals");
}

static enum ctl_exit find_held(const struct ctl *ctl, struct ctl_notice *found)
{
    enum ctl_exit code = find(ctl, found);
    if (code == CTL_DONE && found->record.outcome != ZTA_NOTICE_HELD) {
        code = ctl_fail(CTL_CONFLICT, "signal %s is %s: it does not wait for anybody", found->id,
                        zta_notice_outcome_name(found->record.outcome));
    }
    if (code == CTL_DONE && found->record.ruling != ZTA_NOTICE_NOT_RULED) {
        code = ctl_fail(CTL_CONFLICT, "signal %s was %s already", found->id,
                        ctl_notice_ruling_name(found->record.ruling));
    }
    return code;
}

/* The revocation that it comes to; false: none. text is the memory of the target's. */
static bool target_of(const struct zta_notice *notice, struct ctl_target *target, char *text,
                      size_t size)
{
    struct zta_buffer out;
    zta_buffer_init(&out, text, size);
    if ((notice->effect != ZTA_NOTICE_END_LOGINS && notice->effect != ZTA_NOTICE_END_TOKENS &&
         notice->effect != ZTA_NOTICE_STEP_UP) ||
        zta_text_is_absent(notice->issuer)) {
        return false;
    }
    *target = (struct ctl_target){.kind = ZTA_REVOKE_ISSUER};
    if (!zta_text_is_absent(notice->client)) {
        target->kind = ZTA_REVOKE_CLIENT;
        zta_buffer_text(&out, notice->client);
        zta_buffer_string(&out, "@");
    }
    zta_buffer_text(&out, notice->issuer);
    target->text = (struct zta_text){.data = text, .len = out.len};
    return !out.is_overflowed;
}

/* What is printed of the event, before and after. */
static void describe(const struct ctl_notice *found, struct ctl_report *report)
{
    struct zta_buffer out;
    zta_buffer_init(&out, report->target, sizeof report->target);
    zta_buffer_printf(&out, "signal %s, %.*s, ", found->id, (int)found->record.notice.type.len,
                      found->record.notice.type.data);
    ctl_notice_print_target(&found->record.notice, &out);
}

static enum ctl_exit rule(struct ctl *ctl, const char *name, const struct ctl_notice *found,
                          enum zta_notice_ruling ruling)
{
    struct ctl_action action;
    struct ctl_report report = {.done = ctl_notice_ruling_name(ruling)};
    const enum ctl_exit code = ctl_action_prepare(ctl, true, &action);
    if (code != CTL_DONE) {
        return code;
    }
    report.effect = ruling == ZTA_NOTICE_RULED_DROPPED
                        ? "It does nothing and waits no more."
                        : "It takes effect within seconds, as if it had not been held.";
    if (ruling == ZTA_NOTICE_RULED_APPLIED) {
        (void)snprintf(report.undo, sizeof report.undo, "signals lift %s", found->id);
    }
    describe(found, &report);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    const enum zta_status status = ctl_action_notice_rule(&action, name, found, ruling);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

/* A revocation first: an event whose revocation failed still waits. */
static enum ctl_exit apply_to_many(struct ctl *ctl, const struct ctl_notice *found)
{
    static struct ctl_target target;
    char text[ZTA_SUBJECT_MAX + ZTA_NAME_MAX + 2];
    struct ctl_action action;
    enum ctl_exit code;
    if (!target_of(&found->record.notice, &target, text, sizeof text)) {
        return ctl_fail(CTL_CONFLICT,
                        "signal %s cannot be carried out: nothing here is known by what it names",
                        found->id);
    }
    code = ctl_revoke_targets(ctl, &target, 1);
    if (code != CTL_DONE || ctl_is_dry(ctl)) {
        return code;
    }
    code = ctl_action_prepare(ctl, true, &action);
    if (code != CTL_DONE) {
        return code;
    }
    const enum zta_status status =
        ctl_action_notice_rule(&action, "signals apply", found, ZTA_NOTICE_RULED_APPLIED);
    return status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_run_signals_apply(struct ctl *ctl)
{
    static struct ctl_notice found;
    const enum ctl_exit code = find_held(ctl, &found);
    if (code != CTL_DONE) {
        return code;
    }
    return found.record.notice.reach == ZTA_NOTICE_ONE
               ? rule(ctl, "signals apply", &found, ZTA_NOTICE_RULED_APPLIED)
               : apply_to_many(ctl, &found);
}

enum ctl_exit ctl_run_signals_drop(struct ctl *ctl)
{
    static struct ctl_notice found;
    const enum ctl_exit code = find_held(ctl, &found);
    return code == CTL_DONE ? rule(ctl, "signals drop", &found, ZTA_NOTICE_RULED_DROPPED) : code;
}

enum ctl_exit ctl_run_signals_lift(struct ctl *ctl)
{
    static struct ctl_notice found;
    struct ctl_action action;
    struct ctl_report report = {.done = "lifted",
                                .effect = "What transmitters hold against it holds no more, until "
                                          "one says it anew."};
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code == CTL_DONE) {
        code = find(ctl, &found);
    }
    if (code != CTL_DONE) {
        return code;
    }
    describe(&found, &report);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    const enum zta_status status = ctl_action_notice_lift(&action, &found);
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "transmitters hold nothing against whom signal %s names",
                        found.id);
    }
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}
