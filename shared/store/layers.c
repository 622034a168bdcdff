/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the live layer: one record each, in the order of their numbers. */
#include "shared/store/layers.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/layers_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema.h"
#include "shared/store/schema_policy.h"
#include "shared/store/tables_priv.h"

#define KEY_SIZE 8

enum zta_status zta_layer_encode(const struct zta_layer *layer, struct zta_writer *writer)
{
    zta_write_u8(writer, ZTA_LAYER_FORMAT);
    zta_write_u64(writer, layer->version);
    zta_write_u64(writer, layer->fallback);
    zta_write_u64(writer, (uint64_t)layer->confirm_by_s);
    zta_write_u64(writer, (uint64_t)layer->changed_ns);
    zta_write_u64(writer, layer->action_id);
    zta_write_u8(writer, (uint8_t)layer->standing);
    zta_write_u8(writer, layer->slot);
    zta_write_u64(writer, (uint64_t)layer->made_on_ns);
    zta_write_bytes(writer, layer->origin, sizeof layer->origin);
    zta_write_u32(writer, (uint32_t)layer->n);
    zta_write_text(writer, layer->what);
    zta_write_text(writer, layer->author);
    zta_write_text(writer, layer->reason);
    for (size_t i = 0; i < layer->n; i++) {
        const struct zta_layer_entry *entry = &layer->entries[i];
        zta_write_u8(writer, (uint8_t)entry->kind);
        zta_write_u8(writer, (uint8_t)entry->mode);
        zta_write_u64(writer, (uint64_t)entry->created_ns);
        zta_write_u64(writer, (uint64_t)entry->until_s);
        zta_write_u64(writer, entry->action_id);
        zta_write_bytes(writer, entry->origin, sizeof entry->origin);
        zta_write_text(writer, entry->name);
        zta_write_text(writer, entry->text);
        zta_write_text(writer, entry->author);
        zta_write_text(writer, entry->reason);
    }
    return writer->is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

static void read_entry(struct zta_reader *reader, struct zta_layer_entry *entry)
{
    entry->kind = (enum zta_layer_kind)zta_read_u8(reader);
    entry->mode = (enum zta_mode)zta_read_u8(reader);
    entry->created_ns = (int64_t)zta_read_u64(reader);
    entry->until_s = (int64_t)zta_read_u64(reader);
    entry->action_id = zta_read_u64(reader);
    zta_read_bytes(reader, entry->origin, sizeof entry->origin);
    entry->name = zta_read_text(reader);
    entry->text = zta_read_text(reader);
    entry->author = zta_read_text(reader);
    entry->reason = zta_read_text(reader);
}

static bool is_sound(const struct zta_layer_entry *entry)
{
    const bool has_text = entry->kind == ZTA_LAYER_RULE || entry->kind == ZTA_LAYER_LIST;
    return entry->kind < ZTA_N_LAYER_KINDS && entry->mode <= ZTA_MODE_ENFORCE &&
           entry->until_s >= 0 && !zta_text_is_absent(entry->name) &&
           has_text == !zta_text_is_absent(entry->text);
}

static void read_head(struct zta_reader *reader, uint8_t format, struct zta_layer *layer)
{
    layer->version = zta_read_u64(reader);
    layer->fallback = zta_read_u64(reader);
    layer->confirm_by_s = (int64_t)zta_read_u64(reader);
    layer->changed_ns = (int64_t)zta_read_u64(reader);
    layer->action_id = zta_read_u64(reader);
    layer->made_on_ns = ZTA_LAYER_ON_ALL;
    if (format != ZTA_LAYER_FORMAT_FORMER) {
        layer->standing = (enum zta_layer_standing)zta_read_u8(reader);
        layer->slot = zta_read_u8(reader);
        layer->made_on_ns = (int64_t)zta_read_u64(reader);
        zta_read_bytes(reader, layer->origin, sizeof layer->origin);
    }
    layer->n = zta_read_u32(reader);
    layer->what = zta_read_text(reader);
    layer->author = zta_read_text(reader);
    layer->reason = zta_read_text(reader);
}

/* Texts point into value. entries is the caller's array of n, NULL: only the head is read. */
static enum zta_status read_record(struct zta_blob key, struct zta_blob value,
                                   struct zta_layer *layer, struct zta_layer_entry *entries)
{
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.size);
    const uint8_t format = zta_read_u8(&reader);
    if (key.size != KEY_SIZE || (format != ZTA_LAYER_FORMAT && format != ZTA_LAYER_FORMAT_FORMER)) {
        return ZTA_CORRUPT;
    }
    *layer = (struct zta_layer){.entries = entries};
    read_head(&reader, format, layer);
    if (reader.is_bad || layer->version != zta_get_u64(key.data) ||
        layer->standing >= ZTA_N_LAYER_STANDINGS || layer->n > ZTA_LAYER_ENTRIES_MAX ||
        (layer->fallback > 0 && layer->fallback >= layer->version)) {
        return ZTA_CORRUPT;
    }
    if (entries == NULL) {
        return ZTA_OK;
    }
    for (size_t i = 0; i < layer->n; i++) {
        read_entry(&reader, &entries[i]);
        if (reader.is_bad || !is_sound(&entries[i])) {
            return ZTA_CORRUPT;
        }
    }
    return zta_reader_is_done(&reader) ? ZTA_OK : ZTA_CORRUPT;
}

