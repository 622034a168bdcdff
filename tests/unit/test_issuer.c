/* SPDX-License-Identifier: Apache-2.0 */
/* Names of algorithms and claims, and the hash of an issuer's configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mod_zta/identity/claim_name.h"
#include "mod_zta/identity/issuer.h"
#include "mod_zta/identity/strict_json.h"

static void algorithms_are_exact_names(void **state)
{
    static const char *const good[] = {"RS256", "RS384", "RS512", "PS256",   "PS384", "PS512",
                                       "ES256", "ES384", "ES512", "Ed25519", "EdDSA"};
    static const char *const bad[] = {"none",  "None",   "NONE",   "",     "HS256",  "HS512",
                                      "rs256", "RS256 ", "RS25",   "ES25", "ES256K", "RS1",
                                      "Ed448", "eddsa",  "RS2560", "dir",  "A128KW", "RSA-OAEP"};
    unsigned all = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        unsigned alg = mod_zta_alg_parse(zta_text_of(good[i]));
        assert_true(alg != 0 && (alg & (alg - 1)) == 0 && (all & alg) == 0);
        assert_string_equal(mod_zta_alg_name(alg), good[i]);
        all |= alg;
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(mod_zta_alg_parse(zta_text_of(bad[i])), 0);
    }
    assert_int_equal(mod_zta_alg_parse((struct zta_text){.data = NULL}), 0);
    assert_int_equal(mod_zta_alg_parse((struct zta_text){.data = "RS256\0x", .len = 7}), 0);
}

static const struct {
    const char *text;
    const char *canonical; /* NULL: refused */
} names[] = {
    {.text = "roles", .canonical = "roles"},
    {.text = "realm_access.roles", .canonical = "realm_access.roles"},
    {.text = "\"realm_access\".\"roles\"", .canonical = "realm_access.roles"},
    {.text = "a.\"b.c\"", .canonical = "a.\"b.c\""},
    {.text = "\"https://x.example/roles\"", .canonical = "\"https://x.example/roles\""},
    {.text = "\"a\\\"b\"", .canonical = "\"a\\\"b\""},
    {.text = "\"a\\\\b\"", .canonical = "a\\b"},
    {.text = "\"a\\\\.b\"", .canonical = "\"a\\\\.b\""},
    {.text = "x5t#S256", .canonical = "x5t#S256"},
    {.text = "gr\xc3\xb6\xc3\x9f"
             "e",
     .canonical = "gr\xc3\xb6\xc3\x9f"
                  "e"},
    {.text = ""},
    {.text = "."},
    {.text = "a."},
    {.text = ".a"},
    {.text = "a..b"},
    {.text = "\"\""},
    {.text = "\"a"},
    {.text = "\"a\\"},
    {.text = "\"a\\n\""},
    {.text = "\"a\"b"},
    {.text = "a\"b\""},
    {.text = "\xff"},
};

static void claim_names_have_one_canonical_form(void **state)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char out[128] = "untouched";
        enum zta_status status =
            mod_zta_claim_name_parse(zta_text_of(names[i].text), out, sizeof out);
        if (names[i].canonical == NULL) {
            if (status != ZTA_INVALID) {
                fail_msg("'%s' is taken", names[i].text);
            }
            continue;
        }
        assert_int_equal(status, ZTA_OK);
        assert_string_equal(out, names[i].canonical);
        /* The canonical form is its own. */
        char again[128];
        assert_int_equal(mod_zta_claim_name_parse(zta_text_of(out), again, sizeof again), ZTA_OK);
        assert_string_equal(again, out);
    }
    char small[4];
    assert_int_equal(mod_zta_claim_name_parse(ZTA_TEXT("roles"), small, sizeof small),
                     ZTA_TOO_LARGE);
    char big[MOD_ZTA_CLAIM_SEGMENT_MAX + 4];
    char out[1024];
    memset(big, 'a', sizeof big);
    struct zta_text longest = {.data = big, .len = MOD_ZTA_CLAIM_SEGMENT_MAX};
    struct zta_text longer = {.data = big, .len = MOD_ZTA_CLAIM_SEGMENT_MAX + 1};
    assert_int_equal(mod_zta_claim_name_parse(longest, out, sizeof out), ZTA_OK);
    assert_int_equal(mod_zta_claim_name_parse(longer, out, sizeof out), ZTA_TOO_LARGE);
    big[0] = '"';
    assert_int_equal(mod_zta_claim_name_parse((struct zta_text){.data = big, .len = sizeof big},
                                              out, sizeof out),
                     ZTA_TOO_LARGE);
}

