/* SPDX-License-Identifier: Apache-2.0 */
/* The issuers' area: who gets a slot, and that however many ask, one refresh is asked for. */
#include "shared/live/issuers.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#define NOW INT64_C(5000000000000)

static struct zta_segment *segment;

static int setup(void **state)
{
    (void)state;
    void *base =
        mmap(NULL, ZTA_SEGMENT_SIZE_MIN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct zta_error error = {.text = ""};
    assert_true(base != MAP_FAILED);
    assert_int_equal(zta_segment_create(base, ZTA_SEGMENT_SIZE_MIN, &segment, &error), ZTA_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct zta_error error = {.text = ""};
    assert_int_equal(zta_segment_check(segment, &error), ZTA_OK);
    zta_segment_close(&segment);
    return 0;
}

static struct zta_issuer_place place_of(uint64_t id)
{
    struct zta_issuer_place place = {.id = 0};
    assert_int_equal(zta_issuer_find(segment, id, &place), ZTA_OK);
    return place;
}

static void an_issuer_keeps_its_slot_over_configurations(void **state)
{
    (void)state;
    const uint64_t first[] = {11, 22};
    const uint64_t second[] = {33, 22};
    assert_int_equal(zta_issuers_claim(segment, first, 2, 1), ZTA_OK);
    struct zta_issuer_place former = place_of(11);
    struct zta_issuer_place both = place_of(22);
    zta_issuer_moved(segment, &both, 41);
    assert_int_equal(zta_issuers_claim(segment, second, 2, 2), ZTA_OK);
    assert_int_equal(place_of(22).slot, both.slot);
    assert_int_equal(zta_issuer_generation(segment, &both), 41);
    assert_int_equal(place_of(11).slot, former.slot);
    assert_int_not_equal(place_of(33).slot, former.slot);

    const uint64_t third[] = {33, 44};
    assert_int_equal(zta_issuers_claim(segment, third, 2, 3), ZTA_OK);
    assert_int_equal(place_of(44).slot, former.slot);
    struct zta_issuer_place gone = former;
    assert_int_equal(zta_issuer_generation(segment, &gone), 0);
    assert_false(zta_issuer_ask(segment, &gone, NOW));
    zta_issuer_moved(segment, &gone, 42);
    struct zta_issuer_place taker = place_of(44);
    assert_int_equal(zta_issuer_generation(segment, &taker), 0);
    assert_int_equal(zta_issuer_find(segment, 11, &gone), ZTA_NOT_FOUND);
    assert_int_equal(zta_issuer_find(segment, 0, &gone), ZTA_NOT_FOUND);
}

static void more_issuers_than_slots_are_refused(void **state)
{
    (void)state;
    static uint64_t ids[ZTA_ISSUERS_MAX + 1];
    for (size_t i = 0; i <= ZTA_ISSUERS_MAX; i++) {
        ids[i] = i + 1;
    }
    assert_int_equal(zta_issuers_claim(segment, ids, ZTA_ISSUERS_MAX, 1), ZTA_OK);
    assert_int_equal(zta_issuers_claim(segment, ids, ZTA_ISSUERS_MAX + 1, 2), ZTA_FULL);
    assert_int_equal(zta_issuers_claim(segment, ids + ZTA_ISSUERS_MAX, 1, 4), ZTA_OK);
}

static void one_refresh_is_asked_for_in_a_cool_down(void **state)
{
    (void)state;
    const uint64_t id = 7;
    assert_int_equal(zta_issuers_claim(segment, &id, 1, 1), ZTA_OK);
    struct zta_issuer_place place = place_of(id);
    assert_int_equal(zta_issuer_asked(segment, &place), 0);
    assert_true(zta_issuer_ask(segment, &place, NOW));
    int64_t asked = zta_issuer_asked(segment, &place);
    assert_int_equal(asked, NOW);
    assert_true(zta_issuer_ask(segment, &place, NOW + 1000));
    assert_int_equal(zta_issuer_asked(segment, &place), asked);
    /* Nobody answers: after a while nothing is expected any more. */
    assert_false(zta_issuer_ask(segment, &place, NOW + ZTA_ISSUER_ANSWER_NS));
    zta_issuer_answer(segment, &place, asked);
    assert_int_equal(zta_issuer_asked(segment, &place), 0);
    assert_false(zta_issuer_ask(segment, &place, NOW + 2000));
    assert_false(zta_issuer_ask(segment, &place, NOW + ZTA_ISSUER_COOLDOWN_NS - 1));
    assert_int_equal(zta_issuer_asked(segment, &place), 0);
    assert_true(zta_issuer_ask(segment, &place, NOW + ZTA_ISSUER_COOLDOWN_NS));
    assert_int_equal(zta_issuer_asked(segment, &place), NOW + ZTA_ISSUER_COOLDOWN_NS);
}

static void *ask_often(void *context)
{
    for (int64_t i = 0; i < 2000; i++) {
        (void)zta_issuer_ask(segment, context, NOW + i);
    }
    return NULL;
}

static void threads_that_ask_at_once_ask_once(void **state)
{
    (void)state;
    const uint64_t id = 7;
    pthread_t threads[4];
    assert_int_equal(zta_issuers_claim(segment, &id, 1, 1), ZTA_OK);
    struct zta_issuer_place place = place_of(id);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &place), 0);
    }
    int64_t asked = 0;
    while (asked == 0) {
        asked = zta_issuer_asked(segment, &place);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(zta_issuer_asked(segment, &place), asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_issuer_keeps_its_slot_over_configurations, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(more_issuers_than_slots_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(one_refresh_is_asked_for_in_a_cool_down, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_that_ask_at_once_ask_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
