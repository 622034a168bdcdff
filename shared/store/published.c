/* SPDX-License-Identifier: Apache-2.0 */
/* What the running server publishes: one heartbeat, and lists that are written whole. */
#include "shared/store/published.h"

#include <stdlib.h>
#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/keys.h"
#include "shared/store/prune_priv.h"
#include "shared/store/published_governor.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

/* Lists; the letter and a u32 index are the key. */
enum list {
    LOCATIONS = 'L',
    RULES = 'R',
    ISSUERS = 'I',
    ALERTS = 'A',
};

#define LIST_KEY_SIZE 5
/* Room for a location or alert; only rules are longer, and they are stored as they are. */
#define RECORD_SIZE       4096
#define TEXT_MAX          1500
#define HEARTBEAT_VERSION 2 /* of 1: without the threat level, which reads as normal */
#define COUNTERS_MAX      256
#define HEARTBEAT_SIZE    (128 + 8 * COUNTERS_MAX)

_Static_assert(2 * (TEXT_MAX + 2) + 64 <= RECORD_SIZE, "two texts and the fixed part fit");

static struct zta_text cut(struct zta_text text)
{
    text.len = text.len > TEXT_MAX ? TEXT_MAX : text.len;
    return text;
}

static struct zta_blob list_key(uint8_t key[LIST_KEY_SIZE], enum list list, size_t index)
{
    key[0] = (uint8_t)list;
    zta_put_u32(key + 1, (uint32_t)index);
    return ZTA_BLOB(key, LIST_KEY_SIZE);
}

static bool is_in_list(struct zta_blob key, enum list list)
{
    return key.size == LIST_KEY_SIZE && *(const uint8_t *)key.data == (uint8_t)list;
}

static bool is_cleared(void *context, struct zta_blob key)
{
    const enum list *list = context;
    return is_in_list(key, *list);
}

static enum zta_status clear(struct zta_change *change, enum list list)
{
    uint8_t first[LIST_KEY_SIZE];
    const struct zta_trim trim = {.table = ZTA_TABLE_PUBLISHED,
                                  .from = list_key(first, list, 0),
                                  .most = UINT64_MAX,
                                  .goes = is_cleared,
                                  .context = &list};
    return zta_table_trim(change, &trim, NULL);
}

static enum zta_status put(struct zta_change *change, enum list list, size_t index,
                           const struct zta_writer *record)
{
    if (record->is_overflowed || index > UINT32_MAX) {
        return ZTA_TOO_LARGE;
    }
    uint8_t key[LIST_KEY_SIZE];
    return zta_change_put(change, ZTA_TABLE_PUBLISHED, list_key(key, list, index),
                          ZTA_BLOB(record->data, record->len));
}

/* Hands each record of a list to fn until it says no or the record is bad. */
typedef enum zta_status (*record_fn)(void *context, struct zta_reader *reader, bool *is_wanted);

struct telling {
    enum list list;
    record_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct telling *telling = context;
    struct zta_reader reader;
    if (!is_in_list(key, telling->list)) {
        *goes_on = false;
        return ZTA_OK;
    }
    zta_reader_init(&reader, value.data, value.size);
    return telling->fn(telling->context, &reader, goes_on);
}

static enum zta_status each(struct zta_view *view, enum list list, record_fn fn, void *context)
{
    struct telling telling = {.list = list, .fn = fn, .context = context};
    uint8_t first[LIST_KEY_SIZE];
    return zta_view_each_from(view, ZTA_TABLE_PUBLISHED, list_key(first, list, 0), tell, &telling);
}

/* Of a location. */
enum {
    IS_LOWER = 1,
    IS_PATTERN = 2
};

enum zta_status zta_published_put_locations(struct zta_change *change,
                                            const struct zta_published_location *locations,
                                            size_t n)
{
    enum zta_status status = clear(change, LOCATIONS);
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        const struct zta_published_location *location = &locations[i];
        uint8_t record[RECORD_SIZE];
        struct zta_writer writer;
        zta_writer_init(&writer, record, sizeof record);
        zta_write_text(&writer, cut(location->server));
        zta_write_text(&writer, cut(location->path));
        zta_write_u8(&writer, (uint8_t)((location->is_lower ? IS_LOWER : 0) |
                                        (location->is_pattern ? IS_PATTERN : 0)));
        zta_write_u8(&writer, location->stance.stage);
        zta_write_u8(&writer, location->stance.monitor);
        zta_write_u8(&writer, location->stance.allows_by_default);
        zta_write_u8(&writer, ZTA_N_FEATURES);
        zta_write_bytes(&writer, location->stance.modes, ZTA_N_FEATURES);
        status = put(change, LOCATIONS, i, &writer);
    }
    return status;
}

struct location_walk {
    zta_published_location_fn fn;
    void *context;
};

