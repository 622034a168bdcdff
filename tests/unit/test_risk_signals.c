/* SPDX-License-Identifier: Apache-2.0 */
/* The table of risk signals: complete, in bounds, found by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/risk_signals.h"

static void every_signal_is_complete_and_found_by_its_name(void **state)
{
    for (unsigned i = 0; i < ZTA_N_RISK_SIGNALS; i++) {
        const struct zta_risk_signal_info *info = zta_risk_signal_info(i);
        enum zta_risk_signal found = ZTA_N_RISK_SIGNALS;
        assert_non_null(info);
        assert_in_range(info->weight, 1, 100);
        assert_in_range(info->kept_for, ZTA_RISK_KEPT_FOR_SESSION, ZTA_RISK_KEPT_FOR_BOTH);
        assert_non_null(info->text);
        assert_int_equal(zta_risk_signal_find(zta_text_of(info->name), &found), ZTA_OK);
        assert_int_equal(found, i);
    }
}

static void nothing_is_beyond_the_tables(void **state)
{
    enum zta_risk_signal signal;
    enum zta_threat_level level;
    assert_null(zta_risk_signal_info(ZTA_N_RISK_SIGNALS));
    assert_null(zta_threat_level_name(ZTA_N_THREAT_LEVELS));
    assert_int_equal(zta_risk_signal_find(zta_text_of("new-devic"), &signal), ZTA_NOT_FOUND);
    assert_int_equal(zta_threat_level_parse(zta_text_of("High"), &level), ZTA_NOT_FOUND);
}

static void threat_levels_are_read_as_they_are_named(void **state)
{
    for (unsigned i = 0; i < ZTA_N_THREAT_LEVELS; i++) {
        enum zta_threat_level level = ZTA_N_THREAT_LEVELS;
        const char *name = zta_threat_level_name((enum zta_threat_level)i);
        assert_int_equal(zta_threat_level_parse(zta_text_of(name), &level), ZTA_OK);
        assert_int_equal(level, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_signal_is_complete_and_found_by_its_name),
        cmocka_unit_test(nothing_is_beyond_the_tables),
        cmocka_unit_test(threat_levels_are_read_as_they_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
