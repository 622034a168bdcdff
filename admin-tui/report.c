/* SPDX-License-Identifier: Apache-2.0 */
/* Plan, outcome and undo line of a change. */
#include "admin-tui/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/target.h"

enum {
    REASON_MAX = 1024
};

bool ctl_is_json(const struct ctl *ctl)
{
    return ctl_option_is_set(&ctl->options, CTL_OPTION_JSON);
}

bool ctl_is_dry(const struct ctl *ctl)
{
    return ctl_option_is_set(&ctl->options, CTL_OPTION_DRY_RUN);
}

enum ctl_exit ctl_action_prepare(const struct ctl *ctl, bool needs_reason,
                                 struct ctl_action *action)
{
    struct zta_text reason = ctl_option_text(&ctl->options, CTL_OPTION_REASON);
    if (needs_reason && reason.len == 0) {
        return ctl_fail(CTL_USAGE, "%s needs --reason \"why\"", ctl->command->words);
    }
    if (reason.len > REASON_MAX || (reason.len > 0 && !zta_text_is_utf8(reason))) {
        return ctl_fail(CTL_USAGE, "--reason: expected UTF-8 of at most %d bytes", REASON_MAX);
    }
    *action = (struct ctl_action){
        .store = ctl->store,
        .actor = &ctl->actor,
        .reason = reason,
    };
    return CTL_DONE;
}

void ctl_undo_begin(const struct ctl *ctl, struct zta_buffer *out)
{
    zta_buffer_string(out, "ztactl ");
    if (strcmp(ctl->dir, CTL_STORE_DEFAULT) != 0) {
        zta_buffer_string(out, "--store ");
        ctl_quote(out, zta_text_of(ctl->dir));
        zta_buffer_string(out, " ");
    }
}

void ctl_report_plan(const struct ctl *ctl, const struct ctl_report *report)
{
    if (ctl_is_json(ctl)) {
        return;
    }
    ctl_say("%s", report->target);
    if (report->effect != NULL) {
        ctl_say("%s", report->effect);
    }
    if (report->hits != NULL) {
        char text[CTL_HITS_TEXT_MAX];
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, text, sizeof text);
        ctl_hits_print(report->hits, &buffer);
        ctl_say("%s", text);
    }
    (void)fflush(stdout);
}

void ctl_undo_action(const struct ctl *ctl, uint64_t action_id, struct ctl_report *report)
{
    struct zta_buffer undo;
    zta_buffer_init(&undo, report->undo, sizeof report->undo);
    ctl_undo_begin(ctl, &undo);
    zta_buffer_printf(&undo, "undo %" PRIu64, action_id);
}

void ctl_undo_device(const struct ctl *ctl, const struct zta_device *device,
                     struct ctl_report *report)
{
    struct zta_buffer undo;
    zta_buffer_init(&undo, report->undo, sizeof report->undo);
    ctl_undo_begin(ctl, &undo);
    zta_buffer_string(&undo, "devices set");
    ctl_device_print_command(device, &undo);
    report->undo[0] = undo.is_overflowed ? '\0' : report->undo[0];
}

static void put_flips(struct zta_json *json, const char *name, const struct zta_whatif_flips *flips)
{
    zta_json_begin_object(json, name);
    zta_json_int(json, "requests", (int64_t)flips->n);
    zta_json_int(json, "sessions", (int64_t)flips->sessions.n);
    zta_json_int(json, "subjects", (int64_t)flips->subjects.n);
    zta_json_end_object(json);
}

static void put_hits(struct zta_json *json, const struct ctl_hits *hits)
{
    if (hits->has_sessions) {
        zta_json_int(json, "hits", (int64_t)hits->n);
        zta_json_int(json, "hits_expired", (int64_t)hits->n_expired);
        zta_json_time(json, "last_seen", hits->last_s);
    }
    zta_json_int(json, "requests_last_hour", (int64_t)hits->n_requests);
    zta_json_int(json, "allowed_last_hour", (int64_t)hits->n_allowed);
    zta_json_int(json, "not_told_apart", (int64_t)hits->n_apart);
    zta_json_time(json, "counted_since", hits->since_s);
}

static enum ctl_exit print_json(const struct ctl_report *report, const struct ctl_action *action)
{
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        zta_json_bool(json, "dry_run", action == NULL);
        zta_json_string(json, "done", report->done);
        zta_json_string(json, "target", report->target);
        zta_json_string(json, "effect", report->effect);
        if (report->hits != NULL) {
            put_hits(json, report->hits);
        }
        if (report->whatif != NULL) {
            put_flips(json, "would_refuse", &report->whatif->flips[ZTA_FLIP_TO_DENY]);
            put_flips(json, "would_allow", &report->whatif->flips[ZTA_FLIP_TO_ALLOW]);
            zta_json_int(json, "not_decidable", (int64_t)zta_whatif_undecidable(report->whatif));
            zta_json_bool(json, "lacks_limits", report->lacks_limits);
        }
        if (action != NULL) {
            zta_json_int(json, "action", (int64_t)action->id);
        }
        zta_json_string(json, "undo", report->undo[0] == '\0' ? NULL : report->undo);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

enum ctl_exit ctl_report_done(const struct ctl *ctl, const struct ctl_report *report,
                              const struct ctl_action *action)
{
    if (ctl_is_json(ctl)) {
        return print_json(report, action);
    }
    if (action == NULL) {
        ctl_say("dry run: nothing was changed");
        return CTL_DONE;
    }
    ctl_say("%s, action %" PRIu64, report->done, action->id);
    if (report->undo[0] != '\0') {
        ctl_say("undo: %s", report->undo);
    }
    return CTL_DONE;
}
