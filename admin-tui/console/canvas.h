/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells that views draw into and term.c shows: UTF-8 with widths, a role instead of a colour. Knows
 * no terminal, so that every layout is tested in memory. Drawing outside an area is cut, never an
 * error; nothing drawn can hold a control character, whatever the text was.
 */
#ifndef TUI_CANVAS_H
#define TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/console/theme.h"
#include "shared/base/bytes.h"
#include "shared/base/status.h"

#define TUI_CELL_SIZE 12 /* a character with two or three combining ones, and NUL */

struct tui_cell {
    char text[TUI_CELL_SIZE]; /* "" behind a wide character */
    uint8_t role;             /* enum tui_role */
    bool is_selected;
};

struct tui_canvas {
    struct tui_cell *cells;
    int width;
    int height;
    bool is_ascii; /* nothing but ASCII comes out */
};

/* A rectangle of a canvas; positions given with it begin at its own corner. */
struct tui_area {
    struct tui_canvas *canvas;
    int x;
    int y;
    int width;
    int height;
};

enum tui_glyph {
    TUI_GLYPH_RULE = 0,
    TUI_GLYPH_SIDE,
    TUI_GLYPH_TOP_LEFT,
    TUI_GLYPH_TOP_RIGHT,
    TUI_GLYPH_BOTTOM_LEFT,
    TUI_GLYPH_BOTTOM_RIGHT,
    TUI_GLYPH_ELLIPSIS,
    TUI_GLYPH_DOT,
    TUI_GLYPH_WARNING,
    TUI_GLYPH_CHECK,
    TUI_GLYPH_CURSOR,
    TUI_GLYPH_MARK,
    TUI_GLYPH_UP,
    TUI_GLYPH_DOWN,
    TUI_GLYPH_TRACK,
    TUI_N_GLYPHS
};

/* Blank cells of that size; the former ones are gone. ZTA_NO_MEMORY leaves the canvas as it was. */
enum zta_status tui_canvas_resize(struct tui_canvas *canvas, int width, int height) ZTA_MUST_CHECK;
void tui_canvas_clear(struct tui_canvas *canvas);
void tui_canvas_close(struct tui_canvas *canvas);
/* Row y as text without the blanks at its end; cut between characters. For tests and copying. */
void tui_canvas_row(const struct tui_canvas *canvas, int y, struct zta_buffer *out);

struct tui_area tui_area_of(struct tui_canvas *canvas);
/* The part of an area from (x, y), cut to what there is; width or height < 0: all that is left. */
struct tui_area tui_area_part(const struct tui_area *area, int x, int y, int width, int height);

/*
 * Draws one line and returns the column behind it. What does not fit ends in an ellipsis. Controls
 * and what is not UTF-8 become '?': callers that want them readable escape before.
 */
int tui_put(const struct tui_area *area, int x, int y, enum tui_role role, struct zta_text text);
int tui_print(const struct tui_area *area, int x, int y, enum tui_role role, const char *fmt, ...)
    ZTA_PRINTF(5, 6);
/* Text from outside, made readable and harmless; cut like the others. */
int tui_put_foreign(const struct tui_area *area, int x, int y, enum tui_role role,
                    struct zta_text text);
/* Over as many lines as the area has, cut between words; returns how many it took. */
int tui_put_wrapped(const struct tui_area *area, enum tui_role role, struct zta_text text);
/* Ends at the area's right edge; returns the column it begins at. */
int tui_put_right(const struct tui_area *area, int y, enum tui_role role, struct zta_text text);
int tui_put_glyph(const struct tui_area *area, int x, int y, enum tui_role role,
                  enum tui_glyph glyph);
/* Blanks of the role over the whole area. */
void tui_fill(const struct tui_area *area, enum tui_role role);
/* A rule over the width with a title in it; returns the area below. */
struct tui_area tui_titled(const struct tui_area *area, const char *title);
/* A box, cleared inside; returns what is inside. */
struct tui_area tui_boxed(const struct tui_area *area, const char *title);
/* Row y is the one that the user stands on. */
void tui_select_row(const struct tui_area *area, int y);

/* A line over the width that is `share` (0 to 1) full, in halves of a cell. */
void tui_bar(const struct tui_area *area, int y, enum tui_role role, double share);
/* The newest n values at the right edge, as columns over the area's height; scale: the full one. */
void tui_chart(const struct tui_area *area, enum tui_role role, const double *values, size_t n,
               double scale);

/* Bytes of the first line of at most width columns, cut between words where there is one. */
size_t tui_line_len(struct zta_text text, int width);
/* Columns that the text takes on a terminal. */
int tui_text_width(struct zta_text text);

#endif
