/* SPDX-License-Identifier: Apache-2.0 */
/* Who is there: the first sessions of an order, whatever their number. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/console/format.h"
#include "admin-tui/console/view.h"
#include "shared/base/clock.h"
#include "shared/decision.h"

_Static_assert(TUI_PLAN_MAX <= TUI_MARKS_MAX, "all that is marked is in a proposal");

struct sessions {
    struct tui_list list;
    uint8_t id[ZTA_SESSION_ID_SIZE]; /* of the selected row */
    uint8_t marked[TUI_PLAN_MAX][ZTA_SESSION_ID_SIZE];
    size_t n_marked;
    size_t drawn; /* row of id when it was drawn */
};

enum {
    BAR_WIDTH = 20, /* of how far reading is */
    RISK_HIGH = 70, /* of 100: coloured as bad from here on */
    RISK_LOW = 40,
};

enum column {
    COLUMN_MARK = 0,
    COLUMN_SUBJECT,
    COLUMN_ISSUER,
    COLUMN_CLIENT,
    COLUMN_RISK,
    COLUMN_SEEN,
    COLUMN_REQUESTS,
    COLUMN_DENIED,
    COLUMN_REASON,
    COLUMN_ADDRESS,
    COLUMN_KIND,
    COLUMN_EXPIRES,
    COLUMN_FIRST,
    COLUMN_AGENT,
    N_COLUMNS
};

static const struct tui_column columns[N_COLUMNS] = {
    [COLUMN_MARK] = {.least = 1, .rank = 0},
    [COLUMN_SUBJECT] = {.title = "SUBJECT", .least = 16, .share = 4, .rank = 0},
    [COLUMN_ISSUER] = {.title = "ISSUER", .least = 8, .share = 1, .rank = 5},
    [COLUMN_CLIENT] = {.title = "CLIENT", .least = 10, .share = 2, .rank = 4},
    [COLUMN_RISK] = {.title = "RISK", .least = 4, .rank = 0, .is_right = true},
    [COLUMN_SEEN] = {.title = "SEEN", .least = 5, .rank = 0, .is_right = true},
    [COLUMN_REQUESTS] = {.title = "REQS", .least = 5, .rank = 1, .is_right = true},
    [COLUMN_DENIED] = {.title = "REFUSED", .least = 7, .rank = 1, .is_right = true},
    [COLUMN_REASON] = {.title = "LAST", .least = 18, .rank = 3},
    [COLUMN_ADDRESS] = {.title = "ADDRESS", .least = 15, .share = 1, .rank = 2},
    [COLUMN_KIND] = {.title = "KIND", .least = 7, .rank = 7},
    [COLUMN_EXPIRES] = {.title = "EXPIRES", .least = 8, .rank = 6, .is_right = true},
    [COLUMN_FIRST] = {.title = "SINCE", .least = 5, .rank = 6, .is_right = true},
    [COLUMN_AGENT] = {.title = "AGENT", .least = 14, .share = 3, .rank = 8},
};

static const size_t sorted_columns[TUI_N_ORDERS] = {
    [TUI_ORDER_LAST_SEEN] = COLUMN_SEEN,   [TUI_ORDER_REQUESTS] = COLUMN_REQUESTS,
    [TUI_ORDER_DENIED] = COLUMN_DENIED,    [TUI_ORDER_SUBJECT] = COLUMN_SUBJECT,
    [TUI_ORDER_FIRST_SEEN] = COLUMN_FIRST, [TUI_ORDER_RISK] = COLUMN_RISK,
};

/* Index of a marked session, n_marked when it is not. */
static size_t mark_of(const struct sessions *sessions, const uint8_t id[ZTA_SESSION_ID_SIZE])
{
    size_t i = 0;
    while (i < sessions->n_marked && memcmp(sessions->marked[i], id, ZTA_SESSION_ID_SIZE) != 0) {
        i++;
    }
    return i;
}

static void put_number(struct zta_buffer *out, uint64_t n)
{
    char text[TUI_SHORT_MAX];
    tui_format_count(n, text);
    zta_buffer_string(out, text);
}

static void put_ago(struct zta_buffer *out, int64_t time_s, int64_t now_s)
{
    char text[TUI_SHORT_MAX];
    tui_format_ago(time_s, now_s, text);
    zta_buffer_string(out, text);
}

