/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl risk show, risk explain. */
#include <inttypes.h>
#include <stdio.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/risk_view.h"
#include "shared/base/clock.h"
#include "shared/store/sessions.h"

enum {
    POINTS_TEXT_MAX = 16
};

/* Tenths of a point, rounded: "14.2". */
static void print_points(const struct zta_risk_factor *factor, int64_t now_s,
                         char out[POINTS_TEXT_MAX])
{
    const uint64_t tenths = ((uint64_t)zta_risk_points_q16(factor, now_s) * 10 + 32768) / 65536;
    (void)snprintf(out, POINTS_TEXT_MAX, "%u.%u", (unsigned)(tenths / 10), (unsigned)(tenths % 10));
}

static void add_factor(struct ctl_list *list, const struct zta_risk_factor *factor, int64_t now_s)
{
    const int64_t age_s = now_s > factor->raised_s ? now_s - factor->raised_s : 0;
    char points[POINTS_TEXT_MAX];
    print_points(factor, now_s, points);
    ctl_row_string(list, "signal", zta_risk_signal_info(factor->signal)->name);
    ctl_row_string(list, "points", points);
    ctl_row_int(list, "weight", factor->weight);
    ctl_row_int(list, "half_life", factor->half_life_s);
    ctl_row_int(list, "age", age_s);
    ctl_row_time(list, "raised", factor->raised_s);
    ctl_row_int(list, "floor", factor->floor);
    ctl_row_string(list, "evidence", factor->evidence[0] == '\0' ? NULL : factor->evidence);
}

/* A session by its id (32 hex digits), else an address. */
static bool read_owner(const char *text, struct zta_risk_owner *owner)
{
    uint8_t id[ZTA_SESSION_ID_SIZE];
    struct zta_addr addr;
    if (zta_hex_decode(zta_text_of(text), id, sizeof id) == ZTA_OK) {
        *owner = zta_risk_owner_session(id);
        return true;
    }
    if (zta_addr_parse(zta_text_of(text), &addr) == ZTA_OK) {
        *owner = zta_risk_owner_address(&addr);
        return true;
    }
    return false;
}

/* node: of the fleet, that raised it; NULL: this one. */
static void write_factor(struct zta_json *json, const struct zta_risk_factor *factor,
                         const char *node, int64_t now_s)
{
    char points[POINTS_TEXT_MAX];
    print_points(factor, now_s, points);
    zta_json_string(json, "signal", zta_risk_signal_info(factor->signal)->name);
    zta_json_string(json, "points", points);
    zta_json_int(json, "weight", factor->weight);
    zta_json_int(json, "half_life", factor->half_life_s);
    zta_json_time(json, "raised", factor->raised_s);
    zta_json_int(json, "times", factor->n_raised);
    zta_json_int(json, "floor", factor->floor);
    zta_json_time(json, "floor_until", factor->ends_s);
    zta_json_string(json, "evidence", factor->evidence[0] == '\0' ? NULL : factor->evidence);
    zta_json_string(json, "node", node);
}

/* What is kept of a session or an address, here and by others. */
struct shown {
    struct zta_risk_owner owner;
    struct zta_risk_record record;
    struct ctl_risk_heard heard;
    int64_t now_s;
};

static enum ctl_exit show_json(const struct shown *shown)
{
    const struct zta_risk *risk = &shown->record.risk;
    const struct ctl_risk_heard *heard = &shown->heard;
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        if (shown->owner.kind == ZTA_RISK_OF_SESSION) {
            zta_json_int(json, "score", ctl_risk_score(risk, &heard->others, shown->now_s));
        }
        else {
            zta_json_string(json, "score", NULL);
        }
        zta_json_begin_array(json, "factors");
        for (size_t i = 0; i < risk->n; i++) {
            zta_json_begin_object(json, NULL);
            write_factor(json, &risk->factors[i], NULL, shown->now_s);
            zta_json_end_object(json);
        }
        for (size_t i = 0; i < heard->n; i++) {
            zta_json_begin_object(json, NULL);
            write_factor(json, &heard->items[i].factor, heard->items[i].node, shown->now_s);
            zta_json_end_object(json);
        }
        zta_json_end_array(json);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

static void add_shown(struct ctl_list *list, const struct zta_risk_factor *factor, const char *node,
                      int64_t now_s)
{
    ctl_row_begin(list);
    add_factor(list, factor, now_s);
    ctl_row_int(list, "times", factor->n_raised);
    ctl_row_string(list, "node", node);
    ctl_row_end(list);
}

static enum ctl_exit show(const struct ctl *ctl, const struct shown *shown)
{
    static const char *const titles[] = {"SIGNAL", ">POINTS", ">WEIGHT",  ">HALF-LIFE", ">AGE",
                                         "RAISED", ">FLOOR",  "EVIDENCE", ">TIMES",     "NODE"};
    const struct zta_risk *risk = &shown->record.risk;
    const struct ctl_risk_heard *heard = &shown->heard;
    if (ctl_is_json(ctl)) {
        return show_json(shown);
    }
    struct ctl_list list;
    ctl_list_open(&list, false, CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < risk->n; i++) {
        add_shown(&list, &risk->factors[i], NULL, shown->now_s);
    }
    for (size_t i = 0; i < heard->n; i++) {
        add_shown(&list, &heard->items[i].factor, heard->items[i].node, shown->now_s);
    }
    const enum ctl_exit code = ctl_list_print(&list);
    if (shown->owner.kind == ZTA_RISK_OF_SESSION) {
        ctl_say("score %u", ctl_risk_score(risk, &heard->others, shown->now_s));
    }
    return code;
}

enum ctl_exit ctl_run_risk_show(struct ctl *ctl)
{
    struct shown shown = {.now_s = zta_clock_real_ns() / ZTA_NS_PER_S, .heard = {.n = 0}};
    struct zta_view *view = NULL;
    if (!read_owner(ctl->arguments[0], &shown.owner)) {
        return ctl_fail(CTL_FAILED, "'%s' is neither a session id (32 hex digits) nor an address",
                        ctl->arguments[0]);
    }
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = ctl_risk_find(view, &shown.owner, &shown.record);
        if (status == ZTA_OK) {
            status = ctl_risk_heard_open(view, &shown.owner, shown.now_s, &shown.heard);
        }
        zta_view_end(&view);
    }
    const enum ctl_exit code =
        status == ZTA_OK ? show(ctl, &shown) : ctl_fail_status(status, NULL, "risk");
    ctl_risk_heard_close(&shown.heard);
    return code;
}

