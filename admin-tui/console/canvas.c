/* SPDX-License-Identifier: Apache-2.0 */
/* Characters into cells: decoding, widths, cutting. */
#include "admin-tui/console/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum {
    LINE_SIZE = 4096,        /* of what is printed in one call; no terminal is as wide */
    LOWEST_COLUMN = 0x2581,  /* of a chart, an eighth of a cell */
    HIGHEST_COLUMN = 0x2588, /* a whole one */
};

static const char *const standing[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
static const char *const standing_ascii[] = {" ", ".", ".", ":", ":", "|", "|", "#", "#"};

static const struct {
    const char *utf8;
    const char *ascii;
} glyphs[TUI_N_GLYPHS] = {
    [TUI_GLYPH_RULE] = {.utf8 = "─", .ascii = "-"},
    [TUI_GLYPH_SIDE] = {.utf8 = "│", .ascii = "|"},
    [TUI_GLYPH_TOP_LEFT] = {.utf8 = "┌", .ascii = "+"},
    [TUI_GLYPH_TOP_RIGHT] = {.utf8 = "┐", .ascii = "+"},
    [TUI_GLYPH_BOTTOM_LEFT] = {.utf8 = "└", .ascii = "+"},
    [TUI_GLYPH_BOTTOM_RIGHT] = {.utf8 = "┘", .ascii = "+"},
    [TUI_GLYPH_ELLIPSIS] = {.utf8 = "…", .ascii = "~"},
    [TUI_GLYPH_DOT] = {.utf8 = "●", .ascii = "*"},
    [TUI_GLYPH_WARNING] = {.utf8 = "▲", .ascii = "!"},
    [TUI_GLYPH_CHECK] = {.utf8 = "✓", .ascii = "+"},
    [TUI_GLYPH_CURSOR] = {.utf8 = "▌", .ascii = ">"},
    [TUI_GLYPH_MARK] = {.utf8 = "◆", .ascii = "*"},
    [TUI_GLYPH_UP] = {.utf8 = "↑", .ascii = "^"},
    [TUI_GLYPH_DOWN] = {.utf8 = "↓", .ascii = "v"},
    [TUI_GLYPH_TRACK] = {.utf8 = "╌", .ascii = "."},
};

enum zta_status tui_canvas_resize(struct tui_canvas *canvas, int width, int height)
{
    size_t n = width > 0 && height > 0 ? (size_t)width * (size_t)height : 0;
    struct tui_cell *cells = calloc(n == 0 ? 1 : n, sizeof *cells);
    if (cells == NULL) {
        return ZTA_NO_MEMORY;
    }
    free(canvas->cells);
    canvas->cells = cells;
    canvas->width = n == 0 ? 0 : width;
    canvas->height = n == 0 ? 0 : height;
    tui_canvas_clear(canvas);
    return ZTA_OK;
}

void tui_canvas_clear(struct tui_canvas *canvas)
{
    const struct tui_cell blank = {.text = " ", .role = TUI_ROLE_TEXT};
    for (int i = 0; i < canvas->width * canvas->height; i++) {
        canvas->cells[i] = blank;
    }
}

void tui_canvas_close(struct tui_canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct tui_canvas){.is_ascii = canvas->is_ascii};
}

static struct tui_cell *cell_at(const struct tui_area *area, int x, int y)
{
    if (x < 0 || y < 0 || x >= area->width || y >= area->height) {
        return NULL;
    }
    return &area->canvas->cells[(area->y + y) * area->canvas->width + area->x + x];
}

void tui_canvas_row(const struct tui_canvas *canvas, int y, struct zta_buffer *out)
{
    size_t kept = out->len;
    for (int x = 0; x < canvas->width; x++) {
        const char *text = canvas->cells[y * canvas->width + x].text;
        zta_buffer_string(out, text);
        kept = strcmp(text, " ") == 0 ? kept : out->len;
    }
    out->len = kept;
    out->data[kept] = '\0';
}

struct tui_area tui_area_of(struct tui_canvas *canvas)
{
    return (struct tui_area){.canvas = canvas, .width = canvas->width, .height = canvas->height};
}

