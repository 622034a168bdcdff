/* SPDX-License-Identifier: Apache-2.0 */
/* From keys to views. */
#include "admin-tui/console/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"

enum {
    SPLIT_HEIGHT = 26,  /* of the body, from which on a detail stands below its list */
    BESIDE_WIDTH = 160, /* from which on it stands beside it */
    LIST_FRAME = 2,     /* lines of a list that are no rows */
};

enum zta_status tui_app_open(struct tui_app *app, struct tui_model *model)
{
    app->model = model;
    for (size_t i = 0; i < TUI_N_VIEWS; i++) {
        struct tui_view *view = &app->views[i];
        view->ops = tui_view_at(i);
        view->model = model;
        view->desk = &app->desk;
        view->state = calloc(1, view->ops->state_size == 0 ? 1 : view->ops->state_size);
        if (view->state == NULL) {
            tui_app_close(app);
            return ZTA_NO_MEMORY;
        }
        app->n_views++;
    }
    app->n_places = 1;
    return ZTA_OK;
}

void tui_app_close(struct tui_app *app)
{
    tui_shell_stop(&app->shell);
    tui_draft_close(&app->desk.draft);
    tui_feed_close(&app->copying);
    for (size_t i = 0; i < app->n_views; i++) {
        if (app->views[i].ops->close != NULL) {
            app->views[i].ops->close(&app->views[i]);
        }
        free(app->views[i].state);
    }
    app->n_views = 0;
}

static struct tui_view *current(struct tui_app *app)
{
    return &app->views[app->current];
}

/* Help and what a command printed are about no row: they stand over the view, whatever room. */
static bool is_alone(const struct tui_app *app)
{
    return app->is_help || app->desk.page.is_plain;
}

bool tui_app_refresh(struct tui_app *app, int64_t now_ns)
{
    unsigned parts = current(app)->ops->parts;
    if (app->is_paused && (parts & TUI_PART_TAIL) == 0) {
        return false;
    }
    struct tui_view *view = current(app);
    bool is_new = tui_model_refresh(app->model, parts, now_ns);
    is_new |= view->ops->refresh != NULL && view->ops->refresh(view, now_ns);
    if (app->is_arriving) {
        tui_app_arrive(app);
        is_new = true;
    }
    return is_new;
}

bool tui_app_is_busy(const struct tui_app *app)
{
    const unsigned parts = app->views[app->current].ops->parts;
    return !app->is_paused && (parts & TUI_PART_SESSIONS) != 0 && tui_model_is_busy(app->model);
}

void tui_app_close_page(struct tui_app *app)
{
    tui_shell_stop(&app->shell);
    app->desk.page.is_open = false;
    app->is_help = false;
    app->link = 0;
}

/* ---- asking ---- */

static void answer(struct tui_app *app)
{
    struct tui_view *view = current(app);
    enum tui_asking asking = app->asking;
    app->asking = TUI_ASKING_NOTHING;
    switch (asking) {
    case TUI_ASKING_NOTHING:
        break;
    case TUI_ASKING_SEARCH:
        tui_app_search_end(app, false);
        break;
    case TUI_ASKING_FILTER:
        if (!view->ops->set_filter(view, app->prompt.text)) {
            /* To be put right, not typed again. */
            app->prompt.is_open = true;
            app->asking = TUI_ASKING_FILTER;
            break;
        }
        tui_app_note_filter(app);
        break;
    case TUI_ASKING_ANSWER:
        tui_app_answered(app);
        break;
    case TUI_ASKING_COMMAND:
        if (!tui_app_command(app)) {
            app->prompt.is_open = true;
            app->asking = TUI_ASKING_COMMAND;
        }
        break;
    }
}

static void ask(struct tui_app *app, enum tui_asking asking)
{
    struct tui_view *view = current(app);
    const bool can =
        asking == TUI_ASKING_FILTER ? view->ops->set_filter != NULL : tui_app_search_begin(app);
    if (!can) {
        tui_complain(&app->desk, "nothing to %s here",
                     asking == TUI_ASKING_FILTER ? "filter" : "search");
        return;
    }
    app->asking = asking;
    if (asking == TUI_ASKING_FILTER) {
        tui_prompt_open(&app->prompt, "filter:", view->ops->filter(view));
    }
    else {
        tui_prompt_open(&app->prompt, "search:", NULL);
    }
}

