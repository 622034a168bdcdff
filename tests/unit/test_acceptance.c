/* SPDX-License-Identifier: Apache-2.0 */
/* What is published of issuers and places comes back whole, and nothing else is taken for it. */
#include "shared/store/acceptance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "shared/store/records_priv.h"
#include "tests/unit/scratch_store.h"

#define MAP_SIZE (UINT64_C(64) << 20)

static const struct zta_text algs[] = {{.data = "RS256", .len = 5}, {.data = "EdDSA", .len = 5}};
static const struct zta_text acrs[] = {{.data = "pwd", .len = 3}, {.data = "mfa", .len = 3}};
static const struct zta_text audiences[] = {{.data = "https://api", .len = 11}};
static const struct zta_text both[] = {{.data = "corp", .len = 4}, {.data = "partner", .len = 7}};

static const struct zta_accepted_issuer issuers[] = {
    {
        .name = {.data = "corp", .len = 4},
        .url = {.data = "https://corp", .len = 12},
        .token_type = {.data = "at+jwt", .len = 6},
        .keys_file = {.data = "/etc/keys", .len = 9},
        .algs = {.items = algs, .n = 2},
        .audiences = {.items = audiences, .n = 1},
        .acrs = {.items = acrs, .n = 2},
        .claims = {[ZTA_ACCEPTED_SUBJECT] = {.data = "sub", .len = 3},
                   [ZTA_ACCEPTED_ACR] = {.data = "acr", .len = 3}},
        .leeway_s = 60,
        .asks_about_jwts = true,
    },
    {
        .name = {.data = "partner", .len = 7},
        .url = {.data = "https://partner", .len = 15},
        .token_type = {.data = "any", .len = 3},
        .is_introspected = true,
    },
};

static const struct zta_accepting_place places[] = {
    {
        .server = {.data = "a:443", .len = 5},
        .path = {.data = "/", .len = 1},
        .issuers = {.items = both, .n = 2},
        .mode = ZTA_MODE_ENFORCE,
        .sources = ZTA_TOKEN_IN_AUTHORIZATION | ZTA_TOKEN_IN_QUERY,
        .header_max = 8190,
        .takes_dpop = true,
    },
    {
        .server = {.data = "a:443", .len = 5},
        .path = {.data = "/b", .len = 2},
        .issuers = {.items = both, .n = 1},
        .audiences = {.items = audiences, .n = 1},
        .mode = ZTA_MODE_MONITOR,
        .sources = ZTA_TOKEN_IN_COOKIE,
        .requires_dpop = true,
    },
};

static const struct zta_acceptance whole = {
    .issuers = issuers,
    .n_issuers = 2,
    .places = places,
    .n_places = 2,
    .claims = {.items = both, .n = 2},
};

