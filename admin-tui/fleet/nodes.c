/* SPDX-License-Identifier: Apache-2.0 */
/* From origins to names. */
#include "admin-tui/fleet/nodes.h"

#include <stdlib.h>
#include <string.h>

#include "admin-tui/fleet/picture.h"
#include "shared/store/fleet.h"

enum zta_status ctl_nodes_open(struct zta_view *view, struct ctl_nodes *nodes)
{
    struct zta_fleet fleet;
    *nodes = (struct ctl_nodes){.is_fleet = false};
    enum zta_status status = zta_fleet_get(view, &fleet);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    nodes->is_fleet = true;
    memcpy(nodes->own, fleet.node, sizeof nodes->own);
    memcpy(nodes->origin, fleet.origin, sizeof nodes->origin);
    return ctl_fleet_nodes(view, &nodes->all, &nodes->n);
}

void ctl_nodes_close(struct ctl_nodes *nodes)
{
    free(nodes->all);
    *nodes = (struct ctl_nodes){.is_fleet = false};
}

struct zta_text ctl_nodes_name(const struct ctl_nodes *nodes, const uint8_t origin[ZTA_ORIGIN_SIZE])
{
    if (nodes->is_fleet && memcmp(origin, nodes->origin, sizeof nodes->origin) == 0) {
        return zta_text_of(nodes->own);
    }
    for (size_t i = 0; i < nodes->n; i++) {
        if (memcmp(origin, nodes->all[i].origin, sizeof nodes->all[i].origin) == 0) {
            return zta_text_of(nodes->all[i].name);
        }
    }
    return (struct zta_text){.data = NULL};
}
