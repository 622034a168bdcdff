/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl status. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/rule_texts.h"
#include "shared/base/clock.h"
#include "shared/live/segment.h"
#include "shared/store/blocks.h"
#include "shared/store/events.h"
#include "shared/store/layers.h"
#include "shared/store/published.h"
#include "shared/store/sessions.h"

struct picture {
    struct zta_heartbeat heartbeat;
    uint64_t counters[ZTA_N_COUNTERS];
    bool has_heartbeat;
    bool is_running;
    uint64_t n_sessions;
    uint64_t n_events;
    uint64_t event_bytes;
    uint64_t n_blocks;
    struct zta_store_usage policy;
    struct zta_store_usage state;
    size_t n_alerts;
};

static const struct {
    enum zta_counter counter;
    const char *name;
} counter_names[] = {
#define ZTA_COUNTER(upper, lower, help) {.counter = ZTA_COUNTER_##upper, .name = #lower},
#include "shared/live/counters.def"
#undef ZTA_COUNTER
};

static enum zta_status look(struct zta_view *view, struct picture *picture)
{
    enum zta_status status =
        zta_published_get_heartbeat(view, &picture->heartbeat, picture->counters, ZTA_N_COUNTERS);
    picture->has_heartbeat = status == ZTA_OK;
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    int64_t age_s = zta_clock_real_ns() / ZTA_NS_PER_S - picture->heartbeat.time_s;
    picture->is_running = picture->has_heartbeat && age_s <= ZTA_HEARTBEAT_STALE_S;
    status = zta_session_count(view, &picture->n_sessions);
    if (status == ZTA_OK) {
        status = zta_events_size(view, &picture->event_bytes, &picture->n_events);
    }
    return status == ZTA_OK ? zta_block_count(view, &picture->n_blocks) : status;
}

static void put_usage(struct zta_json *json, const char *name, const struct zta_store_usage *usage)
{
    zta_json_begin_object(json, name);
    zta_json_int(json, "map_size", (int64_t)usage->map_size);
    zta_json_int(json, "used", (int64_t)usage->used);
    zta_json_int(json, "file_size", (int64_t)usage->file_size);
    zta_json_int(json, "readers", (int64_t)usage->n_readers);
    zta_json_int(json, "max_readers", (int64_t)usage->max_readers);
    zta_json_end_object(json);
}

static void say_usage(struct ctl_list *list, const char *name, const struct zta_store_usage *usage)
{
    double share = usage->map_size == 0 ? 0 : 100.0 * (double)usage->used / (double)usage->map_size;
    ctl_row_cell(list, name, "%.1f MiB used of %.1f MiB (%.1f %%), %u of %u readers",
                 (double)usage->used / 1048576, (double)usage->map_size / 1048576, share,
                 usage->n_readers, usage->max_readers);
}

static void add_server(struct ctl_list *list, const struct picture *picture)
{
    const struct zta_heartbeat *heartbeat = &picture->heartbeat;
    ctl_row_bool(list, "running", picture->is_running);
    if (!picture->has_heartbeat) {
        return;
    }
    ctl_row_time(list, "heartbeat", heartbeat->time_s);
    ctl_row_time(list, "started", heartbeat->started_s);
    ctl_row_string(list, "version", heartbeat->version);
    ctl_row_int(list, "helper_pid", heartbeat->pid);
    ctl_row_int(list, "children", (int64_t)heartbeat->n_children);
    ctl_row_int(list, "configuration", (int64_t)heartbeat->config_generation);
    ctl_row_string(list, "threat_level", zta_threat_level_name(heartbeat->threat));
    uint64_t waiting = heartbeat->ring_head - heartbeat->ring_tail;
    ctl_row_cell(list, "ring", "%" PRIu64 " of %" PRIu64 " events waiting", waiting,
                 heartbeat->ring_capacity);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_begin_object(json, "ring");
        zta_json_int(json, "waiting", (int64_t)waiting);
        zta_json_int(json, "capacity", (int64_t)heartbeat->ring_capacity);
        zta_json_end_object(json);
    }
}

static void add_counters(struct ctl_list *list, const struct picture *picture)
{
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_begin_object(json, "counters");
    }
    for (size_t i = 0; i < sizeof counter_names / sizeof counter_names[0]; i++) {
        uint64_t value = picture->counters[counter_names[i].counter];
        if (json != NULL) {
            zta_json_int(json, counter_names[i].name, (int64_t)value);
        }
        else if (value > 0) {
            ctl_row_cell(list, counter_names[i].name, "%" PRIu64, value);
        }
    }
    if (json != NULL) {
        zta_json_end_object(json);
    }
}

