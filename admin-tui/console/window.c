/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping the top of an order with memory for twice as many. */
#include "admin-tui/console/window.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(int64_t one, int64_t other)
{
    return one < other ? 1 : one > other ? -1 : 0;
}

static int by_id(const struct tui_seat *one, const struct tui_seat *other)
{
    return memcmp(one->session.id, other->session.id, sizeof one->session.id);
}

static int by_last_seen(const void *a, const void *b)
{
    const struct tui_seat *one = a;
    const struct tui_seat *other = b;
    int order = compare(one->session.last_s, other->session.last_s);
    return order != 0 ? order : by_id(one, other);
}

static int by_first_seen(const void *a, const void *b)
{
    const struct tui_seat *one = a;
    const struct tui_seat *other = b;
    int order = compare(one->session.first_s, other->session.first_s);
    return order != 0 ? order : by_id(one, other);
}

static int by_requests(const void *a, const void *b)
{
    const struct tui_seat *one = a;
    const struct tui_seat *other = b;
    int order = compare((int64_t)one->session.n_requests, (int64_t)other->session.n_requests);
    return order != 0 ? order : by_id(one, other);
}

static int by_denied(const void *a, const void *b)
{
    const struct tui_seat *one = a;
    const struct tui_seat *other = b;
    int order = compare((int64_t)one->session.n_denied, (int64_t)other->session.n_denied);
    return order != 0 ? order : by_id(one, other);
}

static int by_subject(const void *a, const void *b)
{
    const struct tui_seat *one = a;
    const struct tui_seat *other = b;
    int order = strcmp(one->session.subject, other->session.subject);
    return order != 0 ? order : by_id(one, other);
}

static int by_risk(const void *a, const void *b)
{
    const struct tui_seat *one = a;
    const struct tui_seat *other = b;
    int order = compare(one->risk, other->risk);
    return order != 0 ? order : by_last_seen(a, b);
}

static void sort(const struct tui_window *window, struct tui_seat *rows, size_t n)
{
    static int (*const orders[TUI_N_ORDERS])(const void *, const void *) = {
        [TUI_ORDER_LAST_SEEN] = by_last_seen,   [TUI_ORDER_REQUESTS] = by_requests,
        [TUI_ORDER_DENIED] = by_denied,         [TUI_ORDER_SUBJECT] = by_subject,
        [TUI_ORDER_FIRST_SEEN] = by_first_seen, [TUI_ORDER_RISK] = by_risk,
    };
    if (n > 1) {
        qsort(rows, n, sizeof rows[0], orders[window->order]);
    }
}

void tui_window_restart(struct tui_window *window, enum tui_order order)
{
    window->order = order;
    window->n_shown = window->n_found = 0;
    window->n_matched = window->n_walked = window->n_found_all = 0;
    window->is_whole = window->is_stopped = false;
}

enum zta_status tui_window_filter(struct tui_window *window, const char *words,
                                  struct zta_error *error)
{
    if (strlen(words) >= sizeof window->words) {
        return zta_error_set(error, ZTA_TOO_LARGE, "at most %zu bytes", sizeof window->words - 1);
    }
    enum zta_status status = ctl_filter_parse_sessions(zta_text_of(words), &window->filter, error);
    if (status != ZTA_OK) {
        /* That of before, which was parsed once. */
        struct zta_error none;
        const enum zta_status again =
            ctl_filter_parse_sessions(zta_text_of(window->words), &window->filter, &none);
        return again == ZTA_OK ? status : again;
    }
    (void)snprintf(window->words, sizeof window->words, "%s", words);
    tui_window_restart(window, window->order);
    return ZTA_OK;
}

bool tui_window_matches(struct tui_window *window, const struct zta_session *session)
{
    return ctl_filter_matches_session(&window->filter, session, &window->look);
}

static void shrink(struct tui_window *window)
{
    sort(window, window->found, window->n_found);
    window->n_found = window->n_found < TUI_WINDOW_ROWS ? window->n_found : TUI_WINDOW_ROWS;
}

struct tui_seat *tui_window_offer(struct tui_window *window, const struct zta_session *session)
{
    window->n_walked++;
    if (!tui_window_matches(window, session)) {
        return NULL;
    }
    window->n_found_all++;
    if (window->n_found == 2 * TUI_WINDOW_ROWS) {
        shrink(window);
    }
    struct tui_seat *seat = &window->found[window->n_found++];
    *seat = (struct tui_seat){.session = *session};
    return seat;
}

void tui_window_settle(struct tui_window *window, bool is_end)
{
    if (!is_end && window->is_whole) {
        return;
    }
    shrink(window);
    memcpy(window->shown, window->found, window->n_found * sizeof window->found[0]);
    window->n_shown = window->n_found;
    window->n_matched = window->n_found_all;
    if (is_end) {
        window->is_whole = true;
        window->n_found = 0;
        window->n_walked = window->n_found_all = 0;
    }
}

void tui_window_update(struct tui_window *window, const struct zta_session *session, uint8_t risk)
{
    const struct tui_seat seat = {.session = *session, .risk = risk};
    size_t at = 0;
    if (!tui_window_matches(window, session)) {
        return;
    }
    while (at < window->n_shown && by_id(&window->shown[at], &seat) != 0) {
        at++;
    }
    if (at == TUI_WINDOW_ROWS) {
        struct tui_seat last[] = {window->shown[at - 1], seat};
        sort(window, last, 2);
        window->shown[at - 1] = last[0];
    }
    else {
        window->n_shown += at == window->n_shown;
        window->shown[at] = seat;
    }
    sort(window, window->shown, window->n_shown);
}
