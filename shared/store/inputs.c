/* SPDX-License-Identifier: Apache-2.0 */
/* Puts, touches, gets and prunes the recorded sides of credentials. */
#include "shared/store/inputs.h"

#include <string.h>

#include "shared/base/bytes.h"
#include "shared/inputs.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define RECORD_SIZE_MAX (ZTA_INPUTS_AT_DATA + ZTA_INPUTS_SIZE_MAX)

/* False for what put does not write. */
static bool open_record(struct zta_blob record, int64_t *last_s, struct zta_blob *contents)
{
    const uint8_t *bytes = record.data;
    if (record.size <= ZTA_INPUTS_AT_DATA || record.size > RECORD_SIZE_MAX ||
        bytes[0] != ZTA_INPUTS_VERSION) {
        return false;
    }
    *last_s = (int64_t)zta_get_u64(bytes + ZTA_INPUTS_AT_LAST);
    *contents = ZTA_BLOB(bytes + ZTA_INPUTS_AT_DATA, record.size - ZTA_INPUTS_AT_DATA);
    return true;
}

static bool is_named(struct zta_blob contents, const void *name)
{
    uint8_t made[ZTA_INPUTS_NAME_SIZE];
    zta_inputs_name(contents.data, contents.size, made);
    return memcmp(made, name, sizeof made) == 0;
}

enum zta_status zta_inputs_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_inputs inputs;
    struct zta_blob contents;
    int64_t last_s;
    if (key.size != ZTA_INPUTS_NAME_SIZE || !open_record(value, &last_s, &contents) ||
        !is_named(contents, key.data)) {
        return ZTA_CORRUPT;
    }
    return zta_inputs_decode(contents.data, contents.size, &inputs);
}

static enum zta_status write_record(struct zta_change *change, struct zta_blob key,
                                    struct zta_blob contents, int64_t last_s)
{
    uint8_t record[RECORD_SIZE_MAX];
    record[0] = ZTA_INPUTS_VERSION;
    zta_put_u64(record + ZTA_INPUTS_AT_LAST, (uint64_t)last_s);
    memcpy(record + ZTA_INPUTS_AT_DATA, contents.data, contents.size);
    return zta_change_put(change, ZTA_TABLE_INPUTS, key,
                          ZTA_BLOB(record, ZTA_INPUTS_AT_DATA + contents.size));
}

enum zta_status zta_inputs_touch(struct zta_change *change,
                                 const uint8_t name[ZTA_INPUTS_NAME_SIZE], int64_t now_s)
{
    const struct zta_blob key = ZTA_BLOB(name, ZTA_INPUTS_NAME_SIZE);
    struct zta_blob record;
    struct zta_blob contents;
    int64_t last_s;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_INPUTS, key, &record);
    if (status != ZTA_OK) {
        return status;
    }
    if (!open_record(record, &last_s, &contents)) {
        return ZTA_NOT_FOUND; /* unreadable: put anew */
    }
    return now_s - last_s < ZTA_INPUTS_TOUCH_S ? ZTA_OK
                                               : write_record(change, key, contents, now_s);
}

enum zta_status zta_inputs_put(struct zta_change *change, const uint8_t name[ZTA_INPUTS_NAME_SIZE],
                               const void *data, size_t size, int64_t now_s)
{
    const struct zta_blob contents = ZTA_BLOB(data, size);
    if (size == 0 || size > ZTA_INPUTS_SIZE_MAX || !is_named(contents, name)) {
        return ZTA_INVALID;
    }
    return write_record(change, ZTA_BLOB(name, ZTA_INPUTS_NAME_SIZE), contents, now_s);
}

enum zta_status zta_inputs_get(struct zta_view *view, const uint8_t name[ZTA_INPUTS_NAME_SIZE],
                               void *out, size_t size, size_t *out_size)
{
    struct zta_blob record;
    struct zta_blob contents;
    int64_t last_s;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_INPUTS, ZTA_BLOB(name, ZTA_INPUTS_NAME_SIZE), &record);
    if (status != ZTA_OK) {
        return status;
    }
    if (!open_record(record, &last_s, &contents)) {
        return ZTA_CORRUPT;
    }
    if (contents.size > size) {
        return ZTA_TOO_LARGE;
    }
    memcpy(out, contents.data, contents.size);
    *out_size = contents.size;
    return ZTA_OK;
}

enum zta_status zta_inputs_prune(struct zta_change *change, uint8_t place[ZTA_INPUTS_NAME_SIZE],
                                 int64_t before_s, size_t most, uint64_t *n)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_INPUTS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t n_removed = 0;
    struct zta_blob key = ZTA_BLOB(place, ZTA_INPUTS_NAME_SIZE);
    struct zta_blob record;
    status = zta_walk_seek(&walk, &key, &record);
    for (size_t i = 0; i < most && status == ZTA_OK; i++) {
        struct zta_blob contents;
        int64_t last_s = 0;
        /* A record that nobody can read is of no use to anyone. */
        if (key.size != ZTA_INPUTS_NAME_SIZE || !open_record(record, &last_s, &contents) ||
            last_s < before_s) {
            status = zta_walk_remove(&walk);
            n_removed++;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    if (status == ZTA_OK && key.size == ZTA_INPUTS_NAME_SIZE) {
        memcpy(place, key.data, ZTA_INPUTS_NAME_SIZE);
    }
    else {
        memset(place, 0, ZTA_INPUTS_NAME_SIZE);
    }
    zta_walk_end(&walk);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    *n = n_removed;
    return ZTA_OK;
}

enum zta_status zta_inputs_size(struct zta_view *view, uint64_t *bytes, uint64_t *n)
{
    return zta_view_table_size(view, ZTA_TABLE_INPUTS, n, bytes);
}
