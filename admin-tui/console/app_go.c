/* SPDX-License-Identifier: Apache-2.0 */
/* Where one is, was, and can go from a row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"

static struct tui_view *current(struct tui_app *app)
{
    return &app->views[app->current];
}

bool tui_app_row(struct tui_app *app, struct tui_row *row)
{
    struct tui_view *view = current(app);
    if (view->ops->row == NULL || !view->ops->row(view, row)) {
        tui_complain(&app->desk, "there is no row");
        return false;
    }
    return true;
}

/* ---- places ---- */

/* As it is left, to be come back to. */
static void leave(struct tui_app *app)
{
    static struct tui_row row; /* too large for a stack */
    struct tui_view *view = current(app);
    struct tui_place *place = &app->places[app->place];
    const bool is_row = view->ops->row != NULL && view->ops->row(view, &row);
    const char *filter = view->ops->filter == NULL ? "" : view->ops->filter(view);
    (void)snprintf(place->filter, sizeof place->filter, "%s", filter);
    (void)snprintf(place->id, sizeof place->id, "%s", is_row ? row.id : "");
    (void)snprintf(place->left, sizeof place->left, "%s", is_row ? row.name : "");
    place->is_open = app->desk.page.is_open && !app->is_help && !app->desk.page.is_plain;
    place->link = app->link;
    app->is_arriving = false;
}

static void set_filter(struct tui_app *app, size_t i, const char *text)
{
    struct tui_view *view = &app->views[i];
    if (view->ops->set_filter != NULL && strcmp(view->ops->filter(view), text) != 0) {
        (void)view->ops->set_filter(view, text);
    }
}

static void enter(struct tui_app *app)
{
    const struct tui_place *place = &app->places[app->place];
    tui_app_close_page(app);
    app->current = place->view;
    set_filter(app, place->view, place->filter);
    app->is_arriving = place->id[0] != '\0' && current(app)->ops->seek != NULL;
}

static struct tui_place *next_place(struct tui_app *app)
{
    if (app->place + 1 == TUI_HISTORY_MAX) {
        memmove(app->places, app->places + 1, sizeof app->places - sizeof app->places[0]);
        app->place--;
    }
    struct tui_place *place = &app->places[++app->place];
    app->n_places = app->place + 1;
    memset(place, 0, sizeof *place);
    return place;
}

/* What jumps made of filters was for the trail alone. */
static void leave_trail(struct tui_app *app)
{
    for (size_t i = 0; i < app->n_views; i++) {
        if (app->has_own[i]) {
            app->has_own[i] = false;
            set_filter(app, i, app->own[i]);
        }
    }
}

void tui_app_note_filter(struct tui_app *app)
{
    if (!app->places[app->place].is_jump) {
        app->has_own[app->current] = false;
    }
}

void tui_app_go_to(struct tui_app *app, size_t i)
{
    if (i >= app->n_views || (i == app->current && !app->places[app->place].is_jump)) {
        tui_app_close_page(app);
        return;
    }
    leave(app);
    leave_trail(app);
    struct tui_view *view = &app->views[i];
    struct tui_place *place = next_place(app);
    place->view = i;
    if (view->ops->filter != NULL) {
        (void)snprintf(place->filter, sizeof place->filter, "%s", view->ops->filter(view));
    }
    enter(app);
}

static size_t view_of(const struct tui_app *app, const struct tui_view_ops *ops)
{
    size_t i = 0;
    while (i < app->n_views && app->views[i].ops != ops) {
        i++;
    }
    return i;
}

void tui_app_jump(struct tui_app *app, const struct tui_jump *jump)
{
    const size_t to = view_of(app, jump->to);
    if (to == app->n_views) {
        return;
    }
    struct tui_view *view = &app->views[to];
    leave(app);
    if (!app->has_own[to] && view->ops->filter != NULL) {
        app->has_own[to] = true;
        (void)snprintf(app->own[to], sizeof app->own[to], "%s", view->ops->filter(view));
    }
    struct tui_place *place = next_place(app);
    place->view = to;
    place->is_jump = true;
    place->is_open = jump->id[0] != '\0';
    (void)snprintf(place->name, sizeof place->name, "%s", jump->name);
    (void)snprintf(place->filter, sizeof place->filter, "%s", jump->filter);
    (void)snprintf(place->id, sizeof place->id, "%s", jump->id);
    enter(app);
}

void tui_app_go_in_history(struct tui_app *app, bool is_back)
{
    if (is_back ? app->place > 0 : app->place + 1 < app->n_places) {
        leave(app);
        app->place = is_back ? app->place - 1 : app->place + 1;
        enter(app);
    }
}

bool tui_app_leave_jump(struct tui_app *app)
{
    if (!app->places[app->place].is_jump || app->place == 0) {
        return false;
    }
    tui_app_go_in_history(app, true);
    return true;
}