/* ---- keys ---- */

void tui_app_move_in_list(struct tui_app *app, enum tui_action action)
{
    struct tui_view *view = current(app);
    bool had_page = app->desk.page.is_open && !is_alone(app);
    struct tui_table table;
    struct tui_list *list = view->ops->rows == NULL ? NULL : view->ops->rows(view, &table);
    if (list != NULL && tui_list_move(list, action) && had_page) {
        (void)view->ops->act(view, TUI_ACTION_DETAIL);
    }
}

static bool is_movement(enum tui_action action)
{
    return action >= TUI_ACTION_DOWN && action <= TUI_ACTION_BOTTOM;
}

/* With a page below, single steps are the list's and pages the page's. */
static void move(struct tui_app *app, enum tui_action action)
{
    struct tui_page *page = &app->desk.page;
    bool is_step = action != TUI_ACTION_PAGE_DOWN && action != TUI_ACTION_PAGE_UP;
    if (page->is_open && !(app->is_split && is_step)) {
        (void)tui_page_move(page, action);
        return;
    }
    tui_app_move_in_list(app, action);
}

static void quit(struct tui_app *app, int key)
{
    if (app->desk.page.is_open) {
        tui_app_close_page(app);
    }
    else if (key == TUI_KEY_ESCAPE && tui_app_stop_running(app)) {
        tui_say(&app->desk, "stopped");
    }
    else if (key == TUI_KEY_ESCAPE && app->searched[0] != '\0') {
        app->searched[0] = '\0';
    }
    else if (key == TUI_KEY_ESCAPE && tui_app_is_busy(app) && tui_model_stop(app->model)) {
        tui_say(&app->desk, "stopped; what was found so far is shown");
    }
    else if (!tui_app_leave_jump(app) && key != TUI_KEY_ESCAPE) {
        app->is_over = true;
    }
}

static void pause(struct tui_app *app)
{
    app->is_paused = !app->is_paused;
    tui_model_hold(app->model, app->is_paused);
}

/* What the view has, the action of its row, else what was done last from here. */
static void undo(struct tui_app *app)
{
    struct tui_view *view = current(app);
    if (view->ops->act(view, TUI_ACTION_UNDO)) {
        return;
    }
    if (view->ops->row != NULL && view->ops->row(view, &app->row) && app->row.undo[0] != '\0') {
        tui_app_command_open(app, app->row.undo, TUI_PROPOSAL_TRIAL);
    }
    else if (!tui_dialog_begin_undo(&app->desk.dialog) && !tui_app_undo_last(app)) {
        tui_complain(&app->desk, "nothing was done from here that could be taken back");
    }
}

/* What asks for text, or about the row; false: something else. */
static bool act_alike(struct tui_app *app, enum tui_action action)
{
    switch ((int)action) {
    case TUI_ACTION_DETAIL:
        return tui_app_follow_link(app);
    case TUI_ACTION_RELATED:
        if (!tui_app_follow_link(app)) {
            tui_app_go_related(app);
        }
        return true;
    case TUI_ACTION_COPY:
        tui_app_copy(app);
        return true;
    case TUI_ACTION_COPY_AS:
        tui_app_choose_copy(app);
        return true;
    case TUI_ACTION_SEARCH:
        ask(app, TUI_ASKING_SEARCH);
        return true;
    case TUI_ACTION_FILTER:
        ask(app, TUI_ASKING_FILTER);
        return true;
    case TUI_ACTION_SEARCH_NEXT:
    case TUI_ACTION_SEARCH_FORMER:
        tui_app_search(app, action == TUI_ACTION_SEARCH_FORMER);
        return true;
    case TUI_ACTION_DENY:
    case TUI_ACTION_LIMIT:
        tui_app_write_rule(app, action == TUI_ACTION_LIMIT);
        return true;
    case TUI_ACTION_COMMAND:
        tui_app_command_open(app, NULL, TUI_PROPOSAL_NONE);
        return true;
    default:
        return false;
    }
}

