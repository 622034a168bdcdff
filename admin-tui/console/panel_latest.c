/* SPDX-License-Identifier: Apache-2.0 */
/* What operators changed and what was refused last, the newest on top. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/panels.h"
#include "admin-tui/explain.h"
#include "shared/base/clock.h"
#include "shared/decision.h"

enum {
    CHANGES = 5,
    AGO = 4,
    WHO = 9,
    CLOCK = 9,
    REASON = 19,
    LEAST = 3,
};

/* One of several words in a line, with the blank behind it; nothing is no word. */
static int put_word(const struct tui_area *line, int x, enum tui_role role, struct zta_text text)
{
    return text.len == 0 ? x : tui_put_foreign(line, x, 0, role, text) + 1;
}

/* ---- changes ---- */

static void put_change(const struct tui_area *line, const struct tui_audit_row *row, int64_t now_s)
{
    char text[TUI_SHORT_MAX];
    struct tui_area ago = tui_area_part(line, 2, 0, AGO, 1);
    struct tui_area who = tui_area_part(line, 3 + AGO, 0, WHO, 1);
    struct tui_area rest = tui_area_part(line, 4 + AGO + WHO, 0, -1, 1);
    tui_format_ago(row->time_s, now_s, text);
    if (now_s - row->time_s < TUI_TALLY_S) {
        (void)tui_put_glyph(line, 0, 0, TUI_ROLE_INFO, TUI_GLYPH_MARK);
    }
    (void)tui_put_right(&ago, 0, TUI_ROLE_DIM, zta_text_of(text));
    (void)put_word(&who, 0, TUI_ROLE_TEXT, zta_text_of(row->who));
    int x = put_word(&rest, 0, TUI_ROLE_STRONG, zta_text_of(row->action));
    x = put_word(&rest, x, TUI_ROLE_TEXT, zta_text_of(row->target));
    (void)put_word(&rest, x, TUI_ROLE_DIM, zta_text_of(row->reason));
}

static int wanted_changes(const struct tui_model *model, bool shows_all)
{
    size_t n = model->audit.n;
    return 1 + (n < 1 ? 1 : n > CHANGES ? CHANGES : (int)n);
}

static void draw_changes(const struct tui_model *model, const struct tui_area *area, bool shows_all)
{
    struct tui_area titled = tui_titled(area, "What operators changed");
    struct tui_area inside = tui_area_part(&titled, 1, 0, titled.width - 2, -1);
    for (size_t i = 0; i < model->audit.n && (int)i < inside.height; i++) {
        struct tui_area line = tui_area_part(&inside, 0, (int)i, -1, 1);
        put_change(&line, &model->audit.rows[i], model->now_ns / ZTA_NS_PER_S);
    }
    if (model->audit.n == 0) {
        (void)tui_print(&inside, 0, 0, TUI_ROLE_DIM, "nothing was changed yet");
    }
}

/* ---- refusals ---- */

static void put_refusal(const struct tui_area *line, const struct ctl_event *row)
{
    const struct zta_event *event = &row->event;
    struct zta_text missing = zta_event_text(event, ZTA_EVENT_MISSING);
    char clock[TUI_SHORT_MAX];
    tui_format_clock(row->time_ns / ZTA_NS_PER_S, clock);
    struct tui_area reason = tui_area_part(line, CLOCK, 0, REASON, 1);
    struct tui_area rest = tui_area_part(line, CLOCK + REASON + 1, 0, -1, 1);
    (void)tui_put(line, 0, 0, TUI_ROLE_DIM, zta_text_of(clock));
    (void)tui_put(&reason, 0, 0, tui_role_of_outcome(event->outcome),
                  zta_text_of(zta_reason_name((enum zta_reason)event->reason)));
    int x = put_word(&rest, 0, TUI_ROLE_DIM, zta_event_text(event, ZTA_EVENT_METHOD));
    x = put_word(&rest, x, TUI_ROLE_TEXT, zta_event_text(event, ZTA_EVENT_PATH));
    x = put_word(&rest, x, TUI_ROLE_STRONG, zta_event_text(event, ZTA_EVENT_SUBJECT));
    if (missing.len > 0) {
        x = tui_print(&rest, x, 0, TUI_ROLE_DIM, "%s",
                      ctl_explain_missing(event->reason, missing)->verb);
        x = put_word(&rest, x, TUI_ROLE_WARN, missing);
    }
    (void)put_word(&rest, x, TUI_ROLE_DIM, zta_event_text(event, ZTA_EVENT_DETAIL));
}

static int wanted_refusals(const struct tui_model *model, bool shows_all)
{
    return LEAST;
}

static void draw_refusals(const struct tui_model *model, const struct tui_area *area,
                          bool shows_all)
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
    if (y == 0) {
        (void)tui_print(&inside, 0, 0, TUI_ROLE_DIM, "nothing was refused lately");
    }
}

const struct tui_panel tui_panel_changes = {
    .wanted = wanted_changes, .draw = draw_changes, .least = LEAST};
const struct tui_panel tui_panel_refusals = {
    .wanted = wanted_refusals, .draw = draw_refusals, .least = LEAST, .is_elastic = true};
