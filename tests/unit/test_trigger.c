/* SPDX-License-Identifier: Apache-2.0 */
/* What counts towards a trigger: windows, sets, ratios, percentiles, and who is given up. */
#include "shared/risk/trigger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S       INT64_C(1000000000)
#define START_S INT64_C(1900000000)

static const struct zta_siphash_key key = {.k0 = 1, .k1 = 2};

static struct zta_trigger *open_one(struct zta_trigger_line line)
{
    struct zta_trigger *former = NULL;
    struct zta_trigger *trigger = NULL;
    const struct zta_trigger_plan plan = {.id = 7, .n_lines = 1, .lines = {line}};
    assert_int_equal(zta_trigger_open(&plan, 1, &key, &former, &trigger), ZTA_OK);
    return trigger;
}

static bool count(struct zta_trigger *trigger, uint64_t group, int64_t after_s, uint64_t add,
                  uint64_t base)
{
    const struct zta_trigger_value values[ZTA_TRIGGER_LINES_MAX] = {{.add = add, .base = base}};
    struct zta_triggered triggered;
    return zta_trigger_count(trigger, 0, group, (START_S + after_s) * S, values, 0, &triggered);
}

static void a_sum_counts_within_its_window_and_never_beyond(void **state)
{
    static const struct {
        int64_t every_s;
        bool is_triggered;
    } cases[] = {{.every_s = 0, .is_triggered = true},
                 {.every_s = 1, .is_triggered = true},
                 {.every_s = 5, .is_triggered = true},
                 {.every_s = 7, .is_triggered = false},
                 {.every_s = 60, .is_triggered = false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zta_trigger *trigger = open_one((struct zta_trigger_line){
            .measure = ZTA_TRIGGER_SUM, .number = 10, .window_ns = 64 * S});
        bool is_triggered = false;
        for (int64_t n = 0; n < 200; n++) {
            const bool is_now = count(trigger, 1, n * cases[i].every_s, 1, 0);
            assert_false(is_now && n < 10);
            is_triggered = is_triggered || is_now;
        }
        assert_int_equal(is_triggered, cases[i].is_triggered);
        assert_false(count(trigger, 2, 0, 10, 0));
        assert_true(count(trigger, 3, 0, 11, 0));
        zta_trigger_close(&trigger);
    }
}

static void sets_count_different_ones_once(void **state)
{
    struct zta_trigger *trigger = open_one((struct zta_trigger_line){
        .measure = ZTA_TRIGGER_DISTINCT, .number = 10, .window_ns = 64 * S});
    for (int64_t n = 0; n < 100; n++) {
        assert_false(count(trigger, 1, n / 4, 1 + (uint64_t)n % 10, 0));
        assert_false(count(trigger, 1, n / 4, 0, 0));
    }
    assert_true(count(trigger, 1, 26, 99, 0));
    for (int64_t n = 0; n < 100; n++) {
        assert_false(count(trigger, 2, 8 * n, (uint64_t)n + 1, 0));
    }
    zta_trigger_close(&trigger);
}

static void ratios_need_as_many_as_the_rule_says(void **state)
{
    struct zta_trigger *trigger = open_one((struct zta_trigger_line){
        .measure = ZTA_TRIGGER_RATIO, .number = 50, .window_ns = 64 * S, .min = 20});
    for (int64_t n = 0; n < 19; n++) {
        assert_false(count(trigger, 1, 0, 1, 1));
    }
    assert_true(count(trigger, 1, 0, 1, 1));
    for (int64_t n = 0; n < 100; n++) {
        assert_false(count(trigger, 2, 0, n % 2 == 1, 1));
    }
    zta_trigger_close(&trigger);
}

static void the_slow_twentieth_is_found(void **state)
{
    struct zta_trigger *trigger = open_one((struct zta_trigger_line){
        .measure = ZTA_TRIGGER_P95, .number = 1000, .window_ns = 64 * S, .min = 50});
    for (int64_t n = 0; n < 500; n++) {
        assert_false(count(trigger, 1, 0, n % 40 == 0 ? 1 << 20 : 90, 1));
    }
    for (int64_t n = 0; n < 49; n++) {
        assert_false(count(trigger, 2, 0, 1 << 20, 1));
    }
    assert_true(count(trigger, 2, 0, 1 << 20, 1));
    assert_false(count(trigger, 2, 200, 90, 1));
    zta_trigger_close(&trigger);
}

static void all_lines_must_hold_at_once(void **state)
{
    struct zta_trigger *former = NULL;
    struct zta_trigger *trigger = NULL;
    const struct zta_trigger_plan plan = {
        .n_lines = 2,
        .lines = {{.measure = ZTA_TRIGGER_SUM, .number = 3, .is_equal = true, .window_ns = 60 * S},
                  {.measure = ZTA_TRIGGER_NOW, .number = 80}}};
    struct zta_triggered triggered;
    assert_int_equal(zta_trigger_open(&plan, 1, &key, &former, &trigger), ZTA_OK);
    for (int64_t n = 0; n < 10; n++) {
        const struct zta_trigger_value values[ZTA_TRIGGER_LINES_MAX] = {
            {.add = 1}, {.add = n == 1 || n == 5 ? 81 : 80}};
        assert_int_equal(zta_trigger_count(trigger, 0, 1, (START_S + n) * S, values, 0, &triggered),
                         n == 5);
    }
    assert_int_equal(triggered.values[0], 10);
    zta_trigger_close(&trigger);
}

static void what_goes_on_fires_again_after_its_time(void **state)
{
    struct zta_trigger *trigger = open_one(
        (struct zta_trigger_line){.measure = ZTA_TRIGGER_SUM, .number = 0, .window_ns = 60 * S});
    const struct zta_trigger_value values[ZTA_TRIGGER_LINES_MAX] = {{.add = 1}};
    struct zta_triggered triggered;
    unsigned n_fired = 0;
    for (int64_t n = 0; n < 30; n++) {
        n_fired += zta_trigger_count(trigger, 0, 1, (START_S + n) * S, values, 10 * S, &triggered);
    }
    assert_int_equal(n_fired, 3);
    zta_trigger_close(&trigger);
}

/* Half a million other addresses between any two of the attacker's requests. */
static void a_flood_of_others_resets_nobody_who_is_near_his_trigger(void **state)
{
    struct zta_trigger *trigger = open_one(
        (struct zta_trigger_line){.measure = ZTA_TRIGGER_SUM, .number = 50, .window_ns = 600 * S});
    uint64_t other = 1000;
    bool is_triggered = false;
    for (int64_t n = 0; n < 51; n++) {
        is_triggered = count(trigger, 1, n, 1, 0) || count(trigger, 1, n, 1, 0) || is_triggered;
        for (unsigned i = 0; i < 10000; i++) {
            assert_false(count(trigger, other++, n, 1, 0));
        }
    }
    assert_true(is_triggered);
    zta_trigger_close(&trigger);
}

static void counts_go_on_when_other_rules_change_and_end_with_their_own(void **state)
{
    const struct zta_trigger_line line = {
        .measure = ZTA_TRIGGER_SUM, .number = 5, .window_ns = 60 * S};
    struct zta_trigger *former = open_one(line);
    struct zta_trigger *trigger = NULL;
    const struct zta_trigger_plan plans[] = {{.id = 9, .n_lines = 1, .lines = {line}},
                                             {.id = 7, .n_lines = 1, .lines = {line}}};
    const struct zta_trigger_value values[ZTA_TRIGGER_LINES_MAX] = {{.add = 1}};
    struct zta_triggered triggered;
    for (unsigned i = 0; i < 5; i++) {
        assert_false(count(former, 1, 0, 1, 0));
    }
    /* The size of a table follows from how many there are. */
    assert_int_equal(zta_trigger_open(plans, 2, &key, &former, &trigger), ZTA_OK);
    assert_null(former);
    assert_false(zta_trigger_count(trigger, 0, 1, START_S * S, values, 0, &triggered));
    assert_true(zta_trigger_count(trigger, 1, 1, START_S * S, values, 0, &triggered));
    zta_trigger_forget(trigger);
    assert_false(zta_trigger_count(trigger, 1, 1, START_S * S, values, 0, &triggered));
    zta_trigger_close(&trigger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_counts_within_its_window_and_never_beyond),
        cmocka_unit_test(sets_count_different_ones_once),
        cmocka_unit_test(ratios_need_as_many_as_the_rule_says),
        cmocka_unit_test(the_slow_twentieth_is_found),
        cmocka_unit_test(all_lines_must_hold_at_once),
        cmocka_unit_test(what_goes_on_fires_again_after_its_time),
        cmocka_unit_test(a_flood_of_others_resets_nobody_who_is_near_his_trigger),
        cmocka_unit_test(counts_go_on_when_other_rules_change_and_end_with_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
