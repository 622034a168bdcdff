/* SPDX-License-Identifier: Apache-2.0 */
/* A block of events (schema.h, "events"): written once, read event by event, distrusted. */
#ifndef ZTA_STORE_BLOCK_PRIV_H
#define ZTA_STORE_BLOCK_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/base/status.h"
#include "shared/store/events.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

struct zta_block_writer {
    uint8_t data[ZTA_BLOCK_SIZE_MAX];
    size_t len;
    uint64_t first; /* sequence */
    int64_t newest_ns;
    uint16_t n;
};

struct zta_block {
    struct zta_event_key first;
    const uint8_t *data;
    size_t size;
    int64_t newest_ns;
    size_t n;
    size_t offsets[ZTA_BLOCK_EVENTS_MAX]; /* of each event's entry */
};

void zta_block_begin(struct zta_block_writer *writer);
/* ZTA_FULL: it does not go in here any more; ZTA_INVALID: no event (a hostile ring slot). */
enum zta_status zta_block_add(struct zta_block_writer *writer,
                              const struct zta_event_row *row) ZTA_MUST_CHECK;
/* Writes the head; writer->data and len are the record. */
void zta_block_end(struct zta_block_writer *writer);

/* Ends and stores it, with the ids of its rows; the key's sequence is that of the first. */
enum zta_status zta_block_store(struct zta_change *change, const struct zta_event_key *segment,
                                struct zta_block_writer *writer,
                                const struct zta_event_row *rows) ZTA_MUST_CHECK;
/*
 * Takes a block's events out of the index. An id that points elsewhere was written anew since and
 * stays. block->data is a copy: the map moves under a change that writes.
 */
enum zta_status zta_block_remove_ids(struct zta_change *change, struct zta_blob where,
                                     const struct zta_block *block) ZTA_MUST_CHECK;

void zta_block_key_encode(const struct zta_event_key *key, uint8_t out[ZTA_BLOCK_KEY_SIZE]);
enum zta_status zta_block_key_decode(struct zta_blob key, struct zta_event_key *out) ZTA_MUST_CHECK;
/* What stands at the head of a record; its events are not looked at. */
enum zta_status zta_block_peek(struct zta_blob key, struct zta_blob record,
                               struct zta_event_key *first, int64_t *newest_ns) ZTA_MUST_CHECK;
/* Checks the whole record. */
enum zta_status zta_block_open(struct zta_blob key, struct zta_blob record,
                               struct zta_block *block) ZTA_MUST_CHECK;
/* The event at index (< n), which zta_block_open found sound. */
void zta_block_read(const struct zta_block *block, size_t index, struct zta_event_key *key,
                    struct zta_event *event);

#endif
