/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers and readers of the ring that are killed: at random under load, and (by single steps) at
 * each instruction of publish, read and release.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/ring.h"
#include "shared/live/segment_priv.h"
#include "tests/unit/ring_support.h"

static void *share(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

static void assert_sound(const struct zta_segment *segment)
{
    struct zta_error error = {.status = ZTA_OK};
    if (zta_segment_check(segment, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
}

/* ---- at random ---- */

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
    const pid_t pid = fork();
    assert_true(pid >= 0);
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

/* Every event of the log once and in its writer's order; what a writer was told is what happened. */
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
    const int64_t end_ns = zta_clock_monotonic_ns() + 10 * ZTA_RING_CLAIM_TIMEOUT_NS;
    for (int i = 0; i < N_KILLS || zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_SLOW) == 0;
         i++) {
        assert_true(crew.next < N_WRITERS_MAX && zta_clock_monotonic_ns() < end_ns);
        const struct timespec pause = {.tv_nsec = rand_r(&crew.seed) % 10000000};
        (void)nanosleep(&pause, NULL);
        stop_or_continue(&crew);
        kill_one(segment, storm, &crew, i);
        if (i % 50 == 0) {
            assert_sound(segment);
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
    struct storm *storm = share(sizeof(*storm));
    rage(segment, storm);
    while (zta_ring_tail(segment) != zta_ring_head(segment)) {
        drain(segment, storm);
    }
    assert_sound(segment);
    assert_int_equal(atomic_load(&storm->n_faults), 0);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED),
                     count_log(segment, storm) + ring_test_dropped(segment));
    assert_true(zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_DEAD) > 0);
    compare_attempts(segment, storm);
    assert_int_equal(munmap(storm, sizeof(*storm)), 0);
    ring_test_close(&segment);
}

/* ---- instruction by instruction ---- */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

#define STEP_STRIDE                                                                                \
    (IS_SANITIZED ? 41 : 1) /* a sanitized publish has many times the instructions */

struct scene {
    struct zta_segment *segment;
    _Atomic uint64_t *cursor; /* what the reader has stored */
    uint32_t incarnation;     /* of the process that is stepped */
    pid_t slow;               /* a writer that stands in its copy, 0 for none */
};

/* Runs in a process of its own; its result is the exit code. */
typedef enum zta_status act_fn(struct scene *scene);

static enum zta_status act_publish(struct scene *scene)
{
    struct zta_event event;
    ring_test_event(&event, 7);
    (void)raise(SIGSTOP);
    return zta_ring_publish(scene->segment, scene->incarnation, &event);
}

static enum zta_status act_read_and_release(struct scene *scene)
{
    struct zta_event event;
    uint64_t cursor = atomic_load(scene->cursor);
    uint64_t sequence;
    (void)raise(SIGSTOP);
    const int64_t now_ns = zta_clock_monotonic_ns() + 2 * ZTA_RING_CLAIM_TIMEOUT_NS;
    while (zta_ring_read(scene->segment, &cursor, now_ns, &event, &sequence) == ZTA_OK) {
    }
    atomic_store(scene->cursor, cursor);
    zta_ring_release(scene->segment, cursor);
    return ZTA_OK;
}

/* A process that stands before its act; its pid. */
static pid_t stage(struct scene *scene, act_fn *act)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 ||
            zta_segment_child_begin(scene->segment, getpid(), &scene->incarnation) != ZTA_OK) {
            _exit(EXIT_FAILURE);
        }
        _exit((int)act(scene));
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSTOPPED(status));
    return pid;
}

/* False when it has ended. */
static bool step(pid_t pid)
{
    int status = 0;
    assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSTOPPED(status);
}

struct census {
    uint64_t n_read;
    uint64_t n_ok;
    uint64_t n_tried;
};

static void read_all(struct zta_segment *segment, uint64_t *cursor, int64_t ahead_ns,
                     struct census *census)
{
    struct zta_event event;
    uint64_t sequence;
    while (zta_ring_read(segment, cursor, zta_clock_monotonic_ns() + ahead_ns, &event, &sequence) ==
           ZTA_OK) {
        assert_true(ring_test_is_whole(&event));
        census->n_read++;
    }
    zta_ring_release(segment, *cursor);
}

static void publish_lap(struct zta_segment *segment, uint32_t incarnation, struct census *census)
{
    struct zta_event event;
    ring_test_event(&event, 100);
    for (uint64_t i = 0; i < zta_ring_capacity(segment); i++) {
        census->n_ok += zta_ring_publish(segment, incarnation, &event) == ZTA_OK;
        census->n_tried++;
    }
}

/*
 * What another process finds in `memory`, a copy of the segment at the moment of a kill: n_known
 * events had been read and stored before `cursor`.
 */
