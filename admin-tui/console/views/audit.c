/* SPDX-License-Identifier: Apache-2.0 */
/* What operators did, and whether the trail is whole. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/choice.h"
#include "admin-tui/console/format.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"

struct audit {
    struct tui_list list;
    struct tui_choice choice;
};

enum column {
    COLUMN_ID = 0,
    COLUMN_TIME,
    COLUMN_WHO,
    COLUMN_ACTION,
    COLUMN_TARGET,
    COLUMN_AFTER,
    COLUMN_REASON,
    N_COLUMNS
};

static const struct tui_column columns[N_COLUMNS] = {
    [COLUMN_ID] = {.title = "ID", .least = 5, .rank = 0, .is_right = true},
    [COLUMN_TIME] = {.title = "AGO", .least = 5, .rank = 1, .is_right = true},
    [COLUMN_WHO] = {.title = "WHO", .least = 8, .share = 1, .rank = 2},
    [COLUMN_ACTION] = {.title = "ACTION", .least = 15, .rank = 0},
    [COLUMN_TARGET] = {.title = "TARGET", .least = 14, .share = 4, .rank = 0},
    [COLUMN_AFTER] = {.title = "CHANGE", .least = 16, .share = 2, .rank = 4},
    [COLUMN_REASON] = {.title = "WHY", .least = 12, .share = 5, .rank = 3},
};

/* ---- what filters ask for ---- */

enum field {
    FIELD_ID = 0,
    FIELD_WHO,
    FIELD_ACTION,
    FIELD_TARGET,
    FIELD_REASON,
    FIELD_AGE,
    N_FIELDS
};

static const struct ctl_field_info fields[N_FIELDS] = {
    [FIELD_ID] = {.name = "id", .type = CTL_TYPE_NUMBER, .expected = "number of the action"},
    [FIELD_WHO] = {.name = "who", .type = CTL_TYPE_TEXT, .expected = "login of who did it"},
    [FIELD_ACTION] = {.name = "action",
                      .type = CTL_TYPE_TEXT,
                      .expected = "what was done, as \"rules add\""},
    [FIELD_TARGET] = {.name = "target",
                      .type = CTL_TYPE_TEXT,
                      .expected = "to what, as \"subject alice*\""},
    [FIELD_REASON] = {.name = "reason", .type = CTL_TYPE_TEXT, .expected = "why, * is any run"},
    [FIELD_AGE] = {.name = "age",
                   .type = CTL_TYPE_AGE,
                   .expected = "how long ago: number with s, m, h or d"},
};

static void see(const void *record, unsigned field, int64_t now_s, struct ctl_seen *seen)
{
    const struct tui_audit_row *row = record;
    const char *const texts[N_FIELDS] = {[FIELD_WHO] = row->who,
                                         [FIELD_ACTION] = row->action,
                                         [FIELD_TARGET] = row->target,
                                         [FIELD_REASON] = row->reason};
    if (texts[field] != NULL) {
        ctl_seen_text(seen, zta_text_of(texts[field]));
        return;
    }
    seen->number = field == FIELD_ID ? (int64_t)row->id : now_s - row->time_s;
    seen->is_known = true;
}

static bool has_word(const void *record, struct zta_text word)
{
    const struct tui_audit_row *row = record;
    const char *const texts[] = {row->who, row->action, row->target, row->after, row->reason};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (ctl_filter_contains(zta_text_of(texts[i]), word)) {
            return true;
        }
    }
    return false;
}

static const struct ctl_filter_kind kind = {
    .fields = fields, .n_fields = N_FIELDS, .see = see, .has_word = has_word};

/* ---- rows ---- */

static const struct tui_audit_row *row_at(const struct tui_view *view, size_t i)
{
    const struct audit *audit = view->state;
    return &view->model->audit.rows[audit->choice.shown[i]];
}

static void put_cell(void *context, size_t i, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct tui_audit_row *row = row_at(view, i);
    char text[TUI_SHORT_MAX];
    switch ((enum column)column) {
    case COLUMN_ID:
        *role = TUI_ROLE_DIM;
        zta_buffer_printf(out, "%" PRIu64, row->id);
        break;
    case COLUMN_TIME:
        tui_format_ago(row->time_s, view->model->now_ns / ZTA_NS_PER_S, text);
        zta_buffer_string(out, text);
        break;
    case COLUMN_WHO:
        tui_format_foreign(out, zta_text_of(row->who));
        break;
    case COLUMN_ACTION:
        *role = TUI_ROLE_STRONG;
        tui_format_foreign(out, zta_text_of(row->action));
        break;
    case COLUMN_TARGET:
        tui_format_foreign(out, zta_text_of(row->target));
        break;
    case COLUMN_AFTER:
        *role = TUI_ROLE_DIM;
        tui_format_foreign(out, zta_text_of(row->after));
        break;
    case COLUMN_REASON:
        tui_format_foreign(out, zta_text_of(row->reason));
        break;
    case N_COLUMNS:
        break;
    }
}