static void a_claim_is_found_along_its_name(void **state)
{
    static const char text[] = "{\"a\":{\"b\":{\"c\":1},\"b.c\":2,\"n\":null},\"a.b\":3,\"l\":[{}],"
                               "\"q\\\"\":4,\"s\":\"x\"}";
    static const struct {
        const char *name;
        int value; /* 0: not there */
    } finds[] = {
        {.name = "a.b.c", .value = 1},   {.name = "a.\"b.c\"", .value = 2},
        {.name = "\"a.b\"", .value = 3}, {.name = "\"q\\\"\"", .value = 4},
        {.name = "a.n", .value = 0},     {.name = "a.x", .value = 0},
        {.name = "s.x", .value = 0},     {.name = "l.0", .value = 0},
        {.name = "a.b.c.d", .value = 0}, {.name = "a..b", .value = 0},
        {.name = "", .value = 0},
    };
    json_t *claims;
    const char *fault;
    assert_int_equal(mod_zta_json_load(ZTA_TEXT(text), &claims, &fault), ZTA_OK);
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++) {
        const json_t *value = mod_zta_claim_find(claims, zta_text_of(finds[i].name));
        assert_true((value != NULL) == (finds[i].value != 0));
        assert_int_equal(json_integer_value(value), finds[i].value);
    }
    assert_null(mod_zta_claim_find(claims, (struct zta_text){.data = NULL}));
    json_decref(claims);
}

static void every_setting_of_an_issuer_changes_its_hash(void **state)
{
    const struct zta_text audiences[] = {ZTA_TEXT("https://api"), ZTA_TEXT("https://b")};
    struct mod_zta_issuer base = {
        .name = ZTA_TEXT("corp"),
        .url = ZTA_TEXT("https://idp"),
        .audiences = audiences,
        .n_audiences = 1,
        .algs = MOD_ZTA_ALGS_DEFAULT,
        .token_type = ZTA_TEXT("at+jwt"),
        .leeway_s = 60,
    };
    mod_zta_claim_names_init(&base.claims);
    mod_zta_issuer_seal(&base);
    struct mod_zta_issuer changed[11];
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        changed[i] = base;
    }
    changed[1].name = ZTA_TEXT("corq");
    changed[2].url = ZTA_TEXT("https://idp/");
    changed[3].n_audiences = 2;
    changed[4].algs = MOD_ZTA_ALG_RS256;
    changed[5].token_type = ZTA_TEXT("any");
    changed[6].leeway_s = 61;
    changed[7].claims.roles = ZTA_TEXT("groups");
    changed[8].claims.device = ZTA_TEXT("device");
    changed[9].claims.groups = ZTA_TEXT("roles");
    changed[10].claims.scope = ZTA_TEXT("scp");
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++) {
        mod_zta_issuer_seal(&changed[i]);
        for (size_t j = 0; j < i; j++) {
            assert_true(changed[i].config_hash != changed[j].config_hash);
        }
    }
    assert_true(changed[0].config_hash == base.config_hash);
}

