/* SPDX-License-Identifier: Apache-2.0 */
/* Selection, scrolling, widths of columns. */
#include "admin-tui/console/list.h"

#include <stdint.h>
#include <stdlib.h>

#include "admin-tui/console/format.h"

enum {
    GAP = 1, /* between columns */
};

void tui_list_resize(struct tui_list *list, size_t n)
{
    list->n = n;
    if (list->selected >= n) {
        list->selected = n == 0 ? 0 : n - 1;
    }
}

void tui_list_select(struct tui_list *list, size_t row)
{
    list->selected = row < list->n ? row : list->n == 0 ? 0 : list->n - 1;
}

bool tui_list_move(struct tui_list *list, enum tui_action action)
{
    size_t page = list->height > 1 ? (size_t)list->height - 1 : 1;
    size_t at = list->selected;
    switch ((int)action) {
    case TUI_ACTION_DOWN:
        tui_list_select(list, at + 1);
        return true;
    case TUI_ACTION_UP:
        tui_list_select(list, at == 0 ? 0 : at - 1);
        return true;
    case TUI_ACTION_PAGE_DOWN:
        tui_list_select(list, at + page);
        return true;
    case TUI_ACTION_PAGE_UP:
        tui_list_select(list, at < page ? 0 : at - page);
        return true;
    case TUI_ACTION_TOP:
        tui_list_select(list, 0);
        return true;
    case TUI_ACTION_BOTTOM:
        tui_list_select(list, SIZE_MAX);
        return true;
    default:
        return false;
    }
}

/* Sum of the least widths of columns up to that rank. */
static int needed(const struct tui_table *table, int rank)
{
    int sum = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct tui_column *column = &table->columns[i];
        sum += column->rank <= rank ? column->least + (sum > 0 ? GAP : 0) : 0;
    }
    return sum;
}

/* Widths that fill the room: 0 for a column that is left out. */
static void share_out(const struct tui_table *table, int room, int widths[TUI_COLUMNS_MAX])
{
    int rank = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        rank = table->columns[i].rank > rank ? table->columns[i].rank : rank;
    }
    while (rank > 0 && needed(table, rank) > room) {
        rank--;
    }
    int left = room - needed(table, rank);
    int shares = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        bool is_shown = table->columns[i].rank <= rank;
        widths[i] = is_shown ? table->columns[i].least : 0;
        shares += is_shown ? table->columns[i].share : 0;
    }
    for (size_t i = 0; i < table->n_columns && left > 0 && shares > 0; i++) {
        if (widths[i] > 0 && table->columns[i].share > 0) {
            int more = left * table->columns[i].share / shares;
            shares -= table->columns[i].share;
            widths[i] += more;
            left -= more;
        }
    }
}

static void put_cell(const struct tui_area *area, const struct tui_column *column,
                     enum tui_role role, struct zta_text text)
{
    if (column->is_right) {
        (void)tui_put_right(area, 0, role, text);
    }
    else {
        (void)tui_put(area, 0, 0, role, text);
    }
}

static void draw_titles(const struct tui_area *area, const struct tui_table *table,
                        const int widths[TUI_COLUMNS_MAX])
{
    int x = 0;
    struct tui_area line = tui_area_part(area, 0, 0, -1, 1);
    tui_fill(&line, TUI_ROLE_HEADER);
    for (size_t i = 0; i < table->n_columns; i++) {
        const struct tui_column *column = &table->columns[i];
        struct tui_area cell = tui_area_part(area, x, 0, widths[i], 1);
        bool is_sorted = i == table->sorted;
        if (column->title != NULL) {
            put_cell(&cell, column, is_sorted ? TUI_ROLE_HEADER_STRONG : TUI_ROLE_HEADER,
                     zta_text_of(column->title));
        }
        x += widths[i] > 0 ? widths[i] + GAP : 0;
    }
}

/* Hits in what stands in the cell, over it. */
static void show_hits(const struct tui_area *cell, const struct tui_column *column,
                      struct zta_text text, const char *searched)
{
    const struct zta_text wanted = zta_text_of(searched == NULL ? "" : searched);
    const int spare = cell->width - tui_text_width(text);
    const int from = column->is_right && spare > 0 ? spare : 0;
    for (size_t at = 0; wanted.len > 0 && at + wanted.len <= text.len; at++) {
        if (tui_text_begins(text.data + at, wanted)) {
            const int x = from + tui_text_width((struct zta_text){.data = text.data, .len = at});
            const struct zta_text hit = {.data = text.data + at, .len = wanted.len};
            if (x + tui_text_width(hit) <= cell->width) {
                (void)tui_put(cell, x, 0, TUI_ROLE_CURSOR, hit);
            }
            at += wanted.len - 1;
        }
    }
}

