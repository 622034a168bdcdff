/* SPDX-License-Identifier: Apache-2.0 */
/* Names, value lists, the flat encoding and the session id of a verified identity. */
#include "shared/identity.h"

#include <math.h>
#include <string.h>

#include "shared/base/reader.h"

enum {
    IDENTITY_VERSION = 4,
    SESSION_ID_VERSION = 1,
};

static const char *const credentials[] = {
    [ZTA_CREDENTIAL_NONE] = "none",       [ZTA_CREDENTIAL_TOKEN] = "token",
    [ZTA_CREDENTIAL_APIKEY] = "apikey",   [ZTA_CREDENTIAL_CERTIFICATE] = "certificate",
    [ZTA_CREDENTIAL_BROWSER] = "browser",
};
static const char *const bindings[] = {
    [ZTA_BINDING_NONE] = "none",
    [ZTA_BINDING_DPOP] = "dpop",
    [ZTA_BINDING_MTLS] = "mtls",
};
static const char *const session_kinds[] = {
    [ZTA_SESSION_NONE] = "none",     [ZTA_SESSION_SID] = "sid",
    [ZTA_SESSION_CNF] = "cnf",       [ZTA_SESSION_AUTH_TIME] = "auth-time",
    [ZTA_SESSION_APIKEY] = "apikey", [ZTA_SESSION_TOKEN] = "token",
};
enum {
    N_CREDENTIALS = sizeof credentials / sizeof credentials[0],
    N_BINDINGS = sizeof bindings / sizeof bindings[0],
    N_SESSION_KINDS = sizeof session_kinds / sizeof session_kinds[0],
};

const char *zta_credential_name(enum zta_credential credential)
{
    unsigned i = (unsigned)credential;
    return i < N_CREDENTIALS ? credentials[i] : "unknown";
}

const char *zta_binding_name(enum zta_binding binding)
{
    unsigned i = (unsigned)binding;
    return i < N_BINDINGS ? bindings[i] : "unknown";
}

const char *zta_session_kind_name(enum zta_session_kind kind)
{
    unsigned i = (unsigned)kind;
    return i < N_SESSION_KINDS ? session_kinds[i] : "unknown";
}

/* The members of one type, in the order of the encoding: both directions walk these. */
static const size_t text_offsets[] = {
    offsetof(struct zta_identity, issuer),    offsetof(struct zta_identity, subject),
    offsetof(struct zta_identity, client),    offsetof(struct zta_identity, apikey),
    offsetof(struct zta_identity, apikey_id), offsetof(struct zta_identity, sid),
    offsetof(struct zta_identity, acr),       offsetof(struct zta_identity, certificate),
    offsetof(struct zta_identity, device),    offsetof(struct zta_identity, jkt),
    offsetof(struct zta_identity, x5t_s256),
};
static const size_t list_offsets[] = {
    offsetof(struct zta_identity, roles),
    offsetof(struct zta_identity, groups),
    offsetof(struct zta_identity, scopes),
    offsetof(struct zta_identity, amr),
};
enum {
    N_TEXTS = sizeof text_offsets / sizeof text_offsets[0],
    N_LISTS = sizeof list_offsets / sizeof list_offsets[0],
};

static struct zta_text *text_at(struct zta_identity *identity, unsigned i)
{
    return (struct zta_text *)((char *)identity + text_offsets[i]);
}

static struct zta_values *list_at(struct zta_identity *identity, unsigned i)
{
    return (struct zta_values *)((char *)identity + list_offsets[i]);
}

