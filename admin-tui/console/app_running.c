/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody waits for: commands that run, whatever began them, how far they are, their end. */
#include <stdio.h>

#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/listing.h"
#include "admin-tui/console/progress.h"
#include "shared/base/clock.h"

/* Rows that are not there yet, or are of a former filter or order; NULL: none are awaited. */
static struct tui_rows *awaited_rows(const struct tui_app *app)
{
    const struct tui_view *view = &app->views[app->current];
    struct tui_rows *rows = view->ops->listing == NULL ? NULL : view->state;
    return rows != NULL && rows->feed.pid != 0 && (rows->all == NULL || rows->is_awaited) ? rows
                                                                                          : NULL;
}

/* What runs on the page, or for the rule that is written. */
static const struct tui_shell *running_shell(const struct tui_app *app)
{
    const struct tui_shell *of_draft = &app->desk.draft.shell;
    return of_draft->pid != 0 ? of_draft : &app->shell;
}

bool tui_app_running(const struct tui_app *app, struct tui_running *running)
{
    const struct tui_rows *rows = awaited_rows(app);
    const struct tui_shell *shell = running_shell(app);
    if (shell->pid != 0 && !shell->is_endless) {
        (void)snprintf(running->words, sizeof running->words, "%s",
                       shell->doing[0] == '\0' ? "running" : shell->doing);
        running->percent = shell->percent;
        running->ns = zta_clock_monotonic_ns() - shell->begun_ns;
    }
    else if (app->copying.pid != 0) {
        (void)snprintf(running->words, sizeof running->words, "reading %.48s", app->row.name);
        running->percent = app->copying.percent;
        running->ns = app->model->now_ns - app->copying.begun_ns;
    }
    else if (rows != NULL) {
        (void)snprintf(running->words, sizeof running->words, "reading %ss",
                       app->views[app->current].ops->listing->noun);
        running->percent = rows->feed.percent;
        running->ns = app->model->now_ns - rows->feed.begun_ns;
    }
    else {
        return false;
    }
    return running->ns >= TUI_PROGRESS_FROM_NS;
}

bool tui_app_running_moves(struct tui_app *app)
{
    struct tui_running running;
    const int64_t step = tui_app_running(app, &running) ? 1 + running.ns / TUI_PROGRESS_STEP_NS : 0;
    const bool has_moved = step != app->progress_step;
    app->progress_step = step;
    return has_moved;
}

bool tui_app_stop_running(struct tui_app *app)
{
    struct tui_view *view = &app->views[app->current];
    if (app->copying.pid != 0) {
        tui_feed_close(&app->copying);
        return true;
    }
    if (awaited_rows(app) != NULL) {
        tui_listing_stop(view);
        return true;
    }
    return false;
}
