/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the proofs that were used: each passes once, whoever races, stops or dies. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/jti.h"
#include "shared/live/layout_priv.h"
#include "shared/live/pair_priv.h"
#include "tests/unit/ring_support.h"
#include "tests/unit/step_support.h"

#define N_RACERS 4
#define N_ROUNDS (5000 / SANITIZED_COST)
#define IAT_LIFE 75 /* seconds after which an iat may be forgotten */
#define N_BUSY   70 /* more than a window holds */

static int64_t now_s; /* an iat that is good at once: past the first seconds of the segment */

static int open_segment(void **state)
{
    struct zta_segment *segment = ring_test_open();
    now_s = zta_segment_created_real_ns(segment) / ZTA_NS_PER_S + 100;
    *state = segment;
    return 0;
}

/* Every test ends with a look at both tables. */
static int close_segment(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = zta_segment_check(segment, &error);
    if (status != ZTA_OK) {
        print_error("%s\n", error.text);
    }
    ring_test_close(&segment);
    return status == ZTA_OK ? 0 : -1;
}

static struct zta_jti proof(uint64_t n, enum zta_jti_clock clock, int64_t time)
{
    struct zta_jti jti = {.clock = clock, .time = time};
    zta_sha256(&n, sizeof(n), &jti.tag);
    return jti;
}

static enum zta_status use(struct zta_segment *segment, uint64_t n, enum zta_jti_clock clock,
                           int64_t time)
{
    const struct zta_jti jti = proof(n, clock, time);
    return zta_jti_use(segment, &jti);
}

/* ---- one after the other ---- */

static void a_proof_passes_once(void **state)
{
    for (unsigned clock = 0; clock < ZTA_N_JTI_CLOCKS; clock++) {
        const int64_t time = clock == ZTA_JTI_BY_IAT ? now_s : 7;
        for (uint64_t n = 1; n <= 1000; n++) {
            assert_int_equal(use(*state, n, clock, time), ZTA_OK);
        }
        for (uint64_t n = 1; n <= 1000; n++) {
            assert_int_equal(use(*state, n, clock, time), ZTA_EXISTS);
        }
    }
}

static void a_name_is_used_up_whatever_time_stands_beside_it(void **state)
{
    assert_int_equal(use(*state, 1, ZTA_JTI_BY_IAT, now_s), ZTA_OK);
    for (int64_t iat = now_s - ZTA_JTI_PAST_S; iat <= now_s + ZTA_JTI_AHEAD_S; iat++) {
        assert_int_equal(use(*state, 1, ZTA_JTI_BY_IAT, iat), ZTA_EXISTS);
    }
}

static void every_acceptable_iat_is_remembered_while_it_is_acceptable(void **state)
{
    for (int64_t clock = now_s; clock < now_s + 400; clock++) {
        for (int64_t iat = clock - ZTA_JTI_PAST_S; iat <= clock + ZTA_JTI_AHEAD_S; iat++) {
            const enum zta_status wanted =
                clock == now_s || iat == clock + ZTA_JTI_AHEAD_S ? ZTA_OK : ZTA_EXISTS;
            assert_int_equal(use(*state, (uint64_t)iat, ZTA_JTI_BY_IAT, iat), wanted);
        }
    }
}

static void a_bucket_is_remembered_while_the_next_one_is_current(void **state)
{
    assert_int_equal(use(*state, 1, ZTA_JTI_BY_NONCE, 1), ZTA_OK);
    assert_int_equal(use(*state, 2, ZTA_JTI_BY_NONCE, 2), ZTA_OK);
    assert_int_equal(use(*state, 1, ZTA_JTI_BY_NONCE, 1), ZTA_EXISTS);
    assert_int_equal(use(*state, 3, ZTA_JTI_BY_NONCE, 3), ZTA_OK);
    assert_int_equal(use(*state, 1, ZTA_JTI_BY_NONCE, 1), ZTA_EXPIRED);
    assert_int_equal(use(*state, 4, ZTA_JTI_BY_NONCE, 1), ZTA_EXPIRED);
}

