/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets: one record an issuer, rewritten whole. */
#include "shared/store/keysets.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/limits.h"
#include "shared/base/reader.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define N_TEXTS    6
#define FIXED_SIZE (1 + 8 + 5 * 8 + 4 + 1 + 4)
#define SIZE_MAX_RECORD                                                                            \
    (FIXED_SIZE + N_TEXTS * (2 + ZTA_KEYSET_TEXT_MAX) + (size_t)ZTA_KEYSET_JWKS_MAX)

static enum zta_status encode(const struct zta_keyset_record *record, struct zta_writer *writer)
{
    const struct zta_text texts[N_TEXTS] = {
        record->url,  record->keys,  record->jwks_uri, record->introspection_endpoint,
        record->etag, record->error,
    };
    zta_write_u8(writer, ZTA_KEYSET_VERSION);
    zta_write_u64(writer, record->source);
    zta_write_u64(writer, (uint64_t)record->stale_s);
    zta_write_u64(writer, (uint64_t)record->fetched_s);
    zta_write_u64(writer, (uint64_t)record->good_until_s);
    zta_write_u64(writer, (uint64_t)record->attempted_s);
    zta_write_u64(writer, (uint64_t)record->next_s);
    zta_write_u32(writer, record->n_failures);
    zta_write_u8(writer, record->has_skew);
    zta_write_u32(writer, (uint32_t)record->skew_s);
    for (size_t i = 0; i < N_TEXTS; i++) {
        if (texts[i].len > ZTA_KEYSET_TEXT_MAX) {
            return ZTA_TOO_LARGE;
        }
        zta_write_text(writer, texts[i]);
    }
    if (record->jwks.len > ZTA_KEYSET_JWKS_MAX) {
        return ZTA_TOO_LARGE;
    }
    zta_write_bytes(writer, record->jwks.data, record->jwks.len);
    return writer->is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

static bool is_name(struct zta_text name)
{
    return !zta_text_is_absent(name) && name.len > 0 && name.len <= ZTA_NAME_MAX;
}

static bool has_times(const struct zta_keyset_record *record)
{
    return record->stale_s >= 0 && record->fetched_s >= 0 && record->good_until_s >= 0 &&
           record->attempted_s >= 0 && record->next_s >= 0;
}

/* Borrowed from key and value. */
static enum zta_status decode(struct zta_blob key, struct zta_blob value,
                              struct zta_keyset_record *record)
{
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.size);
    uint8_t version = zta_read_u8(&reader);
    struct zta_keyset_record read = {
        .name = {.data = key.data, .len = key.size},
        .source = zta_read_u64(&reader),
    };
    read.stale_s = (int64_t)zta_read_u64(&reader);
    read.fetched_s = (int64_t)zta_read_u64(&reader);
    read.good_until_s = (int64_t)zta_read_u64(&reader);
    read.attempted_s = (int64_t)zta_read_u64(&reader);
    read.next_s = (int64_t)zta_read_u64(&reader);
    read.n_failures = zta_read_u32(&reader);
    read.has_skew = zta_read_u8(&reader) != 0;
    read.skew_s = (int32_t)zta_read_u32(&reader);
    struct zta_text *const texts[N_TEXTS] = {
        &read.url,  &read.keys,  &read.jwks_uri, &read.introspection_endpoint,
        &read.etag, &read.error,
    };
    for (size_t i = 0; i < N_TEXTS; i++) {
        *texts[i] = zta_read_text(&reader);
    }
    if (version != ZTA_KEYSET_VERSION || reader.is_bad || !is_name(read.name) ||
        zta_text_is_absent(read.url) || zta_text_is_absent(read.keys)) {
        return ZTA_CORRUPT;
    }
    read.jwks = (struct zta_text){.data = (const char *)reader.data + reader.pos,
                                  .len = reader.size - reader.pos};
    if (read.jwks.len > ZTA_KEYSET_JWKS_MAX) {
        return ZTA_CORRUPT;
    }
    *record = read;
    return ZTA_OK;
}

enum zta_status zta_keyset_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_keyset_record record;
    return decode(key, value, &record);
}

