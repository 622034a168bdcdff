/* SPDX-License-Identifier: Apache-2.0 */
/* Scores: decay, noisy-or, floors, and that neither order nor clock makes them other ones. */
#include "shared/risk/score.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define NOW  INT64_C(1900000000)
#define HOUR 3600
#define Q16  UINT32_C(65536)

static struct zta_risk_factor factor_of(enum zta_risk_signal signal, uint8_t weight,
                                        uint32_t half_life_s, int64_t raised_s)
{
    return (struct zta_risk_factor){.signal = signal,
                                    .weight = weight,
                                    .half_life_s = half_life_s,
                                    .raised_s = raised_s,
                                    .n_raised = 1};
}

static bool raise_at(struct zta_risk *risk, enum zta_risk_signal signal, int64_t now_s)
{
    struct zta_risk_tuning tuning;
    zta_risk_tuning_init(&tuning);
    tuning.signals[ZTA_RISK_HONEYPOT].is_admitted = true;
    return zta_risk_raise(risk, &tuning, signal, 100, zta_text_of("because"), now_s);
}

static void a_factor_halves_exactly_with_each_half_life(void **state)
{
    const struct zta_risk_factor factor = factor_of(ZTA_RISK_NEW_DEVICE, 80, HOUR, NOW);
    const uint32_t expected[] = {80 * Q16, 40 * Q16, 20 * Q16, 10 * Q16, 5 * Q16, 5 * Q16 / 2};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(zta_risk_points_q16(&factor, NOW + (int64_t)i * HOUR), expected[i]);
    }
    /* 80 * 2^-0.5 = 56.5685 */
    assert_in_range(zta_risk_points_q16(&factor, NOW + HOUR / 2), 3707256, 3707300);
}

static void a_factor_never_grows_with_its_age(void **state)
{
    const uint32_t half_lives[] = {1, 7, HOUR, 3 * 86400, UINT32_MAX};
    for (size_t h = 0; h < sizeof half_lives / sizeof half_lives[0]; h++) {
        const struct zta_risk_factor factor =
            factor_of(ZTA_RISK_NEW_DEVICE, 100, half_lives[h], NOW);
        uint32_t former = zta_risk_points_q16(&factor, NOW);
        for (int64_t age = 0; age < 40000; age++) {
            const uint32_t points = zta_risk_points_q16(&factor, NOW + age);
            assert_true(points <= former);
            assert_true(points == 0 || points >= ZTA_RISK_LEAST_Q16);
            former = points;
        }
    }
}

static void any_time_and_any_factor_is_within_bounds(void **state)
{
    struct zta_risk_factor factor = factor_of(ZTA_RISK_WAF, 255, 1, INT64_MIN);
    assert_int_equal(zta_risk_points_q16(&factor, INT64_MAX), 0);
    factor.half_life_s = UINT32_MAX;
    factor.raised_s = INT64_MAX;
    assert_int_equal(zta_risk_points_q16(&factor, INT64_MIN), 100 * Q16);
    factor.half_life_s = 0;
    assert_int_equal(zta_risk_points_q16(&factor, INT64_MAX), 100 * Q16);
    factor.raised_s = NOW;
    assert_int_equal(zta_risk_points_q16(&factor, NOW + 1), 0);
}

static void a_clock_that_steps_back_makes_nothing_younger_than_new(void **state)
{
    struct zta_risk risk = {.n = 0};
    assert_true(raise_at(&risk, ZTA_RISK_TOKEN_REPLAY, NOW));
    assert_int_equal(zta_risk_score(&risk, NOW), 50);
    assert_int_equal(zta_risk_score(&risk, NOW - 1000000), 50);
    assert_int_equal(zta_risk_score(&risk, NOW + 6 * HOUR), 25);
}

static void several_factors_come_to_what_noisy_or_says(void **state)
{
    struct zta_risk risk = {.n = 0};
    assert_int_equal(zta_risk_score(NULL, NOW), 0);
    assert_int_equal(zta_risk_score(&risk, NOW), 0);
    assert_true(raise_at(&risk, ZTA_RISK_NEW_DEVICE, NOW)); /* 20 */
    assert_int_equal(zta_risk_score(&risk, NOW), 20);
    assert_true(raise_at(&risk, ZTA_RISK_NEW_COUNTRY, NOW)); /* 25: 1 - 0.8 * 0.75 */
    assert_int_equal(zta_risk_score(&risk, NOW), 40);
    assert_true(raise_at(&risk, ZTA_RISK_IMPOSSIBLE_TRAVEL, NOW)); /* 50 */
    assert_int_equal(zta_risk_score(&risk, NOW), 70);
    assert_true(raise_at(&risk, ZTA_RISK_AGENT_UPDATE, NOW)); /* 2: 70.6 */
    assert_int_equal(zta_risk_score(&risk, NOW), 71);
    assert_int_equal(zta_risk_signals(&risk, NOW),
                     1u << ZTA_RISK_NEW_DEVICE | 1u << ZTA_RISK_NEW_COUNTRY |
                         1u << ZTA_RISK_IMPOSSIBLE_TRAVEL | 1u << ZTA_RISK_AGENT_UPDATE);
}