static struct tui_list *rows(struct tui_view *view, struct tui_table *table)
{
    struct audit *audit = view->state;
    *table = (struct tui_table){.columns = columns,
                                .n_columns = N_COLUMNS,
                                .sorted = N_COLUMNS,
                                .cell = put_cell,
                                .context = view};
    tui_choice_make(&audit->choice, &kind, view->model->audit.rows,
                    sizeof view->model->audit.rows[0], view->model->audit.n,
                    view->model->now_ns / ZTA_NS_PER_S);
    tui_list_resize(&audit->list, audit->choice.n);
    return &audit->list;
}

static int draw_chain(const struct tui_audit *audit, const struct tui_area *line)
{
    int x = tui_print(line, 1, 0, TUI_ROLE_DIM, "chain ");
    switch (audit->chain) {
    case TUI_CHAIN_UNKNOWN:
        x = tui_print(line, x, 0, TUI_ROLE_WARN, "not verified yet, v does");
        break;
    case TUI_CHAIN_CONSISTENT:
        x = tui_print(line, x, 0, TUI_ROLE_GOOD, "consistent");
        x = tui_print(line, x, 0, TUI_ROLE_DIM, ", %" PRIu64 " entries, head %.16s",
                      audit->n_verified, audit->head);
        break;
    case TUI_CHAIN_BROKEN:
        x = tui_print(line, x, 0, TUI_ROLE_ALARM, "broken at entry %" PRIu64 ": ",
                      audit->n_verified);
        x = tui_put_foreign(line, x, 0, TUI_ROLE_ALARM, zta_text_of(audit->fault));
        break;
    }
    return x;
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    struct tui_table table;
    struct tui_list *list = rows(view, &table);
    const int x = draw_chain(&view->model->audit, area);
    (void)tui_choice_print(&((const struct audit *)view->state)->choice, area, x);
    struct tui_area below = tui_area_part(area, 1, 1, area->width - 2, -1);
    tui_list_draw(&below, &table, list);
    if (list->n == 0) {
        (void)tui_print(&below, 0, 1, TUI_ROLE_DIM, "%s",
                        view->model->audit.n > 0
                            ? "no action matches; f changes the filter, empty shows all"
                            : "nothing was changed yet; every change of an operator is kept here");
    }
}

static const struct tui_audit_row *selected(const struct tui_view *view)
{
    const struct audit *audit = view->state;
    return audit->list.selected < audit->choice.n ? row_at(view, audit->list.selected) : NULL;
}

/* What it changed. */
static bool row(struct tui_view *view, struct tui_row *row)
{
    const struct tui_audit_row *entry = selected(view);
    char id[24];
    if (entry == NULL) {
        return false;
    }
    (void)snprintf(id, sizeof id, "%" PRIu64, entry->id);
    tui_row_init(row, "action", zta_text_of(id), "audit list");
    (void)snprintf(row->undo, sizeof row->undo, "undo %s --reason=", id);
    tui_row_leads_to_target(row, zta_text_of(entry->target));
    tui_row_leads_to_all(row, &tui_view_audit, "actions of", "who", zta_text_of(entry->who));
    tui_row_leads_to_all(row, &tui_view_audit, "actions on", "target", zta_text_of(entry->target));
    return true;
}

static enum tui_sought seek(struct tui_view *view, const char *id)
{
    struct audit *audit = view->state;
    struct tui_table table;
    uint64_t wanted = 0;
    if (zta_text_to_u64(zta_text_of(id), UINT64_MAX, &wanted) != ZTA_OK) {
        return TUI_SOUGHT_NONE;
    }
    (void)rows(view, &table);
    for (size_t i = 0; i < audit->choice.n; i++) {
        if (row_at(view, i)->id == wanted) {
            tui_list_select(&audit->list, i);
            return TUI_SOUGHT_FOUND;
        }
    }
    return TUI_SOUGHT_NONE;
}

static const char *filter(struct tui_view *view)
{
    return ((const struct audit *)view->state)->choice.text;
}

static bool set_filter(struct tui_view *view, const char *text)
{
    struct audit *audit = view->state;
    return tui_choice_set(&audit->choice, &kind, text, view->desk);
}

static bool act(struct tui_view *view, enum tui_action action)
{
    const struct tui_audit_row *entry = selected(view);
    switch ((int)action) {
    case TUI_ACTION_DETAIL:
    case TUI_ACTION_EXPLAIN:
        if (entry != NULL && !tui_model_show_audit(view->model, entry->id, &view->desk->page)) {
            tui_complain(view->desk, "%s", view->model->error.text);
        }
        return true;
    case TUI_ACTION_VERIFY:
        tui_model_verify(view->model);
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

const struct tui_view_ops tui_view_audit = {
    .name = "Audit",
    .hints = {{.action = TUI_ACTION_VERIFY, .word = "verify"},
              {.action = TUI_ACTION_RELATED, .word = "go to"},
              {.action = TUI_ACTION_UNDO, .word = "undo"}},
    .parts = TUI_PART_AUDIT,
    .state_size = sizeof(struct audit),
    .draw = draw,
    .act = act,
    .rows = rows,
    .row = row,
    .seek = seek,
    .filter = filter,
    .set_filter = set_filter,
    .check_filter = check_filter,
};