static void survive(const struct scene *scene, void *memory, pid_t dead, uint64_t cursor,
                    uint64_t n_known)
{
    struct zta_segment *segment;
    struct zta_error error;
    struct census census = {.n_read = n_known};
    uint32_t incarnation = 0;
    assert_int_equal(zta_segment_attach(memory, ZTA_SEGMENT_SIZE_MIN, &segment, &error), ZTA_OK);
    zta_segment_child_end(segment, dead);
    assert_sound(segment);

    read_all(segment, &cursor, 2 * ZTA_RING_CLAIM_TIMEOUT_NS, &census);
    assert_int_equal(zta_ring_tail(segment), zta_ring_head(segment));
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED),
                     census.n_read + ring_test_dropped(segment));
    assert_sound(segment);

    /* No slot was lost, but for that of the writer that stands, and that one not when it dies. */
    zta_segment_child_end(segment, scene->slow);
    assert_int_equal(zta_segment_child_begin(segment, getpid(), &incarnation), ZTA_OK);
    publish_lap(segment, incarnation, &census);
    assert_int_equal(census.n_ok, zta_ring_capacity(segment));
    read_all(segment, &cursor, 0, &census);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED),
                     census.n_read + ring_test_dropped(segment));
    assert_sound(segment);
    zta_segment_close(&segment);
}

#if defined(__x86_64__)
extern const char __executable_start; /* of the linker */
extern const char etext;

/* The kernel's clock page begins again when time passes between its instructions: no place to be. */
static bool is_in_program(pid_t pid)
{
    const size_t at = offsetof(struct user_regs_struct, rip);
    const uintptr_t pc = (uintptr_t)ptrace(PTRACE_PEEKUSER, pid, (void *)at, NULL);
    return pc >= (uintptr_t)&__executable_start && pc < (uintptr_t)&etext;
}
#else
static bool is_in_program(pid_t pid)
{
    return false;
}
#endif

/* Kills it, on a copy of the memory, after each instruction that changed it; how many those were. */
static uint64_t kill_at_each_step(struct scene *scene, act_fn *act, uint64_t n_events)
{
    uint8_t *copy = share(ZTA_SEGMENT_SIZE_MIN);
    uint8_t *last = share(ZTA_SEGMENT_SIZE_MIN);
    uint64_t size;
    const uint8_t *ring = zta_segment_area(scene->segment, ZTA_AREA_RING, &size);
    const size_t n_bytes = (size_t)(ring - scene->segment->base) + size;
    const pid_t pid = stage(scene, act);
    uint64_t last_cursor = 0;
    uint64_t n_changes = 0;
    do {
        const uint64_t cursor = atomic_load(scene->cursor);
        if (is_in_program(pid) &&
            (cursor != last_cursor || memcmp(last, scene->segment->base, n_bytes) != 0)) {
            memcpy(last, scene->segment->base, n_bytes);
            memcpy(copy, scene->segment->base, n_bytes);
            survive(scene, copy, pid, cursor, cursor == 0 ? 0 : n_events);
            last_cursor = cursor;
            n_changes++;
        }
    } while (step(pid));
    zta_segment_child_end(scene->segment, pid);
    assert_int_equal(munmap(copy, ZTA_SEGMENT_SIZE_MIN), 0);
    assert_int_equal(munmap(last, ZTA_SEGMENT_SIZE_MIN), 0);
    return n_changes;
}

static bool can_step(void)
{
#if defined(__x86_64__)
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
#else
    /* Elsewhere an exclusive load and store may never succeed under single steps. */
    return false;
#endif
}

static void skip_unless_steps_work(void)
{
    if (!can_step()) {
        print_message("skipped: processes cannot be single-stepped here\n");
        skip();
    }
}

static struct scene open_scene(void)
{
    return (struct scene){.segment = ring_test_open(), .cursor = share(sizeof(uint64_t))};
}

static void close_scene(struct scene *scene)
{
    assert_int_equal(munmap((void *)(uintptr_t)scene->cursor, sizeof(uint64_t)), 0);
    ring_test_close(&scene->segment);
}

static void writer_may_be_killed_at_each_instruction(void **state)
{
    skip_unless_steps_work();
    struct scene scene = open_scene();
    assert_in_range(kill_at_each_step(&scene, act_publish, 0), 6, 1000);
    close_scene(&scene);
}

static void writer_that_meets_a_full_ring_may_be_killed_at_each_instruction(void **state)
{
    skip_unless_steps_work();
    struct scene scene = open_scene();
    struct census census = {.n_read = 0};
    uint32_t incarnation = 0;
    assert_int_equal(zta_segment_child_begin(scene.segment, getpid(), &incarnation), ZTA_OK);
    publish_lap(scene.segment, incarnation, &census);
    assert_in_range(kill_at_each_step(&scene, act_publish, 0), 2, 10);
    close_scene(&scene);
}

