/* SPDX-License-Identifier: Apache-2.0 */
/* Shape, header, issuer, type, signature, claims: in this order, each a reason of its own. */
#include "mod_zta/identity/logout_token.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/keyring.h"
#include "mod_zta/identity/keyset.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"

struct judging {
    struct zta_text token;
    const struct mod_zta_logout_issuer *from;
    int64_t now_s;
    struct mod_zta_logout_result *result;
    struct mod_zta_jws jws;
    struct zta_held keys;
    json_t *header;
    json_t *claims;
};

static bool refuse(struct judging *judging, const char *fmt, ...) ZTA_PRINTF(2, 3);

static bool refuse(struct judging *judging, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(judging->result->detail, sizeof(judging->result->detail), fmt, args);
    va_end(args);
    return false;
}

/* ---- before the signature ---- */

static bool parse(struct judging *judging)
{
    const char *fault = "";
    uint8_t signature[MOD_ZTA_SIGNATURE_MAX];
    size_t size;
    if (mod_zta_jws_split(judging->token, &judging->jws, &fault) != ZTA_OK) {
        return refuse(judging, "token: %s", fault);
    }
    if (zta_base64url_decode(judging->jws.signature, signature, sizeof(signature), &size) !=
        ZTA_OK) {
        return refuse(judging, "signature: not canonical base64url or too long");
    }
    if (mod_zta_jws_object(judging->jws.header, &judging->header, &fault) != ZTA_OK) {
        return refuse(judging, "header: %s", fault);
    }
    return mod_zta_jws_object(judging->jws.payload, &judging->claims, &fault) == ZTA_OK ||
           refuse(judging, "payload: %s", fault);
}

/* No extension is understood; where the sender wants a key taken from is not looked at. */
static bool check_header(struct judging *judging)
{
    const json_t *kid = json_object_get(judging->header, "kid");
    struct zta_text text = mod_zta_json_text_of(kid);
    if (json_object_get(judging->header, "crit") != NULL ||
        json_object_get(judging->header, "b64") != NULL) {
        return refuse(judging, "the header asks for an extension (crit or b64)");
    }
    return kid == NULL || (!zta_text_is_absent(text) && text.len > 0 && text.len <= ZTA_KID_MAX) ||
           refuse(judging, "kid is no text of 1 to %d bytes", ZTA_KID_MAX);
}

static bool find_issuer(struct judging *judging, const struct mod_zta_logout_issuer *issuers,
                        size_t n_issuers)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct zta_text iss = mod_zta_json_text(judging->claims, "iss");
    for (size_t i = 0; i < n_issuers; i++) {
        if (zta_text_equal(issuers[i].issuer->url, iss)) {
            judging->from = &issuers[i];
            judging->result->issuer = issuers[i].issuer;
            return true;
        }
    }
    return refuse(judging, "iss '%s' may not log out anybody here (ZTALogoutAudience)",
                  mod_zta_excerpt(iss, excerpt));
}

/* Who types its access tokens types its logout tokens, too; "any" is for who types neither. */
static bool check_type(struct judging *judging)
{
    static const struct zta_text typed[] = {ZTA_TEXT("logout+jwt"),
                                            ZTA_TEXT("application/logout+jwt")};
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const json_t *value = json_object_get(judging->header, "typ");
    const struct zta_text typ = mod_zta_json_text_of(value);
    const bool is_any = zta_text_equal(judging->from->issuer->token_type, ZTA_TEXT("any"));
    return zta_text_equal_nocase(typ, typed[0]) || zta_text_equal_nocase(typ, typed[1]) ||
           (is_any && (value == NULL || zta_text_equal_nocase(typ, ZTA_TEXT("JWT")))) ||
           refuse(judging, "typ is '%s', expected logout+jwt", mod_zta_excerpt(typ, excerpt));
}

/* ---- the signature ---- */

static bool find_key(struct judging *judging, unsigned alg, const struct mod_zta_key **key)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct zta_text kid = mod_zta_json_text(judging->header, "kid");
    const enum zta_status status = mod_zta_keyset_find(judging->keys.value, kid, alg, key);
    if (status == ZTA_OK) {
        return true;
    }
    judging->result->is_key_unknown = status == ZTA_NOT_FOUND;
    return refuse(judging, "no key of its issuer is for %s and kid '%s'", mod_zta_alg_name(alg),
                  mod_zta_excerpt(kid, excerpt));
}

