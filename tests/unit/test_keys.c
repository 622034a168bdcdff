/* SPDX-License-Identifier: Apache-2.0 */
/* API keys: text form, records, names, and judging a presented secret. */
#include "shared/store/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/operator_store.h"

static enum zta_status put(const struct zta_key *key)
{
    struct zta_change *change = operator_begin();
    enum zta_status status = zta_key_put(change, key);
    operator_commit(change);
    return status;
}

static enum zta_status find(const char *name, void *storage, struct zta_key *key)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    enum zta_status status =
        zta_key_find(view, zta_text_of(name), storage, ZTA_KEY_STORAGE_SIZE, key);
    zta_view_end(&view);
    return status;
}

static struct zta_key key_named(const char *id, const char *name)
{
    struct zta_key key = {.name = zta_text_of(name), .created_s = 50};
    (void)snprintf(key.id, sizeof(key.id), "%s", id);
    return key;
}

static void a_generated_key_parses_to_its_parts(void **state)
{
    (void)state;
    char id[ZTA_KEY_ID_LEN + 1];
    char text[ZTA_KEY_TEXT_LEN + 1];
    struct zta_sha256 secret;
    zta_key_id_generate(id);
    zta_key_generate(id, text, &secret);
    assert_int_equal(strlen(text), ZTA_KEY_TEXT_LEN);
    struct zta_key_parts parts;
    assert_int_equal(zta_key_parse(zta_text_of(text), &parts), ZTA_OK);
    assert_string_equal(parts.id, id);
    struct zta_sha256 digest;
    zta_key_secret_digest(parts.secret, &digest);
    assert_memory_equal(digest.bytes, secret.bytes, ZTA_SHA256_SIZE);
    char other[ZTA_KEY_TEXT_LEN + 1];
    zta_key_generate(id, other, &secret);
    assert_string_not_equal(text, other);
}

/* The form is a promise to every client that holds a key: it must not move. */
static void the_checksum_is_over_all_before_the_last_underscore(void **state)
{
    (void)state;
    static const char text[] = "zta_0123456789ab_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq_";
    char full[ZTA_KEY_TEXT_LEN + 1];
    uint32_t crc = zta_crc32(text, sizeof(text) - 2);
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    memcpy(full, text, sizeof(text));
    for (size_t i = 0; i < ZTA_KEY_CRC_LEN; i++) {
        full[ZTA_KEY_TEXT_LEN - 1 - i] = digits[crc % 62];
        crc /= 62;
    }
    full[ZTA_KEY_TEXT_LEN] = '\0';
    struct zta_key_parts parts;
    assert_int_equal(zta_key_parse(zta_text_of(full), &parts), ZTA_OK);
    assert_string_equal(parts.id, "0123456789ab");
}

static void every_altered_character_is_noticed(void **state)
{
    (void)state;
    char text[ZTA_KEY_TEXT_LEN + 2];
    struct zta_sha256 secret;
    struct zta_key_parts parts;
    zta_key_generate("0123456789ab", text, &secret);
    for (size_t i = 0; i < ZTA_KEY_TEXT_LEN; i++) {
        static const char others[] = {'A', 'B', '_', '-', '\0', '\x80'};
        char former = text[i];
        for (size_t k = 0; k < sizeof(others); k++) {
            text[i] = others[k];
            struct zta_text altered = {.data = text, .len = ZTA_KEY_TEXT_LEN};
            assert_true(others[k] == former || zta_key_parse(altered, &parts) == ZTA_INVALID);
        }
        text[i] = former;
    }
    for (size_t len = 0; len < ZTA_KEY_TEXT_LEN; len++) {
        struct zta_text cut = {.data = text, .len = len};
        assert_int_equal(zta_key_parse(cut, &parts), ZTA_INVALID);
    }
    text[ZTA_KEY_TEXT_LEN] = 'x';
    text[ZTA_KEY_TEXT_LEN + 1] = '\0';
    assert_int_equal(zta_key_parse(zta_text_of(text), &parts), ZTA_INVALID);
    assert_int_equal(zta_key_parse(zta_text_of(NULL), &parts), ZTA_INVALID);
}

