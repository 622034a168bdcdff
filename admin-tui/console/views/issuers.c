/* SPDX-License-Identifier: Apache-2.0 */
/* Token issuers, and whether their keys serve. */
#include "admin-tui/console/listing.h"

static const struct tui_listing_column columns[] = {
    {.member = "name", .column = {.title = "ISSUER", .least = 12, .share = 2, .rank = 0}},
    {.member = "state",
     .column = {.title = "STATE", .least = 10, .rank = 0},
     .form = TUI_FORM_STATE},
    {.member = "url", .column = {.title = "URL", .least = 20, .share = 3, .rank = 1}},
    {.member = "fetched",
     .column = {.title = "KEYS", .least = 6, .rank = 0, .is_right = true},
     .form = TUI_FORM_AGO},
    {.member = "next_attempt",
     .column = {.title = "NEXT", .least = 6, .rank = 2, .is_right = true},
     .form = TUI_FORM_UNTIL},
    {.member = "failures",
     .column = {.title = "FAILED", .least = 6, .rank = 1, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "from", .column = {.title = "FROM", .least = 10, .share = 2, .rank = 4}},
    {.member = "error", .column = {.title = "LAST FAULT", .least = 12, .share = 4, .rank = 3}},
};

static const struct tui_listing listing = {
    .command = "issuers",
    .noun = "issuer",
    .nothing = "no server has published its issuers yet",
    .key = "name",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .actions =
        {
            {.action = TUI_ACTION_FETCH,
             .word = "fetch keys",
             .command = "issuers refresh % --reason="},
        },
};

TUI_LISTING_VIEW(tui_view_issuers, "Issuers", listing);
