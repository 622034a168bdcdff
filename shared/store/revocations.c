/* SPDX-License-Identifier: Apache-2.0 */
/* Revocations: exact ids are refused for good, logins up to a watermark. */
#include "shared/store/revocations.h"

#include <string.h>

#include "shared/base/reader.h"
#include "shared/store/fleet_topics_priv.h"
#include "shared/store/names_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema.h"
#include "shared/store/tables_priv.h"

#define RECORD_MAX 8192

/* As much of a token id as events and sessions keep, so that what they show can be revoked. */
#define TOKEN_KEY_SIZE ZTA_SESSION_ID_SIZE

/* Kinds of keys: those of the contract, and one for sessions without sid. Counted from 0 in head.
 */
enum stored_kind {
    STORED_SESSION = ZTA_REVOKE_SESSION,
    STORED_SUBJECT = ZTA_REVOKE_SUBJECT,
    STORED_CLIENT = ZTA_REVOKE_CLIENT,
    STORED_ISSUER = ZTA_REVOKE_ISSUER,
    STORED_APIKEY = ZTA_REVOKE_APIKEY,
    STORED_TOKEN = ZTA_REVOKE_TOKEN,
    STORED_LOGIN,
    STORED_DEVICE = ZTA_REVOKE_DEVICE,
};

_Static_assert(STORED_LOGIN + 1 == STORED_DEVICE && STORED_DEVICE == ZTA_HEAD_REVOCATION_KINDS,
               "every stored kind is counted");

/*
 * An issuer's sid and a key id name the session itself. All else that a session id is made of is
 * new with the next token, so there the login is what can be refused.
 */
static bool is_exact_session(enum zta_session_kind kind)
{
    return kind == ZTA_SESSION_SID || kind == ZTA_SESSION_APIKEY;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum |= bytes[i];
    }
    return sum == 0;
}

static void names_key(enum stored_kind kind, const struct zta_text *names, size_t n,
                      struct zta_record_key *key)
{
    zta_record_key_of_names((uint8_t)kind, names, n, key);
}

/* The key of a record, or ZTA_INVALID when a name it needs is absent. */
static enum zta_status key_of(const struct zta_revocation *record, enum stored_kind *kind,
                              struct zta_record_key *key)
{
    const struct zta_text names[] = {record->issuer, record->client, record->subject};
    const struct zta_text subject[] = {record->issuer, record->subject};
    bool has_issuer = record->issuer.data != NULL;
    *kind = (enum stored_kind)record->kind;
    switch (record->kind) {
    case ZTA_REVOKE_SESSION:
        if (is_exact_session(record->session_kind)) {
            zta_record_key_of_id(STORED_SESSION, record->session, sizeof(record->session), key);
            return is_zero(record->session, sizeof(record->session)) ? ZTA_INVALID : ZTA_OK;
        }
        *kind = STORED_LOGIN;
        names_key(STORED_LOGIN, names, 3, key);
        return has_issuer ? ZTA_OK : ZTA_INVALID;
    case ZTA_REVOKE_SUBJECT:
        names_key(STORED_SUBJECT, subject, 2, key);
        return has_issuer && record->subject.data != NULL ? ZTA_OK : ZTA_INVALID;
    case ZTA_REVOKE_CLIENT:
        names_key(STORED_CLIENT, names, 2, key);
        return has_issuer && record->client.data != NULL ? ZTA_OK : ZTA_INVALID;
    case ZTA_REVOKE_ISSUER:
        names_key(STORED_ISSUER, names, 1, key);
        return has_issuer ? ZTA_OK : ZTA_INVALID;
    case ZTA_REVOKE_APIKEY:
        names_key(STORED_APIKEY, &record->apikey_id, 1, key);
        return record->apikey_id.data != NULL ? ZTA_OK : ZTA_INVALID;
    case ZTA_REVOKE_TOKEN:
        zta_record_key_of_id(STORED_TOKEN, record->token_id.bytes, TOKEN_KEY_SIZE, key);
        return is_zero(record->token_id.bytes, TOKEN_KEY_SIZE) ? ZTA_INVALID : ZTA_OK;
    case ZTA_REVOKE_DEVICE:
        names_key(STORED_DEVICE, &record->device, 1, key);
        return record->device.len > 0 ? ZTA_OK : ZTA_INVALID;
    }
    return ZTA_INVALID;
}

