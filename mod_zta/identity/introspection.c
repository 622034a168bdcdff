/* SPDX-License-Identifier: Apache-2.0 */
/* One clear yes or no out of an answer, or the finding that there is none. */
#include "mod_zta/identity/introspection.h"

#include <stdio.h>
#include <string.h>

#include "mod_zta/identity/jws.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"

/* The secret is left out: nothing of it goes into memory that processes share. */
void mod_zta_introspection_seal(struct mod_zta_introspection *introspection)
{
    const struct mod_zta_client *client = &introspection->client;
    const char method[] = {(char)('0' + client->method),
                           introspection->asks_about_jwts ? 'j' : 'o'};
    const struct zta_text parts[] = {
        zta_text_of(introspection->url),
        client->id,
        {.data = method, .len = sizeof method},
    };
    struct zta_sha256 digest;
    zta_sha256_parts(parts, sizeof parts / sizeof parts[0], &digest);
    uint64_t hash = zta_get_u64(digest.bytes);
    introspection->hash = hash == 0 ? 1 : hash;
}

/* ---- the question ---- */

/* token68 (RFC 9110 section 11.2). */
static bool is_plausible(struct zta_text token)
{
    size_t n = token.len;
    if (token.len < MOD_ZTA_OPAQUE_MIN || token.len > ZTA_TOKEN_MAX) {
        return false;
    }
    while (n > 0 && token.data[n - 1] == '=') {
        n--;
    }
    for (size_t i = 0; i < n; i++) {
        char c = token.data[i];
        bool is_good = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       (c != '\0' && strchr("-._~+/", c) != NULL);
        if (!is_good) {
            return false;
        }
    }
    return n > 0;
}

/* Three as of a JWS, or five as of a JWE: random octets of two parts may begin like either. */
static bool has_jose_parts(struct zta_text token)
{
    size_t n = 1;
    for (size_t i = 0; i < token.len; i++) {
        n += token.data[i] == '.';
    }
    return n == 3 || n == 5;
}

/* Does it begin as all of JOSE does: a JSON object in base64url, and a dot? */
static bool is_jose(struct zta_text token)
{
    const char *dot = memchr(token.data, '.', token.len);
    json_t *header = NULL;
    const char *fault;
    if (dot == NULL || dot == token.data) {
        return false;
    }
    struct zta_text part = {.data = token.data, .len = (size_t)(dot - token.data)};
    if (mod_zta_jws_object(part, &header, &fault) == ZTA_OK) {
        json_decref(header);
        return true;
    }
    /* One that is not strict JSON is a header all the same: '{' and '"' or white space behind. */
    return has_jose_parts(token) && (zta_text_starts_with(part, ZTA_TEXT("ey")) ||
                                     zta_text_starts_with(part, ZTA_TEXT("ew")));
}

static bool names_issuer(struct zta_text token, struct zta_text url)
{
    struct mod_zta_jws jws;
    json_t *claims = NULL;
    const char *fault;
    if (mod_zta_jws_split(token, &jws, &fault) != ZTA_OK ||
        mod_zta_jws_object(jws.payload, &claims, &fault) != ZTA_OK) {
        return false;
    }
    bool is_named = zta_text_equal(mod_zta_json_text(claims, "iss"), url);
    json_decref(claims);
    return is_named;
}

bool mod_zta_introspection_asks(const struct mod_zta_issuer *issuer, struct zta_text token)
{
    if (issuer->introspection == NULL || !is_plausible(token)) {
        return false;
    }
    return !is_jose(token) ||
           (issuer->introspection->asks_about_jwts && names_issuer(token, issuer->url));
}

enum zta_status mod_zta_introspection_write(const struct mod_zta_issuer *issuer,
                                            struct zta_text token, int64_t now_s,
                                            struct zta_buffer *form,
                                            struct zta_buffer *authorization)
{
    zta_buffer_string(form, "token=");
    mod_zta_form_encode(form, token);
    zta_buffer_string(form, "&token_type_hint=access_token");
    return mod_zta_client_authenticate(&issuer->introspection->client, issuer->url, now_s, form,
                                       authorization);
}

/* ---- the answer ---- */

static enum zta_reason unreadable(struct mod_zta_introspection_result *result, const char *why)
{
    result->outcome = MOD_ZTA_INTROSPECTION_UNREADABLE;
    (void)snprintf(result->detail, sizeof result->detail, "the introspection answer %s", why);
    return ZTA_REASON_ISSUER_UNAVAILABLE;
}

