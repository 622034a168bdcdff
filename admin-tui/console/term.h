/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal: the only user of curses. One a process. Whatever ends the process, a crash too, the
 * terminal is left as it was found.
 */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdbool.h>

#include "admin-tui/console/canvas.h"
#include "shared/base/status.h"

/* Keys are Unicode characters, or one of these. */
enum tui_special {
    TUI_KEY_NONE = -1, /* nothing was pressed in time */
    TUI_KEY_TAB = '\t',
    TUI_KEY_ENTER = '\n',
    TUI_KEY_ESCAPE = 27,
    TUI_KEY_SPACE = ' ',
    TUI_KEY_BACKSPACE = 127,
    TUI_KEY_UP = 0x110000,
    TUI_KEY_DOWN,
    TUI_KEY_LEFT,
    TUI_KEY_RIGHT,
    TUI_KEY_PAGE_UP,
    TUI_KEY_PAGE_DOWN,
    TUI_KEY_HOME,
    TUI_KEY_END,
    TUI_KEY_DELETE,
    TUI_KEY_BACK_TAB,
    TUI_KEY_F1,
    TUI_KEY_F2,
    TUI_KEY_F3,
    TUI_KEY_F4,
    TUI_KEY_F5,
    TUI_KEY_F6,
    TUI_KEY_F9,
    TUI_KEY_F10,
    TUI_KEY_PASTE,  /* what follows was pasted, ... */
    TUI_KEY_PASTED, /* ... up to here */
    TUI_KEY_CLICK,  /* of the mouse, at tui_term_pointer() */
    TUI_KEY_WHEEL_UP,
    TUI_KEY_WHEEL_DOWN,
    TUI_KEY_RESIZE, /* the size is another one */
};

/* ZTA_INVALID: this terminal cannot place a cursor; the error says which and what to do. */
enum zta_status tui_term_open(struct zta_error *error) ZTA_MUST_CHECK;
void tui_term_close(void);
void tui_term_size(int *width, int *height);
/* By the locale. */
bool tui_term_is_ascii(void);
/* How roles look from now on. */
void tui_term_theme(enum tui_theme theme);
/* Shows the canvas; only what changed is sent. */
void tui_term_show(const struct tui_canvas *canvas);
/* The next key, or TUI_KEY_NONE after that time. */
int tui_term_key(int timeout_ms);
/* Cell that the mouse stood on at the last of its keys. */
void tui_term_pointer(int *x, int *y);
/* Off, the terminal itself acts on the mouse, which is how most select text. */
void tui_term_mouse(bool is_on);
/* A signal asks to end, or the terminal is gone. */
bool tui_term_is_ending(void);
/* Everything is sent again: another program wrote on the screen. */
void tui_term_redraw(void);
/* False: this terminal is known to have no clipboard that text can be handed to. */
bool tui_term_can_copy(void);
/* Hands plain printable text to the terminal's clipboard (OSC 52), which may ignore it. */
void tui_term_copy(const char *text);

#endif
