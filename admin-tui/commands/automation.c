/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl automation list, history, undo: what is held against whom, why, and its end. */
#include "admin-tui/commands/automation.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin-tui/measures.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"
#include "shared/store/responses.h"
#include "shared/store/sessions.h"

enum {
    HISTORY_ROWS = 100,
    WHAT_SIZE = ZTA_NAME_MAX + 64,
};

/* ---- list ---- */

struct listing {
    struct ctl_list *list;
    struct zta_view *view;
    int64_t now_s;
};

static void add_what(struct ctl_list *list, const struct zta_measure *measure)
{
    char text[WHAT_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    zta_buffer_string(&out, zta_measure_kind_name(measure->kind));
    switch (measure->kind) {
    case ZTA_MEASURE_LIMIT:
        zta_buffer_printf(&out, " %.*s", (int)measure->limit.len, measure->limit.data);
        zta_buffer_printf(&out, " to %" PRIu64 "/%" PRIu64 "s", measure->count, measure->window_s);
        break;
    case ZTA_MEASURE_THROTTLE:
        zta_buffer_printf(&out, " to %" PRIu64 "/%" PRIu64 "s", measure->count, measure->window_s);
        break;
    case ZTA_MEASURE_THREAT_LEVEL:
        zta_buffer_printf(&out, " %s", zta_threat_level_name(measure->level));
        break;
    case ZTA_MEASURE_BLOCK:
    case ZTA_MEASURE_QUARANTINE:
    case ZTA_MEASURE_STEP_UP:
    case ZTA_N_MEASURE_KINDS:
        break;
    }
    ctl_row_string(list, "what", text);
}

/* Whose the session is, as far as it is known; a table has its id alone. */
static void add_owner(const struct listing *listing, const struct zta_measure *measure)
{
    struct zta_json *json = ctl_row_json(listing->list);
    struct zta_session session;
    if (json == NULL || measure->target.kind != ZTA_TARGET_SESSION ||
        zta_session_get(listing->view, measure->target.session, &session) != ZTA_OK) {
        return;
    }
    char whose[sizeof session.subject + sizeof session.issuer + 1];
    (void)snprintf(whose, sizeof whose, "%s@%s", session.subject, session.issuer);
    zta_json_string(json, "whose", whose);
}

static bool add_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct listing *listing = context;
    struct ctl_list *list = listing->list;
    char target[4 * ZTA_SUBJECT_MAX];
    char id[24];
    struct zta_buffer out;
    if (is_lifted || measure->until_s <= listing->now_s) {
        return true;
    }
    zta_buffer_init(&out, target, sizeof target);
    zta_target_print(&measure->target, &out);
    zta_measure_id_print(measure, id);
    ctl_row_begin(list);
    ctl_row_string(list, "id", id);
    add_what(list, measure);
    ctl_row_string(list, "of", zta_target_name(&measure->target));
    ctl_row_string(list, "target", target);
    ctl_row_time(list, "until", measure->until_s);
    ctl_row_time(list, "since", measure->created_ns / ZTA_NS_PER_S);
    ctl_row_int(list, "extended", measure->n_extended);
    ctl_row_string(list, "source", zta_measure_source_name(measure->source));
    ctl_row_text(list, "by", measure->rule);
    ctl_row_text(list, "reason", measure->reason);
    add_owner(listing, measure);
    ctl_row_end(list);
    return true;
}

