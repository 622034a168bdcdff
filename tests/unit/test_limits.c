/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the rate limits: the arithmetic, and that no process, clock or death bends it. */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
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
#include "shared/live/layout_priv.h"
#include "shared/live/limits.h"
#include "tests/unit/ring_support.h"
#include "tests/unit/step_support.h"

#define MS        INT64_C(1000000)
#define S         INT64_C(1000000000)
#define N_WORKERS 4
#define WINDOW    64 /* slots in which a tag can stand */

static int open_segment(void **state)
{
    *state = ring_test_open();
    return 0;
}

/* Every test ends with a look at the whole table. */
static int close_segment(void **state)
{
    struct zta_segment *segment = *state;
    struct zta_error error = {.status = ZTA_OK};
    const enum zta_status status = zta_limits_check(segment, &error);
    if (status != ZTA_OK) {
        print_error("%s\n", error.text);
    }
    ring_test_close(&segment);
    return status == ZTA_OK ? 0 : -1;
}

static struct zta_limit_state charge(struct zta_segment *segment, uint64_t tag,
                                     struct zta_limit_rate rate, int64_t now_ns)
{
    struct zta_limit_state state;
    zta_limits_charge(segment, tag, &rate, now_ns, false, &state);
    return state;
}

static struct zta_limit_state ask(struct zta_segment *segment, uint64_t tag,
                                  struct zta_limit_rate rate, int64_t now_ns)
{
    struct zta_limit_state state;
    zta_limits_charge(segment, tag, &rate, now_ns, true, &state);
    return state;
}

static bool passes(struct zta_segment *segment, uint64_t tag, struct zta_limit_rate rate,
                   int64_t now_ns)
{
    return !charge(segment, tag, rate, now_ns).is_refused;
}

/* The tag whose home is the first slot of the table, for each small n another one. */
static uint64_t tag_of_first_window(uint64_t n)
{
    /* Inverse of the multiplier that spreads tags. */
    return n * UINT64_C(0xf1de83e19937733d);
}

static void assert_state(struct zta_limit_state state, bool is_refused, uint64_t remaining,
                         int64_t reset_ns, int64_t retry_after_ns)
{
    assert_int_equal(state.is_refused, is_refused);
    assert_int_equal(state.remaining, remaining);
    assert_int_equal(state.reset_ns, reset_ns);
    assert_int_equal(state.retry_after_ns, retry_after_ns);
}

/* ---- arithmetic ---- */

static void a_bucket_of_five_follows_the_published_vector(void **state)
{
    static const struct {
        int64_t now_ms;
        bool is_refused;
        uint64_t remaining;
        int64_t reset_ms;
        int64_t retry_ms;
    } steps[] = {
        {.now_ms = 0, .remaining = 4, .reset_ms = 1000},
        {.now_ms = 0, .remaining = 3, .reset_ms = 2000},
        {.now_ms = 0, .remaining = 2, .reset_ms = 3000},
        {.now_ms = 0, .remaining = 1, .reset_ms = 4000},
        {.now_ms = 0, .remaining = 0, .reset_ms = 5000},
        {.now_ms = 0, .is_refused = true, .reset_ms = 5000, .retry_ms = 1000},
        {.now_ms = 999, .is_refused = true, .reset_ms = 4001, .retry_ms = 1},
        {.now_ms = 1000, .remaining = 0, .reset_ms = 5000},
        {.now_ms = 1000, .is_refused = true, .reset_ms = 5000, .retry_ms = 1000},
        {.now_ms = 2500, .remaining = 0, .reset_ms = 4500},
        {.now_ms = 9000, .remaining = 4, .reset_ms = 1000},
        {.now_ms = 9000, .remaining = 3, .reset_ms = 2000},
    };
    const struct zta_limit_rate rates[] = {
        {.count = 1, .window_s = 1, .burst = 5},
        {.count = 60, .window_s = 60, .burst = 5},
    };
    for (size_t i = 0; i < 4; i++) {
        const int64_t start_ns = i < 2 ? 0 : INT64_C(7) * 86400 * S + 12345;
        for (size_t n = 0; n < sizeof(steps) / sizeof(steps[0]); n++) {
            struct zta_limit_state got =
                charge(*state, 1 + i, rates[i % 2],
                       start_ns + (int64_t)(i % 2) * 20 * S + steps[n].now_ms * MS);
            assert_state(got, steps[n].is_refused, steps[n].remaining, steps[n].reset_ms * MS,
                         steps[n].retry_ms * MS);
        }
    }
}

