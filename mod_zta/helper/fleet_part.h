/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's side of rates that a fleet shares: takes what the agent granted this node from
 * policy/ into the shared memory, and tells the agent how often buckets were asked for. Of the
 * observer's thread alone.
 */
#ifndef MOD_ZTA_HELPER_FLEET_PART_H
#define MOD_ZTA_HELPER_FLEET_PART_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/file.h"
#include "shared/live/segment.h"
#include "shared/store/env.h"
#include "shared/store/shares.h"

struct mod_zta_fleet_part {
    int64_t next_look_ns;
    int64_t next_count_ns;       /* of the nodes */
    uint64_t policy_txn;         /* that they were counted by */
    struct zta_file_stamp stamp; /* of the grants that were taken */
};

/* What changed in policy/, about ten times a second. A file that is none leaves all as it is. */
void mod_zta_fleet_part_look(struct mod_zta_fleet_part *part, struct zta_segment *segment,
                             struct zta_store *store, const char *store_dir, int64_t now_ns);
/* What was asked for since the last time; false: this store is in no fleet. */
bool mod_zta_fleet_part_collect(struct zta_segment *segment, int64_t now_ns,
                                struct zta_share_uses *uses);

#endif
