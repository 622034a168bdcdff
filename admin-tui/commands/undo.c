/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl undo, changes: what was changed lately, and one of it taken back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/commands/automation.h"
#include "admin-tui/commands/undo_range.h"
#include "admin-tui/live.h"
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"
#include "shared/store/audit.h"
#include "shared/store/device_history.h"
#include "shared/store/layers.h"
#include "shared/store/measures.h"
#include "shared/store/published.h"

enum {
    CHANGES_PERIOD_S = 24 * 3600,
};

/* ---- undo ---- */

enum kind {
    NOTHING = 0, /* it made nothing that can be taken back */
    RULES,
    REVOCATION,
    BLOCK,
    DEVICES,
    MEASURE, /* of a rule or transmitter, that was ended before its time */
};

/* What an action made; looked for newest first when none is named. */
struct undoing {
    uint64_t id; /* 0: the newest that can be undone */
    enum kind kind;
    char action[64];
    char target[1024];
    bool is_found;
};

static enum kind kind_of(struct zta_text action)
{
    static const struct {
        const char *name;
        enum kind kind;
    } kinds[] = {{"revoke", REVOCATION},
                 {"block", BLOCK},
                 {"mode", RULES},
                 {"automation undo", MEASURE},
                 {"sessions release", MEASURE},
                 {"threat-level clear", MEASURE}};
    if (zta_text_starts_with(action, ZTA_TEXT("rules "))) {
        return RULES;
    }
    if (zta_text_starts_with(action, ZTA_TEXT("devices "))) {
        return DEVICES;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (zta_text_equal(action, zta_text_of(kinds[i].name))) {
            return kinds[i].kind;
        }
    }
    return NOTHING;
}

static bool see_action(void *context, const struct zta_audit_entry *entry)
{
    struct undoing *undoing = context;
    enum kind kind = kind_of(entry->action);
    if (kind == MEASURE && zta_text_starts_with(entry->before, ZTA_TEXT("by operator "))) {
        kind = NOTHING; /* it was removed, and is held anew instead */
    }
    /* Who asks for the last change does not mean what was taken back already. */
    const bool is_undo = zta_text_equal(entry->action, ZTA_TEXT("devices undo"));
    if (undoing->id == 0 ? kind == NOTHING || is_undo : entry->id != undoing->id) {
        return undoing->id == 0 || entry->id > undoing->id;
    }
    undoing->id = entry->id;
    undoing->kind = kind;
    undoing->is_found = true;
    (void)snprintf(undoing->action, sizeof undoing->action, "%.*s", (int)entry->action.len,
                   entry->action.len == 0 ? "" : entry->action.data);
    (void)snprintf(undoing->target, sizeof undoing->target, "%.*s", (int)entry->target.len,
                   entry->target.len == 0 ? "" : entry->target.data);
    return false;
}

/* One record that carries the action, taken back while the view that shows it is open. */
struct taking {
    struct ctl_action *action;
    struct zta_view *view;
    uint64_t id;
    enum zta_status status; /* ZTA_NOT_FOUND: no record carries it any more */
};

static bool take_revocation(void *context, const struct zta_revocation *record)
{
    struct taking *taking = context;
    if (record->action_id != taking->id) {
        return true;
    }
    taking->status = ctl_action_unrevoke(taking->action, record);
    return false;
}

static bool take_block(void *context, const struct zta_block *block)
{
    struct taking *taking = context;
    if (block->action_id != taking->id) {
        return true;
    }
    taking->status = ctl_action_unblock(taking->action, block);
    return false;
}

static bool take_measure(void *context, const struct zta_measure *measure, bool is_lifted)
{
    struct taking *taking = context;
    uint64_t action_id = 0;
    if (!is_lifted || measure->until_s <= zta_clock_real_ns() / ZTA_NS_PER_S) {
        return true;
    }
    const enum zta_status status = zta_measure_lifted_by(taking->view, measure, &action_id);
    if (status == ZTA_OK && action_id != taking->id) {
        return true;
    }
    taking->status = status == ZTA_OK ? ctl_action_unlift(taking->action, measure) : status;
    return false;
}