static void a_burst_on_both_sides_of_a_window_is_one_burst(void **state)
{
    const struct zta_limit_rate rate = {.count = 100, .window_s = 60, .burst = 100};
    unsigned n_passed = 0;
    for (int i = 0; i < 200; i++) {
        n_passed += passes(*state, 1, rate, 60 * S - 1);
    }
    assert_int_equal(n_passed, 100);
    for (int i = 0; i < 200; i++) {
        n_passed += passes(*state, 1, rate, 60 * S + 1);
    }
    assert_int_equal(n_passed, 100);
    assert_true(passes(*state, 1, rate, 60 * S - 1 + 600 * MS));
}

/* What the fractions are rounded to, seen by how long an emptied bucket takes for one request. */
static void the_interval_is_window_by_count_of_at_least_a_nanosecond(void **state)
{
    static const struct {
        struct zta_limit_rate rate;
        int64_t interval_ns;
    } cases[] = {
        {.rate = {.count = 1, .window_s = 1, .burst = 1}, .interval_ns = S},
        {.rate = {.count = 3, .window_s = 1, .burst = 1}, .interval_ns = 333333333},
        {.rate = {.count = 1000, .window_s = 3600, .burst = 1}, .interval_ns = 3600 * MS},
        {.rate = {.count = 1000000000, .window_s = 1, .burst = 1}, .interval_ns = 1},
        {.rate = {.count = 1000000001, .window_s = 1, .burst = 1}, .interval_ns = 1},
        {.rate = {.count = UINT64_MAX, .window_s = 1, .burst = 1}, .interval_ns = 1},
        {.rate = {.count = UINT64_MAX, .window_s = UINT64_MAX, .burst = 1}, .interval_ns = S},
        {.rate = {.count = UINT64_MAX / 2, .window_s = UINT64_MAX, .burst = 1},
         .interval_ns = 2 * S},
        /* Beyond what can be told apart: 2^61 ns. */
        {.rate = {.count = 1, .window_s = UINT64_MAX, .burst = 1}, .interval_ns = INT64_C(1) << 61},
        {.rate = {.count = 1, .window_s = UINT64_MAX, .burst = UINT64_MAX},
         .interval_ns = INT64_C(1) << 61},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_state(charge(*state, 1 + i, cases[i].rate, S), false, 0, cases[i].interval_ns, 0);
        assert_state(charge(*state, 1 + i, cases[i].rate, S), true, 0, cases[i].interval_ns,
                     cases[i].interval_ns);
    }
}

static void a_burst_beyond_all_time_is_as_large_as_fits(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 1, .burst = UINT64_MAX};
    const uint64_t fits = (UINT64_C(1) << 61) / (uint64_t)S;
    assert_state(charge(*state, 1, rate, INT64_MAX), false, fits - 1, S, 0);
    assert_state(charge(*state, 1, rate, INT64_MAX), false, fits - 2, 2 * S, 0);
}

static void a_rate_of_nothing_refuses_and_says_when_to_return(void **state)
{
    static const struct {
        struct zta_limit_rate rate;
        int64_t wait_ns;
    } cases[] = {
        {.rate = {.count = 0, .window_s = 60, .burst = 1}, .wait_ns = 60 * S},
        {.rate = {.count = 1, .window_s = 60, .burst = 0}, .wait_ns = 60 * S},
        {.rate = {.count = 1, .window_s = 0, .burst = 1}, .wait_ns = S},
        {.rate = {.count = 0, .window_s = UINT64_MAX, .burst = 0},
         .wait_ns = (INT64_C(1) << 61) / S * S},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_state(charge(*state, 1, cases[i].rate, S), true, 0, cases[i].wait_ns,
                     cases[i].wait_ns);
    }
}

