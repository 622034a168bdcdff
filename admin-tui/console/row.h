/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the selected row of a view is about, whatever the view: its id, the command that shows it,
 * and where it leads. Keys that mean the same everywhere (go to, copy, breadcrumbs) work on this
 * alone.
 */
#ifndef TUI_ROW_H
#define TUI_ROW_H

#include <jansson.h>
#include <stddef.h>

#include "admin-tui/console/canvas.h"
#include "shared/base/bytes.h"

#define TUI_JUMPS_MAX   20
#define TUI_ROW_ID_SIZE 320
#define TUI_NAME_SIZE   128
#define TUI_JUMP_SIZE   768 /* of a filter */

struct tui_view_ops;

/* Somewhere to go: a view, what is shown of it, and the one thing that is opened there. */
struct tui_jump {
    const struct tui_view_ops *to;
    char name[TUI_NAME_SIZE];   /* "session 9e3779b9", "requests of alice"; safe */
    char filter[TUI_JUMP_SIZE]; /* of that view; "": all */
    char id[TUI_ROW_ID_SIZE];   /* of the row that is opened; "": none */
};

struct tui_row {
    char id[TUI_ROW_ID_SIZE];
    char name[TUI_NAME_SIZE];    /* "request 06HW", for breadcrumbs; safe */
    char command[TUI_JUMP_SIZE]; /* of ztactl: shows it; with --json as JSON */
    char undo[TUI_NAME_SIZE];    /* command that takes its action back; "": it has none */
    char alike[TUI_JUMP_SIZE]; /* filter of what a rule from it is about; "": where it leads says */
    const json_t *json;        /* the row itself, where the view has it so; borrowed */
    struct tui_jump jumps[TUI_JUMPS_MAX];
    size_t n_jumps;
};

/* How a search for a row ended. */
enum tui_sought {
    TUI_SOUGHT_NOT_YET = 0, /* rows are still being read */
    TUI_SOUGHT_FOUND,       /* it is selected */
    TUI_SOUGHT_NONE,
};

/* Empty but for id, name and command; what % is in the command is the id as a word. */
void tui_row_init(struct tui_row *row, const char *noun, struct zta_text id, const char *command);

/*
 * Adds somewhere to go; nothing for an absent or empty value, or when there is no more room. The
 * filter is `field` and the value.
 */
/* One thing, by its id. field NULL: among all rows of that view. */
void tui_row_leads_to(struct tui_row *row, const struct tui_view_ops *to, const char *noun,
                      const char *field, struct zta_text id);
/* All rows of that view that have the value: "sessions of alice". */
void tui_row_leads_to_all(struct tui_row *row, const struct tui_view_ops *to, const char *what,
                          const char *field, struct zta_text value);
/* What is named as targets of actions and measures are: "subject alice@corp", "rule no-bots". */
void tui_row_leads_to_target(struct tui_row *row, struct zta_text target);
/* The session, and where it stands out; zeros: none. */
void tui_row_leads_to_session(struct tui_row *row, const uint8_t *session);

/* Appends field="value", quoted where the language of filters needs it. */
void tui_filter_put(struct zta_buffer *out, const char *field, struct zta_text value);
/* As a word of the `:` line. */
void tui_put_quoted(struct zta_buffer *out, struct zta_text text);
/* The template, with the text in the place of %, as a word. */
void tui_put_command(struct zta_buffer *out, const char *command, struct zta_text text);

#endif
