/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the flights: one asks, few ask at once, and nothing a killed process held stays held. */
#include "shared/live/flights.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"
#include "tests/unit/ring_support.h"
#include "tests/unit/step_support.h"

#define NOW      INT64_C(5000000000000)
#define MS       INT64_C(1000000)
#define ISSUER   UINT64_C(77)
#define N_RACERS 4
#define N_ROUNDS (3000 / SANITIZED_COST)
#define N_TABLE  4096 /* places of tokens */
#define N_CALLS  8    /* at once of tokens that are new; as many more are for renewals */

static struct zta_segment *segment;
static uint32_t self; /* incarnation of a child that lives */

static int open_segment(void **state)
{
    (void)state;
    segment = ring_test_open();
    assert_int_equal(zta_segment_child_begin(segment, 1000, &self), ZTA_OK);
    return 0;
}

static int close_segment(void **state)
{
    (void)state;
    ring_test_assert_sound(segment);
    ring_test_close(&segment);
    return 0;
}

static struct zta_flight_question question(uint64_t token, unsigned addr)
{
    struct zta_flight_question question = {
        .issuer = ISSUER,
        .addr = {.family = 4, .bytes = {10, 0, (uint8_t)(addr >> 8), (uint8_t)addr}},
        .n_calls = 2 * N_CALLS,
        .n_waits = 4,
    };
    zta_sha256(&token, sizeof(token), &question.token);
    return question;
}

static enum zta_status begin(uint64_t token, unsigned addr, int64_t now_ns,
                             struct zta_flight *flight)
{
    const struct zta_flight_question asked = question(token, addr);
    return zta_flight_begin(segment, self, &asked, now_ns, flight);
}

static void end(const struct zta_flight *flight, enum zta_flight_end how, int64_t now_ns)
{
    zta_flight_end(segment, flight, how, now_ns);
}

/* ---- one after the other ---- */

static void one_leads_and_the_others_follow(void **state)
{
    (void)state;
    static const struct {
        enum zta_flight_end how;
        enum zta_flight_state seen;
    } ends[] = {
        {ZTA_FLIGHT_END_VERDICT, ZTA_FLIGHT_VERDICT},
        {ZTA_FLIGHT_END_UNREACHABLE, ZTA_FLIGHT_FAILED},
        {ZTA_FLIGHT_END_REFUSED, ZTA_FLIGHT_FAILED},
    };
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct zta_flight leader;
        struct zta_flight follower;
        const int64_t now_ns = NOW + (int64_t)i * MS;
        assert_int_equal(begin(1, 1, now_ns, &leader), ZTA_OK);
        assert_int_equal(begin(1, 2, now_ns, &follower), ZTA_EXISTS);
        assert_int_equal(zta_flight_look(segment, &follower, now_ns + 2000 * MS),
                         ZTA_FLIGHT_RUNNING);
        end(&leader, ends[i].how, now_ns);
        assert_int_equal(zta_flight_look(segment, &follower, now_ns), ends[i].seen);
        zta_flight_leave(segment, &follower);
    }
}

static void tokens_and_issuers_are_told_apart(void **state)
{
    (void)state;
    struct zta_flight flights[3];
    struct zta_flight_question other = question(1, 2);
    other.issuer = ISSUER + 1;
    assert_int_equal(begin(1, 1, NOW, &flights[0]), ZTA_OK);
    assert_int_equal(begin(2, 2, NOW, &flights[1]), ZTA_OK);
    assert_int_equal(zta_flight_begin(segment, self, &other, NOW, &flights[2]), ZTA_OK);
}

static void what_came_after_a_flight_is_not_its_verdict(void **state)
{
    (void)state;
    struct zta_flight leader;
    struct zta_flight follower;
    struct zta_flight next;
    assert_int_equal(begin(1, 1, NOW, &leader), ZTA_OK);
    assert_int_equal(begin(1, 2, NOW, &follower), ZTA_EXISTS);
    end(&leader, ZTA_FLIGHT_END_UNREACHABLE, NOW);
    assert_int_equal(begin(1, 3, NOW + 5 * MS, &next), ZTA_OK);
    assert_int_equal(zta_flight_look(segment, &follower, NOW + 5 * MS), ZTA_FLIGHT_OVER);
    end(&next, ZTA_FLIGHT_END_VERDICT, NOW + 6 * MS);
    assert_int_equal(zta_flight_look(segment, &follower, NOW + 6 * MS), ZTA_FLIGHT_OVER);
}

