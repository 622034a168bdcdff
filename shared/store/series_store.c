/* SPDX-License-Identifier: Apache-2.0 */
/* Time series in their table: a minute is added to three points, which are walked and pruned. */
#include <string.h>

#include "shared/base/bytes.h"
#include "shared/base/reader.h"
#include "shared/store/prune_priv.h"
#include "shared/store/series_priv.h"

static struct zta_blob encode_key(enum zta_series_span span, int64_t begin_s,
                                  uint8_t out[ZTA_SERIES_KEY_SIZE])
{
    out[0] = (uint8_t)span;
    zta_put_u64(out + 1, begin_s > 0 ? (uint64_t)begin_s : 0);
    return ZTA_BLOB(out, ZTA_SERIES_KEY_SIZE);
}

/* False: the key is not of that span. */
static bool decode_key(struct zta_blob key, enum zta_series_span span, int64_t *begin_s)
{
    const uint8_t *bytes = key.data;
    if (key.size != ZTA_SERIES_KEY_SIZE || bytes[0] != (uint8_t)span) {
        return false;
    }
    *begin_s = (int64_t)zta_get_u64(bytes + 1);
    return true;
}

/* ---- the head ---- */

static const uint8_t head_key = ZTA_SERIES_HEAD_KEY;

enum zta_status zta_series_head_get(struct zta_change *change, struct zta_series_head *head)
{
    struct zta_blob record;
    struct zta_reader reader;
    const enum zta_status status =
        zta_change_get(change, ZTA_TABLE_SERIES, ZTA_BLOB(&head_key, sizeof head_key), &record);
    if (status != ZTA_OK) {
        return status;
    }
    zta_reader_init(&reader, record.data, record.size);
    if (record.size != ZTA_SERIES_HEAD_SIZE || zta_read_u8(&reader) != ZTA_SERIES_VERSION) {
        return ZTA_CORRUPT;
    }
    head->key.k0 = zta_read_u64(&reader);
    head->key.k1 = zta_read_u64(&reader);
    head->segment_id = zta_read_u64(&reader);
    head->n_dropped = zta_read_u64(&reader);
    return ZTA_OK;
}

enum zta_status zta_series_head_put(struct zta_change *change, const struct zta_series_head *head)
{
    uint8_t record[ZTA_SERIES_HEAD_SIZE];
    struct zta_writer writer;
    zta_writer_init(&writer, record, sizeof record);
    zta_write_u8(&writer, ZTA_SERIES_VERSION);
    zta_write_u64(&writer, head->key.k0);
    zta_write_u64(&writer, head->key.k1);
    zta_write_u64(&writer, head->segment_id);
    zta_write_u64(&writer, head->n_dropped);
    return zta_change_put(change, ZTA_TABLE_SERIES, ZTA_BLOB(&head_key, sizeof head_key),
                          ZTA_BLOB(record, writer.len));
}

/* ---- points ---- */

static enum zta_status add_to_span(struct zta_change *change, enum zta_series_span span,
                                   const struct zta_series_point *minute)
{
    uint8_t place[ZTA_SERIES_KEY_SIZE];
    uint8_t record[ZTA_SERIES_RECORD_MAX];
    struct zta_series_point sum = {.begin_s = zta_series_begin_s(span, minute->begin_s)};
    const struct zta_blob key = encode_key(span, sum.begin_s, place);
    struct zta_blob stored;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_SERIES, key, &stored);
    if (status == ZTA_OK) {
        status = zta_series_decode(stored, &sum);
    }
    if (status == ZTA_CORRUPT) {
        /* A damaged sum must not keep what it adds up, the events, out of the store. */
        memset(&sum, 0, sizeof sum);
        status = ZTA_OK;
    }
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    zta_series_add(&sum, minute);
    return zta_change_put(change, ZTA_TABLE_SERIES, key,
                          ZTA_BLOB(record, zta_series_encode(&sum, record)));
}

enum zta_status zta_series_write(struct zta_change *change, const struct zta_series_point *minute,
                                 const int64_t oldest_s[ZTA_N_SERIES_SPANS])
{
    enum zta_status status = ZTA_OK;
    for (unsigned i = 0; i < ZTA_N_SERIES_SPANS && status == ZTA_OK; i++) {
        const enum zta_series_span span = (enum zta_series_span)i;
        if (zta_series_begin_s(span, minute->begin_s) >= oldest_s[span]) {
            status = add_to_span(change, span, minute);
        }
    }
    return status;
}

enum zta_status zta_series_each(struct zta_view *view, enum zta_series_span span, int64_t from_s,
                                int64_t until_s, zta_series_fn fn, void *context)
{
    struct zta_walk walk;
    struct zta_series_point point;
    uint8_t place[ZTA_SERIES_KEY_SIZE];
    struct zta_blob key = encode_key(span, from_s, place);
    struct zta_blob record;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_SERIES, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    bool is_wanted = true;
    status = zta_walk_seek(&walk, &key, &record);
    while (status == ZTA_OK && is_wanted && decode_key(key, span, &point.begin_s) &&
           point.begin_s < until_s) {
        status = zta_series_decode(record, &point);
        if (status == ZTA_OK) {
            is_wanted = fn(context, &point);
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_series_oldest(struct zta_view *view, enum zta_series_span span,
                                  int64_t *begin_s)
{
    struct zta_walk walk;
    uint8_t place[ZTA_SERIES_KEY_SIZE];
    struct zta_blob key = encode_key(span, 0, place);
    struct zta_blob record;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_SERIES, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &record);
    if (status == ZTA_OK && !decode_key(key, span, begin_s)) {
        status = ZTA_NOT_FOUND;
    }
    zta_walk_end(&walk);
    return status;
}

struct ageing {
    enum zta_series_span span;
    int64_t before_s;
};

static bool is_aged(void *context, struct zta_blob key)
{
    const struct ageing *ageing = context;
    int64_t begin_s;
    return decode_key(key, ageing->span, &begin_s) && begin_s < ageing->before_s;
}

enum zta_status zta_series_prune(struct zta_change *change, enum zta_series_span span,
                                 int64_t before_s, size_t most, uint64_t *n)
{
    uint8_t place[ZTA_SERIES_KEY_SIZE];
    struct ageing ageing = {.span = span, .before_s = before_s};
    const struct zta_trim trim = {.table = ZTA_TABLE_SERIES,
                                  .from = encode_key(span, 0, place),
                                  .most = most,
                                  .goes = is_aged,
                                  .context = &ageing};
    return zta_table_trim(change, &trim, n);
}
