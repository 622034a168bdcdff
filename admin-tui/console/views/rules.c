/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of both layers, and what can be changed of them at once. */
#include "admin-tui/console/listing.h"

static const struct tui_listing_column columns[] = {
    {.member = "name", .column = {.title = "RULE", .least = 18, .share = 3, .rank = 0}},
    {.member = "kind", .column = {.title = "KIND", .least = 8, .rank = 0}},
    {.member = "mode", .column = {.title = "MODE", .least = 8, .rank = 0}, .form = TUI_FORM_STATE},
    {.member = "file", .column = {.title = "FROM", .least = 14, .share = 2, .rank = 1}},
    {.member = "line",
     .column = {.title = "LINE", .least = 5, .rank = 3, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "until",
     .column = {.title = "UNTIL", .least = 8, .rank = 2, .is_right = true},
     .form = TUI_FORM_UNTIL},
    {.member = "note", .column = {.title = "NOTE", .least = 10, .share = 2, .rank = 4}},
};

static const struct tui_listing listing = {
    .command = "rules list",
    .noun = "rule",
    .nothing = "there is no rule; A writes one",
    .key = "name",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .actions =
        {
            {.action = TUI_ACTION_MODE,
             .word = "monitor/enforce",
             .command = "rules monitor % --for=1h --reason=",
             .member = "mode",
             .is = "enforce"},
            {.action = TUI_ACTION_MODE,
             .word = "",
             .command = "rules enforce % --for=1h --reason="},
            {.action = TUI_ACTION_REMOVE,
             .word = "remove/disable",
             .command = "rules remove % --reason=",
             .member = "live"},
            {.action = TUI_ACTION_REMOVE,
             .word = "",
             .command = "rules disable % --for=1h --reason="},
            {.action = TUI_ACTION_ADD,
             .word = "add",
             .command = "rules add -e 'deny NAME' -e 'when path /PATH/**' --for=1h --reason="},
        },
};

TUI_LISTING_VIEW(tui_view_rules, "Rules", listing);
