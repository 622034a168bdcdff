/* SPDX-License-Identifier: Apache-2.0 */
/* Signal revocations by a hash of their names; messages by when they may be forgotten. */
#include "shared/store/signals.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/records_priv.h"
#include "shared/store/release_priv.h"
#include "shared/store/schema.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define SEEN_KEY_SIZE (8 + ZTA_SHA256_SIZE)
#define SEEN_BY_ID    INT64_MAX /* in place of when it expires */
#define FORGET_MOST   64        /* in one walk */

static bool is_text(struct zta_text text, size_t max)
{
    return !zta_text_is_absent(text) && text.len > 0 && text.len <= max;
}

/* What each kind is known by, and whether it has a watermark. */
struct makeup {
    bool has_sid;
    bool has_subject;
    bool has_name;
    bool has_watermark;
    const char *text;
};

static const struct makeup makeups[ZTA_SIGNAL_END] = {
    [ZTA_SIGNAL_SESSION] = {.has_sid = true, .text = "session"},
    [ZTA_SIGNAL_SUBJECT_SESSION] = {.has_sid = true, .has_subject = true, .text = "session"},
    [ZTA_SIGNAL_SUBJECT] = {.has_subject = true, .has_watermark = true, .text = "subject"},
    [ZTA_SIGNAL_TOKEN] = {.has_name = true, .text = "token"},
    [ZTA_SIGNAL_SUBJECT_TOKENS] = {.has_subject = true,
                                   .has_watermark = true,
                                   .text = "tokens of the subject"},
    [ZTA_SIGNAL_DEVICE] = {.has_name = true, .has_watermark = true, .text = "device"},
    [ZTA_SIGNAL_SUBJECT_DEVICE] = {.has_subject = true,
                                   .has_name = true,
                                   .has_watermark = true,
                                   .text = "subject on a device"},
    [ZTA_SIGNAL_SUBJECT_CLIENT] = {.has_subject = true,
                                   .has_name = true,
                                   .has_watermark = true,
                                   .text = "subject by a client"},
};

static bool is_kind(enum zta_signal_kind kind)
{
    return (unsigned)kind < ZTA_SIGNAL_END && makeups[kind].text != NULL;
}

/* The key says who it is from: what one asks for never takes the place of the other's. */
#define KEY_TRANSMITTER 0x80

static bool is_there(struct zta_text text, bool is_wanted)
{
    return is_wanted ? is_text(text, ZTA_SUBJECT_MAX) : zta_text_is_absent(text);
}

static bool is_whole(const struct zta_signal *signal)
{
    if (!is_kind(signal->kind) || !is_text(signal->issuer, ZTA_NAME_MAX) ||
        signal->watermark_s < 0 || signal->received_ns < 0 ||
        (!signal->is_from_transmitter && signal->kind > ZTA_SIGNAL_SUBJECT)) {
        return false;
    }
    const struct makeup *makeup = &makeups[signal->kind];
    const bool is_any = makeup->has_name && makeup->has_subject && signal->name.len == 0 &&
                        !zta_text_is_absent(signal->name);
    return is_there(signal->sid, makeup->has_sid) &&
           is_there(signal->subject, makeup->has_subject) &&
           (is_any || is_there(signal->name, makeup->has_name)) &&
           (!makeup->has_watermark || signal->watermark_s > 0);
}

static struct zta_signal_key key_of_signal(const struct zta_signal *signal)
{
    const struct zta_text names[] = {signal->issuer, signal->sid, signal->subject, signal->name};
    struct zta_sha256 hash;
    struct zta_signal_key key;
    if (signal->kind == ZTA_SIGNAL_TOKEN) {
        zta_token_id_make(signal->issuer, signal->name, (struct zta_text){.data = NULL}, &hash);
    }
    else {
        zta_sha256_parts(names, makeups[signal->kind].has_name ? 4 : 3, &hash);
    }
    key.bytes[0] = (uint8_t)(signal->kind | (signal->is_from_transmitter ? KEY_TRANSMITTER : 0));
    memcpy(key.bytes + 1, hash.bytes, sizeof(hash.bytes));
    return key;
}

/* ---- records ---- */

