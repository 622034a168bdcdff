/* SPDX-License-Identifier: Apache-2.0 */
/* Heads with the names of their nodes. */
#include "admin-tui/fleet/audits.h"

#include "admin-tui/fleet/nodes.h"
#include "admin-tui/output.h"

struct telling {
    struct ctl_nodes nodes;
    ctl_fleet_audit_fn fn;
    void *context;
};

static bool tell(void *context, const struct zta_audit_heads *heads)
{
    const struct telling *telling = context;
    telling->fn(telling->context, heads, ctl_nodes_name(&telling->nodes, heads->origin));
    return true;
}

void ctl_fleet_each_audit(struct ctl *ctl, ctl_fleet_audit_fn fn, void *context)
{
    struct telling telling = {.fn = fn, .context = context};
    struct zta_view *view = NULL;
    if (zta_view_begin(ctl->store, &view) != ZTA_OK) {
        return;
    }
    enum zta_status status = ctl_nodes_open(view, &telling.nodes);
    if (status == ZTA_OK) {
        status = zta_audit_heads_each(view, tell, &telling);
    }
    if (status != ZTA_OK) {
        ctl_note("heads of audit trails: %s", zta_status_text(status));
    }
    ctl_nodes_close(&telling.nodes);
    zta_view_end(&view);
}
