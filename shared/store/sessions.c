/* SPDX-License-Identifier: Apache-2.0 */
/* Packs, unpacks and walks sessions. */
#include "shared/store/sessions.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/base/reader.h"
#include "shared/store/erasures_priv.h"
#include "shared/store/prune_priv.h"
#include "shared/store/records_priv.h"
#include "shared/store/schema_state.h"
#include "shared/store/tables_priv.h"

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* A text behind its length in one byte, cut to what room is left. */
static void write_short(struct zta_writer *writer, const char *text, size_t size)
{
    size_t len = lesser(strnlen(text, size - 1), writer->size - writer->len - 1);
    zta_write_u8(writer, (uint8_t)len);
    zta_write_bytes(writer, text, len);
}

static void read_short(struct zta_reader *reader, char *text, size_t size)
{
    size_t len = zta_read_u8(reader);
    if (len >= size) {
        reader->is_bad = true;
        len = 0;
    }
    zta_read_bytes(reader, text, len);
    memset(text + len, 0, size - len);
}

static size_t addr_size(uint8_t family)
{
    return family == 4 ? 4 : family == 6 ? 16 : 0;
}

/* All but the agent always fit: see the assertion. */
static size_t encode(const struct zta_session *session, uint8_t out[ZTA_SESSION_RECORD_MAX])
{
    struct zta_writer writer;
    zta_writer_init(&writer, out, ZTA_SESSION_RECORD_MAX);
    const uint8_t bytes[] = {ZTA_SESSION_VERSION, (uint8_t)session->kind,
                             (uint8_t)session->credential, (uint8_t)session->binding,
                             session->last_reason};
    zta_write_bytes(&writer, bytes, sizeof bytes);
    zta_write_u64(&writer, (uint64_t)session->first_s);
    zta_write_u64(&writer, (uint64_t)session->last_s);
    zta_write_u64(&writer, (uint64_t)session->expires_s);
    zta_write_u64(&writer, session->n_requests);
    zta_write_u64(&writer, session->n_denied);
    zta_write_u64(&writer, session->segment_created_ns);
    zta_write_u64(&writer, session->sequence);
    zta_write_bytes(&writer, session->token_id, sizeof session->token_id);
    zta_write_bytes(&writer, &session->login, sizeof session->login);
    size_t n = addr_size(session->addr.family);
    zta_write_u8(&writer, n == 0 ? 0 : session->addr.family);
    zta_write_bytes(&writer, session->addr.bytes, n);
    write_short(&writer, session->issuer, sizeof session->issuer);
    write_short(&writer, session->subject, sizeof session->subject);
    write_short(&writer, session->client, sizeof session->client);
    write_short(&writer, session->apikey, sizeof session->apikey);
    write_short(&writer, session->agent, sizeof session->agent);
    return writer.len;
}

#define FIXED_SIZE (5 + 7 * 8 + ZTA_SESSION_ID_SIZE + sizeof(struct zta_login_tag) + 17 + 5)
_Static_assert(FIXED_SIZE + 2 * ZTA_NAME_MAX + 159 + 95 <= ZTA_SESSION_RECORD_MAX,
               "everything but the agent fits a record");

static enum zta_status decode(const uint8_t *id, struct zta_blob record,
                              struct zta_session *session)
{
    struct zta_session read;
    memset(&read, 0, sizeof read);
    memcpy(read.id, id, sizeof read.id);
    struct zta_reader reader;
    zta_reader_init(&reader, record.data, record.size);
    uint8_t version = zta_read_u8(&reader);
    uint8_t kind = zta_read_u8(&reader);
    uint8_t credential = zta_read_u8(&reader);
    uint8_t binding = zta_read_u8(&reader);
    read.last_reason = zta_read_u8(&reader);
    read.first_s = (int64_t)zta_read_u64(&reader);
    read.last_s = (int64_t)zta_read_u64(&reader);
    read.expires_s = (int64_t)zta_read_u64(&reader);
    read.n_requests = zta_read_u64(&reader);
    read.n_denied = zta_read_u64(&reader);
    read.segment_created_ns = zta_read_u64(&reader);
    read.sequence = zta_read_u64(&reader);
    zta_read_bytes(&reader, read.token_id, sizeof read.token_id);
    zta_read_bytes(&reader, &read.login, sizeof read.login);
    read.addr.family = zta_read_u8(&reader);
    size_t n = addr_size(read.addr.family);
    zta_read_bytes(&reader, read.addr.bytes, n);
    read_short(&reader, read.issuer, sizeof read.issuer);
    read_short(&reader, read.subject, sizeof read.subject);
    read_short(&reader, read.client, sizeof read.client);
    read_short(&reader, read.apikey, sizeof read.apikey);
    read_short(&reader, read.agent, sizeof read.agent);
    if (!zta_reader_is_done(&reader) || version != ZTA_SESSION_VERSION ||
        kind > ZTA_SESSION_TOKEN || credential > ZTA_CREDENTIAL_BROWSER ||
        binding > ZTA_BINDING_MTLS || (n == 0 && read.addr.family != 0)) {
        return ZTA_CORRUPT;
    }
    read.kind = (enum zta_session_kind)kind;
    read.credential = (enum zta_credential)credential;
    read.binding = (enum zta_binding)binding;
    *session = read;
    return ZTA_OK;
}

enum zta_status zta_session_check_record(struct zta_blob key, struct zta_blob value)
{
    struct zta_session session;
    return key.size == ZTA_SESSION_ID_SIZE ? decode(key.data, value, &session) : ZTA_CORRUPT;
}

