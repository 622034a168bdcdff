/* SPDX-License-Identifier: Apache-2.0 */
/* Postures: what a good one says, that every single defect refuses it, and how long one is kept. */
#include "mod_zta/identity/posture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mod_zta/identity/posture_cache.h"
#include "tests/unit/json_members.h"
#include "tests/unit/token_fixture.h"

#define THUMB   "Sv_HOp0jHqNEVG5LjN3KHVNnqrhdx-vhbnyrmwrNcR8"
#define THUMB_2 "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
/* RFC 9449's example of a token and its hash. */
#define TOKEN "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
#define ATH   "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"

static const struct member good_header[] = {
    {.name = "alg", .raw = "\"EdDSA\""},
    {.name = "typ", .raw = "\"posture+jwt\""},
    {.name = "kid", .raw = "\"ed\""},
};
static const struct member good_claims[] = {
    {.name = "iss", .raw = "\"" TOKEN_URL "\""},
    {.name = "aud", .raw = "[\"elsewhere\",\"api\"]"},
    {.name = "iat", .raw = "1799999990"},
    {.name = "exp", .raw = "1800000110"},
    {.name = "sub", .raw = "\"alice\""},
    {.name = "device", .raw = "\"LT-1\""},
    {.name = "managed", .raw = "true"},
    {.name = "compliant", .raw = "false"},
    {.name = "os", .raw = "\"macOS\""},
    {.name = "os_version", .raw = "\"14.2\""},
    {.name = "cnf", .raw = "{\"jkt\":\"" THUMB "\"}"},
};
#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct token_fixture fixture;
static struct mod_zta_posture posture;
static struct mod_zta_posture_fault fault;

static int open_fixture(void **state)
{
    (void)state;
    token_fixture_open(&fixture);
    return 0;
}

static int close_fixture(void **state)
{
    (void)state;
    token_fixture_close(&fixture);
    return 0;
}

static enum zta_status verify_text(struct zta_text text)
{
    struct zta_held keys;
    fault.text[0] = '\0';
    assert_int_equal(mod_zta_keyring_acquire(fixture.keyring, TOKEN_NOW, &keys), ZTA_OK);
    const enum zta_status status =
        mod_zta_posture_verify(text, ZTA_TEXT(TOKEN_URL), MOD_ZTA_ALG_EDDSA | MOD_ZTA_ALG_RS256,
                               keys.value, &posture, &fault);
    mod_zta_keyring_release(fixture.keyring, &keys);
    return status;
}

static size_t make(struct member header, struct member claim, char token[JOSE_TEXT_MAX])
{
    static char head[JOSE_TEXT_MAX];
    static char claims[JOSE_TEXT_MAX];
    members_print(good_header, N(good_header), &header, head);
    members_print(good_claims, N(good_claims), &claim, claims);
    return jose_sign(fixture.keys[TOKEN_KEY_ED], "EdDSA", zta_text_of(head), zta_text_of(claims),
                     token);
}

static enum zta_status verify(struct member header, struct member claim)
{
    static char token[JOSE_TEXT_MAX];
    const size_t len = make(header, claim, token);
    return verify_text((struct zta_text){.data = token, .len = len});
}

static const struct member none;

static const struct zta_text audiences[] = {ZTA_TEXT("other"), ZTA_TEXT("api")};

static struct mod_zta_posture_request good_request(void)
{
    return (struct mod_zta_posture_request){.now_s = TOKEN_NOW,
                                            .subject = ZTA_TEXT("alice"),
                                            .token = ZTA_TEXT(TOKEN),
                                            .jkt = ZTA_TEXT(THUMB),
                                            .x5t_s256 = ZTA_TEXT(THUMB_2),
                                            .audiences = audiences,
                                            .n_audiences = N(audiences)};
}

static void a_good_one_is_read_whole(void **state)
{
    (void)state;
    bool is_bound = false;
    const struct mod_zta_posture_request request = good_request();
    assert_int_equal(verify(none, none), ZTA_OK);
    assert_string_equal(posture.device, "LT-1");
    assert_string_equal(posture.subject, "alice");
    assert_string_equal(posture.os, "macos");
    assert_string_equal(posture.os_version, "14.2");
    assert_string_equal(posture.jkt, THUMB);
    assert_string_equal(posture.ath, "");
    assert_int_equal(posture.traits.known, 1u << ZTA_DEVICE_MANAGED | 1u << ZTA_DEVICE_COMPLIANT);
    assert_int_equal(posture.traits.yes, 1u << ZTA_DEVICE_MANAGED);
    assert_int_equal(posture.expires_s, 1800000110);
    assert_int_equal(mod_zta_posture_check(&posture, &request, &is_bound, &fault), ZTA_OK);
    assert_true(is_bound);
}