void zta_identity_init(struct zta_identity *identity)
{
    for (unsigned i = 0; i < N_TEXTS; i++) {
        *text_at(identity, i) = (struct zta_text){.data = NULL};
    }
    for (unsigned i = 0; i < N_LISTS; i++) {
        *list_at(identity, i) = (struct zta_values){.is_known = false};
    }
    identity->credential = ZTA_CREDENTIAL_NONE;
    identity->binding = ZTA_BINDING_NONE;
    identity->session_kind = ZTA_SESSION_NONE;
    identity->n_values = 0;
    identity->n_claims = 0;
    identity->auth_time_s = 0;
    identity->issued_s = 0;
    identity->expires_s = 0;
    memset(identity->session, 0, sizeof identity->session);
    memset(&identity->login, 0, sizeof identity->login);
    memset(&identity->token_id, 0, sizeof identity->token_id);
    memset(identity->inputs, 0, sizeof identity->inputs);
}

enum zta_status zta_identity_add_value(struct zta_identity *identity, struct zta_values *list,
                                       struct zta_text value)
{
    if (zta_text_is_absent(value) || (list->n > 0 && list->first + list->n != identity->n_values)) {
        return ZTA_INVALID;
    }
    if (identity->n_values >= ZTA_IDENTITY_VALUES_MAX) {
        return ZTA_FULL;
    }
    if (list->n == 0) {
        list->first = identity->n_values;
    }
    identity->values[identity->n_values++] = value;
    list->n++;
    list->is_known = true;
    return ZTA_OK;
}

struct zta_text zta_identity_value(const struct zta_identity *identity,
                                   const struct zta_values *list, size_t index)
{
    size_t at = list->first + index;
    if (index >= list->n || at >= identity->n_values || at >= ZTA_IDENTITY_VALUES_MAX) {
        return (struct zta_text){.data = NULL};
    }
    return identity->values[at];
}

bool zta_identity_has_value(const struct zta_identity *identity, const struct zta_values *list,
                            struct zta_text value)
{
    for (size_t i = 0; i < list->n; i++) {
        if (zta_text_equal(zta_identity_value(identity, list, i), value)) {
            return true;
        }
    }
    return false;
}

void zta_claim_name_append(struct zta_buffer *name, struct zta_text segment)
{
    if (name->len > 0) {
        zta_buffer_string(name, ".");
    }
    if (!memchr(segment.data, '.', segment.len) && !memchr(segment.data, '"', segment.len)) {
        zta_buffer_text(name, segment);
        return;
    }
    zta_buffer_string(name, "\"");
    for (size_t i = 0; i < segment.len; i++) {
        if (segment.data[i] == '"' || segment.data[i] == '\\') {
            zta_buffer_string(name, "\\");
        }
        zta_buffer_append(name, segment.data + i, 1);
    }
    zta_buffer_string(name, "\"");
}

static bool is_bool_text(struct zta_text text)
{
    return zta_text_equal(text, ZTA_TEXT("true")) || zta_text_equal(text, ZTA_TEXT("false"));
}

static enum zta_status write_values(const struct zta_identity *identity,
                                    const struct zta_values *list, struct zta_writer *writer)
{
    if (!list->is_known && list->n > 0) {
        return ZTA_INVALID;
    }
    zta_write_u8(writer, list->is_known);
    zta_write_u16(writer, list->n);
    for (size_t i = 0; i < list->n; i++) {
        struct zta_text value = zta_identity_value(identity, list, i);
        if (zta_text_is_absent(value)) {
            return ZTA_INVALID;
        }
        zta_write_text(writer, value);
    }
    return ZTA_OK;
}

static enum zta_status write_claim(const struct zta_claim *claim, struct zta_writer *writer)
{
    if (zta_text_is_absent(claim->name) ||
        (claim->kind != ZTA_CLAIM_EMPTY && zta_text_is_absent(claim->text))) {
        return ZTA_INVALID;
    }
    zta_write_text(writer, claim->name);
    zta_write_u8(writer, (uint8_t)claim->kind);
    switch (claim->kind) {
    case ZTA_CLAIM_EMPTY:
        return ZTA_OK;
    case ZTA_CLAIM_STRING:
        zta_write_text(writer, claim->text);
        return ZTA_OK;
    case ZTA_CLAIM_NUMBER: {
        uint64_t bits;
        memcpy(&bits, &claim->number, sizeof bits);
        zta_write_text(writer, claim->text);
        zta_write_u64(writer, bits);
        return isfinite(claim->number) ? ZTA_OK : ZTA_INVALID;
    }
    case ZTA_CLAIM_BOOL:
        zta_write_text(writer, claim->text);
        return is_bool_text(claim->text) ? ZTA_OK : ZTA_INVALID;
    }
    return ZTA_INVALID;
}

