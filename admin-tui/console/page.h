/* SPDX-License-Identifier: Apache-2.0 */
/* Text to read: lines "word  text", wrapped below their text, scrolled as a whole. */
#ifndef TUI_PAGE_H
#define TUI_PAGE_H

#include <stdbool.h>

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/keys.h"

#define TUI_PAGE_SIZE  12288
#define TUI_LABEL_SIZE 10 /* of the words in front, with what follows them */

struct tui_page {
    bool is_open;
    char title[96];
    char text[TUI_PAGE_SIZE];
    struct zta_buffer out; /* over text */
    int top;
    int n_lines; /* when drawn last */
    int height;
};

/* Empty and open; append to page->out, or by the calls below. */
void tui_page_open(struct tui_page *page, const char *title);
/* "label     text": text from outside is made safe; absent text is no line. */
void tui_page_line(struct tui_page *page, const char *label, struct zta_text text);
void tui_page_printf(struct tui_page *page, const char *label, const char *fmt, ...)
    ZTA_PRINTF(3, 4);
/* True when the action scrolled. */
bool tui_page_move(struct tui_page *page, enum tui_action action);
/* With title and place. */
void tui_page_draw(const struct tui_area *area, struct tui_page *page);

/* The text alone. */
void tui_page_draw_text(const struct tui_area *area, struct tui_page *page);

#endif
