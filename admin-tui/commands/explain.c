/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl explain. */
#include "admin-tui/explain.h"

#include <stdio.h>

#include "admin-tui/events.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"

enum {
    EXPLAIN_TEXT_MAX = 8192,
    FACTS_TEXT_MAX = 65536,
};

static enum zta_status find(const struct ctl *ctl, struct zta_view *view, struct zta_event *event,
                            struct zta_error *error)
{
    static struct ctl_filter filter; /* too large for a stack */
    if (!ctl_option_is_set(&ctl->options, CTL_OPTION_LAST)) {
        struct zta_ulid id;
        if (zta_ulid_parse(zta_text_of(ctl->arguments[0]), &id) != ZTA_OK) {
            return zta_error_set(error, ZTA_INVALID, "'%s' is no request id (26 characters)",
                                 ctl->arguments[0]);
        }
        enum zta_status status = zta_event_find(view, &id, event);
        return status != ZTA_NOT_FOUND
                   ? status
                   : zta_error_set(error, status,
                                   "no request %s is recorded: it is newer than the last commit "
                                   "(100 ms), one of many repeated denials, or pruned",
                                   ctl->arguments[0]);
    }
    char text[CTL_FILTER_TEXT_MAX];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    ctl_arguments_join(ctl, &buffer);
    if (buffer.is_overflowed) {
        return zta_error_set(error, ZTA_INVALID, "the filter is too long");
    }
    enum zta_status status =
        ctl_filter_parse((struct zta_text){.data = text, .len = buffer.len}, &filter, error);
    int64_t last_s = 0;
    if (status == ZTA_OK) {
        status = ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &last_s, error);
    }
    if (status != ZTA_OK) {
        return status;
    }
    status = ctl_event_newest(view, &filter, zta_clock_real_ns() / ZTA_NS_PER_S, event);
    if (status == ZTA_OK && last_s > 0 &&
        event->time_ns < zta_clock_real_ns() - last_s * ZTA_NS_PER_S) {
        status = ZTA_NOT_FOUND;
    }
    return status != ZTA_NOT_FOUND ? status
                                   : zta_error_set(error, status, "no recorded request matches");
}

static enum ctl_exit print(const struct ctl *ctl, const struct ctl_explained *explained)
{
    static char facts[FACTS_TEXT_MAX];
    char text[EXPLAIN_TEXT_MAX];
    struct zta_buffer buffer;
    if (!ctl_is_json(ctl)) {
        zta_buffer_init(&buffer, text, sizeof text);
        ctl_explain(explained, &buffer);
        (void)fputs(text, stdout);
        zta_buffer_init(&buffer, facts, sizeof facts);
        ctl_explain_facts(explained, &buffer);
        (void)fputs(facts, stdout);
        return CTL_DONE;
    }
    struct ctl_list list;
    const struct ctl_event row = {
        .event = *explained->event, .weight = 1, .time_ns = explained->event->time_ns};
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        ctl_event_members(json, &row);
        zta_json_text(json, "rule_file", explained->rule_file);
        zta_json_string(json, "explanation", ctl_explain_reason(explained->event->reason));
        ctl_explain_members(explained, json);
        zta_json_int(json, "repeats", (int64_t)explained->n_repeats);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

enum ctl_exit ctl_run_explain(struct ctl *ctl)
{
    bool is_last = ctl_option_is_set(&ctl->options, CTL_OPTION_LAST);
    if (!is_last && ctl->n_arguments != 1) {
        return ctl_fail(CTL_USAGE, "explain needs the id of one request, or --last [FILTER]");
    }
    struct zta_error error = {.status = ZTA_OK};
    struct zta_event event;
    static struct ctl_explained_store kept; /* large */
    struct ctl_explained explained;
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    status = find(ctl, view, &event, &error);
    if (status == ZTA_OK) {
        status = ctl_explained_find(view, &event, &kept, &explained);
    }
    zta_view_end(&view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    return print(ctl, &explained);
}