/* The entries come first, the record behind them. */
enum zta_status zta_layer_decode(struct zta_blob key, struct zta_blob value,
                                 struct zta_layer *layer, void **storage)
{
    enum zta_status status = read_record(key, value, layer, NULL);
    if (status != ZTA_OK) {
        return status;
    }
    const size_t entries_size = layer->n * sizeof(struct zta_layer_entry);
    char *memory = malloc(entries_size + value.size + 1);
    if (memory == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(memory + entries_size, value.data, value.size);
    status = read_record(key, ZTA_BLOB(memory + entries_size, value.size), layer,
                         (struct zta_layer_entry *)(void *)memory);
    if (status != ZTA_OK) {
        free(memory);
        return status;
    }
    *storage = memory;
    return ZTA_OK;
}

/* A version of an older release does not say where it was made: here. */
static void mark_here(struct zta_layer *layer, const uint8_t *origin)
{
    static const uint8_t unknown[ZTA_ORIGIN_SIZE];
    if (memcmp(layer->origin, unknown, sizeof unknown) == 0) {
        memcpy(layer->origin, origin, sizeof layer->origin);
    }
    layer->is_here = memcmp(layer->origin, origin, sizeof layer->origin) == 0;
}

enum zta_status zta_layer_get(struct zta_view *view, uint64_t version, struct zta_layer *layer,
                              void **storage)
{
    uint8_t number[KEY_SIZE];
    struct zta_blob value;
    zta_put_u64(number, version);
    const struct zta_blob key = ZTA_BLOB(number, sizeof number);
    enum zta_status status = zta_view_get(view, ZTA_TABLE_LAYERS, key, &value);
    if (status == ZTA_OK) {
        status = zta_layer_decode(key, value, layer, storage);
    }
    if (status == ZTA_OK) {
        mark_here(layer, zta_view_origin(view));
    }
    return status;
}

enum zta_status zta_layer_head(struct zta_blob key, struct zta_blob value, const uint8_t *origin,
                               struct zta_layer *layer)
{
    const enum zta_status status = read_record(key, value, layer, NULL);
    if (status == ZTA_OK) {
        mark_here(layer, origin);
    }
    return status;
}

/*
 * A store of an older release has no order: its versions follow each other, and what is on trial
 * names what it falls back to.
 */
static enum zta_status chain(struct zta_view *view, uint64_t version, int64_t now_s,
                             struct zta_layer *layer, void **storage)
{
    enum zta_status status = ZTA_OK;
    while (status == ZTA_OK && version > 0) {
        status = zta_layer_get(view, version, layer, storage);
        if (status != ZTA_OK || layer->confirm_by_s == 0 || now_s < layer->confirm_by_s) {
            return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
        }
        version = layer->fallback;
        free(*storage);
        *storage = NULL;
        *layer = (struct zta_layer){.version = 0};
    }
    return status;
}

enum zta_status zta_layer_in_force(struct zta_view *view, int64_t now_s, struct zta_layer *layer,
                                   void **storage)
{
    struct zta_generations generations;
    struct zta_layer_order order;
    struct zta_blob record;
    enum zta_status status = zta_view_generations(view, &generations);
    *storage = NULL;
    *layer = (struct zta_layer){.version = 0};
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_view_get(view, ZTA_TABLE_POLICY_META, zta_layer_order_key, &record);
    if (status == ZTA_NOT_FOUND) {
        return chain(view, generations.rules, now_s, layer, storage);
    }
    if (status == ZTA_OK) {
        status = zta_layer_order_decode(record, &order);
    }
    if (status != ZTA_OK || order.latest == 0) {
        return status;
    }
    status = zta_layer_get(view, order.latest, layer, storage);
    if (status == ZTA_OK && layer->confirm_by_s != 0 && now_s >= layer->confirm_by_s) {
        free(*storage);
        *storage = NULL;
        *layer = (struct zta_layer){.version = 0};
        status = order.lasting == 0 ? ZTA_OK : zta_layer_get(view, order.lasting, layer, storage);
    }
    return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
}

enum zta_status zta_layer_each(struct zta_view *view, zta_layer_fn fn, void *context)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    bool goes_on = true;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_LAYERS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    for (status = zta_walk_last(&walk, &key, &value); status == ZTA_OK && goes_on;
         status = goes_on ? zta_walk_previous(&walk, &key, &value) : ZTA_OK) {
        struct zta_layer layer;
        void *storage = NULL;
        status = zta_layer_decode(key, value, &layer, &storage);
        if (status == ZTA_CORRUPT && key.size == KEY_SIZE) {
            layer = (struct zta_layer){.version = zta_get_u64(key.data), .is_unreadable = true};
            status = ZTA_OK;
        }
        if (status != ZTA_OK) {
            break;
        }
        mark_here(&layer, zta_view_origin(view));
        goes_on = fn(context, &layer);
        free(storage);
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

struct heads {
    const uint8_t *origin;
    zta_layer_fn fn;
    void *context;
};

static enum zta_status give_head(void *context, struct zta_blob key, struct zta_blob value,
                                 bool *goes_on)
{
    const struct heads *heads = context;
    struct zta_layer layer;
    if (zta_layer_head(key, value, heads->origin, &layer) == ZTA_OK) {
        *goes_on = heads->fn(heads->context, &layer);
    }
    return ZTA_OK;
}

enum zta_status zta_layer_each_head(struct zta_view *view, zta_layer_fn fn, void *context)
{
    struct heads heads = {.origin = zta_view_origin(view), .fn = fn, .context = context};
    return zta_view_each_back(view, ZTA_TABLE_LAYERS, give_head, &heads);
}

/* Is a version, `behind` how many newer ones and `size` bytes with them, one too many? */
static bool is_surplus(const struct zta_layer_order *order, struct zta_blob key, size_t behind,
                       uint64_t size)
{
    const uint64_t version = key.size == KEY_SIZE ? zta_get_u64(key.data) : 0;
    return version != order->latest && version != order->lasting &&
           (behind >= ZTA_LAYER_VERSIONS_MAX || size > ZTA_LAYER_HISTORY_MAX);
}

/* Those that are left are the newest, what is in force, and what that may yet fall back to. */
static enum zta_status forget_oldest(struct zta_change *change, const struct zta_layer_order *order)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    size_t n = 0;
    uint64_t size = 0;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_LAYERS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    for (status = zta_walk_last(&walk, &key, &value); status == ZTA_OK;
         status = zta_walk_previous(&walk, &key, &value)) {
        size += value.size;
        if (is_surplus(order, key, n++, size) && (status = zta_walk_remove(&walk)) != ZTA_OK) {
            break;
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static void stamp(struct zta_change *change, struct zta_layer *layer)
{
    layer->changed_ns = zta_change_clock_ns(change);
    memcpy(layer->origin, zta_change_origin(change), sizeof layer->origin);
    layer->is_here = true;
    layer->standing = ZTA_LAYER_IN_ORDER;
    for (size_t i = 0; i < layer->n; i++) {
        struct zta_layer_entry *entry = &layer->entries[i];
        if (entry->created_ns == 0) {
            entry->created_ns = layer->changed_ns;
            memcpy(entry->origin, zta_change_origin(change), sizeof entry->origin);
        }
    }
}

/* The number of the next version: behind all others, also those that wait. */
static enum zta_status next_number(struct zta_change *change, uint64_t *number)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    const uint64_t generation = zta_change_head(change)->generations.rules;
    uint64_t last = 0;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_LAYERS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_last(&walk, &key, &value);
    if (status == ZTA_OK && key.size == KEY_SIZE) {
        last = zta_get_u64(key.data);
    }
    zta_walk_end(&walk);
    *number = (last > generation ? last : generation) + 1;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_layer_append(struct zta_change *change, struct zta_layer *layer)
{
    struct zta_writer writer;
    uint8_t number[KEY_SIZE];
    enum zta_status status = next_number(change, &layer->version);
    void *record = status == ZTA_OK ? malloc(ZTA_LAYER_SIZE_MAX) : NULL;
    if (status == ZTA_OK && record == NULL) {
        status = ZTA_NO_MEMORY;
    }
    if (status == ZTA_OK) {
        zta_writer_init(&writer, record, ZTA_LAYER_SIZE_MAX);
        zta_put_u64(number, layer->version);
        status = zta_layer_encode(layer, &writer);
    }
    if (status == ZTA_OK) {
        status = zta_change_append(change, ZTA_TABLE_LAYERS, ZTA_BLOB(number, sizeof number),
                                   ZTA_BLOB(record, writer.len));
    }
    free(record);
    return status;
}

enum zta_status zta_layer_put(struct zta_change *change, struct zta_layer *layer, uint64_t seen)
{
    struct zta_layer_order order;
    if (zta_change_head(change)->generations.rules != seen) {
        return ZTA_CONFLICT;
    }
    if (layer->n > ZTA_LAYER_ENTRIES_MAX) {
        return ZTA_TOO_LARGE;
    }
    enum zta_status status = zta_layer_order_get(change, &order);
    if (status != ZTA_OK) {
        return status;
    }
    stamp(change, layer);
    layer->slot = (uint8_t)(order.n_made++ % ZTA_LAYER_SLOTS);
    status = zta_layer_append(change, layer);
    if (status == ZTA_OK) {
        status = zta_layer_order_enter(change, &order, layer);
    }
    if (status == ZTA_OK) {
        status = zta_layer_order_put(change, &order);
    }
    return status == ZTA_OK ? forget_oldest(change, &order) : status;
}

enum zta_status zta_layer_trim(struct zta_change *change)
{
    struct zta_layer_order order;
    const enum zta_status status = zta_layer_order_get(change, &order);
    return status == ZTA_OK ? forget_oldest(change, &order) : status;
}

enum zta_status zta_layer_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_layer layer;
    void *storage = NULL;
    const enum zta_status status = zta_layer_decode(key, value, &layer, &storage);
    free(storage);
    return status == ZTA_NO_MEMORY ? ZTA_OK : status;
}
