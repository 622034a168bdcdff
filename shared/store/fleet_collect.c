/* SPDX-License-Identifier: Apache-2.0 */
/* What the helper noted in state/ becomes notes of policy/: the only way from there to a fleet. */
#include "shared/store/fleet_collect.h"

#include <string.h>

#include "shared/base/bytes.h"
#include "shared/store/fleet_priv.h"
#include "shared/store/schema_policy.h"

static const struct zta_blob noted_key = {.data = ZTA_FLEET_NOTED_KEY,
                                          .size = sizeof(ZTA_FLEET_NOTED_KEY) - 1};

/* The number of the last note; 0: there is none. */
static enum zta_status last_note(struct zta_view *view, uint64_t *number)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    *number = 0;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_FLEET_NOTES, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_last(&walk, &key, &value);
    if (status == ZTA_OK && key.size == sizeof *number) {
        *number = zta_get_u64(key.data);
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* A state/ that was made anew begins below what was noted of the former one: all of it is new. */
static uint64_t place_of(struct zta_blob record, enum zta_status status, uint64_t last)
{
    const uint64_t place =
        status == ZTA_OK && record.size == sizeof place ? zta_get_u64(record.data) : 0;
    return place <= last ? place : 0;
}

enum zta_status zta_fleet_has_notes(struct zta_view *view, bool *has_some)
{
    struct zta_blob record;
    uint64_t last;
    enum zta_status status = last_note(view, &last);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_view_get(view, ZTA_TABLE_POLICY_META, noted_key, &record);
    *has_some = place_of(record, status, last) != last;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

struct collecting {
    struct zta_change *change;
    uint64_t place;
    size_t left;
};

/* No key of these is longer, nor is anything of them ever gone. */
static bool is_told(struct zta_blob note)
{
    const uint8_t *bytes = note.data;
    const struct zta_topic *topic =
        note.size > ZTA_OUTBOX_HEAD_SIZE ? zta_topic_find(bytes[0]) : NULL;
    return topic != NULL && topic->is_automatic && !topic->grants && bytes[1] == 0 &&
           note.size - ZTA_OUTBOX_HEAD_SIZE <= ZTA_STORE_KEY_MAX &&
           topic->has_noted_key(
               ZTA_BLOB(bytes + ZTA_OUTBOX_HEAD_SIZE, note.size - ZTA_OUTBOX_HEAD_SIZE));
}

static enum zta_status collect(void *context, struct zta_blob key, struct zta_blob value,
                               bool *goes_on)
{
    struct collecting *collecting = context;
    const uint8_t *bytes = value.data;
    enum zta_status status = ZTA_OK;
    if (key.size != sizeof collecting->place) {
        return ZTA_OK;
    }
    if (is_told(value)) {
        status = zta_outbox_note(
            collecting->change, bytes[0],
            ZTA_BLOB(bytes + ZTA_OUTBOX_HEAD_SIZE, value.size - ZTA_OUTBOX_HEAD_SIZE), false);
    }
    collecting->place = zta_get_u64(key.data);
    collecting->left--;
    *goes_on = collecting->left > 0;
    return status;
}

enum zta_status zta_fleet_collect(struct zta_change *change, struct zta_view *view)
{
    struct zta_blob record;
    uint8_t place[sizeof(uint64_t)];
    uint64_t last;
    enum zta_status status = last_note(view, &last);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_change_get(change, ZTA_TABLE_POLICY_META, noted_key, &record);
    struct collecting collecting = {
        .change = change, .place = place_of(record, status, last), .left = ZTA_FLEET_BATCH};
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        status = zta_view_each_above(view, ZTA_TABLE_FLEET_NOTES, collecting.place, collect,
                                     &collecting);
    }
    zta_put_u64(place, collecting.place);
    return status == ZTA_OK ? zta_change_put(change, ZTA_TABLE_POLICY_META, noted_key,
                                             ZTA_BLOB(place, sizeof place))
                            : status;
}
