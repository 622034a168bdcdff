/* SPDX-License-Identifier: Apache-2.0 */
/* DPoP proofs: a good one passes, and each single defect of RFC 9449 section 4.3 refuses it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mod_zta/identity/dpop.h"
#include "mod_zta/identity/dpop_nonce.h"
#include "shared/base/clock.h"
#include "tests/unit/jose_sign.h"
#include "tests/unit/thumbprint_fixture.h"

#define NOW    1800000000
#define NOW_NS (INT64_C(5000) * ZTA_NS_PER_S)
#define URI    "https://api.example/orders"
#define TOKEN  "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
#define ATH    "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo" /* of TOKEN, RFC 9449 section 7.1 */

enum {
    N_THREADS = 4,
    N_CHECKS = 300,
    N_KEYS = 6
};

static const struct zta_siphash_key nonce_key = {.k0 = 7, .k1 = 9};

static struct fixture {
    EVP_PKEY *key;
    EVP_PKEY *other;
    char jwk[JOSE_TEXT_MAX];
    char other_jwk[JOSE_TEXT_MAX];
    char jkt[MOD_ZTA_THUMBPRINT_LEN + 1];
    char nonce[MOD_ZTA_DPOP_NONCE_LEN + 1];
    struct mod_zta_dpop_request request;
    struct mod_zta_dpop_result result;
} fixture;

static int open_fixture(void **state)
{
    fixture.key = jose_key("P-256", 0);
    fixture.other = jose_key("P-256", 0);
    jose_jwk(fixture.key, NULL, "", fixture.jwk);
    jose_jwk(fixture.other, NULL, "", fixture.other_jwk);
    thumbprint_of(fixture.jwk, fixture.jkt);
    mod_zta_dpop_nonce_make(&nonce_key, NOW_NS, fixture.nonce);
    return 0;
}

static int close_fixture(void **state)
{
    EVP_PKEY_free(fixture.key);
    EVP_PKEY_free(fixture.other);
    return 0;
}

static int begin(void **state)
{
    fixture.request = (struct mod_zta_dpop_request){
        .method = ZTA_TEXT("GET"),
        .uri = ZTA_TEXT(URI),
        .token = ZTA_TEXT(TOKEN),
        .jkt = {.data = fixture.jkt, .len = MOD_ZTA_THUMBPRINT_LEN},
        .nonce_key = &nonce_key,
        .now_s = NOW,
        .now_ns = NOW_NS,
    };
    return mod_zta_proof_keys_open(&fixture.request.keys) == ZTA_OK ? 0 : -1;
}

static int end(void **state)
{
    mod_zta_proof_keys_close(&fixture.request.keys);
    return 0;
}

static enum mod_zta_dpop_verdict judge(struct zta_text proof)
{
    fixture.request.proof = proof;
    mod_zta_dpop_judge(&fixture.request, &fixture.result);
    /* Only who is good has nothing said of him. */
    assert_int_equal(fixture.result.verdict == MOD_ZTA_DPOP_GOOD, fixture.result.detail[0] == '\0');
    for (const char *c = fixture.result.detail; *c != '\0'; c++) {
        assert_in_range(*c, ' ', '~');
    }
    return fixture.result.verdict;
}

/* A template with "$J" for the key, "$O" for another, "$N" for a good nonce. */
static void fill(const char *template, char out[JOSE_TEXT_MAX])
{
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, out, JOSE_TEXT_MAX);
    for (const char *c = template; *c != '\0'; c++) {
        if (*c != '$') {
            zta_buffer_append(&buffer, c, 1);
            continue;
        }
        c++;
        zta_buffer_string(&buffer, *c == 'J'   ? fixture.jwk
                                   : *c == 'O' ? fixture.other_jwk
                                               : fixture.nonce);
    }
    assert_false(buffer.is_overflowed);
}

