/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on access tokens. Each case is the good token with one defect, properly signed wherever
 * the defect allows, and is refused for that defect: the detail names it, and the same token without
 * it is accepted right before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/base64.h"
#include "shared/base/limits.h"
#include "tests/unit/token_fixture.h"

static struct token_fixture fixture;
static unsigned n_attacks;

static int open_fixture(void **state)
{
    token_fixture_open(&fixture);
    return 0;
}

static int close_fixture(void **state)
{
    print_message("%u attacks were tried\n", n_attacks);
    token_fixture_close(&fixture);
    return 0;
}

static void expect_control(enum token_key key)
{
    static char token[JOSE_TEXT_MAX];
    size_t len = token_make(&fixture, key, NULL, token);
    if (token_judge(&fixture, (struct zta_text){.data = token, .len = len}) != ZTA_REASON_OK) {
        fail_msg("the control token is refused: %s", fixture.result.detail);
    }
}

struct refusal {
    enum zta_reason reason;
    const char *detail;   /* part of it */
    bool is_bad_for_good; /* shape or signature */
};

static void expect_refused(const char *name, struct zta_text token, const struct refusal *refusal)
{
    n_attacks++;
    enum zta_reason reason = token_judge(&fixture, token);
    if (reason != refusal->reason || strstr(fixture.result.detail, refusal->detail) == NULL ||
        fixture.result.is_bad_for_good != refusal->is_bad_for_good) {
        fail_msg("%s: expected %s (%s), got %s (%s), bad for good %d", name,
                 zta_reason_name(refusal->reason), refusal->detail, zta_reason_name(reason),
                 fixture.result.detail, (int)fixture.result.is_bad_for_good);
    }
    /* Nobody can act on what a refused token said. */
    assert_null(fixture.identity.subject.data);
    assert_int_equal(fixture.identity.credential, ZTA_CREDENTIAL_NONE);
    assert_int_equal(fixture.identity.n_claims, 0);
}

/* ---- one member of header or claims changed; the signature is good ---- */

#define BAD ZTA_REASON_BAD_CREDENTIAL

