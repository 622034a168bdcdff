/* SPDX-License-Identifier: Apache-2.0 */
/* What a request presents, from its header values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mod_zta/identity/credential.h"

static const struct mod_zta_credential_sources both = {
    .has_authorization = true,
    .apikey_header = "X-API-Key",
};

static struct mod_zta_credential present(const struct mod_zta_credential_sources *sources,
                                         const char *authorization, const char *apikey)
{
    struct mod_zta_credential credential;
    memset(&credential, 0xff, sizeof credential);
    const struct mod_zta_credential_fields fields = {.authorization = authorization,
                                                     .apikey = apikey};
    mod_zta_credential_read(sources, &fields, &credential);
    /* What is no credential has no value; what is bad says why. */
    if (credential.presented == MOD_ZTA_PRESENTED_NONE ||
        credential.presented == MOD_ZTA_PRESENTED_BAD) {
        assert_null(credential.value.data);
    }
    assert_true((credential.presented == MOD_ZTA_PRESENTED_BAD) == (credential.detail != NULL));
    return credential;
}

static const struct {
    const char *authorization;
    enum mod_zta_presented presented;
    const char *value;
} headers[] = {
    {.authorization = "Bearer a.b.c", .presented = MOD_ZTA_PRESENTED_TOKEN, .value = "a.b.c"},
    {.authorization = "bearer x", .presented = MOD_ZTA_PRESENTED_TOKEN, .value = "x"},
    {.authorization = "BEARER x", .presented = MOD_ZTA_PRESENTED_TOKEN, .value = "x"},
    {.authorization = "Bearer  x", .presented = MOD_ZTA_PRESENTED_TOKEN, .value = "x"},
    {.authorization = "Bearer Az09-._~+/==",
     .presented = MOD_ZTA_PRESENTED_TOKEN,
     .value = "Az09-._~+/=="},
    {.authorization = "DPoP a.b.c", .presented = MOD_ZTA_PRESENTED_DPOP, .value = "a.b.c"},
    {.authorization = "dpop a.b.c", .presented = MOD_ZTA_PRESENTED_DPOP, .value = "a.b.c"},
    {.authorization = "Bearer zta_k_s_c",
     .presented = MOD_ZTA_PRESENTED_APIKEY,
     .value = "zta_k_s_c"},
    {.authorization = "Bearer ZTA_k", .presented = MOD_ZTA_PRESENTED_TOKEN, .value = "ZTA_k"},
    {.authorization = "DPoP zta_k", .presented = MOD_ZTA_PRESENTED_DPOP, .value = "zta_k"},
    {.authorization = "Basic dXNlcjpwYXNz", .presented = MOD_ZTA_PRESENTED_NONE},
    {.authorization = "Bearerx a", .presented = MOD_ZTA_PRESENTED_NONE},
    {.authorization = "Negotiate", .presented = MOD_ZTA_PRESENTED_NONE},
    {.authorization = "Bearer", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer ", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer a b", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer a ", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer x,y", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer x, DPoP y", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer x, Bearer x", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Basic a, Bearer x", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Basic a,,\tdpop x", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Digest username=\"a\", realm=\"b\"", .presented = MOD_ZTA_PRESENTED_NONE},
    {.authorization = "Bearer\tx", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer \tx", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer =", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer a=b", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer \xc3\xb6", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer \"a\"", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer {}", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "Bearer=x", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "DPoP", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = " Bearer x", .presented = MOD_ZTA_PRESENTED_BAD},
    {.authorization = "\xc3\xb6", .presented = MOD_ZTA_PRESENTED_BAD},
};

static void authorization_is_read_to_the_letter(void **state)
{
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        struct mod_zta_credential credential = present(&both, headers[i].authorization, NULL);
        if (credential.presented != headers[i].presented) {
            fail_msg("'%s' gives %d", headers[i].authorization, (int)credential.presented);
        }
        if (headers[i].value != NULL) {
            assert_true(zta_text_equal(credential.value, zta_text_of(headers[i].value)));
        }
    }
}