static enum zta_status read_location(void *context, struct zta_reader *reader, bool *is_wanted)
{
    const struct location_walk *walk = context;
    struct zta_published_location location = {
        .server = zta_read_text(reader),
        .path = zta_read_text(reader),
    };
    const uint8_t flags = zta_read_u8(reader);
    location.is_lower = (flags & IS_LOWER) != 0;
    location.is_pattern = (flags & IS_PATTERN) != 0;
    location.stance.stage = zta_read_u8(reader);
    location.stance.monitor = zta_read_u8(reader);
    location.stance.allows_by_default = zta_read_u8(reader);
    /* A server of another build may know more or fewer features. */
    size_t n = zta_read_u8(reader);
    for (size_t i = 0; i < n; i++) {
        uint8_t mode = zta_read_u8(reader);
        if (i < ZTA_N_FEATURES) {
            location.stance.modes[i] = mode > ZTA_MODE_ENFORCE ? ZTA_MODE_OFF : mode;
        }
    }
    if (!zta_reader_is_done(reader)) {
        return ZTA_CORRUPT;
    }
    *is_wanted = walk->fn(walk->context, &location);
    return ZTA_OK;
}

enum zta_status zta_published_each_location(struct zta_view *view, zta_published_location_fn fn,
                                            void *context)
{
    struct location_walk walk = {.fn = fn, .context = context};
    return each(view, LOCATIONS, read_location, &walk);
}

enum zta_status zta_published_put_rules(struct zta_change *change, struct zta_text name,
                                        struct zta_text text, size_t index, size_t n)
{
    enum zta_status status = index == 0 ? clear(change, RULES) : ZTA_OK;
    if (status != ZTA_OK || n == 0) {
        return status;
    }
    /* A u32 length, because rules are longer than a text of a record may be. */
    size_t size = 2 + TEXT_MAX + 4 + text.len;
    if (text.len > UINT32_MAX) {
        return ZTA_TOO_LARGE;
    }
    uint8_t *record = malloc(size);
    if (record == NULL) {
        return ZTA_NO_MEMORY;
    }
    struct zta_writer writer;
    zta_writer_init(&writer, record, size);
    zta_write_text(&writer, cut(name));
    zta_write_u32(&writer, (uint32_t)text.len);
    zta_write_bytes(&writer, text.data, text.len);
    status = put(change, RULES, index, &writer);
    free(record);
    return status;
}

struct text_walk {
    zta_published_text_fn fn;
    void *context;
};

static enum zta_status read_rules(void *context, struct zta_reader *reader, bool *is_wanted)
{
    const struct text_walk *walk = context;
    struct zta_text name = zta_read_text(reader);
    size_t len = zta_read_u32(reader);
    if (reader->is_bad || len != reader->size - reader->pos) {
        return ZTA_CORRUPT;
    }
    struct zta_text text = {.data = (const char *)reader->data + reader->pos, .len = len};
    *is_wanted = walk->fn(walk->context, name, text);
    return ZTA_OK;
}

enum zta_status zta_published_each_rules(struct zta_view *view, zta_published_text_fn fn,
                                         void *context)
{
    struct text_walk walk = {.fn = fn, .context = context};
    return each(view, RULES, read_rules, &walk);
}

enum zta_status zta_published_put_issuers(struct zta_change *change, const struct zta_text *names,
                                          const struct zta_text *urls, size_t n)
{
    enum zta_status status = clear(change, ISSUERS);
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        uint8_t record[RECORD_SIZE];
        struct zta_writer writer;
        zta_writer_init(&writer, record, sizeof record);
        zta_write_text(&writer, cut(names[i]));
        zta_write_text(&writer, cut(urls[i]));
        status = put(change, ISSUERS, i, &writer);
    }
    return status;
}

static enum zta_status read_issuer(void *context, struct zta_reader *reader, bool *is_wanted)
{
    const struct text_walk *walk = context;
    struct zta_text name = zta_read_text(reader);
    struct zta_text url = zta_read_text(reader);
    if (!zta_reader_is_done(reader)) {
        return ZTA_CORRUPT;
    }
    *is_wanted = walk->fn(walk->context, name, url);
    return ZTA_OK;
}

enum zta_status zta_published_each_issuer(struct zta_view *view, zta_published_text_fn fn,
                                          void *context)
{
    struct text_walk walk = {.fn = fn, .context = context};
    return each(view, ISSUERS, read_issuer, &walk);
}

enum zta_status zta_published_put_alerts(struct zta_change *change,
                                         const struct zta_published_alert *alerts, size_t n)
{
    enum zta_status status = clear(change, ALERTS);
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        uint8_t record[RECORD_SIZE];
        struct zta_writer writer;
        zta_writer_init(&writer, record, sizeof record);
        zta_write_text(&writer, cut(alerts[i].name));
        zta_write_text(&writer, cut(alerts[i].text));
        zta_write_u64(&writer, (uint64_t)alerts[i].since_s);
        status = put(change, ALERTS, i, &writer);
    }
    return status;
}

