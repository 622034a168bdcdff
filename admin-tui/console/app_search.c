/* SPDX-License-Identifier: Apache-2.0 */
/* `/`: to the hit as it is typed, back to where one was by Escape, on by n and N. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"

static struct tui_list *list_of(struct tui_app *app, struct tui_table *table)
{
    struct tui_view *view = &app->views[app->current];
    return view->ops->rows == NULL ? NULL : view->ops->rows(view, table);
}

/* Which hit it is, and of how many. */
static void tell_place(struct tui_app *app, size_t place, size_t n)
{
    tui_say(&app->desk, "hit %zu of %zu", place, n);
}

static void search_page(struct tui_app *app, bool is_back)
{
    size_t place = 0;
    size_t n = 0;
    if (!tui_page_search(&app->desk.page, app->searched, is_back)) {
        tui_complain(&app->desk, "'%s' is not on this page", app->searched);
        return;
    }
    tui_page_count(&app->desk.page, app->searched, &place, &n);
    tell_place(app, place, n);
}

static void search_list(struct tui_app *app, struct tui_list *list, const struct tui_table *table,
                        bool is_back)
{
    size_t place = 0;
    size_t n = 0;
    if (!tui_list_search(list, table, app->searched, is_back)) {
        tui_complain(&app->desk, "no row has '%s'", app->searched);
        return;
    }
    tui_list_count(list, table, app->searched, &place, &n);
    tell_place(app, place, n);
}

void tui_app_search(struct tui_app *app, bool is_back)
{
    struct tui_table table;
    struct tui_list *list = list_of(app, &table);
    if (app->searched[0] == '\0') {
        tui_complain(&app->desk, "/ searches");
    }
    else if (app->desk.page.is_open) {
        search_page(app, is_back);
    }
    else if (list == NULL) {
        tui_complain(&app->desk, "nothing to search here");
    }
    else {
        search_list(app, list, &table, is_back);
    }
}

/* Where the search began. */
static void put_back(struct tui_app *app)
{
    struct tui_table table;
    struct tui_list *list = list_of(app, &table);
    const struct tui_search *search = &app->search;
    if (app->desk.page.is_open) {
        app->desk.page.top = search->top;
        app->desk.page.found.len = 0;
    }
    else if (list != NULL) {
        list->top = (size_t)search->top;
        tui_list_select(list, search->selected);
    }
}

bool tui_app_search_begin(struct tui_app *app)
{
    struct tui_table table;
    struct tui_list *list = list_of(app, &table);
    const bool is_page = app->desk.page.is_open;
    if (!is_page && list == NULL) {
        return false;
    }
    app->search = (struct tui_search){.top = is_page ? app->desk.page.top : (int)list->top,
                                      .selected = is_page ? 0 : list->selected};
    (void)snprintf(app->search.former, sizeof app->search.former, "%s", app->searched);
    app->desk.page.found.len = 0;
    return true;
}

/* From where it began on, the row there too. */
void tui_app_search_typed(struct tui_app *app)
{
    struct tui_table table;
    struct tui_list *list = list_of(app, &table);
    put_back(app);
    (void)snprintf(app->searched, sizeof app->searched, "%s", app->prompt.text);
    if (app->searched[0] == '\0') {
        return;
    }
    if (!app->desk.page.is_open && list->n > 0) {
        /* The search looks behind the row that is selected. */
        list->selected = list->selected == 0 ? list->n - 1 : list->selected - 1;
    }
    tui_app_search(app, false);
    if (app->desk.is_complaint) {
        put_back(app);
    }
}

void tui_app_search_end(struct tui_app *app, bool is_cancelled)
{
    if (is_cancelled) {
        put_back(app);
        app->searched[0] = '\0';
    }
    else if (app->prompt.len == 0) {
        /* Enter alone: what was searched for before. */
        (void)snprintf(app->searched, sizeof app->searched, "%s", app->search.former);
        tui_app_search(app, false);
    }
    else {
        tui_app_search_typed(app);
    }
}
