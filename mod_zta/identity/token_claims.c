/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of a signed token's claims (RFC 7519 section 4, RFC 9068 sections 2.2 and 4). */
#include "mod_zta/identity/claim_name.h"
#include "mod_zta/identity/strict_json.h"
#include "mod_zta/identity/thumbprint.h"
#include "mod_zta/identity/token_priv.h"
#include "shared/base/limits.h"

#include <math.h>

/* The last second of the year 9999: beyond it are milliseconds or nonsense. */
#define DATE_MAX INT64_C(253402300799)

enum zta_status mod_zta_date_read(const json_t *value, bool rounds_up, int64_t *date_s)
{
    if (json_is_integer(value)) {
        json_int_t date = json_integer_value(value);
        if (date < 0 || date > DATE_MAX) {
            return ZTA_INVALID;
        }
        *date_s = (int64_t)date;
        return ZTA_OK;
    }
    double date = json_is_real(value) ? json_real_value(value) : -1;
    if (!(date >= 0 && date <= (double)DATE_MAX)) { /* so that not-a-number is out of range */
        return ZTA_INVALID;
    }
    *date_s = (int64_t)(rounds_up ? ceil(date) : floor(date));
    return ZTA_OK;
}

static enum zta_reason refuse_date(struct mod_zta_judging *judging, const char *name)
{
    return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                  "%s is no number of seconds from 1970 to 9999", name);
}

static enum zta_reason check_expiry(struct mod_zta_judging *judging)
{
    int64_t expires_s;
    if (mod_zta_date_read(json_object_get(judging->claims, "exp"), false, &expires_s) != ZTA_OK) {
        return refuse_date(judging, "exp");
    }
    int64_t now_s = judging->request->now_s;
    if (now_s - judging->issuer->leeway_s >= expires_s) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_EXPIRED_CREDENTIAL, "expired %lld s ago",
                                      (long long)(now_s - expires_s));
    }
    return ZTA_REASON_OK;
}

/* A date that may be absent but must not lie ahead. */
static enum zta_reason check_past(struct mod_zta_judging *judging, const char *name)
{
    const json_t *value = json_object_get(judging->claims, name);
    int64_t date_s;
    if (value == NULL) {
        return ZTA_REASON_OK;
    }
    if (mod_zta_date_read(value, true, &date_s) != ZTA_OK) {
        return refuse_date(judging, name);
    }
    int64_t ahead_s = date_s - judging->request->now_s;
    if (ahead_s > judging->issuer->leeway_s) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "%s lies %lld s ahead",
                                      name, (long long)ahead_s);
    }
    return ZTA_REASON_OK;
}

/*
 * An auth_time ahead of us would outlive a revocation of all logins before it: it must not lie
 * ahead any more than iat may.
 */
static enum zta_reason check_times(struct mod_zta_judging *judging)
{
    static const char *const past[] = {"nbf", "iat", "auth_time"};
    bool may_be_endless =
        judging->is_introspected && json_object_get(judging->claims, "exp") == NULL;
    enum zta_reason reason = may_be_endless ? ZTA_REASON_OK : check_expiry(judging);
    for (size_t i = 0; i < sizeof past / sizeof past[0] && reason == ZTA_REASON_OK; i++) {
        reason = check_past(judging, past[i]);
    }
    return reason;
}

static bool is_expected(const struct mod_zta_judging *judging, struct zta_text audience)
{
    const struct mod_zta_token_request *request = judging->request;
    bool has_own = request->n_audiences > 0;
    const struct zta_text *list = has_own ? request->audiences : judging->issuer->audiences;
    size_t n = has_own ? request->n_audiences : judging->issuer->n_audiences;
    for (size_t i = 0; i < n; i++) {
        if (zta_text_equal(audience, list[i])) {
            return true;
        }
    }
    return false;
}

static enum zta_reason refuse_audience(struct mod_zta_judging *judging, struct zta_text found)
{
    const struct mod_zta_token_request *request = judging->request;
    struct zta_text expected = {.data = NULL};
    if (request->n_audiences > 0) {
        expected = request->audiences[0];
    }
    else if (judging->issuer->n_audiences > 0) {
        expected = judging->issuer->audiences[0];
    }
    char found_text[MOD_ZTA_EXCERPT_SIZE];
    char expected_text[MOD_ZTA_EXCERPT_SIZE];
    return mod_zta_judging_refuse(
        judging, ZTA_REASON_WRONG_AUDIENCE, "aud holds '%s', expected '%s'",
        mod_zta_excerpt(found, found_text), mod_zta_excerpt(expected, expected_text));
}

