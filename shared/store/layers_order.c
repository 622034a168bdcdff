/* SPDX-License-Identifier: Apache-2.0 */
/* Which version of the live rules is the latest, whatever the order in which they came. */
#include <string.h>

#include "shared/store/layers_priv.h"
#include "shared/store/schema_policy.h"

#define KEY_SIZE 8

const struct zta_blob zta_layer_order_key = {.data = ZTA_LAYER_ORDER_KEY,
                                             .size = sizeof(ZTA_LAYER_ORDER_KEY) - 1};

enum zta_status zta_layer_order_decode(struct zta_blob record, struct zta_layer_order *order)
{
    if (record.size != ZTA_LAYER_ORDER_SIZE) {
        return ZTA_CORRUPT;
    }
    const uint8_t *bytes = record.data;
    order->latest = zta_get_u64(bytes);
    order->lasting = zta_get_u64(bytes + sizeof(uint64_t));
    order->n_made = zta_get_u64(bytes + 2 * sizeof(uint64_t));
    return ZTA_OK;
}

/* One version of that number; 0 is the empty one. */
static enum zta_status head_of(struct zta_change *change, uint64_t version, struct zta_layer *layer)
{
    uint8_t number[KEY_SIZE];
    struct zta_blob value;
    const struct zta_blob key = ZTA_BLOB(number, sizeof number);
    zta_put_u64(number, version);
    if (version == 0) {
        *layer = (struct zta_layer){.version = 0};
        return ZTA_OK;
    }
    const enum zta_status status = zta_change_get(change, ZTA_TABLE_LAYERS, key, &value);
    return status == ZTA_OK ? zta_layer_head(key, value, zta_change_origin(change), layer) : status;
}

/* What cannot be read any more counts for nothing: a change may be about to mend that. */
static enum zta_status head_if_any(struct zta_change *change, uint64_t version,
                                   struct zta_layer *layer)
{
    const enum zta_status status = head_of(change, version, layer);
    if (status == ZTA_CORRUPT || status == ZTA_NOT_FOUND) {
        *layer = (struct zta_layer){.version = 0};
        return ZTA_OK;
    }
    return status;
}

enum zta_status zta_layer_order_get(struct zta_change *change, struct zta_layer_order *order)
{
    struct zta_blob record;
    struct zta_layer layer;
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_POLICY_META, zta_layer_order_key, &record);
    if (status != ZTA_NOT_FOUND) {
        return status == ZTA_OK ? zta_layer_order_decode(record, order) : status;
    }
    const uint64_t latest = zta_change_head(change)->generations.rules;
    *order = (struct zta_layer_order){.latest = latest, .lasting = latest, .n_made = latest};
    status = head_if_any(change, order->lasting, &layer);
    while (status == ZTA_OK && layer.confirm_by_s != 0) {
        order->lasting = layer.fallback;
        status = head_if_any(change, order->lasting, &layer);
    }
    return status;
}

enum zta_status zta_layer_order_enter(struct zta_change *change, struct zta_layer_order *order,
                                      const struct zta_layer *layer)
{
    struct zta_generations *generations = &zta_change_head(change)->generations;
    struct zta_layer latest;
    struct zta_layer lasting;
    enum zta_status status = head_if_any(change, order->latest, &latest);
    if (status == ZTA_OK) {
        status = head_if_any(change, order->lasting, &lasting);
    }
    if (status != ZTA_OK) {
        return status;
    }
    if (zta_layer_is_later(layer, &latest)) {
        order->latest = layer->version;
    }
    if (layer->confirm_by_s == 0 && zta_layer_is_later(layer, &lasting)) {
        order->lasting = layer->version;
    }
    generations->rules =
        layer->version > generations->rules ? layer->version : generations->rules + 1;
    return ZTA_OK;
}

enum zta_status zta_layer_order_put(struct zta_change *change, const struct zta_layer_order *order)
{
    uint8_t bytes[ZTA_LAYER_ORDER_SIZE];
    zta_put_u64(bytes, order->latest);
    zta_put_u64(bytes + sizeof(uint64_t), order->lasting);
    zta_put_u64(bytes + 2 * sizeof(uint64_t), order->n_made);
    return zta_change_put(change, ZTA_TABLE_POLICY_META, zta_layer_order_key,
                          ZTA_BLOB(bytes, sizeof bytes));
}
