/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to move among, as a table whose columns give way where there is little room. */
#ifndef TUI_LIST_H
#define TUI_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/keys.h"

#define TUI_COLUMNS_MAX 16
#define TUI_CELL_TEXT   512

struct tui_list {
    size_t n;
    size_t selected;
    size_t top; /* first row shown */
    int height; /* rows shown when drawn last */
    int x;      /* where on the canvas the first of them began */
    int y;
    int width;
    const char *searched; /* shown wherever a row has it; NULL, "": nothing */
};

struct tui_column {
    const char *title; /* NULL: a sign without title */
    int least;         /* width */
    int share;         /* of what room is left; 0: none */
    int rank;          /* 0 is always shown; of others the highest goes first */
    bool is_right;
    bool is_bar; /* the text is a share in thousandths, drawn as a bar; "": none */
};

/* Text (safe) and role of one cell; *role comes as TUI_ROLE_TEXT. */
typedef void (*tui_cell_fn)(void *context, size_t row, size_t column, struct zta_buffer *out,
                            enum tui_role *role);

struct tui_table {
    const struct tui_column *columns;
    size_t n_columns;
    size_t sorted; /* title with a sign; n_columns: none */
    tui_cell_fn cell;
    void *context;
};

/* True when the action is a movement. */
bool tui_list_move(struct tui_list *list, enum tui_action action);
/* Another number of rows; the selection stays inside. */
void tui_list_resize(struct tui_list *list, size_t n);
void tui_list_select(struct tui_list *list, size_t row);
/* True when a row was drawn on that cell of the canvas. */
bool tui_list_row_at(const struct tui_list *list, int x, int y, size_t *row);
/* Rows will be drawn in that area, from list->top on, which keeps the selected one in sight. */
void tui_list_place(struct tui_list *list, const struct tui_area *rows);
/* The column whose title was drawn on that cell of the canvas; n_columns: none. */
size_t tui_list_title_at(const struct tui_list *list, const struct tui_table *table, int x, int y);
/* Titles and rows; keeps the selected row in sight. */
void tui_list_draw(const struct tui_area *area, const struct tui_table *table,
                   struct tui_list *list);
/*
 * To the nearest row, from the selected one on (backwards with is_back), that has the text in a
 * cell, ASCII case folded; goes round. False: there is none.
 */
bool tui_list_search(struct tui_list *list, const struct tui_table *table, const char *text,
                     bool is_back);

/* How many rows have the text, and which of them the selected one is, from 1 on. */
void tui_list_count(const struct tui_list *list, const struct tui_table *table, const char *text,
                    size_t *place, size_t *n);

#endif
