/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of events written anew without those of one person. */
#include <string.h>

#include "shared/store/block_priv.h"
#include "shared/store/erasures_priv.h"

/* A block as a change may read it while it writes. */
struct copy {
    uint8_t key[ZTA_BLOCK_KEY_SIZE];
    uint8_t bytes[ZTA_BLOCK_SIZE_MAX];
    struct zta_block block;
    struct zta_event events[ZTA_BLOCK_EVENTS_MAX]; /* that stay; text points into bytes */
    struct zta_event_row rows[ZTA_BLOCK_EVENTS_MAX];
    size_t n_rows;
};

/* True: some of its events go. */
static bool sort_out(struct copy *copy, const struct zta_erasure *erasure)
{
    copy->n_rows = 0;
    for (size_t i = 0; i < copy->block.n; i++) {
        struct zta_event_key place;
        struct zta_event *event = &copy->events[copy->n_rows];
        zta_block_read(&copy->block, i, &place, event);
        if (!zta_erasure_is_of_event(erasure, event)) {
            copy->rows[copy->n_rows++] = (struct zta_event_row){
                .event = event, .sequence = place.sequence, .weight = place.weight};
        }
    }
    return copy->n_rows < copy->block.n;
}

static enum zta_status write_anew(struct zta_change *change, const struct copy *copy)
{
    static struct zta_block_writer writer; /* large; one thread writes state/ */
    const struct zta_blob where = ZTA_BLOB(copy->key, sizeof copy->key);
    enum zta_status status = zta_block_remove_ids(change, where, &copy->block);
    if (status == ZTA_OK) {
        status = zta_change_remove(change, ZTA_TABLE_EVENTS, where);
    }
    if (status != ZTA_OK || copy->n_rows == 0) {
        return status;
    }
    zta_block_begin(&writer);
    for (size_t i = 0; i < copy->n_rows && status == ZTA_OK; i++) {
        status = zta_block_add(&writer, &copy->rows[i]);
    }
    return status == ZTA_OK ? zta_block_store(change, &copy->block.first, &writer, copy->rows)
                            : status;
}

/* Block by block without a walk that stays open: each is looked up behind the one before. */
static enum zta_status next_block(struct zta_change *change, struct zta_prune_place *place,
                                  struct copy *copy)
{
    struct zta_walk walk;
    struct zta_blob key = ZTA_BLOB(place->key, place->size > 0 ? place->size : 1);
    struct zta_blob record;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_EVENTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &record);
    if (status == ZTA_OK && (key.size != sizeof copy->key || record.size > sizeof copy->bytes)) {
        status = ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        memcpy(copy->key, key.data, sizeof copy->key);
        memcpy(copy->bytes, record.data, record.size);
        status = zta_block_open(ZTA_BLOB(copy->key, sizeof copy->key),
                                ZTA_BLOB(copy->bytes, record.size), &copy->block);
    }
    zta_walk_end(&walk);
    return status;
}

/* No block begins between this key and the next greater one. */
static void go_behind(struct zta_prune_place *place, const struct copy *copy)
{
    memcpy(place->key, copy->key, sizeof copy->key);
    place->key[sizeof copy->key] = 0;
    place->size = sizeof copy->key + 1;
}

enum zta_status zta_events_erase(struct zta_change *change, const struct zta_erasure *erasure,
                                 struct zta_prune_place *place, size_t most_blocks, uint64_t *n)
{
    static struct copy copy; /* large; one thread writes state/ */
    enum zta_status status = ZTA_OK;
    uint64_t n_removed = 0;
    for (size_t i = 0; i < most_blocks && status == ZTA_OK; i++) {
        status = next_block(change, place, &copy);
        if (status == ZTA_OK) {
            go_behind(place, &copy);
        }
        if (status == ZTA_OK && sort_out(&copy, erasure)) {
            n_removed += copy.block.n - copy.n_rows;
            status = write_anew(change, &copy);
        }
    }
    if (status == ZTA_NOT_FOUND) {
        memset(place, 0, sizeof *place);
        status = ZTA_OK;
    }
    *n = n_removed;
    return status;
}