static enum zta_reason check_audience(struct mod_zta_judging *judging)
{
    const json_t *aud = json_object_get(judging->claims, "aud");
    bool is_list = json_is_array(aud);
    size_t n = is_list ? json_array_size(aud) : 1;
    bool is_ours = false;
    struct zta_text first = {.data = NULL};
    for (size_t i = 0; i < n; i++) {
        struct zta_text audience = mod_zta_json_text_of(is_list ? json_array_get(aud, i) : aud);
        if (zta_text_is_absent(audience)) {
            return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                          "aud is missing or holds something that is no text");
        }
        first = i == 0 ? audience : first;
        is_ours = is_ours || is_expected(judging, audience);
    }
    return is_ours ? ZTA_REASON_OK : refuse_audience(judging, first);
}

static enum zta_reason check_texts(struct mod_zta_judging *judging, const char *const *names,
                                   size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct zta_text text = mod_zta_json_text(judging->claims, names[i]);
        if (zta_text_is_absent(text) || text.len == 0) {
            return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                          "%s is missing, empty or no text", names[i]);
        }
    }
    return ZTA_REASON_OK;
}

bool mod_zta_token_is_other_kind(struct zta_text word)
{
    /* As Keycloak and its like call them, in the header or the claim typ. */
    static const struct zta_text kinds[] = {ZTA_TEXT("ID"), ZTA_TEXT("Refresh"),
                                            ZTA_TEXT("Offline"), ZTA_TEXT("Logout")};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (zta_text_equal_nocase(word, kinds[i])) {
            return true;
        }
    }
    return false;
}

/* What the issuer itself says of its use: Keycloak in typ, Cognito in token_use. */
static bool is_for_other_use(const json_t *claims)
{
    const json_t *typ = json_object_get(claims, "typ");
    const json_t *use = json_object_get(claims, "token_use");
    return mod_zta_token_is_other_kind(mod_zta_json_text_of(typ)) ||
           (use != NULL && !zta_text_equal_nocase(mod_zta_json_text_of(use), ZTA_TEXT("access")));
}

static enum zta_reason refuse_other_use(struct mod_zta_judging *judging)
{
    return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                  "it is no access token: typ or token_use says so");
}

/*
 * No claim is that of an ID token, a security event, a DPoP proof, a signed introspection answer,
 * an authorization request or a credential.
 */
static enum zta_reason check_kind_of(struct mod_zta_judging *judging, const json_t *claims)
{
    static const char *const foreign[] = {
        "nonce", "at_hash", "c_hash", "s_hash", "events",        "sub_id",
        "toe",   "htm",     "htu",    "ath",    "response_type", "token_introspection",
        "vc",    "sd_hash",
    };
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        if (json_object_get(claims, foreign[i]) != NULL) {
            return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                          "it is no access token: it has %s", foreign[i]);
        }
    }
    return is_for_other_use(claims) ? refuse_other_use(judging) : ZTA_REASON_OK;
}

/* "any" admits tokens that do not say what they are; then their claims have to. */
static enum zta_reason check_untyped(struct mod_zta_judging *judging)
{
    const struct mod_zta_claim_names *names = &judging->issuer->claims;
    enum zta_reason reason = check_kind_of(judging, judging->claims);
    if (reason == ZTA_REASON_OK && mod_zta_claim_find(judging->claims, names->client) == NULL &&
        mod_zta_claim_find(judging->claims, names->scope) == NULL) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "it is no access token: it has neither client nor scope");
    }
    return reason;
}

static enum zta_reason check_required(struct mod_zta_judging *judging)
{
    static const char *const texts[] = {"sub", "client_id", "jti"};
    if (zta_text_equal(judging->issuer->token_type, ZTA_TEXT("any"))) {
        enum zta_reason reason = check_texts(judging, texts, 1);
        return reason == ZTA_REASON_OK ? check_untyped(judging) : reason;
    }
    if (json_object_get(judging->claims, "iat") == NULL) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "iat is missing");
    }
    return check_texts(judging, texts, sizeof texts / sizeof texts[0]);
}

/*
 * What the token is bound to (RFC 7800, RFC 9449 section 6, RFC 8705 section 3.1): a key or
 * certificate that can be asked for here, by a well-formed thumbprint.
 */
static enum zta_reason check_confirmation(struct mod_zta_judging *judging)
{
    static const char *const methods[] = {"jkt", "x5t#S256"};
    const json_t *cnf = json_object_get(judging->claims, "cnf");
    size_t n_methods = 0;
    if (cnf == NULL) {
        return ZTA_REASON_OK;
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        const json_t *value = json_object_get(cnf, methods[i]);
        if (value == NULL) {
            continue;
        }
        if (!mod_zta_thumbprint_is_good(mod_zta_json_text_of(value))) {
            return mod_zta_judging_refuse(judging, ZTA_REASON_BINDING_FAILED,
                                          "cnf.%s is no SHA-256 in base64url", methods[i]);
        }
        n_methods++;
    }
    return n_methods > 0 ? ZTA_REASON_OK
                         : mod_zta_judging_refuse(judging, ZTA_REASON_BINDING_FAILED,
                                                  "cnf names neither jkt nor x5t#S256");
}