void tui_app_arrive(struct tui_app *app)
{
    struct tui_view *view = current(app);
    const struct tui_place *place = &app->places[app->place];
    switch (view->ops->seek(view, place->id)) {
    case TUI_SOUGHT_NOT_YET:
        return;
    case TUI_SOUGHT_FOUND:
        if (place->is_open) {
            (void)view->ops->act(view, TUI_ACTION_DETAIL);
            tui_app_choose_link(app, place->link);
        }
        break;
    case TUI_SOUGHT_NONE:
        if (place->is_jump) {
            tui_complain(&app->desk, "%s is not here, or not any more", place->name);
        }
        break;
    }
    app->is_arriving = false;
}

/* ---- from a row ---- */

void tui_app_go_related(struct tui_app *app)
{
    struct tui_row *row = &app->row;
    if (!tui_app_row(app, row)) {
        return;
    }
    if (row->n_jumps == 0) {
        tui_complain(&app->desk, "this row leads nowhere");
        return;
    }
    if (row->n_jumps == 1) {
        tui_app_jump(app, &row->jumps[0]);
        return;
    }
    tui_menu_open(&app->menu, "Go to");
    app->choosing = TUI_CHOOSING_JUMP;
    for (size_t i = 0; i < row->n_jumps; i++) {
        tui_menu_add(&app->menu, "%s", row->jumps[i].name);
    }
}

enum {
    COPY_JSON = 1, /* of the menu */
};

static void copy_text(struct tui_app *app, const char *what, const char *text)
{
    if (strlen(text) >= sizeof app->desk.copied) {
        tui_complain(&app->desk, "too long for a clipboard");
        return;
    }
    (void)snprintf(app->desk.copied, sizeof app->desk.copied, "%s", text);
    if (app->has_no_clipboard) {
        tui_complain(&app->desk, "this terminal takes no copies: %s", what);
    }
    else {
        tui_say(&app->desk, "copied %s", what);
    }
}

void tui_app_copy(struct tui_app *app)
{
    if (tui_app_row(app, &app->row)) {
        copy_text(app, app->row.id, app->row.id);
    }
}

void tui_app_choose_copy(struct tui_app *app)
{
    struct tui_row *row = &app->row;
    if (!tui_app_row(app, row)) {
        return;
    }
    tui_menu_open(&app->menu, "Copy");
    app->choosing = TUI_CHOOSING_COPY;
    tui_menu_add(&app->menu, "id: %s", row->id);
    tui_menu_add(&app->menu, "JSON");
    tui_menu_add(&app->menu, "command: ztactl %s", row->command);
}

static void copy_json(struct tui_app *app, const json_t *json)
{
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY);
    char what[TUI_NAME_SIZE + 16];
    (void)snprintf(what, sizeof what, "%s as JSON", app->row.name);
    copy_text(app, what, text == NULL ? "" : text);
    free(text);
}

/* What the command that shows the row prints, where the view has no JSON of it. */
static void begin_copy(struct tui_app *app)
{
    struct tui_view *view = current(app);
    if (view->ops->row(view, &app->row) && app->row.json != NULL) {
        copy_json(app, app->row.json);
        return;
    }
    tui_feed_begin(&app->copying, app->model->ctl, app->row.command, app->model->now_ns);
    tui_say(&app->desk, "reading %s ...", app->row.name);
}

/* Of a list, the object with that id; NULL: there is none. */
static const json_t *find_row(const json_t *list, const char *id)
{
    const json_t *row;
    char text[32];
    size_t i;
    json_array_foreach(list, i, row)
    {
        const json_t *value = json_object_get(row, "id");
        (void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        if (strcmp(json_is_string(value) ? json_string_value(value) : text, id) == 0) {
            return row;
        }
    }
    return NULL;
}

bool tui_app_go_on_copying(struct tui_app *app)
{
    json_t *json = NULL;
    if (app->copying.pid == 0 || !tui_feed_go_on(&app->copying, &json)) {
        return false;
    }
    const json_t *one = json_is_array(json) ? find_row(json, app->row.id) : json;
    if (one == NULL) {
        tui_complain(&app->desk, "%s",
                     json == NULL ? app->copying.fault : "it is not listed any more");
    }
    else {
        copy_json(app, one);
    }
    json_decref(json);
    return true;
}

void tui_app_chosen(struct tui_app *app)
{
    char command[sizeof app->row.command + 8];
    const size_t i = app->menu.list.selected;
    if (app->choosing == TUI_CHOOSING_JUMP) {
        tui_app_jump(app, &app->row.jumps[i]);
        return;
    }
    (void)snprintf(command, sizeof command, "ztactl %s", app->row.command);
    if (i == COPY_JSON) {
        begin_copy(app);
    }
    else {
        const char *text = i == 0 ? app->row.id : command;
        copy_text(app, text, text);
    }
}
