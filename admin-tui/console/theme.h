/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell means, and how a terminal of so many colours shows that. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>

enum tui_role {
    TUI_ROLE_TEXT = 0,
    TUI_ROLE_DIM,    /* labels, what is of less interest */
    TUI_ROLE_STRONG, /* figures, names */
    TUI_ROLE_TITLE,
    TUI_ROLE_BORDER,
    TUI_ROLE_KEY,  /* what can be pressed */
    TUI_ROLE_GOOD, /* allowed, running */
    TUI_ROLE_BAD,  /* denied, failed */
    TUI_ROLE_WARN, /* asked for more, throttled */
    TUI_ROLE_INFO, /* monitored */
    TUI_ROLE_CHART,
    TUI_ROLE_HEADER, /* the bar on top */
    TUI_ROLE_HEADER_STRONG,
    TUI_ROLE_HEADER_GOOD,
    TUI_ROLE_HEADER_BAD,
    TUI_ROLE_CURSOR, /* where typing goes on */
    TUI_ROLE_ALARM,  /* must not be overlooked */
    TUI_N_ROLES
};

enum tui_colours {
    TUI_COLOURS_NONE = 0, /* attributes only */
    TUI_COLOURS_8,
    TUI_COLOURS_256,
};

/* Of a palette of 8 or 256; -1: the terminal's own. */
struct tui_style {
    short foreground;
    short background;
    bool is_bold;
    bool is_dim;
    bool is_reverse;
};

/* NO_COLOR in the environment (no-color.org), else what the terminal has. */
enum tui_colours tui_theme_colours(const char *no_color, int terminal_colours);
struct tui_style tui_theme_style(enum tui_role role, bool is_selected, enum tui_colours colours);

#endif