static void half_a_point_is_rounded_up(void **state)
{
    struct zta_risk risk = {.n = 1, .factors = {factor_of(ZTA_RISK_WAF, 1, HOUR, NOW)}};
    assert_int_equal(zta_risk_score(&risk, NOW + HOUR), 1);
    assert_int_equal(zta_risk_score(&risk, NOW + HOUR + 1), 0);
    assert_int_equal(zta_risk_score(&risk, NOW + 3 * HOUR), 0);
}

static void nothing_comes_to_more_than_a_hundred(void **state)
{
    struct zta_risk risk = {.n = ZTA_N_RISK_SIGNALS};
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        risk.factors[i] = factor_of((enum zta_risk_signal)i, 255, HOUR, NOW);
        risk.factors[i].floor = 255;
    }
    assert_int_equal(zta_risk_score(&risk, NOW), 100);
    assert_int_equal(zta_risk_score(&risk, NOW + HOUR), 100);
}

static void one_signal_is_one_factor_however_often_it_is_raised(void **state)
{
    struct zta_risk risk = {.n = 0};
    for (int i = 0; i < 1000; i++) {
        assert_true(raise_at(&risk, ZTA_RISK_AUTH_FAILURES, NOW + i));
    }
    assert_int_equal(risk.n, 1);
    assert_int_equal(risk.factors[0].n_raised, 1000);
    assert_int_equal(risk.factors[0].raised_s, NOW + 999);
    assert_int_equal(zta_risk_score(&risk, NOW + 999), 20);
    risk.factors[0].n_raised = UINT32_MAX;
    assert_true(raise_at(&risk, ZTA_RISK_AUTH_FAILURES, NOW + 1000));
    assert_int_equal(risk.factors[0].n_raised, UINT32_MAX);
}

static void being_raised_again_never_lowers(void **state)
{
    struct zta_risk_tuning tuning;
    struct zta_risk risk = {.n = 0};
    zta_risk_tuning_init(&tuning);
    assert_true(zta_risk_raise(&risk, &tuning, ZTA_RISK_WAF, 100, zta_text_of("high"), NOW));
    assert_false(zta_risk_raise(&risk, &tuning, ZTA_RISK_WAF, 25, zta_text_of("low"), NOW + 60));
    assert_int_equal(risk.factors[0].weight, 40);
    assert_int_equal(risk.factors[0].raised_s, NOW);
    assert_string_equal(risk.factors[0].evidence, "high");
    /* Two half-lives later the weak one is worth as much. */
    const int64_t later = NOW + 2 * HOUR;
    assert_true(zta_risk_raise(&risk, &tuning, ZTA_RISK_WAF, 25, zta_text_of("low"), later));
    assert_int_equal(risk.factors[0].weight, 10);
    assert_int_equal(zta_risk_score(&risk, later), 10);
    assert_int_equal(risk.factors[0].n_raised, 3);
}

static void a_floor_holds_the_score_up_until_it_ends(void **state)
{
    struct zta_risk risk = {.n = 0};
    struct zta_risk_factor factor = factor_of(ZTA_RISK_EXTERNAL_RISK, 40, HOUR, NOW);
    factor.floor = 80;
    factor.ends_s = NOW + 10 * HOUR;
    assert_true(zta_risk_put(&risk, &factor));
    assert_int_equal(zta_risk_score(&risk, NOW), 80);
    assert_int_equal(zta_risk_score(&risk, NOW + 10 * HOUR - 1), 80);
    assert_int_equal(zta_risk_score(&risk, NOW + 10 * HOUR), 0);

    /* Raised again without a floor, the former one stays. */
    factor = factor_of(ZTA_RISK_EXTERNAL_RISK, 40, HOUR, NOW + 1);
    assert_true(zta_risk_put(&risk, &factor));
    assert_int_equal(zta_risk_score(&risk, NOW + 9 * HOUR), 80);
    assert_false(zta_risk_forget(&risk, NOW + 9 * HOUR));
    assert_true(zta_risk_forget(&risk, NOW + 10 * HOUR));
    assert_int_equal(risk.n, 0);

    /* Without an end it lasts as long as the factor. */
    factor.floor = 60;
    assert_true(zta_risk_put(&risk, &factor));
    assert_int_equal(zta_risk_score(&risk, NOW + 1 + 7 * HOUR), 60);
    assert_int_equal(zta_risk_score(&risk, NOW + 1 + 8 * HOUR), 0);
    assert_true(zta_risk_lower(&risk, ZTA_RISK_EXTERNAL_RISK));
    assert_false(zta_risk_lower(&risk, ZTA_RISK_EXTERNAL_RISK));
}