static enum zta_status write_lists(const struct zta_identity *identity, struct zta_writer *writer)
{
    for (unsigned i = 0; i < N_LISTS; i++) {
        const struct zta_values *list =
            (const struct zta_values *)((const char *)identity + list_offsets[i]);
        enum zta_status status = write_values(identity, list, writer);
        if (status != ZTA_OK) {
            return status;
        }
    }
    if (identity->n_claims > ZTA_IDENTITY_CLAIMS_MAX) {
        return ZTA_INVALID;
    }
    zta_write_u16(writer, identity->n_claims);
    for (unsigned i = 0; i < identity->n_claims; i++) {
        enum zta_status status = write_claim(&identity->claims[i], writer);
        if (status != ZTA_OK) {
            return status;
        }
    }
    return ZTA_OK;
}

enum zta_status zta_identity_encode(const struct zta_identity *identity, void *out, size_t size,
                                    size_t *out_size)
{
    if ((unsigned)identity->credential >= N_CREDENTIALS ||
        (unsigned)identity->binding >= N_BINDINGS ||
        (unsigned)identity->session_kind >= N_SESSION_KINDS) {
        return ZTA_INVALID;
    }
    struct zta_writer writer;
    zta_writer_init(&writer, out, size);
    zta_write_u8(&writer, IDENTITY_VERSION);
    zta_write_u8(&writer, (uint8_t)identity->credential);
    zta_write_u8(&writer, (uint8_t)identity->binding);
    zta_write_u8(&writer, (uint8_t)identity->session_kind);
    zta_write_u64(&writer, (uint64_t)identity->auth_time_s);
    zta_write_u64(&writer, (uint64_t)identity->issued_s);
    zta_write_u64(&writer, (uint64_t)identity->expires_s);
    zta_write_bytes(&writer, identity->session, sizeof identity->session);
    zta_write_bytes(&writer, &identity->login, sizeof identity->login);
    zta_write_bytes(&writer, identity->token_id.bytes, sizeof identity->token_id.bytes);
    zta_write_bytes(&writer, identity->inputs, sizeof identity->inputs);
    for (unsigned i = 0; i < N_TEXTS; i++) {
        const char *text = (const char *)identity + text_offsets[i];
        zta_write_text(&writer, *(const struct zta_text *)text);
    }
    enum zta_status status = write_lists(identity, &writer);
    if (status != ZTA_OK) {
        return status;
    }
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    *out_size = writer.len;
    return ZTA_OK;
}

static bool read_values(struct zta_reader *reader, struct zta_identity *identity,
                        struct zta_values *list)
{
    uint8_t is_known = zta_read_u8(reader);
    uint16_t n = zta_read_u16(reader);
    if (is_known > 1 || (!is_known && n > 0)) {
        return false;
    }
    list->is_known = is_known == 1;
    for (uint16_t i = 0; i < n; i++) {
        struct zta_text value = zta_read_text(reader);
        if (reader->is_bad || zta_identity_add_value(identity, list, value) != ZTA_OK) {
            return false;
        }
    }
    return true;
}

