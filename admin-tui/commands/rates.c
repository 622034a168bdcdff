/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rates: requests and refusals by the minute, hour or day. */
#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "admin-tui/walk.h"
#include "shared/base/clock.h"
#include "shared/store/series.h"

enum {
    PERIOD_S = 3600,
};

/* Up to which period a span is told: some thousand rows. */
static const int64_t most_s[ZTA_N_SERIES_SPANS] = {
    [ZTA_SERIES_MINUTE] = 2 * 86400,
    [ZTA_SERIES_HOUR] = 90 * INT64_C(86400),
    [ZTA_SERIES_DAY] = INT64_MAX,
};

static bool add_point(void *context, const struct zta_series_point *point)
{
    struct ctl_list *list = context;
    ctl_row_begin(list);
    ctl_row_time(list, "time", point->begin_s);
    ctl_row_int(list, "requests", (int64_t)zta_series_requests(point));
    ctl_row_int(list, "refused", (int64_t)zta_series_refused(point));
    ctl_row_end(list);
    return true;
}

static enum zta_status list_points(void *context, struct zta_view *view, struct ctl_list *list)
{
    const int64_t period_s = *(const int64_t *)context;
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    enum zta_series_span span = ZTA_SERIES_MINUTE;
    while (period_s > most_s[span]) {
        span++;
    }
    const int64_t span_s = zta_series_span_s(span);
    const int64_t until_s = zta_series_begin_s(span, now_s) + span_s;
    const int64_t n = (period_s + span_s - 1) / span_s;
    return zta_series_each(view, span, until_s - n * span_s, until_s, add_point, list);
}

enum ctl_exit ctl_run_rates(struct ctl *ctl)
{
    static const char *const titles[] = {"TIME", ">REQUESTS", ">REFUSED"};
    static const struct ctl_walk walk = {
        .titles = titles, .n_columns = sizeof titles / sizeof titles[0], .what = "reading counts"};
    struct zta_error error = {.status = ZTA_OK};
    int64_t period_s = PERIOD_S;
    if (ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &period_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    return ctl_walk_print(ctl, &walk, list_points, &period_s);
}