static const struct {
    const char *text;
    size_t len; /* 0: up to NUL */
    const char *fault;
} objects[] = {
    {.text = "{}", .fault = NULL},
    {.text = " {\"a\" : [1, 2.5e3, true, null, \"\\u00e4\\\"}\"] } \n", .fault = NULL},
    {.text = "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[1]}}}}}}}", .fault = NULL},
    {.text = "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":[[]]}}}}}}}",
     .fault = "nested too deep"},
    {.text = "[[[[[[[[[", .fault = "nested too deep"},
    {.text = "", .fault = "not JSON"},
    {.text = "[]", .fault = "not an object"},
    {.text = "1", .fault = "not JSON"},
    {.text = "{\"a\":1,\"a\":1}", .fault = "a member stands twice"},
    {.text = "{\"a\":{\"b\":1,\"b\":2}}", .fault = "a member stands twice"},
    {.text = "{\"a\":[{\"b\":1,\"b\":2}]}", .fault = "a member stands twice"},
    {.text = "{\"a\":1,\"\\u0061\":2}", .fault = "a member stands twice"},
    {.text = "{\"a\":\"x\\u0000y\"}", .fault = "NUL in a text"},
    {.text = "{\"a\\u0000b\":1}", .fault = "NUL in a text"},
    {.text = "{\"a\":\"x\0y\"}", .len = 11, .fault = "not JSON"},
    {.text = "{\"a\":1}\0", .len = 8, .fault = "more than one value"},
    {.text = "{} {}", .fault = "more than one value"},
    {.text = "{}x", .fault = "more than one value"},
    {.text = "\xef\xbb\xbf{}", .fault = "not JSON"},
    {.text = "{\0\"\0a\0\"\0:\0"
             "1\0}\0",
     .len = 14,
     .fault = "not JSON"},
    {.text = "{\"a\":\"\xff\"}", .fault = "not UTF-8"},
    {.text = "{\"a\":\"\xc0\xaf\"}", .fault = "not UTF-8"},
    {.text = "{\"a\":\"\xed\xa0\x80\"}", .fault = "not UTF-8"},
    {.text = "{\"a\":\"\\ud800\"}", .fault = "not JSON"},
    {.text = "{\"a\":1e400}", .fault = "a number is out of range"},
    {.text = "{\"a\":99999999999999999999}", .fault = "a number is out of range"},
    {.text = "{\"a\":01}", .fault = "not JSON"},
    {.text = "{\"a\":NaN}", .fault = "not JSON"},
    {.text = "{'a':1}", .fault = "not JSON"},
    {.text = "{\"a\":1,}", .fault = "not JSON"},
    {.text = "{\"a\":\"\x01\"}", .fault = "not JSON"},
    {.text = "{\"a\":\"x", .fault = "not JSON"},
    {.text = "{\"a\":\"\\", .fault = "not JSON"},
    {.text = "}}}}", .fault = "not JSON"},
};

static void objects_are_read_strictly(void **state)
{
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        struct zta_text text = {
            .data = objects[i].text,
            .len = objects[i].len != 0 ? objects[i].len : strlen(objects[i].text),
        };
        json_t *object = NULL;
        const char *fault = NULL;
        enum zta_status status = mod_zta_json_load(text, &object, &fault);
        if (objects[i].fault == NULL) {
            assert_int_equal(status, ZTA_OK);
            json_decref(object);
            continue;
        }
        if (status != ZTA_INVALID || strcmp(fault, objects[i].fault) != 0) {
            fail_msg("%s gives %d, %s", objects[i].text, (int)status, fault);
        }
    }
}

static void an_object_has_at_most_64_members(void **state)
{
    for (int n = 64; n <= 65; n++) {
        char text[2048];
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, text, sizeof text);
        for (int i = 0; i < n; i++) {
            zta_buffer_printf(&buffer, "%s\"m%d\":\":\"", i > 0 ? "," : "{", i);
        }
        zta_buffer_string(&buffer, "}");
        json_t *object = NULL;
        const char *fault = NULL;
        assert_int_equal(mod_zta_json_load(zta_text_of(text), &object, &fault),
                         n == 64 ? ZTA_OK : ZTA_INVALID);
        json_decref(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(algorithms_are_exact_names),
        cmocka_unit_test(claim_names_have_one_canonical_form),
        cmocka_unit_test(a_claim_is_found_along_its_name),
        cmocka_unit_test(every_setting_of_an_issuer_changes_its_hash),
        cmocka_unit_test(objects_are_read_strictly),
        cmocka_unit_test(an_object_has_at_most_64_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
