/* SPDX-License-Identifier: Apache-2.0 */
/* Below a detail stands where its row leads; Tab goes over that, Enter goes there. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"

/* What is chosen is shown as a hit of a search is. */
static void show_chosen(struct tui_app *app)
{
    struct tui_page *page = &app->desk.page;
    if (app->link > 0 && app->link <= page->n_links) {
        page->found = page->links[app->link - 1];
        page->is_sought = true;
    }
}

static bool is_detail(const struct tui_app *app)
{
    return app->desk.page.is_open && !app->is_help && !app->desk.page.is_plain;
}

void tui_app_link_page(struct tui_app *app)
{
    struct tui_view *view = &app->views[app->current];
    struct tui_page *page = &app->desk.page;
    char former[sizeof app->linked.id];
    if (!is_detail(app) || page->is_linked || view->ops->row == NULL) {
        return;
    }
    page->is_linked = true;
    (void)snprintf(former, sizeof former, "%s", app->linked.id);
    if (!view->ops->row(view, &app->linked)) {
        return;
    }
    /* A page that is read anew keeps what was chosen on it. */
    app->link = strcmp(former, app->linked.id) == 0 ? app->link : 0;
    for (size_t i = 0; i < app->linked.n_jumps; i++) {
        tui_page_link(page, app->linked.jumps[i].name);
    }
    show_chosen(app);
}

bool tui_app_next_link(struct tui_app *app, bool is_back)
{
    const struct tui_page *page = &app->desk.page;
    tui_app_link_page(app);
    if (!is_detail(app) || page->n_links == 0) {
        return false;
    }
    const size_t n = page->n_links + 1; /* none is chosen in between */
    app->link = (app->link + (is_back ? n - 1 : 1)) % n;
    app->desk.page.found.len = 0;
    show_chosen(app);
    return true;
}

bool tui_app_follow_link(struct tui_app *app)
{
    if (!is_detail(app) || app->link == 0 || app->link > app->desk.page.n_links) {
        return false;
    }
    const struct tui_jump jump = app->linked.jumps[app->link - 1];
    tui_app_jump(app, &jump);
    return true;
}

void tui_app_choose_link(struct tui_app *app, size_t link)
{
    tui_app_link_page(app);
    app->link = link;
    show_chosen(app);
}