/* Two events, one of a dead writer, one of a stopped writer. */
static void reader_may_be_killed_at_each_instruction(void **state)
{
    skip_unless_steps_work();
    struct scene scene = open_scene();
    struct ring_test_stuck dead;
    struct ring_test_stuck slow;
    struct zta_event event;
    uint32_t incarnation = 0;
    assert_int_equal(zta_segment_child_begin(scene.segment, getpid(), &incarnation), ZTA_OK);
    ring_test_event(&event, 1);
    assert_int_equal(zta_ring_publish(scene.segment, incarnation, &event), ZTA_OK);
    assert_true(ring_test_stuck_begin(scene.segment, 2, &dead));
    assert_true(ring_test_stuck_begin(scene.segment, 3, &slow));
    assert_int_equal(zta_ring_publish(scene.segment, incarnation, &event), ZTA_OK);
    ring_test_stuck_kill(scene.segment, &dead);
    scene.slow = slow.pid;
    assert_in_range(kill_at_each_step(&scene, act_read_and_release, 2), 10, 100);
    assert_int_equal(zta_counter_get(scene.segment, ZTA_COUNTER_EVENTS_DROPPED_DEAD), 1);
    assert_int_equal(zta_counter_get(scene.segment, ZTA_COUNTER_EVENTS_DROPPED_SLOW), 1);
    ring_test_stuck_kill(scene.segment, &slow);
    close_scene(&scene);
}

/* Stops a writer after n_steps, passes over it if it has claimed, runs a lap, lets it go on. */
static enum zta_status resume_late(struct scene *scene, uint64_t n_steps, uint32_t incarnation)
{
    struct census census = {.n_tried = 1};
    uint64_t cursor = 0;
    int status = 0;
    const pid_t pid = stage(scene, act_publish);
    for (uint64_t i = 0; i < n_steps; i++) {
        if (!step(pid)) {
            zta_segment_child_end(scene->segment, pid);
            return ZTA_NOT_FOUND; /* no instruction left to stop at */
        }
    }
    read_all(scene->segment, &cursor, 2 * ZTA_RING_CLAIM_TIMEOUT_NS, &census);
    /* A claim without a stamp is timed from now. */
    read_all(scene->segment, &cursor, 4 * ZTA_RING_CLAIM_TIMEOUT_NS, &census);
    publish_lap(scene->segment, incarnation, &census);

    assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    census.n_ok += WEXITSTATUS(status) == ZTA_OK;
    read_all(scene->segment, &cursor, 0, &census);
    assert_int_equal(census.n_read, census.n_ok);
    assert_int_equal(ring_test_dropped(scene->segment), census.n_tried - census.n_ok);
    assert_int_equal(zta_counter_get(scene->segment, ZTA_COUNTER_EVENTS_PUBLISHED), census.n_tried);

    /* It lives, and has acknowledged: its slot is of use again. */
    const uint64_t n_ok = census.n_ok;
    publish_lap(scene->segment, incarnation, &census);
    assert_int_equal(census.n_ok - n_ok, zta_ring_capacity(scene->segment));
    zta_segment_child_end(scene->segment, pid);
    assert_sound(scene->segment);
    return (enum zta_status)WEXITSTATUS(status);
}

static void writer_may_be_stopped_at_each_instruction_for_longer_than_its_time(void **state)
{
    skip_unless_steps_work();
    uint64_t n_late = 0;
    uint64_t n_ok = 0;
    enum zta_status result = ZTA_OK;
    for (uint64_t n_steps = 0; result != ZTA_NOT_FOUND; n_steps += STEP_STRIDE) {
        struct scene scene = open_scene();
        uint32_t incarnation = 0;
        assert_int_equal(zta_segment_child_begin(scene.segment, getpid(), &incarnation), ZTA_OK);
        result = resume_late(&scene, n_steps, incarnation);
        n_late += result == ZTA_FULL;
        n_ok += result == ZTA_OK;
        close_scene(&scene);
    }
    assert_true(n_late > 0 && n_ok > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_uncounted_when_processes_are_killed_at_random),
        cmocka_unit_test(writer_may_be_killed_at_each_instruction),
        cmocka_unit_test(writer_that_meets_a_full_ring_may_be_killed_at_each_instruction),
        cmocka_unit_test(reader_may_be_killed_at_each_instruction),
        cmocka_unit_test(writer_may_be_stopped_at_each_instruction_for_longer_than_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
