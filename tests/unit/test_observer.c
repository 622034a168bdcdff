/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The observer over a real ring and a real store: events, sessions, key uses, quotas, hostile
 * slots.
 */
#include "mod_zta/helper/observer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mod_zta/helper/batch.h"
#include "mod_zta/helper/quota.h"
#include "mod_zta/helper/session_table.h"
#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/store/keys.h"
#include "shared/store/repeats.h"
#include "tests/unit/observer_world.h"

/* ---- the plain way ---- */

static void events_and_sessions_are_there_after_one_round(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (uint32_t i = 0; i < 100; i++) {
        world_allowed(&world, 1 + i % 10);
    }
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    struct world_tally tally = world_check(&world);
    assert_int_equal(tally.n_rows, 100);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    struct zta_session session;
    assert_int_equal(world_session(&world, 7, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 10);
    assert_int_equal(session.n_denied, 0);
    assert_int_equal(session.first_s, T0 / ZTA_NS_PER_S);
    assert_string_equal(session.subject, "user-7@example.com");
    assert_string_equal(session.issuer, "corp");
    assert_int_equal(world_session(&world, 11, &session), ZTA_NOT_FOUND);
    world_close(&world);
}

static void a_known_session_is_written_back_after_its_time_or_at_a_change(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    struct zta_session session;
    world_allowed(&world, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    world_allowed(&world, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(world_session(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 1);
    world_allowed(&world, 2);
    world_pass(&world, MOD_ZTA_WRITE_BACK_NS);
    assert_int_equal(world_session(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 2);
    /* The next credential of a session is something that a revocation can name. */
    world.real_ns += 5 * ZTA_NS_PER_S;
    world_allowed(&world, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(world_session(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 3);
    world_close(&world);
}

static void a_drain_writes_everything_back(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 10; i++) {
            world_allowed(&world, 1);
        }
        world_pass(&world, MOD_ZTA_COMMIT_NS);
    }
    world_allowed(&world, 1);
    zta_segment_child_end(world.segment, (int32_t)getpid());
    /* With no deadline it comes back all the same: nobody is left to wait for. */
    assert_true(mod_zta_observer_drain(world.observer, INT64_MAX));
    struct zta_session session;
    assert_int_equal(world_session(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 31);
    (void)world_check(&world);
    world_close(&world);
}

static void a_drain_ends_at_its_deadline_while_children_live(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    world_allowed(&world, 1);
    int64_t before_ns = zta_clock_monotonic_ns();
    assert_true(mod_zta_observer_drain(world.observer, before_ns + 200000000));
    assert_true(zta_clock_monotonic_ns() - before_ns >= 200000000);
    (void)world_check(&world);
    world_close(&world);
}

static void uses_of_api_keys_are_counted_by_id(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    struct zta_error error = {.text = ""};
    struct zta_store *operator;
    struct zta_change *change;
    assert_int_equal(zta_store_open(world.scratch.dir, ZTA_STORE_OPERATOR, 0, &operator, & error),
                     ZTA_OK);
    struct zta_key key = {.id = "abcdefghijkl",
                          .name = ZTA_TEXT("billing"),
                          .created_s = 1,
                          .author = ZTA_TEXT("test")};
    assert_int_equal(zta_change_begin(operator, "test", &change, &error), ZTA_OK);
    assert_int_equal(zta_key_put(change, &key), ZTA_OK);
    assert_int_equal(zta_change_commit(&change, &error), ZTA_OK);
    zta_store_close(&operator);
    world_observe(&world);
    struct scratch_event wanted = {
        .session = 3, .outcome = ZTA_OUTCOME_ALLOW, .reason = ZTA_REASON_OK, .apikey = "billing"};
    for (int i = 0; i < 5; i++) {
        world_publish(&world, &wanted);
    }
    wanted.apikey = "gone";
    world_publish(&world, &wanted);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    struct zta_view *view;
    int64_t time_s;
    uint64_t n;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_key_use_get(view, "abcdefghijkl", &time_s, &n), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(n, 5);
    assert_int_equal(time_s, T0 / ZTA_NS_PER_S);
    (void)world_check(&world);
    world_close(&world);
}

static void a_second_observer_waits_for_its_turn(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct mod_zta_observer *second = NULL;
        struct zta_error error = {.text = ""};
        enum zta_status status =
            mod_zta_observer_open(&world.options, world.mono_ns, world.real_ns, &second, &error);
        _exit(status == ZTA_BUSY ? 0 : 1);
    }
    int ended;
    assert_int_equal(waitpid(pid, &ended, 0), pid);
    assert_int_equal(ended, 0);
    assert_int_equal(zta_segment_store_health(world.segment), ZTA_OK);
    world_close(&world);
}

/* ---- quotas ---- */

static void repeated_denials_are_one_row_with_five_examples(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 500; i++) {
            world_denied(&world, 1, "/orders");
        }
        world_denied(&world, 2, "/orders");
        world_denied(&world, 1, "/other");
        world_pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct world_tally tally = world_check(&world);
    assert_int_equal(tally.n_rows, 5 + 4 + 4);
    assert_int_equal(tally.n_repeats, 1);
    assert_int_equal(tally.repeated, 1995);
    /* Another observer counts on in the same row. */
    mod_zta_observer_close(&world.observer);
    world_observe(&world);
    for (int i = 0; i < 50; i++) {
        world_denied(&world, 1, "/orders");
    }
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    tally = world_check(&world);
    assert_int_equal(tally.n_rows, 13);
    assert_int_equal(tally.n_repeats, 1);
    assert_int_equal(tally.repeated, 2045);
    /* The next window begins anew. */
    world_pass(&world, ZTA_REPEAT_WINDOW_S * ZTA_NS_PER_S);
    world_denied(&world, 1, "/orders");
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    tally = world_check(&world);
    assert_int_equal(tally.n_rows, 14);
    world_close(&world);
}

static void a_flood_of_denials_from_everywhere_leaves_the_others_their_rows(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    /* Three times what the class may have, each from another source. */
    uint32_t source = 1000;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 3000; i++) {
            world_denied(&world, source++, "/orders");
        }
        for (uint32_t i = 1; i <= 10; i++) {
            world_allowed(&world, i);
        }
        world_pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct world_tally tally = world_check(&world);
    assert_int_equal(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE), 0);
    uint64_t allowed = tally.weight - tally.denied_weight;
    assert_int_equal(allowed, 100);
    assert_int_equal(tally.denied_weight + tally.repeated, 30000);
    /* A second's worth was saved up, another one passed. */
    assert_true(tally.denied_weight <= 2 * MOD_ZTA_DENIED_ROWS_S);
    assert_true(tally.n_various > 0);
    world_close(&world);
}

static void a_flood_of_one_source_is_sampled_and_the_others_are_whole(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < 4000; i++) {
            world_allowed(&world, i % 100 == 0 ? 2 : 1);
        }
        world_pass(&world, MOD_ZTA_COMMIT_NS);
    }
    struct world_tally tally = world_check(&world);
    assert_int_equal(tally.weight, 120000);
    assert_int_equal(tally.by_session[2], 1200);
    assert_int_equal(tally.by_session[1], 118800);
    /* 20,000 saved up, 60,000 for three seconds, and a little. */
    assert_true(tally.n_rows < 85000);
    assert_true(tally.n_rows > 60000);
    world_close(&world);
}

