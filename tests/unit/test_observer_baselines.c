/* SPDX-License-Identifier: Apache-2.0 */
/* The observer learns what is usual: days pass on its clock, requests come through the ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mod_zta/helper/hot_table.h"
#include "shared/decision.h"
#include "shared/live/ring.h"
#include "shared/store/baselines.h"
#include "shared/store/requests.h"
#include "tests/unit/observer_world.h"

#define DAY_NS (INT64_C(86400) * ZTA_NS_PER_S)

static const struct scratch_event usual = {.source = 1,
                                           .session = 1,
                                           .outcome = ZTA_OUTCOME_ALLOW,
                                           .reason = ZTA_REASON_OK,
                                           .teaches = true};

static void publish(struct world *world, const struct scratch_event *event, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        world_publish(world, event);
    }
}

/* Seven days with 20 requests each, all written back. */
static void open_warm(struct world *world)
{
    world_open(world, fast_dir(), MAP_SIZE);
    world_observe(world);
    for (unsigned day = 0; day < ZTA_WARM_DAYS; day++) {
        publish(world, &usual, 20);
        world_pass(world, DAY_NS);
    }
}

static enum zta_status find(struct world *world, struct zta_baseline *baseline)
{
    struct zta_view *view;
    assert_int_equal(zta_view_begin(mod_zta_observer_store(world->observer), &view), ZTA_OK);
    const enum zta_status status =
        zta_baseline_get(view, ZTA_TEXT("corp"), ZTA_TEXT("user-1@example.com"), baseline);
    zta_view_end(&view);
    return status;
}

/* Of the stored baseline about a country, as a request would see it now. */
static char answer(struct world *world, const char *country)
{
    struct zta_baseline baseline;
    struct zta_habit_values values;
    struct zta_answers answers;
    assert_int_equal(find(world, &baseline), ZTA_OK);
    const struct zta_habit_facts facts = {.time_s = world->real_ns / ZTA_NS_PER_S,
                                          .country = zta_text_of(country)};
    zta_habit_values_make(&facts, &values);
    zta_baseline_answer(&baseline, &values, &answers);
    const unsigned bit = 1u << ZTA_HABIT_COUNTRY;
    return (answers.known & bit) == 0 ? '?' : (answers.yes & bit) != 0 ? 'y' : 'n';
}

static void a_subject_is_known_after_a_week(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (unsigned day = 1; day <= ZTA_WARM_DAYS; day++) {
        /* What a decision depends on is there with the commit of the event, the rest later. */
        publish(&world, &usual, 20);
        world_pass(&world, MOD_ZTA_COMMIT_NS);
        world_pass(&world, MOD_ZTA_WRITE_BACK_NS);
        if (day > 1) {
            assert_int_equal(answer(&world, "FR"), day < ZTA_WARM_DAYS ? '?' : 'n');
            assert_int_equal(answer(&world, "CH"), day < ZTA_WARM_DAYS ? '?' : 'y');
        }
        world_pass(&world, DAY_NS);
    }
    world_close(&world);
}

static void off(struct zta_event *event)
{
    event->modes = 0;
}

static void cut(struct zta_event *event)
{
    event->inexact |= 1u << ZTA_EVENT_SUBJECT;
}

static void publish_changed(struct world *world, void (*change)(struct zta_event *event))
{
    struct zta_event event;
    struct scratch_event made = usual;
    made.time_ns = world->real_ns;
    made.number = ++world->next;
    scratch_event_make(&made, &event);
    change(&event);
    assert_int_equal(zta_ring_publish(world->segment, world->incarnation, &event), ZTA_OK);
}