#define HEADER       "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$J}"
#define CLAIMS(more) "{\"jti\":\"e1j3V_bKic8-LAEB\",\"htm\":\"GET\",\"htu\":\"" URI "\"," more "}"
#define IAT          "\"iat\":1800000000"
#define GOOD_ATH     "\"ath\":\"" ATH "\""
#define GOOD         CLAIMS(IAT "," GOOD_ATH)

static enum mod_zta_dpop_verdict judge_texts(EVP_PKEY *key, const char *alg, const char *header,
                                             const char *claims)
{
    static char filled_header[JOSE_TEXT_MAX];
    static char filled_claims[JOSE_TEXT_MAX];
    static char proof[JOSE_TEXT_MAX];
    fill(header, filled_header);
    fill(claims, filled_claims);
    size_t len = jose_sign(key, alg, zta_text_of(filled_header), zta_text_of(filled_claims), proof);
    return judge((struct zta_text){.data = proof, .len = len});
}

static enum mod_zta_dpop_verdict judge_claims(const char *claims)
{
    return judge_texts(fixture.key, "ES256", HEADER, claims);
}

/* ---- good ones ---- */

static void a_good_proof_is_good(void **state)
{
    assert_int_equal(judge_claims(GOOD), MOD_ZTA_DPOP_GOOD);
    assert_false(fixture.result.has_nonce);
    assert_int_equal(fixture.result.use.clock, ZTA_JTI_BY_IAT);
    assert_int_equal(fixture.result.use.time, NOW);
    /* Again: whether it was used before is not asked here, and its key is known now. */
    assert_int_equal(judge_claims(GOOD), MOD_ZTA_DPOP_GOOD);
}

/* The example of RFC 9449 section 7.1, letter by letter. */
static void the_published_proof_is_good(void **state)
{
    fixture.request.uri = ZTA_TEXT("https://resource.example.org/protectedresource");
    fixture.request.jkt = ZTA_TEXT("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    fixture.request.now_s = 1562262618;
    assert_int_equal(
        judge(ZTA_TEXT(
            "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgt"
            "MzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VO"
            "SmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUV"
            "CIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXN"
            "vdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUl"
            "pS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy"
            "1dqd-jfxSYoMxhAJpLjA")),
        MOD_ZTA_DPOP_GOOD);
}

static void every_algorithm_with_its_key_is_good(void **state)
{
    static const struct {
        const char *alg;
        const char *type;
    } algs[] = {
        {.alg = "ES256", .type = "P-256"},     {.alg = "ES384", .type = "P-384"},
        {.alg = "ES512", .type = "P-521"},     {.alg = "EdDSA", .type = "Ed25519"},
        {.alg = "Ed25519", .type = "Ed25519"}, {.alg = "RS256", .type = "RSA"},
        {.alg = "PS256", .type = "RSA"},       {.alg = "RS384", .type = "RSA"},
        {.alg = "PS384", .type = "RSA"},       {.alg = "RS512", .type = "RSA"},
        {.alg = "PS512", .type = "RSA"},
    };
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        char jwk[JOSE_TEXT_MAX];
        char jkt[MOD_ZTA_THUMBPRINT_LEN + 1];
        char header[JOSE_TEXT_MAX + 64];
        EVP_PKEY *key = jose_key(algs[i].type, 2048);
        jose_jwk(key, NULL, "", jwk);
        thumbprint_of(jwk, jkt);
        fixture.request.jkt = zta_text_of(jkt);
        (void)snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"%s\",\"jwk\":%s}",
                       algs[i].alg, jwk);
        assert_int_equal(judge_texts(key, algs[i].alg, header, GOOD), MOD_ZTA_DPOP_GOOD);
        assert_non_null(strstr(MOD_ZTA_DPOP_ALGS, algs[i].alg));
        EVP_PKEY_free(key);
    }
}

