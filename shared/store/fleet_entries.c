/* SPDX-License-Identifier: Apache-2.0 */
/* What each of several nodes says of one thing, in one record. */
#include "shared/store/fleet_entries_priv.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/limits.h"

bool zta_fleet_entry_next(struct zta_reader *reader, struct zta_fleet_entry *entry)
{
    if (zta_reader_is_done(reader)) {
        return false;
    }
    entry->origin = zta_reader_take(reader, ZTA_ORIGIN_SIZE);
    entry->value = zta_read_text(reader);
    return !reader->is_bad;
}

static void write_entry(struct zta_writer *writer, const struct zta_fleet_entry *entry)
{
    zta_write_bytes(writer, entry->origin, ZTA_ORIGIN_SIZE);
    zta_write_text(writer, entry->value);
}

/* What stays of a record beside what that origin says: neither its former one, nor what is over. */
static enum zta_status copy_others(const struct zta_fleet_entries *entries, struct zta_blob key,
                                   struct zta_blob record, const uint8_t *origin,
                                   struct zta_writer *writer)
{
    const int64_t now_s = zta_clock_real_ns() / ZTA_NS_PER_S;
    struct zta_reader reader;
    struct zta_fleet_entry entry;
    zta_reader_init(&reader, record.data, record.size);
    while (zta_fleet_entry_next(&reader, &entry)) {
        bool lasts = false;
        const enum zta_status status = entries->lasts(key, entry.value, now_s, &lasts);
        if (status != ZTA_OK) {
            return status;
        }
        if (lasts && memcmp(entry.origin, origin, ZTA_ORIGIN_SIZE) != 0) {
            write_entry(writer, &entry);
        }
    }
    return reader.is_bad ? ZTA_CORRUPT : ZTA_OK;
}

enum zta_status zta_fleet_entry_put(struct zta_change *change,
                                    const struct zta_fleet_entries *entries, struct zta_blob key,
                                    const struct zta_fleet_entry *entry)
{
    struct zta_blob record = ZTA_BLOB(NULL, 0);
    struct zta_writer writer;
    enum zta_status status = zta_change_get(change, entries->table, key, &record);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    const size_t size = record.size + ZTA_ORIGIN_SIZE + sizeof(uint16_t) + entry->value.len;
    uint8_t *bytes = malloc(size);
    if (bytes == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_writer_init(&writer, bytes, size);
    status = copy_others(entries, key, record, entry->origin, &writer);
    if (status == ZTA_OK && entry->value.data != NULL) {
        write_entry(&writer, entry);
    }
    if (status == ZTA_OK && writer.len > 0) {
        status = zta_change_put(change, entries->table, key, ZTA_BLOB(bytes, writer.len));
    }
    else if (status == ZTA_OK && record.size > 0) {
        status = zta_change_remove(change, entries->table, key);
    }
    free(bytes);
    return status;
}

enum zta_status zta_fleet_entries_check(const struct zta_fleet_entries *entries,
                                        struct zta_blob key, struct zta_blob value)
{
    struct zta_reader reader;
    struct zta_fleet_entry entry;
    bool lasts;
    enum zta_status status = value.size == 0 ? ZTA_CORRUPT : ZTA_OK;
    zta_reader_init(&reader, value.data, value.size);
    while (status == ZTA_OK && zta_fleet_entry_next(&reader, &entry)) {
        status = entries->lasts(key, entry.value, 0, &lasts);
    }
    return reader.is_bad ? ZTA_CORRUPT : status;
}
