/* SPDX-License-Identifier: Apache-2.0 */
/* What listings are filtered by, and where their rows lead: by the members of their objects. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/listing.h"
#include "shared/base/clock.h"

/* ---- filters ---- */

static struct zta_text string_of(const json_t *value)
{
    return (struct zta_text){.data = json_string_value(value), .len = json_string_length(value)};
}

/* What a filter looks at. */
struct record {
    const json_t *row;
    const struct tui_listing *listing;
};

static enum ctl_field_type type_of(enum tui_form form)
{
    switch (form) {
    case TUI_FORM_TEXT:
    case TUI_FORM_STATE:
        return CTL_TYPE_TEXT;
    case TUI_FORM_YES:
        return CTL_TYPE_ANSWER;
    case TUI_FORM_COUNT:
    case TUI_FORM_BAR:
    case TUI_FORM_PERCENT:
    case TUI_FORM_FILL:
        return CTL_TYPE_NUMBER;
    case TUI_FORM_AGO:
    case TUI_FORM_UNTIL:
        return CTL_TYPE_AGE;
    }
    return CTL_TYPE_TEXT;
}

static const char *expected_of(enum ctl_field_type type)
{
    return type == CTL_TYPE_ANSWER   ? "yes, no or unknown"
           : type == CTL_TYPE_NUMBER ? "a number"
           : type == CTL_TYPE_AGE    ? "a time: number with s, m, h or d"
                                     : "text, * is any run";
}

static void see_time(const json_t *value, enum tui_form form, int64_t now_s, struct ctl_seen *seen)
{
    int64_t time_s = 0;
    seen->is_known = json_is_string(value) && zta_time_parse(string_of(value), &time_s) == ZTA_OK;
    seen->number = form == TUI_FORM_AGO ? now_s - time_s : time_s - now_s;
}

static void see_texts(const json_t *value, struct ctl_seen *seen)
{
    const json_t *each;
    size_t i;
    ctl_seen_text(seen, string_of(value));
    json_array_foreach(value, i, each)
    {
        if (seen->n_texts < CTL_SEEN_TEXTS_MAX) {
            ctl_seen_text(seen, string_of(each));
        }
    }
}

/* Members of columns first, then those that stand in their place; NULL behind the last. */
static const char *member_at(const struct tui_listing *listing, size_t field, enum tui_form *form)
{
    const struct tui_listing_column *column = &listing->columns[field % listing->n_columns];
    *form = column->form;
    return field < listing->n_columns ? column->member : column->instead;
}

static void see(const void *record, unsigned field, int64_t now_s, struct ctl_seen *seen)
{
    const struct record *at = record;
    enum tui_form form;
    const char *member = member_at(at->listing, field, &form);
    const json_t *value = json_object_get(at->row, member);
    switch (type_of(form)) {
    case CTL_TYPE_ANSWER:
        seen->is_known = json_is_boolean(value);
        seen->number = json_is_true(value);
        break;
    case CTL_TYPE_NUMBER:
        seen->is_known = json_is_integer(value);
        seen->number = json_integer_value(value);
        break;
    case CTL_TYPE_AGE:
        see_time(value, form, now_s, seen);
        break;
    default:
        see_texts(value, seen);
    }
}

/* Anywhere in what the command says of the row, shown or not. */
static bool has_word(const void *record, struct zta_text word)
{
    const struct record *at = record;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)at->row, name, value)
    {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        const bool is_there = text != NULL && ctl_filter_contains(zta_text_of(text), word);
        free(text);
        if (is_there) {
            return true;
        }
    }
    return false;
}

#define FIELDS_MAX (2 * TUI_COLUMNS_MAX)

