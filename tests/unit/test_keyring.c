/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are replaced while threads verify with them: every reader has one whole set. */
#include "mod_zta/identity/keyring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "mod_zta/identity/issuer.h"
#include "tests/unit/jose_sign.h"

#define NOW       INT64_C(1800000000)
#define N_SETS    8
#define N_READERS 4
#define N_ROUNDS  400

static char jwks[N_SETS][JOSE_TEXT_MAX];

static int make_sets(void **state)
{
    (void)state;
    static char jwk[JOSE_TEXT_MAX];
    for (int i = 0; i < N_SETS; i++) {
        char kid[16];
        (void)snprintf(kid, sizeof kid, "key-%d", i);
        EVP_PKEY *key = jose_key("Ed25519", 0);
        jose_jwk(key, kid, "", jwk);
        EVP_PKEY_free(key);
        struct zta_buffer buffer;
        zta_buffer_init(&buffer, jwks[i], sizeof jwks[i]);
        zta_buffer_printf(&buffer, "{\"keys\":[%s]}", jwk);
    }
    return 0;
}

static struct mod_zta_keyset *load(int i)
{
    struct mod_zta_keyset *keyset = NULL;
    struct zta_error error = {.text = ""};
    assert_int_equal(
        mod_zta_keyset_load(zta_text_of(jwks[i]), MOD_ZTA_ALG_EDDSA, NULL, NULL, &keyset, &error),
        ZTA_OK);
    return keyset;
}

static struct mod_zta_keyring *open_ring(int64_t stale_s)
{
    struct mod_zta_keyring *keyring = NULL;
    assert_int_equal(mod_zta_keyring_open(stale_s, &keyring), ZTA_OK);
    return keyring;
}

static enum zta_status replace(struct mod_zta_keyring *keyring, int i, int64_t fetched_s)
{
    struct mod_zta_keyset *keyset = load(i);
    assert_true(mod_zta_keyring_begin(keyring));
    enum zta_status status = mod_zta_keyring_replace(keyring, &keyset, fetched_s);
    mod_zta_keyring_end(keyring);
    assert_true((keyset == NULL) == (status == ZTA_OK));
    mod_zta_keyset_close(&keyset);
    return status;
}

static bool has_kid(const struct mod_zta_keyset *keyset, int i)
{
    char kid[16];
    const struct mod_zta_key *key;
    (void)snprintf(kid, sizeof kid, "key-%d", i);
    return mod_zta_keyset_find(keyset, zta_text_of(kid), MOD_ZTA_ALG_EDDSA, &key) == ZTA_OK;
}

static void a_ring_without_keys_has_none(void **state)
{
    (void)state;
    struct zta_held held = {.value = NULL};
    struct mod_zta_keyring *keyring = open_ring(0);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW, &held), ZTA_NOT_FOUND);
    assert_int_equal(mod_zta_keyring_acquire(NULL, NOW, &held), ZTA_NOT_FOUND);
    assert_int_equal(mod_zta_keyring_hash(keyring, NOW), 0);
    assert_int_equal(mod_zta_keyring_hash(NULL, NOW), 0);
    mod_zta_keyring_release(keyring, &held);
    assert_int_equal(mod_zta_keyring_generation(keyring), 0);
    mod_zta_keyring_close(&keyring);
    mod_zta_keyring_close(&keyring);
}

static void who_holds_keys_keeps_them(void **state)
{
    (void)state;
    struct zta_held before;
    struct zta_held after;
    struct mod_zta_keyring *keyring = open_ring(0);
    assert_int_equal(replace(keyring, 0, NOW), ZTA_OK);
    uint64_t hash = mod_zta_keyring_hash(keyring, NOW);
    assert_true(hash != 0);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW, &before), ZTA_OK);
    assert_int_equal(replace(keyring, 1, NOW), ZTA_OK);
    assert_true(mod_zta_keyring_hash(keyring, NOW) != hash);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW, &after), ZTA_OK);
    assert_true(has_kid(before.value, 0) && !has_kid(before.value, 1));
    assert_true(has_kid(after.value, 1) && !has_kid(after.value, 0));
    mod_zta_keyring_release(keyring, &before);
    mod_zta_keyring_release(keyring, &after);
    mod_zta_keyring_close(&keyring);
}