static void a_clock_that_goes_back_never_lets_more_pass(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 1, .burst = 2};
    assert_true(passes(*state, 1, rate, 100 * S));
    assert_state(charge(*state, 1, rate, 100 * S - 1), true, 0, S + 1, 1);
    assert_state(charge(*state, 1, rate, 0), true, 0, 101 * S, 100 * S);
    assert_state(charge(*state, 1, rate, -5), true, 0, 101 * S, 100 * S);
    assert_state(charge(*state, 2, rate, INT64_MIN), false, 1, S, 0);
    assert_state(charge(*state, 1, rate, 100 * S), false, 0, 2 * S, 0);
    assert_state(charge(*state, 1, rate, 100 * S), true, 0, 2 * S, S);
}

static void asking_says_what_a_charge_would_and_changes_nothing(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 1, .burst = 2};
    for (int i = 0; i < 3; i++) {
        assert_state(ask(*state, 1, rate, 5 * S), false, 2, 0, 0);
    }
    (void)charge(*state, 1, rate, 5 * S);
    for (int i = 0; i < 3; i++) {
        assert_state(ask(*state, 1, rate, 5 * S), false, 1, S, 0);
    }
    (void)charge(*state, 1, rate, 5 * S);
    assert_state(ask(*state, 1, rate, 5 * S), true, 0, 2 * S, S);
    assert_state(ask(*state, 1, rate, 50 * S), false, 2, 0, 0);
}

static uint64_t random_next(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The textbook's leaky bucket: a level that drains, instead of an arrival time that advances. */
struct leaky {
    int64_t level_ns;
    int64_t at_ns;
};

static bool leaky_passes(struct leaky *leaky, int64_t interval_ns, int64_t burst, int64_t now_ns)
{
    int64_t drained = leaky->level_ns - (now_ns - leaky->at_ns);
    leaky->level_ns = drained > 0 ? drained : 0;
    leaky->at_ns = now_ns;
    const bool has_room = leaky->level_ns + interval_ns <= burst * interval_ns;
    leaky->level_ns += has_room ? interval_ns : 0;
    return has_room;
}

static void any_course_of_charges_agrees_with_a_leaky_bucket(void **state)
{
    uint64_t seed = 20240611;
    struct leaky leaky[50] = {{0}};
    int64_t now_ns = S;
    for (int i = 0; i < 200000; i++) {
        now_ns += (int64_t)(random_next(&seed) % (20 * MS));
        const size_t key = random_next(&seed) % 50;
        const struct zta_limit_rate rate = {.count = 1 + key, .window_s = 1, .burst = 1 + key % 7};
        const int64_t interval_ns = S / (int64_t)rate.count;
        const bool expected = leaky_passes(&leaky[key], interval_ns, (int64_t)rate.burst, now_ns);
        assert_int_equal(passes(*state, tag_of_first_window(1 + key), rate, now_ns), expected);
    }
}

/* ---- the table ---- */

static void every_tag_has_a_bucket_of_its_own(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 3600, .burst = 2};
    const uint64_t n_tags = 20000;
    for (unsigned round = 0; round < 3; round++) {
        for (uint64_t tag = 1; tag <= n_tags; tag++) {
            assert_int_equal(passes(*state, tag, rate, S), round < 2);
        }
    }
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 0);
}

static void a_full_table_charges_a_bucket_of_the_rate_and_counts(void **state)
{
    const struct zta_limit_rate slow = {.count = 1, .window_s = 3600, .burst = 3};
    const struct zta_limit_rate fast = {.count = 10, .window_s = 1, .burst = 5};
    for (uint64_t n = 1; n <= WINDOW; n++) {
        assert_true(passes(*state, tag_of_first_window(n), slow, S));
    }
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 0);
    for (uint64_t n = 1; n <= 10; n++) {
        const uint64_t tag = tag_of_first_window(WINDOW + n);
        assert_int_equal(ask(*state, tag, slow, S).is_refused, n > 3);
        assert_int_equal(passes(*state, tag, slow, S), n <= 3);
    }
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 10);
    /* Another rate is not held up, nor is who has a slot. */
    assert_state(charge(*state, tag_of_first_window(100), fast, S), false, 4, 100 * MS, 0);
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 11);
    assert_true(passes(*state, tag_of_first_window(1), slow, S));
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 11);
}