static void every_single_defect_refuses(void **state)
{
    (void)state;
    static const struct member headers[] = {
        {.name = "typ", .raw = NULL},          {.name = "typ", .raw = "\"JWT\""},
        {.name = "typ", .raw = "\"at+jwt\""},  {.name = "typ", .raw = "\"logout+jwt\""},
        {.name = "alg", .raw = "\"none\""},    {.name = "alg", .raw = "\"HS256\""},
        {.name = "alg", .raw = "\"ES256\""},   {.name = "alg", .raw = NULL},
        {.name = "kid", .raw = "\"unknown\""}, {.name = "kid", .raw = "\"\""},
        {.name = "kid", .raw = "7"},           {.name = "crit", .raw = "[\"x\"]"},
        {.name = "b64", .raw = "true"},
    };
    static const struct member claims[] = {
        {.name = "iss", .raw = "\"https://other.example\""},
        {.name = "iss", .raw = NULL},
        {.name = "aud", .raw = NULL},
        {.name = "aud", .raw = "[]"},
        {.name = "aud", .raw = "[\"api\",1]"},
        {.name = "iat", .raw = NULL},
        {.name = "iat", .raw = "\"1799999990\""},
        {.name = "exp", .raw = NULL},
        {.name = "exp", .raw = "1799999990"},
        {.name = "exp", .raw = "1800000291"}, /* 301 s behind iat */
        {.name = "nbf", .raw = "\"soon\""},
        {.name = "sub", .raw = NULL},
        {.name = "sub", .raw = "\"\""},
        {.name = "device", .raw = NULL},
        {.name = "device", .raw = "7"},
        {.name = "device", .raw = "\"a\\u001b[2J\""},
        {.name = "managed", .raw = "\"yes\""},
        {.name = "compliant", .raw = "1"},
        {.name = "encrypted", .raw = "null"},
        {.name = "os", .raw = "\"Mac OS\""},
        {.name = "os", .raw = NULL}, /* a version of no system */
        {.name = "os_version", .raw = "14.2"},
        {.name = "os_version", .raw = "\"14.x\""},
        {.name = "cnf", .raw = "{}"},
        {.name = "cnf", .raw = "\"" THUMB "\""},
        {.name = "cnf", .raw = "{\"jkt\":\"short\"}"},
        {.name = "cnf", .raw = "{\"jkt\":\"\"}"},
        {.name = "cnf", .raw = "{\"kid\":\"" THUMB "\"}"},
        {.name = "cnf", .raw = "{\"jkt\":\"" THUMB "\",\"jwk\":{}}"},
        {.name = "ath", .raw = "\"short\""},
        {.name = "ath", .raw = "7"},
        {.name = "iss\":1,\"iss", .raw = "\"" TOKEN_URL "\""}, /* twice */
    };
    for (size_t i = 0; i < N(headers); i++) {
        const bool is_newer = headers[i].raw != NULL && strcmp(headers[i].raw, "\"unknown\"") == 0;
        if (verify(headers[i], none) != (is_newer ? ZTA_NOT_FOUND : ZTA_FORBIDDEN) ||
            fault.text[0] == '\0') {
            fail_msg("header %zu (%s) passed", i, headers[i].name);
        }
    }
    for (size_t i = 0; i < N(claims); i++) {
        if (verify(none, claims[i]) != ZTA_FORBIDDEN || fault.text[0] == '\0') {
            fail_msg("claim %zu (%s) passed", i, claims[i].name);
        }
    }
}

static void every_altered_byte_is_noticed(void **state)
{
    (void)state;
    static char token[JOSE_TEXT_MAX];
    const size_t len = make(none, none, token);
    for (size_t i = 0; i < len; i++) {
        const char former = token[i];
        token[i] = former == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify_text((struct zta_text){.data = token, .len = len}), ZTA_OK);
        token[i] = former;
        if (i % 7 == 0) {
            assert_int_not_equal(verify_text((struct zta_text){.data = token, .len = i}), ZTA_OK);
        }
    }
    static char twice[2 * JOSE_TEXT_MAX];
    const int n = snprintf(twice, sizeof(twice), "%.*s, %.*s", (int)len, token, (int)len, token);
    assert_int_not_equal(verify_text((struct zta_text){.data = twice, .len = (size_t)n}), ZTA_OK);
}

