/* SPDX-License-Identifier: Apache-2.0 */
/* Tab on the `:` line: what may stand at its end, in a box above it. */
#ifndef TUI_COMPLETING_H
#define TUI_COMPLETING_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/complete.h"
#include "admin-tui/console/canvas.h"
#include "admin-tui/console/prompt.h"

struct tui_completing {
    bool is_open;
    struct ctl_choices choices;
    size_t chosen;              /* stands in the line; choices.n: none */
    char line[TUI_PROMPT_SIZE]; /* in front of the word that is completed */
    size_t top;                 /* first choice shown */
};

/* Above the line at the bottom of the area. */
void tui_completing_draw(const struct tui_area *area, struct tui_completing *completing);

#endif