/* Each byte at each place of tokens around the 64 that are looked at together. */
static void each_character_of_a_token_is_looked_at(void **state)
{
    static const char good[] =
        "-./_~+0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const size_t lens[] = {15, 63, 64, 65, 150};
    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const size_t len = lens[i];
        for (size_t at = 0; at < len; at++) {
            for (int c = 1; c <= 255; c++) {
                char header[256] = "Bearer ";
                memset(header + 7, 'a', len);
                header[7 + at] = (char)c;
                const bool is_good = strchr(good, c) != NULL || (c == '=' && at == len - 1);
                const bool is_space = c == ' ' && at == 0; /* another one behind the scheme */
                assert_int_equal(present(&both, header, NULL).presented,
                                 is_good || is_space ? MOD_ZTA_PRESENTED_TOKEN
                                                     : MOD_ZTA_PRESENTED_BAD);
            }
        }
    }
}

static void a_long_token_is_handed_on_for_the_judge_to_refuse(void **state)
{
    char header[16384] = "Bearer ";
    memset(header + 7, 'a', sizeof header - 8);
    struct mod_zta_credential credential = present(&both, header, NULL);
    assert_int_equal(credential.presented, MOD_ZTA_PRESENTED_TOKEN);
    assert_int_equal(credential.value.len, sizeof header - 8);
}

static void an_api_key_comes_in_its_header(void **state)
{
    struct mod_zta_credential credential = present(&both, NULL, "zta_k_s_c");
    assert_int_equal(credential.presented, MOD_ZTA_PRESENTED_APIKEY);
    assert_true(zta_text_equal(credential.value, ZTA_TEXT("zta_k_s_c")));
    /* A foreign scheme beside it is none of our business. */
    assert_int_equal(present(&both, "Basic eA==", "zta_k").presented, MOD_ZTA_PRESENTED_APIKEY);
}

static void a_malformed_api_key_header_is_bad(void **state)
{
    static const char *const keys[] = {"", "a b", "zta_a,zta_b", "zta_a, zta_a", "zta_\t", "\x80"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(present(&both, NULL, keys[i]).presented, MOD_ZTA_PRESENTED_BAD);
        assert_int_equal(present(&both, "Bearer x", keys[i]).presented, MOD_ZTA_PRESENTED_BAD);
    }
}

static void two_credentials_are_bad(void **state)
{
    static const char *const beside[] = {"Bearer x", "DPoP x", "Bearer zta_k", "Bearer"};
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        assert_int_equal(present(&both, beside[i], "zta_k").presented, MOD_ZTA_PRESENTED_BAD);
    }
}

static void a_header_that_is_not_asked_for_does_not_exist(void **state)
{
    const struct mod_zta_credential_sources authorization = {.has_authorization = true};
    const struct mod_zta_credential_sources apikey = {.apikey_header = "X-API-Key"};
    const struct mod_zta_credential_sources none = {.has_authorization = false};
    assert_int_equal(present(&authorization, "Bearer x", "a,b").presented, MOD_ZTA_PRESENTED_TOKEN);
    assert_int_equal(present(&apikey, "Bearer x, y", "zta_k").presented, MOD_ZTA_PRESENTED_APIKEY);
    assert_int_equal(present(&none, "Bearer x", "zta_k").presented, MOD_ZTA_PRESENTED_NONE);
    assert_int_equal(present(&both, NULL, NULL).presented, MOD_ZTA_PRESENTED_NONE);
}

static struct mod_zta_credential_fields fields_of(const char *authorization, const char *cookie,
                                                  const char *query_token)
{
    return (struct mod_zta_credential_fields){.authorization = authorization,
                                              .cookie = cookie,
                                              .query_token = query_token,
                                              .query_status = ZTA_OK};
}