static bool is_watermark(enum stored_kind kind)
{
    return kind == STORED_SUBJECT || kind == STORED_CLIENT || kind == STORED_ISSUER ||
           kind == STORED_LOGIN || kind == STORED_DEVICE;
}

static enum zta_status encode(const struct zta_revocation *record, const uint8_t *origin,
                              uint8_t *out, size_t *out_size)
{
    struct zta_writer writer;
    zta_writer_init(&writer, out, RECORD_MAX);
    zta_write_u8(&writer, ZTA_REVOCATION_FORMAT);
    zta_write_u8(&writer, (uint8_t)record->kind);
    zta_write_u8(&writer, (uint8_t)record->session_kind);
    zta_write_bytes(&writer, origin, ZTA_STORE_ORIGIN_SIZE);
    zta_write_u64(&writer, (uint64_t)record->created_ns);
    zta_write_u64(&writer, (uint64_t)record->watermark_s);
    zta_write_u64(&writer, record->action_id);
    zta_write_bytes(&writer, record->session, sizeof(record->session));
    zta_write_bytes(&writer, record->token_id.bytes, ZTA_SHA256_SIZE);
    const struct zta_text id =
        record->kind == ZTA_REVOKE_DEVICE ? record->device : record->apikey_id;
    const struct zta_text texts[] = {record->issuer, record->subject, record->client, id,
                                     record->reason, record->author};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        zta_write_text(&writer, texts[i]);
    }
    *out_size = writer.len;
    return writer.is_overflowed ? ZTA_TOO_LARGE : ZTA_OK;
}

/* What a request needs of a record: without decoding its texts. */
static enum zta_status watermark_of(struct zta_blob value, int64_t *watermark_s)
{
    const uint8_t *bytes = value.data;
    if (value.size < ZTA_REVOCATION_AT_TEXTS ||
        bytes[ZTA_REVOCATION_AT_FORMAT] != ZTA_REVOCATION_FORMAT) {
        return ZTA_CORRUPT;
    }
    *watermark_s = (int64_t)zta_get_u64(bytes + ZTA_REVOCATION_AT_WATERMARK);
    return ZTA_OK;
}

/* The key must be the one that the record's own names give. */
static enum zta_status decode(struct zta_blob key, struct zta_blob value,
                              struct zta_revocation *record)
{
    const uint8_t *bytes = value.data;
    struct zta_revocation found = {.created_ns = 0};
    if (watermark_of(value, &found.watermark_s) != ZTA_OK) {
        return ZTA_CORRUPT;
    }
    found.kind = bytes[ZTA_REVOCATION_AT_KIND];
    found.session_kind = bytes[ZTA_REVOCATION_AT_SESSION_KIND];
    found.created_ns = (int64_t)zta_get_u64(bytes + ZTA_REVOCATION_AT_CREATED);
    found.action_id = zta_get_u64(bytes + ZTA_REVOCATION_AT_ACTION);
    memcpy(found.session, bytes + ZTA_REVOCATION_AT_SESSION, sizeof(found.session));
    memcpy(found.token_id.bytes, bytes + ZTA_REVOCATION_AT_TOKEN, ZTA_SHA256_SIZE);
    struct zta_reader reader;
    zta_reader_init(&reader, bytes + ZTA_REVOCATION_AT_TEXTS, value.size - ZTA_REVOCATION_AT_TEXTS);
    struct zta_text *id = found.kind == ZTA_REVOKE_DEVICE ? &found.device : &found.apikey_id;
    struct zta_text *texts[] = {&found.issuer, &found.subject, &found.client, id,
                                &found.reason, &found.author};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        *texts[i] = zta_read_text(&reader);
    }
    enum stored_kind kind;
    struct zta_record_key expected;
    if (!zta_reader_is_done(&reader) || found.session_kind > ZTA_SESSION_TOKEN ||
        key_of(&found, &kind, &expected) != ZTA_OK || key.size != expected.size ||
        memcmp(key.data, expected.bytes, key.size) != 0) {
        return ZTA_CORRUPT;
    }
    *record = found;
    return ZTA_OK;
}

enum zta_status zta_revocation_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_revocation record;
    return decode(key, value, &record);
}

