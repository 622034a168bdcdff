/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the most frequent: a name, how many, and how that went in the last minutes. */
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/panels.h"

enum {
    COUNT = 6,
    SHARE = 8,
    BAR_FROM = 32,   /* width from which on there is a bar */
    TREND_FROM = 52, /* and a trend */
    TREND = 15,      /* columns of it */
    LEAST = 4,
    TOP_MAX = 24,
    ENOUGH = 10, /* rows that a panel asks for */
};

struct list {
    const char *title;
    const char *title_of_all; /* NULL: the list has one order only */
    enum tui_tally tally;
    bool by_refused; /* without title_of_all */
    bool has_share;
    bool is_monitor;
    const char *nothing;
};

static const struct list reasons = {.title = "Refused because of",
                                    .tally = TUI_TALLY_REASON,
                                    .by_refused = true,
                                    .nothing = "nothing was refused"};
static const struct list routes = {.title = "Routes by refusals, share refused",
                                   .title_of_all = "Routes by requests, share refused",
                                   .tally = TUI_TALLY_ROUTE,
                                   .has_share = true,
                                   .nothing = "no route was refused; t counts all requests"};
static const struct list who = {.title = "Who was refused, share refused",
                                .title_of_all = "Who asked most, share refused",
                                .tally = TUI_TALLY_WHO,
                                .has_share = true,
                                .nothing = "nobody was refused; t counts all requests"};
static const struct list rules = {.title = "Rules that refused",
                                  .tally = TUI_TALLY_RULE,
                                  .by_refused = true,
                                  .nothing = "no rule refused anything"};
static const struct list would = {.title = "Monitored: would be refused because of",
                                  .tally = TUI_TALLY_WOULD,
                                  .is_monitor = true,
                                  .nothing = "nothing that is monitored would be refused"};

static bool counts_refused(const struct list *list, bool shows_all)
{
    return list->title_of_all == NULL ? list->by_refused : !shows_all;
}

static void draw_trend(const struct tui_area *area, const struct tui_top *top)
{
    double values[TREND];
    double most = 0;
    for (size_t i = 0; i < TREND; i++) {
        values[i] = (double)top->trend[2 * i] + (double)top->trend[2 * i + 1];
        most = values[i] > most ? values[i] : most;
    }
    _Static_assert(2 * TREND == TUI_TALLY_SLOTS, "a column is two slots");
    tui_chart(area, TUI_ROLE_DIM, values, TREND, most);
}

/* How a list is drawn now. */
struct showing {
    const struct list *list;
    bool by_refused;
    enum tui_role role;
    uint64_t most;
};

static uint64_t count_of(const struct showing *showing, const struct tui_top *top)
{
    return showing->by_refused ? top->refused : top->all;
}

/* Of the parts of a line those that the width has room for. */
static void put_row(const struct tui_area *line, const struct showing *showing,
                    const struct tui_top *top)
{
    char text[TUI_SHORT_MAX];
    uint64_t n = count_of(showing, top);
    int trend = line->width >= TREND_FROM ? TREND + 2 : 0;
    int share = showing->list->has_share ? SHARE : 0;
    int bar = line->width >= BAR_FROM ? (line->width - trend) / 4 : 0;
    int x = line->width - trend - share - COUNT - bar;
    struct tui_area label = tui_area_part(line, 0, 0, x < 1 ? 0 : x - 1, 1);
    struct tui_area middle = tui_area_part(line, x, 0, bar, 1);
    struct tui_area count = tui_area_part(line, x + bar, 0, COUNT, 1);
    struct tui_area part = tui_area_part(line, x + bar + COUNT, 0, share, 1);
    struct tui_area end = tui_area_part(line, line->width - TREND, 0, trend > 0 ? TREND : 0, 1);
    (void)tui_put_foreign(&label, 0, 0, TUI_ROLE_TEXT, zta_text_of(top->name));
    tui_bar(&middle, 0, showing->role, showing->most == 0 ? 0 : (double)n / (double)showing->most);
    tui_format_count(n, text);
    (void)tui_put_right(&count, 0, TUI_ROLE_STRONG, zta_text_of(text));
    if (share > 0) {
        tui_format_share((double)top->refused, (double)top->all, text);
        (void)tui_put_right(&part, 0, 2 * top->refused >= top->all ? TUI_ROLE_BAD : TUI_ROLE_TEXT,
                            zta_text_of(text));
    }
    draw_trend(&end, top);
}

static void draw_list(const struct tui_model *model, const struct tui_area *area, bool shows_all,
                      const struct list *list)
{
    struct tui_top tops[TOP_MAX];
    bool is_all = list->title_of_all != NULL && shows_all;
    struct showing showing = {.list = list, .by_refused = counts_refused(list, shows_all)};
    struct tui_area titled = tui_titled(area, is_all ? list->title_of_all : list->title);
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    size_t room = inside.height < TOP_MAX ? (size_t)inside.height : TOP_MAX;
    size_t n = tui_pulse_top(&model->pulse, list->tally, showing.by_refused, tops, room);
    showing.role = list->is_monitor     ? TUI_ROLE_INFO
                   : showing.by_refused ? TUI_ROLE_BAD
                                        : TUI_ROLE_CHART;
    showing.most = n == 0 ? 0 : count_of(&showing, &tops[0]);
    for (size_t i = 0; i < n; i++) {
        struct tui_area line = tui_area_part(&inside, 0, (int)i, -1, 1);
        put_row(&line, &showing, &tops[i]);
    }
    if (n == 0) {
        (void)tui_print(&inside, 0, 0, TUI_ROLE_DIM, "%s", list->nothing);
    }
}

static int wanted_of(const struct tui_model *model, bool shows_all, const struct list *list)
{
    struct tui_top tops[ENOUGH];
    size_t n =
        tui_pulse_top(&model->pulse, list->tally, counts_refused(list, shows_all), tops, ENOUGH);
    return 1 + (int)(n == 0 ? 1 : n);
}

/* A panel of the list of that name. */
#define PANEL(name)                                                                                \
    static int wanted_##name(const struct tui_model *model, bool shows_all)                        \
    {                                                                                              \
        return wanted_of(model, shows_all, &name);                                                 \
    }                                                                                              \
    static void draw_##name(const struct tui_model *model, const struct tui_area *area,            \
                            bool shows_all)                                                        \
    {                                                                                              \
        draw_list(model, area, shows_all, &name);                                                  \
    }                                                                                              \
    const struct tui_panel tui_panel_##name = {                                                    \
        .wanted = wanted_##name, .draw = draw_##name, .least = LEAST};

PANEL(reasons)
PANEL(routes)
PANEL(who)
PANEL(rules)
PANEL(would)
