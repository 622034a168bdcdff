/* SPDX-License-Identifier: Apache-2.0 */
/* How things are at a glance: rates, refusals, places, health. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/diagnosis.h"
#include "admin-tui/console/format.h"
#include "admin-tui/console/panels.h"
#include "admin-tui/console/view.h"

enum {
    TWO_COLUMNS = 76,
    THREE_COLUMNS = 150,
    CHART_MAX = 400,
    TOP_MAX = 24,
    LATEST_FROM = 42, /* height from which on the latest refusals have room */
};

struct overview {
    bool shows_all; /* top lists count all requests, not refusals only */
};

static int at_least(int value, int least)
{
    return value < least ? least : value;
}

/* ---- requests ---- */

static void put_figures(const struct tui_pulse *pulse, const struct tui_area *line)
{
    double all = tui_pulse_rate(pulse, TUI_SERIES_ALL);
    double refused = tui_pulse_rate(pulse, TUI_SERIES_REFUSED);
    char rate[TUI_SHORT_MAX];
    char share[TUI_SHORT_MAX];
    tui_format_rate(all, rate);
    int x = tui_put(line, 0, 0, TUI_ROLE_STRONG, zta_text_of(rate));
    x = tui_print(line, x, 0, TUI_ROLE_DIM, "/s   ");
    tui_format_rate(refused, rate);
    tui_format_share(refused, all, share);
    x = tui_put(line, x, 0, refused > 0 ? TUI_ROLE_BAD : TUI_ROLE_STRONG, zta_text_of(rate));
    x = tui_print(line, x, 0, TUI_ROLE_DIM, "/s refused, %s   ", share);
    struct tui_top outcomes[TOP_MAX];
    size_t n = tui_pulse_top(pulse, TUI_TALLY_OUTCOME, false, outcomes, TOP_MAX);
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += outcomes[i].all;
    }
    for (size_t i = 0; i < n; i++) {
        tui_format_share((double)outcomes[i].all, (double)sum, share);
        int needed = (int)(strlen(outcomes[i].name) + strlen(share)) + 3;
        if (x + needed > line->width) {
            break;
        }
        x = tui_print(line, x, 0, tui_role_of_outcome(outcomes[i].code), "%s ", outcomes[i].name);
        x = tui_print(line, x, 0, TUI_ROLE_TEXT, "%s  ", share);
    }
}

/* The larger of the values, and at least a little. */
static double scale_of(const double *values, size_t n)
{
    double most = 0.1;
    for (size_t i = 0; i < n; i++) {
        most = values[i] > most ? values[i] : most;
    }
    return most;
}

static void draw_charts(const struct tui_pulse *pulse, const struct tui_area *area, int low)
{
    double values[CHART_MAX];
    char most[TUI_SHORT_MAX];
    char text[64];
    size_t n = (size_t)(area->width < CHART_MAX ? area->width : CHART_MAX);
    int step = n == 0 ? 1 : at_least((TUI_TALLY_S + (int)n - 1) / (int)n, 1);
    struct tui_area high = tui_area_part(area, 0, 0, -1, area->height - low);
    struct tui_area below = tui_area_part(area, 0, area->height - low, -1, low);
    tui_pulse_series(pulse, TUI_SERIES_ALL, step, values, n);
    double scale = scale_of(values, n);
    tui_chart(&high, TUI_ROLE_CHART, values, n, scale);
    tui_format_rate(scale, most);
    (void)snprintf(text, sizeof text, "peak %s/s", most);
    (void)tui_put(&high, 0, 0, TUI_ROLE_DIM, zta_text_of(text));
    tui_pulse_series(pulse, TUI_SERIES_REFUSED, step, values, n);
    scale = scale_of(values, n);
    tui_chart(&below, TUI_ROLE_BAD, values, n, scale);
    tui_format_rate(scale, most);
    (void)snprintf(text, sizeof text, "refused, peak %s/s", most);
    (void)tui_put(&below, 0, 0, TUI_ROLE_DIM, zta_text_of(text));
}