static enum zta_status take(struct taking *taking, enum kind kind)
{
    const enum zta_status status =
        kind == REVOCATION ? zta_revocation_each(taking->view, take_revocation, taking)
        : kind == BLOCK    ? zta_block_each(taking->view, take_block, taking)
                           : zta_measure_each(taking->view, take_measure, taking);
    return status == ZTA_OK ? taking->status : status;
}

static enum ctl_exit undo_record(struct ctl *ctl, const struct undoing *undoing)
{
    struct ctl_action action;
    struct ctl_report report = {.done = "undone"};
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    (void)snprintf(report.target, sizeof report.target, "%s %s", undoing->action, undoing->target);
    if (undoing->kind == MEASURE) {
        report.effect = "It holds again for as long as it has left.";
    }
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    struct taking taking = {.action = &action, .id = undoing->id, .status = ZTA_NOT_FOUND};
    enum zta_status status = zta_view_begin(ctl->store, &taking.view);
    if (status == ZTA_OK) {
        status = take(&taking, undoing->kind);
        zta_view_end(&taking.view);
    }
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "action %" PRIu64 " (%s %s) has ended or was taken back before",
                        undoing->id, undoing->action, undoing->target);
    }
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

/* ---- devices ---- */

struct device_count {
    uint64_t n_added;
    uint64_t n;
};

static bool count_device(void *context, struct zta_text id, const struct zta_device *former)
{
    struct device_count *count = context;
    count->n++;
    count->n_added += former == NULL;
    return true;
}

/* What would happen: how many it changed, and whether one of them is another since. */
static enum ctl_exit plan_devices(struct ctl *ctl, const struct undoing *undoing,
                                  struct device_count *count)
{
    struct zta_view *view = NULL;
    struct zta_device_later later;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_device_history_each(view, undoing->id, count_device, count);
    }
    if (status == ZTA_NOT_FOUND) {
        zta_view_end(&view);
        return ctl_fail(CTL_FAILED,
                        "what action %" PRIu64 " (%s %s) changed is not kept any more; 'ztactl "
                        "audit list --json' says what was there before",
                        undoing->id, undoing->action, undoing->target);
    }
    if (status == ZTA_OK) {
        status = zta_device_history_later(view, undoing->id, &later);
    }
    zta_view_end(&view);
    if (status == ZTA_OK) {
        return ctl_fail(CTL_CONFLICT,
                        "device '%s' was changed since, by action %" PRIu64 ". Nothing was changed",
                        later.id, later.action_id);
    }
    return status == ZTA_NOT_FOUND ? CTL_DONE : ctl_fail_status(status, NULL, "reading devices");
}

static enum ctl_exit undo_devices(struct ctl *ctl, const struct undoing *undoing)
{
    struct ctl_action action;
    struct device_count count = {.n = 0};
    struct ctl_report report = {.done = "undone"};
    char effect[160];
    char question[64];
    char number[24];
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code == CTL_DONE) {
        code = plan_devices(ctl, undoing, &count);
    }
    if (code != CTL_DONE) {
        return code;
    }
    (void)snprintf(report.target, sizeof report.target, "%s %s", undoing->action, undoing->target);
    (void)snprintf(effect, sizeof effect,
                   "%" PRIu64 " devices as they were before it, %" PRIu64 " that it added removed",
                   count.n - count.n_added, count.n_added);
    report.effect = effect;
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    if (count.n > 1) {
        (void)snprintf(question, sizeof question, "This changes %" PRIu64 " devices back.",
                       count.n);
        (void)snprintf(number, sizeof number, "%" PRIu64, count.n);
        code = ctl_ask(ctl, question, number);
    }
    if (code != CTL_DONE) {
        return code;
    }
    const enum zta_status status = ctl_action_devices_undo(&action, undoing->id, undoing->target);
    if (status == ZTA_OK) {
        ctl_undo_action(ctl, action.id, &report);
    }
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}

