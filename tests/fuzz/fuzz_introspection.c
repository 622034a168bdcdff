/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Introspection answers of any bytes, and any tokens: the judge ends, lets nobody in but by a clear
 * yes, a JWT is held to what it says itself, and what is asked about goes into a form that holds
 * nothing else. The first byte chooses.
 */
#include <stdint.h>
#include <string.h>

#include "mod_zta/identity/introspection.h"
#include "mod_zta/identity/strict_json.h"
#include "shared/base/base64.h"
#include "shared/base/limits.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW INT64_C(1800000000)

static const struct zta_text named[] = {ZTA_TEXT("level"), ZTA_TEXT("tenant.id")};

static void set_up(struct mod_zta_issuer *issuer, struct mod_zta_introspection *introspection)
{
    *introspection = (struct mod_zta_introspection){
        .url = "https://idp.example/i",
        .client = {.id = ZTA_TEXT("gw"), .method = MOD_ZTA_CLIENT_POST, .secret = ZTA_TEXT("s&t")},
        .asks_about_jwts = true,
    };
    mod_zta_introspection_seal(introspection);
    *issuer = (struct mod_zta_issuer){
        .name = ZTA_TEXT("corp"),
        .url = ZTA_TEXT("https://idp.example"),
        .leeway_s = 60,
        .introspection = introspection,
    };
    mod_zta_claim_names_init(&issuer->claims);
}

/* Another reading of the one member that decides. */
static bool says_active(struct zta_text body)
{
    json_t *object = NULL;
    const char *fault;
    if (mod_zta_json_load(body, &object, &fault) != ZTA_OK) {
        return false;
    }
    bool is_active = json_is_true(json_object_get(object, "active"));
    json_decref(object);
    return is_active;
}

static struct zta_identity identity; /* of the answer that was judged last */

/* True when it lets somebody in. */
static bool judge(const struct mod_zta_issuer *issuer, struct zta_text token, struct zta_text body,
                  size_t size)
{
    static char storage[ZTA_IDENTITY_SIZE_MAX];
    static char encoded[ZTA_IDENTITY_SIZE_MAX];
    static struct zta_identity again;
    struct mod_zta_introspection_result result;
    const struct mod_zta_introspection_answer answer = {
        .issuer = issuer,
        .token = token,
        .http_status = 200,
        .body = body,
        .claims = named,
        .n_claims = sizeof named / sizeof named[0],
        .now_s = NOW,
    };
    mod_zta_introspection_judge(&answer, storage, size, &identity, &result);
    must(memchr(result.detail, '\0', sizeof result.detail) != NULL);
    for (const char *c = result.detail; *c != '\0'; c++) {
        must((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    must((result.reason == ZTA_REASON_OK) == (result.detail[0] == '\0'));
    must((result.reason == ZTA_REASON_ISSUER_UNAVAILABLE) ==
         (result.outcome != MOD_ZTA_INTROSPECTION_VERDICT));
    if (result.reason != ZTA_REASON_OK) {
        must(zta_text_is_absent(identity.subject));
        return false;
    }
    must(says_active(body));
    must(!zta_text_is_absent(identity.subject) && identity.subject.len <= ZTA_SUBJECT_MAX);
    must(result.keep_until_s <= NOW + MOD_ZTA_KEEP_S);
    must(identity.expires_s == 0 || (identity.expires_s > NOW - issuer->leeway_s &&
                                     result.keep_until_s <= identity.expires_s));
    size_t encoded_size;
    if (zta_identity_encode(&identity, encoded, sizeof encoded, &encoded_size) == ZTA_OK) {
        must(zta_identity_decode(encoded, encoded_size, &again) == ZTA_OK);
    }
    return true;
}

/* The text up to the end of its line, which is taken away. */
static struct zta_text take_line(struct zta_text *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->data, '\n', rest->len);
    struct zta_text line = {.data = rest->data, .len = rest->len};
    if (end != NULL) {
        line.len = (size_t)(end - rest->data);
    }
    size_t taken = line.len + (end != NULL);
    rest->data += taken;
    rest->len -= taken;
    return line;
}

/* Header and payload of a JWT, a line each, and the answer about it. */
static void judge_jwt(const struct mod_zta_issuer *issuer, struct zta_text rest)
{
    static const char *const foreign[] = {"nonce", "at_hash", "c_hash", "events"};
    static char token[ZTA_TOKEN_MAX + 1];
    const struct zta_text header = take_line(&rest);
    const struct zta_text payload = take_line(&rest);
    const char *fault;
    json_t *claims;
    if (ZTA_BASE64URL_LEN(header.len) + ZTA_BASE64URL_LEN(payload.len) + 8 > ZTA_TOKEN_MAX) {
        return;
    }
    zta_base64url_encode((const uint8_t *)header.data, header.len, token);
    size_t len = strlen(token);
    token[len++] = '.';
    zta_base64url_encode((const uint8_t *)payload.data, payload.len, token + len);
    len += strlen(token + len);
    memcpy(token + len, ".c2ln", 5);
    const struct zta_text jwt = {.data = token, .len = len + 5};
    bool is_jwt =
        header.len >= 2 && header.data[0] == '{' && strchr("\" \t", header.data[1]) != NULL;
    if (!judge(issuer, jwt, rest, ZTA_IDENTITY_SIZE_MAX) || !is_jwt) {
        return; /* any other text with two dots is as opaque as one without */
    }
    must(mod_zta_json_load(payload, &claims, &fault) == ZTA_OK);
    must(json_object_get(claims, "cnf") == NULL || identity.binding != ZTA_BINDING_NONE);
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        must(json_object_get(claims, foreign[i]) == NULL);
    }
    json_decref(claims);
}

/* No byte of a token can end its field. */
static void ask(const struct mod_zta_issuer *issuer, struct zta_text token)
{
    static char text[MOD_ZTA_FORM_SIZE];
    char value[64];
    struct zta_buffer form;
    struct zta_buffer authorization;
    if (!mod_zta_introspection_asks(issuer, token)) {
        return;
    }
    zta_buffer_init(&form, text, sizeof text);
    zta_buffer_init(&authorization, value, sizeof value);
    must(mod_zta_introspection_write(issuer, token, NOW, &form, &authorization) == ZTA_OK);
    const char *end = strchr(text, '&');
    must(strncmp(text, "token=", 6) == 0 && end != NULL);
    must(strcmp(end, "&token_type_hint=access_token&client_id=gw&client_secret=s%26t") == 0);
    must(authorization.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mod_zta_issuer issuer;
    struct mod_zta_introspection introspection;
    set_up(&issuer, &introspection);
    if (size == 0) {
        return 0;
    }
    const struct zta_text opaque = ZTA_TEXT("an-opaque-token-0123456789");
    const struct zta_text rest = {.data = (const char *)data + 1, .len = size - 1};
    switch (data[0]) {
    case 't':
        ask(&issuer, rest);
        return 0;
    case 's':
        (void)judge(&issuer, opaque, rest, 64); /* where hardly anything fits */
        return 0;
    case 'j':
        judge_jwt(&issuer, rest);
        return 0;
    default:
        (void)judge(&issuer, opaque, (struct zta_text){.data = (const char *)data, .len = size},
                    ZTA_IDENTITY_SIZE_MAX);
        return 0;
    }
}