static int clamp(int value, int least, int most)
{
    return value > most ? most : value < least ? least : value;
}

struct tui_area tui_area_part(const struct tui_area *area, int x, int y, int width, int height)
{
    int from_x = clamp(x, 0, area->width);
    int from_y = clamp(y, 0, area->height);
    int left_x = area->width - from_x;
    int left_y = area->height - from_y;
    return (struct tui_area){
        .canvas = area->canvas,
        .x = area->x + from_x,
        .y = area->y + from_y,
        .width = width < 0 ? left_x : clamp(width, 0, left_x),
        .height = height < 0 ? left_y : clamp(height, 0, left_y),
    };
}

/* ---- characters ---- */

struct character {
    const char *text;
    size_t len;
    int width; /* 0: stands on the one before */
};

static wchar_t decode(const char *text, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)text;
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code = bytes[0] & lead[len];
    for (size_t i = 1; i < len; i++) {
        code = code << 6 | (bytes[i] & 0x3fU);
    }
    return (wchar_t)code;
}

/*
 * Characters that are not seen, or turn directions: terminals disagree about them, and with them
 * one name looks like another. Selectors of variants alone say nothing by themselves.
 */
static bool is_odd(wchar_t code)
{
    static const wchar_t ranges[][2] = {
        {0xad, 0xad},       {0x61c, 0x61c},     {0x115f, 0x1160},    {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},    {0x2060, 0x206f},
        {0x3164, 0x3164},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},    {0xfff0, 0xfffb},
        {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code <= ranges[i][1]) {
            return code >= ranges[i][0];
        }
    }
    return false;
}

static struct character next_character(struct zta_text text, bool is_ascii)
{
    static const struct character unknown = {.text = "?", .len = 1, .width = 1};
    size_t len = zta_utf8_len(text.data, text.len);
    struct character found = {.text = text.data, .len = len, .width = 1};
    if (len == 1) {
        bool is_plain = text.data[0] >= ' ' && text.data[0] <= '~';
        return is_plain ? found : unknown;
    }
    if (len == 0) {
        return unknown;
    }
    wchar_t code = decode(text.data, len);
    found.width = wcwidth(code);
    if (found.width < 0 || is_odd(code)) {
        return unknown;
    }
    if (is_ascii && code >= LOWEST_COLUMN && code <= HIGHEST_COLUMN) {
        found = (struct character){
            .text = standing_ascii[code - LOWEST_COLUMN + 1], .len = 1, .width = 1};
    }
    else if (is_ascii || (code >= 0xfe00 && code <= 0xfe0f)) {
        found.text = found.width == 0 ? "" : "?";
        found.len = strlen(found.text);
        found.width = found.width == 0 ? 0 : 1;
    }
    return found;
}

/* Bytes of text that the character took, which is shown as something else at times. */
static struct zta_text rest_of(struct zta_text text, const struct character *taken)
{
    size_t n = taken->text == text.data ? taken->len : zta_utf8_len(text.data, text.len);
    n = n == 0 ? 1 : n;
    return (struct zta_text){.data = text.data + n, .len = text.len - n};
}

int tui_text_width(struct zta_text text)
{
    int width = 0;
    while (text.len > 0) {
        struct character character = next_character(text, false);
        width += character.width;
        text = rest_of(text, &character);
    }
    return width;
}

/* A wide character that loses a half is gone, in its other half too, in whose area that may be. */
static void clear_half(const struct tui_area *area, int x, int y)
{
    struct tui_cell *cell = cell_at(area, x, y);
    struct tui_cell *before = area->x + x > 0 ? cell - 1 : NULL;
    struct tui_cell *after = area->x + x + 1 < area->canvas->width ? cell + 1 : NULL;
    if (cell->text[0] == '\0' && before != NULL) {
        (void)snprintf(before->text, sizeof before->text, " ");
    }
    if (after != NULL && after->text[0] == '\0') {
        (void)snprintf(after->text, sizeof after->text, " ");
    }
}