static void write_signal(struct zta_writer *writer, const struct zta_signal *signal)
{
    zta_write_u8(writer, signal->is_from_transmitter ? ZTA_SIGNAL_TRANSMITTED : ZTA_SIGNAL_VERSION);
    zta_write_u8(writer, (uint8_t)signal->kind);
    zta_write_u64(writer, (uint64_t)signal->received_ns);
    zta_write_u64(writer, (uint64_t)signal->watermark_s);
    zta_write_text(writer, signal->issuer);
    zta_write_text(writer, signal->sid);
    zta_write_text(writer, signal->subject);
    if (signal->is_from_transmitter) {
        zta_write_text(writer, signal->name);
    }
}

static enum zta_status read_signal(struct zta_reader *reader, struct zta_signal *signal)
{
    const uint8_t version = zta_read_u8(reader);
    struct zta_signal read = {.kind = (enum zta_signal_kind)zta_read_u8(reader),
                              .is_from_transmitter = version == ZTA_SIGNAL_TRANSMITTED};
    read.received_ns = (int64_t)zta_read_u64(reader);
    read.watermark_s = (int64_t)zta_read_u64(reader);
    read.issuer = zta_read_text(reader);
    read.sid = zta_read_text(reader);
    read.subject = zta_read_text(reader);
    if (read.is_from_transmitter) {
        read.name = zta_read_text(reader);
    }
    if ((version != ZTA_SIGNAL_VERSION && !read.is_from_transmitter) || reader->is_bad ||
        !is_whole(&read)) {
        return ZTA_CORRUPT;
    }
    *signal = read;
    return ZTA_OK;
}

/* What a request needs of a record, without its texts. */
static enum zta_status times_of(struct zta_blob value, int64_t *received_ns, int64_t *watermark_s)
{
    const uint8_t *bytes = value.data;
    if (value.size < ZTA_SIGNAL_AT_TEXTS ||
        (bytes[0] != ZTA_SIGNAL_VERSION && bytes[0] != ZTA_SIGNAL_TRANSMITTED)) {
        return ZTA_CORRUPT;
    }
    *received_ns = (int64_t)zta_get_u64(bytes + ZTA_SIGNAL_AT_RECEIVED);
    *watermark_s = (int64_t)zta_get_u64(bytes + ZTA_SIGNAL_AT_WATERMARK);
    return ZTA_OK;
}

/* The key must be the one that the record's own names give. */
static enum zta_status decode(struct zta_blob key, struct zta_blob value, struct zta_signal *signal)
{
    struct zta_reader reader;
    struct zta_signal found;
    zta_reader_init(&reader, value.data, value.size);
    if (read_signal(&reader, &found) != ZTA_OK || !zta_reader_is_done(&reader)) {
        return ZTA_CORRUPT;
    }
    const struct zta_signal_key expected = key_of_signal(&found);
    if (key.size != sizeof(expected.bytes) ||
        memcmp(key.data, expected.bytes, sizeof(expected.bytes)) != 0) {
        return ZTA_CORRUPT;
    }
    *signal = found;
    return ZTA_OK;
}

enum zta_status zta_signal_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_signal signal;
    return decode(key, value, &signal);
}

enum zta_status zta_signal_seen_check_record(struct zta_blob key, struct zta_blob value)
{
    return key.size == SEEN_KEY_SIZE && value.size == ZTA_SIGNAL_SEEN_SIZE ? ZTA_OK : ZTA_CORRUPT;
}

enum zta_status zta_signal_message_encode(const struct zta_signal_message *message, void *out,
                                          size_t size, size_t *out_size)
{
    struct zta_writer writer;
    if (!is_whole(&message->signal) || message->signal.is_from_transmitter ||
        message->expires_s < 0) {
        return ZTA_INVALID;
    }
    zta_writer_init(&writer, out, size);
    write_signal(&writer, &message->signal);
    zta_write_bytes(&writer, message->id.bytes, sizeof(message->id.bytes));
    zta_write_u64(&writer, (uint64_t)message->expires_s);
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    *out_size = writer.len;
    return ZTA_OK;
}

enum zta_status zta_signal_message_decode(const void *data, size_t size,
                                          struct zta_signal_message *message)
{
    struct zta_reader reader;
    struct zta_signal_message read;
    zta_reader_init(&reader, data, size);
    enum zta_status status = read_signal(&reader, &read.signal);
    zta_read_bytes(&reader, read.id.bytes, sizeof(read.id.bytes));
    read.expires_s = (int64_t)zta_read_u64(&reader);
    if (status != ZTA_OK || !zta_reader_is_done(&reader) || read.signal.is_from_transmitter ||
        read.expires_s < 0) {
        return ZTA_CORRUPT;
    }
    *message = read;
    return ZTA_OK;
}

