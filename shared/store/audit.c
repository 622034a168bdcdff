/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail: an append-only table whose records are chained by their hashes. */
#include "shared/store/audit.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"
#include "shared/store/tables_priv.h"

/* Of a whole entry; texts are kept whole or not at all, so a caller sums up what is longer. */
#define RECORD_MAX 65536

static void put_texts(struct zta_writer *writer, const struct zta_audit_entry *entry)
{
    const struct zta_text texts[] = {entry->login,  entry->sudo_user, entry->tty,   entry->action,
                                     entry->target, entry->before,    entry->after, entry->reason};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        zta_write_text(writer, texts[i]);
    }
}

static void get_texts(struct zta_reader *reader, struct zta_audit_entry *entry)
{
    struct zta_text *texts[] = {&entry->login,  &entry->sudo_user, &entry->tty,   &entry->action,
                                &entry->target, &entry->before,    &entry->after, &entry->reason};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = zta_read_text(reader);
    }
}

/* Everything but the hash itself, which is over exactly these bytes. */
static enum zta_status encode(struct zta_audit_entry *entry, uint8_t *out, size_t *out_size)
{
    struct zta_writer writer;
    zta_writer_init(&writer, out, RECORD_MAX);
    zta_write_bytes(&writer, entry->previous.bytes, ZTA_SHA256_SIZE);
    zta_write_u64(&writer, entry->id);
    zta_write_u64(&writer, (uint64_t)entry->time_ns);
    zta_write_u32(&writer, entry->uid);
    put_texts(&writer, entry);
    size_t hashed = writer.len;
    if (!writer.is_overflowed) {
        zta_sha256(out, hashed, &entry->hash);
    }
    zta_write_bytes(&writer, entry->hash.bytes, ZTA_SHA256_SIZE);
    *out_size = writer.len;
    return writer.is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

enum zta_status zta_audit_decode(struct zta_blob key, struct zta_blob record,
                                 struct zta_audit_entry *entry)
{
    struct zta_reader reader;
    struct zta_audit_entry found = {.id = 0};
    zta_reader_init(&reader, record.data, record.size);
    zta_read_bytes(&reader, found.previous.bytes, ZTA_SHA256_SIZE);
    found.id = zta_read_u64(&reader);
    found.time_ns = (int64_t)zta_read_u64(&reader);
    found.uid = zta_read_u32(&reader);
    get_texts(&reader, &found);
    zta_read_bytes(&reader, found.hash.bytes, ZTA_SHA256_SIZE);
    if (!zta_reader_is_done(&reader) || key.size != ZTA_AUDIT_KEY_SIZE ||
        zta_get_u64(key.data) != found.id) {
        return ZTA_CORRUPT;
    }
    *entry = found;
    return ZTA_OK;
}

enum zta_status zta_audit_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_audit_entry entry;
    return zta_audit_decode(key, value, &entry);
}

/* Id and hash of the newest entry; zero when there is none. */
static enum zta_status last_entry(struct zta_change *change, uint64_t *id, struct zta_sha256 *hash)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_AUDIT, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob key;
    struct zta_blob value;
    struct zta_audit_entry entry = {.id = 0};
    status = zta_walk_last(&walk, &key, &value);
    if (status == ZTA_OK) {
        status = zta_audit_decode(key, value, &entry);
    }
    else if (status == ZTA_NOT_FOUND) {
        status = ZTA_OK;
    }
    zta_walk_end(&walk);
    *id = entry.id;
    *hash = entry.hash;
    return status;
}

enum zta_status zta_audit_append(struct zta_change *change, struct zta_audit_entry *entry)
{
    struct zta_audit_entry next = *entry;
    enum zta_status status = last_entry(change, &next.id, &next.previous);
    if (status != ZTA_OK) {
        return status;
    }
    next.id++;
    if (next.time_ns == 0) {
        next.time_ns = zta_change_clock_ns(change);
    }
    uint8_t record[RECORD_MAX];
    size_t size;
    status = encode(&next, record, &size);
    if (status != ZTA_OK) {
        return status;
    }
    uint8_t key[ZTA_AUDIT_KEY_SIZE];
    zta_put_u64(key, next.id);
    status = zta_change_append(change, ZTA_TABLE_AUDIT, ZTA_BLOB(key, sizeof(key)),
                               ZTA_BLOB(record, size));
    if (status == ZTA_OK) {
        *entry = next;
    }
    return status;
}

struct telling {
    zta_audit_fn fn;
    void *context;
    uint64_t left; /* entries that are wanted still; 0: any number */
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    struct telling *telling = context;
    struct zta_audit_entry entry;
    const enum zta_status status = zta_audit_decode(key, value, &entry);
    if (status == ZTA_OK) {
        const bool is_last = telling->left == 1;
        telling->left -= telling->left > 0 ? 1 : 0;
        *goes_on = telling->fn(telling->context, &entry) && !is_last;
    }
    return status;
}

enum zta_status zta_audit_each(struct zta_view *view, uint64_t most, zta_audit_fn fn, void *context)
{
    struct telling telling = {.fn = fn, .context = context, .left = most};
    return zta_view_each_back(view, ZTA_TABLE_AUDIT, tell, &telling);
}

enum zta_status zta_audit_each_above(struct zta_view *view, uint64_t above, zta_audit_fn fn,
                                     void *context)
{
    struct telling telling = {.fn = fn, .context = context};
    return zta_view_each_above(view, ZTA_TABLE_AUDIT, above, tell, &telling);
}

/* The entry that stands where number id is expected, or why it does not fit there. */
static const char *fault_of(struct zta_blob key, struct zta_blob record, uint64_t id,
                            const struct zta_sha256 *previous, struct zta_sha256 *hash)
{
    struct zta_audit_entry entry;
    if (zta_audit_decode(key, record, &entry) != ZTA_OK) {
        return "cannot be read";
    }
    if (entry.id != id) {
        return "is missing";
    }
    if (memcmp(entry.previous.bytes, previous->bytes, ZTA_SHA256_SIZE) != 0) {
        return "does not follow the entry before it";
    }
    zta_sha256(record.data, record.size - ZTA_SHA256_SIZE, hash);
    if (memcmp(entry.hash.bytes, hash->bytes, ZTA_SHA256_SIZE) != 0) {
        return "was altered";
    }
    return NULL;
}

enum zta_status zta_audit_verify(struct zta_view *view, uint64_t *n, struct zta_sha256 *head,
                                 struct zta_error *error)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_AUDIT, &walk);
    if (status != ZTA_OK) {
        return zta_error_set(error, status, "the audit trail cannot be read");
    }
    struct zta_sha256 last = {.bytes = {0}};
    uint64_t id = 0;
    struct zta_blob key;
    struct zta_blob value;
    const char *fault = NULL;
    status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK && fault == NULL) {
        struct zta_sha256 hash;
        id++;
        fault = fault_of(key, value, id, &last, &hash);
        if (fault == NULL) {
            last = hash;
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    /* init wrote the first entry, so an empty trail was emptied. */
    if (status == ZTA_NOT_FOUND && id == 0) {
        id = 1;
        fault = "is missing";
    }
    if (fault == NULL && status != ZTA_NOT_FOUND) {
        return zta_error_set(error, status, "the audit trail cannot be read");
    }
    *n = id;
    if (fault != NULL) {
        return zta_error_set(error, ZTA_CORRUPT, "audit entry %llu %s", (unsigned long long)id,
                             fault);
    }
    *head = last;
    return ZTA_OK;
}