/* ---- explain ---- */

struct explaining {
    struct zta_risk_record live;
    struct ctl_risk_heard heard;
    struct ctl_rebuilt rebuilt;
    int64_t now_s;
};

enum {
    HEARD_TEXT_MAX = ZTA_NAME_MAX + 32
};

/* "raised at node proxy-1" */
static void print_heard(const struct ctl_heard_factor *heard, char out[HEARD_TEXT_MAX])
{
    (void)snprintf(out, HEARD_TEXT_MAX, "raised at node %s",
                   heard->node[0] != '\0' ? heard->node : "unknown");
}

/* What the two say of one signal. */
static const char *compare(const struct explaining *explaining, enum zta_risk_signal signal)
{
    const struct zta_risk_factor *live = zta_risk_find(&explaining->live.risk, signal);
    const struct zta_risk_factor *rebuilt = zta_risk_find(&explaining->rebuilt.risk, signal);
    if (ctl_risk_is_same(live, rebuilt)) {
        return "equal";
    }
    if (rebuilt == NULL) {
        return zta_risk_signal_info(signal)->seen_by == ZTA_RISK_SEEN_BY_OUTSIDE
                   ? "from a signal, no request raised it"
               : live->raised_s < explaining->rebuilt.oldest_s ? "older than the recorded requests"
                                                               : "no recorded request raised it";
    }
    return live == NULL ? "not in the live record" : "differs from the live record";
}

static bool is_equal(const struct explaining *explaining)
{
    if (explaining->heard.n > 0) {
        return false;
    }
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        const enum zta_risk_signal signal = (enum zta_risk_signal)i;
        const struct zta_risk_factor *live = zta_risk_find(&explaining->live.risk, signal);
        const struct zta_risk_factor *rebuilt = zta_risk_find(&explaining->rebuilt.risk, signal);
        if ((live != NULL || rebuilt != NULL) && !ctl_risk_is_same(live, rebuilt)) {
            return false;
        }
    }
    return true;
}

static void add_rows(struct ctl_list *list, const struct explaining *explaining)
{
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        const enum zta_risk_signal signal = (enum zta_risk_signal)i;
        const struct zta_risk_factor *rebuilt = zta_risk_find(&explaining->rebuilt.risk, signal);
        const struct zta_risk_factor *shown =
            rebuilt != NULL ? rebuilt : zta_risk_find(&explaining->live.risk, signal);
        if (shown == NULL) {
            continue;
        }
        char id[ZTA_ULID_TEXT_LEN + 1];
        zta_ulid_print(&explaining->rebuilt.raised_by[signal], id);
        ctl_row_begin(list);
        add_factor(list, shown, explaining->now_s);
        ctl_row_string(list, "request", rebuilt != NULL ? id : NULL);
        ctl_row_string(list, "live", compare(explaining, signal));
        ctl_row_end(list);
    }
    for (size_t i = 0; i < explaining->heard.n; i++) {
        const struct ctl_heard_factor *heard = &explaining->heard.items[i];
        char live[HEARD_TEXT_MAX];
        print_heard(heard, live);
        ctl_row_begin(list);
        add_factor(list, &heard->factor, explaining->now_s);
        ctl_row_string(list, "request", NULL);
        ctl_row_string(list, "live", live);
        ctl_row_end(list);
    }
}

