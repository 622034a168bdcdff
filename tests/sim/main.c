/* SPDX-License-Identifier: Apache-2.0 */
/* make sim: the long form, a report for each seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "tests/sim/sim.h"
#include "tests/unit/observer_world.h"

static int n_seeds;
static char **seeds;

static void days_of_traffic(void **state)
{
    for (int i = 0; i < n_seeds; i++) {
        const struct sim_options options = {
            .seed = strtoull(seeds[i], NULL, 10),
            .n_people = 1000,
            .n_keys = 20,
            .n_days = 28,
            .first_attack_day = 14,
            .n_attacks = 12,
            .pages_a_day = 20,
            .store_below = fast_dir(),
        };
        static struct sim_report report;
        sim_run(&options, &report);
        sim_print(&options, &report);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(days_of_traffic)};
    n_seeds = argc - 1;
    seeds = argv + 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