static void calls_are_bounded(void **state)
{
    (void)state;
    struct zta_flight flights[8];
    struct zta_flight more;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(begin(i, i, NOW, &flights[i]), ZTA_OK);
    }
    for (unsigned i = 100; i < 200; i++) {
        assert_int_equal(begin(i, i, NOW, &more), ZTA_FULL);
    }
    end(&flights[3], ZTA_FLIGHT_END_VERDICT, NOW);
    assert_int_equal(begin(100, 100, NOW, &more), ZTA_OK);
    assert_int_equal(begin(101, 101, NOW, &flights[3]), ZTA_FULL);
}

static void calls_of_one_address_are_bounded(void **state)
{
    (void)state;
    struct zta_flight flight;
    struct zta_flight_question of_v6 = question(10, 0);
    assert_int_equal(begin(1, 1, NOW, &flight), ZTA_OK);
    assert_int_equal(begin(2, 1, NOW, &flight), ZTA_OK);
    assert_int_equal(begin(3, 1, NOW, &flight), ZTA_FULL);
    assert_int_equal(begin(3, 2, NOW, &flight), ZTA_OK);
    /* All of a /64 are one. */
    for (uint64_t i = 0; i < 3; i++) {
        const uint64_t token = 20 + i;
        of_v6.addr = (struct zta_addr){.family = 6, .bytes = {0x20, 1}};
        of_v6.addr.bytes[15] = (uint8_t)i;
        zta_sha256(&token, sizeof(token), &of_v6.token);
        assert_int_equal(zta_flight_begin(segment, self, &of_v6, NOW, &flight),
                         i < 2 ? ZTA_OK : ZTA_FULL);
    }
}

static enum zta_status renew(uint64_t token, unsigned addr, struct zta_flight *flight)
{
    struct zta_flight_question asked = question(token, addr);
    asked.is_renewal = true;
    return zta_flight_begin(segment, self, &asked, NOW, flight);
}

static void renewals_are_charged_to_no_address_and_have_half_for_themselves(void **state)
{
    (void)state;
    struct zta_flight flights[2 * N_CALLS];
    struct zta_flight more;
    /* All that is left to new tokens is under way: */
    for (unsigned i = 0; i < N_CALLS; i++) {
        assert_int_equal(begin(i, i, NOW, &flights[i]), ZTA_OK);
    }
    assert_int_equal(begin(90, 90, NOW, &more), ZTA_FULL);
    for (unsigned i = N_CALLS; i < 2 * N_CALLS; i++) {
        assert_int_equal(renew(i, 1, &flights[i]), ZTA_OK);
    }
    assert_int_equal(renew(91, 1, &more), ZTA_FULL);
    /* Their own half first, then what the others leave. */
    end(&flights[N_CALLS], ZTA_FLIGHT_END_VERDICT, NOW);
    assert_int_equal(begin(90, 90, NOW, &more), ZTA_FULL);
    end(&flights[2], ZTA_FLIGHT_END_VERDICT, NOW);
    assert_int_equal(renew(91, 1, &flights[N_CALLS]), ZTA_OK);
    assert_int_equal(renew(92, 1, &flights[2]), ZTA_OK);
    assert_int_equal(begin(90, 90, NOW, &more), ZTA_FULL);
    /* One asks, as with every token. */
    assert_int_equal(renew(91, 2, &more), ZTA_EXISTS);
    assert_int_equal(begin(91, 3, NOW, &more), ZTA_EXISTS);
}

static void a_flight_that_found_no_place_can_be_begun_again(void **state)
{
    (void)state;
    struct zta_flight flights[2];
    struct zta_flight again;
    assert_int_equal(begin(1, 1, NOW, &flights[0]), ZTA_OK);
    assert_int_equal(begin(2, 1, NOW, &flights[1]), ZTA_OK);
    assert_int_equal(begin(3, 1, NOW, &again), ZTA_FULL);
    assert_int_equal(begin(3, 2, NOW, &again), ZTA_OK);
}

static void waits_are_bounded(void **state)
{
    (void)state;
    struct zta_flight leader;
    struct zta_flight followers[5];
    assert_int_equal(begin(1, 1, NOW, &leader), ZTA_OK);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(begin(1, 2 + i, NOW, &followers[i]), ZTA_EXISTS);
    }
    assert_int_equal(begin(1, 9, NOW, &followers[4]), ZTA_FULL);
    zta_flight_leave(segment, &followers[2]);
    assert_int_equal(begin(1, 9, NOW, &followers[4]), ZTA_EXISTS);
}