static void tags_come_and_go_in_a_window_without_end(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 1, .burst = 1};
    for (uint64_t n = 1; n <= 10000; n++) {
        const int64_t now_ns = S + (int64_t)n * (S / 50); /* 50 live at a time */
        assert_true(passes(*state, tag_of_first_window(n), rate, now_ns));
        assert_false(passes(*state, tag_of_first_window(n), rate, now_ns + 1));
        if (n > 40) {
            assert_false(passes(*state, tag_of_first_window(n - 40), rate, now_ns + 1));
        }
    }
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 0);
}

static void a_slot_is_given_away_when_its_bucket_is_full_again(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 10, .burst = 1};
    for (uint64_t n = 1; n <= WINDOW; n++) {
        assert_true(passes(*state, tag_of_first_window(n), rate, S));
    }
    (void)charge(*state, tag_of_first_window(100), rate, 11 * S - 1);
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 1);
    for (uint64_t n = 1; n <= WINDOW; n++) {
        assert_true(passes(*state, tag_of_first_window(200 + n), rate, 11 * S + 1));
        assert_false(passes(*state, tag_of_first_window(200 + n), rate, 11 * S + 1));
    }
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 1);
}

static void the_tag_that_must_not_be_is_limited_all_the_same(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 60, .burst = 1};
    assert_true(passes(*state, 0, rate, S));
    assert_false(passes(*state, 0, rate, S));
}

/* Copies a word of the area over another, as no process of ours would. */
static void the_check_sees_a_tag_with_two_slots(void **state)
{
    struct zta_segment *segment = *state;
    uint64_t size;
    uint64_t *words = zta_segment_area(segment, ZTA_AREA_LIMITS, &size);
    const uint64_t tag = tag_of_first_window(7);
    const struct zta_limit_rate rate = {.count = 1, .window_s = 60, .burst = 1};
    assert_true(passes(segment, tag, rate, S));
    uint64_t at = 0;
    while (words[at] != tag) {
        at++;
    }
    struct zta_error error;
    words[at + 2] = words[at];
    words[at + 3] = words[at + 1];
    assert_int_equal(zta_limits_check(segment, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "two slots"));
    words[at + 2] = tag_of_first_window(8) + 1; /* a home far away */
    assert_int_equal(zta_limits_check(segment, &error), ZTA_CORRUPT);
    assert_non_null(strstr(error.text, "outside"));
    words[at + 2] = words[at + 3] = 0;
    assert_int_equal(zta_limits_check(segment, &error), ZTA_OK);
}

/* ---- many processes ---- */

/* In memory that all workers share. */
struct common {
    struct zta_segment *segment;
    _Atomic uint64_t n_arrived;
    _Atomic uint64_t n_passed;
    _Atomic uint64_t round;
    _Atomic uint64_t passed_in_round;
    _Atomic uint64_t passed_of_tag[8];
};

static struct common *common_open(struct zta_segment *segment)
{
    struct common *common =
        mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(common != MAP_FAILED);
    common->segment = segment;
    return common;
}

/* All go on when n of them have come, round by round. */
static void meet(struct common *common, uint64_t round)
{
    atomic_fetch_add(&common->n_arrived, 1);
    while (atomic_load(&common->n_arrived) < round * N_WORKERS) {
        (void)sched_yield();
    }
}

typedef void (*worker_fn)(struct common *common, unsigned worker);

static pid_t worker_start(worker_fn work, struct common *common, unsigned worker)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        work(common, worker);
        _exit(EXIT_SUCCESS);
    }
    return pid;
}

