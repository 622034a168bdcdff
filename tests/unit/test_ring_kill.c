/* SPDX-License-Identifier: Apache-2.0 */
/* Writers and readers of the ring that are killed, stopped and continued at random under load. */
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/ring.h"
#include "tests/unit/ring_support.h"

#define N_STORM_WRITERS 6
#define N_KILLS         300
#define N_WRITERS_MAX   (N_STORM_WRITERS + 2 * N_KILLS)
#define LOG_MAX         (UINT64_C(4) << 20)
#define STOP_NS         (ZTA_RING_CLAIM_TIMEOUT_NS + 100000000)

/* What a writer says of itself; it alone stores here, so after its death the rest is known. */
struct storm_writer {
    _Atomic uint64_t n_begun; /* before publish */
    _Atomic uint64_t n_ended; /* after it, with its result in is_ok */
    _Atomic uint64_t n_ok;
};

/* The reader's store: log[sequence] is the event's id, and cursor commits what lies below it. */
struct storm {
    _Atomic uint64_t cursor;
    _Atomic uint64_t n_faults;
    _Atomic uint32_t is_over;
    struct storm_writer writers[N_WRITERS_MAX];
    _Atomic uint64_t log[LOG_MAX];
};

static void run_storm_writer(struct zta_segment *segment, struct storm *storm, uint64_t number)
{
    struct storm_writer *self = &storm->writers[number];
    uint32_t incarnation = 0;
    struct zta_event event;
    if (zta_segment_child_begin(segment, getpid(), &incarnation) != ZTA_OK) {
        _exit(EXIT_FAILURE);
    }
    for (uint64_t i = 1; atomic_load(&storm->is_over) == 0; i++) {
        ring_test_event(&event, (number + 1) << 32 | i);
        atomic_store(&self->n_begun, i);
        if (zta_ring_publish(segment, incarnation, &event) == ZTA_OK) {
            atomic_store(&self->n_ok, i);
        }
        atomic_store(&self->n_ended, i);
        /* Else most meet a full ring, and the log has an end. */
        if (zta_ring_head(segment) - zta_ring_tail(segment) > 1000 ||
            zta_ring_head(segment) > LOG_MAX / 2) {
            const struct timespec pause = {.tv_nsec = 100000};
            (void)nanosleep(&pause, NULL);
        }
    }
    _exit(EXIT_SUCCESS);
}

/* Reads until there is nothing; what it did before it commits may be done again by the next. */
static void drain(struct zta_segment *segment, struct storm *storm)
{
    uint64_t cursor = atomic_load(&storm->cursor);
    uint64_t sequence;
    struct zta_event event;
    for (int i = 0; i < 100; i++) {
        if (zta_ring_read(segment, &cursor, zta_clock_monotonic_ns(), &event, &sequence) !=
            ZTA_OK) {
            break;
        }
        uint64_t before = 0;
        if (!ring_test_is_whole(&event) || sequence >= LOG_MAX ||
            (!atomic_compare_exchange_strong(&storm->log[sequence % LOG_MAX], &before,
                                             ring_test_id(&event)) &&
             before != ring_test_id(&event))) {
            atomic_fetch_add(&storm->n_faults, 1);
        }
    }
    atomic_store(&storm->cursor, cursor);
    zta_ring_release(segment, cursor);
}

static void run_storm_reader(struct zta_segment *segment, struct storm *storm)
{
    for (;;) {
        drain(segment, storm);
    }
}

static pid_t start(struct zta_segment *segment, struct storm *storm, int64_t number)
{
    const pid_t pid = ring_test_fork();
    if (pid == 0) {
        if (number < 0) {
            run_storm_reader(segment, storm);
        }
        run_storm_writer(segment, storm, (uint64_t)number);
    }
    return pid;
}

