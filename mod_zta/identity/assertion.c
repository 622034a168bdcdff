/* SPDX-License-Identifier: Apache-2.0 */
/* Claims, their bytes for comparing, and the signature over them. */
#include "mod_zta/identity/assertion.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/assertion_cache.h"
#include "mod_zta/identity/signing_key.h"
#include "mod_zta/identity/thumbprint.h"
#include "shared/base/base64.h"

#define P256_SIZE 32 /* of a coordinate */
/* {"alg":"ES256","typ":"zta-assertion+jwt","kid":"43 characters"} */
#define HEAD_MAX 128
/* So that head, claims and signature, each in base64url, and two dots fit. */
#define CLAIMS_MAX                                                                                 \
    ZTA_BASE64URL_SIZE(MOD_ZTA_ASSERTION_SIZE - ZTA_BASE64URL_LEN(HEAD_MAX) -                      \
                       ZTA_BASE64URL_LEN(2 * P256_SIZE) - 4)

struct public_key {
    char kid[MOD_ZTA_THUMBPRINT_LEN + 1];
    char x[ZTA_BASE64URL_LEN(P256_SIZE) + 1];
    char y[ZTA_BASE64URL_LEN(P256_SIZE) + 1];
};

struct mod_zta_signer {
    EVP_PKEY *key; /* the first one's private part; of the others nothing private is kept */
    int64_t ttl_s;
    char head[ZTA_BASE64URL_LEN(HEAD_MAX) + 1]; /* in base64url */
    size_t head_len;
    size_t n;
    struct public_key keys[];
};

/* ---- keys ---- */

static bool read_coordinate(const EVP_PKEY *key, const char *name,
                            char out[ZTA_BASE64URL_LEN(P256_SIZE) + 1])
{
    uint8_t bytes[P256_SIZE];
    BIGNUM *number = NULL;
    const bool is_read = EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
                         BN_bn2binpad(number, bytes, sizeof bytes) == (int)sizeof bytes;
    BN_free(number);
    if (is_read) {
        zta_base64url_encode(bytes, sizeof bytes, out);
    }
    return is_read;
}

static bool read_public(const EVP_PKEY *key, struct public_key *public)
{
    char jwk[160]; /* the required members in their order (RFC 7638 section 3.2) */
    struct zta_buffer text;
    if (!read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, public->x) ||
        !read_coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, public->y)) {
        return false;
    }
    zta_buffer_init(&text, jwk, sizeof jwk);
    zta_buffer_printf(&text, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
                      public->x, public->y);
    mod_zta_thumbprint_of(text.data, text.len, public->kid);
    return true;
}

/* Its public part goes to *public, the private one to *key. */
static enum zta_status read_key(struct zta_text pem, struct public_key *public, EVP_PKEY **key,
                                struct zta_error *error)
{
    EVP_PKEY *read = NULL;
    enum zta_status status = mod_zta_signing_key_load(pem, &read, error);
    if (status != ZTA_OK) {
        return status;
    }
    if (strcmp(mod_zta_signing_alg(read), "ES256") != 0 || !read_public(read, public)) {
        EVP_PKEY_free(read);
        return zta_error_set(error, ZTA_INVALID,
                             "its key is not P-256 (openssl ecparam -name prime256v1 -genkey)");
    }
    *key = read;
    return ZTA_OK;
}

static void write_head(struct mod_zta_signer *signer)
{
    char head[HEAD_MAX];
    struct zta_buffer text;
    zta_buffer_init(&text, head, sizeof head);
    zta_buffer_printf(&text, "{\"alg\":\"ES256\",\"typ\":\"zta-assertion+jwt\",\"kid\":\"%s\"}",
                      signer->keys[0].kid);
    zta_base64url_encode((const uint8_t *)text.data, text.len, signer->head);
    signer->head_len = strlen(signer->head);
}

enum zta_status mod_zta_signer_open(const struct zta_text *pems, size_t n, int64_t ttl_s,
                                    struct mod_zta_signer **signer, size_t *bad,
                                    struct zta_error *error)
{
    struct mod_zta_signer *made = calloc(1, sizeof *made + n * sizeof made->keys[0]);
    enum zta_status status =
        made == NULL ? zta_error_set(error, ZTA_NO_MEMORY, "no memory") : ZTA_OK;
    for (size_t i = 0; i < n && status == ZTA_OK; i++) {
        EVP_PKEY *key = NULL;
        *bad = i;
        status = read_key(pems[i], &made->keys[i], &key, error);
        if (i == 0) {
            made->key = key;
        }
        else {
            EVP_PKEY_free(key);
        }
    }
    if (status != ZTA_OK) {
        mod_zta_signer_close(&made);
        return status;
    }
    made->ttl_s = ttl_s;
    made->n = n;
    write_head(made);
    *signer = made;
    return ZTA_OK;
}

