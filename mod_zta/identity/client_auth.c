/* SPDX-License-Identifier: Apache-2.0 */
/* Names, secrets and assertions of ours in the forms that token endpoints and their like want. */
#include "mod_zta/identity/client_auth.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/base64.h"
#include "shared/base/json.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define P256_SIZE    32 /* of r and of s */

/* An assertion is used at once (RFC 7523 section 3: exp); its jti makes it good for one use. */
#define ASSERTION_S 60
#define JTI_LEN     32
#define PART_MAX    4096 /* bytes of a part of the assertion: id and audience, escaped */

/* ---- keys ---- */

/* A key with a passphrase has nobody to ask for it. */
static int no_passphrase(char *buffer, int size, int is_writing, void *unused)
{
    return -1;
}

static const char *alg_of(const EVP_PKEY *key)
{
    char group[32] = "";
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
        int bits = EVP_PKEY_get_bits(key);
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? "RS256" : NULL;
    }
    bool is_p256 = EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
                   EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
                   strcmp(group, "prime256v1") == 0;
    return is_p256 ? "ES256" : NULL;
}

enum zta_status mod_zta_client_key_load(struct zta_text pem, EVP_PKEY **key,
                                        struct zta_error *error)
{
    BIO *bio = pem.len > 0 && pem.len <= MOD_ZTA_CLIENT_KEY_MAX
                   ? BIO_new_mem_buf(pem.data, (int)pem.len)
                   : NULL;
    EVP_PKEY *loaded = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (loaded == NULL) {
        return zta_error_set(error, ZTA_INVALID,
                             "it holds no private key in PEM without a passphrase");
    }
    if (alg_of(loaded) == NULL) {
        EVP_PKEY_free(loaded);
        return zta_error_set(error, ZTA_INVALID,
                             "its key is neither RSA of 2048 to 8192 bits nor P-256");
    }
    *key = loaded;
    return ZTA_OK;
}

/* ---- forms ---- */

void mod_zta_form_encode(struct zta_buffer *form, struct zta_text text)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                        (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
        char escaped[] = {'%', hex[c >> 4], hex[c & 15]};
        zta_buffer_append(form, is_plain ? (const char *)&text.data[i] : escaped,
                          is_plain ? 1 : sizeof escaped);
    }
}

/* Both are encoded as in a form before they are joined (RFC 6749 section 2.3.1). */
static enum zta_status write_basic(const struct mod_zta_client *client,
                                   struct zta_buffer *authorization)
{
    char plain[(MOD_ZTA_AUTHORIZATION_SIZE - 16) / 4 * 3];
    char coded[MOD_ZTA_AUTHORIZATION_SIZE];
    struct zta_buffer pair;
    zta_buffer_init(&pair, plain, sizeof plain);
    mod_zta_form_encode(&pair, client->id);
    zta_buffer_string(&pair, ":");
    mod_zta_form_encode(&pair, client->secret);
    if (!pair.is_overflowed) {
        (void)EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)plain, (int)pair.len);
        zta_buffer_string(authorization, "Basic ");
        zta_buffer_string(authorization, coded);
    }
    bool is_whole = !pair.is_overflowed && !authorization->is_overflowed;
    OPENSSL_cleanse(plain, sizeof plain);
    OPENSSL_cleanse(coded, sizeof coded);
    return is_whole ? ZTA_OK : ZTA_TOO_LARGE;
}

static void write_post(const struct mod_zta_client *client, struct zta_buffer *form)
{
    zta_buffer_string(form, "&client_id=");
    mod_zta_form_encode(form, client->id);
    zta_buffer_string(form, "&client_secret=");
    mod_zta_form_encode(form, client->secret);
}

/* ---- assertions ---- */

/* RFC 7518 section 3.4: r and s, each of 32 bytes, one behind the other. */
static bool read_ecdsa(const uint8_t *der, size_t size, uint8_t out[2 * P256_SIZE])
{
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool is_read = pair != NULL &&
                   BN_bn2binpad(ECDSA_SIG_get0_r(pair), out, P256_SIZE) == P256_SIZE &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(pair), out + P256_SIZE, P256_SIZE) == P256_SIZE;
    ECDSA_SIG_free(pair);
    return is_read;
}

