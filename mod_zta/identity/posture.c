/* SPDX-License-Identifier: Apache-2.0 */
/* Shape, type, issuer, signature, claims; then time, audience, subject, key: each its own fault. */
#include "mod_zta/identity/posture.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/keyset.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/base64.h"
#include "shared/base/hash.h"

struct judging {
    struct zta_text header;
    struct zta_text url;
    unsigned algs;
    const struct mod_zta_keyset *keys;
    struct mod_zta_posture *posture;
    struct mod_zta_posture_fault *fault;
    enum zta_status status;
    json_t *head;
    json_t *claims;
};

static bool refuse(struct mod_zta_posture_fault *fault, const char *fmt, ...) ZTA_PRINTF(2, 3);

static bool refuse(struct mod_zta_posture_fault *fault, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(fault->text, sizeof(fault->text), fmt, args);
    va_end(args);
    return false;
}

/* ---- what is signed ---- */

static bool parse(struct judging *judging)
{
    const char *why = "";
    uint8_t signature[MOD_ZTA_SIGNATURE_MAX];
    size_t size;
    struct mod_zta_jws jws;
    if (mod_zta_jws_split(judging->header, &jws, &why) != ZTA_OK) {
        return refuse(judging->fault, "it is no JWS: %s", why);
    }
    if (zta_base64url_decode(jws.signature, signature, sizeof(signature), &size) != ZTA_OK) {
        return refuse(judging->fault, "signature: not canonical base64url or too long");
    }
    if (mod_zta_jws_object(jws.header, &judging->head, &why) != ZTA_OK) {
        return refuse(judging->fault, "its header: %s", why);
    }
    return mod_zta_jws_object(jws.payload, &judging->claims, &why) == ZTA_OK ||
           refuse(judging->fault, "its payload: %s", why);
}

/* No extension is understood, no other kind of token passes for a posture. */
static bool check_head(struct judging *judging)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const json_t *kid = json_object_get(judging->head, "kid");
    const struct zta_text text = mod_zta_json_text_of(kid);
    const struct zta_text typ = mod_zta_json_text(judging->head, "typ");
    const struct zta_text iss = mod_zta_json_text(judging->claims, "iss");
    if (json_object_get(judging->head, "crit") != NULL ||
        json_object_get(judging->head, "b64") != NULL) {
        return refuse(judging->fault, "the header asks for an extension (crit or b64)");
    }
    if (kid != NULL && (zta_text_is_absent(text) || text.len == 0 || text.len > ZTA_KID_MAX)) {
        return refuse(judging->fault, "kid is no text of 1 to %d bytes", ZTA_KID_MAX);
    }
    if (!zta_text_equal_nocase(typ, ZTA_TEXT(MOD_ZTA_POSTURE_TYPE)) &&
        !zta_text_equal_nocase(typ, ZTA_TEXT("application/" MOD_ZTA_POSTURE_TYPE))) {
        return refuse(judging->fault, "typ is '%s', expected " MOD_ZTA_POSTURE_TYPE,
                      mod_zta_excerpt(typ, excerpt));
    }
    return zta_text_equal(iss, judging->url) ||
           refuse(judging->fault, "iss '%s' is not the trusted one", mod_zta_excerpt(iss, excerpt));
}

static bool check_signature(struct judging *judging)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct zta_text name = mod_zta_json_text(judging->head, "alg");
    const struct zta_text kid = mod_zta_json_text(judging->head, "kid");
    const unsigned alg = mod_zta_alg_parse(name);
    const struct mod_zta_key *key = NULL;
    if ((alg & judging->algs) == 0) {
        return refuse(judging->fault, "alg '%s' is not accepted", mod_zta_excerpt(name, excerpt));
    }
    const enum zta_status found = mod_zta_keyset_find(judging->keys, kid, alg, &key);
    if (found != ZTA_OK) {
        judging->status = found == ZTA_NOT_FOUND ? ZTA_NOT_FOUND : ZTA_FORBIDDEN;
        return refuse(judging->fault, "no key of its issuer is for %s and kid '%s'",
                      mod_zta_alg_name(alg), mod_zta_excerpt(kid, excerpt));
    }
    switch (mod_zta_key_check(key, alg, judging->header)) {
    case ZTA_OK:
        return true;
    case ZTA_FORBIDDEN:
        return refuse(judging->fault, "the signature is bad");
    default:
        judging->status = ZTA_IO;
        return refuse(judging->fault, "the signature could not be checked");
    }
}

