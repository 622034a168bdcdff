/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a view is: a file in views/ that defines `const struct tui_view_ops tui_view_<name>`, and a
 * line in views.def. A view draws what the model has into an area, at any size, and acts on keys;
 * app.c moves in lists, searches, asks and shows pages for all of them.
 */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/console/dialog.h"
#include "admin-tui/console/draft.h"
#include "admin-tui/console/keys.h"
#include "admin-tui/console/list.h"
#include "admin-tui/console/model.h"
#include "admin-tui/console/prompt.h"
#include "admin-tui/console/row.h"

#define TUI_COPY_SIZE 32768

/* What views share with the frame around them. */
#define TUI_MARKS_MAX 64
#define TUI_MARKED    "@marked" /* in a proposal: the command is done for each of the marks */

struct tui_marks {
    char ids[TUI_MARKS_MAX][TUI_ROW_ID_SIZE];
    size_t n;
};

struct tui_desk {
    struct tui_page page; /* the detail; open: shown beside or over the view */
    struct tui_dialog dialog;
    struct tui_draft draft; /* a rule that is written; open: over the view */
    char message[512];      /* for the line below; safe */
    bool is_complaint;
    char copied[TUI_COPY_SIZE];     /* for the clipboard; "": nothing */
    char proposal[TUI_PROMPT_SIZE]; /* a command to be looked at before it runs; "": none */
    char look[TUI_PROMPT_SIZE];     /* one that changes nothing and runs at once; "": none */
    struct tui_marks marks;         /* that a proposal with TUI_MARKED is about */
    struct tui_jump jump;           /* where to go, as `o` does; to NULL: nowhere */
};

struct tui_view_ops;
struct tui_listing;

struct tui_view {
    const struct tui_view_ops *ops;
    void *state; /* ops->state_size zeroed bytes */
    struct tui_model *model;
    struct tui_desk *desk;
};

#define TUI_HINTS_MAX 6

/* A key worth naming below this view, beside those that every view of its kind has. */
struct tui_hint {
    enum tui_action action;
    const char *word;
};

struct tui_view_ops {
    const char *name;
    bool is_behind; /* the header has it only while it is shown: another view leads to it */
    struct tui_hint hints[TUI_HINTS_MAX]; /* as many as have a word */
    const struct tui_listing *listing;    /* its rows are a command's; else NULL */
    unsigned parts;                       /* of the model, a set of enum tui_part */
    size_t state_size;
    void (*draw)(struct tui_view *view, const struct tui_area *area);
    /* True when the action meant something here. Movement and search are the frame's. */
    bool (*act)(struct tui_view *view, enum tui_action action);
    /* The table and list that movement and search are about; NULL: the view has none. */
    struct tui_list *(*rows)(struct tui_view *view, struct tui_table *table);
    /* By the column, as `s` does by the next one; false: not by that. May be NULL. */
    bool (*sort_by)(struct tui_view *view, size_t column);
    /*
     * What the selected row is about, into *row; false: there is none. Copying, going to what is
     * related, and breadcrumbs are the frame's. May be NULL where rows is.
     */
    bool (*row)(struct tui_view *view, struct tui_row *row);
    /* Selects the row that has the id. */
    enum tui_sought (*seek)(struct tui_view *view, const char *id);
    /* What `f` begins with; a new filter: false and a complaint when it is none. May be NULL. */
    const char *(*filter)(struct tui_view *view);
    bool (*set_filter)(struct tui_view *view, const char *text);
    /* Is it one? As it is typed; nothing changes. ZTA_INVALID: the error says what is wrong. */
    enum zta_status (*check_filter)(struct tui_view *view, const char *text,
                                    struct zta_error *error);
    /* What the model does not bring up to date. True: it looks different. May be NULL, as close. */
    bool (*refresh)(struct tui_view *view, int64_t now_ns);
    void (*close)(struct tui_view *view);
};

enum {
    TUI_N_VIEWS = 0
#define TUI_VIEW(name) +1
#include "admin-tui/console/views.def"
#undef TUI_VIEW
};

/* All views, in the order of their numbers; NULL behind the last. */
const struct tui_view_ops *tui_view_at(size_t i);

/* Prepares a quarantine of the session for the `:` line. */
void tui_propose_quarantine(struct tui_desk *desk, const uint8_t id[ZTA_SESSION_ID_SIZE]);
/* Prepares a block of the network for the `:` line. */
void tui_propose_block(struct tui_desk *desk, const struct zta_cidr *network);

/* One line below, until the next key. */
void tui_say(struct tui_desk *desk, const char *fmt, ...) ZTA_PRINTF(2, 3);
void tui_complain(struct tui_desk *desk, const char *fmt, ...) ZTA_PRINTF(2, 3);

#define TUI_VIEW(name) extern const struct tui_view_ops tui_view_##name;
#include "admin-tui/console/views.def"
#undef TUI_VIEW

#endif
