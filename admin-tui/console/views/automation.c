/* SPDX-License-Identifier: Apache-2.0 */
/* What rules, transmitters and operators hold against whom for a time. */
#include "admin-tui/console/listing.h"

static const struct tui_listing_column columns[] = {
    {.member = "what",
     .column = {.title = "MEASURE", .least = 14, .share = 2, .rank = 0},
     .form = TUI_FORM_STATE},
    {.member = "of", .column = {.title = "OF", .least = 8, .rank = 2}},
    {.member = "target", .column = {.title = "TARGET", .least = 18, .share = 3, .rank = 0}},
    {.member = "until",
     .column = {.title = "ENDS", .least = 8, .rank = 0, .is_right = true},
     .form = TUI_FORM_UNTIL},
    {.member = "since",
     .column = {.title = "SINCE", .least = 6, .rank = 2, .is_right = true},
     .form = TUI_FORM_AGO},
    {.member = "source", .column = {.title = "SOURCE", .least = 11, .rank = 3}},
    {.member = "by", .column = {.title = "BY", .least = 12, .share = 2, .rank = 1}},
    {.member = "reason", .column = {.title = "REASON", .least = 12, .share = 4, .rank = 1}},
    {.member = "id", .column = {.title = "ID", .least = 6, .rank = 4}},
};

static const struct tui_listing listing = {
    .command = "automation list",
    .noun = "measure",
    .nothing = "nothing is held against anybody; respond rules and signals begin measures",
    .key = "id",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .actions =
        {
            {.action = TUI_ACTION_UNDO, .word = "undo", .command = "automation undo % --reason="},
        },
};

TUI_LISTING_VIEW(tui_view_automation, "Automation", listing);