/* ---- writing ---- */

struct seen_key {
    uint8_t bytes[SEEN_KEY_SIZE];
};

/* Twice each: in the order in which they may be forgotten, and behind all of these by id alone. */
static struct seen_key seen_key_of(const uint8_t id[ZTA_SHA256_SIZE], int64_t expires_s)
{
    struct seen_key key;
    zta_put_u64(key.bytes, (uint64_t)expires_s);
    memcpy(key.bytes + 8, id, ZTA_SHA256_SIZE);
    return key;
}

static struct zta_blob seen_blob(const struct seen_key *key)
{
    return ZTA_BLOB(key->bytes, sizeof(key->bytes));
}

static void write_letter(const struct zta_signal_delivery *delivery,
                         uint8_t letter[ZTA_SIGNAL_SEEN_SIZE])
{
    zta_put_u64(letter, delivery->segment_id);
    zta_put_u64(letter + 8, delivery->letter);
}

/* Signed anew it has other times, and is the same message all the same. */
enum zta_status zta_signal_seen(struct zta_change *change, const struct zta_sha256 *id,
                                const struct zta_signal_delivery *delivery)
{
    const struct seen_key key = seen_key_of(id->bytes, SEEN_BY_ID);
    struct zta_blob found;
    uint8_t letter[ZTA_SIGNAL_SEEN_SIZE];
    write_letter(delivery, letter);
    enum zta_status status = zta_change_get(change, ZTA_TABLE_SIGNAL_SEEN, seen_blob(&key), &found);
    const bool is_again = status == ZTA_OK && found.size == sizeof(letter) &&
                          memcmp(found.data, letter, sizeof(letter)) == 0;
    return status == ZTA_OK && !is_again ? ZTA_EXISTS : status;
}

enum zta_status zta_signal_note(struct zta_change *change, const struct zta_sha256 *id,
                                int64_t expires_s, const struct zta_signal_delivery *delivery,
                                bool *is_again)
{
    const struct seen_key by_end = seen_key_of(id->bytes, expires_s);
    const struct seen_key by_id = seen_key_of(id->bytes, SEEN_BY_ID);
    uint8_t letter[ZTA_SIGNAL_SEEN_SIZE];
    const struct zta_blob value = ZTA_BLOB(letter, sizeof(letter));
    enum zta_status status = zta_signal_seen(change, id, delivery);
    *is_again = status == ZTA_OK;
    if (status != ZTA_NOT_FOUND) {
        return status;
    }
    write_letter(delivery, letter);
    status = zta_change_put(change, ZTA_TABLE_SIGNAL_SEEN, seen_blob(&by_id), value);
    return status == ZTA_OK
               ? zta_change_put(change, ZTA_TABLE_SIGNAL_SEEN, seen_blob(&by_end), value)
               : status;
}

/* What the former record of the same names has beyond the new one stays. */
static enum zta_status merge(struct zta_change *change, const struct zta_signal_key *key,
                             struct zta_signal *signal)
{
    struct zta_blob found;
    int64_t received_ns;
    int64_t watermark_s;
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_SIGNALS, zta_signal_key_blob(key), &found);
    if (status != ZTA_OK) {
        return status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    /* A record that cannot be read is replaced: what comes now is what is known. */
    if (times_of(found, &received_ns, &watermark_s) == ZTA_OK) {
        if (watermark_s > signal->watermark_s) {
            signal->watermark_s = watermark_s;
        }
        if (received_ns >= signal->received_ns && received_ns < INT64_MAX) {
            signal->received_ns = received_ns + 1;
        }
    }
    return ZTA_OK;
}

