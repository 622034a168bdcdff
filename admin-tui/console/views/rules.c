/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of both layers: looked at, tried, written, and changed at once. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/listing.h"
#include "admin-tui/console/rule_from.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"

/* The rule whose detail is open is read anew so often. */
#define READ_AGAIN_NS INT64_C(3000000000)

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
    .show = "rules show %",
    .noun = "rule",
    .nothing = "there is no rule; A writes one",
    .key = "name",
    .columns = columns,
    .n_columns = sizeof columns / sizeof columns[0],
    .actions =
        {
            {.action = TUI_ACTION_MODE,
             .word = "mode",
             .command = "rules monitor % --for=1h --reason=",
             .member = "mode",
             .is = "enforce"},
            {.action = TUI_ACTION_MODE,
             .word = "",
             .command = "rules enforce % --for=1h --reason="},
            {.action = TUI_ACTION_REMOVE,
             .word = "remove",
             .command = "rules remove % --reason=",
             .member = "live"},
            {.action = TUI_ACTION_REMOVE,
             .word = "",
             .command = "rules disable % --for=1h --reason="},
            {.action = TUI_ACTION_WHATIF,
             .word = "what-if",
             .command = "rules disable % --for=1h --reason=what-if --dry-run",
             .member = "mode",
             .is = "enforce",
             .only_looks = true},
            {.action = TUI_ACTION_WHATIF,
             .word = "",
             .command = "rules enforce % --for=1h --reason=what-if --dry-run",
             .only_looks = true},
        },
};

struct rules {
    struct tui_rows rows;   /* first: the listing's own */
    struct tui_feed detail; /* rules show */
    int64_t read_ns;        /* when that was begun last */
    uint64_t policy_txn;    /* likewise */
    char shown[256];        /* the rule whose detail is open; "": none */
};

/* ---- everything about one ---- */

static struct zta_text text_of(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    return (struct zta_text){.data = json_string_value(value), .len = json_string_length(value)};
}

static void put(struct zta_buffer *out, const char *before, struct zta_text text)
{
    if (text.len > 0) {
        zta_buffer_string(out, before);
        tui_format_foreign(out, text);
    }
}

static void put_line(struct tui_page *page, const char *label, const struct zta_buffer *out)
{
    tui_page_line(page, label, (struct zta_text){.data = out->data, .len = out->len});
}

/* Who put the rule or its mode there, until when and why. */
static void put_change(struct tui_page *page, const char *label, const json_t *change)
{
    char text[1024];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    put(&out, "by ", text_of(change, "by"));
    put(&out, " at ", text_of(change, "since"));
    put(&out, ": ", text_of(change, "reason"));
    if (out.len > 0) {
        put_line(page, label, &out);
    }
}

static void put_end(struct tui_page *page, const json_t *rule, int64_t now_s)
{
    char span[TUI_SHORT_MAX];
    int64_t until_s;
    const struct zta_text until = text_of(rule, "until");
    if (until.len > 0 && zta_time_parse(until, &until_s) == ZTA_OK) {
        tui_format_until(until_s, now_s, span);
        tui_page_role(page, TUI_ROLE_WARN);
        tui_page_printf(page, "ends", "%s, %.*s", span, (int)until.len, until.data);
    }
}

static void put_standing(struct tui_page *page, const json_t *rule, int64_t now_s)
{
    char text[1024];
    struct zta_buffer out;
    const json_t *live = json_object_get(rule, "live");
    const json_t *replaces = json_object_get(rule, "replaces");
    const struct zta_text mode = text_of(rule, "mode");
    tui_page_role(page, zta_text_equal(mode, ZTA_TEXT("enforce")) ? TUI_ROLE_GOOD : TUI_ROLE_WARN);
    tui_page_line(page, "mode", mode);
    put_change(page, "mode set", json_object_get(rule, "live_mode"));
    zta_buffer_init(&out, text, sizeof text);
    put(&out, json_is_object(live) ? "live layer, " : "", text_of(rule, "file"));
    zta_buffer_printf(&out, ":%" JSON_INTEGER_FORMAT,
                      json_integer_value(json_object_get(rule, "line")));
    put_line(page, "from", &out);
    put_change(page, "written", live);
    if (json_is_object(replaces)) {
        zta_buffer_init(&out, text, sizeof text);
        put(&out, "", text_of(replaces, "file"));
        zta_buffer_printf(&out, ":%" JSON_INTEGER_FORMAT ", which comes back when this one ends",
                          json_integer_value(json_object_get(replaces, "line")));
        put_line(page, "instead of", &out);
    }
    put_end(page, rule, now_s);
    tui_page_line(page, "note", text_of(rule, "note"));
}

static void put_places(struct tui_page *page, const json_t *places)
{
    const json_t *place;
    size_t i;
    size_t n = 0;
    json_array_foreach(places, i, place)
    {
        const struct zta_text mode = text_of(place, "mode");
        char text[512];
        struct zta_buffer out;
        if (zta_text_equal(mode, ZTA_TEXT("off"))) {
            continue;
        }
        zta_buffer_init(&out, text, sizeof text);
        put(&out, "", text_of(place, "server"));
        put(&out, "", text_of(place, "path"));
        put(&out, ", ", mode);
        put_line(page, n++ == 0 ? "in force" : "", &out);
    }
    if (n == 0) {
        tui_page_role(page, TUI_ROLE_WARN);
        tui_page_printf(page, "in force", "at no place of the running server");
    }
}

static uint64_t number_of(const json_t *object, const char *member)
{
    const json_int_t value = json_integer_value(json_object_get(object, member));
    return value < 0 ? 0 : (uint64_t)value;
}

