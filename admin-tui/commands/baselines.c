/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl baselines show, baselines forget. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/target.h"
#include "shared/base/clock.h"
#include "shared/store/baselines.h"
#include "shared/store/requests.h"

enum {
    HOURS_A_DAY = 24,
    DAY_S = 86400,
    HOURS_TEXT_MAX = 128, /* of a day: at most twelve windows */
    MIB_SHIFT = 20,
};

struct showing {
    struct ctl_list *list;
    struct zta_text subject;
    int64_t now_s;
    uint64_t n;
};

/* What all rows of a habit begin with; value absent: nothing of it is kept. */
static void begin_row(const struct showing *showing, const struct zta_baseline *baseline,
                      enum zta_habit habit, struct zta_text value)
{
    struct ctl_list *list = showing->list;
    ctl_row_begin(list);
    ctl_row_string(list, "issuer", baseline->issuer);
    ctl_row_string(list, "habit", zta_habit_name(habit));
    ctl_row_bool(list, "known", zta_baseline_is_known(baseline, habit, showing->now_s));
    ctl_row_text(list, "value", value);
}

static void end_row(const struct showing *showing, bool is_usual, uint64_t n_days,
                    uint64_t n_requests, int64_t last_s)
{
    struct ctl_list *list = showing->list;
    ctl_row_bool(list, "usual", is_usual);
    ctl_row_int(list, "days", (int64_t)n_days);
    ctl_row_int(list, "requests", (int64_t)n_requests);
    ctl_row_time(list, "last_seen", last_s);
    ctl_row_end(list);
}

static void add_values(const struct showing *showing, const struct zta_baseline *baseline,
                       enum zta_habit habit)
{
    const struct zta_habit_value *values = zta_baseline_values_of(baseline, habit);
    for (size_t i = 0; i < baseline->n_values[habit]; i++) {
        const struct zta_habit_value *value = &values[i];
        char text[ZTA_CIDR_TEXT_MAX];
        struct zta_buffer out;
        zta_buffer_init(&out, text, sizeof text);
        zta_habit_value_print(habit, value->value, &out);
        zta_buffer_string(&out, value->label);
        begin_row(showing, baseline, habit, (struct zta_text){.data = text, .len = out.len});
        end_row(showing, zta_habit_value_is_usual(value, showing->now_s), value->n_days,
                value->count, (int64_t)value->last_day * DAY_S);
    }
    if (baseline->n_values[habit] == 0) {
        begin_row(showing, baseline, habit, (struct zta_text){.data = NULL});
        end_row(showing, false, 0, 0, 0);
    }
}

/* "Mon 08:00-18:00 20:00-21:00", a row a day that has any. */
static void add_hours(const struct showing *showing, const struct zta_baseline *baseline)
{
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    const struct zta_habit_span *span = &baseline->spans[ZTA_HABIT_HOURS];
    for (size_t day = 0; day < sizeof days / sizeof days[0]; day++) {
        char text[HOURS_TEXT_MAX + sizeof "Mon"];
        struct zta_buffer out;
        bool is_open = false;
        zta_buffer_init(&out, text, sizeof text);
        zta_buffer_string(&out, days[day]);
        for (unsigned hour = 0; hour <= HOURS_A_DAY; hour++) {
            const bool is_usual =
                hour < HOURS_A_DAY &&
                zta_baseline_hour_is_usual(baseline, day * HOURS_A_DAY + hour, showing->now_s);
            if (is_usual != is_open) {
                zta_buffer_printf(&out, "%s%02u:00", is_usual ? " " : "-", hour);
            }
            is_open = is_usual;
        }
        if (out.len > strlen(days[day])) {
            begin_row(showing, baseline, ZTA_HABIT_HOURS,
                      (struct zta_text){.data = text, .len = out.len});
            end_row(showing, true, span->n_days, baseline->n_requests,
                    (int64_t)span->last_day * DAY_S);
        }
    }
}

static void add_rate(const struct showing *showing, const struct zta_baseline *baseline)
{
    const struct zta_habit_span *span = &baseline->spans[ZTA_HABIT_RATE];
    char text[64];
    struct zta_buffer out;
    zta_buffer_init(&out, text, sizeof text);
    zta_buffer_printf(&out, "up to %" PRIu64 " a minute, %" PRIu64 " MiB an hour",
                      zta_rate_limit(&baseline->rate),
                      (zta_volume_limit(&baseline->volume) * ZTA_VOLUME_UNIT) >> MIB_SHIFT);
    begin_row(showing, baseline, ZTA_HABIT_RATE, (struct zta_text){.data = text, .len = out.len});
    end_row(showing, true, span->n_days, baseline->n_requests, (int64_t)span->last_day * DAY_S);
}

