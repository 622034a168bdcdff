/* SPDX-License-Identifier: Apache-2.0 */
/* How things are at a glance: a line that says it, and panels as many as the size has room for. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/diagnosis.h"
#include "admin-tui/console/feed.h"
#include "admin-tui/console/panels.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"

enum {
    TWO_COLUMNS = 76,
    THREE_COLUMNS = 150,
    PANELS_MAX = 8,
    REQUESTS_LEAST = 8, /* lines, where there are as many */
    REQUESTS_FROM = 16, /* of the view, from which on there are */
    LATEST_LEAST = 6,
    LATEST_FROM = 40, /* height from which on refusals stand below all columns */
};

/* A process reads it: so often, and on opening. */
#define DAY_EVERY_NS (15 * ZTA_NS_PER_S)

struct overview {
    bool shows_all; /* lists count all requests, not refusals only */
    struct tui_feed feed;
};

/* ---- the last day ---- */

static void take_day(struct tui_model *model, const json_t *rows)
{
    struct tui_day *day = &model->day;
    const int64_t end = model->now_ns / ZTA_NS_PER_S / 60 + 1;
    const json_t *row;
    size_t i;
    *day = (struct tui_day){.is_known = true, .end_s = end * 60};
    json_array_foreach(rows, i, row)
    {
        int64_t time_s = 0;
        if (zta_time_parse(tui_feed_text(row, "time"), &time_s) != ZTA_OK) {
            continue;
        }
        const int64_t at = time_s / 60 - (end - TUI_DAY_MINUTES);
        if (at >= 0 && at < TUI_DAY_MINUTES) {
            day->all[at] = (uint32_t)json_integer_value(json_object_get(row, "requests"));
            day->refused[at] = (uint32_t)json_integer_value(json_object_get(row, "refused"));
        }
    }
}

static bool refresh(struct tui_view *view, int64_t now_ns)
{
    struct overview *overview = view->state;
    struct tui_feed *feed = &overview->feed;
    const int64_t age_ns = now_ns - feed->begun_ns;
    json_t *rows = NULL;
    if (feed->pid == 0 && (feed->begun_ns == 0 || age_ns >= DAY_EVERY_NS || age_ns < 0)) {
        tui_feed_begin(feed, view->model->ctl, "rates --last=24h", now_ns);
        return false;
    }
    if (!tui_feed_go_on(feed, &rows)) {
        return false;
    }
    if (rows != NULL) {
        take_day(view->model, rows);
        json_decref(rows);
    }
    return true;
}

static void close_view(struct tui_view *view)
{
    struct overview *overview = view->state;
    tui_feed_close(&overview->feed);
}

/* ---- columns ---- */

struct column {
    const struct tui_panel *panels[PANELS_MAX]; /* from the top, the more important first */
    size_t n;
};

static const struct column one_column = {
    .panels = {&tui_panel_reasons, &tui_panel_health, &tui_panel_places, &tui_panel_routes,
               &tui_panel_who, &tui_panel_ends, &tui_panel_changes, &tui_panel_refusals},
    .n = 8};
static const struct column left_of_two = {
    .panels = {&tui_panel_reasons, &tui_panel_routes, &tui_panel_who, &tui_panel_would}, .n = 4};
static const struct column right_of_two = {.panels = {&tui_panel_health, &tui_panel_places,
                                                      &tui_panel_ends, &tui_panel_changes,
                                                      &tui_panel_refusals},
                                           .n = 5};
static const struct column left_of_three = {
    .panels = {&tui_panel_reasons, &tui_panel_rules, &tui_panel_would}, .n = 3};
static const struct column middle_of_three = {.panels = {&tui_panel_routes, &tui_panel_who},
                                              .n = 2};
static const struct column right_of_three = {
    .panels = {&tui_panel_health, &tui_panel_places, &tui_panel_ends, &tui_panel_changes}, .n = 4};

static int least_of(const struct tui_panel *panel, int wanted)
{
    return panel->least < wanted ? panel->least : wanted;
}