/* Which kinds transmitters ever asked for, so that requests look for no others. */
static enum zta_status note_kind(struct zta_change *change, enum zta_signal_kind kind)
{
    static const struct zta_blob key =
        ZTA_BLOB(ZTA_SIGNAL_KINDS_KEY, sizeof(ZTA_SIGNAL_KINDS_KEY) - 1);
    struct zta_blob found;
    uint8_t bytes[4];
    enum zta_status status = zta_change_get(change, ZTA_TABLE_STATE_META, key, &found);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    const uint32_t former =
        status == ZTA_OK && found.size == sizeof(bytes) ? zta_get_u32(found.data) : 0;
    const uint32_t kinds = former | UINT32_C(1) << kind;
    zta_put_u32(bytes, kinds);
    return kinds == former
               ? ZTA_OK
               : zta_change_put(change, ZTA_TABLE_STATE_META, key, ZTA_BLOB(bytes, sizeof(bytes)));
}

enum zta_status zta_signal_renew(struct zta_change *change, const struct zta_signal *wanted,
                                 const struct zta_signal_delivery *delivery)
{
    struct zta_signal signal = *wanted;
    uint8_t bytes[ZTA_SIGNAL_SIZE_MAX];
    struct zta_writer writer;
    signal.received_ns =
        delivery->now_ns > delivery->released_ns || delivery->released_ns == INT64_MAX
            ? delivery->now_ns
            : delivery->released_ns + 1;
    if (!is_whole(&signal)) {
        return ZTA_INVALID;
    }
    const struct zta_signal_key key = key_of_signal(&signal);
    enum zta_status status = merge(change, &key, &signal);
    if (status == ZTA_OK && signal.is_from_transmitter) {
        status = note_kind(change, signal.kind);
    }
    if (status != ZTA_OK) {
        return status;
    }
    zta_writer_init(&writer, bytes, sizeof(bytes));
    write_signal(&writer, &signal);
    return zta_change_put(change, ZTA_TABLE_SIGNALS, zta_signal_key_blob(&key),
                          ZTA_BLOB(bytes, writer.len));
}

enum zta_status zta_signal_put(struct zta_change *change, const struct zta_signal_message *message,
                               const struct zta_signal_delivery *delivery)
{
    bool is_again;
    if (!is_whole(&message->signal)) {
        return ZTA_INVALID;
    }
    enum zta_status status =
        zta_signal_note(change, &message->id, message->expires_s, delivery, &is_again);
    return status != ZTA_OK || is_again ? status
                                        : zta_signal_renew(change, &message->signal, delivery);
}

/* The first that expired, up to FORGET_MOST; their ids stand where they are found by them, too. */
static enum zta_status forget_some(struct zta_change *change, int64_t now_s, size_t most,
                                   size_t *n_forgotten)
{
    struct seen_key forgotten[FORGET_MOST];
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    size_t n = 0;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_SIGNAL_SEEN, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK && n < most && n < FORGET_MOST &&
           (key.size != SEEN_KEY_SIZE || (int64_t)zta_get_u64(key.data) < now_s)) {
        const uint8_t *const bytes = key.data;
        forgotten[n++] = key.size == SEEN_KEY_SIZE ? seen_key_of(bytes + 8, SEEN_BY_ID)
                                                   : (struct seen_key){.bytes = {0}};
        status = zta_walk_remove(&walk);
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        status = zta_change_remove(change, ZTA_TABLE_SIGNAL_SEEN, seen_blob(&forgotten[i]));
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    *n_forgotten = n;
    return status;
}

enum zta_status zta_signals_forget(struct zta_change *change, int64_t now_s, size_t most,
                                   uint64_t *n)
{
    size_t n_forgotten = FORGET_MOST;
    enum zta_status status = ZTA_OK;
    *n = 0;
    while (status == ZTA_OK && n_forgotten == FORGET_MOST && *n < most) {
        status = forget_some(change, now_s, most - (size_t)*n, &n_forgotten);
        *n += n_forgotten;
    }
    return status;
}

/* A watermark is for logins of any time, and some tokens tell none. */
static bool is_outlived(struct zta_blob key, struct zta_blob value, int64_t before_ns)
{
    const unsigned kind = key.size > 0 ? *(const uint8_t *)key.data & 0x7fu : 0u;
    int64_t received_ns;
    int64_t watermark_s;
    return is_kind((enum zta_signal_kind)kind) && !makeups[kind].has_watermark &&
           times_of(value, &received_ns, &watermark_s) == ZTA_OK && received_ns < before_ns;
}

enum zta_status zta_signals_prune(struct zta_change *change, uint8_t place[ZTA_SIGNAL_KEY_SIZE],
                                  int64_t before_ns, uint64_t *n)
{
    return zta_signal_table_prune(change, ZTA_TABLE_SIGNALS, place, is_outlived, before_ns, n);
}

