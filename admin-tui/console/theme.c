/* SPDX-License-Identifier: Apache-2.0 */
/* The palettes: a line a role. */
#include "admin-tui/console/theme.h"

#include <string.h>

enum {
    OWN = -1,
    BAR = 236,      /* background of the header */
    SELECTED = 238, /* background of the selected row */
    LIGHT_BAR = 253,
    LIGHT_SELECTED = 252,
    BLACK = 16,
    WHITE = 231,
    YELLOW = 226,
    BRIGHT = 8, /* from a colour to its brighter one */
    GREY = 8,
};

/* A line of a palette: 256 colours, then 8; both bold or none. */
#define LINE(front, back, front8, back8, bold)                                                     \
    {                                                                                              \
        .rich = {.foreground = (front), .background = (back), .is_bold = (bold)}, .plain = {       \
            .foreground = (front8),                                                                \
            .background = (back8),                                                                 \
            .is_bold = (bold)                                                                      \
        }                                                                                          \
    }

struct line {
    struct tui_style rich;  /* 256 colours */
    struct tui_style plain; /* 8 */
    struct tui_style mono;  /* of the dark theme alone: it is the same in all */
};

static const struct line light[TUI_N_ROLES] = {
    [TUI_ROLE_TEXT] = LINE(OWN, OWN, OWN, OWN, false),
    [TUI_ROLE_DIM] = LINE(242, OWN, OWN, OWN, false),
    [TUI_ROLE_STRONG] = LINE(OWN, OWN, OWN, OWN, true),
    [TUI_ROLE_TITLE] = LINE(25, OWN, 4, OWN, true),
    [TUI_ROLE_BORDER] = LINE(250, OWN, 6, OWN, false),
    [TUI_ROLE_KEY] = LINE(94, OWN, 5, OWN, true),
    [TUI_ROLE_GOOD] = LINE(28, OWN, 2, OWN, false),
    [TUI_ROLE_BAD] = LINE(160, OWN, 1, OWN, true),
    [TUI_ROLE_WARN] = LINE(130, OWN, 5, OWN, false),
    [TUI_ROLE_INFO] = LINE(92, OWN, 4, OWN, false),
    [TUI_ROLE_CHART] = LINE(31, OWN, 4, OWN, false),
    [TUI_ROLE_HEADER] = LINE(237, LIGHT_BAR, 7, 4, false),
    [TUI_ROLE_HEADER_STRONG] = LINE(BLACK, LIGHT_BAR, 7, 4, true),
    [TUI_ROLE_HEADER_GOOD] = LINE(22, LIGHT_BAR, 2, 4, true),
    [TUI_ROLE_HEADER_BAD] = LINE(124, LIGHT_BAR, 3, 4, true),
    [TUI_ROLE_CURSOR] = LINE(WHITE, 94, 7, 5, false),
    [TUI_ROLE_ALARM] = LINE(WHITE, 160, 7, 1, true),
};

static const struct line contrast[TUI_N_ROLES] = {
    [TUI_ROLE_TEXT] = LINE(WHITE, BLACK, 7, 0, false),
    [TUI_ROLE_DIM] = LINE(252, BLACK, 7, 0, false),
    [TUI_ROLE_STRONG] = LINE(WHITE, BLACK, 7, 0, true),
    [TUI_ROLE_TITLE] = LINE(51, BLACK, 6, 0, true),
    [TUI_ROLE_BORDER] = LINE(250, BLACK, 7, 0, false),
    [TUI_ROLE_KEY] = LINE(YELLOW, BLACK, 3, 0, true),
    [TUI_ROLE_GOOD] = LINE(46, BLACK, 2, 0, true),
    [TUI_ROLE_BAD] = LINE(210, BLACK, 1, 0, true),
    [TUI_ROLE_WARN] = LINE(220, BLACK, 3, 0, true),
    [TUI_ROLE_INFO] = LINE(219, BLACK, 5, 0, true),
    [TUI_ROLE_CHART] = LINE(51, BLACK, 6, 0, false),
    [TUI_ROLE_HEADER] = LINE(BLACK, WHITE, 0, 7, false),
    [TUI_ROLE_HEADER_STRONG] = LINE(BLACK, YELLOW, 0, 3, true),
    [TUI_ROLE_HEADER_GOOD] = LINE(22, WHITE, 0, 7, true),
    [TUI_ROLE_HEADER_BAD] = LINE(88, WHITE, 1, 7, true),
    [TUI_ROLE_CURSOR] = LINE(BLACK, YELLOW, 0, 3, true),
    [TUI_ROLE_ALARM] = LINE(WHITE, 160, 7, 1, true),
};