static void put(struct scratch_store *scratch, const struct zta_acceptance *acceptance)
{
    struct zta_change *change = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_change_begin(scratch->store, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_acceptance_put(change, acceptance), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
}

static enum zta_status get(struct scratch_store *scratch, struct zta_acceptance **acceptance)
{
    struct zta_view *view = NULL;
    assert_int_equal(zta_view_begin(scratch->store, &view), ZTA_OK);
    enum zta_status status = zta_acceptance_open(view, acceptance);
    zta_view_end(&view);
    return status;
}

static bool is_same(struct zta_text a, struct zta_text b)
{
    return zta_text_is_absent(a) == zta_text_is_absent(b) &&
           (zta_text_is_absent(a) || zta_text_equal(a, b));
}

static void assert_texts(struct zta_texts got, struct zta_texts wanted)
{
    assert_int_equal(got.n, wanted.n);
    for (size_t i = 0; i < wanted.n; i++) {
        assert_true(is_same(got.items[i], wanted.items[i]));
    }
}

static void assert_issuer(const struct zta_accepted_issuer *got,
                          const struct zta_accepted_issuer *wanted)
{
    assert_true(is_same(got->name, wanted->name));
    assert_true(is_same(got->url, wanted->url));
    assert_true(is_same(got->token_type, wanted->token_type));
    assert_true(is_same(got->keys_file, wanted->keys_file));
    assert_texts(got->algs, wanted->algs);
    assert_texts(got->audiences, wanted->audiences);
    assert_texts(got->acrs, wanted->acrs);
    for (size_t i = 0; i < ZTA_N_ACCEPTED_CLAIMS; i++) {
        assert_true(is_same(got->claims[i], wanted->claims[i]));
    }
    assert_int_equal(got->leeway_s, wanted->leeway_s);
    assert_int_equal(got->is_introspected, wanted->is_introspected);
    assert_int_equal(got->asks_about_jwts, wanted->asks_about_jwts);
}

static void assert_place(const struct zta_accepting_place *got,
                         const struct zta_accepting_place *wanted)
{
    assert_true(is_same(got->server, wanted->server));
    assert_true(is_same(got->path, wanted->path));
    assert_texts(got->issuers, wanted->issuers);
    assert_texts(got->audiences, wanted->audiences);
    assert_int_equal(got->mode, wanted->mode);
    assert_int_equal(got->sources, wanted->sources);
    assert_int_equal(got->header_max, wanted->header_max);
    assert_int_equal(got->takes_dpop, wanted->takes_dpop);
    assert_int_equal(got->requires_dpop, wanted->requires_dpop);
}

static void what_was_put_comes_back_whole(void **state)
{
    struct scratch_store scratch;
    struct zta_acceptance *got = NULL;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    assert_int_equal(get(&scratch, &got), ZTA_NOT_FOUND);
    put(&scratch, &whole);
    assert_int_equal(get(&scratch, &got), ZTA_OK);
    assert_int_equal(got->n_issuers, whole.n_issuers);
    assert_int_equal(got->n_places, whole.n_places);
    for (size_t i = 0; i < 2; i++) {
        assert_issuer(&got->issuers[i], &issuers[i]);
        assert_place(&got->places[i], &places[i]);
    }
    assert_texts(got->claims, whole.claims);
    zta_acceptance_close(&got);
    assert_null(got);
    zta_acceptance_close(&got);
    put(&scratch, &(struct zta_acceptance){.n_issuers = 0});
    assert_int_equal(get(&scratch, &got), ZTA_OK);
    assert_int_equal(got->n_issuers + got->n_places + got->claims.n, 0);
    zta_acceptance_close(&got);
    scratch_store_close(&scratch);
}

static void a_large_configuration_fits_and_a_long_text_is_cut(void **state)
{
    enum {
        N = 3000,
        LONG = 100000,
    };
    struct scratch_store scratch;
    struct zta_acceptance *got = NULL;
    struct zta_accepting_place *many = calloc(N, sizeof *many);
    char *text = malloc(LONG);
    assert_true(many != NULL && text != NULL);
    memset(text, 'a', LONG);
    for (size_t i = 0; i < N; i++) {
        many[i] = places[i % 2];
    }
    many[N - 1].path = (struct zta_text){.data = text, .len = LONG};
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    put(&scratch, &(struct zta_acceptance){.places = many, .n_places = N});
    assert_int_equal(get(&scratch, &got), ZTA_OK);
    assert_int_equal(got->n_places, N);
    for (size_t i = 0; i < N - 1; i++) {
        assert_place(&got->places[i], &many[i]);
    }
    assert_int_equal(got->places[N - 1].path.len, 0xfffe);
    zta_acceptance_close(&got);
    scratch_store_close(&scratch);
    free(text);
    free(many);
}

static enum zta_status check_bytes(const uint8_t *bytes, size_t size)
{
    /* Just as large, so that a sanitizer sees a step beyond. */
    uint8_t *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    enum zta_status status = zta_published_check_record(
        ZTA_BLOB("acceptance", strlen("acceptance")), ZTA_BLOB(copy, size));
    free(copy);
    return status;
}

static void a_record_that_nobody_writes_is_corrupt(void **state)
{
    struct scratch_store scratch;
    struct zta_view *view = NULL;
    struct zta_blob record;
    scratch_store_open(&scratch, NULL, ZTA_STORE_HELPER, MAP_SIZE);
    put(&scratch, &whole);
    assert_int_equal(zta_view_begin(scratch.store, &view), ZTA_OK);
    assert_int_equal(zta_view_get(view, ZTA_TABLE_PUBLISHED,
                                  ZTA_BLOB("acceptance", strlen("acceptance")), &record),
                     ZTA_OK);
    uint8_t bytes[1024];
    assert_true(record.size < sizeof bytes);
    size_t size = record.size;
    memcpy(bytes, record.data, size);
    zta_view_end(&view);
    scratch_store_close(&scratch);

    assert_int_equal(check_bytes(bytes, size), ZTA_OK);
    for (size_t len = 0; len < size; len++) {
        assert_int_equal(check_bytes(bytes, len), ZTA_CORRUPT);
    }
    bytes[size] = 0;
    assert_int_equal(check_bytes(bytes, size + 1), ZTA_CORRUPT);
    for (size_t at = 0; at < size; at++) {
        for (unsigned mask = 1; mask < 256; mask <<= 1) {
            bytes[at] ^= (uint8_t)mask;
            enum zta_status status = check_bytes(bytes, size);
            assert_true(status == ZTA_OK || status == ZTA_CORRUPT);
            assert_true(at >= 9 || status == ZTA_CORRUPT); /* version and counts */
            bytes[at] ^= (uint8_t)mask;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_comes_back_whole),
        cmocka_unit_test(a_large_configuration_fits_and_a_long_text_is_cut),
        cmocka_unit_test(a_record_that_nobody_writes_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
