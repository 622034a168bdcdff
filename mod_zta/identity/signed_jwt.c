/* SPDX-License-Identifier: Apache-2.0 */
/* Shape, header, key, signature: in this order, each a reason of its own. */
#include "mod_zta/identity/signed_jwt.h"

#include <stdarg.h>
#include <stdio.h>

#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/keyset.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"

bool mod_zta_signed_refuse(struct mod_zta_signed *jwt, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(jwt->detail, MOD_ZTA_DETAIL_SIZE, fmt, args);
    va_end(args);
    return false;
}

/* No extension is understood; where the sender wants a key taken from is not looked at. */
static bool check_header(struct mod_zta_signed *jwt)
{
    const json_t *kid = json_object_get(jwt->header, "kid");
    const struct zta_text text = mod_zta_json_text_of(kid);
    if (json_object_get(jwt->header, "crit") != NULL ||
        json_object_get(jwt->header, "b64") != NULL) {
        return mod_zta_signed_refuse(jwt, "the header asks for an extension (crit or b64)");
    }
    return kid == NULL || (!zta_text_is_absent(text) && text.len > 0 && text.len <= ZTA_KID_MAX) ||
           mod_zta_signed_refuse(jwt, "kid is no text of 1 to %d bytes", ZTA_KID_MAX);
}

bool mod_zta_signed_parse(struct mod_zta_signed *jwt)
{
    const char *fault = "";
    uint8_t signature[MOD_ZTA_SIGNATURE_MAX];
    struct mod_zta_jws jws;
    size_t size;
    if (mod_zta_jws_split(jwt->token, &jws, &fault) != ZTA_OK) {
        return mod_zta_signed_refuse(jwt, "token: %s", fault);
    }
    if (zta_base64url_decode(jws.signature, signature, sizeof(signature), &size) != ZTA_OK) {
        return mod_zta_signed_refuse(jwt, "signature: not canonical base64url or too long");
    }
    if (mod_zta_jws_object(jws.header, &jwt->header, &fault) != ZTA_OK) {
        return mod_zta_signed_refuse(jwt, "header: %s", fault);
    }
    if (mod_zta_jws_object(jws.payload, &jwt->claims, &fault) != ZTA_OK) {
        return mod_zta_signed_refuse(jwt, "payload: %s", fault);
    }
    return check_header(jwt);
}

bool mod_zta_signed_is_type(const struct mod_zta_signed *jwt, struct zta_text type)
{
    static const struct zta_text prefix = ZTA_TEXT("application/");
    struct zta_text typ = mod_zta_json_text(jwt->header, "typ");
    if (typ.len > prefix.len &&
        zta_text_equal_nocase((struct zta_text){.data = typ.data, .len = prefix.len}, prefix)) {
        typ = (struct zta_text){.data = typ.data + prefix.len, .len = typ.len - prefix.len};
    }
    return zta_text_equal_nocase(typ, type);
}

static bool find_key(struct mod_zta_signed *jwt, unsigned alg, const struct mod_zta_key **key)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct zta_text kid = mod_zta_json_text(jwt->header, "kid");
    const enum zta_status status = mod_zta_keyset_find(jwt->keys.value, kid, alg, key);
    if (status == ZTA_OK) {
        return true;
    }
    jwt->is_key_unknown = status == ZTA_NOT_FOUND;
    return mod_zta_signed_refuse(jwt, "no key of its issuer is for %s and kid '%s'",
                                 mod_zta_alg_name(alg), mod_zta_excerpt(kid, excerpt));
}

bool mod_zta_signed_check(struct mod_zta_signed *jwt, int64_t now_s)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct zta_text name = mod_zta_json_text(jwt->header, "alg");
    const unsigned alg = mod_zta_alg_parse(name);
    const struct mod_zta_key *key = NULL;
    if ((alg & jwt->issuer->algs) == 0) {
        return mod_zta_signed_refuse(jwt, "alg '%s' is not accepted for this issuer",
                                     mod_zta_excerpt(name, excerpt));
    }
    if (mod_zta_keyring_acquire(jwt->issuer->keyring, now_s, &jwt->keys) != ZTA_OK) {
        jwt->is_unavailable = true;
        return mod_zta_signed_refuse(jwt, "no keys of the issuer are there, or they are too old");
    }
    if (!find_key(jwt, alg, &key)) {
        return false;
    }
    switch (mod_zta_key_check(key, alg, jwt->token)) {
    case ZTA_OK:
        return true;
    case ZTA_FORBIDDEN:
        return mod_zta_signed_refuse(jwt, "the signature is bad");
    default:
        jwt->is_unavailable = true;
        return mod_zta_signed_refuse(jwt, "the signature could not be checked");
    }
}

static bool is_among(struct zta_text text, const struct zta_text *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (zta_text_equal(text, texts[i])) {
            return true;
        }
    }
    return false;
}

bool mod_zta_signed_is_for(struct mod_zta_signed *jwt, const struct zta_text *audiences, size_t n,
                           const char *directive)
{
    const json_t *aud = json_object_get(jwt->claims, "aud");
    const bool is_list = json_is_array(aud);
    const size_t n_named = is_list ? json_array_size(aud) : 1;
    bool is_ours = false;
    for (size_t i = 0; i < n_named; i++) {
        const struct zta_text one = mod_zta_json_text_of(is_list ? json_array_get(aud, i) : aud);
        if (zta_text_is_absent(one)) {
            return mod_zta_signed_refuse(jwt, "aud is missing or holds something that is no text");
        }
        is_ours = is_ours || is_among(one, audiences, n);
    }
    return is_ours || mod_zta_signed_refuse(jwt, "aud holds none of %s", directive);
}

void mod_zta_signed_clear(struct mod_zta_signed *jwt)
{
    mod_zta_keyring_release(jwt->issuer != NULL ? jwt->issuer->keyring : NULL, &jwt->keys);
    json_decref(jwt->header);
    json_decref(jwt->claims);
    jwt->header = NULL;
    jwt->claims = NULL;
}
