/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures in a fleet: each is a record of its own, named by its target and by what it is. Those
 * of operators (holds) are merged by latest end and released; those of rules and transmitters come
 * from state/ of the node that made them, and stand in policy/ of the others.
 */
#include <stdlib.h>
#include <string.h>

#include "shared/store/env_priv.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/measures_priv.h"
#include "shared/store/schema_state.h"

#define HOLD_PREFIX_SIZE (sizeof(ZTA_HOLD_KEY) - 1)
#define NAME_SIZE        ZTA_SHA256_SIZE
#define KEY_SIZE         (ZTA_MEASURE_KEY_SIZE + NAME_SIZE)

struct lift_key {
    char bytes[sizeof(ZTA_LIFT_KEY) - 1 + NAME_SIZE];
};

void zta_measure_told_key(const struct zta_measure *measure, uint8_t key[ZTA_MEASURE_TOLD_SIZE])
{
    struct zta_measure_key target;
    zta_measure_key_make(ZTA_ENV_STATE, &measure->target, &target);
    memcpy(key, target.bytes, ZTA_MEASURE_KEY_SIZE);
    zta_measure_name(measure, key + ZTA_MEASURE_KEY_SIZE);
}

void zta_measure_touch_lift(struct zta_change *change, const struct zta_measure *measure,
                            bool is_gone)
{
    uint8_t key[ZTA_MEASURE_TOLD_SIZE];
    zta_measure_told_key(measure, key);
    zta_outbox_touch_topic(change, ZTA_FLEET_LIFT, ZTA_BLOB(key, sizeof key), is_gone);
}

void zta_measure_touch(struct zta_change *change, const struct zta_measure *measure, bool is_gone)
{
    uint8_t key[ZTA_MEASURE_TOLD_SIZE];
    zta_measure_told_key(measure, key);
    zta_outbox_touch_topic(
        change, measure->source == ZTA_MEASURE_OF_OPERATOR ? ZTA_FLEET_HOLD : ZTA_FLEET_MEASURE,
        ZTA_BLOB(key, sizeof key), is_gone);
}

/* The key of a target's record in an environment, from the told one. */
static struct zta_measure_key record_key(enum zta_env_id env, struct zta_blob told)
{
    struct zta_measure_key key = {.size = 0};
    if (env == ZTA_ENV_POLICY) {
        memcpy(key.bytes, ZTA_HOLD_KEY, HOLD_PREFIX_SIZE);
        key.size = HOLD_PREFIX_SIZE;
    }
    memcpy(key.bytes + key.size, told.data, ZTA_MEASURE_KEY_SIZE);
    key.size += ZTA_MEASURE_KEY_SIZE;
    return key;
}

bool zta_measure_has_told_key(struct zta_blob key)
{
    return key.size == KEY_SIZE && *(const uint8_t *)key.data > 0 &&
           *(const uint8_t *)key.data < ZTA_N_TARGET_KINDS;
}

/* That one of a record; NULL: it is not there. */
static const struct zta_measure *find(const struct zta_measure_record *record, struct zta_blob told)
{
    for (size_t i = 0; i < record->n; i++) {
        uint8_t key[ZTA_MEASURE_TOLD_SIZE];
        zta_measure_told_key(&record->entries[i], key);
        if (memcmp(key, told.data, sizeof key) == 0) {
            return &record->entries[i];
        }
    }
    return NULL;
}

/* ---- saying ---- */

/* A record of that one alone, without the number that it has here. */
static enum zta_status tell_one(const struct zta_measure *measure, struct zta_blob key,
                                struct zta_told *told)
{
    struct zta_measure_record one = {.target = measure->target, .n = 1, .entries = {*measure}};
    struct zta_writer writer;
    one.entries[0].id = 0;
    told->value = malloc(ZTA_MEASURE_ONE_MAX);
    if (told->value == NULL) {
        return ZTA_NO_MEMORY;
    }
    zta_writer_init(&writer, told->value, ZTA_MEASURE_ONE_MAX);
    memcpy(told->key, key.data, key.size);
    told->key_size = key.size;
    const enum zta_status status = zta_measure_encode(ZTA_ENV_POLICY, &one, &writer);
    told->size = writer.len;
    return status;
}

