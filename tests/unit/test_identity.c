/* SPDX-License-Identifier: Apache-2.0 */
/* Identities: value lists, claim names, the flat encoding, hostile bytes, session ids. */
#include "shared/identity.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct zta_identity one;
static struct zta_identity back;

static void add(struct zta_values *list, const char *value)
{
    assert_int_equal(zta_identity_add_value(&one, list, zta_text_of(value)), ZTA_OK);
}

static void fill(void)
{
    zta_identity_init(&one);
    one.credential = ZTA_CREDENTIAL_TOKEN;
    one.binding = ZTA_BINDING_MTLS;
    one.session_kind = ZTA_SESSION_SID;
    one.issuer = ZTA_TEXT("corp");
    one.subject = ZTA_TEXT("Cem \xc3\x96zdemir");
    one.client = ZTA_TEXT("");
    one.sid = ZTA_TEXT("s-1");
    one.acr = ZTA_TEXT("urn:example:mfa");
    one.jkt = ZTA_TEXT("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    one.x5t_s256 = ZTA_TEXT("A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0");
    add(&one.amr, "pwd"); /* not in the order of the encoding */
    add(&one.amr, "otp");
    add(&one.roles, "reader");
    add(&one.roles, "");
    one.scopes.is_known = true; /* known and empty */
    const struct zta_claim claims[] = {
        {.name = ZTA_TEXT("tenant"), .kind = ZTA_CLAIM_STRING, .text = ZTA_TEXT("acme")},
        {.name = ZTA_TEXT("level"),
         .kind = ZTA_CLAIM_NUMBER,
         .text = ZTA_TEXT("4.5"),
         .number = 4.5},
        {.name = ZTA_TEXT("beta"), .kind = ZTA_CLAIM_BOOL, .text = ZTA_TEXT("true"), .number = 1},
        {.name = ZTA_TEXT("none"), .kind = ZTA_CLAIM_EMPTY},
    };
    memcpy(one.claims, claims, sizeof claims);
    one.n_claims = sizeof claims / sizeof claims[0];
    one.auth_time_s = 1790000000;
    one.expires_s = -1;
    memset(one.session, 7, sizeof one.session);
    memset(&one.login, 8, sizeof one.login);
    memset(&one.token_id, 9, sizeof one.token_id);
}

static size_t encoded(uint8_t out[ZTA_IDENTITY_SIZE_MAX])
{
    size_t size = 0;
    assert_int_equal(zta_identity_encode(&one, out, ZTA_IDENTITY_SIZE_MAX, &size), ZTA_OK);
    return size;
}

static void assert_text(struct zta_text actual, struct zta_text expected)
{
    assert_int_equal(zta_text_is_absent(actual), zta_text_is_absent(expected));
    assert_int_equal(actual.len, expected.len);
    assert_true(actual.len == 0 || memcmp(actual.data, expected.data, actual.len) == 0);
}

static void assert_values(const struct zta_values *actual, const struct zta_values *expected)
{
    assert_int_equal(actual->is_known, expected->is_known);
    assert_int_equal(actual->n, expected->n);
    for (size_t i = 0; i < actual->n; i++) {
        assert_text(zta_identity_value(&back, actual, i), zta_identity_value(&one, expected, i));
    }
}

static void decode_gives_what_was_encoded(void **state)
{
    uint8_t out[ZTA_IDENTITY_SIZE_MAX];
    fill();
    size_t size = encoded(out);
    memset(&back, 0x5a, sizeof back);
    assert_int_equal(zta_identity_decode(out, size, &back), ZTA_OK);
    assert_int_equal(back.credential, ZTA_CREDENTIAL_TOKEN);
    assert_int_equal(back.binding, ZTA_BINDING_MTLS);
    assert_int_equal(back.session_kind, ZTA_SESSION_SID);
    assert_text(back.issuer, one.issuer);
    assert_text(back.subject, one.subject);
    assert_text(back.client, one.client);
    assert_text(back.apikey, one.apikey);
    assert_text(back.apikey_id, one.apikey_id);
    assert_text(back.sid, one.sid);
    assert_text(back.acr, one.acr);
    assert_text(back.certificate, one.certificate);
    assert_text(back.device, one.device);
    assert_text(back.jkt, one.jkt);
    assert_text(back.x5t_s256, one.x5t_s256);
    assert_values(&back.roles, &one.roles);
    assert_values(&back.groups, &one.groups);
    assert_values(&back.scopes, &one.scopes);
    assert_values(&back.amr, &one.amr);
    assert_int_equal(back.n_claims, one.n_claims);
    for (size_t i = 0; i < one.n_claims; i++) {
        assert_text(back.claims[i].name, one.claims[i].name);
        assert_text(back.claims[i].text, one.claims[i].text);
        assert_int_equal(back.claims[i].kind, one.claims[i].kind);
        assert_true(back.claims[i].number == one.claims[i].number);
    }
    assert_int_equal(back.auth_time_s, one.auth_time_s);
    assert_int_equal(back.issued_s, 0);
    assert_int_equal(back.expires_s, -1);
    assert_memory_equal(back.session, one.session, sizeof one.session);
    assert_memory_equal(&back.login, &one.login, sizeof one.login);
    assert_memory_equal(&back.token_id, &one.token_id, sizeof one.token_id);
}

static void init_leaves_nothing_known(void **state)
{
    uint8_t out[ZTA_IDENTITY_SIZE_MAX];
    memset(&one, 0xff, sizeof one);
    zta_identity_init(&one);
    assert_int_equal(one.credential, ZTA_CREDENTIAL_NONE);
    assert_true(zta_text_is_absent(one.issuer) && zta_text_is_absent(one.device));
    assert_true(zta_text_is_absent(one.jkt) && zta_text_is_absent(one.x5t_s256));
    assert_false(one.roles.is_known || one.amr.is_known);
    assert_false(zta_identity_has_value(&one, &one.roles, ZTA_TEXT("reader")));
    size_t size = encoded(out);
    assert_int_equal(zta_identity_decode(out, size, &back), ZTA_OK);
    assert_true(zta_text_is_absent(back.subject));
}

static void lists_are_found_and_bounded(void **state)
{
    fill();
    assert_true(zta_identity_has_value(&one, &one.amr, ZTA_TEXT("otp")));
    assert_true(zta_identity_has_value(&one, &one.roles, ZTA_TEXT("")));
    assert_false(zta_identity_has_value(&one, &one.roles, ZTA_TEXT("pwd")));
    assert_false(zta_identity_has_value(&one, &one.roles, (struct zta_text){.data = NULL}));
    assert_true(zta_text_is_absent(zta_identity_value(&one, &one.roles, 2)));
    /* amr is closed: roles were begun after it. */
    assert_int_equal(zta_identity_add_value(&one, &one.amr, ZTA_TEXT("sms")), ZTA_INVALID);
    assert_int_equal(zta_identity_add_value(&one, &one.roles, (struct zta_text){.data = NULL}),
                     ZTA_INVALID);
    while (one.n_values < ZTA_IDENTITY_VALUES_MAX) {
        add(&one.roles, "r");
    }
    assert_int_equal(zta_identity_add_value(&one, &one.roles, ZTA_TEXT("r")), ZTA_FULL);
}

static void claim_names_are_canonical(void **state)
{
    const struct {
        const char *segments[3];
        const char *name;
    } cases[] = {
        {.segments = {"tenant"}, .name = "tenant"},
        {.segments = {"realm_access", "roles"}, .name = "realm_access.roles"},
        {.segments = {"https://x.example/r", "admin"}, .name = "\"https://x.example/r\".admin"},
        {.segments = {"https://x/r"}, .name = "https://x/r"},
        {.segments = {"a", "b\"c\\"}, .name = "a.\"b\\\"c\\\\\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char storage[128];
        struct zta_buffer name;
        zta_buffer_init(&name, storage, sizeof storage);
        for (size_t s = 0; s < 3 && cases[i].segments[s]; s++) {
            zta_claim_name_append(&name, zta_text_of(cases[i].segments[s]));
        }
        assert_string_equal(storage, cases[i].name);
    }
}

static void encode_refuses_what_no_producer_makes(void **state)
{
    uint8_t out[ZTA_IDENTITY_SIZE_MAX];
    size_t size = 0;
    fill();
    one.roles.first = ZTA_IDENTITY_VALUES_MAX;
    assert_int_equal(zta_identity_encode(&one, out, sizeof out, &size), ZTA_INVALID);
    fill();
    one.n_claims = ZTA_IDENTITY_CLAIMS_MAX + 1;
    assert_int_equal(zta_identity_encode(&one, out, sizeof out, &size), ZTA_INVALID);
    fill();
    one.claims[1].number = (double)INFINITY;
    assert_int_equal(zta_identity_encode(&one, out, sizeof out, &size), ZTA_INVALID);
    fill();
    one.claims[2].text = ZTA_TEXT("1");
    assert_int_equal(zta_identity_encode(&one, out, sizeof out, &size), ZTA_INVALID);
    fill();
    one.credential = (enum zta_credential)9;
    assert_int_equal(zta_identity_encode(&one, out, sizeof out, &size), ZTA_INVALID);
    fill();
    size_t needed = encoded(out);
    for (size_t room = 0; room < needed; room++) {
        assert_int_equal(zta_identity_encode(&one, out, room, &size), ZTA_TOO_LARGE);
    }
    assert_int_equal(size, 0);
}

static void decode_refuses_every_cut_and_survives_every_changed_byte(void **state)
{
    uint8_t out[ZTA_IDENTITY_SIZE_MAX];
    fill();
    size_t size = encoded(out);
    for (size_t len = 0; len <= size; len++) {
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, out, len);
        copy[len] = 0;
        if (len < size) {
            assert_int_equal(zta_identity_decode(copy, len, &back), ZTA_CORRUPT);
            assert_int_equal(back.credential, ZTA_CREDENTIAL_NONE);
            assert_true(zta_text_is_absent(back.issuer));
            assert_int_equal(back.n_values, 0);
        }
        else {
            assert_int_equal(zta_identity_decode(copy, len + 1, &back), ZTA_CORRUPT);
        }
        free(copy);
    }
    for (size_t at = 0; at < size; at++) {
        for (unsigned value = 0; value < 256; value++) {
            uint8_t changed[ZTA_IDENTITY_SIZE_MAX];
            memcpy(changed, out, size);
            changed[at] = (uint8_t)value;
            if (zta_identity_decode(changed, size, &back) == ZTA_OK) {
                uint8_t again[ZTA_IDENTITY_SIZE_MAX];
                size_t again_size;
                assert_int_equal(zta_identity_encode(&back, again, sizeof again, &again_size),
                                 ZTA_OK);
                assert_int_equal(again_size, size);
                assert_memory_equal(again, changed, size);
            }
        }
    }
}

static void session_ids_depend_on_every_part(void **state)
{
    uint8_t first[ZTA_SESSION_ID_SIZE];
    uint8_t other[ZTA_SESSION_ID_SIZE];
    fill();
    zta_session_id_make(&one, ZTA_SESSION_SID, ZTA_TEXT("1"), first);
    zta_session_id_make(&one, ZTA_SESSION_SID, ZTA_TEXT("1"), other);
    assert_memory_equal(first, other, sizeof first);
    zta_session_id_make(&one, ZTA_SESSION_SID, ZTA_TEXT("2"), other);
    assert_memory_not_equal(first, other, sizeof first);
    zta_session_id_make(&one, ZTA_SESSION_AUTH_TIME, ZTA_TEXT("1"), other);
    assert_memory_not_equal(first, other, sizeof first);
    struct zta_text *parts[] = {&one.issuer, &one.client, &one.subject};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct zta_text kept = *parts[i];
        *parts[i] = ZTA_TEXT("another");
        zta_session_id_make(&one, ZTA_SESSION_SID, ZTA_TEXT("1"), other);
        assert_memory_not_equal(first, other, sizeof first);
        *parts[i] = kept;
    }
    /* The same bytes, parted elsewhere. */
    one.issuer = ZTA_TEXT("ab");
    one.client = ZTA_TEXT("c");
    zta_session_id_make(&one, ZTA_SESSION_SID, ZTA_TEXT("1"), first);
    one.issuer = ZTA_TEXT("a");
    one.client = ZTA_TEXT("bc");
    zta_session_id_make(&one, ZTA_SESSION_SID, ZTA_TEXT("1"), other);
    assert_memory_not_equal(first, other, sizeof first);
}

