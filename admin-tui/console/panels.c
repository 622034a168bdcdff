/* SPDX-License-Identifier: Apache-2.0 */
/* Places, health, refusals: a line each. */
#include "admin-tui/console/panels.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "shared/base/clock.h"
#include "shared/decision.h"

enum {
    LABEL = 10,
    REASON_WIDTH = 19,
    HEALTH_HEIGHT = 7, /* with its title; alerts take more */
};

/* Text from outside and a blank; returns the column behind. */
static int put_foreign(const struct tui_area *line, int x, enum tui_role role, struct zta_text text)
{
    char safe[1024];
    struct zta_buffer out;
    zta_buffer_init(&out, safe, sizeof safe);
    tui_format_foreign(&out, text);
    return tui_put(line, x, 0, role, (struct zta_text){.data = safe, .len = out.len}) + 1;
}

/* ---- places ---- */

static int put_stance(const struct tui_area *line, const struct tui_location *location)
{
    const struct zta_stance *stance = &location->stance;
    char text[48] = "off";
    bool is_watching = stance->monitor > stance->stage;
    if (stance->stage > 0) {
        (void)snprintf(text, sizeof text, "stage %u", (unsigned)stance->stage);
    }
    else if (is_watching) {
        text[0] = '\0';
    }
    char watched[32] = "";
    if (is_watching) {
        (void)snprintf(watched, sizeof watched, "%smonitor %u", text[0] == '\0' ? "" : ", ",
                       (unsigned)stance->monitor);
    }
    int x = line->width - (int)(strlen(text) + strlen(watched));
    x = x < 0 ? 0 : x;
    int behind =
        tui_print(line, x, 0, stance->stage > 0 ? TUI_ROLE_GOOD : TUI_ROLE_DIM, "%s", text);
    (void)tui_print(line, behind, 0, TUI_ROLE_INFO, "%s", watched);
    return x;
}

static void draw_places(const struct tui_model *model, const struct tui_area *area)
{
    const struct tui_health *health = &model->health;
    struct tui_area titled = tui_titled(area, "Where what is enforced");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    size_t all = health->n_locations;
    size_t kept = all < TUI_LOCATIONS_MAX ? all : TUI_LOCATIONS_MAX;
    size_t room = (size_t)inside.height;
    size_t shown = all > room && room > 0 ? room - 1 : kept;
    for (size_t i = 0; i < shown && i < kept; i++) {
        const struct tui_location *location = &health->locations[i];
        struct tui_area line = tui_area_part(&inside, 0, (int)i, -1, 1);
        struct tui_area label = tui_area_part(&line, 0, 0, put_stance(&line, location) - 1, 1);
        int x = put_foreign(&label, 0, location->is_lower ? TUI_ROLE_WARN : TUI_ROLE_TEXT,
                            zta_text_of(location->path));
        (void)put_foreign(&label, x, TUI_ROLE_DIM, zta_text_of(location->server));
    }
    if (shown < health->n_locations) {
        (void)tui_print(&inside, 0, (int)shown, TUI_ROLE_DIM, "and %zu more",
                        health->n_locations - shown);
    }
    if (health->n_locations == 0) {
        (void)tui_print(&inside, 0, 0, TUI_ROLE_DIM, "nothing is published");
    }
}

/* ---- health ---- */

/* A label, then what is appended to *line. */
static int put_label(const struct tui_area *area, int *y, const char *label)
{
    (void)tui_print(area, 0, *y, TUI_ROLE_DIM, "%s", label);
    (*y)++;
    return LABEL;
}

static void put_usage(const struct tui_area *area, int *y, const char *label,
                      const struct zta_store_usage *usage)
{
    char used[TUI_SHORT_MAX];
    char size[TUI_SHORT_MAX];
    char share[TUI_SHORT_MAX];
    double full = usage->map_size == 0 ? 0 : (double)usage->used / (double)usage->map_size;
    tui_format_size(usage->used, used);
    tui_format_size(usage->map_size, size);
    tui_format_share((double)usage->used, (double)usage->map_size, share);
    int x = put_label(area, y, label);
    x = tui_print(area, x, *y - 1, full > 0.8 ? TUI_ROLE_BAD : TUI_ROLE_TEXT, "%s", used);
    (void)tui_print(area, x, *y - 1, TUI_ROLE_DIM, " of %s, %s", size, share);
}

