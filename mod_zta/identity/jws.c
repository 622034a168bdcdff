/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting and decoding of compact JWS. */
#include "mod_zta/identity/jws.h"

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"

#include <stdbool.h>

enum {
    N_PARTS = 3
};

static bool is_base64url(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

enum zta_status mod_zta_jws_split(struct zta_text token, struct mod_zta_jws *jws,
                                  const char **fault)
{
    if (token.len > ZTA_TOKEN_MAX) {
        *fault = "the token is too long";
        return ZTA_TOO_LARGE;
    }
    struct zta_text parts[N_PARTS] = {{.data = token.data}};
    unsigned n = 0;
    for (size_t i = 0; i < token.len; i++) {
        if (is_base64url(token.data[i])) {
            parts[n].len++;
            continue;
        }
        if (token.data[i] != '.') {
            *fault = "a character that no token has";
            return ZTA_INVALID;
        }
        if (++n == N_PARTS) {
            *fault = "more than three parts (an encrypted token?)";
            return ZTA_INVALID;
        }
        parts[n].data = token.data + i + 1;
    }
    if (n != N_PARTS - 1 || parts[0].len == 0 || parts[1].len == 0 || parts[2].len == 0) {
        *fault = "not three parts with something in each";
        return ZTA_INVALID;
    }
    *jws = (struct mod_zta_jws){
        .header = parts[0],
        .payload = parts[1],
        .signature = parts[2],
        .signing_input = {.data = token.data, .len = token.len - parts[2].len - 1},
    };
    return ZTA_OK;
}

enum zta_status mod_zta_jws_object(struct zta_text part, json_t **object, const char **fault)
{
    uint8_t decoded[ZTA_BASE64URL_SIZE(ZTA_TOKEN_MAX)];
    size_t size;
    enum zta_status status = zta_base64url_decode(part, decoded, sizeof decoded, &size);
    if (status != ZTA_OK) {
        *fault = "not canonical base64url";
        return status;
    }
    return mod_zta_json_load((struct zta_text){.data = (const char *)decoded, .len = size}, object,
                             fault);
}

enum zta_status mod_zta_jws_signature(struct zta_text token, unsigned alg, size_t size,
                                      struct mod_zta_jws *jws,
                                      uint8_t signature[MOD_ZTA_SIGNATURE_MAX])
{
    size_t found;
    json_t *header;
    const char *fault;
    if (mod_zta_jws_split(token, jws, &fault) != ZTA_OK ||
        zta_base64url_decode(jws->signature, signature, MOD_ZTA_SIGNATURE_MAX, &found) != ZTA_OK ||
        found != size) {
        return ZTA_FORBIDDEN;
    }
    enum zta_status status = mod_zta_jws_object(jws->header, &header, &fault);
    if (status != ZTA_OK) {
        return status == ZTA_NO_MEMORY ? status : ZTA_FORBIDDEN;
    }
    unsigned named = mod_zta_alg_parse(mod_zta_json_text(header, "alg"));
    json_decref(header);
    return named == alg ? ZTA_OK : ZTA_FORBIDDEN;
}
