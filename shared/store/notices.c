/* SPDX-License-Identifier: Apache-2.0 */
/* By the time of receipt, so that the oldest go first and the newest are told first. */
#include "shared/store/notices.h"

#include <string.h>

#include "shared/base/limits.h"
#include "shared/base/reader.h"
#include "shared/store/prune_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define KEY_SIZE      8
#define HEAD_SIZE     2
#define PRUNE_MOST    1000
#define STREAM_MAX    1024
#define ERROR_MAX     256
#define RULING_SIZE   17
#define RULING_PREFIX (sizeof(ZTA_RULING_KEY) - 1)

const char *zta_notice_outcome_name(enum zta_notice_outcome outcome)
{
    static const char *const names[ZTA_NOTICE_N_OUTCOMES] = {
        [ZTA_NOTICE_APPLIED] = "applied",
        [ZTA_NOTICE_NOTED] = "noted",
        [ZTA_NOTICE_HELD] = "held",
        [ZTA_NOTICE_OVERRULED] = "overruled",
        [ZTA_NOTICE_UNKNOWN_SUBJECT] = "unknown subject",
        [ZTA_NOTICE_DISCARDED] = "discarded",
    };
    return (unsigned)outcome < ZTA_NOTICE_N_OUTCOMES && names[outcome] != NULL ? names[outcome]
                                                                               : "unknown";
}

static enum zta_status read_record(struct zta_blob key, struct zta_blob value,
                                   struct zta_notice_record *record)
{
    const uint8_t *bytes = value.data;
    if (key.size != KEY_SIZE || value.size < HEAD_SIZE || bytes[0] != ZTA_NOTICE_VERSION ||
        bytes[1] == 0 || bytes[1] >= ZTA_NOTICE_N_OUTCOMES) {
        return ZTA_CORRUPT;
    }
    *record = (struct zta_notice_record){.outcome = (enum zta_notice_outcome)bytes[1],
                                         .received_ns = (int64_t)zta_get_u64(key.data)};
    return zta_notice_decode(bytes + HEAD_SIZE, value.size - HEAD_SIZE, &record->notice);
}

enum zta_status zta_notice_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_notice_record record;
    return read_record(key, value, &record);
}

static enum zta_status write_record(struct zta_change *change, const uint8_t key[KEY_SIZE],
                                    const struct zta_notice *notice,
                                    enum zta_notice_outcome outcome)
{
    uint8_t bytes[HEAD_SIZE + ZTA_NOTICE_SIZE_MAX] = {ZTA_NOTICE_VERSION, (uint8_t)outcome};
    size_t size;
    const enum zta_status status =
        zta_notice_encode(notice, bytes + HEAD_SIZE, sizeof(bytes) - HEAD_SIZE, &size);
    return status == ZTA_OK ? zta_change_put(change, ZTA_TABLE_NOTICES, ZTA_BLOB(key, KEY_SIZE),
                                             ZTA_BLOB(bytes, HEAD_SIZE + size))
                            : status;
}

enum zta_status zta_notice_settle(struct zta_change *change, const struct zta_notice_record *record)
{
    uint8_t key[KEY_SIZE];
    zta_put_u64(key, (uint64_t)record->received_ns);
    return write_record(change, key, &record->notice, record->outcome);
}

enum zta_status zta_notice_log(struct zta_change *change, const struct zta_notice *notice,
                               enum zta_notice_outcome outcome, int64_t now_ns)
{
    uint8_t key[KEY_SIZE];
    struct zta_blob found;
    uint64_t time = (uint64_t)now_ns;
    enum zta_status status;
    do {
        zta_put_u64(key, time++);
        status = zta_change_get(change, ZTA_TABLE_NOTICES, ZTA_BLOB(key, sizeof(key)), &found);
    } while (status == ZTA_OK);
    return status == ZTA_NOT_FOUND ? write_record(change, key, notice, outcome) : status;
}

enum zta_status zta_notice_count(struct zta_view *view, uint64_t *n)
{
    uint64_t bytes;
    return zta_view_table_size(view, ZTA_TABLE_NOTICES, n, &bytes);
}

struct pruning {
    uint64_t n_surplus; /* go whatever their age */
    int64_t before_ns;
};

