/* SPDX-License-Identifier: Apache-2.0 */
/* ztactl undo 17-40. */
#include "admin-tui/commands/undo_range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin-tui/output.h"
#include "admin-tui/report.h"
#include "shared/store/revocations.h"

/* Records are taken back while the view that shows them is open. */
struct taking {
    const struct ctl_undo_range *range;
    struct ctl_action *action; /* NULL: they are only counted */
    uint64_t first_id;         /* of what took the first one back */
    uint64_t n;
    enum zta_status status;
};

bool ctl_undo_range_parse(const char *text, struct ctl_undo_range *range)
{
    const char *dash = strchr(text, '-');
    const size_t len = dash == NULL ? 0 : (size_t)(dash - text);
    return dash != NULL &&
           zta_text_to_u64((struct zta_text){.data = text, .len = len}, INT64_MAX, &range->first) ==
               ZTA_OK &&
           zta_text_to_u64(zta_text_of(dash + 1), INT64_MAX, &range->last) == ZTA_OK &&
           range->first > 0 && range->first <= range->last &&
           range->last - range->first < CTL_UNDO_RANGE_MAX;
}

static bool take(void *context, const struct zta_revocation *record)
{
    struct taking *taking = context;
    if (record->action_id < taking->range->first || record->action_id > taking->range->last) {
        return true;
    }
    if (taking->action != NULL) {
        taking->status = ctl_action_unrevoke(taking->action, record);
        taking->first_id = taking->n == 0 ? taking->action->id : taking->first_id;
    }
    taking->n += taking->status == ZTA_OK;
    return taking->status == ZTA_OK;
}

/* Of the change, or without an action only how many there are. */
static enum zta_status take_all(struct zta_store *store, struct taking *taking)
{
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(store, &view);
    if (status == ZTA_OK) {
        status = zta_revocation_each(view, take, taking);
        zta_view_end(&view);
    }
    return status == ZTA_OK ? taking->status : status;
}

enum ctl_exit ctl_undo_range(struct ctl *ctl, const struct ctl_undo_range *range)
{
    struct ctl_action action;
    struct ctl_report report = {.done = "undone"};
    struct taking taking = {.range = range, .status = ZTA_OK};
    enum ctl_exit code = ctl_action_prepare(ctl, false, &action);
    if (code != CTL_DONE) {
        return code;
    }
    enum zta_status status = take_all(ctl->store, &taking);
    if (status == ZTA_OK && taking.n == 0) {
        return ctl_fail(CTL_FAILED,
                        "none of actions %" PRIu64 " to %" PRIu64
                        " is a revocation that was not taken back before",
                        range->first, range->last);
    }
    (void)snprintf(report.target, sizeof report.target,
                   "%" PRIu64 " revocations of actions %" PRIu64 " to %" PRIu64, taking.n,
                   range->first, range->last);
    report.effect = "Credentials that have not expired are accepted again.";
    ctl_report_plan(ctl, &report);
    if (status != ZTA_OK || ctl_is_dry(ctl)) {
        return status == ZTA_OK ? ctl_report_done(ctl, &report, NULL)
                                : ctl_fail_status(status, NULL, "reading revocations");
    }
    taking = (struct taking){.range = range, .action = &action, .status = ZTA_OK};
    status = take_all(ctl->store, &taking);
    if (status != ZTA_OK) {
        (void)ctl_fail_status(status, &action.error, "");
        return ctl_fail(ctl_exit_of(status), "%" PRIu64 " were taken back before that", taking.n);
    }
    action.id = taking.first_id;
    return ctl_report_done(ctl, &report, &action);
}