static void draw_row(const struct tui_area *line, const struct tui_table *table, size_t row,
                     const int widths[TUI_COLUMNS_MAX], const char *searched)
{
    char text[TUI_CELL_TEXT];
    int x = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        if (widths[i] == 0) {
            continue;
        }
        struct tui_area cell = tui_area_part(line, x, 0, widths[i], 1);
        struct zta_buffer out;
        enum tui_role role = TUI_ROLE_TEXT;
        zta_buffer_init(&out, text, sizeof text);
        table->cell(table->context, row, i, &out, &role);
        if (!table->columns[i].is_bar) {
            const struct zta_text shown = {.data = out.data, .len = out.len};
            put_cell(&cell, &table->columns[i], role, shown);
            show_hits(&cell, &table->columns[i], shown, searched);
        }
        else if (out.len > 0) {
            tui_bar(&cell, 0, role, (double)strtoul(text, NULL, 10) / 1000);
        }
        x += widths[i] + GAP;
    }
}

static void keep_in_sight(struct tui_list *list)
{
    size_t height = list->height > 0 ? (size_t)list->height : 1;
    if (list->selected < list->top) {
        list->top = list->selected;
    }
    if (list->selected >= list->top + height) {
        list->top = list->selected - height + 1;
    }
    if (list->top + height > list->n) {
        list->top = list->n > height ? list->n - height : 0;
    }
}

void tui_list_place(struct tui_list *list, const struct tui_area *rows)
{
    list->height = rows->height;
    list->x = rows->x;
    list->y = rows->y;
    list->width = rows->width;
    keep_in_sight(list);
}

void tui_list_draw(const struct tui_area *area, const struct tui_table *table,
                   struct tui_list *list)
{
    int widths[TUI_COLUMNS_MAX] = {0};
    share_out(table, area->width, widths);
    draw_titles(area, table, widths);
    struct tui_area rows = tui_area_part(area, 0, 1, -1, -1);
    tui_list_place(list, &rows);
    for (int y = 0; y < rows.height && list->top + (size_t)y < list->n; y++) {
        size_t row = list->top + (size_t)y;
        struct tui_area line = tui_area_part(&rows, 0, y, -1, 1);
        draw_row(&line, table, row, widths, list->searched);
        if (row == list->selected) {
            tui_select_row(&line, 0);
        }
    }
}

bool tui_list_row_at(const struct tui_list *list, int x, int y, size_t *row)
{
    bool is_inside =
        x >= list->x && x < list->x + list->width && y >= list->y && y < list->y + list->height;
    *row = is_inside ? list->top + (size_t)(y - list->y) : list->n;
    return *row < list->n;
}

static bool holds(struct zta_text text, struct zta_text wanted)
{
    for (size_t at = 0; at + wanted.len <= text.len; at++) {
        if (tui_text_begins(text.data + at, wanted)) {
            return true;
        }
    }
    return false;
}

static bool row_holds(const struct tui_table *table, size_t row, struct zta_text wanted)
{
    char text[TUI_CELL_TEXT];
    for (size_t i = 0; i < table->n_columns; i++) {
        struct zta_buffer out;
        enum tui_role role = TUI_ROLE_TEXT;
        zta_buffer_init(&out, text, sizeof text);
        table->cell(table->context, row, i, &out, &role);
        if (holds((struct zta_text){.data = out.data, .len = out.len}, wanted)) {
            return true;
        }
    }
    return false;
}

bool tui_list_search(struct tui_list *list, const struct tui_table *table, const char *text,
                     bool is_back)
{
    for (size_t step = 1; step <= list->n; step++) {
        size_t ahead = is_back ? list->n - step : step;
        size_t row = (list->selected + ahead) % list->n;
        if (row_holds(table, row, zta_text_of(text))) {
            bool is_in_sight =
                row >= list->top && list->height > 0 && row < list->top + (size_t)list->height;
            size_t half = (size_t)list->height / 2;
            list->top = is_in_sight ? list->top : row > half ? row - half : 0;
            tui_list_select(list, row);
            return true;
        }
    }
    return false;
}

void tui_list_count(const struct tui_list *list, const struct tui_table *table, const char *text,
                    size_t *place, size_t *n)
{
    *place = *n = 0;
    for (size_t row = 0; row < list->n; row++) {
        *n += row_holds(table, row, zta_text_of(text));
        *place = row == list->selected ? *n : *place;
    }
}

size_t tui_list_title_at(const struct tui_list *list, const struct tui_table *table, int x, int y)
{
    int widths[TUI_COLUMNS_MAX] = {0};
    int at = list->x;
    share_out(table, list->width, widths);
    for (size_t i = 0; y == list->y - 1 && list->height > 0 && i < table->n_columns; i++) {
        if (widths[i] > 0 && x >= at && x < at + widths[i]) {
            return i;
        }
        at += widths[i] > 0 ? widths[i] + GAP : 0;
    }
    return table->n_columns;
}
