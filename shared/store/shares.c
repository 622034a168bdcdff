/* SPDX-License-Identifier: Apache-2.0 */
/* One record in state/, one file in policy/; both small, both checked by who reads them. */
#include "shared/store/shares.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define FILE_MARK     "ZTASHR1\n"
#define FILE_MARK_LEN (sizeof(FILE_MARK) - 1)
#define USE_SIZE      17
#define USES_VERSION  1
#define USES_SIZE     (1 + 8 + 8 + 2 + ZTA_SHARE_USES_MAX * USE_SIZE)

_Static_assert(ZTA_SHARES_WHOLE == ZTA_SHARE_WHOLE, "one measure in the segment and on the wire");

enum zta_status zta_share_uses_put(struct zta_change *change, const struct zta_share_uses *uses)
{
    uint8_t bytes[USES_SIZE];
    struct zta_writer writer;
    zta_writer_init(&writer, bytes, sizeof bytes);
    zta_write_u8(&writer, USES_VERSION);
    zta_write_u64(&writer, (uint64_t)uses->time_ns);
    zta_write_u64(&writer, (uint64_t)uses->issued_ns);
    zta_write_u16(&writer, (uint16_t)uses->n);
    for (size_t i = 0; i < uses->n; i++) {
        zta_write_u64(&writer, uses->uses[i].id);
        zta_write_u64(&writer, uses->uses[i].n);
        zta_write_u8(&writer, uses->uses[i].is_pressed);
    }
    return zta_change_put(change, ZTA_TABLE_PUBLISHED,
                          ZTA_BLOB(ZTA_SHARE_USES_KEY, strlen(ZTA_SHARE_USES_KEY)),
                          ZTA_BLOB(bytes, writer.len));
}

static enum zta_status decode_uses(struct zta_blob value, struct zta_share_uses *uses)
{
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.size);
    const uint8_t version = zta_read_u8(&reader);
    uses->time_ns = (int64_t)zta_read_u64(&reader);
    uses->issued_ns = (int64_t)zta_read_u64(&reader);
    uses->n = zta_read_u16(&reader);
    if (reader.is_bad || version != USES_VERSION || uses->n > ZTA_SHARE_USES_MAX ||
        reader.size - reader.pos != uses->n * USE_SIZE) {
        return ZTA_CORRUPT;
    }
    for (size_t i = 0; i < uses->n; i++) {
        uses->uses[i].id = zta_read_u64(&reader);
        uses->uses[i].n = zta_read_u64(&reader);
        uses->uses[i].is_pressed = zta_read_u8(&reader) != 0;
    }
    return ZTA_OK;
}

enum zta_status zta_share_uses_get(struct zta_view *view, struct zta_share_uses *uses)
{
    struct zta_blob value;
    const enum zta_status status =
        zta_view_get(view, ZTA_TABLE_PUBLISHED,
                     ZTA_BLOB(ZTA_SHARE_USES_KEY, strlen(ZTA_SHARE_USES_KEY)), &value);
    return status == ZTA_OK ? decode_uses(value, uses) : status;
}

enum zta_status zta_share_uses_check_record(struct zta_blob value)
{
    struct zta_share_uses uses;
    return decode_uses(value, &uses);
}

void zta_share_grants_encode(const struct zta_share_grants *grants,
                             uint8_t out[ZTA_SHARE_GRANTS_SIZE], size_t *size)
{
    struct zta_writer writer;
    zta_writer_init(&writer, out, ZTA_SHARE_GRANTS_SIZE);
    zta_write_bytes(&writer, FILE_MARK, FILE_MARK_LEN);
    zta_write_u64(&writer, (uint64_t)grants->issued_ns);
    zta_write_u32(&writer, (uint32_t)grants->n);
    for (size_t i = 0; i < grants->n; i++) {
        zta_write_u64(&writer, grants->grants[i].id);
        zta_write_u32(&writer, grants->grants[i].part);
    }
    *size = writer.len;
}

enum zta_status zta_share_grants_decode(const void *data, size_t size,
                                        struct zta_share_grants *grants)
{
    struct zta_reader reader;
    zta_reader_init(&reader, data, size);
    const uint8_t *mark = zta_reader_take(&reader, FILE_MARK_LEN);
    grants->issued_ns = (int64_t)zta_read_u64(&reader);
    grants->n = zta_read_u32(&reader);
    if (reader.is_bad || memcmp(mark, FILE_MARK, FILE_MARK_LEN) != 0 || grants->issued_ns <= 0 ||
        grants->n > ZTA_SHARE_KEYS_MAX || reader.size - reader.pos != grants->n * 12) {
        return ZTA_INVALID;
    }
    for (size_t i = 0; i < grants->n; i++) {
        struct zta_share_grant *grant = &grants->grants[i];
        grant->id = zta_read_u64(&reader);
        grant->part = zta_read_u32(&reader);
        if (grant->id <= (i == 0 ? 0 : grants->grants[i - 1].id) || grant->part > ZTA_SHARE_WHOLE) {
            return ZTA_INVALID;
        }
    }
    return ZTA_OK;
}