static enum zta_status find(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                            struct explaining *explaining)
{
    const struct zta_risk_owner owner = zta_risk_owner_session(id);
    enum zta_status status = ctl_risk_find(view, &owner, &explaining->live);
    if (status == ZTA_OK) {
        status = ctl_risk_heard_open(view, &owner, explaining->now_s, &explaining->heard);
    }
    if (status == ZTA_OK) {
        status = ctl_risk_rebuild(view, id, &explaining->rebuilt);
    }
    /* What is worth nothing by now is forgotten by the one sooner than by the other. */
    (void)zta_risk_forget(&explaining->live.risk, explaining->now_s);
    (void)zta_risk_forget(&explaining->rebuilt.risk, explaining->now_s);
    return status;
}

static void write_heard(struct zta_json *json, const struct explaining *explaining)
{
    for (size_t i = 0; i < explaining->heard.n; i++) {
        const struct ctl_heard_factor *heard = &explaining->heard.items[i];
        char live[HEARD_TEXT_MAX];
        print_heard(heard, live);
        zta_json_begin_object(json, NULL);
        write_factor(json, &heard->factor, heard->node, explaining->now_s);
        zta_json_string(json, "request", NULL);
        zta_json_string(json, "live", live);
        zta_json_end_object(json);
    }
}

static enum ctl_exit print_json(const struct explaining *explaining, unsigned rebuilt,
                                unsigned live)
{
    struct ctl_list list;
    ctl_list_open(&list, true, CTL_RECORD, NULL, 0);
    ctl_row_begin(&list);
    struct zta_json *json = ctl_row_json(&list);
    if (json != NULL) {
        zta_json_int(json, "rebuilt", rebuilt);
        zta_json_int(json, "live", live);
        zta_json_bool(json, "equal", is_equal(explaining));
        zta_json_int(json, "requests", (int64_t)explaining->rebuilt.n_events);
        zta_json_time(json, "recorded_since", explaining->rebuilt.oldest_s);
        zta_json_begin_array(json, "factors");
        for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
            const enum zta_risk_signal signal = (enum zta_risk_signal)i;
            const struct zta_risk_factor *factor = zta_risk_find(&explaining->rebuilt.risk, signal);
            char id[ZTA_ULID_TEXT_LEN + 1];
            const bool is_rebuilt = factor != NULL;
            factor = is_rebuilt ? factor : zta_risk_find(&explaining->live.risk, signal);
            if (factor == NULL) {
                continue;
            }
            zta_ulid_print(&explaining->rebuilt.raised_by[signal], id);
            zta_json_begin_object(json, NULL);
            write_factor(json, factor, NULL, explaining->now_s);
            zta_json_string(json, "request", is_rebuilt ? id : NULL);
            zta_json_string(json, "live", compare(explaining, signal));
            zta_json_end_object(json);
        }
        write_heard(json, explaining);
        zta_json_end_array(json);
    }
    ctl_row_end(&list);
    return ctl_list_print(&list);
}

static enum ctl_exit print(const struct ctl *ctl, const struct explaining *explaining)
{
    static const char *const titles[] = {"SIGNAL", ">POINTS", ">WEIGHT",  ">HALF-LIFE", ">AGE",
                                         "RAISED", ">FLOOR",  "EVIDENCE", "REQUEST",    "LIVE"};
    const unsigned rebuilt = zta_risk_score(&explaining->rebuilt.risk, explaining->now_s);
    const unsigned live =
        ctl_risk_score(&explaining->live.risk, &explaining->heard.others, explaining->now_s);
    if (ctl_is_json(ctl)) {
        return print_json(explaining, rebuilt, live);
    }
    struct ctl_list list;
    ctl_list_open(&list, false, CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    add_rows(&list, explaining);
    const enum ctl_exit code = ctl_list_print(&list);
    ctl_say("score %u, rebuilt from %" PRIu64 " recorded requests; the live one is %u: %s", rebuilt,
            explaining->rebuilt.n_events, live,
            is_equal(explaining) ? "equal, factor by factor" : "not all of it is recorded");
    return code;
}

enum ctl_exit ctl_run_risk_explain(struct ctl *ctl)
{
    static struct explaining explaining; /* large */
    uint8_t id[ZTA_SESSION_ID_SIZE];
    struct zta_session session;
    struct zta_view *view = NULL;
    if (zta_hex_decode(zta_text_of(ctl->arguments[0]), id, sizeof id) != ZTA_OK) {
        return ctl_fail(CTL_FAILED, "'%s' is no session id (32 hex digits)", ctl->arguments[0]);
    }
    explaining.now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_session_get(view, id, &session);
        if (status == ZTA_OK) {
            status = find(view, id, &explaining);
        }
        zta_view_end(&view);
    }
    const enum ctl_exit code =
        status == ZTA_OK ? print(ctl, &explaining) : ctl_fail_status(status, NULL, "session");
    ctl_risk_heard_close(&explaining.heard);
    return code;
}
