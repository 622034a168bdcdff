/* SPDX-License-Identifier: Apache-2.0 */
/* How much anybody may, and who is shut out or slowed down for a time. */
#include <string.h>

#include "admin-tui/console/listing.h"

enum group {
    GROUP_LIMIT = 0,
    GROUP_BLOCK, /* nothing of it comes through, or little */
    GROUP_HELD,  /* for a time more is asked of it, or less given */
};

static const char *const groups[] = {
    [GROUP_LIMIT] = "limit", [GROUP_BLOCK] = "block", [GROUP_HELD] = "held", NULL};

/* Limits have what they count by. */
static size_t group_of(const json_t *row)
{
    static const char *const blocking[] = {"network", "subject", "block", "throttle"};
    const char *kind = json_string_value(json_object_get(row, "kind"));
    if (json_object_get(row, "keys") != NULL) {
        return GROUP_LIMIT;
    }
    for (size_t i = 0; kind != NULL && i < sizeof blocking / sizeof blocking[0]; i++) {
        if (strcmp(kind, blocking[i]) == 0) {
            return GROUP_BLOCK;
        }
    }
    return GROUP_HELD;
}

static const struct tui_listing_column columns[] = {
    {.member = TUI_LISTING_GROUP,
     .column = {.title = "", .least = 5, .rank = 0},
     .form = TUI_FORM_STATE},
    {.member = "name",
     .instead = "target",
     .column = {.title = "LIMIT OR TARGET", .least = 20, .share = 3, .rank = 0}},
    {.member = "keys",
     .instead = "kind",
     .column = {.title = "COUNTS BY", .least = 10, .share = 1, .rank = 3}},
    {.member = "rate", .column = {.title = "RATE", .least = 9, .share = 1, .rank = 1}},
    {.member = "refused",
     .column = {.title = "REFUSED", .least = 7, .rank = 0, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "fullest",
     .column = {.title = "FULLEST", .least = 7, .rank = 0, .is_right = true},
     .form = TUI_FORM_PERCENT},
    {.member = "fullest",
     .column = {.title = "", .least = 8, .share = 1, .rank = 2, .is_bar = true},
     .form = TUI_FORM_FILL},
    {.member = "near",
     .column = {.title = "NEAR", .least = 5, .rank = 2, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "would_refuse",
     .column = {.title = "WOULD BE", .least = 8, .rank = 4, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "mode", .column = {.title = "MODE", .least = 7, .rank = 5}, .form = TUI_FORM_STATE},
    {.member = "until",
     .column = {.title = "ENDS", .least = 7, .rank = 0, .is_right = true},
     .form = TUI_FORM_UNTIL},
    {.member = "by", .instead = "file", .column = {.title = "BY", .least = 8, .rank = 4}},
    {.member = "reason", .column = {.title = "REASON", .least = 10, .share = 3, .rank = 1}},
};

static const struct tui_listing listing = {
    .command = "limits list",
    .also = "blocks list --all",
    .noun = "row",
    .nothing = "no limit counts and nobody is blocked; A blocks an address, a network or a subject",
    .key = "id",
    .other_key = "name",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .group = group_of,
    .groups = groups,
    .actions =
        {
            {.action = TUI_ACTION_EXPLAIN,
             .word = "who is near",
             .command = "limits show %",
             .member = TUI_LISTING_GROUP,
             .is = "limit",
             .only_looks = true},
            {.action = TUI_ACTION_REMOVE,
             .word = "reset or end",
             .command = "limits reset % --reason=",
             .member = TUI_LISTING_GROUP,
             .is = "limit"},
            {.action = TUI_ACTION_REMOVE,
             .word = "",
             .command = "blocks remove % --reason=",
             .member = "target"},
            {.action = TUI_ACTION_ADD,
             .word = "block",
             .command = "block ADDRESS --for=1h --reason="},
        },
};

TUI_LISTING_VIEW(tui_view_limits, "Limits", listing);