static const struct line dark[TUI_N_ROLES] = {
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
    [TUI_ROLE_HEADER_BAD] = {.rich = {.foreground = 210, .background = BAR, .is_bold = true},
                             .plain = {.foreground = 3, .background = 4, .is_bold = true},
                             .mono = {.is_reverse = true, .is_bold = true}},
    [TUI_ROLE_CURSOR] = {.rich = {.foreground = 16, .background = 222},
                         .plain = {.foreground = 0, .background = 3},
                         .mono = {.is_reverse = true}},
    [TUI_ROLE_ALARM] = {.rich = {.foreground = 231, .background = 124, .is_bold = true},
                        .plain = {.foreground = 7, .background = 1, .is_bold = true},
                        .mono = {.is_reverse = true, .is_bold = true}},
};

static const char *const names[TUI_N_THEMES] = {
    [TUI_THEME_DARK] = "dark",
    [TUI_THEME_LIGHT] = "light",
    [TUI_THEME_CONTRAST] = "high-contrast",
    [TUI_THEME_MONO] = "monochrome",
};

const char *tui_theme_name(enum tui_theme theme)
{
    return names[theme];
}

bool tui_theme_find(const char *name, enum tui_theme *theme)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < TUI_N_THEMES && len > 0; i++) {
        if (strncmp(names[i], name, len) == 0) {
            *theme = (enum tui_theme)i;
            return true;
        }
    }
    return false;
}

enum tui_colours tui_theme_colours(const char *no_color, int terminal_colours)
{
    if ((no_color != NULL && no_color[0] != '\0') || terminal_colours < 8) {
        return TUI_COLOURS_NONE;
    }
    return terminal_colours >= 256  ? TUI_COLOURS_256
           : terminal_colours >= 16 ? TUI_COLOURS_16
                                    : TUI_COLOURS_8;
}

/* What is bold in 8 colours is bright in 16, and what is dim is grey: no terminal draws it else. */
static struct tui_style brighten(struct tui_style style, enum tui_theme theme)
{
    if (style.is_dim) {
        style.foreground = GREY;
        style.is_dim = false;
    }
    else if (theme != TUI_THEME_LIGHT && style.is_bold && style.foreground > 0) {
        style.foreground = (short)(style.foreground + BRIGHT);
    }
    return style;
}

static struct tui_style select_rich(struct tui_style style, enum tui_theme theme, bool is_selected)
{
    if (is_selected && theme == TUI_THEME_CONTRAST) {
        style.foreground = BLACK;
        style.background = YELLOW;
    }
    else if (is_selected) {
        style.background = theme == TUI_THEME_LIGHT ? LIGHT_SELECTED : SELECTED;
    }
    return style;
}

struct tui_style tui_theme_style(enum tui_theme theme, enum tui_role role, bool is_selected,
                                 enum tui_colours colours)
{
    const struct line *const line = theme == TUI_THEME_LIGHT      ? &light[role]
                                    : theme == TUI_THEME_CONTRAST ? &contrast[role]
                                                                  : &dark[role];
    struct tui_style style = line->plain;
    if (theme == TUI_THEME_MONO || colours == TUI_COLOURS_NONE) {
        style = dark[role].mono;
        style.foreground = style.background = OWN;
    }
    else if (colours == TUI_COLOURS_256) {
        return select_rich(line->rich, theme, is_selected);
    }
    else if (colours == TUI_COLOURS_16) {
        style = brighten(style, theme);
    }
    style.is_reverse ^= is_selected;
    return style;
}