enum zta_status zta_session_get(struct zta_view *view, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                struct zta_session *session)
{
    struct zta_blob record;
    enum zta_status status =
        zta_view_get(view, ZTA_TABLE_SESSIONS, ZTA_BLOB(id, ZTA_SESSION_ID_SIZE), &record);
    return status == ZTA_OK ? decode(id, record, session) : status;
}

enum zta_status zta_session_load(struct zta_change *change, const uint8_t id[ZTA_SESSION_ID_SIZE],
                                 struct zta_session *session)
{
    struct zta_blob record;
    enum zta_status status =
        zta_change_get(change, ZTA_TABLE_SESSIONS, ZTA_BLOB(id, ZTA_SESSION_ID_SIZE), &record);
    return status == ZTA_OK ? decode(id, record, session) : status;
}

enum zta_status zta_session_put(struct zta_change *change, const struct zta_session *session)
{
    uint8_t record[ZTA_SESSION_RECORD_MAX];
    size_t size = encode(session, record);
    return zta_change_put(change, ZTA_TABLE_SESSIONS, ZTA_BLOB(session->id, sizeof session->id),
                          ZTA_BLOB(record, size));
}

enum zta_status zta_session_remove(struct zta_change *change, const uint8_t id[ZTA_SESSION_ID_SIZE])
{
    return zta_change_remove(change, ZTA_TABLE_SESSIONS, ZTA_BLOB(id, ZTA_SESSION_ID_SIZE));
}

enum zta_status zta_session_each(struct zta_view *view, zta_session_fn fn, void *context)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_SESSIONS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob key;
    struct zta_blob record;
    bool is_wanted = true;
    status = zta_walk_first(&walk, &key, &record);
    while (status == ZTA_OK && is_wanted) {
        struct zta_session session;
        status = key.size == ZTA_SESSION_ID_SIZE ? decode(key.data, record, &session) : ZTA_CORRUPT;
        if (status == ZTA_OK) {
            is_wanted = fn(context, &session);
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_session_each_from(struct zta_view *view, uint8_t place[ZTA_SESSION_ID_SIZE],
                                      size_t most, zta_session_fn fn, void *context)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_begin(view, ZTA_TABLE_SESSIONS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    struct zta_blob key = ZTA_BLOB(place, ZTA_SESSION_ID_SIZE);
    struct zta_blob record;
    bool is_wanted = true;
    status = zta_walk_seek(&walk, &key, &record);
    for (size_t i = 0; i < most && status == ZTA_OK && is_wanted; i++) {
        struct zta_session session;
        status = key.size == ZTA_SESSION_ID_SIZE ? decode(key.data, record, &session) : ZTA_CORRUPT;
        if (status == ZTA_OK) {
            is_wanted = fn(context, &session);
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    if (status == ZTA_OK && key.size == ZTA_SESSION_ID_SIZE) {
        memcpy(place, key.data, ZTA_SESSION_ID_SIZE);
    }
    else {
        memset(place, 0, ZTA_SESSION_ID_SIZE);
    }
    zta_walk_end(&walk);
    return status == ZTA_NOT_FOUND ? ZTA_OK : status;
}

enum zta_status zta_sessions_prune(struct zta_change *change, uint8_t place[ZTA_SESSION_ID_SIZE],
                                   int64_t before_s, size_t most, uint64_t *n)
{
    struct zta_walk walk;
    enum zta_status status = zta_walk_change(change, ZTA_TABLE_SESSIONS, &walk);
    if (status != ZTA_OK) {
        return status;
    }
    uint64_t n_removed = 0;
    struct zta_blob key = ZTA_BLOB(place, ZTA_SESSION_ID_SIZE);
    struct zta_blob record;
    status = zta_walk_seek(&walk, &key, &record);
    for (size_t i = 0; i < most && status == ZTA_OK; i++) {
        struct zta_session session;
        /* A record that nobody can read is of no use to anyone. */
        bool is_old = key.size != ZTA_SESSION_ID_SIZE ||
                      decode(key.data, record, &session) != ZTA_OK || session.last_s < before_s;
        if (is_old) {
            status = zta_walk_remove(&walk);
            n_removed++;
        }
        if (status == ZTA_OK) {
            status = zta_walk_next(&walk, &key, &record);
        }
    }
    if (status == ZTA_OK && key.size == ZTA_SESSION_ID_SIZE) {
        memcpy(place, key.data, ZTA_SESSION_ID_SIZE);
    }
    else {
        memset(place, 0, ZTA_SESSION_ID_SIZE);
    }
    zta_walk_end(&walk);
    if (status != ZTA_OK && status != ZTA_NOT_FOUND) {
        return status;
    }
    *n = n_removed;
    return ZTA_OK;
}

enum zta_status zta_session_count(struct zta_view *view, uint64_t *n)
{
    uint64_t bytes;
    return zta_view_table_size(view, ZTA_TABLE_SESSIONS, n, &bytes);
}

/* One that goes on keeps its record: what is known of it is needed to judge it. */
static bool is_of(struct zta_blob key, struct zta_blob record, const struct zta_prune *prune)
{
    const struct zta_erasure *erasure = prune->context;
    struct zta_session session;
    return key.size == ZTA_SESSION_ID_SIZE && decode(key.data, record, &session) == ZTA_OK &&
           session.last_s <= erasure->until_ns / ZTA_NS_PER_S &&
           zta_erasure_is_of(erasure, zta_text_of(session.issuer), zta_text_of(session.subject));
}

enum zta_status zta_sessions_erase(struct zta_change *change, const struct zta_erasure *erasure,
                                   struct zta_prune_place *place, size_t most, uint64_t *n)
{
    const struct zta_prune prune = {
        .table = ZTA_TABLE_SESSIONS, .is_old = is_of, .context = erasure, .most = most};
    return zta_table_prune(change, &prune, place, n);
}