static void the_method_is_taken_letter_by_letter(void **state)
{
    static const char *const methods[] = {"GET",   "HEAD",  "POST",    "PUT",      "DELETE",
                                          "PATCH", "TRACE", "OPTIONS", "PROPFIND", "BREW",
                                          "get",   "Patch", "M-SEARCH"};
    enum {
        N_METHODS = sizeof methods / sizeof methods[0]
    };
    for (size_t i = 0; i < N_METHODS; i++) {
        char claims[512];
        (void)snprintf(claims, sizeof claims,
                       "{\"jti\":\"j\",\"htm\":\"%s\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}",
                       methods[i]);
        for (size_t j = 0; j < N_METHODS; j++) {
            fixture.request.method = zta_text_of(methods[j]);
            assert_int_equal(judge_claims(claims), i == j ? MOD_ZTA_DPOP_GOOD : MOD_ZTA_DPOP_BAD);
        }
    }
}

static void spellings_of_the_uri_are_one(void **state)
{
    static const char *const spellings[] = {
        URI "?page=2",
        URI "#top",
        "HTTPS://API.example:443/orders",
        "https://api.example/x/../orders",
        "https://api.example/./%6frders",
    };
    struct zta_sha256 tag;
    assert_int_equal(judge_claims(GOOD), MOD_ZTA_DPOP_GOOD);
    tag = fixture.result.use.tag;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        char claims[512];
        (void)snprintf(claims, sizeof claims,
                       "{\"jti\":\"e1j3V_bKic8-LAEB\",\"htm\":\"GET\",\"htu\":\"%s\"," IAT
                       "," GOOD_ATH "}",
                       spellings[i]);
        assert_int_equal(judge_claims(claims), MOD_ZTA_DPOP_GOOD);
        /* Another spelling does not make another proof of it. */
        assert_memory_equal(&fixture.result.use.tag, &tag, sizeof tag);
    }
}

static void age_is_bounded_on_both_sides(void **state)
{
    static const struct {
        const char *iat;
        enum mod_zta_dpop_verdict verdict;
    } ages[] = {
        {.iat = "1799999940", .verdict = MOD_ZTA_DPOP_GOOD},
        {.iat = "1799999939", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "1799999939.9", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "1799999940.5", .verdict = MOD_ZTA_DPOP_GOOD},
        {.iat = "1800000005", .verdict = MOD_ZTA_DPOP_GOOD},
        {.iat = "1800000005.1", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "1800000006", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "0", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "-1", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "1e300", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "1e400", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "9223372036854775807", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "1800000000000", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "\"1800000000\"", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "true", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "null", .verdict = MOD_ZTA_DPOP_BAD},
        {.iat = "[1800000000]", .verdict = MOD_ZTA_DPOP_BAD},
    };
    for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
        char claims[512];
        (void)snprintf(claims, sizeof claims, CLAIMS("\"iat\":%s," GOOD_ATH), ages[i].iat);
        if (judge_claims(claims) != ages[i].verdict) {
            fail_msg("iat %s: %s", ages[i].iat, fixture.result.detail);
        }
    }
}

/* ---- attacks: each has one defect ---- */

