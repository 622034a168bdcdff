/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl events. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "admin-tui/commands/events_by.h"
#include "admin-tui/commands/fleet_wide.h"
#include "admin-tui/events.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"

enum {
    SHOWN_BY_DEFAULT = 100,
    LAST_BY_DEFAULT_S = 24 * 3600,
    POLL_MS = 100,      /* what was stored is shown at most 200 ms later */
    BATCH_ROWS = 10000, /* rows in memory while following */
};

static volatile sig_atomic_t is_stopped;

static void stop(int number)
{
    is_stopped = 1;
}

static void catch_signals(void)
{
    /* Without SA_RESTART: the wait between two looks ends at once. */
    struct sigaction action = {.sa_handler = stop};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

struct following {
    struct ctl_list *list;
    const struct ctl_filter *filter;
    struct zta_event_key last;
    uint64_t state_txn;
    size_t n_seen;
};

static bool add_new(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    struct following *following = context;
    following->last = *key;
    if (ctl_filter_matches(following->filter, event, zta_clock_real_ns() / ZTA_NS_PER_S)) {
        const struct ctl_event row = {
            .event = *event, .weight = key->weight, .time_ns = event->time_ns};
        ctl_event_row(following->list, &row);
    }
    return ++following->n_seen < BATCH_ROWS;
}

/* What came since the last look; the view ends before anything is printed or waited for. */
static enum zta_status look(struct zta_store *store, struct following *following)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t txn = zta_view_state_txn(view);
    following->n_seen = 0;
    if (txn != following->state_txn) {
        status = zta_event_each_after(view, &following->last, add_new, following);
    }
    /* A full batch leaves some behind: look again at once. */
    if (following->n_seen < BATCH_ROWS) {
        following->state_txn = txn;
    }
    zta_view_end(&view);
    return status;
}

static enum ctl_exit follow(const struct ctl *ctl, struct following *following)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    catch_signals();
    while (is_stopped == 0) {
        struct zta_error error = {.status = ZTA_OK};
        enum zta_status status = look(ctl->store, following);
        if (status == ZTA_OK) {
            status = zta_store_health(ctl->store, &error);
        }
        if (status != ZTA_OK) {
            return ctl_fail_status(status, &error, "following events");
        }
        enum ctl_exit code = ctl_list_flush(following->list);
        code = code == CTL_DONE ? ctl_flush() : code;
        if (code != CTL_DONE) {
            return code;
        }
        if (following->n_seen < BATCH_ROWS) {
            (void)nanosleep(&pause, NULL);
        }
    }
    return CTL_DONE;
}

/* The newest rows, and from where following goes on. */
static enum zta_status collect(const struct ctl *ctl, struct ctl_events *events,
                               struct following *following)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    following->state_txn = zta_view_state_txn(view);
    status = zta_event_last(view, &following->last);
    if (status == ZTA_NOT_FOUND) {
        status = ZTA_OK;
    }
    if (status == ZTA_OK) {
        status = ctl_events_collect(view, events);
    }
    zta_view_end(&view);
    return status;
}

enum ctl_exit ctl_run_events(struct ctl *ctl)
{
    static struct ctl_filter filter; /* too large for a stack */
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_list list;
    struct ctl_events events = {.most = SHOWN_BY_DEFAULT, .filter = &filter};
    struct following following = {.list = &list, .filter = &filter};
    int64_t period_s = ctl_option_is_set(&ctl->options, CTL_OPTION_LAST) ? LAST_BY_DEFAULT_S : 0;
    bool is_following = ctl_option_is_set(&ctl->options, CTL_OPTION_FOLLOW);
    events.now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_FLEET)) {
        return ctl_events_of_fleet(ctl);
    }
    if (ctl_filter_parse(ctl_option_text(&ctl->options, CTL_OPTION_FILTER), &filter, &error) !=
            ZTA_OK ||
        ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &period_s, &error) != ZTA_OK ||
        ctl_option_count(&ctl->options, CTL_OPTION_LIMIT, &events.most, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (ctl_option_is_set(&ctl->options, CTL_OPTION_BY)) {
        return ctl_events_by(ctl, &filter);
    }
    events.from_ns = period_s == 0 || period_s > events.now_s
                         ? INT64_MIN
                         : (events.now_s - period_s) * ZTA_NS_PER_S;
    enum zta_status status = collect(ctl, &events, &following);
    if (status != ZTA_OK) {
        ctl_events_clear(&events);
        return ctl_fail_status(status, NULL, "reading events");
    }
    ctl_list_open(&list, ctl_is_json(ctl), is_following ? CTL_LINES : CTL_TABLE, ctl_event_titles,
                  ctl_event_n_titles);
    for (size_t i = 0; i < events.n; i++) {
        ctl_event_row(&list, &events.rows[i]);
    }
    ctl_events_clear(&events);
    if (!is_following) {
        return ctl_list_print(&list);
    }
    enum ctl_exit code = follow(ctl, &following);
    ctl_list_close(&list);
    return code;
}