static void reap(struct zta_segment *segment, pid_t pid, int signal_number)
{
    if (signal_number != 0) {
        assert_int_equal(kill(pid, signal_number), 0);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    zta_segment_child_end(segment, pid);
}

/* A writer that stands in the middle of its copy, or met a full ring: its attempt is known. */
static void start_stuck(struct zta_segment *segment, struct storm *storm, int64_t number,
                        struct ring_test_stuck *stuck)
{
    (void)ring_test_stuck_begin(segment, ((uint64_t)number + 1) << 32 | 1, stuck);
    atomic_store(&storm->writers[number].n_begun, 1);
    atomic_store(&storm->writers[number].n_ended, 1);
}

/* Every event of the log once and in its writer's order; what a writer was told has happened. */
static uint64_t count_log(const struct zta_segment *segment, struct storm *storm)
{
    static uint64_t n_read[N_WRITERS_MAX];
    static uint64_t last[N_WRITERS_MAX];
    uint64_t n_all = 0;
    memset(n_read, 0, sizeof(n_read));
    memset(last, 0, sizeof(last));
    for (uint64_t s = 0; s < zta_ring_head(segment); s++) {
        const uint64_t id = atomic_load(&storm->log[s]);
        if (id == 0) {
            continue;
        }
        const uint64_t number = (id >> 32) - 1;
        assert_in_range(number, 0, N_WRITERS_MAX - 1);
        assert_true((uint32_t)id > last[number]);
        last[number] = (uint32_t)id;
        n_read[number]++;
        n_all++;
    }
    for (uint64_t i = 0; i < N_WRITERS_MAX; i++) {
        assert_true(last[i] <= atomic_load(&storm->writers[i].n_begun));
        assert_true(last[i] >= atomic_load(&storm->writers[i].n_ok));
    }
    return n_all;
}

/* All attempts: those of killed writers that had begun may or may not have claimed. */
static void compare_attempts(const struct zta_segment *segment, struct storm *storm)
{
    uint64_t n_least = 0;
    uint64_t n_most = 0;
    for (uint64_t i = 0; i < N_WRITERS_MAX; i++) {
        n_least += atomic_load(&storm->writers[i].n_ended);
        n_most += atomic_load(&storm->writers[i].n_begun);
    }
    assert_in_range(zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED), n_least, n_most);
}

struct crew {
    pid_t writers[N_STORM_WRITERS];
    pid_t reader;
    struct ring_test_stuck slow;
    struct ring_test_stuck dying;
    int64_t next; /* number of the next writer */
    int64_t stopped_ns;
    unsigned seed;
};

/* The first writer is never killed but stopped and continued, time and again. */
static void stop_or_continue(struct crew *crew)
{
    const int64_t now_ns = zta_clock_monotonic_ns();
    if (crew->stopped_ns == 0) {
        assert_int_equal(kill(crew->writers[0], SIGSTOP), 0);
        crew->stopped_ns = now_ns;
    }
    else if (now_ns - crew->stopped_ns > STOP_NS) {
        assert_int_equal(kill(crew->writers[0], SIGCONT), 0);
        crew->stopped_ns = 0;
    }
}

static void kill_one(struct zta_segment *segment, struct storm *storm, struct crew *crew, int round)
{
    if (round % 3 == 0) {
        reap(segment, crew->reader, SIGKILL);
        crew->reader = start(segment, storm, -1);
    }
    else if (round % 10 == 1) {
        ring_test_stuck_kill(segment, &crew->dying);
        start_stuck(segment, storm, crew->next++, &crew->dying);
    }
    else {
        pid_t *victim = &crew->writers[1 + rand_r(&crew->seed) % (N_STORM_WRITERS - 1)];
        reap(segment, *victim, SIGKILL);
        *victim = start(segment, storm, crew->next++);
    }
}

static void rage(struct zta_segment *segment, struct storm *storm)
{
    struct crew crew = {.seed = 1, .reader = start(segment, storm, -1)};
    for (int i = 0; i < N_STORM_WRITERS; i++) {
        crew.writers[i] = start(segment, storm, crew.next++);
    }
    start_stuck(segment, storm, crew.next++, &crew.dying);
    start_stuck(segment, storm, crew.next++, &crew.slow);
    for (int i = 0; i < N_KILLS || zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_SLOW) == 0;
         i++) {
        assert_true(crew.next < N_WRITERS_MAX); /* else nobody ever passes the slow one over */
        /* A kill may meet any instruction of a writer: the moments are drawn. */
        const struct timespec pause = {.tv_nsec = rand_r(&crew.seed) % 10000000};
        (void)nanosleep(&pause, NULL);
        stop_or_continue(&crew);
        kill_one(segment, storm, &crew, i);
        if (i % 50 == 0) {
            ring_test_assert_sound(segment);
        }
    }
    atomic_store(&storm->is_over, 1);
    assert_int_equal(kill(crew.writers[0], SIGCONT), 0);
    for (int i = 0; i < N_STORM_WRITERS; i++) {
        reap(segment, crew.writers[i], 0);
    }
    ring_test_stuck_kill(segment, &crew.dying);
    assert_int_equal(ring_test_stuck_finish(segment, &crew.slow), ZTA_FULL);
    reap(segment, crew.reader, SIGKILL);
}

static void nothing_is_lost_uncounted_when_processes_are_killed_at_random(void **state)
{
    struct zta_segment *segment = ring_test_open();
    struct storm *storm = ring_test_share(sizeof(*storm));
    rage(segment, storm);
    while (zta_ring_tail(segment) != zta_ring_head(segment)) {
        drain(segment, storm);
    }
    ring_test_assert_sound(segment);
    assert_int_equal(atomic_load(&storm->n_faults), 0);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED),
                     count_log(segment, storm) + ring_test_dropped(segment));
    assert_true(zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_DEAD) > 0);
    compare_attempts(segment, storm);
    assert_int_equal(munmap(storm, sizeof(*storm)), 0);
    ring_test_close(&segment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_uncounted_when_processes_are_killed_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