static const struct {
    const char *name;
    const char *header; /* NULL: the good one */
    const char *claims; /* NULL: the good ones */
    enum mod_zta_dpop_verdict verdict;
} attacks[] = {
    {.name = "no typ", .header = "{\"alg\":\"ES256\",\"jwk\":$J}"},
    {.name = "typ JWT", .header = "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"jwk\":$J}"},
    {.name = "typ at+jwt", .header = "{\"typ\":\"at+jwt\",\"alg\":\"ES256\",\"jwk\":$J}"},
    {.name = "typ in upper case", .header = "{\"typ\":\"DPOP+JWT\",\"alg\":\"ES256\",\"jwk\":$J}"},
    {.name = "typ no text", .header = "{\"typ\":[\"dpop+jwt\"],\"alg\":\"ES256\",\"jwk\":$J}"},
    {.name = "no alg", .header = "{\"typ\":\"dpop+jwt\",\"jwk\":$J}"},
    {.name = "alg none", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"none\",\"jwk\":$J}"},
    {.name = "alg noNE", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"noNE\",\"jwk\":$J}"},
    {.name = "alg HS256", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":$J}"},
    {.name = "alg of another type",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"RS256\",\"jwk\":$J}"},
    {.name = "alg of another curve",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES384\",\"jwk\":$J}"},
    {.name = "alg in lower case", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"es256\",\"jwk\":$J}"},
    {.name = "alg twice",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"alg\":\"ES256\",\"jwk\":$J}"},
    {.name = "no jwk", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}"},
    {.name = "jwk no object", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":\"k\"}"},
    {.name = "jwk a list", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":[$J]}"},
    {.name = "jwk twice",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$J,\"jwk\":$O}"},
    {.name = "a kid alone", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"kid\":\"k\"}"},
    {.name = "a jku alone",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jku\":\"https://evil.example/\"}"},
    {.name = "symmetric jwk",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"HS256\",\"jwk\":"
               "{\"kty\":\"oct\",\"k\":\"AAAA\"}}"},
    {.name = "crit",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$J,\"crit\":[\"exp\"]}"},
    {.name = "b64", .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$J,\"b64\":false}"},
    {.name = "header no object", .header = "[\"dpop+jwt\"]"},
    {.name = "header not JSON", .header = "dpop+jwt"},
    {.name = "key of somebody else",
     .header = "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":$O}",
     .verdict = MOD_ZTA_DPOP_OTHER_KEY},
    {.name = "no jti", .claims = "{\"htm\":\"GET\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "empty jti",
     .claims = "{\"jti\":\"\",\"htm\":\"GET\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "jti a number",
     .claims = "{\"jti\":7,\"htm\":\"GET\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "NUL in jti",
     .claims = "{\"jti\":\"a\\u0000b\",\"htm\":\"GET\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "jti twice", .claims = CLAIMS("\"jti\":\"other\"," IAT "," GOOD_ATH)},
    {.name = "no htm", .claims = "{\"jti\":\"j\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "another htm",
     .claims = "{\"jti\":\"j\",\"htm\":\"POST\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "htm in lower case",
     .claims = "{\"jti\":\"j\",\"htm\":\"get\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "htm a list",
     .claims = "{\"jti\":\"j\",\"htm\":[\"GET\"],\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}"},
    {.name = "no htu", .claims = "{\"jti\":\"j\",\"htm\":\"GET\"," IAT "," GOOD_ATH "}"},
