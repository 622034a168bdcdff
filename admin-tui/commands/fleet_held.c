/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl fleet held, fleet held apply, fleet held drop. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/actions.h"
#include "admin-tui/commands/undo_range.h"
#include "admin-tui/fleet/held.h"
#include "admin-tui/fleet/nodes.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"

#define NAMED 8 /* that are named one by one in a report */

/* ---- list ---- */

struct listing {
    struct ctl_list *list;
    struct ctl_nodes nodes;
    int64_t now_s;
    bool has_dropped;
    enum zta_status status;
};

static void add_row(const struct listing *listing, const struct zta_fleet_held *held,
                    const struct zta_restriction *restriction)
{
    struct ctl_list *list = listing->list;
    char id[CTL_HELD_ID_LEN + 1];
    char target[4 * ZTA_SUBJECT_MAX];
    struct zta_buffer out;
    ctl_held_id(held, id);
    zta_buffer_init(&out, target, sizeof target);
    ctl_held_print_target(restriction, held->statement.topic, &out);
    ctl_row_begin(list);
    ctl_row_string(list, "id", id);
    ctl_row_text(list, "node", ctl_nodes_name(&listing->nodes, held->statement.origin));
    ctl_row_string(list, "what", ctl_held_what(held, restriction));
    ctl_row_string(list, "target", target);
    ctl_row_time(list, "until", held->until_s);
    ctl_row_time(list, "said", held->statement.version_ns / ZTA_NS_PER_S);
    ctl_row_string(list, "state", held->is_dropped ? "dropped" : "held");
    ctl_row_time(list, "since", held->since_s);
    ctl_row_text(list, "by", restriction->by);
    ctl_row_text(list, "reason", restriction->reason);
    ctl_row_end(list);
}

static bool add_held(void *context, const struct zta_fleet_held *held)
{
    struct listing *listing = context;
    struct zta_restriction restriction;
    struct zta_fleet_held undropped = *held;
    undropped.is_dropped = held->is_dropped && !listing->has_dropped;
    if (!zta_fleet_held_waits(&undropped, listing->now_s)) {
        return true;
    }
    listing->status = zta_fleet_restriction(&held->statement, &restriction);
    if (listing->status == ZTA_OK) {
        add_row(listing, held, &restriction);
    }
    return listing->status == ZTA_OK;
}

static enum zta_status list_held(void *context, struct zta_view *view, struct ctl_list *list)
{
    const struct ctl *ctl = context;
    struct listing listing = {.list = list,
                              .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
                              .has_dropped = ctl_option_is_set(&ctl->options, CTL_OPTION_ALL),
                              .status = ZTA_OK};
    enum zta_status status = ctl_nodes_open(view, &listing.nodes);
    if (status == ZTA_OK) {
        status = zta_fleet_each_held(view, add_held, &listing);
    }
    ctl_nodes_close(&listing.nodes);
    return status == ZTA_OK ? listing.status : status;
}

enum ctl_exit ctl_run_fleet_held(struct ctl *ctl)
{
    static const char *const titles[] = {"ID",   "NODE",  "WHAT",  "TARGET", "UNTIL",
                                         "SAID", "STATE", "SINCE", "BY",     "REASON"};
    const struct ctl_walk walk = {.titles = titles,
                                  .n_columns = sizeof titles / sizeof titles[0],
                                  .what = "reading what is held"};
    return ctl_walk_print(ctl, &walk, list_held, ctl);
}

/* ---- deciding ---- */

/* Is this store a node that may say anything? */
static enum zta_status find_role(const struct ctl *ctl, bool *is_full)
{
    struct ctl_nodes nodes;
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    *is_full = false;
    status = ctl_nodes_open(view, &nodes);
    for (size_t i = 0; status == ZTA_OK && i < nodes.n; i++) {
        *is_full = *is_full || (nodes.all[i].role == ZTA_NODE_FULL &&
                                memcmp(nodes.all[i].origin, nodes.origin, ZTA_ORIGIN_SIZE) == 0);
    }
    ctl_nodes_close(&nodes);
    zta_view_end(&view);
    return status;
}

static enum ctl_exit collect(const struct ctl *ctl, struct ctl_held_list *list)
{
    const bool is_all = ctl_option_is_set(&ctl->options, CTL_OPTION_ALL);
    struct zta_error error = {.status = ZTA_OK};
    if (is_all == (ctl->n_arguments > 0)) {
        return ctl_fail(CTL_USAGE, "%s: expected ids of what is held, or --all",
                        ctl->command->words);
    }
    const enum zta_status status =
        ctl_held_collect(ctl->store, ctl->arguments, ctl->n_arguments, list, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "reading what is held");
    }
    return list->n > 0 ? CTL_DONE : ctl_fail(CTL_FAILED, "nothing is held");
}

static void describe(const struct ctl_held_list *list, struct ctl_report *report)
{
    struct zta_buffer out;
    zta_buffer_init(&out, report->target, sizeof report->target);
    for (size_t i = 0; i < list->n && i < NAMED; i++) {
        const struct ctl_held *held = &list->all[i];
        zta_buffer_printf(&out, "%s%s of ", i == 0 ? "" : ", ",
                          ctl_held_what(&held->held, &held->restriction));
        ctl_held_print_target(&held->restriction, held->held.statement.topic, &out);
    }
    if (list->n > NAMED) {
        zta_buffer_printf(&out, " and %zu more", list->n - NAMED);
    }
}

