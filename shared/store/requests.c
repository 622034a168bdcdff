/* SPDX-License-Identifier: Apache-2.0 */
/* A queue in policy/, and in state/ how far it was done. */
#include "shared/store/requests.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_policy.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

enum {
    RECORD_MAX = 1024,
    KEY_SIZE = 8,
};

static enum zta_status decode(struct zta_blob key, struct zta_blob value,
                              struct zta_request *request)
{
    struct zta_reader reader;
    zta_reader_init(&reader, value.data, value.size);
    const uint8_t format = zta_read_u8(&reader);
    const uint8_t kind = zta_read_u8(&reader);
    struct zta_request found = {.kind = (enum zta_request_kind)kind,
                                .action_id = zta_read_u64(&reader)};
    found.issuer = zta_read_text(&reader);
    found.subject = zta_read_text(&reader);
    found.name = zta_read_text(&reader);
    if (format != ZTA_REQUEST_FORMAT || kind == 0 || kind >= ZTA_N_REQUEST_KINDS ||
        key.size != KEY_SIZE || !zta_reader_is_done(&reader)) {
        return ZTA_CORRUPT;
    }
    found.number = zta_get_u64(key.data);
    *request = found;
    return ZTA_OK;
}

enum zta_status zta_request_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_request request;
    return decode(key, value, &request);
}

/* Removes those that are done. *n: how many wait. */
static enum zta_status tidy(struct zta_change *change, uint64_t done, uint64_t *n)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_REQUESTS, &walk);
    struct zta_blob key;
    struct zta_blob value;
    uint64_t n_waiting = 0;
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK) {
        if (key.size != KEY_SIZE || zta_get_u64(key.data) <= done) {
            status = zta_walk_remove(&walk);
        }
        else {
            n_waiting++;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    *n = n_waiting;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_request_put(struct zta_change *change, const struct zta_request *request,
                                uint64_t done)
{
    uint8_t record[RECORD_MAX];
    uint8_t number[KEY_SIZE];
    struct zta_writer writer;
    uint64_t n_waiting = 0;
    enum zta_status status = tidy(change, done, &n_waiting);
    if (status != ZTA_OK || n_waiting >= ZTA_REQUESTS_MAX) {
        return status == ZTA_OK ? ZTA_FULL : status;
    }
    zta_writer_init(&writer, record, sizeof record);
    zta_write_u8(&writer, ZTA_REQUEST_FORMAT);
    zta_write_u8(&writer, (uint8_t)request->kind);
    zta_write_u64(&writer, request->action_id);
    zta_write_text(&writer, request->issuer);
    zta_write_text(&writer, request->subject);
    zta_write_text(&writer, request->name);
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    zta_put_u64(number, (uint64_t)zta_change_clock_ns(change));
    return zta_change_put(change, ZTA_TABLE_REQUESTS, ZTA_BLOB(number, sizeof number),
                          ZTA_BLOB(record, writer.len));
}

struct telling {
    zta_request_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct telling *telling = context;
    struct zta_request request;
    const enum zta_status status = decode(key, value, &request);
    if (status == ZTA_OK) {
        *goes_on = telling->fn(telling->context, &request);
    }
    return status;
}

enum zta_status zta_request_each(struct zta_view *view, uint64_t above, zta_request_fn fn,
                                 void *context)
{
    struct telling telling = {.fn = fn, .context = context};
    return zta_view_each_above(view, ZTA_TABLE_REQUESTS, above, tell, &telling);
}

static const struct zta_blob done_key = {.data = ZTA_REQUESTS_DONE_KEY,
                                         .size = sizeof(ZTA_REQUESTS_DONE_KEY) - 1};

enum zta_status zta_requests_done(struct zta_view *view, uint64_t *done)
{
    struct zta_blob value;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_STATE_META, done_key, &value);
    if (status == ZTA_OK && value.size != sizeof(uint64_t)) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK || status == ZTA_NOT_FOUND) {
        *done = status == ZTA_OK ? zta_get_u64(value.data) : 0;
        return ZTA_OK;
    }
    return status;
}

enum zta_status zta_requests_set_done(struct zta_change *change, uint64_t done)
{
    uint8_t value[sizeof(uint64_t)];
    zta_put_u64(value, done);
    return zta_change_put(change, ZTA_TABLE_STATE_META, done_key, ZTA_BLOB(value, sizeof value));
}
