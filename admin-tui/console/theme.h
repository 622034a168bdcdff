/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell means, and how a terminal of so many colours shows that. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include <stdbool.h>
#include <stddef.h>

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
    TUI_COLOURS_16, /* the 8, and each of them brighter */
    TUI_COLOURS_256,
};

enum tui_theme {
    TUI_THEME_DARK = 0, /* for a dark background */
    TUI_THEME_LIGHT,
    TUI_THEME_CONTRAST, /* on black, whatever the terminal's own background is */
    TUI_THEME_MONO,     /* attributes only, on terminals with colours too */
    TUI_N_THEMES
};

/* "dark", "light", "high-contrast", "monochrome". */
const char *tui_theme_name(enum tui_theme theme);
/* By name or the begin of one; false: it is none. */
bool tui_theme_find(const char *name, enum tui_theme *theme);

/* Of a palette of 8, 16 or 256; -1: the terminal's own. */
struct tui_style {
    short foreground;
    short background;
    bool is_bold;
    bool is_dim;
    bool is_reverse;
};

/* NO_COLOR in the environment (no-color.org), else what the terminal has. */
enum tui_colours tui_theme_colours(const char *no_color, int terminal_colours);
/* How a role looks in that theme; monochrome wants no colours, however many there are. */
struct tui_style tui_theme_style(enum tui_theme theme, enum tui_role role, bool is_selected,
                                 enum tui_colours colours);

#endif
