/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are killed or stopped at each instruction of publish, read and release. */
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
#include <unistd.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "shared/live/layout_priv.h"
#include "shared/live/ring.h"
#include "shared/live/segment_priv.h"
#include "tests/unit/ring_support.h"
#include "tests/unit/sanitized.h"

/* A sanitized publish has many times the instructions. */
#define STEP_STRIDE (SANITIZED_COST > 1 ? 41 : 1)

struct scene {
    struct zta_segment *segment;
    _Atomic uint64_t *cursor; /* what the reader has stored */
    uint32_t incarnation;     /* of the process that is stepped */
    pid_t slow;               /* a writer that stands in its copy, 0 for none */
    bool is_full;
    uint64_t from;       /* events read and stored before the act */
    int64_t patience_ns; /* when the reader must still wait, 0 not to ask */
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
    const pid_t pid = ring_test_fork();
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

/* A copy of the segment at the moment of a kill, and what is known of it. */
struct moment {
    uint8_t *memory;
    size_t n_bytes;
    pid_t dead;
    pid_t slow;
    uint64_t cursor;  /* what the reader had stored */
    uint64_t n_known; /* events below it */
};

static struct zta_segment *copy_moment(const struct moment *moment, const struct scene *scene)
{
    struct zta_segment *segment;
    struct zta_error error;
    memcpy(moment->memory, scene->segment->base, moment->n_bytes);
    assert_int_equal(zta_segment_attach(moment->memory, ZTA_SEGMENT_SIZE_MIN, &segment, &error),
                     ZTA_OK);
    return segment;
}

static void assert_balance(const struct zta_segment *segment, uint64_t n_read)
{
    ring_test_assert_sound(segment);
    assert_int_equal(zta_ring_tail(segment), zta_ring_head(segment));
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED),
                     n_read + ring_test_dropped(segment));
}

/* The counter knows a claim before anybody else has come by. */
static uint64_t count_published(const struct moment *moment, const struct scene *scene)
{
    struct zta_segment *segment = copy_moment(moment, scene);
    const uint64_t n_published = zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED);
    zta_segment_close(&segment);
    return n_published;
}

/* A process that lives is not passed over before its time, wherever it stands. */
static void have_patience(const struct moment *moment, const struct scene *scene)
{
    struct zta_event event;
    uint64_t sequence;
    struct zta_segment *segment = copy_moment(moment, scene);
    uint64_t cursor = moment->cursor;
    while (zta_ring_read(segment, &cursor, scene->patience_ns, &event, &sequence) == ZTA_OK) {
    }
    zta_ring_release(segment, cursor);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_SLOW), 0);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_DEAD), 0);
    zta_segment_close(&segment);
}

/* The first that comes by after the kill is the reader, or another writer. */
static void survive(const struct moment *moment, const struct scene *scene, bool is_writer_first)
{
    const uint64_t n_published = count_published(moment, scene);
    struct zta_segment *segment = copy_moment(moment, scene);
    struct census census = {.n_read = moment->n_known};
    uint64_t cursor = moment->cursor;
    uint32_t incarnation = 0;
    zta_segment_child_end(segment, moment->dead);
    assert_int_equal(zta_segment_child_begin(segment, getpid(), &incarnation), ZTA_OK);
    ring_test_assert_sound(segment);
    if (is_writer_first) {
        struct zta_event event;
        ring_test_event(&event, 50);
        assert_int_equal(zta_ring_publish(segment, incarnation, &event),
                         scene->is_full ? ZTA_FULL : ZTA_OK);
    }
    read_all(segment, &cursor, 2 * ZTA_RING_CLAIM_TIMEOUT_NS, &census);
    assert_balance(segment, census.n_read);
    assert_int_equal(zta_counter_get(segment, ZTA_COUNTER_EVENTS_PUBLISHED),
                     n_published + is_writer_first);

    /* No slot was lost, but for that of the writer that stands, and that one not when it dies. */
    zta_segment_child_end(segment, moment->slow);
    publish_lap(segment, incarnation, &census);
    assert_int_equal(census.n_ok, zta_ring_capacity(segment));
    read_all(segment, &cursor, 0, &census);
    assert_balance(segment, census.n_read);
    zta_segment_close(&segment);
}

#if defined(__x86_64__)
extern const char __executable_start; /* of the linker */
extern const char etext;

/* Reading the kernel's clock begins again while time passes between its instructions: left out. */
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

/* Kills it, on a copy of the memory, after each instruction that changed it; how many did. */
static uint64_t kill_at_each_step(struct scene *scene, act_fn *act, uint64_t n_events)
{
    uint8_t *last = ring_test_share(ZTA_SEGMENT_SIZE_MIN);
    uint64_t size;
    const uint8_t *ring = zta_segment_area(scene->segment, ZTA_AREA_RING, &size);
    struct moment moment = {
        .memory = ring_test_share(ZTA_SEGMENT_SIZE_MIN),
        .n_bytes = (size_t)(ring - scene->segment->base) + size,
        .slow = scene->slow,
        .cursor = UINT64_MAX,
    };
    uint64_t n_changes = 0;
    moment.dead = stage(scene, act);
    do {
        const uint64_t cursor = atomic_load(scene->cursor);
        if (is_in_program(moment.dead) &&
            (cursor != moment.cursor || memcmp(last, scene->segment->base, moment.n_bytes) != 0)) {
            memcpy(last, scene->segment->base, moment.n_bytes);
            moment.n_known = cursor == scene->from ? scene->from : n_events;
            moment.cursor = cursor;
            if (scene->patience_ns != 0) {
                have_patience(&moment, scene);
            }
            survive(&moment, scene, false);
            survive(&moment, scene, true);
            n_changes++;
        }
    } while (step(moment.dead));
    zta_segment_child_end(scene->segment, moment.dead);
    assert_int_equal(munmap(moment.memory, ZTA_SEGMENT_SIZE_MIN), 0);
    assert_int_equal(munmap(last, ZTA_SEGMENT_SIZE_MIN), 0);
    return n_changes;
}

static bool can_step(void)
{
#if defined(__x86_64__)
    const pid_t pid = ring_test_fork();
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
    return (struct scene){.segment = ring_test_open(), .cursor = ring_test_share(sizeof(uint64_t))};
}

static void close_scene(struct scene *scene)
{
    assert_int_equal(munmap((void *)(uintptr_t)scene->cursor, sizeof(uint64_t)), 0);
    ring_test_close(&scene->segment);
}

/* In the second lap, so that the slot holds the stamp of an earlier claim. */
static void writer_may_be_killed_at_each_instruction(void **state)
{
    skip_unless_steps_work();
    struct scene scene = open_scene();
    struct census census = {.n_read = 0};
    uint32_t incarnation = 0;
    uint64_t cursor = 0;
    assert_int_equal(zta_segment_child_begin(scene.segment, getpid(), &incarnation), ZTA_OK);
    publish_lap(scene.segment, incarnation, &census);
    read_all(scene.segment, &cursor, 0, &census);
    scene.from = cursor;
    atomic_store(scene.cursor, cursor);
    scene.patience_ns = zta_clock_monotonic_ns() + ZTA_RING_CLAIM_TIMEOUT_NS;
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
    scene.is_full = true;
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
    ring_test_assert_sound(scene->segment);
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
        cmocka_unit_test(writer_may_be_killed_at_each_instruction),
        cmocka_unit_test(writer_that_meets_a_full_ring_may_be_killed_at_each_instruction),
        cmocka_unit_test(reader_may_be_killed_at_each_instruction),
        cmocka_unit_test(writer_may_be_stopped_at_each_instruction_for_longer_than_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