static bool add_location(void *context, const struct zta_published_location *location)
{
    struct ctl_list *list = context;
    const struct zta_stance *stance = &location->stance;
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "server", location->server);
        zta_json_text(json, "path", location->path);
        zta_json_int(json, "stage", stance->stage);
        zta_json_int(json, "monitor", stance->monitor);
        zta_json_bool(json, "is_lower", location->is_lower);
        zta_json_bool(json, "is_pattern", location->is_pattern);
        zta_json_begin_object(json, "features");
        for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
            zta_json_string(json, zta_feature_name((enum zta_feature)i),
                            zta_mode_name((enum zta_mode)stance->modes[i]));
        }
        zta_json_end_object(json);
        zta_json_end_object(json);
        return true;
    }
    ctl_row_cell(list, "location", "%.*s%s%.*s: stage %u%s%u%s%s", (int)location->server.len,
                 location->server.data, location->is_pattern ? " pattern " : "",
                 (int)location->path.len, location->path.data, (unsigned)stance->stage,
                 ", monitor ", (unsigned)stance->monitor,
                 stance->allows_by_default != 0 ? ", default allow" : "",
                 location->is_lower ? ", lower than its parent" : "");
    return true;
}

struct alerting {
    struct ctl_list *list;
    size_t n;
};

static bool add_alert(void *context, const struct zta_published_alert *alert)
{
    struct alerting *alerting = context;
    struct zta_json *json = ctl_row_json(alerting->list);
    alerting->n++;
    if (json != NULL) {
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "name", alert->name);
        zta_json_text(json, "text", alert->text);
        zta_json_time(json, "since", alert->since_s);
        zta_json_end_object(json);
        return true;
    }
    char since[ZTA_TIME_TEXT_MAX];
    zta_time_print(alert->since_s, since);
    ctl_row_cell(alerting->list, "alert", "%.*s: %.*s (since %s)", (int)alert->name.len,
                 alert->name.data, (int)alert->text.len, alert->text.data, since);
    return true;
}

static enum zta_status add_published(struct ctl_list *list, struct zta_view *view,
                                     struct picture *picture)
{
    struct zta_json *json = ctl_row_json(list);
    struct alerting alerting = {.list = list, .n = 0};
    if (json != NULL) {
        zta_json_begin_array(json, "locations");
    }
    enum zta_status status = zta_published_each_location(view, add_location, list);
    if (json != NULL) {
        zta_json_end_array(json);
        zta_json_begin_array(json, "alerts");
    }
    if (status == ZTA_OK) {
        status = zta_published_each_alert(view, add_alert, &alerting);
    }
    if (json != NULL) {
        zta_json_end_array(json);
    }
    picture->n_alerts = alerting.n;
    return status;
}

static void add_step_back(struct ctl_list *list, const struct zta_layer_entry *entry)
{
    const struct zta_text where = entry->name.len == 0 ? ZTA_TEXT("everywhere") : entry->name;
    struct zta_json *json = ctl_row_json(list);
    char until[ZTA_TIME_TEXT_MAX];
    zta_time_print(entry->until_s, until);
    if (json != NULL) {
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "location", where);
        zta_json_time(json, "until", entry->until_s);
        zta_json_text(json, "by", entry->author);
        zta_json_text(json, "reason", entry->reason);
        zta_json_end_object(json);
        return;
    }
    ctl_row_cell(list, "stepped_back", "%.*s: monitored until %s by %.*s: %.*s", (int)where.len,
                 where.data, until, (int)entry->author.len,
                 entry->author.len == 0 ? "" : entry->author.data, (int)entry->reason.len,
                 entry->reason.len == 0 ? "" : entry->reason.data);
}

static void say_layer(struct ctl_list *list, const struct zta_layer *layer, size_t n_living)
{
    struct zta_json *json = ctl_row_json(list);
    char until[ZTA_TIME_TEXT_MAX] = "";
    if (json != NULL) {
        zta_json_begin_object(json, "live_rules");
        zta_json_int(json, "version", (int64_t)layer->version);
        zta_json_int(json, "entries", (int64_t)n_living);
        zta_json_time(json, "confirm_by", layer->confirm_by_s);
        zta_json_end_object(json);
        return;
    }
    if (layer->confirm_by_s != 0) {
        zta_time_print(layer->confirm_by_s, until);
    }
    ctl_row_cell(list, "live_rules", "version %" PRIu64 ", %zu in force%s%s", layer->version,
                 n_living, until[0] == '\0' ? "" : ", to be confirmed by ", until);
}

static void add_replaced(struct ctl_list *list, const struct zta_layer_entry *entry,
                         const struct zta_ast_rule *rule, struct zta_text file)
{
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        zta_json_begin_object(json, NULL);
        zta_json_text(json, "rule", rule->name);
        zta_json_text(json, "file", file);
        zta_json_int(json, "line", rule->place.line);
        zta_json_time(json, "until", entry->until_s);
        zta_json_int(json, "action", (int64_t)entry->action_id);
        zta_json_end_object(json);
        return;
    }
    ctl_row_cell(list, "replaced_rule",
                 "%.*s at %.*s:%u is not in force: a live rule of that name, action %" PRIu64
                 ", stands in its place; 'ztactl rules remove %.*s' ends that",
                 (int)rule->name.len, rule->name.data, (int)file.len, file.data, rule->place.line,
                 entry->action_id, (int)rule->name.len, rule->name.data);
}