/* What an operator would type who had done it himself; of several, and of measures: nothing. */
static void describe_undo(const struct ctl *ctl, const struct ctl_held_list *list,
                          struct ctl_report *report)
{
    const struct zta_restriction *restriction = &list->all[0].restriction;
    const enum zta_fleet_topic topic = list->all[0].held.statement.topic;
    char target[4 * ZTA_SUBJECT_MAX];
    struct zta_buffer name;
    struct zta_buffer undo;
    if (list->n > 1 || (topic != ZTA_FLEET_REVOCATION && topic != ZTA_FLEET_BLOCK)) {
        return;
    }
    zta_buffer_init(&undo, report->undo, sizeof report->undo);
    ctl_undo_begin(ctl, &undo);
    if (topic == ZTA_FLEET_REVOCATION) {
        zta_buffer_string(&undo, "unrevoke ");
        ctl_target_print_selector(&restriction->revocation, &undo);
        return;
    }
    zta_buffer_init(&name, target, sizeof target);
    ctl_block_print(&restriction->block, &name);
    zta_buffer_string(&undo, "blocks remove ");
    ctl_quote(&undo, (struct zta_text){.data = target, .len = name.len});
}

/* More than the count says: what would hit everybody, or the machine itself. */
static enum ctl_exit guard(const struct ctl *ctl, const struct ctl_held_sought *sought,
                           const struct ctl_hits *hits)
{
    enum ctl_exit code = sought->is_everyone
                             ? ctl_ask(ctl, "This is about everyone who comes here.", "yes")
                             : CTL_DONE;
    for (size_t i = 0; code == CTL_DONE && i < sought->sought.n_blocks; i++) {
        code = ctl_block_guard(ctl, &sought->blocks[i]);
    }
    return code == CTL_DONE ? ctl_hits_guard(ctl, hits) : code;
}

static enum ctl_exit apply(struct ctl *ctl, const struct ctl_held_list *list,
                           const struct ctl_held_sought *sought, struct ctl_report *report)
{
    struct ctl_action action;
    struct ctl_hits hits;
    bool is_full = false;
    enum ctl_exit code = ctl_action_prepare(ctl, true, &action);
    if (code == CTL_DONE) {
        code = ctl_hits_count(ctl, &sought->sought, &hits);
    }
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = find_role(ctl, &is_full);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    report->hits = &hits;
    report->effect = is_full ? "It takes effect here at once, and in the fleet as if it had been "
                               "done here; a measure of automation here alone."
                             : "It takes effect here at once; other nodes decide for themselves.";
    describe_undo(ctl, list, report);
    ctl_report_plan(ctl, report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, report, NULL);
    }
    code = guard(ctl, sought, &hits);
    if (code != CTL_DONE) {
        return code;
    }
    status = ctl_action_fleet_apply(&action, list->all, list->n, is_full);
    return status == ZTA_OK ? ctl_report_done(ctl, report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_run_fleet_held_apply(struct ctl *ctl)
{
    struct ctl_held_list list = {.n = 0};
    struct ctl_held_sought sought = {.is_everyone = false};
    struct ctl_report report = {.done = "applied"};
    enum ctl_exit code = collect(ctl, &list);
    if (code == CTL_DONE && list.n > CTL_UNDO_RANGE_MAX) {
        code = ctl_fail(CTL_CONFLICT, "%zu are held, more than %d in one change; name their ids",
                        list.n, CTL_UNDO_RANGE_MAX);
    }
    if (code == CTL_DONE) {
        const enum zta_status status = ctl_held_seek(ctl->store, &list, &sought);
        code = status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "reading the store");
    }
    if (code == CTL_DONE) {
        describe(&list, &report);
        code = apply(ctl, &list, &sought, &report);
    }
    ctl_held_sought_clear(&sought);
    ctl_held_clear(&list);
    return code;
}

static enum ctl_exit drop(struct ctl *ctl, const struct ctl_held_list *list)
{
    struct ctl_action action;
    struct ctl_report report = {.done = "dropped",
                                .effect = "It has no effect here, and waits no more."};
    const enum ctl_exit code = ctl_action_prepare(ctl, true, &action);
    if (code != CTL_DONE) {
        return code;
    }
    describe(list, &report);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    if (list->n == 1) {
        char id[CTL_HELD_ID_LEN + 1];
        struct zta_buffer undo;
        ctl_held_id(&list->all[0].held, id);
        zta_buffer_init(&undo, report.undo, sizeof report.undo);
        ctl_undo_begin(ctl, &undo);
        zta_buffer_printf(&undo, "fleet held apply %s --reason ...", id);
    }
    const enum zta_status status = ctl_action_fleet_drop(&action, list->all, list->n);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

enum ctl_exit ctl_run_fleet_held_drop(struct ctl *ctl)
{
    struct ctl_held_list list = {.n = 0};
    enum ctl_exit code = collect(ctl, &list);
    if (code == CTL_DONE) {
        code = drop(ctl, &list);
    }
    ctl_held_clear(&list);
    return code;
}
