/* SPDX-License-Identifier: Apache-2.0 */
/* The list is printed behind the view's end, so that a slow reader holds no snapshot. */
#include "admin-tui/walk.h"

#include "admin-tui/report.h"

enum ctl_exit ctl_walk_print(const struct ctl *ctl, const struct ctl_walk *walk, ctl_walk_fn fn,
                             void *context)
{
    struct ctl_list list;
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return ctl_fail_status(status, NULL, "reading the store");
    }
    ctl_list_open(&list, ctl_is_json(ctl), CTL_TABLE, walk->titles, walk->n_columns);
    status = fn(context, view, &list);
    zta_view_end(&view);
    if (status != ZTA_OK) {
        ctl_list_close(&list);
        return ctl_fail_status(status, NULL, walk->what);
    }
    return ctl_list_print(&list);
}