/* Rules of files that a live rule of their name keeps out of force. */
static enum zta_status add_all_replaced(struct ctl_list *list, struct zta_view *view,
                                        const struct zta_layer *layer, int64_t now_s)
{
    struct ctl_rule_texts *texts = ctl_rule_texts_open();
    struct zta_rules_ast *ast = NULL;
    struct zta_rules_error error = {.line = 0};
    enum zta_status status = ZTA_NO_MEMORY;
    if (texts != NULL) {
        status = zta_published_each_rules(view, ctl_rule_texts_add, texts);
        status = status == ZTA_OK ? texts->status : status;
    }
    /* What does not parse is not in force, which the server itself told. */
    if (status == ZTA_OK && layer->n > 0 &&
        zta_rules_parse(texts->sources, texts->n, &ast, &error) == ZTA_OK) {
        for (size_t i = 0; i < ast->n_rules; i++) {
            const struct zta_ast_rule *rule = &ast->rules[i];
            const struct zta_layer_entry *entry = zta_layer_find(layer, ZTA_LAYER_RULE, rule->name);
            if (entry != NULL && zta_layer_entry_lives(entry, now_s)) {
                add_replaced(list, entry, rule, ast->source_names[rule->place.source]);
            }
        }
    }
    zta_rules_ast_close(&ast);
    ctl_rule_texts_close(&texts);
    return status;
}

static enum zta_status add_live(struct ctl_list *list, struct zta_view *view)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    struct zta_json *json = ctl_row_json(list);
    struct zta_layer layer;
    void *storage = NULL;
    size_t n_living = 0;
    enum zta_status status = zta_layer_in_force(view, now_s, &layer, &storage);
    if (status != ZTA_OK) {
        return status;
    }
    for (size_t i = 0; i < layer.n; i++) {
        n_living += zta_layer_entry_lives(&layer.entries[i], now_s) ? 1 : 0;
    }
    say_layer(list, &layer, n_living);
    if (json != NULL) {
        zta_json_begin_array(json, "stepped_back");
    }
    for (size_t i = 0; i < layer.n; i++) {
        const struct zta_layer_entry *entry = &layer.entries[i];
        if (entry->kind == ZTA_LAYER_STEP_BACK && zta_layer_entry_lives(entry, now_s)) {
            add_step_back(list, entry);
        }
    }
    if (json != NULL) {
        zta_json_end_array(json);
        zta_json_begin_array(json, "replaced_rules");
    }
    status = add_all_replaced(list, view, &layer, now_s);
    if (json != NULL) {
        zta_json_end_array(json);
    }
    free(storage);
    return status;
}

static void add_store(struct ctl_list *list, const struct ctl *ctl, const struct picture *picture)
{
    ctl_row_string(list, "store", ctl->dir);
    ctl_row_bool(list, "separated", zta_store_is_separated(ctl->store));
    say_usage(list, "policy", &picture->policy);
    say_usage(list, "state", &picture->state);
    struct zta_json *json = ctl_row_json(list);
    if (json != NULL) {
        put_usage(json, "policy", &picture->policy);
        put_usage(json, "state", &picture->state);
        zta_json_int(json, "event_bytes", (int64_t)picture->event_bytes);
    }
    ctl_row_int(list, "sessions", (int64_t)picture->n_sessions);
    ctl_row_int(list, "events", (int64_t)picture->n_events);
    ctl_row_int(list, "blocks", (int64_t)picture->n_blocks);
}

static enum zta_status gather(struct ctl *ctl, struct ctl_list *list, struct picture *picture)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_store_usage(ctl->store, true, &picture->policy);
    if (status == ZTA_OK) {
        status = zta_store_usage(ctl->store, false, &picture->state);
    }
    if (status == ZTA_OK) {
        status = zta_view_begin(ctl->store, &view);
    }
    if (status != ZTA_OK) {
        return status;
    }
    status = look(view, picture);
    if (status == ZTA_OK) {
        ctl_row_begin(list);
        add_server(list, picture);
        add_store(list, ctl, picture);
        status = add_live(list, view);
    }
    if (status == ZTA_OK) {
        status = add_published(list, view, picture);
        add_counters(list, picture);
        ctl_row_end(list);
    }
    zta_view_end(&view);
    return status;
}

enum ctl_exit ctl_run_status(struct ctl *ctl)
{
    struct ctl_list list;
    struct picture picture = {.has_heartbeat = false};
    ctl_list_open(&list, ctl_is_json(ctl), CTL_RECORD, NULL, 0);
    enum zta_status status = gather(ctl, &list, &picture);
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, NULL, "reading the store");
    }
    enum ctl_exit code = ctl_list_print(&list);
    if (code != CTL_DONE || !ctl_option_is_set(&ctl->options, CTL_OPTION_CHECK)) {
        return code;
    }
    struct zta_error error = {.status = ZTA_OK};
    status = zta_store_check(ctl->dir, false, &error);
    if (status != ZTA_OK) {
        return ctl_fail(CTL_FAILED, "%s", error.text);
    }
    if (!picture.is_running) {
        return ctl_fail(CTL_FAILED, "no server is running on this store");
    }
    return picture.n_alerts == 0 ? CTL_DONE : CTL_FAILED;
}