static void a_flight_ends_with_its_process(void **state)
{
    (void)state;
    struct zta_flight leader;
    struct zta_flight follower;
    uint32_t other;
    const struct zta_flight_question asked = question(1, 1);
    assert_int_equal(zta_segment_child_begin(segment, 2000, &other), ZTA_OK);
    assert_int_equal(zta_flight_begin(segment, other, &asked, NOW, &leader), ZTA_OK);
    assert_int_equal(begin(1, 1, NOW, &follower), ZTA_EXISTS);
    zta_segment_child_end(segment, 2000);
    assert_int_equal(zta_flight_look(segment, &follower, NOW), ZTA_FLIGHT_OVER);
    zta_flight_leave(segment, &follower);
    assert_int_equal(begin(1, 1, NOW, &follower), ZTA_OK);
    assert_int_equal(begin(2, 1, NOW, &leader), ZTA_OK);
}

static void a_flight_that_hangs_is_over_in_time(void **state)
{
    (void)state;
    struct zta_flight hanging;
    struct zta_flight next;
    struct zta_flight follower;
    const int64_t later_ns = NOW + ZTA_FLIGHT_NS + 1001 * MS;
    assert_int_equal(begin(1, 1, NOW, &hanging), ZTA_OK);
    assert_int_equal(begin(1, 1, NOW + ZTA_FLIGHT_NS - MS, &next), ZTA_EXISTS);
    assert_int_equal(begin(1, 1, later_ns, &next), ZTA_OK);
    assert_int_equal(begin(1, 1, later_ns, &follower), ZTA_EXISTS);
    /* What it brings at last is not for those who follow the next one. */
    end(&hanging, ZTA_FLIGHT_END_VERDICT, later_ns);
    assert_int_equal(zta_flight_look(segment, &follower, later_ns), ZTA_FLIGHT_RUNNING);
}

static void a_child_without_a_number_asks_nothing(void **state)
{
    (void)state;
    struct zta_flight flight;
    const struct zta_flight_question asked = question(1, 1);
    assert_int_equal(zta_flight_begin(segment, 0, &asked, NOW, &flight), ZTA_FULL);
    assert_int_equal(begin(1, 1, NOW, &flight), ZTA_OK);
}

/* Two tokens that have one place: the second is asked about all the same. */
static void a_token_whose_place_is_taken_is_asked_about_alone(void **state)
{
    (void)state;
    struct zta_flight first;
    struct zta_flight second = {.slot = 0};
    uint64_t token = 0;
    assert_int_equal(begin(token, 1, NOW, &first), ZTA_OK);
    while (second.slot != UINT32_MAX) {
        assert_int_equal(begin(++token, 2, NOW, &second), ZTA_OK);
        end(&second, ZTA_FLIGHT_END_VERDICT, NOW);
        assert_in_range(token, 1, 20 * N_TABLE);
    }
    assert_int_equal(begin(token, 2, NOW, &second), ZTA_OK);
    end(&first, ZTA_FLIGHT_END_VERDICT, NOW);
    end(&second, ZTA_FLIGHT_END_VERDICT, NOW);
    assert_int_equal(begin(token, 2, NOW, &second), ZTA_OK);
    assert_int_not_equal(second.slot, UINT32_MAX);
}

/* ---- breakers ---- */

static void fly_badly(unsigned n, enum zta_flight_end how, int64_t now_ns)
{
    for (unsigned i = 0; i < n; i++) {
        struct zta_flight flight;
        assert_int_equal(begin(1000 + i, i, now_ns, &flight), ZTA_OK);
        end(&flight, how, now_ns);
    }
}

