/* SPDX-License-Identifier: Apache-2.0 */
/* Stages, monitor stages, exceptions, and the tables of modes, features, outcomes and reasons. */
#include "shared/stance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shared/decision.h"

static void no_overrides(int8_t overrides[ZTA_N_FEATURES])
{
    memset(overrides, -1, ZTA_N_FEATURES);
}

static struct zta_stance stance_of(unsigned stage, unsigned monitor)
{
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_stance stance;
    no_overrides(overrides);
    assert_int_equal(zta_stance_make(stage, monitor, overrides, &stance), ZTA_OK);
    return stance;
}

static void stance_enforces_up_to_stage_and_monitors_above(void **state)
{
    for (unsigned stage = 0; stage <= ZTA_STAGE_MAX; stage++) {
        for (unsigned monitor = 0; monitor <= ZTA_STAGE_MAX; monitor++) {
            struct zta_stance stance = stance_of(stage, monitor);
            unsigned evaluated = monitor > stage ? monitor : stage;
            assert_int_equal(stance.stage, stage);
            assert_int_equal(stance.monitor, evaluated);
            assert_false(stance.allows_by_default);
            for (unsigned f = 0; f < ZTA_N_FEATURES; f++) {
                unsigned first = zta_feature_stage((enum zta_feature)f);
                enum zta_mode expected = first <= stage       ? ZTA_MODE_ENFORCE
                                         : first <= evaluated ? ZTA_MODE_MONITOR
                                                              : ZTA_MODE_OFF;
                assert_int_equal(stance.modes[f], expected);
            }
        }
    }
}

static void stance_takes_exceptions_for_single_features(void **state)
{
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_stance stance;
    no_overrides(overrides);
    overrides[ZTA_FEATURE_GEO] = ZTA_MODE_MONITOR;
    overrides[ZTA_FEATURE_DEVICE] = ZTA_MODE_OFF;
    overrides[ZTA_FEATURE_RISK] = ZTA_MODE_ENFORCE;
    assert_int_equal(zta_stance_make(3, 0, overrides, &stance), ZTA_OK);
    assert_int_equal(stance.modes[ZTA_FEATURE_GEO], ZTA_MODE_MONITOR);
    assert_int_equal(stance.modes[ZTA_FEATURE_DEVICE], ZTA_MODE_OFF);
    assert_int_equal(stance.modes[ZTA_FEATURE_RISK], ZTA_MODE_ENFORCE);
    assert_int_equal(stance.modes[ZTA_FEATURE_RULES], ZTA_MODE_ENFORCE);
    assert_int_equal(stance.modes[ZTA_FEATURE_STEPUP], ZTA_MODE_OFF);
}

static void stance_refuses_a_credential_that_is_not_enforced(void **state)
{
    const struct {
        unsigned stage;
        int8_t credential;
        enum zta_status status;
    } cases[] = {
        {.stage = 0, .credential = ZTA_MODE_OFF, .status = ZTA_OK},
        {.stage = 1, .credential = ZTA_MODE_OFF, .status = ZTA_INVALID},
        {.stage = 4, .credential = ZTA_MODE_MONITOR, .status = ZTA_INVALID},
        {.stage = 1, .credential = ZTA_MODE_ENFORCE, .status = ZTA_OK},
        {.stage = 1, .credential = 3, .status = ZTA_INVALID},
        {.stage = 0, .credential = -2, .status = ZTA_INVALID},
        {.stage = 5, .credential = -1, .status = ZTA_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int8_t overrides[ZTA_N_FEATURES];
        struct zta_stance stance;
        struct zta_stance untouched;
        memset(&stance, 0x5a, sizeof stance);
        untouched = stance;
        no_overrides(overrides);
        overrides[ZTA_FEATURE_CREDENTIAL] = cases[i].credential;
        assert_int_equal(zta_stance_make(cases[i].stage, 0, overrides, &stance), cases[i].status);
        if (cases[i].status != ZTA_OK) {
            assert_memory_equal(&stance, &untouched, sizeof stance);
        }
    }
    int8_t overrides[ZTA_N_FEATURES];
    struct zta_stance stance;
    no_overrides(overrides);
    assert_int_equal(zta_stance_make(0, ZTA_STAGE_MAX + 1, overrides, &stance), ZTA_INVALID);
}

static void stricter_takes_the_stronger_of_each(void **state)
{
    struct zta_stance a = stance_of(1, 4);
    struct zta_stance b = stance_of(2, 2);
    a.allows_by_default = 1;
    struct zta_stance both;
    zta_stance_stricter(&a, &b, &both);
    assert_int_equal(both.stage, 2);
    assert_int_equal(both.monitor, 4);
    assert_int_equal(both.allows_by_default, 0);
    assert_int_equal(both.modes[ZTA_FEATURE_RULES], ZTA_MODE_ENFORCE);
    assert_int_equal(both.modes[ZTA_FEATURE_RISK], ZTA_MODE_MONITOR);
    b.allows_by_default = 1;
    struct zta_stance swapped = b;
    zta_stance_stricter(&a, &swapped, &swapped);
    both.allows_by_default = 1;
    assert_memory_equal(&both, &swapped, sizeof both);
}

static void names_parse_back(void **state)
{
    for (unsigned i = 0; i < ZTA_N_FEATURES; i++) {
        enum zta_feature feature;
        const char *name = zta_feature_name((enum zta_feature)i);
        assert_int_equal(zta_feature_parse(zta_text_of(name), &feature), ZTA_OK);
        assert_int_equal(feature, i);
    }
    for (unsigned i = 0; i <= ZTA_MODE_ENFORCE; i++) {
        enum zta_mode mode;
        const char *name = zta_mode_name((enum zta_mode)i);
        assert_int_equal(zta_mode_parse(zta_text_of(name), &mode), ZTA_OK);
        assert_int_equal(mode, i);
    }
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        enum zta_reason reason;
        const char *name = zta_reason_name((enum zta_reason)i);
        assert_int_equal(zta_reason_parse(zta_text_of(name), &reason), ZTA_OK);
        assert_int_equal(reason, i);
    }
    for (unsigned i = 0; i <= ZTA_OUTCOME_CHALLENGE; i++) {
        enum zta_outcome outcome;
        const char *name = zta_outcome_name((enum zta_outcome)i);
        assert_int_equal(zta_outcome_parse(zta_text_of(name), &outcome), ZTA_OK);
        assert_int_equal(outcome, i);
    }
    enum zta_mode mode;
    enum zta_reason reason;
    enum zta_outcome outcome;
    enum zta_feature feature;
    assert_int_equal(zta_mode_parse(ZTA_TEXT("Enforce"), &mode), ZTA_INVALID);
    assert_int_equal(zta_reason_parse(ZTA_TEXT(""), &reason), ZTA_INVALID);
    assert_int_equal(zta_outcome_parse((struct zta_text){.data = NULL}, &outcome), ZTA_INVALID);
    assert_int_equal(zta_feature_parse(ZTA_TEXT("geography"), &feature), ZTA_INVALID);
}