/* ---- rules ---- */

struct made_on {
    const struct zta_layer *layer;
    uint64_t version;
};

static bool find_made_on(void *context, const struct zta_layer *layer)
{
    struct made_on *made_on = context;
    if (layer->changed_ns == made_on->layer->made_on_ns) {
        made_on->version = layer->version;
    }
    return made_on->version == 0;
}

/* The version that a layer was made on, or what that would have fallen back to. */
static enum zta_status find_before(struct ctl *ctl, const struct ctl_live *live, uint64_t *version)
{
    struct zta_view *view = NULL;
    struct zta_layer before;
    void *storage = NULL;
    struct made_on made_on = {.layer = &live->layer};
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK && live->layer.made_on_ns != ZTA_LAYER_ON_ALL) {
        status = zta_layer_each_head(view, find_made_on, &made_on);
    }
    else if (live->layer.version > 0) {
        made_on.version = live->layer.version - 1;
    }
    *version = made_on.version;
    while (status == ZTA_OK && *version > 0) {
        status = zta_layer_get(view, *version, &before, &storage);
        if (status != ZTA_OK) {
            break;
        }
        const bool was_on_trial = before.confirm_by_s != 0;
        const uint64_t fallback = before.fallback;
        free(storage);
        if (!was_on_trial) {
            break;
        }
        *version = fallback;
    }
    zta_view_end(&view);
    return status;
}

static enum ctl_exit undo_rules(struct ctl *ctl, const struct undoing *undoing)
{
    struct ctl_live *live = NULL;
    uint64_t version = 0;
    enum ctl_exit code = ctl_live_open(ctl, CTL_ACCESS_WRITE, &live);
    if (code == CTL_DONE && (live->layer.action_id != undoing->id || !live->layer.is_here)) {
        code = ctl_fail(CTL_CONFLICT,
                        "the rules were changed since action %" PRIu64 " (%s %s): version %" PRIu64
                        " by %.*s is in force; 'ztactl rules history' shows what can come back. "
                        "Nothing was changed",
                        undoing->id, undoing->action, undoing->target, live->layer.version,
                        (int)live->layer.author.len, live->layer.author.data);
    }
    if (code == CTL_DONE && find_before(ctl, live, &version) != ZTA_OK) {
        code = ctl_fail(CTL_FAILED, "the version before action %" PRIu64 " is not kept any more",
                        undoing->id);
    }
    if (code == CTL_DONE) {
        code = ctl_live_roll_back(ctl, live, version, "undo", "undone");
    }
    ctl_live_close(&live);
    return code;
}

enum ctl_exit ctl_run_undo(struct ctl *ctl)
{
    if (ctl->n_arguments > 0 && ctl_measure_is_id(ctl->arguments[0])) {
        return ctl_automation_undo(ctl, ctl->arguments[0]);
    }
    struct ctl_undo_range range;
    if (ctl->n_arguments > 0 && ctl_undo_range_parse(ctl->arguments[0], &range)) {
        return ctl_undo_range(ctl, &range);
    }
    struct undoing *undoing = calloc(1, sizeof *undoing);
    struct zta_view *view = NULL;
    enum ctl_exit code = undoing == NULL ? ctl_fail(CTL_FAILED, "out of memory") : CTL_DONE;
    if (code == CTL_DONE && ctl->n_arguments > 0 &&
        (zta_text_to_u64(zta_text_of(ctl->arguments[0]), INT64_MAX, &undoing->id) != ZTA_OK ||
         undoing->id == 0)) {
        code =
            ctl_fail(CTL_USAGE, "undo: '%s'; expected the number of an action", ctl->arguments[0]);
    }
    if (code == CTL_DONE) {
        enum zta_status status = zta_view_begin(ctl->store, &view);
        if (status == ZTA_OK) {
            status = zta_audit_each(view, 0, see_action, undoing);
            zta_view_end(&view);
        }
        code = status == ZTA_OK ? CTL_DONE : ctl_fail_status(status, NULL, "reading the trail");
    }
    if (code == CTL_DONE && !undoing->is_found) {
        code = ctl_fail(CTL_FAILED, "there is no such action");
    }
    if (code == CTL_DONE && undoing->kind == NOTHING) {
        code = ctl_fail(CTL_FAILED,
                        "action %" PRIu64 " (%s %s) cannot be undone; 'ztactl audit list --json' "
                        "says what was there before",
                        undoing->id, undoing->action, undoing->target);
    }
    if (code == CTL_DONE) {
        code = undoing->kind == RULES     ? undo_rules(ctl, undoing)
               : undoing->kind == DEVICES ? undo_devices(ctl, undoing)
                                          : undo_record(ctl, undoing);
    }
    free(undoing);
    return code;
}