static void put_seen(struct zta_buffer *out, int64_t time_s, int64_t now_s, enum tui_role *role)
{
    *role = now_s - time_s < 60 ? TUI_ROLE_GOOD : TUI_ROLE_TEXT;
    put_ago(out, time_s, now_s);
}

static void put_addr(struct zta_buffer *out, const struct zta_addr *addr)
{
    char text[ZTA_CIDR_TEXT_MAX];
    zta_addr_print(addr, text);
    zta_buffer_string(out, text);
}

static void put_expiry(const struct zta_session *session, int64_t now_s, struct zta_buffer *out,
                       enum tui_role *role)
{
    char text[TUI_SHORT_MAX];
    bool is_over = session->expires_s != 0 && session->expires_s <= now_s;
    tui_format_until(session->expires_s, now_s, text);
    zta_buffer_string(out, session->expires_s == 0 ? "-" : text);
    *role = is_over ? TUI_ROLE_DIM : TUI_ROLE_TEXT;
}

/* By a measure, which ends and can be ended. */
static bool is_quarantined(const char *revoked)
{
    return strncmp(revoked, "by quarantine", 13) == 0;
}

/* How its last request went; or by what it is revoked, whether a request came since or not. */
static void put_last(const struct tui_model *model, size_t row, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct zta_session *session = &model->window.shown[row].session;
    const char *revoked = model->revoked[row];
    if (revoked[0] != '\0') {
        *role = TUI_ROLE_BAD;
        const bool is_held = is_quarantined(revoked);
        zta_buffer_printf(out, "%s%s",
                          !is_held && strncmp(revoked, "by ", 3) == 0 ? "revoked " : "",
                          is_held ? revoked + 3 : revoked);
        return;
    }
    *role = session->last_reason == ZTA_REASON_OK ? TUI_ROLE_DIM : TUI_ROLE_WARN;
    zta_buffer_string(out, zta_reason_name((enum zta_reason)session->last_reason));
}

static void put_risk(struct zta_buffer *out, unsigned risk, enum tui_role *role)
{
    *role = risk >= RISK_HIGH  ? TUI_ROLE_BAD
            : risk >= RISK_LOW ? TUI_ROLE_WARN
            : risk > 0         ? TUI_ROLE_TEXT
                               : TUI_ROLE_DIM;
    zta_buffer_printf(out, "%u", risk);
}

static void put_cell(void *context, size_t i, size_t column, struct zta_buffer *out,
                     enum tui_role *role)
{
    const struct tui_view *view = context;
    const struct sessions *sessions = view->state;
    const struct zta_session *session = &view->model->window.shown[i].session;
    int64_t now_s = view->model->now_ns / ZTA_NS_PER_S;
    switch ((enum column)column) {
    case COLUMN_MARK:
        *role = TUI_ROLE_KEY;
        zta_buffer_string(out, mark_of(sessions, session->id) < sessions->n_marked ? "*" : " ");
        break;
    case COLUMN_SUBJECT:
        *role = TUI_ROLE_STRONG;
        tui_format_foreign(out, zta_text_of(session->subject));
        break;
    case COLUMN_ISSUER:
        *role = TUI_ROLE_DIM;
        tui_format_foreign(out, zta_text_of(session->issuer));
        break;
    case COLUMN_CLIENT:
        tui_format_foreign(
            out, zta_text_of(session->client[0] != '\0' ? session->client : session->apikey));
        break;
    case COLUMN_RISK:
        put_risk(out, view->model->window.shown[i].risk, role);
        break;
    case COLUMN_SEEN:
        put_seen(out, session->last_s, now_s, role);
        break;
    case COLUMN_REQUESTS:
        put_number(out, session->n_requests);
        break;
    case COLUMN_DENIED:
        *role = session->n_denied > 0 ? TUI_ROLE_BAD : TUI_ROLE_DIM;
        put_number(out, session->n_denied);
        break;
    case COLUMN_REASON:
        put_last(view->model, i, out, role);
        break;
    case COLUMN_ADDRESS:
        put_addr(out, &session->addr);
        break;
    case COLUMN_KIND:
        *role = TUI_ROLE_DIM;
        zta_buffer_string(out, zta_session_kind_name(session->kind));
        break;
    case COLUMN_EXPIRES:
        put_expiry(session, now_s, out, role);
        break;
    case COLUMN_FIRST:
        *role = TUI_ROLE_DIM;
        put_ago(out, session->first_s, now_s);
        break;
    case COLUMN_AGENT:
        *role = TUI_ROLE_DIM;
        tui_format_foreign(out, zta_text_of(session->agent));
        break;
    case N_COLUMNS:
        break;
    }
}