static void only_what_entered_where_behaviour_is_judged_teaches(void **state)
{
    struct world world;
    struct zta_baseline baseline;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    struct scratch_event event = usual;
    event.teaches = false;
    publish(&world, &event, 20);
    event = usual;
    event.outcome = ZTA_OUTCOME_DENY;
    event.reason = ZTA_REASON_NO_RULE;
    publish(&world, &event, 20);
    event = usual;
    event.session = 0; /* no identity */
    publish(&world, &event, 20);
    publish_changed(&world, off);
    publish_changed(&world, cut);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    world_pass(&world, MOD_ZTA_WRITE_BACK_NS);
    publish(&world, &event, 1); /* with which all that waited is written */
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(find(&world, &baseline), ZTA_NOT_FOUND);
    publish(&world, &usual, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    world_pass(&world, MOD_ZTA_WRITE_BACK_NS);
    publish(&world, &usual, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    assert_int_equal(find(&world, &baseline), ZTA_OK);
    world_close(&world);
}

static void refused_requests_of_a_thief_teach_nothing(void **state)
{
    struct world world;
    open_warm(&world);
    struct scratch_event event = usual;
    event.country = "FR";
    event.outcome = ZTA_OUTCOME_DENY;
    event.reason = ZTA_REASON_BEHAVIOUR_UNUSUAL;
    for (unsigned day = 0; day < 10; day++) {
        publish(&world, &event, 200);
        world_pass(&world, DAY_NS);
    }
    assert_int_equal(answer(&world, "FR"), 'n');
    event.outcome = ZTA_OUTCOME_ALLOW;
    for (unsigned day = 1; day <= ZTA_USUAL_DAYS; day++) {
        assert_int_equal(answer(&world, "FR"), 'n');
        publish(&world, &event, 1);
        world_pass(&world, MOD_ZTA_COMMIT_NS);
        world_pass(&world, DAY_NS);
    }
    assert_int_equal(answer(&world, "FR"), 'y');
    world_close(&world);
}

static void an_unusual_rate_is_told_with_the_next_commit(void **state)
{
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (unsigned day = 0; day < ZTA_WARM_DAYS; day++) {
        for (unsigned minute = 0; minute < 10; minute++) {
            publish(&world, &usual, 5);
            world_pass(&world, 60 * ZTA_NS_PER_S);
        }
        world_pass(&world, DAY_NS - 600 * ZTA_NS_PER_S);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct zta_baseline baseline;
        struct zta_answers answers;
        const struct zta_habit_values values = {.time_s = world.real_ns / ZTA_NS_PER_S};
        publish(&world, &usual, ZTA_RATE_FLOOR);
        world_pass(&world, MOD_ZTA_COMMIT_NS);
        assert_int_equal(find(&world, &baseline), ZTA_OK);
        zta_baseline_answer(&baseline, &values, &answers);
        assert_true((answers.known & 1u << ZTA_HABIT_RATE) != 0);
        assert_int_equal((answers.yes & 1u << ZTA_HABIT_RATE) != 0, i == 0);
    }
    world_close(&world);
}

/* What it had in memory is counted once, by the one that comes after it. */
static void a_killed_observer_loses_and_doubles_nothing(void **state)
{
    struct world world;
    struct zta_baseline baseline;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (unsigned i = 1; i <= 20; i++) {
        publish(&world, &usual, 3);
        world_pass(&world, MOD_ZTA_COMMIT_NS);
        if (i % 5 == 0) {
            for (unsigned n = 0; n < 2; n++) {
                mod_zta_observer_close(&world.observer); /* without a last commit */
                world_observe(&world);
            }
            assert_int_equal(find(&world, &baseline), ZTA_OK);
            assert_int_equal(baseline.n_requests, 3 * i);
        }
    }
    world_close(&world);
}

static void baselines_of_the_absent_are_removed(void **state)
{
    struct world world;
    struct zta_baseline baseline;
    open_warm(&world);
    struct scratch_event other = usual;
    other.session = 2;
    for (unsigned day = 0; day < ZTA_FORGET_DAYS; day++) {
        publish(&world, &other, 1);
        world_pass(&world, DAY_NS);
    }
    assert_int_equal(find(&world, &baseline), ZTA_OK);
    for (unsigned second = 0; second < 4; second++) {
        world_pass(&world, DAY_NS);
    }
    assert_int_equal(find(&world, &baseline), ZTA_NOT_FOUND);
    world_close(&world);
}

/* Another process: LMDB opens a store once in each. */
static void request(const struct world *world, const struct zta_request *request)
{
    struct zta_error error = {.text = ""};
    struct zta_store *operator;
    struct zta_change *change;
    int how;
    const pid_t pid = fork();
    if (pid == 0) {
        const bool is_done = zta_store_open(world->scratch.dir, ZTA_STORE_OPERATOR, 0,
                                            &operator, & error) == ZTA_OK &&
                             zta_change_begin(operator, "test", &change, &error) == ZTA_OK &&
                             zta_request_put(change, request, 0) == ZTA_OK &&
                             zta_change_commit(&change, &error) == ZTA_OK;
        _Exit(is_done ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

static void what_operators_want_forgotten_is_gone_for_good(void **state)
{
    static const struct zta_request requests[] = {
        {.kind = ZTA_REQUEST_FORGET, .issuer = ZTA_TEXT("corp"), .subject = ZTA_TEXT("nobody")},
        {.kind = ZTA_REQUEST_FORGET,
         .issuer = ZTA_TEXT("corp"),
         .subject = ZTA_TEXT("user-1@example.com")},
        {.kind = ZTA_REQUEST_FORGET_ALL}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const bool is_hit = i > 0;
        struct world world;
        struct zta_baseline baseline;
        struct scratch_event other = usual;
        other.session = 2;
        open_warm(&world);
        publish(&world, &other, 1);
        publish(&world, &usual, 1); /* in memory alone */
        world_pass(&world, MOD_ZTA_COMMIT_NS);
        request(&world, &requests[i]);
        world_pass(&world, ZTA_NS_PER_S); /* without a request of anybody */
        assert_int_equal(find(&world, &baseline), is_hit ? ZTA_NOT_FOUND : ZTA_OK);
        /* Nothing in memory brings it back, nor an observer that counts events again. */
        mod_zta_observer_close(&world.observer);
        world_observe(&world);
        world_pass(&world, ZTA_NS_PER_S);
        assert_int_equal(find(&world, &baseline), is_hit ? ZTA_NOT_FOUND : ZTA_OK);
        publish(&world, &usual, 2);
        world_pass(&world, MOD_ZTA_COMMIT_NS);
        world_pass(&world, MOD_ZTA_WRITE_BACK_NS);
        publish(&world, &usual, 1);
        world_pass(&world, MOD_ZTA_COMMIT_NS);
        assert_int_equal(find(&world, &baseline), ZTA_OK);
        assert_in_range(baseline.n_requests, is_hit ? 2 : 143, is_hit ? 3 : 144);
        (void)world_check(&world);
        world_close(&world);
    }
}

static void many_subjects_pass_through_a_bounded_table(void **state)
{
    enum {
        N_SUBJECTS = 20000, /* more than are kept in memory */
        A_BATCH = 4000,
    };
    struct world world;
    world_open(&world, fast_dir(), MAP_SIZE);
    world_observe(&world);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 1; i <= N_SUBJECTS; i++) {
            struct scratch_event event = usual;
            event.session = i;
            publish(&world, &event, 1);
            if (i % A_BATCH == 0) {
                world_pass(&world, MOD_ZTA_COMMIT_NS);
            }
        }
    }
    world_pass(&world, MOD_ZTA_WRITE_BACK_NS);
    publish(&world, &usual, 1);
    world_pass(&world, MOD_ZTA_COMMIT_NS);
    struct zta_baseline baseline;
    assert_int_equal(find(&world, &baseline), ZTA_OK);
    assert_int_equal(baseline.n_requests, 2);
    (void)world_check(&world);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subject_is_known_after_a_week),
        cmocka_unit_test(only_what_entered_where_behaviour_is_judged_teaches),
        cmocka_unit_test(refused_requests_of_a_thief_teach_nothing),
        cmocka_unit_test(an_unusual_rate_is_told_with_the_next_commit),
        cmocka_unit_test(a_killed_observer_loses_and_doubles_nothing),
        cmocka_unit_test(baselines_of_the_absent_are_removed),
        cmocka_unit_test(what_operators_want_forgotten_is_gone_for_good),
        cmocka_unit_test(many_subjects_pass_through_a_bounded_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