static void an_issuer_that_fails_is_left_alone_for_a_while(void **state)
{
    (void)state;
    struct zta_flight flight;
    struct zta_flight other;
    fly_badly(ZTA_BREAKER_FAILURES - 1, ZTA_FLIGHT_END_UNREACHABLE, NOW);
    assert_int_equal(zta_breaker_look(segment, ISSUER).n_failures, ZTA_BREAKER_FAILURES - 1);
    fly_badly(1, ZTA_FLIGHT_END_UNREACHABLE, NOW);
    assert_int_equal(begin(1, 1, NOW, &flight), ZTA_BUSY);
    assert_int_equal(begin(2, 2, NOW + ZTA_BREAKER_OPEN_NS - MS, &flight), ZTA_BUSY);
    struct zta_flight_question elsewhere = question(1, 1);
    elsewhere.issuer = ISSUER + 1;
    assert_int_equal(zta_flight_begin(segment, self, &elsewhere, NOW, &flight), ZTA_OK);
    /* Then one is let through, and no more until it is back. */
    int64_t then_ns = NOW + ZTA_BREAKER_OPEN_NS;
    assert_int_equal(begin(1, 1, then_ns, &flight), ZTA_OK);
    assert_int_equal(begin(2, 2, then_ns, &other), ZTA_BUSY);
    end(&flight, ZTA_FLIGHT_END_UNREACHABLE, then_ns);
    assert_int_equal(begin(2, 2, then_ns + MS, &other), ZTA_BUSY);
    then_ns += ZTA_BREAKER_OPEN_NS;
    assert_int_equal(begin(2, 2, then_ns, &flight), ZTA_OK);
    end(&flight, ZTA_FLIGHT_END_VERDICT, then_ns);
    assert_int_equal(zta_breaker_look(segment, ISSUER).n_failures, 0);
    fly_badly(ZTA_BREAKER_FAILURES - 1, ZTA_FLIGHT_END_UNREACHABLE, then_ns);
    assert_int_equal(begin(1, 1, then_ns, &flight), ZTA_OK);
}

static void a_try_whose_process_dies_is_not_the_last(void **state)
{
    (void)state;
    struct zta_flight flight;
    fly_badly(ZTA_BREAKER_FAILURES, ZTA_FLIGHT_END_UNREACHABLE, NOW);
    assert_int_equal(begin(1, 1, NOW + ZTA_BREAKER_OPEN_NS, &flight), ZTA_OK);
    assert_int_equal(begin(1, 2, NOW + 2 * ZTA_BREAKER_OPEN_NS, &flight), ZTA_OK);
}

static void a_breaker_tells_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(zta_breaker_look(segment, ISSUER).fault, ZTA_FLIGHT_END_VERDICT);
    fly_badly(1, ZTA_FLIGHT_END_REFUSED, NOW);
    assert_int_equal(zta_breaker_look(segment, ISSUER).fault, ZTA_FLIGHT_END_REFUSED);
    assert_int_equal(zta_breaker_look(segment, ISSUER).n_failures, 1);
    assert_int_equal(zta_breaker_look(segment, ISSUER + 1).n_failures, 0);
}

/* ---- the validator ---- */

static void the_check_sees_what_no_process_writes(void **state)
{
    (void)state;
    struct zta_error error;
    uint64_t size;
    struct zta_pair *pairs = zta_segment_area(segment, ZTA_AREA_FLIGHTS, &size);
    const struct {
        size_t at;
        struct zta_pair_value value;
        const char *says;
    } faults[] = {
        {0, {.first = 5}, "token 0: half"},
        {1, {.second = UINT64_C(1) << 32}, "token 1: half"},
        {2, {.first = 5, .second = 1}, "token 2: nobody"},
        {N_TABLE, {.first = 5, .second = UINT64_C(1) << 32 | 2}, "call 0: no such phase"},
        {N_TABLE + 32, {.first = 5}, "wait 0: half"},
        {N_TABLE + 32 + 256, {.first = 5, .second = 3}, "breaker 0"},
        {N_TABLE + 32 + 257, {.first = 5, .second = 9 << 8 | 1}, "breaker 1"},
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        atomic_store(&pairs[faults[i].at].first, faults[i].value.first);
        atomic_store(&pairs[faults[i].at].second, faults[i].value.second);
        assert_int_equal(zta_segment_check(segment, &error), ZTA_CORRUPT);
        assert_non_null(strstr(error.text, faults[i].says));
        atomic_store(&pairs[faults[i].at].first, 0);
        atomic_store(&pairs[faults[i].at].second, 0);
    }
}

/* ---- at once ---- */

struct common {
    _Atomic uint64_t arrived;
    _Atomic uint32_t n_led[N_ROUNDS];
    _Atomic uint32_t n_calling; /* between begin and end, now */
    _Atomic uint32_t n_odd;     /* what must never be seen */
};

