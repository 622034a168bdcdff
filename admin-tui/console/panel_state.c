/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is enforced, and the health of server and store. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/panels.h"
#include "shared/base/clock.h"

enum {
    LABEL = 9,
    GAUGE = 12,
    GAUGE_FROM = 50, /* width from which on there are gauges */
    HEALTH_LINES = 8,
    HEALTH_LEAST = 7,
    END = 8, /* columns of when something ends */
    WHAT = 22,
    LEAST = 4,
};

#define FULL 0.8 /* of a store or ring, from which on it is told as bad */

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

static int wanted_places(const struct tui_model *model, bool shows_all)
{
    size_t n = model->health.n_locations;
    return 1 + (n < 1 ? 1 : n > TUI_LOCATIONS_MAX ? TUI_LOCATIONS_MAX + 1 : (int)n);
}

static void draw_places(const struct tui_model *model, const struct tui_area *area, bool shows_all)
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
        int x = tui_put_foreign(&label, 0, 0, location->is_lower ? TUI_ROLE_WARN : TUI_ROLE_TEXT,
                                zta_text_of(location->path));
        (void)tui_put_foreign(&label, x + 1, 0, TUI_ROLE_DIM, zta_text_of(location->server));
    }
    if (shown < all) {
        (void)tui_print(&inside, 0, (int)shown, TUI_ROLE_DIM, "and %zu more", all - shown);
    }
    if (all == 0) {
        (void)tui_print(&inside, 0, 0, TUI_ROLE_DIM, "no server has told its configuration yet");
    }
}

/* ---- threat ---- */

void tui_put_threat(const struct tui_area *line, const struct tui_health *health, int64_t now_ns)
{
    static const enum tui_role roles[ZTA_N_THREAT_LEVELS] = {
        [ZTA_THREAT_NORMAL] = TUI_ROLE_GOOD,
        [ZTA_THREAT_ELEVATED] = TUI_ROLE_WARN,
        [ZTA_THREAT_HIGH] = TUI_ROLE_BAD,
        [ZTA_THREAT_CRITICAL] = TUI_ROLE_ALARM,
    };
    const struct zta_heartbeat *heartbeat = &health->heartbeat;
    const bool is_known = health->has_heartbeat && heartbeat->threat < ZTA_N_THREAT_LEVELS;
    int x = tui_print(line, 0, 0, TUI_ROLE_DIM, "%-*s", LABEL, "threat");
    x = tui_print(line, x, 0, is_known ? roles[heartbeat->threat] : TUI_ROLE_DIM, "%s",
                  is_known ? zta_threat_level_name(heartbeat->threat) : "unknown");
    if (is_known && heartbeat->threat != ZTA_THREAT_NORMAL) {
        char ago[TUI_SHORT_MAX];
        tui_format_ago(heartbeat->threat_since_s, now_ns / ZTA_NS_PER_S, ago);
        x = tui_print(line, x, 0, TUI_ROLE_DIM, " for %s, ", ago);
        (void)tui_put_foreign(line, x, 0, TUI_ROLE_TEXT, zta_text_of(heartbeat->threat_reason));
    }
}

/* ---- health ---- */

/* One line: a label, a gauge where there is room, then text from the returned column on. */
static int put_label(const struct tui_area *line, const char *label, double share,
                     enum tui_role role)
{
    (void)tui_print(line, 0, 0, TUI_ROLE_DIM, "%s", label);
    if (line->width < GAUGE_FROM) {
        return LABEL;
    }
    if (share >= 0) {
        struct tui_area gauge = tui_area_part(line, LABEL, 0, GAUGE, 1);
        tui_bar(&gauge, 0, role, share);
    }
    return LABEL + GAUGE + 2;
}

/* The fuller of both counts. */
static void put_store(const struct tui_area *line, const struct tui_model *model)
{
    const struct zta_store_usage *both[] = {&model->health.state, &model->health.policy};
    static const char *const names[] = {"", " and "};
    double full = 0;
    for (size_t i = 0; i < 2; i++) {
        const double share =
            both[i]->map_size == 0 ? 0 : (double)both[i]->used / (double)both[i]->map_size;
        full = share > full ? share : full;
    }
    const enum tui_role role = full > FULL ? TUI_ROLE_BAD : TUI_ROLE_GOOD;
    int x = put_label(line, "store", full, role);
    for (size_t i = 0; i < 2; i++) {
        char used[TUI_SHORT_MAX];
        tui_format_size(both[i]->used, used);
        x = tui_print(line, x, 0, TUI_ROLE_DIM, "%s", names[i]);
        x = tui_print(line, x, 0, full > FULL ? TUI_ROLE_BAD : TUI_ROLE_TEXT, "%s", used);
    }
    char size[TUI_SHORT_MAX];
    tui_format_size(both[0]->map_size, size);
    (void)tui_print(line, x, 0, TUI_ROLE_DIM, " of %s", size);
}

