/* SPDX-License-Identifier: Apache-2.0 */
/* Key sets in the store: what goes in comes out, and a store without the table goes on. */
#include "shared/store/keysets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/store/env_priv.h"
#include "tests/unit/store_fixture.h"

static struct store_fixture fixture;

static int setup(void **state)
{
    (void)state;
    store_fixture_make(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    store_fixture_remove(&fixture);
    return 0;
}

static struct zta_keyset_record whole_record(void)
{
    return (struct zta_keyset_record){
        .name = ZTA_TEXT("corp"),
        .source = UINT64_C(0xfedcba9876543210),
        .url = ZTA_TEXT("https://idp.example"),
        .keys = ZTA_TEXT("discover"),
        .jwks_uri = ZTA_TEXT("https://idp.example/jwks"),
        .introspection_endpoint = ZTA_TEXT("https://idp.example/introspect"),
        .etag = ZTA_TEXT("\"v1\""),
        .error = ZTA_TEXT("timed out"),
        .jwks = ZTA_TEXT("{\"keys\":[]}"),
        .stale_s = 86400,
        .fetched_s = 1800000000,
        .good_until_s = 1800003600,
        .attempted_s = 1800000100,
        .next_s = 1800000160,
        .n_failures = 3,
        .has_skew = true,
        .skew_s = -7,
    };
}

static void put(struct zta_store *store, const struct zta_keyset_record *record)
{
    struct zta_error error = {.text = ""};
    struct zta_change *change = store_begin(store, "test");
    assert_int_equal(zta_keyset_put(change, record), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static bool same_text(struct zta_text a, struct zta_text b)
{
    return zta_text_is_absent(a) ? zta_text_is_absent(b) : zta_text_equal(a, b);
}

static void assert_same(const struct zta_keyset_record *a, const struct zta_keyset_record *b)
{
    assert_true(same_text(a->name, b->name) && same_text(a->url, b->url) &&
                same_text(a->keys, b->keys) && same_text(a->jwks_uri, b->jwks_uri) &&
                same_text(a->introspection_endpoint, b->introspection_endpoint) &&
                same_text(a->etag, b->etag) && same_text(a->error, b->error));
    assert_int_equal(a->jwks.len, b->jwks.len);
    assert_true(a->jwks.len == 0 || memcmp(a->jwks.data, b->jwks.data, a->jwks.len) == 0);
    assert_true(a->source == b->source && a->stale_s == b->stale_s &&
                a->fetched_s == b->fetched_s && a->good_until_s == b->good_until_s &&
                a->attempted_s == b->attempted_s && a->next_s == b->next_s &&
                a->n_failures == b->n_failures && a->has_skew == b->has_skew &&
                a->skew_s == b->skew_s);
}

static void a_record_comes_back_as_it_was_put(void **state)
{
    (void)state;
    static char jwks[ZTA_KEYSET_JWKS_MAX];
    memset(jwks, 'x', sizeof jwks);
    struct zta_keyset_record records[3] = {whole_record(), whole_record(), whole_record()};
    records[1].jwks = (struct zta_text){.data = jwks, .len = sizeof jwks};
    records[2] = (struct zta_keyset_record){
        .name = ZTA_TEXT("corp"), .url = ZTA_TEXT("https://i"), .keys = ZTA_TEXT("file:/k")};
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    for (size_t i = 0; i < 3; i++) {
        put(store, &records[i]);
        struct zta_view *view;
        struct zta_keyset_record found;
        void *storage;
        assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
        assert_int_equal(zta_keyset_get(view, records[i].name, &found, &storage), ZTA_OK);
        zta_view_end(&view);
        assert_same(&records[i], &found);
        free(storage);
    }
    zta_store_close(&store);
}

static void what_is_too_large_or_has_no_name_is_refused(void **state)
{
    (void)state;
    static char large[ZTA_KEYSET_JWKS_MAX + 1];
    memset(large, 'x', sizeof large);
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_change *change = store_begin(store, "test");
    struct zta_keyset_record record = whole_record();
    record.jwks = (struct zta_text){.data = large, .len = sizeof large};
    assert_int_equal(zta_keyset_put(change, &record), ZTA_TOO_LARGE);
    record = whole_record();
    record.error = (struct zta_text){.data = large, .len = ZTA_KEYSET_TEXT_MAX + 1};
    assert_int_equal(zta_keyset_put(change, &record), ZTA_TOO_LARGE);
    record = whole_record();
    record.name.len = 0;
    assert_int_equal(zta_keyset_put(change, &record), ZTA_INVALID);
    zta_change_abort(&change);
    zta_store_close(&store);
}

static bool add_name(void *context, const struct zta_keyset_record *record)
{
    struct zta_buffer *names = context;
    zta_buffer_text(names, record->name);
    zta_buffer_string(names, " ");
    return true;
}

static void issuers_that_are_gone_lose_their_keys(void **state)
{
    (void)state;
    const struct zta_text names[] = {ZTA_TEXT("b"), ZTA_TEXT("d")};
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    for (const char *name = "abcd"; *name != '\0'; name++) {
        struct zta_keyset_record record = whole_record();
        record.name = (struct zta_text){.data = name, .len = 1};
        put(store, &record);
    }
    struct zta_error error = {.text = ""};
    struct zta_change *change = store_begin(store, "test");
    assert_int_equal(zta_keyset_keep(change, names, 2), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    char text[64];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    struct zta_view *view;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_keyset_each(view, add_name, &buffer), ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(text, "b d ");
    zta_store_close(&store);
}

/* What an earlier release made: the table is taken away again. */
static void drop_table(void)
{
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    MDB_txn *txn;
    assert_int_equal(mdb_txn_begin(store->env[ZTA_ENV_STATE].mdb, NULL, 0, &txn), 0);
    assert_int_equal(mdb_drop(txn, store->dbi[ZTA_TABLE_KEYSETS], 1), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    zta_store_close(&store);
}

static void a_store_without_the_table_reads_as_empty_and_is_completed(void **state)
{
    (void)state;
    drop_table();
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
    struct zta_store *child = store_fixture_open(&fixture, ZTA_STORE_CHILD);
    assert_false(zta_store_is_complete(child));
    struct zta_view *view;
    struct zta_keyset_record found;
    void *storage;
    char text[64];
    struct zta_buffer buffer;
    zta_buffer_init(&buffer, text, sizeof text);
    assert_int_equal(zta_view_begin(child, &view), ZTA_OK);
    assert_int_equal(zta_keyset_get(view, ZTA_TEXT("corp"), &found, &storage), ZTA_NOT_FOUND);
    assert_int_equal(zta_keyset_each(view, add_name, &buffer), ZTA_OK);
    zta_view_end(&view);
    assert_string_equal(text, "");
    zta_store_close(&child);

    struct zta_store *helper = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_keyset_record record = whole_record();
    struct zta_change *change = store_begin(helper, "test");
    assert_int_equal(zta_keyset_put(change, &record), ZTA_FORBIDDEN);
    zta_change_abort(&change);
    assert_int_equal(zta_store_complete(helper, &error), ZTA_OK);
    assert_true(zta_store_is_complete(helper));
    put(helper, &record);
    zta_store_close(&helper);
    child = store_fixture_open(&fixture, ZTA_STORE_CHILD);
    assert_true(zta_store_is_complete(child));
    zta_store_close(&child);
}

static uint64_t requested(struct zta_store *store, const char *name)
{
    struct zta_view *view;
    uint64_t number = 1;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_keyset_requested(view, zta_text_of(name), &number), ZTA_OK);
    zta_view_end(&view);
    return number;
}

static void ask(struct zta_store *store, const char *name)
{
    struct zta_error error = {.text = ""};
    struct zta_change *change = store_begin(store, "test");
    assert_int_equal(zta_keyset_request(change, zta_text_of(name)), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static void a_request_rises_for_its_issuer_or_for_all(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_OPERATOR);
    assert_int_equal(requested(store, "corp"), 0);
    ask(store, "corp");
    uint64_t first = requested(store, "corp");
    assert_true(first > 0);
    assert_int_equal(requested(store, "other"), 0);
    ask(store, NULL);
    assert_true(requested(store, "corp") > first);
    assert_true(requested(store, "other") > first);
    zta_store_close(&store);
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_OK);
}

static void a_record_that_was_cut_is_corrupt(void **state)
{
    (void)state;
    struct zta_store *store = store_fixture_open(&fixture, ZTA_STORE_HELPER);
    struct zta_error error = {.text = ""};
    struct zta_change *change = store_begin(store, "test");
    struct zta_keyset_record record = whole_record();
    record.fetched_s = -1;
    assert_int_equal(zta_keyset_put(change, &record), ZTA_INVALID);
    assert_int_equal(
        zta_change_put(change, ZTA_TABLE_KEYSETS, ZTA_BLOB("corp", 4), ZTA_BLOB("\1abc", 4)),
        ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    struct zta_view *view;
    struct zta_keyset_record found;
    void *storage;
    assert_int_equal(zta_view_begin(store, &view), ZTA_OK);
    assert_int_equal(zta_keyset_get(view, ZTA_TEXT("corp"), &found, &storage), ZTA_CORRUPT);
    zta_view_end(&view);
    zta_store_close(&store);
    assert_int_equal(zta_store_check(fixture.dir, true, &error), ZTA_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_comes_back_as_it_was_put, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_too_large_or_has_no_name_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(issuers_that_are_gone_lose_their_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_without_the_table_reads_as_empty_and_is_completed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_rises_for_its_issuer_or_for_all, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_that_was_cut_is_corrupt, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