static void meet(struct common *common, uint64_t n)
{
    (void)atomic_fetch_add(&common->arrived, 1);
    while (atomic_load(&common->arrived) < n * N_RACERS) {
        (void)sched_yield();
    }
}

/* All ask about one token in each round; who leads ends when all others have tried. */
static void race_for_one(struct common *common, uint32_t incarnation, unsigned racer)
{
    for (uint64_t round = 0; round < N_ROUNDS; round++) {
        struct zta_flight flight;
        const struct zta_flight_question asked = question(round, racer);
        meet(common, 2 * round + 1);
        const int64_t now_ns = NOW + (int64_t)round * MS;
        const enum zta_status status =
            zta_flight_begin(segment, incarnation, &asked, now_ns, &flight);
        (void)atomic_fetch_add(status == ZTA_OK ? &common->n_led[round] : &common->n_odd,
                               status == ZTA_OK || status != ZTA_EXISTS);
        meet(common, 2 * round + 2);
        if (status == ZTA_OK) {
            zta_flight_end(segment, &flight, ZTA_FLIGHT_END_VERDICT, now_ns);
        }
        else if (status == ZTA_EXISTS) {
            while (zta_flight_look(segment, &flight, now_ns) == ZTA_FLIGHT_RUNNING) {
                (void)sched_yield();
            }
            zta_flight_leave(segment, &flight);
        }
    }
}

/* All ask about tokens of their own, from one address: never more than the bound at once. */
static void race_for_places(struct common *common, uint32_t incarnation, unsigned racer)
{
    for (uint64_t round = 0; round < N_ROUNDS; round++) {
        struct zta_flight flight;
        struct zta_flight_question asked = question(round * N_RACERS + racer, 1);
        if (zta_flight_begin(segment, incarnation, &asked, NOW, &flight) == ZTA_OK) {
            if (atomic_fetch_add(&common->n_calling, 1) >= ZTA_FLIGHTS_PER_ADDR) {
                (void)atomic_fetch_add(&common->n_odd, 1);
            }
            (void)atomic_fetch_add(&common->n_led[round], 1);
            (void)sched_yield();
            (void)atomic_fetch_sub(&common->n_calling, 1);
            zta_flight_end(segment, &flight, ZTA_FLIGHT_END_VERDICT, NOW);
        }
    }
}

typedef void (*racer_fn)(struct common *common, uint32_t incarnation, unsigned racer);

static struct common *race(racer_fn run)
{
    struct common *common = ring_test_share(sizeof(*common));
    pid_t pids[N_RACERS];
    for (unsigned i = 0; i < N_RACERS; i++) {
        pids[i] = ring_test_fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            uint32_t incarnation = 0;
            if (zta_segment_child_begin(segment, (int32_t)getpid(), &incarnation) != ZTA_OK) {
                _exit(1);
            }
            run(common, incarnation, i);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < N_RACERS; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    return common;
}

static void of_all_processes_with_one_token_one_asks(void **state)
{
    (void)state;
    struct common *common = race(race_for_one);
    for (uint64_t round = 0; round < N_ROUNDS; round++) {
        assert_int_equal(atomic_load(&common->n_led[round]), 1);
    }
    assert_int_equal(atomic_load(&common->n_odd), 0);
    assert_int_equal(munmap(common, sizeof(*common)), 0);
}

static void bounds_hold_whoever_races(void **state)
{
    (void)state;
    struct common *common = race(race_for_places);
    uint64_t n_led = 0;
    for (uint64_t round = 0; round < N_ROUNDS; round++) {
        n_led += atomic_load(&common->n_led[round]);
    }
    assert_true(n_led > 0);
    assert_int_equal(atomic_load(&common->n_odd), 0);
    assert_int_equal(munmap(common, sizeof(*common)), 0);
}

static void *ask_in_thread(void *context)
{
    _Atomic uint32_t *n_led = context;
    for (uint64_t token = 0; token < 500; token++) {
        struct zta_flight flight;
        const enum zta_status status = begin(token, 1, NOW, &flight);
        if (status == ZTA_OK) {
            (void)atomic_fetch_add(n_led, 1);
            end(&flight, token % 7 == 0 ? ZTA_FLIGHT_END_UNREACHABLE : ZTA_FLIGHT_END_VERDICT, NOW);
        }
        else if (status == ZTA_EXISTS) {
            (void)zta_flight_look(segment, &flight, NOW);
            zta_flight_leave(segment, &flight);
        }
    }
    return NULL;
}

static void threads_race_without_harm(void **state)
{
    (void)state;
    pthread_t threads[N_RACERS];
    _Atomic uint32_t n_led = 0;
    for (unsigned i = 0; i < N_RACERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_in_thread, &n_led), 0);
    }
    for (unsigned i = 0; i < N_RACERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(atomic_load(&n_led) > 0);
}