enum zta_reason mod_zta_token_check_claims(struct mod_zta_judging *judging)
{
    enum zta_reason reason = check_required(judging);
    if (reason == ZTA_REASON_OK) {
        reason = check_times(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = check_audience(judging);
    }
    return reason == ZTA_REASON_OK ? check_confirmation(judging) : reason;
}

/* RFC 7662 section 2.2: all of it may be absent, but what is there must be right. */
static enum zta_reason check_origin(struct mod_zta_judging *judging)
{
    const json_t *iss = json_object_get(judging->claims, "iss");
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    if (iss == NULL || zta_text_equal(mod_zta_json_text_of(iss), judging->issuer->url)) {
        return ZTA_REASON_OK;
    }
    return mod_zta_judging_refuse(judging, ZTA_REASON_UNKNOWN_ISSUER,
                                  "its issuer says that it is from '%s'",
                                  mod_zta_excerpt(mod_zta_json_text_of(iss), excerpt));
}

/*
 * Issuers answer about refresh tokens as well, hint or not. A token of the DPoP type that names no
 * key could be used by anybody.
 */
static enum zta_reason check_kind(struct mod_zta_judging *judging)
{
    const json_t *type = json_object_get(judging->claims, "token_type");
    struct zta_text text = mod_zta_json_text_of(type);
    const json_t *cnf = json_object_get(judging->claims, "cnf");
    if (is_for_other_use(judging->claims)) {
        return refuse_other_use(judging);
    }
    if (type == NULL || zta_text_equal_nocase(text, ZTA_TEXT("Bearer")) ||
        zta_text_equal_nocase(text, ZTA_TEXT("access_token"))) {
        return ZTA_REASON_OK;
    }
    if (!zta_text_equal_nocase(text, ZTA_TEXT("DPoP"))) {
        char excerpt[MOD_ZTA_EXCERPT_SIZE];
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL, "its token_type is '%s'",
                                      mod_zta_excerpt(text, excerpt));
    }
    return json_object_get(cnf, "jkt") != NULL
               ? ZTA_REASON_OK
               : mod_zta_judging_refuse(judging, ZTA_REASON_BINDING_FAILED,
                                        "its token_type is DPoP, and cnf names no key");
}

/* Whose the token is has to be read in one way: aud is a text or texts, or is not there. */
static enum zta_reason check_audience_form(struct mod_zta_judging *judging)
{
    const json_t *aud = json_object_get(judging->claims, "aud");
    bool is_list = json_is_array(aud);
    size_t n = is_list ? json_array_size(aud) : 1;
    for (size_t i = 0; i < n && aud != NULL; i++) {
        if (!json_is_string(is_list ? json_array_get(aud, i) : aud)) {
            return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                          "aud holds something that is no text");
        }
    }
    return ZTA_REASON_OK;
}

enum zta_reason mod_zta_token_check_introspected(struct mod_zta_judging *judging)
{
    enum zta_reason reason = check_origin(judging);
    if (reason == ZTA_REASON_OK) {
        reason = check_kind(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = check_times(judging);
    }
    if (reason == ZTA_REASON_OK) {
        reason = check_audience_form(judging);
    }
    return reason == ZTA_REASON_OK ? check_confirmation(judging) : reason;
}

/* An answer that says otherwise than the token, or that drops it, frees nobody from a binding. */
static enum zta_reason keep_confirmation(struct mod_zta_judging *judging, json_t *payload)
{
    json_t *own = json_object_get(payload, "cnf");
    const json_t *told = json_object_get(judging->claims, "cnf");
    if (own == NULL || (told != NULL && json_equal(own, told))) {
        return ZTA_REASON_OK;
    }
    if (told != NULL) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BINDING_FAILED,
                                      "its issuer says another cnf than the token itself");
    }
    return json_object_set(judging->claims, "cnf", own) == 0
               ? ZTA_REASON_OK
               : mod_zta_judging_refuse(judging, ZTA_REASON_ISSUER_UNAVAILABLE, "no memory");
}

enum zta_reason mod_zta_token_check_own(struct mod_zta_judging *judging, const json_t *header,
                                        json_t *payload)
{
    const json_t *typ = json_object_get(header, "typ");
    char excerpt[MOD_ZTA_EXCERPT_SIZE];
    if (!mod_zta_token_is_any_type(typ)) {
        return mod_zta_judging_refuse(judging, ZTA_REASON_BAD_CREDENTIAL,
                                      "typ is '%s', which is no access token",
                                      mod_zta_excerpt(mod_zta_json_text_of(typ), excerpt));
    }
    enum zta_reason reason = check_kind_of(judging, payload);
    return reason == ZTA_REASON_OK ? keep_confirmation(judging, payload) : reason;
}
