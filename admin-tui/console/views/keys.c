/* SPDX-License-Identifier: Apache-2.0 */
/* API keys with their last use. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"

struct keys {
    struct tui_list list;
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

static void put_state(const struct tui_apikey *key, int64_t now_s, struct zta_buffer *out,
                      enum tui_role *role)
{
    bool has_expired = is_over(key, now_s);
    *role = key->is_revoked ? TUI_ROLE_BAD : has_expired ? TUI_ROLE_WARN : TUI_ROLE_GOOD;
    zta_buffer_string(out, key->is_revoked ? "revoked" : has_expired ? "expired" : "living");
}

static void put_cell(void *context, size_t i, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct tui_apikey *key = &view->model->keys.rows[i];
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
    tui_list_resize(&keys->list, view->model->keys.n);
    return &keys->list;
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    struct tui_table table;
    struct tui_list *list = rows(view, &table);
    int x = tui_print(area, 1, 0, TUI_ROLE_STRONG, "%zu ", list->n);
    (void)tui_print(area, x, 0, TUI_ROLE_DIM, "API key%s%s", list->n == 1 ? "" : "s",
                    view->model->keys.is_cut ? ", and more: `ztactl keys list` shows all" : "");
    struct tui_area below = tui_area_part(area, 1, 1, area->width - 2, -1);
    tui_list_draw(&below, &table, list);
    if (list->n == 0) {
        (void)tui_print(&below, 0, 1, TUI_ROLE_DIM,
                        "there is no API key; `ztactl keys create` makes one");
    }
}

static bool act(struct tui_view *view, enum tui_action action)
{
    const struct keys *keys = view->state;
    const struct tui_keys *all = &view->model->keys;
    if (keys->list.selected >= all->n) {
        return false;
    }
    const struct tui_apikey *key = &all->rows[keys->list.selected];
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
    case TUI_ACTION_COPY:
        (void)snprintf(view->desk->copied, sizeof view->desk->copied, "%s", key->id);
        tui_say(view->desk, "copied %s", key->id);
        return true;
    default:
        return false;
    }
}

const struct tui_view_ops tui_view_keys = {
    .name = "Keys",
    .hints = {{.action = TUI_ACTION_REVOKE, .word = "revoke for good"},
              {.action = TUI_ACTION_COPY, .word = "copy id"}},
    .parts = TUI_PART_KEYS,
    .state_size = sizeof(struct keys),
    .draw = draw,
    .act = act,
    .rows = rows,
};