static bool goes(void *context, struct zta_blob key)
{
    struct pruning *pruning = context;
    if (pruning->n_surplus > 0) {
        pruning->n_surplus--;
        return true;
    }
    return key.size != KEY_SIZE || (int64_t)zta_get_u64(key.data) < pruning->before_ns;
}

enum zta_status zta_notices_prune(struct zta_change *change, uint64_t n_there, int64_t before_ns,
                                  uint64_t *n)
{
    struct pruning pruning = {.n_surplus =
                                  n_there > ZTA_NOTICES_MAX ? n_there - ZTA_NOTICES_MAX : 0,
                              .before_ns = before_ns};
    const struct zta_trim trim = {
        .table = ZTA_TABLE_NOTICES, .most = PRUNE_MOST, .goes = goes, .context = &pruning};
    return zta_table_trim(change, &trim, n);
}

/* ---- rulings ---- */

struct ruling_key {
    char bytes[RULING_PREFIX + ZTA_SHA256_SIZE];
};

static struct ruling_key ruling_key_of(const struct zta_notice *notice)
{
    struct ruling_key key;
    memcpy(key.bytes, ZTA_RULING_KEY, RULING_PREFIX);
    memcpy(key.bytes + RULING_PREFIX, notice->id.bytes, sizeof(notice->id.bytes));
    return key;
}

static enum zta_status read_ruling(struct zta_view *view, struct zta_notice_record *record)
{
    const struct ruling_key key = ruling_key_of(&record->notice);
    struct zta_blob value;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, sizeof(key.bytes)), &value);
    if (status == ZTA_NOT_FOUND) {
        return ZTA_OK;
    }
    if (status == ZTA_OK) {
        const uint8_t *bytes = value.data;
        if (value.size != RULING_SIZE || bytes[0] > ZTA_NOTICE_RULED_LIFTED) {
            return ZTA_CORRUPT;
        }
        record->ruling = (enum zta_notice_ruling)bytes[0];
        record->action_id = zta_get_u64(bytes + 9);
    }
    return status;
}

enum zta_status zta_notice_rule(struct zta_change *change, const struct zta_notice *notice,
                                enum zta_notice_ruling ruling, uint64_t action_id)
{
    const struct ruling_key key = ruling_key_of(notice);
    uint8_t value[RULING_SIZE] = {(uint8_t)ruling};
    zta_put_u64(value + 1, (uint64_t)zta_change_clock_ns(change));
    zta_put_u64(value + 9, action_id);
    return zta_change_put(change, ZTA_TABLE_POLICY_META, ZTA_BLOB(key.bytes, sizeof(key.bytes)),
                          ZTA_BLOB(value, sizeof(value)));
}

struct telling {
    struct zta_view *view;
    zta_notice_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct telling *telling = context;
    struct zta_notice_record record;
    enum zta_status status = read_record(key, value, &record);
    if (status == ZTA_OK) {
        status = read_ruling(telling->view, &record);
    }
    if (status == ZTA_OK) {
        *goes_on = telling->fn(telling->context, &record);
    }
    return status;
}

enum zta_status zta_notice_each(struct zta_view *view, zta_notice_fn fn, void *context)
{
    struct telling telling = {.view = view, .fn = fn, .context = context};
    return zta_view_each_back(view, ZTA_TABLE_NOTICES, tell, &telling);
}

/* ---- streams ---- */

static struct zta_blob name_blob(struct zta_text name)
{
    return ZTA_BLOB(name.data, name.len);
}

static bool read_asked(struct zta_reader *reader, struct zta_stream *stream)
{
    const uint8_t verifiable = zta_read_u8(reader);
    const uint8_t told = zta_read_u8(reader);
    stream->asked_s = (int64_t)zta_read_u64(reader);
    stream->state = zta_read_text(reader);
    stream->ask_error = zta_read_text(reader);
    stream->is_verifiable = verifiable == 1;
    stream->is_told = told == 1;
    return verifiable <= 1 && told <= 1;
}

