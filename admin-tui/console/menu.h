/* SPDX-License-Identifier: Apache-2.0 */
/* A short list over the view to choose from: by arrows, by a letter in front, by the mouse. */
#ifndef TUI_MENU_H
#define TUI_MENU_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/console/list.h"

#define TUI_MENU_MAX       24
#define TUI_MENU_ITEM_SIZE 160

enum tui_menu_end {
    TUI_MENU_GOES_ON = 0,
    TUI_MENU_CHOSEN, /* list.selected is it */
    TUI_MENU_CANCELLED,
};

struct tui_menu {
    bool is_open;
    const char *title;
    char items[TUI_MENU_MAX][TUI_MENU_ITEM_SIZE]; /* safe */
    struct tui_list list;
};

/* Empty. */
void tui_menu_open(struct tui_menu *menu, const char *title);
/* Nothing when there is no more room. */
void tui_menu_add(struct tui_menu *menu, const char *fmt, ...) ZTA_PRINTF(2, 3);
/* CHOSEN and CANCELLED close it. */
enum tui_menu_end tui_menu_key(struct tui_menu *menu, int key);
/* The same for a press of the mouse on a cell. */
enum tui_menu_end tui_menu_click(struct tui_menu *menu, int x, int y);
/* A box in the middle of the area. */
void tui_menu_draw(const struct tui_area *area, struct tui_menu *menu);

#endif
