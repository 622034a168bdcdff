/* SPDX-License-Identifier: Apache-2.0 */
/* When the threat level rises, and when it falls back. */
#include "shared/risk/threat.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define START_S INT64_C(1900000000)

/* A hundred requests in each second, percent of them like `bad`. */
static void pass(struct zta_threat *threat, int64_t *now_s, int64_t seconds, unsigned percent,
                 struct zta_threat_sighting bad)
{
    for (int64_t s = 0; s < seconds; s++, ++*now_s) {
        for (unsigned i = 0; i < 100; i++) {
            struct zta_threat_sighting one = {.is_verified = true};
            one = i < percent ? bad : one;
            one.time_s = *now_s;
            (void)zta_threat_count(threat, &one);
        }
    }
}

static void it_rises_to_what_two_periods_say_and_falls_step_by_step(void **state)
{
    static const struct {
        struct zta_threat_sighting bad;
        unsigned percent;
        enum zta_threat_level level;
    } cases[] = {
        {.bad = {.is_server_error = true}, .percent = 9, .level = ZTA_THREAT_NORMAL},
        {.bad = {.is_server_error = true}, .percent = 11, .level = ZTA_THREAT_ELEVATED},
        {.bad = {.is_server_error = true}, .percent = 30, .level = ZTA_THREAT_HIGH},
        {.bad = {.is_server_error = true}, .percent = 60, .level = ZTA_THREAT_CRITICAL},
        {.bad = {.latency_us = 6000000}, .percent = 6, .level = ZTA_THREAT_HIGH},
        {.bad = {.latency_us = 6000000}, .percent = 4, .level = ZTA_THREAT_NORMAL},
        {.bad = {.is_verified = true, .is_denied = true}, .percent = 45, .level = ZTA_THREAT_HIGH},
        {.bad = {.is_denied = true}, .percent = 90, .level = ZTA_THREAT_NORMAL},
        /* A flood of garbage, however great: one step. */
        {.bad = {.is_failed = true}, .percent = 100, .level = ZTA_THREAT_ELEVATED},
    };
    const struct zta_threat_sighting good = {.is_verified = true};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zta_threat threat = {.period = 0};
        int64_t now_s = START_S;
        pass(&threat, &now_s, 20, 0, good);
        assert_int_equal(threat.level, ZTA_THREAT_NORMAL);
        pass(&threat, &now_s, 10, cases[i].percent, cases[i].bad);
        assert_int_equal(threat.level, ZTA_THREAT_NORMAL);
        pass(&threat, &now_s, 11, cases[i].percent, cases[i].bad);
        assert_int_equal(threat.level, cases[i].level);
        assert_int_equal(threat.reason[0] != '\0', cases[i].level != ZTA_THREAT_NORMAL);
        for (unsigned level = cases[i].level; level > 0; level--) {
            assert_int_equal(threat.level, level);
            pass(&threat, &now_s, ZTA_THREAT_CALM_S + 2, 0, good);
        }
        assert_int_equal(threat.level, ZTA_THREAT_NORMAL);
    }
}

static void between_both_thresholds_it_stays(void **state)
{
    struct zta_threat threat = {.period = 0};
    int64_t now_s = START_S;
    const struct zta_threat_sighting bad = {.is_server_error = true};
    pass(&threat, &now_s, 31, 30, bad);
    assert_int_equal(threat.level, ZTA_THREAT_HIGH);
    pass(&threat, &now_s, 300, 18, bad);
    assert_int_equal(threat.level, ZTA_THREAT_HIGH);
    pass(&threat, &now_s, ZTA_THREAT_CALM_S + 12, 12, bad);
    assert_int_equal(threat.level, ZTA_THREAT_ELEVATED);
}

static void it_falls_without_requests_and_few_say_nothing(void **state)
{
    struct zta_threat threat = {.period = 0};
    int64_t now_s = START_S;
    const struct zta_threat_sighting bad = {.is_server_error = true};
    for (int64_t i = 0; i < 100; i++) {
        const struct zta_threat_sighting one = {.time_s = now_s + i, .is_server_error = true};
        (void)zta_threat_count(&threat, &one);
    }
    assert_int_equal(threat.level, ZTA_THREAT_NORMAL);
    now_s += 100;
    pass(&threat, &now_s, 31, 60, bad);
    assert_int_equal(threat.level, ZTA_THREAT_CRITICAL);
    for (unsigned level = ZTA_THREAT_CRITICAL; level > 0; level--) {
        assert_int_equal(threat.level, level);
        now_s += ZTA_THREAT_CALM_S + ZTA_THREAT_PERIOD_S;
        assert_true(zta_threat_look(&threat, now_s));
    }
    assert_false(zta_threat_look(&threat, now_s + 1000));
    assert_int_equal(threat.level, ZTA_THREAT_NORMAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rises_to_what_two_periods_say_and_falls_step_by_step),
        cmocka_unit_test(between_both_thresholds_it_stays),
        cmocka_unit_test(it_falls_without_requests_and_few_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