static bool show(void *context, const struct zta_baseline *baseline)
{
    struct showing *showing = context;
    if (!zta_text_equal(zta_text_of(baseline->subject), showing->subject)) {
        return true;
    }
    showing->n++;
    for (unsigned i = 0; i < ZTA_N_HABITS; i++) {
        const enum zta_habit habit = (enum zta_habit)i;
        if (zta_baseline_room(habit) > 0) {
            add_values(showing, baseline, habit);
        }
    }
    add_hours(showing, baseline);
    add_rate(showing, baseline);
    return true;
}

static enum zta_status show_all(const struct ctl *ctl, struct showing *showing)
{
    const struct zta_text issuer = ctl_option_text(&ctl->options, CTL_OPTION_ISSUER);
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK && zta_text_is_absent(issuer)) {
        status = zta_baseline_each(view, show, showing);
    }
    else if (status == ZTA_OK) {
        struct zta_baseline baseline;
        status = zta_baseline_get(view, issuer, showing->subject, &baseline);
        if (status == ZTA_OK) {
            (void)show(showing, &baseline);
        }
    }
    zta_view_end(&view);
    return status == ZTA_OK && showing->n == 0 ? ZTA_NOT_FOUND : status;
}

enum ctl_exit ctl_run_baselines_show(struct ctl *ctl)
{
    static const char *const titles[] = {"ISSUER", "HABIT", "KNOWN",     "VALUE",
                                         "USUAL",  ">DAYS", ">REQUESTS", "LAST SEEN"};
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_list list;
    struct showing showing = {
        .list = &list,
        .subject = zta_text_of(ctl->arguments[0]),
        .now_s = zta_clock_real_ns() / ZTA_NS_PER_S,
    };
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    const enum zta_status status = show_all(ctl, &showing);
    if (status == ZTA_OK) {
        return ctl_list_print(&list);
    }
    ctl_list_close(&list);
    if (status == ZTA_NOT_FOUND) {
        return ctl_fail(CTL_FAILED, "nothing is known of subject '%s'", ctl->arguments[0]);
    }
    return ctl_fail_status(status, &error, "");
}

/* Whom the request is about, and how many baselines that hits. */
static enum zta_status resolve(const struct ctl *ctl, struct zta_request *request, uint64_t *n,
                               struct zta_error *error)
{
    static struct ctl_issuers issuers; /* too large for a stack */
    static struct zta_baseline baseline;
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    if (request->kind == ZTA_REQUEST_FORGET_ALL) {
        status = zta_baselines_count(view, n);
        zta_view_end(&view);
        return status;
    }
    struct ctl_name name;
    status = ctl_issuers_load(view, &issuers, error);
    if (status == ZTA_OK) {
        status =
            ctl_name_resolve(&issuers, zta_text_of(ctl->arguments[0]), "subject", &name, error);
    }
    if (status == ZTA_OK) {
        request->issuer = name.issuer;
        request->subject = name.name;
        status = zta_baseline_get(view, name.issuer, name.name, &baseline);
        *n = status == ZTA_NOT_FOUND ? 0 : 1;
        /* One that nobody can read is forgotten as well. */
        status = status == ZTA_NOT_FOUND || status == ZTA_CORRUPT ? ZTA_OK : status;
    }
    zta_view_end(&view);
    return status;
}

static void describe(const struct zta_request *request, uint64_t n, struct ctl_report *report)
{
    if (request->kind == ZTA_REQUEST_FORGET_ALL) {
        (void)snprintf(report->target, sizeof report->target, "all %" PRIu64 " baselines", n);
        return;
    }
    (void)snprintf(report->target, sizeof report->target, "baseline of %.*s@%.*s%s",
                   (int)request->subject.len, request->subject.data, (int)request->issuer.len,
                   request->issuer.data, n == 0 ? " (the store has none yet)" : "");
}

enum ctl_exit ctl_run_baselines_forget(struct ctl *ctl)
{
    const bool is_all = ctl_option_is_set(&ctl->options, CTL_OPTION_ALL);
    struct zta_request request = {.kind = is_all ? ZTA_REQUEST_FORGET_ALL : ZTA_REQUEST_FORGET};
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_action action;
    struct ctl_report report = {
        .done = "asked to forget",
        .effect =
            "The server forgets within about a second, or when it starts. Until it is learned "
            "anew what is usual is unknown: rules that need it refuse.",
    };
    uint64_t n = 0;
    if (is_all == (ctl->n_arguments > 0)) {
        return ctl_fail(CTL_USAGE, "baselines forget: expected a subject, or --all");
    }
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = resolve(ctl, &request, &n, &error);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, &error, "");
    }
    describe(&request, n, &report);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    if (is_all) {
        char number[24];
        (void)snprintf(number, sizeof number, "%" PRIu64, n);
        code = ctl_ask(ctl, "This forgets what is usual for every subject.", number);
    }
    if (code != CTL_DONE) {
        return code;
    }
    status = ctl_action_request(&action, ctl->command->words, report.target, &request);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}