/* ---- changes ---- */

struct listing {
    struct ctl_list *list;
    int64_t from_s;
    int64_t now_s;
    int64_t started_s; /* of the running server; 0: listed already, or none */
};

static void add_row(struct ctl_list *list, int64_t time_s, struct zta_text who, const char *what,
                    struct zta_text target, struct zta_text reason, uint64_t action)
{
    ctl_row_begin(list);
    ctl_row_time(list, "time", time_s);
    ctl_row_text(list, "who", who);
    ctl_row_string(list, "what", what);
    ctl_row_text(list, "target", target);
    ctl_row_int(list, "action", (int64_t)action);
    ctl_row_text(list, "reason", reason);
    ctl_row_end(list);
}

static void add_start(struct listing *listing)
{
    add_row(listing->list, listing->started_s, ZTA_TEXT("httpd"), "started or restarted",
            ZTA_TEXT("the configuration"), (struct zta_text){.data = NULL}, 0);
    listing->started_s = 0;
}

static bool add_change(void *context, const struct zta_audit_entry *entry)
{
    struct listing *listing = context;
    const int64_t time_s = entry->time_ns / ZTA_NS_PER_S;
    char what[64];
    if (time_s < listing->from_s) {
        return false;
    }
    /* The first entry made the store: within the same second, no server started before it. */
    if (listing->started_s > time_s || (entry->id == 1 && listing->started_s == time_s)) {
        add_start(listing);
    }
    (void)snprintf(what, sizeof what, "%.*s", (int)entry->action.len,
                   entry->action.len == 0 ? "" : entry->action.data);
    add_row(listing->list, time_s,
            zta_text_is_absent(entry->sudo_user) ? entry->login : entry->sudo_user, what,
            entry->target, entry->reason, entry->id);
    return true;
}

static enum zta_status collect(struct zta_view *view, struct listing *listing)
{
    struct zta_heartbeat heartbeat;
    uint64_t counters[1];
    enum zta_status status = zta_published_get_heartbeat(view, &heartbeat, counters, 0);
    if (status == ZTA_OK && heartbeat.started_s >= listing->from_s) {
        listing->started_s = heartbeat.started_s;
    }
    status = zta_audit_each(view, 0, add_change, listing);
    if (status == ZTA_OK && listing->started_s != 0) {
        add_start(listing);
    }
    return status;
}

static enum zta_status list_changes(void *context, struct zta_view *view, struct ctl_list *list)
{
    struct listing *listing = context;
    listing->list = list;
    return collect(view, listing);
}

enum ctl_exit ctl_run_changes(struct ctl *ctl)
{
    static const char *const titles[] = {"TIME", "WHO", "WHAT", "TARGET", ">ACTION", "REASON"};
    struct zta_error error;
    int64_t period_s = CHANGES_PERIOD_S;
    if (ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &period_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    struct listing listing = {.now_s = zta_clock_real_ns() / ZTA_NS_PER_S};
    listing.from_s = listing.now_s - period_s;
    const struct ctl_walk walk = {.titles = titles,
                                  .n_columns = sizeof titles / sizeof titles[0],
                                  .what = "reading the audit trail"};
    return ctl_walk_print(ctl, &walk, list_changes, &listing);
}