static void zeroed_and_unknown_decisions_are_denials(void **state)
{
    struct zta_decision decision;
    memset(&decision, 0, sizeof decision);
    assert_int_equal(decision.verdict.outcome, ZTA_OUTCOME_DENY);
    assert_string_equal(zta_reason_name(decision.verdict.reason), "unjudged");
    assert_int_equal(zta_reason_http_status(decision.verdict.reason), 403);
    enum zta_reason beyond = (enum zta_reason)200;
    assert_string_equal(zta_reason_name(beyond), "unjudged");
    assert_int_equal(zta_reason_http_status(beyond), 403);
    assert_null(zta_reason_oauth_error(beyond));
    assert_string_equal(zta_reason_class(beyond), "denied");
    assert_string_equal(zta_reason_title(beyond), "Access denied");
    assert_string_equal(zta_outcome_name((enum zta_outcome)200), "deny");
    assert_true(zta_feature_stage((enum zta_feature)200) > ZTA_STAGE_MAX);
}

static void reasons_answer_as_the_table_says(void **state)
{
    assert_int_equal(zta_reason_http_status(ZTA_REASON_RATE_LIMITED), 429);
    assert_string_equal(zta_reason_oauth_error(ZTA_REASON_REVOKED), "invalid_token");
    assert_string_equal(zta_reason_class(ZTA_REASON_RULE_DENIED), "denied");
    assert_null(zta_reason_oauth_error(ZTA_REASON_NO_CREDENTIAL));
    for (unsigned i = 0; i < ZTA_N_REASONS; i++) {
        int status = zta_reason_http_status((enum zta_reason)i);
        assert_true((status == 200) == (i == ZTA_REASON_OK));
        assert_true(i == ZTA_REASON_OK || (status >= 400 && status < 600));
    }
}

static void a_raised_stance_is_that_of_the_stage_and_keeps_exceptions(void **state)
{
    int8_t overrides[ZTA_N_FEATURES];
    for (unsigned stage = 0; stage <= ZTA_STAGE_MAX; stage++) {
        for (unsigned monitor = stage; monitor <= ZTA_STAGE_MAX; monitor++) {
            for (unsigned to = 1; to <= ZTA_STAGE_MAX; to++) {
                struct zta_stance stance;
                struct zta_stance wanted;
                const unsigned raised = to > stage ? to : stage;
                memset(overrides, -1, sizeof overrides);
                assert_int_equal(zta_stance_make(stage, monitor, overrides, &stance), ZTA_OK);
                assert_int_equal(zta_stance_make(raised, monitor, overrides, &wanted), ZTA_OK);
                zta_stance_raise(&stance, to, &stance);
                assert_memory_equal(&stance, &wanted, sizeof wanted);
            }
        }
    }
    memset(overrides, -1, sizeof overrides);
    overrides[ZTA_FEATURE_GEO] = ZTA_MODE_OFF;
    overrides[ZTA_FEATURE_RATELIMIT] = ZTA_MODE_MONITOR;
    struct zta_stance stance;
    assert_int_equal(zta_stance_make(2, 3, overrides, &stance), ZTA_OK);
    zta_stance_raise(&stance, 3, &stance);
    assert_int_equal(stance.modes[ZTA_FEATURE_GEO], ZTA_MODE_OFF);
    assert_int_equal(stance.modes[ZTA_FEATURE_RATELIMIT], ZTA_MODE_MONITOR);
    assert_int_equal(stance.modes[ZTA_FEATURE_DEVICE], ZTA_MODE_ENFORCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stance_enforces_up_to_stage_and_monitors_above),
        cmocka_unit_test(stance_takes_exceptions_for_single_features),
        cmocka_unit_test(stance_refuses_a_credential_that_is_not_enforced),
        cmocka_unit_test(stricter_takes_the_stronger_of_each),
        cmocka_unit_test(names_parse_back),
        cmocka_unit_test(zeroed_and_unknown_decisions_are_denials),
        cmocka_unit_test(reasons_answer_as_the_table_says),
        cmocka_unit_test(a_raised_stance_is_that_of_the_stage_and_keeps_exceptions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
