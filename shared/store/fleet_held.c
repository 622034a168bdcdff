/* SPDX-License-Identifier: Apache-2.0 */
/* Statements that are kept without effect, because they were above the bound. */
#include "shared/store/fleet_held.h"

#include <string.h>

#include "shared/base/bytes.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"

static enum zta_status put_mark(struct zta_change *change, struct zta_blob name, bool is_dropped,
                                int64_t now_s)
{
    uint8_t mark[ZTA_HELD_SIZE];
    mark[0] = is_dropped ? 1 : 0;
    zta_put_u64(mark + 1, (uint64_t)now_s);
    return zta_change_put(change, ZTA_TABLE_FLEET_HELD, name, ZTA_BLOB(mark, sizeof mark));
}

enum zta_status zta_fleet_check_held(struct zta_blob key, struct zta_blob value)
{
    const uint8_t *mark = value.data;
    return key.size == ZTA_STATEMENT_NAME_SIZE && value.size == ZTA_HELD_SIZE && mark[0] <= 1
               ? ZTA_OK
               : ZTA_CORRUPT;
}

enum zta_status zta_fleet_hold(struct zta_change *change, const struct zta_statement *statement,
                               int64_t now_s)
{
    uint8_t name[ZTA_STATEMENT_NAME_SIZE];
    zta_statement_name(statement, name);
    return put_mark(change, ZTA_BLOB(name, sizeof name), false, now_s);
}

enum zta_status zta_fleet_is_held(struct zta_change *change, struct zta_blob name, bool *is_so)
{
    struct zta_blob mark;
    const enum zta_status status = zta_change_get(change, ZTA_TABLE_FLEET_HELD, name, &mark);
    *is_so = status == ZTA_OK;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

struct listening {
    struct zta_view *view;
    zta_fleet_held_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listening *listening = context;
    struct zta_fleet_held held;
    struct zta_blob bytes;
    if (zta_fleet_check_held(key, value) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    const enum zta_status status =
        zta_view_get(listening->view, ZTA_TABLE_FLEET_STATEMENTS, key, &bytes);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_CORRUPT : status;
    }
    const struct zta_text said = {.data = bytes.data, .len = bytes.size};
    if (zta_statement_read(said, &held.statement) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    const uint8_t *mark = value.data;
    memcpy(held.name, key.data, sizeof held.name);
    held.is_dropped = mark[0] == 1;
    held.since_s = (int64_t)zta_get_u64(mark + 1);
    *goes_on = listening->fn(listening->context, &held);
    return ZTA_OK;
}

enum zta_status zta_fleet_each_held(struct zta_view *view, zta_fleet_held_fn fn, void *context)
{
    struct listening listening = {.view = view, .fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_FLEET_HELD, tell, &listening);
}

enum zta_status zta_fleet_apply_held(struct zta_change *change,
                                     const uint8_t name[ZTA_STATEMENT_NAME_SIZE])
{
    const struct zta_blob key = ZTA_BLOB(name, ZTA_STATEMENT_NAME_SIZE);
    struct zta_draft copy = {.is_there = false};
    struct zta_blob bytes;
    struct zta_statement statement;
    enum zta_status status = zta_change_remove(change, ZTA_TABLE_FLEET_HELD, key);
    if (status == ZTA_OK) {
        status = zta_change_get(change, ZTA_TABLE_FLEET_STATEMENTS, key, &bytes);
    }
    if (status == ZTA_OK) {
        status = zta_draft_set_bytes(&copy, bytes);
    }
    if (status == ZTA_OK) {
        const struct zta_text said = {.data = (const char *)copy.bytes, .len = copy.size};
        status = zta_statement_read(said, &statement) == ZTA_OK ? ZTA_OK : ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        status = zta_fleet_apply(change, &statement);
    }
    zta_draft_clear(&copy);
    return status;
}

enum zta_status zta_fleet_drop_held(struct zta_change *change,
                                    const uint8_t name[ZTA_STATEMENT_NAME_SIZE], int64_t now_s)
{
    const struct zta_blob key = ZTA_BLOB(name, ZTA_STATEMENT_NAME_SIZE);
    bool is_held;
    const enum zta_status status = zta_fleet_is_held(change, key, &is_held);
    if (status != ZTA_OK) {
        return status;
    }
    return is_held ? put_mark(change, key, true, now_s) : ZTA_NOT_FOUND;
}

static bool count_one(void *context, const struct zta_fleet_held *held)
{
    *(uint64_t *)context += !held->is_dropped;
    return true;
}

enum zta_status zta_fleet_count_held(struct zta_view *view, uint64_t *n)
{
    *n = 0;
    return zta_fleet_each_held(view, count_one, n);
}

enum zta_status zta_fleet_target(const struct zta_statement *statement, struct zta_target *target)
{
    const struct zta_topic *topic = zta_topic_find(statement->topic);
    struct zta_target found = {.kind = ZTA_TARGET_EVERYONE};
    if (topic == NULL || statement->is_gone || topic->target == NULL) {
        return ZTA_INVALID;
    }
    const enum zta_status status =
        topic->target(ZTA_BLOB(statement->key.data, statement->key.len),
                      ZTA_BLOB(statement->value.data, statement->value.len), &found);
    if (status == ZTA_OK) {
        *target = found;
    }
    return status;
}
