/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of judgement: shape, header, issuer, key, signature, claims, identity. Of the payload
 * nothing but iss is looked at before the signature, and that only to choose among fixed issuers.
 */
#include "mod_zta/identity/token.h"

#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/keyset.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"
#include "shared/record.h"

#include <stdarg.h>
#include <stdio.h>

enum zta_reason mod_zta_judging_refuse(struct mod_zta_judging *judging, enum zta_reason reason,
                                       const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(judging->result->detail, sizeof judging->result->detail, fmt, args);
    va_end(args);
    return reason;
}

static enum zta_reason refuse_shape(struct mod_zta_judging *judging, enum zta_status status,
                                    const char *part, const char *fault)
{
    /* Out of memory says nothing about the token. */
    judging->result->is_bad_for_good = status != ZTA_NO_MEMORY;
    return mod_zta_judging_refuse(judging,
                                  status == ZTA_NO_MEMORY ? ZTA_REASON_ISSUER_UNAVAILABLE
                                                          : ZTA_REASON_BAD_CREDENTIAL,
                                  "%s: %s", part, fault);
}

static enum zta_reason parse(struct mod_zta_judging *judging)
{
    const char *fault = "";
    enum zta_status status = mod_zta_jws_split(judging->request->token, &judging->jws, &fault);
    if (status != ZTA_OK) {
        return refuse_shape(judging, status, "token", fault);
    }
    uint8_t signature[MOD_ZTA_SIGNATURE_MAX];
    size_t size;
    status = zta_base64url_decode(judging->jws.signature, signature, sizeof signature, &size);
    if (status != ZTA_OK) {
        return refuse_shape(judging, status, "signature", "not canonical base64url or too long");
    }
    status = mod_zta_jws_object(judging->jws.header, &judging->header, &fault);
    if (status != ZTA_OK) {
        return refuse_shape(judging, status, "header", fault);
    }
    status = mod_zta_jws_object(judging->jws.payload, &judging->claims, &fault);
    if (status != ZTA_OK) {
        return refuse_shape(judging, status, "payload", fault);
    }
    judging->result->account = zta_record_account(mod_zta_json_text(judging->claims, "sub"));
    return ZTA_REASON_OK;
}

/*
 * What no issuer's configuration could allow. No extension is understood, so any crit is refused
 * (RFC 7515 section 4.1.11), and b64 even without it (RFC 7797). jku, jwk, x5u and x5c say where
 * the sender would like us to take a key from: they are not looked at.
 */
static enum zta_reason check_header(struct mod_zta_judging *judging)
{
    if (json_object_get(judging->header, "crit") != NULL ||
        json_object_get(judging->header, "b64") != NULL) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "the header asks for an extension (crit or b64)");
    }
    const json_t *kid = json_object_get(judging->header, "kid");
    struct zta_text text = mod_zta_json_text_of(kid);
    if (kid != NULL && (zta_text_is_absent(text) || text.len == 0 || text.len > ZTA_KID_MAX)) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "kid is no text of 1 to %d bytes", ZTA_KID_MAX);
    }
    return ZTA_REASON_OK;
}

static enum zta_reason find_issuer(struct mod_zta_judging *judging)
{
    struct zta_text iss = mod_zta_json_text(judging->claims, "iss");
    if (zta_text_is_absent(iss)) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "iss is missing");
    }
    for (size_t i = 0; i < judging->request->n_issuers; i++) {
        if (zta_text_equal(judging->request->issuers[i]->url, iss)) {
            judging->issuer = judging->request->issuers[i];
            judging->result->issuer = judging->issuer;
            return ZTA_REASON_OK;
        }
    }
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    return mod_zta_judging_refuse(judging, ZTA_REASON_UNKNOWN_ISSUER,
                                  "iss '%s' is not accepted here", mod_zta_excerpt(iss, excerpt));
}

/* RFC 7515 section 4.1.9: without a slash as if "application/" stood before it; without case. */
static struct zta_text short_type(struct zta_text typ)
{
    static const struct zta_text prefix = ZTA_TEXT("application/");
    struct zta_text start = {.data = typ.data, .len = prefix.len};
    if (typ.len > prefix.len && zta_text_equal_nocase(start, prefix)) {
        return (struct zta_text){.data = typ.data + prefix.len, .len = typ.len - prefix.len};
    }
    return typ;
}

static bool is_word_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

/* An explicit type ("dpop+jwt", "vc+sd-jwt") says that the token is something else. */
bool mod_zta_token_is_any_type(const json_t *value)
{
    struct zta_text typ = short_type(mod_zta_json_text_of(value));
    if (value == NULL || zta_text_equal_nocase(typ, ZTA_TEXT("at+jwt"))) {
        return true;
    }
    for (size_t i = 0; i < typ.len; i++) {
        if (!is_word_character(typ.data[i])) {
            return false;
        }
    }
    return typ.len > 0 && !mod_zta_token_is_other_kind(typ);
}

static enum zta_reason check_type(struct mod_zta_judging *judging)
{
    const struct zta_text wanted = short_type(judging->issuer->token_type);
    const json_t *value = json_object_get(judging->header, "typ");
    struct zta_text typ = mod_zta_json_text_of(value);
    if (zta_text_equal(wanted, ZTA_TEXT("any")) ? mod_zta_token_is_any_type(value)
                                                : zta_text_equal_nocase(short_type(typ), wanted)) {
        return ZTA_REASON_OK;
    }
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "typ is '%s', expected %.*s",
                                  mod_zta_excerpt(typ, excerpt), (int)wanted.len, wanted.data);
}

