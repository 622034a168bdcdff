/* SPDX-License-Identifier: Apache-2.0 */
/* API keys with their last use. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/choice.h"
#include "admin-tui/console/format.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"

struct keys {
    struct tui_list list;
    struct tui_choice choice;
};

enum column {
    COLUMN_NAME = 0,
    COLUMN_OWNER,
    COLUMN_STATE,
    COLUMN_EXPIRES,
    COLUMN_USED,
    COLUMN_USES,
    COLUMN_CREATED,
    COLUMN_ID,
    N_COLUMNS
};

static const struct tui_column columns[N_COLUMNS] = {
    [COLUMN_NAME] = {.title = "NAME", .least = 14, .share = 3, .rank = 0},
    [COLUMN_OWNER] = {.title = "OWNER", .least = 12, .share = 3, .rank = 2},
    [COLUMN_STATE] = {.title = "STATE", .least = 7, .rank = 0},
    [COLUMN_EXPIRES] = {.title = "EXPIRES", .least = 8, .rank = 1, .is_right = true},
    [COLUMN_USED] = {.title = "USED", .least = 5, .rank = 0, .is_right = true},
    [COLUMN_USES] = {.title = "USES", .least = 5, .rank = 1, .is_right = true},
    [COLUMN_CREATED] = {.title = "MADE", .least = 5, .rank = 3, .is_right = true},
    [COLUMN_ID] = {.title = "ID", .least = 12, .rank = 4},
};

static bool is_over(const struct tui_apikey *key, int64_t now_s)
{
    return !key->is_revoked && key->expires_s != 0 && key->expires_s <= now_s;
}

static const char *state_of(const struct tui_apikey *key, int64_t now_s)
{
    return key->is_revoked ? "revoked" : is_over(key, now_s) ? "expired" : "living";
}

static void put_state(const struct tui_apikey *key, int64_t now_s, struct zta_buffer *out,
                      enum tui_role *role)
{
    bool has_expired = is_over(key, now_s);
    *role = key->is_revoked ? TUI_ROLE_BAD : has_expired ? TUI_ROLE_WARN : TUI_ROLE_GOOD;
    zta_buffer_string(out, state_of(key, now_s));
}

/* ---- what filters ask for ---- */

enum field {
    FIELD_ID = 0,
    FIELD_NAME,
    FIELD_OWNER,
    FIELD_STATE,
    FIELD_USES,
    FIELD_USED,
    FIELD_AGE,
    N_FIELDS
};

static const struct ctl_field_info fields[N_FIELDS] = {
    [FIELD_ID] = {.name = "id", .type = CTL_TYPE_TEXT, .expected = "id of the key"},
    [FIELD_NAME] = {.name = "name", .type = CTL_TYPE_TEXT, .expected = "name of the key"},
    [FIELD_OWNER] = {.name = "owner", .type = CTL_TYPE_TEXT, .expected = "its owner"},
    [FIELD_STATE] = {.name = "state",
                     .type = CTL_TYPE_TEXT,
                     .expected = "living, expired or revoked"},
    [FIELD_USES] = {.name = "uses", .type = CTL_TYPE_NUMBER, .expected = "number of requests"},
    [FIELD_USED] = {.name = "used",
                    .type = CTL_TYPE_AGE,
                    .expected = "how long ago: number with s, m, h or d"},
    [FIELD_AGE] = {.name = "age",
                   .type = CTL_TYPE_AGE,
                   .expected = "how long ago it was made: number with s, m, h or d"},
};

static void see(const void *record, unsigned field, int64_t now_s, struct ctl_seen *seen)
{
    const struct tui_apikey *key = record;
    const int64_t numbers[N_FIELDS] = {[FIELD_USES] = (int64_t)key->n_uses,
                                       [FIELD_USED] = now_s - key->used_s,
                                       [FIELD_AGE] = now_s - key->created_s};
    const char *const texts[N_FIELDS] = {[FIELD_ID] = key->id,
                                         [FIELD_NAME] = key->name,
                                         [FIELD_OWNER] = key->owner,
                                         [FIELD_STATE] = state_of(key, now_s)};
    if (texts[field] != NULL) {
        ctl_seen_text(seen, zta_text_of(texts[field]));
        return;
    }
    seen->number = numbers[field];
    seen->is_known = field != FIELD_USED || key->used_s != 0;
}

static bool has_word(const void *record, struct zta_text word)
{
    const struct tui_apikey *key = record;
    return ctl_filter_contains(zta_text_of(key->id), word) ||
           ctl_filter_contains(zta_text_of(key->name), word) ||
           ctl_filter_contains(zta_text_of(key->owner), word);
}

static const struct ctl_filter_kind kind = {
    .fields = fields, .n_fields = N_FIELDS, .see = see, .has_word = has_word};

/* ---- rows ---- */

static const struct tui_apikey *row_at(const struct tui_view *view, size_t i)
{
    const struct keys *keys = view->state;
    return &view->model->keys.rows[keys->choice.shown[i]];
}

static void put_cell(void *context, size_t i, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct tui_apikey *key = row_at(view, i);
    int64_t now_s = view->model->now_ns / ZTA_NS_PER_S;
    char text[TUI_SHORT_MAX] = "";
    switch ((enum column)column) {
    case COLUMN_NAME:
        *role = TUI_ROLE_STRONG;
        tui_format_foreign(out, zta_text_of(key->name));
        break;
    case COLUMN_OWNER:
        tui_format_foreign(out, zta_text_of(key->owner));
        break;
    case COLUMN_STATE:
        put_state(key, now_s, out, role);
        break;
    case COLUMN_EXPIRES:
        tui_format_until(key->expires_s, now_s, text);
        break;
    case COLUMN_USED:
        *role = key->used_s == 0 ? TUI_ROLE_WARN : TUI_ROLE_TEXT;
        tui_format_ago(key->used_s, now_s, text);
        break;
    case COLUMN_USES:
        tui_format_count(key->n_uses, text);
        break;
    case COLUMN_CREATED:
        *role = TUI_ROLE_DIM;
        tui_format_ago(key->created_s, now_s, text);
        break;
    case COLUMN_ID:
        *role = TUI_ROLE_DIM;
        zta_buffer_string(out, key->id);
        break;
    case N_COLUMNS:
        break;
    }
    zta_buffer_string(out, text);
}

