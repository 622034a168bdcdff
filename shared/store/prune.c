/* SPDX-License-Identifier: Apache-2.0 */
/* One bounded walk over a table that removes what its topic calls old. */
#include "shared/store/prune.h"

#include <string.h>

#include "shared/store/tables_priv.h"

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