static struct tui_list *rows(struct tui_view *view, struct tui_table *table)
{
    struct sessions *sessions = view->state;
    *table = (struct tui_table){.columns = columns,
                                .n_columns = N_COLUMNS,
                                .sorted = sorted_columns[view->model->window.order],
                                .cell = put_cell,
                                .context = view};
    return &sessions->list;
}

/* Rows change places: the selection stays on its session, the top row on the top. */
static void settle(struct tui_view *view)
{
    struct sessions *sessions = view->state;
    const struct tui_window *window = &view->model->window;
    struct tui_list *list = &sessions->list;
    bool is_unmoved = list->selected == sessions->drawn && list->selected > 0;
    tui_list_resize(list, window->n_shown);
    for (size_t i = 0; is_unmoved && i < window->n_shown; i++) {
        if (memcmp(window->shown[i].session.id, sessions->id, sizeof sessions->id) == 0) {
            tui_list_select(list, i);
            break;
        }
    }
    if (list->selected < window->n_shown) {
        memcpy(sessions->id, window->shown[list->selected].session.id, sizeof sessions->id);
    }
    sessions->drawn = list->selected;
}

static const struct zta_session *selected(const struct tui_view *view)
{
    const struct sessions *sessions = view->state;
    const struct tui_window *window = &view->model->window;
    return sessions->list.selected < window->n_shown
               ? &window->shown[sessions->list.selected].session
               : NULL;
}

