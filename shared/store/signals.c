/* SPDX-License-Identifier: Apache-2.0 */
/* Signal revocations by a hash of their names; messages by when they may be forgotten. */
#include "shared/store/signals.h"

#include <string.h>

#include "shared/store/records_priv.h"
#include "shared/store/schema.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

#define SEEN_KEY_SIZE (8 + ZTA_SHA256_SIZE)

static bool is_text(struct zta_text text, size_t max)
{
    return !zta_text_is_absent(text) && text.len > 0 && text.len <= max;
}

static bool is_whole(const struct zta_signal *signal)
{
    const bool has_sid = is_text(signal->sid, ZTA_SUBJECT_MAX);
    const bool has_subject = is_text(signal->subject, ZTA_SUBJECT_MAX);
    if (!is_text(signal->issuer, ZTA_NAME_MAX) || signal->watermark_s < 0 ||
        signal->received_ns < 0) {
        return false;
    }
    switch (signal->kind) {
    case ZTA_SIGNAL_SESSION:
        return has_sid && zta_text_is_absent(signal->subject);
    case ZTA_SIGNAL_SUBJECT_SESSION:
        return has_sid && has_subject;
    case ZTA_SIGNAL_SUBJECT:
        return zta_text_is_absent(signal->sid) && has_subject && signal->watermark_s > 0;
    }
    return false;
}

struct signal_key {
    uint8_t bytes[ZTA_SIGNAL_KEY_SIZE];
};

static struct zta_blob blob_of(const struct signal_key *key)
{
    return ZTA_BLOB(key->bytes, sizeof(key->bytes));
}

static struct signal_key key_of(enum zta_signal_kind kind, struct zta_text issuer,
                                struct zta_text sid, struct zta_text subject)
{
    const struct zta_text names[] = {issuer, sid, subject};
    struct zta_sha256 hash;
    struct signal_key key;
    zta_sha256_parts(names, sizeof(names) / sizeof(names[0]), &hash);
    key.bytes[0] = (uint8_t)kind;
    memcpy(key.bytes + 1, hash.bytes, sizeof(hash.bytes));
    return key;
}

static struct signal_key key_of_signal(const struct zta_signal *signal)
{
    return key_of(signal->kind, signal->issuer, signal->sid, signal->subject);
}

/* ---- records ---- */

static void write_signal(struct zta_writer *writer, const struct zta_signal *signal)
{
    zta_write_u8(writer, ZTA_SIGNAL_VERSION);
    zta_write_u8(writer, (uint8_t)signal->kind);
    zta_write_u64(writer, (uint64_t)signal->received_ns);
    zta_write_u64(writer, (uint64_t)signal->watermark_s);
    zta_write_text(writer, signal->issuer);
    zta_write_text(writer, signal->sid);
    zta_write_text(writer, signal->subject);
}

static enum zta_status read_signal(struct zta_reader *reader, struct zta_signal *signal)
{
    const uint8_t version = zta_read_u8(reader);
    struct zta_signal read = {.kind = (enum zta_signal_kind)zta_read_u8(reader)};
    read.received_ns = (int64_t)zta_read_u64(reader);
    read.watermark_s = (int64_t)zta_read_u64(reader);
    read.issuer = zta_read_text(reader);
    read.sid = zta_read_text(reader);
    read.subject = zta_read_text(reader);
    if (version != ZTA_SIGNAL_VERSION || reader->is_bad || !is_whole(&read)) {
        return ZTA_CORRUPT;
    }
    *signal = read;
    return ZTA_OK;
}

