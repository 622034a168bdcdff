/* SPDX-License-Identifier: Apache-2.0 */
/* Records of those that were seen lately: found again, bounded, the oldest gives way. */
#include "mod_zta/helper/recent_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/scratch_store.h"

static const struct zta_siphash_key key = {.k0 = 1, .k1 = 2};

static uint64_t *see(struct mod_zta_recent_table *table, uint32_t number)
{
    uint8_t id[MOD_ZTA_RECENT_ID_SIZE];
    scratch_session_id(number, id);
    return mod_zta_recent_table_see(table, id);
}

static struct mod_zta_recent_table *open_table(size_t n_records)
{
    struct mod_zta_recent_table *table;
    assert_int_equal(mod_zta_recent_table_open(n_records, sizeof(uint64_t), &key, &table), ZTA_OK);
    return table;
}

static void what_was_seen_is_found_again_and_others_are_zero(void **state)
{
    struct mod_zta_recent_table *table = open_table(4096);
    for (uint32_t i = 1; i <= 1000; i++) {
        uint64_t *record = see(table, i);
        assert_int_equal(*record, 0);
        *record = i;
    }
    for (uint32_t i = 1; i <= 1000; i++) {
        assert_int_equal(*see(table, i), i);
    }
    assert_int_equal(mod_zta_recent_table_forgotten(table), 0);
    mod_zta_recent_table_close(&table);
    assert_null(table);
}

static void a_million_take_no_more_room_and_a_hot_one_stays(void **state)
{
    struct mod_zta_recent_table *table = open_table(1024);
    *see(table, 1) = 4711;
    for (uint32_t i = 2; i <= 1000000; i++) {
        *see(table, i) = i;
        /* Seen again long before eight others of its set. */
        assert_true(i % 64 != 0 || *see(table, 1) == 4711);
    }
    assert_int_equal(mod_zta_recent_table_forgotten(table), 1000000 - 1024);
    mod_zta_recent_table_close(&table);
}

static void one_that_gave_way_comes_back_zeroed(void **state)
{
    struct mod_zta_recent_table *table = open_table(8);
    for (uint32_t i = 1; i <= 9; i++) {
        *see(table, i) = i;
    }
    assert_int_equal(mod_zta_recent_table_forgotten(table), 1);
    for (uint32_t i = 2; i <= 9; i++) {
        assert_int_equal(*see(table, i), i);
    }
    assert_int_equal(*see(table, 1), 0);
    mod_zta_recent_table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_seen_is_found_again_and_others_are_zero),
        cmocka_unit_test(a_million_take_no_more_room_and_a_hot_one_stays),
        cmocka_unit_test(one_that_gave_way_comes_back_zeroed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