static bool read_times(struct judging *judging)
{
    struct mod_zta_posture *posture = judging->posture;
    const json_t *not_before = json_object_get(judging->claims, "nbf");
    if (mod_zta_date_read(json_object_get(judging->claims, "iat"), true, &posture->issued_s) !=
            ZTA_OK ||
        mod_zta_date_read(json_object_get(judging->claims, "exp"), false, &posture->expires_s) !=
            ZTA_OK ||
        (not_before != NULL &&
         mod_zta_date_read(not_before, true, &posture->not_before_s) != ZTA_OK)) {
        return refuse(judging->fault, "iat, exp or nbf is no number of seconds from 1970 to 9999");
    }
    return (posture->issued_s > 0 && posture->expires_s > posture->issued_s &&
            posture->expires_s - posture->issued_s <= MOD_ZTA_POSTURE_LIFE_MAX_S) ||
           refuse(judging->fault, "from iat to exp are not 1 to %d s", MOD_ZTA_POSTURE_LIFE_MAX_S);
}

/* A text of at most size - 1 bytes, with NUL behind it; "" when it is missing and may be. */
static bool read_text(struct judging *judging, const json_t *object, const char *name, bool is_must,
                      char *out, size_t size)
{
    const json_t *value = json_object_get(object, name);
    const struct zta_text text = mod_zta_json_text_of(value);
    out[0] = '\0';
    if (value == NULL && !is_must) {
        return true;
    }
    if (zta_text_is_absent(text) || text.len == 0 || text.len >= size) {
        return refuse(judging->fault, "%s is no text of 1 to %zu bytes", name, size - 1);
    }
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return true;
}

static bool read_audiences(struct judging *judging)
{
    const json_t *aud = json_object_get(judging->claims, "aud");
    const bool is_list = json_is_array(aud);
    const size_t n = is_list ? json_array_size(aud) : 1;
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        struct zta_text text = mod_zta_json_text_of(is_list ? json_array_get(aud, i) : aud);
        if (zta_text_is_absent(text) || text.len == 0 ||
            text.len + 1 > MOD_ZTA_POSTURE_AUDIENCES_MAX - used) {
            return refuse(judging->fault, "aud is missing, too long or holds what is no text");
        }
        memcpy(judging->posture->audiences + used, text.data, text.len);
        used += text.len + 1;
        judging->posture->audiences[used - 1] = '\0';
    }
    judging->posture->audiences[used] = '\0';
    return used > 0 || refuse(judging->fault, "aud is empty");
}

static bool read_traits(struct judging *judging)
{
    static const enum zta_device_trait stated[] = {ZTA_DEVICE_MANAGED, ZTA_DEVICE_COMPLIANT,
                                                   ZTA_DEVICE_ENCRYPTED};
    struct zta_answers *traits = &judging->posture->traits;
    for (size_t i = 0; i < sizeof(stated) / sizeof(stated[0]); i++) {
        const char *name = zta_device_trait_name(stated[i]);
        const json_t *value = json_object_get(judging->claims, name);
        if (value != NULL && !json_is_boolean(value)) {
            return refuse(judging->fault, "%s is neither true nor false", name);
        }
        const unsigned bit = 1u << stated[i];
        traits->known = (uint8_t)(traits->known | (value != NULL ? bit : 0));
        traits->yes = (uint8_t)(traits->yes | (json_is_true(value) ? bit : 0));
    }
    return true;
}

/* Of a device: as an inventory would have it, or the statement is none. */
static bool read_device(struct judging *judging)
{
    struct mod_zta_posture *posture = judging->posture;
    if (!read_text(judging, judging->claims, "device", true, posture->device,
                   sizeof(posture->device)) ||
        !read_text(judging, judging->claims, "os", false, posture->os, sizeof(posture->os)) ||
        !read_text(judging, judging->claims, "os_version", false, posture->os_version,
                   sizeof(posture->os_version)) ||
        !read_traits(judging)) {
        return false;
    }
    for (char *c = posture->os; *c != '\0'; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    }
    if (!zta_device_id_is_valid(zta_text_of(posture->device))) {
        return refuse(judging->fault, "device is no id that an inventory can hold");
    }
    if (posture->os[0] != '\0' && !zta_device_os_is_valid(zta_text_of(posture->os))) {
        return refuse(judging->fault, "os is no name of a system");
    }
    return posture->os_version[0] == '\0' ||
           (posture->os[0] != '\0' &&
            zta_device_os_version_is_valid(zta_text_of(posture->os_version))) ||
           refuse(judging->fault, "os_version is not numbers parted by dots, or of no os");
}

static bool is_thumbprint(const char *text)
{
    return text[0] == '\0' || mod_zta_thumbprint_is_good(zta_text_of(text));
}