/* What a request needs of a record, without its texts. */
static enum zta_status times_of(struct zta_blob value, int64_t *received_ns, int64_t *watermark_s)
{
    const uint8_t *bytes = value.data;
    if (value.size < ZTA_SIGNAL_AT_TEXTS || bytes[0] != ZTA_SIGNAL_VERSION) {
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
    const struct signal_key expected = key_of_signal(&found);
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
    if (!is_whole(&message->signal) || message->expires_s < 0) {
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
    if (status != ZTA_OK || !zta_reader_is_done(&reader) || read.expires_s < 0) {
        return ZTA_CORRUPT;
    }
    *message = read;
    return ZTA_OK;
}

/* ---- writing ---- */

struct seen_key {
    uint8_t bytes[SEEN_KEY_SIZE];
};

/* In the order in which they may be forgotten; one message has one expiry, so it is found again. */
static struct seen_key seen_key_of(const struct zta_signal_message *message)
{
    struct seen_key key;
    zta_put_u64(key.bytes, (uint64_t)message->expires_s);
    memcpy(key.bytes + 8, message->id.bytes, sizeof(message->id.bytes));
    return key;
}

/* Notes which letter brought the message. ZTA_EXISTS: another one did; *is_again: this one. */
static enum zta_status note_seen(struct zta_change *change,
                                 const struct zta_signal_message *message,
                                 const struct zta_signal_delivery *delivery, bool *is_again)
{
    const struct seen_key key = seen_key_of(message);
    const struct zta_blob where = ZTA_BLOB(key.bytes, sizeof(key.bytes));
    struct zta_blob found;
    uint8_t letter[ZTA_SIGNAL_SEEN_SIZE];
    zta_put_u64(letter, delivery->segment_id);
    zta_put_u64(letter + 8, delivery->letter);
    enum zta_status status = zta_change_get(change, ZTA_TABLE_SIGNAL_SEEN, where, &found);
    *is_again = status == ZTA_OK && found.size == sizeof(letter) &&
                memcmp(found.data, letter, sizeof(letter)) == 0;
    if (status == ZTA_OK) {
        return *is_again ? ZTA_OK : ZTA_EXISTS;
    }
    return status != ZTA_NOT_FOUND ? status
                                   : zta_change_put(change, ZTA_TABLE_SIGNAL_SEEN, where,
                                                    ZTA_BLOB(letter, sizeof(letter)));
}

/* What the former record of the same names has beyond the new one stays. */
static enum zta_status merge(struct zta_change *change, const struct signal_key *key,
                             struct zta_signal *signal)
{
    struct zta_blob found;
    int64_t received_ns;
    int64_t watermark_s;
    enum zta_status status = zta_change_get(change, ZTA_TABLE_SIGNALS, blob_of(key), &found);
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

enum zta_status zta_signal_put(struct zta_change *change, const struct zta_signal_message *message,
                               const struct zta_signal_delivery *delivery)
{
    struct zta_signal signal = message->signal;
    const struct signal_key key = key_of_signal(&signal);
    bool is_again;
    signal.received_ns =
        delivery->now_ns > delivery->released_ns || delivery->released_ns == INT64_MAX
            ? delivery->now_ns
            : delivery->released_ns + 1;
    if (!is_whole(&signal)) {
        return ZTA_INVALID;
    }
    enum zta_status status = note_seen(change, message, delivery, &is_again);
    if (status != ZTA_OK || is_again) {
        return status;
    }
    status = merge(change, &key, &signal);
    if (status != ZTA_OK) {
        return status;
    }
    uint8_t bytes[ZTA_SIGNAL_SIZE_MAX];
    struct zta_writer writer;
    zta_writer_init(&writer, bytes, sizeof(bytes));
    write_signal(&writer, &signal);
    return zta_change_put(change, ZTA_TABLE_SIGNALS, blob_of(&key), ZTA_BLOB(bytes, writer.len));
}

enum zta_status zta_signals_forget(struct zta_change *change, int64_t now_s, size_t most,
                                   uint64_t *n)
{
    struct zta_walk walk;
    struct zta_blob key;
    struct zta_blob value;
    uint64_t n_removed = 0;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_SIGNAL_SEEN, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_first(&walk, &key, &value);
    while (status == ZTA_OK && n_removed < most &&
           (key.size != SEEN_KEY_SIZE || (int64_t)zta_get_u64(key.data) < now_s)) {
        status = zta_walk_remove(&walk);
        n_removed += status == ZTA_OK;
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    zta_walk_end(&walk);
    *n = n_removed;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* A watermark is for logins of any time, and some tokens tell none. */
static bool is_outlived(struct zta_blob key, struct zta_blob value, int64_t before_ns)
{
    const uint8_t *kind = key.data;
    int64_t received_ns;
    int64_t watermark_s;
    return key.size > 0 && kind[0] != ZTA_SIGNAL_SUBJECT &&
           times_of(value, &received_ns, &watermark_s) == ZTA_OK && received_ns < before_ns;
}

enum zta_status zta_signals_prune(struct zta_change *change, uint8_t place[ZTA_SIGNAL_KEY_SIZE],
                                  int64_t before_ns, size_t most, uint64_t *n)
{
    struct zta_walk walk;
    struct zta_blob key = ZTA_BLOB(place, ZTA_SIGNAL_KEY_SIZE);
    struct zta_blob value;
    uint64_t n_removed = 0;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_SIGNALS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    status = zta_walk_seek(&walk, &key, &value);
    for (size_t i = 0; i < most && status == ZTA_OK; i++) {
        if (is_outlived(key, value, before_ns)) {
            status = zta_walk_remove(&walk);
            n_removed += status == ZTA_OK;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &value);
        }
    }
    memset(place, 0, ZTA_SIGNAL_KEY_SIZE);
    if (status == ZTA_OK && key.size == ZTA_SIGNAL_KEY_SIZE) {
        memcpy(place, key.data, ZTA_SIGNAL_KEY_SIZE);
    }
    zta_walk_end(&walk);
    *n = n_removed;
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

/* ---- releases ---- */

struct release_key {
    char bytes[sizeof(ZTA_RELEASE_KEY) - 1 + ZTA_SIGNAL_KEY_SIZE];
};

static struct release_key release_key_of(const struct signal_key *key)
{
    struct release_key release;
    memcpy(release.bytes, ZTA_RELEASE_KEY, sizeof(ZTA_RELEASE_KEY) - 1);
    memcpy(release.bytes + sizeof(ZTA_RELEASE_KEY) - 1, key->bytes, sizeof(key->bytes));
    return release;
}

static enum zta_status read_release(struct zta_view *view, const struct signal_key *key,
                                    int64_t *released_ns)
{
    const struct release_key release = release_key_of(key);
    struct zta_blob value;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_POLICY_META,
                                          ZTA_BLOB(release.bytes, sizeof(release.bytes)), &value);
    if (status == ZTA_NOT_FOUND) {
        *released_ns = 0;
        return ZTA_OK;
    }
    if (status == ZTA_OK && value.size != ZTA_RELEASE_SIZE) {
        return ZTA_CORRUPT;
    }
    if (status == ZTA_OK) {
        *released_ns = (int64_t)zta_get_u64(value.data);
    }
    return status;
}

enum zta_status zta_signal_released(struct zta_view *view, const struct zta_signal *signal,
                                    int64_t *released_ns)
{
    const struct signal_key key = key_of_signal(signal);
    return read_release(view, &key, released_ns);
}

enum zta_status zta_signal_release(struct zta_change *change, const struct zta_signal *signal,
                                   uint64_t action_id)
{
    const struct signal_key key = key_of_signal(signal);
    const struct release_key release = release_key_of(&key);
    uint8_t value[ZTA_RELEASE_SIZE];
    zta_put_u64(value, (uint64_t)signal->received_ns);
    zta_put_u64(value + 8, (uint64_t)zta_change_clock_ns(change));
    zta_put_u64(value + 16, action_id);
    return zta_change_put(change, ZTA_TABLE_POLICY_META,
                          ZTA_BLOB(release.bytes, sizeof(release.bytes)),
                          ZTA_BLOB(value, sizeof(value)));
}

/* ---- reading ---- */

/* As zta_revocation_find does: a login in the second of the watermark may be the one meant. */
static bool is_login_refused(const struct zta_identity *identity, int64_t watermark_s,
                             int64_t leeway_s)
{
    int64_t limit_s;
    if (__builtin_add_overflow(watermark_s, leeway_s > 0 ? leeway_s : 0, &limit_s)) {
        limit_s = INT64_MAX;
    }
    return identity->auth_time_s <= 0 || identity->auth_time_s <= limit_s;
}

static enum zta_status ask(struct zta_view *view, const struct signal_key *key,
                           const struct zta_identity *identity, int64_t leeway_s, bool *is_hit)
{
    struct zta_blob value;
    int64_t received_ns;
    int64_t watermark_s;
    int64_t released_ns;
    enum zta_status status = zta_view_get(view, ZTA_TABLE_SIGNALS, blob_of(key), &value);
    if (status == ZTA_NOT_FOUND) {
        *is_hit = false;
        return ZTA_OK;
    }
    if (status == ZTA_OK) {
        status = times_of(value, &received_ns, &watermark_s);
    }
    if (status == ZTA_OK) {
        status = read_release(view, key, &released_ns);
    }
    if (status == ZTA_OK) {
        *is_hit = received_ns > released_ns && (key->bytes[0] != ZTA_SIGNAL_SUBJECT ||
                                                is_login_refused(identity, watermark_s, leeway_s));
    }
    return status;
}

enum zta_status zta_signal_find(struct zta_view *view, const struct zta_identity *identity,
                                int64_t leeway_s, bool *is_revoked, enum zta_signal_kind *hit)
{
    static const enum zta_signal_kind kinds[] = {ZTA_SIGNAL_SESSION, ZTA_SIGNAL_SUBJECT_SESSION,
                                                 ZTA_SIGNAL_SUBJECT};
    static const struct zta_text none = {.data = NULL};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        const struct zta_text sid = kinds[i] == ZTA_SIGNAL_SUBJECT ? none : identity->sid;
        const struct zta_text subject = kinds[i] == ZTA_SIGNAL_SESSION ? none : identity->subject;
        if ((kinds[i] != ZTA_SIGNAL_SUBJECT && zta_text_is_absent(sid)) ||
            (kinds[i] != ZTA_SIGNAL_SESSION && zta_text_is_absent(subject))) {
            continue;
        }
        const struct signal_key key = key_of(kinds[i], identity->issuer, sid, subject);
        bool is_hit = false;
        enum zta_status status = ask(view, &key, identity, leeway_s, &is_hit);
        if (status != ZTA_OK) {
            return status;
        }
        if (is_hit) {
            *is_revoked = true;
            *hit = kinds[i];
            return ZTA_OK;
        }
    }
    *is_revoked = false;
    return ZTA_OK;
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

bool zta_signal_hits_session(const struct zta_signal *signal, const struct zta_session *session)
{
    struct zta_login_tag tag;
    zta_login_tag_make(signal->issuer, signal->sid, signal->subject, &tag);
    const bool is_sid = memcmp(tag.sid, session->login.sid, sizeof(tag.sid)) == 0;
    const bool is_subject = memcmp(tag.subject, session->login.subject, sizeof(tag.subject)) == 0;
    return (is_sid || zta_text_is_absent(signal->sid)) &&
           (is_subject || zta_text_is_absent(signal->subject));
}

const char *zta_signal_kind_name(enum zta_signal_kind kind)
{
    switch (kind) {
    case ZTA_SIGNAL_SESSION:
    case ZTA_SIGNAL_SUBJECT_SESSION:
        return "session";
    case ZTA_SIGNAL_SUBJECT:
        return "subject";
    }
    return "unknown";
}