static void when_all_slots_are_read_the_keys_stay(void **state)
{
    (void)state;
    struct zta_held held[4];
    struct mod_zta_keyring *keyring = open_ring(0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(replace(keyring, i, NOW), ZTA_OK);
        assert_int_equal(mod_zta_keyring_acquire(keyring, NOW, &held[i]), ZTA_OK);
    }
    assert_int_equal(replace(keyring, 4, NOW), ZTA_BUSY);
    for (int i = 0; i < 4; i++) {
        assert_true(has_kid(held[i].value, i));
    }
    mod_zta_keyring_release(keyring, &held[1]);
    assert_int_equal(replace(keyring, 4, NOW), ZTA_OK);
    assert_true(has_kid(held[0].value, 0) && has_kid(held[2].value, 2));
    mod_zta_keyring_release(keyring, &held[0]);
    mod_zta_keyring_release(keyring, &held[2]);
    mod_zta_keyring_release(keyring, &held[3]);
    mod_zta_keyring_close(&keyring);
}

static void keys_that_are_too_old_do_not_serve(void **state)
{
    (void)state;
    struct zta_held held;
    struct mod_zta_keyring *keyring = open_ring(60);
    assert_int_equal(replace(keyring, 0, NOW), ZTA_OK);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW + 60, &held), ZTA_OK);
    mod_zta_keyring_release(keyring, &held);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW + 61, &held), ZTA_EXPIRED);
    assert_int_equal(mod_zta_keyring_hash(keyring, NOW + 61), 0);
    /* The issuer says that they are still the same. */
    assert_int_equal(replace(keyring, 0, NOW + 61), ZTA_OK);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW + 61, &held), ZTA_OK);
    mod_zta_keyring_release(keyring, &held);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW - 100000, &held), ZTA_OK);
    mod_zta_keyring_release(keyring, &held);
    mod_zta_keyring_close(&keyring);
    keyring = open_ring(0);
    assert_int_equal(replace(keyring, 0, 1), ZTA_OK);
    assert_int_equal(mod_zta_keyring_acquire(keyring, NOW, &held), ZTA_OK);
    mod_zta_keyring_release(keyring, &held);
    mod_zta_keyring_close(&keyring);
}

static void one_thread_replaces_at_a_time(void **state)
{
    (void)state;
    struct mod_zta_keyring *keyring = open_ring(0);
    assert_true(mod_zta_keyring_begin(keyring));
    assert_false(mod_zta_keyring_begin(keyring));
    mod_zta_keyring_end(keyring);
    assert_true(mod_zta_keyring_begin(keyring));
    mod_zta_keyring_generation_set(keyring, 7);
    mod_zta_keyring_end(keyring);
    assert_int_equal(mod_zta_keyring_generation(keyring), 7);
    mod_zta_keyring_close(&keyring);
}

static struct mod_zta_keyring *shared;
static atomic_bool is_over;
static atomic_uint n_torn;

/* Exactly one kid is in the set that is held, for as long as it is held. */
static void *read_often(void *unused)
{
    while (!atomic_load(&is_over)) {
        struct zta_held held;
        if (mod_zta_keyring_acquire(shared, NOW, &held) != ZTA_OK) {
            atomic_fetch_add(&n_torn, 1);
            continue;
        }
        int n = 0;
        for (int i = 0; i < N_SETS; i++) {
            n += has_kid(held.value, i) ? 1 : 0;
        }
        if (n != 1) {
            atomic_fetch_add(&n_torn, 1);
        }
        mod_zta_keyring_release(shared, &held);
    }
    return NULL;
}

static void readers_see_one_whole_set_while_sets_are_replaced(void **state)
{
    (void)state;
    pthread_t threads[N_READERS];
    shared = open_ring(0);
    assert_int_equal(replace(shared, 0, NOW), ZTA_OK);
    for (size_t i = 0; i < N_READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, NULL), 0);
    }
    int n_replaced = 0;
    for (int i = 1; i <= N_ROUNDS; i++) {
        n_replaced += replace(shared, i % N_SETS, NOW) == ZTA_OK ? 1 : 0;
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < N_READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&n_torn), 0);
    assert_true(n_replaced > 0);
    mod_zta_keyring_close(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_without_keys_has_none),
        cmocka_unit_test(who_holds_keys_keeps_them),
        cmocka_unit_test(when_all_slots_are_read_the_keys_stay),
        cmocka_unit_test(keys_that_are_too_old_do_not_serve),
        cmocka_unit_test(one_thread_replaces_at_a_time),
        cmocka_unit_test(readers_see_one_whole_set_while_sets_are_replaced),
    };
    return cmocka_run_group_tests(tests, make_sets, NULL);
}