/* First each its least, while there is room; then a line each in turn; then the elastic ones. */
static void share_out(const struct column *column, const int *wanted, int room, int *lines)
{
    for (size_t i = 0; i < column->n; i++) {
        int least = least_of(column->panels[i], wanted[i]);
        lines[i] = least <= room || i == 0 ? least : 0;
        room -= lines[i];
    }
    for (bool is_given = true; is_given && room > 0;) {
        is_given = false;
        for (size_t i = 0; i < column->n && room > 0; i++) {
            if (lines[i] > 0 && lines[i] < wanted[i]) {
                lines[i]++;
                room--;
                is_given = true;
            }
        }
    }
    for (size_t i = 0; i < column->n && room > 0; i++) {
        if (lines[i] > 0 && column->panels[i]->is_elastic) {
            lines[i] += room;
            room = 0;
        }
    }
}

static void ask_all(const struct tui_view *view, const struct column *column, int *wanted)
{
    const struct overview *overview = view->state;
    for (size_t i = 0; i < column->n; i++) {
        wanted[i] = column->panels[i]->wanted(view->model, overview->shows_all);
    }
}

static void draw_column(const struct tui_view *view, const struct tui_area *area,
                        const struct column *column)
{
    const struct overview *overview = view->state;
    int wanted[PANELS_MAX];
    int lines[PANELS_MAX];
    int y = 0;
    ask_all(view, column, wanted);
    share_out(column, wanted, area->height, lines);
    for (size_t i = 0; i < column->n; i++) {
        struct tui_area part = tui_area_part(area, 0, y, -1, lines[i]);
        if (lines[i] > 0) {
            column->panels[i]->draw(view->model, &part, overview->shows_all);
        }
        y += lines[i];
    }
}

static size_t columns_of(int width, const struct column *out[3])
{
    if (width >= THREE_COLUMNS) {
        out[0] = &left_of_three;
        out[1] = &middle_of_three;
        out[2] = &right_of_three;
        return 3;
    }
    if (width >= TWO_COLUMNS) {
        out[0] = &left_of_two;
        out[1] = &right_of_two;
        return 2;
    }
    out[0] = &one_column;
    return 1;
}

/* Lines in which every column shows all it has. */
static int needed_of(const struct tui_view *view, int width)
{
    const struct column *columns[3];
    size_t n = columns_of(width, columns);
    int needed = 0;
    for (size_t i = 0; i < n; i++) {
        int wanted[PANELS_MAX];
        int sum = 0;
        ask_all(view, columns[i], wanted);
        for (size_t k = 0; k < columns[i]->n; k++) {
            sum += wanted[k];
        }
        needed = sum > needed ? sum : needed;
    }
    return needed;
}

static void draw_columns(const struct tui_view *view, const struct tui_area *area)
{
    const struct column *columns[3];
    size_t n = columns_of(area->width, columns);
    int each = area->width / (int)n;
    for (size_t i = 0; i < n; i++) {
        bool is_last = i + 1 == n;
        struct tui_area part = tui_area_part(area, (int)i * each, 0, is_last ? -1 : each - 1, -1);
        draw_column(view, &part, columns[i]);
    }
}

/* ---- the whole ---- */

/* Returns the lines it took. */
static int draw_diagnosis(const struct tui_view *view, const struct tui_area *area)
{
    const struct tui_model *model = view->model;
    char text[768];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    enum tui_role role = tui_diagnose(&model->pulse, &model->health, &model->audit, &out);
    bool is_good = role == TUI_ROLE_GOOD || role == TUI_ROLE_DIM;
    int most = area->height >= 20 ? 2 : 1;
    struct tui_area room = tui_area_part(area, 3, 0, area->width - 4, most);
    (void)tui_put_glyph(area, 1, 0, role, is_good ? TUI_GLYPH_CHECK : TUI_GLYPH_WARNING);
    return tui_put_wrapped(&room, role, (struct zta_text){.data = text, .len = out.len});
}

