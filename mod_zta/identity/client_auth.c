/* SPDX-License-Identifier: Apache-2.0 */
/* Names, secrets and assertions of ours in the forms that token endpoints and their like want. */
#include "mod_zta/identity/client_auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "mod_zta/identity/signing_key.h"
#include "shared/base/base64.h"
#include "shared/base/json.h"

/* An assertion is used at once (RFC 7523 section 3: exp); its jti makes it good for one use. */
#define ASSERTION_S 60
#define JTI_LEN     32
#define PART_MAX    4096 /* bytes of a part of the assertion: id and audience, escaped */

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
    char signature[MOD_ZTA_SIGNING_LEN_MAX + 1];
    struct zta_buffer text;
    struct zta_buffer input;
    zta_buffer_init(&text, header, sizeof header);
    zta_buffer_printf(&text, "{\"alg\":\"%s\",\"typ\":\"JWT\"}", mod_zta_signing_alg(client->key));
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
        input.is_overflowed
            ? ZTA_TOO_LARGE
            : mod_zta_signing_sign(client->key, (struct zta_text){.data = token, .len = input.len},
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