static void keep(struct tui_cell *cell, const struct character *character)
{
    const size_t len = character->len < TUI_CELL_SIZE ? character->len : TUI_CELL_SIZE - 1;
    memcpy(cell->text, character->text, len);
    cell->text[len] = '\0';
}

static void set_cell(const struct tui_area *area, int x, int y, enum tui_role role,
                     const struct character *character)
{
    struct tui_cell *cell = cell_at(area, x, y);
    if (cell == NULL) {
        return;
    }
    clear_half(area, x, y);
    keep(cell, character);
    cell->role = (uint8_t)role;
    struct tui_cell *second = character->width == 2 ? cell_at(area, x + 1, y) : NULL;
    if (second != NULL) {
        clear_half(area, x + 1, y);
        keep(cell, character);
        second->text[0] = '\0';
        second->role = (uint8_t)role;
    }
}

static void combine(const struct tui_area *area, int x, int y, const struct character *character)
{
    struct tui_cell *cell = cell_at(area, x, y);
    if (cell != NULL && cell->text[0] == '\0') {
        cell = cell_at(area, x - 1, y);
    }
    size_t used = cell == NULL ? sizeof cell->text : strlen(cell->text);
    if (used > 0 && used + character->len < TUI_CELL_SIZE) {
        memcpy(cell->text + used, character->text, character->len);
        cell->text[used + character->len] = '\0';
    }
}

int tui_put(const struct tui_area *area, int x, int y, enum tui_role role, struct zta_text text)
{
    if (y < 0 || y >= area->height || x < 0) {
        return x;
    }
    int begin = x;
    while (text.len > 0) {
        struct character character = next_character(text, area->canvas->is_ascii);
        if (x + character.width > area->width) {
            if (area->width > begin) {
                (void)tui_put_glyph(area, area->width - 1, y, role, TUI_GLYPH_ELLIPSIS);
            }
            return area->width > begin ? area->width : begin;
        }
        if (character.width == 0) {
            combine(area, x - 1, y, &character);
        }
        else {
            set_cell(area, x, y, role, &character);
        }
        x += character.width;
        text = rest_of(text, &character);
    }
    return x;
}

size_t tui_line_len(struct zta_text text, int width)
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

int tui_put_foreign(const struct tui_area *area, int x, int y, enum tui_role role,
                    struct zta_text text)
{
    char safe[LINE_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, safe, sizeof safe);
    zta_buffer_safe(&out, text);
    return tui_put(area, x, y, role, (struct zta_text){.data = safe, .len = out.len});
}

int tui_put_wrapped(const struct tui_area *area, enum tui_role role, struct zta_text text)
{
    int y = 0;
    while (y < area->height && text.len > 0) {
        bool is_last = y + 1 == area->height;
        size_t n = is_last ? text.len : tui_line_len(text, area->width < 1 ? 1 : area->width);
        (void)tui_put(area, 0, y++, role, (struct zta_text){.data = text.data, .len = n});
        n += n < text.len && text.data[n] == ' ';
        text = (struct zta_text){.data = text.data + n, .len = text.len - n};
    }
    return y;
}

int tui_print(const struct tui_area *area, int x, int y, enum tui_role role, const char *fmt, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    (void)vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    return tui_put(area, x, y, role, zta_text_of(line));
}

int tui_put_right(const struct tui_area *area, int y, enum tui_role role, struct zta_text text)
{
    int x = area->width - tui_text_width(text);
    (void)tui_put(area, x < 0 ? 0 : x, y, role, text);
    return x < 0 ? 0 : x;
}

/* ---- shapes ---- */

static void set_glyph(const struct tui_area *area, int x, int y, enum tui_role role,
                      const char *utf8)
{
    const struct character character = {.text = utf8, .len = strlen(utf8), .width = 1};
    set_cell(area, x, y, role, &character);
}

int tui_put_glyph(const struct tui_area *area, int x, int y, enum tui_role role,
                  enum tui_glyph glyph)
{
    set_glyph(area, x, y, role, area->canvas->is_ascii ? glyphs[glyph].ascii : glyphs[glyph].utf8);
    return x + 1;
}