static void a_clock_that_goes_back_opens_nothing(void **state)
{
    assert_int_equal(use(*state, 1, ZTA_JTI_BY_IAT, now_s), ZTA_OK);
    assert_int_equal(use(*state, 2, ZTA_JTI_BY_IAT, now_s + 3600), ZTA_OK);
    assert_int_equal(use(*state, 1, ZTA_JTI_BY_IAT, now_s), ZTA_EXPIRED);
    assert_int_equal(use(*state, 3, ZTA_JTI_BY_IAT, now_s), ZTA_EXPIRED);
    /* Nonces go by a clock that nobody sets. */
    assert_int_equal(use(*state, 1, ZTA_JTI_BY_NONCE, 5), ZTA_OK);
}

static void what_an_earlier_segment_may_have_seen_is_refused(void **state)
{
    const int64_t created_s = zta_segment_created_real_ns(*state) / ZTA_NS_PER_S;
    const int64_t refused[] = {INT64_MIN, -1, 0, 1, created_s - 1, created_s, created_s + 5};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(use(*state, i, ZTA_JTI_BY_IAT, refused[i]), ZTA_EXPIRED);
    }
    assert_int_equal(use(*state, 99, ZTA_JTI_BY_IAT, created_s + 6), ZTA_OK);
    assert_int_equal(use(*state, 99, ZTA_JTI_BY_IAT, INT64_MAX), ZTA_EXPIRED);
    assert_int_equal(use(*state, 99, ZTA_JTI_BY_NONCE, 0), ZTA_EXPIRED);
}

static void a_full_table_refuses_until_its_proofs_are_over(void **state)
{
    uint64_t n = 0;
    enum zta_status status = ZTA_OK;
    while (status == ZTA_OK) {
        status = use(*state, ++n, ZTA_JTI_BY_IAT, now_s);
    }
    assert_int_equal(status, ZTA_FULL);
    assert_in_range(n, 5000, 20000); /* of 16,000 places in the smallest segment */
    assert_int_equal(use(*state, n, ZTA_JTI_BY_IAT, now_s), ZTA_FULL);
    assert_int_equal(use(*state, n - 1, ZTA_JTI_BY_IAT, now_s), ZTA_EXISTS);
    assert_int_equal(use(*state, n, ZTA_JTI_BY_NONCE, 1), ZTA_OK);
    assert_int_equal(use(*state, n, ZTA_JTI_BY_IAT, now_s + IAT_LIFE), ZTA_OK);
}

static void proofs_come_and_go_without_end(void **state)
{
    uint64_t n = 0;
    for (int64_t s = 0; s < 2000; s++) {
        for (unsigned i = 0; i < 50; i++) {
            n++;
            assert_int_equal(use(*state, n, ZTA_JTI_BY_IAT, now_s + s), ZTA_OK);
            assert_int_equal(use(*state, n, ZTA_JTI_BY_IAT, now_s + s), ZTA_EXISTS);
        }
    }
}

static struct zta_pair *first_slot(struct zta_segment *segment)
{
    uint64_t size;
    struct zta_pair *slot = zta_segment_area(segment, ZTA_AREA_JTI, &size);
    for (slot += 4; atomic_load(&slot->first) == 0; slot++) {
    }
    return slot;
}

static void the_check_sees_what_no_process_writes(void **state)
{
    struct zta_error error;
    /* Places are keyed by chance: the first of twenty has the table's end far behind it. */
    for (uint64_t n = 1; n <= 20; n++) {
        assert_int_equal(use(*state, n, ZTA_JTI_BY_IAT, now_s), ZTA_OK);
    }
    struct zta_pair *slot = first_slot(*state);
    const uint64_t first = atomic_load(&slot->first);
    const uint64_t second = atomic_load(&slot->second);
    const struct {
        size_t at;
        struct zta_pair_value value;
        const char *says;
    } faults[] = {
        {.at = 0, .value = {.first = first}, .says = "half"},
        {.at = 0, .value = {.second = second}, .says = "half"},
        {.at = 0, .value = {.first = first, .second = second + 1}, .says = "nobody has reached"},
        {.at = 70, .value = {.first = first, .second = second}, .says = "outside"},
        {.at = 1, .value = {.first = first, .second = second}, .says = "twice"},
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        atomic_store(&slot[faults[i].at].first, faults[i].value.first);
        atomic_store(&slot[faults[i].at].second, faults[i].value.second);
        assert_int_equal(zta_segment_check(*state, &error), ZTA_CORRUPT);
        assert_non_null(strstr(error.text, faults[i].says));
        atomic_store(&slot[faults[i].at].first, 0);
        atomic_store(&slot[faults[i].at].second, 0);
        atomic_store(&slot->first, first);
        atomic_store(&slot->second, second);
    }
}