static void put_issuers(const struct tui_area *line, const struct tui_model *model)
{
    const struct tui_held *held = &model->health.held;
    (void)tui_print(line, 0, 0, TUI_ROLE_DIM, "issuers");
    int x = LABEL;
    if (held->n_issuers == 0) {
        (void)tui_print(line, x, 0, TUI_ROLE_DIM, "none whose keys are fetched");
        return;
    }
    x = tui_print(line, x, 0, held->n_ill > 0 ? TUI_ROLE_WARN : TUI_ROLE_GOOD, "%zu of %zu good",
                  held->n_issuers - held->n_ill, held->n_issuers);
    if (held->n_ill > 0) {
        x = tui_print(line, x, 0, TUI_ROLE_DIM, ", ");
        x = tui_put_foreign(line, x, 0, TUI_ROLE_BAD, zta_text_of(held->ill));
        (void)tui_print(line, x, 0, TUI_ROLE_BAD, " %s", held->ill_state);
    }
}

/* What holds for a time, and what waits for somebody. */
static void put_held(const struct tui_area *line, const struct tui_model *model)
{
    const struct tui_held *held = &model->health.held;
    (void)tui_print(line, 0, 0, TUI_ROLE_DIM, "holds");
    int x = LABEL;
    if (held->n_waiting > 0) {
        x = tui_print(line, x, 0, TUI_ROLE_WARN, "%zu to decide, ", held->n_waiting);
    }
    x = tui_print(line, x, 0, held->n > 0 ? TUI_ROLE_TEXT : TUI_ROLE_DIM, "%zu held", held->n);
    if (held->n > 0) {
        char until[TUI_SHORT_MAX];
        tui_format_until(held->ends[0].until_s, model->now_ns / ZTA_NS_PER_S, until);
        (void)tui_print(line, x, 0, TUI_ROLE_DIM, ", one ends %s", until);
    }
}

static void put_threat_line(const struct tui_area *line, const struct tui_model *model)
{
    tui_put_threat(line, &model->health, model->now_ns);
}

static void put_ring(const struct tui_area *line, const struct tui_model *model)
{
    const struct tui_health *health = &model->health;
    uint64_t waiting = health->heartbeat.ring_head - health->heartbeat.ring_tail;
    uint64_t capacity = health->heartbeat.ring_capacity;
    uint64_t dropped = health->counters[ZTA_COUNTER_EVENTS_DROPPED_FULL] +
                       health->counters[ZTA_COUNTER_EVENTS_DROPPED_DEAD] +
                       health->counters[ZTA_COUNTER_EVENTS_DROPPED_SLOW] +
                       health->counters[ZTA_COUNTER_EVENTS_DROPPED_STORE];
    char text[TUI_SHORT_MAX];
    char size[TUI_SHORT_MAX];
    double full = capacity == 0 ? 0 : (double)waiting / (double)capacity;
    enum tui_role role = full > FULL       ? TUI_ROLE_BAD
                         : full > FULL / 2 ? TUI_ROLE_WARN
                                           : TUI_ROLE_GOOD;
    int x = put_label(line, "ring", full, role);
    tui_format_count(waiting, text);
    tui_format_count(capacity, size);
    x = tui_print(line, x, 0, TUI_ROLE_TEXT, "%s", text);
    x = tui_print(line, x, 0, TUI_ROLE_DIM, " of %s waiting, ", size);
    tui_format_count(dropped, text);
    (void)tui_print(line, x, 0, dropped > 0 ? TUI_ROLE_BAD : TUI_ROLE_DIM, "%s lost", text);
}

static void put_server(const struct tui_area *line, const struct tui_model *model)
{
    const struct zta_heartbeat *heartbeat = &model->health.heartbeat;
    bool is_running = model->health.is_running;
    char ago[TUI_SHORT_MAX];
    tui_format_ago(heartbeat->time_s, model->now_ns / ZTA_NS_PER_S, ago);
    int x = put_label(line, "server", -1, TUI_ROLE_TEXT);
    x = line->width < GAUGE_FROM ? x : LABEL;
    x = tui_print(line, x, 0, is_running ? TUI_ROLE_GOOD : TUI_ROLE_BAD, "%s",
                  is_running ? "running" : "not running");
    if (model->health.has_heartbeat) {
        (void)tui_print(line, x, 0, TUI_ROLE_DIM, ", %u children, config %u, beat %s",
                        heartbeat->n_children, heartbeat->config_generation, ago);
    }
}

static void put_cache(const struct tui_area *line, const struct tui_model *model)
{
    const uint64_t *counters = model->health.counters;
    double hits = (double)counters[ZTA_COUNTER_TOKEN_CACHE_HITS];
    double all = hits + (double)counters[ZTA_COUNTER_TOKEN_CACHE_MISSES];
    uint64_t errors = counters[ZTA_COUNTER_STORE_ERRORS];
    char share[TUI_SHORT_MAX];
    tui_format_share(hits, all, share);
    int x = put_label(line, "tokens", all > 0 ? hits / all : 0, TUI_ROLE_CHART);
    x = tui_print(line, x, 0, TUI_ROLE_TEXT, "%s", share);
    x = tui_print(line, x, 0, TUI_ROLE_DIM, " from the cache");
    if (errors > 0) {
        (void)tui_print(line, x, 0, TUI_ROLE_BAD, ", %" PRIu64 " store errors", errors);
    }
}