/* In an open detail Tab is about where it leads; arrows are about views everywhere. */
static void go_on(struct tui_app *app, bool is_back, int key)
{
    const bool is_tab = key != TUI_KEY_RIGHT && key != TUI_KEY_LEFT;
    if (!is_tab || !tui_app_next_link(app, is_back)) {
        tui_app_go_to(app, (app->current + (is_back ? app->n_views - 1 : 1)) % app->n_views);
    }
}

static void act_on_frame(struct tui_app *app, enum tui_action action, int key)
{
    struct tui_view *view = current(app);
    switch ((int)action) {
    case TUI_ACTION_NEXT_VIEW:
    case TUI_ACTION_FORMER_VIEW:
        go_on(app, action == TUI_ACTION_FORMER_VIEW, key);
        break;
    case TUI_ACTION_BACK:
    case TUI_ACTION_FORTH:
        tui_app_go_in_history(app, action == TUI_ACTION_BACK);
        break;
    case TUI_ACTION_PAUSE:
        pause(app);
        break;
    case TUI_ACTION_UNDO:
        undo(app);
        break;
    case TUI_ACTION_THEME:
        app->theme = (enum tui_theme)(((int)app->theme + 1) % TUI_N_THEMES);
        tui_say(&app->desk, "theme %s", tui_theme_name(app->theme));
        break;
    case TUI_ACTION_MOUSE:
        app->has_no_mouse = !app->has_no_mouse;
        tui_say(&app->desk, "mouse %s", app->has_no_mouse ? "off: the terminal selects" : "on");
        break;
    case TUI_ACTION_REDRAW:
        app->is_redraw_due = true;
        break;
    case TUI_ACTION_HELP:
        tui_frame_help(app, &app->desk.page);
        app->is_help = true;
        break;
    case TUI_ACTION_QUIT:
        quit(app, key);
        break;
    default:
        if (action != TUI_ACTION_NONE && !view->ops->act(view, action)) {
            tui_complain(&app->desk, "that key means nothing here; ? lists them");
        }
    }
}

static void act(struct tui_app *app, enum tui_action action, int key)
{
    if (app->model->read_only[0] != '\0' && tui_key_changes(action)) {
        tui_complain(&app->desk, "read-only: %s", app->model->read_only);
        return;
    }
    if (!act_alike(app, action)) {
        act_on_frame(app, action, key);
    }
    if (app->desk.proposal[0] != '\0') {
        tui_app_command_open(app, app->desk.proposal, TUI_PROPOSAL_TRIAL);
        app->desk.proposal[0] = '\0';
    }
    if (app->desk.look[0] != '\0') {
        tui_app_command_look(app, app->desk.look);
        app->desk.look[0] = '\0';
    }
    if (app->desk.jump.to != NULL) {
        const struct tui_jump jump = app->desk.jump;
        app->desk.jump.to = NULL;
        tui_app_jump(app, &jump);
    }
}

void tui_app_do(struct tui_app *app, enum tui_action action, int key)
{
    if (is_movement(action)) {
        move(app, action);
    }
    else {
        act(app, action, key);
    }
}

static void tell(struct tui_app *app, const struct tui_dialog_said *said)
{
    if (said->text[0] != '\0') {
        (said->is_complaint ? tui_complain : tui_say)(&app->desk, "%s", said->text);
    }
}

/* What is typed is looked at at once: a search moves, a filter that is none says why. */
static void look_at_typed(struct tui_app *app)
{
    struct tui_view *view = current(app);
    struct zta_error error = {.status = ZTA_OK};
    if (app->asking == TUI_ASKING_SEARCH) {
        tui_app_search_typed(app);
    }
    else if (app->asking == TUI_ASKING_FILTER && view->ops->check_filter != NULL &&
             view->ops->check_filter(view, app->prompt.text, &error) != ZTA_OK) {
        tui_complain(&app->desk, "%s", error.text);
    }
}

static void type(struct tui_app *app, int key)
{
    switch (tui_prompt_key(&app->prompt, key)) {
    case TUI_PROMPT_DONE:
        answer(app);
        break;
    case TUI_PROMPT_CANCELLED:
        if (app->asking == TUI_ASKING_SEARCH) {
            tui_app_search_end(app, true);
        }
        if (app->asking == TUI_ASKING_ANSWER) {
            tui_say(&app->desk, "nothing was changed");
        }
        break;
    case TUI_PROMPT_GOES_ON:
        look_at_typed(app);
        break;
    }
}

