/* SPDX-License-Identifier: Apache-2.0 */
/* Releases of signals in policy/'s meta table, and the pruning of what they are about. */
#include "shared/store/release_priv.h"

#include <string.h>

#include "shared/store/schema.h"

struct zta_blob zta_signal_key_blob(const struct zta_signal_key *key)
{
    return ZTA_BLOB(key->bytes, sizeof(key->bytes));
}

struct release_key {
    char bytes[sizeof(ZTA_RELEASE_KEY) - 1 + ZTA_SIGNAL_KEY_BYTES];
};

static struct release_key release_key_of(const struct zta_signal_key *key)
{
    struct release_key release;
    memcpy(release.bytes, ZTA_RELEASE_KEY, sizeof(ZTA_RELEASE_KEY) - 1);
    memcpy(release.bytes + sizeof(ZTA_RELEASE_KEY) - 1, key->bytes, sizeof(key->bytes));
    return release;
}

enum zta_status zta_release_get(struct zta_view *view, const struct zta_signal_key *key,
                                int64_t *released_ns)
{
    const struct release_key release = release_key_of(key);
    struct zta_blob value;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_POLICY_META,
                                          ZTA_BLOB(release.bytes, sizeof(release.bytes)), &value);
    if (status == ZTA_NOT_FOUND) {
        *released_ns = 0;
        return ZTA_OK;
    }
    if (status == ZTA_OK && value.size != ZTA_RELEASE_SIZE) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        *released_ns = (int64_t)zta_get_u64(value.data);
    }
    return status;
}

enum zta_status zta_release_put(struct zta_change *change, const struct zta_signal_key *key,
                                int64_t received_ns, uint64_t action_id)
{
    const struct release_key release = release_key_of(key);
    uint8_t value[ZTA_RELEASE_SIZE];
    zta_put_u64(value, (uint64_t)received_ns);
    zta_put_u64(value + 8, (uint64_t)zta_change_clock_ns(change));
    zta_put_u64(value + 16, action_id);
    return zta_change_put(change, ZTA_TABLE_POLICY_META,
                          ZTA_BLOB(release.bytes, sizeof(release.bytes)),
                          ZTA_BLOB(value, sizeof(value)));
}

enum zta_status zta_signal_table_prune(struct zta_change *change, enum zta_table table,
                                       uint8_t place[ZTA_SIGNAL_KEY_BYTES], zta_is_over_fn is_over,
                                       int64_t before_ns, uint64_t *n)
{
    struct zta_walk walk;
    struct zta_blob key = ZTA_BLOB(place, ZTA_SIGNAL_KEY_BYTES);
    struct zta_blob value;
    uint64_t n_removed = 0;
    enum zta_status status = zta_walk_change(change, table, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &value);
    for (size_t i = 0; i < ZTA_SIGNAL_PRUNE_MOST && status == ZTA_OK; i++) {
        if (is_over(key, value, before_ns)) {
            status = zta_walk_remove(&walk);
            n_removed += status == ZTA_OK;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    memset(place, 0, ZTA_SIGNAL_KEY_BYTES);
    if (status == ZTA_OK && key.size == ZTA_SIGNAL_KEY_BYTES) {
        memcpy(place, key.data, ZTA_SIGNAL_KEY_BYTES);
    }
    zta_walk_end(&walk);
    *n = n_removed;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}