/* ---- at once ---- */

struct common {
    _Atomic uint64_t arrived; /* racers that stand at the start of a round, all rounds together */
    _Atomic uint32_t n_passed[N_ROUNDS];
    _Atomic uint32_t n_odd; /* answers that no racer may get */
};

static struct common *common_open(void)
{
    struct common *common =
        mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(common != MAP_FAILED);
    return common;
}

/* The time goes on, so that slots are taken over all the while, by each racer a little apart. */
static void race(struct zta_segment *segment, struct common *common, unsigned racer)
{
    for (uint64_t round = 0; round < N_ROUNDS; round++) {
        (void)atomic_fetch_add(&common->arrived, 1);
        while (atomic_load(&common->arrived) < (round + 1) * N_RACERS) {
            (void)sched_yield();
        }
        const int64_t iat = now_s + (int64_t)round;
        if (racer % 2 == 1) {
            /* A newer proof: it takes over what is free for it and not for the others. */
            (void)use(segment, 1000000 + round * N_RACERS + racer, ZTA_JTI_BY_IAT, iat + 5);
        }
        const enum zta_status status = use(segment, round, ZTA_JTI_BY_IAT, iat);
        if (status == ZTA_OK) {
            (void)atomic_fetch_add(&common->n_passed[round], 1);
        }
        else if (status != ZTA_EXISTS) {
            (void)atomic_fetch_add(&common->n_odd, 1);
        }
    }
}

static void of_all_processes_with_one_proof_one_passes(void **state)
{
    struct common *common = common_open();
    pid_t pids[N_RACERS];
    for (unsigned i = 0; i < N_RACERS; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0) {
            race(*state, common, i);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < N_RACERS; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_int_equal(status, 0);
    }
    for (uint64_t round = 0; round < N_ROUNDS; round++) {
        assert_int_equal(atomic_load(&common->n_passed[round]), 1);
    }
    assert_int_equal(atomic_load(&common->n_odd), 0);
    assert_int_equal(munmap(common, sizeof(*common)), 0);
}

/* ---- stopped and killed at any instruction ---- */

struct scene {
    struct zta_segment *segment;
    struct zta_jti jti;
    _Atomic uint32_t *n_passed;
    uint64_t n_neighbours;
    int64_t age_s; /* of the neighbours */
};

static void use_once(void *data)
{
    const struct scene *scene = data;
    if (zta_jti_use(scene->segment, &scene->jti) == ZTA_OK) {
        (void)atomic_fetch_add(scene->n_passed, 1);
    }
}

/* Neighbours of an older time stand where the proof may come to stand. */
static void scene_begin(struct scene *scene)
{
    scene->segment = ring_test_open();
    scene->jti = proof(1, ZTA_JTI_BY_IAT, now_s + scene->age_s);
    atomic_store(scene->n_passed, 0);
    for (uint64_t n = 0; n < scene->n_neighbours; n++) {
        (void)use(scene->segment, 100 + n, ZTA_JTI_BY_IAT, now_s);
    }
}

static void scene_end(struct scene *scene)
{
    struct zta_error error;
    assert_int_equal(zta_segment_check(scene->segment, &error), ZTA_OK);
    ring_test_close(&scene->segment);
}

