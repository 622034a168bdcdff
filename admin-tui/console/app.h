/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console without its terminal: views, keys, pages and dialogs on a canvas. console.c gives it
 * a terminal; tests give it keys and look at the canvas.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdbool.h>

#include "admin-tui/console/prompt.h"
#include "admin-tui/console/shell.h"
#include "admin-tui/console/view.h"

#define TUI_VIEWS_MAX   12
#define TUI_HISTORY_MAX 32
#define TUI_LINES_MAX   32 /* of the `:` line, that it keeps */

enum tui_asking {
    TUI_ASKING_NOTHING = 0,
    TUI_ASKING_SEARCH,
    TUI_ASKING_FILTER,
    TUI_ASKING_COMMAND,
};

/* A change that a key prepared goes through two lines: one that tries it, one that does it. */
enum tui_proposal {
    TUI_PROPOSAL_NONE = 0, /* typed by the operator */
    TUI_PROPOSAL_TRIAL,    /* to be run with --dry-run */
    TUI_PROPOSAL_CHANGE,   /* was tried */
};

struct tui_app {
    struct tui_model *model;
    struct tui_desk desk;
    struct tui_view views[TUI_VIEWS_MAX];
    size_t n_views;
    size_t current;
    size_t history[TUI_HISTORY_MAX];
    size_t n_history;
    size_t place; /* in the history */
    struct tui_prompt prompt;
    enum tui_asking asking;
    char searched[TUI_PROMPT_SIZE];
    struct tui_shell shell;
    char lines[TUI_LINES_MAX][TUI_PROMPT_SIZE]; /* that were run, oldest first */
    size_t n_lines;
    size_t line;                 /* of them that stands in the prompt; n_lines: what is typed */
    enum tui_proposal proposal;  /* what the line in the prompt is */
    enum tui_proposal running;   /* what the one is that runs */
    char tried[TUI_PROMPT_SIZE]; /* that one, as it was proposed */
    bool is_help;                /* the page is the help */
    bool is_split;               /* the page stands below or beside the list, as drawn last */
    bool is_paused;
    int width; /* as drawn last */
    bool is_over;
    bool has_no_mouse; /* the terminal acts on it */
    struct {
        int x;
        int y;
        int64_t at_ns;  /* monotonic; 0: none */
    } clicked;          /* last, in a list */
    bool is_redraw_due; /* of everything, by who has the terminal */
};

/* The model stays the caller's. ZTA_NO_MEMORY. */
enum zta_status tui_app_open(struct tui_app *app, struct tui_model *model) ZTA_MUST_CHECK;
void tui_app_close(struct tui_app *app);
/* True when something may look different. */
bool tui_app_refresh(struct tui_app *app, int64_t now_ns);
/* The view waits for a reading that goes on with each refresh: refresh again at once. */
bool tui_app_is_busy(const struct tui_app *app);
void tui_app_key(struct tui_app *app, int key);
/* The mouse, TUI_KEY_CLICK or TUI_KEY_WHEEL_*, on a cell of what was drawn last. */
void tui_app_pointer(struct tui_app *app, int key, int x, int y);
void tui_app_draw(struct tui_app *app, struct tui_canvas *canvas);
/* After drawing: does what was announced. True: draw again. */
bool tui_app_go_on(struct tui_app *app);

/* Bars above and below (frame.c). */
/* The view whose name the header has in that column; n_views: none. */
size_t tui_frame_view_at(const struct tui_app *app, int width, int x);
void tui_frame_header(const struct tui_app *app, const struct tui_area *area);
void tui_frame_footer(const struct tui_app *app, const struct tui_area *area);
/* The note below the header; returns lines used: 0 when all is well. */
int tui_frame_note(const struct tui_app *app, const struct tui_area *area);
void tui_frame_help(struct tui_page *page);

#endif