/* To be bound by what is not understood is to be bound to nothing that could be shown. */
static bool read_binding(struct judging *judging)
{
    struct mod_zta_posture *posture = judging->posture;
    const json_t *cnf = json_object_get(judging->claims, "cnf");
    if (!read_text(judging, judging->claims, "ath", false, posture->ath, sizeof(posture->ath))) {
        return false;
    }
    if (cnf != NULL) {
        if (!json_is_object(cnf) ||
            !read_text(judging, cnf, "jkt", false, posture->jkt, sizeof(posture->jkt)) ||
            !read_text(judging, cnf, "x5t#S256", false, posture->x5t_s256,
                       sizeof(posture->x5t_s256)) ||
            json_object_size(cnf) !=
                (size_t)(posture->jkt[0] != '\0') + (size_t)(posture->x5t_s256[0] != '\0') ||
            json_object_size(cnf) == 0) {
            return refuse(judging->fault, "cnf has something else than jkt and x5t#S256");
        }
    }
    return (is_thumbprint(posture->ath) && is_thumbprint(posture->jkt) &&
            is_thumbprint(posture->x5t_s256)) ||
           refuse(judging->fault, "cnf or ath holds no SHA-256 in base64url");
}

enum zta_status mod_zta_posture_verify(struct zta_text header, struct zta_text url, unsigned algs,
                                       const struct mod_zta_keyset *keys,
                                       struct mod_zta_posture *posture,
                                       struct mod_zta_posture_fault *fault)
{
    struct mod_zta_posture read = {.issued_s = 0};
    struct judging judging = {.header = header,
                              .url = url,
                              .algs = algs,
                              .keys = keys,
                              .posture = &read,
                              .fault = fault,
                              .status = ZTA_FORBIDDEN};
    if (parse(&judging) && check_head(&judging) && check_signature(&judging) &&
        read_times(&judging) && read_audiences(&judging) &&
        read_text(&judging, judging.claims, "sub", true, read.subject, sizeof(read.subject)) &&
        read_device(&judging) && read_binding(&judging)) {
        *posture = read;
        judging.status = ZTA_OK;
    }
    json_decref(judging.head);
    json_decref(judging.claims);
    return judging.status;
}

/* ---- is it about this request? ---- */

static bool has_audience(const struct mod_zta_posture *posture,
                         const struct mod_zta_posture_request *request)
{
    for (const char *one = posture->audiences; *one != '\0'; one += strlen(one) + 1) {
        for (size_t i = 0; i < request->n_audiences; i++) {
            if (zta_text_equal(zta_text_of(one), request->audiences[i])) {
                return true;
            }
        }
    }
    return false;
}

static bool is_token(const struct mod_zta_posture *posture,
                     const struct mod_zta_posture_request *request)
{
    char ath[MOD_ZTA_THUMBPRINT_LEN + 1];
    if (request->token.len == 0) {
        return false;
    }
    mod_zta_thumbprint_of(request->token.data, request->token.len, ath);
    return strcmp(ath, posture->ath) == 0;
}

static bool check(const struct mod_zta_posture *posture,
                  const struct mod_zta_posture_request *request,
                  struct mod_zta_posture_fault *fault)
{
    if (request->now_s >= posture->expires_s) {
        return refuse(fault, "expired %lld s ago",
                      (long long)(request->now_s - posture->expires_s));
    }
    if (posture->issued_s > request->now_s + MOD_ZTA_POSTURE_LEEWAY_S ||
        posture->not_before_s > request->now_s + MOD_ZTA_POSTURE_LEEWAY_S) {
        return refuse(fault, "iat or nbf lies ahead");
    }
    if (!has_audience(posture, request)) {
        return refuse(fault, "it is for another audience");
    }
    if (!zta_text_equal(zta_text_of(posture->subject), request->subject)) {
        return refuse(fault, "it is of another subject than the credential");
    }
    if (posture->jkt[0] != '\0' && !zta_text_equal(zta_text_of(posture->jkt), request->jkt)) {
        return refuse(fault, "it is bound to a key (jkt) that this request did not prove");
    }
    if (posture->x5t_s256[0] != '\0' &&
        !zta_text_equal(zta_text_of(posture->x5t_s256), request->x5t_s256)) {
        return refuse(fault, "it is bound to another client certificate than the one that came");
    }
    return posture->ath[0] == '\0' || is_token(posture, request) ||
           refuse(fault, "it is bound to another token (ath)");
}

enum zta_status mod_zta_posture_check(const struct mod_zta_posture *posture,
                                      const struct mod_zta_posture_request *request, bool *is_bound,
                                      struct mod_zta_posture_fault *fault)
{
    if (!check(posture, request, fault)) {
        return ZTA_FORBIDDEN;
    }
    *is_bound = posture->jkt[0] != '\0' || posture->x5t_s256[0] != '\0' || posture->ath[0] != '\0';
    return ZTA_OK;
}
