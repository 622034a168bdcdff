/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges that are remembered: what comes back, what is forgotten, what is never torn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "shared/live/challenges.h"
#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"
#include "tests/unit/ring_support.h"

#define NOW       INT64_C(1800000000)
#define N_WRITERS 4
#define N_ROUNDS  500 /* all within one life: none is over for the slowest */

static int open_segment(void **state)
{
    *state = ring_test_open();
    return 0;
}

static int close_segment(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = zta_segment_check(segment, &error);
    ring_test_close(&segment);
    return status == ZTA_OK ? 0 : -1;
}

static struct zta_sha256 key_of(uint64_t n)
{
    struct zta_sha256 key;
    zta_sha256(&n, sizeof n, &key);
    return key;
}

static void put(struct zta_segment *segment, uint64_t n, int64_t asked_s, uint16_t token)
{
    const struct zta_sha256 key = key_of(n);
    const struct zta_step_up_past past = {
        .asked_s = asked_s,
        .issued_s = asked_s - token,
        .token = token,
        .n_vain = 2,
    };
    zta_challenge_put(segment, &key, asked_s, &past);
}

static struct zta_step_up_past get(struct zta_segment *segment, uint64_t n, int64_t now_s)
{
    const struct zta_sha256 key = key_of(n);
    struct zta_step_up_past past;
    zta_challenge_get(segment, &key, now_s, &past);
    return past;
}

static void what_was_put_comes_back_until_it_is_over(void **state)
{
    struct zta_segment *segment = *state;
    assert_int_equal(get(segment, 1, NOW).asked_s, 0);
    put(segment, 1, NOW, 0xabc);
    assert_int_equal(get(segment, 2, NOW).asked_s, 0);
    const struct zta_step_up_past past = get(segment, 1, NOW + ZTA_CHALLENGES_LIFE_S - 1);
    assert_int_equal(past.asked_s, NOW);
    assert_int_equal(past.token, 0xabc);
    assert_int_equal(past.issued_s, NOW - 0xabc);
    assert_int_equal(past.n_vain, 2);
    assert_int_equal(get(segment, 1, NOW + ZTA_CHALLENGES_LIFE_S).asked_s, 0);
    /* A clock that was set back by much does not hold it for longer. */
    assert_int_equal(get(segment, 1, NOW - ZTA_CHALLENGES_LIFE_S).asked_s, 0);
    put(segment, 1, NOW + 5, 7);
    assert_int_equal(get(segment, 1, NOW + 5).asked_s, NOW + 5);
    /* Issued a little ahead of us, or long ago. */
    static const int64_t issued[][2] = {
        {NOW + 300, NOW + 300}, {NOW - 3583, NOW - 3583}, {0, NOW - 3583}};
    const struct zta_sha256 key = key_of(4);
    for (size_t i = 0; i < sizeof issued / sizeof issued[0]; i++) {
        zta_challenge_put(segment, &key, NOW,
                          &(struct zta_step_up_past){.asked_s = NOW, .issued_s = issued[i][0]});
        assert_int_equal(get(segment, 4, NOW).issued_s, issued[i][1]);
    }
    put(segment, 3, INT64_C(1) << 32, 7);
    assert_int_equal(get(segment, 3, INT64_C(1) << 32).asked_s, 0);
}

static void of_too_many_the_oldest_are_forgotten(void **state)
{
    enum {
        N = 40000,
        LAST = 1000,
    };
    struct zta_segment *segment = *state;
    unsigned n_kept = 0;
    for (uint64_t n = 0; n < N; n++) {
        put(segment, n, NOW + (int64_t)n / 100, 1);
    }
    for (uint64_t n = N - LAST; n < N; n++) {
        n_kept += get(segment, n, NOW + N / 100).asked_s != 0 ? 1 : 0;
    }
    assert_int_equal(n_kept, LAST);
}

/* The argument itself, where one had the words of two. */
static void *write_many(void *argument)
{
    struct zta_segment *segment = argument;
    void *torn = NULL;
    for (uint64_t n = 0; n < N_ROUNDS; n++) {
        put(segment, n % 16, NOW + (int64_t)n, (uint16_t)n);
        const struct zta_step_up_past past = get(segment, n % 16, NOW + (int64_t)n);
        if (past.asked_s == 0 || past.token != past.asked_s - NOW) {
            torn = argument;
        }
    }
    return torn;
}

static void no_writer_leaves_half_a_challenge(void **state)
{
    pthread_t threads[N_WRITERS];
    for (int i = 0; i < N_WRITERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, *state), 0);
    }
    for (int i = 0; i < N_WRITERS; i++) {
        void *torn;
        assert_int_equal(pthread_join(threads[i], &torn), 0);
        assert_null(torn);
    }
}

static void a_spoilt_table_is_noticed(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_error error = {.status = ZTA_OK};
    uint64_t size;
    struct zta_pair *slots = zta_segment_area(segment, ZTA_AREA_CHALLENGES, &size);
    atomic_store(&slots[100].second, 1);
    assert_int_equal(zta_segment_check(segment, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "half of slot 100"));
    atomic_store(&slots[100].first, 101);
    assert_int_equal(zta_segment_check(segment, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "slot 100 is outside its window"));
    atomic_store(&slots[100].first, 93);
    assert_int_equal(zta_segment_check(segment, &error), ZTA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_put_comes_back_until_it_is_over, open_segment,
                                        close_segment),
        cmocka_unit_test_setup_teardown(of_too_many_the_oldest_are_forgotten, open_segment,
                                        close_segment),
        cmocka_unit_test_setup_teardown(no_writer_leaves_half_a_challenge, open_segment,
                                        close_segment),
        cmocka_unit_test_setup_teardown(a_spoilt_table_is_noticed, open_segment, close_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
