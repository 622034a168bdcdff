/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as they are recorded, the newest below. */
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"
#include "shared/decision.h"

enum {
    ID_END = 6, /* of a request's id, in breadcrumbs */
};

enum {
    WIDEST_V4 = 16, /* of a network that is proposed to be blocked */
    WIDEST_V6 = 32,
};

struct traffic {
    struct tui_list list;
    uint64_t number; /* of the selected row: rows move up as new ones come */
    uint64_t first;  /* number of the list's first row */
    bool is_left;    /* the user left the newest row: following has ended */
    char filter[CTL_FILTER_TEXT_MAX];
};

enum column {
    COLUMN_TIME = 0,
    COLUMN_OUTCOME,
    COLUMN_STATUS,
    COLUMN_METHOD,
    COLUMN_PATH,
    COLUMN_REASON,
    COLUMN_SUBJECT,
    COLUMN_RULE,
    COLUMN_ADDRESS,
    COLUMN_LATENCY,
    COLUMN_AGENT,
    N_COLUMNS
};

static const struct tui_column columns[N_COLUMNS] = {
    [COLUMN_TIME] = {.title = "TIME", .least = 8, .rank = 2},
    [COLUMN_OUTCOME] = {.title = "OUTCOME", .least = 9, .rank = 0},
    [COLUMN_STATUS] = {.title = "STAT", .least = 4, .rank = 4},
    [COLUMN_METHOD] = {.title = "METHOD", .least = 6, .rank = 3},
    [COLUMN_PATH] = {.title = "PATH", .least = 22, .share = 5, .rank = 0},
    [COLUMN_REASON] = {.title = "REASON", .least = 18, .rank = 1},
    [COLUMN_SUBJECT] = {.title = "SUBJECT", .least = 10, .share = 3, .rank = 3},
    [COLUMN_RULE] = {.title = "RULE", .least = 14, .share = 2, .rank = 6},
    [COLUMN_ADDRESS] = {.title = "ADDRESS", .least = 15, .share = 1, .rank = 5},
    [COLUMN_LATENCY] = {.title = "MS", .least = 7, .rank = 7, .is_right = true},
    [COLUMN_AGENT] = {.title = "AGENT", .least = 14, .share = 3, .rank = 8},
};

static void put_time(const struct ctl_event *row, struct zta_buffer *out)
{
    char clock[TUI_SHORT_MAX];
    tui_format_clock(row->time_ns / ZTA_NS_PER_S, clock);
    zta_buffer_string(out, clock);
}

/* What monitored parts would have done stands beside what was done. */
static void put_reason(const struct zta_event *event, struct zta_buffer *out, enum tui_role *role)
{
    bool is_allowed = event->outcome == ZTA_OUTCOME_ALLOW;
    if (is_allowed && (event->flags & ZTA_EVENT_MONITORED) != 0) {
        zta_buffer_printf(out, "(%s)", zta_reason_name((enum zta_reason)event->monitor_reason));
        *role = TUI_ROLE_INFO;
        return;
    }
    zta_buffer_string(out, zta_reason_name((enum zta_reason)event->reason));
    *role = is_allowed ? TUI_ROLE_DIM : TUI_ROLE_TEXT;
}

static void put_cell(void *context, size_t i, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct ctl_event *row = tui_tail_at(&view->model->tail, i);
    const struct zta_event *event = &row->event;
    char addr[ZTA_CIDR_TEXT_MAX];
    switch ((enum column)column) {
    case COLUMN_TIME:
        *role = TUI_ROLE_DIM;
        put_time(row, out);
        break;
    case COLUMN_OUTCOME:
        *role = tui_role_of_outcome(event->outcome);
        zta_buffer_string(out, zta_outcome_name((enum zta_outcome)event->outcome));
        break;
    case COLUMN_STATUS:
        zta_buffer_printf(out, "%u", (unsigned)event->http_status);
        break;
    case COLUMN_METHOD:
        *role = TUI_ROLE_DIM;
        tui_format_foreign(out, zta_event_text(event, ZTA_EVENT_METHOD));
        break;
    case COLUMN_PATH:
        *role = event->outcome == ZTA_OUTCOME_ALLOW ? TUI_ROLE_TEXT : TUI_ROLE_STRONG;
        tui_format_foreign(out, zta_event_text(event, ZTA_EVENT_PATH));
        break;
    case COLUMN_REASON:
        put_reason(event, out, role);
        break;
    case COLUMN_SUBJECT:
        tui_format_foreign(out, zta_event_text(event, ZTA_EVENT_SUBJECT));
        break;
    case COLUMN_RULE:
        *role = TUI_ROLE_DIM;
        tui_format_foreign(out, zta_event_text(event, ZTA_EVENT_RULE));
        break;
    case COLUMN_ADDRESS:
        zta_addr_print(&event->addr, addr);
        zta_buffer_string(out, addr);
        break;
    case COLUMN_LATENCY:
        *role = TUI_ROLE_DIM;
        zta_buffer_printf(out, "%.2f", event->latency_us / 1000.0);
        break;
    case COLUMN_AGENT:
        *role = TUI_ROLE_DIM;
        tui_format_foreign(out, zta_event_text(event, ZTA_EVENT_AGENT));
        break;
    case N_COLUMNS:
        break;
    }
}

