/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first sessions of an order, out of any number: a walk offers all, a part at a time, and the
 * window keeps what belongs on top.
 */
#ifndef TUI_WINDOW_H
#define TUI_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin-tui/filter.h"
#include "shared/store/sessions.h"

#define TUI_WINDOW_ROWS 500
#define TUI_WORDS_MAX   256

enum tui_order {
    TUI_ORDER_LAST_SEEN = 0,
    TUI_ORDER_RISK,
    TUI_ORDER_REQUESTS,
    TUI_ORDER_DENIED,
    TUI_ORDER_SUBJECT,
    TUI_ORDER_FIRST_SEEN,
    TUI_N_ORDERS
};

/* One session, and the risk that it is ordered by. */
struct tui_seat {
    struct zta_session session;
    uint8_t risk; /* of rows that are not shown, in another order: 0 */
};

struct tui_window {
    enum tui_order order;
    char words[TUI_WORDS_MAX]; /* the filter as it was typed; "": all sessions */
    struct ctl_filter filter;
    struct ctl_session_look
        look; /* what the filter asks; its view is the caller's, while it has one */
    struct tui_seat shown[TUI_WINDOW_ROWS];
    size_t n_shown;
    uint64_t n_matched; /* of the last whole walk, or of this one while it is the first */
    struct tui_seat found[2 * TUI_WINDOW_ROWS]; /* of the walk under way */
    size_t n_found;
    uint64_t n_walked;
    uint64_t n_found_all;
    bool is_whole;   /* a walk has come to its end in this order, with these words */
    bool is_stopped; /* before its end, by the operator: what is shown is a part */
};

/* Another order: what is shown goes. */
void tui_window_restart(struct tui_window *window, enum tui_order order);
/* Other words: what is shown goes. ZTA_INVALID: they are no filter, and all stays as it is. */
enum zta_status tui_window_filter(struct tui_window *window, const char *words,
                                  struct zta_error *error) ZTA_MUST_CHECK;
/* One of the walk; its seat, whose risk is the caller's to set, NULL: the filter leaves it out. */
struct tui_seat *tui_window_offer(struct tui_window *window, const struct zta_session *session);
/* After a part of the walk: is_end, there is no more. */
void tui_window_settle(struct tui_window *window, bool is_end);
/* A session as it is now, outside the walk: replaces its row, or comes in where it belongs. */
void tui_window_update(struct tui_window *window, const struct zta_session *session, uint8_t risk);
bool tui_window_matches(struct tui_window *window, const struct zta_session *session);

#endif