static enum zta_status tell_of(enum zta_env_id env, struct zta_blob key, struct zta_blob value,
                               struct zta_told *told)
{
    struct zta_measure_record record;
    const struct zta_measure_key where = record_key(env, key);
    if (zta_measure_decode(env, ZTA_BLOB(where.bytes, where.size), value, &record) != ZTA_OK) {
        return ZTA_NOT_FOUND; /* of state/, whatever httpd's user wrote there: it is not told */
    }
    const struct zta_measure *measure = find(&record, key);
    return measure == NULL ? ZTA_NOT_FOUND : tell_one(measure, key, told);
}

enum zta_status zta_hold_tell(struct zta_change *change, struct zta_blob key, struct zta_told *told)
{
    struct zta_blob value;
    const struct zta_measure_key where = record_key(ZTA_ENV_POLICY, key);
    const enum zta_status status =
        zta_change_get(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(where.bytes, where.size), &value);
    return status == ZTA_OK ? tell_of(ZTA_ENV_POLICY, key, value, told) : status;
}

enum zta_status zta_measure_tell(struct zta_change *change, struct zta_blob key,
                                 struct zta_told *told)
{
    struct zta_view *view = NULL;
    struct zta_blob value;
    const struct zta_measure_key where = record_key(ZTA_ENV_STATE, key);
    enum zta_status status = zta_view_begin(change->store, &view);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_view_get(view, ZTA_TABLE_MEASURES, ZTA_BLOB(where.bytes, where.size), &value);
    if (status == ZTA_OK) {
        status = tell_of(ZTA_ENV_STATE, key, value, told);
    }
    zta_view_end(&view);
    return status;
}