static void draw_requests(const struct tui_view *view, const struct tui_area *area)
{
    const struct tui_pulse *pulse = &view->model->pulse;
    struct tui_area inside = tui_titled(area, "Requests");
    struct tui_area figures = tui_area_part(&inside, 1, 0, inside.width - 2, 1);
    put_figures(pulse, &figures);
    struct tui_area charts = tui_area_part(&inside, 1, 1, inside.width - 2, -1);
    if (charts.height >= 2) {
        draw_charts(pulse, &charts, at_least(charts.height / 3, 1));
    }
}

/* ---- top lists ---- */

struct top_list {
    const char *title;
    enum tui_tally tally;
    bool by_refused;
    enum tui_role role;
    const char *nothing;
};

static void put_top_row(const struct tui_area *line, const struct top_list *list,
                        const struct tui_top *top, uint64_t most)
{
    uint64_t n = list->by_refused ? top->refused : top->all;
    char count[TUI_SHORT_MAX];
    char share[TUI_SHORT_MAX];
    char name[4 * TUI_TALLY_NAME];
    struct zta_buffer out;
    zta_buffer_init(&out, name, sizeof name);
    tui_format_foreign(&out, zta_text_of(top->name));
    tui_format_count(n, count);
    tui_format_share((double)top->refused, (double)top->all, share);
    bool has_share = list->tally == TUI_TALLY_ROUTE;
    int right = has_share ? 14 : 6;
    int bar = line->width >= 34 ? line->width / 4 : 0;
    struct tui_area label = tui_area_part(line, 0, 0, line->width - right - bar - 1, 1);
    struct tui_area middle = tui_area_part(line, line->width - right - bar, 0, bar, 1);
    struct tui_area figure = tui_area_part(line, line->width - right, 0, 6, 1);
    (void)tui_put(&label, 0, 0, TUI_ROLE_TEXT, (struct zta_text){.data = name, .len = out.len});
    tui_bar(&middle, 0, list->role, most == 0 ? 0 : (double)n / (double)most);
    (void)tui_put_right(&figure, 0, TUI_ROLE_STRONG, zta_text_of(count));
    if (has_share) {
        (void)tui_put_right(line, 0, top->refused > 0 ? TUI_ROLE_BAD : TUI_ROLE_DIM,
                            zta_text_of(share));
    }
}

static void draw_top(const struct tui_view *view, const struct tui_area *area,
                     const struct top_list *list)
{
    struct tui_top tops[TOP_MAX];
    struct tui_area titled = tui_titled(area, list->title);
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    size_t room = inside.height < TOP_MAX ? (size_t)inside.height : TOP_MAX;
    size_t n = tui_pulse_top(&view->model->pulse, list->tally, list->by_refused, tops, room);
    uint64_t most = n == 0 ? 0 : list->by_refused ? tops[0].refused : tops[0].all;
    for (size_t i = 0; i < n; i++) {
        struct tui_area line = tui_area_part(&inside, 0, (int)i, -1, 1);
        put_top_row(&line, list, &tops[i], most);
    }
    if (n == 0) {
        (void)tui_print(&inside, 0, 0, TUI_ROLE_DIM, "%s", list->nothing);
    }
}

/* ---- the whole ---- */

static void draw_diagnosis(const struct tui_view *view, const struct tui_area *line)
{
    char text[512];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    enum tui_role role = tui_diagnose(&view->model->pulse, &view->model->health, &out);
    bool is_good = role == TUI_ROLE_GOOD || role == TUI_ROLE_DIM;
    (void)tui_put_glyph(line, 1, 0, role, is_good ? TUI_GLYPH_CHECK : TUI_GLYPH_WARNING);
    (void)tui_put(line, 3, 0, role, (struct zta_text){.data = text, .len = out.len});
}

static struct top_list reasons_of(const struct overview *overview)
{
    return (struct top_list){.title = "Refused because of",
                             .tally = TUI_TALLY_REASON,
                             .by_refused = true,
                             .role = TUI_ROLE_BAD,
                             .nothing = "nothing was refused"};
}

static struct top_list routes_of(const struct overview *overview)
{
    return (struct top_list){.title = overview->shows_all ? "Routes by requests, share refused"
                                                          : "Routes by refusals, share refused",
                             .tally = TUI_TALLY_ROUTE,
                             .by_refused = !overview->shows_all,
                             .role = overview->shows_all ? TUI_ROLE_CHART : TUI_ROLE_BAD,
                             .nothing = "no route to show"};
}