static void put_stored(const struct tui_area *line, const struct tui_model *model)
{
    const struct tui_health *health = &model->health;
    const struct {
        uint64_t n;
        const char *word;
    } parts[] = {{.n = health->n_sessions, .word = " sessions  "},
                 {.n = health->n_events, .word = " requests  "},
                 {.n = health->n_blocks, .word = health->n_blocks == 1 ? " block" : " blocks"}};
    (void)tui_print(line, 0, 0, TUI_ROLE_DIM, "stored");
    int x = LABEL;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char text[TUI_SHORT_MAX];
        tui_format_count(parts[i].n, text);
        if (x + (int)(strlen(text) + strlen(parts[i].word)) > line->width) {
            break;
        }
        x = tui_print(line, x, 0, TUI_ROLE_TEXT, "%s", text);
        x = tui_print(line, x, 0, TUI_ROLE_DIM, "%s", parts[i].word);
    }
}

static size_t kept_alerts(const struct tui_health *health)
{
    return health->n_alerts < TUI_ALERTS_MAX ? health->n_alerts : TUI_ALERTS_MAX;
}

static void put_alert(const struct tui_area *line, const struct tui_model *model, size_t i)
{
    const struct tui_alert *alert = &model->health.alerts[i];
    char ago[TUI_SHORT_MAX];
    tui_format_ago(alert->since_s, model->now_ns / ZTA_NS_PER_S, ago);
    (void)tui_print(line, 0, 0, TUI_ROLE_BAD, "alert");
    int x = tui_print(line, LABEL, 0, TUI_ROLE_DIM, "%s ago ", ago);
    x = tui_put_foreign(line, x, 0, TUI_ROLE_BAD, zta_text_of(alert->name));
    (void)tui_put_foreign(line, x + 1, 0, TUI_ROLE_TEXT, zta_text_of(alert->text));
}

static int wanted_health(const struct tui_model *model, bool shows_all)
{
    return 1 + HEALTH_LINES + (int)kept_alerts(&model->health);
}

static void draw_health(const struct tui_model *model, const struct tui_area *area, bool shows_all)
{
    static void (*const lines[HEALTH_LINES])(const struct tui_area *, const struct tui_model *) = {
        put_threat_line, put_server, put_issuers, put_held,
        put_ring,        put_store,  put_cache,   put_stored};
    struct tui_area titled = tui_titled(area, "Health");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    int y = 0;
    for (size_t i = 0; i < kept_alerts(&model->health); i++) {
        struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
        put_alert(&line, model, i);
    }
    for (size_t i = 0; i < HEALTH_LINES; i++) {
        struct tui_area line = tui_area_part(&inside, 0, y++, -1, 1);
        lines[i](&line, model);
    }
}

/* ---- what ends ---- */

static size_t kept_ends(const struct tui_held *held)
{
    return held->n < TUI_ENDS_MAX ? held->n : TUI_ENDS_MAX;
}

static int wanted_ends(const struct tui_model *model, bool shows_all)
{
    const size_t n = kept_ends(&model->health.held);
    return 1 + (n == 0 ? 1 : (int)n);
}

static void draw_ends(const struct tui_model *model, const struct tui_area *area, bool shows_all)
{
    const struct tui_held *held = &model->health.held;
    struct tui_area titled = tui_titled(area, "Ends by itself");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    for (size_t i = 0; i < kept_ends(held) && (int)i < inside.height; i++) {
        const struct tui_end *end = &held->ends[i];
        struct tui_area line = tui_area_part(&inside, 0, (int)i, -1, 1);
        struct tui_area when = tui_area_part(&line, 0, 0, END, 1);
        struct tui_area what = tui_area_part(&line, END + 1, 0, WHAT, 1);
        struct tui_area whom = tui_area_part(&line, END + WHAT + 2, 0, -1, 1);
        char until[TUI_SHORT_MAX];
        tui_format_until(end->until_s, model->now_ns / ZTA_NS_PER_S, until);
        (void)tui_put_right(&when, 0, TUI_ROLE_DIM, zta_text_of(until));
        (void)tui_put_foreign(&what, 0, 0, TUI_ROLE_STRONG, zta_text_of(end->what));
        (void)tui_put_foreign(&whom, 0, 0, TUI_ROLE_TEXT, zta_text_of(end->target));
    }
    if (held->n == 0) {
        (void)tui_print(&inside, 0, 0, TUI_ROLE_DIM, "nothing is held or blocked for a time");
    }
}

const struct tui_panel tui_panel_ends = {
    .wanted = wanted_ends, .draw = draw_ends, .least = LEAST - 1};
const struct tui_panel tui_panel_places = {
    .wanted = wanted_places, .draw = draw_places, .least = LEAST};
const struct tui_panel tui_panel_health = {
    .wanted = wanted_health, .draw = draw_health, .least = HEALTH_LEAST};
