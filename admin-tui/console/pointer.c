/* SPDX-License-Identifier: Apache-2.0 */
/* The mouse: views, rows, scrolling. */
#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/term.h"
#include "shared/base/clock.h"

enum {
    WHEEL_ROWS = 3,          /* that a step of the wheel moves by */
    DOUBLE_CLICKS_PER_S = 2, /* two presses within half a second are one */
};

/* The list of the view, unless a page stands over it. */
static struct tui_list *shown_list(struct tui_app *app)
{
    struct tui_view *view = &app->views[app->current];
    struct tui_table table;
    bool is_covered = app->desk.page.is_open && !app->is_split;
    return is_covered || view->ops->rows == NULL ? NULL : view->ops->rows(view, &table);
}

/* The second one of a double click means the row of the first, which new rows may have moved. */
static bool is_double_click(struct tui_app *app, int x, int y)
{
    int64_t now_ns = zta_clock_monotonic_ns();
    bool is_second = app->clicked.at_ns != 0 && x == app->clicked.x && y == app->clicked.y &&
                     now_ns - app->clicked.at_ns < ZTA_NS_PER_S / DOUBLE_CLICKS_PER_S;
    app->clicked.x = x;
    app->clicked.y = y;
    app->clicked.at_ns = is_second ? 0 : now_ns;
    return is_second;
}

/* What the line below names, as by its key. */
static void click_hint(struct tui_app *app, int x)
{
    for (size_t i = 0; i < app->n_hints; i++) {
        if (x >= app->hints[i].from && x < app->hints[i].to) {
            tui_app_do(app, app->hints[i].action, TUI_KEY_NONE);
            return;
        }
    }
}

/* By the column whose title that is. */
static void click_title(struct tui_app *app, int x, int y)
{
    struct tui_view *view = &app->views[app->current];
    struct tui_table table;
    const struct tui_list *list = view->ops->rows(view, &table);
    const size_t column = tui_list_title_at(list, &table, x, y);
    if (column < table.n_columns &&
        (view->ops->sort_by == NULL || !view->ops->sort_by(view, column))) {
        tui_complain(&app->desk, "rows are not sorted by that");
    }
}

/* A row that is chosen already is opened, as by Enter. */
static void click(struct tui_app *app, struct tui_list *list, int x, int y)
{
    struct tui_view *view = &app->views[app->current];
    size_t row;
    if (y == app->height - 1) {
        click_hint(app, x);
        return;
    }
    if (y == 0) {
        size_t to = tui_frame_view_at(app, app->width, x);
        app->clicked.at_ns = 0;
        if (to < app->n_views) {
            tui_app_go_to(app, to);
        }
        return;
    }
    if (list == NULL) {
        return;
    }
    if (!tui_list_row_at(list, x, y, &row)) {
        click_title(app, x, y);
        return;
    }
    bool is_opened = is_double_click(app, x, y) || row == list->selected;
    if (!is_opened) {
        tui_list_select(list, row);
    }
    if (is_opened || app->desk.page.is_open) {
        (void)view->ops->act(view, TUI_ACTION_DETAIL);
    }
}

void tui_app_pointer(struct tui_app *app, int key, int x, int y)
{
    struct tui_page *page = &app->desk.page;
    struct tui_list *list = shown_list(app);
    size_t row;
    if (app->desk.dialog.step != TUI_DIALOG_CLOSED || app->prompt.is_open ||
        app->desk.draft.step != TUI_DRAFT_CLOSED) {
        return;
    }
    app->desk.message[0] = '\0';
    if (app->menu.is_open) {
        if (key == TUI_KEY_CLICK && tui_menu_click(&app->menu, x, y) == TUI_MENU_CHOSEN) {
            tui_app_chosen(app);
        }
        return;
    }
    if (key == TUI_KEY_CLICK) {
        click(app, list, x, y);
        return;
    }
    app->clicked.at_ns = 0;
    bool is_list = list != NULL && (!page->is_open || tui_list_row_at(list, x, y, &row));
    for (int i = 0; i < WHEEL_ROWS; i++) {
        enum tui_action action = key == TUI_KEY_WHEEL_UP ? TUI_ACTION_UP : TUI_ACTION_DOWN;
        if (is_list) {
            tui_app_move_in_list(app, action);
        }
        else if (page->is_open) {
            (void)tui_page_move(page, action);
        }
    }
}