static struct top_list rules_of(const struct overview *overview)
{
    return (struct top_list){.title = "Rules that refused",
                             .tally = TUI_TALLY_RULE,
                             .by_refused = true,
                             .role = TUI_ROLE_BAD,
                             .nothing = "no rule refused anything"};
}

static struct top_list would_of(const struct overview *overview)
{
    return (struct top_list){.title = "Monitored: would have been refused for",
                             .tally = TUI_TALLY_WOULD,
                             .by_refused = false,
                             .role = TUI_ROLE_INFO,
                             .nothing = "nothing"};
}

/* Panels one below the other, the first with more of the height than the last. */
static void draw_tops(const struct tui_view *view, const struct tui_area *area,
                      const struct top_list *lists, size_t n)
{
    int y = 0;
    int parts = 0;
    for (size_t i = 0; i < n; i++) {
        parts += 1 + (int)(n - i);
    }
    for (size_t i = 0; i < n; i++) {
        int own = 1 + (int)(n - i);
        int height = (area->height - y) * own / parts;
        parts -= own;
        struct tui_area part = tui_area_part(area, 0, y, -1, height);
        draw_top(view, &part, &lists[i]);
        y += height;
    }
}

static void draw_columns(const struct tui_view *view, const struct tui_area *area)
{
    const struct overview *overview = view->state;
    const struct top_list lists[] = {reasons_of(overview), routes_of(overview), rules_of(overview),
                                     would_of(overview)};
    bool is_high = area->height >= 20;
    if (area->width >= THREE_COLUMNS) {
        int third = area->width / 3;
        struct tui_area left = tui_area_part(area, 0, 0, third - 1, -1);
        struct tui_area middle = tui_area_part(area, third, 0, third - 1, -1);
        struct tui_area right = tui_area_part(area, 2 * third, 0, -1, -1);
        const struct top_list causes[] = {lists[0], lists[2]};
        const struct top_list places[] = {lists[1], lists[3]};
        draw_tops(view, &left, causes, 2);
        draw_tops(view, &middle, places, 2);
        tui_panel_state(view->model, &right);
        return;
    }
    if (area->width >= TWO_COLUMNS) {
        int half = area->width / 2;
        struct tui_area left = tui_area_part(area, 0, 0, half - 1, -1);
        struct tui_area right = tui_area_part(area, half, 0, -1, -1);
        draw_tops(view, &left, lists, is_high ? 4 : 2);
        tui_panel_state(view->model, &right);
        return;
    }
    int above = area->height / 2;
    struct tui_area top = tui_area_part(area, 0, 0, -1, above);
    struct tui_area rest = tui_area_part(area, 0, above, -1, -1);
    draw_tops(view, &top, lists, area->height >= 12 ? 2 : 1);
    tui_panel_state(view->model, &rest);
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    draw_diagnosis(view, area);
    /* A third for what happens over time, less where there is little. */
    int requests = area->height < 14 ? 2 : at_least((area->height - 6) / 3, 5);
    struct tui_area top = tui_area_part(area, 0, 1, -1, requests);
    int latest = area->height < LATEST_FROM ? 0 : area->height / 4;
    struct tui_area rest =
        tui_area_part(area, 0, 1 + requests, -1, area->height - 1 - requests - latest);
    struct tui_area last = tui_area_part(area, 0, area->height - latest, -1, -1);
    draw_requests(view, &top);
    draw_columns(view, &rest);
    if (latest > 0) {
        tui_panel_latest(view->model, &last);
    }
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

static const struct tui_hint hints[] = {
    {.action = TUI_ACTION_TOP_OF, .word = "routes by all or refused"},
    {.action = TUI_ACTION_PAUSE, .word = "pause"},
    {.action = TUI_ACTION_NEXT_VIEW, .word = "next view"},
};

const struct tui_view_ops tui_view_overview = {
    .name = "Overview",
    .hints = hints,
    .n_hints = sizeof hints / sizeof hints[0],
    .state_size = sizeof(struct overview),
    .draw = draw,
    .act = act,
};
