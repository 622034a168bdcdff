/* SPDX-License-Identifier: Apache-2.0 */
/* A record a node in policy/'s meta: its latest heads, and whether they ever stepped back. */
#include "shared/store/audit_heads.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/audit.h"
#include "shared/store/audit_heads_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"
#include "shared/store/tables_priv.h"

#define PREFIX_SIZE (sizeof(ZTA_AUDIT_HEADS_KEY) - 1)
#define KEY_SIZE    (PREFIX_SIZE + ZTA_ORIGIN_SIZE)
#define SLOT_SIZE   (ZTA_ORIGIN_SIZE + 1)
#define HEAD_SIZE   (2 * sizeof(uint64_t) + ZTA_SHA256_SIZE)
#define RECORD_SIZE (2 + (1 + ZTA_AUDIT_HEADS) * HEAD_SIZE)

static void make_key(const uint8_t *origin, uint8_t key[KEY_SIZE])
{
    memcpy(key, ZTA_AUDIT_HEADS_KEY, PREFIX_SIZE);
    memcpy(key + PREFIX_SIZE, origin, ZTA_ORIGIN_SIZE);
}

static void write_head(struct zta_writer *writer, const struct zta_audit_head *head)
{
    zta_write_u64(writer, (uint64_t)head->time_ns);
    zta_write_u64(writer, head->id);
    zta_write_bytes(writer, head->hash.bytes, sizeof head->hash.bytes);
}

static void read_head(struct zta_reader *reader, struct zta_audit_head *head)
{
    head->time_ns = (int64_t)zta_read_u64(reader);
    head->id = zta_read_u64(reader);
    zta_read_bytes(reader, head->hash.bytes, sizeof head->hash.bytes);
}

static void encode(const struct zta_audit_heads *heads, uint8_t out[RECORD_SIZE])
{
    struct zta_writer writer;
    zta_writer_init(&writer, out, RECORD_SIZE);
    zta_write_u8(&writer, ZTA_AUDIT_HEADS_FORMAT);
    zta_write_u8(&writer, heads->is_rewound ? 1 : 0);
    write_head(&writer, &heads->rewound);
    for (size_t i = 0; i < ZTA_AUDIT_HEADS; i++) {
        write_head(&writer, &heads->all[i]);
    }
}

static enum zta_status decode(struct zta_blob key, struct zta_blob value,
                              struct zta_audit_heads *heads)
{
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.size);
    if (key.size != KEY_SIZE || zta_read_u8(&reader) != ZTA_AUDIT_HEADS_FORMAT) {
        return ZTA_CORRUPT;
    }
    memcpy(heads->origin, (const uint8_t *)key.data + PREFIX_SIZE, ZTA_ORIGIN_SIZE);
    heads->is_rewound = zta_read_u8(&reader) == 1;
    read_head(&reader, &heads->rewound);
    for (size_t i = 0; i < ZTA_AUDIT_HEADS; i++) {
        read_head(&reader, &heads->all[i]);
    }
    return zta_reader_is_done(&reader) ? ZTA_OK : ZTA_CORRUPT;
}

/* ---- what follows of two ---- */

/* Does a later head have no more entries than an earlier one? */
static bool steps_back(const struct zta_audit_head *a, const struct zta_audit_head *b)
{
    if (a->time_ns == 0 || b->time_ns == 0) {
        return false;
    }
    if (a->time_ns == b->time_ns) {
        return a->id != b->id || memcmp(a->hash.bytes, b->hash.bytes, sizeof a->hash.bytes) != 0;
    }
    return a->time_ns > b->time_ns ? a->id <= b->id : b->id <= a->id;
}

/* Whatever the order; what lost its place to a later one is not looked at any more. */
static void join(struct zta_audit_heads *heads, const struct zta_audit_head *head)
{
    for (size_t i = 0; i < ZTA_AUDIT_HEADS; i++) {
        const struct zta_audit_head *other = &heads->all[i];
        if (steps_back(head, other)) {
            const struct zta_audit_head *later = head->time_ns > other->time_ns ? head : other;
            heads->is_rewound = true;
            if (later->time_ns > heads->rewound.time_ns) {
                heads->rewound = *later;
            }
        }
    }
    struct zta_audit_head *slot = &heads->all[head->id % ZTA_AUDIT_HEADS];
    if (head->time_ns > slot->time_ns) {
        *slot = *head;
    }
}

const struct zta_audit_head *zta_audit_heads_latest(const struct zta_audit_heads *heads)
{
    const struct zta_audit_head *latest = &heads->all[0];
    for (size_t i = 1; i < ZTA_AUDIT_HEADS; i++) {
        latest = heads->all[i].time_ns > latest->time_ns ? &heads->all[i] : latest;
    }
    return latest;
}

/* ---- saying ---- */

static enum zta_status take_last(struct zta_walk *walk, struct zta_audit_head *head)
{
    struct zta_blob key;
    struct zta_blob value;
    struct zta_audit_entry entry;
    enum zta_status status = zta_walk_last(walk, &key, &value);
    if (status == ZTA_OK) {
        status = zta_audit_decode(key, value, &entry);
    }
    if (status == ZTA_OK) {
        *head =
            (struct zta_audit_head){.time_ns = entry.time_ns, .id = entry.id, .hash = entry.hash};
    }
    return status;
}

