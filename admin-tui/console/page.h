/* SPDX-License-Identifier: Apache-2.0 */
/* Text to read: lines "word  text", wrapped below their text, scrolled as a whole. */
#ifndef TUI_PAGE_H
#define TUI_PAGE_H

#include <stdbool.h>

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/keys.h"

#define TUI_PAGE_SIZE  (256 << 10)
#define TUI_LINKS_MAX  20
#define TUI_LABEL_SIZE 10 /* of the words in front, with what follows them */

struct tui_page {
    bool is_open;
    bool is_plain;     /* lines are cut as they are: what stands in front is no label */
    bool is_diff;      /* plain lines behind '+' and '-' are what comes and what goes */
    bool is_following; /* the end stays in sight, until somebody scrolls back */
    char title[96];
    char text[TUI_PAGE_SIZE];
    struct zta_buffer out;                /* over text */
    struct zta_text found;                /* of the text: what a search has found; len 0: nothing */
    bool is_sought;                       /* found is to be brought in sight */
    struct zta_text links[TUI_LINKS_MAX]; /* of the text: what leads somewhere */
    size_t n_links;
    bool is_linked; /* all of them are there */
    int top;
    int n_lines; /* when drawn last */
    int height;
};

/* Empty and open; append to page->out (lines of safe text), or by the calls below. */
void tui_page_open(struct tui_page *page, const char *title);
/* "label     text": text from outside is made safe; absent text is no line. */
void tui_page_line(struct tui_page *page, const char *label, struct zta_text text);
/* The same of text whose lines are lines here, too. */
void tui_page_lines_of(struct tui_page *page, const char *label, struct zta_text text);
void tui_page_printf(struct tui_page *page, const char *label, const char *fmt, ...)
    ZTA_PRINTF(3, 4);
/* A heading over the lines that follow. */
void tui_page_section(struct tui_page *page, const char *title);
/* A line that leads somewhere; where to is the caller's to know. */
void tui_page_link(struct tui_page *page, const char *text);
/* What stands behind the label of the line that is appended next is of this role. */
void tui_page_role(struct tui_page *page, enum tui_role role);
/*
 * The next place of the text, ASCII case folded, from the one found before on (backwards with
 * is_back); goes round. False: there is none.
 */
bool tui_page_search(struct tui_page *page, const char *text, bool is_back);
/* How many hits there are, and which of them was found last, from 1 on. */
void tui_page_count(const struct tui_page *page, const char *text, size_t *place, size_t *n);
/* Lines that the whole page takes at that width, with its title. */
int tui_page_lines(struct tui_page *page, int width);
/* True when the action scrolled. */
bool tui_page_move(struct tui_page *page, enum tui_action action);
/* With title and place. */
void tui_page_draw(const struct tui_area *area, struct tui_page *page);

/* The text alone. */
void tui_page_draw_text(const struct tui_area *area, struct tui_page *page);

#endif