static void run_processes(worker_fn work, struct common *common)
{
    pid_t pids[N_WORKERS];
    for (unsigned i = 0; i < N_WORKERS; i++) {
        pids[i] = worker_start(work, common, i);
    }
    for (unsigned i = 0; i < N_WORKERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    }
}

static void charge_750_times(struct common *common, unsigned worker)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 3600, .burst = 1000};
    meet(common, 1);
    for (int i = 0; i < 750; i++) {
        if (passes(common->segment, 42, rate, zta_clock_monotonic_ns())) {
            atomic_fetch_add(&common->n_passed, 1);
        }
    }
}

static void of_3000_parallel_charges_exactly_1000_pass(void **state)
{
    struct common *common = common_open(*state);
    run_processes(charge_750_times, common);
    assert_int_equal(common->n_passed, 1000);
    (void)munmap(common, sizeof(*common));
}

struct thread_of {
    struct common *common;
    unsigned worker;
};

static void *charge_in_thread(void *data)
{
    const struct thread_of *thread = data;
    charge_750_times(thread->common, thread->worker);
    return NULL;
}

static void threads_are_as_exact_as_processes(void **state)
{
    struct common *common = common_open(*state);
    pthread_t threads[N_WORKERS];
    struct thread_of data[N_WORKERS];
    for (unsigned i = 0; i < N_WORKERS; i++) {
        data[i] = (struct thread_of){.common = common, .worker = i};
        assert_int_equal(pthread_create(&threads[i], NULL, charge_in_thread, &data[i]), 0);
    }
    for (unsigned i = 0; i < N_WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(common->n_passed, 1000);
    (void)munmap(common, sizeof(*common));
}

#define N_ROUNDS  1500
#define N_FILLERS 60

/*
 * Each round all race to make the first charge of one tag, while the window's other slots expire
 * one by one: each worker's clock shows others of them free.
 */
static void race_for_new_tags(struct common *common, unsigned worker)
{
    const struct zta_limit_rate once = {.count = 1, .window_s = 10, .burst = 1};
    for (uint64_t round = 1; round <= N_ROUNDS; round++) {
        const int64_t start_ns = (int64_t)round * 10 * S;
        meet(common, 2 * round - 1);
        if (passes(common->segment, tag_of_first_window(1000 + round), once,
                   start_ns + 10 * (worker + 1))) {
            atomic_fetch_add(&common->passed_in_round, 1);
        }
        meet(common, 2 * round);
        if (worker == 0) {
            if (atomic_exchange(&common->passed_in_round, 0) != 1) {
                atomic_fetch_add(&common->n_passed, 1);
            }
            for (int i = 0; i < N_FILLERS; i++) {
                (void)passes(common->segment, tag_of_first_window(1 + (uint64_t)i), once,
                             start_ns + 50 + 1000 - i % 50);
            }
        }
    }
}

static void one_of_all_racers_makes_the_first_charge(void **state)
{
    struct common *common = common_open(*state);
    run_processes(race_for_new_tags, common);
    assert_int_equal(common->n_passed, 0);
    assert_int_equal(zta_counter_get(*state, ZTA_COUNTER_LIMIT_OVERFLOW), 0);
    (void)munmap(common, sizeof(*common));
}

#define N_EXACT 8
#define N_KILLS 150

/* Until it is killed: eight tags that count, among many that come and go in the same window. */
static void charge_until_killed(struct common *common, unsigned worker)
{
    const struct zta_limit_rate exact = {.count = 1, .window_s = 3600, .burst = 5000};
    const struct zta_limit_rate passing = {.count = 1000000, .window_s = 1, .burst = 1};
    uint64_t seed = UINT64_C(88172645463325252) + worker;
    for (;;) {
        const uint64_t n = random_next(&seed) % 400;
        const int64_t now_ns = zta_clock_monotonic_ns();
        if (n >= N_EXACT) {
            (void)passes(common->segment, tag_of_first_window(1 + n), passing, now_ns);
        }
        else if (passes(common->segment, tag_of_first_window(1 + n), exact, now_ns)) {
            atomic_fetch_add(&common->passed_of_tag[n], 1);
        }
    }
}

static void killed_processes_leave_every_bucket_exact(void **state)
{
    struct common *common = common_open(*state);
    uint64_t seed = 42;
    pid_t pids[2];
    for (unsigned i = 0; i < 2; i++) {
        pids[i] = worker_start(charge_until_killed, common, i);
    }
    for (unsigned i = 0; i < N_KILLS; i++) {
        pid_t *victim = &pids[i % 2];
        const int64_t until_ns =
            zta_clock_monotonic_ns() + (int64_t)(random_next(&seed) % (8 * MS));
        while (zta_clock_monotonic_ns() < until_ns) {
            (void)sched_yield();
        }
        assert_int_equal(kill(*victim, SIGKILL), 0);
        assert_int_equal(waitpid(*victim, NULL, 0), *victim);
        *victim = worker_start(charge_until_killed, common, 2 + i);
    }
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(kill(pids[i], SIGKILL), 0);
        assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
    }
    /* The rest of each burst passes and not one more. A kill leaves at most one pass uncounted. */
    const struct zta_limit_rate exact = {.count = 1, .window_s = 3600, .burst = 5000};
    const int64_t now_ns = zta_clock_monotonic_ns();
    uint64_t n_uncounted = 0;
    for (uint64_t n = 0; n < N_EXACT; n++) {
        uint64_t n_passed = atomic_load(&common->passed_of_tag[n]);
        while (passes(*state, tag_of_first_window(1 + n), exact, now_ns)) {
            n_passed++;
        }
        assert_true(n_passed <= exact.burst);
        n_uncounted += exact.burst - n_passed;
    }
    assert_true(n_uncounted <= N_KILLS + 2);
    (void)munmap(common, sizeof(*common));
}

