/* SPDX-License-Identifier: Apache-2.0 */
/* Appends, finds, walks and prunes recorded requests. */
#include "shared/store/events.h"

#include <stdlib.h>
#include <string.h>

#include "shared/store/block_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

/* Rows that zta_events_append hands on at a time. */
#define CHUNK        256
#define BLOCKS_FIRST 1024 /* keys of a list of blocks before it grows */

static struct zta_blob cursor_key(uint64_t segment_id, uint8_t key[8])
{
    zta_put_u64(key, segment_id);
    return ZTA_BLOB(key, 8);
}

static enum zta_status decode_progress(struct zta_blob record, struct zta_events_progress *progress)
{
    if (record.size != ZTA_CURSOR_SIZE) {
        return ZTA_CORRUPT;
    }
    const uint8_t *bytes = record.data;
    *progress = (struct zta_events_progress){
        .cursor = zta_get_u64(bytes),
        .n_stored = zta_get_u64(bytes + 8),
        .n_aggregated = zta_get_u64(bytes + 16),
        .settled = zta_get_u64(bytes + 24),
    };
    return ZTA_OK;
}

enum zta_status zta_cursor_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_events_progress progress;
    return key.size == sizeof(uint64_t) ? decode_progress(value, &progress) : ZTA_CORRUPT;
}

enum zta_status zta_event_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_block block;
    return zta_block_open(key, value, &block);
}

enum zta_status zta_event_id_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_event_key block;
    return key.size == ZTA_ULID_SIZE ? zta_block_key_decode(value, &block) : ZTA_CORRUPT;
}

enum zta_status zta_events_progress_get(struct zta_view *view, uint64_t segment_id,
                                        struct zta_events_progress *progress)
{
    uint8_t key[8];
    struct zta_blob record;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_CURSORS, cursor_key(segment_id, key), &record);
    return status == ZTA_OK ? decode_progress(record, progress) : status;
}

enum zta_status zta_events_cursor_get(struct zta_view *view, uint64_t segment_id, uint64_t *cursor)
{
    struct zta_events_progress progress;
    enum zta_status status = zta_events_progress_get(view, segment_id, &progress);
    if (status == ZTA_OK) {
        *cursor = progress.cursor;
    }
    return status;
}

static enum zta_status put_progress(struct zta_change *change, const struct zta_event_key *segment,
                                    const struct zta_events_progress *progress)
{
    uint8_t key[8];
    uint8_t record[ZTA_CURSOR_SIZE];
    zta_put_u64(record, progress->cursor);
    zta_put_u64(record + 8, progress->n_stored);
    zta_put_u64(record + 16, progress->n_aggregated);
    zta_put_u64(record + 24, progress->settled);
    zta_put_u64(record + 32, segment->segment_created_ns);
    return zta_change_put(change, ZTA_TABLE_CURSORS, cursor_key(segment->segment_id, key),
                          ZTA_BLOB(record, sizeof record));
}

enum zta_status zta_block_store(struct zta_change *change, const struct zta_event_key *segment,
                                struct zta_block_writer *writer, const struct zta_event_row *rows)
{
    struct zta_event_key first = *segment;
    first.sequence = writer->first;
    uint8_t key[ZTA_BLOCK_KEY_SIZE];
    zta_block_key_encode(&first, key);
    zta_block_end(writer);
    struct zta_blob where = ZTA_BLOB(key, sizeof key);
    struct zta_blob what = ZTA_BLOB(writer->data, writer->len);
    enum zta_status status = zta_change_append(change, ZTA_TABLE_EVENTS, where, what);
    if (status == ZTA_EXISTS) {
        /*
         * The clock stood later when an earlier segment was made: order suffers, nothing is lost.
         */
        status = zta_change_put(change, ZTA_TABLE_EVENTS, where, what);
    }
    for (size_t i = 0; i < writer->n && status == ZTA_OK; i++) {
        const struct zta_ulid *id = &rows[i].event->id;
        status = zta_change_put(change, ZTA_TABLE_EVENT_IDS, ZTA_BLOB(id->bytes, sizeof id->bytes),
                                where);
    }
    return status;
}