/* What is asked each time, of what was verified before. */
static void it_counts_for_its_own_request_alone(void **state)
{
    (void)state;
    const struct zta_text absent = {.data = NULL};
    struct mod_zta_posture_request others[7];
    bool is_bound = false;
    assert_int_equal(verify(none, none), ZTA_OK);
    for (size_t i = 0; i < N(others); i++) {
        others[i] = good_request();
    }
    others[0].now_s = posture.expires_s;
    others[1].now_s = posture.issued_s - MOD_ZTA_POSTURE_LEEWAY_S - 1;
    others[2].subject = ZTA_TEXT("bob");
    others[3].subject = absent;
    others[4].n_audiences = 1;
    others[5].jkt = ZTA_TEXT(THUMB_2);
    others[6].jkt = absent;
    for (size_t i = 0; i < N(others); i++) {
        fault.text[0] = '\0';
        if (mod_zta_posture_check(&posture, &others[i], &is_bound, &fault) != ZTA_FORBIDDEN ||
            fault.text[0] == '\0') {
            fail_msg("case %zu passed", i);
        }
    }
    struct mod_zta_posture_request edge = good_request();
    edge.now_s = posture.expires_s - 1;
    assert_int_equal(mod_zta_posture_check(&posture, &edge, &is_bound, &fault), ZTA_OK);
    edge.now_s = posture.issued_s - MOD_ZTA_POSTURE_LEEWAY_S;
    assert_int_equal(mod_zta_posture_check(&posture, &edge, &is_bound, &fault), ZTA_OK);
}

static void it_is_bound_by_key_certificate_or_token(void **state)
{
    (void)state;
    static const struct {
        const char *cnf;
        const char *ath;
        enum zta_status status;
        bool is_bound;
    } cases[] = {
        {.status = ZTA_OK, .is_bound = false},
        {.cnf = "{\"jkt\":\"" THUMB "\"}", .status = ZTA_OK, .is_bound = true},
        {.cnf = "{\"x5t#S256\":\"" THUMB_2 "\"}", .status = ZTA_OK, .is_bound = true},
        {.cnf = "{\"x5t#S256\":\"" THUMB "\"}", .status = ZTA_FORBIDDEN},
        {.cnf = "{\"jkt\":\"" THUMB_2 "\"}", .status = ZTA_FORBIDDEN},
        {.cnf = "{\"jkt\":\"" THUMB "\",\"x5t#S256\":\"" THUMB "\"}", .status = ZTA_FORBIDDEN},
        {.ath = "\"" ATH "\"", .status = ZTA_OK, .is_bound = true},
        {.ath = "\"" THUMB "\"", .status = ZTA_FORBIDDEN},
        {.cnf = "{\"jkt\":\"" THUMB "\"}", .ath = "\"" THUMB "\"", .status = ZTA_FORBIDDEN},
        {.cnf = "{\"jkt\":\"" THUMB_2 "\"}", .ath = "\"" ATH "\"", .status = ZTA_FORBIDDEN},
    };
    const struct mod_zta_posture_request request = good_request();
    for (size_t i = 0; i < N(cases); i++) {
        char raw[256];
        bool is_bound = false;
        const struct member cnf = {.name = "cnf", .raw = cases[i].cnf};
        /* Both in one change: what stands for cnf may end with a member more. */
        (void)snprintf(raw, sizeof(raw), "%s%s%s", cases[i].cnf != NULL ? cases[i].cnf : "null",
                       cases[i].ath != NULL ? ",\"ath\":" : "",
                       cases[i].ath != NULL ? cases[i].ath : "");
        const struct member ath_alone = {.name = "ath", .raw = cases[i].ath};
        const struct member both = {.name = "cnf", .raw = raw};
        if (cases[i].cnf == NULL && cases[i].ath != NULL) {
            /* Without cnf: read, then what it is bound to is taken away as if it had not been. */
            assert_int_equal(verify(none, ath_alone), ZTA_OK);
            posture.jkt[0] = '\0';
        }
        else {
            assert_int_equal(verify(none, cases[i].ath != NULL ? both : cnf), ZTA_OK);
        }
        if (mod_zta_posture_check(&posture, &request, &is_bound, &fault) != cases[i].status ||
            (cases[i].status == ZTA_OK && is_bound != cases[i].is_bound)) {
            fail_msg("case %zu", i);
        }
    }
}

