/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads blocks of events. */
#include "shared/store/block_priv.h"

#include <string.h>

#include "shared/base/bytes.h"

#define ENTRY_HEAD_SIZE 8 /* u32 sequence less the first, u32 weight */

void zta_block_begin(struct zta_block_writer *writer)
{
    writer->len = ZTA_BLOCK_HEAD_SIZE;
    writer->n = 0;
    writer->first = 0;
    writer->newest_ns = INT64_MIN;
}

enum zta_status zta_block_add(struct zta_block_writer *writer, const struct zta_event_row *row)
{
    uint64_t first = writer->n == 0 ? row->sequence : writer->first;
    uint64_t delta = row->sequence - first;
    size_t room = sizeof writer->data - writer->len;
    if (writer->n == ZTA_BLOCK_EVENTS_MAX || delta > UINT32_MAX || room < ENTRY_HEAD_SIZE) {
        return ZTA_FULL;
    }
    uint8_t *at = writer->data + writer->len;
    size_t size;
    enum zta_status status =
        zta_event_encode(row->event, at + ENTRY_HEAD_SIZE, room - ENTRY_HEAD_SIZE, &size);
    if (status != ZTA_OK) {
        return status == ZTA_TOO_LARGE ? ZTA_FULL : status;
    }
    zta_put_u32(at, (uint32_t)delta);
    zta_put_u32(at + 4, row->weight);
    writer->first = first;
    writer->len += ENTRY_HEAD_SIZE + size;
    writer->n++;
    if (row->event->time_ns > writer->newest_ns) {
        writer->newest_ns = row->event->time_ns;
    }
    return ZTA_OK;
}

void zta_block_end(struct zta_block_writer *writer)
{
    writer->data[0] = ZTA_BLOCK_VERSION;
    zta_put_u16(writer->data + 1, writer->n);
    zta_put_u64(writer->data + 3, (uint64_t)writer->newest_ns);
}

void zta_block_key_encode(const struct zta_event_key *key, uint8_t out[ZTA_BLOCK_KEY_SIZE])
{
    zta_put_u64(out, key->segment_created_ns);
    zta_put_u64(out + 8, key->segment_id);
    zta_put_u64(out + 16, key->sequence);
}

enum zta_status zta_block_key_decode(struct zta_blob key, struct zta_event_key *out)
{
    if (key.size != ZTA_BLOCK_KEY_SIZE) {
        return ZTA_CORRUPT;
    }
    const uint8_t *bytes = key.data;
    *out = (struct zta_event_key){
        .segment_created_ns = zta_get_u64(bytes),
        .segment_id = zta_get_u64(bytes + 8),
        .sequence = zta_get_u64(bytes + 16),
    };
    return ZTA_OK;
}

enum zta_status zta_block_peek(struct zta_blob key, struct zta_blob record,
                               struct zta_event_key *first, int64_t *newest_ns)
{
    enum zta_status status = zta_block_key_decode(key, first);
    const uint8_t *data = record.data;
    if (status != ZTA_OK || record.size < ZTA_BLOCK_HEAD_SIZE || data[0] != ZTA_BLOCK_VERSION) {
        return ZTA_CORRUPT;
    }
    *newest_ns = (int64_t)zta_get_u64(data + 3);
    return ZTA_OK;
}

enum zta_status zta_block_open(struct zta_blob key, struct zta_blob record, struct zta_block *block)
{
    enum zta_status status = zta_block_key_decode(key, &block->first);
    const uint8_t *data = record.data;
    if (status != ZTA_OK || record.size < ZTA_BLOCK_HEAD_SIZE || data[0] != ZTA_BLOCK_VERSION) {
        return ZTA_CORRUPT;
    }
    block->data = data;
    block->size = record.size;
    block->n = zta_get_u16(data + 1);
    block->newest_ns = (int64_t)zta_get_u64(data + 3);
    if (block->n == 0 || block->n > ZTA_BLOCK_EVENTS_MAX) {
        return ZTA_CORRUPT;
    }
    size_t at = ZTA_BLOCK_HEAD_SIZE;
    for (size_t i = 0; i < block->n; i++) {
        if (record.size - at < ENTRY_HEAD_SIZE) {
            return ZTA_CORRUPT;
        }
        uint32_t delta = zta_get_u32(data + at);
        bool is_ascending = i == 0 ? delta == 0 : delta > zta_get_u32(data + block->offsets[i - 1]);
        struct zta_event event;
        size_t used;
        if (!is_ascending || zta_get_u32(data + at + 4) == 0 ||
            block->first.sequence > UINT64_MAX - delta ||
            zta_event_decode(data + at + ENTRY_HEAD_SIZE, record.size - at - ENTRY_HEAD_SIZE,
                             &event, &used) != ZTA_OK) {
            return ZTA_CORRUPT;
        }
        block->offsets[i] = at;
        at += ENTRY_HEAD_SIZE + used;
    }
    return at == record.size ? ZTA_OK : ZTA_CORRUPT;
}

void zta_block_read(const struct zta_block *block, size_t index, struct zta_event_key *key,
                    struct zta_event *event)
{
    size_t at = block->offsets[index];
    *key = block->first;
    key->sequence += zta_get_u32(block->data + at);
    key->weight = zta_get_u32(block->data + at + 4);
    at += ENTRY_HEAD_SIZE;
    size_t used;
    if (zta_event_decode(block->data + at, block->size - at, event, &used) != ZTA_OK) {
        /* Checked at open, and the bytes belong to a snapshot. */
        memset(event, 0, sizeof *event);
    }
}
