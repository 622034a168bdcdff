/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of shared rates in the shared memory: who asks is counted, and gets what holds. */
#include "shared/live/shares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/limits.h"
#include "shared/store/shares.h"
#include "tests/unit/ring_support.h"

#define NOW   (1000 * ZTA_NS_PER_S)
#define HOLD  (10 * ZTA_NS_PER_S)
#define NODES 4
#define MANY  100000

static int open_segment(void **state)
{
    *state = ring_test_open();
    const struct zta_shares_fleet fleet = {
        .n_nodes = NODES, .key = {.k0 = 1, .k1 = 2}, .hold_ns = HOLD};
    zta_shares_set_fleet(*state, &fleet);
    return 0;
}

static int close_segment(void **state)
{
    struct zta_segment *segment = *state;
    const enum zta_status status = zta_shares_check(segment, NULL);
    ring_test_close(&segment);
    return status == ZTA_OK ? 0 : -1;
}

static uint32_t part_of(struct zta_segment *segment, uint64_t id, int64_t now_ns)
{
    return zta_shares_ask(segment, id, now_ns).part;
}

static void in_no_fleet_nothing_is_shared(void **state)
{
    const struct zta_shares_fleet none = {.n_nodes = 0};
    assert_true(zta_shares_are_on(*state));
    assert_int_equal(zta_shares_key(*state).k1, 2);
    zta_shares_set_fleet(*state, &none);
    assert_false(zta_shares_are_on(*state));
    assert_int_equal(part_of(*state, 7, NOW), ZTA_SHARES_WHOLE);
}

static void a_grant_holds_for_its_time_and_is_the_nth_part_then(void **state)
{
    const struct zta_share_grant grants[] = {{.id = 7, .part = 900000}, {.id = 9, .part = 1000}};
    assert_int_equal(part_of(*state, 7, NOW), ZTA_SHARES_WHOLE / NODES);
    zta_shares_set(*state, grants, 2, NOW);
    assert_int_equal(zta_shares_issued_ns(*state), NOW);
    assert_int_equal(part_of(*state, 7, NOW), 900000);
    assert_int_equal(part_of(*state, 9, NOW + HOLD), 1000);
    assert_int_equal(part_of(*state, 8, NOW), ZTA_SHARES_WHOLE / NODES);
    assert_int_equal(part_of(*state, 7, NOW + HOLD), 900000);
    assert_int_equal(part_of(*state, 7, NOW + HOLD + 1), ZTA_SHARES_WHOLE / NODES);
    assert_int_equal(part_of(*state, 9, NOW + HOLD + 1), 1000);
    zta_shares_set(*state, &grants[1], 1, NOW + 1);
    assert_int_equal(part_of(*state, 7, NOW), ZTA_SHARES_WHOLE / NODES);
    assert_int_equal(part_of(*state, 9, NOW), 1000);
}

struct seen {
    uint64_t id;
    uint64_t n;
    bool is_pressed;
    bool is_named;
    size_t n_calls;
};

static void see(void *context, uint64_t id, uint64_t n, bool is_pressed, bool is_named)
{
    struct seen *seen = context;
    *seen = (struct seen){.id = id,
                          .n = n,
                          .is_pressed = is_pressed,
                          .is_named = is_named,
                          .n_calls = seen->n_calls + 1};
}

static void what_is_asked_for_is_collected_once(void **state)
{
    struct seen seen = {.n_calls = 0};
    for (int i = 0; i < 5; i++) {
        const struct zta_share share = zta_shares_ask(*state, 7, NOW);
        if (i == 2) {
            zta_shares_press(*state, share);
        }
    }
    zta_shares_collect(*state, see, &seen);
    assert_int_equal(seen.n_calls, 1);
    assert_int_equal(seen.id, 7);
    assert_int_equal(seen.n, 5);
    assert_true(seen.is_pressed);
    assert_false(seen.is_named);
    zta_shares_collect(*state, see, &seen);
    assert_int_equal(seen.n_calls, 1);
}

/* More buckets than there is room for: each has the nth part, and what is named keeps its part. */
static void a_full_table_gives_the_nth_part(void **state)
{
    const struct zta_share_grant grant = {.id = 7, .part = 900000};
    zta_shares_set(*state, &grant, 1, NOW);
    for (uint64_t id = 1000; id < 1000 + MANY; id++) {
        assert_int_equal(part_of(*state, id, NOW), ZTA_SHARES_WHOLE / NODES);
    }
    assert_int_equal(part_of(*state, 7, NOW), 900000);
}

static void a_part_of_a_rate_is_that_and_no_less_than_one_request(void **state)
{
    struct zta_limit_rate rate = {.count = 100, .window_s = 1, .burst = 20, .part = 250000};
    struct zta_limit_state told;
    int n_passed = 0;
    for (int64_t ms = 0; ms < 10000; ms++) {
        zta_limits_charge(*state, 5, &rate, NOW + ms * 1000000, false, &told);
        n_passed += !told.is_refused;
    }
    assert_in_range(n_passed, 250, 255);
    rate = (struct zta_limit_rate){.count = 5, .window_s = 3600, .burst = 5, .part = 1000};
    zta_limits_charge(*state, 6, &rate, NOW, false, &told);
    assert_false(told.is_refused);
    zta_limits_charge(*state, 6, &rate, NOW, false, &told);
    assert_true(told.is_refused);
}

static void the_file_of_grants_is_read_as_it_was_written_or_not_at_all(void **state)
{
    uint8_t bytes[ZTA_SHARE_GRANTS_SIZE + 1];
    size_t size;
    struct zta_share_grants grants = {.issued_ns = NOW, .n = 2};
    struct zta_share_grants found;
    grants.grants[0] = (struct zta_share_grant){.id = 7, .part = 1};
    grants.grants[1] = (struct zta_share_grant){.id = 9, .part = ZTA_SHARES_WHOLE};
    zta_share_grants_encode(&grants, bytes, &size);
    assert_int_equal(zta_share_grants_decode(bytes, size, &found), ZTA_OK);
    assert_int_equal(found.issued_ns, NOW);
    assert_int_equal(found.n, 2);
    assert_memory_equal(found.grants, grants.grants, 2 * sizeof grants.grants[0]);
    for (size_t len = 0; len < size; len++) {
        assert_int_equal(zta_share_grants_decode(bytes, len, &found), ZTA_INVALID);
    }
    assert_int_equal(zta_share_grants_decode(bytes, size + 1, &found), ZTA_INVALID);
    grants.grants[1].part++;
    zta_share_grants_encode(&grants, bytes, &size);
    assert_int_equal(zta_share_grants_decode(bytes, size, &found), ZTA_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_no_fleet_nothing_is_shared, open_segment, close_segment),
        cmocka_unit_test_setup_teardown(a_grant_holds_for_its_time_and_is_the_nth_part_then,
                                        open_segment, close_segment),
        cmocka_unit_test_setup_teardown(what_is_asked_for_is_collected_once, open_segment,
                                        close_segment),
        cmocka_unit_test_setup_teardown(a_full_table_gives_the_nth_part, open_segment,
                                        close_segment),
        cmocka_unit_test_setup_teardown(a_part_of_a_rate_is_that_and_no_less_than_one_request,
                                        open_segment, close_segment),
        cmocka_unit_test_setup_teardown(the_file_of_grants_is_read_as_it_was_written_or_not_at_all,
                                        open_segment, close_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
