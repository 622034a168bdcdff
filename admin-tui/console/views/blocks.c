/* SPDX-License-Identifier: Apache-2.0 */
/* Who is shut out for a time. */
#include "admin-tui/console/listing.h"

static const struct tui_listing_column columns[] = {
    {.member = "target", .column = {.title = "TARGET", .least = 20, .share = 3, .rank = 0}},
    {.member = "kind", .column = {.title = "KIND", .least = 8, .rank = 1}},
    {.member = "until",
     .column = {.title = "ENDS", .least = 8, .rank = 0, .is_right = true},
     .form = TUI_FORM_UNTIL},
    {.member = "since",
     .column = {.title = "SINCE", .least = 6, .rank = 2, .is_right = true},
     .form = TUI_FORM_AGO},
    {.member = "by", .column = {.title = "BY", .least = 10, .rank = 1}},
    {.member = "action",
     .column = {.title = "ACTION", .least = 6, .rank = 4, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "reason", .column = {.title = "REASON", .least = 12, .share = 4, .rank = 0}},
};

static const struct tui_listing listing = {
    .command = "blocks list --all",
    .noun = "block",
    .nothing = "nobody is blocked; A blocks an address, a network or a subject",
    .key = "id",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .actions =
        {
            {.action = TUI_ACTION_REMOVE, .word = "end", .command = "blocks remove % --reason="},
            {.action = TUI_ACTION_ADD,
             .word = "block",
             .command = "block ADDRESS --for=1h --reason="},
        },
};

TUI_LISTING_VIEW(tui_view_blocks, "Blocks", listing);