static void draw_status(const struct tui_view *view, const struct tui_area *line)
{
    const struct sessions *sessions = view->state;
    const struct tui_window *window = &view->model->window;
    char count[TUI_SHORT_MAX];
    char share[TUI_SHORT_MAX];
    bool is_filtered = window->words[0] != '\0';
    uint64_t all = view->model->health.n_sessions;
    uint64_t n = is_filtered || window->is_whole ? window->n_matched : all;
    tui_format_count(n, count);
    int x = tui_print(line, 1, 0, TUI_ROLE_STRONG, "%s ", count);
    x = tui_print(line, x, 0, TUI_ROLE_DIM, "session%s%s  ", n == 1 ? "" : "s",
                  !is_filtered ? ""
                  : n == 1     ? " matches"
                               : " match");
    if (is_filtered) {
        x = tui_put_foreign(line, x, 0, TUI_ROLE_KEY, zta_text_of(window->words)) + 2;
    }
    if (!window->is_whole) {
        tui_format_share((double)window->n_walked, (double)all, share);
        const double part = all == 0 ? 0 : (double)window->n_walked / (double)all;
        x = tui_print(line, x, 0, TUI_ROLE_WARN,
                      window->is_stopped ? "stopped, %s read  " : "reading, %s ", share);
        struct tui_area bar = tui_area_part(line, x, 0, window->is_stopped ? 0 : BAR_WIDTH, 1);
        tui_bar(&bar, 0, TUI_ROLE_WARN, part);
        x += bar.width == 0 ? 0 : bar.width + 1;
        x = window->is_stopped ? x : tui_print(line, x, 0, TUI_ROLE_DIM, "Esc stops  ");
    }
    else if (window->n_matched > window->n_shown) {
        x = tui_print(line, x, 0, TUI_ROLE_DIM, "the first %zu  ", window->n_shown);
    }
    if (sessions->n_marked > 0) {
        (void)tui_print(line, x, 0, TUI_ROLE_KEY, "%zu marked", sessions->n_marked);
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
    if (list->n == 0 && view->model->window.is_whole) {
        (void)tui_print(
            &below, 0, 1, TUI_ROLE_DIM, "%s",
            view->model->window.words[0] == '\0'
                ? "no session was seen yet: one begins with a credential that is accepted"
                : "no session matches; f changes the filter, empty shows all");
    }
}

static void mark(struct tui_view *view)
{
    struct sessions *sessions = view->state;
    const struct zta_session *session = selected(view);
    size_t at = mark_of(sessions, session->id);
    if (at < sessions->n_marked) {
        sessions->n_marked--;
        memmove(sessions->marked[at], sessions->marked[at + 1],
                (sessions->n_marked - at) * sizeof sessions->marked[0]);
    }
    else if (sessions->n_marked < TUI_PLAN_MAX) {
        memcpy(sessions->marked[sessions->n_marked++], session->id, sizeof session->id);
    }
    else {
        tui_complain(view->desk, "%d sessions is the most in one change", TUI_PLAN_MAX);
    }
    (void)tui_list_move(&sessions->list, TUI_ACTION_DOWN);
}

/* The marked sessions, else the selected one. */
static void revoke(struct tui_view *view)
{
    struct sessions *sessions = view->state;
    struct tui_plan *plan = &view->desk->dialog.plan;
    tui_plan_clear(plan);
    for (size_t i = 0; i < sessions->n_marked; i++) {
        struct zta_session marked;
        memcpy(marked.id, sessions->marked[i], sizeof marked.id);
        tui_plan_session(plan, &marked);
    }
    if (plan->n == 0) {
        tui_plan_session(plan, selected(view));
    }
    sessions->n_marked = 0;
    tui_dialog_begin(&view->desk->dialog);
}

/* Into quarantine, or out of what a measure holds against it. */
static void isolate(struct tui_view *view)
{
    struct sessions *sessions = view->state;
    struct tui_marks *marks = &view->desk->marks;
    if (sessions->n_marked > 0) {
        marks->n = sessions->n_marked;
        for (size_t i = 0; i < marks->n; i++) {
            zta_hex_encode(sessions->marked[i], ZTA_SESSION_ID_SIZE, marks->ids[i]);
        }
        sessions->n_marked = 0;
        (void)snprintf(view->desk->proposal, sizeof view->desk->proposal,
                       "sessions quarantine " TUI_MARKED " --for=1h --reason=");
        return;
    }
    const char *revoked = view->model->revoked[sessions->list.selected];
    char id[2 * ZTA_SESSION_ID_SIZE + 1];
    if (!is_quarantined(revoked) && strncmp(revoked, "step-up", 7) != 0) {
        tui_propose_quarantine(view->desk, selected(view)->id);
        return;
    }
    zta_hex_encode(selected(view)->id, ZTA_SESSION_ID_SIZE, id);
    (void)snprintf(view->desk->proposal, sizeof view->desk->proposal,
                   "sessions release %s --reason=", id);
}

static bool row(struct tui_view *view, struct tui_row *row)
{
    const struct zta_session *session = selected(view);
    char text[ZTA_CIDR_TEXT_MAX > 2 * ZTA_SESSION_ID_SIZE ? ZTA_CIDR_TEXT_MAX
                                                          : 2 * ZTA_SESSION_ID_SIZE + 1];
    char owner[sizeof session->subject + sizeof session->issuer];
    if (session == NULL) {
        return false;
    }
    const struct zta_text subject = zta_text_of(session->subject);
    zta_hex_encode(session->id, sizeof session->id, text);
    tui_row_init(row, "session", zta_text_of(text), "sessions show %");
    tui_row_leads_to_all(row, &tui_view_traffic, "requests of session", "session",
                         zta_text_of(text));
    tui_row_leads_to_all(row, &tui_view_sessions, "sessions of", "subject", subject);
    tui_row_leads_to_all(row, &tui_view_traffic, "requests of", "subject", subject);
    zta_addr_print(&session->addr, text);
    tui_row_leads_to_all(row, &tui_view_sessions, "sessions from", "address", zta_text_of(text));
    tui_row_leads_to_all(row, &tui_view_traffic, "requests from", "address", zta_text_of(text));
    (void)snprintf(owner, sizeof owner, "%s@%s", session->subject, session->issuer);
    tui_row_leads_to_all(row, &tui_view_devices, "devices of", "owner",
                         zta_text_of(session->subject[0] == '\0' ? "" : owner));
    tui_row_leads_to_all(row, &tui_view_sessions, "sessions of client", "client",
                         zta_text_of(session->client));
    tui_row_leads_to(row, &tui_view_keys, "key", NULL, zta_text_of(session->apikey));
    tui_row_leads_to(row, &tui_view_issuers, "issuer", NULL, zta_text_of(session->issuer));
    return true;
}

static enum tui_sought seek(struct tui_view *view, const char *id)
{
    struct sessions *sessions = view->state;
    const struct tui_window *window = &view->model->window;
    uint8_t wanted[ZTA_SESSION_ID_SIZE];
    if (zta_hex_decode(zta_text_of(id), wanted, sizeof wanted) != ZTA_OK) {
        return TUI_SOUGHT_NONE;
    }
    tui_list_resize(&sessions->list, window->n_shown);
    for (size_t i = 0; i < window->n_shown; i++) {
        if (memcmp(window->shown[i].session.id, wanted, sizeof wanted) == 0) {
            tui_list_select(&sessions->list, i);
            return TUI_SOUGHT_FOUND;
        }
    }
    return window->is_whole ? TUI_SOUGHT_NONE : TUI_SOUGHT_NOT_YET;
}

static void block(struct tui_view *view)
{
    const struct zta_cidr network = zta_addr_network(&selected(view)->addr, 32, 128);
    tui_propose_block(view->desk, &network);
}

static bool act_on_row(struct tui_view *view, enum tui_action action)
{
    switch ((int)action) {
    case TUI_ACTION_DETAIL:
    case TUI_ACTION_EXPLAIN:
        if (!tui_model_show_session(view->model, selected(view), &view->desk->page)) {
            tui_complain(view->desk, "%s", view->model->error.text);
        }
        return true;
    case TUI_ACTION_MARK:
        mark(view);
        return true;
    case TUI_ACTION_REVOKE:
        revoke(view);
        return true;
    case TUI_ACTION_ISOLATE:
        isolate(view);
        return true;
    case TUI_ACTION_BLOCK:
        block(view);
        return true;
    default:
        return false;
    }
}

static bool act(struct tui_view *view, enum tui_action action)
{
    struct tui_window *window = &view->model->window;
    if (action == TUI_ACTION_SORT) {
        tui_model_sort(view->model, (window->order + 1) % TUI_N_ORDERS);
        return true;
    }
    if (selected(view) == NULL) {
        tui_complain(view->desk, "there is no row");
        return true;
    }
    return act_on_row(view, action);
}

static bool sort_by(struct tui_view *view, size_t column)
{
    for (size_t i = 0; i < TUI_N_ORDERS; i++) {
        if (sorted_columns[i] == column) {
            tui_model_sort(view->model, (enum tui_order)i);
            return true;
        }
    }
    return false;
}

static const char *filter(struct tui_view *view)
{
    return view->model->window.words;
}

static bool set_filter(struct tui_view *view, const char *text)
{
    struct zta_error error;
    if (tui_model_filter_sessions(view->model, text, &error) != ZTA_OK) {
        tui_complain(view->desk, "%s", error.text);
        return false;
    }
    return true;
}

static enum zta_status check_filter(struct tui_view *view, const char *text,
                                    struct zta_error *error)
{
    static struct ctl_filter filter; /* too large for a stack */
    return ctl_filter_parse_sessions(zta_text_of(text), &filter, error);
}

const struct tui_view_ops tui_view_sessions = {
    .name = "Sessions",
    .hints = {{.action = TUI_ACTION_REVOKE, .word = "revoke"},
              {.action = TUI_ACTION_ISOLATE, .word = "isolate"},
              {.action = TUI_ACTION_BLOCK, .word = "block"},
              {.action = TUI_ACTION_MARK, .word = "mark"},
              {.action = TUI_ACTION_RELATED, .word = "go to"},
              {.action = TUI_ACTION_SORT, .word = "sort"}},
    .parts = TUI_PART_SESSIONS,
    .state_size = sizeof(struct sessions),
    .draw = draw,
    .act = act,
    .rows = rows,
    .sort_by = sort_by,
    .row = row,
    .seek = seek,
    .filter = filter,
    .set_filter = set_filter,
    .check_filter = check_filter,
};