/* ---- one process stopped at each instruction ---- */

/* One charge in the stopped process. */
struct stopped {
    struct zta_segment *segment;
    struct common *common;
    uint64_t tag;
    int64_t now_ns;
    const uint64_t *slots; /* of the window, two words each */
    uint64_t whens[4];     /* second words before the charge */
};

static const struct zta_limit_rate once_an_hour = {.count = 1, .window_s = 3600, .burst = 1};

static void charge_once(void *data)
{
    const struct stopped *stopped = data;
    if (passes(stopped->segment, stopped->tag, once_an_hour, stopped->now_ns)) {
        atomic_fetch_add(&stopped->common->n_passed, 1);
    }
}

#define TAG_X tag_of_first_window(1)
#define TAG_Y tag_of_first_window(2)

/*
 * Slots 0 to 3: X or another tag, over after 12 s; two that live; another, over after 11 s. So at
 * 11.5 s slot 3 is the first free one, at 12.5 s it is slot 0.
 */
static void fill_window(struct stopped *stopped, uint64_t first_tag)
{
    const struct zta_limit_rate short_rate = {.count = 1, .window_s = 10, .burst = 1};
    stopped->segment = ring_test_open();
    atomic_store(&stopped->common->n_passed, 0);
    assert_true(passes(stopped->segment, tag_of_first_window(14), short_rate, S));
    assert_true(passes(stopped->segment, tag_of_first_window(11), once_an_hour, S));
    assert_true(passes(stopped->segment, tag_of_first_window(12), once_an_hour, S));
    assert_true(passes(stopped->segment, tag_of_first_window(13), short_rate, S));
    /* Over at 11 s as well, and taken again until 12 s. */
    const struct zta_limit_rate second = {.count = 1, .window_s = 1, .burst = 1};
    assert_true(passes(stopped->segment, first_tag, second, 11 * S + 1));
    uint64_t size;
    stopped->slots = zta_segment_area(stopped->segment, ZTA_AREA_LIMITS, &size);
    while (stopped->slots[0] != first_tag) {
        stopped->slots++;
    }
    for (size_t i = 0; i < 4; i++) {
        stopped->whens[i] = stopped->slots[2 * i + 1];
    }
}

