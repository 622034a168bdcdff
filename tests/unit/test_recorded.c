/* SPDX-License-Identifier: Apache-2.0 */
/* Factors in events: what is recorded comes back, and a score is rebuilt from it. */
#include "shared/risk/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "shared/base/clock.h"

#define NOW_S INT64_C(1900000000)

static void raise_all(struct zta_risk *risk, int64_t now_s)
{
    struct zta_risk_tuning tuning;
    zta_risk_tuning_init(&tuning);
    tuning.signals[ZTA_RISK_NEW_DEVICE].floor = 60;
    assert_true(zta_risk_raise(risk, &tuning, ZTA_RISK_NEW_DEVICE, 100, ZTA_TEXT("laptop"), now_s));
    assert_true(
        zta_risk_raise(risk, &tuning, ZTA_RISK_NEW_COUNTRY, 100, ZTA_TEXT(""), now_s - 3600));
    assert_true(zta_risk_raise(risk, &tuning, ZTA_RISK_WAF, 50, ZTA_TEXT("score 12"), now_s));
}

static void a_score_is_rebuilt_from_the_event(void **state)
{
    struct zta_event event = {.time_ns = NOW_S * ZTA_NS_PER_S + 5};
    struct zta_risk raised = {.n = 0};
    struct zta_risk rebuilt = {.n = 0};
    struct zta_risk_factor factor;
    char storage[ZTA_RECORDED_EVIDENCE_MAX];
    raise_all(&raised, NOW_S);
    struct zta_text texts[ZTA_N_EVENT_TEXTS] = {[ZTA_EVENT_METHOD] = ZTA_TEXT("GET")};
    texts[ZTA_EVENT_EVIDENCE] = zta_risk_record_raised(&event, &raised, storage);
    zta_event_set_texts(&event, texts);
    for (size_t i = 0; zta_risk_recorded(&event, i, &factor); i++) {
        assert_true(zta_risk_put(&rebuilt, &factor));
    }
    assert_int_equal(rebuilt.n, 3);
    assert_memory_equal(rebuilt.factors, raised.factors, 3 * sizeof raised.factors[0]);
    /* What the reader adds comes behind, once. */
    factor = (struct zta_risk_factor){.signal = ZTA_RISK_ENUMERATION,
                                      .weight = 25,
                                      .half_life_s = 60,
                                      .raised_s = NOW_S,
                                      .n_raised = 1,
                                      .evidence = "90 % of 40"};
    struct zta_risk_factor back;
    assert_true(zta_risk_record_add(&event, &factor));
    assert_false(zta_risk_record_add(&event, &factor));
    assert_true(zta_risk_recorded(&event, 3, &back));
    assert_memory_equal(&back, &factor, sizeof back);
    assert_false(zta_risk_recorded(&event, 4, &back));
}

static void nothing_raised_is_nothing_recorded(void **state)
{
    struct zta_event event = {.time_ns = NOW_S * ZTA_NS_PER_S};
    const struct zta_risk none = {.n = 0};
    struct zta_risk_factor factor;
    char storage[ZTA_RECORDED_EVIDENCE_MAX];
    assert_true(zta_text_is_absent(zta_risk_record_raised(&event, &none, storage)));
    assert_false(zta_risk_recorded(&event, 0, &factor));
}

static void an_event_has_room_for_so_many_and_hostile_ones_are_not_taken(void **state)
{
    struct zta_event event = {.time_ns = NOW_S * ZTA_NS_PER_S};
    struct zta_risk_factor factor = {.weight = 5, .raised_s = NOW_S + 99, .n_raised = 1};
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        factor.signal = (enum zta_risk_signal)i;
        memset(factor.evidence, 'x', sizeof factor.evidence - 1);
        assert_int_equal(zta_risk_record_add(&event, &factor), i < ZTA_EVENT_RAISED_MAX);
    }
    /* Evidence is cut, numbers never; what was raised later than it was is as new. */
    for (size_t i = 0; i < ZTA_EVENT_RAISED_MAX; i++) {
        assert_true(zta_risk_recorded(&event, i, &factor));
        assert_int_equal(factor.signal, i);
        assert_int_equal(factor.raised_s, NOW_S);
    }
    assert_string_equal(factor.evidence, "");
    event.risk.raised[0].signal = ZTA_N_RISK_SIGNALS;
    event.risk.raised[1].weight = 0;
    event.risk.n_raised = 255;
    assert_false(zta_risk_recorded(&event, 0, &factor));
    assert_false(zta_risk_recorded(&event, 1, &factor));
    assert_true(zta_risk_recorded(&event, 2, &factor));
    assert_false(zta_risk_recorded(&event, ZTA_EVENT_RAISED_MAX, &factor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_score_is_rebuilt_from_the_event),
        cmocka_unit_test(nothing_raised_is_nothing_recorded),
        cmocka_unit_test(an_event_has_room_for_so_many_and_hostile_ones_are_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