static bool read_claim(struct zta_reader *reader, struct zta_claim *claim)
{
    *claim = (struct zta_claim){.name = zta_read_text(reader)};
    uint8_t kind = zta_read_u8(reader);
    if (reader->is_bad || zta_text_is_absent(claim->name) || kind > ZTA_CLAIM_BOOL) {
        return false;
    }
    claim->kind = (enum zta_claim_kind)kind;
    if (claim->kind == ZTA_CLAIM_EMPTY) {
        return true;
    }
    claim->text = zta_read_text(reader);
    if (zta_text_is_absent(claim->text)) {
        return false;
    }
    if (claim->kind == ZTA_CLAIM_NUMBER) {
        uint64_t bits = zta_read_u64(reader);
        memcpy(&claim->number, &bits, sizeof bits);
        return isfinite(claim->number);
    }
    if (claim->kind == ZTA_CLAIM_BOOL) {
        claim->number = zta_text_equal(claim->text, ZTA_TEXT("true")) ? 1 : 0;
        return is_bool_text(claim->text);
    }
    return true;
}

static bool read_lists(struct zta_reader *reader, struct zta_identity *identity)
{
    for (unsigned i = 0; i < N_LISTS; i++) {
        if (!read_values(reader, identity, list_at(identity, i))) {
            return false;
        }
    }
    uint16_t n_claims = zta_read_u16(reader);
    if (n_claims > ZTA_IDENTITY_CLAIMS_MAX) {
        return false;
    }
    for (unsigned i = 0; i < n_claims; i++) {
        if (!read_claim(reader, &identity->claims[i])) {
            return false;
        }
    }
    identity->n_claims = n_claims;
    return true;
}

enum zta_status zta_identity_decode(const void *data, size_t size, struct zta_identity *identity)
{
    struct zta_reader reader;
    zta_reader_init(&reader, data, size);
    zta_identity_init(identity);
    uint8_t version = zta_read_u8(&reader);
    uint8_t credential = zta_read_u8(&reader);
    uint8_t binding = zta_read_u8(&reader);
    uint8_t session_kind = zta_read_u8(&reader);
    if (version == IDENTITY_VERSION && credential < N_CREDENTIALS && binding < N_BINDINGS &&
        session_kind < N_SESSION_KINDS) {
        identity->credential = (enum zta_credential)credential;
        identity->binding = (enum zta_binding)binding;
        identity->session_kind = (enum zta_session_kind)session_kind;
        identity->auth_time_s = (int64_t)zta_read_u64(&reader);
        identity->issued_s = (int64_t)zta_read_u64(&reader);
        identity->expires_s = (int64_t)zta_read_u64(&reader);
        zta_read_bytes(&reader, identity->session, sizeof identity->session);
        zta_read_bytes(&reader, &identity->login, sizeof identity->login);
        zta_read_bytes(&reader, identity->token_id.bytes, sizeof identity->token_id.bytes);
        zta_read_bytes(&reader, identity->inputs, sizeof identity->inputs);
        for (unsigned i = 0; i < N_TEXTS; i++) {
            *text_at(identity, i) = zta_read_text(&reader);
        }
        if (read_lists(&reader, identity) && zta_reader_is_done(&reader)) {
            return ZTA_OK;
        }
    }
    zta_identity_init(identity); /* nobody acts on half an identity */
    return ZTA_CORRUPT;
}

void zta_session_id_make(const struct zta_identity *identity, enum zta_session_kind kind,
                         struct zta_text discriminator, uint8_t out[ZTA_SESSION_ID_SIZE])
{
    /* The kind parts a sid from an auth_time of the same spelling. */
    const char head[] = {SESSION_ID_VERSION, (char)kind};
    const struct zta_text parts[] = {
        {.data = head, .len = sizeof head},
        identity->issuer,
        identity->client,
        identity->subject,
        discriminator,
    };
    struct zta_sha256 digest;
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    memcpy(out, digest.bytes, ZTA_SESSION_ID_SIZE);
}

void zta_token_id_make(struct zta_text issuer, struct zta_text jti, struct zta_text signing_input,
                       struct zta_sha256 *token_id)
{
    if (jti.len == 0) {
        zta_sha256(signing_input.data, signing_input.len, token_id);
        return;
    }
    const struct zta_text parts[] = {issuer, jti};
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], token_id);
}