static void close_window(struct stopped *stopped)
{
    struct zta_error error;
    assert_int_equal(zta_limits_check(stopped->segment, &error), ZTA_OK);
    assert_int_equal(zta_counter_get(stopped->segment, ZTA_COUNTER_LIMIT_OVERFLOW), 0);
    ring_test_close(&stopped->segment);
}

/* Calls `then` with the process stopped at each place in its charge of X. */
static void at_each_stop(struct stopped *stopped, uint64_t first_tag,
                         void (*then)(struct stopped *stopped, pid_t pid))
{
    if (!step_test_is_possible()) {
        print_message("processes may not be traced here\n");
        skip();
    }
    fill_window(stopped, first_tag);
    const size_t n_steps = step_test_count(charge_once, stopped);
    close_window(stopped);
    const size_t n_stops = n_steps < STEP_TEST_STOPS ? n_steps : STEP_TEST_STOPS;
    for (size_t i = 0; i <= n_stops; i++) {
        fill_window(stopped, first_tag);
        then(stopped, step_test_begin(charge_once, stopped, i * n_steps / n_stops));
        close_window(stopped);
    }
}

static void race_with_later_clock(struct stopped *stopped, pid_t pid)
{
    stopped->now_ns = 12 * S + 500 * MS;
    charge_once(stopped);
    stopped->now_ns = 11 * S + 500 * MS;
    step_test_finish(pid);
    assert_int_equal(atomic_load(&stopped->common->n_passed), 1);
    assert_false(passes(stopped->segment, TAG_X, once_an_hour, 13 * S));
}

static void a_first_charge_stopped_anywhere_is_not_made_twice(void **state)
{
    struct stopped stopped = {
        .common = common_open(*state),
        .tag = TAG_X,
        .now_ns = 11 * S + 500 * MS,
    };
    at_each_stop(&stopped, tag_of_first_window(20), race_with_later_clock);
    (void)munmap(stopped.common, sizeof(*stopped.common));
}

/* X has slot 0 and it is over; Y takes it while X's charge is stopped. */
static void take_the_slot(struct stopped *stopped, pid_t pid)
{
    assert_true(passes(stopped->segment, TAG_Y, once_an_hour, 12 * S + 500 * MS));
    step_test_finish(pid);
    assert_int_equal(atomic_load(&stopped->common->n_passed), 1);
    assert_false(passes(stopped->segment, TAG_X, once_an_hour, 13 * S));
    assert_false(passes(stopped->segment, TAG_Y, once_an_hour, 13 * S));
}

static void a_charge_stopped_anywhere_spares_who_took_its_slot(void **state)
{
    struct stopped stopped = {
        .common = common_open(*state),
        .tag = TAG_X,
        .now_ns = 12 * S + 500 * MS,
    };
    at_each_stop(&stopped, TAG_X, take_the_slot);
    (void)munmap(stopped.common, sizeof(*stopped.common));
}

static void kill_and_go_on(struct stopped *stopped, pid_t pid)
{
    step_test_kill(pid);
    for (size_t i = 0; i < 4; i++) {
        assert_true(stopped->slots[2 * i + 1] >= stopped->whens[i]);
    }
    /* Whether it was charged or not: one request an hour, and the slot is not lost. */
    (void)passes(stopped->segment, TAG_X, once_an_hour, 13 * S);
    assert_false(passes(stopped->segment, TAG_X, once_an_hour, 13 * S));
    for (uint64_t n = 1; n <= WINDOW; n++) {
        assert_true(passes(stopped->segment, tag_of_first_window(100 + n), once_an_hour, 7200 * S));
    }
}

static void a_charge_killed_anywhere_leaves_nothing_behind(void **state)
{
    struct stopped stopped = {
        .common = common_open(*state),
        .tag = TAG_X,
        .now_ns = 11 * S + 500 * MS,
    };
    at_each_stop(&stopped, tag_of_first_window(20), kill_and_go_on);
    (void)munmap(stopped.common, sizeof(*stopped.common));
}

#define ON_SEGMENT(test) cmocka_unit_test_setup_teardown(test, open_segment, close_segment)