static struct tui_list *rows(struct tui_view *view, struct tui_table *table)
{
    struct traffic *traffic = view->state;
    *table = (struct tui_table){.columns = columns,
                                .n_columns = N_COLUMNS,
                                .sorted = N_COLUMNS,
                                .cell = put_cell,
                                .context = view};
    return &traffic->list;
}

/* The selection was moved: it is a row of its own number now, and following ends or begins. */
static void note_move(struct traffic *traffic)
{
    const struct tui_list *list = &traffic->list;
    if (traffic->first + list->selected != traffic->number) {
        traffic->number = traffic->first + list->selected;
        traffic->is_left = list->selected + 1 < list->n;
    }
}

/* Rows that came have moved the others: on the newest while following, else on the same row. */
static void settle(struct tui_view *view)
{
    struct traffic *traffic = view->state;
    const struct tui_tail *tail = &view->model->tail;
    struct tui_list *list = &traffic->list;
    note_move(traffic);
    bool is_following = !traffic->is_left && !view->desk->page.is_open;
    uint64_t first = tui_tail_first(tail);
    uint64_t from_first = traffic->number < first ? 0 : traffic->number - first;
    traffic->first = first;
    tui_list_resize(list, tail->n);
    tui_list_select(list, is_following ? SIZE_MAX : (size_t)from_first);
    traffic->number = first + list->selected;
}

static void draw_status(const struct tui_view *view, const struct tui_area *line)
{
    const struct traffic *traffic = view->state;
    const struct tui_model *model = view->model;
    int x = 1;
    if (model->is_held) {
        x = tui_print(line, x, 0, TUI_ROLE_WARN, "paused, %llu new  ",
                      (unsigned long long)model->n_held);
    }
    else if (traffic->is_left) {
        x = tui_print(line, x, 0, TUI_ROLE_WARN, "not following, G does  ");
    }
    else {
        x = tui_print(line, x, 0, TUI_ROLE_GOOD, "following  ");
    }
    if (traffic->filter[0] != '\0') {
        x = tui_print(line, x, 0, TUI_ROLE_DIM, "filter ");
        x = tui_put_foreign(line, x, 0, TUI_ROLE_KEY, zta_text_of(traffic->filter)) + 2;
    }
    if (model->is_tail_cut) {
        (void)tui_print(line, x, 0, TUI_ROLE_DIM, "of the newest %d requests", TUI_EVENTS_BACK);
    }
    char count[64];
    char rate[TUI_SHORT_MAX];
    tui_format_rate(tui_pulse_rate(&model->pulse, TUI_SERIES_ALL), rate);
    (void)snprintf(count, sizeof count, "%zu rows, %s/s ", model->tail.n, rate);
    struct tui_area right = tui_area_part(line, x, 0, -1, 1);
    if ((int)strlen(count) <= right.width) {
        (void)tui_put_right(&right, 0, TUI_ROLE_DIM, zta_text_of(count));
    }
}

static void draw(struct tui_view *view, const struct tui_area *area)
{
    struct tui_table table;
    settle(view);
    struct tui_list *list = rows(view, &table);
    draw_status(view, area);
    struct tui_area below = tui_area_part(area, 1, 1, area->width - 2, -1);
    tui_list_draw(&below, &table, list);
    if (list->n == 0) {
        (void)tui_print(&below, 0, 1, TUI_ROLE_DIM, "%s",
                        view->model->filter.n_terms == 0
                            ? "no request was recorded yet: the first that comes is shown at once"
                            : "no recorded request matches; f changes the filter, empty shows all");
    }
}