static bool check_signature(struct judging *judging)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct mod_zta_issuer *issuer = judging->from->issuer;
    const struct zta_text name = mod_zta_json_text(judging->header, "alg");
    const unsigned alg = mod_zta_alg_parse(name);
    const struct mod_zta_key *key = NULL;
    if ((alg & issuer->algs) == 0) {
        return refuse(judging, "alg '%s' is not accepted for this issuer",
                      mod_zta_excerpt(name, excerpt));
    }
    if (mod_zta_keyring_acquire(issuer->keyring, judging->now_s, &judging->keys) != ZTA_OK) {
        judging->result->verdict = MOD_ZTA_LOGOUT_UNAVAILABLE;
        return refuse(judging, "no keys of the issuer are there, or they are too old");
    }
    if (!find_key(judging, alg, &key)) {
        return false;
    }
    switch (mod_zta_key_check(key, alg, judging->token)) {
    case ZTA_OK:
        return true;
    case ZTA_FORBIDDEN:
        return refuse(judging, "the signature is bad");
    default:
        judging->result->verdict = MOD_ZTA_LOGOUT_UNAVAILABLE;
        return refuse(judging, "the signature could not be checked");
    }
}

/* ---- the claims ---- */

static bool check_times(struct judging *judging, int64_t *issued_s, int64_t *expires_s)
{
    const int64_t leeway_s = judging->from->issuer->leeway_s;
    int64_t not_before_s = 0;
    const json_t *not_before = json_object_get(judging->claims, "nbf");
    if (mod_zta_date_read(json_object_get(judging->claims, "iat"), true, issued_s) != ZTA_OK ||
        mod_zta_date_read(json_object_get(judging->claims, "exp"), false, expires_s) != ZTA_OK ||
        (not_before != NULL && mod_zta_date_read(not_before, true, &not_before_s) != ZTA_OK)) {
        return refuse(judging, "iat, exp or nbf is no number of seconds from 1970 to 9999");
    }
    if (judging->now_s - leeway_s >= *expires_s) {
        return refuse(judging, "expired %lld s ago", (long long)(judging->now_s - *expires_s));
    }
    if (*issued_s > judging->now_s + leeway_s || not_before_s > judging->now_s + leeway_s) {
        return refuse(judging, "iat or nbf lies ahead");
    }
    return (*issued_s > 0 && *expires_s > *issued_s &&
            *expires_s - *issued_s <= MOD_ZTA_LOGOUT_LIFE_MAX_S) ||
           refuse(judging, "from iat to exp are not 1 to %d s", MOD_ZTA_LOGOUT_LIFE_MAX_S);
}

static bool is_client(const struct mod_zta_logout_issuer *from, struct zta_text audience)
{
    for (size_t i = 0; i < from->n_clients; i++) {
        if (zta_text_equal(audience, from->clients[i])) {
            return true;
        }
    }
    return false;
}

static bool check_audience(struct judging *judging)
{
    const json_t *aud = json_object_get(judging->claims, "aud");
    const bool is_list = json_is_array(aud);
    const size_t n = is_list ? json_array_size(aud) : 1;
    bool is_ours = false;
    for (size_t i = 0; i < n; i++) {
        struct zta_text audience = mod_zta_json_text_of(is_list ? json_array_get(aud, i) : aud);
        if (zta_text_is_absent(audience)) {
            return refuse(judging, "aud is missing or holds something that is no text");
        }
        is_ours = is_ours || is_client(judging->from, audience);
    }
    return is_ours || refuse(judging, "aud holds none of ZTALogoutAudience");
}

static bool check_event(struct judging *judging)
{
    const json_t *events = json_object_get(judging->claims, "events");
    if (!json_is_object(events) || !json_is_object(json_object_get(events, EVENT))) {
        return refuse(judging, "events has no object named " EVENT);
    }
    return json_object_get(judging->claims, "nonce") == NULL ||
           refuse(judging, "it has a nonce, which no logout token has");
}

/* A claim that may be absent but is a text of a length that can be kept. */
static bool read_name(struct judging *judging, const char *name, struct zta_text *text)
{
    const json_t *value = json_object_get(judging->claims, name);
    *text = mod_zta_json_text_of(value);
    return value == NULL ||
           (!zta_text_is_absent(*text) && text->len > 0 && text->len <= ZTA_SUBJECT_MAX) ||
           refuse(judging, "%s is no text of 1 to %d bytes", name, ZTA_SUBJECT_MAX);
}

/*
 * What is revoked. Where the issuer's subject is another claim than sub, no session here is known
 * by this sub: the session id alone says which is meant, as it is the issuer's own.
 */
