/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the live rules between nodes: what is said of them, and what is made of what came. */
#include <stdlib.h>
#include <string.h>

#include "shared/store/env_priv.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/layers_priv.h"
#include "shared/store/records_priv.h"

/*
 * On the way a version has no number: it stands in a slot of the store that made it, whose next
 * version of that slot takes its place.
 */
#define KEY_SIZE  8
#define SLOT_SIZE (ZTA_ORIGIN_SIZE + 1)

static const uint8_t no_number[KEY_SIZE];

static enum zta_status encode(const struct zta_layer *layer, uint8_t **record, size_t *size)
{
    struct zta_writer writer;
    uint8_t *memory = malloc(ZTA_LAYER_SIZE_MAX);
    if (memory == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_writer_init(&writer, memory, ZTA_LAYER_SIZE_MAX);
    const enum zta_status status = zta_layer_encode(layer, &writer);
    if (status != ZTA_OK) {
        free(memory);
        return status;
    }
    *record = memory;
    *size = writer.len;
    return ZTA_OK;
}

/* ---- saying ---- */

enum zta_status zta_layer_tell(struct zta_change *change, struct zta_blob key,
                               struct zta_told *told)
{
    struct zta_blob value;
    struct zta_layer layer;
    void *storage = NULL;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_LAYERS, key, &value);
    if (status == ZTA_OK) {
        status = zta_layer_head(key, value, zta_change_origin(change), &layer);
    }
    if (status == ZTA_OK && !layer.is_here) {
        status = ZTA_NOT_FOUND; /* another node's to tell */
    }
    if (status != ZTA_OK) {
        return status;
    }
    memcpy(told->key, layer.origin, sizeof layer.origin);
    told->key[ZTA_ORIGIN_SIZE] = layer.slot;
    told->key_size = SLOT_SIZE;
    status = zta_layer_decode(key, value, &layer, &storage);
    if (status == ZTA_OK) {
        memcpy(layer.origin, told->key, sizeof layer.origin);
        layer.version = 0;
        layer.fallback = 0;
        layer.standing = ZTA_LAYER_IN_ORDER;
        status = encode(&layer, &told->value, &told->size);
    }
    free(storage);
    return status;
}

static enum zta_status note_version(struct zta_change *change, uint64_t version)
{
    uint8_t number[KEY_SIZE];
    zta_put_u64(number, version);
    return version == 0
               ? ZTA_OK
               : zta_outbox_note(change, ZTA_FLEET_RULES, ZTA_BLOB(number, sizeof number), false);
}

enum zta_status zta_layer_note_join(struct zta_change *change)
{
    struct zta_layer_order order;
    enum zta_status status = zta_layer_order_get(change, &order);
    if (status == ZTA_OK && order.lasting != order.latest) {
        status = note_version(change, order.lasting);
    }
    return status == ZTA_OK ? note_version(change, order.latest) : status;
}

/* ---- hearing ---- */

bool zta_layer_has_key(struct zta_blob key)
{
    return key.size == SLOT_SIZE && ((const uint8_t *)key.data)[ZTA_ORIGIN_SIZE] < ZTA_LAYER_SLOTS;
}

static bool has_names(const struct zta_layer *layer)
{
    for (size_t i = 0; i < layer->n; i++) {
        const struct zta_layer_entry *entry = &layer->entries[i];
        if (entry->kind != ZTA_LAYER_STEP_BACK && entry->name.len > ZTA_NAME_MAX) {
            return false;
        }
    }
    return true;
}

enum zta_status zta_layer_strength(struct zta_blob key, struct zta_blob value, int64_t *strength)
{
    struct zta_layer layer;
    void *storage = NULL;
    if (!zta_layer_has_key(key)) {
        return ZTA_CORRUPT;
    }
    const uint8_t *slot = key.data;
    enum zta_status status =
        zta_layer_decode(ZTA_BLOB(no_number, sizeof no_number), value, &layer, &storage);
    if (status != ZTA_OK) {
        return status;
    }
    const bool is_sound = memcmp(layer.origin, slot, sizeof layer.origin) == 0 &&
                          layer.slot == slot[ZTA_ORIGIN_SIZE] && layer.changed_ns > 0 &&
                          layer.standing == ZTA_LAYER_IN_ORDER && has_names(&layer);
    *strength = layer.changed_ns;
    free(storage);
    return is_sound ? ZTA_OK : ZTA_CORRUPT;
}

