/* SPDX-License-Identifier: Apache-2.0 */
/* What the nodes of this store's fleet are called. */
#ifndef CTL_FLEET_NODES_H
#define CTL_FLEET_NODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/bytes.h"
#include "shared/base/status.h"
#include "shared/fleet/node.h"
#include "shared/store/env.h"

struct ctl_nodes {
    bool is_fleet; /* this store is part of one */
    struct zta_fleet_node *all;
    size_t n;
    char own[ZTA_NAME_MAX + 1];
    uint8_t origin[ZTA_ORIGIN_SIZE]; /* of this store, in a fleet */
};

/* Of a store in no fleet there are none. ZTA_NO_MEMORY, ZTA_IO. */
enum zta_status ctl_nodes_open(struct zta_view *view, struct ctl_nodes *nodes) ZTA_MUST_CHECK;
void ctl_nodes_close(struct ctl_nodes *nodes);
/* Absent: of no node that is known. */
struct zta_text ctl_nodes_name(const struct ctl_nodes *nodes,
                               const uint8_t origin[ZTA_ORIGIN_SIZE]);

#endif