#define HTU(uri) "{\"jti\":\"j\",\"htm\":\"GET\",\"htu\":\"" uri "\"," IAT "," GOOD_ATH "}"
    {.name = "htu of another path", .claims = HTU("https://api.example/order")},
    {.name = "htu with a slash more", .claims = HTU(URI "/")},
    {.name = "htu in another case", .claims = HTU("https://api.example/Orders")},
    {.name = "htu of another host", .claims = HTU("https://api.example.evil/orders")},
    {.name = "htu of a subdomain", .claims = HTU("https://x.api.example/orders")},
    {.name = "htu of another port", .claims = HTU("https://api.example:8443/orders")},
    {.name = "htu of another scheme", .claims = HTU("http://api.example/orders")},
    {.name = "htu with a user", .claims = HTU("https://api.example@evil.example/orders")},
    {.name = "htu with our user", .claims = HTU("https://user@api.example/orders")},
    {.name = "htu the path alone", .claims = HTU("/orders")},
    {.name = "htu without scheme", .claims = HTU("//api.example/orders")},
    {.name = "htu with an encoded slash", .claims = HTU("https://api.example%2Forders")},
    {.name = "htu climbing to another", .claims = HTU("https://api.example/orders/../admin")},
    {.name = "htu with a semicolon", .claims = HTU("https://api.example/orders;x")},
    {.name = "htu with a backslash", .claims = HTU("https://api.example\\\\orders")},
    {.name = "htu empty", .claims = HTU("")},
    {.name = "no iat", .claims = CLAIMS(GOOD_ATH)},
    {.name = "no ath", .claims = CLAIMS(IAT)},
    {.name = "empty ath", .claims = CLAIMS(IAT ",\"ath\":\"\"")},
    {.name = "ath of another token",
     .claims = CLAIMS(IAT ",\"ath\":\"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"")},
    {.name = "ath with padding", .claims = CLAIMS(IAT ",\"ath\":\"" ATH "=\"")},
    {.name = "ath the token itself", .claims = CLAIMS(IAT ",\"ath\":\"" TOKEN "\"")},
    {.name = "ath null", .claims = CLAIMS(IAT ",\"ath\":null")},
    {.name = "a nonce not from here",
     .claims = CLAIMS(IAT "," GOOD_ATH ",\"nonce\":\"eyJ7S_zG.eyJH0-Z.HX4w-7v\""),
     .verdict = MOD_ZTA_DPOP_WANTS_NONCE},
    {.name = "an empty nonce",
     .claims = CLAIMS(IAT "," GOOD_ATH ",\"nonce\":\"\""),
     .verdict = MOD_ZTA_DPOP_WANTS_NONCE},
    {.name = "a nonce that is no text",
     .claims = CLAIMS(IAT "," GOOD_ATH ",\"nonce\":[\"$N\"]"),
     .verdict = MOD_ZTA_DPOP_WANTS_NONCE},
    {.name = "claims no object", .claims = "[1]"},
    {.name = "claims too deep", .claims = CLAIMS(IAT "," GOOD_ATH ",\"x\":[[[[[[[[[[]]]]]]]]]]")},
    {.name = "bytes behind the claims", .claims = GOOD "x"},
};
#define N_ATTACKS (sizeof attacks / sizeof attacks[0])

static void each_defect_refuses(void **state)
{
    for (size_t i = 0; i < N_ATTACKS; i++) {
        const char *header = attacks[i].header != NULL ? attacks[i].header : HEADER;
        const char *claims = attacks[i].claims != NULL ? attacks[i].claims : GOOD;
        /* The first time, and when the key of good proofs is known. */
        for (unsigned round = 0; round < 2; round++) {
            EVP_PKEY *key =
                attacks[i].verdict == MOD_ZTA_DPOP_OTHER_KEY ? fixture.other : fixture.key;
            if (judge_texts(key, "ES256", header, claims) != attacks[i].verdict) {
                fail_msg("%s: verdict %d, %s", attacks[i].name, (int)fixture.result.verdict,
                         fixture.result.detail);
            }
            assert_int_equal(judge_claims(GOOD), MOD_ZTA_DPOP_GOOD);
        }
    }
}

/* A key that shows its private part, or one that any other reader would read otherwise. */
static void a_key_that_is_not_public_refuses(void **state)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    char claims[JOSE_TEXT_MAX];
    fill(GOOD, claims);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char more[64];
        char jwk[JOSE_TEXT_MAX];
        char header[JOSE_TEXT_MAX + 64];
        (void)snprintf(more, sizeof more, ",\"%s\":\"AAAA\"", members[i]);
        jose_jwk(fixture.key, NULL, more, jwk);
        (void)snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}",
                       jwk);
        assert_int_equal(judge_texts(fixture.key, "ES256", header, claims), MOD_ZTA_DPOP_BAD);
        assert_non_null(strstr(fixture.result.detail, "private"));
    }
}