void mod_zta_signer_close(struct mod_zta_signer **signer)
{
    if (*signer != NULL) {
        EVP_PKEY_free((*signer)->key);
    }
    free(*signer);
    *signer = NULL;
}

void mod_zta_signer_write_keys(const struct mod_zta_signer *signer, struct zta_json *json)
{
    zta_json_begin_object(json, NULL);
    zta_json_begin_array(json, "keys");
    for (size_t i = 0; i < signer->n; i++) {
        zta_json_begin_object(json, NULL);
        zta_json_string(json, "kty", "EC");
        zta_json_string(json, "crv", "P-256");
        zta_json_string(json, "x", signer->keys[i].x);
        zta_json_string(json, "y", signer->keys[i].y);
        zta_json_string(json, "kid", signer->keys[i].kid);
        zta_json_string(json, "use", "sig");
        zta_json_string(json, "alg", "ES256");
        zta_json_end_object(json);
    }
    zta_json_end_array(json);
    zta_json_end_object(json);
}

/* ---- contents ---- */

static void describe_values(struct zta_writer *writer, const struct zta_identity *identity,
                            const struct zta_values *list)
{
    zta_write_u16(writer, list->is_known ? list->n : UINT16_MAX);
    for (size_t i = 0; i < list->n; i++) {
        zta_write_text(writer, zta_identity_value(identity, list, i));
    }
}

/* An audience has a place of its own beside the others of one credential. */
static uint64_t tag_of(const struct mod_zta_assertion *assertion)
{
    uint64_t tag = 0;
    for (size_t i = 0; i < assertion->audience.len; i++) {
        tag = tag * 31 + (unsigned char)assertion->audience.data[i];
    }
    return tag ^ zta_get_u64(assertion->credential.bytes);
}

