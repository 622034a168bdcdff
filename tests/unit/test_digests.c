/* SPDX-License-Identifier: Apache-2.0 */
/* A digest that is remembered is the text's own: what zta_sha256 says of it, always. */
#include "shared/base/digests.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_SLOTS   64
#define N_THREADS 4
#define N_ROUNDS  20000
#define LEN       857 /* of a token */

static struct zta_digests *digests;

static int setup(void **state)
{
    (void)state;
    digests = zta_digests_open(N_SLOTS);
    return digests == NULL;
}

static int teardown(void **state)
{
    (void)state;
    zta_digests_close(&digests);
    return 0;
}

static struct zta_text text_of(const char *data, size_t len)
{
    return (struct zta_text){.data = data, .len = len};
}

/* Whether it was remembered. */
static bool ask(const char *data, size_t len)
{
    struct zta_sha256 expected;
    struct zta_sha256 found;
    zta_sha256(data, len, &expected);
    const bool is_known = zta_digests_get(digests, text_of(data, len), &found);
    assert_memory_equal(&found, &expected, sizeof(found));
    return is_known;
}

static void fill(char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = "abcdefghijklmnop"[(i * i + i / 3) % 16];
    }
}

static void each_length_has_the_digest_it_has(void **state)
{
    (void)state;
    static char data[ZTA_DIGESTS_TEXT_MAX + 40];
    fill(data, sizeof(data));
    for (size_t len = 0; len <= sizeof(data); len += len < 100 || len > 4000 ? 1 : 97) {
        assert_false(ask(data, len));
        assert_int_equal(ask(data, len), len <= ZTA_DIGESTS_TEXT_MAX);
    }
}

static void a_change_of_any_bit_makes_another_text(void **state)
{
    (void)state;
    char data[LEN];
    fill(data, sizeof(data));
    assert_false(ask(data, sizeof(data)));
    for (size_t i = 0; i < sizeof(data) * 8; i++) {
        data[i / 8] = (char)(data[i / 8] ^ 1 << i % 8);
        assert_false(ask(data, sizeof(data)));
        data[i / 8] = (char)(data[i / 8] ^ 1 << i % 8);
    }
}

/* The sum is over whole pairs of words, filled up with zeros; words and pairs that change places
 * are others. */
static void what_sums_could_miss_is_told_apart(void **state)
{
    (void)state;
    char data[64] = "";
    for (size_t len = 0; len <= sizeof(data); len++) {
        assert_false(ask(data, len));
    }
    fill(data, sizeof(data));
    for (size_t size = 8; size <= 16; size += 8) {
        char swapped[sizeof(data)];
        memcpy(swapped, data + size, size);
        memcpy(swapped + size, data, size);
        memcpy(swapped + 2 * size, data + 2 * size, sizeof(data) - 2 * size);
        (void)ask(data, sizeof(data));
        if (memcmp(swapped, data, sizeof(data)) != 0) {
            assert_false(ask(swapped, sizeof(swapped)));
        }
    }
}

static void of_too_many_the_latest_is_remembered(void **state)
{
    (void)state;
    char data[LEN];
    fill(data, sizeof(data));
    for (unsigned i = 0; i < 4 * N_SLOTS; i++) {
        memcpy(data + 400, &i, sizeof(i));
        assert_false(ask(data, sizeof(data)));
        assert_true(ask(data, sizeof(data)));
    }
}

static void without_memory_it_is_digested_each_time(void **state)
{
    (void)state;
    struct zta_sha256 expected;
    struct zta_sha256 found;
    zta_sha256("token", 5, &expected);
    for (int i = 0; i < 2; i++) {
        assert_false(zta_digests_get(NULL, ZTA_TEXT("token"), &found));
        assert_memory_equal(&found, &expected, sizeof(found));
    }
}

/* Twice as many texts as slots, so that threads write over what others read. */
static void *ask_often(void *context)
{
    unsigned seed = *(unsigned *)context;
    char data[LEN];
    fill(data, sizeof(data));
    for (int i = 0; i < N_ROUNDS; i++) {
        const unsigned number = (unsigned)rand_r(&seed) % (2 * N_SLOTS);
        struct zta_sha256 expected;
        struct zta_sha256 found;
        memcpy(data, &number, sizeof(number));
        zta_sha256(data, sizeof(data), &expected);
        (void)zta_digests_get(digests, text_of(data, sizeof(data)), &found);
        if (memcmp(&found, &expected, sizeof(found)) != 0) {
            return context;
        }
    }
    return NULL;
}

static void threads_never_get_anothers(void **state)
{
    (void)state;
    pthread_t threads[N_THREADS];
    unsigned seeds[N_THREADS];
    for (unsigned i = 0; i < N_THREADS; i++) {
        seeds[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < N_THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_length_has_the_digest_it_has, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_of_any_bit_makes_another_text, setup, teardown),
        cmocka_unit_test_setup_teardown(what_sums_could_miss_is_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(of_too_many_the_latest_is_remembered, setup, teardown),
        cmocka_unit_test(without_memory_it_is_digested_each_time),
        cmocka_unit_test_setup_teardown(threads_never_get_anothers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