static enum zta_status read_stream(struct zta_blob key, struct zta_blob value,
                                   struct zta_stream *stream)
{
    struct zta_reader reader;
    struct zta_stream read = {.name = {.data = key.data, .len = key.size}};
    zta_reader_init(&reader, value.data, value.size);
    const uint8_t version = zta_read_u8(&reader);
    const uint8_t polled = zta_read_u8(&reader);
    read.status = (enum zta_notice_stream)zta_read_u8(&reader);
    read.first_s = (int64_t)zta_read_u64(&reader);
    read.last_s = (int64_t)zta_read_u64(&reader);
    read.verified_s = (int64_t)zta_read_u64(&reader);
    read.polled_s = (int64_t)zta_read_u64(&reader);
    read.n_received = zta_read_u64(&reader);
    read.error = zta_read_text(&reader);
    read.is_polled = polled == 1;
    const bool is_good = version == ZTA_STREAM_VERSION_1 ||
                         (version == ZTA_STREAM_VERSION && read_asked(&reader, &read));
    if (!is_good || !zta_reader_is_done(&reader) || polled > 1 ||
        (unsigned)read.status > ZTA_NOTICE_DISABLED || key.size == 0 || key.size > ZTA_NAME_MAX) {
        return ZTA_CORRUPT;
    }
    *stream = read;
    return ZTA_OK;
}

enum zta_status zta_stream_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_stream stream;
    return read_stream(key, value, &stream);
}

enum zta_status zta_stream_load(struct zta_change *change, struct zta_text name,
                                struct zta_stream *stream)
{
    struct zta_blob value;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_STREAMS, name_blob(name), &value);
    return status == ZTA_OK ? read_stream(name_blob(name), value, stream) : status;
}

enum zta_status zta_stream_put(struct zta_change *change, const struct zta_stream *stream)
{
    uint8_t bytes[STREAM_MAX];
    struct zta_writer writer;
    struct zta_text error = stream->error;
    struct zta_text ask_error = stream->ask_error;
    error.len = error.len > ERROR_MAX ? ERROR_MAX : error.len;
    ask_error.len = ask_error.len > ERROR_MAX ? ERROR_MAX : ask_error.len;
    zta_writer_init(&writer, bytes, sizeof(bytes));
    zta_write_u8(&writer, ZTA_STREAM_VERSION);
    zta_write_u8(&writer, stream->is_polled ? 1 : 0);
    zta_write_u8(&writer, (uint8_t)stream->status);
    zta_write_u64(&writer, (uint64_t)stream->first_s);
    zta_write_u64(&writer, (uint64_t)stream->last_s);
    zta_write_u64(&writer, (uint64_t)stream->verified_s);
    zta_write_u64(&writer, (uint64_t)stream->polled_s);
    zta_write_u64(&writer, stream->n_received);
    zta_write_text(&writer, error);
    zta_write_u8(&writer, stream->is_verifiable ? 1 : 0);
    zta_write_u8(&writer, stream->is_told ? 1 : 0);
    zta_write_u64(&writer, (uint64_t)stream->asked_s);
    zta_write_text(&writer, stream->state);
    zta_write_text(&writer, ask_error);
    return zta_change_put(change, ZTA_TABLE_STREAMS, name_blob(stream->name),
                          ZTA_BLOB(bytes, writer.len));
}

bool zta_stream_is_overdue(const struct zta_stream *stream, int64_t now_s)
{
    return !zta_text_is_absent(stream->state) && now_s - stream->asked_s > ZTA_STREAM_ANSWER_S;
}

enum zta_status zta_streams_keep(struct zta_change *change, const struct zta_text *names, size_t n)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_STREAMS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK) {
        bool is_kept = false;
        for (size_t i = 0; i < n; i++) {
            is_kept =
                is_kept ||
                zta_text_equal((struct zta_text){.data = key.data, .len = key.size}, names[i]);
        }
        status = is_kept ? ZTA_OK : zta_walk_remove(&walk);
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

struct stream_listener {
    zta_stream_fn fn;
    void *context;
};

static enum zta_status tell_stream(void *context, struct zta_blob key, struct zta_blob value,
                                   bool *goes_on)
{
    const struct stream_listener *listener = context;
    struct zta_stream stream;
    enum zta_status status = read_stream(key, value, &stream);
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &stream);
    }
    return status;
}

enum zta_status zta_stream_each(struct zta_view *view, zta_stream_fn fn, void *context)
{
    struct stream_listener listener = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_STREAMS, tell_stream, &listener);
}