static void what_is_muted_or_not_chosen_or_of_the_moment_is_not_kept(void **state)
{
    struct zta_risk_tuning tuning;
    struct zta_risk_factor factor;
    struct zta_risk risk = {.n = 0};
    const struct zta_text why = zta_text_of("why");
    zta_risk_tuning_init(&tuning);
    assert_false(zta_risk_raise(&risk, &tuning, ZTA_RISK_HONEYPOT, 100, why, NOW));
    assert_false(zta_risk_raise(&risk, &tuning, ZTA_RISK_OFF_HOURS, 100, why, NOW));
    assert_false(zta_risk_raise(&risk, &tuning, ZTA_RISK_WAF, 0, why, NOW));
    tuning.signals[ZTA_RISK_NEW_DEVICE].weight = 0;
    assert_false(zta_risk_raise(&risk, &tuning, ZTA_RISK_NEW_DEVICE, 100, why, NOW));
    assert_false(zta_risk_raise(&risk, &tuning, ZTA_N_RISK_SIGNALS, 100, why, NOW));
    assert_int_equal(risk.n, 0);
    /* Of the moment: there to be judged, worth its weight now. */
    assert_true(zta_risk_factor_make(&tuning, ZTA_RISK_OFF_HOURS, 100, zta_text_of("a\tb\x80"), NOW,
                                     &factor));
    assert_int_equal(zta_risk_points_q16(&factor, NOW), 5 * Q16);
    assert_string_equal(factor.evidence, "a?b?");
}

static void what_lasts_is_news_once_a_half_life(void **state)
{
    struct zta_risk_tuning tuning;
    struct zta_risk_factor factor;
    struct zta_risk risk = {.n = 0};
    zta_risk_tuning_init(&tuning);
    const struct {
        const char *evidence;
        int64_t after_s;
        bool is_news;
    } cases[] = {
        {"FR", 0, false},
        {"FR", ZTA_RISK_NEWS_S, false},
        {"FR", 7 * 86400 - 1, false},
        {"FR", 7 * 86400, true},
        {"IT", 1, false},
        {"IT", ZTA_RISK_NEWS_S - 1, false},
        {"IT", ZTA_RISK_NEWS_S, true},
    };
    assert_true(
        zta_risk_factor_make(&tuning, ZTA_RISK_NEW_COUNTRY, 100, zta_text_of("FR"), NOW, &factor));
    assert_true(zta_risk_is_news(&risk, &factor));
    assert_true(zta_risk_put(&risk, &factor));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(zta_risk_factor_make(&tuning, ZTA_RISK_NEW_COUNTRY, 100,
                                         zta_text_of(cases[i].evidence), NOW + cases[i].after_s,
                                         &factor));
        assert_int_equal(zta_risk_is_news(&risk, &factor), cases[i].is_news);
    }
    tuning.signals[ZTA_RISK_NEW_COUNTRY].weight = 26;
    assert_true(
        zta_risk_factor_make(&tuning, ZTA_RISK_NEW_COUNTRY, 100, zta_text_of("FR"), NOW, &factor));
    assert_true(zta_risk_is_news(&risk, &factor));
}

static void the_newest_is_the_last_that_still_counts(void **state)
{
    struct zta_risk risk = {.n = 0};
    assert_int_equal(zta_risk_newest_s(NULL, NOW), 0);
    assert_true(raise_at(&risk, ZTA_RISK_NEW_COUNTRY, NOW));
    assert_true(raise_at(&risk, ZTA_RISK_AGENT_UPDATE, NOW + 60));
    assert_int_equal(zta_risk_newest_s(&risk, NOW + 60), NOW + 60);
    assert_int_equal(zta_risk_newest_s(&risk, NOW + 4 * HOUR), NOW);
    assert_int_equal(zta_risk_signals(&risk, NOW + 4 * HOUR), 1u << ZTA_RISK_NEW_COUNTRY);
    assert_true(zta_risk_forget(&risk, NOW + 4 * HOUR));
    assert_non_null(zta_risk_find(&risk, ZTA_RISK_NEW_COUNTRY));
    assert_null(zta_risk_find(&risk, ZTA_RISK_AGENT_UPDATE));
}

#define N_RAISES 40