/* All of a join: each measure of the records of a walk that the topic tells. */
enum zta_status zta_hold_note_join(struct zta_change *change)
{
    struct zta_walk walk;
    struct zta_blob key = ZTA_BLOB(ZTA_HOLD_KEY, HOLD_PREFIX_SIZE);
    struct zta_blob value;
    struct zta_measure_record record;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_POLICY_META, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    for (status = zta_walk_seek(&walk, &key, &value);
         status == ZTA_OK && key.size > HOLD_PREFIX_SIZE &&
         memcmp(key.data, ZTA_HOLD_KEY, HOLD_PREFIX_SIZE) == 0;
         status = zta_walk_next(&walk, &key, &value)) {
        if (zta_measure_decode(ZTA_ENV_POLICY, key, value, &record) != ZTA_OK) {
            continue; /* the summary */
        }
        for (size_t i = 0; i < record.n; i++) {
            if (record.entries[i].source == ZTA_MEASURE_OF_OPERATOR) {
                zta_measure_touch(change, &record.entries[i], false);
            }
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* What its own helper made is noted in state/; a lift says nothing of whom it is about. */
enum zta_status zta_measure_note_join(struct zta_change *change)
{
    return ZTA_OK;
}

/* ---- hearing ---- */

enum zta_status zta_measure_decode_told(struct zta_blob key, struct zta_blob value,
                                        struct zta_measure_record *one)
{
    if (!zta_measure_has_told_key(key)) {
        return ZTA_CORRUPT;
    }
    const struct zta_measure_key where = record_key(ZTA_ENV_POLICY, key);
    const enum zta_status status =
        zta_measure_decode(ZTA_ENV_POLICY, ZTA_BLOB(where.bytes, where.size), value, one);
    return status == ZTA_OK && one->n == 1 && find(one, key) != NULL ? ZTA_OK : ZTA_CORRUPT;
}

static enum zta_status strength_of(struct zta_blob key, struct zta_blob value, bool is_operators,
                                   int64_t *strength)
{
    struct zta_measure_record one;
    if (zta_measure_decode_told(key, value, &one) != ZTA_OK ||
        (one.entries[0].source == ZTA_MEASURE_OF_OPERATOR) != is_operators) {
        return ZTA_CORRUPT;
    }
    *strength = one.entries[0].until_s;
    return ZTA_OK;
}

enum zta_status zta_hold_strength(struct zta_blob key, struct zta_blob value, int64_t *strength)
{
    return strength_of(key, value, true, strength);
}

enum zta_status zta_measure_strength(struct zta_blob key, struct zta_blob value, int64_t *strength)
{
    return strength_of(key, value, false, strength);
}

enum zta_status zta_measure_replace(struct zta_change *change, struct zta_blob key,
                                    struct zta_blob value)
{
    struct zta_measure_record one;
    const struct zta_measure_key where = record_key(ZTA_ENV_POLICY, key);
    const uint8_t *name = (const uint8_t *)key.data + ZTA_MEASURE_KEY_SIZE;
    if (value.data == NULL) {
        return zta_measure_set_heard(change, &where, name, NULL);
    }
    const enum zta_status status = zta_measure_decode_told(key, value, &one);
    return status == ZTA_OK ? zta_measure_set_heard(change, &where, name, &one.entries[0]) : status;
}

/* ---- lifts ---- */

/* Where the lift of that measure stands. */
static struct lift_key lift_key_of(struct zta_blob told)
{
    struct lift_key key;
    memcpy(key.bytes, ZTA_LIFT_KEY, sizeof(ZTA_LIFT_KEY) - 1);
    memcpy(key.bytes + sizeof(ZTA_LIFT_KEY) - 1, (const uint8_t *)told.data + ZTA_MEASURE_KEY_SIZE,
           NAME_SIZE);
    return key;
}

static enum zta_status get_lift(struct zta_change *change, struct zta_blob told,
                                struct zta_blob *lift)
{
    const struct lift_key key = lift_key_of(told);
    const enum zta_status status =
        zta_change_get(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, sizeof key.bytes), lift);
    return status == ZTA_OK && lift->size != ZTA_LIFT_SIZE ? ZTA_CORRUPT : status;
}

/* What an operator lifted leaves those that began after it to count. */
enum zta_status zta_measure_is_out(struct zta_change *change, const struct zta_statement *statement,
                                   bool *is_out)
{
    struct zta_measure_record one;
    struct zta_blob lift;
    const struct zta_blob key = ZTA_BLOB(statement->key.data, statement->key.len);
    const struct zta_blob value = ZTA_BLOB(statement->value.data, statement->value.len);
    enum zta_status status = zta_measure_decode_told(key, value, &one);
    if (status != ZTA_OK) {
        return status;
    }
    status = get_lift(change, key, &lift);
    *is_out = status == ZTA_OK && one.entries[0].created_ns <= (int64_t)zta_get_u64(lift.data);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_lift_tell(struct zta_change *change, struct zta_blob key, struct zta_told *told)
{
    struct zta_blob lift;
    const enum zta_status status = get_lift(change, key, &lift);
    if (status != ZTA_OK) {
        return status;
    }
    told->value = malloc(lift.size);
    if (told->value == NULL) {
        return ZTA_NO_MEMORY;
    }
    memcpy(told->value, lift.data, lift.size);
    told->size = lift.size;
    memcpy(told->key, key.data, key.size);
    told->key_size = key.size;
    return ZTA_OK;
}

enum zta_status zta_lift_strength(struct zta_blob key, struct zta_blob value, int64_t *strength)
{
    *strength = 0; /* the latest counts */
    return zta_measure_has_told_key(key) && value.size == ZTA_LIFT_SIZE ? ZTA_OK : ZTA_CORRUPT;
}

int64_t zta_lift_version(struct zta_blob value)
{
    return (int64_t)zta_get_u64((const uint8_t *)value.data + ZTA_LIFT_AT_CHANGED);
}

static enum zta_status put_lift(struct zta_change *change, struct zta_blob told,
                                struct zta_blob value)
{
    const struct lift_key place = lift_key_of(told);
    const struct zta_blob key = ZTA_BLOB(place.bytes, sizeof place.bytes);
    uint8_t lift[ZTA_LIFT_SIZE];
    struct zta_blob found;
    enum zta_status status = get_lift(change, told, &found);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    if (value.data == NULL) {
        return status == ZTA_OK ? zta_change_remove(change, ZTA_TABLE_POLICY_META, key) : ZTA_OK;
    }
    memcpy(lift, value.data, sizeof lift);
    if (status == ZTA_NOT_FOUND || zta_lift_version(found) != zta_lift_version(value)) {
        zta_put_u64(lift + ZTA_LIFT_AT_ACTION, 0); /* its action is one of another node's trail */
    }
    return zta_change_put(change, ZTA_TABLE_POLICY_META, key, ZTA_BLOB(lift, sizeof lift));
}

enum zta_status zta_lift_replace(struct zta_change *change, struct zta_blob key,
                                 struct zta_blob value)
{
    const struct zta_statement about = {.topic = ZTA_FLEET_MEASURE,
                                        .key = {.data = key.data, .len = key.size}};
    const enum zta_status status = put_lift(change, key, value);
    return status == ZTA_OK ? zta_fleet_apply(change, &about) : status;
}

enum zta_status zta_measure_told_target(struct zta_blob key, struct zta_blob value,
                                        struct zta_target *target)
{
    struct zta_measure_record one;
    const enum zta_status status = zta_measure_decode_told(key, value, &one);
    if (status == ZTA_OK) {
        *target = one.target;
    }
    return status;
}
