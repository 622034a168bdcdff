/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console without its terminal: views, keys, pages and dialogs on a canvas. console.c gives it
 * a terminal; tests give it keys and look at the canvas.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdbool.h>

#include "admin-tui/console/completing.h"
#include "admin-tui/console/feed.h"
#include "admin-tui/console/history.h"
#include "admin-tui/console/menu.h"
#include "admin-tui/console/prompt.h"
#include "admin-tui/console/shell.h"
#include "admin-tui/console/view.h"

#define TUI_HISTORY_MAX     32
#define TUI_SHOWN_HINTS_MAX 24

enum tui_asking {
    TUI_ASKING_NOTHING = 0,
    TUI_ASKING_SEARCH,
    TUI_ASKING_FILTER,
    TUI_ASKING_COMMAND,
    TUI_ASKING_ANSWER, /* what a guard wants typed */
};

/* A change that a key prepared goes through two lines: one that tries it, one that does it. */
enum tui_proposal {
    TUI_PROPOSAL_NONE = 0, /* typed by the operator */
    TUI_PROPOSAL_TRIAL,    /* to be run with --dry-run */
    TUI_PROPOSAL_CHANGE,   /* was tried */
};

/* Where one was: a view as it was left, or somewhere a jump led. */
struct tui_place {
    size_t view;
    bool is_jump;               /* from the place before it */
    char name[TUI_NAME_SIZE];   /* of a jump */
    char left[TUI_NAME_SIZE];   /* the row that was left, for breadcrumbs */
    char filter[TUI_JUMP_SIZE]; /* of the view */
    char id[TUI_ROW_ID_SIZE];   /* of its row, to be selected again; "": none */
    bool is_open;               /* its detail */
    size_t link;                /* of that, what was chosen */
};

enum tui_choosing {
    TUI_CHOOSING_JUMP = 0, /* where to go from the row */
    TUI_CHOOSING_COPY,     /* as what to copy it */
};

struct tui_app {
    struct tui_model *model;
    struct tui_desk desk;
    struct tui_view views[TUI_N_VIEWS];
    size_t n_views;
    size_t current;
    struct tui_place places[TUI_HISTORY_MAX];
    size_t n_places;
    size_t place;                         /* of them, where one is */
    char own[TUI_N_VIEWS][TUI_JUMP_SIZE]; /* filters of views before jumps led there ... */
    bool has_own[TUI_N_VIEWS];            /* ... to be put back when the trail is left */
    bool is_arriving;                     /* the row of the place is not there yet */
    struct tui_menu menu;
    enum tui_choosing choosing;
    struct tui_row row;    /* that the menu is about */
    struct tui_row linked; /* that the open page is about */
    size_t link;           /* of where it leads, what is chosen, from 1 on; 0: nothing */
    struct tui_feed copying;
    struct tui_prompt prompt;
    enum tui_asking asking;
    char searched[TUI_PROMPT_SIZE];
    struct tui_search {
        int top; /* of the list or page, where it began */
        size_t selected;
        char former[TUI_PROMPT_SIZE]; /* what was searched for before */
    } search;
    struct tui_shell shell;
    struct tui_history history;  /* of lines that were run; the caller's to open and close */
    size_t line;                 /* of them that stands in the prompt; history.n: what is typed */
    char typed[TUI_PROMPT_SIZE]; /* that was, before older lines were looked at */
    struct tui_completing completing;
    enum tui_proposal proposal;  /* what the line in the prompt is */
    enum tui_proposal running;   /* what the one is that runs */
    char tried[TUI_PROMPT_SIZE]; /* that one, as it was proposed */
    size_t n_done;               /* of the marks, by a line that is about them */
    char answer[64];             /* to be typed */
    char answers[256];           /* lines that were */
    uint64_t undoable;           /* the last action that was done from here; 0: none */
    int64_t progress_step;       /* of what is awaited, as drawn last; 0: nothing is */
    bool is_help;                /* the page is the help */
    bool is_split;               /* the page stands below or beside the list, as drawn last */
    bool is_paused;
    bool is_pasting; /* keys are text that was pasted */
    int width;       /* as drawn last */
    int height;
    struct {
        int from; /* columns of the line below */
        int to;
        enum tui_action action;
    } hints[TUI_SHOWN_HINTS_MAX]; /* that were drawn last */
    size_t n_hints;
    bool is_over;
    enum tui_theme theme;
    bool has_no_mouse;     /* the terminal acts on it */
    bool has_no_clipboard; /* that is known of the terminal */
    struct {
        int x;
        int y;
        int64_t at_ns;  /* monotonic; 0: none */
    } clicked;          /* last, in a list */
    bool is_redraw_due; /* of everything, by who has the terminal */
};

/* Over a zeroed app, whose history may be open. The model stays the caller's. ZTA_NO_MEMORY. */
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
void tui_frame_footer(struct tui_app *app, const struct tui_area *area);
/* The note below the header; returns lines used: 0 when all is well. */
int tui_frame_note(const struct tui_app *app, const struct tui_area *area);
/* The way that led here, below the header; returns lines used: 0 where no jump did. */
int tui_frame_trail(struct tui_app *app, const struct tui_area *area);
void tui_frame_help(const struct tui_app *app, struct tui_page *page);

#endif