struct alert_walk {
    zta_published_alert_fn fn;
    void *context;
};

static enum zta_status read_alert(void *context, struct zta_reader *reader, bool *is_wanted)
{
    const struct alert_walk *walk = context;
    struct zta_published_alert alert = {
        .name = zta_read_text(reader),
        .text = zta_read_text(reader),
    };
    alert.since_s = (int64_t)zta_read_u64(reader);
    if (!zta_reader_is_done(reader)) {
        return ZTA_CORRUPT;
    }
    *is_wanted = walk->fn(walk->context, &alert);
    return ZTA_OK;
}

enum zta_status zta_published_each_alert(struct zta_view *view, zta_published_alert_fn fn,
                                         void *context)
{
    struct alert_walk walk = {.fn = fn, .context = context};
    return each(view, ALERTS, read_alert, &walk);
}

static struct zta_text held(const char *text, size_t size)
{
    return (struct zta_text){.data = text, .len = strnlen(text, size - 1)};
}

/* Into a field that is zeroed; false: it does not fit. */
static bool take(struct zta_text text, char *field, size_t size)
{
    if (text.len >= size) {
        return false;
    }
    if (text.len > 0) {
        memcpy(field, text.data, text.len);
    }
    return true;
}

enum zta_status zta_published_put_heartbeat(struct zta_change *change,
                                            const struct zta_heartbeat *heartbeat,
                                            const uint64_t *counters, size_t n_counters)
{
    uint8_t record[HEARTBEAT_SIZE];
    struct zta_writer writer;
    zta_writer_init(&writer, record, sizeof record);
    zta_write_u8(&writer, HEARTBEAT_VERSION);
    zta_write_u8(&writer, (uint8_t)heartbeat->threat);
    zta_write_u64(&writer, (uint64_t)heartbeat->threat_since_s);
    zta_write_text(&writer, held(heartbeat->threat_reason, sizeof heartbeat->threat_reason));
    zta_write_u64(&writer, (uint64_t)heartbeat->time_s);
    zta_write_u64(&writer, (uint64_t)heartbeat->started_s);
    zta_write_u32(&writer, (uint32_t)heartbeat->pid);
    zta_write_u32(&writer, heartbeat->n_children);
    zta_write_u32(&writer, heartbeat->config_generation);
    zta_write_u64(&writer, heartbeat->segment_id);
    zta_write_u64(&writer, heartbeat->ring_head);
    zta_write_u64(&writer, heartbeat->ring_tail);
    zta_write_u64(&writer, heartbeat->ring_capacity);
    zta_write_text(&writer, held(heartbeat->version, sizeof heartbeat->version));
    zta_write_u16(&writer, (uint16_t)n_counters);
    for (size_t i = 0; i < n_counters; i++) {
        zta_write_u64(&writer, counters[i]);
    }
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    return zta_change_put(change, ZTA_TABLE_PUBLISHED,
                          ZTA_BLOB(ZTA_HEARTBEAT_KEY, strlen(ZTA_HEARTBEAT_KEY)),
                          ZTA_BLOB(record, writer.len));
}

static enum zta_status decode_heartbeat(struct zta_blob record, struct zta_heartbeat *heartbeat,
                                        uint64_t *counters, size_t n_counters)
{
    struct zta_reader reader;
    zta_reader_init(&reader, record.data, record.size);
    uint8_t version = zta_read_u8(&reader);
    struct zta_heartbeat read = {.threat = ZTA_THREAT_NORMAL};
    bool is_good = version == 1;
    if (version == HEARTBEAT_VERSION) {
        read.threat = (enum zta_threat_level)zta_read_u8(&reader);
        read.threat_since_s = (int64_t)zta_read_u64(&reader);
        is_good = take(zta_read_text(&reader), read.threat_reason, sizeof read.threat_reason) &&
                  read.threat < ZTA_N_THREAT_LEVELS;
    }
    read.time_s = (int64_t)zta_read_u64(&reader);
    read.started_s = (int64_t)zta_read_u64(&reader);
    read.pid = (int32_t)zta_read_u32(&reader);
    read.n_children = zta_read_u32(&reader);
    read.config_generation = zta_read_u32(&reader);
    read.segment_id = zta_read_u64(&reader);
    read.ring_head = zta_read_u64(&reader);
    read.ring_tail = zta_read_u64(&reader);
    read.ring_capacity = zta_read_u64(&reader);
    struct zta_text text = zta_read_text(&reader);
    size_t n = zta_read_u16(&reader);
    if (!is_good || reader.is_bad || !take(text, read.version, sizeof read.version) ||
        n * 8 != reader.size - reader.pos) {
        return ZTA_CORRUPT;
    }
    /* A server of another build may count more or fewer. */
    for (size_t i = 0; i < n_counters; i++) {
        counters[i] = i < n ? zta_read_u64(&reader) : 0;
    }
    *heartbeat = read;
    return ZTA_OK;
}

