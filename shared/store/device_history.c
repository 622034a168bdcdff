/* SPDX-License-Identifier: Apache-2.0 */
/* Former records of devices by action and id; action numbers only rise, so the oldest are first. */
#include "shared/store/device_history.h"

#include <string.h>

#include "shared/store/devices_priv.h"
#include "shared/store/prune_priv.h"
#include "shared/store/records_priv.h"

enum {
    ACTION_SIZE = 8,
    KEY_MAX = ACTION_SIZE + ZTA_DEVICE_ID_MAX,
    WAS_NONE = 0, /* the value's first byte; a record follows the other */
    WAS_THERE = 1,
};

struct place {
    uint8_t bytes[KEY_MAX];
    size_t size;
};

static void make_key(uint64_t action_id, struct zta_text id, struct place *key)
{
    zta_put_u64(key->bytes, action_id);
    memcpy(key->bytes + ACTION_SIZE, id.data == NULL ? "" : id.data, id.len);
    key->size = ACTION_SIZE + id.len;
}

/* *was_there: device is filled. */
static enum zta_status open_record(struct zta_blob key, struct zta_blob value, uint64_t *action_id,
                                   struct zta_text *id, bool *was_there, struct zta_device *device)
{
    const uint8_t *bytes = value.data;
    if (key.size <= ACTION_SIZE || key.size > KEY_MAX || value.size == 0 || bytes[0] > WAS_THERE ||
        (bytes[0] == WAS_NONE && value.size != 1)) {
        return ZTA_CORRUPT;
    }
    const struct zta_blob name =
        ZTA_BLOB((const char *)key.data + ACTION_SIZE, key.size - ACTION_SIZE);
    *action_id = zta_get_u64(key.data);
    *id = (struct zta_text){.data = name.data, .len = name.size};
    *was_there = bytes[0] == WAS_THERE;
    if (*was_there) {
        return zta_device_decode(name, ZTA_BLOB(bytes + 1, value.size - 1), device);
    }
    return zta_device_id_is_valid(*id) ? ZTA_OK : ZTA_CORRUPT;
}

enum zta_status zta_device_history_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_device device;
    struct zta_text id;
    uint64_t action_id;
    bool was_there;
    return open_record(key, value, &action_id, &id, &was_there, &device);
}

enum zta_status zta_device_history_note(struct zta_change *change, uint64_t action_id,
                                        struct zta_text id, struct zta_blob former)
{
    uint8_t record[1 + ZTA_DEVICE_STORAGE_SIZE];
    struct place key;
    struct zta_blob found;
    make_key(action_id, id, &key);
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_DEVICE_HISTORY, ZTA_BLOB(key.bytes, key.size), &found);
    if (status != ZTA_NOT_FOUND || action_id == 0) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status; /* what it was at first counts */
    }
    if (former.size > ZTA_DEVICE_STORAGE_SIZE) {
        return ZTA_TOO_LARGE;
    }
    record[0] = former.size > 0 ? WAS_THERE : WAS_NONE;
    memcpy(record + 1, former.size > 0 ? former.data : "", former.size);
    return zta_change_put(change, ZTA_TABLE_DEVICE_HISTORY, ZTA_BLOB(key.bytes, key.size),
                          ZTA_BLOB(record, 1 + former.size));
}

enum zta_status zta_device_history_each(struct zta_view *view, uint64_t action_id,
                                        zta_former_device_fn fn, void *context)
{
    struct zta_walk walk;
    struct place from;
    struct zta_blob value;
    uint64_t n = 0;
    bool is_wanted = true;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_DEVICE_HISTORY, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    make_key(action_id, (struct zta_text){.data = NULL}, &from);
    struct zta_blob key = ZTA_BLOB(from.bytes, from.size);
    status = zta_walk_seek(&walk, &key, &value);
    while (status == ZTA_OK && is_wanted) {
        struct zta_device device;
        struct zta_text id;
        uint64_t found;
        bool was_there;
        status = open_record(key, value, &found, &id, &was_there, &device);
        if (status != ZTA_OK || found != action_id) {
            break;
        }
        n++;
        is_wanted = fn(context, id, was_there ? &device : NULL);
        status = zta_walk_next(&walk, &key, &value);
    }
    zta_walk_end(&walk);
    status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    return status == ZTA_OK && n == 0 ? ZTA_NOT_FOUND : status;
}

enum zta_status zta_device_history_later(struct zta_view *view, uint64_t action_id,
                                         struct zta_device_later *later)
{
    struct zta_walk walk;
    struct place from;
    struct zta_blob value;
    bool is_found = false;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_DEVICE_HISTORY, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    make_key(action_id + 1, (struct zta_text){.data = NULL}, &from);
    struct zta_blob key = ZTA_BLOB(from.bytes, from.size);
    status = zta_walk_seek(&walk, &key, &value);
    while (status == ZTA_OK && !is_found) {
        struct zta_device device;
        struct zta_text id;
        struct place own;
        struct zta_blob former;
        bool was_there;
        status = open_record(key, value, &later->action_id, &id, &was_there, &device);
        if (status != ZTA_OK) {
            break;
        }
        make_key(action_id, id, &own);
        status =
            zta_view_get(view, ZTA_TABLE_DEVICE_HISTORY, ZTA_BLOB(own.bytes, own.size), &former);
        is_found = status == ZTA_OK;
        if (is_found) {
            memcpy(later->id, id.data, id.len);
            later->id[id.len] = '\0';
        }
        else if (status == ZTA_NOT_FOUND) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    return status;
}

struct trimming {
    uint64_t n_surplus;
    uint64_t action; /* whose records go together */
};

static bool goes(void *context, struct zta_blob key)
{
    struct trimming *trimming = context;
    if (key.size < ACTION_SIZE ||
        (trimming->n_surplus == 0 && zta_get_u64(key.data) != trimming->action)) {
        return false;
    }
    trimming->action = zta_get_u64(key.data);
    trimming->n_surplus -= trimming->n_surplus > 0;
    return true;
}

enum zta_status zta_device_history_trim(struct zta_change *change, uint64_t most)
{
    uint64_t n = 0;
    enum zta_status status = zta_change_table_count(change, ZTA_TABLE_DEVICE_HISTORY, &n);
    if (status != ZTA_OK || n <= most) {
        return status;
    }
    struct trimming trimming = {.n_surplus = n - most};
    const struct zta_trim trim = {
        .table = ZTA_TABLE_DEVICE_HISTORY, .most = UINT64_MAX, .goes = goes, .context = &trimming};
    return zta_table_trim(change, &trim, NULL);
}
