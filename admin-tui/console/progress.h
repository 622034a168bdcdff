/* SPDX-License-Identifier: Apache-2.0 */
/* What is said while something takes longer than a moment. */
#ifndef TUI_PROGRESS_H
#define TUI_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

#include "admin-tui/console/canvas.h"

#define TUI_PROGRESS_FROM_NS INT64_C(500000000) /* what takes no longer needs none */
#define TUI_PROGRESS_STEP_NS INT64_C(125000000) /* of a bar that goes to and fro */

/* The last "37 %" of a text, at most 100; -1: it has none. */
int tui_progress_percent(const char *text, size_t len);

/*
 * One line: the words, a bar and how far it is (percent < 0: not known, then how long it took so
 * far); nothing for the first half second.
 */
void tui_progress_draw(const struct tui_area *line, const char *words, int percent, int64_t ns);

#endif
