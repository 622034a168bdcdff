/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of the `:` line, kept over runs in the operator's own home: $XDG_STATE_HOME/ztactl/history,
 * else ~/.local/state/ztactl/history, for him alone. What looks like a credential is never kept,
 * and nothing is where the home is somebody else's (sudo that keeps HOME).
 */
#ifndef TUI_HISTORY_H
#define TUI_HISTORY_H

#include <stdbool.h>
#include <stddef.h>

#include "admin-tui/console/prompt.h"

#define TUI_LINES_MAX 200

struct tui_history {
    char lines[TUI_LINES_MAX][TUI_PROMPT_SIZE]; /* oldest first */
    size_t n;
    bool has_file; /* fd is open for appending; else lines are kept for this run alone */
    int fd;
};

/*
 * Reads what is there. To be called before the process becomes the store's owner. home and state
 * are the variables HOME and XDG_STATE_HOME, NULL where they are not set.
 */
void tui_history_open(struct tui_history *history, const char *home, const char *state);
void tui_history_close(struct tui_history *history);
/* Keeps a line, unless it is the last one again or looks like a credential. */
void tui_history_add(struct tui_history *history, const char *line);
/*
 * The line before (is_older) or behind place i that begins with the first len bytes of text; i is n
 * behind the newest. n: there is none.
 */
size_t tui_history_find(const struct tui_history *history, size_t i, bool is_older,
                        const char *text, size_t len);

#endif