static void put_hour(struct tui_page *page, const json_t *hour)
{
    tui_page_section(page, "The last hour");
    tui_page_printf(page, "allowed", "%" PRIu64, number_of(hour, "allowed"));
    tui_page_printf(page, "refused", "%" PRIu64, number_of(hour, "refused"));
    if (number_of(hour, "would_refuse") > 0) {
        tui_page_role(page, TUI_ROLE_INFO);
        tui_page_printf(page, "monitored", "%" PRIu64 " more that it would have refused",
                        number_of(hour, "would_refuse"));
    }
    tui_page_printf(page, "subjects", "%" PRIu64, number_of(hour, "subjects"));
}

static void put_history(struct tui_page *page, const json_t *history)
{
    const json_t *change;
    size_t i;
    if (json_array_size(history) > 0) {
        tui_page_section(page, "Changed by operators");
    }
    json_array_foreach(history, i, change)
    {
        char text[1024];
        char label[40];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        put(&out, "", text_of(change, "time"));
        put(&out, " by ", text_of(change, "by"));
        put(&out, ": ", text_of(change, "reason"));
        (void)snprintf(label, sizeof label, "version %" PRIu64, number_of(change, "version"));
        put_line(page, label, &out);
    }
}

static void show(struct tui_view *view, const json_t *rule)
{
    const struct rules *rules = view->state;
    struct tui_page *page = &view->desk->page;
    const int64_t now_s = view->model->now_ns / ZTA_NS_PER_S;
    const int top = page->top;
    char title[sizeof page->title];
    struct zta_buffer out;
    zta_buffer_init(&out, title, sizeof title);
    put(&out, "", text_of(rule, "kind"));
    put(&out, " ", zta_text_of(rules->shown));
    tui_page_open(page, title);
    page->top = top;
    tui_page_lines_of(page, "rule", text_of(rule, "text"));
    tui_page_section(page, "Standing");
    put_standing(page, rule, now_s);
    put_places(page, json_object_get(rule, "in_force"));
    if (json_is_object(json_object_get(rule, "last_hour"))) {
        put_hour(page, json_object_get(rule, "last_hour"));
        put_history(page, json_object_get(rule, "history"));
    }
    else {
        tui_page_section(page, "The last hour");
        tui_page_printf(page, "", "is being counted");
    }
}

static void read_detail(struct tui_view *view, int64_t now_ns)
{
    struct rules *rules = view->state;
    char command[TUI_PROMPT_SIZE];
    struct zta_buffer out;
    zta_buffer_init(&out, command, sizeof command);
    zta_buffer_string(&out, "rules show ");
    ctl_quote(&out, zta_text_of(rules->shown));
    rules->read_ns = now_ns;
    rules->policy_txn = view->model->health.policy_txn;
    tui_feed_begin(&rules->detail, view->model->ctl, command, now_ns);
}

static bool refresh(struct tui_view *view, int64_t now_ns)
{
    struct rules *rules = view->state;
    json_t *rule = NULL;
    bool is_new = tui_listing_refresh(view, now_ns);
    if (rules->shown[0] == '\0' || !view->desk->page.is_open || view->desk->page.is_plain) {
        rules->shown[0] = '\0';
        return is_new;
    }
    const bool is_due = rules->policy_txn != view->model->health.policy_txn ||
                        now_ns - rules->read_ns >= READ_AGAIN_NS || now_ns < rules->read_ns;
    if (rules->detail.pid == 0 && is_due) {
        read_detail(view, now_ns);
    }
    if (tui_feed_go_on(&rules->detail, &rule) && json_is_object(rule)) {
        show(view, rule);
        is_new = true;
    }
    json_decref(rule);
    return is_new;
}

/* ---- keys ---- */

static bool act_on(struct tui_view *view, enum tui_action action, const json_t *row)
{
    struct rules *rules = view->state;
    const char *name = json_string_value(json_object_get(row, "name"));
    if (action == TUI_ACTION_EDIT) {
        tui_draft_edit(&view->desk->draft, name);
        return true;
    }
    if (action == TUI_ACTION_DETAIL) {
        (void)snprintf(rules->shown, sizeof rules->shown, "%s", name);
        view->desk->page.top = 0;
        show(view, row);
        read_detail(view, view->model->now_ns);
        return true;
    }
    return tui_listing_act(view, action);
}

static bool act(struct tui_view *view, enum tui_action action)
{
    const json_t *row = tui_listing_selected(view);
    if (action == TUI_ACTION_ADD) {
        char text[256];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        tui_rule_blank(false, &out);
        tui_draft_write(&view->desk->draft, "New rule", text, 1);
        return true;
    }
    if (action == TUI_ACTION_VERIFY) {
        view->desk->jump = (struct tui_jump){.to = &tui_view_versions, .name = "versions"};
        return true;
    }
    return row == NULL ? tui_listing_act(view, action) : act_on(view, action, row);
}

static void close(struct tui_view *view)
{
    struct rules *rules = view->state;
    tui_feed_close(&rules->detail);
    tui_listing_close(view);
}

const struct tui_view_ops tui_view_rules = {
    TUI_LISTING_MEMBERS(listing),
    .name = "Rules",
    .hints = {{.action = TUI_ACTION_EDIT, .word = "edit"},
              {.action = TUI_ACTION_ADD, .word = "new"},
              {.action = TUI_ACTION_VERIFY, .word = "versions"}},
    .state_size = sizeof(struct rules),
    .act = act,
    .refresh = refresh,
    .close = close,
};