static void make_kind(const struct tui_listing *listing, struct ctl_field_info fields[FIELDS_MAX],
                      struct ctl_filter_kind *kind)
{
    const size_t n = 2 * listing->n_columns;
    for (size_t i = 0; i < n; i++) {
        enum tui_form form;
        const char *member = member_at(listing, i, &form);
        const enum ctl_field_type type = type_of(form);
        /* A column that none takes the place of has a field without a name: nobody asks for it. */
        fields[i] = (struct ctl_field_info){
            .name = member == NULL ? "" : member, .type = type, .expected = expected_of(type)};
    }
    *kind = (struct ctl_filter_kind){
        .fields = fields, .n_fields = (unsigned)n, .see = see, .has_word = has_word};
}

enum zta_status tui_listing_parse(const struct tui_listing *listing, const char *text,
                                  struct ctl_filter *filter, struct zta_error *error)
{
    struct ctl_field_info fields[FIELDS_MAX];
    struct ctl_filter_kind kind;
    make_kind(listing, fields, &kind);
    return ctl_filter_parse_kind(zta_text_of(text), &kind, filter, error);
}

enum zta_status tui_listing_check_filter(struct tui_view *view, const char *text,
                                         struct zta_error *error)
{
    static struct ctl_filter filter; /* too large for a stack */
    return tui_listing_parse(view->ops->listing, text, &filter, error);
}

bool tui_listing_wants(const struct tui_listing *listing, const struct ctl_filter *filter,
                       const json_t *row, int64_t now_s)
{
    const struct record record = {.row = row, .listing = listing};
    struct ctl_field_info fields[FIELDS_MAX];
    struct ctl_filter_kind kind;
    make_kind(listing, fields, &kind);
    return ctl_filter_matches_record(filter, &kind, &record, now_s);
}

/* ---- the selected row ---- */

json_t *tui_listing_selected(const struct tui_view *view)
{
    const struct tui_rows *rows = view->state;
    return rows->list.selected < rows->n_shown
               ? json_array_get(rows->all, rows->shown[rows->list.selected])
               : NULL;
}

