/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl rates: requests and refusals, minute by minute. */
#include <inttypes.h>
#include <stdlib.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/decision.h"
#include "shared/store/events.h"
#include "shared/store/repeats.h"

enum {
    MINUTE_S = 60,
    PERIOD_S = 3600,
    PERIOD_MAX_S = 7 * 86400,
};

struct minute {
    uint64_t n;
    uint64_t n_refused;
};

struct counting {
    int64_t first; /* minutes since 1970 */
    size_t n;
    struct minute *minutes;
};

/* False: it is older than all that is asked for. */
static bool count(struct counting *counting, const struct zta_event *event, uint64_t n)
{
    const int64_t at = event->time_ns / ZTA_NS_PER_S / MINUTE_S - counting->first;
    if (at >= 0 && (uint64_t)at < counting->n) {
        counting->minutes[at].n += n;
        counting->minutes[at].n_refused += event->outcome == ZTA_OUTCOME_ALLOW ? 0 : n;
    }
    return at >= 0;
}

static bool count_event(void *context, const struct zta_event_key *key,
                        const struct zta_event *event)
{
    return count(context, event, key->weight);
}

static bool count_repeat(void *context, const struct zta_repeat *repeat)
{
    (void)count(context, &repeat->event, repeat->n);
    return true;
}

static enum zta_status count_all(const struct ctl *ctl, struct counting *counting)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_event_each_back(view, count_event, counting);
    if (status == ZTA_OK) {
        status = zta_repeat_each(view, counting->first * MINUTE_S, count_repeat, counting);
    }
    zta_view_end(&view);
    return status;
}

static enum ctl_exit print(const struct ctl *ctl, const struct counting *counting)
{
    static const char *const titles[] = {"TIME", ">REQUESTS", ">REFUSED"};
    struct ctl_list list;
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, titles, sizeof titles / sizeof titles[0]);
    for (size_t i = 0; i < counting->n; i++) {
        const struct minute *minute = &counting->minutes[i];
        if (minute->n > 0) {
            ctl_row_begin(&list);
            ctl_row_time(&list, "time", (counting->first + (int64_t)i) * MINUTE_S);
            ctl_row_int(&list, "requests", (int64_t)minute->n);
            ctl_row_int(&list, "refused", (int64_t)minute->n_refused);
            ctl_row_end(&list);
        }
    }
    return ctl_list_print(&list);
}

enum ctl_exit ctl_run_rates(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    int64_t period_s = PERIOD_S;
    if (ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &period_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (period_s > PERIOD_MAX_S) {
        return ctl_fail(CTL_USAGE, "--last: at most 7d");
    }
    const int64_t now = zta_clock_real_ns() / ZTA_NS_PER_S / MINUTE_S;
    const int64_t n = (period_s + MINUTE_S - 1) / MINUTE_S;
    struct counting counting = {.first = now - n + 1, .n = (size_t)n};
    counting.minutes = calloc(counting.n + 1, sizeof *counting.minutes);
    if (counting.minutes == NULL) {
        return ctl_fail(CTL_FAILED, "out of memory");
    }
    const enum zta_status status = count_all(ctl, &counting);
    const enum ctl_exit code =
        status == ZTA_OK ? print(ctl, &counting) : ctl_fail_status(status, NULL, "reading events");
    free(counting.minutes);
    return code;
}