static void another_signature_refuses(void **state)
{
    char header[JOSE_TEXT_MAX + 64];
    char claims[JOSE_TEXT_MAX];
    char proof[JOSE_TEXT_MAX];
    static const uint8_t zeros[64];
    fill(HEADER, header);
    fill(GOOD, claims);
    for (unsigned round = 0; round < 2; round++) {
        /* By another key than the one it shows. */
        assert_int_equal(judge_texts(fixture.other, "ES256", HEADER, GOOD), MOD_ZTA_DPOP_BAD);
        size_t len =
            jose_attach(zeros, sizeof zeros, zta_text_of(header), zta_text_of(claims), proof);
        assert_int_equal(judge((struct zta_text){.data = proof, .len = len}), MOD_ZTA_DPOP_BAD);
        len = jose_attach(zeros, 0, zta_text_of(header), zta_text_of(claims), proof);
        assert_int_equal(judge((struct zta_text){.data = proof, .len = len}), MOD_ZTA_DPOP_BAD);
        len = jose_sign_mac(fixture.jwk, strlen(fixture.jwk), zta_text_of(header),
                            zta_text_of(claims), proof);
        assert_int_equal(judge((struct zta_text){.data = proof, .len = len}), MOD_ZTA_DPOP_BAD);
        len = jose_sign(fixture.key, "ES256", zta_text_of(header), zta_text_of(claims), proof);
        assert_int_equal(judge((struct zta_text){.data = proof, .len = len - 1}), MOD_ZTA_DPOP_BAD);
        const char last = proof[len - 1];
        proof[len - 1] = last == 'A' ? 'B' : 'A';
        assert_int_equal(judge((struct zta_text){.data = proof, .len = len}), MOD_ZTA_DPOP_BAD);
        proof[len - 1] = last;
        assert_int_equal(judge((struct zta_text){.data = proof, .len = len}), MOD_ZTA_DPOP_GOOD);
    }
}

static void a_header_that_holds_no_single_proof_refuses(void **state)
{
    static const char *const shapes[] = {"",          ".",  "..",  "a.b",
                                         "a.b.c.d.e", "{}", "a b", "a.b.c, d"};
    char header[JOSE_TEXT_MAX + 64];
    char claims[JOSE_TEXT_MAX];
    char proof[JOSE_TEXT_MAX];
    char twice[2 * JOSE_TEXT_MAX + 2];
    fill(HEADER, header);
    fill(GOOD, claims);
    (void)jose_sign(fixture.key, "ES256", zta_text_of(header), zta_text_of(claims), proof);
    (void)snprintf(twice, sizeof twice, "%s, %s", proof, proof);
    assert_int_equal(judge(zta_text_of(twice)), MOD_ZTA_DPOP_BAD);
    assert_string_equal(fixture.result.detail, "the DPoP header stands more than once");
    assert_int_equal(judge((struct zta_text){.data = NULL}), MOD_ZTA_DPOP_BAD);
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        assert_int_equal(judge(zta_text_of(shapes[i])), MOD_ZTA_DPOP_BAD);
    }
    memset(twice, 'a', sizeof twice);
    assert_int_equal(judge((struct zta_text){.data = twice, .len = 9000}), MOD_ZTA_DPOP_BAD);
}

static void a_jti_is_bounded(void **state)
{
    for (size_t len = MOD_ZTA_DPOP_JTI_MAX; len <= MOD_ZTA_DPOP_JTI_MAX + 1; len++) {
        char jti[MOD_ZTA_DPOP_JTI_MAX + 2] = "";
        char claims[1024];
        memset(jti, 'j', len);
        (void)snprintf(claims, sizeof claims,
                       "{\"jti\":\"%s\",\"htm\":\"GET\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}",
                       jti);
        assert_int_equal(judge_claims(claims),
                         len <= MOD_ZTA_DPOP_JTI_MAX ? MOD_ZTA_DPOP_GOOD : MOD_ZTA_DPOP_BAD);
    }
}

/* ---- nonces ---- */

static void a_nonce_is_asked_for_where_it_is_needed(void **state)
{
    fixture.request.needs_nonce = true;
    assert_int_equal(judge_claims(GOOD), MOD_ZTA_DPOP_WANTS_NONCE);
    assert_int_equal(judge_claims(CLAIMS(IAT "," GOOD_ATH ",\"nonce\":\"$N\"")), MOD_ZTA_DPOP_GOOD);
    assert_true(fixture.result.has_nonce);
    assert_int_equal(fixture.result.use.clock, ZTA_JTI_BY_NONCE);
}

