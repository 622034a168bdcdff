/* SPDX-License-Identifier: Apache-2.0 */
/* Versions that an operator of a fleet should look at. */
#include "admin-tui/fleet/rules.h"

#include <stdlib.h>

#include "admin-tui/fleet/nodes.h"
#include "admin-tui/live.h"
#include "admin-tui/versions.h"
#include "shared/base/clock.h"
#include "shared/store/layers.h"

struct telling {
    struct ctl *ctl;
    struct ctl_versions versions;
    struct ctl_nodes nodes;
    struct ctl_live *live; /* opened when something does not fit */
    ctl_fleet_rules_fn fn;
    void *context;
};

/* Why it does not fit, tried anew. */
static void find_problem(struct telling *telling, uint64_t version, struct zta_buffer *problem)
{
    struct zta_view *view = NULL;
    struct zta_layer layer;
    struct zta_rules_error error = {.line = 0};
    struct ctl_live_set made = {.ast = NULL};
    void *storage = NULL;
    if (telling->live == NULL &&
        ctl_live_open(telling->ctl, CTL_ACCESS_READ, &telling->live) != CTL_DONE) {
        return;
    }
    if (zta_view_begin(telling->ctl->store, &view) != ZTA_OK) {
        return;
    }
    enum zta_status status = zta_layer_get(view, version, &layer, &storage);
    zta_view_end(&view);
    if (status == ZTA_OK) {
        status = ctl_live_make(telling->live, &layer, &made, &error);
    }
    if (status == ZTA_INVALID) {
        zta_rules_error_print(&error, problem);
    }
    else {
        zta_buffer_string(problem, status == ZTA_OK ? "it fits now" : zta_status_text(status));
    }
    ctl_live_set_close(&made);
    free(storage);
}

static void tell(struct telling *telling, const struct zta_layer *layer)
{
    char text[512] = "";
    struct zta_buffer problem;
    struct ctl_fleet_rules rules = {
        .layer = layer,
        .node = ctl_nodes_name(&telling->nodes, layer->origin),
        .state = ctl_version_state(&telling->versions, layer),
    };
    zta_buffer_init(&problem, text, sizeof text);
    if (layer->standing == ZTA_LAYER_UNFIT) {
        find_problem(telling, layer->version, &problem);
        rules.problem = text;
    }
    telling->fn(telling->context, &rules);
}

void ctl_fleet_each_rules(struct ctl *ctl, ctl_fleet_rules_fn fn, void *context)
{
    struct telling telling = {.ctl = ctl, .fn = fn, .context = context};
    struct zta_view *view = NULL;
    enum zta_status status = zta_view_begin(ctl->store, &view);
    if (status != ZTA_OK) {
        return;
    }
    status = ctl_versions_open(view, zta_clock_real_ns() / ZTA_NS_PER_S, &telling.versions);
    if (status == ZTA_OK) {
        status = ctl_nodes_open(view, &telling.nodes);
    }
    zta_view_end(&view);
    for (size_t i = 0; status == ZTA_OK && i < telling.versions.n; i++) {
        const struct zta_layer *layer = &telling.versions.all[i];
        if (layer->version == telling.versions.in_force || layer->standing != ZTA_LAYER_IN_ORDER ||
            ctl_version_conflict(&telling.versions, layer, true) != 0) {
            tell(&telling, layer);
        }
    }
    ctl_live_close(&telling.live);
    ctl_versions_close(&telling.versions);
    ctl_nodes_close(&telling.nodes);
}
