/* SPDX-License-Identifier: Apache-2.0 */
/* A ring. */
#include "admin-tui/console/tail.h"

void tui_tail_clear(struct tui_tail *tail)
{
    tail->n = 0;
}

void tui_tail_add(struct tui_tail *tail, const struct ctl_event *row)
{
    tail->rows[tail->n_total % TUI_TAIL_ROWS] = *row;
    tail->n_total++;
    tail->n += tail->n < TUI_TAIL_ROWS;
}

uint64_t tui_tail_first(const struct tui_tail *tail)
{
    return tail->n_total - tail->n;
}

static size_t place_of(const struct tui_tail *tail, size_t i)
{
    return (size_t)((tui_tail_first(tail) + i) % TUI_TAIL_ROWS);
}

void tui_tail_reverse(struct tui_tail *tail)
{
    for (size_t i = 0; i < tail->n / 2; i++) {
        struct ctl_event *one = &tail->rows[place_of(tail, i)];
        struct ctl_event *other = &tail->rows[place_of(tail, tail->n - 1 - i)];
        struct ctl_event kept = *one;
        *one = *other;
        *other = kept;
    }
}

const struct ctl_event *tui_tail_at(const struct tui_tail *tail, size_t i)
{
    return &tail->rows[place_of(tail, i)];
}