static void login_tags_are_of_issuer_and_each_name(void **state)
{
    static const struct zta_text absent = {.data = NULL};
    static const uint8_t zeros[8];
    struct zta_login_tag first;
    struct zta_login_tag other;
    zta_login_tag_make(ZTA_TEXT("corp"), ZTA_TEXT("s-1"), ZTA_TEXT("alice"), &first);
    zta_login_tag_make(ZTA_TEXT("corp"), ZTA_TEXT("s-2"), ZTA_TEXT("alice"), &other);
    assert_memory_not_equal(first.sid, other.sid, sizeof first.sid);
    assert_memory_equal(first.subject, other.subject, sizeof first.subject);
    zta_login_tag_make(ZTA_TEXT("partner"), ZTA_TEXT("s-1"), ZTA_TEXT("alice"), &other);
    assert_memory_not_equal(first.sid, other.sid, sizeof first.sid);
    assert_memory_not_equal(first.subject, other.subject, sizeof first.subject);
    zta_login_tag_make(ZTA_TEXT("corp"), absent, ZTA_TEXT("alice"), &other);
    assert_memory_equal(other.sid, zeros, sizeof zeros);
    assert_memory_equal(first.subject, other.subject, sizeof first.subject);
    zta_login_tag_make(ZTA_TEXT("corp"), ZTA_TEXT("s-1"), absent, &other);
    assert_memory_equal(first.sid, other.sid, sizeof first.sid);
    assert_memory_equal(other.subject, zeros, sizeof zeros);
}

