/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl block, blocks list, blocks remove. */
#include <stdio.h>

#include "admin-tui/commands/automation.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"

static enum ctl_exit resolve(const struct ctl *ctl, struct zta_block *block,
                             struct ctl_report *report)
{
    static struct ctl_issuers issuers; /* too large for a stack; the block points into it */
    struct zta_error error = {.status = ZTA_OK};
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_issuers_load(view, &issuers, &error);
        zta_view_end(&view);
    }
    if (status == ZTA_OK) {
        status = ctl_block_resolve(&issuers, zta_text_of(ctl->arguments[0]), block, &error);
    }
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    struct zta_buffer target;
    zta_buffer_init(&target, report->target, sizeof report->target);
    ctl_block_print(block, &target);
    return CTL_DONE;
}

enum ctl_exit ctl_run_block(struct ctl *ctl)
{
    struct ctl_action action;
    struct ctl_hits hits;
    struct zta_error error;
    struct zta_block block = {.until_s = 0};
    struct ctl_report report = {.done = "blocked", .hits = &hits};
    int64_t duration_s = 0;
    enum ctl_exit code = ctl_action_prepare(ctl, true, &action);
    if (code != CTL_DONE) {
        return code;
    }
    if (ctl_option_duration(&ctl->options, CTL_OPTION_FOR, &duration_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (duration_s == 0) {
        return ctl_fail(CTL_USAGE, "block needs --for DURATION: every block ends by itself");
    }
    code = resolve(ctl, &block, &report);
    if (code != CTL_DONE) {
        return code;
    }
    code = ctl_hits_count(ctl, &(struct ctl_sought){.blocks = &block, .n_blocks = 1}, &hits);
    if (code != CTL_DONE) {
        return code;
    }
    block.until_s = zta_clock_real_ns() / ZTA_NS_PER_S + duration_s;
    char until[ZTA_TIME_TEXT_MAX];
    char effect[ZTA_TIME_TEXT_MAX + 32];
    zta_time_print(block.until_s, until);
    (void)snprintf(effect, sizeof effect, "Every request is refused until %s.", until);
    report.effect = effect;
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    code = ctl_block_guard(ctl, &block);
    if (code == CTL_DONE) {
        code = ctl_hits_guard(ctl, &hits);
    }
    if (code != CTL_DONE) {
        return code;
    }
    struct zta_buffer undo;
    zta_buffer_init(&undo, report.undo, sizeof report.undo);
    ctl_undo_begin(ctl, &undo);
    zta_buffer_string(&undo, "blocks remove ");
    ctl_quote(&undo, zta_text_of(report.target));
    enum zta_status status = ctl_action_block(&action, &block);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_run_blocks_remove(struct ctl *ctl)
{
    struct ctl_action action;
    struct zta_block block = {.until_s = 0};
    struct ctl_report report = {.done = "block removed"};
    if (ctl_measure_is_id(ctl->arguments[0])) {
        return ctl_automation_undo(ctl, ctl->arguments[0]);
    }
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code == CTL_DONE) {
        code = resolve(ctl, &block, &report);
    }
    if (code != CTL_DONE) {
        return code;
    }
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    struct zta_buffer undo;
    zta_buffer_init(&undo, report.undo, sizeof report.undo);
    ctl_undo_begin(ctl, &undo);
    zta_buffer_string(&undo, "block ");
    ctl_quote(&undo, zta_text_of(report.target));
    zta_buffer_string(&undo, " --for ... --reason ...");
    enum zta_status status = ctl_action_unblock(&action, &block);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

struct listing {
    struct ctl_list *list;
    int64_t now_s;
};

/* What `blocks remove` takes; a table has it in another column. */
static void add_id(struct ctl_list *list, const char *id)
{
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_string(json, "id", id);
    }
}

static bool add_block(void *context, const struct zta_block *block)
{
    struct listing *listing = context;
    struct ctl_list *list = listing->list;
    if (block->until_s <= listing->now_s) {
        return true;
    }
    char target[2 * ZTA_SUBJECT_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, target, sizeof target);
    ctl_block_print(block, &buffer);
    ctl_row_begin(list);
    ctl_row_string(list, "kind", block->kind == ZTA_BLOCK_NETWORK ? "network" : "subject");
    ctl_row_string(list, "target", target);
    ctl_row_time(list, "until", block->until_s);
    ctl_row_time(list, "since", block->created_ns / ZTA_NS_PER_S);
    ctl_row_text(list, "by", block->author);
    ctl_row_int(list, "action", (int64_t)block->action_id);
    ctl_row_text(list, "reason", block->reason);
    add_id(list, target);
    ctl_row_end(list);
    return true;
}

/* What else is held for a time, in the same words. */
static bool add_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct listing *listing = context;
    struct ctl_list *list = listing->list;
    char target[4 * ZTA_SUBJECT_MAX];
    char id[24];
    struct zta_buffer buffer;
    if (is_lifted || measure->until_s <= listing->now_s) {
        return true;
    }
    zta_buffer_init(&buffer, target, sizeof target);
    zta_target_print(&measure->target, &buffer);
    zta_measure_id_print(measure, id);
    ctl_row_begin(list);
    ctl_row_string(list, "kind", zta_measure_kind_name(measure->kind));
    ctl_row_string(list, "target", target);
    ctl_row_time(list, "until", measure->until_s);
    ctl_row_time(list, "since", measure->created_ns / ZTA_NS_PER_S);
    ctl_row_text(list, "by", measure->rule);
    ctl_row_cell(list, "action", "%s", id);
    if (ctl_row_json(list) != NULL) {
        zta_json_string(ctl_row_json(list), "action", NULL);
    }
    ctl_row_text(list, "reason", measure->reason);
    add_id(list, id);
    ctl_row_end(list);
    return true;
}

static enum zta_status list_blocks(void *context, struct zta_view *view, struct ctl_list *list)
{
    const struct ctl *ctl = context;
    struct listing listing = {.list = list, .now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    enum zta_status status = zta_block_each(view, add_block, &listing);
    if (status == ZTA_OK && ctl_option_is_set(&ctl->options, CTL_OPTION_ALL)) {
        status = zta_measure_each(view, add_measure, &listing);
    }
    return status;
}

enum ctl_exit ctl_run_blocks_list(struct ctl *ctl)
{
    static const char *const titles[] = {"KIND", "TARGET",  "UNTIL", "SINCE",
                                         "BY",   ">ACTION", "REASON"};
    const struct ctl_walk walk = {
        .titles = titles, .n_columns = sizeof titles / sizeof titles[0], .what = "reading blocks"};
    return ctl_walk_print(ctl, &walk, list_blocks, ctl);
}