static bool weigh(void *context, const struct zta_event_key *key, const struct zta_event *event)
{
    uint64_t *alone = context;
    if (zta_get_u32(event->session + 8) == 2) {
        alone[key->weight == 1 ? 0 : 1]++;
    }
    return true;
}

static void a_small_source_keeps_every_row_under_pressure(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 4000; i++) {
            world_allowed(&world, i % 1000 == 0 ? 2 : 1);
        }
        world_pass(&world, MOD_ZTA_COMMIT_NS / 4);
        world_pass(&world, MOD_ZTA_COMMIT_NS);
    }
    (void)world_check(&world);
    struct zta_view *view;
    struct zta_event_key all = {.sequence = 0};
    uint64_t alone[2] = {0, 0};
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world.observer), &view), ZTA_OK);
    assert_int_equal(zta_event_each_after(view, &all, weigh, alone), ZTA_OK);
    zta_view_end(&view);
    assert_int_equal(alone[0], 80);
    assert_int_equal(alone[1], 0);
    world_close(&world);
}

static void more_sources_than_rows_are_stood_for_by_weight(void **state)
{
    struct zta_siphash_key key = {.k0 = 1, .k1 = 2};
    struct mod_zta_quota *quota;
    assert_int_equal(mod_zta_quota_open(&key, &quota), ZTA_OK);
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    static struct mod_zta_batch batch;
    static struct mod_zta_shares shares;
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    assert_int_equal(
        zta_change_begin(mod_zta_observer_store(world.observer), "test", &change, &error), ZTA_OK);
    uint64_t n_rows = 0;
    uint64_t weight = 0;
    for (int round = 0; round < 40; round++) {
        batch.n = 4000;
        for (uint32_t i = 0; i < 4000; i++) {
            struct scratch_event wanted = {.number = i,
                                           .time_ns = T0,
                                           .session = i + 1,
                                           .outcome = ZTA_OUTCOME_ALLOW,
                                           .reason = ZTA_REASON_OK};
            scratch_event_make(&wanted, &batch.events[i]);
            batch.sequences[i] = i;
        }
        /* No time passes: what was saved up is all there is, then a single row a batch. */
        assert_int_equal(mod_zta_quota_apply(quota, change, &batch, 1, 0, &shares), ZTA_OK);
        assert_true(shares.n_rows > 0);
        n_rows += shares.n_rows;
        uint64_t sum = 0;
        for (size_t i = 0; i < shares.n_rows; i++) {
            sum += shares.rows[i].weight;
            assert_true(i == 0 || shares.rows[i].sequence > shares.rows[i - 1].sequence);
        }
        assert_int_equal(sum, 4000);
        weight += sum;
    }
    assert_int_equal(weight, 160000);
    assert_true(n_rows >= MOD_ZTA_ALLOWED_ROWS_S && n_rows < MOD_ZTA_ALLOWED_ROWS_S + 100);
    zta_change_abort(&change);
    mod_zta_quota_close(&quota);
    world_close(&world);
}

