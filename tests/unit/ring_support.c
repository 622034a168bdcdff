/* SPDX-License-Identifier: Apache-2.0 */
/* Support of the ring's tests; a writer is stopped in its copy by a page that it cannot read. */
#include "tests/unit/ring_support.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "shared/live/ring.h"
#include "shared/live/segment_priv.h"

void *ring_test_share(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

pid_t ring_test_fork(void)
{
    const pid_t parent = getpid();
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)) {
        _exit(EXIT_FAILURE);
    }
    return pid;
}

void ring_test_assert_sound(const struct zta_segment *segment)
{
    struct zta_error error = {.status = ZTA_OK};
    if (zta_segment_check(segment, &error) != ZTA_OK) {
        fail_msg("%s", error.text);
    }
}

struct zta_segment *ring_test_open(void)
{
    void *base = ring_test_share(ZTA_SEGMENT_SIZE_MIN);
    struct zta_segment *segment;
    struct zta_error error;
    assert_int_equal(zta_segment_create(base, ZTA_SEGMENT_SIZE_MIN, &segment, &error), ZTA_OK);
    return segment;
}

void ring_test_close(struct zta_segment **segment)
{
    void *base = (*segment)->base;
    zta_segment_close(segment);
    assert_int_equal(munmap(base, ZTA_SEGMENT_SIZE_MIN), 0);
}

static uint64_t word_at(uint64_t id, size_t i)
{
    return (id + i) * UINT64_C(0x9e3779b97f4a7c15);
}

void ring_test_event(struct zta_event *event, uint64_t id)
{
    memset(event, 0, sizeof(*event));
    event->bytes_out = id;
    event->time_ns = (int64_t)word_at(id, 1);
    event->expires_s = word_at(id, 2);
    for (size_t i = 0; i < sizeof(event->texts) / sizeof(uint64_t); i++) {
        const uint64_t word = word_at(id, 3 + i);
        memcpy(event->texts + i * sizeof(word), &word, sizeof(word));
    }
}

uint64_t ring_test_id(const struct zta_event *event)
{
    return event->bytes_out;
}

bool ring_test_is_whole(const struct zta_event *event)
{
    struct zta_event expected;
    ring_test_event(&expected, ring_test_id(event));
    return event->bytes_out != 0 && event->time_ns == expected.time_ns &&
           event->expires_s == expected.expires_s &&
           memcmp(event->texts, expected.texts, sizeof(expected.texts)) == 0;
}

uint64_t ring_test_dropped(const struct zta_segment *segment)
{
    return zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_FULL) +
           zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_DEAD) +
           zta_counter_get(segment, ZTA_COUNTER_EVENTS_DROPPED_SLOW);
}

/* ---- a writer that is stopped in its copy ---- */

static struct {
    uint8_t *page; /* unreadable until the handler has been told to go on */
    size_t size;
    int claimed;
    int go;
} gate;

static void wait_at_gate(int signal_number)
{
    char byte = 'c';
    if (write(gate.claimed, &byte, 1) != 1 || read(gate.go, &byte, 1) != 1 ||
        mprotect(gate.page, gate.size, PROT_READ | PROT_WRITE) != 0) {
        _exit(EXIT_FAILURE);
    }
}

static void run_stuck_writer(struct zta_segment *segment, uint64_t id)
{
    gate.size = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, 2 * gate.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t incarnation = 0;
    if (pages == MAP_FAILED || zta_segment_child_begin(segment, getpid(), &incarnation) != ZTA_OK) {
        _exit(EXIT_FAILURE);
    }
    gate.page = pages + gate.size;
    struct zta_event *event =
        (struct zta_event *)(void *)(gate.page - offsetof(struct zta_event, texts) / 8 * 8);
    ring_test_event(event, id);
    const struct sigaction action = {.sa_handler = wait_at_gate};
    if (sigaction(SIGSEGV, &action, NULL) != 0 || mprotect(gate.page, gate.size, PROT_NONE) != 0) {
        _exit(EXIT_FAILURE);
    }
    _exit((int)zta_ring_publish(segment, incarnation, event));
}

/* Its wait status. */
static int reap(struct zta_segment *segment, struct ring_test_stuck *stuck)
{
    int status = 0;
    assert_int_equal(waitpid(stuck->pid, &status, 0), stuck->pid);
    (void)close(stuck->go);
    zta_segment_child_end(segment, stuck->pid);
    stuck->pid = 0;
    return status;
}

bool ring_test_stuck_begin(struct zta_segment *segment, uint64_t id, struct ring_test_stuck *stuck)
{
    int claimed[2];
    int go[2];
    assert_int_equal(pipe(claimed), 0);
    assert_int_equal(pipe(go), 0);
    stuck->pid = ring_test_fork();
    if (stuck->pid == 0) {
        gate.claimed = claimed[1];
        gate.go = go[0];
        run_stuck_writer(segment, id);
    }
    stuck->go = go[1];
    char byte = 0;
    (void)close(claimed[1]);
    (void)close(go[0]);
    const ssize_t n = read(claimed[0], &byte, 1);
    (void)close(claimed[0]);
    if (n == 1) {
        return true;
    }
    assert_int_equal(reap(segment, stuck), W_EXITCODE(ZTA_FULL, 0));
    return false;
}

enum zta_status ring_test_stuck_finish(struct zta_segment *segment, struct ring_test_stuck *stuck)
{
    assert_int_equal(write(stuck->go, "g", 1), 1);
    const int status = reap(segment, stuck);
    assert_true(WIFEXITED(status));
    return (enum zta_status)WEXITSTATUS(status);
}

void ring_test_stuck_kill(struct zta_segment *segment, struct ring_test_stuck *stuck)
{
    if (stuck->pid != 0) {
        assert_int_equal(kill(stuck->pid, SIGKILL), 0);
        assert_int_equal(reap(segment, stuck), W_EXITCODE(0, SIGKILL));
    }
}
