/* SPDX-License-Identifier: Apache-2.0 */
/* Wrapping between words. */
#include "admin-tui/console/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    LINE_SIZE = 2048,
};

void tui_page_open(struct tui_page *page, const char *title)
{
    page->is_open = true;
    page->top = 0;
    (void)snprintf(page->title, sizeof page->title, "%s", title);
    zta_buffer_init(&page->out, page->text, sizeof page->text);
}

void tui_page_line(struct tui_page *page, const char *label, struct zta_text text)
{
    if (text.len > 0) {
        zta_buffer_printf(&page->out, "%-9s ", label);
        zta_buffer_safe(&page->out, text);
        zta_buffer_string(&page->out, "\n");
    }
}

void tui_page_printf(struct tui_page *page, const char *label, const char *fmt, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    zta_buffer_printf(&page->out, "%-9s %s\n", label, line);
}

bool tui_page_move(struct tui_page *page, enum tui_action action)
{
    int last = page->n_lines > page->height ? page->n_lines - page->height : 0;
    int to = page->top;
    switch ((int)action) {
    case TUI_ACTION_DOWN:
        to++;
        break;
    case TUI_ACTION_UP:
        to--;
        break;
    case TUI_ACTION_PAGE_DOWN:
        to += page->height;
        break;
    case TUI_ACTION_PAGE_UP:
        to -= page->height;
        break;
    case TUI_ACTION_TOP:
        to = 0;
        break;
    case TUI_ACTION_BOTTOM:
        to = last;
        break;
    default:
        return false;
    }
    page->top = to < 0 ? 0 : to > last ? last : to;
    return true;
}

/* Bytes of the next line of at most `width` columns, cut between words where there is one. */
static size_t line_len(struct zta_text text, int width)
{
    size_t at = 0;
    size_t word_end = 0;
    int used = 0;
    while (at < text.len) {
        size_t n = zta_utf8_len(text.data + at, text.len - at);
        n = n == 0 ? 1 : n;
        used += tui_text_width((struct zta_text){.data = text.data + at, .len = n});
        if (used > width) {
            return word_end > 0 ? word_end : at > 0 ? at : n;
        }
        at += n;
        if (at < text.len && text.data[at] == ' ') {
            word_end = at;
        }
    }
    return text.len;
}

/* One paragraph from line y on (which may be above the area); returns the line behind it. */
static int draw_paragraph(const struct tui_area *area, int y, struct zta_text text)
{
    bool has_label = text.len > TUI_LABEL_SIZE && text.data[TUI_LABEL_SIZE - 1] == ' ';
    struct zta_text label = {.data = text.data, .len = has_label ? TUI_LABEL_SIZE : 0};
    struct tui_area room = tui_area_part(area, (int)label.len, 0, -1, -1);
    struct zta_text rest = {.data = text.data + label.len, .len = text.len - label.len};
    (void)tui_put(area, 0, y, TUI_ROLE_DIM, label);
    do {
        size_t n = line_len(rest, room.width < 1 ? 1 : room.width);
        (void)tui_put(&room, 0, y++, TUI_ROLE_TEXT, (struct zta_text){.data = rest.data, .len = n});
        n += n < rest.len && rest.data[n] == ' ';
        rest.data += n;
        rest.len -= n;
    } while (rest.len > 0);
    return y;
}

void tui_page_draw_text(const struct tui_area *area, struct tui_page *page)
{
    page->height = area->height;
    const char *at = page->text;
    int y = -page->top;
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        y = draw_paragraph(area, y, (struct zta_text){.data = at, .len = len});
        at += len + (at[len] == '\n');
    }
    page->n_lines = y + page->top;
    int last = page->n_lines > page->height ? page->n_lines - page->height : 0;
    page->top = page->top > last ? last : page->top;
}

void tui_page_draw(const struct tui_area *area, struct tui_page *page)
{
    tui_fill(area, TUI_ROLE_TEXT);
    struct tui_area below = tui_titled(area, page->title);
    struct tui_area inside = tui_area_part(&below, 1, 0, below.width - 2, -1);
    tui_page_draw_text(&inside, page);
    if (page->n_lines > page->height) {
        char place[32];
        struct tui_area room = tui_area_part(area, 0, 0, area->width - 1, 1);
        (void)snprintf(place, sizeof place, " %d-%d of %d ", page->top + 1,
                       page->top + page->height, page->n_lines);
        (void)tui_put_right(&room, 0, TUI_ROLE_DIM, zta_text_of(place));
    }
}