static void get_gives_back_what_was_put(void **state)
{
    (void)state;
    struct zta_key key = key_named("0123456789ab", "billing");
    key.owner = ZTA_TEXT("svc-billing");
    key.roles[0] = ZTA_TEXT("reader");
    key.roles[1] = ZTA_TEXT("");
    key.n_roles = 2;
    key.scopes[0] = ZTA_TEXT("orders.read");
    key.n_scopes = 1;
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("10.0.0.0/8"), &key.cidrs[0], NULL), ZTA_OK);
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("2001:db8::/32"), &key.cidrs[1], NULL), ZTA_OK);
    key.n_cidrs = 2;
    memset(key.secret.bytes, 1, ZTA_SHA256_SIZE);
    memset(key.old_secret.bytes, 2, ZTA_SHA256_SIZE);
    key.old_until_s = 60;
    key.expires_s = 70;
    key.reason = ZTA_TEXT("why");
    key.author = ZTA_TEXT("ann");
    assert_int_equal(put(&key), ZTA_OK);
    static char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key found;
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_key_get(view, key.id, storage, sizeof(storage), &found), ZTA_OK);
    assert_int_equal(zta_key_get(view, key.id, storage, 20, &found), ZTA_TOO_LARGE);
    assert_int_equal(zta_key_get(view, "0123456789aX", storage, sizeof(storage), &found),
                     ZTA_NOT_FOUND);
    assert_int_equal(zta_key_get(view, "short", storage, sizeof(storage), &found), ZTA_NOT_FOUND);
    assert_int_equal(zta_key_get(view, key.id, storage, sizeof(storage), &found), ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(found.id, key.id);
    assert_true(zta_text_equal(found.name, key.name));
    assert_true(zta_text_equal(found.owner, key.owner));
    assert_int_equal(found.n_roles, 2);
    assert_true(zta_text_equal(found.roles[0], key.roles[0]));
    assert_int_equal(found.roles[1].len, 0);
    assert_int_equal(found.n_scopes, 1);
    assert_true(zta_text_equal(found.scopes[0], key.scopes[0]));
    assert_int_equal(found.n_cidrs, 2);
    assert_memory_equal(&found.cidrs[1], &key.cidrs[1], sizeof(key.cidrs[1]));
    assert_memory_equal(found.secret.bytes, key.secret.bytes, ZTA_SHA256_SIZE);
    assert_memory_equal(found.old_secret.bytes, key.old_secret.bytes, ZTA_SHA256_SIZE);
    assert_int_equal(found.old_until_s, 60);
    assert_int_equal(found.created_s, 50);
    assert_int_equal(found.expires_s, 70);
    assert_int_equal(found.revoked_s, 0);
    assert_true(zta_text_equal(found.reason, key.reason));
    assert_true(zta_text_equal(found.author, key.author));
}

static void a_living_name_is_unique(void **state)
{
    (void)state;
    static char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key found;
    struct zta_key first = key_named("aaaaaaaaaaaa", "billing");
    struct zta_key second = key_named("bbbbbbbbbbbb", "billing");
    second.created_s = 60;
    assert_int_equal(put(&first), ZTA_OK);
    assert_int_equal(put(&first), ZTA_OK);
    assert_int_equal(put(&second), ZTA_EXISTS);
    first.revoked_s = 99;
    assert_int_equal(put(&first), ZTA_OK);
    assert_int_equal(find("billing", storage, &found), ZTA_OK);
    assert_string_equal(found.id, first.id);
    assert_int_equal(put(&second), ZTA_OK);
    assert_int_equal(find("billing", storage, &found), ZTA_OK);
    assert_string_equal(found.id, second.id);
    /* Revoking the first again must not free the name that the second has now. */
    assert_int_equal(put(&first), ZTA_OK);
    struct zta_key third = key_named("cccccccccccc", "billing");
    assert_int_equal(put(&third), ZTA_EXISTS);
    second.revoked_s = 100;
    assert_int_equal(put(&second), ZTA_OK);
    assert_int_equal(find("billing", storage, &found), ZTA_OK);
    assert_string_equal(found.id, second.id); /* the latest of the revoked */
    assert_int_equal(find("other", storage, &found), ZTA_NOT_FOUND);
    assert_int_equal(zta_store_check(fixture.dir, true, NULL), ZTA_OK);
}

static void a_renamed_key_frees_its_name(void **state)
{
    (void)state;
    static char storage[ZTA_KEY_STORAGE_SIZE];
    struct zta_key found;
    struct zta_key key = key_named("aaaaaaaaaaaa", "old");
    assert_int_equal(put(&key), ZTA_OK);
    key.name = ZTA_TEXT("new");
    assert_int_equal(put(&key), ZTA_OK);
    assert_int_equal(find("old", storage, &found), ZTA_NOT_FOUND);
    assert_int_equal(find("new", storage, &found), ZTA_OK);
    struct zta_key other = key_named("bbbbbbbbbbbb", "old");
    assert_int_equal(put(&other), ZTA_OK);
}

