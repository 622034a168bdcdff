/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the live rules: who changed what and why, each line by line, and back to one. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/listing.h"

static const struct tui_listing_column columns[] = {
    {.member = "version",
     .column = {.title = "VERSION", .least = 7, .rank = 0, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "time",
     .column = {.title = "AGO", .least = 6, .rank = 0, .is_right = true},
     .form = TUI_FORM_AGO},
    {.member = "by", .column = {.title = "BY", .least = 8, .share = 1, .rank = 0}},
    {.member = "state",
     .column = {.title = "STATE", .least = 8, .share = 1, .rank = 1},
     .form = TUI_FORM_STATE},
    {.member = "what", .column = {.title = "WHAT", .least = 16, .share = 3, .rank = 0}},
    {.member = "reason", .column = {.title = "WHY", .least = 10, .share = 3, .rank = 0}},
    {.member = "entries",
     .column = {.title = "ENTRIES", .least = 7, .rank = 2, .is_right = true},
     .form = TUI_FORM_COUNT},
};

static const struct tui_listing listing = {
    .command = "rules history",
    .show = "rules history %",
    .noun = "version",
    .nothing = "nobody changed a rule from here or by ztactl yet",
    .key = "version",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
};

static json_int_t number_of(const json_t *version)
{
    return json_integer_value(json_object_get(version, "version"));
}

static bool is_state(const json_t *version, const char *state)
{
    const char *word = json_string_value(json_object_get(version, "state"));
    return word != NULL && strcmp(word, state) == 0;
}

/* That in force, on which a change is made: another one in between is a conflict; 0: none. */
static json_int_t in_force(const struct tui_rows *rows)
{
    const json_t *version;
    size_t i;
    json_array_foreach(rows->all, i, version)
    {
        if (is_state(version, "in force") || is_state(version, "waits for confirmation")) {
            return number_of(version);
        }
    }
    return 0;
}

static bool act(struct tui_view *view, enum tui_action action)
{
    struct tui_desk *desk = view->desk;
    const json_t *version = tui_listing_selected(view);
    if (version == NULL || (action != TUI_ACTION_ROLL_BACK && action != TUI_ACTION_DETAIL)) {
        return tui_listing_act(view, action);
    }
    if (action == TUI_ACTION_DETAIL) {
        (void)snprintf(desk->look, sizeof desk->look, "rules history %" JSON_INTEGER_FORMAT,
                       number_of(version));
        return true;
    }
    (void)snprintf(desk->proposal, sizeof desk->proposal,
                   "rules rollback %" JSON_INTEGER_FORMAT " --base=%" JSON_INTEGER_FORMAT
                   " --reason=",
                   number_of(version), in_force(view->state));
    return true;
}

const struct tui_view_ops tui_view_versions = {
    TUI_LISTING_MEMBERS(listing),
    .name = "Versions",
    .is_behind = true,
    .hints = {{.action = TUI_ACTION_ROLL_BACK, .word = "roll back to it"},
              {.action = TUI_ACTION_BACK, .word = "rules"}},
    .state_size = sizeof(struct tui_rows),
    .act = act,
    .refresh = tui_listing_refresh,
    .close = tui_listing_close,
};