struct zta_text tui_listing_key(const struct tui_listing *listing, const json_t *row,
                                char room[TUI_SHORT_MAX])
{
    const json_t *value = json_object_get(row, listing->key);
    if (value == NULL && listing->other_key != NULL) {
        value = json_object_get(row, listing->other_key);
    }
    if (json_is_string(value)) {
        return string_of(value);
    }
    (void)snprintf(room, TUI_SHORT_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return zta_text_of(json_is_integer(value) ? room : "");
}

/*
 * Members that name what other views have. `with` must be a member, too (NULL: none), and be the
 * text `is`, unless that is NULL.
 */
static const struct relation {
    const char *member;
    const char *with;
    const char *is;
    const struct tui_view_ops *to;
    const char *what;
    const char *field;
    bool is_one;
} relations[] = {
    /* rules, and limits among them */
    {.member = "name", .with = "kind", .to = &tui_view_rules, .what = "rule", .is_one = true},
    {.member = "name",
     .with = "in_force",
     .to = &tui_view_traffic,
     .what = "requests decided by",
     .field = "rule"},
    {.member = "name",
     .with = "rate",
     .to = &tui_view_traffic,
     .what = "requests decided by",
     .field = "rule"},
    /* devices */
    {.member = "id",
     .with = "compliant",
     .to = &tui_view_traffic,
     .what = "requests of device",
     .field = "device"},
    {.member = "owner",
     .with = "compliant",
     .to = &tui_view_sessions,
     .what = "sessions of",
     .field = "subject"},
    {.member = "owner",
     .with = "compliant",
     .to = &tui_view_traffic,
     .what = "requests of",
     .field = "subject"},
    {.member = "owner",
     .with = "compliant",
     .to = &tui_view_devices,
     .what = "devices of",
     .field = "owner"},
    /* issuers */
    {.member = "name",
     .with = "jwks_uri",
     .to = &tui_view_sessions,
     .what = "sessions of issuer",
     .field = "issuer"},
    {.member = "name",
     .with = "jwks_uri",
     .to = &tui_view_traffic,
     .what = "requests with tokens of",
     .field = "issuer"},
    /* blocks */
    {.member = "target",
     .with = "kind",
     .is = "subject",
     .to = &tui_view_traffic,
     .what = "requests of",
     .field = "subject"},
    {.member = "target",
     .with = "kind",
     .is = "subject",
     .to = &tui_view_sessions,
     .what = "sessions of",
     .field = "subject"},
    /* whatever has them */
    {.member = "session",
     .to = &tui_view_sessions,
     .what = "session",
     .field = "session",
     .is_one = true},
    {.member = "rule", .to = &tui_view_rules, .what = "rule", .is_one = true},
    {.member = "issuer", .to = &tui_view_issuers, .what = "issuer", .is_one = true},
    {.member = "device", .to = &tui_view_devices, .what = "device", .is_one = true},
    {.member = "request",
     .to = &tui_view_traffic,
     .what = "request",
     .field = "id",
     .is_one = true},
    {.member = "action", .to = &tui_view_audit, .what = "action", .is_one = true},
};

static bool is_meant(const struct relation *relation, const json_t *row)
{
    const json_t *with = relation->with == NULL ? NULL : json_object_get(row, relation->with);
    return relation->with == NULL ||
           (with != NULL &&
            (relation->is == NULL || zta_text_equal(string_of(with), zta_text_of(relation->is))));
}

static void add_relations(struct tui_view *view, const json_t *from, struct tui_row *row)
{
    char number[TUI_SHORT_MAX];
    for (size_t i = 0; i < sizeof relations / sizeof relations[0]; i++) {
        const struct relation *relation = &relations[i];
        const json_t *value = json_object_get(from, relation->member);
        struct zta_text text = string_of(value);
        if (json_is_integer(value)) {
            (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
                           json_integer_value(value));
            text = zta_text_of(number);
        }
        if (!is_meant(relation, from) || (relation->is_one && relation->to == view->ops &&
                                          zta_text_equal(text, zta_text_of(row->id)))) {
            continue;
        }
        if (relation->is_one) {
            tui_row_leads_to(row, relation->to, relation->what, relation->field, text);
        }
        else {
            tui_row_leads_to_all(row, relation->to, relation->what, relation->field, text);
        }
    }
    tui_row_leads_to_target(row, string_of(json_object_get(from, "target")));
}

bool tui_listing_row(struct tui_view *view, struct tui_row *row)
{
    const struct tui_listing *listing = view->ops->listing;
    const json_t *from = tui_listing_selected(view);
    char room[TUI_SHORT_MAX];
    if (from == NULL) {
        return false;
    }
    tui_row_init(row, listing->noun, tui_listing_key(listing, from, room),
                 listing->show != NULL ? listing->show : listing->command);
    row->json = from;
    const json_t *action = json_object_get(from, "action");
    if (json_is_integer(action)) {
        (void)snprintf(row->undo, sizeof row->undo,
                       "undo %" JSON_INTEGER_FORMAT " --reason=", json_integer_value(action));
    }
    add_relations(view, from, row);
    return true;
}

enum tui_sought tui_listing_seek(struct tui_view *view, const char *id)
{
    const struct tui_listing *listing = view->ops->listing;
    struct tui_rows *rows = view->state;
    char room[TUI_SHORT_MAX];
    tui_list_resize(&rows->list, rows->n_shown);
    for (size_t i = 0; i < rows->n_shown; i++) {
        const json_t *row = json_array_get(rows->all, rows->shown[i]);
        if (zta_text_equal(tui_listing_key(listing, row, room), zta_text_of(id))) {
            tui_list_select(&rows->list, i);
            return TUI_SOUGHT_FOUND;
        }
    }
    return rows->all == NULL ? TUI_SOUGHT_NOT_YET : TUI_SOUGHT_NONE;
}
