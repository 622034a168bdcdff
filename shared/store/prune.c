/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded walks over a table that remove what its topic calls old. */
#include "shared/store/prune.h"

#include <string.h>

#include "shared/store/prune_priv.h"

enum zta_status zta_table_prune(struct zta_change *change, const struct zta_prune *prune,
                                struct zta_prune_place *place, uint64_t *n)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, prune->table, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t n_removed = 0;
    struct zta_blob key = ZTA_BLOB(place->key, place->size > 0 ? place->size : 1);
    struct zta_blob record;
    status = zta_walk_seek(&walk, &key, &record);
    for (size_t i = 0; i < prune->most && status == ZTA_OK; i++) {
        if (prune->is_old(key, record, prune)) {
            status = zta_walk_remove(&walk);
            n_removed++;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    memset(place, 0, sizeof *place);
    if (status == ZTA_OK && key.size <= sizeof place->key) {
        place->size = key.size;
        memcpy(place->key, key.data, key.size);
    }
    zta_walk_end(&walk);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    *n = n_removed;
    return ZTA_OK;
}

enum zta_status zta_table_trim(struct zta_change *change, const struct zta_trim *trim, uint64_t *n)
{
    struct zta_walk walk;
    struct zta_blob key = trim->from;
    struct zta_blob record;
    uint64_t n_removed = 0;
    enum zta_status status = zta_walk_change(change, trim->table, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status =
        key.size > 0 ? zta_walk_seek(&walk, &key, &record) : zta_walk_first(&walk, &key, &record);
    while (status == ZTA_OK && n_removed < trim->most && trim->goes(trim->context, key)) {
        status = zta_walk_remove(&walk);
        if (status == ZTA_OK) {
            n_removed++;
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    zta_walk_end(&walk);
    if (n != NULL) {
        *n = n_removed;
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}