enum zta_status zta_events_append_rows(struct zta_change *change,
                                       const struct zta_event_key *segment,
                                       const struct zta_event_row *rows, size_t n,
                                       const struct zta_events_progress *progress)
{
    struct zta_block_writer writer;
    enum zta_status status = ZTA_OK;
    size_t done = 0;
    while (done < n && status == ZTA_OK) {
        zta_block_begin(&writer);
        size_t end = done;
        while (end < n && status == ZTA_OK) {
            status = zta_block_add(&writer, &rows[end]);
            end += status == ZTA_OK ? 1 : 0;
        }
        if (status == ZTA_FULL && writer.n > 0) {
            status = ZTA_OK;
        }
        if (status == ZTA_OK) {
            status = zta_block_store(change, segment, &writer, rows + done);
        }
        done = end;
    }
    return status == ZTA_OK ? put_progress(change, segment, progress) : status;
}

enum zta_status zta_events_append(struct zta_change *change, const struct zta_event_key *first,
                                  const struct zta_event *events, const uint64_t *sequences,
                                  size_t n, uint64_t cursor)
{
    uint8_t key[8];
    struct zta_blob record;
    struct zta_events_progress progress = {.cursor = 0};
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_CURSORS, cursor_key(first->segment_id, key), &record);
    if (status == ZTA_OK) {
        status = decode_progress(record, &progress);
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    progress.cursor = cursor;
    size_t done = 0;
    do {
        struct zta_event_row rows[CHUNK];
        size_t some = 0;
        for (; some < CHUNK && done + some < n; some++) {
            rows[some] = (struct zta_event_row){
                .event = &events[done + some], .sequence = sequences[done + some], .weight = 1};
        }
        done += some;
        progress.n_stored += some;
        status = zta_events_append_rows(change, first, rows, some, &progress);
    } while (done < n && status == ZTA_OK);
    return status;
}

enum zta_status zta_event_find(struct zta_view *view, const struct zta_ulid *id,
                               struct zta_event *event)
{
    struct zta_blob where;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_EVENT_IDS, ZTA_BLOB(id->bytes, sizeof id->bytes), &where);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob record;
    status = zta_view_get(view, ZTA_TABLE_EVENTS, where, &record);
    struct zta_block block;
    if (status != ZTA_OK || zta_block_open(where, record, &block) != ZTA_OK) {
        /* The index never outlives its block. */
        return status == ZTA_NOT_FOUND || status == ZTA_OK ? ZTA_CORRUPT : status;
    }
    for (size_t i = 0; i < block.n; i++) {
        struct zta_event_key key;
        struct zta_event read;
        zta_block_read(&block, i, &key, &read);
        if (memcmp(read.id.bytes, id->bytes, sizeof id->bytes) == 0) {
            *event = read;
            return ZTA_OK;
        }
    }
    return ZTA_CORRUPT;
}

struct telling {
    zta_event_fn fn;
    void *context;
};

static enum zta_status tell_back(void *context, struct zta_blob key, struct zta_blob record,
                                 bool *goes_on)
{
    const struct telling *telling = context;
    struct zta_block block;
    const enum zta_status status = zta_block_open(key, record, &block);
    for (size_t i = status == ZTA_OK ? block.n : 0; i > 0 && *goes_on; i--) {
        struct zta_event_key place;
        struct zta_event event;
        zta_block_read(&block, i - 1, &place, &event);
        *goes_on = telling->fn(telling->context, &place, &event);
    }
    return status;
}

enum zta_status zta_event_each_back(struct zta_view *view, zta_event_fn fn, void *context)
{
    struct telling telling = {.fn = fn, .context = context};
    return zta_view_each_back(view, ZTA_TABLE_EVENTS, tell_back, &telling);
}

