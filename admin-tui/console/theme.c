/* SPDX-License-Identifier: Apache-2.0 */
/* The palette: a line a role. */
#include "admin-tui/console/theme.h"

#include <stddef.h>

enum {
    OWN = -1,
    BAR = 236,      /* background of the header */
    SELECTED = 238, /* background of the selected row */
};

static const struct {
    struct tui_style rich;  /* 256 colours */
    struct tui_style plain; /* 8 */
    struct tui_style mono;
} palette[TUI_N_ROLES] = {
    [TUI_ROLE_TEXT] = {.rich = {.foreground = OWN, .background = OWN},
                       .plain = {.foreground = OWN, .background = OWN}},
    [TUI_ROLE_DIM] = {.rich = {.foreground = 245, .background = OWN},
                      .plain = {.foreground = OWN, .background = OWN, .is_dim = true},
                      .mono = {.is_dim = true}},
    [TUI_ROLE_STRONG] = {.rich = {.foreground = 255, .background = OWN, .is_bold = true},
                         .plain = {.foreground = OWN, .background = OWN, .is_bold = true},
                         .mono = {.is_bold = true}},
    [TUI_ROLE_TITLE] = {.rich = {.foreground = 110, .background = OWN, .is_bold = true},
                        .plain = {.foreground = 6, .background = OWN, .is_bold = true},
                        .mono = {.is_bold = true}},
    [TUI_ROLE_BORDER] = {.rich = {.foreground = 239, .background = OWN},
                         .plain = {.foreground = 4, .background = OWN},
                         .mono = {.is_dim = true}},
    [TUI_ROLE_KEY] = {.rich = {.foreground = 222, .background = OWN},
                      .plain = {.foreground = 3, .background = OWN},
                      .mono = {.is_bold = true}},
    [TUI_ROLE_GOOD] = {.rich = {.foreground = 114, .background = OWN},
                       .plain = {.foreground = 2, .background = OWN}},
    [TUI_ROLE_BAD] = {.rich = {.foreground = 203, .background = OWN},
                      .plain = {.foreground = 1, .background = OWN, .is_bold = true},
                      .mono = {.is_bold = true}},
    [TUI_ROLE_WARN] = {.rich = {.foreground = 215, .background = OWN},
                       .plain = {.foreground = 3, .background = OWN},
                       .mono = {.is_bold = true}},
    [TUI_ROLE_INFO] = {.rich = {.foreground = 147, .background = OWN},
                       .plain = {.foreground = 5, .background = OWN}},
    [TUI_ROLE_CHART] = {.rich = {.foreground = 74, .background = OWN},
                        .plain = {.foreground = 6, .background = OWN}},
    [TUI_ROLE_HEADER] = {.rich = {.foreground = 252, .background = BAR},
                         .plain = {.foreground = 7, .background = 4},
                         .mono = {.is_reverse = true}},
    [TUI_ROLE_HEADER_STRONG] = {.rich = {.foreground = 255, .background = BAR, .is_bold = true},
                                .plain = {.foreground = 7, .background = 4, .is_bold = true},
                                .mono = {.is_reverse = true, .is_bold = true}},
    [TUI_ROLE_HEADER_GOOD] = {.rich = {.foreground = 114, .background = BAR},
                              .plain = {.foreground = 2, .background = 4, .is_bold = true},
                              .mono = {.is_reverse = true}},
    [TUI_ROLE_HEADER_BAD] = {.rich = {.foreground = 203, .background = BAR, .is_bold = true},
                             .plain = {.foreground = 3, .background = 4, .is_bold = true},
                             .mono = {.is_reverse = true, .is_bold = true}},
    [TUI_ROLE_CURSOR] = {.rich = {.foreground = 16, .background = 222},
                         .plain = {.foreground = 0, .background = 3},
                         .mono = {.is_reverse = true}},
    [TUI_ROLE_ALARM] = {.rich = {.foreground = 231, .background = 124, .is_bold = true},
                        .plain = {.foreground = 7, .background = 1, .is_bold = true},
                        .mono = {.is_reverse = true, .is_bold = true}},
};

enum tui_colours tui_theme_colours(const char *no_color, int terminal_colours)
{
    if ((no_color != NULL && no_color[0] != '\0') || terminal_colours < 8) {
        return TUI_COLOURS_NONE;
    }
    return terminal_colours >= 256 ? TUI_COLOURS_256 : TUI_COLOURS_8;
}

struct tui_style tui_theme_style(enum tui_role role, bool is_selected, enum tui_colours colours)
{
    struct tui_style style = palette[role].mono;
    switch (colours) {
    case TUI_COLOURS_NONE:
        style.foreground = style.background = OWN;
        style.is_reverse ^= is_selected;
        break;
    case TUI_COLOURS_8:
        style = palette[role].plain;
        style.is_reverse ^= is_selected;
        break;
    case TUI_COLOURS_256:
        style = palette[role].rich;
        style.background = is_selected ? SELECTED : style.background;
        break;
    }
    return style;
}