static void what_raised_a_factor_is_kept_whatever_else_comes(void **state)
{
    struct zta_siphash_key key = {.k0 = 1, .k1 = 2};
    struct mod_zta_quota *quota;
    assert_int_equal(mod_zta_quota_open(&key, &quota), ZTA_OK);
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    static struct mod_zta_batch batch;
    static struct mod_zta_shares shares;
    struct zta_error error = {.text = ""};
    struct zta_change *change;
    assert_int_equal(
        zta_change_begin(mod_zta_observer_store(world.observer), "test", &change, &error), ZTA_OK);
    uint64_t n_raised = 0;
    for (int round = 0; round < 20; round++) {
        batch.n = 4000;
        for (uint32_t i = 0; i < 4000; i++) {
            struct scratch_event wanted = {.number = i,
                                           .time_ns = T0,
                                           .session = 1,
                                           .outcome =
                                               i % 3 == 0 ? ZTA_OUTCOME_DENY : ZTA_OUTCOME_ALLOW,
                                           .reason = ZTA_REASON_OK};
            scratch_event_make(&wanted, &batch.events[i]);
            batch.events[i].risk.n_raised = i % 100 < 2;
            batch.events[i].risk.raised[0] =
                (struct zta_event_raised){.weight = 5, .owners = i % 100 == 0};
            batch.sequences[i] = i;
        }
        assert_int_equal(mod_zta_quota_apply(quota, change, &batch, 1, 4, &shares), ZTA_OK);
        for (size_t i = 0; i < shares.n_rows; i++) {
            if (shares.rows[i].event->risk.n_raised > 0 &&
                shares.rows[i].event->risk.raised[0].owners != 0) {
                assert_int_equal(shares.rows[i].weight, 1);
                n_raised++;
            }
        }
    }
    assert_int_equal(n_raised, 20 * 40);
    zta_change_abort(&change);
    mod_zta_quota_close(&quota);
    world_close(&world);
}

