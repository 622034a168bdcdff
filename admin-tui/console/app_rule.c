/* SPDX-License-Identifier: Apache-2.0 */
/* A rule from what is looked at: the filter of the view, else its selected row. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/app_priv.h"
#include "admin-tui/console/rule_from.h"

#define TEXT_SIZE 16384

/* What the row says itself, else, of all it leads to, requests of its subject or its address. */
static struct zta_text filter_of_row(struct tui_view *view)
{
    static const char *const fields[] = {"subject=", "apikey=", "client=", "address="};
    static struct tui_row row; /* too large for a stack */
    if (view->ops->row == NULL || !view->ops->row(view, &row)) {
        return ZTA_TEXT("");
    }
    if (row.alike[0] != '\0') {
        return zta_text_of(row.alike);
    }
    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        for (size_t i = 0; i < row.n_jumps; i++) {
            const struct tui_jump *jump = &row.jumps[i];
            if (jump->to == &tui_view_traffic &&
                strncmp(jump->filter, fields[f], strlen(fields[f])) == 0) {
                return zta_text_of(jump->filter);
            }
        }
    }
    return ZTA_TEXT("");
}

void tui_app_write_rule(struct tui_app *app, bool is_limit)
{
    static char text[TEXT_SIZE]; /* too large for a stack */
    struct tui_view *view = &app->views[app->current];
    const char *kind = is_limit ? "limit" : "deny rule";
    const char *source = "";
    char title[64];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    const struct zta_text filter =
        view->ops->filter == NULL ? ZTA_TEXT("") : zta_text_of(view->ops->filter(view));
    if (tui_rule_from_filter(filter, is_limit, &out)) {
        source = " from the filter";
    }
    else if (tui_rule_from_filter(filter_of_row(view), is_limit, &out)) {
        source = " from the row";
    }
    else {
        tui_rule_blank(is_limit, &out);
    }
    (void)snprintf(title, sizeof title, "New %s%s", kind, source);
    tui_draft_write(&app->desk.draft, title, text, 1);
}
