/* SPDX-License-Identifier: Apache-2.0 */
/* Measured threat levels as a topic of a fleet: the latest of each node, by its origin. */
#include "shared/store/fleet_threat.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/schema_policy.h"

#define PREFIX_SIZE (sizeof(ZTA_FLEET_THREAT_KEY) - 1)

bool zta_fleet_threat_is_due(const struct zta_fleet_threat_said *said, enum zta_threat_level level,
                             int64_t now_s)
{
    return level != said->level ||
           (level != ZTA_THREAT_NORMAL &&
            zta_fleet_age_s(said->time_s, now_s) >= ZTA_FLEET_THREAT_TELL_S);
}

void zta_fleet_threat_note(struct zta_change *change, enum zta_threat_level level)
{
    const uint8_t note = (uint8_t)level;
    zta_outbox_touch_topic(change, ZTA_FLEET_THREAT, ZTA_BLOB(&note, sizeof note), false);
}

bool zta_fleet_threat_has_noted_key(struct zta_blob key)
{
    return key.size == 1 && *(const uint8_t *)key.data < ZTA_N_THREAT_LEVELS;
}

/* The note says all of it: the level, and when. */
enum zta_status zta_fleet_threat_tell(struct zta_change *change, struct zta_blob key,
                                      struct zta_told *told)
{
    told->value = malloc(ZTA_FLEET_THREAT_SIZE);
    if (told->value == NULL) {
        return ZTA_NO_MEMORY;
    }
    told->value[0] = *(const uint8_t *)key.data;
    zta_put_u64(told->value + 1, (uint64_t)(told->noted_ns / ZTA_NS_PER_S));
    told->size = ZTA_FLEET_THREAT_SIZE;
    memcpy(told->key, zta_change_origin(change), ZTA_ORIGIN_SIZE);
    told->key_size = ZTA_ORIGIN_SIZE;
    return ZTA_OK;
}

static bool read_value(struct zta_blob value, struct zta_fleet_threat_said *said)
{
    const uint8_t *bytes = value.data;
    if (value.size != ZTA_FLEET_THREAT_SIZE || bytes[0] >= ZTA_N_THREAT_LEVELS) {
        return false;
    }
    said->level = (enum zta_threat_level)bytes[0];
    said->time_s = (int64_t)zta_get_u64(bytes + 1);
    return said->time_s > 0 && said->time_s <= INT64_MAX / ZTA_NS_PER_S;
}

enum zta_status zta_fleet_threat_strength(struct zta_blob key, struct zta_blob value,
                                          int64_t *strength)
{
    struct zta_fleet_threat_said said;
    if (key.size != ZTA_ORIGIN_SIZE || !read_value(value, &said)) {
        return ZTA_CORRUPT;
    }
    *strength = said.time_s * ZTA_NS_PER_S;
    return ZTA_OK;
}

enum zta_status zta_fleet_threat_replace(struct zta_change *change, struct zta_blob key,
                                         struct zta_blob value)
{
    char name[PREFIX_SIZE + ZTA_ORIGIN_SIZE];
    memcpy(name, ZTA_FLEET_THREAT_KEY, PREFIX_SIZE);
    memcpy(name + PREFIX_SIZE, key.data, ZTA_ORIGIN_SIZE);
    const struct zta_blob place = ZTA_BLOB(name, sizeof name);
    if (value.data != NULL) {
        return zta_change_put(change, ZTA_TABLE_POLICY_META, place, value);
    }
    const enum zta_status status = zta_change_remove(change, ZTA_TABLE_POLICY_META, place);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

struct finding {
    int64_t now_s;
    enum zta_threat_level level;
};

static enum zta_status see(void *context, struct zta_blob key, struct zta_blob value, bool *goes_on)
{
    struct finding *finding = context;
    struct zta_fleet_threat_said said;
    *goes_on = key.size >= PREFIX_SIZE && memcmp(key.data, ZTA_FLEET_THREAT_KEY, PREFIX_SIZE) == 0;
    if (!*goes_on) {
        return ZTA_OK;
    }
    if (!read_value(value, &said)) {
        return ZTA_CORRUPT;
    }
    if (zta_fleet_age_s(said.time_s, finding->now_s) <= ZTA_FLEET_THREAT_S &&
        said.level > finding->level) {
        finding->level = said.level;
    }
    return ZTA_OK;
}

enum zta_status zta_fleet_threat_find(struct zta_view *view, int64_t now_s,
                                      enum zta_threat_level *level)
{
    struct finding finding = {.now_s = now_s, .level = ZTA_THREAT_NORMAL};
    const enum zta_status status = zta_view_each_from(
        view, ZTA_TABLE_POLICY_META, ZTA_BLOB(ZTA_FLEET_THREAT_KEY, PREFIX_SIZE), see, &finding);
    if (status == ZTA_OK) {
        *level = finding.level;
    }
    return status;
}