static enum zta_status sign(EVP_PKEY *key, struct zta_text input, char *out, size_t size)
{
    uint8_t made[RSA_BITS_MAX / 8];
    uint8_t raw[2 * P256_SIZE];
    size_t made_size = sizeof made;
    const uint8_t *signature = made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_signed =
        context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
        EVP_DigestSign(context, made, &made_size, (const unsigned char *)input.data, input.len) ==
            1;
    EVP_MD_CTX_free(context);
    if (is_signed && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) {
        is_signed = read_ecdsa(made, made_size, raw);
        signature = raw;
        made_size = sizeof raw;
    }
    if (!is_signed) {
        ERR_clear_error();
        return ZTA_IO;
    }
    if (ZTA_BASE64URL_LEN(made_size) >= size) {
        return ZTA_TOO_LARGE;
    }
    zta_base64url_encode(signature, made_size, out);
    return ZTA_OK;
}

static void write_claims(const struct mod_zta_client *client, struct zta_text audience,
                         int64_t now_s, struct zta_buffer *out)
{
    char jti[JTI_LEN + 1];
    struct zta_json json;
    zta_base62_random(jti, JTI_LEN);
    zta_json_init(&json, out);
    zta_json_begin_object(&json, NULL);
    zta_json_text(&json, "iss", client->id);
    zta_json_text(&json, "sub", client->id);
    zta_json_text(&json, "aud", audience);
    zta_json_string(&json, "jti", jti);
    zta_json_int(&json, "iat", now_s);
    zta_json_int(&json, "exp", now_s + ASSERTION_S);
    zta_json_end_object(&json);
}

static void append_part(struct zta_buffer *token, const char *text, size_t len)
{
    char part[ZTA_BASE64URL_LEN(PART_MAX) + 1];
    zta_base64url_encode((const uint8_t *)text, len, part);
    zta_buffer_string(token, part);
}

static enum zta_status write_assertion(const struct mod_zta_client *client,
                                       struct zta_text audience, int64_t now_s,
                                       struct zta_buffer *form)
{
    char header[64];
    char claims[PART_MAX];
    char token[3 * PART_MAX];
    char signature[ZTA_BASE64URL_LEN(RSA_BITS_MAX / 8) + 1];
    struct zta_buffer text;
    struct zta_buffer input;
    zta_buffer_init(&text, header, sizeof header);
    zta_buffer_printf(&text, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", alg_of(client->key));
    zta_buffer_init(&input, token, sizeof token);
    append_part(&input, header, text.len);
    zta_buffer_init(&text, claims, sizeof claims);
    write_claims(client, audience, now_s, &text);
    if (text.is_overflowed) {
        return ZTA_TOO_LARGE;
    }
    zta_buffer_string(&input, ".");
    append_part(&input, claims, text.len);
    enum zta_status status =
        input.is_overflowed ? ZTA_TOO_LARGE
                            : sign(client->key, (struct zta_text){.data = token, .len = input.len},
                                   signature, sizeof signature);
    if (status == ZTA_OK) {
        zta_buffer_string(form, "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                                "client-assertion-type%3Ajwt-bearer&client_assertion=");
        zta_buffer_string(form, token);
        zta_buffer_string(form, ".");
        zta_buffer_string(form, signature);
    }
    return status;
}

enum zta_status mod_zta_client_authenticate(const struct mod_zta_client *client,
                                            struct zta_text audience, int64_t now_s,
                                            struct zta_buffer *form,
                                            struct zta_buffer *authorization)
{
    enum zta_status status = ZTA_OK;
    switch (client->method) {
    case MOD_ZTA_CLIENT_BASIC:
        status = write_basic(client, authorization);
        break;
    case MOD_ZTA_CLIENT_POST:
        write_post(client, form);
        break;
    case MOD_ZTA_CLIENT_KEY:
        status = write_assertion(client, audience, now_s, form);
        break;
    }
    return status == ZTA_OK && form->is_overflowed ? ZTA_TOO_LARGE : status;
}
