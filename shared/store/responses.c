/* SPDX-License-Identifier: Apache-2.0 */
/* One record a response, by a number that rises. */
#include "shared/store/responses.h"

#include "shared/base/reader.h"
#include "shared/store/prune_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_risk.h"
#include "shared/store/tables_priv.h"

#define KEY_SIZE   8
#define RECORD_MAX (64 + 4 * (2 + ZTA_RESPONSE_TEXT_MAX))

static struct zta_text cut(struct zta_text text)
{
    text.len = text.len < ZTA_RESPONSE_TEXT_MAX ? text.len : ZTA_RESPONSE_TEXT_MAX;
    return text;
}

static bool fits(struct zta_text text)
{
    return zta_text_is_absent(text) || text.len <= ZTA_RESPONSE_TEXT_MAX;
}

static enum zta_status decode(struct zta_blob key, struct zta_blob value,
                              struct zta_response *response)
{
    struct zta_reader reader;
    struct zta_response read = {.id = 0};
    zta_reader_init(&reader, value.data, value.size);
    const uint8_t version = zta_read_u8(&reader);
    read.time_ns = (int64_t)zta_read_u64(&reader);
    read.result = (enum zta_response_result)zta_read_u8(&reader);
    read.measure = zta_read_u64(&reader);
    read.until_s = (int64_t)zta_read_u64(&reader);
    read.rule = zta_read_text(&reader);
    read.what = zta_read_text(&reader);
    read.target = zta_read_text(&reader);
    read.evidence = zta_read_text(&reader);
    if (key.size != KEY_SIZE || !zta_reader_is_done(&reader) || version != ZTA_RESPONSE_VERSION ||
        read.result < ZTA_RESPONSE_BEGUN || read.result >= ZTA_N_RESPONSE_RESULTS ||
        !fits(read.rule) || !fits(read.what) || !fits(read.target) || !fits(read.evidence)) {
        return ZTA_CORRUPT;
    }
    read.id = zta_get_u64(key.data);
    *response = read;
    return ZTA_OK;
}

enum zta_status zta_response_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_response response;
    return decode(key, value, &response);
}

static enum zta_status last_id(struct zta_change *change, uint64_t *id)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_RESPONSES, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_last(&walk, &key, &value);
    *id = status == ZTA_OK && key.size == KEY_SIZE ? zta_get_u64(key.data) : 0;
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_response_put(struct zta_change *change, const struct zta_response *response)
{
    uint8_t key[KEY_SIZE];
    uint8_t value[RECORD_MAX];
    struct zta_writer writer;
    uint64_t id;
    enum zta_status status = last_id(change, &id);
    if (status != ZTA_OK) {
        return status;
    }
    zta_put_u64(key, id + 1);
    zta_writer_init(&writer, value, sizeof value);
    zta_write_u8(&writer, ZTA_RESPONSE_VERSION);
    zta_write_u64(&writer, (uint64_t)response->time_ns);
    zta_write_u8(&writer, (uint8_t)response->result);
    zta_write_u64(&writer, response->measure);
    zta_write_u64(&writer, (uint64_t)response->until_s);
    zta_write_text(&writer, cut(response->rule));
    zta_write_text(&writer, cut(response->what));
    zta_write_text(&writer, cut(response->target));
    zta_write_text(&writer, cut(response->evidence));
    return zta_change_put(change, ZTA_TABLE_RESPONSES, ZTA_BLOB(key, sizeof key),
                          ZTA_BLOB(value, writer.len));
}

struct telling {
    zta_response_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct telling *telling = context;
    struct zta_response response;
    const enum zta_status status = decode(key, value, &response);
    if (status == ZTA_OK) {
        *goes_on = telling->fn(telling->context, &response);
    }
    return status;
}

enum zta_status zta_response_each(struct zta_view *view, zta_response_fn fn, void *context)
{
    struct telling telling = {.fn = fn, .context = context};
    return zta_view_each_back(view, ZTA_TABLE_RESPONSES, tell, &telling);
}

enum zta_status zta_response_each_above(struct zta_view *view, uint64_t above, zta_response_fn fn,
                                        void *context)
{
    struct telling telling = {.fn = fn, .context = context};
    return zta_view_each_above(view, ZTA_TABLE_RESPONSES, above, tell, &telling);
}

static bool is_surplus(void *context, struct zta_blob key)
{
    const uint64_t *last = context;
    return key.size == KEY_SIZE && zta_get_u64(key.data) + ZTA_RESPONSES_KEPT <= *last;
}

enum zta_status zta_responses_prune(struct zta_change *change, size_t most, uint64_t *n)
{
    uint64_t last;
    enum zta_status status = last_id(change, &last);
    if (status != ZTA_OK) {
        return status;
    }
    const struct zta_trim trim = {
        .table = ZTA_TABLE_RESPONSES, .most = most, .goes = is_surplus, .context = &last};
    return zta_table_trim(change, &trim, n);
}

const char *zta_response_result_name(enum zta_response_result result)
{
    static const char *const names[ZTA_N_RESPONSE_RESULTS] = {
        [ZTA_RESPONSE_BEGUN] = "begun",         [ZTA_RESPONSE_EXTENDED] = "extended",
        [ZTA_RESPONSE_MONITORED] = "monitored", [ZTA_RESPONSE_SLOWED] = "slowed",
        [ZTA_RESPONSE_OVER] = "over",           [ZTA_RESPONSE_NEVER] = "never",
        [ZTA_RESPONSE_SPARED] = "spared",       [ZTA_RESPONSE_REFUSED] = "refused",
        [ZTA_RESPONSE_TOLD] = "told",
    };
    return result >= ZTA_RESPONSE_BEGUN && result < ZTA_N_RESPONSE_RESULTS ? names[result]
                                                                           : "unknown";
}