static bool explain(struct tui_view *view)
{
    const struct traffic *traffic = view->state;
    const struct tui_tail *tail = &view->model->tail;
    if (traffic->list.selected >= tail->n) {
        tui_complain(view->desk, "there is no row");
        return true;
    }
    const struct ctl_event *row = tui_tail_at(tail, traffic->list.selected);
    if (!tui_model_explain(view->model, &row->event, &view->desk->page)) {
        tui_complain(view->desk, "%s", view->model->error.text);
    }
    return true;
}

static const struct zta_event *selected(const struct tui_view *view)
{
    const struct traffic *traffic = view->state;
    const struct tui_tail *tail = &view->model->tail;
    return traffic->list.selected < tail->n ? &tui_tail_at(tail, traffic->list.selected)->event
                                            : NULL;
}

/* Of who asked, and of what decided. */
static bool put_alike(struct zta_buffer *out, const char *field, struct zta_text value)
{
    if (value.len > 0) {
        tui_filter_put(out, field, value);
    }
    return value.len > 0;
}

/* Who asked, and for what: a path that was cut is one of its route. */
static void note_alike(const struct zta_event *event, struct tui_row *row)
{
    char addr[ZTA_CIDR_TEXT_MAX];
    struct zta_buffer out;
    const bool is_cut = (event->inexact & 1u << ZTA_EVENT_PATH) != 0;
    zta_addr_print(&event->addr, addr);
    zta_buffer_init(&out, row->alike, sizeof row->alike);
    const bool is_known = put_alike(&out, "apikey", zta_event_text(event, ZTA_EVENT_APIKEY)) ||
                          put_alike(&out, "subject", zta_event_text(event, ZTA_EVENT_SUBJECT)) ||
                          put_alike(&out, "client", zta_event_text(event, ZTA_EVENT_CLIENT));
    if (is_known) {
        (void)put_alike(&out, "issuer", zta_event_text(event, ZTA_EVENT_ISSUER));
    }
    else {
        (void)put_alike(&out, "address", zta_text_of(addr));
    }
    (void)put_alike(&out, is_cut ? "route" : "path",
                    zta_event_text(event, is_cut ? ZTA_EVENT_ROUTE : ZTA_EVENT_PATH));
    (void)put_alike(&out, "method", zta_event_text(event, ZTA_EVENT_METHOD));
    if (out.is_overflowed) {
        row->alike[0] = '\0';
    }
}

static bool row(struct tui_view *view, struct tui_row *row)
{
    const struct zta_event *event = selected(view);
    char text[ZTA_CIDR_TEXT_MAX > ZTA_ULID_TEXT_LEN ? ZTA_CIDR_TEXT_MAX : ZTA_ULID_TEXT_LEN + 1];
    if (event == NULL) {
        return false;
    }
    const char *reason = zta_reason_name((enum zta_reason)event->reason);
    const struct zta_text subject = zta_event_text(event, ZTA_EVENT_SUBJECT);
    const struct zta_text rule = zta_event_text(event, ZTA_EVENT_RULE);
    const struct zta_text device = zta_event_text(event, ZTA_EVENT_DEVICE);
    zta_ulid_print(&event->id, text);
    tui_row_init(row, "request", zta_text_of(text), "explain %");
    /* What tells requests from each other stands at the end of their ids. */
    (void)snprintf(row->name, sizeof row->name, "request %s", text + ZTA_ULID_TEXT_LEN - ID_END);
    note_alike(event, row);
    tui_row_leads_to_session(row, event->session);
    tui_row_leads_to(row, &tui_view_rules, "rule", NULL, rule);
    tui_row_leads_to_all(row, &tui_view_traffic, "requests decided by", "rule", rule);
    tui_row_leads_to(row, &tui_view_devices, "device", NULL, device);
    tui_row_leads_to_all(row, &tui_view_traffic, "requests of device", "device", device);
    tui_row_leads_to_all(row, &tui_view_sessions, "sessions of", "subject", subject);
    tui_row_leads_to_all(row, &tui_view_traffic, "requests of", "subject", subject);
    zta_addr_print(&event->addr, text);
    tui_row_leads_to_all(row, &tui_view_traffic, "requests from", "address", zta_text_of(text));
    tui_row_leads_to_all(row, &tui_view_traffic, "requests refused for", "reason",
                         zta_text_of(event->outcome == ZTA_OUTCOME_ALLOW ? "" : reason));
    tui_row_leads_to(row, &tui_view_keys, "key", NULL, zta_event_text(event, ZTA_EVENT_APIKEY));
    tui_row_leads_to(row, &tui_view_issuers, "issuer", NULL,
                     zta_event_text(event, ZTA_EVENT_ISSUER));
    return true;
}