/* The issuer's keys, held until the judgement ends. */
static enum zta_reason take_keys(struct mod_zta_judging *judging)
{
    switch (mod_zta_keyring_acquire(judging->issuer->keyring, judging->request->now_s,
                                    &judging->keys)) {
    case ZTA_OK:
        judging->result->keys_hash = mod_zta_keyset_hash(judging->keys.value);
        return ZTA_REASON_OK;
    case ZTA_EXPIRED:
        return mod_zta_judging_refuse(judging, ZTA_REASON_ISSUER_UNAVAILABLE,
                                      "the issuer's keys are too old (ZTAKeysStale)");
    default:
        return mod_zta_judging_refuse(judging, ZTA_REASON_ISSUER_UNAVAILABLE,
                                      "no keys of the issuer are there");
    }
}

static enum zta_reason check_alg(struct mod_zta_judging *judging, unsigned *alg)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    struct zta_text name = mod_zta_json_text(judging->header, "alg");
    *alg = mod_zta_alg_parse(name);
    if ((*alg & judging->issuer->algs) == 0) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "alg '%s' is not accepted for this issuer",
                                      mod_zta_excerpt(name, excerpt));
    }
    return ZTA_REASON_OK;
}

static enum zta_reason find_key(struct mod_zta_judging *judging, unsigned alg,
                                const struct mod_zta_key **key)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    struct zta_text kid = mod_zta_json_text(judging->header, "kid");
    switch (mod_zta_keyset_find(judging->keys.value, kid, alg, key)) {
    case ZTA_OK:
        return ZTA_REASON_OK;
    case ZTA_CONFLICT:
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "no kid, and several keys do %s", mod_zta_alg_name(alg));
    case ZTA_FORBIDDEN:
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "the key of kid '%s' is not for %s",
                                      mod_zta_excerpt(kid, excerpt), mod_zta_alg_name(alg));
    default:
        judging->result->is_key_unknown = true;
        if (zta_text_is_absent(kid)) {
            return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                          "no kid, and no key does %s", mod_zta_alg_name(alg));
        }
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "unknown kid '%s'",
                                      mod_zta_excerpt(kid, excerpt));
    }
}

static enum zta_reason check_signature(struct mod_zta_judging *judging)
{
    unsigned alg = 0;
    const struct mod_zta_key *key = NULL;
    enum zta_reason reason = check_alg(judging, &alg);
    if (reason == ZTA_REASON_OK) {
        reason = take_keys(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = find_key(judging, alg, &key);
    }
    if (reason != ZTA_REASON_OK) {
        return reason;
    }
    enum zta_status status = mod_zta_key_check(key, alg, judging->request->token);
    if (status == ZTA_OK) {
        judging->result->is_verified = true;
        return ZTA_REASON_OK;
    }
    if (status != ZTA_FORBIDDEN) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_ISSUER_UNAVAILABLE,
                                      "the signature could not be checked: %s",
                                      zta_status_text(status));
    }
    judging->result->is_bad_for_good = true;
    return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "the signature is bad");
}

static enum zta_reason judge(struct mod_zta_judging *judging, char *storage, size_t size,
                             struct zta_identity *identity)
{
    enum zta_reason reason = parse(judging);
    if (reason == ZTA_REASON_OK) {
        reason = check_header(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = find_issuer(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = check_type(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = check_signature(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = mod_zta_token_check_claims(judging);
    }
    return reason == ZTA_REASON_OK ? mod_zta_token_fill_identity(judging, storage, size, identity)
                                   : reason;
}

void mod_zta_token_judge(const struct mod_zta_token_request *request, char *storage, size_t size,
                         struct zta_identity *identity, struct mod_zta_token_result *result)
{
    *result = (struct mod_zta_token_result){.reason = ZTA_REASON_UNJUDGED};
    zta_identity_init(identity);
    struct mod_zta_judging judging = {.request = request, .result = result};
    result->reason = judge(&judging, storage, size, identity);
    if (result->reason != ZTA_REASON_OK) {
        zta_identity_init(identity); /* nobody acts on half an identity */
    }
    mod_zta_keyring_release(judging.issuer != NULL ? judging.issuer->keyring : NULL, &judging.keys);
    json_decref(judging.header);
    json_decref(judging.claims);
}

bool mod_zta_token_has_audience(const struct zta_identity *identity,
                                const struct zta_text *audiences, size_t n_audiences)
{
    for (size_t i = 0; i < identity->n_claims; i++) {
        const struct zta_claim *claim = &identity->claims[i];
        if (claim->kind != ZTA_CLAIM_STRING || !zta_text_equal(claim->name, ZTA_TEXT("aud"))) {
            continue;
        }
        for (size_t j = 0; j < n_audiences; j++) {
            if (zta_text_equal(claim->text, audiences[j])) {
                return true;
            }
        }
    }
    return false;
}

bool mod_zta_token_is_expired(const struct zta_identity *identity, int64_t leeway_s, int64_t now_s)
{
    return identity->expires_s != 0 && now_s - leeway_s >= identity->expires_s;
}