enum zta_status zta_revocation_put(struct zta_change *change,
                                   const struct zta_revocation *revocation)
{
    enum stored_kind kind;
    struct zta_record_key key;
    enum zta_status status = key_of(revocation, &kind, &key);
    if (status != ZTA_OK || (is_watermark(kind) && revocation->watermark_s <= 0)) {
        return ZTA_INVALID; /* a watermark that refuses no login is a mistake */
    }
    struct zta_revocation record = *revocation;
    struct zta_blob found;
    status = zta_change_get(change, ZTA_TABLE_REVOCATIONS, ZTA_BLOB(key.bytes, key.size), &found);
    bool is_new = status == ZTA_NOT_FOUND;
    if (status == ZTA_OK) {
        int64_t former_s;
        status = watermark_of(found, &former_s);
        if (status == ZTA_OK && former_s > record.watermark_s) {
            record.watermark_s = former_s;
        }
    }
    if (status != ZTA_OK && !is_new) {
        return status;
    }
    record.created_ns = zta_change_clock_ns(change);
    uint8_t bytes[RECORD_MAX];
    size_t size;
    status = encode(&record, zta_change_origin(change), bytes, &size);
    if (status == ZTA_OK) {
        status = zta_change_put(change, ZTA_TABLE_REVOCATIONS, ZTA_BLOB(key.bytes, key.size),
                                ZTA_BLOB(bytes, size));
    }
    if (status == ZTA_OK) {
        struct zta_head *head = zta_change_head(change);
        head->generations.revocations = (uint64_t)record.created_ns;
        head->n_revocations[kind - 1] += is_new;
    }
    return status;
}

enum zta_status zta_revocation_remove(struct zta_change *change,
                                      const struct zta_revocation *revocation)
{
    enum stored_kind kind;
    struct zta_record_key key;
    enum zta_status status = key_of(revocation, &kind, &key);
    if (status == ZTA_OK) {
        status = zta_change_remove(change, ZTA_TABLE_REVOCATIONS, ZTA_BLOB(key.bytes, key.size));
    }
    if (status == ZTA_OK) {
        struct zta_head *head = zta_change_head(change);
        head->generations.revocations = (uint64_t)zta_change_clock_ns(change);
        head->n_revocations[kind - 1] -= head->n_revocations[kind - 1] > 0;
    }
    return status;
}

bool zta_revocation_has_key(struct zta_blob key)
{
    const uint8_t kind = key.size > 1 ? *(const uint8_t *)key.data : 0;
    return kind >= STORED_SESSION && kind <= STORED_DEVICE;
}

enum zta_status zta_revocation_strength(struct zta_blob key, struct zta_blob value,
                                        int64_t *strength)
{
    struct zta_revocation record;
    const enum zta_status status = decode(key, value, &record);
    if (status == ZTA_OK) {
        *strength = record.watermark_s;
    }
    return status;
}

enum zta_status zta_revocation_replace(struct zta_change *change, struct zta_blob key,
                                       struct zta_blob value)
{
    struct zta_blob found;
    if (!zta_revocation_has_key(key)) {
        return ZTA_CORRUPT;
    }
    enum zta_status status = zta_change_get(change, ZTA_TABLE_REVOCATIONS, key, &found);
    const bool was_there = status == ZTA_OK;
    if (status == ZTA_NOT_FOUND || was_there) {
        status = value.data != NULL ? zta_change_put(change, ZTA_TABLE_REVOCATIONS, key, value)
                 : was_there        ? zta_change_remove(change, ZTA_TABLE_REVOCATIONS, key)
                                    : ZTA_OK;
    }
    if (status == ZTA_OK) {
        struct zta_head *head = zta_change_head(change);
        uint64_t *n = &head->n_revocations[*(const uint8_t *)key.data - 1];
        head->generations.revocations = (uint64_t)zta_change_clock_ns(change);
        *n += value.data != NULL && !was_there ? 1 : 0;
        *n -= value.data == NULL && was_there && *n > 0 ? 1 : 0;
    }
    return status;
}

/* One look-up of the request path. */
struct question {
    struct zta_view *view;
    const struct zta_head *head;
    int64_t auth_time_s;
    int64_t leeway_s;
};

static bool is_kept(const struct question *question, enum stored_kind kind)
{
    return question->head->n_revocations[kind - 1] > 0;
}

/* An auth_time in the same second as T may be the login that T was meant for, so it is refused. */
static bool is_login_refused(const struct question *question, int64_t watermark_s)
{
    int64_t limit_s;
    if (__builtin_add_overflow(watermark_s, question->leeway_s, &limit_s)) {
        limit_s = INT64_MAX;
    }
    return question->auth_time_s <= 0 || question->auth_time_s <= limit_s;
}

