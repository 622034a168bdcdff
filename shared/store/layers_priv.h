/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the versions of rules share: their order, adding one, telling of them. */
#ifndef ZTA_STORE_LAYERS_PRIV_H
#define ZTA_STORE_LAYERS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "shared/store/fleet_priv.h"
#include "shared/store/layers.h"
#include "shared/store/tables_priv.h"

/* Of those in order; numbers, 0: none. */
struct zta_layer_order {
    uint64_t latest;
    uint64_t lasting; /* the latest that is not on trial */
    uint64_t n_made;  /* in this store */
};

extern const struct zta_blob zta_layer_order_key; /* in policy/'s meta */
enum zta_status zta_layer_order_decode(struct zta_blob record,
                                       struct zta_layer_order *order) ZTA_MUST_CHECK;
/* That of a store of an older release follows from its latest version. */
enum zta_status zta_layer_order_get(struct zta_change *change,
                                    struct zta_layer_order *order) ZTA_MUST_CHECK;
/* Takes a version in, and tells the server that rules have moved. */
enum zta_status zta_layer_order_enter(struct zta_change *change, struct zta_layer_order *order,
                                      const struct zta_layer *layer) ZTA_MUST_CHECK;
enum zta_status zta_layer_order_put(struct zta_change *change,
                                    const struct zta_layer_order *order) ZTA_MUST_CHECK;

/* A version without its entries; origin is this store's. ZTA_CORRUPT. */
enum zta_status zta_layer_head(struct zta_blob key, struct zta_blob value, const uint8_t *origin,
                               struct zta_layer *layer) ZTA_MUST_CHECK;
/* Adds it behind all others, and sets its number. ZTA_TOO_LARGE, ZTA_FULL. */
enum zta_status zta_layer_append(struct zta_change *change, struct zta_layer *layer) ZTA_MUST_CHECK;
/* Forgets what is too much. */
enum zta_status zta_layer_trim(struct zta_change *change) ZTA_MUST_CHECK;

/* ---- of a fleet: the topic's own ---- */
bool zta_layer_has_key(struct zta_blob key);
enum zta_status zta_layer_strength(struct zta_blob key, struct zta_blob value,
                                   int64_t *strength) ZTA_MUST_CHECK;
enum zta_status zta_layer_replace(struct zta_change *change, struct zta_blob key,
                                  struct zta_blob value) ZTA_MUST_CHECK;
enum zta_status zta_layer_tell(struct zta_change *change, struct zta_blob key,
                               struct zta_told *told) ZTA_MUST_CHECK;
enum zta_status zta_layer_note_join(struct zta_change *change) ZTA_MUST_CHECK;

#endif