static void no_order_of_raising_makes_another_score(void **state)
{
    unsigned seed = 4711;
    for (int round = 0; round < 400; round++) {
        struct {
            enum zta_risk_signal signal;
            int64_t time_s;
        } raises[N_RAISES];
        struct zta_risk forward = {.n = 0};
        struct zta_risk shuffled = {.n = 0};
        for (size_t i = 0; i < N_RAISES; i++) {
            raises[i].signal = (enum zta_risk_signal)((unsigned)rand_r(&seed) % ZTA_N_RISK_SIGNALS);
            raises[i].time_s = NOW + rand_r(&seed) % 100000;
            (void)raise_at(&forward, raises[i].signal, raises[i].time_s);
        }
        for (size_t i = N_RAISES; i > 0; i--) {
            const size_t k = (size_t)rand_r(&seed) % i;
            (void)raise_at(&shuffled, raises[k].signal, raises[k].time_s);
            raises[k] = raises[i - 1];
        }
        assert_int_equal(forward.n, shuffled.n);
        assert_memory_equal(forward.factors, shuffled.factors,
                            forward.n * sizeof forward.factors[0]);
        const int64_t later = NOW + 100000 + rand_r(&seed) % 1000000;
        const uint8_t score = zta_risk_score(&forward, later);
        assert_int_equal(score, zta_risk_score(&shuffled, later));
        /* What is forgotten was worth nothing, and what is raised more never lowers. */
        (void)zta_risk_forget(&shuffled, later);
        assert_int_equal(score, zta_risk_score(&shuffled, later));
        (void)raise_at(&shuffled, (enum zta_risk_signal)(round % ZTA_N_RISK_SIGNALS), later);
        assert_true(zta_risk_score(&shuffled, later) >= score);
        assert_true(zta_risk_score(&shuffled, later) <= 100);
    }
}

static void draw_risk(unsigned *seed, struct zta_risk *risk)
{
    risk->n = 0;
    for (int i = 0; i < 6; i++) {
        const struct zta_risk_factor factor = {
            .signal = (enum zta_risk_signal)((unsigned)rand_r(seed) % 8),
            .weight = (uint8_t)(1 + rand_r(seed) % 100),
            .floor = (uint8_t)(rand_r(seed) % 3 == 0 ? rand_r(seed) % 101 : 0),
            .half_life_s = (uint32_t)(1 + rand_r(seed) % 40000),
            .raised_s = NOW + rand_r(seed) % 100000 - 50000,
            .ends_s = rand_r(seed) % 3 == 0 ? NOW + rand_r(seed) % 100000 - 50000 : 0,
            .n_raised = 1,
        };
        (void)zta_risk_put(risk, &factor);
    }
}

/* Whatever others say, and in whatever order. */
static void what_others_know_never_lowers(void **state)
{
    unsigned seed = 4711;
    for (int round = 0; round < 4000; round++) {
        struct zta_risk own;
        struct zta_risk others[2];
        draw_risk(&seed, &own);
        draw_risk(&seed, &others[0]);
        draw_risk(&seed, &others[1]);
        struct zta_risk joined = own;
        struct zta_risk again = own;
        zta_risk_join(&joined, &others[0], NOW);
        const uint8_t one = zta_risk_score(&joined, NOW);
        zta_risk_join(&joined, &others[1], NOW);
        zta_risk_join(&again, &others[1], NOW);
        zta_risk_join(&again, &others[0], NOW);
        zta_risk_join(&again, &others[1], NOW);
        const uint8_t score = zta_risk_score(&joined, NOW);
        assert_true(one >= zta_risk_score(&own, NOW));
        assert_true(one >= zta_risk_score(&others[0], NOW));
        assert_true(score >= one);
        assert_int_equal(score, zta_risk_score(&again, NOW));
        assert_int_equal(zta_risk_signals(&joined, NOW), zta_risk_signals(&own, NOW) |
                                                             zta_risk_signals(&others[0], NOW) |
                                                             zta_risk_signals(&others[1], NOW));
        assert_int_equal(zta_risk_signals(&again, NOW), zta_risk_signals(&joined, NOW));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_factor_halves_exactly_with_each_half_life),
        cmocka_unit_test(a_factor_never_grows_with_its_age),
        cmocka_unit_test(any_time_and_any_factor_is_within_bounds),
        cmocka_unit_test(a_clock_that_steps_back_makes_nothing_younger_than_new),
        cmocka_unit_test(several_factors_come_to_what_noisy_or_says),
        cmocka_unit_test(half_a_point_is_rounded_up),
        cmocka_unit_test(nothing_comes_to_more_than_a_hundred),
        cmocka_unit_test(one_signal_is_one_factor_however_often_it_is_raised),
        cmocka_unit_test(being_raised_again_never_lowers),
        cmocka_unit_test(a_floor_holds_the_score_up_until_it_ends),
        cmocka_unit_test(what_is_muted_or_not_chosen_or_of_the_moment_is_not_kept),
        cmocka_unit_test(what_lasts_is_news_once_a_half_life),
        cmocka_unit_test(the_newest_is_the_last_that_still_counts),
        cmocka_unit_test(no_order_of_raising_makes_another_score),
        cmocka_unit_test(what_others_know_never_lowers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