static void what_is_no_key_is_refused(void **state)
{
    (void)state;
    static char long_name[ZTA_NAME_MAX + 2];
    memset(long_name, 'n', ZTA_NAME_MAX + 1);
    struct zta_key cases[6];
    for (size_t i = 0; i < 6; i++) {
        cases[i] = key_named("aaaaaaaaaaaa", "name");
    }
    cases[0].name = zta_text_of(NULL);
    cases[1].name = ZTA_TEXT("");
    cases[2].name = zta_text_of(long_name);
    cases[3].n_roles = ZTA_KEY_VALUES_MAX + 1;
    cases[4].id[3] = '-';
    cases[5].n_cidrs = 1; /* of no family */
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(put(&cases[i]), ZTA_INVALID);
    }
    static char large[ZTA_KEY_STORAGE_SIZE];
    memset(large, 'x', sizeof(large));
    struct zta_key key = key_named("aaaaaaaaaaaa", "name");
    key.owner = (struct zta_text){.data = large, .len = sizeof(large)};
    assert_int_equal(put(&key), ZTA_TOO_LARGE);
}

static void verify_judges_secret_address_and_time(void **state)
{
    (void)state;
    struct zta_text secret = ZTA_TEXT("new-secret");
    struct zta_text old = ZTA_TEXT("old-secret");
    struct zta_key key = key_named("aaaaaaaaaaaa", "name");
    zta_key_secret_digest(secret, &key.secret);
    zta_key_secret_digest(old, &key.old_secret);
    key.old_until_s = 200;
    key.expires_s = 300;
    assert_int_equal(zta_cidr_parse(ZTA_TEXT("10.0.0.0/8"), &key.cidrs[0], NULL), ZTA_OK);
    key.n_cidrs = 1;
    const struct {
        struct zta_text secret;
        const char *addr;
        int64_t now_s;
        int64_t revoked_s;
        enum zta_status status;
    } cases[] = {
        {.secret = secret, .addr = "10.1.1.1", .now_s = 299, .status = ZTA_OK},
        {.secret = secret, .addr = "10.1.1.1", .now_s = 300, .status = ZTA_EXPIRED},
        {.secret = secret, .addr = "11.1.1.1", .now_s = 100, .status = ZTA_NOT_FOUND},
        {.secret = secret, .addr = "11.1.1.1", .now_s = 300, .status = ZTA_NOT_FOUND},
        {.secret = secret, .addr = NULL, .now_s = 100, .status = ZTA_NOT_FOUND},
        {.secret = old, .addr = "10.1.1.1", .now_s = 199, .status = ZTA_OK},
        {.secret = old, .addr = "10.1.1.1", .now_s = 200, .status = ZTA_NOT_FOUND},
        {.secret = old, .addr = "10.1.1.1", .now_s = 300, .status = ZTA_NOT_FOUND},
        {.secret = ZTA_TEXT("x"), .addr = "10.1.1.1", .now_s = 100, .status = ZTA_NOT_FOUND},
        {.secret = {.data = NULL}, .addr = "10.1.1.1", .now_s = 100, .status = ZTA_NOT_FOUND},
        {.secret = secret,
         .addr = "10.1.1.1",
         .now_s = 100,
         .revoked_s = 1,
         .status = ZTA_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct zta_addr addr = {.family = 0};
        if (cases[i].addr != NULL) {
            assert_int_equal(zta_addr_parse(zta_text_of(cases[i].addr), &addr), ZTA_OK);
        }
        key.revoked_s = cases[i].revoked_s;
        assert_int_equal(zta_key_verify(&key, cases[i].secret, &addr, cases[i].now_s),
                         cases[i].status);
    }
}

static void a_key_without_secret_opens_for_nobody(void **state)
{
    (void)state;
    struct zta_key key = key_named("aaaaaaaaaaaa", "name");
    struct zta_addr addr = {.family = 0};
    assert_int_equal(zta_key_verify(&key, ZTA_TEXT(""), &addr, 1), ZTA_NOT_FOUND);
    assert_int_equal(zta_key_verify(&key, ZTA_TEXT("anything"), &addr, 1), ZTA_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_generated_key_parses_to_its_parts),
        cmocka_unit_test(the_checksum_is_over_all_before_the_last_underscore),
        cmocka_unit_test(every_altered_character_is_noticed),
        WITH_STORE(get_gives_back_what_was_put),
        WITH_STORE(a_living_name_is_unique),
        WITH_STORE(a_renamed_key_frees_its_name),
        WITH_STORE(what_is_no_key_is_refused),
        cmocka_unit_test(verify_judges_secret_address_and_time),
        cmocka_unit_test(a_key_without_secret_opens_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