static bool is_after(const struct zta_event_key *a, const struct zta_event_key *b)
{
    if (a->segment_created_ns != b->segment_created_ns) {
        return a->segment_created_ns > b->segment_created_ns;
    }
    if (a->segment_id != b->segment_id) {
        return a->segment_id > b->segment_id;
    }
    return a->sequence > b->sequence;
}

/* To the block that holds the first event behind *after, or one before it. */
static enum zta_status seek_after(struct zta_walk *walk, const struct zta_event_key *after,
                                  struct zta_blob *key, struct zta_blob *record)
{
    uint8_t place[ZTA_BLOCK_KEY_SIZE];
    zta_block_key_encode(after, place);
    *key = ZTA_BLOB(place, sizeof place);
    /* The block in which *after stands begins at it or before it. */
    enum zta_status status = zta_walk_seek(walk, key, record);
    if (status == ZTA_NOT_FOUND) {
        return zta_walk_last(walk, key, record);
    }
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_previous(walk, key, record);
    return status == ZTA_NOT_FOUND ? zta_walk_first(walk, key, record) : status;
}

enum zta_status zta_event_each_after(struct zta_view *view, const struct zta_event_key *after,
                                     zta_event_fn fn, void *context)
{
    /* The caller may overwrite *after from within its callback. */
    const struct zta_event_key limit = *after;
    bool is_all = limit.segment_created_ns == 0 && limit.segment_id == 0 && limit.sequence == 0;
    struct zta_walk walk;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_EVENTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob key;
    struct zta_blob record;
    bool is_wanted = true;
    status =
        is_all ? zta_walk_first(&walk, &key, &record) : seek_after(&walk, &limit, &key, &record);
    while (status == ZTA_OK && is_wanted) {
        struct zta_block block;
        status = zta_block_open(key, record, &block);
        for (size_t i = 0; status == ZTA_OK && i < block.n && is_wanted; i++) {
            struct zta_event_key place;
            struct zta_event event;
            zta_block_read(&block, i, &place, &event);
            if (is_all || is_after(&place, &limit)) {
                is_wanted = fn(context, &place, &event);
            }
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_events_blocks(struct zta_view *view, int64_t from_ns,
                                  struct zta_event_key **blocks, size_t *n)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob record;
    struct zta_event_key *found = NULL;
    size_t n_found = 0;
    size_t room = 0;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_EVENTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_first(&walk, &key, &record);
    while (status == ZTA_OK) {
        if (n_found == room) {
            room = room == 0 ? BLOCKS_FIRST : 2 * room;
            struct zta_event_key *grown = realloc(found, room * sizeof *grown);
            status = grown == NULL ? ZTA_NO_MEMORY : ZTA_OK;
            found = grown == NULL ? found : grown;
        }
        if (status == ZTA_OK) {
            int64_t newest_ns;
            status = zta_block_peek(key, record, &found[n_found], &newest_ns);
            n_found += status == ZTA_OK && newest_ns >= from_ns ? 1 : 0;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    zta_walk_end(&walk);
    if (status != ZTA_NOT_FOUND) {
        free(found);
        return status;
    }
    *blocks = found;
    *n = n_found;
    return ZTA_OK;
}

enum zta_status zta_events_each_of_block(struct zta_view *view, const struct zta_event_key *block,
                                         zta_event_fn fn, void *context)
{
    uint8_t place[ZTA_BLOCK_KEY_SIZE];
    struct zta_blob record;
    struct zta_block opened;
    zta_block_key_encode(block, place);
    const struct zta_blob key = ZTA_BLOB(place, sizeof place);
    enum zta_status status = zta_view_get(view, ZTA_TABLE_EVENTS, key, &record);
    if (status == ZTA_OK) {
        status = zta_block_open(key, record, &opened);
    }
    bool is_wanted = status == ZTA_OK;
    for (size_t i = 0; is_wanted && i < opened.n; i++) {
        struct zta_event_key where;
        struct zta_event event;
        zta_block_read(&opened, i, &where, &event);
        is_wanted = fn(context, &where, &event);
    }
    return status;
}

enum zta_status zta_event_last(struct zta_view *view, struct zta_event_key *key)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_EVENTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob where;
    struct zta_blob record;
    struct zta_block block;
    status = zta_walk_last(&walk, &where, &record);
    if (status == ZTA_OK) {
        status = zta_block_open(where, record, &block);
    }
    if (status == ZTA_OK) {
        struct zta_event event;
        zta_block_read(&block, block.n - 1, key, &event);
    }
    zta_walk_end(&walk);
    return status;
}

enum zta_status zta_block_remove_ids(struct zta_change *change, struct zta_blob where,
                                     const struct zta_block *block)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < block->n && status == ZTA_OK; i++) {
        struct zta_event_key place;
        struct zta_event event;
        zta_block_read(block, i, &place, &event);
        struct zta_blob id = ZTA_BLOB(event.id.bytes, sizeof event.id.bytes);
        struct zta_blob there;
        status = zta_change_get(change, ZTA_TABLE_EVENT_IDS, id, &there);
        if (status == ZTA_OK && there.size == where.size &&
            memcmp(there.data, where.data, where.size) == 0) {
            status = zta_change_remove(change, ZTA_TABLE_EVENT_IDS, id);
        }
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    return status;
}

/*
 * Removes the block the walk stands on, unless it is newer. *n_events of a block that is
 * unreadable: 0.
 */
static enum zta_status prune_block(struct zta_walk *walk, struct zta_blob key,
                                   struct zta_blob record, int64_t before_ns, uint64_t *n_events)
{
    uint8_t where[ZTA_BLOCK_KEY_SIZE];
    uint8_t bytes[ZTA_BLOCK_SIZE_MAX];
    struct zta_block block;
    *n_events = 0;
    if (key.size != sizeof where || record.size > sizeof bytes ||
        zta_block_open(key, record, &block) != ZTA_OK) {
        return zta_walk_remove(walk);
    }
    if (block.newest_ns >= before_ns) {
        return ZTA_NOT_FOUND;
    }
    memcpy(where, key.data, sizeof where);
    memcpy(bytes, record.data, record.size);
    block.data = bytes;
    enum zta_status status = zta_walk_remove(walk);
    if (status == ZTA_OK) {
        status = zta_block_remove_ids(walk->change, ZTA_BLOB(where, sizeof where), &block);
    }
    if (status == ZTA_OK) {
        *n_events = block.n;
    }
    return status;
}

enum zta_status zta_events_prune(struct zta_change *change, int64_t before_ns, size_t most_blocks,
                                 uint64_t *n)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_EVENTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t n_removed = 0;
    struct zta_blob key;
    struct zta_blob record;
    status = zta_walk_first(&walk, &key, &record);
    for (size_t i = 0; i < most_blocks && status == ZTA_OK; i++) {
        uint64_t n_events;
        status = prune_block(&walk, key, record, before_ns, &n_events);
        if (status == ZTA_OK) {
            n_removed += n_events;
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    zta_walk_end(&walk);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    *n = n_removed;
    return ZTA_OK;
}

enum zta_status zta_events_size(struct zta_view *view, uint64_t *bytes, uint64_t *n)
{
    static const enum zta_table tables[] = {ZTA_TABLE_EVENTS, ZTA_TABLE_REPEATS,
                                            ZTA_TABLE_EVENT_IDS};
    uint64_t sum = 0;
    uint64_t n_records = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        uint64_t some;
        enum zta_status status = zta_view_table_size(view, tables[i], &n_records, &some);
        if (status != ZTA_OK) {
            return status;
        }
        sum += some;
    }
    *bytes = sum;
    *n = n_records; /* of the index, which is last: one entry an event */
    return ZTA_OK;
}