enum zta_status zta_published_get_heartbeat(struct zta_view *view, struct zta_heartbeat *heartbeat,
                                            uint64_t *counters, size_t n_counters)
{
    struct zta_blob record;
    enum zta_status status = zta_view_get(
        view, ZTA_TABLE_PUBLISHED, ZTA_BLOB(ZTA_HEARTBEAT_KEY, strlen(ZTA_HEARTBEAT_KEY)), &record);
    return status == ZTA_OK ? decode_heartbeat(record, heartbeat, counters, n_counters) : status;
}

static bool take_location(void *context, const struct zta_published_location *location)
{
    return true;
}

static bool take_text(void *context, struct zta_text name, struct zta_text text)
{
    return true;
}

static bool take_alert(void *context, const struct zta_published_alert *alert)
{
    return true;
}

enum zta_status zta_published_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_heartbeat heartbeat;
    struct location_walk locations = {.fn = take_location};
    struct text_walk texts = {.fn = take_text};
    struct alert_walk alerts = {.fn = take_alert};
    struct zta_reader reader;
    bool is_wanted;
    if (key.size == strlen(ZTA_HEARTBEAT_KEY) &&
        memcmp(key.data, ZTA_HEARTBEAT_KEY, key.size) == 0) {
        return decode_heartbeat(value, &heartbeat, NULL, 0);
    }
    if (key.size == strlen(ZTA_ACCEPTANCE_KEY) &&
        memcmp(key.data, ZTA_ACCEPTANCE_KEY, key.size) == 0) {
        return zta_acceptance_check_record(value);
    }
    if (key.size == strlen(ZTA_SHARE_USES_KEY) &&
        memcmp(key.data, ZTA_SHARE_USES_KEY, key.size) == 0) {
        return zta_share_uses_check_record(value);
    }
    if (key.size == strlen(ZTA_GOVERNOR_KEY) && memcmp(key.data, ZTA_GOVERNOR_KEY, key.size) == 0) {
        return zta_governor_check_record(value);
    }
    zta_reader_init(&reader, value.data, value.size);
    if (is_in_list(key, LOCATIONS)) {
        return read_location(&locations, &reader, &is_wanted);
    }
    if (is_in_list(key, RULES)) {
        return read_rules(&texts, &reader, &is_wanted);
    }
    if (is_in_list(key, ISSUERS)) {
        return read_issuer(&texts, &reader, &is_wanted);
    }
    if (is_in_list(key, ALERTS)) {
        return read_alert(&alerts, &reader, &is_wanted);
    }
    return zta_rule_age_check_record(key, value);
}

static enum zta_status decode_use(struct zta_blob record, int64_t *time_s, uint64_t *n)
{
    if (record.size != ZTA_KEY_USE_SIZE) {
        return ZTA_CORRUPT;
    }
    const uint8_t *bytes = record.data;
    *time_s = (int64_t)zta_get_u64(bytes);
    *n = zta_get_u64(bytes + 8);
    return ZTA_OK;
}

enum zta_status zta_key_use_check_record(struct zta_blob key, struct zta_blob value)
{
    int64_t time_s;
    uint64_t n;
    return key.size == ZTA_KEY_ID_LEN ? decode_use(value, &time_s, &n) : ZTA_CORRUPT;
}

enum zta_status zta_key_use_put(struct zta_change *change, const char *key_id, int64_t time_s,
                                uint64_t n_more)
{
    struct zta_blob key = ZTA_BLOB(key_id, strlen(key_id));
    struct zta_blob record;
    int64_t last_s = 0;
    uint64_t n = 0;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_KEY_USES, key, &record);
    if (status == ZTA_OK && decode_use(record, &last_s, &n) != ZTA_OK) {
        n = 0; /* a statistic begins anew rather than being in the way of evidence */
    }
    else if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    uint8_t value[ZTA_KEY_USE_SIZE];
    zta_put_u64(value, (uint64_t)(time_s > last_s ? time_s : last_s));
    zta_put_u64(value + 8, n + n_more);
    return zta_change_put(change, ZTA_TABLE_KEY_USES, key, ZTA_BLOB(value, sizeof value));
}

enum zta_status zta_key_use_get(struct zta_view *view, const char *key_id, int64_t *time_s,
                                uint64_t *n)
{
    struct zta_blob record;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_KEY_USES, ZTA_BLOB(key_id, strlen(key_id)), &record);
    return status == ZTA_OK ? decode_use(record, time_s, n) : status;
}