static enum zta_status list_measures(void *context, struct zta_view *view, struct ctl_list *list)
{
    struct listing listing = {
        .list = list, .view = view, .now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    return zta_measure_each(view, add_measure, &listing);
}

enum ctl_exit ctl_run_automation_list(struct ctl *ctl)
{
    static const char *const titles[] = {"ID",    "WHAT",      "OF",     "TARGET", "UNTIL",
                                         "SINCE", ">EXTENDED", "SOURCE", "BY",     "REASON"};
    const struct ctl_walk walk = {.titles = titles,
                                  .n_columns = sizeof titles / sizeof titles[0],
                                  .what = "reading measures"};
    return ctl_walk_print(ctl, &walk, list_measures, NULL);
}

/* ---- history ---- */

struct history {
    struct ctl_list *list;
    uint64_t n;
    uint64_t most; /* 0: all */
};

static bool add_response(void *context, const struct zta_response *response)
{
    struct history *history = context;
    struct ctl_list *list = history->list;
    char id[24];
    ctl_row_begin(list);
    ctl_row_int(list, "id", (int64_t)response->id);
    ctl_row_time(list, "time", response->time_ns / ZTA_NS_PER_S);
    ctl_row_string(list, "result", zta_response_result_name(response->result));
    ctl_row_text(list, "rule", response->rule);
    ctl_row_text(list, "what", response->what);
    ctl_row_text(list, "target", response->target);
    (void)snprintf(id, sizeof id, "m%" PRIu64, response->measure);
    ctl_row_string(list, "measure", response->measure == 0 ? NULL : id);
    ctl_row_text(list, "evidence", response->evidence);
    ctl_row_end(list);
    history->n++;
    return history->most == 0 || history->n < history->most;
}

static enum zta_status list_history(void *context, struct zta_view *view, struct ctl_list *list)
{
    struct history *history = context;
    history->list = list;
    return zta_response_each(view, add_response, history);
}

enum ctl_exit ctl_run_automation_history(struct ctl *ctl)
{
    static const char *const titles[] = {">ID",  "TIME",   "RESULT",  "RULE",
                                         "WHAT", "TARGET", "MEASURE", "EVIDENCE"};
    struct zta_error error;
    struct history history = {.most = HISTORY_ROWS};
    if (ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &history.most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    const struct ctl_walk walk = {.titles = titles,
                                  .n_columns = sizeof titles / sizeof titles[0],
                                  .what = "reading responses"};
    return ctl_walk_print(ctl, &walk, list_history, &history);
}

/* ---- undo ---- */

enum ctl_exit ctl_measure_release(struct ctl *ctl, const char *name, const struct ctl_measure *held,
                                  struct ctl_report *report)
{
    struct ctl_action action;
    const struct zta_measure *measure = &held->measure;
    struct zta_buffer target;
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    zta_buffer_init(&target, report->target, sizeof report->target);
    zta_buffer_printf(&target, "%s of %s ", zta_measure_kind_name(measure->kind),
                      zta_target_name(&measure->target));
    zta_target_print(&measure->target, &target);
    report->effect = measure->source == ZTA_MEASURE_OF_OPERATOR
                         ? "It ends now."
                         : "It ends now, and what brought it leaves this target alone for as long "
                           "as it was to last.";
    ctl_report_plan(ctl, report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, report, NULL);
    }
    const enum zta_status status = ctl_action_release(&action, name, measure);
    if (status == ZTA_OK && measure->source != ZTA_MEASURE_OF_OPERATOR) {
        ctl_undo_action(ctl, action.id, report);
    }
    return status == ZTA_OK ? ctl_report_done(ctl, report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_automation_undo(struct ctl *ctl, const char *id)
{
    struct ctl_measure held;
    struct ctl_report report = {.done = "measure ended"};
    const enum zta_status status = ctl_measure_find(ctl->store, id, &held);
    if (status == ZTA_INVALID) {
        return ctl_fail(CTL_USAGE, "'%s'; expected the id of a measure as automation list shows it",
                        id);
    }
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "there is no measure %s; it may have ended", id);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading measures");
    }
    if (held.is_lifted) {
        return ctl_fail(CTL_FAILED, "measure %s was ended before", id);
    }
    return ctl_measure_release(ctl, "automation undo", &held, &report);
}

enum ctl_exit ctl_run_automation_undo(struct ctl *ctl)
{
    return ctl_automation_undo(ctl, ctl->arguments[0]);
}