/*
 * Pasted text is typed where text is asked for, in one line, and nowhere a key. Escape is never
 * pasted: whoever presses it waits for an end that did not come.
 */
static bool take_pasted(struct tui_app *app, int *key)
{
    if (*key == TUI_KEY_ESCAPE) {
        app->is_pasting = false;
        return true;
    }
    const bool is_asked = app->prompt.is_open || app->desk.dialog.step != TUI_DIALOG_CLOSED;
    if (!is_asked) {
        tui_complain(&app->desk, "pasted text is not taken for keys");
    }
    *key = *key == TUI_KEY_ENTER || *key == TUI_KEY_TAB ? ' ' : *key;
    return is_asked;
}

void tui_app_key(struct tui_app *app, int key)
{
    struct tui_dialog_said said = {.text = ""};
    if (key == TUI_KEY_NONE || key == TUI_KEY_RESIZE) {
        return;
    }
    if (key == TUI_KEY_PASTED && app->is_pasting) {
        app->is_pasting = false; /* what was said of it stays */
        return;
    }
    app->desk.message[0] = '\0';
    if (app->desk.draft.step != TUI_DRAFT_CLOSED) {
        tui_draft_key(&app->desk.draft, app->model, key, &said);
        tell(app, &said);
        return;
    }
    if (key == TUI_KEY_PASTE) {
        app->is_pasting = true;
        return;
    }
    if (app->is_pasting && !take_pasted(app, &key)) {
        return;
    }
    if (app->desk.dialog.step != TUI_DIALOG_CLOSED) {
        tui_dialog_key(&app->desk.dialog, app->model, key, &said);
        tell(app, &said);
        return;
    }
    if (app->prompt.is_open && app->asking == TUI_ASKING_COMMAND && tui_app_command_key(app, key)) {
        return;
    }
    if (app->prompt.is_open) {
        type(app, key);
        return;
    }
    if (app->menu.is_open) {
        if (tui_menu_key(&app->menu, key) == TUI_MENU_CHOSEN) {
            tui_app_chosen(app);
        }
        return;
    }
    app->is_arriving = false;
    enum tui_action action = tui_key_action(key);
    if (key >= '0' && key <= '9') {
        tui_app_go_to(app, key == '0' ? 9 : (size_t)(key - '1'));
    }
    else {
        tui_app_do(app, action, key);
    }
}

bool tui_app_go_on(struct tui_app *app)
{
    struct tui_dialog_said said = {.text = ""};
    bool has_gone_on = tui_dialog_go_on(&app->desk.dialog, app->model, &said);
    has_gone_on |= tui_draft_go_on(&app->desk.draft, app->model, &said);
    tell(app, &said);
    if (app->desk.draft.written != 0) {
        tui_app_did(app, app->desk.draft.written);
        app->desk.draft.written = 0;
    }
    if (!app->desk.page.is_plain) {
        /* Something else was opened over what it printed. */
        tui_shell_stop(&app->shell);
    }
    const bool was_running = app->shell.pid != 0;
    has_gone_on |= tui_shell_go_on(&app->shell, &app->desk.page);
    has_gone_on |= tui_app_go_on_copying(app);
    if (was_running && app->shell.pid == 0) {
        tui_app_command_ended(app);
    }
    return has_gone_on | tui_app_running_moves(app);
}

/* ---- drawing ---- */

/* Lines that the list needs above its detail, at most half of them. */
static int lines_above(struct tui_app *app, int height, int width)
{
    struct tui_view *view = current(app);
    struct tui_table table;
    const struct tui_list *list = view->ops->rows == NULL ? NULL : view->ops->rows(view, &table);
    int half = height - height / 2;
    int list_lines = list == NULL || list->n > (size_t)half ? half : (int)list->n + LIST_FRAME;
    int left = height - tui_page_lines(&app->desk.page, width);
    int wanted = list_lines < half ? list_lines : half;
    return left > wanted ? left : wanted;
}

