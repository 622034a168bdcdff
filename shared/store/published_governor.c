/* SPDX-License-Identifier: Apache-2.0 */
/* One record: share, window, and the networks that are never touched. */
#include "shared/store/published_governor.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/records_priv.h"
#include "shared/store/tables_priv.h"

#define NETWORK_SIZE (2 + sizeof((struct zta_addr *)0)->bytes)
#define RECORD_MAX   (32 + ZTA_GOVERNOR_NEVER_MAX * NETWORK_SIZE)

static const struct zta_blob record_key = {.data = ZTA_GOVERNOR_KEY,
                                           .size = sizeof(ZTA_GOVERNOR_KEY) - 1};

enum zta_status zta_published_put_governor(struct zta_change *change,
                                           const struct zta_governor_limits *limits)
{
    uint8_t record[RECORD_MAX];
    struct zta_writer writer;
    if (limits->n_never > ZTA_GOVERNOR_NEVER_MAX) {
        return ZTA_TOO_LARGE;
    }
    zta_writer_init(&writer, record, sizeof record);
    zta_write_u8(&writer, ZTA_GOVERNOR_VERSION);
    zta_write_u8(&writer, (uint8_t)limits->percent);
    zta_write_u64(&writer, (uint64_t)limits->window_s);
    zta_write_u32(&writer, limits->min);
    zta_write_u16(&writer, (uint16_t)limits->n_never);
    for (size_t i = 0; i < limits->n_never; i++) {
        zta_write_u8(&writer, limits->never[i].addr.family);
        zta_write_u8(&writer, limits->never[i].prefix);
        zta_write_bytes(&writer, limits->never[i].addr.bytes, sizeof limits->never[i].addr.bytes);
    }
    return writer.is_overflowed ? ZTA_TOO_LARGE
                                : zta_change_put(change, ZTA_TABLE_PUBLISHED, record_key,
                                                 ZTA_BLOB(record, writer.len));
}

static bool is_network(const struct zta_cidr *cidr)
{
    return (cidr->addr.family == 4 && cidr->prefix <= 32) ||
           (cidr->addr.family == 6 && cidr->prefix <= 128);
}

static enum zta_status decode(struct zta_blob record, struct zta_published_governor *governor)
{
    struct zta_reader reader;
    struct zta_governor_limits limits = {.percent = 0};
    zta_reader_init(&reader, record.data, record.size);
    const uint8_t version = zta_read_u8(&reader);
    limits.percent = zta_read_u8(&reader);
    limits.window_s = (int64_t)zta_read_u64(&reader);
    limits.min = zta_read_u32(&reader);
    limits.n_never = zta_read_u16(&reader);
    if (version != ZTA_GOVERNOR_VERSION || limits.percent > 100 || limits.window_s <= 0 ||
        limits.window_s > ZTA_GOVERNOR_WINDOW_MAX || limits.n_never > ZTA_GOVERNOR_NEVER_MAX) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < limits.n_never; i++) {
        struct zta_cidr *cidr = &governor->never[i];
        *cidr = (struct zta_cidr){.addr = {.family = zta_read_u8(&reader)}};
        cidr->prefix = zta_read_u8(&reader);
        zta_read_bytes(&reader, cidr->addr.bytes, sizeof cidr->addr.bytes);
        if (!is_network(cidr)) {
            return ZTA_CORRUPT;
        }
    }
    limits.never = governor->never;
    governor->limits = limits;
    return zta_reader_is_done(&reader) ? ZTA_OK : ZTA_CORRUPT;
}

enum zta_status zta_published_get_governor(struct zta_view *view,
                                           struct zta_published_governor *governor)
{
    struct zta_blob record;
    const enum zta_status status = zta_view_get(view, ZTA_TABLE_PUBLISHED, record_key, &record);
    return status == ZTA_OK ? decode(record, governor) : status;
}

enum zta_status zta_governor_check_record(struct zta_blob value)
{
    struct zta_published_governor governor;
    return decode(value, &governor);
}
