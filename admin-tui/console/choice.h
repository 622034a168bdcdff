/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a view that its filter matches, as places in the array that holds all of them. */
#ifndef TUI_CHOICE_H
#define TUI_CHOICE_H

#include <stddef.h>
#include <stdint.h>

#include "admin-tui/console/rows.h"
#include "admin-tui/console/view.h"
#include "admin-tui/filter.h"
#include "admin-tui/filter_kind.h"

struct tui_choice {
    char text[TUI_PROMPT_SIZE]; /* as it was typed; "": all rows */
    struct ctl_filter filter;   /* never copied: values point into it */
    uint16_t shown[TUI_KEYS_MAX > TUI_AUDIT_MAX ? TUI_KEYS_MAX : TUI_AUDIT_MAX];
    size_t n;
};

/* False, and a complaint: the text is no filter of that kind; all stays as it is. */
bool tui_choice_set(struct tui_choice *choice, const struct ctl_filter_kind *kind, const char *text,
                    struct tui_desk *desk);
/* Looks through n records of that size. */
void tui_choice_make(struct tui_choice *choice, const struct ctl_filter_kind *kind,
                     const void *records, size_t size, size_t n, int64_t now_s);
/* ", filter …" behind what stands in the line up to x; returns the column behind it. */
int tui_choice_print(const struct tui_choice *choice, const struct tui_area *line, int x);

#endif