/* ---- releases ---- */

enum zta_status zta_signal_released(struct zta_view *view, const struct zta_signal *signal,
                                    int64_t *released_ns)
{
    const struct zta_signal_key key = key_of_signal(signal);
    return zta_release_get(view, &key, released_ns);
}

enum zta_status zta_signal_release(struct zta_change *change, const struct zta_signal *signal,
                                   uint64_t action_id)
{
    const struct zta_signal_key key = key_of_signal(signal);
    return zta_release_put(change, &key, signal->received_ns, action_id);
}

/* ---- reading ---- */

/* As zta_revocation_find does: a login in the second of the watermark may be the one meant. */
static bool is_refused(enum zta_signal_kind kind, const struct zta_identity *identity,
                       int64_t watermark_s, int64_t leeway_s)
{
    /* What a token was issued at is its issuer's own clock, and a newer one is at hand. */
    const bool is_of_tokens = kind == ZTA_SIGNAL_SUBJECT_TOKENS;
    const int64_t time_s = is_of_tokens ? identity->issued_s : identity->auth_time_s;
    int64_t limit_s;
    if (!makeups[kind].has_watermark) {
        return true;
    }
    if (__builtin_add_overflow(watermark_s, leeway_s > 0 && !is_of_tokens ? leeway_s : 0,
                               &limit_s)) {
        limit_s = INT64_MAX;
    }
    return time_s <= 0 || time_s <= limit_s;
}

struct question {
    struct zta_view *view;
    const struct zta_identity *identity;
    int64_t leeway_s;
};

static enum zta_status ask(const struct question *question, enum zta_signal_kind kind,
                           const struct zta_signal_key *key, bool *is_hit)
{
    struct zta_blob value;
    int64_t received_ns;
    int64_t watermark_s;
    int64_t released_ns;
    enum zta_status status =
        zta_view_get(question->view, ZTA_TABLE_SIGNALS, zta_signal_key_blob(key), &value);
    if (status == ZTA_NOT_FOUND) {
        *is_hit = false;
        return ZTA_OK;
    }
    if (status == ZTA_OK) {
        status = times_of(value, &received_ns, &watermark_s);
    }
    if (status == ZTA_OK) {
        status = zta_release_get(question->view, key, &released_ns);
    }
    if (status == ZTA_OK) {
        *is_hit = received_ns > released_ns &&
                  is_refused(kind, question->identity, watermark_s, question->leeway_s);
    }
    return status;
}

/* The record of that kind that would be about the identity; false: it has not the names for one. */
static bool ask_of(const struct zta_identity *identity, enum zta_signal_kind kind,
                   struct zta_signal *asked)
{
    const struct makeup *makeup = &makeups[kind];
    const struct zta_text name =
        kind == ZTA_SIGNAL_SUBJECT_CLIENT ? identity->client : identity->device;
    *asked = (struct zta_signal){.kind = kind, .issuer = identity->issuer};
    if (makeup->has_sid) {
        asked->sid = identity->sid;
    }
    if (makeup->has_subject) {
        asked->subject = identity->subject;
    }
    if (makeup->has_name) {
        /* A name that is missing may be the one that is meant. */
        asked->name = makeup->has_subject && zta_text_is_absent(name) ? ZTA_TEXT("") : name;
    }
    return (!makeup->has_sid || !zta_text_is_absent(asked->sid)) &&
           (!makeup->has_subject || !zta_text_is_absent(asked->subject)) &&
           (!makeup->has_name || !zta_text_is_absent(asked->name));
}

/* False: it has not the names for one. */
static bool key_about(const struct zta_identity *identity, enum zta_signal_kind kind,
                      enum zta_signal_source source, struct zta_signal_key *key)
{
    struct zta_signal asked;
    if (kind == ZTA_SIGNAL_TOKEN) {
        key->bytes[0] = ZTA_SIGNAL_TOKEN | KEY_TRANSMITTER;
        memcpy(key->bytes + 1, identity->token_id.bytes, ZTA_SHA256_SIZE);
        return true;
    }
    if (!ask_of(identity, kind, &asked)) {
        return false;
    }
    asked.is_from_transmitter = source == ZTA_SIGNAL_BY_TRANSMITTER;
    *key = key_of_signal(&asked);
    return true;
}

