/* SPDX-License-Identifier: Apache-2.0 */
/* The newest requests, as many as fit: a ring in which every row has a number of its own. Pure. */
#ifndef TUI_TAIL_H
#define TUI_TAIL_H

#include <stddef.h>
#include <stdint.h>

#include "admin-tui/events.h"

#define TUI_TAIL_ROWS 2048

struct tui_tail {
    struct ctl_event rows[TUI_TAIL_ROWS];
    uint64_t n_total; /* rows that ever were; the newest has n_total - 1 */
    size_t n;         /* rows that are there */
};

void tui_tail_clear(struct tui_tail *tail);
void tui_tail_add(struct tui_tail *tail, const struct ctl_event *row);
/* Turns the order round: a tail that was filled from the newest row on. */
void tui_tail_reverse(struct tui_tail *tail);
/* Number of the oldest row. */
uint64_t tui_tail_first(const struct tui_tail *tail);
/* Row i from the oldest on, i < n. */
const struct ctl_event *tui_tail_at(const struct tui_tail *tail, size_t i);

#endif