/* Lines for the charts: what the columns below do not need, and at least what shows something. */
static int share_of_requests(const struct tui_view *view, const struct tui_area *area, int below)
{
    int most = tui_panel_requests.wanted(view->model, false);
    int least = area->height < REQUESTS_FROM ? tui_panel_requests.least : REQUESTS_LEAST;
    least = area->height / 3 > least ? area->height / 3 : least;
    int free = area->height - below - needed_of(view, area->width);
    int lines = free > least ? free : least;
    return lines > most ? most : lines;
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    const struct overview *overview = view->state;
    int used = draw_diagnosis(view, area);
    struct tui_area rest = tui_area_part(area, 0, used, -1, -1);
    bool has_latest = rest.width >= THREE_COLUMNS && rest.height >= LATEST_FROM;
    int requests = share_of_requests(view, &rest, has_latest ? LATEST_LEAST : 0);
    struct tui_area top = tui_area_part(&rest, 0, 0, -1, requests);
    tui_panel_requests.draw(view->model, &top, overview->shows_all);
    rest = tui_area_part(&rest, 0, requests, -1, -1);
    if (has_latest) {
        int needed = needed_of(view, rest.width);
        int upper = rest.height - LATEST_LEAST < needed ? rest.height - LATEST_LEAST : needed;
        struct tui_area below = tui_area_part(&rest, 0, upper, -1, -1);
        tui_panel_refusals.draw(view->model, &below, overview->shows_all);
        rest = tui_area_part(&rest, 0, 0, -1, upper);
    }
    draw_columns(view, &rest);
}

static bool act(struct tui_view *view, enum tui_action action)
{
    struct overview *overview = view->state;
    if (action == TUI_ACTION_TOP_OF) {
        overview->shows_all = !overview->shows_all;
        return true;
    }
    return false;
}

/* What is refused most by that count; zeroed: nothing is. */
static struct tui_top most_refused(const struct tui_view *view, enum tui_tally tally)
{
    struct tui_top top = {.name = ""};
    (void)tui_pulse_top(&view->model->pulse, tally, true, &top, 1);
    return top;
}

static void lead_to_rule(struct tui_row *row, const struct tui_top *rule)
{
    const struct zta_text name = zta_text_of(rule->name);
    tui_row_leads_to(row, &tui_view_rules, "rule", NULL, name);
    tui_row_leads_to_all(row, &tui_view_traffic, "requests decided by", "rule", name);
}

static void lead_to_latest_change(struct tui_row *row, const struct tui_audit *audit)
{
    char id[24];
    if (audit->n > 0) {
        (void)snprintf(id, sizeof id, "%llu", (unsigned long long)audit->rows[0].id);
        tui_row_leads_to(row, &tui_view_audit, "change", NULL, zta_text_of(id));
    }
}

/* To what is refused most, by which rule, why, whom and where; and to what was changed last. */
static bool row(struct tui_view *view, struct tui_row *row)
{
    const struct tui_top rule = most_refused(view, TUI_TALLY_RULE);
    const struct tui_top reason = most_refused(view, TUI_TALLY_REASON);
    const struct tui_top who = most_refused(view, TUI_TALLY_WHO);
    const struct tui_top route = most_refused(view, TUI_TALLY_ROUTE);
    const bool is_ruled = rule.refused >= reason.refused;
    struct zta_addr addr;
    const bool is_addr = zta_addr_parse(zta_text_of(who.name), &addr) == ZTA_OK;
    tui_row_init(row, "", ZTA_TEXT(""), "status");
    row->name[0] = '\0'; /* the view's own says it */
    if (is_ruled) {
        lead_to_rule(row, &rule);
    }
    tui_row_leads_to_all(row, &tui_view_traffic, "requests refused for", "reason",
                         zta_text_of(reason.name));
    if (!is_ruled) {
        lead_to_rule(row, &rule);
    }
    tui_row_leads_to_all(row, &tui_view_traffic, is_addr ? "requests from" : "requests of",
                         is_addr ? "address" : "subject", zta_text_of(who.name));
    tui_row_leads_to_all(row, &tui_view_traffic, "requests to", "route", zta_text_of(route.name));
    lead_to_latest_change(row, &view->model->audit);
    return true;
}

const struct tui_view_ops tui_view_overview = {
    .name = "Overview",
    .hints = {{.action = TUI_ACTION_TOP_OF, .word = "all or refused"},
              {.action = TUI_ACTION_RELATED, .word = "go to"},
              {.action = TUI_ACTION_PAUSE, .word = "pause"},
              {.action = TUI_ACTION_NEXT_VIEW, .word = "next view"}},
    .state_size = sizeof(struct overview),
    .draw = draw,
    .act = act,
    .row = row,
    .refresh = refresh,
    .close = close_view,
};
