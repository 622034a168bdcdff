/* SPDX-License-Identifier: Apache-2.0 */
/* Walks that find what has ended, a few records at a time, and remove it. */
#include <string.h>

#include "shared/store/measures_priv.h"
#include "shared/store/schema_state.h"

static bool has_ended(const struct zta_measure_record *record, int64_t now_s)
{
    for (size_t i = 0; i < record->n; i++) {
        if (record->entries[i].until_s <= now_s) {
            return true;
        }
    }
    return false;
}

/* Targets that have something to prune, found by a walk and changed behind it. */
#define PRUNE_BATCH 64
struct found {
    size_t n;
    struct zta_target targets[PRUNE_BATCH];
    char texts[PRUNE_BATCH][ZTA_NAME_MAX + ZTA_SUBJECT_MAX];
};

static void note_found(struct found *found, const struct zta_target *target)
{
    struct zta_target *copy = &found->targets[found->n];
    char *at = found->texts[found->n];
    *copy = *target;
    if (!zta_text_is_absent(target->issuer)) {
        memcpy(at, target->issuer.data, target->issuer.len);
        copy->issuer.data = at;
        at += target->issuer.len;
    }
    if (!zta_text_is_absent(target->name)) {
        memcpy(at, target->name.data, target->name.len);
        copy->name.data = at;
    }
    found->n++;
}

static enum zta_status prune_found(struct zta_change *change, enum zta_env_id env,
                                   const struct found *found, int64_t now_s, uint64_t *n)
{
    enum zta_status status = ZTA_OK;
    for (size_t i = 0; i < found->n && status == ZTA_OK; i++) {
        status = zta_measure_drop_ended(change, env, &found->targets[i], now_s, n);
    }
    return status;
}

enum zta_status zta_measures_prune(struct zta_change *change, uint8_t place[ZTA_MEASURE_KEY_SIZE],
                                   int64_t now_s, size_t most, uint64_t *n)
{
    struct zta_walk walk;
    struct zta_blob key = ZTA_BLOB(place, ZTA_MEASURE_KEY_SIZE);
    struct zta_blob value;
    struct zta_measure_record record;
    struct found found = {.n = 0};
    uint64_t n_removed = 0;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_MEASURES, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &value);
    for (size_t i = 0; i < most && found.n < PRUNE_BATCH && status == ZTA_OK; i++) {
        if (zta_measure_decode(ZTA_ENV_STATE, key, value, &record) == ZTA_OK &&
            has_ended(&record, now_s)) {
            note_found(&found, &record.target);
        }
        status = zta_walk_next(&walk, &key, &value);
    }
    memset(place, 0, ZTA_MEASURE_KEY_SIZE);
    if (status == ZTA_OK && key.size == ZTA_MEASURE_KEY_SIZE) {
        memcpy(place, key.data, ZTA_MEASURE_KEY_SIZE);
    }
    zta_walk_end(&walk);
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        status = prune_found(change, ZTA_ENV_STATE, &found, now_s, &n_removed);
    }
    *n = n_removed;
    return status;
}

/* Walks what has this prefix in policy/'s meta table. */
static enum zta_status seek_prefix(struct zta_walk *walk, struct zta_text prefix,
                                   struct zta_blob *key, struct zta_blob *value)
{
    *key = ZTA_BLOB(prefix.data, prefix.len);
    return zta_walk_seek(walk, key, value);
}

static bool has_prefix(struct zta_blob key, struct zta_text prefix)
{
    return zta_text_starts_with((struct zta_text){.data = key.data, .len = key.size}, prefix);
}

static enum zta_status find_ended_holds(struct zta_walk *walk, int64_t now_s, struct found *found)
{
    const struct zta_text prefix = ZTA_TEXT(ZTA_HOLD_KEY);
    struct zta_measure_record record;
    struct zta_blob key;
    struct zta_blob value;
    enum zta_status status = seek_prefix(walk, prefix, &key, &value);
    while (status == ZTA_OK && has_prefix(key, prefix) && found->n < PRUNE_BATCH) {
        if (zta_measure_decode(ZTA_ENV_POLICY, key, value, &record) == ZTA_OK &&
            has_ended(&record, now_s)) {
            note_found(found, &record.target);
        }
        status = zta_walk_next(walk, &key, &value);
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

static enum zta_status remove_old_lifts(struct zta_walk *walk, int64_t now_s, uint64_t *n)
{
    const struct zta_text prefix = ZTA_TEXT(ZTA_LIFT_KEY);
    struct zta_blob key;
    struct zta_blob value;
    enum zta_status status = seek_prefix(walk, prefix, &key, &value);
    while (status == ZTA_OK && has_prefix(key, prefix)) {
        const uint8_t *bytes = value.data;
        if (value.size == ZTA_LIFT_SIZE && (int64_t)zta_get_u64(bytes + 32) <= now_s) {
            status = zta_walk_remove(walk);
            *n += status == ZTA_OK;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(walk, &key, &value);
        }
    }
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_measures_prune_policy(struct zta_change *change, int64_t now_s, uint64_t *n)
{
    struct zta_walk walk;
    struct found found = {.n = 0};
    uint64_t n_removed = 0;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_POLICY_META, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = remove_old_lifts(&walk, now_s, &n_removed);
    if (status == ZTA_OK) {
        status = find_ended_holds(&walk, now_s, &found);
    }
    zta_walk_end(&walk);
    if (status == ZTA_OK) {
        status = prune_found(change, ZTA_ENV_POLICY, &found, now_s, &n_removed);
    }
    *n = n_removed;
    return status;
}
