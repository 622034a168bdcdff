/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl store prune. */
#include <inttypes.h>
#include <stdio.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/base/clock.h"
#include "shared/store/events.h"
#include "shared/store/requests.h"
#include "shared/store/sessions.h"

struct counting {
    int64_t before_s;
    uint64_t n_requests;
    uint64_t n_sessions;
};

static bool count_request(void *context, const struct zta_event_key *key,
                          const struct zta_event *event)
{
    struct counting *counting = context;
    counting->n_requests += event->time_ns / ZTA_NS_PER_S < counting->before_s;
    return true;
}

static bool count_session(void *context, const struct zta_session *session)
{
    struct counting *counting = context;
    counting->n_sessions += session->last_s < counting->before_s;
    return true;
}

static enum zta_status count_all(const struct ctl *ctl, struct counting *counting)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status == ZTA_OK) {
        status = zta_event_each_back(view, count_request, counting);
    }
    if (status == ZTA_OK) {
        status = zta_session_each(view, count_session, counting);
    }
    zta_view_end(&view);
    return status;
}

enum ctl_exit ctl_run_store_prune(struct ctl *ctl)
{
    struct zta_error error = {.status = ZTA_OK};
    struct ctl_action action;
    int64_t kept_s = 0;
    char before[ZTA_TIME_TEXT_MAX];
    char number[24];
    if (ctl_option_duration(&ctl->options, CTL_OPTION_LAST, &kept_s, &error) != ZTA_OK) {
        return ctl_fail(CTL_USAGE, "%s", error.text);
    }
    if (kept_s <= 0) {
        return ctl_fail(CTL_USAGE, "store prune: expected --last with the time that is kept, such "
                                   "as --last 2d; what ZTARetain says goes by itself");
    }
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    struct counting counting = {.before_s = zta_clock_real_ns() / ZTA_NS_PER_S - kept_s};
    enum zta_status status = count_all(ctl, &counting);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading what is recorded");
    }
    zta_time_print(counting.before_s, before);
    struct ctl_report report = {
        .done = "asked to prune",
        .effect =
            "The server does it within seconds, or when it starts. Revocations, blocks, keys, "
            "counts by the minute and the audit trail stay.",
    };
    (void)snprintf(report.target, sizeof report.target,
                   "before %s: %" PRIu64 " recorded requests, %" PRIu64 " sessions", before,
                   counting.n_requests, counting.n_sessions);
    ctl_report_plan(ctl, &report);
    if (ctl_is_dry(ctl)) {
        return ctl_report_done(ctl, &report, NULL);
    }
    (void)snprintf(number, sizeof number, "%" PRIu64, counting.n_requests);
    code = ctl_ask(ctl, "This takes records of requests away for good.", number);
    if (code != CTL_DONE) {
        return code;
    }
    struct zta_request request = {.kind = ZTA_REQUEST_PRUNE, .name = zta_text_of(before)};
    status = ctl_action_request(&action, ctl->command->words, report.target, &request);
    return status == ZTA_OK ? ctl_report_done(ctl, &report, &action)
                            : ctl_fail_status(status, &action.error, "");
}
