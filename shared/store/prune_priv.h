/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded walks over a table that remove records; a topic says which. */
#ifndef ZTA_STORE_PRUNE_PRIV_H
#define ZTA_STORE_PRUNE_PRIV_H

#include "shared/store/prune.h"
#include "shared/store/tables_priv.h"

/* Removes what is old, looking at no more than most records from place on. */
struct zta_prune {
    enum zta_table table;
    bool (*is_old)(struct zta_blob key, struct zta_blob record, const struct zta_prune *prune);
    int64_t before_s;
    const void *context; /* of is_old */
    size_t most;
};
/* Place moves on and is zeroed at the end. *n removed ones. */
enum zta_status zta_table_prune(struct zta_change *change, const struct zta_prune *prune,
                                struct zta_prune_place *place, uint64_t *n) ZTA_MUST_CHECK;

/* Removes what stands in a row from a key on, up to the first record that stays. */
struct zta_trim {
    enum zta_table table;
    struct zta_blob from; /* zeroed: the first of the table */
    uint64_t most;        /* no more than so many at once */
    bool (*goes)(void *context, struct zta_blob key);
    void *context;
};
/* *n is how many were removed; NULL: nobody asks. */
enum zta_status zta_table_trim(struct zta_change *change, const struct zta_trim *trim,
                               uint64_t *n) ZTA_MUST_CHECK;

#endif
