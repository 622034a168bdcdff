/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text of several lines that the user writes: UTF-8 a character at a time, with undo. What cannot
 * stand on a terminal is shown escaped and kept as it is. Knows nothing of rules but how they are
 * laid out: what stands inside is indented, words stand at stops.
 */
#ifndef TUI_EDITOR_H
#define TUI_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/console/canvas.h"
#include "admin-tui/console/keys.h"

#define TUI_EDITOR_SIZE  65536 /* as much as the live layer takes as one text */
#define TUI_EDITOR_UNDOS 64

struct tui_editor_state {
    char *text;
    size_t cursor;
};

struct tui_editor {
    char text[TUI_EDITOR_SIZE];
    size_t len;
    size_t cursor;     /* byte */
    uint64_t revision; /* another one whenever the text is */
    size_t column;     /* that up and down keep to, in characters */
    bool has_column;
    int edit;        /* kind of the last edit: those of one kind are taken back together */
    bool is_pasting; /* what comes is text and no keys */
    size_t top;      /* first line that is shown */
    int left;        /* columns of the text that are scrolled away */
    int height;      /* when drawn last */
    struct tui_editor_state undos[TUI_EDITOR_UNDOS]; /* oldest first */
    size_t n_undos;
};

/* With that text, the cursor at its begin; what does not fit is cut. Zeroed or closed before. */
void tui_editor_open(struct tui_editor *editor, struct zta_text text);
void tui_editor_close(struct tui_editor *editor);
/* False: no key of an editor. */
bool tui_editor_key(struct tui_editor *editor, int key);
/* To that line and column, counted from 1, as errors name them. */
void tui_editor_go_to(struct tui_editor *editor, size_t line, size_t column);
size_t tui_editor_line(const struct tui_editor *editor);
size_t tui_editor_lines(const struct tui_editor *editor);

/* A place to be seen, counted from 1; line 0: none. */
struct tui_editor_mark {
    size_t line;
    size_t column;
    enum tui_role role;
};
/* With line numbers; scrolls so that the cursor is seen. */
void tui_editor_draw(const struct tui_area *area, struct tui_editor *editor,
                     const struct tui_editor_mark *marks, size_t n_marks);

#endif