static enum zta_status find_among(const struct question *question, uint32_t kinds,
                                  enum zta_signal_source source, struct zta_signal_hit *hit)
{
    for (unsigned kind = ZTA_SIGNAL_SESSION; kind < ZTA_SIGNAL_END && hit->by == 0; kind++) {
        struct zta_signal_key key;
        bool is_hit = false;
        if ((kinds & UINT32_C(1) << kind) == 0 ||
            !key_about(question->identity, (enum zta_signal_kind)kind, source, &key)) {
            continue;
        }
        enum zta_status status = ask(question, (enum zta_signal_kind)kind, &key, &is_hit);
        if (status != ZTA_OK) {
            return status;
        }
        if (is_hit) {
            *hit =
                (struct zta_signal_hit){.by = (unsigned)source, .kind = (enum zta_signal_kind)kind};
        }
    }
    return ZTA_OK;
}

static enum zta_status kinds_of_transmitters(struct zta_view *view, uint32_t *kinds)
{
    struct zta_blob value;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_STATE_META,
                     ZTA_BLOB(ZTA_SIGNAL_KINDS_KEY, sizeof(ZTA_SIGNAL_KINDS_KEY) - 1), &value);
    *kinds = status == ZTA_OK && value.size == 4 ? zta_get_u32(value.data) : 0;
    return status == ZTA_OK && value.size != 4 ? ZTA_CORRUPT
           : status == ZTA_NOT_FOUND           ? ZTA_OK
                                               : status;
}

enum zta_status zta_signal_find(struct zta_view *view, const struct zta_identity *identity,
                                int64_t leeway_s, struct zta_signal_hit *hit)
{
    const struct question question = {.view = view, .identity = identity, .leeway_s = leeway_s};
    const uint32_t of_logouts = UINT32_C(1) << ZTA_SIGNAL_SESSION |
                                UINT32_C(1) << ZTA_SIGNAL_SUBJECT_SESSION |
                                UINT32_C(1) << ZTA_SIGNAL_SUBJECT;
    struct zta_signal_hit found = {.by = 0};
    uint32_t kinds = 0;
    enum zta_status status = find_among(&question, of_logouts, ZTA_SIGNAL_BY_LOGOUT, &found);
    if (status == ZTA_OK && found.by == 0) {
        status = kinds_of_transmitters(view, &kinds);
    }
    if (status == ZTA_OK) {
        status = find_among(&question, kinds, ZTA_SIGNAL_BY_TRANSMITTER, &found);
    }
    if (status == ZTA_OK) {
        *hit = found;
    }
    return status;
}

struct listener {
    struct zta_view *view;
    zta_signal_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listener *listener = context;
    struct zta_signal signal;
    int64_t released_ns = 0;
    enum zta_status status = decode(key, value, &signal);
    if (status == ZTA_OK) {
        status = zta_signal_released(listener->view, &signal, &released_ns);
    }
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &signal, signal.received_ns <= released_ns);
    }
    return status;
}

enum zta_status zta_signal_each(struct zta_view *view, zta_signal_fn fn, void *context)
{
    struct listener listener = {.view = view, .fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_SIGNALS, tell, &listener);
}

bool zta_signal_is_of_login(enum zta_signal_kind kind)
{
    return kind == ZTA_SIGNAL_SESSION || kind == ZTA_SIGNAL_SUBJECT_SESSION ||
           kind == ZTA_SIGNAL_SUBJECT;
}

bool zta_signal_hits_session(const struct zta_signal *signal, const struct zta_session *session)
{
    struct zta_login_tag tag;
    /* Of devices and tokens a session's record tells too little. */
    if (!zta_signal_is_of_login(signal->kind)) {
        return false;
    }
    zta_login_tag_make(signal->issuer, signal->sid, signal->subject, &tag);
    const bool is_sid = memcmp(tag.sid, session->login.sid, sizeof(tag.sid)) == 0;
    const bool is_subject = memcmp(tag.subject, session->login.subject, sizeof(tag.subject)) == 0;
    return (is_sid || zta_text_is_absent(signal->sid)) &&
           (is_subject || zta_text_is_absent(signal->subject));
}

const char *zta_signal_kind_name(enum zta_signal_kind kind)
{
    return is_kind(kind) ? makeups[kind].text : "unknown";
}
