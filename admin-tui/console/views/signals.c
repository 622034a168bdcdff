/* SPDX-License-Identifier: Apache-2.0 */
/* What was told from outside and what is held against whom: what waits for an operator first. */
#include <string.h>

#include "admin-tui/console/listing.h"
#include "admin-tui/console/panels.h"

enum group {
    GROUP_WAITS = 0,
    GROUP_HOLDS,
    GROUP_APPLIED,
    GROUP_NOTED,
};

static const char *const groups[] = {
    [GROUP_WAITS] = "waits",
    [GROUP_HOLDS] = "holds",
    [GROUP_APPLIED] = "applied",
    [GROUP_NOTED] = "noted",
    NULL,
};

/* Events have an outcome, measures have none: those that are listed hold. */
static size_t group_of(const json_t *row)
{
    const char *outcome = json_string_value(json_object_get(row, "outcome"));
    const char *ruling = json_string_value(json_object_get(row, "ruling"));
    if (outcome == NULL) {
        return GROUP_HOLDS;
    }
    if (ruling != NULL) {
        return strcmp(ruling, "applied") == 0 ? GROUP_APPLIED : GROUP_NOTED;
    }
    return strcmp(outcome, "held") == 0      ? GROUP_WAITS
           : strcmp(outcome, "applied") == 0 ? GROUP_APPLIED
                                             : GROUP_NOTED;
}

static const struct tui_listing_column columns[] = {
    {.member = TUI_LISTING_GROUP,
     .column = {.title = "", .least = 7, .rank = 0},
     .form = TUI_FORM_STATE},
    {.member = "what",
     .instead = "event",
     .column = {.title = "WHAT", .least = 16, .share = 2, .rank = 0}},
    {.member = "whose",
     .instead = "target",
     .column = {.title = "WHOM", .least = 16, .share = 3, .rank = 0}},
    {.member = "until",
     .column = {.title = "ENDS", .least = 7, .rank = 0, .is_right = true},
     .form = TUI_FORM_UNTIL},
    {.member = "since",
     .instead = "received",
     .column = {.title = "AGO", .least = 4, .rank = 1, .is_right = true},
     .form = TUI_FORM_AGO},
    {.member = "by",
     .instead = "from",
     .column = {.title = "BY", .least = 6, .share = 1, .rank = 1}},
    {.member = "source",
     .instead = "outcome",
     .column = {.title = "SOURCE, OUTCOME", .least = 15, .rank = 4}},
    {.member = "reason",
     .instead = "detail",
     .column = {.title = "WHY", .least = 12, .share = 4, .rank = 1}},
    {.member = "id", .column = {.title = "ID", .least = 4, .share = 1, .rank = 5}},
};

static int draw_threat(const struct tui_view *view, const struct tui_area *area)
{
    struct tui_area line = tui_area_part(area, 1, 0, area->width - 2, 1);
    tui_put_threat(&line, &view->model->health, view->model->now_ns);
    return 1;
}

static const struct tui_listing listing = {
    .command = "signals list",
    .also = "automation list",
    .noun = "row",
    .nothing = "nothing was told and nothing is held; respond rules and signals begin measures",
    .key = "id",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .group = group_of,
    .groups = groups,
    .head = draw_threat,
    .actions =
        {
            {.action = TUI_ACTION_ADD,
             .word = "apply",
             .command = "signals apply % --reason=",
             .member = TUI_LISTING_GROUP,
             .is = "waits"},
            {.action = TUI_ACTION_REMOVE,
             .word = "drop, end, lift",
             .command = "signals drop % --reason=",
             .member = TUI_LISTING_GROUP,
             .is = "waits"},
            {.action = TUI_ACTION_REMOVE,
             .word = "",
             .command = "automation undo % --reason=",
             .member = TUI_LISTING_GROUP,
             .is = "holds"},
            {.action = TUI_ACTION_REMOVE,
             .word = "",
             .command = "signals lift % --reason=",
             .member = TUI_LISTING_GROUP,
             .is = "applied"},
            {.action = TUI_ACTION_THREAT,
             .word = "threat level",
             .command = "threat-level set high --for=1h --reason="},
        },
};

TUI_LISTING_VIEW(tui_view_signals, "Signals", listing);