static bool is_known(struct zta_blob key, struct zta_blob record, const struct zta_audit_head *head)
{
    struct zta_audit_heads heads;
    return decode(key, record, &heads) == ZTA_OK &&
           memcmp(heads.all[head->id % ZTA_AUDIT_HEADS].hash.bytes, head->hash.bytes,
                  sizeof head->hash.bytes) == 0;
}

enum zta_status zta_audit_head_is_due(struct zta_view *view, bool *is_due)
{
    uint8_t key[KEY_SIZE];
    struct zta_blob record;
    struct zta_audit_head head;
    struct zta_walk walk;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_AUDIT, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = take_last(&walk, &head);
    zta_walk_end(&walk);
    *is_due = status == ZTA_OK;
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    make_key(zta_view_origin(view), key);
    status = zta_view_get(view, ZTA_TABLE_POLICY_META, ZTA_BLOB(key, sizeof key), &record);
    if (status == ZTA_OK) {
        *is_due = !is_known(ZTA_BLOB(key, sizeof key), record, &head);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_audit_head_note(struct zta_change *change)
{
    uint8_t id[ZTA_AUDIT_KEY_SIZE];
    struct zta_audit_head head;
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_AUDIT, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = take_last(&walk, &head);
    zta_walk_end(&walk);
    if (status == ZTA_OK) {
        zta_put_u64(id, head.id);
        zta_outbox_touch_topic(change, ZTA_FLEET_AUDIT_HEAD, ZTA_BLOB(id, sizeof id), false);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_audit_head_tell(struct zta_change *change, struct zta_blob key,
                                    struct zta_told *told)
{
    struct zta_blob value;
    struct zta_audit_entry entry;
    struct zta_writer writer;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_AUDIT, key, &value);
    if (status == ZTA_OK) {
        status = zta_audit_decode(key, value, &entry);
    }
    if (status != ZTA_OK) {
        return status;
    }
    const struct zta_audit_head head = {
        .time_ns = entry.time_ns, .id = entry.id, .hash = entry.hash};
    told->value = malloc(HEAD_SIZE);
    if (told->value == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_writer_init(&writer, told->value, HEAD_SIZE);
    write_head(&writer, &head);
    told->size = writer.len;
    memcpy(told->key, zta_change_origin(change), ZTA_ORIGIN_SIZE);
    told->key[ZTA_ORIGIN_SIZE] = (uint8_t)(head.id % ZTA_AUDIT_HEADS);
    told->key_size = SLOT_SIZE;
    return ZTA_OK;
}

enum zta_status zta_audit_head_note_join(struct zta_change *change)
{
    uint8_t key[KEY_SIZE];
    make_key(zta_change_origin(change), key);
    const enum zta_status status =
        zta_change_remove(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(key, sizeof key));
    return status == ZTA_NOT_FOUND ? ZTA_OK : status; /* the agent finds that it is due */
}

/* ---- hearing ---- */

static enum zta_status read_value(struct zta_blob key, struct zta_blob value,
                                  struct zta_audit_head *head)
{
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.size);
    read_head(&reader, head);
    return zta_reader_is_done(&reader) && key.size == SLOT_SIZE && head->time_ns > 0 &&
                   head->id > 0 &&
                   ((const uint8_t *)key.data)[ZTA_ORIGIN_SIZE] == head->id % ZTA_AUDIT_HEADS
               ? ZTA_OK
               : ZTA_CORRUPT;
}

enum zta_status zta_audit_head_strength(struct zta_blob key, struct zta_blob value,
                                        int64_t *strength)
{
    struct zta_audit_head head;
    const enum zta_status status = read_value(key, value, &head);
    *strength = status == ZTA_OK ? head.time_ns : 0;
    return status;
}

enum zta_status zta_audit_head_replace(struct zta_change *change, struct zta_blob key,
                                       struct zta_blob value)
{
    uint8_t name[KEY_SIZE];
    uint8_t out[RECORD_SIZE];
    struct zta_blob record;
    struct zta_audit_head head;
    struct zta_audit_heads heads = {.is_rewound = false};
    if (value.data == NULL) {
        return ZTA_OK;
    }
    enum zta_status status = read_value(key, value, &head);
    if (status != ZTA_OK) {
        return status;
    }
    make_key(key.data, name);
    status = zta_change_get(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(name, sizeof name), &record);
    if (status == ZTA_OK) {
        status = decode(ZTA_BLOB(name, sizeof name), record, &heads);
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    join(&heads, &head);
    encode(&heads, out);
    return zta_change_put(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(name, sizeof name),
                          ZTA_BLOB(out, sizeof out));
}

/* ---- looking ---- */

struct listing {
    zta_audit_heads_fn fn;
    void *context;
};

static enum zta_status give(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listing *listing = context;
    struct zta_audit_heads heads;
    if (key.size < PREFIX_SIZE || memcmp(key.data, ZTA_AUDIT_HEADS_KEY, PREFIX_SIZE) != 0) {
        *goes_on = false;
        return ZTA_OK;
    }
    const enum zta_status status = decode(key, value, &heads);
    if (status == ZTA_OK) {
        *goes_on = listing->fn(listing->context, &heads);
    }
    return status;
}

enum zta_status zta_audit_heads_each(struct zta_view *view, zta_audit_heads_fn fn, void *context)
{
    struct listing listing = {.fn = fn, .context = context};
    return zta_view_each_from(view, ZTA_TABLE_POLICY_META,
                              ZTA_BLOB(ZTA_AUDIT_HEADS_KEY, PREFIX_SIZE), give, &listing);
}
