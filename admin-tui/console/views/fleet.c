/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of the fleet, those with trouble first; above them how this one's agent is. */
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/listing.h"
#include "shared/base/clock.h"

/* As fleet nodes has them in its member state, in that order. */
static const char *const states[] = {"unknown", "differs", "silent", "unheard",
                                     "alike",   "removed", NULL};

static size_t group_of(const json_t *row)
{
    const char *state = json_string_value(json_object_get(row, "state"));
    size_t i = 0;
    while (states[i + 1] != NULL && (state == NULL || strcmp(states[i], state) != 0)) {
        i++;
    }
    return i;
}

static const struct tui_listing_column columns[] = {
    {.member = TUI_LISTING_GROUP,
     .column = {.title = "STATE", .least = 7, .rank = 0},
     .form = TUI_FORM_STATE},
    {.member = "name", .column = {.title = "NODE", .least = 14, .share = 3, .rank = 0}},
    {.member = "role", .column = {.title = "ROLE", .least = 8, .rank = 3}},
    {.member = "seen",
     .column = {.title = "SEEN", .least = 5, .rank = 0, .is_right = true},
     .form = TUI_FORM_AGO},
    {.member = "lag_ms",
     .column = {.title = "LAG MS", .least = 6, .rank = 0, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "statements",
     .column = {.title = "KNOWS", .least = 6, .rank = 1, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "waiting",
     .column = {.title = "TO SEND", .least = 7, .rank = 1, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "refused",
     .column = {.title = "REFUSED", .least = 7, .rank = 0, .is_right = true},
     .form = TUI_FORM_COUNT},
    {.member = "release", .column = {.title = "RELEASE", .least = 8, .rank = 4}},
};

/* That of the node whose console this is; NULL: not read yet, or in no fleet. */
static const json_t *own_row(const struct tui_view *view)
{
    const struct tui_rows *rows = view->state;
    const json_t *row;
    size_t i;
    json_array_foreach(rows->all, i, row)
    {
        if (json_is_true(json_object_get(row, "this"))) {
            return row;
        }
    }
    return NULL;
}

static struct zta_text text_in(const json_t *row, const char *name)
{
    return zta_text_of(json_string_value(json_object_get(row, name)));
}

/* "agent at redis:6379 since 2h", or what is wrong with it. */
static int put_agent(const struct tui_area *line, int x, const json_t *row, int64_t now_s)
{
    const struct zta_text engine = text_in(row, "engine");
    char ago[TUI_SHORT_MAX];
    int64_t since_s = 0;
    if (!json_is_true(json_object_get(row, "agent_runs"))) {
        return tui_print(line, x, 0, TUI_ROLE_BAD, "the agent does not run");
    }
    if (zta_text_is_absent(engine)) {
        x = tui_print(line, x, 0, TUI_ROLE_BAD, "no engine: ");
        return tui_put_foreign(line, x, 0, TUI_ROLE_BAD, text_in(row, "problem"));
    }
    x = tui_print(line, x, 0, TUI_ROLE_GOOD, "agent at ");
    x = tui_put_foreign(line, x, 0, TUI_ROLE_GOOD, engine);
    if (zta_time_parse(text_in(row, "connected"), &since_s) == ZTA_OK) {
        tui_format_ago(since_s, now_s, ago);
        x = tui_print(line, x, 0, TUI_ROLE_DIM, " since %s", ago);
    }
    return x;
}

static void put_refused(const struct tui_area *line, const json_t *refused)
{
    const json_t *each;
    size_t i;
    int x = tui_print(line, 0, 0, TUI_ROLE_DIM, "refused here ");
    if (json_array_size(refused) == 0) {
        (void)tui_print(line, x, 0, TUI_ROLE_GOOD, "nothing");
    }
    json_array_foreach(refused, i, each)
    {
        x = tui_print(line, x, 0, TUI_ROLE_WARN, "%s%" JSON_INTEGER_FORMAT " ", i > 0 ? ", " : "",
                      json_integer_value(json_object_get(each, "statements")));
        x = tui_put_foreign(line, x, 0, TUI_ROLE_TEXT, text_in(each, "what"));
    }
}

static int draw_agent(const struct tui_view *view, const struct tui_area *area)
{
    const json_t *row = own_row(view);
    struct tui_area line = tui_area_part(area, 1, 0, area->width - 2, 1);
    struct tui_area next = tui_area_part(area, 1, 1, area->width - 2, 1);
    if (row == NULL) {
        return 0;
    }
    int x = tui_print(&line, 0, 0, TUI_ROLE_DIM, "fleet ");
    x = tui_put_foreign(&line, x, 0, TUI_ROLE_STRONG, text_in(row, "fleet"));
    x = tui_print(&line, x, 0, TUI_ROLE_DIM, "  this node ");
    x = tui_put_foreign(&line, x, 0, TUI_ROLE_STRONG, text_in(row, "name"));
    x = put_agent(&line, x + 2, row, view->model->now_ns / ZTA_NS_PER_S);
    const json_int_t waiting = json_integer_value(json_object_get(row, "to_be_sent"));
    (void)tui_print(&line, x + 2, 0, waiting > 0 ? TUI_ROLE_WARN : TUI_ROLE_DIM,
                    "%" JSON_INTEGER_FORMAT " to send", waiting);
    put_refused(&next, json_object_get(row, "refused_here"));
    return 2;
}

/* What its state means, and what mends it. */
static const char *const meanings[] = {
    "It tells of itself at the engine, and nobody enrolled it here: what it says is refused. "
    "`fleet sign` and `fleet enrol` let it in; otherwise see who writes to the engine.",
    "It knows other statements than this node. Agents compare all when that stands for 10 seconds; "
    "what differs then is what one of the two refuses: see REFUSED, and `fleet status` there.",
    "Its agent said nothing for 20 seconds: it is down, or cut off from the engine. That proxy "
    "goes "
    "on judging by what it knew then.",
    "It was enrolled, and the engine has nothing that it said of itself: its agent never ran, or "
    "the "
    "engine was emptied since it stopped.",
    "It knows what this node knows.",
    "The operator took it out: nothing new is heard from it; what it revoked and blocked stands.",
};

static void put_meaning(struct tui_view *view, struct zta_text name, struct tui_page *page)
{
    const json_t *row = tui_listing_selected(view);
    if (row != NULL) {
        tui_page_line(page, "", ZTA_TEXT(""));
        tui_page_line(page, "means", zta_text_of(meanings[group_of(row)]));
    }
}

static const struct tui_listing listing = {
    .command = "fleet nodes",
    .noun = "node",
    .nothing = "this store is in no fleet; `fleet join` makes it part of one (docs/fleet.md)",
    .key = "name",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .group = group_of,
    .groups = states,
    .more = put_meaning,
    .head = draw_agent,
};

const struct tui_view_ops tui_view_fleet = {
    TUI_LISTING_MEMBERS(listing),
    .name = "Fleet",
    .is_behind = true,
    .state_size = sizeof(struct tui_rows),
    .act = tui_listing_act,
    .refresh = tui_listing_refresh,
    .close = tui_listing_close,
};