static enum tui_sought seek(struct tui_view *view, const char *id)
{
    struct traffic *traffic = view->state;
    const struct tui_tail *tail = &view->model->tail;
    struct zta_ulid wanted;
    settle(view);
    for (size_t i = 0; zta_ulid_parse(zta_text_of(id), &wanted) == ZTA_OK && i < tail->n; i++) {
        if (memcmp(&tui_tail_at(tail, i)->event.id, &wanted, sizeof wanted) == 0) {
            tui_list_select(&traffic->list, i);
            note_move(traffic);
            return TUI_SOUGHT_FOUND;
        }
    }
    return TUI_SOUGHT_NONE;
}

/* The session that sent it. */
static bool change_session(struct tui_view *view, enum tui_action action)
{
    const struct zta_event *event = selected(view);
    static const uint8_t none[ZTA_SESSION_ID_SIZE];
    if (event == NULL || memcmp(event->session, none, sizeof none) == 0) {
        tui_complain(view->desk, event == NULL ? "there is no row" : "it came with no session");
        return true;
    }
    struct zta_session session;
    memcpy(session.id, event->session, sizeof session.id);
    if (action == TUI_ACTION_ISOLATE) {
        tui_propose_quarantine(view->desk, session.id);
        return true;
    }
    tui_plan_clear(&view->desk->dialog.plan);
    tui_plan_session(&view->desk->dialog.plan, &session);
    tui_dialog_begin(&view->desk->dialog);
    return true;
}

/*
 * The row's address; of a filter's rows the network that those share which may be somebody's
 * together: what lies farther off is of others.
 */
static void block(struct tui_view *view)
{
    const struct traffic *traffic = view->state;
    const struct tui_tail *tail = &view->model->tail;
    if (selected(view) == NULL) {
        return;
    }
    const struct zta_addr *addr = &selected(view)->addr;
    const struct zta_cidr around = zta_addr_network(addr, WIDEST_V4, WIDEST_V6);
    struct zta_cidr network = zta_addr_network(addr, 32, 128);
    for (size_t i = 0; traffic->filter[0] != '\0' && i < tail->n; i++) {
        const struct zta_addr *other = &tui_tail_at(tail, i)->event.addr;
        if (zta_cidr_contains(&around, other)) {
            network = zta_cidr_join(&network, other);
        }
    }
    tui_propose_block(view->desk, &network);
}

static bool act(struct tui_view *view, enum tui_action action)
{
    switch ((int)action) {
    case TUI_ACTION_DETAIL:
    case TUI_ACTION_EXPLAIN:
        return explain(view);
    case TUI_ACTION_BLOCK:
        block(view);
        return true;
    case TUI_ACTION_REVOKE:
    case TUI_ACTION_ISOLATE:
        return change_session(view, action);
    default:
        return false;
    }
}

static const char *filter(struct tui_view *view)
{
    return ((const struct traffic *)view->state)->filter;
}

static bool set_filter(struct tui_view *view, const char *text)
{
    struct traffic *traffic = view->state;
    struct zta_error error;
    if (tui_model_filter(view->model, zta_text_of(text), &error) != ZTA_OK) {
        tui_complain(view->desk, "%s", error.text);
        return false;
    }
    (void)snprintf(traffic->filter, sizeof traffic->filter, "%s", text);
    traffic->is_left = false;
    return true;
}

static enum zta_status check_filter(struct tui_view *view, const char *text,
                                    struct zta_error *error)
{
    static struct ctl_filter filter; /* too large for a stack */
    return ctl_filter_parse(zta_text_of(text), &filter, error);
}

const struct tui_view_ops tui_view_traffic = {
    .name = "Traffic",
    .hints = {{.action = TUI_ACTION_PAUSE, .word = "pause"},
              {.action = TUI_ACTION_BOTTOM, .word = "follow"},
              {.action = TUI_ACTION_RELATED, .word = "go to"},
              {.action = TUI_ACTION_REVOKE, .word = "revoke"},
              {.action = TUI_ACTION_BLOCK, .word = "block"},
              {.action = TUI_ACTION_DENY, .word = "deny"}},
    .parts = TUI_PART_TAIL,
    .state_size = sizeof(struct traffic),
    .draw = draw,
    .act = act,
    .rows = rows,
    .row = row,
    .seek = seek,
    .filter = filter,
    .set_filter = set_filter,
    .check_filter = check_filter,
};