static enum zta_status ask(const struct question *question, enum stored_kind kind,
                           const struct zta_record_key *key, bool *is_hit)
{
    struct zta_blob value;
    enum zta_status status = zta_view_get(question->view, ZTA_TABLE_REVOCATIONS,
                                          ZTA_BLOB(key->bytes, key->size), &value);
    if (status == ZTA_NOT_FOUND) {
        *is_hit = false;
        return ZTA_OK;
    }
    int64_t watermark_s;
    if (status == ZTA_OK) {
        status = watermark_of(value, &watermark_s);
    }
    if (status == ZTA_OK) {
        *is_hit = !is_watermark(kind) || is_login_refused(question, watermark_s);
    }
    return status;
}

/* The key to ask for, or false when this identity has nothing of that kind. */
static bool key_for(const struct zta_identity *identity, enum stored_kind kind,
                    struct zta_record_key *key)
{
    const struct zta_text names[] = {identity->issuer, identity->client, identity->subject};
    const struct zta_text subject[] = {identity->issuer, identity->subject};
    switch (kind) {
    case STORED_SESSION:
        zta_record_key_of_id(STORED_SESSION, identity->session, sizeof(identity->session), key);
        return !is_zero(identity->session, sizeof(identity->session));
    case STORED_LOGIN:
        if (is_exact_session(identity->session_kind)) {
            return false;
        }
        names_key(kind, names, 3, key);
        return true;
    case STORED_SUBJECT:
        names_key(kind, subject, 2, key);
        return identity->subject.data != NULL;
    case STORED_CLIENT:
        names_key(kind, names, 2, key);
        return identity->client.data != NULL;
    case STORED_ISSUER:
        names_key(kind, names, 1, key);
        return true;
    case STORED_APIKEY:
        names_key(kind, &identity->apikey_id, 1, key);
        return identity->apikey_id.data != NULL;
    case STORED_TOKEN:
        zta_record_key_of_id(STORED_TOKEN, identity->token_id.bytes, TOKEN_KEY_SIZE, key);
        return !is_zero(identity->token_id.bytes, TOKEN_KEY_SIZE);
    case STORED_DEVICE:
        names_key(kind, &identity->device, 1, key);
        return identity->device.len > 0;
    }
    return false;
}

enum zta_status zta_revocation_find(struct zta_view *view, const struct zta_identity *identity,
                                    int64_t leeway_s, bool *is_revoked,
                                    enum zta_revocation_kind *hit)
{
    static const enum stored_kind order[] = {STORED_SESSION, STORED_APIKEY,  STORED_TOKEN,
                                             STORED_LOGIN,   STORED_SUBJECT, STORED_CLIENT,
                                             STORED_DEVICE,  STORED_ISSUER};
    struct question question = {.view = view,
                                .auth_time_s = identity->auth_time_s,
                                .leeway_s = leeway_s > 0 ? leeway_s : 0};
    enum zta_status status = zta_view_head(view, &question.head);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && status == ZTA_OK; i++) {
        struct zta_record_key key;
        bool is_hit = false;
        if (is_kept(&question, order[i]) && key_for(identity, order[i], &key)) {
            status = ask(&question, order[i], &key, &is_hit);
        }
        if (status == ZTA_OK && is_hit) {
            *is_revoked = true;
            *hit =
                order[i] == STORED_LOGIN ? ZTA_REVOKE_SESSION : (enum zta_revocation_kind)order[i];
            return ZTA_OK;
        }
    }
    if (status == ZTA_OK) {
        *is_revoked = false;
    }
    return status;
}

bool zta_revocation_has_devices(struct zta_view *view)
{
    struct question question = {.view = view};
    /* A head that cannot be read is told by who asks next. */
    return zta_view_head(view, &question.head) != ZTA_OK || is_kept(&question, STORED_DEVICE);
}

enum zta_status zta_revocation_find_device(struct zta_view *view, struct zta_text device,
                                           const struct zta_identity *identity, int64_t leeway_s,
                                           bool *is_revoked)
{
    const struct question question = {.view = view,
                                      .auth_time_s = identity->auth_time_s,
                                      .leeway_s = leeway_s > 0 ? leeway_s : 0};
    struct zta_record_key key;
    names_key(STORED_DEVICE, &device, 1, &key);
    return ask(&question, STORED_DEVICE, &key, is_revoked);
}