static void without_a_token_nothing_is_bound_to_one(void **state)
{
    (void)state;
    struct mod_zta_posture_request request = good_request();
    bool is_bound = false;
    assert_int_equal(verify(none, (struct member){.name = "ath", .raw = "\"" ATH "\""}), ZTA_OK);
    request.token = (struct zta_text){.data = NULL};
    assert_int_equal(mod_zta_posture_check(&posture, &request, &is_bound, &fault), ZTA_FORBIDDEN);
}

/* ---- what is kept ---- */

static struct zta_sha256 digest(uint8_t set, uint8_t rest)
{
    struct zta_sha256 made;
    memset(made.bytes, rest, sizeof(made.bytes));
    made.bytes[0] = set;
    return made;
}

static void one_is_kept_until_it_expires(void **state)
{
    (void)state;
    struct mod_zta_posture_cache *cache = NULL;
    struct mod_zta_posture found;
    const struct zta_sha256 key = digest(1, 2);
    assert_int_equal(mod_zta_posture_cache_open(&cache), ZTA_OK);
    assert_int_equal(mod_zta_posture_cache_get(cache, &key, 1000, &found, &fault), ZTA_NOT_FOUND);
    const struct mod_zta_posture kept = {.expires_s = 1100, .device = "LT-1"};
    mod_zta_posture_cache_put(cache, &key, 1000, &kept);
    assert_int_equal(mod_zta_posture_cache_get(cache, &key, 1099, &found, &fault), ZTA_OK);
    assert_string_equal(found.device, "LT-1");
    assert_int_equal(mod_zta_posture_cache_get(cache, &key, 1100, &found, &fault), ZTA_NOT_FOUND);
    const struct zta_sha256 bad = digest(1, 3);
    (void)snprintf(fault.text, sizeof(fault.text), "bad");
    mod_zta_posture_cache_put_bad(cache, &bad, 1000, &fault);
    fault.text[0] = '\0';
    assert_int_equal(mod_zta_posture_cache_get(cache, &bad, 1009, &found, &fault), ZTA_FORBIDDEN);
    assert_string_equal(fault.text, "bad");
    assert_int_equal(mod_zta_posture_cache_get(cache, &bad, 1010, &found, &fault), ZTA_NOT_FOUND);
    mod_zta_posture_cache_close(&cache);
    assert_null(cache);
    assert_int_equal(mod_zta_posture_cache_get(NULL, &key, 1000, &found, &fault), ZTA_NOT_FOUND);
    mod_zta_posture_cache_put(NULL, &key, 1000, &kept);
}

static void a_flood_of_refused_ones_takes_no_room_of_good_ones(void **state)
{
    (void)state;
    struct mod_zta_posture_cache *cache = NULL;
    struct mod_zta_posture found;
    assert_int_equal(mod_zta_posture_cache_open(&cache), ZTA_OK);
    const struct mod_zta_posture kept = {.expires_s = 2000};
    for (uint8_t i = 0; i < 4; i++) {
        const struct zta_sha256 key = digest(5, i);
        mod_zta_posture_cache_put(cache, &key, 1000, &kept);
    }
    for (uint8_t i = 10; i < 200; i++) {
        const struct zta_sha256 key = digest(5, i);
        mod_zta_posture_cache_put_bad(cache, &key, 1000, &fault);
    }
    for (uint8_t i = 0; i < 4; i++) {
        const struct zta_sha256 key = digest(5, i);
        assert_int_equal(mod_zta_posture_cache_get(cache, &key, 1001, &found, &fault), ZTA_OK);
    }
    /* A good one more takes the place of the one that was not used for longest. */
    const struct zta_sha256 more = digest(5, 250);
    const struct zta_sha256 oldest = digest(5, 0);
    mod_zta_posture_cache_put(cache, &more, 1001, &kept);
    assert_int_equal(mod_zta_posture_cache_get(cache, &more, 1001, &found, &fault), ZTA_OK);
    assert_int_equal(mod_zta_posture_cache_get(cache, &oldest, 1001, &found, &fault),
                     ZTA_NOT_FOUND);
    mod_zta_posture_cache_close(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_one_is_read_whole),
        cmocka_unit_test(every_single_defect_refuses),
        cmocka_unit_test(every_altered_byte_is_noticed),
        cmocka_unit_test(it_counts_for_its_own_request_alone),
        cmocka_unit_test(it_is_bound_by_key_certificate_or_token),
        cmocka_unit_test(without_a_token_nothing_is_bound_to_one),
        cmocka_unit_test(one_is_kept_until_it_expires),
        cmocka_unit_test(a_flood_of_refused_ones_takes_no_room_of_good_ones),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
