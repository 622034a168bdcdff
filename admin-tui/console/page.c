/* SPDX-License-Identifier: Apache-2.0 */
/* Wrapping between words. */
#include "admin-tui/console/page.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"

enum {
    LINE_SIZE = 2048,
    ROLE_SIGN = '\f', /* begins a line, before its role; safe text has no control character */
    ROLE_BASE = '@',
};

void tui_page_open(struct tui_page *page, const char *title)
{
    page->is_open = true;
    page->is_plain = page->is_diff = page->is_following = false;
    page->top = 0;
    page->found.len = 0;
    page->is_sought = false;
    page->n_links = 0;
    page->is_linked = false;
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

void tui_page_lines_of(struct tui_page *page, const char *label, struct zta_text text)
{
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);
        tui_page_line(page, label, (struct zta_text){.data = text.data, .len = len});
        size_t taken = end == NULL ? len : len + 1;
        text = (struct zta_text){.data = text.data + taken, .len = text.len - taken};
        label = "";
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

void tui_page_role(struct tui_page *page, enum tui_role role)
{
    zta_buffer_printf(&page->out, "%c%c", ROLE_SIGN, ROLE_BASE + (int)role);
}

void tui_page_section(struct tui_page *page, const char *title)
{
    zta_buffer_string(&page->out, page->out.len == 0 ? "" : "\n");
    tui_page_role(page, TUI_ROLE_TITLE);
    zta_buffer_printf(&page->out, "%s\n", title);
}

void tui_page_link(struct tui_page *page, const char *text)
{
    if (page->n_links == TUI_LINKS_MAX) {
        return;
    }
    if (page->n_links == 0) {
        tui_page_section(page, "Related");
    }
    tui_page_role(page, TUI_ROLE_KEY);
    const size_t from = page->out.len + TUI_LABEL_SIZE;
    tui_page_printf(page, page->n_links == 0 ? "go to" : "", "%s", text);
    if (!page->out.is_overflowed) {
        page->links[page->n_links++] =
            (struct zta_text){.data = page->text + from, .len = page->out.len - 1 - from};
    }
}

/* Does a hit begin there? What tells a role is no text. */
static bool is_hit(const struct tui_page *page, size_t at, struct zta_text wanted)
{
    const bool is_sign = page->text[at] == ROLE_SIGN || (at > 0 && page->text[at - 1] == ROLE_SIGN);
    return !is_sign && at + wanted.len <= page->out.len && tui_text_begins(page->text + at, wanted);
}

void tui_page_count(const struct tui_page *page, const char *text, size_t *place, size_t *n)
{
    const struct zta_text wanted = zta_text_of(text);
    *place = *n = 0;
    for (size_t at = 0; at < page->out.len; at++) {
        *n += is_hit(page, at, wanted);
        *place = page->found.len > 0 && page->text + at == page->found.data ? *n : *place;
    }
}

bool tui_page_search(struct tui_page *page, const char *text, bool is_back)
{
    const struct zta_text wanted = zta_text_of(text);
    size_t n = page->out.len;
    size_t from = page->found.len == 0 ? n : (size_t)(page->found.data - page->text);
    for (size_t step = 1; step <= n + 1; step++) {
        size_t at = (from + (is_back ? n + 1 - step : step)) % (n + 1);
        if (is_hit(page, at, wanted)) {
            page->found = (struct zta_text){.data = page->text + at, .len = wanted.len};
            page->is_sought = true;
            page->is_following = false;
            return true;
        }
    }
    return false;
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
    page->is_following = page->is_following && to >= last;
    page->top = to < 0 ? 0 : to > last ? last : to;
    return true;
}

/* A walk over the lines as they are cut at a width; line < 0: above what is shown. */
struct walk {
    struct tui_page *page;
    const struct tui_area *area; /* NULL: lines are counted only */
    int width;
    int y;
    int found_y; /* of page->found; -1: not met */
};

static void put_line(struct walk *walk, int x, enum tui_role role, struct zta_text line)
{
    const struct zta_text *found = &walk->page->found;
    bool is_found =
        found->len > 0 && found->data >= line.data && found->data < line.data + line.len;
    if (is_found) {
        walk->found_y = walk->y;
    }
    if (walk->area == NULL || walk->y < 0 || walk->y >= walk->area->height) {
        return;
    }
    int behind = tui_put(walk->area, x, walk->y, role, line);
    if (is_found) {
        size_t before = (size_t)(found->data - line.data);
        size_t len = found->len < line.len - before ? found->len : line.len - before;
        int at = x + tui_text_width((struct zta_text){.data = line.data, .len = before});
        struct tui_area room = tui_area_part(walk->area, 0, 0, behind, -1);
        (void)tui_put(&room, at, walk->y, TUI_ROLE_CURSOR,
                      (struct zta_text){.data = found->data, .len = len});
    }
}

static void walk_paragraph(struct walk *walk, struct zta_text text)
{
    enum tui_role role = TUI_ROLE_TEXT;
    if (text.len >= 2 && text.data[0] == ROLE_SIGN) {
        role = (enum tui_role)(text.data[1] - ROLE_BASE);
        text = (struct zta_text){.data = text.data + 2, .len = text.len - 2};
    }
    if (walk->page->is_diff && text.len > 1 && text.data[1] == ' ') {
        role = text.data[0] == '+' ? TUI_ROLE_GOOD : text.data[0] == '-' ? TUI_ROLE_BAD : role;
    }
    bool has_label = !walk->page->is_plain && role != TUI_ROLE_TITLE && text.len > TUI_LABEL_SIZE &&
                     text.data[TUI_LABEL_SIZE - 1] == ' ';
    struct zta_text label = {.data = text.data, .len = has_label ? TUI_LABEL_SIZE : 0};
    struct zta_text rest = {.data = text.data + label.len, .len = text.len - label.len};
    int width = walk->width - (int)label.len;
    put_line(walk, 0, TUI_ROLE_DIM, label);
    do {
        size_t n = tui_line_len(rest, width < 1 ? 1 : width);
        put_line(walk, (int)label.len, role, (struct zta_text){.data = rest.data, .len = n});
        walk->y++;
        n += n < rest.len && rest.data[n] == ' ';
        rest.data += n;
        rest.len -= n;
    } while (rest.len > 0);
}

static void walk_all(struct walk *walk)
{
    const char *at = walk->page->text;
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        walk_paragraph(walk, (struct zta_text){.data = at, .len = len});
        at += len + (at[len] == '\n');
    }
}

static int count_lines(struct tui_page *page, int width, int *found_y)
{
    struct walk walk = {.page = page, .width = width, .found_y = -1};
    walk_all(&walk);
    *found_y = walk.found_y;
    return walk.y;
}

int tui_page_lines(struct tui_page *page, int width)
{
    int found_y = -1;
    return 1 + count_lines(page, width - 2, &found_y);
}

void tui_page_draw_text(const struct tui_area *area, struct tui_page *page)
{
    int found_y = -1;
    page->height = area->height;
    page->n_lines = count_lines(page, area->width, &found_y);
    if (page->is_sought && found_y >= 0) {
        bool is_in_sight = found_y >= page->top && found_y < page->top + page->height;
        page->top = is_in_sight ? page->top : found_y - page->height / 2;
        page->is_sought = false;
    }
    int last = page->n_lines > page->height ? page->n_lines - page->height : 0;
    page->top = page->top > last || page->is_following ? last : page->top < 0 ? 0 : page->top;
    struct walk walk = {
        .page = page, .area = area, .width = area->width, .y = -page->top, .found_y = -1};
    walk_all(&walk);
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