static void a_nonce_that_is_over_is_not_replaced_by_iat(void **state)
{
    static const char claims[] = CLAIMS(IAT "," GOOD_ATH ",\"nonce\":\"$N\"");
    assert_int_equal(judge_claims(claims), MOD_ZTA_DPOP_GOOD);
    fixture.request.now_ns += 2 * MOD_ZTA_DPOP_NONCE_S * ZTA_NS_PER_S;
    assert_int_equal(judge_claims(claims), MOD_ZTA_DPOP_WANTS_NONCE);
    fixture.request.needs_nonce = true;
    assert_int_equal(judge_claims(claims), MOD_ZTA_DPOP_WANTS_NONCE);
}

/* A client whose clock is wrong by years: the server's clock decides. */
static void with_a_nonce_the_clients_clock_does_not_matter(void **state)
{
    assert_int_equal(judge_claims(CLAIMS("\"iat\":7," GOOD_ATH ",\"nonce\":\"$N\"")),
                     MOD_ZTA_DPOP_GOOD);
    assert_int_equal(judge_claims(CLAIMS("\"iat\":\"7\"," GOOD_ATH ",\"nonce\":\"$N\"")),
                     MOD_ZTA_DPOP_BAD);
    assert_int_equal(judge_claims(CLAIMS(GOOD_ATH ",\"nonce\":\"$N\"")), MOD_ZTA_DPOP_BAD);
}

/* ---- what was used ---- */

static void a_use_is_of_key_jti_and_uri(void **state)
{
    struct zta_sha256 tag;
    static const char other_jti[] =
        "{\"jti\":\"other\",\"htm\":\"GET\",\"htu\":\"" URI "\"," IAT "," GOOD_ATH "}";
    assert_int_equal(judge_claims(GOOD), MOD_ZTA_DPOP_GOOD);
    tag = fixture.result.use.tag;
    assert_int_equal(judge_claims(other_jti), MOD_ZTA_DPOP_GOOD);
    assert_memory_not_equal(&fixture.result.use.tag, &tag, sizeof tag);
    /* Another iat, more claims, another signature: still the same. */
    assert_int_equal(judge_claims(CLAIMS("\"iat\":1799999999,\"x\":1," GOOD_ATH)),
                     MOD_ZTA_DPOP_GOOD);
    assert_memory_equal(&fixture.result.use.tag, &tag, sizeof tag);
    fixture.request.uri = ZTA_TEXT("https://api.example/other");
    assert_int_equal(judge_claims("{\"jti\":\"e1j3V_bKic8-LAEB\",\"htm\":\"GET\","
                                  "\"htu\":\"https://api.example/other\"," IAT "," GOOD_ATH "}"),
                     MOD_ZTA_DPOP_GOOD);
    assert_memory_not_equal(&fixture.result.use.tag, &tag, sizeof tag);
}

/* ---- the keys that are kept ---- */

static struct proof_of {
    char jkt[MOD_ZTA_THUMBPRINT_LEN + 1];
    char proof[JOSE_TEXT_MAX];
} proofs[N_KEYS];

static void *judge_many(void *unused)
{
    for (unsigned i = 0; i < N_CHECKS; i++) {
        const unsigned key = i % N_KEYS;
        struct mod_zta_dpop_request request = fixture.request;
        struct mod_zta_dpop_result result;
        request.jkt = zta_text_of(proofs[key].jkt);
        request.proof = zta_text_of(proofs[key].proof);
        mod_zta_dpop_judge(&request, &result);
        if (result.verdict != MOD_ZTA_DPOP_GOOD) {
            return proofs;
        }
        request.jkt = zta_text_of(proofs[(key + 1) % N_KEYS].jkt);
        mod_zta_dpop_judge(&request, &result);
        if (result.verdict != MOD_ZTA_DPOP_OTHER_KEY) {
            return proofs;
        }
    }
    return NULL;
}

static void make_proofs(void)
{
    for (unsigned i = 0; i < N_KEYS; i++) {
        char jwk[JOSE_TEXT_MAX];
        char header[JOSE_TEXT_MAX + 64];
        EVP_PKEY *key = jose_key("P-256", 0);
        jose_jwk(key, NULL, "", jwk);
        thumbprint_of(jwk, proofs[i].jkt);
        (void)snprintf(header, sizeof header, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%s}",
                       jwk);
        (void)jose_sign(key, "ES256", zta_text_of(header), zta_text_of(GOOD), proofs[i].proof);
        EVP_PKEY_free(key);
    }
}