/* Is it here already? */
static enum zta_status is_known(struct zta_change *change, const struct zta_layer *layer,
                                bool *is_here)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_LAYERS, &walk);
    *is_here = false;
    if (status != ZTA_OK) {
        return status;
    }
    for (status = zta_walk_last(&walk, &key, &value); status == ZTA_OK && !*is_here;
         status = zta_walk_previous(&walk, &key, &value)) {
        struct zta_layer kept;
        *is_here = zta_layer_head(key, value, zta_change_origin(change), &kept) == ZTA_OK &&
                   kept.changed_ns == layer->changed_ns &&
                   memcmp(kept.origin, layer->origin, sizeof kept.origin) == 0;
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* A version that came: it waits until somebody has tried whether it fits here. */
enum zta_status zta_layer_replace(struct zta_change *change, struct zta_blob key,
                                  struct zta_blob value)
{
    struct zta_layer layer;
    struct zta_layer_order order;
    void *storage = NULL;
    bool is_here = false;
    if (value.data == NULL) {
        return ZTA_OK;
    }
    enum zta_status status =
        zta_layer_decode(ZTA_BLOB(no_number, sizeof no_number), value, &layer, &storage);
    if (status == ZTA_OK) {
        status = is_known(change, &layer, &is_here);
    }
    if (status == ZTA_OK) {
        status = zta_layer_order_get(change, &order);
    }
    if (status == ZTA_OK && !is_here) {
        layer.fallback = order.lasting;
        layer.standing = ZTA_LAYER_WAITS;
        status = zta_layer_append(change, &layer);
        status = status == ZTA_OK ? zta_layer_trim(change) : status;
    }
    free(storage);
    return status;
}

/* ---- trying ---- */

static enum zta_status enter(struct zta_change *change, const struct zta_layer *layer)
{
    struct zta_layer_order order;
    enum zta_status status = zta_layer_order_get(change, &order);
    if (status == ZTA_OK) {
        status = zta_layer_order_enter(change, &order, layer);
    }
    return status == ZTA_OK ? zta_layer_order_put(change, &order) : status;
}

/* As it stands there but for its standing; nothing that is to be said. */
static enum zta_status rewrite(struct zta_change *change, struct zta_blob key,
                               const struct zta_layer *layer)
{
    uint8_t *record = NULL;
    size_t size = 0;
    enum zta_status status = encode(layer, &record, &size);
    if (status == ZTA_OK) {
        const enum zta_membership former = change->membership;
        change->membership = ZTA_MEMBERSHIP_NONE;
        status = zta_change_put(change, ZTA_TABLE_LAYERS, key, ZTA_BLOB(record, size));
        change->membership = former;
    }
    free(record);
    return status;
}

enum zta_status zta_layer_judge(struct zta_change *change, uint64_t version, bool fits)
{
    uint8_t number[KEY_SIZE];
    const struct zta_blob key = ZTA_BLOB(number, sizeof number);
    struct zta_blob value;
    struct zta_layer layer;
    void *storage = NULL;
    zta_put_u64(number, version);
    enum zta_status status = zta_change_get(change, ZTA_TABLE_LAYERS, key, &value);
    if (status == ZTA_OK) {
        status = zta_layer_decode(key, value, &layer, &storage);
    }
    if (status == ZTA_OK && layer.standing != ZTA_LAYER_IN_ORDER) {
        layer.standing = fits ? ZTA_LAYER_IN_ORDER : ZTA_LAYER_UNFIT;
        status = rewrite(change, key, &layer);
        if (status == ZTA_OK && fits) {
            status = enter(change, &layer);
        }
    }
    free(storage);
    return status;
}