static const struct {
    const char *name;
    struct token_change change;
    struct refusal refusal;
} changes[] = {
    /* alg */
    {.name = "alg none",
     .change = {.header = "alg", .header_raw = "\"none\""},
     .refusal = {.reason = BAD, .detail = "alg 'none'"}},
    {.name = "alg None",
     .change = {.header = "alg", .header_raw = "\"None\""},
     .refusal = {.reason = BAD, .detail = "alg 'None'"}},
    {.name = "alg NONE",
     .change = {.header = "alg", .header_raw = "\"NONE\""},
     .refusal = {.reason = BAD, .detail = "alg 'NONE'"}},
    {.name = "alg noNE",
     .change = {.header = "alg", .header_raw = "\"noNE\""},
     .refusal = {.reason = BAD, .detail = "alg 'noNE'"}},
    {.name = "alg empty",
     .change = {.header = "alg", .header_raw = "\"\""},
     .refusal = {.reason = BAD, .detail = "alg ''"}},
    {.name = "alg missing",
     .change = {.header = "alg"},
     .refusal = {.reason = BAD, .detail = "alg ''"}},
    {.name = "alg null",
     .change = {.header = "alg", .header_raw = "null"},
     .refusal = {.reason = BAD, .detail = "alg ''"}},
    {.name = "alg list",
     .change = {.header = "alg", .header_raw = "[\"ES256\"]"},
     .refusal = {.reason = BAD, .detail = "alg ''"}},
    {.name = "alg lower case",
     .change = {.header = "alg", .header_raw = "\"es256\""},
     .refusal = {.reason = BAD, .detail = "alg 'es256'"}},
    {.name = "alg with space",
     .change = {.header = "alg", .header_raw = "\"ES256 \""},
     .refusal = {.reason = BAD, .detail = "alg 'ES256 '"}},
    {.name = "alg outside the issuer's",
     .change = {.header = "alg", .header_raw = "\"ES384\""},
     .refusal = {.reason = BAD, .detail = "alg 'ES384'"}},
    {.name = "alg fully specified, not accepted",
     .change = {.header = "alg", .header_raw = "\"Ed25519\""},
     .refusal = {.reason = BAD, .detail = "alg 'Ed25519'"}},
    {.name = "alg of another key type",
     .change = {.header = "alg", .header_raw = "\"RS256\""},
     .refusal = {.reason = BAD, .detail = "the key of kid 'ec' is not for RS256"}},
    {.name = "alg HS256",
     .change = {.header = "alg", .header_raw = "\"HS256\""},
     .refusal = {.reason = BAD, .detail = "alg 'HS256'"}},
    {.name = "alg twice",
     .change = {.header_tail = ",\"alg\":\"ES256\""},
     .refusal = {.reason = BAD,
                 .detail = "header: a member stands twice",
                 .is_bad_for_good = true}},
    {.name = "alg twice, escaped",
     .change = {.header_tail = ",\"\\u0061lg\":\"none\""},
     .refusal = {.reason = BAD,
                 .detail = "header: a member stands twice",
                 .is_bad_for_good = true}},
    /* typ */
    {.name = "typ missing",
     .change = {.header = "typ"},
     .refusal = {.reason = BAD, .detail = "typ is '', expected at+jwt"}},
    {.name = "typ JWT",
     .change = {.header = "typ", .header_raw = "\"JWT\""},
     .refusal = {.reason = BAD, .detail = "typ is 'JWT'"}},
    {.name = "DPoP proof as access token",
     .change = {.header = "typ", .header_raw = "\"dpop+jwt\""},
     .refusal = {.reason = BAD, .detail = "typ is 'dpop+jwt'"}},
    {.name = "security event as access token",
     .change = {.header = "typ", .header_raw = "\"secevent+jwt\""},
     .refusal = {.reason = BAD, .detail = "typ is 'secevent+jwt'"}},
    {.name = "logout token as access token",
     .change = {.header = "typ", .header_raw = "\"logout+jwt\""},
     .refusal = {.reason = BAD, .detail = "typ is 'logout+jwt'"}},
    {.name = "introspection answer as access token",
     .change = {.header = "typ", .header_raw = "\"token-introspection+jwt\""},
     .refusal = {.reason = BAD, .detail = "typ is 'token-introspection+jwt'"}},
    {.name = "typ with foreign tree",
     .change = {.header = "typ", .header_raw = "\"text/at+jwt\""},
     .refusal = {.reason = BAD, .detail = "typ is 'text/at+jwt'"}},
    {.name = "typ with the prefix twice",
     .change = {.header = "typ", .header_raw = "\"application/application/at+jwt\""},
     .refusal = {.reason = BAD, .detail = "typ is 'application/application"}},
    {.name = "typ number",
     .change = {.header = "typ", .header_raw = "1"},
     .refusal = {.reason = BAD, .detail = "typ is ''"}},
    {.name = "typ null",
     .change = {.header = "typ", .header_raw = "null"},
     .refusal = {.reason = BAD, .detail = "typ is ''"}},
    /* crit, b64 */
    {.name = "crit unknown",
     .change = {.header_tail = ",\"crit\":[\"x\"],\"x\":1"},
     .refusal = {.reason = BAD, .detail = "extension"}},
    {.name = "crit empty",
     .change = {.header_tail = ",\"crit\":[]"},
     .refusal = {.reason = BAD, .detail = "extension"}},
    {.name = "crit null",
     .change = {.header_tail = ",\"crit\":null"},
     .refusal = {.reason = BAD, .detail = "extension"}},
    {.name = "crit names a base member",
     .change = {.header_tail = ",\"crit\":[\"alg\"]"},
     .refusal = {.reason = BAD, .detail = "extension"}},
    {.name = "crit text",
     .change = {.header_tail = ",\"crit\":\"exp\""},
     .refusal = {.reason = BAD, .detail = "extension"}},
    {.name = "b64 false",
     .change = {.header_tail = ",\"crit\":[\"b64\"],\"b64\":false"},
     .refusal = {.reason = BAD, .detail = "extension"}},
    {.name = "b64 without crit",
     .change = {.header_tail = ",\"b64\":true"},
     .refusal = {.reason = BAD, .detail = "extension"}},
    /* kid */
    {.name = "kid unknown",
     .change = {.header = "kid", .header_raw = "\"new\""},
     .refusal = {.reason = BAD, .detail = "unknown kid 'new'"}},
    {.name = "kid path",
     .change = {.header = "kid", .header_raw = "\"../../../../dev/null\""},
     .refusal = {.reason = BAD, .detail = "unknown kid '../../../../dev/null'"}},
    {.name = "kid quote",
     .change = {.header = "kid", .header_raw = "\"ec' OR '1'='1\""},
     .refusal = {.reason = BAD, .detail = "unknown kid"}},
    {.name = "kid command",
     .change = {.header = "kid", .header_raw = "\"ec|id\""},
     .refusal = {.reason = BAD, .detail = "unknown kid"}},
    {.name = "kid with NUL",
     .change = {.header = "kid", .header_raw = "\"ec\\u0000x\""},
     .refusal = {.reason = BAD, .detail = "header: NUL in a text", .is_bad_for_good = true}},
    {.name = "kid other case",
     .change = {.header = "kid", .header_raw = "\"EC\""},
     .refusal = {.reason = BAD, .detail = "unknown kid 'EC'"}},
    {.name = "kid empty",
     .change = {.header = "kid", .header_raw = "\"\""},
     .refusal = {.reason = BAD, .detail = "kid is no text of 1 to 256"}},
    {.name = "kid number",
     .change = {.header = "kid", .header_raw = "1"},
     .refusal = {.reason = BAD, .detail = "kid is no text of 1 to 256"}},
    {.name = "kid null",
     .change = {.header = "kid", .header_raw = "null"},
     .refusal = {.reason = BAD, .detail = "kid is no text of 1 to 256"}},
    {.name = "kid object",
     .change = {.header = "kid", .header_raw = "{\"$ne\":1}"},
     .refusal = {.reason = BAD, .detail = "kid is no text of 1 to 256"}},
    {.name = "kid of another key",
     .change = {.header = "kid", .header_raw = "\"ed\""},
     .refusal = {.reason = BAD, .detail = "the key of kid 'ed' is not for ES256"}},
    /* iss */
    {.name = "iss missing",
     .change = {.claim = "iss"},
     .refusal = {.reason = BAD, .detail = "iss is missing"}},
    {.name = "iss list",
     .change = {.claim = "iss", .claim_raw = "[\"" TOKEN_URL "\"]"},
     .refusal = {.reason = BAD, .detail = "iss is missing"}},
    {.name = "iss with slash",
     .change = {.claim = "iss", .claim_raw = "\"" TOKEN_URL "/\""},
     .refusal = {.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss 'https://idp.example/'"}},
    {.name = "iss other case",
     .change = {.claim = "iss", .claim_raw = "\"https://IDP.example\""},
     .refusal = {.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss 'https://IDP"}},
    {.name = "iss other scheme",
     .change = {.claim = "iss", .claim_raw = "\"http://idp.example\""},
     .refusal = {.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss 'http://"}},
    {.name = "iss longer",
     .change = {.claim = "iss", .claim_raw = "\"" TOKEN_URL ".evil\""},
     .refusal = {.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss"}},
    {.name = "iss shorter",
     .change = {.claim = "iss", .claim_raw = "\"https://idp.exampl\""},
     .refusal = {.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss"}},
    {.name = "iss empty",
     .change = {.claim = "iss", .claim_raw = "\"\""},
     .refusal = {.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss ''"}},
    {.name = "iss twice",
     .change = {.claims_tail = ",\"iss\":\"" TOKEN_URL "\""},
     .refusal = {.reason = BAD,
                 .detail = "payload: a member stands twice",
                 .is_bad_for_good = true}},
    {.name = "iss with NUL",
     .change = {.claim = "iss", .claim_raw = "\"" TOKEN_URL "\\u0000.e\""},
     .refusal = {.reason = BAD, .detail = "payload: NUL in a text", .is_bad_for_good = true}},
    /* aud */
    {.name = "aud wrong",
     .change = {.claim = "aud", .claim_raw = "\"https://other\""},
     .refusal = {.reason = ZTA_REASON_WRONG_AUDIENCE, .detail = "aud holds 'https://other'"}},
    {.name = "aud with slash",
     .change = {.claim = "aud", .claim_raw = "\"" TOKEN_AUD "/\""},
     .refusal = {.reason = ZTA_REASON_WRONG_AUDIENCE, .detail = "aud holds"}},
    {.name = "aud prefix",
     .change = {.claim = "aud", .claim_raw = "\"https://api\""},
     .refusal = {.reason = ZTA_REASON_WRONG_AUDIENCE, .detail = "aud holds"}},
    {.name = "aud empty text",
     .change = {.claim = "aud", .claim_raw = "\"\""},
     .refusal = {.reason = ZTA_REASON_WRONG_AUDIENCE, .detail = "aud holds ''"}},
    {.name = "aud empty list",
     .change = {.claim = "aud", .claim_raw = "[]"},
     .refusal = {.reason = ZTA_REASON_WRONG_AUDIENCE, .detail = "aud holds ''"}},
    {.name = "aud joined",
     .change = {.claim = "aud", .claim_raw = "\"x " TOKEN_AUD "\""},
     .refusal = {.reason = ZTA_REASON_WRONG_AUDIENCE, .detail = "aud holds"}},
    {.name = "aud missing",
     .change = {.claim = "aud"},
     .refusal = {.reason = BAD, .detail = "aud is missing or"}},
    {.name = "aud null",
     .change = {.claim = "aud", .claim_raw = "null"},
     .refusal = {.reason = BAD, .detail = "aud is missing or"}},
    {.name = "aud object",
     .change = {.claim = "aud", .claim_raw = "{\"" TOKEN_AUD "\":1}"},
     .refusal = {.reason = BAD, .detail = "aud is missing or"}},
    {.name = "aud list with a number",
     .change = {.claim = "aud", .claim_raw = "[\"" TOKEN_AUD "\",7]"},
     .refusal = {.reason = BAD, .detail = "aud is missing or"}},
    {.name = "aud nested list",
     .change = {.claim = "aud", .claim_raw = "[[\"" TOKEN_AUD "\"]]"},
     .refusal = {.reason = BAD, .detail = "aud is missing or"}},
    /* exp */
    {.name = "exp missing",
     .change = {.claim = "exp"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp past",
     .change = {.claim = "exp", .claim_raw = "1799990000"},
     .refusal = {.reason = ZTA_REASON_EXPIRED_CREDENTIAL, .detail = "expired 10000 s ago"}},
    {.name = "exp text",
     .change = {.claim = "exp", .claim_raw = "\"9999999999\""},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp infinite",
     .change = {.claim = "exp", .claim_raw = "1e400"},
     .refusal = {.reason = BAD,
                 .detail = "payload: a number is out of range",
                 .is_bad_for_good = true}},
    {.name = "exp huge",
     .change = {.claim = "exp", .claim_raw = "1e300"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp beyond 64 bits",
     .change = {.claim = "exp", .claim_raw = "18446744073709551617"},
     .refusal = {.reason = BAD,
                 .detail = "payload: a number is out of range",
                 .is_bad_for_good = true}},
    {.name = "exp largest",
     .change = {.claim = "exp", .claim_raw = "9223372036854775807"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp negative",
     .change = {.claim = "exp", .claim_raw = "-1"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp smallest",
     .change = {.claim = "exp", .claim_raw = "-9223372036854775808"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp null",
     .change = {.claim = "exp", .claim_raw = "null"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp true",
     .change = {.claim = "exp", .claim_raw = "true"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp list",
     .change = {.claim = "exp", .claim_raw = "[1800000300]"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp in milliseconds",
     .change = {.claim = "exp", .claim_raw = "1800000300000"},
     .refusal = {.reason = BAD, .detail = "exp is no number"}},
    {.name = "exp hexadecimal",
     .change = {.claim = "exp", .claim_raw = "0x7fffffff"},
     .refusal = {.reason = BAD, .detail = "payload: not JSON", .is_bad_for_good = true}},
    {.name = "exp twice",
     .change = {.claims_tail = ",\"exp\":1900000000"},
     .refusal = {.reason = BAD,
                 .detail = "payload: a member stands twice",
                 .is_bad_for_good = true}},
    /* nbf, iat, auth_time */
    {.name = "nbf future",
     .change = {.claim = "nbf", .claim_raw = "1800000100"},
     .refusal = {.reason = BAD, .detail = "nbf lies 100 s ahead"}},
    {.name = "nbf text",
     .change = {.claim = "nbf", .claim_raw = "\"1\""},
     .refusal = {.reason = BAD, .detail = "nbf is no number"}},
    {.name = "nbf negative",
     .change = {.claim = "nbf", .claim_raw = "-1"},
     .refusal = {.reason = BAD, .detail = "nbf is no number"}},
    {.name = "iat future",
     .change = {.claim = "iat", .claim_raw = "1800000100"},
     .refusal = {.reason = BAD, .detail = "iat lies 100 s ahead"}},
    {.name = "iat missing",
     .change = {.claim = "iat"},
     .refusal = {.reason = BAD, .detail = "iat is missing"}},
    {.name = "iat text",
     .change = {.claim = "iat", .claim_raw = "\"1799999990\""},
     .refusal = {.reason = BAD, .detail = "iat is no number"}},
    {.name = "auth_time future",
     .change = {.claim = "auth_time", .claim_raw = "1900000000"},
     .refusal = {.reason = BAD, .detail = "auth_time lies"}},
    /* sub, client_id, jti */
    {.name = "sub missing",
     .change = {.claim = "sub"},
     .refusal = {.reason = BAD, .detail = "sub is missing"}},
    {.name = "sub empty",
     .change = {.claim = "sub", .claim_raw = "\"\""},
     .refusal = {.reason = BAD, .detail = "sub is missing, empty"}},
    {.name = "sub number",
     .change = {.claim = "sub", .claim_raw = "7"},
     .refusal = {.reason = BAD, .detail = "sub is missing, empty or no text"}},
    {.name = "sub list",
     .change = {.claim = "sub", .claim_raw = "[\"alice\"]"},
     .refusal = {.reason = BAD, .detail = "sub is missing, empty or no text"}},
    {.name = "sub cut by NUL",
     .change = {.claim = "sub", .claim_raw = "\"admin\\u0000x\""},
     .refusal = {.reason = BAD, .detail = "payload: NUL in a text", .is_bad_for_good = true}},
    {.name = "client_id missing",
     .change = {.claim = "client_id"},
     .refusal = {.reason = BAD, .detail = "client_id is missing"}},
    {.name = "client_id object",
     .change = {.claim = "client_id", .claim_raw = "{}"},
     .refusal = {.reason = BAD, .detail = "client_id is missing"}},
    {.name = "jti missing",
     .change = {.claim = "jti"},
     .refusal = {.reason = BAD, .detail = "jti is missing"}},
    {.name = "jti number",
     .change = {.claim = "jti", .claim_raw = "1"},
     .refusal = {.reason = BAD, .detail = "jti is missing"}},
    {.name = "sid object",
     .change = {.claim = "sid", .claim_raw = "{}"},
     .refusal = {.reason = BAD, .detail = "claim sid is empty, too long or no text"}},
    {.name = "roles with NUL",
     .change = {.claim = "roles", .claim_raw = "[\"admin\\u0000\"]"},
     .refusal = {.reason = BAD, .detail = "payload: NUL in a text", .is_bad_for_good = true}},
    {.name = "unused claim with NUL",
     .change = {.claim = "x", .claim_raw = "{\"y\":\"\\u0000\"}"},
     .refusal = {.reason = BAD, .detail = "payload: NUL in a text", .is_bad_for_good = true}},
    /* cnf */
    {.name = "DPoP-bound as bearer",
     .change = {.claim = "cnf", .claim_raw = "{\"jkt\":\"x\"}"},
     .refusal = {.reason = ZTA_REASON_BINDING_FAILED, .detail = "cnf"}},
    {.name = "mTLS-bound as bearer",
     .change = {.claim = "cnf", .claim_raw = "{\"x5t#S256\":\"x\"}"},
     .refusal = {.reason = ZTA_REASON_BINDING_FAILED, .detail = "cnf"}},
    {.name = "cnf unknown member",
     .change = {.claim = "cnf", .claim_raw = "{\"new\":1}"},
     .refusal = {.reason = ZTA_REASON_BINDING_FAILED, .detail = "cnf"}},
    {.name = "cnf empty",
     .change = {.claim = "cnf", .claim_raw = "{}"},
     .refusal = {.reason = ZTA_REASON_BINDING_FAILED, .detail = "cnf"}},
    {.name = "cnf null",
     .change = {.claim = "cnf", .claim_raw = "null"},
     .refusal = {.reason = ZTA_REASON_BINDING_FAILED, .detail = "cnf"}},
    {.name = "cnf text",
     .change = {.claim = "cnf", .claim_raw = "\"\""},
     .refusal = {.reason = ZTA_REASON_BINDING_FAILED, .detail = "cnf"}},
    /* JSON */
    {.name = "nested member twice",
     .change = {.claims_tail = ",\"x\":[{\"a\":1,\"a\":2}]"},
     .refusal = {.reason = BAD,
                 .detail = "payload: a member stands twice",
                 .is_bad_for_good = true}},
    {.name = "deep payload",
     .change = {.claims_tail = ",\"x\":[[[[[[[[1]]]]]]]]"},
     .refusal = {.reason = BAD, .detail = "payload: nested too deep", .is_bad_for_good = true}},
    {.name = "deep header",
     .change = {.header_tail = ",\"x\":[[[[[[[[1]]]]]]]]"},
     .refusal = {.reason = BAD, .detail = "header: nested too deep", .is_bad_for_good = true}},
    {.name = "bytes behind the payload",
     .change = {.claims_tail = "}{"},
     .refusal = {.reason = BAD, .detail = "payload: more than one value", .is_bad_for_good = true}},
    {.name = "bytes behind the header",
     .change = {.header_tail = "}{"},
     .refusal = {.reason = BAD, .detail = "header: more than one value", .is_bad_for_good = true}},
    {.name = "payload not UTF-8",
     .change = {.claim = "x", .claim_raw = "\"\xc0\xaf\""},
     .refusal = {.reason = BAD, .detail = "payload: not UTF-8", .is_bad_for_good = true}},
    {.name = "payload with a lone surrogate",
     .change = {.claim = "x", .claim_raw = "\"\\ud800\""},
     .refusal = {.reason = BAD, .detail = "payload: not JSON", .is_bad_for_good = true}},
    {.name = "payload with a comment",
     .change = {.claims_tail = "/**/"},
     .refusal = {.reason = BAD, .detail = "payload: not JSON", .is_bad_for_good = true}},
};

static void a_changed_member_is_what_is_refused(void **state)
{
    static char token[JOSE_TEXT_MAX];
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        expect_control(TOKEN_KEY_EC);
        size_t len = token_make(&fixture, TOKEN_KEY_EC, &changes[i].change, token);
        expect_refused(changes[i].name, (struct zta_text){.data = token, .len = len},
                       &changes[i].refusal);
    }
}

/* ---- the sender's own keys ---- */

/* The good token, header changed, signed by a stranger's key. */
static void try_stranger(const char *name, EVP_PKEY *stranger, const struct token_change *change)
{
    static const struct refusal refusal = {
        .reason = BAD, .detail = "the signature is bad", .is_bad_for_good = true};
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    token_texts(TOKEN_KEY_EC, change, header, claims);
    size_t len = jose_sign(stranger, "ES256", zta_text_of(header), zta_text_of(claims), token);
    expect_control(TOKEN_KEY_EC);
    expect_refused(name, (struct zta_text){.data = token, .len = len}, &refusal);
}

static void a_key_that_comes_with_the_token_is_not_used(void **state)
{
    EVP_PKEY *stranger = jose_key("P-256", 0);
    char jwk[JOSE_TEXT_MAX];
    char tail[JOSE_TEXT_MAX];
    jose_jwk(stranger, "ec", "", jwk);
    try_stranger("another key of the same kid", stranger, NULL);
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, tail, sizeof tail);
    zta_buffer_printf(&buffer, ",\"jwk\":%s", jwk);
    try_stranger("embedded jwk", stranger, &(struct token_change){.header_tail = tail});
    try_stranger("jku", stranger,
                 &(struct token_change){.header_tail = ",\"jku\":\"https://evil.example/jwks\""});
    try_stranger("jku to loopback", stranger,
                 &(struct token_change){.header_tail = ",\"jku\":\"http://127.0.0.1:1/\""});
    try_stranger("x5u", stranger,
                 &(struct token_change){.header_tail = ",\"x5u\":\"https://evil.example/c.pem\""});
    try_stranger("x5c", stranger, &(struct token_change){.header_tail = ",\"x5c\":[\"MIIB\"]"});
    EVP_PKEY_free(stranger);
    /* They are ignored, not forbidden: with the right signature they do no harm. */
    static char token[JOSE_TEXT_MAX];
    const struct token_change harmless = {.header_tail = ",\"jku\":\"https://x\",\"x5c\":[]"};
    size_t len = token_make(&fixture, TOKEN_KEY_EC, &harmless, token);
    assert_int_equal(token_judge(&fixture, (struct zta_text){.data = token, .len = len}),
                     ZTA_REASON_OK);
}

/* RS256 public key as HMAC secret, in each form that a server might hold it. */
static void a_public_key_is_no_secret(void **state)
{
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    static char jwk[JOSE_TEXT_MAX];
    const EVP_PKEY *key = fixture.keys[TOKEN_KEY_RSA];
    uint8_t *der = NULL;
    int der_size = i2d_PUBKEY(key, &der);
    BIO *pem = BIO_new(BIO_s_mem());
    assert_true(der_size > 0 && pem && PEM_write_bio_PUBKEY(pem, key) == 1);
    char *pem_text;
    long pem_size = BIO_get_mem_data(pem, &pem_text);
    jose_jwk(key, "rsa", ",\"alg\":\"RS256\"", jwk);
    const struct {
        const char *name;
        const void *secret;
        size_t size;
    } secrets[] = {
        {.name = "HS256 with PEM", .secret = pem_text, .size = (size_t)pem_size},
        {.name = "HS256 with PEM, no last line feed",
         .secret = pem_text,
         .size = (size_t)pem_size - 1},
        {.name = "HS256 with DER", .secret = der, .size = (size_t)der_size},
        {.name = "HS256 with JWK", .secret = jwk, .size = strlen(jwk)},
        {.name = "HS256 with the empty secret", .secret = "", .size = 0},
        {.name = "HS256 with the kid", .secret = "rsa", .size = 3},
    };
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        expect_control(TOKEN_KEY_RSA);
        token_texts(TOKEN_KEY_RSA,
                    &(struct token_change){.header = "alg", .header_raw = "\"HS256\""}, header,
                    claims);
        size_t len = jose_sign_mac(secrets[i].secret, secrets[i].size, zta_text_of(header),
                                   zta_text_of(claims), token);
        expect_refused(secrets[i].name, (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD, .detail = "alg 'HS256'"});
        /* The same MAC under the alg that the key is for. */
        token_texts(TOKEN_KEY_RSA, NULL, header, claims);
        len = jose_sign_mac(secrets[i].secret, secrets[i].size, zta_text_of(header),
                            zta_text_of(claims), token);
        expect_refused(secrets[i].name, (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "the signature is bad",
                                         .is_bad_for_good = true});
    }
    BIO_free(pem);
    OPENSSL_free(der);
}

/* ---- signatures ---- */

static void a_signature_of_wrong_form_is_refused(void **state)
{
    static const struct {
        enum token_key key;
        size_t size;
        uint8_t fill;
        uint8_t last; /* of each half */
    } cases[] = {
        {.key = TOKEN_KEY_EC, .size = 64},               /* r = s = 0 */
        {.key = TOKEN_KEY_EC, .size = 64, .last = 1},    /* r = s = 1 */
        {.key = TOKEN_KEY_EC, .size = 64, .fill = 0xff}, /* r = s > n */
        {.key = TOKEN_KEY_EC, .size = 1},
        {.key = TOKEN_KEY_EC, .size = 2},
        {.key = TOKEN_KEY_EC, .size = 63, .fill = 1},
        {.key = TOKEN_KEY_EC, .size = 65, .fill = 1},
        {.key = TOKEN_KEY_EC, .size = 96, .fill = 1},
        {.key = TOKEN_KEY_EC, .size = 132, .fill = 1},
        {.key = TOKEN_KEY_RSA, .size = 256},
        {.key = TOKEN_KEY_RSA, .size = 256, .fill = 0xff},
        {.key = TOKEN_KEY_RSA, .size = 256, .last = 1}, /* 1 to any power is 1 */
        {.key = TOKEN_KEY_RSA, .size = 255, .fill = 1},
        {.key = TOKEN_KEY_RSA, .size = 257},
        {.key = TOKEN_KEY_RSA, .size = 1, .last = 1},
        {.key = TOKEN_KEY_ED, .size = 64},
        {.key = TOKEN_KEY_ED, .size = 64, .fill = 0xff},
        {.key = TOKEN_KEY_ED, .size = 63},
        {.key = TOKEN_KEY_ED, .size = 65},
        {.key = TOKEN_KEY_ED, .size = 32},
    };
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t signature[512];
        memset(signature, cases[i].fill, sizeof signature);
        if (cases[i].last != 0) {
            signature[cases[i].size / 2] = cases[i].last;
            signature[cases[i].size / 2 - (cases[i].size > 1)] = cases[i].last;
            signature[cases[i].size - 1] = cases[i].last;
        }
        expect_control(cases[i].key);
        token_texts(cases[i].key, NULL, header, claims);
        size_t len =
            jose_attach(signature, cases[i].size, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("signature of wrong form", (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "the signature is bad",
                                         .is_bad_for_good = true});
    }
}

static size_t decode_signature(const char *token, uint8_t *out, size_t size)
{
    size_t n;
    assert_int_equal(zta_base64url_decode(zta_text_of(strrchr(token, '.') + 1), out, size, &n),
                     ZTA_OK);
    return n;
}

/* A good signature, handled. */
static void a_good_signature_elsewhere_is_refused(void **state)
{
    static const struct refusal refusal = {
        .reason = BAD, .detail = "the signature is bad", .is_bad_for_good = true};
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    for (int key = 0; key < TOKEN_N_KEYS; key++) {
        uint8_t signature[512];
        (void)token_make(&fixture, (enum token_key)key, NULL, token);
        size_t size = decode_signature(token, signature, sizeof signature);
        token_texts((enum token_key)key, NULL, header, claims);
        /* Cut, extended, reversed halves, another text. */
        size_t len =
            jose_attach(signature, size - 1, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("cut", (struct zta_text){.data = token, .len = len}, &refusal);
        signature[size] = 0;
        len = jose_attach(signature, size + 1, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("extended", (struct zta_text){.data = token, .len = len}, &refusal);
        token_texts((enum token_key)key,
                    &(struct token_change){.claim = "sub", .claim_raw = "\"admin\""}, header,
                    claims);
        len = jose_attach(signature, size, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("moved to other claims", (struct zta_text){.data = token, .len = len},
                       &refusal);
        token_texts((enum token_key)key, &(struct token_change){.header_tail = ",\"x\":1"}, header,
                    claims);
        len = jose_attach(signature, size, zta_text_of(header), zta_text_of(claims), token);
        expect_refused("moved to another header", (struct zta_text){.data = token, .len = len},
                       &refusal);
        memmove(signature + size, signature, size / 2);
        token_texts((enum token_key)key, NULL, header, claims);
        len = jose_attach(signature + size / 2, size, zta_text_of(header), zta_text_of(claims),
                          token);
        expect_refused("halves exchanged", (struct zta_text){.data = token, .len = len}, &refusal);
        expect_control((enum token_key)key);
    }
}

static void an_algorithm_of_the_same_key_type_is_bound_to_the_key(void **state)
{
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    static const char *const others[] = {"RS384", "RS512", "PS256", "PS384", "PS512"};
    unsigned algs = fixture.issuer.algs;
    fixture.issuer.algs = algs | MOD_ZTA_ALG_RS384 | MOD_ZTA_ALG_RS512 | MOD_ZTA_ALG_PS256 |
                          MOD_ZTA_ALG_PS384 | MOD_ZTA_ALG_PS512 | MOD_ZTA_ALG_ED25519;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char raw[16];
        (void)snprintf(raw, sizeof raw, "\"%s\"", others[i]);
        expect_control(TOKEN_KEY_RSA);
        token_texts(TOKEN_KEY_RSA, &(struct token_change){.header = "alg", .header_raw = raw},
                    header, claims);
        size_t len = jose_sign(fixture.keys[TOKEN_KEY_RSA], others[i], zta_text_of(header),
                               zta_text_of(claims), token);
        expect_refused(others[i], (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD, .detail = "the key of kid 'rsa' is not"});
        /* Signed so, but said to be RS256. */
        token_texts(TOKEN_KEY_RSA, NULL, header, claims);
        len = jose_sign(fixture.keys[TOKEN_KEY_RSA], others[i], zta_text_of(header),
                        zta_text_of(claims), token);
        expect_refused(others[i], (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "the signature is bad",
                                         .is_bad_for_good = true});
    }
    expect_control(TOKEN_KEY_ED);
    size_t len =
        token_make(&fixture, TOKEN_KEY_ED,
                   &(struct token_change){.header = "alg", .header_raw = "\"Ed25519\""}, token);
    expect_refused("Ed25519 by a key that says EdDSA", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = BAD, .detail = "the key of kid 'ed' is not"});
    fixture.issuer.algs = algs;
}

/* JWS has no low-s rule: the twin of a signature is good, and is the same token to us. */
static void the_twin_of_an_ecdsa_signature_is_the_same_token(void **state)
{
    static char token[JOSE_TEXT_MAX];
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static const char order[] = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    uint8_t signature[64];
    (void)token_make(&fixture, TOKEN_KEY_EC, NULL, token);
    assert_int_equal(token_judge(&fixture, zta_text_of(token)), ZTA_REASON_OK);
    struct zta_sha256 first = fixture.identity.token_id;
    assert_int_equal(decode_signature(token, signature, sizeof signature), 64);
    BIGNUM *n = NULL;
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
    assert_true(BN_hex2bn(&n, order) == 64 && BN_sub(s, n, s));
    assert_int_equal(BN_bn2binpad(s, signature + 32, 32), 32);
    BN_free(n);
    BN_free(s);
    token_texts(TOKEN_KEY_EC, NULL, header, claims);
    (void)jose_attach(signature, 64, zta_text_of(header), zta_text_of(claims), token);
    assert_int_equal(token_judge(&fixture, zta_text_of(token)), ZTA_REASON_OK);
    assert_memory_equal(&first, &fixture.identity.token_id, sizeof first);
}

/* ---- shape ---- */

static void set_last_bits(char *token)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    char *last = token + strlen(token) - 1; /* 64 bytes: 4 bits of the last character are unused */
    *last = digits[(strchr(digits, *last) - digits) | 1];
}

static void pad(char *token)
{
    strcat(token, "==");
}

static void end_with(char *token)
{
    strcat(token, ".");
}

static void add_part(char *token)
{
    strcat(token, ".AAAA");
}

static void become_jwe(char *token)
{
    strcat(token, ".AAAA.AAAA");
}

static void add_line_feed(char *token)
{
    strcat(token, "\n");
}

static void insert(char *token, size_t at, char c)
{
    memmove(token + at + 1, token + at, strlen(token + at) + 1);
    token[at] = c;
}

static void insert_line_feed(char *token)
{
    insert(token, 30, '\n');
}

static void insert_space(char *token)
{
    insert(token, 0, ' ');
}

static void insert_plus(char *token)
{
    insert(token, 10, '+');
}

static void insert_slash(char *token)
{
    insert(token, 10, '/');
}

static void insert_high_byte(char *token)
{
    insert(token, 10, (char)0xc3);
}

static void begin_with_dot(char *token)
{
    insert(token, 0, '.');
}

static void remove_signature(char *token)
{
    *strrchr(token, '.') = '\0';
}

static void empty_signature(char *token)
{
    strrchr(token, '.')[1] = '\0';
}

static void empty_header(char *token)
{
    memmove(token, strchr(token, '.'), strlen(strchr(token, '.')) + 1);
}

static void empty_payload(char *token)
{
    char *first = strchr(token, '.') + 1;
    char *second = strchr(first, '.');
    memmove(first, second, strlen(second) + 1);
}

static void become_empty(char *token)
{
    token[0] = '\0';
}

static void become_dots(char *token)
{
    (void)snprintf(token, JOSE_TEXT_MAX, "..");
}

static void become_json(char *token)
{
    (void)snprintf(token, JOSE_TEXT_MAX,
                   "{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"AA\"}");
}

static void one_character_too_many(char *token)
{
    strcat(token, "A"); /* 86 + 1 characters: 3 of 4, 2 unused bits */
    strcat(token, "B");
    strcat(token, "C"); /* 1 of 4: no byte has so few */
}

static const struct {
    const char *name;
    void (*mutate)(char *token);
    const char *detail;
} shapes[] = {
    {.name = "unused bits set", .mutate = set_last_bits, .detail = "signature: not canonical"},
    {.name = "padding", .mutate = pad, .detail = "token: a character that no token has"},
    {.name = "dot at the end", .mutate = end_with, .detail = "token: more than three parts"},
    {.name = "four parts", .mutate = add_part, .detail = "token: more than three parts"},
    {.name = "JWE", .mutate = become_jwe, .detail = "token: more than three parts"},
    {.name = "line feed behind", .mutate = add_line_feed, .detail = "token: a character"},
    {.name = "line feed inside", .mutate = insert_line_feed, .detail = "token: a character"},
    {.name = "space before", .mutate = insert_space, .detail = "token: a character"},
    {.name = "plus", .mutate = insert_plus, .detail = "token: a character"},
    {.name = "slash", .mutate = insert_slash, .detail = "token: a character"},
    {.name = "high byte", .mutate = insert_high_byte, .detail = "token: a character"},
    {.name = "dot before", .mutate = begin_with_dot, .detail = "token: more than three parts"},
    {.name = "no signature", .mutate = remove_signature, .detail = "token: not three parts"},
    {.name = "empty signature", .mutate = empty_signature, .detail = "token: not three parts"},
    {.name = "empty header", .mutate = empty_header, .detail = "token: not three parts"},
    {.name = "empty payload", .mutate = empty_payload, .detail = "token: not three parts"},
    {.name = "nothing", .mutate = become_empty, .detail = "token: not three parts"},
    {.name = "only dots", .mutate = become_dots, .detail = "token: not three parts"},
    {.name = "JSON serialisation", .mutate = become_json, .detail = "token: a character"},
    {.name = "impossible length",
     .mutate = one_character_too_many,
     .detail = "signature: not canonical"},
};

static void a_token_has_one_shape(void **state)
{
    static char token[JOSE_TEXT_MAX];
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        expect_control(TOKEN_KEY_EC);
        (void)token_make(&fixture, TOKEN_KEY_EC, NULL, token);
        shapes[i].mutate(token);
        expect_refused(
            shapes[i].name, zta_text_of(token),
            &(struct refusal){.reason = BAD, .detail = shapes[i].detail, .is_bad_for_good = true});
    }
    size_t len = token_make(&fixture, TOKEN_KEY_EC, NULL, token);
    expect_refused(
        "NUL behind", (struct zta_text){.data = token, .len = len + 1},
        &(struct refusal){.reason = BAD, .detail = "token: a character", .is_bad_for_good = true});
}

/* Parts that decode, but not to an object; the signature is over them. */
static void parts_are_objects(void **state)
{
    static const struct {
        const char *name;
        struct zta_text part;
        const char *detail;
    } parts[] = {
        {.name = "list", .part = ZTA_TEXT("[1]"), .detail = "not an object"},
        {.name = "text", .part = ZTA_TEXT("\"x\""), .detail = "not JSON"},
        {.name = "UTF-8 with BOM", .part = ZTA_TEXT("\xef\xbb\xbf{}"), .detail = "not JSON"},
        {.name = "UTF-16", .part = ZTA_TEXT("{\0}\0"), .detail = "not JSON"},
        {.name = "NUL behind", .part = ZTA_TEXT("{}\0"), .detail = "more than one value"},
        {.name = "deep", .part = ZTA_TEXT("[[[[[[[[[[[[[[[["), .detail = "nested too deep"},
        {.name = "spaces", .part = ZTA_TEXT("   "), .detail = "not JSON"},
    };
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    token_texts(TOKEN_KEY_EC, NULL, header, claims);
    expect_control(TOKEN_KEY_EC);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char detail[64];
        (void)snprintf(detail, sizeof detail, "header: %s", parts[i].detail);
        const struct refusal refusal = {.reason = BAD, .detail = detail, .is_bad_for_good = true};
        size_t len = jose_sign(fixture.keys[TOKEN_KEY_EC], "ES256", parts[i].part,
                               zta_text_of(claims), token);
        expect_refused(parts[i].name, (struct zta_text){.data = token, .len = len}, &refusal);
        (void)snprintf(detail, sizeof detail, "payload: %s", parts[i].detail);
        len = jose_sign(fixture.keys[TOKEN_KEY_EC], "ES256", zta_text_of(header), parts[i].part,
                        token);
        expect_refused(parts[i].name, (struct zta_text){.data = token, .len = len}, &refusal);
    }
}

/* The good token with a member of n bytes. */
static size_t make_long(size_t n, bool is_in_header, char token[JOSE_TEXT_MAX])
{
    static char tail[JOSE_TEXT_MAX];
    (void)snprintf(tail, sizeof tail, ",\"long\":\"");
    size_t len = strlen(tail);
    memset(tail + len, 'a', n);
    (void)snprintf(tail + len + n, 2, "\"");
    const struct token_change change = {
        .header_tail = is_in_header ? tail : NULL,
        .claims_tail = is_in_header ? NULL : tail,
    };
    return token_make(&fixture, TOKEN_KEY_EC, &change, token);
}

static void sizes_are_bounded(void **state)
{
    static char token[JOSE_TEXT_MAX];
    for (int is_in_header = 0; is_in_header < 2; is_in_header++) {
        size_t n = 5000;
        size_t len = 0;
        while ((len = make_long(n, is_in_header != 0, token)) <= ZTA_TOKEN_MAX) {
            assert_int_equal(token_judge(&fixture, (struct zta_text){.data = token, .len = len}),
                             ZTA_REASON_OK);
            n += ZTA_TOKEN_MAX - len > 100 ? 70 : 1;
        }
        expect_refused("one byte too long", (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD,
                                         .detail = "token: the token is too long",
                                         .is_bad_for_good = true});
    }
    char *huge = malloc(1024 * 1024);
    assert_non_null(huge);
    memset(huge, 'A', 1024 * 1024);
    expect_refused("1 MiB", (struct zta_text){.data = huge, .len = 1024 * 1024},
                   &(struct refusal){.reason = BAD,
                                     .detail = "token: the token is too long",
                                     .is_bad_for_good = true});
    free(huge);

    char kid[600];
    char long_text[600];
    (void)snprintf(kid, sizeof kid, "\"%0*d\"", 257, 0);
    size_t len = token_make(&fixture, TOKEN_KEY_EC,
                            &(struct token_change){.header = "kid", .header_raw = kid}, token);
    expect_refused("kid of 257 bytes", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = BAD, .detail = "kid is no text of 1 to 256"});
    (void)snprintf(long_text, sizeof long_text, "\"%0*d\"", 256, 0);
    static const char *const bounded[] = {"sub", "client_id", "sid", "acr"};
    for (size_t i = 0; i < sizeof bounded / sizeof bounded[0]; i++) {
        len =
            token_make(&fixture, TOKEN_KEY_EC,
                       &(struct token_change){.claim = bounded[i], .claim_raw = long_text}, token);
        expect_refused(bounded[i], (struct zta_text){.data = token, .len = len},
                       &(struct refusal){.reason = BAD, .detail = "too long"});
    }
    char tail[2048] = "";
    for (int i = 0; i < 65; i++) {
        (void)snprintf(tail + strlen(tail), 16, ",\"m%d\":0", i);
    }
    len = token_make(&fixture, TOKEN_KEY_EC, &(struct token_change){.claims_tail = tail}, token);
    expect_refused("too many members", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = BAD,
                                     .detail = "payload: too many members",
                                     .is_bad_for_good = true});
}

/* ---- several issuers ---- */

static void a_key_vouches_for_its_own_issuer_only(void **state)
{
    static struct token_fixture other;
    static char header[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    static char token[JOSE_TEXT_MAX];
    static const char other_url[] = "\"https://b.example\"";
    token_fixture_open(&other); /* the same kids, other keys */
    other.issuer.name = ZTA_TEXT("partner");
    other.issuer.url = ZTA_TEXT("https://b.example");
    const struct mod_zta_issuer *const both[] = {&fixture.issuer, &other.issuer};
    fixture.request.issuers = both;
    fixture.request.n_issuers = 2;
    const struct token_change as_b = {.claim = "iss", .claim_raw = other_url};
    for (int key = 0; key < TOKEN_N_KEYS; key++) {
        const struct refusal refusal = {
            .reason = BAD, .detail = "the signature is bad", .is_bad_for_good = true};
        size_t len = token_make(&other, (enum token_key)key, &as_b, token);
        assert_int_equal(token_judge(&fixture, (struct zta_text){.data = token, .len = len}),
                         ZTA_REASON_OK);
        assert_ptr_equal(fixture.result.issuer, &other.issuer);
        expect_control((enum token_key)key);
        assert_ptr_equal(fixture.result.issuer, &fixture.issuer);
        len = token_make(&other, (enum token_key)key, NULL, token);
        expect_refused("B's key, A's iss", (struct zta_text){.data = token, .len = len}, &refusal);
        len = token_make(&fixture, (enum token_key)key, &as_b, token);
        expect_refused("A's key, B's iss", (struct zta_text){.data = token, .len = len}, &refusal);
    }
    /* A place that accepts one of them knows nothing of the other. */
    fixture.request.issuers = fixture.issuers;
    fixture.request.n_issuers = 1;
    size_t len = token_make(&other, TOKEN_KEY_EC, &as_b, token);
    expect_refused("an issuer of another place", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss"});
    fixture.request.n_issuers = 0;
    token_texts(TOKEN_KEY_EC, NULL, header, claims);
    len = token_make(&fixture, TOKEN_KEY_EC, NULL, token);
    expect_refused("no issuer at all", (struct zta_text){.data = token, .len = len},
                   &(struct refusal){.reason = ZTA_REASON_UNKNOWN_ISSUER, .detail = "iss"});
    fixture.request.n_issuers = 1;
    token_fixture_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_changed_member_is_what_is_refused),
        cmocka_unit_test(a_key_that_comes_with_the_token_is_not_used),
        cmocka_unit_test(a_public_key_is_no_secret),
        cmocka_unit_test(a_signature_of_wrong_form_is_refused),
        cmocka_unit_test(a_good_signature_elsewhere_is_refused),
        cmocka_unit_test(an_algorithm_of_the_same_key_type_is_bound_to_the_key),
        cmocka_unit_test(the_twin_of_an_ecdsa_signature_is_the_same_token),
        cmocka_unit_test(a_token_has_one_shape),
        cmocka_unit_test(parts_are_objects),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(a_key_vouches_for_its_own_issuer_only),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
