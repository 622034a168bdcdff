/* SPDX-License-Identifier: Apache-2.0 */
/* The short form of `make sim`: a week and a half of a small organisation, each kind of attack. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/sim.h"
#include "tests/unit/observer_world.h"

static void attacks_are_found_and_honest_people_left_alone(void **state)
{
    const struct sim_options options = {
        .seed = 20300318,
        .n_people = 60,
        .n_keys = 3,
        .n_days = 12,
        .first_attack_day = 9,
        .n_attacks = 2,
        .pages_a_day = 10,
        .store_below = fast_dir(),
    };
    static struct sim_report report;
    sim_run(&options, &report);
    sim_print(&options, &report);
    for (unsigned kind = 0; kind < SIM_N_ATTACKS; kind++) {
        /* Who sits at the provider of his victim shows when both are active at once. */
        assert_true(kind == SIM_STOLEN_NEAR || report.attacks[kind].n_detected > 0);
    }
    assert_true(sim_median_s(&report) <= 60);
    assert_true(report.n_challenged * 100 <= report.n_sessions * 2);
    assert_int_equal(report.n_blocked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attacks_are_found_and_honest_people_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