/* ---- killed at any instruction ---- */

struct scene {
    uint32_t incarnation;
};

static void fly(void *data)
{
    const struct scene *scene = data;
    const struct zta_flight_question asked = question(1, 1);
    struct zta_flight flight;
    switch (zta_flight_begin(segment, scene->incarnation, &asked, NOW, &flight)) {
    case ZTA_OK:
        zta_flight_end(segment, &flight, ZTA_FLIGHT_END_UNREACHABLE, NOW);
        break;
    case ZTA_EXISTS:
        zta_flight_leave(segment, &flight);
        break;
    default:
        _exit(1);
    }
}

/* Whatever it held is free once it counts as dead: all places can be taken. */
static void look_behind(void)
{
    struct zta_flight flights[8];
    struct zta_flight follower;
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(begin(i, i, NOW + MS, &flights[i]), ZTA_OK);
    }
    for (unsigned i = 0; i < 4 && flights[1].slot != UINT32_MAX; i++) {
        assert_int_equal(begin(1, 20 + i, NOW + MS, &follower), ZTA_EXISTS);
    }
    ring_test_assert_sound(segment);
}

static void kill_everywhere(bool is_follower)
{
    struct scene scene = {.incarnation = 0};
    struct zta_flight leader;
    size_t n_steps = 0;
    size_t n_stops = 1;
    for (size_t i = 0; i <= n_stops; i++) {
        assert_int_equal(zta_segment_child_begin(segment, 3000, &scene.incarnation), ZTA_OK);
        if (is_follower) {
            assert_int_equal(begin(1, 1, NOW, &leader), ZTA_OK);
        }
        if (n_steps == 0) {
            n_steps = step_test_count(fly, &scene);
            n_stops = n_steps < STEP_TEST_STOPS ? n_steps : STEP_TEST_STOPS;
        }
        step_test_kill(step_test_begin(fly, &scene, i * n_steps / n_stops));
        zta_segment_child_end(segment, 3000);
        if (is_follower) {
            end(&leader, ZTA_FLIGHT_END_VERDICT, NOW);
        }
        look_behind();
        ring_test_close(&segment);
        (void)open_segment(NULL);
    }
}

static void a_process_killed_anywhere_holds_nothing(void **state)
{
    (void)state;
    if (!step_test_is_possible()) {
        print_message("processes may not be traced here\n");
        skip();
    }
    kill_everywhere(false);
    kill_everywhere(true);
}

#define ON_SEGMENT(test) cmocka_unit_test_setup_teardown(test, open_segment, close_segment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SEGMENT(one_leads_and_the_others_follow),
        ON_SEGMENT(tokens_and_issuers_are_told_apart),
        ON_SEGMENT(what_came_after_a_flight_is_not_its_verdict),
        ON_SEGMENT(calls_are_bounded),
        ON_SEGMENT(calls_of_one_address_are_bounded),
        ON_SEGMENT(renewals_are_charged_to_no_address_and_have_half_for_themselves),
        ON_SEGMENT(a_flight_that_found_no_place_can_be_begun_again),
        ON_SEGMENT(waits_are_bounded),
        ON_SEGMENT(a_flight_ends_with_its_process),
        ON_SEGMENT(a_flight_that_hangs_is_over_in_time),
        ON_SEGMENT(a_child_without_a_number_asks_nothing),
        ON_SEGMENT(a_token_whose_place_is_taken_is_asked_about_alone),
        ON_SEGMENT(an_issuer_that_fails_is_left_alone_for_a_while),
        ON_SEGMENT(a_try_whose_process_dies_is_not_the_last),
        ON_SEGMENT(a_breaker_tells_what_is_wrong),
        ON_SEGMENT(the_check_sees_what_no_process_writes),
        ON_SEGMENT(of_all_processes_with_one_token_one_asks),
        ON_SEGMENT(bounds_hold_whoever_races),
        ON_SEGMENT(threads_race_without_harm),
        ON_SEGMENT(a_process_killed_anywhere_holds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
