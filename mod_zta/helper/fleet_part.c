/* SPDX-License-Identifier: Apache-2.0 */
/* Reads policy/ as httpd's user may: the store, and one small file that its owner replaces. */
#include "mod_zta/helper/fleet_part.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/fleet.h"

#define LOOK_NS  (ZTA_NS_PER_S / 10)
#define COUNT_NS (2 * ZTA_NS_PER_S)
/* What names of buckets are made with, so that they are alike on all nodes and no others. */
#define KEY_PURPOSE "zta-fleet-buckets-1"

static bool count_node(void *context, const struct zta_fleet_node *node)
{
    struct zta_shares_fleet *fleet = context;
    fleet->n_nodes += node->role != ZTA_NODE_NONE;
    return true;
}

/* ZTA_NOT_FOUND: in none. */
static enum zta_status read_fleet(struct zta_view *view, struct zta_shares_fleet *shares)
{
    struct zta_fleet fleet;
    struct zta_sha256 digest;
    enum zta_status status = zta_fleet_get(view, &fleet);
    if (status != ZTA_OK) {
        return status;
    }
    const struct zta_text parts[] = {
        ZTA_TEXT(KEY_PURPOSE),
        zta_text_of(fleet.name),
        {.data = (const char *)fleet.operator_key.bytes, .len = sizeof fleet.operator_key.bytes}};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    shares->key = (struct zta_siphash_key){.k0 = zta_get_u64(digest.bytes),
                                           .k1 = zta_get_u64(digest.bytes + sizeof(uint64_t))};
    status = zta_fleet_each_node(view, count_node, shares);
    shares->n_nodes = shares->n_nodes == 0 ? 1 : shares->n_nodes;
    shares->hold_ns = zta_share_hold_ns(shares->n_nodes);
    return status;
}

/* What cannot be read leaves what was known. */
static void look_at_fleet(struct mod_zta_fleet_part *part, struct zta_segment *segment,
                          struct zta_store *store, int64_t now_ns)
{
    struct zta_view *view = NULL;
    struct zta_shares_fleet shares = {.n_nodes = 0};
    if (zta_view_begin(store, &view) != ZTA_OK) {
        return;
    }
    const uint64_t txn = zta_view_policy_txn(view);
    if (txn != part->policy_txn) {
        const enum zta_status status = read_fleet(view, &shares);
        if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
            zta_shares_set_fleet(segment, &shares);
            part->policy_txn = txn;
            part->next_count_ns = now_ns + COUNT_NS;
        }
    }
    zta_view_end(&view);
}

static void look_at_grants(struct mod_zta_fleet_part *part, struct zta_segment *segment,
                           const char *store_dir)
{
    char path[PATH_MAX];
    char *data = NULL;
    size_t len = 0;
    struct zta_file_stamp stamp;
    struct zta_share_grants grants;
    (void)snprintf(path, sizeof path, "%s/policy/" ZTA_SHARES_FILE, store_dir);
    if (zta_file_look(path, &stamp, NULL) != ZTA_OK || zta_file_stamp_equal(&stamp, &part->stamp) ||
        zta_file_read(path, ZTA_SHARE_GRANTS_SIZE, &data, &len, &stamp, NULL) != ZTA_OK) {
        return;
    }
    if (zta_share_grants_decode(data, len, &grants) == ZTA_OK) {
        zta_shares_set(segment, grants.grants, grants.n, grants.issued_ns);
    }
    part->stamp = stamp;
    free(data);
}

void mod_zta_fleet_part_look(struct mod_zta_fleet_part *part, struct zta_segment *segment,
                             struct zta_store *store, const char *store_dir, int64_t now_ns)
{
    if (now_ns < part->next_look_ns) {
        return;
    }
    part->next_look_ns = now_ns + LOOK_NS;
    if (now_ns >= part->next_count_ns) {
        look_at_fleet(part, segment, store, now_ns);
    }
    if (zta_shares_are_on(segment)) {
        look_at_grants(part, segment, store_dir);
    }
}

/* Those that are named all have room; of the others those that were asked for most. */
static void keep_use(void *context, uint64_t id, uint64_t n, bool is_pressed, bool is_named)
{
    struct zta_share_uses *uses = context;
    const struct zta_share_use use = {.id = id, .n = n, .is_pressed = is_pressed};
    if (id == 0 || (!is_named && !is_pressed)) {
        return;
    }
    if (uses->n < ZTA_SHARE_USES_MAX) {
        uses->uses[uses->n++] = use;
        return;
    }
    size_t least = 0;
    for (size_t i = 1; i < uses->n; i++) {
        least = uses->uses[i].n < uses->uses[least].n ? i : least;
    }
    if (uses->uses[least].n < n) {
        uses->uses[least] = use;
    }
}

bool mod_zta_fleet_part_collect(struct zta_segment *segment, int64_t now_ns,
                                struct zta_share_uses *uses)
{
    if (!zta_shares_are_on(segment)) {
        return false;
    }
    uses->n = 0;
    uses->time_ns = now_ns;
    uses->issued_ns = zta_shares_issued_ns(segment);
    zta_shares_collect(segment, keep_use, uses);
    return true;
}
