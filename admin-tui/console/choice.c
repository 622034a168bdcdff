/* SPDX-License-Identifier: Apache-2.0 */
/* Filtering rows that are in memory. */
#include "admin-tui/console/choice.h"

#include <stdio.h>

bool tui_choice_set(struct tui_choice *choice, const struct ctl_filter_kind *kind, const char *text,
                    struct tui_desk *desk)
{
    struct zta_error error;
    if (ctl_filter_parse_kind(zta_text_of(text), kind, &choice->filter, &error) == ZTA_OK) {
        (void)snprintf(choice->text, sizeof choice->text, "%s", text);
        return true;
    }
    tui_complain(desk, "%s", error.text);
    /* That of before, which was one. */
    if (ctl_filter_parse_kind(zta_text_of(choice->text), kind, &choice->filter, &error) != ZTA_OK) {
        choice->text[0] = '\0';
        choice->filter.n_terms = 0;
    }
    return false;
}

void tui_choice_make(struct tui_choice *choice, const struct ctl_filter_kind *kind,
                     const void *records, size_t size, size_t n, int64_t now_s)
{
    choice->n = 0;
    for (size_t i = 0; i < n && choice->n < sizeof choice->shown / sizeof choice->shown[0]; i++) {
        const void *record = (const char *)records + i * size;
        if (ctl_filter_matches_record(&choice->filter, kind, record, now_s)) {
            choice->shown[choice->n++] = (uint16_t)i;
        }
    }
}

int tui_choice_print(const struct tui_choice *choice, const struct tui_area *line, int x)
{
    if (choice->text[0] == '\0') {
        return x;
    }
    x = tui_print(line, x, 0, TUI_ROLE_DIM, "  filter ");
    return tui_put_foreign(line, x, 0, TUI_ROLE_KEY, zta_text_of(choice->text));
}