enum zta_status zta_keyset_put(struct zta_change *change, const struct zta_keyset_record *record)
{
    if (!is_name(record->name) || !has_times(record)) {
        return ZTA_INVALID;
    }
    uint8_t *bytes = malloc(SIZE_MAX_RECORD);
    if (bytes == NULL) {
        return ZTA_NO_MEMORY;
    }
    struct zta_writer writer;
    zta_writer_init(&writer, bytes, SIZE_MAX_RECORD);
    enum zta_status status = encode(record, &writer);
    if (status == ZTA_OK) {
        status =
            zta_change_put(change, ZTA_TABLE_KEYSETS, ZTA_BLOB(record->name.data, record->name.len),
                           ZTA_BLOB(bytes, writer.len));
    }
    free(bytes);
    return status;
}

static bool is_among(struct zta_blob key, const struct zta_text *names, size_t n)
{
    const struct zta_text name = {.data = key.data, .len = key.size};
    for (size_t i = 0; i < n; i++) {
        if (zta_text_equal(name, names[i])) {
            return true;
        }
    }
    return false;
}

enum zta_status zta_keyset_keep(struct zta_change *change, const struct zta_text *names, size_t n)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_KEYSETS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob key;
    struct zta_blob value;
    status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK) {
        if (!is_among(key, names, n)) {
            status = zta_walk_remove(&walk);
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_keyset_get(struct zta_view *view, struct zta_text name,
                               struct zta_keyset_record *record, void **storage)
{
    struct zta_blob value;
    if (!is_name(name)) {
        return ZTA_NOT_FOUND;
    }
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_KEYSETS, ZTA_BLOB(name.data, name.len), &value);
    if (status != ZTA_OK) {
        return status;
    }
    if (value.size > SIZE_MAX_RECORD) {
        return ZTA_CORRUPT;
    }
    uint8_t *copy = malloc(name.len + value.size);
    if (copy == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(copy, name.data, name.len);
    memcpy(copy + name.len, value.data, value.size);
    status = decode(ZTA_BLOB(copy, name.len), ZTA_BLOB(copy + name.len, value.size), record);
    if (status != ZTA_OK) {
        free(copy);
        return status;
    }
    *storage = copy;
    return ZTA_OK;
}

struct listener {
    zta_keyset_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listener *listener = context;
    struct zta_keyset_record record;
    enum zta_status status = decode(key, value, &record);
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &record);
    }
    return status;
}

enum zta_status zta_keyset_each(struct zta_view *view, zta_keyset_fn fn, void *context)
{
    struct listener listener = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_KEYSETS, tell, &listener);
}

/* ---- an operator's request ---- */

struct request_key {
    char bytes[sizeof(ZTA_REFRESH_KEY) - 1 + ZTA_NAME_MAX];
    size_t size;
};

static enum zta_status request_key(struct zta_text name, struct request_key *key)
{
    const size_t prefix = sizeof(ZTA_REFRESH_KEY) - 1;
    if (name.len > ZTA_NAME_MAX) {
        return ZTA_TOO_LARGE;
    }
    memcpy(key->bytes, ZTA_REFRESH_KEY, prefix);
    if (name.len > 0) {
        memcpy(key->bytes + prefix, name.data, name.len);
    }
    key->size = prefix + name.len;
    return ZTA_OK;
}

enum zta_status zta_keyset_request(struct zta_change *change, struct zta_text name)
{
    struct request_key key;
    enum zta_status status = request_key(name, &key);
    if (status != ZTA_OK) {
        return status;
    }
    uint8_t number[8];
    zta_put_u64(number, (uint64_t)zta_change_clock_ns(change));
    return zta_change_put(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, key.size),
                          ZTA_BLOB(number, sizeof(number)));
}

/* Raises *number to what the record of that name says. */
static enum zta_status read_request(struct zta_view *view, struct zta_text name, uint64_t *number)
{
    struct request_key key;
    struct zta_blob value;
    enum zta_status status = request_key(name, &key);
    if (status == ZTA_OK) {
        status = zta_view_get(view, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, key.size), &value);
    }
    if (status == ZTA_NOT_FOUND) {
        return ZTA_OK;
    }
    if (status == ZTA_OK && value.size != 8) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK && zta_get_u64(value.data) > *number) {
        *number = zta_get_u64(value.data);
    }
    return status;
}

enum zta_status zta_keyset_requested(struct zta_view *view, struct zta_text name, uint64_t *number)
{
    uint64_t found = 0;
    enum zta_status status = read_request(view, (struct zta_text){.data = NULL}, &found);
    if (status == ZTA_OK && name.len > 0) {
        status = read_request(view, name, &found);
    }
    if (status == ZTA_OK) {
        *number = found;
    }
    return status;
}