void tui_fill(const struct tui_area *area, enum tui_role role)
{
    for (int y = 0; y < area->height; y++) {
        for (int x = 0; x < area->width; x++) {
            set_glyph(area, x, y, role, " ");
        }
    }
}

struct tui_area tui_titled(const struct tui_area *area, const char *title)
{
    for (int x = 0; x < area->width; x++) {
        (void)tui_put_glyph(area, x, 0, TUI_ROLE_BORDER, TUI_GLYPH_RULE);
    }
    struct tui_area room = tui_area_part(area, 1, 0, area->width - 2, 1);
    (void)tui_print(&room, 0, 0, TUI_ROLE_TITLE, " %s ", title);
    return tui_area_part(area, 0, 1, -1, -1);
}

struct tui_area tui_boxed(const struct tui_area *area, const char *title)
{
    tui_fill(area, TUI_ROLE_TEXT);
    for (int x = 0; x < area->width; x++) {
        (void)tui_put_glyph(area, x, 0, TUI_ROLE_BORDER, TUI_GLYPH_RULE);
        (void)tui_put_glyph(area, x, area->height - 1, TUI_ROLE_BORDER, TUI_GLYPH_RULE);
    }
    for (int y = 0; y < area->height; y++) {
        (void)tui_put_glyph(area, 0, y, TUI_ROLE_BORDER, TUI_GLYPH_SIDE);
        (void)tui_put_glyph(area, area->width - 1, y, TUI_ROLE_BORDER, TUI_GLYPH_SIDE);
    }
    (void)tui_put_glyph(area, 0, 0, TUI_ROLE_BORDER, TUI_GLYPH_TOP_LEFT);
    (void)tui_put_glyph(area, area->width - 1, 0, TUI_ROLE_BORDER, TUI_GLYPH_TOP_RIGHT);
    (void)tui_put_glyph(area, 0, area->height - 1, TUI_ROLE_BORDER, TUI_GLYPH_BOTTOM_LEFT);
    (void)tui_put_glyph(area, area->width - 1, area->height - 1, TUI_ROLE_BORDER,
                        TUI_GLYPH_BOTTOM_RIGHT);
    struct tui_area room = tui_area_part(area, 2, 0, area->width - 4, 1);
    (void)tui_print(&room, 0, 0, TUI_ROLE_TITLE, " %s ", title);
    return tui_area_part(area, 2, 1, area->width - 4, area->height - 2);
}

void tui_select_row(const struct tui_area *area, int y)
{
    for (int x = 0; x < area->width; x++) {
        struct tui_cell *cell = cell_at(area, x, y);
        if (cell != NULL) {
            cell->is_selected = true;
        }
    }
}

/* Eighths of `cells` cells that a share fills; something is never shown as nothing. */
static int eighths(double share, int cells)
{
    int full = cells * 8;
    int n = (int)(share * full + 0.5);
    return share <= 0 ? 0 : clamp(n, 1, full);
}

void tui_bar(const struct tui_area *area, int y, enum tui_role role, double share)
{
    bool is_ascii = area->canvas->is_ascii;
    int halves = 2 * area->width;
    int left = (int)(share * halves + 0.5);
    left = share <= 0 ? 0 : clamp(left, 1, halves);
    for (int x = 0; x < area->width; x++, left -= 2) {
        if (left <= 0) {
            (void)tui_put_glyph(area, x, y, TUI_ROLE_BORDER, TUI_GLYPH_TRACK);
        }
        else {
            set_glyph(area, x, y, role, is_ascii ? "=" : left == 1 ? "╸" : "━");
        }
    }
}

void tui_chart(const struct tui_area *area, enum tui_role role, const double *values, size_t n,
               double scale)
{
    const char *const *steps = area->canvas->is_ascii ? standing_ascii : standing;
    for (int x = 0; x < area->width; x++) {
        size_t back = (size_t)(area->width - 1 - x);
        double value = back < n ? values[n - 1 - back] : 0;
        int left = eighths(scale <= 0 ? 0 : value / scale, area->height);
        for (int y = area->height - 1; y >= 0; y--, left -= 8) {
            set_glyph(area, x, y, role, steps[clamp(left, 0, 8)]);
        }
    }
}