enum zta_status zta_revocation_get(struct zta_view *view, const struct zta_identity *identity,
                                   enum zta_revocation_kind kind, struct zta_revocation *record)
{
    const enum stored_kind kinds[] = {(enum stored_kind)kind, STORED_LOGIN};
    const size_t n = kind == ZTA_REVOKE_SESSION ? 2 : 1;
    struct question question = {.view = view};
    enum zta_status status = zta_view_head(view, &question.head);
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        struct zta_record_key key;
        struct zta_blob value;
        if (!is_kept(&question, kinds[i]) || !key_for(identity, kinds[i], &key)) {
            continue;
        }
        const struct zta_blob name = ZTA_BLOB(key.bytes, key.size);
        status = zta_view_get(view, ZTA_TABLE_REVOCATIONS, name, &value);
        if (status == ZTA_OK) {
            return decode(name, value, record);
        }
        status = status == ZTA_NOT_FOUND ? ZTA_OK : status;
    }
    return status == ZTA_OK ? ZTA_NOT_FOUND : status;
}

enum zta_status zta_revocation_find_key(struct zta_view *view, const struct zta_key *key,
                                        bool *is_revoked)
{
    struct zta_identity identity;
    enum zta_revocation_kind hit;
    if (key->revoked_s != 0) {
        *is_revoked = true;
        return ZTA_OK;
    }
    enum zta_status status = zta_key_identify(key, &identity);
    return status == ZTA_OK ? zta_revocation_find(view, &identity, 0, is_revoked, &hit) : status;
}

struct listener {
    zta_revocation_fn fn;
    void *context;
};

static enum zta_status tell(void *context, struct zta_blob key, struct zta_blob value,
                            bool *goes_on)
{
    const struct listener *listener = context;
    struct zta_revocation record;
    enum zta_status status = decode(key, value, &record);
    if (status == ZTA_OK) {
        *goes_on = listener->fn(listener->context, &record);
    }
    return status;
}

enum zta_status zta_revocation_each(struct zta_view *view, zta_revocation_fn fn, void *context)
{
    struct listener listener = {.fn = fn, .context = context};
    return zta_view_each(view, ZTA_TABLE_REVOCATIONS, tell, &listener);
}

const char *zta_revocation_kind_name(enum zta_revocation_kind kind)
{
    switch (kind) {
    case ZTA_REVOKE_SESSION:
        return "session";
    case ZTA_REVOKE_SUBJECT:
        return "subject";
    case ZTA_REVOKE_CLIENT:
        return "client";
    case ZTA_REVOKE_ISSUER:
        return "issuer";
    case ZTA_REVOKE_APIKEY:
        return "key";
    case ZTA_REVOKE_TOKEN:
        return "token";
    case ZTA_REVOKE_DEVICE:
        return "device";
    }
    return "unknown";
}

enum zta_status zta_revocation_count(struct zta_view *view, uint64_t *n)
{
    uint64_t bytes;
    return zta_view_table_size(view, ZTA_TABLE_REVOCATIONS, n, &bytes);
}

enum zta_status zta_revocation_read_told(struct zta_blob key, struct zta_blob value,
                                         struct zta_revocation *record)
{
    return decode(key, value, record);
}

enum zta_status zta_revocation_target(struct zta_blob key, struct zta_blob value,
                                      struct zta_target *target)
{
    struct zta_revocation record;
    struct zta_sha256 hash;
    const enum zta_status status = decode(key, value, &record);
    if (status != ZTA_OK) {
        return status;
    }
    target->issuer = record.issuer;
    switch (record.kind) {
    case ZTA_REVOKE_SUBJECT:
        target->kind = ZTA_TARGET_SUBJECT;
        target->name = record.subject;
        break;
    case ZTA_REVOKE_CLIENT:
        target->kind = ZTA_TARGET_CLIENT;
        target->name = record.client;
        break;
    case ZTA_REVOKE_ISSUER:
        target->kind = ZTA_TARGET_EVERYONE;
        break;
    default: /* one session, token, device or key */
        target->kind = ZTA_TARGET_SESSION;
        zta_sha256(key.data, key.size, &hash);
        memcpy(target->session, hash.bytes, sizeof target->session);
    }
    return ZTA_OK;
}