static void a_reset_begins_anew_for_its_name_alone(void **state)
{
    struct zta_segment *segment = *state;
    const struct zta_limit_rate once = {.count = 1, .window_s = 3600, .burst = 1};
    const struct zta_text names[] = {ZTA_TEXT("quota"), ZTA_TEXT("other")};
    assert_int_not_equal(zta_limits_group(names[0]), zta_limits_group(names[1]));
    for (uint64_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 2; i++) {
            const bool is_new = round == 0 || i == 0;
            const uint64_t tag = zta_limits_tag(segment, names[i], 7 + i);
            assert_int_not_equal(tag, 0);
            assert_int_equal(passes(segment, tag, once, S), is_new);
            assert_false(passes(segment, zta_limits_tag(segment, names[i], 7 + i), once, S));
        }
        zta_limits_reset(segment, names[0]);
    }
    zta_limits_reset(segment, (struct zta_text){.data = NULL});
    for (size_t i = 0; i < 2; i++) {
        assert_true(passes(segment, zta_limits_tag(segment, names[i], 7 + i), once, S));
    }
    /* Those of one limit stay apart. */
    assert_int_not_equal(zta_limits_tag(segment, names[0], 7),
                         zta_limits_tag(segment, names[0], 8));
}

static void a_sample_tells_how_full_the_table_is(void **state)
{
    const struct zta_limit_rate rate = {.count = 1, .window_s = 60, .burst = 1};
    struct zta_limits_sample sample;
    uint64_t size;
    (void)zta_segment_area(*state, ZTA_AREA_LIMITS, &size);
    const uint64_t n_slots = size / 16;
    zta_limits_sample(*state, S, &sample);
    assert_int_equal(sample.n_used, 0);
    assert_int_equal(sample.n_looked, 2048);
    for (uint64_t n = 1; n <= n_slots / 2; n++) {
        assert_true(passes(*state, n, rate, S));
    }
    zta_limits_sample(*state, S, &sample);
    assert_in_range(sample.n_used, sample.n_looked * 4 / 10, sample.n_looked * 6 / 10);
    zta_limits_sample(*state, 62 * S, &sample);
    assert_int_equal(sample.n_used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SEGMENT(a_bucket_of_five_follows_the_published_vector),
        ON_SEGMENT(a_burst_on_both_sides_of_a_window_is_one_burst),
        ON_SEGMENT(the_interval_is_window_by_count_of_at_least_a_nanosecond),
        ON_SEGMENT(a_burst_beyond_all_time_is_as_large_as_fits),
        ON_SEGMENT(a_rate_of_nothing_refuses_and_says_when_to_return),
        ON_SEGMENT(a_clock_that_goes_back_never_lets_more_pass),
        ON_SEGMENT(asking_says_what_a_charge_would_and_changes_nothing),
        ON_SEGMENT(any_course_of_charges_agrees_with_a_leaky_bucket),
        ON_SEGMENT(every_tag_has_a_bucket_of_its_own),
        ON_SEGMENT(a_reset_begins_anew_for_its_name_alone),
        ON_SEGMENT(a_full_table_charges_a_bucket_of_the_rate_and_counts),
        ON_SEGMENT(tags_come_and_go_in_a_window_without_end),
        ON_SEGMENT(a_slot_is_given_away_when_its_bucket_is_full_again),
        ON_SEGMENT(the_tag_that_must_not_be_is_limited_all_the_same),
        ON_SEGMENT(a_sample_tells_how_full_the_table_is),
        ON_SEGMENT(the_check_sees_a_tag_with_two_slots),
        ON_SEGMENT(of_3000_parallel_charges_exactly_1000_pass),
        ON_SEGMENT(threads_are_as_exact_as_processes),
        ON_SEGMENT(one_of_all_racers_makes_the_first_charge),
        ON_SEGMENT(killed_processes_leave_every_bucket_exact),
        ON_SEGMENT(a_first_charge_stopped_anywhere_is_not_made_twice),
        ON_SEGMENT(a_charge_stopped_anywhere_spares_who_took_its_slot),
        ON_SEGMENT(a_charge_killed_anywhere_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