/* A detail stands beside its list where it is wide, below it where it is high, else over it. */
static void draw_split(struct tui_app *app, const struct tui_area *body)
{
    struct tui_view *view = current(app);
    bool is_beside = body->width >= BESIDE_WIDTH;
    int first = is_beside ? body->width * 3 / 5 : lines_above(app, body->height, body->width);
    struct tui_area list =
        is_beside ? tui_area_part(body, 0, 0, first - 1, -1) : tui_area_part(body, 0, 0, -1, first);
    struct tui_area rest =
        is_beside ? tui_area_part(body, first, 0, -1, -1) : tui_area_part(body, 0, first, -1, -1);
    view->ops->draw(view, &list);
    for (int y = 0; is_beside && y < body->height; y++) {
        (void)tui_put_glyph(body, first - 1, y, TUI_ROLE_BORDER, TUI_GLYPH_SIDE);
    }
    tui_page_draw(&rest, &app->desk.page);
}

/* What is searched for is seen in every row that has it. */
static void show_hits(struct tui_app *app)
{
    struct tui_view *view = current(app);
    struct tui_table table;
    struct tui_list *list = view->ops->rows == NULL ? NULL : view->ops->rows(view, &table);
    if (list != NULL) {
        list->searched = app->desk.page.is_open ? NULL : app->searched;
    }
}

static void draw_body(struct tui_app *app, const struct tui_area *body)
{
    struct tui_view *view = current(app);
    struct tui_page *page = &app->desk.page;
    bool has_room = body->height >= SPLIT_HEIGHT || body->width >= BESIDE_WIDTH;
    if (app->desk.draft.step != TUI_DRAFT_CLOSED) {
        tui_draft_draw(body, &app->desk.draft);
        return;
    }
    tui_app_link_page(app);
    app->is_split = page->is_open && !is_alone(app) && has_room;
    show_hits(app);
    if (!page->is_open) {
        view->ops->draw(view, body);
    }
    else if (app->is_split) {
        draw_split(app, body);
    }
    else {
        tui_page_draw(body, page);
    }
    if (app->menu.is_open) {
        tui_menu_draw(body, &app->menu);
    }
    if (app->desk.dialog.step != TUI_DIALOG_CLOSED) {
        tui_dialog_draw(body, &app->desk.dialog, app->model->health.n_sessions);
    }
}

void tui_app_draw(struct tui_app *app, struct tui_canvas *canvas)
{
    tui_canvas_clear(canvas);
    app->width = canvas->width;
    app->height = canvas->height;
    app->n_hints = 0;
    struct tui_area all = tui_area_of(canvas);
    struct tui_area header = tui_area_part(&all, 0, 0, -1, 1);
    tui_frame_header(app, &header);
    /* What is said while something is typed has a line of its own, and covers no row. */
    const struct tui_draft *draft = &app->desk.draft;
    const bool has_message = app->desk.message[0] != '\0';
    const int said = (app->prompt.is_open || draft->prompt.is_open) && has_message;
    struct tui_area rest = tui_area_part(&all, 0, 1, -1, all.height - 2 - said);
    int used = tui_frame_note(app, &rest);
    struct tui_area below = tui_area_part(&rest, 0, used, -1, -1);
    used = tui_frame_trail(app, &below);
    struct tui_area body = tui_area_part(&below, 0, used, -1, -1);
    draw_body(app, &body);
    struct tui_area footer = tui_area_part(&all, 0, all.height - 1, -1, 1);
    if (app->prompt.is_open) {
        tui_prompt_draw(&footer, &app->prompt);
        if (app->asking == TUI_ASKING_COMMAND) {
            tui_completing_draw(&rest, &app->completing);
        }
    }
    else if (draft->step != TUI_DRAFT_CLOSED && (draft->prompt.is_open || !has_message)) {
        tui_draft_footer(&footer, draft);
    }
    else {
        tui_frame_footer(app, &footer);
    }
    if (said != 0) {
        struct tui_area above = tui_area_part(&all, 0, all.height - 2, -1, 1);
        tui_fill(&above, TUI_ROLE_TEXT);
        enum tui_role role = app->desk.is_complaint ? TUI_ROLE_BAD : TUI_ROLE_INFO;
        (void)tui_put(&above, 1, 0, role, zta_text_of(app->desk.message));
    }
}