static void at_each_stop(struct scene scene, void (*then)(struct scene *scene, pid_t pid))
{
    if (!step_test_is_possible()) {
        print_message("processes may not be traced here\n");
        skip();
    }
    struct common *common = common_open();
    scene.n_passed = &common->n_passed[0];
    scene_begin(&scene);
    const size_t n_steps = step_test_count(use_once, &scene);
    scene_end(&scene);
    const size_t n_stops = n_steps < STEP_TEST_STOPS ? n_steps : STEP_TEST_STOPS;
    for (size_t i = 0; i <= n_stops; i++) {
        scene_begin(&scene);
        then(&scene, step_test_begin(use_once, &scene, i * n_steps / n_stops));
        scene_end(&scene);
    }
    assert_int_equal(munmap(common, sizeof(*common)), 0);
}

/* Every slot of its window is taken, and free for it. */
static const struct scene all_free = {.n_neighbours = 20000, .age_s = IAT_LIFE};
/* Every other one is taken; those are free for a proof that is one step newer. */
static const struct scene soon_free = {.n_neighbours = 8000, .age_s = IAT_LIFE - 5};

/* The same proof comes again, and newer ones, while the first is held up. */
static void use_beside(struct scene *scene, pid_t pid)
{
    (void)use(scene->segment, 50000, ZTA_JTI_BY_IAT, scene->jti.time + 5);
    use_once(scene);
    for (uint64_t n = 1; n < N_BUSY; n++) {
        (void)use(scene->segment, 50000 + n, ZTA_JTI_BY_IAT, scene->jti.time + 5);
    }
    step_test_finish(pid);
    assert_int_equal(atomic_load(scene->n_passed), 1);
    assert_int_equal(zta_jti_use(scene->segment, &scene->jti), ZTA_EXISTS);
}

static void a_use_stopped_anywhere_is_not_made_twice(void **state)
{
    at_each_stop(all_free, use_beside);
    at_each_stop(soon_free, use_beside);
}

/* Held up for so long that what was remembered of the proof is gone. */
static void use_and_forget(struct scene *scene, pid_t pid)
{
    use_once(scene);
    for (uint64_t n = 0; n < 20000; n++) {
        (void)use(scene->segment, 50000 + n, ZTA_JTI_BY_IAT, scene->jti.time + IAT_LIFE);
    }
    step_test_finish(pid);
    assert_in_range(atomic_load(scene->n_passed), 0, 1);
    assert_int_equal(zta_jti_use(scene->segment, &scene->jti), ZTA_EXPIRED);
}

static void a_use_stopped_for_a_life_is_not_made_twice(void **state)
{
    at_each_stop(all_free, use_and_forget);
}

static void kill_and_use(struct scene *scene, pid_t pid)
{
    step_test_kill(pid);
    const enum zta_status status = zta_jti_use(scene->segment, &scene->jti);
    assert_true(status == ZTA_OK || status == ZTA_EXISTS);
    assert_true(status == ZTA_EXISTS || atomic_load(scene->n_passed) == 0);
    assert_int_equal(zta_jti_use(scene->segment, &scene->jti), ZTA_EXISTS);
}

static void a_use_killed_anywhere_leaves_nothing_behind(void **state)
{
    at_each_stop(all_free, kill_and_use);
    at_each_stop(soon_free, kill_and_use);
}

#define ON_SEGMENT(test) cmocka_unit_test_setup_teardown(test, open_segment, close_segment)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SEGMENT(a_proof_passes_once),
        ON_SEGMENT(a_name_is_used_up_whatever_time_stands_beside_it),
        ON_SEGMENT(every_acceptable_iat_is_remembered_while_it_is_acceptable),
        ON_SEGMENT(a_bucket_is_remembered_while_the_next_one_is_current),
        ON_SEGMENT(a_clock_that_goes_back_opens_nothing),
        ON_SEGMENT(what_an_earlier_segment_may_have_seen_is_refused),
        ON_SEGMENT(a_full_table_refuses_until_its_proofs_are_over),
        ON_SEGMENT(proofs_come_and_go_without_end),
        ON_SEGMENT(the_check_sees_what_no_process_writes),
        ON_SEGMENT(of_all_processes_with_one_proof_one_passes),
        ON_SEGMENT(a_use_stopped_anywhere_is_not_made_twice),
        ON_SEGMENT(a_use_stopped_for_a_life_is_not_made_twice),
        ON_SEGMENT(a_use_killed_anywhere_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
