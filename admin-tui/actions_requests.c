/* SPDX-License-Identifier: Apache-2.0 */
/* What only the observer can do: a request in policy/ and its audit entry. */
#include "admin-tui/actions_priv.h"
#include "shared/store/requests.h"

/* Under the writer lock: what is done can go. */
static enum zta_status put(struct ctl_work *work, const struct zta_request *request)
{
    struct zta_view *view = NULL;
    uint64_t done = 0;
    enum zta_status status = zta_view_begin(work->action->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_requests_done(view, &done);
    zta_view_end(&view);
    if (status == ZTA_OK) {
        status = zta_request_put(work->change, request, done);
    }
    if (status == ZTA_FULL) {
        (void)zta_error_set(&work->action->error, status,
                            "%d requests wait for the server already; 'ztactl status' says whether "
                            "it runs",
                            ZTA_REQUESTS_MAX);
    }
    return status;
}

enum zta_status ctl_action_request(struct ctl_action *action, const char *name, const char *target,
                                   struct zta_request *request)
{
    struct ctl_work work;
    enum zta_status status = ctl_work_begin(&work, action, name);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_buffer text = ctl_work_write(work.target, sizeof work.target);
    zta_buffer_string(&text, target);
    status = ctl_work_note(&work, &request->action_id);
    if (status == ZTA_OK) {
        status = put(&work, request);
    }
    return ctl_work_end(&work, status);
}