static const struct mod_zta_credential_sources everywhere = {
    .has_authorization = true,
    .has_query = true,
    .apikey_header = "X-API-Key",
    .cookie = "token",
};

static void a_token_stands_in_a_cookie_or_the_query(void **state)
{
    static const struct {
        const char *authorization;
        const char *cookie;
        const char *query_token;
        enum mod_zta_presented presented;
        enum mod_zta_credential_place place;
    } cases[] = {
        {NULL, "token=a.b.c", NULL, MOD_ZTA_PRESENTED_TOKEN, MOD_ZTA_PLACE_COOKIE},
        {NULL, NULL, "a.b.c", MOD_ZTA_PRESENTED_TOKEN, MOD_ZTA_PLACE_QUERY},
        {"Basic eA==", "token=a.b.c", NULL, MOD_ZTA_PRESENTED_TOKEN, MOD_ZTA_PLACE_COOKIE},
        {NULL, "token=zta_k_s_c", NULL, MOD_ZTA_PRESENTED_TOKEN, MOD_ZTA_PLACE_COOKIE},
        {"Bearer a", "other=1", NULL, MOD_ZTA_PRESENTED_TOKEN, MOD_ZTA_PLACE_AUTHORIZATION},
        {NULL, "other=1", NULL, MOD_ZTA_PRESENTED_NONE, MOD_ZTA_PLACE_NONE},
        {"Bearer a", "token=a", NULL, MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_AUTHORIZATION},
        {"Bearer a", NULL, "a", MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_AUTHORIZATION},
        {NULL, "token=a", "a", MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_COOKIE},
        {"DPoP a", "token=a", "a", MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_AUTHORIZATION},
        {NULL, "token=a; token=a", NULL, MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_COOKIE},
        {NULL, "token=", NULL, MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_COOKIE},
        {NULL, "token=\"a\"", NULL, MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_COOKIE},
        {NULL, NULL, "", MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_QUERY},
        {NULL, NULL, "a b", MOD_ZTA_PRESENTED_BAD, MOD_ZTA_PLACE_QUERY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mod_zta_credential_fields fields =
            fields_of(cases[i].authorization, cases[i].cookie, cases[i].query_token);
        struct mod_zta_credential credential;
        mod_zta_credential_read(&everywhere, &fields, &credential);
        if (credential.presented != cases[i].presented || credential.place != cases[i].place) {
            fail_msg("case %zu: %d in %d", i, (int)credential.presented, (int)credential.place);
        }
    }
}

static void a_query_that_could_not_be_read_is_bad(void **state)
{
    struct mod_zta_credential_fields fields = fields_of(NULL, NULL, "");
    struct mod_zta_credential credential;
    fields.query_status = ZTA_INVALID;
    mod_zta_credential_read(&everywhere, &fields, &credential);
    assert_int_equal(credential.presented, MOD_ZTA_PRESENTED_BAD);
    fields.query_status = ZTA_NOT_FOUND;
    mod_zta_credential_read(&everywhere, &fields, &credential);
    assert_int_equal(credential.presented, MOD_ZTA_PRESENTED_NONE);
    mod_zta_credential_read(&both, &fields, &credential);
    assert_int_equal(credential.presented, MOD_ZTA_PRESENTED_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorization_is_read_to_the_letter),
        cmocka_unit_test(each_character_of_a_token_is_looked_at),
        cmocka_unit_test(a_long_token_is_handed_on_for_the_judge_to_refuse),
        cmocka_unit_test(an_api_key_comes_in_its_header),
        cmocka_unit_test(a_malformed_api_key_header_is_bad),
        cmocka_unit_test(two_credentials_are_bad),
        cmocka_unit_test(a_token_stands_in_a_cookie_or_the_query),
        cmocka_unit_test(a_query_that_could_not_be_read_is_bad),
        cmocka_unit_test(a_header_that_is_not_asked_for_does_not_exist),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