static void put_ring(const struct tui_area *area, int *y, const struct tui_health *health)
{
    uint64_t waiting = health->heartbeat.ring_head - health->heartbeat.ring_tail;
    uint64_t dropped = health->counters[ZTA_COUNTER_EVENTS_DROPPED_FULL] +
                       health->counters[ZTA_COUNTER_EVENTS_DROPPED_DEAD] +
                       health->counters[ZTA_COUNTER_EVENTS_DROPPED_SLOW] +
                       health->counters[ZTA_COUNTER_EVENTS_DROPPED_STORE];
    char text[TUI_SHORT_MAX];
    int x = put_label(area, y, "ring");
    x = tui_print(area, x, *y - 1,
                  waiting * 2 > health->heartbeat.ring_capacity ? TUI_ROLE_BAD : TUI_ROLE_TEXT,
                  "%" PRIu64, waiting);
    x = tui_print(area, x, *y - 1, TUI_ROLE_DIM, " of %" PRIu64 " waiting, ",
                  health->heartbeat.ring_capacity);
    tui_format_count(dropped, text);
    (void)tui_print(area, x, *y - 1, dropped > 0 ? TUI_ROLE_BAD : TUI_ROLE_DIM, "%s dropped", text);
}

static void put_server(const struct tui_area *area, int *y, const struct tui_model *model)
{
    const struct zta_heartbeat *heartbeat = &model->health.heartbeat;
    int64_t now_s = model->now_ns / ZTA_NS_PER_S;
    char ago[TUI_SHORT_MAX];
    tui_format_ago(heartbeat->time_s, now_s, ago);
    int x = put_label(area, y, "server");
    x = tui_print(area, x, *y - 1, model->health.is_running ? TUI_ROLE_GOOD : TUI_ROLE_BAD, "%s",
                  model->health.is_running ? "running" : "not running");
    (void)tui_print(area, x, *y - 1, TUI_ROLE_DIM, ", %u children, config %u, heartbeat %s",
                    heartbeat->n_children, heartbeat->config_generation, ago);
}

static void put_cache(const struct tui_area *area, int *y, const struct tui_health *health)
{
    double hits = (double)health->counters[ZTA_COUNTER_TOKEN_CACHE_HITS];
    double misses = (double)health->counters[ZTA_COUNTER_TOKEN_CACHE_MISSES];
    uint64_t errors = health->counters[ZTA_COUNTER_STORE_ERRORS];
    char share[TUI_SHORT_MAX];
    tui_format_share(hits, hits + misses, share);
    int x = put_label(area, y, "tokens");
    x = tui_print(area, x, *y - 1, TUI_ROLE_TEXT, "%s", share);
    x = tui_print(area, x, *y - 1, TUI_ROLE_DIM, " from the cache");
    if (errors > 0) {
        (void)tui_print(area, x, *y - 1, TUI_ROLE_BAD, ", %" PRIu64 " store errors", errors);
    }
}

static void put_stored(const struct tui_area *area, int *y, const struct tui_health *health)
{
    char sessions[TUI_SHORT_MAX];
    char events[TUI_SHORT_MAX];
    char blocks[TUI_SHORT_MAX];
    tui_format_count(health->n_sessions, sessions);
    tui_format_count(health->n_events, events);
    tui_format_count(health->n_blocks, blocks);
    int x = put_label(area, y, "stored");
    x = tui_print(area, x, *y - 1, TUI_ROLE_TEXT, "%s", sessions);
    x = tui_print(area, x, *y - 1, TUI_ROLE_DIM, " sessions, ");
    x = tui_print(area, x, *y - 1, TUI_ROLE_TEXT, "%s", events);
    x = tui_print(area, x, *y - 1, TUI_ROLE_DIM, " events, ");
    (void)tui_print(area, x, *y - 1, TUI_ROLE_DIM, "%s block%s", blocks,
                    health->n_blocks == 1 ? "" : "s");
}

