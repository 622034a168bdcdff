/* SPDX-License-Identifier: Apache-2.0 */
/* Shape, header, issuer, type, signature, claims: in this order, each a reason of its own. */
#include "mod_zta/identity/logout_token.h"

#include <jansson.h>
#include <string.h>

#include "mod_zta/identity/signed_jwt.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/limits.h"

#define EVENT "http://schemas.openid.net/event/backchannel-logout"

struct judging {
    struct mod_zta_signed jwt;
    const struct mod_zta_logout_issuer *from;
    int64_t now_s;
    struct mod_zta_logout_result *result;
};

/* ---- before the signature ---- */

static bool find_issuer(struct judging *judging, const struct mod_zta_logout_issuer *issuers,
                        size_t n_issuers)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const struct zta_text iss = mod_zta_json_text(judging->jwt.claims, "iss");
    for (size_t i = 0; i < n_issuers; i++) {
        if (zta_text_equal(issuers[i].issuer->url, iss)) {
            judging->from = &issuers[i];
            judging->jwt.issuer = judging->result->issuer = issuers[i].issuer;
            return true;
        }
    }
    return mod_zta_signed_refuse(&judging->jwt,
                                 "iss '%s' may not log out anybody here (ZTALogoutAudience)",
                                 mod_zta_excerpt(iss, excerpt));
}

/* Who types its access tokens types its logout tokens, too; "any" is for who types neither. */
static bool check_type(struct judging *judging)
{
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    const json_t *value = json_object_get(judging->jwt.header, "typ");
    const struct zta_text typ = mod_zta_json_text_of(value);
    const bool is_any = zta_text_equal(judging->from->issuer->token_type, ZTA_TEXT("any"));
    return mod_zta_signed_is_type(&judging->jwt, ZTA_TEXT("logout+jwt")) ||
           (is_any && (value == NULL || zta_text_equal_nocase(typ, ZTA_TEXT("JWT")))) ||
           mod_zta_signed_refuse(&judging->jwt, "typ is '%s', expected logout+jwt",
                                 mod_zta_excerpt(typ, excerpt));
}

/* ---- the claims ---- */

static bool check_times(struct judging *judging, int64_t *issued_s, int64_t *expires_s)
{
    const int64_t leeway_s = judging->from->issuer->leeway_s;
    int64_t not_before_s = 0;
    const json_t *not_before = json_object_get(judging->jwt.claims, "nbf");
    if (mod_zta_date_read(json_object_get(judging->jwt.claims, "iat"), true, issued_s) != ZTA_OK ||
        mod_zta_date_read(json_object_get(judging->jwt.claims, "exp"), false, expires_s) !=
            ZTA_OK ||
        (not_before != NULL && mod_zta_date_read(not_before, true, &not_before_s) != ZTA_OK)) {
        return mod_zta_signed_refuse(&judging->jwt,
                                     "iat, exp or nbf is no number of seconds from 1970 to 9999");
    }
    if (judging->now_s - leeway_s >= *expires_s) {
        return mod_zta_signed_refuse(&judging->jwt, "expired %lld s ago",
                                     (long long)(judging->now_s - *expires_s));
    }
    if (*issued_s > judging->now_s + leeway_s || not_before_s > judging->now_s + leeway_s) {
        return mod_zta_signed_refuse(&judging->jwt, "iat or nbf lies ahead");
    }
    return (*issued_s > 0 && *expires_s > *issued_s &&
            *expires_s - *issued_s <= MOD_ZTA_LOGOUT_LIFE_MAX_S) ||
           mod_zta_signed_refuse(&judging->jwt, "from iat to exp are not 1 to %d s",
                                 MOD_ZTA_LOGOUT_LIFE_MAX_S);
}

static bool check_event(struct judging *judging)
{
    const json_t *events = json_object_get(judging->jwt.claims, "events");
    if (!json_is_object(events) || !json_is_object(json_object_get(events, EVENT))) {
        return mod_zta_signed_refuse(&judging->jwt, "events has no object named " EVENT);
    }
    return json_object_get(judging->jwt.claims, "nonce") == NULL ||
           mod_zta_signed_refuse(&judging->jwt, "it has a nonce, which no logout token has");
}

/* A claim that may be absent but is a text of a length that can be kept. */
static bool read_name(struct judging *judging, const char *name, struct zta_text *text)
{
    const json_t *value = json_object_get(judging->jwt.claims, name);
    *text = mod_zta_json_text_of(value);
    return value == NULL ||
           (!zta_text_is_absent(*text) && text->len > 0 && text->len <= ZTA_SUBJECT_MAX) ||
           mod_zta_signed_refuse(&judging->jwt, "%s is no text of 1 to %d bytes", name,
                                 ZTA_SUBJECT_MAX);
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
        return mod_zta_signed_refuse(&judging->jwt,
                                     "neither sid nor a sub by which anybody is known here");
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
    const struct zta_text jti = mod_zta_json_text(judging->jwt.claims, "jti");
    int64_t issued_s;
    int64_t expires_s;
    if (!check_event(judging) || !check_times(judging, &issued_s, &expires_s) ||
        !mod_zta_signed_is_for(&judging->jwt, judging->from->clients, judging->from->n_clients,
                               "ZTALogoutAudience")) {
        return false;
    }
    if (zta_text_is_absent(jti) || jti.len == 0) {
        return mod_zta_signed_refuse(&judging->jwt, "jti is missing, empty or no text");
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
    struct judging judging = {
        .jwt = {.token = token, .detail = result->detail}, .now_s = now_s, .result = result};
    struct mod_zta_signed *jwt = &judging.jwt;
    *result = (struct mod_zta_logout_result){.verdict = MOD_ZTA_LOGOUT_REFUSED};
    if (mod_zta_signed_parse(jwt) && find_issuer(&judging, issuers, n_issuers) &&
        check_type(&judging) && mod_zta_signed_check(jwt, now_s) && check_claims(&judging)) {
        result->verdict = MOD_ZTA_LOGOUT_ACCEPTED;
    }
    else if (jwt->is_unavailable) {
        result->verdict = MOD_ZTA_LOGOUT_UNAVAILABLE;
    }
    result->is_key_unknown = jwt->is_key_unknown;
    mod_zta_signed_clear(jwt);
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