static void threads_share_their_keys(void **state)
{
    pthread_t threads[N_THREADS];
    make_proofs();
    for (unsigned i = 0; i < N_THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, judge_many, NULL), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        void *failed = proofs;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

/* A key that is still held survives being pushed out, and the table's end. */
static void keys_give_way_and_are_freed_when_nobody_holds_them(void **state)
{
    struct mod_zta_proof_key *held[6];
    struct mod_zta_proof_key *found = NULL;
    struct zta_sha256 headers[6];
    for (unsigned i = 0; i < 6; i++) {
        struct mod_zta_evp_verifier *verifier = NULL;
        struct zta_error error;
        memset(&headers[i], 0, sizeof headers[i]);
        headers[i].bytes[31] = (uint8_t)i; /* all in one set of four */
        assert_int_equal(mod_zta_evp_verifier_open(zta_text_of(fixture.jwk),
                                                   mod_zta_alg_parse(ZTA_TEXT("ES256")), &verifier,
                                                   &error),
                         ZTA_OK);
        assert_int_equal(mod_zta_proof_key_make(&headers[i], fixture.jkt, verifier, &held[i]),
                         ZTA_OK);
        mod_zta_proof_keys_keep(fixture.request.keys, held[i]);
        mod_zta_proof_keys_keep(fixture.request.keys, held[i]);
        /* The first stays in use. */
        assert_int_equal(mod_zta_proof_keys_get(fixture.request.keys, &headers[0], &found), ZTA_OK);
        assert_ptr_equal(found, held[0]);
        mod_zta_proof_key_release(&found);
        assert_null(found);
    }
    for (unsigned i = 0; i < 6; i++) {
        enum zta_status status = mod_zta_proof_keys_get(fixture.request.keys, &headers[i], &found);
        assert_int_equal(status, i == 1 || i == 2 ? ZTA_NOT_FOUND : ZTA_OK);
        mod_zta_proof_key_release(&found);
    }
    mod_zta_proof_keys_close(&fixture.request.keys);
    assert_null(fixture.request.keys);
    assert_int_equal(mod_zta_proof_keys_get(NULL, &headers[0], &found), ZTA_NOT_FOUND);
    for (unsigned i = 0; i < 6; i++) {
        assert_true(zta_text_equal(mod_zta_proof_key_thumbprint(held[i]), fixture.request.jkt));
        assert_non_null(mod_zta_proof_key_verifier(held[i]));
        mod_zta_proof_key_release(&held[i]);
    }
    /* Without a table proofs are judged all the same. */
    assert_int_equal(judge_claims(GOOD), MOD_ZTA_DPOP_GOOD);
}

#define FROM_HERE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FROM_HERE(a_good_proof_is_good),
        FROM_HERE(the_published_proof_is_good),
        FROM_HERE(every_algorithm_with_its_key_is_good),
        FROM_HERE(the_method_is_taken_letter_by_letter),
        FROM_HERE(spellings_of_the_uri_are_one),
        FROM_HERE(age_is_bounded_on_both_sides),
        FROM_HERE(each_defect_refuses),
        FROM_HERE(a_key_that_is_not_public_refuses),
        FROM_HERE(another_signature_refuses),
        FROM_HERE(a_header_that_holds_no_single_proof_refuses),
        FROM_HERE(a_jti_is_bounded),
        FROM_HERE(a_nonce_is_asked_for_where_it_is_needed),
        FROM_HERE(a_nonce_that_is_over_is_not_replaced_by_iat),
        FROM_HERE(with_a_nonce_the_clients_clock_does_not_matter),
        FROM_HERE(a_use_is_of_key_jti_and_uri),
        FROM_HERE(threads_share_their_keys),
        FROM_HERE(keys_give_way_and_are_freed_when_nobody_holds_them),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