enum zta_status mod_zta_assertion_describe(const struct mod_zta_assertion *assertion,
                                           struct mod_zta_assertion_contents *contents)
{
    const struct zta_identity *identity = assertion->identity;
    struct zta_writer writer;
    zta_writer_init(&writer, contents->bytes, sizeof contents->bytes);
    zta_write_bytes(&writer, assertion->credential.bytes, sizeof assertion->credential.bytes);
    zta_write_u64(&writer, assertion->rules);
    zta_write_u64(&writer, assertion->revocations);
    zta_write_u64(&writer, (uint64_t)identity->expires_s);
    zta_write_u64(&writer, (uint64_t)identity->auth_time_s);
    zta_write_u8(&writer, (uint8_t)assertion->compliance);
    zta_write_text(&writer, assertion->issuer);
    zta_write_text(&writer, assertion->audience);
    zta_write_text(&writer, identity->issuer);
    zta_write_text(&writer, identity->subject);
    zta_write_text(&writer, identity->client);
    zta_write_text(&writer, identity->acr);
    zta_write_text(&writer, zta_text_of(assertion->risk));
    zta_write_text(&writer, assertion->device);
    describe_values(&writer, identity, &identity->roles);
    describe_values(&writer, identity, &identity->scopes);
    if (writer.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    contents->tag = tag_of(assertion);
    contents->len = writer.len;
    return ZTA_OK;
}

/* ---- claims ---- */

static void put_text(struct zta_json *json, const char *name, struct zta_text value)
{
    if (!zta_text_is_absent(value)) {
        zta_json_text(json, name, value);
    }
}

static void put_roles(struct zta_json *json, const struct zta_identity *identity)
{
    if (!identity->roles.is_known) {
        return;
    }
    zta_json_begin_array(json, "roles");
    for (size_t i = 0; i < identity->roles.n; i++) {
        zta_json_text(json, NULL, zta_identity_value(identity, &identity->roles, i));
    }
    zta_json_end_array(json);
}

/* As in an access token: one text, parted by blanks (RFC 9068 section 2.2.3). */
static void put_scope(struct zta_json *json, const struct zta_identity *identity)
{
    char text[CLAIMS_MAX];
    struct zta_buffer scope;
    if (!identity->scopes.is_known) {
        return;
    }
    zta_buffer_init(&scope, text, sizeof text);
    for (size_t i = 0; i < identity->scopes.n; i++) {
        zta_buffer_string(&scope, i > 0 ? " " : "");
        zta_buffer_text(&scope, zta_identity_value(identity, &identity->scopes, i));
    }
    if (scope.is_overflowed) {
        json->buffer->is_overflowed = true;
    }
    zta_json_text(json, "scope", (struct zta_text){.data = text, .len = scope.len});
}

static void put_device(struct zta_json *json, const struct mod_zta_assertion *assertion)
{
    static const char *const names[] = {
        [MOD_ZTA_COMPLIANCE_UNKNOWN] = "unknown",
        [MOD_ZTA_COMPLIANCE_NO] = "noncompliant",
        [MOD_ZTA_COMPLIANCE_YES] = "compliant",
    };
    if (!zta_text_is_absent(assertion->device)) {
        zta_json_begin_object(json, "device");
        zta_json_text(json, "id", assertion->device);
        zta_json_string(json, "compliance", names[assertion->compliance]);
        zta_json_end_object(json);
    }
}

static void write_claims(const struct mod_zta_assertion *assertion, int64_t expires_s,
                         struct zta_buffer *out)
{
    const struct zta_identity *identity = assertion->identity;
    struct zta_json json;
    zta_json_init(&json, out);
    zta_json_begin_object(&json, NULL);
    zta_json_text(&json, "iss", assertion->issuer);
    zta_json_text(&json, "aud", assertion->audience);
    put_text(&json, "sub", identity->subject);
    put_text(&json, "client_id", identity->client);
    put_text(&json, "issuer", identity->issuer);
    put_roles(&json, identity);
    put_scope(&json, identity);
    put_text(&json, "acr", identity->acr);
    if (identity->auth_time_s > 0) {
        zta_json_int(&json, "auth_time", identity->auth_time_s);
    }
    put_text(&json, "risk", zta_text_of(assertion->risk));
    put_device(&json, assertion);
    zta_json_string(&json, "jti", assertion->id);
    zta_json_int(&json, "iat", assertion->now_s);
    zta_json_int(&json, "exp", expires_s);
    zta_json_end_object(&json);
}

/* Never beyond the end of the credential, not even within the leeway that it is granted. */
static int64_t expiry(const struct mod_zta_signer *signer,
                      const struct mod_zta_assertion *assertion)
{
    const int64_t expires_s = assertion->now_s + signer->ttl_s;
    const int64_t credential_s = assertion->identity->expires_s;
    return credential_s > 0 && credential_s < expires_s ? credential_s : expires_s;
}

enum zta_status mod_zta_assertion_sign(const struct mod_zta_signer *signer,
                                       const struct mod_zta_assertion *assertion,
                                       char out[MOD_ZTA_ASSERTION_SIZE], size_t *len,
                                       int64_t *until_s)
{
    char text[CLAIMS_MAX];
    struct zta_buffer claims;
    const int64_t expires_s = expiry(signer, assertion);
    zta_buffer_init(&claims, text, sizeof text);
    write_claims(assertion, expires_s, &claims);
    if (claims.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    memcpy(out, signer->head, signer->head_len);
    out[signer->head_len] = '.';
    zta_base64url_encode((const uint8_t *)text, claims.len, out + signer->head_len + 1);
    const size_t input_len = signer->head_len + 1 + ZTA_BASE64URL_LEN(claims.len);
    enum zta_status status =
        mod_zta_signing_sign(signer->key, (struct zta_text){.data = out, .len = input_len},
                             out + input_len + 1, MOD_ZTA_ASSERTION_SIZE - input_len - 1);
    if (status == ZTA_OK) {
        out[input_len] = '.';
        *len = input_len + 1 + ZTA_BASE64URL_LEN(2 * P256_SIZE);
        *until_s = assertion->now_s + (expires_s - assertion->now_s) / 2;
    }
    return status;
}

enum zta_status mod_zta_assertion_make(const struct mod_zta_signer *signer,
                                       struct mod_zta_assertion_cache *cache,
                                       const struct mod_zta_assertion *assertion,
                                       char out[MOD_ZTA_ASSERTION_SIZE], size_t *len)
{
    struct mod_zta_assertion_contents contents;
    int64_t until_s;
    const bool is_kept =
        cache != NULL && mod_zta_assertion_describe(assertion, &contents) == ZTA_OK;
    if (is_kept &&
        mod_zta_assertion_cache_get(cache, &contents, assertion->now_s, out, len) == ZTA_OK) {
        return ZTA_OK;
    }
    enum zta_status status = mod_zta_assertion_sign(signer, assertion, out, len, &until_s);
    if (status == ZTA_OK && is_kept) {
        mod_zta_assertion_cache_put(cache, &contents, assertion->now_s, until_s,
                                    (struct zta_text){.data = out, .len = *len});
    }
    return status;
}