static struct tui_list *rows(struct tui_view *view, struct tui_table *table)
{
    struct keys *keys = view->state;
    *table = (struct tui_table){.columns = columns,
                                .n_columns = N_COLUMNS,
                                .sorted = N_COLUMNS,
                                .cell = put_cell,
                                .context = view};
    tui_choice_make(&keys->choice, &kind, view->model->keys.rows, sizeof view->model->keys.rows[0],
                    view->model->keys.n, view->model->now_ns / ZTA_NS_PER_S);
    tui_list_resize(&keys->list, keys->choice.n);
    return &keys->list;
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    struct tui_table table;
    struct tui_list *list = rows(view, &table);
    int x = tui_print(area, 1, 0, TUI_ROLE_STRONG, "%zu ", list->n);
    x = tui_print(area, x, 0, TUI_ROLE_DIM, "API key%s%s", list->n == 1 ? "" : "s",
                  view->model->keys.is_cut ? ", and more: `ztactl keys list` shows all" : "");
    (void)tui_choice_print(&((const struct keys *)view->state)->choice, area, x);
    struct tui_area below = tui_area_part(area, 1, 1, area->width - 2, -1);
    tui_list_draw(&below, &table, list);
    if (list->n == 0) {
        (void)tui_print(&below, 0, 1, TUI_ROLE_DIM, "%s",
                        view->model->keys.n > 0
                            ? "no API key matches; f changes the filter, empty shows all"
                            : "there is no API key; `ztactl keys create` makes one");
    }
}

static const struct tui_apikey *selected(const struct tui_view *view)
{
    const struct keys *keys = view->state;
    return keys->list.selected < keys->choice.n ? row_at(view, keys->list.selected) : NULL;
}

static bool row(struct tui_view *view, struct tui_row *row)
{
    const struct tui_apikey *key = selected(view);
    char action[sizeof key->id + 8];
    if (key == NULL) {
        return false;
    }
    const struct zta_text name = zta_text_of(key->name);
    tui_row_init(row, "key", zta_text_of(key->id), "keys show %");
    (void)snprintf(row->name, sizeof row->name, "key %s", key->name);
    tui_row_leads_to_all(row, &tui_view_sessions, "sessions of key", "apikey", name);
    tui_row_leads_to_all(row, &tui_view_traffic, "requests of key", "apikey", name);
    tui_row_leads_to_all(row, &tui_view_keys, "keys of", "owner", zta_text_of(key->owner));
    (void)snprintf(action, sizeof action, "*%s*", key->id);
    tui_row_leads_to_all(row, &tui_view_audit, "what was done to", "target", zta_text_of(action));
    return true;
}

static enum tui_sought seek(struct tui_view *view, const char *id)
{
    struct keys *keys = view->state;
    struct tui_table table;
    (void)rows(view, &table);
    for (size_t i = 0; i < keys->choice.n; i++) {
        if (strcmp(row_at(view, i)->id, id) == 0 || strcmp(row_at(view, i)->name, id) == 0) {
            tui_list_select(&keys->list, i);
            return TUI_SOUGHT_FOUND;
        }
    }
    return TUI_SOUGHT_NONE;
}

static const char *filter(struct tui_view *view)
{
    return ((const struct keys *)view->state)->choice.text;
}

static bool set_filter(struct tui_view *view, const char *text)
{
    struct keys *keys = view->state;
    return tui_choice_set(&keys->choice, &kind, text, view->desk);
}

static bool act(struct tui_view *view, enum tui_action action)
{
    const struct tui_apikey *key = selected(view);
    if (key == NULL) {
        return false;
    }
    switch ((int)action) {
    case TUI_ACTION_DETAIL:
    case TUI_ACTION_EXPLAIN:
        if (!tui_model_show_key(view->model, key->id, &view->desk->page)) {
            tui_complain(view->desk, "%s", view->model->error.text);
        }
        return true;
    case TUI_ACTION_REVOKE:
        if (key->revoked_s != 0) {
            tui_complain(view->desk, "this key was revoked before");
            return true;
        }
        tui_plan_key(&view->desk->dialog.plan, key->id);
        tui_dialog_begin(&view->desk->dialog);
        return true;
    default:
        return false;
    }
}

static enum zta_status check_filter(struct tui_view *view, const char *text,
                                    struct zta_error *error)
{
    static struct ctl_filter filter; /* too large for a stack */
    return ctl_filter_parse_kind(zta_text_of(text), &kind, &filter, error);
}

const struct tui_view_ops tui_view_keys = {
    .name = "Keys",
    .hints = {{.action = TUI_ACTION_REVOKE, .word = "revoke for good"},
              {.action = TUI_ACTION_RELATED, .word = "go to"},
              {.action = TUI_ACTION_COPY, .word = "copy id"}},
    .parts = TUI_PART_KEYS,
    .state_size = sizeof(struct keys),
    .draw = draw,
    .act = act,
    .rows = rows,
    .row = row,
    .seek = seek,
    .filter = filter,
    .set_filter = set_filter,
    .check_filter = check_filter,
};