static void token_ids_are_of_issuer_and_jti_else_of_the_signing_input(void **state)
{
    struct zta_sha256 first;
    struct zta_sha256 other;
    zta_token_id_make(ZTA_TEXT("corp"), ZTA_TEXT("j1"), ZTA_TEXT("a.b"), &first);
    zta_token_id_make(ZTA_TEXT("corp"), ZTA_TEXT("j1"), ZTA_TEXT("c.d"), &other);
    assert_memory_equal(&first, &other, sizeof first);
    zta_token_id_make(ZTA_TEXT("corpj"), ZTA_TEXT("1"), ZTA_TEXT("a.b"), &other);
    assert_memory_not_equal(&first, &other, sizeof first);
    zta_token_id_make(ZTA_TEXT("corp"), zta_text_of(NULL), ZTA_TEXT("a.b"), &first);
    zta_token_id_make(ZTA_TEXT("corp"), ZTA_TEXT(""), ZTA_TEXT("a.b"), &other);
    assert_memory_equal(&first, &other, sizeof first);
    zta_sha256("a.b", 3, &other);
    assert_memory_equal(&first, &other, sizeof first);
}

static void names_of_unknown_values_are_harmless(void **state)
{
    assert_string_equal(zta_credential_name(ZTA_CREDENTIAL_APIKEY), "apikey");
    assert_string_equal(zta_binding_name(ZTA_BINDING_DPOP), "dpop");
    assert_string_equal(zta_session_kind_name(ZTA_SESSION_AUTH_TIME), "auth-time");
    assert_string_equal(zta_credential_name((enum zta_credential)77), "unknown");
    assert_string_equal(zta_binding_name((enum zta_binding)77), "unknown");
    assert_string_equal(zta_session_kind_name((enum zta_session_kind)77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_gives_what_was_encoded),
        cmocka_unit_test(init_leaves_nothing_known),
        cmocka_unit_test(lists_are_found_and_bounded),
        cmocka_unit_test(claim_names_are_canonical),
        cmocka_unit_test(encode_refuses_what_no_producer_makes),
        cmocka_unit_test(decode_refuses_every_cut_and_survives_every_changed_byte),
        cmocka_unit_test(session_ids_depend_on_every_part),
        cmocka_unit_test(login_tags_are_of_issuer_and_each_name),
        cmocka_unit_test(token_ids_are_of_issuer_and_jti_else_of_the_signing_input),
        cmocka_unit_test(names_of_unknown_values_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