/* ---- what hostile children write ---- */

static void hostile_slots_are_dropped_and_counted(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    struct zta_event event;
    uint64_t series = 3;
    for (int i = 0; i < 3000; i++) {
        if (i % 3 == 0) {
            world_allowed(&world, 1);
            continue;
        }
        struct scratch_event wanted = {.number = (uint64_t)i,
                                       .time_ns = T0,
                                       .session = 4,
                                       .outcome = ZTA_OUTCOME_ALLOW,
                                       .reason = ZTA_REASON_OK};
        scratch_event_make(&wanted, &event);
        uint8_t *bytes = (uint8_t *)&event;
        for (int k = 0; k < (i % 3 == 1 ? 1 : (int)sizeof event); k++) {
            bytes[(size_t)scratch_random(&series) % sizeof event] =
                (uint8_t)scratch_random(&series);
        }
        assert_int_equal(zta_ring_publish(world.segment, world.incarnation, &event), ZTA_OK);
    }
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    (void)world_check(&world);
    assert_true(world_counter(&world, ZTA_COUNTER_EVENTS_DROPPED_STORE) > 900);
    struct zta_session session;
    assert_int_equal(world_session(&world, 1, &session), ZTA_OK);
    assert_int_equal(session.n_requests, 1000);
    /* All that was stored can be read back, sessions too. */
    mod_zta_observer_close(&world.observer);
    world_observe(&world);
    (void)world_check(&world);
    world_close(&world);
}

static void times_of_the_future_do_not_outlive_their_retention(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world.options.retain_events_s = 3600;
    world_observe(&world);
    const struct scratch_event wanted = {
        .time_ns = INT64_MAX, .session = 1, .outcome = ZTA_OUTCOME_ALLOW, .reason = ZTA_REASON_OK};
    world_publish(&world, &wanted);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(world_check(&world).n_rows, 1);
    world_pass(&world, 3700 * ZTA_NS_PER_S);
    assert_int_equal(world_count(&world).n_rows, 0);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_and_sessions_are_there_after_one_round),
        cmocka_unit_test(a_known_session_is_written_back_after_its_time_or_at_a_change),
        cmocka_unit_test(a_drain_writes_everything_back),
        cmocka_unit_test(a_drain_ends_at_its_deadline_while_children_live),
        cmocka_unit_test(uses_of_api_keys_are_counted_by_id),
        cmocka_unit_test(a_second_observer_waits_for_its_turn),
        cmocka_unit_test(repeated_denials_are_one_row_with_five_examples),
        cmocka_unit_test(a_flood_of_denials_from_everywhere_leaves_the_others_their_rows),
        cmocka_unit_test(a_flood_of_one_source_is_sampled_and_the_others_are_whole),
        cmocka_unit_test(a_small_source_keeps_every_row_under_pressure),
        cmocka_unit_test(more_sources_than_rows_are_stood_for_by_weight),
        cmocka_unit_test(what_raised_a_factor_is_kept_whatever_else_comes),
        cmocka_unit_test(hostile_slots_are_dropped_and_counted),
        cmocka_unit_test(times_of_the_future_do_not_outlive_their_retention),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