static enum zta_reason check_status(const struct mod_zta_introspection_answer *answer,
                                    struct mod_zta_introspection_result *result)
{
    if (answer->http_status == 401 || answer->http_status == 403) {
        /* RFC 7662 section 2.3: it speaks of us, not of the token. */
        result->outcome = MOD_ZTA_INTROSPECTION_REFUSED;
        (void)snprintf(result->detail, sizeof result->detail,
                       "the introspection endpoint refuses our own credentials (%ld)",
                       answer->http_status);
        return ZTA_REASON_ISSUER_UNAVAILABLE;
    }
    if (answer->http_status != 200) {
        char why[32];
        (void)snprintf(why, sizeof why, "has status %ld", answer->http_status);
        return unreadable(result, why);
    }
    return ZTA_REASON_OK;
}

/* The one member that has to be there (RFC 7662 section 2.2), and nothing but true or false. */
static enum zta_reason read_active(const json_t *object,
                                   struct mod_zta_introspection_result *result)
{
    const json_t *active = json_object_get(object, "active");
    if (!json_is_boolean(active)) {
        return unreadable(result, active == NULL ? "has no member active"
                                                 : "has an active that is neither true nor false");
    }
    result->outcome = MOD_ZTA_INTROSPECTION_VERDICT;
    if (json_is_true(active)) {
        return ZTA_REASON_OK;
    }
    (void)snprintf(result->detail, sizeof result->detail, "its issuer says that it is not active");
    return ZTA_REASON_BAD_CREDENTIAL;
}

/*
 * A JWT says what gives it its id, of what kind it is and what it is bound to, whoever says what it
 * is worth. *payload, which the caller releases, is kept by what is read of it.
 */
static enum zta_reason read_own(struct mod_zta_judging *judging, json_t **payload)
{
    const char *fault = "";
    json_t *header = NULL;
    if (!is_jose(judging->request->token)) {
        return ZTA_REASON_OK;
    }
    if (mod_zta_jws_split(judging->request->token, &judging->jws, &fault) != ZTA_OK ||
        mod_zta_jws_object(judging->jws.payload, payload, &fault) != ZTA_OK ||
        mod_zta_jws_object(judging->jws.header, &header, &fault) != ZTA_OK) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "token: %s", fault);
    }
    judging->own_jti = mod_zta_json_text(*payload, "jti");
    enum zta_reason reason = mod_zta_token_check_own(judging, header, *payload);
    json_decref(header);
    return reason;
}

static enum zta_reason read_identity(const struct mod_zta_introspection_answer *answer,
                                     json_t *claims, char *storage, size_t size,
                                     struct zta_identity *identity,
                                     struct mod_zta_introspection_result *result)
{
    const struct mod_zta_token_request request = {
        .token = answer->token,
        .claims = answer->claims,
        .n_claims = answer->n_claims,
        .now_s = answer->now_s,
    };
    struct mod_zta_token_result judged = {.detail = ""};
    struct mod_zta_judging judging = {
        .request = &request,
        .issuer = answer->issuer,
        .result = &judged,
        .claims = claims,
        .is_introspected = true,
    };
    json_t *payload = NULL;
    enum zta_reason reason = read_own(&judging, &payload);
    if (reason == ZTA_REASON_OK) {
        reason = mod_zta_token_check_introspected(&judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = mod_zta_token_fill_identity(&judging, storage, size, identity);
    }
    json_decref(payload);
    if (reason != ZTA_REASON_OK) {
        (void)snprintf(result->detail, sizeof result->detail, "%s", judged.detail);
        return reason;
    }
    result->keep_until_s = answer->now_s + MOD_ZTA_KEEP_S;
    if (identity->expires_s != 0 && identity->expires_s < result->keep_until_s) {
        result->keep_until_s = identity->expires_s;
    }
    return ZTA_REASON_OK;
}

void mod_zta_introspection_judge(const struct mod_zta_introspection_answer *answer, char *storage,
                                 size_t size, struct zta_identity *identity,
                                 struct mod_zta_introspection_result *result)
{
    json_t *object = NULL;
    const char *fault = "";
    char why[96];
    *result = (struct mod_zta_introspection_result){.reason = ZTA_REASON_UNJUDGED};
    zta_identity_init(identity);
    enum zta_reason reason = check_status(answer, result);
    if (reason == ZTA_REASON_OK && mod_zta_json_load(answer->body, &object, &fault) != ZTA_OK) {
        (void)snprintf(why, sizeof why, "is no answer: %s", fault);
        reason = unreadable(result, why);
    }
    if (reason == ZTA_REASON_OK) {
        reason = read_active(object, result);
    }
    if (reason == ZTA_REASON_OK) {
        reason = read_identity(answer, object, storage, size, identity, result);
    }
    if (reason != ZTA_REASON_OK) {
        zta_identity_init(identity); /* nobody acts on half an identity */
    }
    json_decref(object);
    result->reason = reason;
}
