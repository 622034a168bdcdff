/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing from a few. */
#include "admin-tui/console/menu.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/keys.h"

/* What chooses an item at once; j, k, g, q and o mean what they do elsewhere. */
static const char letters[] = "1234567890abcdefhilmnprs";

_Static_assert(sizeof letters == TUI_MENU_MAX + 1, "a letter for each item");

enum {
    BOX_FRAME = 2, /* lines */
    BOX_SIDES = 4,
    LETTER_WIDTH = 3,
    WIDTH_LEAST = 24,
};

void tui_menu_open(struct tui_menu *menu, const char *title)
{
    memset(&menu->list, 0, sizeof menu->list);
    menu->is_open = true;
    menu->title = title;
}

void tui_menu_add(struct tui_menu *menu, const char *fmt, ...)
{
    va_list arguments;
    if (menu->list.n == TUI_MENU_MAX) {
        return;
    }
    va_start(arguments, fmt);
    (void)vsnprintf(menu->items[menu->list.n++], sizeof menu->items[0], fmt, arguments);
    va_end(arguments);
}

static enum tui_menu_end choose(struct tui_menu *menu, size_t i)
{
    tui_list_select(&menu->list, i);
    menu->is_open = false;
    return TUI_MENU_CHOSEN;
}

enum tui_menu_end tui_menu_key(struct tui_menu *menu, int key)
{
    const enum tui_action action = tui_key_action(key);
    const char *letter = key > 0 && key < 128 ? strchr(letters, key) : NULL;
    if (letter != NULL && (size_t)(letter - letters) < menu->list.n) {
        return choose(menu, (size_t)(letter - letters));
    }
    if (action == TUI_ACTION_DETAIL) {
        return choose(menu, menu->list.selected);
    }
    if (action == TUI_ACTION_QUIT || action == TUI_ACTION_RELATED || action == TUI_ACTION_BACK) {
        menu->is_open = false;
        return TUI_MENU_CANCELLED;
    }
    (void)tui_list_move(&menu->list, action);
    return TUI_MENU_GOES_ON;
}

enum tui_menu_end tui_menu_click(struct tui_menu *menu, int x, int y)
{
    size_t row;
    if (tui_list_row_at(&menu->list, x, y, &row)) {
        return choose(menu, row);
    }
    menu->is_open = false;
    return TUI_MENU_CANCELLED;
}

void tui_menu_draw(const struct tui_area *area, struct tui_menu *menu)
{
    struct tui_list *list = &menu->list;
    int width = WIDTH_LEAST;
    for (size_t i = 0; i < list->n; i++) {
        const int needed = tui_text_width(zta_text_of(menu->items[i])) + LETTER_WIDTH + BOX_SIDES;
        width = needed > width ? needed : width;
    }
    width = width > area->width ? area->width : width;
    int height = (int)list->n + BOX_FRAME;
    height = height > area->height ? area->height : height;
    struct tui_area box =
        tui_area_part(area, (area->width - width) / 2, (area->height - height) / 2, width, height);
    struct tui_area inside = tui_boxed(&box, menu->title);
    tui_list_place(list, &inside);
    for (int y = 0; y < inside.height && list->top + (size_t)y < list->n; y++) {
        const size_t i = list->top + (size_t)y;
        struct tui_area line = tui_area_part(&inside, 0, y, -1, 1);
        (void)tui_print(&line, 0, 0, TUI_ROLE_KEY, "%c", letters[i]);
        (void)tui_put(&line, LETTER_WIDTH - 1, 0, TUI_ROLE_TEXT, zta_text_of(menu->items[i]));
        if (i == list->selected) {
            tui_select_row(&line, 0);
        }
    }
}