static bool read_signal(struct judging *judging, struct zta_signal *signal)
{
    struct mod_zta_logout_result *result = judging->result;
    struct zta_text sub;
    struct zta_text sid;
    if (!read_name(judging, "sub", &sub) || !read_name(judging, "sid", &sid)) {
        return false;
    }
    if (!zta_text_equal(judging->from->issuer->claims.subject, ZTA_TEXT("sub"))) {
        sub = (struct zta_text){.data = NULL};
    }
    if (zta_text_is_absent(sub) && zta_text_is_absent(sid)) {
        return refuse(judging, "neither sid nor a sub by which anybody is known here");
    }
    *signal = (struct zta_signal){.issuer = judging->from->issuer->name};
    signal->kind = zta_text_is_absent(sid)   ? ZTA_SIGNAL_SUBJECT
                   : zta_text_is_absent(sub) ? ZTA_SIGNAL_SESSION
                                             : ZTA_SIGNAL_SUBJECT_SESSION;
    if (sid.len > 0) {
        memcpy(result->text, sid.data, sid.len);
        signal->sid = (struct zta_text){.data = result->text, .len = sid.len};
    }
    if (sub.len > 0) {
        memcpy(result->text + ZTA_SUBJECT_MAX, sub.data, sub.len);
        signal->subject = (struct zta_text){.data = result->text + ZTA_SUBJECT_MAX, .len = sub.len};
    }
    return true;
}

static bool check_claims(struct judging *judging)
{
    struct zta_signal_message *message = &judging->result->message;
    const struct zta_text jti = mod_zta_json_text(judging->claims, "jti");
    int64_t issued_s;
    int64_t expires_s;
    if (!check_event(judging) || !check_times(judging, &issued_s, &expires_s) ||
        !check_audience(judging)) {
        return false;
    }
    if (zta_text_is_absent(jti) || jti.len == 0) {
        return refuse(judging, "jti is missing, empty or no text");
    }
    if (!read_signal(judging, &message->signal)) {
        return false;
    }
    const struct zta_text id[] = {judging->from->issuer->name, jti};
    zta_sha256_parts(id, sizeof(id) / sizeof(id[0]), &message->id);
    message->expires_s = expires_s + judging->from->issuer->leeway_s;
    /* By the issuer's clock, as auth_time is: who logged in behind the logout stays in. */
    message->signal.watermark_s = issued_s < judging->now_s ? issued_s : judging->now_s;
    return true;
}

void mod_zta_logout_judge(struct zta_text token, const struct mod_zta_logout_issuer *issuers,
                          size_t n_issuers, int64_t now_s, struct mod_zta_logout_result *result)
{
    struct judging judging = {.token = token, .now_s = now_s, .result = result};
    *result = (struct mod_zta_logout_result){.verdict = MOD_ZTA_LOGOUT_REFUSED};
    if (parse(&judging) && check_header(&judging) && find_issuer(&judging, issuers, n_issuers) &&
        check_type(&judging) && check_signature(&judging) && check_claims(&judging)) {
        result->verdict = MOD_ZTA_LOGOUT_ACCEPTED;
    }
    mod_zta_keyring_release(judging.from != NULL ? judging.from->issuer->keyring : NULL,
                            &judging.keys);
    json_decref(judging.header);
    json_decref(judging.claims);
}

/* ---- the form ---- */

/* Decodes in place; the new length, or SIZE_MAX for a broken escape or a NUL. */
static size_t decode(char *text, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        char byte = text[i] == '+' ? ' ' : text[i];
        if (byte == '%') {
            const int high = len - i > 2 ? zta_hex_digit(text[i + 1]) : -1;
            const int low = len - i > 2 ? zta_hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return SIZE_MAX;
            }
            byte = (char)(high << 4 | low);
            i += 2;
        }
        if (byte == '\0') {
            return SIZE_MAX;
        }
        text[at++] = byte;
    }
    return at;
}

enum zta_status mod_zta_logout_form(char *form, size_t len, struct zta_text *token)
{
    static const struct zta_text wanted = ZTA_TEXT("logout_token");
    struct zta_text found = {.data = NULL};
    for (size_t at = 0; at < len;) {
        char *name = form + at;
        const char *amp = memchr(name, '&', len - at);
        const size_t size = amp == NULL ? len - at : (size_t)(amp - name);
        const char *equals = memchr(name, '=', size);
        const size_t name_size = equals == NULL ? size : (size_t)(equals - name);
        char *value = name + name_size + (equals != NULL);
        const size_t value_len = decode(value, size - name_size - (equals != NULL));
        const size_t name_len = decode(name, name_size);
        if (value_len == SIZE_MAX || name_len == SIZE_MAX) {
            return ZTA_INVALID;
        }
        if (zta_text_equal((struct zta_text){.data = name, .len = name_len}, wanted)) {
            if (!zta_text_is_absent(found)) {
                return ZTA_INVALID;
            }
            found = (struct zta_text){.data = value, .len = value_len};
        }
        at += size + 1;
    }
    if (zta_text_is_absent(found)) {
        return ZTA_NOT_FOUND;
    }
    *token = found;
    return ZTA_OK;
}