static void put_alerts(const struct tui_area *area, int *y, const struct tui_model *model)
{
    const struct tui_health *health = &model->health;
    size_t kept = health->n_alerts < TUI_ALERTS_MAX ? health->n_alerts : TUI_ALERTS_MAX;
    for (size_t i = 0; i < kept; i++) {
        char text[4 * sizeof health->alerts[i].text];
        char ago[TUI_SHORT_MAX];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        tui_format_ago(health->alerts[i].since_s, model->now_ns / ZTA_NS_PER_S, ago);
        zta_buffer_printf(&out, "%s: ", ago);
        zta_buffer_safe(&out, zta_text_of(health->alerts[i].name));
        zta_buffer_string(&out, ": ");
        zta_buffer_safe(&out, zta_text_of(health->alerts[i].text));
        int x = put_label(area, y, "alert");
        (void)tui_put(area, x, *y - 1, TUI_ROLE_BAD,
                      (struct zta_text){.data = text, .len = out.len});
    }
}

static void draw_health(const struct tui_model *model, const struct tui_area *area)
{
    const struct tui_health *health = &model->health;
    struct tui_area titled = tui_titled(area, "Health");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    int y = 0;
    put_server(&inside, &y, model);
    put_alerts(&inside, &y, model);
    put_ring(&inside, &y, health);
    put_cache(&inside, &y, health);
    put_stored(&inside, &y, health);
    put_usage(&inside, &y, "policy/", &health->policy);
    put_usage(&inside, &y, "state/", &health->state);
}

void tui_panel_state(const struct tui_model *model, const struct tui_area *area)
{
    size_t alerts = model->health.n_alerts;
    int health = HEALTH_HEIGHT + (int)(alerts < TUI_ALERTS_MAX ? alerts : TUI_ALERTS_MAX);
    size_t n = model->health.n_locations;
    int needed = n < 1 ? 2 : n > TUI_LOCATIONS_MAX ? TUI_LOCATIONS_MAX : (int)n + 1;
    int least = area->height / 3;
    int places = area->height - health < least ? least : area->height - health;
    places = places > needed + 1 ? needed + 1 : places;
    struct tui_area above = tui_area_part(area, 0, 0, -1, places);
    struct tui_area below = tui_area_part(area, 0, places, -1, -1);
    draw_places(model, &above);
    draw_health(model, &below);
}

/* ---- latest refusals ---- */

static void put_refusal(const struct tui_area *line, const struct ctl_event *row)
{
    const struct zta_event *event = &row->event;
    struct zta_text detail = zta_event_text(event, ZTA_EVENT_DETAIL);
    struct zta_text missing = zta_event_text(event, ZTA_EVENT_MISSING);
    char clock[TUI_SHORT_MAX];
    tui_format_clock(row->time_ns / ZTA_NS_PER_S, clock);
    struct tui_area reason = tui_area_part(line, 9, 0, REASON_WIDTH, 1);
    struct tui_area rest = tui_area_part(line, 10 + REASON_WIDTH, 0, -1, 1);
    (void)tui_put(line, 0, 0, TUI_ROLE_DIM, zta_text_of(clock));
    (void)tui_put(&reason, 0, 0, tui_role_of_outcome(event->outcome),
                  zta_text_of(zta_reason_name((enum zta_reason)event->reason)));
    int x = put_foreign(&rest, 0, TUI_ROLE_DIM, zta_event_text(event, ZTA_EVENT_METHOD));
    x = put_foreign(&rest, x, TUI_ROLE_STRONG, zta_event_text(event, ZTA_EVENT_PATH));
    x = put_foreign(&rest, x, TUI_ROLE_TEXT, zta_event_text(event, ZTA_EVENT_SUBJECT));
    if (missing.len > 0) {
        bool is_limited = event->reason == ZTA_REASON_RATE_LIMITED;
        x = tui_print(&rest, x, 0, TUI_ROLE_DIM, is_limited ? "counted by " : "lacks ");
        x = put_foreign(&rest, x, TUI_ROLE_WARN, missing);
    }
    if (detail.len > 0) {
        (void)put_foreign(&rest, x, TUI_ROLE_DIM, detail);
    }
}

void tui_panel_latest(const struct tui_model *model, const struct tui_area *area)
{
    const struct tui_tail *tail = &model->tail;
    bool is_filtered = model->filter.n_terms > 0;
    struct tui_area titled = tui_titled(
        area, is_filtered ? "Latest refusals that match the filter of Traffic" : "Latest refusals");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    int y = 0;
    for (size_t i = tail->n; i-- > 0 && y < inside.height;) {
        const struct ctl_event *row = tui_tail_at(tail, i);
        if (row->event.outcome != ZTA_OUTCOME_ALLOW) {
            struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
            put_refusal(&line, row);
        }
    }
}
