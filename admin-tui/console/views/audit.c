/* SPDX-License-Identifier: Apache-2.0 */
/* What operators did, and whether the trail is whole. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"

struct audit {
    struct tui_list list;
};

enum column {
    COLUMN_ID = 0,
    COLUMN_TIME,
    COLUMN_WHO,
    COLUMN_ACTION,
    COLUMN_TARGET,
    COLUMN_AFTER,
    COLUMN_REASON,
    N_COLUMNS
};

static const struct tui_column columns[N_COLUMNS] = {
    [COLUMN_ID] = {.title = "ID", .least = 5, .rank = 0, .is_right = true},
    [COLUMN_TIME] = {.title = "AGO", .least = 5, .rank = 1, .is_right = true},
    [COLUMN_WHO] = {.title = "WHO", .least = 8, .share = 1, .rank = 2},
    [COLUMN_ACTION] = {.title = "ACTION", .least = 15, .rank = 0},
    [COLUMN_TARGET] = {.title = "TARGET", .least = 14, .share = 4, .rank = 0},
    [COLUMN_AFTER] = {.title = "CHANGE", .least = 16, .share = 2, .rank = 4},
    [COLUMN_REASON] = {.title = "WHY", .least = 12, .share = 5, .rank = 3},
};

static void put_cell(void *context, size_t i, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct tui_audit_row *row = &view->model->audit.rows[i];
    char text[TUI_SHORT_MAX];
    switch ((enum column)column) {
    case COLUMN_ID:
        *role = TUI_ROLE_DIM;
        zta_buffer_printf(out, "%" PRIu64, row->id);
        break;
    case COLUMN_TIME:
        tui_format_ago(row->time_s, view->model->now_ns / ZTA_NS_PER_S, text);
        zta_buffer_string(out, text);
        break;
    case COLUMN_WHO:
        tui_format_foreign(out, zta_text_of(row->who));
        break;
    case COLUMN_ACTION:
        *role = TUI_ROLE_STRONG;
        tui_format_foreign(out, zta_text_of(row->action));
        break;
    case COLUMN_TARGET:
        tui_format_foreign(out, zta_text_of(row->target));
        break;
    case COLUMN_AFTER:
        *role = TUI_ROLE_DIM;
        tui_format_foreign(out, zta_text_of(row->after));
        break;
    case COLUMN_REASON:
        tui_format_foreign(out, zta_text_of(row->reason));
        break;
    case N_COLUMNS:
        break;
    }
}

static struct tui_list *rows(struct tui_view *view, struct tui_table *table)
{
    struct audit *audit = view->state;
    *table = (struct tui_table){.columns = columns,
                                .n_columns = N_COLUMNS,
                                .sorted = N_COLUMNS,
                                .cell = put_cell,
                                .context = view};
    tui_list_resize(&audit->list, view->model->audit.n);
    return &audit->list;
}

static void draw_chain(const struct tui_audit *audit, const struct tui_area *line)
{
    int x = tui_print(line, 1, 0, TUI_ROLE_DIM, "chain ");
    switch (audit->chain) {
    case TUI_CHAIN_UNKNOWN:
        (void)tui_print(line, x, 0, TUI_ROLE_WARN, "not verified yet, v does");
        break;
    case TUI_CHAIN_CONSISTENT:
        x = tui_print(line, x, 0, TUI_ROLE_GOOD, "consistent");
        (void)tui_print(line, x, 0, TUI_ROLE_DIM, ", %" PRIu64 " entries, head %.16s",
                        audit->n_verified, audit->head);
        break;
    case TUI_CHAIN_BROKEN:
        x = tui_print(line, x, 0, TUI_ROLE_ALARM, "broken at entry %" PRIu64 ": ",
                      audit->n_verified);
        (void)tui_put_foreign(line, x, 0, TUI_ROLE_ALARM, zta_text_of(audit->fault));
        break;
    }
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    struct tui_table table;
    struct tui_list *list = rows(view, &table);
    draw_chain(&view->model->audit, area);
    struct tui_area below = tui_area_part(area, 1, 1, area->width - 2, -1);
    tui_list_draw(&below, &table, list);
    if (list->n == 0) {
        (void)tui_print(&below, 0, 1, TUI_ROLE_DIM,
                        "nothing was changed yet; every change of an operator is kept here");
    }
}

static bool act(struct tui_view *view, enum tui_action action)
{
    const struct audit *audit = view->state;
    const struct tui_audit *all = &view->model->audit;
    bool is_row = audit->list.selected < all->n;
    switch ((int)action) {
    case TUI_ACTION_DETAIL:
    case TUI_ACTION_EXPLAIN:
        if (is_row && !tui_model_show_audit(view->model, all->rows[audit->list.selected].id,
                                            &view->desk->page)) {
            tui_complain(view->desk, "%s", view->model->error.text);
        }
        return true;
    case TUI_ACTION_VERIFY:
        tui_model_verify(view->model);
        return true;
    default:
        return false;
    }
}

const struct tui_view_ops tui_view_audit = {
    .name = "Audit",
    .hints = {{.action = TUI_ACTION_VERIFY, .word = "verify"}},
    .parts = TUI_PART_AUDIT,
    .state_size = sizeof(struct audit),
    .draw = draw,
    .act = act,
    .rows = rows,
};
