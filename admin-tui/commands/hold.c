/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl sessions quarantine, sessions release, threat-level: measures of operators. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/commands/automation.h"
#include "admin-tui/measures.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/store/published.h"
#include "shared/store/sessions.h"

/* Puts the measure; undo is the command that ends it. */
static enum ctl_exit hold(struct ctl *ctl, const char *name, const char *undo,
                          struct zta_measure *measure, struct ctl_report *report)
{
    struct ctl_action action;
    struct zta_error error;
    char effect[128];
    char until[ZTA_TIME_TEXT_MAX];
    enum ctl_exit code = ctl_action_prepare(ctl, true, &action);
    if (code != CTL_DONE) {
        return code;
    }
    if (ctl_option_duration(&ctl->options, CTL_OPTION_FOR, &measure->for_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (measure->for_s == 0) {
        return ctl_fail(CTL_USAGE, "%s needs --for DURATION: every measure ends by itself", name);
    }
    zta_time_print(zta_clock_real_ns() / ZTA_NS_PER_S + measure->for_s, until);
    (void)snprintf(effect, sizeof effect, "%s until %s.", report->effect, until);
    report->effect = effect;
    ctl_report_plan(ctl, report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, report, NULL);
    }
    if (report->hits != NULL) {
        code = ctl_hits_guard(ctl, report->hits);
    }
    if (code != CTL_DONE) {
        return code;
    }
    struct zta_buffer out;
    zta_buffer_init(&out, report->undo, sizeof report->undo);
    ctl_undo_begin(ctl, &out);
    zta_buffer_string(&out, undo);
    const enum zta_status status = ctl_action_hold(&action, name, measure);
    return status == ZTA_OK ? ctl_report_done(ctl, report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

/* ---- sessions ---- */

static enum ctl_exit read_session(const struct ctl *ctl, struct zta_target *target)
{
    *target = (struct zta_target){.kind = ZTA_TARGET_SESSION};
    if (zta_hex_decode(zta_text_of(ctl->arguments[0]), target->session, sizeof target->session) !=
        ZTA_OK) {
        return ctl_fail(CTL_USAGE, "'%s'; expected the id of a session (32 hex digits)",
                        ctl->arguments[0]);
    }
    return CTL_DONE;
}

enum ctl_exit ctl_run_sessions_quarantine(struct ctl *ctl)
{
    struct zta_measure measure = {.kind = ZTA_MEASURE_QUARANTINE, .max_age_s = -1};
    struct ctl_target sought = {.kind = ZTA_REVOKE_SESSION, .text = zta_text_of(ctl->arguments[0])};
    struct ctl_hits hits;
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_report report = {
        .done = "quarantined", .effect = "Every request of it is answered 401", .hits = &hits};
    char undo[64];
    enum ctl_exit code = read_session(ctl, &measure.target);
    if (code != CTL_DONE) {
        return code;
    }
    const enum zta_status status = ctl_target_resolve(ctl->store, &sought, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    code = ctl_hits_count(ctl, &(struct ctl_sought){.targets = &sought, .n_targets = 1}, &hits);
    if (code != CTL_DONE) {
        return code;
    }
    (void)snprintf(report.target, sizeof report.target, "session %s", ctl->arguments[0]);
    (void)snprintf(undo, sizeof undo, "sessions release %s", ctl->arguments[0]);
    return hold(ctl, "sessions quarantine", undo, &measure, &report);
}

enum ctl_exit ctl_run_sessions_release(struct ctl *ctl)
{
    struct zta_target target;
    struct ctl_measure held;
    enum ctl_exit code = read_session(ctl, &target);
    size_t n = 0;
    while (code == CTL_DONE) {
        struct ctl_report report = {.done = "released"};
        const enum zta_status status = ctl_measure_next(ctl->store, &target, 0, &held);
        if (status == ZTA_NOT_FOUND) {
            break;
        }
        if (status != ZTA_OK) {
            return ctl_fail_status(status, NULL, "reading measures");
        }
        code = ctl_measure_release(ctl, "sessions release", &held, &report);
        n++;
        if (ctl_is_dry(ctl)) {
            return code; /* what is not ended would be found again */
        }
    }
    if (code == CTL_DONE && n == 0) {
        return ctl_fail(CTL_FAILED, "nothing is held against session %s", ctl->arguments[0]);
    }
    return code;
}

/* ---- threat level ---- */

enum ctl_exit ctl_run_threat_level(struct ctl *ctl)
{
    static const char *const titles[] = {"LEVEL", "SINCE", "REASON"};
    struct ctl_list list;
    struct zta_heartbeat heartbeat = {.threat = ZTA_THREAT_NORMAL};
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_published_get_heartbeat(view, &heartbeat, NULL, 0);
        zta_view_end(&view);
    }
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "no server has run on this store");
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    ctl_row_begin(&list);
    ctl_row_string(&list, "level", zta_threat_level_name(heartbeat.threat));
    ctl_row_time(&list, "since", heartbeat.threat_since_s);
    ctl_row_string(&list, "reason", heartbeat.threat_reason);
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

enum ctl_exit ctl_run_threat_level_show(struct ctl *ctl)
{
    return ctl_run_threat_level(ctl);
}

enum ctl_exit ctl_run_threat_level_set(struct ctl *ctl)
{
    struct zta_measure measure = {
        .kind = ZTA_MEASURE_THREAT_LEVEL, .target = {.kind = ZTA_TARGET_EVERYONE}, .max_age_s = -1};
    struct ctl_report report = {.done = "threat level set", .effect = "It is at least that"};
    const char *word = ctl->arguments[0];
    if (zta_threat_level_parse(zta_text_of(word), &measure.level) != ZTA_OK ||
        measure.level == ZTA_THREAT_NORMAL) {
        return ctl_fail(CTL_USAGE, "'%s'; expected elevated, high or critical", word);
    }
    (void)snprintf(report.target, sizeof report.target, "threat level %s", word);
    return hold(ctl, "threat-level set", "threat-level clear", &measure, &report);
}

enum ctl_exit ctl_run_threat_level_clear(struct ctl *ctl)
{
    const struct zta_target everyone = {.kind = ZTA_TARGET_EVERYONE};
    struct ctl_measure held;
    enum ctl_exit code = CTL_DONE;
    size_t n = 0;
    while (code == CTL_DONE) {
        struct ctl_report report = {.done = "threat level cleared"};
        const enum zta_status status =
            ctl_measure_next(ctl->store, &everyone, ZTA_MEASURE_THREAT_LEVEL, &held);
        if (status == ZTA_NOT_FOUND) {
            break;
        }
        if (status != ZTA_OK) {
            return ctl_fail_status(status, NULL, "reading measures");
        }
        code = ctl_measure_release(ctl, "threat-level clear", &held, &report);
        n++;
        if (ctl_is_dry(ctl)) {
            return code;
        }
    }
    if (code == CTL_DONE && n == 0) {
        return ctl_fail(CTL_FAILED, "no measure holds the threat level; what is measured falls "
                                    "back by itself");
    }
    return code;
}
